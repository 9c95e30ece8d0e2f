"""Chooses and makes the small documents of the samples folder, all from the development split."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.scanmaker.make import Made, Order, make_document
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits

SEED = 2024
MOST_LOOKED_AT = 4000
MOST_MADE = 25
FILE_BYTES = {"straight": 620_000, "archive": 620_000, "hard": 695_000}
CALM = (("noise", 0.7), ("salt", 0.0), ("jpeg", 50.0), ("blur", 0.6))
CLEAN = (("noise", 0.0), ("uneven", 0.0), ("paper", 255.0), ("blur", 0.0))


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample is for.

    Attributes:
        name: of the file without suffix.
        stresses: what it is meant to test, for the list.
        grade, kind, container, bits, levels: as in Order.
        fits: whether a planned report will do.
        tags: tags that the finished document must have.
    """

    name: str
    stresses: str
    grade: str
    container: str
    fits: Callable[[ReportPlan], bool]
    kind: str = ""
    bits: bool | None = None
    levels: tuple[tuple[str, float], ...] = CALM
    tags: tuple[str, ...] = ()


def _traits(plan: ReportPlan, *wanted: str) -> bool:
    return all(t in plan.figures.traits for t in wanted)


def _usual(plan: ReportPlan) -> bool:
    """Zeros printed as zeros, something in table 三, no mistake, upright pages."""
    busy = int(plan.figures.cells["requests.received.total"].value or 0) > 20
    rare = {"source_error", "full_width", "thousands", "words"} & set(plan.figures.traits)
    return _traits(plan, "zeros_zero") and busy and not rare and not plan.design.landscape


def _edition(plan: ReportPlan, edition: str) -> bool:
    return _usual(plan) and plan.edition == edition


def _signed(plan: ReportPlan) -> bool:
    cells = plan.figures.cells
    signed = any(c.text.startswith(("-", "+")) and c.state == "read" for c in cells.values())
    return plan.edition == "2019" and signed and "元" in cells["disclosure.procurement.amount"].text


def _zeros(plan: ReportPlan, style: str) -> bool:
    busy = int(plan.figures.cells["requests.received.total"].value or 0) > 5
    few = sum(c.state == "read" for c in plan.figures.cells.values()) < 80
    return _traits(plan, style) and plan.edition == "2021" and busy and few and not plan.design.landscape


# Those first whose pages compress worst: each takes the first document that is small enough and not yet used.
SAMPLES = (
    Sample(
        "seal_on_table",
        "red seal over numbers",
        "hard",
        "pdf_jpeg",
        lambda p: _edition(p, "2021"),
        kind="seal",
        bits=False,
        tags=("colour",),
    ),
    Sample(
        "phone",
        "photographed with a telephone: perspective, curl, shadow",
        "hard",
        "folder_jpg",
        lambda p: _edition(p, "2021") and p.design.body_pt < 15,
        tags=("colour",),
        kind="phone",
        levels=(("noise", 1.2), ("salt", 0.0), ("jpeg", 50.0)),
    ),
    Sample(
        "straight",
        "straight 300 dpi scan, black and white without loss, the plain case",
        "straight",
        "pdf_g4",
        lambda p: _edition(p, "2021") and p.design.style.name in {"plain_black", "tight"},
        bits=True,
        levels=CLEAN,
    ),
    Sample(
        "archive",
        "office scanner at 200 dpi: skew, blur, dirt, JPEG",
        "archive",
        "pdf_jpeg",
        lambda p: _edition(p, "2021") and p.design.producer == "docx",
        bits=False,
    ),
    Sample(
        "blue_blocks",
        "shaded block rows, vertical group label, JPEG TIFF",
        "archive",
        "tif_jpeg",
        lambda p: _edition(p, "2021") and p.design.style.name == "blue_blocks",
        bits=False,
    ),
    Sample("black_and_white", "1-bit pages, G4 TIFF", "archive", "tif_g4", lambda p: _edition(p, "2021"), bits=True),
    Sample(
        "photo_folder",
        "a folder with one JPEG a page, orientation in EXIF",
        "archive",
        "folder_jpg_exif",
        lambda p: _edition(p, "2021") and p.design.labels == "three",
        bits=False,
    ),
    Sample(
        "split_table",
        "table 三 cut by a page break, its heading not repeated, a group label cut",
        "archive",
        "pdf_g4",
        lambda p: (
            _edition(p, "2021") and p.design.break_row > 8 and not p.design.repeat_heads and p.design.labels == "three"
        ),
        bits=True,
    ),
    Sample(
        "hybrid",
        "2021 table 二 with an undivided （六） in table 三",
        "archive",
        "pdf_jpeg",
        lambda p: _edition(p, "hybrid"),
        bits=False,
    ),
    Sample(
        "edition_2019",
        "2019 form with signed 本年增/减 and a unit within 采购总金额",
        "archive",
        "pdf_jpeg",
        _signed,
        bits=False,
    ),
    Sample(
        "landscape",
        "landscape page for table 三, lying on its side in the scan",
        "archive",
        "pdf_g4",
        lambda p: "三" in p.design.landscape and _traits(p, "zeros_zero") and p.edition == "2021",
        bits=True,
        tags=("turned_page",),
    ),
    Sample(
        "blank_zeros",
        "zero cells left blank",
        "archive",
        "pdf_jpeg",
        lambda p: _zeros(p, "zeros_blank"),
        bits=False,
    ),
    Sample(
        "slash_zeros",
        "zero cells struck through with /",
        "archive",
        "tif_g4",
        lambda p: _zeros(p, "zeros_slash"),
        bits=True,
    ),
    Sample(
        "wrong_total",
        "the authority's own total does not add up: printed is the truth",
        "archive",
        "pdf_g4",
        lambda p: _traits(p, "zeros_zero", "wrong_total") and p.edition == "2021",
        bits=True,
    ),
)


