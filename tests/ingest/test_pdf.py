from __future__ import annotations

import io
import itertools
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image as PillowImage

from gikocr.elements import Page
from gikocr.errors import DamagedFile, EncryptedFile, TooLarge
from gikocr.ingest import Input, open_document
from gikocr.settings import Settings
from tests.ingest.makers import image_object, image_pdf, mark_at, mark_in_view, marked_page, pdf_bytes, stream

Read = Callable[..., Page]

STORED = (480, 640)
PAGE = marked_page(*STORED)
FULL = "q 300 0 0 400 0 0 cm /I Do Q"

# Every way of turning and mirroring a picture into the box (0, 0)-(300, 400); the last four swap its sides.
PLACEMENTS = {
    "upright": "300 0 0 400 0 0",
    "mirrored": "-300 0 0 400 300 0",
    "upside down mirrored": "300 0 0 -400 0 400",
    "half turn": "-300 0 0 -400 300 400",
    "quarter left": "0 400 -300 0 300 0",
    "quarter right": "0 -400 300 0 0 400",
    "transposed": "0 400 300 0 0 0",
    "anti-transposed": "0 -400 -300 0 300 400",
}


def seen_by_a_viewer(data: bytes) -> tuple[tuple[float, float], tuple[float, float]]:
    """Size of the page in points and place of the mark, by rendering the page large."""
    document = pdfium.PdfDocument(data)
    page = document[0]
    size = page.get_size()
    bitmap = np.array(page.render(scale=4).to_numpy())
    x, y = mark_at(bitmap)
    return size, (x * size[0] / bitmap.shape[1], y * size[1] / bitmap.shape[0])


@pytest.mark.parametrize(("placement", "rotate"), list(itertools.product(PLACEMENTS, (0, 90, 180, 270))))
def test_the_stored_picture_lies_where_a_viewer_shows_it(read_one: Read, placement: str, rotate: int) -> None:
    matrix = PLACEMENTS[placement]
    # A picture that is laid on its side is stored on its side, so that its pixels are square on the page.
    stored = marked_page(*STORED[::-1]) if matrix.startswith("0") else PAGE
    data = image_pdf(f"q {matrix} cm /I Do Q", image_object(stored), page=f"/Rotate {rotate}")
    size, mark = seen_by_a_viewer(data)
    page = read_one(data)
    sideways = rotate in (90, 270)
    assert page.image.shape == (STORED if sideways else STORED[::-1]), "the stored picture, not a rendering"
    assert (page.width, page.height, page.unit) == (*size, "pt")
    assert mark_in_view(page) == pytest.approx(mark, abs=0.4)
    # Rows run rightwards and downwards as a viewer shows them, so the picture needs no further turning.
    assert page.to_view.a > 0
    assert page.to_view.e > 0
    assert (page.to_view.b, page.to_view.d) == (0, 0)


