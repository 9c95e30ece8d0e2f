from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from gikocr.errors import DamagedFile, DocumentError, FileUnreadable, TooLarge, UnsupportedType, UsageError
from gikocr.ingest import Document, Input, describe_source, find_inputs, open_document
from gikocr.settings import Settings
from tests.ingest.makers import image_object, image_pdf, marked_page

PAGE = marked_page(120, 160)


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    PillowImage.fromarray(PAGE).save(out, kind)
    return out.getvalue()


def opened(*paths: Path, **options: object) -> Document:
    return open_document(Input(paths[0].name, paths), Settings(**options))  # type: ignore[arg-type]


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_source_of_one_file(tmp_path: Path) -> None:
    data = picture()
    with opened(put(tmp_path, "scan.png", data)) as document:
        assert document.source.name == "scan.png"
        assert document.source.sha256 == hashlib.sha256(data).hexdigest() == document.source.parts[0].sha256
        assert document.source.media_type == "image/png"
        assert (document.source.pages, document.page_count, document.selected) == (1, 1, (1,))
        assert document.part_names == ("scan.png",)
        assert document.notes == []


def test_several_files_are_one_document(tmp_path: Path) -> None:
    tiff = io.BytesIO()
    frame = PillowImage.fromarray(PAGE)
    frame.save(tiff, "TIFF", save_all=True, append_images=[frame])
    paths = [
        put(tmp_path, "a.png", picture()),
        put(tmp_path, "b.tif", tiff.getvalue()),
        put(tmp_path, "c.pdf", image_pdf("q 300 0 0 400 0 0 cm /I Do Q", image_object(PAGE))),
    ]
    with opened(*paths) as document:
        assert document.page_count == 4
        assert document.source.media_type == "multipart/mixed"
        joined = "".join(part.sha256 for part in document.source.parts)
        assert document.source.sha256 == hashlib.sha256(joined.encode()).hexdigest()
        pages = [document.read_page(number) for number in (1, 2, 3, 4)]
        for number in (0, 5, -1):
            with pytest.raises(ValueError, match="page"):
                document.read_page(number)
    assert [(page.number, page.part, page.part_page, page.unit) for page in pages] == [
        (1, 0, 1, "px"),
        (2, 1, 1, "px"),
        (3, 1, 2, "px"),
        (4, 2, 1, "pt"),
    ]
    assert all(np.array_equal(page.image, PAGE) for page in pages)


@pytest.mark.parametrize(
    ("name", "kind"), [("scan.pdf", "PNG"), ("scan.jpg", "TIFF"), ("scan.doc", "JPEG"), ("scan", "BMP")]
)
def test_a_wrong_suffix_is_no_error(tmp_path: Path, name: str, kind: str) -> None:
    with opened(put(tmp_path, name, picture(kind))) as document:
        assert document.read_page(1).image.shape == PAGE.shape
        expected = ["suffix_mismatch"] if name in ("scan.pdf", "scan.jpg") else []
        assert [code for code, _ in document.notes] == expected


def office() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("word/document.xml", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (office(), "a Word document"),
        ("第一页\n".encode() * 9, "a text file"),
        (b"<html><table>", "an HTML page"),
        (b"GIF89a" + bytes(40), "a GIF image"),
        (bytes(5000), "nothing but zero bytes"),
        (bytes([1, 2, 3]), "unknown type"),
    ],
)
def test_other_content_is_named(tmp_path: Path, data: bytes, named: str) -> None:
    with pytest.raises(UnsupportedType, match="PDF, TIFF, PNG, JPEG, BMP, WEBP") as caught:
        opened(put(tmp_path, "scan.pdf", data))
    assert named in caught.value.message
    assert caught.value.advice


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"scan\.pdf is empty"):
        opened(put(tmp_path, "scan.pdf", b""))
    with pytest.raises(FileUnreadable, match="does not exist"):
        opened(tmp_path / "nowhere.pdf")
    with pytest.raises(FileUnreadable, match="is a folder"):
        opened(tmp_path)
    with pytest.raises(FileUnreadable):
        opened(tmp_path / ("x" * 300 + ".pdf"))
    with pytest.raises(FileUnreadable):
        opened(tmp_path / "a\x00b.pdf")
    os.mkfifo(tmp_path / "pipe.pdf")
    with pytest.raises(FileUnreadable, match="pipe or a device"):
        opened(tmp_path / "pipe.pdf")


