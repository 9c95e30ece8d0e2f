"""Training crops from documents that people reviewed: the windows that `measure collect` kept, each with what was decided."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from pathlib import Path

from gikocr.ocr.decoding import symbols_of
from scripts.reader.crops import Crop, save_crops
from scripts.reader.measure import Sample
from scripts.reader.sheets import target_of

MARKS = {"slash": "/", "dash": "-", "none_word": "无", "blank": ""}


def text_of(sample: Sample) -> str | None:
    """The string that the network is to read in a cell; None where it is not known to the letter, or not of its alphabet."""
    value, state = sample.right[0]
    text = value if state == "read" else MARKS.get(state)
    target = None if text is None else target_of(text)
    return target if target is not None and symbols_of(target) is not None else None


def crops_of(samples: Sequence[Sample]) -> list[Crop]:
    """The crops of all samples that can be learnt from."""
    found = []
    for sample in samples:
        text = text_of(sample)
        if sample.window is not None and text is not None:
            found.append(Crop(sample.window, text))
    return found


def main() -> None:
    """Write one file of crops from one file of collected samples."""
    parser = argparse.ArgumentParser(prog="python -m scripts.reader.reviewed", description=__doc__)
    parser.add_argument("collected", type=Path, help="what `python -m scripts.reader.measure collect` wrote")
    parser.add_argument("--to", type=Path, default=Path("build/reader-crops/crops-reviewed-00000.npz"))
    a = parser.parse_args()
    crops = crops_of(pickle.loads(a.collected.read_bytes()))
    save_crops(a.to, crops)
    print(f"{len(crops)} crops: {a.to}")


if __name__ == "__main__":
    main()
