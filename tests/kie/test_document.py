"""Who reports on which year: told from titles, numbers of documents and the first sentence."""

from __future__ import annotations

import pytest

from gikocr.elements import TextLine
from gikocr.forms import load_form
from gikocr.geometry import BBox
from gikocr.kie.document import read_document


def facts(*texts: str) -> dict[str, str | int]:
    lines = [TextLine(1, text, BBox(200, 100 + 40 * i, 900, 126 + 40 * i), 0.99) for i, text in enumerate(texts)]
    return {f.id: f.value for f in read_document(load_form().document, lines)}


@pytest.mark.parametrize("verb", ["现公布", "现发布", "现将"])
def test_agency_of_the_sentence_that_publishes_the_report(verb: str) -> None:
    found = facts(
        "2024年政府信息公开工作年度报告",
        f"根据《中华人民共和国政府信息公开条例》的规定，{verb}云台县浮桥街道办事处2024年政府信息公",
        "开工作年度报告。本报告所列数据的统计期限自2024年1月1日起至2024年12月31日止。",
    )
    assert found["agency"] == "云台县浮桥街道办事处"
    assert found["year"] == 2024


def test_that_sentence_may_run_over_three_lines() -> None:
    found = facts(
        "2024年政府信息公开工作年度报告",
        "根据条例的规定，现公布云台",
        "县浮桥街道办事处2024年政府信",
        "息公开工作年度报告。",
    )
    assert found["agency"] == "云台县浮桥街道办事处"


def test_a_title_that_names_the_agency_needs_no_sentence() -> None:
    found = facts("云台县教育局2023年政府信息公开工作年度报告", "现公布清江市人民政府2023年政府信息公开工作年度报告。")
    assert found["agency"] == "云台县教育局"


def test_year_before_that_of_the_number_where_nothing_else_tells_it() -> None:
    assert facts("云台县人民政府文件", "云政发〔2025〕8号", "各乡镇人民政府：")["year"] == 2024
    assert facts("2023年政府信息公开工作年度报告", "云政发〔2025〕8号")["year"] == 2023


def test_a_number_that_is_cited_tells_no_year() -> None:
    cited = "根据《国务院办公厅政府信息与政务公开办公室关于印发格式的通知》（国办公开办函〔2021〕30号）"
    assert "year" not in facts(
        "政府信息公开工作年度报告", cited, "国办公开办函〔2021〕30号）的要求，现将情况报告如下。"
    )


@pytest.mark.parametrize(
    "text", ["按照上级发布的国务院办公厅2024年度政府信息公开", "官网公布的某省人民政府2019年度政府信息公开"]
)
def test_reports_of_others_that_are_mentioned_name_no_agency(text: str) -> None:
    assert "agency" not in facts("2024年政府信息公开工作年度报告", text + "工作年度报告的格式，")


def test_a_name_that_lost_its_beginning_is_told_by_the_signature() -> None:
    found = facts(
        "江源区体育局", "2024年政府信息公开工作年度报告", "一、总体情况", "濮川市綦江源区体育局", "2025年2月12日"
    )
    assert found["agency"] == "濮川市綦江源区体育局"


def test_a_signature_that_lost_its_beginning_is_told_by_the_sentence_that_publishes_the_report() -> None:
    found = facts(
        "2023年政府信息公开工作年度报告",
        "现公布云台县住房和城",
        "乡建设局2023年政府信息公开工作年度报告。",
        "城乡建设局",
        "2024年1月28日",
    )
    assert found["agency"] == "云台县住房和城乡建设局"


def test_a_sentence_that_names_another_authority_does_not_replace_the_signature() -> None:
    found = facts(
        "2023年政府信息公开工作年度报告",
        "现公布清江市人民政府2023年政府信息公开工作年度报告。",
        "云台县教育局",
        "2024年1月28日",
    )
    assert found["agency"] == "云台县教育局"


@pytest.mark.parametrize(
    ("seen", "agency"), [("云台市人民政", "云台市人民政府"), ("云台县高新区管理委员", "云台县高新区管理委员会")]
)
def test_the_last_letter_of_a_signature_may_be_hidden(seen: str, agency: str) -> None:
    lines = ["2023年政府信息公开工作年度报告", "根据条例编制。", seen, "2024年1月28日"]
    assert facts(*lines)["agency"] == agency


def test_words_that_only_begin_like_an_ending_name_no_authority() -> None:
    assert "agency" not in facts("2023年政府信息公开工作年度报告", "根据条例编制。", "为了人民", "2024年1月28日")
