"""What goes between a process that reads documents and its parent: JSON text, never pickles.

The child has decoded a stranger's file. Whatever it has become, the parent must be able to take its words.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from gikocr.elements import Candidate, CellReading, LineText
from gikocr.ingest import Input
from gikocr.jobs.reading import Outcome
from gikocr.report import Report
from gikocr.settings import Settings
from gikocr.workspace import form_readings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gikocr.elements import Image

#: Bytes of the longest message that is taken: a report with the pictures of 200 pages is far shorter.
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Task:
    """A document for a reading process."""

    item: Input
    settings: Settings
    fingerprint: str
    overlay: bool = False
    cpu_seconds: int = 0


def task_bytes(task: Task) -> bytes:
    """A task as bytes."""
    whole = {
        "name": task.item.name,
        "paths": [str(path) for path in task.item.paths],
        "settings": dataclasses.asdict(task.settings),
        "fingerprint": task.fingerprint,
        "overlay": task.overlay,
        "cpu_seconds": task.cpu_seconds,
    }
    return json.dumps(whole).encode("ascii")


def read_task(message: bytes) -> Task:
    """What :func:`task_bytes` wrote."""
    whole = json.loads(message)
    item = Input(whole["name"], tuple(Path(path) for path in whole["paths"]))
    return Task(item, Settings(**whole["settings"]), whole["fingerprint"], whole["overlay"], whole["cpu_seconds"])


def outcome_bytes(outcome: Outcome, cpu_seconds: float = 0.0) -> bytes:
    """An outcome as bytes, with the CPU time that it took."""
    found = [_one(each) for each in (outcome, *outcome.more)]
    whole = {"found": found, "seconds": outcome.seconds, "traceback": outcome.traceback, "cpu_seconds": cpu_seconds}
    return json.dumps(whole).encode("ascii")


def read_outcome(message: bytes) -> tuple[Outcome, float]:
    """What :func:`outcome_bytes` wrote.

    Raises:
        ValueError: the message is no outcome, or holds no report of this version.
    """
    try:
        whole = json.loads(message)
        first, *more = (_read_one(each) for each in whole["found"])
        seconds, cpu, trace = float(whole["seconds"]), float(whole["cpu_seconds"]), str(whole["traceback"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("the message is no outcome") from error
    return dataclasses.replace(first, seconds=seconds, traceback=trace, more=tuple(more)), cpu


def _one(outcome: Outcome) -> dict[str, Any]:
    reading = outcome.form_reading
    return {
        "report": outcome.report.to_json(),
        "form_reading": None if reading is None else base64.b64encode(form_readings.pack(reading)).decode("ascii"),
        "overlays": [[page, base64.b64encode(png).decode("ascii")] for page, png in outcome.overlays],
    }


def _read_one(whole: dict[str, Any]) -> Outcome:
    reading = whole["form_reading"]
    return Outcome(
        Report.from_json(whole["report"].encode("utf-8")),
        None if reading is None else form_readings.unpack(base64.b64decode(reading)),
        tuple((int(page), base64.b64decode(png)) for page, png in whole["overlays"]),
        0.0,
    )


Asked = Literal["lines", "labels", "cells", "second", "score", "second_score"]
"""Which reader is asked for what: lines of text, labels quickly, cells by the first or the second reader, scores of strings by one of
these."""


def question_bytes(asked: Asked, crops: Sequence[Image], strings: Sequence[str] = ()) -> bytes:
    """Pictures for the readers of the parent: grey (H, W) uint8."""
    head = json.dumps({"asked": asked, "shapes": [crop.shape for crop in crops], "strings": list(strings)})
    return b"\n".join(
        [head.encode("ascii"), b"".join(np.ascontiguousarray(crop, np.uint8).tobytes() for crop in crops)]
    )


def read_question(message: bytes) -> tuple[Asked, list[Image], list[str]]:
    """What :func:`question_bytes` wrote.

    Raises:
        ValueError: the message is none.
    """
    head, _, pixels = message.partition(b"\n")
    crops, start = [], 0
    try:
        whole = json.loads(head)
        for height, width in whole["shapes"]:
            if height < 1 or width < 1:
                raise ValueError("a picture without pixels")
            part = np.frombuffer(pixels, np.uint8, height * width, start)
            crops.append(part.reshape(height, width))
            start += height * width
        asked, strings = whole["asked"], [str(s) for s in whole["strings"]]
    except (KeyError, TypeError) as error:
        raise ValueError("the message is no question") from error
    if asked not in get_args(Asked):
        raise ValueError(f"nobody can be asked for {asked!r}")
    return asked, crops, strings


def answer_bytes(answer: Sequence[LineText] | Sequence[CellReading] | Sequence[float]) -> bytes:
    """What the readers answered."""
    return json.dumps([_plain(each) for each in answer]).encode("ascii")


def _plain(each: LineText | CellReading | float) -> Any:
    if isinstance(each, LineText):
        return [each.text, each.score]
    if isinstance(each, CellReading):
        return [each.reader, [[c.printed, c.state, c.log_probability, c.implied] for c in each.candidates]]
    return None if each == -math.inf else each


def read_lines(message: bytes) -> list[LineText]:
    """An answer on lines."""
    return [LineText(text, score) for text, score in json.loads(message)]


def read_cells(message: bytes) -> list[CellReading]:
    """An answer on cells."""
    return [CellReading(tuple(Candidate(*c) for c in candidates), reader) for reader, candidates in json.loads(message)]


def read_scores(message: bytes) -> list[float]:
    """An answer on scores."""
    return [-math.inf if score is None else score for score in json.loads(message)]
