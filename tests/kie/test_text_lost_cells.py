"""Texts that lost their empty cells: what sums, layout and empty lines tell of the columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.forms import Form, load_form
from gikocr.kie.text_reading import TextField, read_tables
from gikocr.kie.text_rows import form_rows
from gikocr.kie.text_tokens import chunks_of, tokenise
from gikocr.kie.text_torn import rejoin_torn
from gikocr.markup import MarkupLine, TextPlace

KINDS = ("natural_person", "business", "research", "social_organization", "legal_service", "other", "total")
HEADS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
OUTCOMES = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
AFTER = (
    "四、政府信息公开行政复议、行政诉讼情况",
    "行政复议 行政诉讼 未经复议直接起诉 复议后起诉",
    *OUTCOMES * 3,
    " ".join("0" * 15),
    "五、存在的主要问题及改进情况",
)
Values = dict[str, list[int]]


@pytest.fixture(scope="module")
def form() -> Form:
    return load_form("annual_report")


def read(form: Form, text: str) -> dict[str, TextField]:
    lines = [
        MarkupLine(line, TextPlace(line=n, column=1), sheet)
        for n, (sheet, line) in enumerate(
            ((s, li) for s, page in enumerate(text.split("\f")) for li in page.split("\n")), 1
        )
    ]
    found = read_tables(form, rejoin_torn(form, chunks_of(tokenise(lines)))).tables["三"]
    return {f.field_id: f for f in found[0].fields}


def labels(form: Form) -> list[tuple[str, str]]:
    table = form.tables("三")[0]
    return [(r.row.key, r.row.label.text) for r in form_rows(table) if r.row.label is not None]


def completed(results: Values) -> Values:
    """Rows of results with the row of sums, nothing carried over, and each row's total."""
    parts = {k: v for k, v in results.items() if any(v)}
    total = [sum(column) for column in zip(*parts.values(), strict=True)]
    every = {**parts, "total": total, "received": total}
    return {k: [*v, sum(v)] for k, v in every.items()}


def flattened(form: Form, rows: Values) -> str:
    """As pdftotext -raw gives it: heads, then each row with what is not 0."""
    lines = ["三、收到和处理政府信息公开申请情况", " ".join(HEADS)]
    for key, label in labels(form):
        lines.append(" ".join([label, *(str(v) for v in rows.get(key, ()) if v)]))
    return "\n".join([*lines, *AFTER]) + "\n"


def drawn(form: Form, rows: Values, left: int = 60) -> str:
    """As lynx draws it: columns a fixed number of characters apart."""
    at = [left + 9 * k for k in range(7)]

    def line(label: str, cells: list[str]) -> str:
        text = label
        for column, cell in zip(at, cells, strict=True):
            text = text.ljust(column) + cell if cell else text
        return text

    lines = ["三、收到和处理政府信息公开申请情况", line("", list(HEADS))]
    lines += [line(label, [str(v) if v else "" for v in rows.get(key, [0] * 7)]) for key, label in labels(form)]
    return "\n".join([*lines, *AFTER]) + "\n"


def cell_a_line(form: Form, rows: Values) -> str:
    """As LibreOffice gives it: every cell on a line, empty ones too."""
    lines = ["三、收到和处理政府信息公开申请情况", *HEADS]
    for key, label in labels(form):
        lines += [label, *(str(v) if v else "" for v in rows.get(key, [0] * 7))]
    return "\n".join([*lines, *AFTER]) + "\n"


def right(found: dict[str, TextField], rows: Values, key: str) -> list[bool]:
    return [
        found[f"requests.{key}.{kind}"].printed == (str(v) if v else "")
        for kind, v in zip(KINDS, rows.get(key, [0] * 7), strict=True)
    ]


