"""What people leave on paper: seals, pen strokes. Each mark comes as colour and opacity over the clean page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.fonts import font_file

SEAL_FONT = "Noto Serif CJK SC:bold"
SEAL_MM = (38.0, 45.0)
WHITE = 255
WATERMARKS = ("内部资料", "仅供存档", "政务公开", "档案馆复印", "复印无效")
_RED = (205, 30, 35)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on the page.

    Attributes:
        colour: r, g, b, 0 to 255.
        opacity: uint8 (height, width) of its own box, 0 = nothing there.
        left, top: place of the box on the page in pixels; it may reach beyond the page.
    """

    colour: tuple[int, int, int]
    opacity: np.ndarray
    left: int
    top: int


def _star(centre: float, radius: float) -> list[tuple[float, float]]:
    points = []
    for i in range(10):
        r = radius if i % 2 == 0 else radius * 0.39
        angle = -math.pi / 2 + i * math.pi / 5
        points.append((centre + r * math.cos(angle), centre + r * math.sin(angle)))
    return points


def draw_seal(dice: Dice, name: str, dpi: float, strength: float) -> Mark:
    """Draw a round red seal with the agency's name along its upper edge and a star.

    Args:
        dice: the stream of the document's damage.
        name: the agency.
        dpi: of the page.
        strength: 0 to 1, how full the ink is.
    """
    size = int(dice.span(SEAL_MM) / 25.4 * dpi)
    picture = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(picture)
    edge = max(2, size // 38)
    pen.ellipse((edge, edge, size - edge, size - edge), outline=255, width=edge)
    pen.polygon(_star(size / 2, size * 0.15), fill=255)
    letters = name[-16:]
    path, index = font_file(SEAL_FONT)
    font = ImageFont.truetype(path, max(8, int(size * min(0.15, 1.9 / max(9, len(letters))))), index=index)
    spread = math.radians(min(270, 24 * len(letters)))
    for i, letter in enumerate(letters):
        angle = -math.pi / 2 + spread * (i / max(1, len(letters) - 1) - 0.5)
        tile = Image.new("L", (size // 4, size // 4), 0)
        ImageDraw.Draw(tile).text((size // 8, size // 8), letter, fill=255, font=font, anchor="mm")
        tile = tile.rotate(-math.degrees(angle) - 90, resample=Image.Resampling.BICUBIC)
        x, y = size / 2 + size * 0.375 * math.cos(angle), size / 2 + size * 0.375 * math.sin(angle)
        picture.paste(255, (int(x - size / 8), int(y - size / 8)), tile)
    turned = np.asarray(picture.rotate(dice.between(-25, 25), resample=Image.Resampling.BICUBIC))
    # A rubber stamp leaves patches without ink.
    coarse = cv2.resize(dice.rng.random((size // 3 + 1, size // 3 + 1)).astype(np.float32), (size, size))
    patches = cv2.GaussianBlur(dice.rng.random((size, size)).astype(np.float32), (0, 0), size / 12)
    patches = (patches - patches.min()) / max(1e-6, float(np.ptp(patches)))
    full = np.clip(0.35 + 0.65 * patches + 0.35 * (coarse - 0.5), 0, 1) * (0.55 + 0.45 * strength)
    return Mark(_RED, (turned * full).astype(np.uint8), 0, 0)


def draw_stroke(points: np.ndarray, width: float, colour: tuple[int, int, int], opacity: float) -> Mark:
    """Draw a pen stroke along points, (n, 2) pixels on the page."""
    pad = int(width) + 3
    low = np.floor(points.min(axis=0)).astype(int) - pad
    high = np.ceil(points.max(axis=0)).astype(int) + pad
    canvas = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
    path = np.round((points - low) * 16).astype(np.int32)
    cv2.polylines(canvas, [path], False, (int(255 * opacity),), max(1, round(width)), cv2.LINE_AA, 4)
    return Mark(colour, canvas, int(low[0]), int(low[1]))


def pen_marks(
    dice: Dice, boxes: dict[str, tuple[float, float, float, float]], dpi: float, strength: float
) -> list[Mark]:
    """Draw ticks, underlines, rings and stray strokes near values.

    Args:
        dice: the stream of the document's damage.
        boxes: value → x0, y0, x1, y1 in pixels.
        dpi: of the page.
        strength: 0 to 1, decides how many marks there are.
    """
    mm = dpi / 25.4
    colour = dice.pick(((25, 35, 140), (20, 20, 25), (190, 25, 30)))
    width = dice.between(0.35, 0.75) * mm
    opacity = dice.between(0.6, 0.95)
    marks = []
    for name in dice.some(sorted(boxes), 3 + int(strength * 14)):
        x0, y0, x1, y1 = boxes[name]
        cx, cy = (x0 + x1) / 2 + dice.between(-1, 1) * mm, (y0 + y1) / 2 + dice.between(-1, 1) * mm
        kind = dice.weighted({"tick": 4, "underline": 3, "ring": 1.5, "slash": 0.8})
        wobble = dice.rng.normal(0, 0.12 * mm, (24, 2))
        if kind == "tick":
            path = np.array([(1.5, -0.5), (2.6, 1.2), (5.5, -3.2)]) * mm * dice.between(0.7, 1.3) + (cx, cy)
        elif kind == "underline":
            t = np.linspace(-4 * mm, 4 * mm, 24)
            path = np.c_[cx + t, np.full(24, y1 + 0.3 * mm)] + wobble
        elif kind == "ring":
            t = np.linspace(0, 2 * np.pi * 1.05, 24)
            path = np.c_[cx + 4.0 * mm * np.cos(t), cy + 2.8 * mm * np.sin(t)] + wobble
        else:
            path = np.array([(cx - 2.5 * mm, cy + 2.0 * mm), (cx + 2.5 * mm, cy - 2.0 * mm)])
        marks.append(draw_stroke(path, width, colour, opacity))
    return marks


def put_mark(page: np.ndarray, cover: np.ndarray, mark: Mark) -> None:
    """Lay a mark over the page by multiplying, as ink on ink does, and note in `cover` how dark the mark itself is.

    Args:
        page: uint8 RGB (height, width, 3), changed in place.
        cover: uint8 (height, width), greatest darkness of marks so far, changed in place.
        mark: what to lay over.
    """
    height, width = page.shape[:2]
    y0, x0 = max(0, mark.top), max(0, mark.left)
    y1, x1 = min(height, mark.top + mark.opacity.shape[0]), min(width, mark.left + mark.opacity.shape[1])
    if y0 >= y1 or x0 >= x1:
        return
    alpha = mark.opacity[y0 - mark.top : y1 - mark.top, x0 - mark.left : x1 - mark.left].astype(np.float32) / 255
    colour = np.array(mark.colour, dtype=np.float32) / 255
    part = page[y0:y1, x0:x1].astype(np.float32) * (1 - alpha[..., None] * (1 - colour))
    page[y0:y1, x0:x1] = part.astype(np.uint8)
    darkness = 255 * alpha * (1 - float(colour @ np.array([0.299, 0.587, 0.114], dtype=np.float32)))
    cover[y0:y1, x0:x1] = np.maximum(cover[y0:y1, x0:x1], darkness.astype(np.uint8))


def received_stamp(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Stamp a frame with a date and two lines of scrawl on the upper or lower part of the sheet in place, as registries do.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark it is, by up to 110 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    wide, high = round(dice.between(32, 52) * mm), round(dice.between(14, 22) * mm)
    edge = high // 3
    stamp = np.zeros((high + 2 * edge, wide + 2 * edge), np.uint8)
    thick = max(1, round(dice.between(0.3, 0.6) * mm))
    cv2.rectangle(stamp, (edge, edge), (edge + wide, edge + high), (WHITE,), thick)
    cv2.line(stamp, (edge, 2 * edge), (edge + wide, 2 * edge), (WHITE,), thick)
    text = f"{dice.whole(2019, 2025)} {dice.whole(1, 12):02d} {dice.whole(1, 28):02d}"
    (drawn, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_COMPLEX, 1.0, thick)
    place = (edge + wide // 10, edge + round(high * 0.8))
    cv2.putText(stamp, text, place, cv2.FONT_HERSHEY_COMPLEX, 0.8 * wide / drawn, (WHITE,), thick)
    for _ in range(dice.whole(8, 18)):
        x, y = edge + dice.whole(wide // 8, wide * 7 // 8), edge + dice.whole(4, max(5, edge - 4))
        cv2.line(stamp, (x, y), (x + dice.whole(-6, 6), y + dice.whole(-6, 6)), (WHITE,), max(1, thick - 1))
    turn = cv2.getRotationMatrix2D((edge + wide / 2, edge + high / 2), dice.between(-7, 7), 1.0)
    stamp = np.asarray(cv2.warpAffine(stamp, turn, stamp.shape[::-1]), np.uint8)
    left = round(dice.between(0.05, 0.95) * (width - stamp.shape[1]))
    band = dice.between(0.01, 0.2) if dice.chance(0.6) else dice.between(0.75, 0.95)
    top = round(band * (height - stamp.shape[0]))
    _press(picture, stamp, left, top, dice.between(60, 110) * strength)


def archive_stamp(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Stamp a small table of two rows with numbers in its cells near the upper edge of the sheet in place, as archives do.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark it is, by up to 120 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    columns = dice.whole(3, 4)
    wide, high = round(dice.between(38, 48) * mm), round(dice.between(14, 18) * mm)
    edge = high // 2
    stamp = np.zeros((high + 2 * edge, wide + 2 * edge), np.uint8)
    thick = max(1, round(dice.between(0.25, 0.5) * mm))
    cv2.rectangle(stamp, (edge, edge), (edge + wide, edge + high), (WHITE,), thick)
    cv2.line(stamp, (edge, edge + high // 2), (edge + wide, edge + high // 2), (WHITE,), thick)
    for k in range(columns):
        x = edge + wide * k // columns
        cv2.line(stamp, (x, edge), (x, edge + high), (WHITE,), thick)
        for y in (edge + high // 2, edge + high):
            text, place = str(dice.whole(1, 2025)), (x + wide // (6 * columns), y - high // 8)
            (drawn, tall), _ = cv2.getTextSize("2025", cv2.FONT_HERSHEY_DUPLEX, 1.0, 1)
            size = min(0.65 * wide / columns / drawn, 0.3 * high / tall)
            cv2.putText(stamp, text, place, cv2.FONT_HERSHEY_DUPLEX, size, (WHITE,), max(1, thick - 1), cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((edge + wide / 2, edge + high / 2), dice.between(-5, 5), 1.0)
    stamp = np.asarray(cv2.warpAffine(stamp, turn, stamp.shape[::-1]), np.uint8)
    left = round(dice.between(0.3, 0.95) * (width - stamp.shape[1]))
    top = round(dice.between(0.0, 0.1) * (height - stamp.shape[0]))
    _press(picture, stamp, left, top, dice.between(60, 120) * strength)


def _press(picture: np.ndarray, stamp: np.ndarray, left: int, top: int, darker: float) -> None:
    """Make a picture darker under a stamp by so many grey levels, in place."""
    area = picture[top : top + stamp.shape[0], left : left + stamp.shape[1]]
    ink = (stamp * (darker / WHITE)).astype(np.uint8)
    area[:] = cv2.subtract(area, cv2.merge([ink] * 3) if picture.ndim == 3 else ink)


def highlighter(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Draw one to three broad pale strokes of a marker over lines of the sheet in place; grey on a scan without colour.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how much darker the sheet gets under a stroke, by up to 45 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    shade = np.zeros((height, width), np.uint8)
    for _ in range(dice.whole(1, 3)):
        y, x = dice.between(0.1, 0.9) * height, dice.between(0.08, 0.5) * width
        end = min(0.95 * width, x + dice.between(0.15, 0.5) * width)
        tilt = dice.between(-1.5, 1.5) * mm
        start, stop = (round(x), round(y)), (round(end), round(y + tilt))
        cv2.line(shade, start, stop, (WHITE,), round(dice.between(4, 7) * mm), cv2.LINE_AA)
    level = dice.between(15, 45) * strength / WHITE
    grey = (shade * level).astype(np.uint8)
    # A yellow marker takes the blue away.
    blue = np.minimum(shade, 3 * grey.astype(np.int32)).astype(np.uint8)
    picture[:] = cv2.subtract(picture, cv2.merge([grey // 6, grey // 4, blue]) if picture.ndim == 3 else grey)


def watermark(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Lay pale slanting words over the sheet in place, again and again, as copies that archives give out carry them.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark they are, by up to 40 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm, side = dpi / 25.4, round(math.hypot(height, width))
    font_path, index = font_file(SEAL_FONT)
    font = ImageFont.truetype(font_path, round(dice.between(8, 14) * mm), index=index)
    text = dice.pick(WATERMARKS)
    canvas = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(canvas)
    across, down = dice.between(60, 110) * mm, dice.between(40, 80) * mm
    for row in range(round(side / down) + 1):
        for column in range(round(side / across) + 1):
            pen.text((column * across + (row % 2) * across / 2, row * down), text, fill=WHITE, font=font)
    turned = np.asarray(canvas.rotate(dice.between(25, 45), resample=Image.Resampling.BICUBIC))
    y, x = (side - height) // 2, (side - width) // 2
    _press(picture, turned[y : y + height, x : x + width], 0, 0, dice.between(15, 40) * strength)


def pencil_ticks(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Draw three to ten small ticks of a pencil on the sheet in place, as people who check figures leave them.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark they are, by up to 90 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    thick, darker = max(1, round(dice.between(0.25, 0.45) * mm)), dice.between(45, 90) * strength
    left = dice.between(0.3, 0.9) * width
    for _ in range(dice.whole(3, 10)):
        size = dice.between(2.5, 4.5) * mm
        x, y = left + dice.between(-15, 15) * mm, dice.between(0.1, 0.9) * height
        points = [(x, y), (x + 0.3 * size, y + 0.45 * size), (x + size, y - 0.55 * size)]
        pad = round(2 * size)
        stroke = np.zeros((2 * pad, 2 * pad), np.uint8)
        corner = (round(x) - pad, round(y) - pad)
        path = np.array([(round(px) - corner[0], round(py) - corner[1]) for px, py in points], np.int32)
        cv2.polylines(stroke, [path], False, (WHITE,), thick, cv2.LINE_AA)
        if 0 <= corner[0] < width - 2 * pad and 0 <= corner[1] < height - 2 * pad:
            _press(picture, stroke, *corner, darker)


def lint(dice: Dice, picture: np.ndarray, strength: float, dpi: float) -> None:
    """Draw two to six short curved hairs and fibres that lay on the glass over the sheet in place.

    Args:
        dice: the stream of the document's damage.
        picture: uint8 grey or RGB.
        strength: 0 to 1; how dark they are, by up to 130 grey levels.
        dpi: of the page.
    """
    height, width = picture.shape[:2]
    mm = dpi / 25.4
    for _ in range(dice.whole(2, 6)):
        steps, step = dice.whole(8, 20), dice.between(0.4, 1.0) * mm
        heading, bend = dice.between(0, 2 * math.pi), dice.between(-0.35, 0.35)
        x, y = dice.between(0.05, 0.95) * width, dice.between(0.05, 0.95) * height
        path = []
        for _ in range(steps):
            path.append((x, y))
            x, y = x + step * math.cos(heading), y + step * math.sin(heading)
            heading += bend + dice.between(-0.2, 0.2)
        hair = np.zeros((height, width), np.uint8)
        thick = max(1, round(dice.between(0.08, 0.2) * mm))
        cv2.polylines(hair, [np.array(path).round().astype(np.int32)], False, (WHITE,), thick, cv2.LINE_AA)
        _press(picture, hair, 0, 0, dice.between(50, 130) * strength)
