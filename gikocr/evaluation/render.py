"""Writes an evaluation as plain text. Every share stands with the counts that it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gikocr.evaluation.confidence import ConfidenceMeasures, ErrorCount
from gikocr.evaluation.evaluate import Evaluation
from gikocr.evaluation.intervals import Rate, without_errors
from gikocr.evaluation.metrics import Measures
from gikocr.evaluation.review_share import ReviewShare, Threshold
from gikocr.evaluation.wrong import WrongField

NOTHING = "-"
_LABEL_WIDTH = 32
_TAG_COLUMNS = (
    "documents", "lost", "fields", "right", "value", "non-zero", "clean", "invented", "agency", "year", "edition",
    "expected", "observed", "z", "Brier", "AURC", "sure right", "wrong sure",
)  # fmt: skip
_REVIEW_COLUMNS = ("documents", "fields", "reviewed", "documents with review", "left wrong", "interval of left wrong")


def render_text(evaluation: Evaluation) -> str:
    """The whole evaluation as text of several tables; tables have no fixed width."""
    blocks = [
        _block("Fields and documents", _overall(evaluation.overall)),
        _block("Confidence", _confidence(evaluation.overall)),
        _block("Wrong fields by 1 - p", _table(_bins(evaluation.overall.confidence))),
        _block("Review", _review(evaluation)),
    ]
    if evaluation.by_tag:
        rows = [("tag", *_TAG_COLUMNS), *((tag, *_tag_row(m)) for tag, m in evaluation.by_tag.items())]
        blocks.append(_block("By tag (a document counts under each of its tags)", _table(rows)))
    notes = list(_notes(evaluation))
    return "\n\n".join([*blocks, *([_block("Notes", notes)] if notes else [])]) + "\n"


def render_wrong(fields: Sequence[WrongField]) -> str:
    """Wrong fields as lines of tab-separated text with a heading line."""
    rows: list[tuple[str, ...]] = [("document", "id", "kind", "truth", "output", "confidence", "sure", "needs_review")]
    for f in fields:
        confidence = NOTHING if f.confidence is None else f"{f.confidence}"
        rows.append(
            (f.document, f.id, f.kind, f.truth, f.output or NOTHING, confidence, _yes(f.sure), _yes(f.needs_review))
        )
    return "".join("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) + "\n" for row in rows)


def _overall(measures: Measures) -> Iterator[str]:
    lost = sum(measures.lost.values())
    reasons = ", ".join(f"{count} {loss}" for loss, count in measures.lost.items() if count)
    invented = measures.invented
    yield _line("documents", str(measures.documents))
    yield _line("lost documents", f"{lost}" + (f" ({reasons})" if reasons else ""))
    yield _line("fields", str(measures.right.total))
    yield _line("right", _rate(measures.right))
    yield _line("value right", _rate(measures.value_right))
    yield _line("right among non-zero", _rate(measures.nonzero_right))
    yield _line("documents without a wrong field", _rate(measures.clean))
    yield _line(
        "invented",
        f"{invented.fields} ({invented.where_null} where nothing is printed, {invented.outside} outside the printed "
        f"tables); reports beyond the truth: {invented.surplus_reports}",
    )
    yield _line("agency", _rate(measures.agency))
    yield _line("year", _rate(measures.year))
    for key, rate in measures.editions.items():
        yield _line(f"edition of table {key}", _rate(rate))
    yield "Intervals: 95 %, a document as the unit."


def _confidence(measures: Measures) -> Iterator[str]:
    confidence, sure = measures.confidence, measures.confidence.wrong_and_sure
    count = confidence.overall
    yield _line("fields given", f"{count.fields}; the output lacks {confidence.lacking} more")
    yield _line(
        "wrong, expected / observed",
        f"{count.expected:.4g} / {count.observed}, "
        f"standard error {_number(count.standard_error)}, z {_signed(count.z)}",
    )
    yield _line("Brier", _number(confidence.brier))
    yield _line("AURC", _number(confidence.aurc))
    yield _line("right fields above 0.99", _rate(confidence.sure_among_right))
    yield _line(
        "wrong and sure",
        f"{sure.fields} ({sure.without_confidence} with confidence null, "
        f"{sure.marked} marked for review or unreadable); outside the printed tables: {sure.outside}",
    )
    yield _line("marked by the output", _rate(measures.marked.fields))
    yield _line("wrong and not marked", _rate(measures.marked.wrong_unmarked))


def _bins(confidence: ConfidenceMeasures) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("1 - p", "fields", "expected", "observed", "standard error", "z")]
    for b in confidence.bins:
        name = "p null" if b.low is None or b.high is None else f"{b.low:.0e} - {b.high:.0e}" if b.low else "< 1e-06"
        rows.append((name, *_count(b.count)))
    return [*rows, ("all", *_count(confidence.overall))]


def _count(count: ErrorCount) -> tuple[str, ...]:
    return (
        str(count.fields), f"{count.expected:.4g}", str(count.observed), _number(count.standard_error), _signed(count.z)
    )  # fmt: skip


def _review(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.thresholds is None or evaluation.overall.review is None:
        yield "Not given: the thresholds come from a calibration set (--calibration TRUTH OUT), never from this set."
        return
    for number, threshold in enumerate(evaluation.thresholds):
        yield _threshold(threshold)
        rows = [("", *_REVIEW_COLUMNS), ("all", *_review_row(evaluation.overall.review[number]))]
        for tag, measures in evaluation.by_tag.items():
            if measures.review is not None:
                rows.append((tag, *_review_row(measures.review[number])))
        yield from (f"  {line}" for line in _table(rows))


def _threshold(threshold: Threshold) -> str:
    kind = "bounded at 95 % by document" if threshold.bounded else "as observed"
    held = f"{threshold.documents} documents, {threshold.fields} fields of calibration"
    if threshold.largest_doubt is None:
        reason = "too few documents or too many errors" if threshold.bounded else "too many errors"
        return f"At most {threshold.target:.0e} wrong, {kind}: nothing may be delivered, {reason} ({held})."
    return (
        f"At most {threshold.target:.0e} wrong, {kind}: deliver 1 - p <= {threshold.largest_doubt:.3g} "
        f"({held}, {threshold.left_wrong} left wrong)."
    )


def _review_row(review: ReviewShare) -> tuple[str, ...]:
    left = review.left_wrong
    return (
        str(left.documents),
        str(left.total),
        _percent(review.reviewed.share),
        _percent(review.documents.share),
        NOTHING if left.share is None else f"{left.hits} ({left.share:.2e})",
        NOTHING if left.interval is None else f"{left.interval.low:.2e} - {left.interval.high:.2e}",
    )


def _tag_row(measures: Measures) -> tuple[str, ...]:
    count, editions = measures.confidence.overall, measures.editions.values()
    return (
        str(measures.documents),
        str(sum(measures.lost.values())),
        str(measures.right.total),
        *(_percent(r.share) for r in (measures.right, measures.value_right, measures.nonzero_right)),
        f"{measures.clean.hits}/{measures.clean.total}",
        str(measures.invented.fields),
        *(f"{rate.hits}/{rate.total}" for rate in (measures.agency, measures.year)),
        f"{sum(rate.hits for rate in editions)}/{sum(rate.total for rate in editions)}",
        f"{count.expected:.4g}",
        str(count.observed),
        _signed(count.z),
        _number(measures.confidence.brier),
        _number(measures.confidence.aurc),
        _percent(measures.confidence.sure_among_right.share),
        str(measures.confidence.wrong_and_sure.fields),
    )


def _notes(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.ignored:
        yield f"No truth files, left out: {', '.join(evaluation.ignored)}"
    for document in evaluation.documents:
        if document.loss is not None:
            yield f"Lost: {document.name} ({document.loss}{': ' if document.reason else ''}{document.reason})"
        if document.surplus:
            yield f"Reports beyond the truth of {document.name}: {', '.join(document.surplus)}"


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return NOTHING
    text = f"{rate.hits} of {rate.total}, {_percent(rate.share)}"
    interval = rate.interval
    if interval is None:
        return f"{text} (one document: no interval)"
    if interval.method == "bound by document":
        met, ending = "all" if rate.hits else "none", "" if rate.documents == 1 else "s"
        return (
            f"{text} ({met} in {rate.documents} document{ending}: at most {_percent(without_errors(rate.documents))} "
            "of documents are otherwise)"
        )
    return f"{text} [{_percent(interval.low)}, {_percent(interval.high)}; {interval.method}]"


def _percent(share: float | None) -> str:
    """A share in per cent, with two digits of what it lacks to 0 or 100: one error in a million must stay visible."""
    if share is None:
        return NOTHING
    if share in (0, 1):
        return f"{share:.0%}"
    first_digit = -math.floor(math.log10(100 * min(share, 1 - share)))
    return f"{share:.{min(max(2, first_digit + 1), 8)}%}"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.2f}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL_WIDTH}}  {text}"


def _block(title: str, lines: Iterator[str] | list[str]) -> str:
    return "\n".join([title, "-" * len(title), *lines])


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