MANY = {
    "granted": [31, 4, 0, 0, 0, 8],
    "partly_granted": [5, 0, 0, 0, 0, 0],
    "refused_internal_affairs": [2, 0, 0, 0, 101, 0],
    "unavailable_not_held": [17, 3, 19, 0, 0, 0],
    "unprocessed_petition": [6, 0, 0, 43, 0, 0],
}


def test_sums_force_the_columns(form: Form) -> None:
    # All six kinds occur, so that the row of sums is full and each number has one place.
    rows = completed(MANY)
    found = read(form, flattened(form, rows))
    for key, _ in labels(form):
        assert all(right(found, rows, key)), key
    assert all(f.certainty > 0.99 for f in found.values())


def test_what_nothing_tells_is_never_sure(form: Form) -> None:
    # Two kinds of applicant: which the second one is stands nowhere.
    rows = completed({"granted": [9, 0, 0, 3, 0, 0], "unavailable_not_held": [4, 0, 0, 0, 0, 0]})
    found = read(form, flattened(form, rows))
    assert found["requests.granted.total"].printed == "12" and found["requests.granted.total"].certainty > 0.99
    for key in ("granted", "total", "received"):
        own = [found[f"requests.{key}.{kind}"] for kind in KINDS[1:6]]
        assert all(f.certainty < 0.99 for f in own if f.printed)
    # Rows without values are blank all the same.
    assert found["requests.partly_granted.business"].printed == ""
    assert found["requests.partly_granted.business"].certainty > 0.99


@pytest.mark.parametrize("write", [drawn, cell_a_line], ids=["columns of blanks", "empty lines"])
def test_layout_and_empty_lines_tell_what_sums_do_not(form: Form, write: Callable[[Form, Values], str]) -> None:
    rows = completed({"granted": [9, 0, 0, 3, 0, 0], "unavailable_not_held": [4, 0, 0, 0, 0, 1]})
    found = read(form, write(form, rows))
    for key in ("granted", "unavailable_not_held", "total", "received"):
        assert all(right(found, rows, key)), key
        assert all(found[f"requests.{key}.{kind}"].certainty > 0.99 for kind in KINDS)


@settings(max_examples=10, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(("granted", "partly_granted", "refused_enforcement_files", "unavailable_not_held")),
        st.lists(st.sampled_from((0, 0, 1, 2, 9, 40)), min_size=6, max_size=6).filter(any),
        min_size=1,
    )
)
def test_no_sure_number_of_a_table_without_its_zeros_is_wrong(results: Values) -> None:
    form = load_form("annual_report")
    rows = completed(results)
    for text in (flattened(form, rows), drawn(form, rows), cell_a_line(form, rows)):
        found = read(form, text)
        for key, _ in labels(form):
            for kind, good in zip(KINDS, right(found, rows, key), strict=True):
                field = found[f"requests.{key}.{kind}"]
                # How common a column is lifts a number to 0.993 at most; beyond that only sums and layout do.
                assert good or not field.printed or field.certainty < 0.995, (key, kind, text)


def test_a_row_torn_over_two_lines_is_one(form: Form) -> None:
    rows = completed(MANY)
    whole = {key: [*rows.get(key, [0] * 7)] for key, _ in labels(form)}
    text = ["三、收到和处理政府信息公开申请情况", " ".join(HEADS)]
    for key, label in labels(form):
        cells = [str(v).rjust(6) for v in whole[key]]
        if key == "unprocessed_confirmation":
            text += [label[:14] + cells[0].rjust(46), label[14:].ljust(60) + "".join(cells[1:])]
        elif key == "unavailable_not_held":
            text += [label.ljust(46) + cells[0].rjust(14), "结".ljust(60) + "".join(cells[1:])]
        else:
            text.append(label.ljust(54) + "".join(cells))
    found = read(form, "\n".join(text) + "\f\n")
    for key in ("unprocessed_confirmation", "unavailable_not_held", "unprocessed_petition", "total"):
        assert [found[f"requests.{key}.{k}"].printed for k in KINDS] == [str(v) for v in whole[key]], key
