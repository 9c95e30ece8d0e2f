"""Command line of the scan maker: fonts, make, samples."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from scripts.scanmaker.fonts import install_fonts
from scripts.scanmaker.make import Order, make_series
from scripts.scanmaker.samples import make_samples
from scripts.scanmaker.splits import GRADES, SPLITS, load_splits


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.scanmaker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fonts", help="install the pinned fonts under build/fonts (needs npm and a network)")
    make = commands.add_parser("make", help="make scanned reports with ground truth")
    make.add_argument("--split", choices=SPLITS, required=True)
    make.add_argument("--grade", choices=GRADES, required=True)
    make.add_argument("--count", type=int, required=True, help="number of documents")
    make.add_argument("--first", type=int, default=0, help="number of the first document (default 0)")
    make.add_argument("--seed", type=int, default=0, help="seed of the series (default 0)")
    make.add_argument("-o", "--out", type=Path, required=True, help="folder of the documents; truth goes to OUT/truth")
    make.add_argument("--workers", type=int, default=1)
    kinds = sorted(load_splits().recipes["hard", "dev"].kinds)
    make.add_argument("--kind", choices=kinds, default="", help="one kind of damage only (grade hard)")
    make.add_argument("--keep-pages", action="store_true", help="also write the pages as PNG to OUT/damage_pages")
    make.add_argument(
        "--keep-boxes", action="store_true", help="also write places and print of all values to OUT/boxes"
    )
    samples = commands.add_parser("samples", help="make the documents of the samples folder")
    samples.add_argument("-o", "--out", type=Path, required=True)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _arguments(argv)
    if arguments.command == "fonts":
        print("\n".join(install_fonts()))
        return 0
    if arguments.command == "samples":
        print("\n".join(make_samples(arguments.out)))
        return 0
    if arguments.kind and arguments.grade != "hard":
        print("--kind needs --grade hard", file=sys.stderr)
        return 2
    orders = [
        Order(
            arguments.split,
            arguments.grade,
            arguments.seed,
            index,
            arguments.out,
            arguments.kind,
            arguments.keep_pages,
            arguments.keep_boxes,
        )
        for index in range(arguments.first, arguments.first + arguments.count)
    ]
    start = time.monotonic()
    for number, made in enumerate(make_series(orders, arguments.workers), 1):
        name = made if isinstance(made, str) else made.name
        print(f"{number}/{len(orders)} {name} {time.monotonic() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
