"""Measures the reader on the crops of documents with truth, against PP-OCRv6 on the same crops, and fits how both are pooled.

`collect` runs the program's pages and registration over documents and keeps, for each field's cell, the look of both readers and what
the truth says; `report` reads them and counts; `fit` finds the weights of :mod:`gikocr.ocr.pooling` (on dev or calibration only).
Only tables whose grid is right count: all fields have a cell, and at least 95 % of them read as the truth says by one of the readers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gikocr.elements import CellReading
from gikocr.engines.numerals import NumeralReader, build_onnx, onnx_reader
from gikocr.engines.ppocr_onnx import PPOCRNumerals, build_recogniser
from gikocr.ingest import Document, Input, find_inputs, open_document
from gikocr.kie.registration import register
from gikocr.ocr import pooling
from gikocr.ocr.cells import GridInk, numeral_crop
from gikocr.ocr.marks import stroke_of, weigh_by_shape
from gikocr.ocr.numerals import value_of
from gikocr.ocr.windows import Look, cell_window, in_paler_ink, look_at
from gikocr.pipeline import Pipeline
from gikocr.pipeline.assembly import blank_reading, perhaps_blank
from gikocr.settings import load_settings

LEAST_AGREEING = 0.95
"""Share of a table's fields that one of the readers must read as the truth says for its grid to count as right."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One field's cell: what is printed there (value, state, and other readings that count), and its cuts for both readers."""

    document: str
    field: str
    right: tuple[tuple[str | None, str], ...]
    window: np.ndarray | None
    tight: np.ndarray | None
    stroke: str | None
    faint: bool
    dirt: float


def _right(entry: Any) -> tuple[tuple[str | None, str], ...] | None:
    pairs = [(entry["value"], entry["state"]), *entry.get("also_ok", [])]
    if entry["state"] == "occluded":
        return None
    return tuple((None if v is None else str(v), s) for v, s in pairs)


def is_right(reading: CellReading, right: Sequence[tuple[str | None, str]]) -> bool:
    """Whether the best candidate has the value and the state of the truth."""
    if not reading.candidates:
        return False
    best = reading.best
    value = value_of(best.printed) if best.state == "read" else None
    for expected, state in right:
        if state == best.state and (value is None if expected is None else value == value_of(expected)):
            return True
    return False


class Collector:
    """The program up to the cells, with everything that is read left to the caller."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(load_settings({"cell_engine": "ppocr_v6_small_numerals"}))

    def samples(self, item: Input, truth: dict[str, Any]) -> list[Sample]:
        """The samples of one document."""
        with open_document(item, self.pipeline._settings) as document:
            grids, places = self.places(document)
        looks: dict[int, GridInk] = {}
        found = []
        for key, hypotheses in places.items():
            if not hypotheses or hypotheses[0].table.edition != truth["tables"].get(key):
                continue
            fields = hypotheses[0].fields
            if any(f.grid is None or f.box is None for f in fields):
                continue
            for f in fields:
                right = _right(truth["fields"][f.field_id]) if f.field_id in truth["fields"] else None
                if right is None or f.grid is None or f.box is None:
                    continue
                grid = grids[f.grid]
                if id(grid.ink) not in looks:
                    looks[id(grid.ink)] = in_paler_ink(grid)
                paler = GridInk(grid.grid, looks[id(grid.ink)].ink, grid.cells, grid.height)
                found.append(_sample(item.name, f"{key} {f.field_id}", right, look_at(grid, paler, f.box)))
        return found

    def places(self, document: Document) -> tuple[list[GridInk], Any]:
        """The grids of a document and, by table, where the form's fields are on them."""
        pages, hint = [], 0
        for number in document.selected:
            reading = self.pipeline._pages.read(document.read_page(number), hint=hint)
            hint = reading.upright.turned if reading.grids else hint
            pages.append(reading)
        labelled = [g for page in pages for g in page.labelled]
        return [g for page in pages for g in page.grids], register(self.pipeline._form, labelled)


def _sample(document: str, field: str, right: tuple[tuple[str | None, str], ...], look: Look) -> Sample:
    tight = numeral_crop(look.found, look.content)
    stroke = None if tight is None else stroke_of(look.found.ink, look.content, look.found.height)
    return Sample(document, field, right, cell_window(look), tight, stroke, look.faint, look.content.dirt)


