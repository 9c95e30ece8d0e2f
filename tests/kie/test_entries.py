"""Contacts and document numbers behind their words."""

from __future__ import annotations

from gikocr.elements import TextLine
from gikocr.forms import load_form
from gikocr.geometry import BBox
from gikocr.kie.entries import read_entries


def entries(*texts: str) -> dict[str, object]:
    lines = [TextLine(1, text, BBox(0, 20 * k, 100, 20 * k + 10), 1.0) for k, text in enumerate(texts)]
    return {f.id: f.value for f in read_entries(load_form().document, lines)}


def test_contacts_in_a_sentence() -> None:
    text = "如有疑问,请联系(地址:东河县南山镇政府大院,联系电话:0797-3780268,邮编:342108,电子邮箱：xxgk@example.com)。"
    assert entries(text) == {
        "address": "东河县南山镇政府大院",
        "telephone": "0797-3780268",
        "postcode": "342108",
        "email": "xxgk@example.com",
    }


def test_the_page_s_own_table() -> None:
    found = entries("索引号：X-2024-01   公开日期：2024-01-25", "优政〔2024〕5号", "标题")
    assert found == {"index_number": "X-2024-01", "published": "2024-01-25", "document_number": "优政〔2024〕5号"}


def test_words_without_an_entry() -> None:
    assert entries("公布监督电话：见网站", "地址：", "根据国办公开办函〔2021〕30号要求，由本局编制") == {}
