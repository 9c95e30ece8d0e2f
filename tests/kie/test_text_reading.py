"""Texts onto the form: lost labels, lost cells, run-together digits, empty forms and exports without values."""

from __future__ import annotations

import pytest

from gikocr.forms import Form, load_form
from gikocr.kie.text_reading import TextField, TextReading, read_tables
from gikocr.kie.text_rows import form_rows
from gikocr.kie.text_tokens import chunks_of, tokenise
from gikocr.markup import MarkupLine, TextPlace


@pytest.fixture(scope="module")
def form() -> Form:
    return load_form()


def read(form: Form, text: str) -> TextReading:
    made = [MarkupLine(line, TextPlace(line=n, column=1)) for n, line in enumerate(text.split("\n"), 1)]
    return read_tables(form, chunks_of(tokenise(made)))


def best(reading: TextReading, table: str) -> dict[str, TextField]:
    return {f.field_id: f for f in reading.tables[table][0].fields}


def requests(form: Form, rows: dict[str, list[str]], *, separator: str = "\n", edition: str = "2021") -> str:
    """Table 三 with seven values a row, all zero but for ``rows``."""
    out = ["三、收到和处理政府信息公开申请情况"]
    for row in form_rows(form.table("三", edition)):
        assert row.row.label is not None
        out += [*(g.text for g in row.row.groups if row.index in (2, 4, 12, 15, 20)), row.row.label.text]
        out += rows.get(row.row.key, ["0"] * 7)
    return separator.join(out)


ROWS = {
    "received": ["64", "0", "0", "2", "0", "4", "70"],
    "granted": ["60", "0", "0", "2", "0", "3", "65"],
    "other_other": ["4", "0", "0", "0", "0", "1", "5"],
    "total": ["64", "0", "0", "2", "0", "4", "70"],
}


@pytest.mark.parametrize("separator", ["\n", " ", "", " | ", "\n\n", " |\n"])
def test_separators_do_not_matter(form: Form, separator: str) -> None:
    reading = read(form, requests(form, ROWS, separator=separator))
    found = best(reading, "三")
    for key, values in ROWS.items():
        for column, value in zip(form.table("三", "2021").sections[0].columns, values, strict=True):
            field = found[f"requests.{key}.{column.key}"]
            assert field.printed == value, (key, column.key)
            assert field.certainty > 0.99
    assert reading.tables["三"][0].edition == "2021"
    assert not reading.tables["二"] and not reading.tables["四"]


def test_editions_are_told_by_their_rows(form: Form) -> None:
    reading = read(form, requests(form, {}, edition="2019"))
    assert reading.tables["三"][0].edition == "2019"
    assert reading.tables["三"][0].weight > 0.9


def test_rows_without_labels_are_placed_by_their_order(form: Form) -> None:
    label = form_rows(form.table("三", "2021"))[8].row.label
    assert label is not None
    text = requests(form, {**ROWS, "refused_internal_affairs": ["1", "0", "0", "0", "0", "0", "1"]}).replace(
        label.text + "\n", ""
    )
    found = best(read(form, text), "三")
    assert found["requests.refused_internal_affairs.natural_person"].printed == "1"
    assert found["requests.refused_process_information.natural_person"].printed == "0"
    assert found["requests.other_other.total"].certainty > 0.99


def test_a_missing_row_does_not_shift_the_others(form: Form) -> None:
    label = form_rows(form.table("三", "2021"))[8].row.label
    assert label is not None
    text = requests(form, ROWS).replace(label.text + "\n" + "0\n" * 7, "")
    found = best(read(form, text), "三")
    assert found["requests.refused_internal_affairs.total"].printed is None
    assert found["requests.other_other.natural_person"].printed == "4"


def test_equal_values_for_more_cells_are_doubted(form: Form) -> None:
    found = best(read(form, requests(form, {**ROWS, "carried_in": ["0"] * 6})), "三")
    own = [f for i, f in found.items() if i.startswith("requests.carried_in.")]
    assert all(f.printed == "0" and f.certainty <= 6 / 7 for f in own)


