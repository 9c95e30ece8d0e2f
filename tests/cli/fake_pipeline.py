"""A pipeline for the tests of the command line: what it does with a document is told by the document's name.

Worker processes import it by name, so it must be importable outside pytest.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gikocr.elements import FormReading
from gikocr.errors import DamagedFile, ModelMissing
from gikocr.ingest import Input, describe_source
from gikocr.report import Alternative, Check, DocumentInfo, Evidence, Field, Issue, Report, SourceInfo, TableInfo
from gikocr.settings import Settings


@dataclass(frozen=True)
class FakeExtraction:
    report: Report
    form_reading: FormReading | None
    overlays: tuple[tuple[int, bytes], ...]
    more: tuple[FakeExtraction, ...] = ()


class FakePipeline:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def extract(self, item: Input, *, overlay: bool = False) -> FakeExtraction:
        if starts := os.environ.get("FAKE_STARTS"):
            with Path(starts).open("a") as file:
                file.write(f"{time.time()} {item.name}\n")
        self._mischief(item)
        report = make_report(item, self.settings, doubtful="doubt" in item.name, failed="bad" in item.name)
        reading = None if report.status == "failed" else FormReading(1, self.settings.form, (), (), ())
        return FakeExtraction(report, reading, ((1, b"\x89PNG"),) if overlay else ())

    def _mischief(self, item: Input) -> None:
        name = item.name
        if "kill" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "exit" in name:
            os._exit(7)
        if "stop" in name:
            os.kill(os.getpid(), signal.SIGSTOP)
        if "dies_once" in name and not item.paths[0].with_suffix(".died").exists():
            item.paths[0].with_suffix(".died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if "hungry" in name:
            self.hoard = bytearray(3 * 2**30)
        if "pause" in name:
            item.paths[0].with_suffix(".begun").touch()
            time.sleep(2)
        if "brief" in name:
            time.sleep(0.05 + int.from_bytes(name.encode(), "big") % 97 / 1000)
        if "steady" in name and not os.environ.get("FAKE_IN_A_HURRY"):
            time.sleep(2.0 + int.from_bytes(name.encode(), "big") % 97 / 97)
        if "slow" in name:
            item.paths[0].with_suffix(".begun").touch()
            time.sleep(60)
        if "interrupt" in name:
            raise KeyboardInterrupt
        if "bug" in name:
            raise ZeroDivisionError("a bug of ours")
        if "memory" in name:
            raise MemoryError
        if "damaged" in name:
            raise DamagedFile("It is broken.", advice="Scan it again.")
        if "model" in name:
            raise ModelMissing("model x: not there.", advice="Install it with: pip install x")


def make_report(item: Input, settings: Settings, *, doubtful: bool, failed: bool) -> Report:
    source = SourceInfo.of(describe_source(item, settings))
    common = {"gikocr": "0.1.0", "fingerprint": "fake", "source": source}
    if failed:
        issue = Issue(
            code="no_tables", severity="error", stage="layout", message="No table was found. Look at the scan."
        )
        return Report(**common, status="failed", issues=(issue,))
    field = Field(
        id="requests.received.natural_person",
        value=21,
        printed="21",
        state="read",
        unit="件",
        confidence=0.62 if doubtful else 0.9999,
        confidence_kind="posterior",
        needs_review=doubtful,
        alternatives=(Alternative(value=27, printed="27", state="read", probability=0.3),) if doubtful else (),
        evidence=Evidence(page=3, bbox=(1, 2, 3, 4), unit="pt"),
        checks=("row_total.received",),
    )
    verdict = "doubtful" if doubtful else "holds"
    check = Check(
        id="row_total.received",
        left=21,
        right=27 if doubtful else 21,
        difference=-6 if doubtful else 0,
        verdict=verdict,
        probability_broken=0.1,
    )
    document = DocumentInfo(agency="某某市[bold]财政局", year=2023, edition="2021")
    table = TableInfo(edition="2021", status="read", confidence=0.9)
    return Report(
        **common, status="complete", document=document, fields=(field,), checks=(check,), tables={"三": table}
    )
