"""Times gikocr and rapidocr (full page) on the same table pages in one run: CPU seconds, one thread each.

The pages that hold tables are taken out of the documents of a folder and written as PNG with their resolution, so that
both engines decode the same files. rapidocr reads page by page; gikocr reads the table pages of a document together, as it
does in use (each alone with --alone), and a page counts its share. Each engine runs in a process of its own on one core.
The rounds of both alternate, and of each page the quickest round counts, as other work on the machine can only make it
slower.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from gikocr.ingest import Input, find_inputs, open_document
from gikocr.pipeline import Pipeline
from gikocr.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"

RATIO_WANTED = 0.3
"""gikocr's CPU seconds per table page over rapidocr's: more than this fails."""
HELP_WANTED = 0.4
"""CPU seconds of `gikocr --help`: more than this fails."""
INCH = 72
"""PDF points in an inch."""
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True, slots=True)
class Timing:
    """What one engine took.

    Attributes:
        pages: CPU seconds of each page, the quickest of the rounds.
        start: CPU seconds until the first counted page: interpreter, imports, models, one page for warming up.
        peak_mib: largest resident memory of the process, in MiB.
        stages: CPU seconds of all pages by stage, where the engine says so; of one round.
    """

    pages: tuple[float, ...]
    start: float
    peak_mib: float
    stages: Mapping[str, float]

    @property
    def mean(self) -> float:
        """CPU seconds per page."""
        return statistics.fmean(self.pages)


def table_pages(folder: Path, target: Path, most: int) -> list[list[Path]]:
    """Write the pages that hold fields of the form as PNG, document by document, until there are enough."""
    pipeline = Pipeline(load_settings())
    documents: list[list[Path]] = []
    for item in find_inputs([folder], group="folder"):
        places = [f.evidence.page for f in pipeline.extract(item).report.fields if f.evidence is not None]
        numbers = sorted({number for number in places if number is not None})[: most - sum(map(len, documents))]
        if numbers:
            name = f"{len(documents):03}"
            documents.append([_write_page(item, number, target / f"{name}-{number:03}.png") for number in numbers])
        if sum(map(len, documents)) >= most:
            break
    return documents


def _write_page(item: Input, number: int, path: Path) -> Path:
    with open_document(item, load_settings()) as document:
        page = document.read_page(number)
    dpi = page.dpi
    if dpi is None and page.unit == "pt":
        dpi = INCH * page.image.shape[1] / page.width
    # Little compression: what both engines need to decode the file should not hide what they need to read it.
    options: dict[str, Any] = {"compress_level": 1} if dpi is None else {"compress_level": 1, "dpi": (dpi, dpi)}
    Image.fromarray(page.image).save(path, **options)
    return path


def time_engines(documents: list[list[Path]], rounds: int) -> dict[str, Timing]:
    """Let both engines read the pages, in turns, and keep each page's quickest round."""
    runs: dict[str, list[Timing]] = {"gikocr": [], "rapidocr": []}
    for number in range(rounds):
        for engine, results in runs.items():
            began = time.monotonic()
            results.append(_run(engine, documents))
            print(f"  round {number + 1}: {engine}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return {engine: _quickest(results) for engine, results in runs.items()}


def _run(engine: str, documents: list[list[Path]]) -> Timing:
    pages = [",".join(map(str, pages)) for pages in documents]
    command = [sys.executable, "-m", "scripts.bench_reader", engine, *pages]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    return Timing(tuple(figures["seconds"]), figures["start"], figures["peak_mib"], figures["stages"])


def _quickest(runs: list[Timing]) -> Timing:
    return Timing(
        pages=tuple(min(seconds) for seconds in zip(*(run.pages for run in runs), strict=True)),
        start=min(run.start for run in runs),
        peak_mib=max(run.peak_mib for run in runs),
        stages=min((run.stages for run in runs), key=lambda stages: sum(stages.values())),
    )


def help_seconds(times: int = 5) -> float:
    """CPU seconds of ``gikocr --help``, the least of several."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    seconds = []
    for _ in range(times):
        before = used()
        subprocess.run([sys.executable, "-m", "gikocr", "--help"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        seconds.append(used() - before)
    return min(seconds)


def show(timings: dict[str, Timing], ratio: float, help_cpu: float, pages: int) -> None:
    """Print the table."""
    print(f"\nCPU time, one thread, {pages} table pages")
    print(f"{'':10}{'ms/page':>10}{'median':>10}{'slowest':>10}{'start s':>10}{'peak MiB':>10}")
    for engine, timing in timings.items():
        per_page = [1000 * s for s in timing.pages]
        figures = (1000 * timing.mean, statistics.median(per_page), max(per_page))
        print(f"{engine:10}" + "".join(f"{f:10.0f}" for f in figures) + f"{timing.start:10.2f}{timing.peak_mib:10.0f}")
        if timing.stages:
            stages = sorted(timing.stages.items(), key=lambda item: -item[1])
            print("  of which " + ", ".join(f"{name} {1000 * s / pages:.0f}" for name, s in stages))
    print(f"gikocr / rapidocr: {ratio:.3f} (at most {RATIO_WANTED:g})")
    print(f"gikocr --help: {help_cpu:.2f} CPU seconds (at most {HELP_WANTED:g})")


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark. Returns 1 when gikocr is slower than it should be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES, help="documents to take pages from (samples/)")
    parser.add_argument("--pages", type=int, default=12, help="most pages (default 12)")
    parser.add_argument("--alone", action="store_true", help="every page is a document of its own for gikocr")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each engine (default 2)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="gikocr-bench-") as work:
        documents = table_pages(arguments.folder, Path(work), arguments.pages)
        if arguments.alone:
            documents = [[page] for pages in documents for page in pages]
        if not documents:
            print(f"No page with a table was found in {arguments.folder}.", file=sys.stderr)
            return 2
        timings = time_engines(documents, arguments.rounds)
    pages = sum(map(len, documents))
    ratio = timings["gikocr"].mean / timings["rapidocr"].mean
    help_cpu = help_seconds()
    show(timings, ratio, help_cpu, pages)
    if arguments.json is not None:
        engines = {
            e: {"ms_per_page": 1000 * t.mean, "start": t.start, "peak_mib": t.peak_mib} for e, t in timings.items()
        }
        figures = {"pages": pages, "rounds": arguments.rounds, "ratio": ratio, "help_seconds": help_cpu, **engines}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return int(ratio > RATIO_WANTED or help_cpu > HELP_WANTED)


if __name__ == "__main__":
    sys.exit(main())
