"""Readers that work in the parent of reading processes, where cells and lines of all of them go through the networks together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gikocr.engines.registry import Engines
from gikocr.jobs import wire

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gikocr.elements import CellCut, CellReader, CellReading, Image, LineReader, LineText
    from gikocr.jobs.wire import Asked
    from gikocr.settings import Settings

#: How each cell reader wants its cells cut; a remote one cannot be asked before there is something to read.
CUTS: dict[str, CellCut] = {"numerals": "window", "numerals_torch": "window", "ppocr_v6_small_numerals": "print"}


class _Line:
    """One question at a time over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def ask(self, asked: Asked, crops: Sequence[Image], strings: Sequence[str] = ()) -> bytes:
        with self._lock:
            self._connection.send_bytes(wire.question_bytes(asked, crops, strings))
            return self._connection.recv_bytes(wire.MOST_BYTES)


class _RemoteLineReader:
    """Reads lines in the parent."""

    def __init__(self, line: _Line, name: str, asked: Asked) -> None:
        self.name = name
        self._line = line
        self._asked = asked

    def read(self, crops: Sequence[Image]) -> list[LineText]:
        """Read grey crops (H, W) uint8; the answers come in the same order."""
        return wire.read_lines(self._line.ask(self._asked, crops)) if crops else []


class _RemoteCellReader:
    """Reads cells in the parent."""

    def __init__(self, line: _Line, name: str, *, second: bool) -> None:
        self.name = name
        self.crop: CellCut = CUTS[name]
        self._line = line
        self._read: Asked = "second" if second else "cells"
        self._score: Asked = "second_score" if second else "score"

    def read(self, crops: Sequence[Image]) -> list[CellReading]:
        """Read grey crops (H, W) uint8; the answers come in the same order."""
        return wire.read_cells(self._line.ask(self._read, crops)) if crops else []

    def score(self, crop: Image, strings: Sequence[str]) -> list[float]:
        """Natural log probability of each string on the crop."""
        return wire.read_scores(self._line.ask(self._score, [crop], strings))


class RemoteEngines(Engines):
    """Engines whose networks are in the parent; the detector of regions and readers of whole pages stay in this process."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        super().__init__(settings)
        self._names = (settings.line_engine, settings.cell_engine, settings.second_engine)
        self._label_name = settings.label_engine
        self._line = _Line(connection)

    def line_reader(self) -> LineReader:
        """The reader of printed lines."""
        return _RemoteLineReader(self._line, self._names[0], "lines")

    def label_reader(self) -> LineReader | None:
        """The quick reader of labels, where one is named."""
        return _RemoteLineReader(self._line, self._label_name, "labels") if self._label_name else None

    def cell_reader(self) -> CellReader:
        """The reader of numerals."""
        return _RemoteCellReader(self._line, self._names[1], second=False)

    def second_reader(self) -> CellReader | None:
        """The reader that is asked where the first is doubtful, by the rule of :meth:`Engines.second_reader`."""
        return _RemoteCellReader(self._line, self._names[2], second=True) if self.has_second_reader else None