def test_limits_on_bytes_and_pages(tmp_path: Path) -> None:
    path = put(tmp_path, "scan.png", picture())
    with pytest.raises(TooLarge, match="bytes"):
        opened(path, max_bytes=10)
    frames = [PillowImage.new("1", (9, 9), 1)] * 6
    many = tmp_path / "many.tif"
    frames[0].save(many, save_all=True, append_images=frames[1:])
    with pytest.raises(TooLarge, match="more than 5 pages") as caught:
        opened(many, max_pages=5)
    assert "--pages" in caught.value.advice
    with opened(many, max_pages=6) as document:
        assert document.page_count == 6
    with opened(many, max_pages=2, pages="5-6") as document:
        assert document.selected == (5, 6)
        assert document.read_page(6).number == 6
    with pytest.raises(TooLarge, match="the selection 1-3 of"):
        opened(many, max_pages=2, pages="1-3")
    with pytest.raises(TooLarge):
        opened(*[path] * 3, max_pages=2)


def test_page_selection(tmp_path: Path) -> None:
    path = put(tmp_path, "scan.png", picture())
    with pytest.raises(DocumentError, match=r"scan\.png has 1 page; page 2 was asked for") as caught:
        opened(path, pages="1-2")
    assert not isinstance(caught.value, UsageError)
    with pytest.raises(UsageError):
        opened(path, pages="one")


def test_a_broken_file_of_a_group_costs_one_page(tmp_path: Path) -> None:
    good, broken = put(tmp_path, "1.png", picture()), put(tmp_path, "2.png", picture()[:30])
    with opened(good, broken, good) as document:
        assert document.page_count == 3
        assert [code for code, _ in document.notes] == ["part_unreadable"]
        assert document.source.parts[1].sha256 == hashlib.sha256(broken.read_bytes()).hexdigest()
        assert document.read_page(3).part == 2
        for _ in range(2):
            with pytest.raises(DamagedFile, match=r"2\.png"):
                document.read_page(2)
    with pytest.raises(DamagedFile):
        opened(broken, broken)


def test_files_are_closed_after_use_and_after_errors(tmp_path: Path) -> None:
    pdf = put(tmp_path, "a.pdf", image_pdf("q 300 0 0 400 0 0 cm /I Do Q", image_object(PAGE)))
    fds = Path("/proc/self/fd")
    if not fds.exists():
        pytest.skip("this system does not list open files")
    with opened(pdf) as document:
        document.read_page(1)
    before = len(list(fds.iterdir()))
    for _ in range(3):
        with opened(pdf, pdf) as document:
            document.read_page(2)
        document.close()
        with pytest.raises(UnsupportedType):
            opened(pdf, put(tmp_path, "b.txt", b"text"))
        with pytest.raises(DamagedFile):
            opened(put(tmp_path, "c.png", picture()[:30]))
    assert len(list(fds.iterdir())) == before


def test_describing_what_cannot_be_opened(tmp_path: Path) -> None:
    text = put(tmp_path, "scan.pdf", b"plain text")
    source = describe_source(Input("x/scan.pdf", (text,)), Settings())
    assert (source.name, source.pages, source.media_type) == ("x/scan.pdf", 0, "text/plain")
    assert source.sha256 == hashlib.sha256(b"plain text").hexdigest()
    missing = describe_source(Input("m", (tmp_path / "missing",)), Settings())
    assert (missing.sha256, missing.parts[0].name) == ("", "missing")
    assert describe_source(Input("m", (text,)), Settings(max_bytes=3)).sha256 == ""
    assert describe_source(Input("m", (text, tmp_path)), Settings()).media_type == "multipart/mixed"


@pytest.mark.parametrize("raw", [b"a b.pdf", b"l\nb.pdf", b"\xb1\xa8.pdf", b"-x.pdf", b"~.pdf", "😀.pdf".encode()])
def test_odd_names_can_be_read(tmp_path: Path, raw: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw))
    path.write_bytes(image_pdf("q 300 0 0 400 0 0 cm /I Do Q", image_object(PAGE)))
    (item,) = find_inputs([tmp_path])
    with open_document(item, Settings()) as document:
        assert np.array_equal(document.read_page(1).image, PAGE)
        document.source.name.encode()
        document.part_names[0].encode()
    path.write_bytes(b"%PDF-1.4 and nothing else")
    with pytest.raises(DamagedFile) as caught:
        open_document(item, Settings())
    str(caught.value).encode()
