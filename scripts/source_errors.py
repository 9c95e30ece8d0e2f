"""What the sums do to errors in print and to misreadings: measured with real readings, put into other documents.

Errors of authorities are rare, so documents that hold one are made at the level of readings: in a document whose sums hold and that
was read rightly, a cell gets what a reader said of another cell in which the wrong number really stood. Misreadings are put in the same
way: the reading of a misread cell goes where the same number stands. Nothing is read anew::

    python -m scripts.source_errors TRUTH OUT [TRUTH OUT ...] --count 500 --seed 1
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gikocr.elements import CellReading, FormReading
from gikocr.errors import GikocrError
from gikocr.evaluation.intervals import upper_bound
from gikocr.evaluation.reviewed import Reviewed, load_reviewed
from gikocr.forms import Form, load_form
from gikocr.pipeline.calibration import packaged_path
from gikocr.reconcile import Calibration, reconcile
from gikocr.reconcile.numbers import amount
from gikocr.reconcile.structure import choose_placements
from gikocr.settings import Settings
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.printing import Printed, source_error

ATTEMPTS = 30
"""Draws in one document before another is taken: not every number has a reading."""
MOST_MISREAD = 3
"""Numbers misread in one document."""
EXAMPLES = 8
RULED = ("requests.", "remedies.")

Bank = dict[int, list[CellReading]]


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A document whose sums hold and that was read rightly: editions of its tables, cells and values of its fields."""

    reading: FormReading
    editions: dict[str, str]
    cells: dict[str, int]
    values: dict[str, int]


@dataclass(slots=True)
class Outcome:
    """Counts over documents of one kind. ``probabilities``: of each rule broken as read, that it is broken in print."""

    documents: int = 0
    changed: int = 0
    changed_unmarked: int = 0
    wrong: int = 0
    wrong_unmarked: int = 0
    probabilities: list[float] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)


