"""Make sets of exports and judge them.

python -m scripts.exports refill ../shared/real/docs/seed-*.txt --truth ../shared/real/truth --copies 200 --seed 1
    python -m scripts.exports roundtrip --count 100 --seed 1 --format docx --format html
    python -m scripts.exports together --count 100 --seed 1
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from scripts.exports.refill import write_copies
from scripts.exports.roundtrip import FORMATS, write_exports, write_run_together
from scripts.exports.samples import make_export_samples


def main() -> int:
    """Parse the command line, make the set, read and judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    refill = commands.add_parser("refill", help="copies of texts with other numbers")
    refill.add_argument("texts", nargs="+", type=Path)
    refill.add_argument("--truth", type=Path, required=True)
    refill.add_argument("--copies", type=int, default=200)
    refill.add_argument("--seed", type=int, default=1)
    trip = commands.add_parser(
        "roundtrip", help="generated reports in the formats and through the converters that users have"
    )
    trip.add_argument("--format", action="append", choices=FORMATS, help="may be given again; all without it")
    trip.add_argument("--split", default="dev", choices=["dev", "calibration", "test"])
    trip.add_argument("--count", type=int, default=100)
    trip.add_argument("--seed", type=int, default=1)
    glued = commands.add_parser("together", help="generated reports as text with nothing between cells")
    glued.add_argument("--split", default="dev", choices=["dev", "calibration", "test"])
    glued.add_argument("--count", type=int, default=100)
    glued.add_argument("--seed", type=int, default=1)
    for command in (refill, trip, glued):
        command.add_argument("--work", type=Path, default=Path("build/exports"))
        command.add_argument(
            "--reuse", action="store_true", help="keep documents that an earlier run made with this seed"
        )
    samples = commands.add_parser("samples", help="make the exports of the samples folder")
    samples.add_argument("-o", "--out", type=Path, required=True)
    choices = parser.parse_args()
    if choices.command == "samples":
        print("\n".join(make_export_samples(choices.out)))
        return 0
    if choices.command == "refill":
        folder = choices.work / f"refill-{choices.copies}-{choices.seed}"
        if not (choices.reuse and folder.is_dir()):
            write_copies(choices.texts, choices.truth, folder, choices.copies, choices.seed)
        judge(folder)
        return 0
    if choices.command == "together":
        folder = choices.work / f"together-{choices.split}-{choices.count}-{choices.seed}"
        if not (choices.reuse and folder.is_dir()):
            write_run_together(folder, split=choices.split, seed=choices.seed, count=choices.count)
        judge(folder)
        print(tables_right(folder))
        return 0
    folder = choices.work / f"roundtrip-{choices.split}-{choices.count}-{choices.seed}"
    for name in choices.format or FORMATS:
        if not (choices.reuse and (folder / name).is_dir()):
            write_exports(folder, [name], split=choices.split, seed=choices.seed, count=choices.count)
        print(f"== {name}")
        judge(folder / name)
    return 0


def tables_right(folder: Path) -> str:
    """How many tables have every value right, for tables 三 and 四, whose sums say how digits are cut, by whether their sums hold."""
    counts: Counter[tuple[str, bool, bool]] = Counter()
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        report = json.loads((folder / "out" / f"{truth['file']}.json").read_text(encoding="utf-8"))
        found = {f["id"]: f["value"] for f in report["fields"]}
        for table, stem in (("三", "requests."), ("四", "remedies.")):
            wanted = {i: f["value"] for i, f in truth["fields"].items() if i.startswith(stem)}
            right = all(found.get(i) == v for i, v in wanted.items())
            counts[table, "source_error" not in truth["tags"], right] += 1
    lines = []
    for table in "三四":
        for obeys in (True, False):
            good, bad = counts[table, obeys, True], counts[table, obeys, False]
            what = "sums hold in print" if obeys else "with an error in print"
            lines.append(f"table {table}, reports {what}: all values right in {good} of {good + bad}")
    return "\n".join(lines)


def judge(folder: Path) -> None:
    """Read ``folder/docs`` the way of a user and print how it went; the judgement is kept in ``folder/judged.txt``."""
    tool = Path(sys.executable).with_name("gikocr")
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run(
        [tool, "extract", folder / "docs", "-o", out, "--workers", "1"], check=False, stdout=subprocess.DEVNULL
    )
    told = subprocess.run(
        [tool, "evaluate", folder / "truth", out, "--wrong"], check=True, capture_output=True, text=True
    ).stdout
    (folder / "judged.txt").write_text(told, encoding="utf-8")
    print(told.split("\nWrong fields by")[0])


if __name__ == "__main__":
    sys.exit(main())
