"""Encodings are told by what comes out, whatever is declared."""

from __future__ import annotations

import pytest

from gikocr.ingest.encoding import decode, plausibility, undo_mojibake

TEXT = (
    "二、主动公开政府信息情况\n规章 0 0 0\n本年新收政府信息公开申请数量 12 3 0 0 0 0 15\n（七）总计 10 3 0 0 0 0 13\n"
)
TRADITIONAL = "二、主動公開政府信息情況\n規章 / / /\n本年新收政府信息公開申請數量 12 3\n行政處罰 61\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_simplified_text(encoding: str) -> None:
    assert decode(TEXT.encode(encoding))[0] == TEXT


@pytest.mark.parametrize("encoding", ["big5hkscs", "utf-8", "utf-16"])
def test_traditional_text(encoding: str) -> None:
    assert decode(TRADITIONAL.encode(encoding))[0] == TRADITIONAL


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "big5", "nonsense"])
def test_a_wrong_declaration_is_not_believed(declared: str) -> None:
    page = f'<html><meta charset="{declared}"><body>{TEXT}</body></html>'
    assert TEXT in decode(page.encode("gb18030"))[0]


def test_utf8_stays_utf8_with_a_character_cut_at_its_end() -> None:
    text, encoding = decode(TEXT.encode()[:-3] + "计".encode()[:2])
    assert encoding == "utf-8" and text.startswith(TEXT[:40])


def test_line_ends_become_line_feeds() -> None:
    assert decode(b"a\r\nb\rc\x00")[0] == "a\nb\nc"


def test_mojibake_is_undone() -> None:
    assert undo_mojibake(TEXT.encode().decode("latin-1") * 3) == TEXT * 3
    # Seen in the wild: UTF-8 read as GBK by Windows, which shows the byte 80 as a euro sign.
    assert undo_mojibake("涓€銆佹€讳綋鎯呭喌" * 20) == "一、总体情况" * 20


def test_a_text_that_is_well_is_left_alone() -> None:
    assert undo_mojibake(TEXT) is None
    assert undo_mojibake("???? ??? 0 0 0\n" * 40) is None


def test_plausibility_of_nothing_and_of_rubbish() -> None:
    assert plausibility("") == 0.0
    assert plausibility("\ufffd" * 9) < 0 < plausibility("龘靐齉") < plausibility("信息公开")