def main(argv: list[str] | None = None) -> int:
    """Print what was found; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts.source_errors", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path, metavar="TRUTH OUT", help="truth and output folders, in turn")
    parser.add_argument("--count", type=int, default=500, help="documents of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calibration", type=Path, default=None, help="another file than the packaged one")
    given = parser.parse_args(argv)
    form = load_form()
    try:
        calibration = Calibration.from_json((given.calibration or packaged_path()).read_text("utf-8"))
        documents = [d for t, o in zip(given.paths[::2], given.paths[1::2], strict=True) for d in load_reviewed(t, o)]
    except GikocrError as error:
        print(f"scripts.source_errors: {error.message}\n  {error.advice}", file=sys.stderr)
        return error.exit_code
    bases, right, wrong = _collect(documents, form)
    print(
        f"{len(documents)} documents, {len(bases)} whose sums hold and are read rightly; "
        f"{sum(map(len, right.values()))} readings, {sum(map(len, wrong.values()))} of them wrong."
    )
    in_print = _run(bases, given.count, given.seed, form, calibration, lambda d, b: _misprinted(d, b, right))
    misread = _run(bases, given.count, given.seed + 1, form, calibration, lambda d, b: _misread(d, b, wrong))
    _tell("An error in print", in_print)
    _tell("A misreading", misread)
    print(
        f"AUROC of 'broken in print' over the broken rules: {_auroc(in_print.probabilities, misread.probabilities):.4f} "
        f"({len(in_print.probabilities)} in print, {len(misread.probabilities)} misread)"
    )
    return 0


def _collect(documents: Sequence[Reviewed], form: Form) -> tuple[list[Base], Bank, Bank]:
    """The documents to put errors into, all readings of each number, and the wrong ones among them."""
    bases: list[Base] = []
    every: Bank = {}
    wrong: Bank = {}
    for document in documents:
        chosen, _ = choose_placements(document.reading, form)
        editions = {t: p.edition for t, p in chosen.items()}
        cells = {
            f.field_id: f.cell
            for p in chosen.values()
            for f in p.fields
            if f.cell is not None and f.field_id.startswith(RULED) and document.reading.cells[f.cell].reading.candidates
        }
        answers = {i: document.truth.fields[i].answer for i in cells if i in document.truth.fields}
        readings = {i: document.reading.cells[cells[i]].reading for i in answers}
        values = {i: int(a.value or 0) for i, a in answers.items()}
        misread = {i for i, v in values.items() if (amount(readings[i].best) or 0) != v}
        # Where more is wrong, numbers stand in other fields than they should, which is no misreading.
        if len(misread) > MOST_MISREAD or editions != {t: (document.truth.tables or {}).get(t) for t in editions}:
            continue
        for field_id, answer in answers.items():
            if answer.state == "read":
                every.setdefault(values[field_id], []).append(readings[field_id])
            if field_id in misread:
                wrong.setdefault(values[field_id], []).append(readings[field_id])
        if not misread and len(answers) == len(cells) > 0 and not any(_broken(form, editions, values)):
            bases.append(Base(document.reading, editions, cells, values))
    return bases, every, wrong


def _broken(form: Form, editions: Mapping[str, str], values: Mapping[str, int]) -> Iterator[str]:
    for rule in form.rules_for(dict(editions)):
        if sum(values.get(i, 0) for i in rule.left) != sum(values.get(i, 0) for i in rule.right):
            yield rule.id


def _misprinted(dice: Dice, base: Base, bank: Bank) -> tuple[FormReading, dict[str, int]] | None:
    """The document with one mistake of its authority; None where a number of it was never read."""
    before = {i: Printed(str(v), v, "read") for i, v in base.values.items()}
    after = dict(before)
    if source_error(dice, after, base.editions) is None:
        return None
    values = {i: int(p.value or 0) for i, p in after.items()}
    changed = [i for i in values if values[i] != base.values[i]]
    if not changed or any(values[i] not in bank for i in changed):
        return None
    return _with(base, {i: dice.pick(bank[values[i]]) for i in changed}), values


def _misread(dice: Dice, base: Base, bank: Bank) -> tuple[FormReading, dict[str, int]] | None:
    """The document with one number misread as it was elsewhere."""
    fields = [i for i, v in base.values.items() if v in bank and v]
    if not fields:
        return None
    chosen = dice.pick(fields)
    return _with(base, {chosen: dice.pick(bank[base.values[chosen]])}), base.values


def _with(base: Base, readings: Mapping[str, CellReading]) -> FormReading:
    cells = list(base.reading.cells)
    for field_id, reading in readings.items():
        cells[base.cells[field_id]] = replace(cells[base.cells[field_id]], reading=reading)
    return replace(base.reading, cells=tuple(cells))


def _run(
    bases: Sequence[Base],
    count: int,
    seed: int,
    form: Form,
    calibration: Calibration,
    change: Callable[[Dice, Base], tuple[FormReading, dict[str, int]] | None],
) -> Outcome:
    outcome = Outcome()
    for index in range(count):
        dice = Dice(seed, index)
        made = base = None
        for _ in range(ATTEMPTS):
            base = dice.pick(bases)
            made = change(dice, base)
            if made is not None:
                break
        if made is not None and base is not None:
            _judge(outcome, base, *made, form, calibration)
    return outcome


def _judge(
    outcome: Outcome, base: Base, reading: FormReading, printed: Mapping[str, int], form: Form, calibration: Calibration
) -> None:
    posterior = reconcile(reading, form, None, calibration)
    as_read = {i: int(amount(reading.cells[c].reading.best) or 0) for i, c in base.cells.items()}
    wrong, changed = [], []
    for own in posterior.fields:
        if own.field_id not in printed or not own.candidates:
            continue
        best, confidence = own.candidates[0]
        value = int(amount(best) or 0)
        if value == printed[own.field_id]:
            continue
        wrong.append(confidence)
        if as_read[own.field_id] == printed[own.field_id]:
            changed.append(confidence)
            if len(outcome.examples) < EXAMPLES:
                outcome.examples.append(f"{own.field_id}: {printed[own.field_id]} became {value}, {confidence:.5f}")
    review_below = Settings().review_below
    outcome.documents += 1
    outcome.changed += bool(changed)
    outcome.changed_unmarked += max(changed, default=0.0) >= review_below
    outcome.wrong += bool(wrong)
    outcome.wrong_unmarked += max(wrong, default=0.0) >= review_below
    sums = {r.rule_id: r for r in posterior.rules}
    outcome.probabilities += [sums[r].probability_broken for r in _broken(form, base.editions, as_read) if r in sums]


def _tell(name: str, outcome: Outcome) -> None:
    def share(hits: int) -> str:
        n = outcome.documents
        return f"{hits} of {n} ({hits / n:.1%}, at most {upper_bound(hits, n):.1%})" if n else "no documents"

    print(
        f"{name}:\n  a number that was read rightly is changed: {share(outcome.changed)}"
        f"\n    of these with nothing marked: {share(outcome.changed_unmarked)}"
        f"\n  a number is wrong: {share(outcome.wrong)}\n    of these with nothing marked: {share(outcome.wrong_unmarked)}"
    )
    for example in outcome.examples:
        print(f"    {example}")


def _auroc(high: Sequence[float], low: Sequence[float]) -> float:
    """The chance that one of ``high`` exceeds one of ``low``, ties half (Hanley and McNeil, 1982)."""
    from scipy.stats import rankdata

    ranks = rankdata([*high, *low])
    n = len(high)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(low))) if n and low else float("nan")


if __name__ == "__main__":
    sys.exit(main())
