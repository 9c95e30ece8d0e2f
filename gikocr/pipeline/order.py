"""The order of pages that came as single pictures, told from what stands on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gikocr.forms import Form
from gikocr.kie.registration import form_rows, register
from gikocr.pipeline.pages import PageReading


def reading_order(form: Form, pages: Sequence[PageReading], has_title: Callable[[PageReading], bool]) -> list[int]:
    """Indices of the pages in the order in which the form's tables run over them.

    When the tables already run in order, so does everything. Else the page with the title comes first, and other pages without rows
    of the form, which are those of the last sections, come last in the order in which they were given.

    Args:
        form: the form.
        pages: as they were given.
        has_title: whether a page shows the title of a report; asked only where pages are out of order.
    """
    places = [_first_row(form, page) for page in pages]
    known = [p for p in places if p is not None]
    if known == sorted(known):
        return list(range(len(pages)))
    keys: list[tuple[float, int]] = []
    for i, place in enumerate(places):
        if has_title(pages[i]):
            keys.append((-1.0, i))
        else:
            keys.append((float("inf") if place is None else place, i))
    order = [i for _, i in sorted(keys)]
    given = list(range(len(pages)))
    # A stray row may look like one of another table; in the right order the tables of all pages fit together.
    return order if _evidence(form, [pages[i] for i in order]) > _evidence(form, pages) else given


def _evidence(form: Form, pages: Sequence[PageReading]) -> float:
    """Log evidence for the form's tables in the grids of pages in this order."""
    found = register(form, [grid for page in pages for grid in page.labelled])
    return sum(p[0].evidence.labels + p[0].evidence.geometry for p in found.values() if p)


def _first_row(form: Form, page: PageReading) -> float | None:
    """The place in the form of the first row found on a page, None when there is none."""
    if not page.labelled:
        return None
    found = register(form, page.labelled)
    place = 0
    for key in form.table_keys:
        size = max(len(form_rows(t)) for t in form.tables(key))
        if found[key]:
            fields = found[key][0].fields
            first = next((i for i, f in enumerate(fields) if f.box is not None), None)
            if first is not None:
                return place + size * first / max(1, len(fields))
        place += size
    return None
