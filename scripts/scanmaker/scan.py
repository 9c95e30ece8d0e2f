"""Draws the damage of a whole document within the recipe of its grade and split."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.splits import Legibility, Recipe

FAX_DPI = (204.0, 98.0, 196.0)  # across; down in standard and in fine quality (ITU-T T.4)
LOW_DPI = (110.0, 130.0)
PHONE_DPI = (170.0, 230.0)
# Wood, dark wood, metal, walnut, light laminate.
DESKS = ((120, 92, 66), (70, 62, 58), (150, 150, 152), (96, 74, 50), (180, 168, 150))
# Room for the shrinking that a skewed, scaled or photographed page undergoes.
SHRINKING = {"phone": 1.25}
USUAL_SHRINKING = 1.06


@dataclass(frozen=True, slots=True)
class Scan:
    """The damage of a whole document.

    Attributes:
        kind: one of the recipe's hard kinds, "" for straight and archive.
        dpi: across and down, pixels per inch of the scan.
        colour: pages keep their colour.
        bits: pages are black and white only.
        strength: 0 to 1, of the hard kind.
        quarters: clockwise quarter turns of every page.
        turn_wide: landscape pages lie on their side in the scan.
        levels: black, paper, uneven, blur, noise, salt, jpeg, bend as drawn for the document.
        effects: names of further effects.
        cast: factor of red, green and blue on colour pages.
        surface: colour of the table under photographed pages.
    """

    recipe: Recipe
    kind: str
    dpi: tuple[float, float]
    colour: bool
    bits: bool
    strength: float
    quarters: int
    turn_wide: int
    levels: dict[str, float]
    effects: tuple[str, ...]
    cast: tuple[float, float, float]
    surface: tuple[int, int, int]


def _cast(dice: Dice) -> tuple[float, float, float]:
    """Draw the colour of paper and light: mostly yellowish, sometimes bluish."""
    green, blue = 1 - dice.between(0.0, 0.03), 1 - dice.between(0.0, 0.09)
    return (1 - 0.5 * (1 - blue), green, 1.0) if dice.chance(0.2) else (1.0, green, blue)


def draw_scan(dice: Dice, recipe: Recipe, bounds: Legibility, digit_pt: float, kind: str = "") -> Scan:
    """Draw the damage of a document.

    Args:
        dice: the stream of the document's damage.
        recipe: its grade and split.
        bounds: the least height of digits decides the least resolution.
        digit_pt: height of the smallest digits in points.
        kind: a hard kind to force, "" to draw one.
    """
    if recipe.kinds:
        kind = kind or dice.weighted(recipe.kinds)
    dpi = recipe.usual_dpi if recipe.usual_dpi and dice.chance(0.6) else dice.span(recipe.dpi)
    bits = dice.chance(recipe.bits1) and kind not in {"phone", "shadow", "low_dpi", "bleed_through"}
    colour = dice.chance(recipe.colour) and not bits
    least = bounds.digit_px * 72.0 / max(digit_pt, 1.0) * SHRINKING.get(kind, USUAL_SHRINKING)
    across = down = max(dpi, least)
    strength = dice.span(recipe.strength) if recipe.kinds else 0.0
    if kind == "low_dpi":
        across = down = max(dice.span(LOW_DPI), least)
    if kind == "fax":
        bits, colour = True, False
        across, down = FAX_DPI[0], FAX_DPI[1] if least <= FAX_DPI[1] and dice.chance(0.5) else FAX_DPI[2]
        across, down = max(across, least), max(down, least)
    if kind == "phone":
        colour = dice.chance(0.85)
        across = down = max(dice.span(PHONE_DPI), least)
    if kind == "seal":
        colour = dice.chance(0.6) and not bits
    ranges = {"black": recipe.black, "paper": recipe.paper, "uneven": recipe.uneven, "blur": recipe.blur}
    ranges |= {"noise": recipe.noise, "salt": recipe.salt, "jpeg": recipe.jpeg, "bend": recipe.bend}
    levels = {name: dice.span(limits) for name, limits in ranges.items()}
    if bits:
        levels["paper"] = max(levels["paper"], 235)
        levels["black"] *= 0.5
    return Scan(
        recipe=recipe,
        kind=kind,
        dpi=(across, down),
        colour=colour,
        bits=bits,
        strength=strength,
        quarters=dice.pick((1, 2, 3)) if kind == "rotated" else 0,
        turn_wide=dice.pick((1, 3)) if recipe.grade != "straight" and dice.chance(0.5) else 0,
        levels=levels,
        effects=tuple(e for e, chance in recipe.effects.items() if dice.chance(chance)),
        cast=_cast(dice),
        surface=dice.pick(DESKS),
    )
