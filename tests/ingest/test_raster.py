from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from gikocr.elements import Page
from gikocr.errors import DamagedFile, DocumentError, TooLarge
from gikocr.geometry import Affine
from gikocr.ingest import Input, open_document
from gikocr.ingest.pixels import square_size
from gikocr.settings import Settings
from tests.ingest.makers import MARK, mark_at, mark_in_view, marked_page

Read = Callable[..., Page]

WIDTH, HEIGHT = 240, 320
PAGE = marked_page(WIDTH, HEIGHT)


def saved(image: PillowImage.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def grey(image: np.ndarray = PAGE) -> PillowImage.Image:
    return PillowImage.fromarray(image)


def tiff(tags: list[tuple[int, int, tuple[int, ...]]], pixels: bytes) -> bytes:
    """A little-endian TIFF of one strip with tags (number, type 3 short, 4 long or 5 rational, values)."""
    tags = sorted([*tags, (273, 4, (8,)), (279, 4, (len(pixels),))])
    body = b"II*\x00" + struct.pack("<I", 8 + len(pixels)) + pixels
    extra_at = len(body) + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for number, kind, values in tags:
        data = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        count = len(values) // 2 if kind == 5 else len(values)
        if len(data) > 4:
            entries += struct.pack("<HHII", number, kind, count, extra_at + len(extra))
            extra += data
        else:
            entries += struct.pack("<HHI", number, kind, count) + data.ljust(4, b"\x00")
    return body + struct.pack("<H", len(tags)) + entries + b"\x00" * 4 + extra


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("TIFF", "1", {"compression": "group3"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "1", {"compression": "packbits"}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
        ("TIFF", "P", {}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "RGBA", {}),
        ("PNG", "1", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {}),
        ("PNG", "RGBA", {}),
        ("JPEG", "L", {}),
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("BMP", "1", {}),
        ("BMP", "L", {}),
        ("BMP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_grey_pages_of_every_kind_come_out_grey(read_one: Read, kind: str, mode: str, options: dict[str, Any]) -> None:
    ink = np.where(PAGE < 128, 0, 255).astype(np.uint8)
    page = read_one(saved(grey(ink).convert(mode), kind, **options))
    assert page.image.dtype == np.uint8
    assert page.image.shape == (HEIGHT, WIDTH)
    assert np.abs(page.image.astype(int) - ink).mean() < 2
    assert page.image.flags.c_contiguous
    assert (page.width, page.height, page.unit, page.to_view) == (WIDTH, HEIGHT, "px", Affine())


def test_colour_stays_colour_in_the_order_red_green_blue(read_one: Read) -> None:
    colour = np.full((40, 30, 3), 255, np.uint8)
    colour[30:, :] = (200, 10, 20)
    for kind in ("TIFF", "PNG", "BMP"):
        assert np.array_equal(read_one(saved(PillowImage.fromarray(colour), kind)).image, colour)


def test_transparent_parts_are_white_paper(read_one: Read) -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[5:10, 5:10, 3] = 255
    pixels[12, 12] = (0, 0, 0, 128)
    page = read_one(saved(PillowImage.fromarray(pixels), "PNG"))
    assert page.image[0, 0] == 255
    assert page.image[7, 7] == 0
    assert 120 < page.image[12, 12] < 135
    keyed = PillowImage.fromarray(np.array([[0, 200], [7, 9]], np.uint8))
    assert read_one(saved(keyed, "PNG", transparency=0)).image.tolist() == [[255, 200], [7, 9]]


def test_white_is_zero(read_one: Read) -> None:
    size: list[tuple[int, int, tuple[int, ...]]] = [(256, 3, (8,)), (257, 3, (2,)), (277, 3, (1,)), (278, 3, (2,))]
    one_bit = tiff([*size, (258, 3, (1,)), (262, 3, (0,))], bytes([0b00001111, 0b11111111]))
    assert read_one(one_bit).image.tolist() == [[255] * 4 + [0] * 4, [0] * 8]
    eight = tiff([*size, (258, 3, (8,)), (262, 3, (0,))], bytes(range(16)))
    assert read_one(eight).image.ravel().tolist() == [255 - v for v in range(16)]
    sixteen = tiff([*size, (258, 3, (16,)), (262, 3, (0,))], struct.pack("<16H", *[0, 65535] * 8))
    assert read_one(sixteen).image.ravel().tolist() == [255, 0] * 8


def test_sixteen_bits(read_one: Read) -> None:
    deep = PillowImage.fromarray(PAGE.astype(np.uint16) * 257)
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(read_one(saved(deep, kind)).image, PAGE)


def test_float_and_long_grey(read_one: Read) -> None:
    for pixels in (PAGE.astype(np.float32), PAGE.astype(np.float32) / 255, PAGE.astype(np.int32)):
        image = read_one(saved(PillowImage.fromarray(pixels), "TIFF")).image
        assert np.abs(image.astype(int) - PAGE).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_tag(read_one: Read, kind: str, orientation: int) -> None:
    back = {
        2: PillowImage.Transpose.FLIP_LEFT_RIGHT,
        3: PillowImage.Transpose.ROTATE_180,
        4: PillowImage.Transpose.FLIP_TOP_BOTTOM,
        5: PillowImage.Transpose.TRANSPOSE,
        6: PillowImage.Transpose.ROTATE_90,
        7: PillowImage.Transpose.TRANSVERSE,
        8: PillowImage.Transpose.ROTATE_270,
    }
    stored = grey().transpose(back[orientation]) if orientation in back else grey()
    exif = PillowImage.Exif()
    exif[274] = orientation
    page = read_one(saved(stored, kind, exif=exif))
    assert page.image.shape[:2] == (HEIGHT, WIDTH)
    assert (page.width, page.height) == (WIDTH, HEIGHT)
    assert mark_in_view(page) == pytest.approx((MARK[0] * WIDTH, MARK[1] * HEIGHT), abs=0.6)


def test_all_frames_of_a_tiff(tmp_path: Path) -> None:
    frames = [grey().convert("1"), PillowImage.new("RGB", (50, 60), "red"), PillowImage.new("L", (70, 80), 9)]
    path = tmp_path / "fax.tif"
    frames[0].save(path, "TIFF", save_all=True, append_images=frames[1:])
    with open_document(Input("fax.tif", (path,)), Settings()) as document:
        assert document.page_count == 3
        assert document.source.media_type == "image/tiff"
        sizes = [document.read_page(number).image.shape for number in (3, 1, 2, 1)]
    assert sizes == [(80, 70), (HEIGHT, WIDTH), (60, 50, 3), (HEIGHT, WIDTH)]


def test_previews_inside_a_tiff_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    preview = PillowImage.new("L", (10, 12))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    grey().save(path, "TIFF", save_all=True, append_images=[preview])
    with open_document(Input("scan.tif", (path,)), Settings()) as document:
        assert document.page_count == 1
        assert document.read_page(1).image.shape == (HEIGHT, WIDTH)
        assert [code for code, _ in document.notes] == ["frames_skipped"]


def test_frames_in_a_circle_end(tmp_path: Path, read_one: Read) -> None:
    data = bytearray(tiff([(256, 3, (8,)), (257, 3, (1,)), (258, 3, (8,)), (262, 3, (1,))], bytes(8)))
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * count : start + 6 + 12 * count] = start.to_bytes(4, "little")
    assert read_one(bytes(data)).image.shape == (1, 8)


def test_other_formats_give_their_first_frame(read_one: Read) -> None:
    other = PillowImage.new("L", (WIDTH, HEIGHT), 0)
    for kind in ("PNG", "WEBP", "MPO"):
        page = read_one(saved(grey(), kind, save_all=True, append_images=[other]))
        assert mark_at(page.image) == pytest.approx((MARK[0] * WIDTH, MARK[1] * HEIGHT), abs=0.6)


@pytest.mark.parametrize("orientation", [1, 6])
def test_fax_pixels_become_square_and_map_back(read_one: Read, orientation: int) -> None:
    ink = np.where(marked_page(1728, 1143) < 60, 0, 255).astype(np.uint8)
    data = saved(grey(ink).convert("1"), "TIFF", dpi=(204, 98), tiffinfo={274: orientation}, compression="group4")
    page = read_one(data)
    square = (2379, 1728)
    turned = orientation == 6
    assert page.image.shape == (square[::-1] if turned else square)
    assert (page.width, page.height) == ((1143, 1728) if turned else (1728, 1143))
    assert page.dpi == 204
    shares = (1 - MARK[1], MARK[0]) if turned else MARK
    assert mark_in_view(page) == pytest.approx((shares[0] * page.width, shares[1] * page.height), abs=0.8)


@pytest.mark.parametrize(
    ("size", "dpi", "expected"),
    [
        ((2480, 3508), 300, 300),
        ((2480, 3508), 72, None),  # what cameras and editors write when they know nothing
        ((600, 800), 96, 96),
        ((2480, 3508), 1, None),
        ((2480, 3508), 60000, None),
    ],
)
def test_resolutions_are_believed_when_they_can_be(
    read_one: Read, size: tuple[int, int], dpi: int, expected: float | None
) -> None:
    for kind in ("JPEG", "TIFF", "PNG"):
        found = read_one(saved(PillowImage.new("L", size, 255), kind, dpi=(dpi, dpi))).dpi
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-3))


def test_no_resolution_is_none(read_one: Read) -> None:
    for kind in ("JPEG", "TIFF", "PNG", "WEBP"):
        assert read_one(saved(grey(), kind)).dpi is None


def test_resolution_per_centimetre(read_one: Read) -> None:
    data = saved(grey(), "TIFF", resolution_unit="cm", x_resolution=118.11, y_resolution=118.11)
    assert read_one(data).dpi == pytest.approx(300, rel=1e-3)


def noisy(width: int = 400, height: int = 600) -> PillowImage.Image:
    return grey(np.random.default_rng(7).integers(90, 256, (height, width), np.uint8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_images(tmp_path: Path, kind: str) -> None:
    whole = saved(noisy(), kind)
    path = tmp_path / "scan.jpg"
    item = Input("scan.jpg", (path,))
    path.write_bytes(whole[: int(len(whole) * 0.96)])
    with open_document(item, Settings()) as document:
        page = document.read_page(1)
        codes = [code for code, _ in document.notes]
        document.read_page(1)
        assert [code for code, _ in document.notes] == codes
    assert "image_truncated" in codes
    assert page.image.shape == (600, 400)
    assert page.image[:550].min() > 20
    assert not page.image[-8:].any(), "missing rows must not look like white paper"
    path.write_bytes(whole[: int(len(whole) * 0.96)] + b"\xff\xd9")
    with open_document(item, Settings()) as document:
        assert np.array_equal(document.read_page(1).image, page.image)
        assert "image_truncated" in [code for code, _ in document.notes]
    path.write_bytes(whole[: len(whole) // 2])
    with open_document(item, Settings()) as document, pytest.raises(DamagedFile, match="truncated"):
        document.read_page(1)


def test_a_jpeg_cut_and_closed_again_is_damage_too(read_one: Read) -> None:
    whole = saved(noisy(), "JPEG")
    with pytest.raises(DamagedFile, match="rows are missing"):
        read_one(whole[: len(whole) // 2] + b"\xff\xd9")


def test_middle_grey_images_are_not_taken_for_truncated_ones(read_one: Read) -> None:
    assert read_one(saved(PillowImage.new("L", (64, 6), 128), "JPEG")).image.tolist() == [[128] * 64] * 6


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"progressive": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("BMP", {}), ("WEBP", {})],
)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6])
def test_truncation_without_a_clear_edge_is_damage(
    read_one: Read, kind: str, options: dict[str, Any], share: float
) -> None:
    whole = saved(noisy(), kind, **options)
    with pytest.raises(DamagedFile):
        read_one(whole[: max(30, int(len(whole) * share))])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_overwritten_bytes_never_raise_anything_else(read_one: Read, kind: str) -> None:
    whole = bytearray(saved(noisy(60, 80), kind, **({"compression": "tiff_lzw"} if kind == "TIFF" else {})))
    rng = np.random.default_rng(3)
    for _ in range(150):
        broken = bytearray(whole)
        for at in rng.integers(8, len(whole), 6):
            broken[at] = rng.integers(256)
        try:
            page = read_one(bytes(broken), max_pixels=10**6)
        except DocumentError:
            continue
        assert page.image.size > 0


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        import zlib

        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(30_000, 30_000), (26_000, 4), (4, 26_000), (12_000, 12_000), (2**31 - 1, 1)]
)
def test_sizes_are_refused_from_the_header(read_one: Read, width: int, height: int) -> None:
    with pytest.raises(TooLarge, match="pixels") as caught:
        read_one(png_header(width, height))
    assert "resolution" in caught.value.advice


def test_a_large_frame_behind_a_small_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.tif"
    grey().save(path, "TIFF", save_all=True, append_images=[PillowImage.new("1", (9000, 30), 1)])
    with pytest.raises(TooLarge, match=r"frame 2 of two\.tif"):
        open_document(Input("two.tif", (path,)), Settings(max_side=8000))


def test_limits_hold_after_pixels_became_square(read_one: Read) -> None:
    data = saved(PillowImage.new("1", (400, 100), 1), "TIFF", dpi=(400, 100))
    assert read_one(data).image.shape == (400, 400)
    with pytest.raises(TooLarge):
        read_one(data, max_pixels=100_000)


def test_pillow_is_left_as_it_was(read_one: Read) -> None:
    from PIL import ImageFile

    before = (PillowImage.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    read_one(saved(noisy(), "JPEG")[:-400])
    with pytest.raises(DamagedFile):
        read_one(saved(noisy(), "JPEG")[:900])
    assert before == (PillowImage.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "BMP", "WEBP"])
def test_a_single_pixel_is_a_page(read_one: Read, kind: str) -> None:
    page = read_one(saved(PillowImage.new("L", (1, 1), 77), kind))
    assert page.image.shape == (1, 1)


@pytest.mark.parametrize("turned", [False, True])
def test_resolutions_that_a_turn_left_behind_are_exchanged(turned: bool) -> None:
    """A fax of 204 × 98 per inch that was turned keeps them often: as stated it would be a strip six times as long as wide."""
    width, height = (810, 2386) if turned else (1728, 1145)
    assert square_size(width, height, 204.0, 98.0) == ((1686, 2386) if turned else (1728, 2383))
    assert square_size(height, width, 98.0, 204.0) == ((2386, 1686) if turned else (2383, 1728))


def test_a_strip_stays_a_strip() -> None:
    assert square_size(600, 3000, 204.0, 98.0) == (600, 6245)
    assert square_size(600, 3000, 200.0, 200.0) == (600, 3000)
