"""A form as frozen data: tables, sections, labels, fields and rules, for each edition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["integer", "signed_integer", "decimal"]

MIXED: Final = "mixed"
"""The edition of a document whose tables are of editions that the form does not know together."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text as the form prints it, with other wordings that were seen for it."""

    text: str
    variants: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """The printed text, then the other wordings."""
        return (self.text, *self.variants)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers. ``groups``: the headings over it, from the outside in."""

    key: str
    label: Label
    groups: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of numbers. ``groups``: the headings it stands under, outermost first; ``label`` None: none is printed."""

    key: str
    label: Label | None
    groups: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A block of a table with columns of its own.

    Attributes:
        heading: the full-width row above the block, None where there is none.
        corner: the text where the row of headings and the column of labels meet, None where there is none.
        columns: from left to right.
        rows: from top to bottom.
        field_ids: ``[row][column]``, the field that is printed there, None where the form has no number.
        shares: for each column how often something is counted there, relative to the others, 0 for totals; empty: not known.
    """

    heading: Label | None
    corner: Label | None
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    field_ids: tuple[tuple[str | None, ...], ...]
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of one edition.

    Attributes:
        key: its name in the form, such as 二.
        edition: the id of the edition.
        headings: the headings of the part of the report that it stands in, one for each wording, the form's own first.
        sections: from top to bottom.
        fields: the ids of its fields in reading order.
        same_form_as: the other editions that print the very same table, newest first.
    """

    key: str
    edition: str
    headings: tuple[Label, ...]
    sections: tuple[Section, ...]
    fields: tuple[str, ...]
    same_form_as: tuple[str, ...] = ()

    def cells(self) -> Iterator[tuple[int, int, int, str]]:
        """Each field with the indices of its section, row and column, in reading order."""
        for number, section in enumerate(self.sections):
            for row, ids in enumerate(section.field_ids):
                for column, field_id in enumerate(ids):
                    if field_id is not None:
                        yield number, row, column, field_id

    def is_of(self, edition: str) -> bool:
        """Whether that edition prints this table."""
        return edition == self.edition or edition in self.same_form_as


@dataclass(frozen=True, slots=True)
class Field:
    """One number of the form.

    Attributes:
        id: unique within the edition.
        table: the key of its table.
        row_label: the words that name its row, with the headings that it needs to be told from others.
        column_label: the label of its column.
        unit: ``count``, ``10k_yuan``, ``as_printed`` or another unit that the form declares.
        kind: what may be printed there.
        printed_unit: the unit in the form's own words (件, 万元), None where the form prints none.
    """

    id: str
    table: str
    row_label: str
    column_label: str
    unit: str
    kind: Kind
    printed_unit: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Two sums of fields that must be equal. ``left`` and ``right``: ids of fields of the table."""

    id: str
    table: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of the form. The order of the mappings is the order in the form."""

    id: str
    tables: Mapping[str, Table] = field(hash=False)
    fields: Mapping[str, Field] = field(hash=False)
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Hybrid:
    """A mixture of editions that counts as one: tables of the editions named, all others of ``edition``."""

    tables: Mapping[str, str] = field(hash=False)
    edition: str


