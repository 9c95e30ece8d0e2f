"""The drawings of the reliability report as PNG bytes, made with matplotlib, which is imported only here and only then."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gikocr.evaluation.confidence import Bin

LEAST_SHOWN = 1e-6
"""Shares below this are drawn at this height: a logarithm has no place for none."""
DPI = 110


def reliability(bins: Sequence[Bin]) -> bytes:
    """Observed against promised share of wrong fields in log bins of 1 - p; bars are two standard errors by document."""
    figure, axes = _figure(5.2, 4.2)
    shown = [b for b in bins if b.low is not None and b.count.fields]
    promised = np.array([max(LEAST_SHOWN, b.count.expected / b.count.fields) for b in shown])
    observed = np.array([b.count.observed / b.count.fields for b in shown])
    error = np.array([2 * (b.count.standard_error or 0.0) / b.count.fields for b in shown])
    axes.plot([LEAST_SHOWN, 1], [LEAST_SHOWN, 1], color="0.6", linewidth=1, label="as promised")
    drawn = np.maximum(observed, LEAST_SHOWN)
    low = np.maximum(observed - error, LEAST_SHOWN)
    axes.errorbar(
        promised,
        drawn,
        yerr=np.array([drawn - np.minimum(low, drawn), np.maximum(observed + error - drawn, 0.0)]),
        fmt="o",
        color="#1f5fa8",
        capsize=3,
        label="observed, ± 2 standard errors",
    )
    for b, x, y in zip(shown, promised, drawn, strict=True):
        axes.annotate(
            f"{b.count.observed}/{b.count.fields}", (x, y), textcoords="offset points", xytext=(6, -11), fontsize=7
        )
    axes.set(xscale="log", yscale="log", xlabel="promised share of wrong fields, 1 - p", ylabel="observed share")
    axes.legend(fontsize=8)
    return _png(figure)


def risk_coverage(doubt: NDArray[np.float64], wrong: NDArray[np.bool_]) -> bytes:
    """Share of wrong fields among those delivered, by the share of fields that is delivered, the surest first."""
    figure, axes = _figure(5.2, 4.2)
    order = np.argsort(doubt, kind="stable")
    count = np.arange(1, len(order) + 1)
    axes.plot(count / len(order), np.cumsum(wrong[order]) / count, color="#1f5fa8", label="observed")
    axes.plot(count / len(order), np.cumsum(doubt[order]) / count, color="#c06014", linestyle="--", label="promised")
    axes.set(yscale="log", xlabel="share of fields delivered without review", ylabel="share of these that is wrong")
    axes.set_ylim(bottom=LEAST_SHOWN)
    axes.legend(fontsize=8)
    return _png(figure)


def expected_observed(expected: NDArray[np.float64], observed: NDArray[np.int64]) -> bytes:
    """Wrong fields of each document, expected against observed."""
    figure, axes = _figure(5.2, 4.2)
    top = float(max(expected.max(initial=1.0), observed.max(initial=1))) * 1.1
    axes.plot([0, top], [0, top], color="0.6", linewidth=1)
    axes.scatter(expected, observed, s=14, alpha=0.6, color="#1f5fa8")
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="wrong fields expected", ylabel="wrong fields observed", xlim=(0, top), ylim=(-0.3, top))
    return _png(figure)


def confusion(counts: NDArray[np.int64], labels: Sequence[str]) -> bytes:
    """How often a true figure (row) was given as another (column)."""
    figure, axes = _figure(5.2, 4.6)
    axes.imshow(np.log1p(counts), cmap="Blues")
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(counts)), labels[: len(counts)])
    for y, x in np.argwhere(counts > 0):
        axes.text(x, y, str(counts[y, x]), ha="center", va="center", fontsize=7)
    axes.set(xlabel="given", ylabel="printed")
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # Importing it takes longer than all other commands need to start.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
