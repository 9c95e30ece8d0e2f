"""A picture of a whole workspace: one HTML page that needs nothing else, with plots drawn by Matplotlib."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.builder import E

from gikocr.export.filled_form import clean

_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; max-width: 66em; margin: 2em auto;
  padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } th, td { border-bottom: 1px solid #ccc; padding: .2em .8em .2em 0; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } img { max-width: 100%; }
.scans { display: grid; grid-template-columns: repeat(auto-fill, minmax(11em, 1fr)); gap: 1.2em; }
.scans img { border: 1px solid #999; } figure { margin: 0; overflow-wrap: anywhere; } .note { color: #555; }
"""

_COLOURS = {"complete": "#2a7f3f", "partial": "#d99a00", "failed": "#c0392b"}


@dataclass(frozen=True, slots=True)
class Scan:
    """One document with many doubts.

    Attributes:
        name: of the document.
        about: agency and year, in words.
        waiting: fields that wait for review.
        jpeg: its most doubtful page, small; empty where there is none to show.
    """

    name: str
    about: str
    waiting: int
    jpeg: bytes = b""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the page shows.

    Attributes:
        title: of the page.
        statuses: reports by status.
        failures: failed documents by the code of the reason.
        tables: by table: its fields, those waiting, those decided.
        agencies: by agency: sums broken in print, sums that are doubtful.
        stages: CPU seconds of a document by stage, on average.
        timed: how many reports that average is of.
        worst: the documents with the most doubts.
    """

    title: str
    statuses: Mapping[str, int]
    failures: Sequence[tuple[str, int]]
    tables: Sequence[tuple[str, int, int, int]]
    agencies: Sequence[tuple[str, int, int]]
    stages: Mapping[str, float]
    timed: int
    worst: Sequence[Scan]


def summary_page(summary: Summary) -> str:
    """The page."""
    total = sum(summary.statuses.values())
    waiting = sum(table[2] for table in summary.tables)
    fields = sum(table[1] for table in summary.tables)
    body = E.body(
        E.h1(clean(summary.title)),
        E.p(f"Reports: {total}. Fields: {fields}, of these {waiting} wait for review."),
        E.h2("Documents by status"),
    )
    names = [s for s in _COLOURS if s in summary.statuses]
    body.append(_plot(names, [summary.statuses[s] for s in names], "reports", [_COLOURS[s] for s in names]))
    if summary.failures:
        body.append(_table(("reason of failure", "documents"), summary.failures))
    body.append(E.h2("Doubtful fields by table"))
    shares = [100 * waiting / fields for _, fields, waiting, _ in summary.tables]
    body.append(_plot([t[0] or "?" for t in summary.tables], shares, "% of its fields wait for review"))
    body.append(_table(("table", "fields", "waiting", "decided by people"), summary.tables))
    body.append(E.h2("Documents with the most doubts"))
    body.append(E.div({"class": "scans"}, *map(_figure, summary.worst)) if summary.worst else E.p("None."))
    body.append(E.h2("Sums that do not hold, by agency"))
    if summary.agencies:
        body.append(_table(("agency", "broken in print", "doubtful"), summary.agencies))
    else:
        body.append(E.p("None."))
    body.append(E.h2("Time by stage"))
    if summary.stages:
        slowest = sorted(summary.stages.items(), key=lambda stage: -stage[1])
        body.append(_plot([s for s, _ in slowest], [t for _, t in slowest], "CPU seconds a document"))
        body.append(E.p({"class": "note"}, f"Average of {summary.timed} reports, drawn by the hash of their content."))
    else:
        body.append(E.p("Not known."))
    head = E.head(E.meta(charset="utf-8"), E.title(clean(summary.title)), E.style(_STYLE))
    page = E.html({"lang": "en"}, head, body)
    return "<!DOCTYPE html>\n" + str(etree.tostring(page, encoding="unicode", method="html"))


def _figure(scan: Scan) -> Any:
    about = " · ".join(part for part in (scan.about, f"{scan.waiting} waiting") if part)
    caption = E.figcaption(clean(scan.name), E.br(), E.span({"class": "note"}, clean(about)))
    if not scan.jpeg:
        return E.figure(E.p({"class": "note"}, "(no picture)"), caption)
    return E.figure(E.img(src=_data("image/jpeg", scan.jpeg), alt=clean(scan.name)), caption)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str | int]]) -> Any:
    whole = E.table(E.tr(*(E.th(head) for head in heads)))
    for row in rows:
        cells = (E.td({"class": "n"}, str(v)) if isinstance(v, int) else E.td(clean(v or "?")) for v in row)
        whole.append(E.tr(*cells))
    return whole


def _plot(names: Sequence[str], values: Sequence[float], what: str, colours: Sequence[str] | str = "#3b6ea5") -> Any:
    """Level bars, one below the other, each with its number, as a picture within the page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "gikocr"}), warnings.catch_warnings():
        # Text stays text, and browsers take letters that its font lacks from another: this machine needs no Chinese ones.
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(8, 0.7 + 0.36 * max(1, len(names))), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(range(len(names)), values, color=colours)
        axes.set_yticks(range(len(names)), [clean(name) for name in names])
        axes.invert_yaxis()
        axes.bar_label(
            bars, labels=[f"{value:g}" if value == int(value) else f"{value:.2f}" for value in values], padding=3
        )
        axes.set_xlabel(what)
        axes.margins(x=0.1)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    said = "; ".join(f"{name}: {value:.4g}" for name, value in zip(names, values, strict=True))
    return E.img(src=_data("image/svg+xml", buffer.getvalue()), alt=clean(f"{what}: {said}"))


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
