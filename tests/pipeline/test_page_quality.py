"""Pages of which many values are expected to be wrong."""

from __future__ import annotations

import pytest

from gikocr.pipeline.page_quality import FEWEST_FIELDS, WORTH_LOOKING, expected_wrong, page_issues
from gikocr.report import Evidence, Field


def field(number: int, confidence: float | None, page: int | None = 1) -> Field:
    evidence = None if page is None else Evidence(page=page, bbox=(0, 0, 1, 1), unit="pt")
    return Field(
        id=f"f{number}",
        value=None if confidence is None else 1,
        printed=None if confidence is None else "1",
        state="unreadable" if confidence is None else "read",
        unit=None,
        confidence=confidence,
        confidence_kind=None if confidence is None else "posterior",
        needs_review=True,
        evidence=evidence,
    )


def test_the_expected_share_is_the_mean_doubt_of_a_page() -> None:
    fields = [field(0, 0.9), field(1, 0.7), field(2, None, 2), field(3, 0.5, 2), field(4, 0.1, None)]
    assert expected_wrong(fields) == {1: (pytest.approx(0.2), 2), 2: (pytest.approx(0.75), 2)}


def test_only_doubtful_pages_with_enough_fields_are_named() -> None:
    good = [field(k, 0.999, 1) for k in range(30)]
    bad = [field(100 + k, 0.8, 2) for k in range(FEWEST_FIELDS)]
    few = [field(200 + k, 0.1, 3) for k in range(FEWEST_FIELDS - 1)]
    [issue] = page_issues([*good, *bad, *few])
    assert (issue.code, issue.page, issue.severity) == ("page_doubtful", 2, "warning")
    assert "20 %" in issue.message and f"{FEWEST_FIELDS} values" in issue.message


def test_a_page_is_named_from_the_share_on() -> None:
    just = [field(k, 1 - WORTH_LOOKING - 0.001) for k in range(20)]
    below = [field(k, 1 - WORTH_LOOKING + 0.001) for k in range(20)]
    assert page_issues(just) and not page_issues(below)


def test_a_source_without_pages_has_none() -> None:
    assert page_issues([field(k, 0.2, None) for k in range(40)]) == []