def test_the_stored_pixels_come_out_unchanged(read_one: Read) -> None:
    page = read_one(image_pdf(FULL, image_object(PAGE)))
    assert np.array_equal(page.image, PAGE)
    assert page.dpi == pytest.approx(480 / 300 * 72)
    colour = np.stack([PAGE, PAGE // 2, PAGE // 3], axis=-1)
    assert np.array_equal(read_one(image_pdf(FULL, image_object(colour))).image, colour)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("media", "box", "matrix"),
    [
        ("0 0 300 400", "0 0 300 400", "300 0 0 400 0 0"),
        ("-50 -70 250 330", "-50 -70 250 330", "300 0 0 400 -50 -70"),
        ("0 0 500 600", "60 40 360 440", "300 0 0 400 60 40"),  # a crop box with its origin elsewhere
        ("0 0 500 600", "20 10 320 410", "294 0 0 392 23 14"),  # a narrow margin around the picture
    ],
)
def test_crop_boxes(read_one: Read, media: str, box: str, matrix: str, rotate: int) -> None:
    entries = f"/CropBox [{box}] /Rotate {rotate}"
    data = image_pdf(f"q {matrix} cm /I Do Q", image_object(PAGE), media=media, page=entries)
    size, mark = seen_by_a_viewer(data)
    page = read_one(data)
    assert sorted(page.image.shape) == sorted(STORED)
    assert (page.width, page.height) == size
    assert mark_in_view(page) == pytest.approx(mark, abs=0.4)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_what_the_crop_box_hides_is_cut_off(read_one: Read, rotate: int) -> None:
    entries = f"/CropBox [0 200 300 400] /Rotate {rotate}"
    data = image_pdf(FULL, image_object(PAGE), page=entries)
    size, mark = seen_by_a_viewer(data)
    page = read_one(data)
    assert sorted(page.image.shape) == [320, 480]
    assert (page.width, page.height) == size
    assert mark_in_view(page) == pytest.approx(mark, abs=0.4)


def test_pictures_inside_form_objects(read_one: Read) -> None:
    form = stream(
        b"q 150 0 0 100 10 20 cm /I Do Q",
        "/Type /XObject /Subtype /Form /BBox [0 0 400 400] /Matrix [2 0 0 4 -20 -80]"
        " /Resources << /XObject << /I 6 0 R >> >>",
    )
    data = image_pdf("q 1 0 0 1 0 0 cm /I Do Q", form, extra=(image_object(PAGE),))
    _, mark = seen_by_a_viewer(data)
    page = read_one(data)
    assert mark_in_view(page) == pytest.approx(mark, abs=0.5)


BITS = np.packbits(PAGE > 128, axis=1)
HEAD = f"/Type /XObject /Subtype /Image /Width {STORED[0]} /Height {STORED[1]} /BitsPerComponent 1 /Filter /FlateDecode"


@pytest.mark.parametrize(
    ("bits", "entries"),
    [
        (BITS, "/ColorSpace /DeviceGray"),
        (~BITS, "/ColorSpace /DeviceGray /Decode [1 0]"),
        (~BITS, "/ColorSpace [/Indexed /DeviceRGB 1 <FFFFFF000000>]"),
        (~BITS, "/ColorSpace [/Indexed /DeviceGray 1 <FF00>]"),
        (BITS, "/ImageMask true"),
        (~BITS, "/ImageMask true /Decode [1 0]"),
    ],
)
def test_one_bit_pictures_have_black_ink_however_they_are_stored(
    read_one: Read, bits: np.ndarray, entries: str
) -> None:
    data = image_pdf(FULL, stream(zlib.compress(bits.tobytes()), f"{HEAD} {entries}"))
    assert np.array_equal(read_one(data).image, np.where(PAGE > 128, 255, 0))


def test_group_4_and_jpeg_pictures(read_one: Read) -> None:
    ink = np.where(PAGE > 128, 255, 0).astype(np.uint8)
    out = io.BytesIO()
    PillowImage.fromarray(ink).convert("1").save(out, "TIFF", compression="group4", strip_size=1 << 24)
    tags = PillowImage.open(out).tag_v2
    coded = out.getvalue()[tags[273][0] : tags[273][0] + tags[279][0]]
    black = "true" if tags[262] == 1 else "false"
    parms = f"/DecodeParms << /K -1 /Columns {STORED[0]} /Rows {STORED[1]} /BlackIs1 {black} >>"
    head = HEAD.replace("/FlateDecode", "/CCITTFaxDecode")
    fax = stream(coded, f"{head} /ColorSpace /DeviceGray {parms}")
    assert np.array_equal(read_one(image_pdf(FULL, fax)).image, ink)
    out = io.BytesIO()
    PillowImage.fromarray(PAGE).save(out, "JPEG", quality=95)
    entries = f"/Type /XObject /Subtype /Image /Width {STORED[0]} /Height {STORED[1]} /BitsPerComponent 8"
    photo = stream(out.getvalue(), f"{entries} /ColorSpace /DeviceGray /Filter /DCTDecode")
    assert np.abs(read_one(image_pdf(FULL, photo)).image.astype(int) - PAGE).mean() < 2


def test_an_invisible_text_layer_leaves_the_picture(read_one: Read) -> None:
    text = f"{FULL} BT 3 Tr /F 12 Tf 20 300 Td (recognised before) Tj ET 10 10 50 50 re n"
    assert np.array_equal(read_one(image_pdf(text, image_object(PAGE))).image, PAGE)


WITH_MORE = {
    "text": f"{FULL} BT /F 40 Tf 40 200 Td (12345) Tj ET",
    "a white patch": f"{FULL} 1 g 0 100 300 100 re f",
    "a second picture": f"{FULL} q 100 0 0 100 0 0 cm /I Do Q",
    "a small picture": "q 150 0 0 200 20 20 cm /I Do Q",
    "a tilted picture": "q 298 10 -13 398 10 0 cm /I Do Q",
}


@pytest.mark.parametrize("content", WITH_MORE.values(), ids=WITH_MORE.keys())
def test_pages_with_anything_else_are_rendered(read_one: Read, content: str) -> None:
    data = image_pdf(content, image_object(PAGE))
    page = read_one(data)
    expected = np.array(pdfium.PdfDocument(data)[0].render(scale=page.image.shape[1] / 300, grayscale=True).to_numpy())
    assert page.image.shape == expected.shape != PAGE.shape
    assert np.abs(page.image.astype(int) - expected).max() <= 1
    assert page.to_view.apply(page.image.shape[1], page.image.shape[0]) == pytest.approx((300, 400))


def test_transparency_and_masks_are_rendered(read_one: Read) -> None:
    veil = image_object(np.where(np.arange(STORED[1])[:, None] < 320, 255, 0).astype(np.uint8).repeat(STORED[0], 1))
    data = image_pdf(FULL, image_object(PAGE, "/SMask 6 0 R"), extra=(veil,))
    page = read_one(data)
    assert page.image[page.image.shape[0] * 3 // 4 :].min() == 255, "the mask hides the lower half"


def test_what_annotations_draw_is_on_the_page(read_one: Read) -> None:
    look = stream(b"0 g 0 0 40 40 re f", "/Type /XObject /Subtype /Form /BBox [0 0 40 40]")
    stamp = b"<< /Type /Annot /Subtype /Stamp /F 4 /Rect [200 20 240 60] /AP << /N 6 0 R >> >>"
    blank = np.full_like(PAGE, 255)
    data = image_pdf(FULL, image_object(blank), page="/Annots [7 0 R]", extra=(look, stamp))
    page = read_one(data)
    assert page.to_view.apply(*mark_at(page.image)) == pytest.approx((220, 360), abs=0.5)
    link = b"<< /Type /Annot /Subtype /Link /Rect [200 20 240 60] /Border [0 0 0] >>"
    linked = image_pdf(FULL, image_object(PAGE), page="/Annots [7 0 R]", extra=(look, link))
    assert np.array_equal(read_one(linked).image, PAGE)


def test_fax_pictures_become_square(read_one: Read) -> None:
    data = image_pdf(FULL, image_object(marked_page(480, 320)))
    _, mark = seen_by_a_viewer(data)
    page = read_one(data)
    assert page.image.shape == (640, 480)
    assert mark_in_view(page) == pytest.approx(mark, abs=0.5)


def test_pictures_in_strips_are_rendered_at_their_own_resolution(read_one: Read) -> None:
    fine = marked_page(1000, 1000)
    content = "q 300 0 0 200 0 200 cm /I Do Q q 300 0 0 200 0 0 cm /I Do Q"
    page = read_one(image_pdf(content, image_object(fine)))
    assert page.image.shape[1] == 1000
    assert page.dpi == pytest.approx(240, rel=0.01)
    finest = read_one(image_pdf("q 150 0 0 100 0 0 cm /I Do Q", image_object(fine)))
    assert finest.dpi == pytest.approx(300)
    logo = read_one(image_pdf("q 30 0 0 20 0 0 cm /I Do Q", image_object(fine)))
    assert logo.dpi == pytest.approx(200)


def blank_pdf(media: str) -> bytes:
    return image_pdf("0 g 0 0 1 1 re f", image_object(PAGE), media=media)


@pytest.mark.parametrize("media", ["0 0 14400 14400", "0 0 200000 200000", "0 0 200000 3", "0 0 1 200000"])
def test_huge_pages_are_rendered_within_the_limits(read_one: Read, media: str) -> None:
    page = read_one(blank_pdf(media), max_pixels=400_000, max_side=3000)
    assert page.image.size <= 400_000
    assert max(page.image.shape) <= 3000
    assert page.to_view.apply(page.image.shape[1], page.image.shape[0]) == pytest.approx((page.width, page.height))


def test_tiny_pages_are_pages(read_one: Read) -> None:
    page = read_one(blank_pdf("0 0 1 1"))
    assert min(page.image.shape[:2]) >= 1


def test_a_picture_over_the_limits_is_refused_before_it_is_decoded(read_one: Read) -> None:
    huge = stream(
        zlib.compress(b""), HEAD.replace("/Width 480", "/Width 30000").replace("/Height 640", "/Height 30000")
    )
    with pytest.raises(TooLarge, match=r"a picture on page 1 .* 30,000 × 30,000"):
        read_one(image_pdf(FULL, huge))


# A PDF 1.4 file of one empty page, encrypted with RC4 (revision 2), its keys made in `encrypted_pdf`.
def encrypted_pdf(user_password: bytes) -> bytes:
    """The standard security handler of PDF 1.1 to 1.3 (ISO 32000-1, 7.6.3, algorithms 2 to 4): RC4 with 40 bits."""
    import hashlib

    pad = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    identity = b"0123456789abcdef"
    permissions = (-44).to_bytes(4, "little", signed=True)

    def rc4(key: bytes, data: bytes) -> bytes:
        box = list(range(256))
        j = 0
        for i in range(256):
            j = (j + box[i] + key[i % len(key)]) % 256
            box[i], box[j] = box[j], box[i]
        i = j = 0
        out = bytearray()
        for byte in data:
            i = (i + 1) % 256
            j = (j + box[i]) % 256
            box[i], box[j] = box[j], box[i]
            out.append(byte ^ box[(box[i] + box[j]) % 256])
        return bytes(out)

    owner = rc4(hashlib.md5((b"owner" + pad)[:32]).digest()[:5], (user_password + pad)[:32])
    key = hashlib.md5((user_password + pad)[:32] + owner + permissions + identity).digest()[:5]
    user = rc4(key, pad)
    handler = (
        b"<< /Filter /Standard /V 1 /R 2 /P -44 /O <" + owner.hex().encode() + b"> /U <" + user.hex().encode() + b"> >>"
    )
    plain = pdf_bytes(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] >>",
            handler,
        ]
    )
    return plain.replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 4 0 R /ID [<" + identity.hex().encode() * 1 + b"> <00>]"
    )


