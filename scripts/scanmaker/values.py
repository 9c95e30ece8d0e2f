"""Draws the numbers of a report so that tables 三 and 四 add up, as published reports (nearly always) do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.scanmaker import form
from scripts.scanmaker.agencies import Agency
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.printing import Printed, print_figures

ZERO_DOCUMENTS = 0.12
MOST_APPLICATIONS = 60_000
KIND_SHARES = (0.80, 0.12, 0.01, 0.02, 0.02, 0.03)

# How often a finished application ends in each row, before the document's own taste is mixed in.
RESULT_SHARES = {
    "granted": 30.0,
    "partly_granted": 10.0,
    "refused_state_secret": 0.2,
    "refused_prohibited_by_law": 0.8,
    "refused_security_and_stability": 0.3,
    "refused_third_party_rights": 1.0,
    "refused_internal_affairs": 1.5,
    "refused_process_information": 1.5,
    "refused_enforcement_files": 2.0,
    "refused_administrative_inquiry": 1.5,
    "unavailable_not_held": 20.0,
    "unavailable_needs_creation": 3.0,
    "unavailable_still_unclear": 1.0,
    "unprocessed_petition": 4.0,
    "unprocessed_duplicate": 2.0,
    "unprocessed_publication": 0.2,
    "unprocessed_excessive": 0.3,
    "unprocessed_confirmation": 0.4,
    "other_correction_overdue": 3.0,
    "other_fee_overdue": 0.1,
    "other_other": 5.0,
    "other_processing": 7.0,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one report.

    Attributes:
        tables: edition of each table.
        cells: field id → what is printed.
        traits: tags about the numbers (zero style, source errors, ...).
    """

    tables: dict[str, str]
    cells: dict[str, Printed]
    traits: tuple[str, ...]


def _requests(dice: Dice, edition: str, centre: float) -> dict[str, int]:
    """Draw table 三: applications by kind of applicant, spread over results; all 7 + 7 + rows sums hold.

    Args:
        dice: the stream of the document's contents.
        edition: of the table.
        centre: natural logarithm of the median number of applications.
    """
    cells = {f: 0 for f in form.field_ids("三", edition)}
    if dice.chance(ZERO_DOCUMENTS):
        return cells
    received = int(min(np.ceil(np.exp(dice.rng.normal(centre, 1.9))), MOST_APPLICATIONS))
    carried = int(dice.rng.poisson(received * dice.between(0.01, 0.08))) if dice.chance(0.45) else 0
    taste = dice.rng.dirichlet(np.array(KIND_SHARES) * 12 + 0.01)
    rows = form.result_rows(edition)
    shares = dice.rng.dirichlet(np.array([RESULT_SHARES[r] for r in rows]) * dice.between(0.03, 0.15))
    new_by_kind = dice.rng.multinomial(received, taste)
    old_by_kind = dice.rng.multinomial(carried, taste)
    rest_share = dice.between(0.0, 0.08) if dice.chance(0.5) else 0.0
    for kind, new, old in zip(form.KINDS, new_by_kind.tolist(), old_by_kind.tolist(), strict=False):
        left = int(dice.rng.binomial(new + old, rest_share))
        own = 0.7 * shares + 0.3 * dice.rng.dirichlet(shares + 1e-3)
        results = dice.rng.multinomial(new + old - left, own / own.sum()).tolist()
        cells[f"requests.received.{kind}"] = new
        cells[f"requests.carried_in.{kind}"] = old
        cells[f"requests.carried_out.{kind}"] = left
        cells[f"requests.total.{kind}"] = sum(results)
        for row, count in zip(rows, results, strict=True):
            cells[f"requests.{row}.{kind}"] = count
    for row in (r.id for r in form.REQUEST_ROWS[edition]):
        cells[f"requests.{row}.total"] = sum(cells[f"requests.{row}.{k}"] for k in form.KINDS[:-1])
    return cells


def _remedies(dice: Dice, applications: int) -> dict[str, int]:
    cells = {}
    for remedy, share in zip(form.REMEDIES, (0.05, 0.025, 0.015), strict=True):
        expected = applications * share * dice.between(0.2, 2.0)
        count = int(dice.rng.poisson(expected)) if dice.chance(0.7) else 0
        parts = dice.rng.multinomial(count, dice.rng.dirichlet([3.0, 1.0, 1.5, 1.0])).tolist()
        for outcome, number in zip(form.OUTCOMES, [*parts, count], strict=True):
            cells[f"remedies.{remedy}.{outcome}"] = number
    return cells


def _large(dice: Dice, centre: float, spread: float, most: int = 999_999) -> int:
    return int(min(np.exp(dice.rng.normal(centre, spread)), most))


