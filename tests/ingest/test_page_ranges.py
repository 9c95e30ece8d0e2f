from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.errors import DocumentError, UsageError
from gikocr.ingest import parse_page_ranges
from gikocr.ingest.page_ranges import select_pages


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("1-3,7", [1, 2, 3, 7]),
        (" 7 , 1 - 2 ", [1, 2, 7]),
        ("6-", [6, 7, 8]),
        ("-2", [1, 2]),
        ("2,1-3,2", [1, 2, 3]),
        ("１－２，８", [1, 2, 8]),
        ("1、3", [1, 3]),
    ],
)
def test_selections(text: str, pages: list[int]) -> None:
    assert list(select_pages(parse_page_ranges(text), 8, what="scan.pdf")) == pages


@pytest.mark.parametrize("text", ["a", "1-2-3", "0", "3-1", "-", ",", "1,,2", "1.5", "--2", "0-3", "1 2"])
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a selection"):
        parse_page_ranges(text)


@pytest.mark.parametrize("text", ["9", "1-9", "9-", "999999999", "1-999999999"])
def test_pages_beyond_the_end_say_how_many_there_are(text: str) -> None:
    with pytest.raises(DocumentError, match=r"scan\.pdf has 8 pages; page \d+ was asked for"):
        select_pages(parse_page_ranges(text), 8, what="scan.pdf")


@given(st.sets(st.integers(1, 60), min_size=1))
def test_a_written_selection_comes_back(pages: set[int]) -> None:
    text = ",".join(str(page) for page in pages)
    assert set(select_pages(parse_page_ranges(text), 60, what="x")) == pages


@given(st.text(alphabet="0123456789-, x", max_size=12))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        ranges = parse_page_ranges(text)
    except UsageError:
        return
    assert all(start >= 1 and (end is None or end >= start) for start, end in ranges)
