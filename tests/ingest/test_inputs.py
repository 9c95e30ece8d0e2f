from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gikocr.ingest import Input, find_inputs, natural_key
from gikocr.ingest.inputs import printable_name

PNG_HEAD = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def put(folder: Path, *names: str, data: bytes = b"x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def names(*paths: Path, **options: object) -> list[str]:
    return [item.name for item in find_inputs(list(paths), **options)]  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 10**6), max_size=20), st.text(alphabet="ab页 _-", max_size=5))
def test_numbers_in_names_sort_by_value(numbers: list[int], stem: str) -> None:
    made = [f"{stem}{number}.png" for number in numbers]
    assert sorted(made, key=natural_key) == [f"{stem}{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=12), max_size=30))
def test_natural_key_orders_any_names_without_ties(made: list[str]) -> None:
    once = sorted(made, key=natural_key)
    assert once == sorted(reversed(made), key=natural_key)
    assert len({natural_key(name) for name in made}) == len(set(made))


def test_page_2_comes_before_page_10(tmp_path: Path) -> None:
    put(tmp_path, "page 10.png", "page 2.png", "Page 1.png")
    assert names(tmp_path) == ["Page 1.png", "page 2.png", "page 10.png"]


def test_names_are_relative_to_the_folder_that_was_given(tmp_path: Path) -> None:
    put(tmp_path, "b/2023/scan.pdf", "b/a.tif", "top.JPG")
    assert names(tmp_path) == ["top.JPG", "b/a.tif", "b/2023/scan.pdf"]
    assert names(tmp_path / "b") == ["a.tif", "2023/scan.pdf"]
    assert names(tmp_path / "b/2023/scan.pdf") == ["scan.pdf"]


def test_folders_give_known_suffixes_and_known_content_only(tmp_path: Path) -> None:
    put(tmp_path, "README.md", "table.csv", "empty", data=b"BM is how this text begins, and it is no bitmap" * 3)
    put(tmp_path, "notes.txt", "page.HTM", "table.docx")
    put(tmp_path, "scan.pdf", "b.WEBP")
    put(tmp_path, "camera", "wrong.ppt", data=PNG_HEAD)
    assert names(tmp_path) == ["b.WEBP", "camera", "notes.txt", "page.HTM", "scan.pdf", "table.docx", "wrong.ppt"]


def test_named_files_are_always_taken(tmp_path: Path) -> None:
    put(tmp_path, "notes.txt", ".hidden.png")
    missing = tmp_path / "missing.pdf"
    found = list(find_inputs([tmp_path / "notes.txt", tmp_path / ".hidden.png", missing]))
    assert [item.name for item in found] == ["notes.txt", ".hidden.png", "missing.pdf"]
    assert found[2] == Input("missing.pdf", (missing,))


def test_hidden_files_and_own_output_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        ".hidden.png",
        ".cache/a.png",
        "out/gikocr.db",
        "out/a.png",
        "out2/.gikocr/x",
        "out2/b.png",
        "in/c.png",
    )
    assert names(tmp_path) == ["in/c.png"]


def test_a_folder_that_also_holds_results_is_read_when_it_is_named(tmp_path: Path) -> None:
    put(tmp_path, "gikocr.db", "scan.png", "overlays/scan.png", "more/b.png")
    assert names(tmp_path) == ["scan.png", "more/b.png"]
    assert names(tmp_path, skip=[tmp_path / "more"]) == ["scan.png"]


def test_folders_without_documents_give_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a/readme.md")
    assert names(tmp_path) == []
    assert names(tmp_path, as_one=True) == []


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path, "a/scan.png")
    (tmp_path / "a/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a/dangling.png").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path) == ["a/scan.png"]


def test_one_folder_is_listed_at_a_time(tmp_path: Path) -> None:
    put(tmp_path, "1/a.png", "2/b.png")
    stream = find_inputs([tmp_path])
    assert next(stream).name == "1/a.png"
    put(tmp_path, "2/c.png")
    assert [item.name for item in stream] == ["2/b.png", "2/c.png"]


def test_group_by_folder(tmp_path: Path) -> None:
    put(tmp_path, "town/2023/p10.jpg", "town/2023/p9.jpg", "town/2022/x.jpg", "loose.jpg")
    found = {item.name: [path.name for path in item.paths] for item in find_inputs([tmp_path], group="folder")}
    assert found == {tmp_path.name: ["loose.jpg"], "town/2022": ["x.jpg"], "town/2023": ["p9.jpg", "p10.jpg"]}