def _money(dice: Dice, centre: float) -> str:
    amount = float(np.exp(dice.rng.normal(centre, 2.5)))
    digits = dice.weighted({0: 2, 1: 1, 2: 5, 3: 1, 4: 5, 6: 3})
    return f"{amount:.{digits}f}"


def _disclosure_2021(dice: Dice, agency: Agency) -> dict[str, int | str]:
    cells: dict[str, int | str] = dict.fromkeys(form.field_ids("二", "2021"), 0)
    busy = agency.size
    issued = int(dice.rng.poisson(busy * 2.0))
    repealed = int(dice.rng.poisson(busy * 0.8))
    cells["disclosure.normative_documents.issued"] = issued
    cells["disclosure.normative_documents.repealed"] = repealed
    cells["disclosure.normative_documents.in_force"] = issued + int(dice.rng.poisson(busy * 9.0))
    if agency.makes_rules and dice.chance(0.6):
        cells["disclosure.rules.issued"] = dice.whole(0, 4)
        cells["disclosure.rules.repealed"] = dice.whole(0, 3)
        cells["disclosure.rules.in_force"] = dice.whole(4, 60)
    for stem, chance, centre in (("licensing", 0.55, 6.5), ("penalties", 0.5, 5.0), ("coercive_measures", 0.3, 3.5)):
        if dice.chance(min(chance + 0.1 * busy, 0.95)):
            cells[f"disclosure.{stem}.decisions"] = _large(dice, centre + 0.8 * busy, 2.0)
    if dice.chance(0.25 + 0.15 * busy):
        cells["disclosure.fees.amount"] = _money(dice, 3.5 + busy)
    else:
        cells["disclosure.fees.amount"] = dice.weighted({"0": 10, "0.00": 1, "0.0000": 1})
    return cells


def _disclosure_2019(dice: Dice, agency: Agency) -> dict[str, int | str]:
    cells: dict[str, int | str] = dict.fromkeys(form.field_ids("二", "2019"), 0)
    made = int(dice.rng.poisson(agency.size * 4.0))
    shown = int(dice.rng.binomial(made, 0.9))
    cells["disclosure.normative_documents.created"] = made
    cells["disclosure.normative_documents.published"] = shown
    cells["disclosure.normative_documents.published_total"] = shown + int(dice.rng.poisson(agency.size * 15.0))
    for stem, chance in (("licensing", 0.6), ("other_services", 0.5), ("penalties", 0.5), ("coercive_measures", 0.4)):
        if dice.chance(chance):
            cells[f"disclosure.{stem}.items_last_year"] = _large(dice, 3.5, 1.5, 9_999)
            cells[f"disclosure.{stem}.change"] = dice.whole(-40, 40) if dice.chance(0.6) else 0
            cells[f"disclosure.{stem}.decisions"] = _large(dice, 5.5 + agency.size, 2.2)
    if dice.chance(0.4):
        cells["disclosure.fees.items_last_year"] = dice.whole(1, 40)
        cells["disclosure.fees.change"] = dice.whole(-5, 5) if dice.chance(0.4) else 0
    if dice.chance(0.5):
        cells["disclosure.procurement.projects"] = _large(dice, 2.5, 1.3, 2_000)
        amount = float(np.exp(dice.rng.normal(13.5, 2.0)))
        cells["disclosure.procurement.amount"] = f"{amount:.{dice.weighted({0: 4, 2: 4})}f}"
        if dice.chance(0.3):
            cells["disclosure.procurement.amount"] = f"{amount / 10_000:.{dice.weighted({2: 3, 4: 2})}f}"
    else:
        cells["disclosure.procurement.amount"] = "0"
    return cells


def draw_figures(dice: Dice, agency: Agency, edition: str) -> Figures:
    """Draw all numbers of one report and how they are printed.

    Args:
        dice: the stream of this document's contents.
        agency: decides the order of magnitude.
        edition: 2021, 2019 or hybrid (table 二 of 2021 with a table 三 whose （六） is undivided).
    """
    tables = {
        "2021": {"二": "2021", "三": "2021", "四": "2021"},
        "2019": {"二": "2019", "三": "2019", "四": "2019"},
        "hybrid": {"二": "2021", "三": "2019", "四": "2021"},
    }[edition]
    disclosed = (_disclosure_2021 if tables["二"] == "2021" else _disclosure_2019)(dice, agency)
    requests = _requests(dice, tables["三"], 1.7 + 1.1 * agency.size)
    remedies = _remedies(dice, requests["requests.received.total"])
    cells, traits = print_figures(dice, {**disclosed, **requests, **remedies}, tables)
    return Figures(tables, cells, traits)
