"""Text, HTML, Word and web archives as lines and tables; hostile ones give a clear error."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest

from gikocr.errors import DamagedFile, DocumentError, EncryptedFile, TooLarge, UnsupportedType
from gikocr.ingest import Input, open_markup
from gikocr.ingest import office as office_room
from gikocr.ingest.docx import read_docx
from gikocr.ingest.html import read_html
from gikocr.ingest.markup import MAX_LINES, lines_of_text, read_text
from gikocr.ingest.office import read_office
from gikocr.ingest.spans import RawCell, span, table_of
from gikocr.markup import Markup, MarkupLine, MarkupTable
from gikocr.settings import Settings

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def tables(markup: Markup) -> list[MarkupTable]:
    return [block for block in markup.blocks if isinstance(block, MarkupTable)]


def texts(markup: Markup) -> list[str]:
    return [block.text for block in markup.blocks if isinstance(block, MarkupLine)]


def grid(table: MarkupTable) -> list[tuple[int, int, int, int, str]]:
    return [(c.row, c.row_end, c.col, c.col_end, c.text) for c in table.cells]


def zipped(**members: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def document_xml(body: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'


def test_lines_keep_their_numbers() -> None:
    found = lines_of_text("规章\n\n0")
    assert [(line.text, line.place.line) for line in found] == [("规章", 1), ("", 2), ("0", 3)]


def test_page_numbers_before_form_feeds_are_blanked_out() -> None:
    found = [line.text for line in lines_of_text("a\n 1 \n\fb\n12\n2\n\fc\n3\n")]
    assert [t for t in found if t.strip()] == ["a", "b", "12", "c"]


def test_a_value_at_the_end_of_pages_stays() -> None:
    assert [line.text for line in lines_of_text("a\n7\f" + "b\n0")] == ["a", "7", "b", "0"]


def test_long_texts_are_cut_with_a_note() -> None:
    markup = read_text(b"\n" * (MAX_LINES + 5), "x", Settings())
    assert len(markup.blocks) == MAX_LINES
    assert [code for code, _ in markup.notes] == ["text_cut"]
    with pytest.raises(TooLarge):
        read_text(b" " * (9 * 2**20), "x", Settings())


def test_html_spans() -> None:
    page = "<table><tr><td rowspan=2>甲</td><td colspan='2'>乙</td></tr><tr><td>1</td><td>&nbsp;</td></tr></table>"
    (table,) = tables(read_html(page.encode(), "x"))
    assert grid(table) == [(0, 2, 0, 1, "甲"), (0, 1, 1, 3, "乙"), (1, 2, 1, 2, "1"), (1, 2, 2, 3, "")]
    assert [c.place.cell for c in table.cells] == [0, 1, 0, 1]


def test_overlapping_and_absurd_spans_make_a_grid_all_the_same() -> None:
    table = table_of(0, [[RawCell("a", 1, 9), RawCell("b", 900, 1)], [RawCell("c", 3, 2)], []])
    seen: set[tuple[int, int]] = set()
    for cell in table.cells:
        own = {(r, c) for r in range(cell.row, cell.row_end) for c in range(cell.col, cell.col_end)}
        assert own and not own & seen
        seen |= own
    assert span("x") == span(None) == span("0") == 1 and span(" 3 ") == 3


def test_html_text_and_leftovers() -> None:
    page = """<html><head><title>某县2023年年度报告_某县人民政府</title><style>p{}</style></head><body>
    <script>var a = "<td>9</td>";</script><!--[if gte mso 9]><xml>8</xml><![endif]-->
    <p>一、总体<span>情况</span></p><div style="display:none">7</div>第一行<br>第二行<table>
    <tr><td>结果<br>维持<td>5</table></body></html>"""
    markup = read_html(page.encode(), "x")
    assert texts(markup) == ["某县2023年年度报告", "一、总体情况", "第一行", "第二行"]
    assert [c.text for c in tables(markup)[0].cells] == ["结果\n维持", "5"]


def test_layout_tables_are_walked_and_data_tables_kept() -> None:
    page = "<table><tr><td>导航<td><p>正文</p><table><tr><td>规章<td>3</table></td></tr></table>"
    markup = read_html(page.encode(), "x")
    assert texts(markup) == ["导航", "正文"]
    assert [[c.text for c in t.cells] for t in tables(markup)] == [["规章", "3"]]


def test_entities_of_a_document_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}"><!ENTITY b "{"lol" * 100}">]>'
    body = "<w:p><w:r><w:t>&a;&b;</w:t></w:r></w:p>"
    markup = read_docx(zipped(**{"word__document.xml": document_xml(body, entity)}), "x")
    assert "SECRET" not in "".join(texts(markup)) and "lol" not in "".join(texts(markup))


def test_docx_merged_cells() -> None:
    document = docx.Document()
    document.add_paragraph("标题")
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 2)).text = "宽"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "高"
    for row, column, text in ((1, 1, "a"), (1, 2, "1"), (2, 1, "b"), (2, 2, "2")):
        table.cell(row, column).text = text
    out = io.BytesIO()
    document.save(out)
    markup = read_docx(out.getvalue(), "x")
    assert texts(markup)[0] == "标题"
    assert grid(tables(markup)[0]) == [
        (0, 1, 0, 3, "宽"),
        (1, 3, 0, 1, "高"),
        (1, 2, 1, 2, "a"),
        (1, 2, 2, 3, "1"),
        (2, 3, 1, 2, "b"),
        (2, 3, 2, 3, "2"),
    ]


def test_docx_leaves_out_what_was_deleted_and_field_codes() -> None:
    body = (
        "<w:p><w:r><w:t>第</w:t></w:r><w:del><w:r><w:delText>9</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r><w:ins><w:r><w:t>二</w:t><w:tab/><w:t>页</w:t></w:r></w:ins></w:p>"
    )
    assert texts(read_docx(zipped(**{"word__document.xml": document_xml(body)}), "x")) == ["第二\t页"]


def test_archives_are_measured_before_they_are_unpacked() -> None:
    bomb = zipped(**{"word__document.xml": b"\0" * (70 * 2**20)})
    assert len(bomb) < 200_000
    with pytest.raises(TooLarge):
        read_docx(bomb, "x")


def test_damaged_archives() -> None:
    whole = zipped(**{"word__document.xml": document_xml("<w:p/>" * 2000)})
    for data in (whole[: len(whole) // 2], b"PK\x03\x04rubbish", zipped(other="")):
        with pytest.raises(DamagedFile):
            read_docx(data, "x")


def test_web_archive(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message.set_content("no page")
    message.add_alternative("<table><tr><td>规章<td>4</table>", subtype="html")
    path = tmp_path / "page.mht"
    path.write_bytes(bytes(message))
    opened = open_markup(Input("page.mht", (path,)), Settings())
    assert opened is not None and opened.source.media_type == "multipart/related"
    assert [c.text for c in tables(opened.markup)[0].cells] == ["规章", "4"]


def test_office_documents_need_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_room, "office_program", lambda: None)
    with pytest.raises(UnsupportedType, match="LibreOffice"):
        read_office(b"{\\rtf1 x}", "a.rtf", "application/rtf")
    with pytest.raises(EncryptedFile):
        read_office(b"\xd0\xcf" + "EncryptedPackage".encode("utf-16-le"), "a.docx", "application/x-ole-storage")


@pytest.mark.browser
@pytest.mark.skipif(office_room.office_program() is None, reason="LibreOffice is not installed")
def test_rtf_through_libreoffice() -> None:
    markup = read_office(b"{\\rtf1\\ansi one\\par 2\\par}", "a.rtf", "application/rtf")
    assert [t for t in texts(markup) if t] == ["one", "2"]
    assert [code for code, _ in markup.notes] == ["converted"]


def test_pictures_and_several_files_are_no_markup(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    assert open_markup(Input("a.png", (picture,)), Settings()) is None
    assert open_markup(Input("a", (picture, picture)), Settings()) is None
    with pytest.raises(DocumentError):
        open_markup(Input("b.txt", (tmp_path / "b.txt",)), Settings())