@pytest.mark.parametrize("frames", [1, 2])
def test_a_folder_with_a_tiff_of_several_pages_is_a_shelf(tmp_path: Path, frames: int) -> None:
    page = Image.new("1", (40, 30), 1)
    for name in ("a.tif", "b.tiff"):
        page.save(tmp_path / name, format="TIFF", save_all=True, append_images=[page] * (frames - 1))
    listed = find_inputs([tmp_path / "a.tif", tmp_path / "b.tiff"], group="folder")
    assert [len(item.paths) for item in listed] == ([1, 1] if frames > 1 else [2])
    assert names(tmp_path, group="folder") == (["a.tif", "b.tiff"] if frames > 1 else [tmp_path.name])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["scan_01.jpg", "scan_02.jpg"], {"scan": 2}),
        (["scan (1).png", "scan (2).png", "scan (10).png"], {"scan": 3}),
        (["报告-第1页.png", "报告-第2页.png"], {"报告": 2}),
        (["map p1.tif", "map p2.tif", "map.tif"], {"map": 2, "map.tif": 1}),
        (["agency_2022.pdf", "agency_2023.pdf"], {"agency_2022.pdf": 1, "agency_2023.pdf": 1}),
        (["agency_2022_1.png", "agency_2022_2.png", "agency_2023_1.png"], {"agency_2022": 2, "agency_2023_1.png": 1}),
        (["IMG_20231105.jpg", "IMG_20231106.jpg"], {"IMG_20231105.jpg": 1, "IMG_20231106.jpg": 1}),
        (["a_1.jpg", "a_2.jpeg", "a_1.pdf"], {"a": 2, "a_1.pdf": 1}),
        (["1.jpg", "2.jpg"], {"folder": 2}),
    ],
)
def test_group_by_name(tmp_path: Path, files: list[str], expected: dict[str, int]) -> None:
    folder = tmp_path / "folder"
    put(folder, *files)
    assert {item.name: len(item.paths) for item in find_inputs([folder], group="name")} == expected
    given = find_inputs(sorted(folder.iterdir()), group="name")
    assert {item.name: len(item.paths) for item in given} == expected


def test_group_by_name_keeps_folders_apart(tmp_path: Path) -> None:
    put(tmp_path, "a/s_1.jpg", "a/s_2.jpg", "b/s_1.jpg", "b/s_2.jpg", "c/1.jpg", "c/2.jpg")
    assert names(tmp_path, group="name") == ["a/s", "b/s", "c"]


def test_as_one_takes_wildcard_order_naturally_and_typed_order_as_typed(tmp_path: Path) -> None:
    put(tmp_path, "p1.png", "p2.png", "p10.png")
    wildcard = [tmp_path / name for name in ("p1.png", "p10.png", "p2.png")]
    typed = [tmp_path / name for name in ("p2.png", "p10.png", "p1.png")]
    (one,) = find_inputs(wildcard, as_one=True)
    assert one.name == "p1.png"
    assert [path.name for path in one.paths] == ["p1.png", "p2.png", "p10.png"]
    (other,) = find_inputs(typed, as_one=True)
    assert [path.name for path in other.paths] == ["p2.png", "p10.png", "p1.png"]


ODD_NAMES = [
    b"a b.png",
    b"line\nbreak.png",
    b"\xb1\xa8\xb8\xe6.png",  # 报告 in GB 18030
    b"\xff\xfe\x80.png",
    b"-rf.png",
    b"x" * 246 + b".png",
    "😀页.png".encode(),
    b"~root.png",
    b"%s%n.png",
]


@pytest.mark.parametrize("raw", ODD_NAMES, ids=range(len(ODD_NAMES)))
def test_odd_names(tmp_path: Path, raw: bytes) -> None:
    with open(os.path.join(os.fsencode(tmp_path), raw), "wb") as file:  # noqa: PTH118, PTH123 - names that are no text
        file.write(PNG_HEAD)
    for found in (
        list(find_inputs([tmp_path])),
        list(find_inputs([Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw))])),
    ):
        (item,) = found
        assert item.paths[0].exists()
        item.name.encode("utf-8")


def test_names_in_old_chinese_encoding_become_readable() -> None:
    assert printable_name(os.fsdecode("年报.pdf".encode("gb18030"))) == "年报.pdf"
    assert printable_name("年报.pdf") == "年报.pdf"


@given(st.binary(min_size=1, max_size=40).filter(lambda raw: b"\x00" not in raw and b"/" not in raw))
def test_any_bytes_become_a_name_that_can_be_written(raw: bytes) -> None:
    printable_name(os.fsdecode(raw)).encode("utf-8")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_does_not_vanish(tmp_path: Path) -> None:
    put(tmp_path, "closed/a.png")
    (tmp_path / "closed").chmod(0)
    try:
        assert names(tmp_path) == ["closed"]
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_listing_loads_no_decoder() -> None:
    script = (
        "import sys, gikocr.ingest;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'PIL', 'numpy', 'cv2', 'pypdfium2'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
