"""What reviewers decided, as labels: pictures of cells with what is printed in them, and truth files for ``gikocr calibrate``."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gikocr.elements import Page
from gikocr.errors import WorkspaceError
from gikocr.report.json_text import write as write_json
from gikocr.review.places import Places
from gikocr.review.reports import Reports, Values
from gikocr.review.shifting import SHIFT
from gikocr.workspace import Decision, Pictures, Selection, StoredField, StoredReport, Workspace
from gikocr.workspace.atomic import write_file
from gikocr.workspace.pictures import cut_out
from gikocr.workspace.rows import EVERYTHING, amount_text

LABELS = "labels.jsonl"
#: Room around a cell in its picture, in heights of the cell.
CROP_MARGIN = 0.25

#: How marks are written; what stands in a cell of another state is not known to the letter.
MARKS = {"blank": "", "slash": "/", "dash": "-", "none_word": "无"}

#: Decided, but no label: nobody could read what is printed, or nobody looked at the cell.
_NO_LABEL = frozenset({"unreadable"})


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many pictures or files, and the documents of which the pages could not be opened."""

    count: int
    unopened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Labelled:
    field: StoredField
    decision: Decision


class Labels:
    """Labels of one workspace."""

    def __init__(self, workspace: Workspace, reports: Reports, pictures: Pictures, places: Places) -> None:
        self._workspace = workspace
        self._reports = reports
        self._pictures = pictures
        self._places = places

    def write_crops(self, out: Path, selection: Selection = EVERYTHING) -> Written:
        """Write a PNG of every decided cell and ``labels.jsonl``, one line each, with what is printed and what was read.

        ``text`` is what stands in the cell to the letter, null where the person gave a state that does not say. ``group`` is the agency
        as read, or the content where none was: labels of one group belong on one side of a split.

        Raises:
            WorkspaceError: something cannot be written.
        """
        lines, unopened = [], []
        for values, labelled in self._decided(selection):
            try:
                for found in labelled:
                    line = self._crop(values, found, out)
                    if line is not None:
                        lines.append(json.dumps(line, ensure_ascii=False))
            except WorkspaceError:
                unopened.append(values.report.name)
        write_file(out / LABELS, "".join(f"{line}\n" for line in lines).encode("utf-8"))
        return Written(len(lines), tuple(unopened))

    def write_truth(self, out: Path, selection: Selection = EVERYTHING, *, whole: bool = True) -> Written:
        """Write a truth file for each reviewed document, named like its JSON, as ``gikocr evaluate`` and ``calibrate`` read them.

        Agency and year are left out: nobody confirmed them.

        Args:
            out: the folder.
            selection: which reports.
            whole: only documents of which every field was decided. The decided fields of others are the doubtful ones, which say
                nothing of how often sure ones are wrong.

        Raises:
            WorkspaceError: something cannot be written.
        """
        count = 0
        for values, labelled in self._decided(selection):
            open_fields = [f for f in values.fields.values() if f.decided is None or f.waiting]
            fields = {f.field.field_id: _truth(f.field) for f in labelled}
            if not fields or (whole and open_fields):
                continue
            content = {
                "file": values.report.name,
                "tables": dict(values.editions()),
                "fields": fields,
                "inferred": [],
                "tags": ["reviewed", "whole" if not open_fields else "in_part"],
            }
            write_file(out / values.report.path, write_json(content).encode("utf-8"))
            count += 1
        return Written(count)

    def _decided(self, selection: Selection) -> Iterator[tuple[Values, list[_Labelled]]]:
        for report_id in self._workspace.reviews.decided_reports():
            values = self._reports.values([report_id]).get(report_id)
            if values is None or not _fits(values.report, selection):
                continue
            standing = self._workspace.reviews.standing(report_id)
            yield (
                values,
                [
                    _Labelled(f, standing[i])
                    for i, f in values.fields.items()
                    if f.decided is not None
                    and not f.waiting
                    and f.decided.state not in _NO_LABEL
                    and i in standing
                    and standing[i].kind != SHIFT
                ],
            )

    def _crop(self, values: Values, found: _Labelled, out: Path) -> Mapping[str, Any] | None:
        field, report, decided = found.field, values.report, found.field.decided
        cell = self._places.cell(values, field)
        if cell.page is None or cell.bbox is None or decided is None:
            return None
        page = self._pictures.pixels(report, cell.page)
        cut = cut_out(page, cell.bbox, CROP_MARGIN)
        if cut is None:
            return None
        name = f"crops/{report.sha256[:16]}-{report.number}-{field.position:03d}.png"
        write_file(out / name, _png(page, cut))
        unchanged = (field.value, field.state) == (decided.value, decided.state)
        printed = field.printed if unchanged else MARKS.get(decided.state, amount_text(decided.value))
        return {
            "picture": name,
            "text": printed if decided.state == "read" or decided.state in MARKS else None,
            "value": amount_text(decided.value),
            "state": decided.state,
            "read_text": field.printed,
            "read_state": field.state,
            "confidence": field.confidence,
            "kind": found.decision.kind,
            "by": decided.by,
            "at": decided.at.isoformat(timespec="seconds"),
            "document": report.name,
            "sha256": report.sha256,
            "field": field.field_id,
            "page": cell.page,
            "bbox": list(cell.bbox),
            "unit": cell.box_unit,
            "cut": list(cut),
            "group": report.agency_key or report.sha256,
        }


def _fits(report: StoredReport, selection: Selection) -> bool:
    wanted = (selection.agency, selection.year)
    return all(w is None or w == own for w, own in zip(wanted, (report.agency, report.year), strict=True))


def _truth(field: StoredField) -> dict[str, Any]:
    decided = field.decided
    assert decided is not None  # only decided fields are labelled
    return {"value": decided.value, "state": decided.state}


def _png(page: Page, cut: tuple[int, int, int, int]) -> bytes:
    from PIL import Image

    left, top, right, bottom = cut
    buffer = io.BytesIO()
    Image.fromarray(page.image[top:bottom, left:right]).convert("L").save(buffer, "PNG")
    return buffer.getvalue()
