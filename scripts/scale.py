"""A simulated archive: how long reading, resuming and exporting take beside the reader itself, and how much memory they need.

``python -m scripts.scale --documents 200000 --work DIR`` makes so many small files. ``--steps`` says what is done with them, each in a
process of its own of which wall time, CPU time and peak memory are printed:

* ``read``: ``gikocr extract`` with a stub in the place of the reader, behind the pipeline's real interface; folder walk, hashing, JSON,
  form readings and database are real;
* ``fill``: the workspace that ``read`` would leave, written straight into the tables, where an hour of ``read`` is too long;
* ``resume``: ``gikocr extract`` again, with nothing to do;
* ``csv``, ``parquet``, ``json``, ``xlsx``: ``gikocr export``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gikocr import __version__
from gikocr.elements import FORM_READING_VERSION, FormReading
from gikocr.forms import load_form
from gikocr.ingest import Input, describe_source
from gikocr.report import DocumentInfo, Evidence, Field, Report, SourceInfo, TableInfo
from gikocr.settings import Settings

#: Files in one folder, as archives of one authority and year have.
FILES_IN_FOLDER = 1000

#: Every so many fields waits for review.
DOUBTFUL_EVERY = 40


@dataclass(frozen=True)
class StubExtraction:
    """What the stub gives for one document."""

    report: Report
    form_reading: FormReading | None
    overlays: tuple[tuple[int, bytes], ...] = ()
    more: tuple[StubExtraction, ...] = ()


class StubPipeline:
    """Gives each document made-up fields at once, with the ids of the real form."""

    fields_each = 8

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        edition = next(iter(load_form(settings.form).editions.values()))
        chosen = [field for field in edition.fields.values() if field.table == "三"][: self.fields_each]
        self._ids = [field.id for field in chosen]
        if len(self._ids) < self.fields_each:
            self._ids = [field.id for field in edition.fields.values()][: self.fields_each]
        self._tables = {key: TableInfo(edition=edition.id, status="read", confidence=0.99) for key in edition.tables}
        self._count = 0

    def extract(self, item: Input, *, overlay: bool = False) -> StubExtraction:
        """A report on a document that is not looked at, except to hash it."""
        self._count += 1
        fields = tuple(self._field(field_id, self._count + k) for k, field_id in enumerate(self._ids))
        report = Report(
            gikocr=__version__,
            fingerprint="stub",
            source=SourceInfo.of(describe_source(item, self._settings)),
            status="complete",
            document=DocumentInfo(agency=f"第{self._count // 10}局", year=2014 + self._count % 10, edition="2021"),
            tables=self._tables,
            fields=fields,
        )
        return StubExtraction(report, FormReading(FORM_READING_VERSION, self._settings.form, (), (), ()))

    def _field(self, field_id: str, number: int) -> Field:
        doubtful = number % DOUBTFUL_EVERY == 0
        return Field(
            id=field_id,
            value=number % 1000,
            printed=str(number % 1000),
            state="read",
            unit="件",
            confidence=0.7 if doubtful else 0.9999,
            confidence_kind="posterior",
            needs_review=doubtful,
            evidence=Evidence(page=1, bbox=(10, 20, 60, 35), unit="pt", reader="stub"),
        )


def make_files(folder: Path, count: int) -> None:
    """Small text files, each with content of its own, a thousand to a folder."""
    for number in range(count):
        path = folder / f"{number // FILES_IN_FOLDER:05}" / f"{number:08}.txt"
        if number % FILES_IN_FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"政府信息公开工作年度报告 {number}\n", encoding="utf-8")


def fill(work: Path) -> None:
    """Write documents, sources, reports and fields into the tables, a thousand at a time; every JSON is that of the first document."""
    import hashlib

    import sqlalchemy as sa

    from gikocr.ingest import find_inputs
    from gikocr.jobs.submitting import run_fingerprint
    from gikocr.settings import load_settings
    from gikocr.workspace import Workspace, recording, schema, sources
    from gikocr.workspace.rows import now

    settings = load_settings()
    fingerprint = run_fingerprint(settings)
    pipeline = StubPipeline(settings)
    form = load_form(settings.form)
    tables = recording.table_of_fields(form)
    number = 0
    inputs = find_inputs([work / "files"])
    with Workspace.open(work / "out") as workspace:
        while batch := list(islice(inputs, FILES_IN_FOLDER)):
            rows: dict[str, list[dict[str, object]]] = {"document": [], "source": [], "report": [], "field": []}
            for item in batch:
                number += 1
                report = pipeline.extract(item).report
                if number == 1:
                    text = report.to_json()
                    body = recording.pack_report(text)
                path = f"{item.name}.json"
                target = work / "out" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                digest = hashlib.sha256(item.paths[0].read_bytes()).hexdigest()
                rows["document"].append({"id": number, "sha256": digest, "media_type": "text/plain", "pages": 1})
                rows["source"].append(
                    {
                        "key": sources.source_key(item),
                        "name": item.name,
                        "paths": str(item.paths[0]),
                        "stamp": sources.stamp(item),
                    }
                    | {"document_id": number, "fingerprint": fingerprint, "seen_at": now()}
                )
                document = report.document
                rows["report"].append(
                    {
                        "id": number,
                        "document_id": number,
                        "number": 1,
                        "fingerprint": fingerprint,
                        "current": True,
                        "name": item.name,
                    }
                    | {
                        "path": path,
                        "form": form.id,
                        "status": "complete",
                        "agency": document.agency,
                        "year": document.year,
                    }
                    | {"edition": "2021", "fields": len(report.fields), "seconds": 0.0, "read_at": now(), "body": body}
                    | {"waiting": sum(f.needs_review for f in report.fields)}
                )
                fields = enumerate(report.fields)
                rows["field"] += [recording.field_row(number, k, f, report, tables) for k, f in fields]
            with workspace.database.write() as connection:
                for table, made in rows.items():
                    connection.execute(sa.insert(schema.metadata.tables[table]), made)


def extract(work: Path) -> None:
    """The real command on the made files, with the stub in the reader's place, in one process."""
    from gikocr.cli.extraction import Choices, run
    from gikocr.settings import load_settings

    choices = Choices(workers=1, log_format="json")
    run([work / "files"], work / "out", load_settings(), choices, make_pipeline=StubPipeline)