def collect(folder: Path, target: Path, first: int, count: int) -> None:
    """Collect the samples of a folder of documents with a ``truth`` folder in it."""
    collector = Collector()
    found: list[Sample] = []
    inputs = [i for i in find_inputs([folder], group="folder") if "/" not in i.name.removeprefix("truth/")]
    for item in inputs[first : first + count]:
        path = folder / "truth" / f"{Path(item.name).name}.json"
        if path.exists():
            try:
                found += collector.samples(item, json.loads(path.read_text(encoding="utf-8")))
            except Exception as error:  # one document must not end the measurement
                print(item.name, repr(error))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(pickle.dumps(found))
    print(f"{len(found)} cells of {len({s.document for s in found})} documents")


def read_window(reader: NumeralReader, samples: Sequence[Sample]) -> list[CellReading]:
    """Our own reader's readings, as the pipeline has them."""
    shown = [k for k, s in enumerate(samples) if s.window is not None]
    readings = [blank_reading(s.dirt, reader.name) for s in samples]
    for k, reading in zip(shown, reader.read([w for s in samples if (w := s.window) is not None]), strict=True):
        readings[k] = reading
    return readings


def read_tight(reader: PPOCRNumerals, samples: Sequence[Sample], *, shape: bool = True) -> list[CellReading]:
    """The packaged reader's readings: with the shape of strokes and the doubt about faint ink, or as the network gives them."""
    shown = [k for k, s in enumerate(samples) if s.tight is not None]
    readings = [blank_reading(s.dirt, reader.name) for s in samples]
    for k, reading in zip(shown, reader.read([t for s in samples if (t := s.tight) is not None]), strict=True):
        if shape:
            reading = weigh_by_shape(reading, samples[k].stroke)
            reading = perhaps_blank(reading) if samples[k].faint else reading
        readings[k] = reading
    return readings


def in_right_grids(samples: list[Sample], *readings: list[CellReading]) -> np.ndarray:
    """Which samples belong to tables whose grid is right."""
    tables: dict[tuple[str, str], list[int]] = {}
    for k, s in enumerate(samples):
        tables.setdefault((s.document, s.field[0]), []).append(k)
    kept = np.zeros(len(samples), bool)
    for indices in tables.values():
        for given in readings:
            if sum(is_right(given[k], samples[k].right) for k in indices) >= LEAST_AGREEING * len(indices):
                kept[indices] = True
    return kept


def counts(samples: Sequence[Sample], readings: Sequence[CellReading]) -> dict[str, float]:
    """Wrong readings per 1,000, of all, of the non-zero, of nulls read as numbers, and how sure the reader is."""
    wrong = np.array([not is_right(r, s.right) for r, s in zip(readings, samples, strict=True)])
    number = np.array([s.right[0][0] is not None for s in samples])
    zero = np.array([s.right[0][0] is not None and float(s.right[0][0].replace(",", "")) == 0 for s in samples])
    says = np.array([bool(r.candidates) and r.best.state == "read" for r in readings])
    sure = np.array([math.exp(r.best.log_probability) if r.candidates else 0.0 for r in readings])
    return {
        "cells": len(samples),
        "wrong": int(wrong.sum()),
        "per 1,000": 1000 * float(wrong.mean()),
        "non-zero per 1,000": 1000 * float(wrong[number & ~zero].mean()),
        "nulls": int((~number).sum()),
        "nulls read as numbers per 1,000": 1000 * float((says & ~number).sum() / max(1, (~number).sum())),
        "numbers read as null": int((~says & number).sum()),
        "right above 0.99": float((~wrong & (sure > 0.99)).sum() / max(1, (~wrong).sum())),
        "wrong above 0.99": int((wrong & (sure > 0.99)).sum()),
        "log loss per cell": float(np.mean([_loss(r, s) for r, s in zip(readings, samples, strict=True)])),
    }


def _loss(reading: CellReading, sample: Sample) -> float:
    """Negative log probability of the truth, at most that of one in a million."""
    right = sum(
        math.exp(c.log_probability)
        for c in reading.candidates
        if is_right(CellReading((c,), reading.reader), sample.right)
    )
    return -math.log(max(right, 1e-6))


