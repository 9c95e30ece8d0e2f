"""Make sets of exports and judge them.

python -m scripts.exports refill ../shared/real/docs/seed-*.txt --truth ../shared/real/truth --copies 200 --seed 1
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from scripts.exports.refill import write_copies


def main() -> int:
    """Parse the command line, make the set, read and judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    refill = commands.add_parser("refill", help="copies of texts with other numbers")
    refill.add_argument("texts", nargs="+", type=Path)
    refill.add_argument("--truth", type=Path, required=True)
    refill.add_argument("--copies", type=int, default=200)
    refill.add_argument("--seed", type=int, default=1)
    refill.add_argument("--work", type=Path, default=Path("build/exports"))
    choices = parser.parse_args()
    folder = choices.work / f"refill-{choices.copies}-{choices.seed}"
    write_copies(choices.texts, choices.truth, folder, choices.copies, choices.seed)
    judge(folder)
    return 0


def judge(folder: Path) -> None:
    """Read ``folder/docs`` the way of a user and print how it went; the judgement is kept in ``folder/judged.txt``."""
    tool = Path(sys.executable).with_name("gikocr")
    out = folder / "out"
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