def measured(work: Path, name: str, command: list[str]) -> None:
    """Run a step in a process of its own, and print what it took."""
    with (work / f"{name}.log").open("w") as log:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
        # The usage of this very child; RUSAGE_CHILDREN would give the largest of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    figures = {
        "step": name,
        "exit": os.waitstatus_to_exitcode(status),
        "wall_s": round(wall, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }
    print(json.dumps(figures), flush=True)


def main() -> None:
    """Make the archive where it is not there yet, and measure the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--fields", type=int, default=StubPipeline.fields_each, help="fields of each report")
    parser.add_argument("--work", type=Path, required=True, help="folder for files and results; takes gigabytes")
    parser.add_argument("--step", choices=["extract", "fill"], help="run one step in this process")
    parser.add_argument("--steps", default="read,resume,parquet,csv")
    options = parser.parse_args()
    StubPipeline.fields_each = options.fields
    if options.step:
        (fill if options.step == "fill" else extract)(options.work)
        return
    files = options.work / "files"
    if not files.exists():
        make_files(files, options.documents)
    again = ["-m", "scripts.scale", "--work", str(options.work), "--fields", str(options.fields), "--step"]
    for step in options.steps.split(","):
        if step in ("read", "resume", "fill"):
            measured(options.work, step, [*again, "fill" if step == "fill" else "extract"])
        else:
            export = ["-m", "gikocr", "export", str(options.work / "out"), "--format", step]
            measured(options.work, step, [*export, "-o", str(options.work / f"tables-{step}")])
    database = options.work / "out" / "gikocr.db"
    print(json.dumps({"database_mb": round(database.stat().st_size / 1e6, 1)}))


if __name__ == "__main__":
    main()
