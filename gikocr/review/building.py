"""Makes an item of a field: its headings, alternatives, sums, suggestion, and where its picture or its text is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from gikocr.errors import WorkspaceError
from gikocr.forms import Form
from gikocr.review.items import Box, Item, Passage
from gikocr.review.passages import Passages
from gikocr.review.places import Places
from gikocr.review.queueing import Asked
from gikocr.review.reports import NOTHING_HIDDEN, Hidden, Reports, Values, choices, spec_of, suggestion
from gikocr.settings import Settings
from gikocr.workspace import Pictures, StoredField, StoredReport, Workspace


class ItemBuilder:
    """Builds items for one station."""

    def __init__(
        self, workspace: Workspace, reports: Reports, pictures: Pictures, form: Form, settings: Settings
    ) -> None:
        self._reports = reports
        self._pictures = pictures
        self._form = form
        self._passages = Passages(workspace, settings)
        self.places = Places(form)

    def items(self, asked: Sequence[Asked], hidden: Hidden = NOTHING_HIDDEN) -> list[Item]:
        """Items of fields, in the same order; of the ``hidden`` fields no sum tells anything."""
        values = self._reports.around([a.field for a in asked])
        return [self._item(a, values[a.field.report_id], hidden) for a in asked if a.field.report_id in values]

    def _item(self, asked: Asked, values: Values, hidden: Hidden) -> Item:
        field, report = asked.field, values.report
        parsed = self._reports.parsed(report)["fields"][field.field_id]
        row, column = self._reports.headings(field)
        sums = self._reports.sums(values, field.field_id, hidden=hidden)
        readings = choices(values, parsed, field)
        cell = self.places.cell(values, field)
        if asked.blind:
            # Nothing of what was read or answered goes out with it.
            field, readings, sums = unread(field), (), ()
        spec = spec_of(self._form, field.edition, field.field_id)
        signed = spec is not None and spec.kind == "signed_integer"
        return Item(
            field=field,
            report=report,
            version=field.version,
            alternatives=readings,
            row=row,
            column=column,
            sums=sums,
            suggestion=suggestion(field, sums, readings, signed=signed),
            crop_id=None if cell.bbox is None else crop_id(report, cell),
            page_id=None if cell.page is None else page_id(report, cell.page),
            page=cell.page,
            bbox=self.share_of_page(report, cell),
            passage=self._passage(values, cell),
            sample=asked.sample,
            blind=asked.blind,
            handed_up=asked.handed_up,
            keying=asked.keying,
            place=asked.place,
            locked=asked.locked,
            signed=signed,
        )

    def share_of_page(self, report: StoredReport, cell: StoredField) -> Box | None:
        """Left, top, right and bottom of a cell as shares of its page; None without a place, and where the page cannot be opened."""
        if cell.page is None or cell.bbox is None:
            return None
        try:
            width, height = self._pictures.size(report, cell.page)
        except WorkspaceError:
            return None
        left, top, right, bottom = cell.bbox
        return left / width, top / height, right / width, bottom / height

    def _passage(self, values: Values, cell: StoredField) -> Passage | None:
        evidence = self._reports.parsed(values.report)["fields"][cell.field_id].get("evidence")
        return self._passages.around(values.report, evidence, cell.printed or "")


def unread(field: StoredField) -> StoredField:
    """A field as it would be if nobody had read or decided it."""
    return replace(
        field, value=None, printed=None, state="unreadable", confidence=None, suggestion=None, decided=None, harm=0.0
    )


def crop_id(report: StoredReport, cell: StoredField) -> str:
    """The id of the picture of a cell: the report, the place in it, and a mark that changes with content and box."""
    mark = hashlib.sha256(repr((report.sha256, cell.page, cell.bbox)).encode()).hexdigest()[:8]
    return f"c{report.id}-{cell.position}-{mark}"


def page_id(report: StoredReport, page: int) -> str:
    """The id of the picture of a page: the report, the page, and a mark that changes with the content.

    A browser keeps pictures by their ids. Without the mark it would show a page of another workspace that was served at the same
    address before, or of a document that was read anew.
    """
    mark = hashlib.sha256(repr((report.sha256, page)).encode()).hexdigest()[:8]
    return f"p{report.id}-{page}-{mark}"
