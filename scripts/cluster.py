"""Measures workers on a real PostgreSQL: throughput of one and of two, what the queue costs beside the reading, how full batches are.

``python -m scripts.cluster workers --server postgresql://user@host --work DIR FILES...`` (needs the right to create databases)
``python -m scripts.cluster batches --slots 16 FILES...`` (cells of real pages through shared networks; no database)
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

GIKOCR = [sys.executable, "-m", "gikocr"]


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    workers = kinds.add_parser("workers")
    workers.add_argument("--server", required=True, help="URL without a database")
    workers.add_argument("--postmaster", type=int, default=0, help="process id of the server, to count its CPU time")
    workers.add_argument("--work", type=Path, required=True)
    workers.add_argument("--counts", type=int, nargs="+", default=[1, 2])
    workers.add_argument("files", type=Path, nargs="+")
    workers.set_defaults(run=measure_workers)
    batches = kinds.add_parser("batches")
    batches.add_argument("--slots", type=int, default=16, help="documents read at the same time")
    batches.add_argument("--wait", type=float, default=0.05, help="seconds that a cell waits at most")
    batches.add_argument("--times", type=int, default=8, help="how often each slot brings each document")
    batches.add_argument("files", type=Path, nargs="+")
    batches.set_defaults(run=measure_batches)
    arguments = parser.parse_args()
    arguments.run(arguments)


def measure_workers(arguments: argparse.Namespace) -> None:
    """Read the same documents with so many workers of one slot each; prints wall and CPU times."""
    for count in arguments.counts:
        with _database(arguments.server) as url:
            _measure(url, arguments.work / f"workers-{count}", count, arguments.files, arguments.postmaster)


def _measure(url: str, out: Path, count: int, files: Sequence[Path], postmaster: int) -> None:
    import psycopg

    where = ["-w", str(out), "--database", url]
    subprocess.run([*GIKOCR, "db", "upgrade", *where], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*GIKOCR, "submit", *map(str, files), *where], check=True, stdout=subprocess.DEVNULL)
    server, before = _server_seconds(postmaster), _children_seconds()
    workers = [
        subprocess.Popen(
            [*GIKOCR, "worker", *where, "--slots", "1", "--device", "cpu", "--drain"], stderr=subprocess.DEVNULL
        )
        for _ in range(count)
    ]
    for worker in workers:
        worker.wait()
    whole = _children_seconds() - before
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), max(finished_at::timestamptz) - min(started_at::timestamptz), sum(attempt) FROM job "
            "WHERE finished_at IS NOT NULL"
        ).fetchone()
        cpu = connection.execute("SELECT sum(cpu_own), sum(cpu_reading), sum(pages) FROM job_worker").fetchone()
    assert row is not None
    assert cpu is not None
    served = _server_seconds(postmaster) - server
    seconds = row[1].total_seconds()
    print(
        f"{count} workers: {row[0]} documents, {cpu[2]} pages, {row[2]} attempts in {seconds:.1f} s "
        f"({3600 * row[0] / seconds:.0f} documents an hour); CPU: reading {cpu[1]:.1f} s, workers' own processes {cpu[0]:.1f} s, "
        f"all processes {whole:.1f} s, database server {served:.1f} s"
    )


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _server_seconds(postmaster: int) -> float:
    """CPU time of a server and its processes, those that ended included."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(path.parent.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif postmaster and int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _database(server: str) -> Iterator[str]:
    import psycopg

    name = f"cluster_{os.urandom(4).hex()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def measure_batches(arguments: argparse.Namespace) -> None:
    """Bring the pictures of real documents from many threads at once, as reading processes would; prints how full batches were."""
    from gikocr.engines.registry import Engines
    from gikocr.ingest import Input
    from gikocr.jobs.batching import Batches, make_batches
    from gikocr.pipeline import Pipeline
    from gikocr.settings import Settings

    settings = Settings()
    asked: list[list[tuple[str, list[object]]]] = []
    for path in arguments.files:
        noted: list[tuple[str, list[object]]] = []
        engines = _Noting(Engines(settings), noted)
        Pipeline(settings, engines=engines).extract(Input(path.name, (path,)))  # type: ignore[arg-type]
        asked.append(noted)
    shared: Batches = make_batches(settings, "cpu", wait=arguments.wait)

    def bring(slot: int) -> None:
        for turn in range(arguments.times):
            for kind, pictures in asked[(slot + turn) % len(asked)]:
                shared.read(kind, pictures)  # type: ignore[arg-type]

    began, cpu = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=bring, args=(slot,)) for slot in range(arguments.slots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    filled = shared.filled()
    print(
        f"{arguments.slots} slots: {filled.items} pictures in {filled.batches} batches with room for {filled.room}: "
        f"{filled.items / filled.room:.1%} full; {time.monotonic() - began:.1f} s, {time.process_time() - cpu:.1f} s of CPU"
    )
    for kind, (items, room) in shared.filled_by_kind().items():
        print(f"  {kind}: {items / room:.1%} of {room}")
    shared.end()


class _Noting:
    """Engines that note the pictures that their readers are given."""

    def __init__(self, engines: object, noted: list[tuple[str, list[object]]]) -> None:
        self._engines, self._noted = engines, noted

    def __getattr__(self, name: str) -> object:
        return getattr(self._engines, name)

    def line_reader(self) -> object:
        return self._note("lines", self._engines.line_reader())  # type: ignore[attr-defined]

    def label_reader(self) -> object:
        labels = self._engines.label_reader()  # type: ignore[attr-defined]
        return None if labels is None else self._note("labels", labels)

    def cell_reader(self) -> object:
        return self._note("cells", self._engines.cell_reader())  # type: ignore[attr-defined]

    def second_reader(self) -> object:
        return self._note("second", self._engines.second_reader())  # type: ignore[attr-defined]

    def _note(self, kind: str, reader: object) -> object:
        plain = reader.read  # type: ignore[attr-defined]

        def read(pictures: Sequence[object]) -> object:
            if pictures:
                self._noted.append((kind, list(pictures)))
            return plain(pictures)

        reader.read = read  # type: ignore[attr-defined]
        return reader


if __name__ == "__main__":
    main()
