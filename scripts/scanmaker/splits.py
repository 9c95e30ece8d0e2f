"""Reads splits.toml, which says what belongs to development, calibration and test."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

SPLITS = ("dev", "calibration", "test")
GRADES = ("straight", "archive", "hard")
SPLITS_FILE = Path(__file__).resolve().parent.parent / "splits.toml"

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """A named visual style; ranges are (low, high). See the comments of splits.toml for the meaning of each."""

    name: str
    split: str
    rule_pt: Range
    font_pt: Range
    row_mm: Range
    weight: float = 1.0
    pad_mm: Range = (0.4, 1.2)
    label_share: Range = (0.42, 0.52)
    inner: str = "solid"
    outer: str = "same"
    sides: bool = True
    rules: str = "grid"
    colour: str = "#000000"
    text_colour: str = "#000000"
    block_fill: str = ""
    head_fill: str = ""
    band_fill: str = ""
    align: tuple[str, ...] = ("center",)
    labels: tuple[str, ...] = ("three",)
    group: str = "plain"
    stack: float = 0.3
    bold_labels: float = 0.2
    web: bool = False
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of one grade of damage in one split; ranges are (low, high), units as in splits.toml."""

    grade: str
    split: str
    dpi: Range
    skew: Range
    blur: Range
    noise: Range
    black: Range
    paper: Range
    uneven: Range
    jpeg: Range
    usual_dpi: float = 0.0
    salt: Range = (0.0, 0.0)
    bend: Range = (0.0, 0.0)
    bits1: float = 0.0
    colour: float = 0.0
    effects: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)
    strength: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Legibility:
    """What damage has to leave: see splits.toml."""

    digit_px: float
    contrast: dict[str, float]
    ink_kept: float
    dirt: float
    text_kept: float
    page_dirt: float
    masked_share: float


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font families of one split with their weights: for numbers, for labels and body, for titles."""

    cells: dict[str, float]
    labels: dict[str, float]
    titles: dict[str, float]


@dataclass(frozen=True, slots=True)
class Places:
    """Stems of the made-up place names of one split."""

    cities: tuple[str, ...]
    counties: tuple[str, ...]
    towns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Splits:
    """The whole of splits.toml."""

    seed_base: dict[str, int]
    seed_size: int
    legibility: Legibility
    fonts: dict[str, Fonts]
    places: dict[str, Places]
    styles: tuple[Style, ...]
    recipes: dict[tuple[str, str], Recipe]
    containers: dict[str, dict[str, float]]

    def seed(self, split: str, seed: int) -> int:
        """Return the effective seed of `--seed` in a split.

        Raises:
            ValueError: if the seed lies outside the range that belongs to the split.
        """
        if not 0 <= seed < self.seed_size:
            raise ValueError(f"--seed must be from 0 to {self.seed_size - 1}, got {seed}")
        return self.seed_base[split] + seed


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def load_splits(path: Path = SPLITS_FILE) -> Splits:
    """Read and check splits.toml.

    Raises:
        OSError: if the file cannot be read.
        TypeError: if a style or recipe lacks an entry or has an unknown one.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    styles = tuple(Style(name=n, **{k: _frozen(v) for k, v in s.items()}) for n, s in raw["styles"].items())
    recipes = {
        (grade, split): Recipe(grade=grade, split=split, **{k: _frozen(v) for k, v in entries.items()})
        for grade, parts in raw["damage"].items()
        for split, entries in parts.items()
    }
    return Splits(
        seed_base=raw["seeds"]["base"],
        seed_size=raw["seeds"]["size"],
        legibility=Legibility(**raw["legibility"]),
        fonts={s: Fonts(**raw["fonts"][s]) for s in SPLITS},
        places={s: Places(**{k: tuple(v) for k, v in raw["agencies"][s].items()}) for s in SPLITS},
        styles=styles,
        recipes=recipes,
        containers=raw["containers"],
    )
