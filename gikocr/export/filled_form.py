"""A report as a page that looks like the national form, filled in, with doubts coloured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree
from lxml.builder import E

from gikocr.export.archive import FieldRow, ReportRow, state_of, value_of
from gikocr.export.tables import Level, level_of
from gikocr.forms import Form, Label, Section, Table

_STYLE = """
body { font: 15px/1.5 "Noto Serif CJK SC", "Songti SC", SimSun, serif; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; text-align: center; } h2 { font-size: 1.1em; }
table { border-collapse: collapse; width: 100%; margin-top: -1px; table-layout: fixed; }
th, td { border: 1px solid #333; padding: .25em .4em; font-weight: normal; text-align: center; vertical-align: middle;
  overflow-wrap: anywhere; }
th.row { text-align: left; }
.decided { background: #ddebf7; } .doubtful { background: #ffe699; } .very_doubtful { background: #f8b4a6; }
.legend span { border: 1px solid #333; padding: 0 .5em; margin-right: .8em; } .note { color: #555; }
@media print { body { margin: 0; max-width: none; } }
"""

_WORDS = {
    "slash": "/",
    "dash": "-",
    "none_word": "无",
    "other_text": "（文字）",
    "occluded": "（遮盖）",
    "unreadable": "（未识别）",
}

_LEGEND: dict[Level, str] = {"decided": "已复核", "doubtful": "存疑", "very_doubtful": "很可疑"}


def filled_form(report: ReportRow, fields: Sequence[FieldRow], form: Form) -> str:
    """One HTML page without scripts or references to anything outside it.

    Args:
        report: whose it is.
        fields: all of its fields.
        form: that was looked for. Tables of editions that it does not know are left out.
    """
    known = {field.field_id: field for field in fields}
    editions = {field.table: field.edition for field in fields}
    title = f"{report.agency or '（机关不详）'} {report.year or '（年度不详）'} 年{form.name}"
    body = E.body(E.h1(clean(title)), E.p({"class": "note"}, clean(f"{report.name} · {report.status}")))
    legend = E.p({"class": "legend"})
    for level, words in _LEGEND.items():
        legend.append(E.span({"class": level}, words))
    body.append(legend)
    for key in form.table_keys:
        edition = editions.get(key)
        if edition is not None and edition in form.editions and key in form.editions[edition].tables:
            for part in _table(form.table(key, edition), known):
                body.append(part)
    page = E.html(
        {"lang": "zh-CN"},
        E.head(E.meta(charset="utf-8"), E.title(clean(title)), E.style(_STYLE)),
        body,
    )
    return "<!DOCTYPE html>\n" + str(etree.tostring(page, encoding="unicode", method="html"))


def _table(table: Table, fields: Mapping[str, FieldRow]) -> Iterator[Any]:
    yield E.h2(clean(f"{table.key}、{table.headings[0].text}" if table.headings else table.key))
    for section in table.sections:
        yield _section(section, fields)


def _section(section: Section, fields: Mapping[str, FieldRow]) -> Any:
    depth = max(1, *(len(_path(row.groups, row.label)) for row in section.rows))
    height = max(1, *(len(_path(column.groups, column.label)) for column in section.columns))
    whole = E.table()
    if section.heading is not None:
        span = str(depth + len(section.columns))
        whole.append(E.tr(E.th({"colspan": span}, clean(section.heading.text))))
    heads = [_path(column.groups, column.label) for column in section.columns]
    for level in range(height):
        line = E.tr()
        if level == 0:
            corner = "" if section.corner is None else section.corner.text
            line.append(E.th({"colspan": str(depth), "rowspan": str(height)}, clean(corner)))
        for start, across, down, text in spans(heads, level, height):
            del start
            line.append(E.th({"colspan": str(across), "rowspan": str(down)}, clean(text)))
        whole.append(line)
    labels = [_path(row.groups, row.label) for row in section.rows]
    begun: dict[int, list[Any]] = {}
    for level in range(depth):
        for start, down, across, text in spans(labels, level, depth):
            head = E.th({"class": "row", "rowspan": str(down), "colspan": str(across)}, clean(text))
            begun.setdefault(start, []).append(head)
    for number, ids in enumerate(section.field_ids):
        line = E.tr(*begun.get(number, []))
        for field_id in ids:
            line.append(_cell(None if field_id is None else fields.get(field_id)))
        whole.append(line)
    return whole


def _path(groups: tuple[Label, ...], label: Label | None) -> tuple[str, ...]:
    return (*(g.text for g in groups), *(() if label is None else (label.text,)))


def spans(paths: Sequence[tuple[str, ...]], level: int, depth: int) -> Iterator[tuple[int, int, int, str]]:
    """Headings of one level: where each begins, over how many paths it goes, over how many levels, and its text.

    Neighbours with the same groups so far share a heading; the last part of a path goes on to the innermost level.
    """
    start = 0
    while start < len(paths):
        path = paths[start]
        end = start + 1
        if len(path) > level:
            last = len(path) == level + 1
            while (
                not last
                and end < len(paths)
                and len(paths[end]) > level + 1
                and paths[end][: level + 1] == path[: level + 1]
            ):
                end += 1
            yield start, end - start, depth - level if last else 1, path[level]
        elif level == 0:
            yield start, 1, depth, ""
        start = end


def _cell(field: FieldRow | None) -> Any:
    if field is None:
        return E.td()
    level = level_of(field)
    notes = []
    if field.confidence is not None:
        notes.append(f"置信度 {field.confidence:.5g}")
    if field.suggestion is not None:
        notes.append(f"建议值 {field.suggestion}")
    if field.decided is not None:
        notes.append(f"识别为 {field.printed or _WORDS.get(field.state, '空白')}；{field.decided.by} 复核")
    value = value_of(field)
    if value is not None:
        text = field.printed if field.decided is None and field.printed else str(value)
    else:
        text = _WORDS.get(state_of(field), "")
    attributes = {"title": clean("；".join((field.field_id, *notes)))}
    if level != "sure":
        attributes["class"] = level
    return E.td(attributes, clean(text))


def clean(text: str) -> str:
    """The text without characters that HTML has no place for."""
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else " " for c in text)
