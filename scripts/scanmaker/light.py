"""Damage by paper, light and scanner: background, shadows, dirt, noise, blur, 1-bit conversion."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.warp import smooth_field

_NOISE_TILE = 1024
_LEAST_RANGE = 120.0


def _grow(field: np.ndarray, picture: np.ndarray) -> np.ndarray:
    return field[..., None] if picture.ndim == 3 else field


def tone(picture: np.ndarray, black: float, paper: float) -> np.ndarray:
    """Map 0…255 to black…paper."""
    table = np.clip(black + np.arange(256) * (paper - black) / 255, 0, 255).astype(np.uint8)
    return cv2.LUT(picture, table)


def uneven_light(dice: Dice, picture: np.ndarray, amplitude: float) -> np.ndarray:
    """Darken smoothly by up to `amplitude` grey levels: a gradient over the page and a few hills."""
    height, width = picture.shape[:2]
    small = smooth_field(dice.rng, 32, 24, 2)
    gx, gy = dice.between(-1, 1), dice.between(-1, 1)
    slope = (
        np.linspace(-1, 1, 24, dtype=np.float32)[None, :] * gx + np.linspace(-1, 1, 32, dtype=np.float32)[:, None] * gy
    )
    small = 0.5 * small + 0.25 * (slope + 2) / 2
    field = cv2.resize(np.clip(small, 0, 1), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.subtract(picture, _as_levels(field * amplitude, picture))


def _as_levels(field: np.ndarray, picture: np.ndarray) -> np.ndarray:
    levels = field.astype(np.uint8)
    return cv2.merge([levels] * 3) if picture.ndim == 3 else levels


def edge_shadow(dice: Dice, picture: np.ndarray, strength: float) -> np.ndarray:
    """Darken one or two edges as an open copier lid does."""
    height, width = picture.shape[:2]
    field = np.zeros((height, width), dtype=np.float32)
    for side in dice.some(("left", "right", "top", "bottom"), dice.whole(1, 2)):
        length = width if side in {"left", "right"} else height
        reach = int(length * dice.between(0.006, 0.03)) + 2
        ramp = np.zeros(length, dtype=np.float32)
        ramp[:reach] = np.linspace(1, 0, reach) ** 1.5 * dice.between(60, 190) * (0.4 + 0.6 * strength)
        if side in {"right", "bottom"}:
            ramp = ramp[::-1]
        field = np.maximum(field, ramp[None, :] if side in {"left", "right"} else ramp[:, None])
    return cv2.subtract(picture, _as_levels(field, picture))


def cast_shadow(dice: Dice, picture: np.ndarray, strength: float) -> np.ndarray:
    """Cast the shadow of a hand, a telephone or a book's gutter over part of the page."""
    height, width = picture.shape[:2]
    small = np.zeros((64, 48), dtype=np.float32)
    if dice.chance(0.4):
        at = dice.pick((0.0, 1.0))
        x = np.linspace(0, 1, 48, dtype=np.float32)
        small += np.exp(-np.abs(x - at) / dice.between(0.06, 0.18))[None, :]
    else:
        corners = dice.rng.uniform(-0.3, 1.3, (dice.whole(3, 5), 2)) * (48, 64)
        hull = cv2.convexHull(corners.astype(np.float32)).astype(np.int32)
        cv2.fillConvexPoly(small, hull, (1.0,))
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), dice.between(0.8, 3.0)), dtype=np.float32)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR) * (0.2 + 0.38 * strength)
    return (picture * (1 - _grow(field, picture))).astype(np.uint8)


def specks(dice: Dice, picture: np.ndarray, density: float, dpi: float) -> None:
    """Put dirt on the glass in place: dots of 0.1 to 0.5 mm, `density` of them on 1000 mm²."""
    height, width = picture.shape[:2]
    count = int(density * height * width / (dpi / 25.4) ** 2 / 1000)
    for _ in range(count):
        x, y = dice.whole(0, width - 1), dice.whole(0, height - 1)
        radius = max(1, round(abs(dice.rng.normal(0, 0.13)) / 25.4 * dpi))
        grey = dice.whole(20, 140)
        cv2.circle(picture, (x, y), radius, (grey,) * (3 if picture.ndim == 3 else 1), -1, cv2.LINE_AA)


