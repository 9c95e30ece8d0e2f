"""Pictures by id, and sheets of them. No path of a request ever reaches the file system: an id is looked up in the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gikocr.errors import WorkspaceError
from gikocr.review.building import crop_id, page_id
from gikocr.review.items import Sheet, SheetCell
from gikocr.review.places import Places
from gikocr.review.reports import Reports
from gikocr.review.sheets import PATIENCE, draw, unlikeness
from gikocr.workspace import Pictures, StoredField, StoredReport, Workspace

_CROP = re.compile(r"c([0-9]{1,18})-([0-9]{1,6})-([0-9a-f]{8})")
_PAGE = re.compile(r"(p([0-9]{1,18})-([0-9]{1,6})-[0-9a-f]{8})(-small)?")


class Shown:
    """The pictures that one station shows."""

    def __init__(self, workspace: Workspace, reports: Reports, pictures: Pictures, places: Places) -> None:
        self._workspace = workspace
        self._reports = reports
        self.pictures = pictures
        self._places = places

    def picture(self, picture_id: str) -> Path | None:
        """See :meth:`Desk.picture`."""
        try:
            if (match := _CROP.fullmatch(picture_id)) is not None:
                return self._crop(int(match[1]), int(match[2]), picture_id)
            if (match := _PAGE.fullmatch(picture_id)) is not None:
                return self._page(match[1], int(match[2]), int(match[3]), match[4] is not None)
        except WorkspaceError:
            return None
        return None

    def sheet(self, printed: str, fields: Sequence[StoredField], after: str | None) -> Sheet:
        """The cells with their pictures, those first that look least like the others; the rest as they come."""
        reports = self._reports.stored(f.report_id for f in fields)
        own = self._own_cells(fields, reports)
        drawn = self.draw(fields, seconds=PATIENCE)
        unlike = unlikeness(drawn)
        cells = []
        for field in fields:
            if field.report_id not in reports:
                continue
            report, cell = reports[field.report_id], own[field.report_id, field.field_id]
            score = unlike.get((cell.report_id, cell.field_id))
            cells.append(SheetCell(field, field.version, field.confidence or 0.0, score, crop_id(report, cell)))
        # Python sorts stably: cells without a picture keep their order by doubt.
        cells.sort(key=lambda c: -1.0 if c.unlikeness is None else -c.unlikeness - 2.0)
        return Sheet(printed, tuple(cells), after)

    def draw(self, fields: Sequence[StoredField], *, seconds: float) -> dict[tuple[int, str], Path]:
        """The pictures of fields' cells by report and field of the cell, as far as they are there or can be made in that time."""
        reports = self._reports.stored(f.report_id for f in fields)
        own = self._own_cells(fields, reports)
        places = [(reports[f.report_id], own[f.report_id, f.field_id]) for f in fields if f.report_id in reports]
        return draw(self.pictures, places, seconds=seconds)

    def _own_cells(
        self, fields: Sequence[StoredField], reports: dict[int, StoredReport]
    ) -> dict[tuple[int, str], StoredField]:
        """For each field the one in whose cell its number stands."""
        moved = [(f.report_id, f.cell_of) for f in fields if f.cell_of is not None and f.report_id in reports]
        others = {(f.report_id, f.field_id): f for f in self._workspace.reviews.fields(moved)}
        return {(f.report_id, f.field_id): others.get((f.report_id, f.cell_of or ""), f) for f in fields}

    def _page(self, asked: str, report_id: int, number: int, small: bool) -> Path | None:
        report = self._reports.stored([report_id]).get(report_id)
        if report is None or page_id(report, number) != asked:
            return None
        return self.pictures.small_page(report, number) if small else self.pictures.page(report, number)

    def _crop(self, report_id: int, position: int, picture_id: str) -> Path | None:
        report = self._reports.stored([report_id]).get(report_id)
        found = self._workspace.second_looks.at([(report_id, position)])
        if report is None or not found:
            return None
        cell = replace(found[0], cell_of=None)
        if cell.page is None:
            cell = self._places.cell(self._reports.values([report_id])[report_id], cell)
        return self.pictures.cell(report, cell) if crop_id(report, cell) == picture_id else None
