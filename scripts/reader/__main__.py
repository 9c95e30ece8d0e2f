"""Fonts and training crops of the numeral reader: ``fonts`` installs the former, ``crops`` makes the latter."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from scripts.reader.crops import write_shard
from scripts.reader.faces import install


def main() -> None:
    """Install fonts or write files of crops."""
    parser = argparse.ArgumentParser(prog="python -m scripts.reader", description=__doc__)
    todo = parser.add_subparsers(dest="todo", required=True)
    todo.add_parser("fonts", help="install the further fonts with npm")
    crops = todo.add_parser("crops", help="draw, damage and take apart sheets; 20 to a file")
    crops.add_argument("--folder", type=Path, default=Path("build/reader-crops"))
    crops.add_argument("--seed", type=int, default=1)
    crops.add_argument("--first", type=int, default=0, help="number of the first sheet")
    crops.add_argument("--files", type=int, default=20)
    crops.add_argument("--watched", action="store_true", help="use the fonts that are held out of training")
    a = parser.parse_args()
    if a.todo == "fonts":
        print("\n".join(install()))
        return
    cv2.setNumThreads(1)
    for k in range(a.files):
        print(write_shard(a.folder, a.seed, a.first + 20 * k, 20, watched=a.watched), flush=True)


if __name__ == "__main__":
    main()
