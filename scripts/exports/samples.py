"""Chooses and makes the exports of the samples folder: one for each way in which real ones come out broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.exports import flat
from scripts.exports.markup_damage import damage_html
from scripts.exports.roundtrip import plain_html, truth_of
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.docx_page import write_docx
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits

SEED = 2024
STREAM = 23
FIRST = 5_000
"""The documents under the seed before this one may be scans of the samples folder."""
HEADING = "## Exports\n"
_INTRODUCTION = """
Reports as text and markup, made by `python -m scripts.exports samples -o samples` from the development split in the same way: agencies,
words and numbers are made up, and so is the damage, after the layouts in which published reports come out of converters and crawlers.

| file | what it stresses | source | licence |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class ExportSample:
    """What a sample is for.

    Attributes:
        file: its name.
        stresses: what it is meant to test, for the list.
        fits: whether a planned report will do.
        write: gives its bytes.
    """

    file: str
    stresses: str
    fits: Callable[[ReportPlan], bool]
    write: Callable[[ReportPlan, Dice, Path], None]


def _busy(plan: ReportPlan, edition: str) -> bool:
    received = plan.figures.cells["requests.received.total"].value
    return plan.edition == edition and flat.fits_flat(plan) and int(received or 0) > 20 and not _odd(plan)


def _cut_in_doubt(plan: ReportPlan) -> bool:
    """Busy, and with numbers in table 二 that no sum tells how to cut."""
    row = [c.text for f, c in plan.figures.cells.items() if f.startswith("disclosure.normative_documents.")]
    return _busy(plan, "2021") and sum(map(len, row)) > len(row)


def _odd(plan: ReportPlan) -> bool:
    return bool({"source_error", "full_width", "thousands", "words"} & set(plan.figures.traits))


def _text(
    writer: flat.Writer, encoding: str = "utf-8", change: Callable[[str], str] = str
) -> Callable[[ReportPlan, Dice, Path], None]:
    def write(plan: ReportPlan, dice: Dice, target: Path) -> None:
        target.write_bytes(flat.flat_report(plan, writer, dice, change).encode(encoding))

    return write


def _broken_html(plan: ReportPlan, dice: Dice, target: Path) -> None:
    page, _ = damage_html(
        plain_html(plan, styled=False), dice, names=("rowspans_lost", "cell_ends_lost", "leftovers", "table_cut")
    )
    target.write_bytes(page.decode("utf-8").encode("gb18030"))


def _word(plan: ReportPlan, dice: Dice, target: Path) -> None:
    write_docx(plan, target)


SAMPLES = (
    ExportSample("bars.txt", "one cell a line with a bar behind it", lambda p: _busy(p, "2021"), _text(flat.bars)),
    ExportSample(
        "pipes.txt", "one row a line with bars, GB 18030", lambda p: _busy(p, "2021"), _text(flat.pipes, "gb18030")
    ),
    ExportSample(
        "tabs.txt",
        "tabs, merged cells lost, rows that begin in different columns",
        lambda p: _busy(p, "2021"),
        _text(flat.tabs),
    ),
    ExportSample(
        "cell_a_line.txt",
        "form of 2019, one cell a line with empty lines between",
        lambda p: _busy(p, "2019"),
        _text(flat.cell_a_line),
    ),
    ExportSample(
        "run_together.txt",
        "each table on one line, nothing between its cells: digits cut by the sums; table 二 waits for review",
        _cut_in_doubt,
        _text(flat.one_line),
    ),
    ExportSample(
        "letters_lost.txt",
        "traditional characters, letters missing from labels, UTF-16",
        lambda p: _busy(p, "hybrid"),
        _text(flat.letters_lost, "utf-16", flat.traditional),
    ),
    ExportSample(
        "broken.html",
        "spans and ends of cells lost, leftovers of Word, a table cut in two, GB 18030 declared as UTF-8",
        lambda p: _busy(p, "2021"),
        _broken_html,
    ),
    ExportSample(
        "word.docx",
        "merged cells, zeros left blank",
        lambda p: p.edition == "2021" and "zeros_blank" in p.figures.traits and not _odd(p),
        _word,
    ),
)


def make_export_samples(out: Path) -> list[str]:
    """Make all samples with their truth and write their part of the list in ``README.md``.

    Returns:
        The names of the files made.

    Raises:
        LookupError: no document under the seed fits a sample.
    """
    splits = load_splits()
    (out / "truth").mkdir(parents=True, exist_ok=True)
    lines, names = [], []
    used: set[int] = set()
    for sample in SAMPLES:
        for index in range(FIRST, FIRST + 2_000):
            plan = plan_report(splits, "dev", SEED, index)
            if index not in used and sample.fits(plan):
                break
        else:
            raise LookupError(f"no document under seed {SEED} fits the sample {sample.file}")
        used.add(index)
        sample.write(plan, Dice(SEED, index, STREAM), out / sample.file)
        truth = truth_of(plan, sample.file, ["export"])
        if sample.file == "run_together.txt":
            truth["inferred"] = [f for f in plan.figures.cells if f.startswith("disclosure.")]
        (out / "truth" / f"{sample.file}.json").write_text(
            json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        source = f"scan maker, split dev, seed {SEED}, document {index}, by scripts.exports"
        lines.append(f"| `{sample.file}` | {sample.stresses} | {source} | as this repository |")
        names.append(sample.file)
    readme = out / "README.md"
    before = readme.read_text(encoding="utf-8").split(HEADING)[0].rstrip() if readme.exists() else "# Samples"
    readme.write_text(before + "\n\n" + HEADING + _INTRODUCTION + "\n".join(lines) + "\n", encoding="utf-8")
    return names
