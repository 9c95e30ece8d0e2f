"""A report laid out as the national form, with all that is known of each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gikocr.elements import State
from gikocr.forms import Form, Label, Section
from gikocr.review.building import ItemBuilder, crop_id, page_id
from gikocr.review.items import Box, Sum
from gikocr.review.reports import NOTHING_HIDDEN, Hidden, Reports, Values
from gikocr.workspace import StoredField, StoredReport
from gikocr.workspace.rows import Value


@dataclass(frozen=True, slots=True)
class FormCell:
    """A cell of the form.

    Attributes:
        value, state: as they stand: decided, else read.
        read_value, read_state, printed: what was read.
        doubtful: it waits for a person.
        decided_by: who decided; None: nobody.
        broken: the sums that it takes part in and that do not hold.
        bbox: as in ``Item``.
        cell_of: see ``StoredField``.
        hidden: a second answer is awaited from who looks at it: nothing of what was read and answered is told.
        locked: it waits for a senior, and who looks at it is none.
    """

    field_id: str
    version: int
    value: Value
    state: State
    read_value: Value
    read_state: State
    printed: str | None
    confidence: float | None
    doubtful: bool
    decided_by: str | None
    broken: tuple[str, ...]
    crop_id: str | None
    page: int | None
    bbox: Box | None
    cell_of: str | None
    hidden: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row with its headings, the outermost first, and its cells; None where the form has no number."""

    headings: tuple[str, ...]
    cells: tuple[FormCell | None, ...]


@dataclass(frozen=True, slots=True)
class FormBlock:
    """A part of a table with columns of its own. ``columns``: the headings of each, the outermost first."""

    heading: str | None
    corner: str | None
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class FormTable:
    """A table of the form in the edition that was found."""

    key: str
    edition: str
    heading: str
    blocks: tuple[FormBlock, ...]


@dataclass(frozen=True, slots=True)
class FormView:
    """A whole report. ``pages``: number and picture id of its pages; ``missing``: keys of tables that were not found."""

    report: StoredReport
    tables: tuple[FormTable, ...]
    missing: tuple[str, ...]
    pages: tuple[tuple[int, str], ...]
    sums: tuple[Sum, ...]


def form_view(
    values: Values,
    form: Form,
    reports: Reports,
    builder: ItemBuilder,
    *,
    hidden: Hidden = NOTHING_HIDDEN,
    locked: Hidden = NOTHING_HIDDEN,
) -> FormView:
    """Lay a report out. Tables of an edition that the form does not know are left out."""
    sums = reports.sums(values, hidden=hidden)
    broken: dict[str, list[str]] = {}
    for found in sums:
        if found.holds is False:
            for term in found.terms:
                broken.setdefault(term.field_id, []).append(found.rule_id)
    editions = dict(values.editions())
    cells = {i: _cell(f, values, tuple(broken.get(i, ())), builder) for i, f in values.fields.items()}
    for report_id, i in hidden:
        if report_id == values.report.id and i in cells:
            cells[i] = _covered(cells[i])
    for report_id, i in locked:
        if report_id == values.report.id and i in cells:
            cells[i] = replace(cells[i], locked=True)
    tables = []
    for key in form.table_keys:
        edition = editions.get(key)
        if edition is None or edition not in form.editions or key not in form.editions[edition].tables:
            continue
        table = form.table(key, edition)
        heading = table.headings[0].text if table.headings else key
        tables.append(FormTable(key, edition, heading, tuple(_block(s, cells) for s in table.sections)))
    has_pages = any(f.page is not None for f in values.fields.values())
    pages = tuple((n, page_id(values.report, n)) for n in range(1, values.report.pages + 1)) if has_pages else ()
    missing = tuple(k for k in form.table_keys if k not in editions)
    return FormView(values.report, tuple(tables), missing, pages, sums)


def _block(section: Section, cells: Mapping[str, FormCell]) -> FormBlock:
    rows = tuple(
        FormRow(_path(row.groups, row.label), tuple(None if i is None else cells.get(i) for i in ids))
        for row, ids in zip(section.rows, section.field_ids, strict=True)
    )
    return FormBlock(
        None if section.heading is None else section.heading.text,
        None if section.corner is None else section.corner.text,
        tuple(_path(column.groups, column.label) for column in section.columns),
        rows,
    )


def _path(groups: tuple[Label, ...], label: Label | None) -> tuple[str, ...]:
    return (*(g.text for g in groups), *(() if label is None else (label.text,)))


def _covered(cell: FormCell) -> FormCell:
    """A cell as if nobody had read or decided it."""
    return replace(
        cell,
        value=None,
        state="unreadable",
        read_value=None,
        read_state="unreadable",
        printed=None,
        confidence=None,
        doubtful=False,
        decided_by=None,
        broken=(),
        hidden=True,
    )


def _cell(field: StoredField, values: Values, broken: tuple[str, ...], builder: ItemBuilder) -> FormCell:
    decided = field.decided
    place = builder.places.cell(values, field)
    return FormCell(
        field.field_id,
        field.version,
        field.value if decided is None else decided.value,
        field.state if decided is None else decided.state,
        field.value,
        field.state,
        field.printed,
        field.confidence,
        field.waiting,
        None if decided is None else decided.by,
        broken,
        None if place.bbox is None else crop_id(values.report, place),
        place.page,
        builder.share_of_page(values.report, place),
        field.cell_of,
    )
