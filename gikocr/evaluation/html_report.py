"""The reliability report: one page that holds everything, drawings and crops included, and asks no network for anything."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gikocr.evaluation import plots
from gikocr.evaluation.confidence import Bin, ErrorCount
from gikocr.evaluation.crops import crops_of
from gikocr.evaluation.evaluate import Evaluation
from gikocr.evaluation.intervals import Rate
from gikocr.evaluation.judge import JudgedDocument, JudgedField
from gikocr.evaluation.match import Pair, pair_outputs
from gikocr.evaluation.review_share import doubt_of
from gikocr.evaluation.truth import load_truth

WORST_DOCUMENTS, FIELDS_EACH = 8, 16
"""Documents with the most wrong fields that are shown, and fields of each."""
FIGURES = "0123456789"
NONE, MORE = "∅", "≠"
"""In the confusion of numerals: a figure given as no number, and one given with another number of digits."""

_STYLE = """body{font:15px/1.45 system-ui,'Noto Sans CJK SC',sans-serif;max-width:1120px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.6em 0}td,th{border:1px solid #ccc;padding:.2em .55em;text-align:right;font-size:13px}
td:first-child,th:first-child{text-align:left}figure{display:inline-block;margin:.4em;vertical-align:top}figure img{max-width:520px}
figcaption{font-size:13px;color:#444;max-width:520px}.crop img{max-width:420px;border:1px solid #bbb}
.crop{display:inline-block;margin:.3em;
vertical-align:top;font-size:12px}.sure{color:#b00020;font-weight:600}"""


def html_report(evaluation: Evaluation, truth: Path, out: Path, *, sources: Path | None = None) -> str:
    """The page.

    Args:
        evaluation: of these outputs against this truth.
        truth: the truth, as it was given to :func:`evaluate`.
        out: the outputs, as they were given there.
        sources: the folder of the documents, for crops; the truth's own folder when not given.
    """
    pairs = {p.truth.name: p for p in pair_outputs(load_truth(truth).documents, out)}
    folder = sources or (truth if truth.is_dir() else truth.parent)
    body = "\n".join(_body(evaluation, pairs, folder))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>gikocr: reliability</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(evaluation: Evaluation, pairs: dict[str, Pair], folder: Path) -> Iterator[str]:
    measures = evaluation.overall
    confidence = measures.confidence
    yield "<h1>How far the confidences can be trusted</h1>"
    yield (
        f"<p>{measures.documents} documents, {measures.right.total} fields; right {_rate(measures.right)}; documents without a wrong "
        f"field {_rate(measures.clean)}; right fields above 0.99 {_rate(confidence.sure_among_right)}; wrong and sure "
        f"{confidence.wrong_and_sure.fields}; wrong and not marked for review {_rate(measures.marked.wrong_unmarked)}.</p>"
    )
    given = [(f, k) for k, d in enumerate(evaluation.documents) for f in d.fields if f.output is not None]
    if given:
        yield from _drawings(evaluation, given)
    yield "<h2>Wrong fields, expected and observed</h2>"
    yield _table(
        ("1 − p", "fields", "expected", "observed", "standard error", "z"),
        [
            ("all", *_count(confidence.overall)),
            *((_bin(b), *_count(b.count)) for b in confidence.bins if b.count.fields),
        ],
    )
    yield "<p>Standard errors treat a document as the unit: fields of one page are misread together.</p>"
    if evaluation.by_tag:
        yield "<h2>By tag</h2>"
        yield _table(
            ("tag", "documents", "fields", "right", "clean documents", "expected", "observed", "standard error", "z"),
            [
                (tag, m.documents, m.right.total, _share(m.right), _share(m.clean), *_count(m.confidence.overall)[1:])
                for tag, m in evaluation.by_tag.items()
            ],
        )
    yield "<h2>The documents with the most wrong fields</h2>"
    worst = sorted(evaluation.documents, key=lambda d: (-sum(not f.right for f in d.fields), d.name))
    for document in worst[:WORST_DOCUMENTS]:
        if not document.clean:
            yield from _document(document, pairs[document.name], folder)


def _drawings(evaluation: Evaluation, given: Sequence[tuple[JudgedField, int]]) -> Iterator[str]:
    doubt = np.array([_doubt(f) for f, _ in given])
    wrong = np.array([not f.right for f, _ in given], dtype=bool)
    document = np.array([k for _, k in given])
    expected = np.bincount(document, weights=doubt, minlength=len(evaluation.documents)).astype(np.float64)
    observed = np.bincount(document, weights=wrong, minlength=len(evaluation.documents)).astype(np.int64)
    counts, labels = confusion_of([f for f, _ in given])
    yield "<h2>Curves</h2>"
    yield _figure(
        plots.reliability(evaluation.overall.confidence.bins), "Reliability: wrong / all fields of each bin of 1 − p."
    )
    # A field that is unreadable is never delivered, whatever the threshold.
    delivered = [(d, not f.right) for f, _ in given if (d := doubt_of(f)) is not None]
    curve = plots.risk_coverage(np.array([d for d, _ in delivered]), np.array([w for _, w in delivered], dtype=bool))
    yield _figure(curve, "Risk and coverage: what review of the least sure fields buys.")
    yield _figure(plots.expected_observed(expected, observed), "Wrong fields of each document.")
    yield _figure(
        plots.confusion(counts, labels),
        f"Confusion of numerals where as many digits were given as printed. {NONE}: no number; {MORE}: another number of digits.",
    )


def confusion_of(fields: Sequence[JudgedField]) -> tuple[NDArray[np.int64], list[str]]:
    """Counts of wrong figures: rows are printed, columns given; a figure that was given rightly is not counted."""
    labels = [*FIGURES, NONE, MORE]
    counts = np.zeros((len(FIGURES), len(labels)), dtype=np.int64)
    for field in fields:
        true, output = field.truth.answer.value, field.output
        if field.value_right or true is None or output is None:
            continue
        printed = "".join(c for c in str(abs(true)) if c.isdigit())
        given = None if output.value is None else "".join(c for c in str(abs(output.value)) if c.isdigit())
        for k, figure in enumerate(printed):
            if given is None:
                counts[int(figure), len(FIGURES)] += 1
            elif len(given) != len(printed):
                counts[int(figure), len(FIGURES) + 1] += 1
            elif given[k] != figure:
                counts[int(figure), int(given[k])] += 1
    return counts, labels


def _document(document: JudgedDocument, pair: Pair, folder: Path) -> Iterator[str]:
    wrong = [f for f in document.fields if not f.right]
    yield (
        f"<h3>{html.escape(document.name)}: {len(wrong)} of {len(document.fields)} fields wrong</h3>"
        f"<p>{html.escape(', '.join(document.tags))}{'; lost: ' + document.loss if document.loss else ''}</p>"
    )
    shown = sorted(wrong, key=_doubt)[:FIELDS_EACH]  # those that look right come first
    source = folder / (pair.truth.file or document.name.removesuffix(".json"))
    crops = {}
    if pair.output is not None and source.exists():
        crops = crops_of(source, pair.output.path, [f.truth.id for f in shown])
    for field in shown:
        yield _crop(field, crops.get(field.truth.id))


def _crop(field: JudgedField, png: bytes | None) -> str:
    picture = "" if png is None else f'<img alt="" src="{_data(png)}"><br>'
    output = "lacking" if field.output is None else str(field.output)
    sure = ' class="sure"' if field.sure else ""
    confidence = (
        "" if field.output is None or field.output.confidence is None else f" at {float(field.output.confidence):.5g}"
    )
    return (
        f'<div class="crop">{picture}{html.escape(field.truth.id)}<br>printed {html.escape(str(field.truth))}, '
        f"<span{sure}>given {html.escape(output)}{confidence}</span></div>"
    )


def _doubt(field: JudgedField) -> float:
    return 0.0 if field.output is None or field.output.confidence is None else float(1 - field.output.confidence)


def _bin(own: Bin) -> str:
    return "no confidence" if own.low is None or own.high is None else f"{own.low:g} to {own.high:g}"


def _count(count: ErrorCount) -> tuple[str, str, str, str, str]:
    error = "" if count.standard_error is None else f"{count.standard_error:.2f}"
    return (
        str(count.fields),
        f"{count.expected:.2f}",
        str(count.observed),
        error,
        "" if count.z is None else f"{count.z:+.1f}",
    )


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "–"
    interval = "" if rate.interval is None else f" [{rate.interval.low:.2%}, {rate.interval.high:.2%}]"
    return f"{rate.share:.2%}{interval} ({rate.hits} of {rate.total})"


def _share(rate: Rate) -> str:
    return "–" if rate.share is None else f"{rate.share:.2%}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _figure(png: bytes, caption: str) -> str:
    return f'<figure><img alt="" src="{_data(png)}"><figcaption>{html.escape(caption)}</figcaption></figure>'


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