def toner_dots(dice: Dice, picture: np.ndarray, share: float) -> None:
    """Scatter single dark pixels in clusters in place; `share` of all pixels."""
    height, width = picture.shape[:2]
    count = int(share * height * width)
    centres = dice.rng.uniform(0, 1, (max(1, count // 60), 2)) * (height, width)
    at = centres[dice.rng.integers(len(centres), size=count)] + dice.rng.normal(0, 0.06, (count, 2)) * (height, width)
    y, x = np.clip(at[:, 0], 0, height - 1).astype(int), np.clip(at[:, 1], 0, width - 1).astype(int)
    picture[y, x] = (dice.rng.integers(10, 120, count).astype(np.uint8))[:, None] if picture.ndim == 3 else 60


def scan_lines(dice: Dice, picture: np.ndarray, count: int) -> None:
    """Draw faint straight lines along the feed direction in place, as dust on a feeding scanner does."""
    width = picture.shape[1]
    for _ in range(count):
        x = dice.whole(0, width - 2)
        part = picture[:, x : x + dice.whole(1, 2)].astype(np.float32)
        picture[:, x : x + part.shape[1]] = (part * dice.between(0.55, 0.85)).astype(np.uint8)


def banding(dice: Dice, picture: np.ndarray, depth: float, dpi: float) -> np.ndarray:
    """Lighten level bands at an even distance, as a worn drum prints them; `depth` is the share of the ink that the palest loses."""
    height = picture.shape[0]
    pitch = dice.between(18.0, 95.0) / 25.4 * dpi
    wave = np.sin(2 * np.pi * (np.arange(height, dtype=np.float32) / pitch + dice.between(0, 1)))
    kept = 1 - depth * np.clip(wave, 0, 1) ** 2
    shape = (height, 1, 1) if picture.ndim == 3 else (height, 1)
    return (255 - (255 - picture.astype(np.float32)) * kept.reshape(shape)).astype(np.uint8)


def smears(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> np.ndarray:
    """Darken one to three broad stripes with soft edges along the feed direction, as dirty rollers leave them."""
    height, width = picture.shape[:2]
    field = np.zeros(width, dtype=np.float32)
    x = np.arange(width, dtype=np.float32)
    for _ in range(dice.whole(1, 3)):
        half = dice.between(1.0, 7.0) / 25.4 * dpi
        field = np.maximum(field, dice.between(8, 34) * np.exp(-(((x - dice.between(0, width)) / half) ** 2)))
    along = 0.4 + 0.6 * smooth_field(dice.rng, 64, 2, 3)[:, 0]
    rows = cv2.resize(along.reshape(-1, 1).astype(np.float32), (1, height), interpolation=cv2.INTER_LINEAR)
    return cv2.subtract(picture, _as_levels(np.clip(rows, 0, 1) * field[None, :] * strength, picture))


def drum_spots(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Repeat a few spots down the page in place at the turn of a scratched drum, as a copier prints them.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark they are.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    turn = dice.between(38.0, 95.0) * mm
    for _ in range(dice.whole(1, 4)):
        x, first = dice.between(0.02, 0.98) * width, dice.between(0, turn)
        axes = (max(1, round(dice.between(0.1, 0.35) * mm)), max(1, round(dice.between(0.1, 0.5) * mm)))
        grey = round(255 - dice.between(110, 230) * strength)
        for y in np.arange(first, height, turn):
            centre = (round(x + dice.between(-1, 1)), round(float(y)))
            cv2.ellipse(
                picture, centre, axes, 0, 0, 360, (grey,) * (3 if picture.ndim == 3 else 1), -1, lineType=cv2.LINE_AA
            )


def worn_edge(dice: Dice, picture: np.ndarray, depth: float) -> np.ndarray:
    """Let the ink pale towards one edge of the sheet, where the copier's lid did not press.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        depth: 0 to 1, the share of the ink that is lost at the edge itself.
    """
    height, width = picture.shape[:2]
    reach = dice.between(0.08, 0.35)
    side = dice.whole(0, 3)
    length = width if side < 2 else height
    along = np.clip(1 - np.arange(length, dtype=np.float32) / (reach * length), 0, 1)
    kept = 1 - depth * (along if side % 2 == 0 else along[::-1])
    shape = (1, width) if side < 2 else (height, 1)
    kept = kept.reshape(*shape, 1) if picture.ndim == 3 else kept.reshape(shape)
    return (255 - (255 - picture.astype(np.float32)) * kept).astype(np.uint8)


def water_stain(dice: Dice, picture: np.ndarray, strength: float) -> np.ndarray:
    """Darken one or two round patches of the sheet a little, with the darker rim that drying water leaves.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; a rim darkens by up to 60 grey levels, what is inside by a third of that.
    """
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    field = np.zeros_like(x)
    for _ in range(dice.whole(1, 2)):
        radius = dice.between(0.06, 0.22) * width
        away = np.hypot(x - dice.between(0, width), (y - dice.between(0, height)) * dice.between(0.7, 1.3)) / radius
        away += 0.35 * (smooth_field(dice.rng, away.shape[0], away.shape[1], 6) - 0.5)
        rim = np.exp(-(((away - 1) / 0.04) ** 2)) * (away < 1) + np.exp(-(((away - 1) / 0.015) ** 2)) * (away >= 1)
        field = np.maximum(field, dice.between(20, 60) * (rim + 0.33 * (away < 1)))
    whole = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.subtract(picture, _as_levels(whole * strength, picture))


def roller_ticks(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Draw short dark ticks in rows down the page in place, as dirty feed rollers leave them.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark they are.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    thick = max(1, round(dice.between(0.08, 0.2) * mm))
    grey = round(255 - dice.between(70, 190) * strength)
    for _ in range(dice.whole(1, 2)):
        x, turn = dice.between(0.05, 0.95) * width, dice.between(9.0, 30.0) * mm
        for y in np.arange(dice.between(0, turn), height, turn):
            if dice.chance(0.75):
                start = (round(x + dice.between(-0.4, 0.4) * mm), round(float(y)))
                end = (start[0] + round(dice.between(-0.3, 0.3) * mm), start[1] + round(dice.between(0.8, 2.6) * mm))
                cv2.line(picture, start, end, (grey,) * (3 if picture.ndim == 3 else 1), thick, lineType=cv2.LINE_AA)


def halftone(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> np.ndarray:
    """Lay the dots of a printer's screen over the sheet, as pages show that were copied with a grey ground.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; the dots darken by up to 26 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    pitch, turn = dice.between(0.5, 1.4) / 25.4 * dpi, np.deg2rad(dice.between(10.0, 80.0))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    dots = np.clip(np.cos(2 * np.pi * u / pitch) * np.cos(2 * np.pi * v / pitch), 0, 1)
    return cv2.subtract(picture, _as_levels(dots * dice.between(6, 26) * strength, picture))


def white_scratches(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Draw long thin scratches without toner down the sheet in place, as a scratched drum leaves them.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; decides how many there are and how much ink they take.
        dpi: of the picture.
    """
    height, width = picture.shape[:2]
    lost = np.zeros((height, width), np.uint8)
    for _ in range(dice.whole(2, 3 + round(6 * strength))):
        x, y = dice.whole(0, width - 1), dice.whole(0, height // 2)
        end = y + round(dice.between(0.2, 1.0) * height)
        drift = dice.between(-0.01, 0.01) * width
        level = int(255 * dice.between(0.4, 0.9) * strength)
        thick = max(1, round(dice.between(0.05, 0.2) / 25.4 * dpi))
        cv2.line(lost, (x, y), (round(x + drift), end), (level,), thick, cv2.LINE_AA)
    share = _grow(lost.astype(np.float32) / 255, picture)
    paper = float(np.percentile(picture, 90))
    picture[:] = (picture * (1 - share) + np.maximum(picture, paper) * share).astype(np.uint8)


def toner_ghost(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> np.ndarray:
    """Print the page once more, pale and some centimetres lower, as a fuser does that has not shed its toner.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; the ghost has up to a seventh of the ink.
        dpi: of the picture.
    """
    down = round(dice.between(25, 75) / 25.4 * dpi)
    ink = 255 - cv2.GaussianBlur(picture, (0, 0), 0.006 * dpi)
    ghost = np.zeros_like(picture)
    ghost[down:] = ink[:-down]
    return cv2.subtract(picture, cv2.convertScaleAbs(ghost, alpha=dice.between(0.05, 0.14) * strength))


def feed_jog(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> np.ndarray:
    """Move the sheet below some heights sideways at once, as a feeder does whose rollers slip.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; a jog is of up to 0.45 mm.
        dpi: of the picture.
    """
    height = picture.shape[0]
    jogged = picture.copy()
    for _ in range(dice.whole(1, 3)):
        y = dice.whole(height // 12, height * 11 // 12)
        shift = round(dice.between(-0.45, 0.45) * strength / 25.4 * dpi)
        jogged[y:] = np.roll(jogged[y:], shift, axis=1)
    return jogged


def comb_holes(dice: Dice, picture: np.ndarray, dpi: float) -> None:
    """Punch the row of small holes of a comb binding into the left margin in place."""
    mm = dpi / 25.4
    x, pitch = dice.between(4.0, 6.5) * mm, dice.between(8.0, 14.3) * mm
    size = (dice.between(2.0, 3.2) * mm, dice.between(3.0, 8.0) * mm)
    level = dice.whole(0, 70) if dice.chance(0.6) else dice.whole(175, 225)
    colour = (level,) * (3 if picture.ndim == 3 else 1)
    for y in np.arange(dice.between(6, 12) * mm, picture.shape[0] - 6 * mm, pitch):
        corners = ((round(x), round(float(y))), (round(x + size[0]), round(float(y) + min(size[1], 0.7 * pitch))))
        cv2.rectangle(picture, *corners, colour, -1)


def punch_holes(dice: Dice, picture: np.ndarray, dpi: float) -> None:
    """Punch two filing holes into the left margin in place."""
    mm = dpi / 25.4
    height = picture.shape[0]
    level = dice.whole(0, 60) if dice.chance(0.6) else dice.whole(180, 225)
    for offset in (-40.0, 40.0):
        centre = (int(dice.between(8, 11) * mm), int(height / 2 + offset * mm))
        cv2.circle(picture, centre, int(2.8 * mm), (level,) * (3 if picture.ndim == 3 else 1), -1, cv2.LINE_AA)


def add_noise(dice: Dice, picture: np.ndarray, deviation: float, salt: float) -> np.ndarray:
    """Add grey noise (standard deviation in levels) and salt and pepper (share of pixels)."""
    height, width = picture.shape[:2]
    tile = dice.rng.normal(0, deviation, (_NOISE_TILE, _NOISE_TILE)).astype(np.float32)
    rows, columns = -(-height // _NOISE_TILE) + 1, -(-width // _NOISE_TILE) + 1
    dy, dx = dice.whole(0, _NOISE_TILE - 1), dice.whole(0, _NOISE_TILE - 1)
    noise = np.round(np.tile(tile, (rows, columns))[dy : dy + height, dx : dx + width]).astype(np.int16)
    grown = cv2.merge([noise] * 3) if picture.ndim == 3 else noise
    noisy = cv2.add(picture, grown, dtype=cv2.CV_8U)
    count = int(salt * height * width)
    if count:
        y, x = dice.rng.integers(height, size=count), dice.rng.integers(width, size=count)
        half = count // 2
        noisy[y[:half], x[:half]] = 255
        noisy[y[half:], x[half:]] = dice.whole(0, 60)
    return noisy


def paper_grain(dice: Dice, picture: np.ndarray, amount: float) -> np.ndarray:
    """Give the paper a fibrous structure of up to `amount` grey levels."""
    height, width = picture.shape[:2]
    fibres = cv2.GaussianBlur(dice.rng.normal(0, 1, (_NOISE_TILE, _NOISE_TILE)).astype(np.float32), (0, 0), 1.6)
    tile = fibres / max(1e-6, float(fibres.std())) * amount / 2
    reps = (-(-height // _NOISE_TILE), -(-width // _NOISE_TILE))
    grain = np.tile(np.round(tile).astype(np.int16), reps)[:height, :width]
    return cv2.add(picture, cv2.merge([grain] * 3) if picture.ndim == 3 else grain, dtype=cv2.CV_8U)


def tint(picture: np.ndarray, cast: tuple[float, float, float]) -> np.ndarray:
    """Multiply the channels of a colour picture, as old paper or lamplight does; grey pictures stay as they are."""
    return (
        cv2.merge([cv2.convertScaleAbs(c, alpha=a) for c, a in zip(cv2.split(picture), cast, strict=True)])
        if (picture.ndim == 3)
        else picture
    )


def desk(dice: Dice, surface: tuple[int, int, int], height: int, width: int) -> np.ndarray:
    """Return a table top of a colour under a photographed sheet: grain in one direction, RGB (height, width, 3)."""
    base = np.array(surface, np.float32)
    grain = cv2.resize(
        dice.rng.normal(0, 1, (160, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(base + grain[..., None] * dice.between(3, 12), 0, 255).astype(np.uint8)


def soften(picture: np.ndarray, deviation: float) -> np.ndarray:
    """Blur with a Gaussian of the given standard deviation in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), deviation) if deviation > 0.15 else picture


def to_grey(picture: np.ndarray) -> np.ndarray:
    """Return the grey picture."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture


def to_bits(picture: np.ndarray, place: float, *, local: bool, dpi: float) -> np.ndarray:
    """Threshold to black (0) and white (255).

    Args:
        picture: uint8 grey or RGB.
        place: 0 to 1, how far the threshold lies from black to paper.
        local: whether the threshold follows the light of the page.
        dpi: of the page, for the window of the local threshold (6 mm).
    """
    grey = to_grey(picture)
    if local:
        window = int(6.0 / 25.4 * dpi) | 1
        mean = cv2.blur(grey, (window, window)).astype(np.float32)
        limit = mean * (0.62 + 0.3 * place)
    else:
        paper, black = float(np.percentile(grey[::4, ::4], 75)), float(np.percentile(grey[::4, ::4], 0.5))
        # On a nearly empty page no percentile meets the ink: paper and ink lie at least this far apart.
        black = min(black, paper - _LEAST_RANGE)
        limit = np.full_like(grey, black + (paper - black) * place, dtype=np.float32)
    return np.where(grey > limit, 255, 0).astype(np.uint8)
