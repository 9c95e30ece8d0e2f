"""Reports as the station needs them: their text parsed once, the rules and headings of their form, the sums as they stand."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gikocr.forms import Field, Form, Rule
from gikocr.report import Report
from gikocr.report.json_text import read as read_json
from gikocr.report.model import NUMBER_UNKNOWN_STATES
from gikocr.review.items import Choice, Heading, Hint, Sum, Term
from gikocr.workspace import Selection, StoredField, StoredReport, Workspace
from gikocr.workspace.recomputed import Recomputed, load
from gikocr.workspace.rows import Value

#: Parsed reports that are kept in memory, each about 200 kB, and those that were validated whole.
KEPT, ORIGINALS_KEPT = 200, 64

_NOTHING = Recomputed(0)

#: Fields, by report and id, of which somebody must not see the answer.
Hidden = frozenset[tuple[int, str]]
NOTHING_HIDDEN: Hidden = frozenset()


@dataclass(frozen=True, slots=True)
class Values:
    """The fields of one report as they stand, and what inference says of it since people decided."""

    report: StoredReport
    fields: Mapping[str, StoredField]
    anew: Recomputed

    def editions(self) -> tuple[tuple[str, str], ...]:
        """The edition of each table that has fields."""
        return tuple({f.table: f.edition for f in self.fields.values() if f.table and f.edition}.items())


class Reports:
    """The reports of a workspace. May be used by several threads."""

    def __init__(self, workspace: Workspace, form: Form) -> None:
        self._workspace = workspace
        self._form = form
        self._kept: OrderedDict[tuple[int, object], Mapping[str, Any]] = OrderedDict()
        self._originals: OrderedDict[tuple[int, object], Report] = OrderedDict()
        # Not lru_cache: a form takes long to hash.
        self._headings: dict[tuple[str | None, str], tuple[Heading, Heading]] = {}
        self._rules: dict[tuple[tuple[str, str], ...], tuple[Rule, ...]] = {}
        self._rules_of: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self._lock = threading.Lock()

    def stored(self, ids: Iterable[int]) -> dict[int, StoredReport]:
        """The current reports of those ids."""
        wanted = tuple(sorted(set(ids)))
        return {r.id: r for r in self._workspace.reports(Selection(report_ids=wanted))} if wanted else {}

    def values(self, ids: Iterable[int]) -> dict[int, Values]:
        """The reports of those ids with all of their fields."""
        reports = self.stored(ids)
        fields: dict[int, dict[str, StoredField]] = {i: {} for i in reports}
        if reports:
            for field in self._workspace.fields(Selection(report_ids=tuple(sorted(reports)))):
                fields[field.report_id][field.field_id] = field
        anew = self.recomputed(reports)
        return {i: Values(report, fields[i], anew.get(i, _NOTHING)) for i, report in reports.items()}

    def around(self, fields: Sequence[StoredField]) -> dict[int, Values]:
        """The reports of fields with as many of their fields as the sums and the places of these need."""
        reports = self.stored(f.report_id for f in fields)
        whole: set[int] = set()
        wanted: dict[tuple[int, str], None] = {}
        for field in fields:
            if field.report_id not in reports:
                continue
            if field.page is None and not self._is_placed(reports[field.report_id], field):
                whole.add(field.report_id)
            ids = [i for rule in self._rules_with(field) for i in (*rule.left, *rule.right)]
            wanted |= dict.fromkeys(
                (field.report_id, i) for i in (field.field_id, field.cell_of or field.field_id, *ids)
            )
        found = self.values(whole)
        loaded: dict[int, dict[str, StoredField]] = {i: {} for i in reports if i not in whole}
        for field in self._workspace.reviews.fields([p for p in wanted if p[0] in loaded]):
            loaded[field.report_id][field.field_id] = field
        anew = self.recomputed(loaded)
        return found | {i: Values(reports[i], own, anew.get(i, _NOTHING)) for i, own in loaded.items()}

    def _is_placed(self, report: StoredReport, field: StoredField) -> bool:
        """Whether a field without a page has a place in a text."""
        evidence = self.parsed(report)["fields"][field.field_id].get("evidence") or {}
        return evidence.get("line") is not None or evidence.get("table") is not None

    def _rules_with(self, field: StoredField) -> tuple[Rule, ...]:
        if field.edition is None:
            return ()
        key = (field.edition, field.field_id)
        found = self._rules_of.get(key)
        if found is None:
            rules = self._rules_for(((field.table, field.edition),))
            found = tuple(r for r in rules if field.field_id in r.left or field.field_id in r.right)
            self._rules_of[key] = found
        return found

    def parsed(self, report: StoredReport) -> Mapping[str, Any]:
        """A report's JSON, its fields and checks by id."""
        key = (report.id, report.read_at)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        whole: Any = read_json(self._workspace.report_text(report.id))
        found: dict[str, Any] = whole | {
            "fields": {f["id"]: f for f in whole["fields"]},
            "checks": {c["id"]: c for c in whole["checks"]},
        }
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def original(self, report: StoredReport) -> Report:
        """A report as the pipeline made it."""
        key = (report.id, report.read_at)
        with self._lock:
            if key in self._originals:
                self._originals.move_to_end(key)
                return self._originals[key]
        found = Report.from_json(self._workspace.report_text(report.id))
        with self._lock:
            self._originals[key] = found
            while len(self._originals) > ORIGINALS_KEPT:
                self._originals.popitem(last=False)
        return found

    def recomputed(self, ids: Iterable[int]) -> dict[int, Recomputed]:
        """What inference says of reports since people decided, as far as it was asked."""
        wanted = sorted(set(ids))
        with self._workspace.database.read() as connection:
            return load(connection, wanted) if wanted else {}

    def headings(self, field: StoredField) -> tuple[Heading, Heading]:
        """The headings of a field's row and column."""
        key = (field.edition, field.field_id)
        found = self._headings.get(key)
        if found is None:
            found = self._headings[key] = headings(self._form, field.edition, field.field_id)
        return found

    def rules(self, values: Values) -> tuple[Rule, ...]:
        """The rules of the tables of a report; none of a table that the form does not know."""
        return self._rules_for(values.editions())

    def _rules_for(self, editions: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
        found = self._rules.get(editions)
        if found is None:
            known = {t: e for t, e in editions if e in self._form.editions and t in self._form.editions[e].tables}
            found = self._rules[editions] = self._form.rules_for(known)
        return found

    def sums(self, values: Values, field_id: str | None = None, *, hidden: Hidden = NOTHING_HIDDEN) -> tuple[Sum, ...]:
        """The sums of a report as its values stand; only those that a field takes part in, where one is given.

        Sums with a ``hidden`` field cannot be checked: their difference would tell what stands there.
        """
        checks: Mapping[str, Mapping[str, Any]] = {
            **self.parsed(values.report)["checks"],
            **{c.id: {"verdict": c.verdict, "probability_broken": c.probability_broken} for c in values.anew.checks},
        }
        chosen = self.rules(values) if field_id is None else self._rules_with(values.fields[field_id])
        covered = frozenset(i for report_id, i in hidden if report_id == values.report.id)
        return tuple(_sum(rule, values, checks.get(rule.id, {}), self.headings, covered) for rule in chosen)


def headings(form: Form, edition: str | None, field_id: str) -> tuple[Heading, Heading]:
    """The headings of a field's row and column: the form's own words, and English ones made of its id."""
    words = [part.replace("_", " ") for part in field_id.split(".")]
    english = (" · ".join(words[:-1]), words[-1])
    spec = spec_of(form, edition, field_id)
    chinese = ("", field_id) if spec is None else (spec.row_label, spec.column_label)
    return Heading(chinese[0], english[0]), Heading(chinese[1], english[1])


def spec_of(form: Form, edition: str | None, field_id: str) -> Field | None:
    """What the form says of a field; None where it does not know it."""
    return form.editions[edition].fields.get(field_id) if edition is not None and edition in form.editions else None


def value_of(field: StoredField) -> Value:
    """The value that stands: decided, else read."""
    return field.value if field.decided is None else field.decided.value


def choices(values: Values, parsed_field: Mapping[str, Any], field: StoredField) -> tuple[Choice, ...]:
    """All readings of a field: what was read, then the others."""
    read = Choice(field.value, field.printed or "", field.state, field.confidence or 0.0)
    now = values.anew.fields.get(field.field_id)
    if now is not None:
        others = [Choice(a.value, a.printed, a.state, a.probability) for a in now.alternatives]
    else:
        others = [
            Choice(a["value"], a["printed"], a["state"], float(a["probability"])) for a in parsed_field["alternatives"]
        ]
    return (read, *others) if field.confidence is not None else tuple(others)


def suggestion(field: StoredField, sums: Sequence[Sum], readings: Sequence[Choice], signed: bool) -> Hint | None:
    """The change of this field alone that makes its sums hold; where they ask for several, the one that inference suggests; else None.

    A change that would break a sum that holds is no suggestion, and a sum in which another part was not read asks for nothing. Negative
    numbers are suggested only where ``signed``.
    """
    # The module of the pages does the same with the values on the screen (hintOf in station.js).
    asking = {s.rule_id: _wanted(s, field.field_id) for s in sums if s.holds is False or s.unread == (field.field_id,)}
    wanted = set(asking.values())
    if not wanted or any(s.holds for s in sums):
        return None
    value = wanted.pop() if len(wanted) == 1 else field.suggestion if field.suggestion in wanted else None
    if value is None or value == value_of(field) or (value < 0 and not signed):
        return None
    return Hint(value, tuple(i for i, v in asking.items() if v == value), any(c.value == value for c in readings))


def _wanted(found: Sum, field_id: str) -> int | Decimal:
    """What a field would have to be for a sum to hold."""
    own = next(t for t in found.terms if t.field_id == field_id)
    others = sum(t.coefficient * (t.value or 0) for t in found.terms if t.field_id != field_id)
    return -own.coefficient * others


def _sum(rule: Rule, values: Values, check: Mapping[str, Any], named: Any, hidden: frozenset[str]) -> Sum:
    terms = []
    for coefficient, ids in ((1, rule.left), (-1, rule.right)):
        for field_id in ids:
            field = values.fields.get(field_id)
            if field is None:
                terms.append(Term(coefficient, field_id, field_id, None, "not_printed", False, False))
                continue
            row, column = named(field)
            if field_id in hidden:
                label = f"{row.zh} {column.zh}".strip()
                terms.append(Term(coefficient, field_id, label, None, "unreadable", False, False, hidden=True))
                continue
            state = field.state if field.decided is None else field.decided.state
            terms.append(
                Term(
                    coefficient,
                    field_id,
                    f"{row.zh} {column.zh}".strip(),
                    value_of(field),
                    state,
                    field.decided is not None,
                    field.waiting,
                )
            )
    if any(t.hidden for t in terms):
        return Sum(rule.id, tuple(terms), None, None, None, None, None, None)
    left, right = (_total([t for t in terms if t.coefficient == side]) for side in (1, -1))
    single_null = any(
        len(ids) == 1 and next(t for t in terms if t.field_id == ids[0]).value is None for ids in (rule.left,)
    )
    unread = tuple(t.field_id for t in terms if t.value is None and t.state in NUMBER_UNKNOWN_STATES)
    if unread or single_null or all(t.value is None for t in terms):
        return Sum(rule.id, tuple(terms), None, None, None, None, check.get("verdict"), _share(check), unread)
    difference = left - right
    return Sum(rule.id, tuple(terms), left, right, difference, difference == 0, check.get("verdict"), _share(check))


def _share(check: Mapping[str, Any]) -> float | None:
    found = check.get("probability_broken")
    return None if found is None else float(found)


def _total(terms: Sequence[Term]) -> int | Decimal:
    total: int | Decimal = 0
    for term in terms:
        total += term.value or 0
    return total