def report(paths: Sequence[Path], network: Path | None, below: float, wrong_list: bool) -> None:
    """Read the samples with both readers and print what is wrong."""
    samples: list[Sample] = [s for p in paths for s in pickle.loads(p.read_bytes())]
    first, second = _own(network), PPOCRNumerals(build_recogniser())
    began = time.process_time()
    ours = read_window(first, samples)
    took = time.process_time() - began
    began = time.process_time()
    theirs = read_tight(second, samples)
    took_second = time.process_time() - began
    kept = np.flatnonzero(in_right_grids(samples, ours, theirs))
    samples, ours, theirs = ([x[k] for k in kept] for x in (samples, ours, theirs))
    asked = [k for k, r in enumerate(ours) if not r.candidates or math.exp(r.best.log_probability) < below]
    both = list(ours)
    for k in asked:
        both[k] = pooling.pool(ours[k], theirs[k])
    raw = read_tight(second, samples, shape=False)
    same = sum(
        not is_right(a, s.right) and bool(a.candidates) and bool(b.candidates) and a.best.printed == b.best.printed
        for a, b, s in zip(ours, theirs, samples, strict=True)
    )
    print(f"{len({s.document for s in samples})} documents; second reader asked for {len(asked)} cells")
    print(f"ms for 190 cells: own {took / len(kept) * 190e3:.0f}, packaged {took_second / len(kept) * 190e3:.0f}")
    print(f"the same wrong string from both: {same} ({1000 * same / len(samples):.2f} per 1,000)")
    rows = {"own": ours, "packaged": raw, "packaged, shape": theirs, "pooled": both}
    table = {name: counts(samples, r) for name, r in rows.items()}
    for measure in table["own"]:
        print(f"{measure:34}" + "".join(f"{name}: {c[measure]:<12.4g}" for name, c in table.items()))
    if wrong_list:
        for k, (r, s) in enumerate(zip(ours, samples, strict=True)):
            if not is_right(r, s.right) or not is_right(both[k], s.right):
                print(s.document, s.field, s.right[0], _shown(r), "|", _shown(theirs[k]), "|", _shown(both[k]))


def _shown(reading: CellReading) -> str:
    return " ".join(f"{c.printed or '_'}:{math.exp(c.log_probability):.4f}" for c in reading.candidates[:3])


def _own(network: Path | None) -> NumeralReader:
    return build_onnx() if network is None else onnx_reader(network.read_bytes())


def fit(paths: Sequence[Path], network: Path | None, below: float) -> None:
    """Print the weights of pooling with the least log loss over the cells that the second reader is asked for."""
    samples: list[Sample] = [s for p in paths for s in pickle.loads(p.read_bytes())]
    ours = read_window(_own(network), samples)
    theirs = read_tight(PPOCRNumerals(build_recogniser()), samples)
    kept = [
        k
        for k in np.flatnonzero(in_right_grids(samples, ours, theirs))
        if not ours[k].candidates or math.exp(ours[k].best.log_probability) < below
    ]
    print(f"{len(kept)} doubtful cells")

    def loss(weights: pooling.Weights) -> float:
        return float(np.mean([_loss(pooling.pool(ours[k], theirs[k], weights), samples[k]) for k in kept]))

    grid = itertools.product(
        (0.4, 0.6, 0.8, 1.0, 1.2),
        (0.0, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0),
        (0.03, 0.1, 0.3, 1.0),
        (1e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    )
    tried = sorted(((loss(w), w) for w in itertools.starmap(pooling.Weights, grid)), key=lambda pair: pair[0])
    for value, weights in [*tried[:8], (loss(pooling.FITTED), pooling.FITTED)]:
        print(f"log loss {value:.4f}: {weights}")
    own = float(np.mean([_loss(ours[k], samples[k]) for k in kept]))
    print(f"own reader alone {own:.4f}")


def main() -> None:
    """Collect, report or fit."""
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    todo = parser.add_subparsers(dest="todo", required=True)
    one = todo.add_parser("collect", help="keep the cells of a folder of documents with truth")
    one.add_argument("folder", type=Path)
    one.add_argument("target", type=Path)
    one.add_argument("--first", type=int, default=0)
    one.add_argument("--count", type=int, default=10_000)
    for name in ("report", "fit"):
        other = todo.add_parser(name)
        other.add_argument("samples", type=Path, nargs="+")
        other.add_argument("--network", type=Path, help="an ONNX file to measure instead of the packaged one")
        other.add_argument("--below", type=float, default=load_settings().second_below)
        other.add_argument("--wrong", action="store_true", help="list what is wrong")
    a = parser.parse_args()
    if a.todo == "collect":
        collect(a.folder, a.target, a.first, a.count)
    elif a.todo == "report":
        report(a.samples, a.network, a.below, a.wrong)
    else:
        fit(a.samples, a.network, a.below)


if __name__ == "__main__":
    main()