def test_a_password_is_asked_for(read_one: Read) -> None:
    with pytest.raises(EncryptedFile, match="password") as caught:
        read_one(encrypted_pdf(b"secret"))
    assert "without password" in caught.value.advice


def test_the_empty_password_is_tried(read_one: Read) -> None:
    assert read_one(encrypted_pdf(b"")).width == 300


def two_pages(tmp_path: Path) -> bytes:
    document = pdfium.PdfDocument.new()
    document.new_page(200, 300)
    document.new_page(300, 200)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_truncated_files(tmp_path: Path) -> None:
    whole = two_pages(tmp_path)
    path = tmp_path / "scan.pdf"
    path.write_bytes(whole[:60])
    with pytest.raises(DamagedFile, match="truncated or broken"):
        open_document(Input("scan.pdf", (path,)), Settings())
    path.write_bytes(whole[: whole.rindex(b"startxref")].replace(b"xref", b"xxxx"))
    with open_document(Input("scan.pdf", (path,)), Settings()) as document:
        assert [code for code, _ in document.notes] == ["pdf_repaired"]
        assert document.read_page(1).unit == "pt"


def test_overwritten_bytes_never_raise_anything_else(read_one: Read) -> None:
    from gikocr.errors import DocumentError

    whole = image_pdf(f"{FULL} BT /F 40 Tf 40 200 Td (12345) Tj ET", image_object(marked_page(60, 80)))
    rng = np.random.default_rng(5)
    for _ in range(150):
        broken = bytearray(whole)
        for at in rng.integers(9, len(whole), 5):
            broken[at] = rng.integers(256)
        try:
            page = read_one(bytes(broken), max_pixels=10**6)
        except DocumentError:
            continue
        assert page.image.size > 0


