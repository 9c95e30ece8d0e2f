"""How many values of a page are expected to be wrong, and which pages somebody should look at as a whole.

The measure is the mean of 1 - confidence over the fields of a page. Contrast, height and width of the print, noise, specks, skew and
the share of cells that a second reader was asked for predict no more once it is known; what the picture shows predicts nothing alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from gikocr.report import Field, Issue

WORTH_LOOKING = 0.03
"""Expected share of wrong values from which a page is named. On 417 development pages it named 58, of which 45 had a wrong value."""
FEWEST_FIELDS = 8
"""A page with fewer fields is judged by them and not as a page."""


def expected_wrong(fields: Sequence[Field]) -> dict[int, tuple[float, int]]:
    """For each page (1-based) the share of its fields expected to be wrong, in [0, 1], and their number.

    A field without a confidence was not read, and counts as wrong; fields that have no place on a page count on none.
    """
    doubts: dict[int, list[float]] = {}
    for field in fields:
        if field.evidence is not None and field.evidence.page is not None:
            doubts.setdefault(field.evidence.page, []).append(1.0 - float(field.confidence or 0.0))
    return {page: (sum(own) / len(own), len(own)) for page, own in sorted(doubts.items())}


def page_issues(fields: Sequence[Field]) -> list[Issue]:
    """One issue for each page of which so many values are expected to be wrong that it should be looked at as a whole."""
    return [
        Issue(
            code="page_doubtful",
            severity="warning",
            page=page,
            stage="reconcile",
            message=f"About {100 * share:.0f} % of the {count} values on this page are expected to be wrong. Look at it (--overlay).",
        )
        for page, (share, count) in expected_wrong(fields).items()
        if count >= FEWEST_FIELDS and share >= WORTH_LOOKING
    ]
