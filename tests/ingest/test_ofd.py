"""OFD: where characters and rules stand, and what is refused."""

from __future__ import annotations

import pytest

from gikocr.errors import DamagedFile
from gikocr.ingest.ofd import POINTS_PER_MM, read_ofd
from tests.ingest.ofd_maker import ofd_bytes


def test_characters_stand_where_the_text_codes_put_them() -> None:
    (page,) = read_ofd(ofd_bytes([([("规章 12", 20, 50, 4)], [])]), "x").pages
    assert [g.text for g in page.glyphs] == ["规", "章", "1", "2"]
    lefts = [g.box.left / POINTS_PER_MM for g in page.glyphs]
    assert lefts == pytest.approx([20, 24, 30, 32])
    assert all(46 < g.box.center[1] / POINTS_PER_MM < 50.5 for g in page.glyphs)
    assert (page.width, page.height, page.unit) == (210 * POINTS_PER_MM, 297 * POINTS_PER_MM, "pt")


def test_straight_lines_are_rules() -> None:
    (page,) = read_ofd(ofd_bytes([([], [(10, 20, 100, 20), (10, 20, 10, 80)])]), "x").pages
    found = [tuple(round(v / POINTS_PER_MM, 3) for v in rule) for rule in page.rules]
    assert found == [(10, 20, 100, 20), (10, 20, 10, 80)]


def test_pictures_come_in_the_order_of_pages() -> None:
    document = read_ofd(ofd_bytes([([], []), ([], [])], [b"first", b"second"]), "x")
    assert document.pictures == (("p0.png", b"first"), ("p1.png", b"second"))


def test_broken_documents() -> None:
    whole = ofd_bytes([([("规章", 20, 50, 4)], [])])
    for data in (whole[:200], ofd_bytes([]), b"PK\x03\x04"):
        with pytest.raises(DamagedFile):
            read_ofd(data, "x")
