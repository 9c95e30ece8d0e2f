"""Flattened text as tokens and chunks: what is a value, an empty cell, the end of a row."""

from __future__ import annotations

import pytest

from gikocr.kie.text_tokens import Chunk, chunks_of, tokenise
from gikocr.markup import MarkupCell, MarkupLine, MarkupTable, TextPlace

SHOWN = {"blank": "_", "pad": "~", "break": ";"}


def lines(text: str) -> list[MarkupLine]:
    return [MarkupLine(line, TextPlace(line=n, column=1)) for n, line in enumerate(text.split("\n"), 1)]


def chunks(text: str) -> list[Chunk]:
    return chunks_of(tokenise(lines(text)))


def runs(text: str) -> list[tuple[str, str]]:
    """The last words before each run of values, and the run."""
    found = []
    for chunk in chunks(text):
        if chunk.values:
            run = " ".join(SHOWN.get(t.kind, t.text) for t in chunk.run).strip(" ;")
            found.append((chunk.tail[-6:], run))
    return found


BAR_PADDING = "|\n" * 8


@pytest.mark.parametrize(
    "text",
    [
        "规章 |\n0 |\n12 |\n|\n行政强制 |\n3 |\n|||\n||||\n|||\n",
        "规章 | 0 | 12 | |\n行政强制 | 3 | ||\n| a | | b | | c |\n",
        "规章\t0\t12\t\n行政强制\t3\n\t\n\t\n\t\n",
    ],
    ids=["a bar behind each cell", "a row a line", "tabs"],
)
def test_cells_and_empty_cells(text: str) -> None:
    found = runs(text)
    assert found[0][0] == "规章" and found[0][1].startswith("0 12 _")
    assert found[1][0] == "行政强制" and found[1][1].startswith("3")


def test_cell_and_bar_on_lines_of_their_own() -> None:
    text = "规章\n|\n0\n|\n2\n|\n0\n|\n|\n规范性文件\n|\n1\n|\n7\n|\n6\n|\n"
    assert [run.split()[:3] for _, run in runs(text)] == [["0", "2", "0"], ["1", "7", "6"]]


def test_indented_cells_of_word() -> None:
    text = "\t规章\n\t0\n\t\n\t5\n\n\t行政许可\n\t7\n\n\t行政处罚\n\t1\n"
    assert runs(text)[:2] == [("规章", "0 _ 5"), ("行政许可", "7")]


def test_run_together_text_is_cut_at_words() -> None:
    found = runs("规章000行政规范性文件8855698第二十条第（五）项信息内容行政许可10690")
    assert [run for _, run in found] == ["000", "8855698", "10690"]


def test_the_numeral_of_a_label_belongs_to_it() -> None:
    found = runs("1.本机关不掌握相关政府信息2200003252.没有现成信息需要另行制作0000000")
    assert [run for _, run in found] == ["220000325", "0000000"]
    assert found[1][0] == "需要另行制作"
    assert chunks("0 0 0\n1. 属于国家秘密 3")[1].tail.startswith("1属于国家秘密")


@pytest.mark.parametrize(
    "text",
    [
        "第20条",
        "2019年",
        "国办公开办函〔2021〕30号",
        "减用负值表示，如-8",
        "（单位：万元，保留4位小数）",
        "— 4 —",
        "第 3 页 共 8 页",
        "P. 9",
        "[bookmark: _GoBack1]",
    ],
)
def test_numbers_in_words_and_page_numbers_are_no_values(text: str) -> None:
    assert [t.text for t in tokenise(lines(text)) if t.kind == "value"] == []


@pytest.mark.parametrize("printed", ["0", "-18", "+19", "1,234", "75.9260", "251000元", "2笔", "/", "—", "无", "１２"])
def test_what_may_stand_in_a_cell(printed: str) -> None:
    (token,) = tokenise(lines(printed))
    assert token.kind == "value"


def test_rules_of_characters_are_no_dashes() -> None:
    assert tokenise(lines("+-----+-----+\n| --- | --- |\n══════")) == []


def test_places_are_those_of_the_source() -> None:
    token = next(t for t in tokenise(lines("x\n规章  17")) if t.kind == "value")
    assert token.place == TextPlace(line=2, column=5)


def test_tables_of_markup() -> None:
    cells = [(0, 0, "规 章"), (0, 1, "1\n2"), (0, 2, "\u00a0"), (1, 0, "结果\n维持"), (1, 1, "无")]
    made = tuple(MarkupCell(r, r + 1, c, c + 1, t, TextPlace(table=0, row=r, cell=c)) for r, c, t in cells)
    tokens = tokenise([MarkupTable(0, 2, 3, made)])
    assert [(t.kind, t.text) for t in tokens] == [
        ("words", "规"),
        ("words", "章"),
        ("value", "12"),
        ("blank", ""),
        ("break", ""),
        ("words", "结果维持"),
        ("value", "无"),
        ("break", ""),
    ]


def test_a_year_parted_from_its_word_is_no_value() -> None:
    assert runs("行政事业性收费\n2025 年共收到申请\n规章 7 2025 9\n") == [("收到申请规章", "7 2025 9")]


def test_empty_lines_are_cells_where_cells_stand_right_under_each_other() -> None:
    text = "规章\n1\n\n5\n行政规范性文件\n\n2\n7\n\n\n行政许可\n3\n"
    assert [run.replace("~", "_") for _, run in runs(text)] == ["1 _ 5", "_ 2 7 _ _", "3 _"]


def test_empty_lines_are_none_where_they_part_all_cells() -> None:
    text = "\n\n".join(["规章", "1", "0", "5", "行政规范性文件", "4", "2", "7", "行政许可", "3"])
    assert [run for _, run in runs(text)] == ["1 0 5", "4 2 7", "3"]