@dataclass(frozen=True, slots=True)
class YearLink:
    """What the numbers of one year say about those of the next: ``before + plus - minus`` must equal ``after``.

    Attributes:
        id: unique in the form.
        label: what is compared, in the form's own words.
        before: ids of fields of the earlier year.
        plus: ids of fields of the later year, added.
        minus: ids of fields of the later year, taken away.
        after: ids of fields of the later year.
    """

    id: str
    label: str
    before: tuple[str, ...]
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A part of the report. ``table``: the key of the table that stands in it, None for a part of text."""

    id: str
    numeral: str
    heading: Label
    table: str | None


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """Words by which a report's title, agency, period and parts are found. All may be empty.

    Attributes:
        title_words: what a title says the document is; the longest that matches is meant.
        agency_before: words that may stand right before the agency in a title or signature and are no part of its name.
        agency_after: the same, right after it.
        agency_endings: how names of authorities end.
        year_words: what follows the year in a title.
        period_words: what introduces the period that the numbers are of.
        period_start: what stands before its first day.
        period_middle: what stands between its first and its last day.
        period_end: what stands after its last day.
        sections: the parts of the report in order.
        metadata: entries of a page's own table or contact lines, by key, with the words that introduce them.
    """

    title_words: tuple[str, ...] = ()
    agency_before: tuple[str, ...] = ()
    agency_after: tuple[str, ...] = ()
    agency_endings: tuple[str, ...] = ()
    year_words: tuple[str, ...] = ()
    period_words: tuple[str, ...] = ()
    period_start: tuple[str, ...] = ()
    period_middle: tuple[str, ...] = ()
    period_end: tuple[str, ...] = ()
    sections: tuple[DocumentSection, ...] = ()
    metadata: Mapping[str, Label] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A form with all its editions, newest first."""

    id: str
    name: str
    editions: Mapping[str, Edition] = field(hash=False)
    hybrids: tuple[Hybrid, ...] = ()
    document: DocumentSpec = DocumentSpec()
    between_years: tuple[YearLink, ...] = ()

    @property
    def table_keys(self) -> tuple[str, ...]:
        """The keys of all tables of all editions, in the order of the form."""
        return tuple(dict.fromkeys(key for edition in self.editions.values() for key in edition.tables))

    def table(self, key: str, edition: str) -> Table:
        """The table of that key in that edition. Raises KeyError when there is none."""
        return self.editions[edition].tables[key]

    def tables(self, key: str) -> tuple[Table, ...]:
        """The distinct forms of a table, newest first; one that several editions print is given once.

        Raises:
            KeyError: no edition has a table of that key.
        """
        found = [edition.tables[key] for edition in self.editions.values() if key in edition.tables]
        if not found:
            raise KeyError(key)
        order = list(self.editions)
        return tuple(t for t in found if all(order.index(t.edition) < order.index(other) for other in t.same_form_as))

    def document_edition(self, tables: Mapping[str, str | None]) -> str | None:
        """The edition of a document, from the edition that each of its tables was found to be of.

        A table that two editions print alike speaks for both. A hybrid of the form counts as the edition that the form
        says. ``MIXED`` when no edition and no hybrid covers all tables; None when no table's edition is known.

        Raises:
            KeyError: a table or edition that the form does not have.
        """
        known = {key: self.table(key, edition) for key, edition in tables.items() if edition is not None}
        if not known:
            return None
        named = {table.edition for table in known.values()}
        for edition in (e for e in self.editions if e in named):
            if all(table.is_of(edition) for table in known.values()):
                return edition
        for hybrid in self.hybrids:
            if hybrid.tables.keys() <= known.keys() and all(
                table.is_of(hybrid.tables.get(key, hybrid.edition)) for key, table in known.items()
            ):
                return hybrid.edition
        return MIXED

    def settled(self, tables: Mapping[str, str | None]) -> dict[str, str | None]:
        """The same editions, with tables that several editions print alike given to the document's edition.

        Raises:
            KeyError: a table or edition that the form does not have.
        """
        whole = self.document_edition(tables)
        return {
            key: whole
            if edition is not None and whole is not None and self.table(key, edition).is_of(whole)
            else edition
            for key, edition in tables.items()
        }

    def fields_for(self, tables: Mapping[str, str]) -> tuple[Field, ...]:
        """The fields of each table in its edition, in the order of the form.

        Raises:
            KeyError: a table or edition that the form does not have.
        """
        return tuple(
            self.editions[table.edition].fields[field_id] for table in self._chosen(tables) for field_id in table.fields
        )

    def rules_for(self, tables: Mapping[str, str]) -> tuple[Rule, ...]:
        """The rules of each table in its edition, in the order of the form.

        Raises:
            KeyError: a table or edition that the form does not have.
        """
        return tuple(
            rule
            for table in self._chosen(tables)
            for rule in self.editions[table.edition].rules
            if rule.table == table.key
        )

    def _chosen(self, tables: Mapping[str, str]) -> list[Table]:
        chosen = {key: self.table(key, edition) for key, edition in tables.items()}
        return [chosen[key] for key in self.table_keys if key in chosen]
