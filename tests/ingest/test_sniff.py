from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.ingest.sniff import HEAD_BYTES, sniff


def zipped(*members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in members:
            archive.writestr(member, "content")
    return out.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.4\n", "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4\n", "application/pdf"),
        (b"\x00" * 700 + b"%PDF-1.4\n", "application/pdf"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "application/octet-stream"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"GIF89a", "image/gif"),
        (b"<!DOCTYPE html><html>", "text/html"),
        ("\ufeff  <html lang=zh>".encode(), "text/html"),
        (b"<html><body>about %PDF-1.4 files</body>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        ("政府信息公开工作年度报告".encode(), "text/plain"),
        ("政府信息公开工作年度报告".encode("gb18030"), "text/plain"),
        ("政府信息公开工作年度报告".encode()[:-1], "text/plain"),
        (b"BMW sold 3 cars" * 20, "text/plain"),
        (b"{\\rtf1\\ansi", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (zipped("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
        (zipped("a.png"), "application/zip"),
        (b"\x01\x02\x03\x04", "application/octet-stream"),
        (b"\x00" * 100, "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_types(head: bytes, media_type: str) -> None:
    assert sniff(head).media_type == media_type


def test_office_files_are_named() -> None:
    assert "DOCX" in sniff(zipped("[Content_Types].xml", "word/document.xml")).label
    assert "XLSX" in sniff(zipped("[Content_Types].xml", "xl/workbook.xml")).label


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_have_a_kind(head: bytes) -> None:
    kind = sniff(head)
    assert kind.label
    assert "/" in kind.media_type
