"""Reads documents with one engine and says what each page cost; a process of its own for ``scripts.bench``.

Arguments: the engine, then one argument for each document: its pages, joined by commas. Prints one JSON object: CPU seconds
of starting, CPU seconds of each page in the given order and of the stages, and the peak of memory in MiB. The first
document is read once beforehand and not counted, so that no page pays for what is loaded lazily.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

Read = Callable[[tuple[Path, ...]], Mapping[str, float]]
"""Reads pages and returns the CPU seconds of the stages, where they are known."""


def gikocr() -> Read:
    """The whole of gikocr, from the file to the report."""
    from gikocr.ingest import Input
    from gikocr.pipeline import Pipeline
    from gikocr.settings import load_settings

    pipeline = Pipeline(load_settings())
    return lambda pages: pipeline.extract(Input(pages[0].name, pages)).report.provenance.seconds


def rapidocr() -> Read:
    """RapidOCR on the full page: its own interface and default settings, except for one thread and a quiet log."""
    from rapidocr import RapidOCR

    threads = "EngineConfig.onnxruntime"
    quiet = {"Global.log_level": "error"}
    engine = RapidOCR(params={f"{threads}.intra_op_num_threads": 1, f"{threads}.inter_op_num_threads": 1, **quiet})

    def read(pages: tuple[Path, ...]) -> Mapping[str, float]:
        for page in pages:
            engine(page)
        return {}

    return read


ENGINES = {"gikocr": gikocr, "rapidocr": rapidocr}


def main(engine: str, documents: list[tuple[Path, ...]]) -> None:
    """Read the pages and print what they cost."""
    # One core: no library can start a thread that helps.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import cv2

    cv2.setNumThreads(1)
    read = ENGINES[engine]()
    read(documents[0])
    start = time.process_time()
    seconds: list[float] = []
    stages = Counter[str]()
    if engine == "rapidocr":  # it knows no documents, only pages
        documents = [(page,) for document in documents for page in document]
    for pages in documents:
        began = time.process_time()
        stages.update(read(pages))
        seconds += [(time.process_time() - began) / len(pages)] * len(pages)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"start": start, "seconds": seconds, "peak_mib": peak, "stages": stages}))


if __name__ == "__main__":
    main(sys.argv[1], [tuple(map(Path, pages.split(","))) for pages in sys.argv[2:]])