def test_lost_cells_are_shared_out_by_the_sums_and_doubted(form: Form) -> None:
    found = best(read(form, requests(form, {**ROWS, "other_other": ["4", "0", "0", "0", "1", "5"]})), "三")
    own = {i.rpartition(".")[2]: f for i, f in found.items() if i.startswith("requests.other_other.")}
    assert own["total"].printed == "5" and own["natural_person"].printed == "4" and own["other"].printed == "1"
    # The sums over the columns force these; which of the zeros is the lost cell nothing tells.
    assert all(own[k].certainty > 0.99 for k in ("natural_person", "other", "total"))
    assert all(own[k].certainty < 0.95 for k in ("business", "research", "social_organization", "legal_service"))


def test_a_label_alone_is_a_doubtful_blank_row(form: Form) -> None:
    found = best(read(form, requests(form, {**ROWS, "unprocessed_duplicate": []})), "三")
    own = [f for i, f in found.items() if i.startswith("requests.unprocessed_duplicate.")]
    assert all(f.printed == "" and f.certainty <= 0.5 for f in own)


def test_rows_beside_left_over_values_are_doubted(form: Form) -> None:
    labels = [r.row.label.text for r in form_rows(form.table("三", "2021")) if r.row.label is not None]
    torn = f"{labels[2]}\n{labels[3][:15]} 28 3 0 0 4 0 35\n情形，不计其他情形）\n4 1 0 0 0 0 5\n"
    text = requests(form, {}).replace("\n".join([labels[2], *"0000000", labels[3], *"0000000"]) + "\n", torn)
    assert torn in text
    found = best(read(form, text), "三")
    assert all(f.certainty < 0.95 for i, f in found.items() if i.startswith("requests.partly_granted.") and f.printed)
    assert found["requests.received.total"].certainty > 0.99


def test_rival_ways_to_cut_are_placements(form: Form) -> None:
    text = "二、主动公开政府信息情况\n信息内容本年制发件数本年废止件数现行有效件数规章000行政规范性文件8855698行政许可3"
    reading = read(form, text)
    placements = reading.tables["二"]
    assert len(placements) > 1
    assert sum(p.weight for p in placements) == pytest.approx(1.0, abs=0.01)
    assert best(reading, "二")["disclosure.normative_documents.in_force"].certainty < 0.9
    assert best(reading, "二")["disclosure.rules.issued"].certainty > 0.95


def test_sentences_are_no_rows(form: Form) -> None:
    prose = "全年办理行政许可 5 件，行政处罚 7 件，制发行政规范性文件 3 件，废止规章 2 件。\n"
    text = prose + "规章 0 0 0\n行政规范性文件 1 0 4\n行政许可 15\n行政处罚 17\n行政强制 0\n行政事业性收费 0\n" + prose
    found = best(read(form, text), "二")
    assert found["disclosure.licensing.decisions"].printed == "15"
    assert found["disclosure.penalties.decisions"].printed == "17"


def whole(form: Form, value: str) -> list[str]:
    out = []
    for key in form.table_keys:
        table = form.tables(key)[0]
        out.append(table.headings[0].text)
        for section in table.sections:
            out += [section.heading.text] if section.heading else []
            out += [section.corner.text] if section.corner else []
            out += [c.label.text for c in section.columns]
            for row, ids in zip(section.rows, section.field_ids, strict=True):
                out += [row.label.text] if row.label else []
                out += [value] * len(ids) if value else []
    return out


def test_an_empty_form_is_blank_and_an_export_without_its_values_is_lost(form: Form) -> None:
    empty = read(form, "\n".join(whole(form, "")))
    assert not empty.values_lost
    assert all(f.printed == "" for p in empty.tables.values() for f in p[0].fields)
    lost = read(form, "\n".join(dict.fromkeys(whole(form, "0"))))
    assert lost.values_lost
    full = read(form, "\n".join(whole(form, "0")))
    assert not full.values_lost
    assert all(f.printed == "0" and f.certainty > 0.99 for p in full.tables.values() for f in p[0].fields)


def test_words_only_and_nothing(form: Form) -> None:
    for text in ("", "没有表格的文字。", "1 2 3\n4 5 6"):
        reading = read(form, text)
        assert not any(reading.tables.values()) and not reading.values_lost
