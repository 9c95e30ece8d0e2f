"""A pipeline that uses up what its document's name says. Reading processes import it by name."""

from __future__ import annotations

import os
import socket
import time

from fake_pipeline import FakeExtraction, make_report

import gikocr.jobs.wire
from gikocr.ingest import Input
from gikocr.report import DocumentInfo
from gikocr.settings import Settings


class HungryPipeline:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hoard: list[bytearray] = []

    def extract(self, item: Input, *, overlay: bool = False) -> FakeExtraction:
        what, _, much = item.name.removesuffix(".pdf").partition("-")
        said = str(os.getpid())
        if what == "burn":
            until = time.process_time() + float(much.partition("-")[0])
            while time.process_time() < until:
                pass
        elif what == "hoard":
            self.hoard.append(bytearray(b"x" * (int(much) * 2**20)))
        elif what == "connect":
            try:
                socket.create_connection(("127.0.0.1", int(much)), timeout=3).close()
                said = "connected"
            except OSError:
                said = "unreachable"
        elif what == "say":
            message = item.paths[0].read_bytes()
            gikocr.jobs.wire.outcome_bytes = lambda *_: message
        report = make_report(item, self.settings, doubtful=False, failed=False)
        return FakeExtraction(report.model_copy(update={"document": DocumentInfo(agency=said)}), None, ())