def _size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*")) if path.is_dir() else path.stat().st_size


def _make(sample: Sample, out: Path, used: set[int]) -> tuple[Made, int]:
    """Make the first fitting document that is small enough; return it with its number.

    Raises:
        LookupError: if no document under the seed fits.
    """
    splits = load_splits()
    tried = 0
    for index in range(MOST_LOOKED_AT):
        plan = plan_report(splits, "dev", SEED, index)
        if index in used or not sample.fits(plan):
            continue
        order = Order(
            "dev",
            sample.grade,
            SEED,
            index,
            out,
            sample.kind,
            container=sample.container,
            bits=sample.bits,
            levels=sample.levels,
        )
        tried += 1
        if tried > MOST_MADE:
            break
        made = make_document(order, sample.name)
        path = out / made.name
        if _size(path) <= FILE_BYTES[sample.grade] and set(sample.tags) <= set(made.tags):
            return made, index
        (out / "truth" / f"{made.name}.json").unlink()
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    raise LookupError(f"no document under seed {SEED} fits the sample {sample.name}")


def make_samples(out: Path) -> list[str]:
    """Make all samples with their truth and write the list of them.

    Args:
        out: folder; files of earlier samples of the same names are replaced.

    Returns:
        The names of the files and folders made.

    Raises:
        LookupError: if a sample cannot be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    lines, names = [], []
    used: set[int] = set()
    for sample in SAMPLES:
        made, index = _make(sample, out, used)
        used.add(index)
        names.append(made.name)
        source = f"scan maker, split dev, grade {sample.grade}, seed {SEED}, document {index}"
        lines.append(f"| `{made.name}` | {sample.stresses} | {source} | as this repository |")
    readme = out / "README.md"
    # The list of exports at the end is written by scripts.exports.
    exports = readme.read_text(encoding="utf-8").partition("\n## ") if readme.exists() else ("", "", "")
    readme.write_text(_README + "\n".join(lines) + "\n" + exports[1] + exports[2], encoding="utf-8")
    return names


_README = """# Samples

Small reports as image documents with ground truth in `truth/`, all made from the development split by
`python -m scripts.scanmaker samples -o samples`: agencies, numbers and damage are made up, the layout follows
published reports. What is printed is the truth, also where it does not add up. The pictures show glyphs of free fonts
(SIL Open Font License, Apache-2.0, Arphic Public License, GPL with font exception); no font file is part of them.

The seeds are those of the split before 2026-11-25, when visual styles joined it: the same numbers draw other documents since.

| file | what it stresses | source | licence |
|---|---|---|---|
"""