def test_several_pages_of_different_sizes(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(two_pages(tmp_path))
    with open_document(Input("scan.pdf", (path,)), Settings()) as document:
        sizes = [(page.width, page.height) for page in (document.read_page(2), document.read_page(1))]
    assert sizes == [(300, 200), (200, 300)]


def test_real_report(request: pytest.FixtureRequest) -> None:
    path = request.config.rootpath.parent / "shared/real/docs/hongze_2024.pdf"
    if not path.exists():
        pytest.skip("the real reports are not beside this checkout")
    with open_document(Input(path.name, (path,)), Settings(pages="2")) as document:
        page = document.read_page(document.selected[0])
    assert page.dpi == pytest.approx(200)
    assert page.image.shape[:2] == (2339, 1653)


NOISE = np.random.default_rng(7).integers(90, 256, (640, 480), np.uint8)
JPEG_HEAD = (
    "/Type /XObject /Subtype /Image /Width 480 /Height 640 /BitsPerComponent 8"
    " /ColorSpace /DeviceGray /Filter /DCTDecode"
)


def cut_jpeg(share: float, *, progressive: bool = False) -> bytes:
    out = io.BytesIO()
    PillowImage.fromarray(NOISE).save(out, "JPEG", progressive=progressive)
    return stream(out.getvalue()[: int(len(out.getvalue()) * share)], JPEG_HEAD)


@pytest.mark.parametrize("matrix", [PLACEMENTS["upright"], PLACEMENTS["half turn"]])
def test_a_slightly_truncated_jpeg_is_read_with_its_missing_rows_black(tmp_path: Path, matrix: str) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(image_pdf(f"q {matrix} cm /I Do Q", cut_jpeg(0.96)))
    with open_document(Input("scan.pdf", (path,)), Settings()) as document:
        image = document.read_page(1).image
        assert [code for code, _ in document.notes] == ["image_truncated"]
    image = image if matrix.startswith("300") else image[::-1]
    assert not image[-24:].any()
    assert image[:580].min() > 20


@pytest.mark.parametrize(
    "picture",
    [
        cut_jpeg(0.5),
        cut_jpeg(0.9, progressive=True),
        stream(b"no pixels at all", HEAD.replace("/FlateDecode", "/JBIG2Decode") + " /ColorSpace /DeviceGray"),
    ],
    ids=["half a JPEG", "progressive JPEG without its end", "broken JBIG2"],
)
def test_a_scan_that_cannot_be_decoded_is_no_blank_page(read_one: Read, picture: bytes) -> None:
    with pytest.raises(DamagedFile, match=r"page 1 .* broken: .*the scanned picture"):
        read_one(image_pdf(FULL, picture))


def test_an_unreadable_picture_beside_text_is_noted(tmp_path: Path) -> None:
    picture = stream(b"no pixels at all", HEAD.replace("/FlateDecode", "/JBIG2Decode") + " /ColorSpace /DeviceGray")
    path = tmp_path / "scan.pdf"
    path.write_bytes(image_pdf(f"{FULL} BT /F 40 Tf 40 200 Td (12345) Tj ET", picture))
    with open_document(Input("scan.pdf", (path,)), Settings()) as document:
        document.read_page(1)
        assert [code for code, _ in document.notes] == ["picture_unreadable"]
