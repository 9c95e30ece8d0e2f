"""Measures gikocr on sets that the scan maker writes, and on a real document damaged like archive scans.

    python -m scripts.accuracy sets --grade archive --count 100 --seed 1 --work build/accuracy
    python -m scripts.accuracy damaged report.pdf truth.json --seeds 5 --work build/accuracy

Everything goes the way of a user: pages are written as files, ``gikocr extract`` reads them, ``gikocr evaluate`` judges. Sets of the
split ``test`` are made here in bulk and are not to be looked at to mend errors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ARCHIVE_DPI = 200
JPEG_QUALITY = 60


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sets = commands.add_parser("sets", help="documents of the scan maker")
    sets.add_argument("--split", default="test", choices=["dev", "calibration", "test"])
    sets.add_argument("--grade", action="append", choices=["straight", "archive", "hard"], help="may be given again")
    sets.add_argument("--count", type=int, default=100)
    sets.add_argument("--seed", type=int, default=112301)
    sets.add_argument("--reuse", action="store_true", help="keep documents that an earlier run made with this seed")
    damaged = commands.add_parser("damaged", help="a PDF printed to pages and damaged like archive scans")
    damaged.add_argument("pdf", type=Path)
    damaged.add_argument("truth", type=Path)
    damaged.add_argument("--seeds", type=int, default=5)
    for command in (sets, damaged):
        command.add_argument("--work", type=Path, default=Path("build/accuracy"))
        command.add_argument("--workers", type=int, default=2)
    choices = parser.parse_args()
    if choices.command == "sets":
        for grade in choices.grade or ["straight", "archive"]:
            measure_set(choices, grade)
    else:
        measure_damaged(choices)
    return 0


def measure_set(choices: argparse.Namespace, grade: str) -> None:
    """Make, read and judge one set; its figures are printed and kept as text and JSON."""
    name = f"{choices.split}-{grade}-{choices.count}-{choices.seed}"
    folder = choices.work / name
    if not (choices.reuse and (folder / "truth").is_dir()):
        run(
            "scripts.scanmaker", "make", "--split", choices.split, "--grade", grade,
            "--count", str(choices.count), "--seed", str(choices.seed), "-o", str(folder),
        )  # fmt: skip
    judge(folder, choices.work / f"{name}-out", choices.workers)


def measure_damaged(choices: argparse.Namespace) -> None:
    """Print a PDF to pages of 200 dpi, damage them like archive scans with several seeds, read and judge."""
    import pypdfium2

    from scripts.scanmaker.container import PageImage, write_pdf
    from scripts.scanmaker.damage import Sheet, damage_page
    from scripts.scanmaker.dice import Dice
    from scripts.scanmaker.scan import draw_scan
    from scripts.scanmaker.splits import load_splits

    folder = choices.work / f"damaged-{choices.pdf.stem}"
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    splits = load_splits()
    recipe = splits.recipes["archive", "dev"]
    truth = json.loads(choices.truth.read_text(encoding="utf-8"))
    for seed in range(choices.seeds):
        scan = draw_scan(Dice(seed, 77), recipe, splits.legibility, digit_pt=8.0)
        pages = []
        with pypdfium2.PdfDocument(choices.pdf) as document:
            for number, page in enumerate(document):
                picture = page.render(scale=ARCHIVE_DPI / 72).to_numpy()[:, :, ::-1].copy()
                pages.append(damage_page(scan, (seed, 77, number), Sheet(picture, [], [], None), splits.legibility))
        name = f"{choices.pdf.stem}-{seed}.pdf"
        images = [PageImage(p.pixels, (ARCHIVE_DPI, ARCHIVE_DPI), bits=scan.bits) for p in pages]
        write_pdf(folder / name, images, "jpeg", JPEG_QUALITY)
        judged = {**truth, "file": name}
        (folder / "truth" / f"{name}.json").write_text(json.dumps(judged, ensure_ascii=False), encoding="utf-8")
    judge(folder, choices.work / f"damaged-{choices.pdf.stem}-out", choices.workers)


def judge(folder: Path, out: Path, workers: int) -> None:
    """Read a set as a user would and print how it compares with the truth."""
    documents = [p for p in sorted(folder.iterdir()) if p.name != "truth"]
    run("gikocr", "extract", str(folder), "-o", str(out), "--workers", str(workers), "--group", "folder", check=False)
    text = run("gikocr", "evaluate", str(folder), str(out), "--json", str(out.with_suffix(".json")), capture=True)
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, {len(documents)} documents, commit {commit()}"
    out.with_suffix(".txt").write_text(f"{folder.name}: {stamp}\n\n{text}", encoding="utf-8")
    print(f"{folder.name}: {stamp}\n{text}")


def commit() -> str:
    """The commit that is measured, with a plus sign when files differ from it."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def run(module: str, *arguments: str, check: bool = True, capture: bool = False) -> str:
    """Run a module of this project with the same interpreter."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=check, text=True, stdout=subprocess.PIPE if capture else None)
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
