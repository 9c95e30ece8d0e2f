"""Page selections such as ``1-3,7``."""

from __future__ import annotations

import re
import unicodedata

from gikocr.errors import DocumentError, UsageError

_ITEM = re.compile(r"(\d{1,9})?(?:\s*(-)\s*(\d{1,9})?)?", re.ASCII)


def parse_page_ranges(text: str) -> tuple[tuple[int, int | None], ...]:
    """Parse ``1-3,7,9-`` into pairs of first and last page (1-based, inclusive; None: to the end).

    ``-3`` means 1-3. Full-width digits and commas are understood. An empty text gives no pairs, which means all pages.

    Raises:
        UsageError: the text is no page selection.
    """
    normal = unicodedata.normalize("NFKC", text).replace("、", ",").replace("–", "-").replace("—", "-").strip()
    if not normal:
        return ()
    return tuple(_range(item.strip(), text) for item in normal.split(","))


def _range(item: str, text: str) -> tuple[int, int | None]:
    match = _ITEM.fullmatch(item)
    first, dash, last = match.groups() if match else (None, None, None)
    if first is None and last is None:
        raise _bad(text)
    start = int(first) if first is not None else 1
    end = int(last) if last is not None else (None if dash else start)
    if start < 1 or (end is not None and end < start):
        raise _bad(text)
    return start, end


def _bad(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is not a selection of pages.", advice="Write it like 1-3,7 or 4- (pages count from 1)."
    )


def highest_page(ranges: tuple[tuple[int, int | None], ...]) -> int:
    """The highest page that the ranges name, 0 when they name none."""
    return max((end or start for start, end in ranges), default=0)


def select_pages(ranges: tuple[tuple[int, int | None], ...], page_count: int, *, what: str) -> tuple[int, ...]:
    """The selected page numbers, ascending and without repeats; all pages when there are no ranges.

    Raises:
        DocumentError: a page is asked for that the document does not have.
    """
    if not ranges:
        return tuple(range(1, page_count + 1))
    beyond = max(highest_page(ranges), max(start for start, _ in ranges))
    if beyond > page_count:
        pages = "1 page" if page_count == 1 else f"{page_count} pages"
        raise DocumentError(
            f"{what} has {pages}; page {beyond} was asked for.",
            advice="Correct --pages; 4- means from page 4 to the end, however many there are.",
        )
    chosen: set[int] = set()
    for start, end in ranges:
        chosen.update(range(start, (page_count if end is None else end) + 1))
    return tuple(sorted(chosen))
