"""Damage and containers of the scan maker, on small drawn pages that need no browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageOps

from scripts.scanmaker import ink, light
from scripts.scanmaker.container import PageImage, write_folder, write_pdf, write_tiff
from scripts.scanmaker.damage import Sheet, damage_page
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.legibility import ValueBox, ink_window, judge
from scripts.scanmaker.marks import draw_stroke, put_mark
from scripts.scanmaker.scan import Scan, draw_scan
from scripts.scanmaker.splits import GRADES, SPLITS, load_splits
from scripts.scanmaker.warp import Bend, Warp, quarter_turn, skew_matrix, smooth_curve

DPI = 200.0
BOUNDS = load_splits().legibility
KINDS = sorted(load_splits().recipes["hard", "dev"].kinds)


def _sheet() -> Sheet:
    """A quarter of an A4 page with a ruled table of numbers."""
    page = np.full((1100, 800, 3), 255, np.uint8)
    values = []
    for row in range(10):
        for column in range(4):
            x, y = 100 + column * 150, 200 + row * 70
            cv2.rectangle(page, (x, y), (x + 150, y + 70), (0, 0, 0), 2)
            cv2.putText(page, str(row * 37 + column), (x + 40, y + 46), cv2.FONT_HERSHEY_COMPLEX, 0.9, (0, 0, 0), 2)
            values.append(ValueBox(f"{row}.{column}", (x + 10.0, y + 18.0, x + 140.0, y + 54.0)))
    return Sheet(page, values, [], light.to_grey(page)[::-1].copy())


def _scan(grade: str, split: str, kind: str = "", seed: int = 1) -> Scan:
    scan = draw_scan(Dice(seed, 9), load_splits().recipes[grade, split], BOUNDS, 7.0, kind)
    return scan


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("grade", GRADES)
def test_least_resolution_keeps_digits_large(grade: str, split: str) -> None:
    for seed in range(40):
        for digit_pt in (4.0, 5.5, 8.0):
            scan = draw_scan(Dice(seed, 3), load_splits().recipes[grade, split], BOUNDS, digit_pt)
            assert min(scan.dpi) * digit_pt / 72 >= BOUNDS.digit_px


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_values_stay_legible_and_boxes_follow(kind: str) -> None:
    sheet = _sheet()
    for seed in range(3):
        scan = _scan("hard" if kind else "archive", "test", kind, seed)
        page = damage_page(scan, (seed, 4), sheet, BOUNDS)
        assert page.verdict.illegible == ()
        assert len(page.verdict.masked) < len(sheet.values) / 4
        grey = light.to_grey(page.pixels)
        for field in ("0.0", "5.2", "9.3"):
            if field in page.verdict.masked:
                continue
            x0, y0 = np.floor(page.quads[field].min(axis=0)).astype(int)
            x1, y1 = np.ceil(page.quads[field].max(axis=0)).astype(int)
            inside = grey[max(0, y0) : y1, max(0, x0) : x1]
            assert inside.size and inside.min() < np.percentile(inside, 95) - 25, (kind, seed, field)


def test_same_key_gives_the_same_page() -> None:
    scan = _scan("archive", "dev")
    first, again = (damage_page(scan, (8, 1), _sheet(), BOUNDS) for _ in range(2))
    other = damage_page(scan, (8, 2), _sheet(), BOUNDS)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.pixels.shape != other.pixels.shape or not np.array_equal(first.pixels, other.pixels)


def test_points_follow_the_pixels_of_a_warp() -> None:
    rng = np.random.default_rng(1)
    page = np.full((600, 500), 255, np.uint8)
    dots = np.array([(100.0, 120.0), (400.0, 90.0), (250.0, 500.0)])
    for x, y in dots:
        cv2.circle(page, (int(x), int(y)), 3, (0,), -1)
    turn, size = quarter_turn(500, 600, 1)
    matrix = turn @ skew_matrix(500, 600, 2.0, 0.98, (5.0, -4.0))
    warp = Warp(matrix, size, Bend(smooth_curve(rng, size[0], 6.0, 3), smooth_curve(rng, size[1], 3.0, 3)))
    warped = warp.apply(page, 255)
    _, _, _, centres = cv2.connectedComponentsWithStats((warped < 128).astype(np.uint8))
    for point in warp.points(dots):
        assert np.linalg.norm(centres[1:] - point, axis=1).min() < 0.7


def test_judge_tells_faded_and_covered_values() -> None:
    sheet = _sheet()
    clean = light.to_grey(sheet.clean)
    boxes = {v.field: np.array(ink_window(clean, v.box)) for v in sheet.values}
    nothing = np.zeros(clean.shape, np.uint8)
    assert judge(clean, clean, clean, nothing, boxes, BOUNDS, "straight").illegible == ()
    faded = light.tone(clean, 255 - BOUNDS.contrast["hard"] / 2, 255)
    assert len(judge(clean, clean, faded, nothing, boxes, BOUNDS, "hard").illegible) == len(boxes)
    marked, cover = sheet.clean.copy(), nothing.copy()
    x0, y0, x1, y1 = boxes["4.1"]
    path = np.array([(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2)])
    put_mark(marked, cover, draw_stroke(path, y1 - y0, (0, 0, 0), 1.0))
    assert judge(clean, clean, light.to_grey(marked), cover, boxes, BOUNDS, "hard").masked == ("4.1",)


def test_black_and_white_keeps_a_nearly_empty_page_white() -> None:
    page = np.full((1100, 800), 235, np.uint8)
    cv2.putText(page, "7", (400, 1050), cv2.FONT_HERSHEY_COMPLEX, 0.9, (20,), 2)
    page = light.add_noise(Dice(1), light.uneven_light(Dice(2), page, 20.0), 3.0, 0.0)
    bits = light.to_bits(page, 0.68, local=False, dpi=DPI)
    assert 0 < (bits == 0).mean() < 0.01


def test_judge_tells_a_pale_dash_that_a_black_and_white_page_lost() -> None:
    clean = np.full((60, 120), 255, np.uint8)
    clean[30, 40:80] = 232  # thinner than a pixel
    boxes = {"x": np.array([40.0, 29.0, 80.0, 32.0])}
    nothing = np.zeros_like(clean)
    shown, lost = np.full_like(clean, 255), np.full_like(clean, 255)
    shown[30, 45:75] = 0
    assert judge(clean, clean, shown, nothing, boxes, BOUNDS, "archive").illegible == ()
    assert judge(clean, clean, lost, nothing, boxes, BOUNDS, "archive").illegible == ("x",)


def test_judge_tells_a_black_and_white_page_that_lost_its_labels() -> None:
    clean = light.to_grey(_sheet().clean)
    nothing = np.zeros(clean.shape, np.uint8)
    bits = np.where(clean > 128, 255, 0).astype(np.uint8)
    assert not judge(clean, clean, bits, nothing, {}, BOUNDS, "archive").page_lost
    assert judge(clean, clean, np.full_like(bits, 255), nothing, {}, BOUNDS, "archive").page_lost
    dark = bits.copy()
    dark[:, :300] = 0
    assert judge(clean, clean, dark, nothing, {}, BOUNDS, "archive").page_lost


def test_broken_rules_leave_the_digits() -> None:
    sheet = _sheet()
    page = sheet.clean.copy()
    rules = ink.rule_mask(light.to_grey(page), DPI)
    ink.break_rules(Dice(3), page, rules, 0.5, DPI)
    before, after = light.to_grey(sheet.clean) < 128, light.to_grey(page) < 128
    assert after[rules].sum() < 0.8 * before[rules].sum()
    for value in sheet.values:
        x0, y0, x1, y1 = map(int, value.box)
        assert np.array_equal(before[y0:y1, x0:x1], after[y0:y1, x0:x1])


def _upright(path: Path) -> list[np.ndarray]:
    """The pages of a container as a viewer shows them, grey."""
    if path.suffix == ".pdf":
        document = pdfium.PdfDocument(path)
        pages = [light.to_grey(document[i].render(scale=DPI / 72).to_numpy()[:, :, :3]) for i in range(len(document))]
        document.close()
        return pages
    if path.is_dir():
        found = []
        for name in sorted(path.iterdir()):
            with Image.open(name) as image:
                found.append(np.asarray(ImageOps.exif_transpose(image).convert("L")))
        return found
    with Image.open(path) as image:
        pages = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            pages.append(np.asarray(image.convert("L")))
    return pages


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "container", ["pdf_jpeg", "pdf_lossless", "pdf_g4", "folder_jpg", "folder_png", "tif_g4", "tif_lzw", "tif_jpeg"]
)
def test_containers_show_the_pages_upright(tmp_path: Path, container: str, turned: int) -> None:
    if turned and not container.startswith(("pdf", "folder_jpg")):
        pytest.skip("this container holds no orientation")
    shape, coding = container.split("_")
    bits = coding == "g4"
    clean = light.to_grey(_sheet().clean)
    if bits:
        clean = np.where(clean > 128, 255, 0).astype(np.uint8)
    page = PageImage(np.ascontiguousarray(np.rot90(clean, -turned)), (DPI, DPI), bits)
    path = tmp_path / {"pdf": "a.pdf", "tif": "a.tif", "folder": "a"}[shape]
    if shape == "pdf":
        write_pdf(path, [page, page], coding, 85, turned)
    elif shape == "tif":
        write_tiff(path, [page, page], coding, 85)
    else:
        write_folder(path, [page, page], coding, 85, turned)
    shown = _upright(path)
    assert len(shown) == 2
    for picture in shown:
        assert picture.shape == clean.shape
        assert np.abs(picture.astype(int) - clean).mean() < 3


def test_milder_damage_saves_a_page_that_would_be_lost() -> None:
    scan = _scan("archive", "dev")
    lost = replace(scan, bits=False, levels=scan.levels | {"black": 225.0, "paper": 240.0})
    page = damage_page(lost, (1, 1), _sheet(), BOUNDS)
    assert page.verdict.illegible == () and page.verdict.masked == ()
    assert page.verdict.worst >= BOUNDS.contrast["archive"]
