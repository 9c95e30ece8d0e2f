"""Times the numeral reader on the fields of documents, CPU milliseconds for 190 cells on one thread, step by step."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from gikocr.engines.numerals import BATCH, build_onnx
from gikocr.ingest import find_inputs, open_document
from gikocr.ocr.blobs import batches
from gikocr.ocr.cells import GridInk
from gikocr.ocr.decoding import read_outputs
from gikocr.ocr.windows import cell_window, in_paler_ink, look_at
from gikocr.settings import load_settings
from scripts.reader.measure import Collector

CELLS = 190


def main() -> None:
    """Print what each step costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", type=Path, nargs="+")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    collector, reader = Collector(), build_onnx()
    spent: defaultdict[str, float] = defaultdict(float)
    cells = pages = 0
    for item in find_inputs(a.documents):
        with open_document(item, load_settings()) as document:
            grids, places = collector.places(document)
        wanted = [
            (grids[f.grid], f.box)
            for found in places.values()
            for f in (found[0].fields if found else ())
            if f.grid is not None and f.box is not None
        ]
        began = time.process_time()
        paler: dict[int, GridInk] = {}
        for grid, _ in wanted:
            if id(grid.ink) not in paler:
                paler[id(grid.ink)] = in_paler_ink(grid)
        at = time.process_time()
        spent["paler ink of the pages"] += at - began
        looks = [
            look_at(g, GridInk(g.grid, paler[id(g.ink)].ink, g.cells, g.height), b) for g, b in wanted if b is not None
        ]
        began, at = at, time.process_time()
        spent["looking"] += at - began
        windows = [w for look in looks if (w := cell_window(look)) is not None]
        began, at = at, time.process_time()
        spent["cropping"] += at - began
        blobs = [blob for _, blob in batches(windows, BATCH)]
        began, at = at, time.process_time()
        spent["scaling"] += at - began
        outputs = [np.asarray(reader.network(blob), np.float64) for blob in blobs]
        began, at = at, time.process_time()
        spent["network"] += at - began
        for output in outputs:
            read_outputs(output)
        spent["decoding"] += time.process_time() - at
        cells, pages = cells + len(wanted), pages + len(paler)
    print(f"{cells} cells on {pages} pages; CPU ms for {CELLS} cells:")
    for step, seconds in spent.items():
        print(f"{step:24}{seconds / max(1, cells) * CELLS * 1000:8.1f}")


if __name__ == "__main__":
    main()
