from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gikocr.workspace import ReportFolder
from gikocr.workspace.names import MAX_NAME_BYTES, report_name

SHA = hashlib.sha256(b"one").hexdigest()
OTHER = hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize(
    ("name", "second", "expected"),
    [
        ("scan.pdf", 1, "scan.pdf.json"),
        ("scan.pdf", 2, "scan.pdf.2.json"),
        ("2023/某局/年报.pdf", 1, "2023/某局/年报.pdf.json"),
        ("/etc/passwd", 1, "etc/passwd.json"),
        ("../../x.pdf", 1, "%2E%2E/%2E%2E/x.pdf.json"),
        ("./a//b.pdf", 1, "a/b.pdf.json"),
        ("", 1, "unnamed.json"),
        ("a\nb.pdf", 1, "a%0Ab.pdf.json"),
        ("a\udcff.pdf", 1, "a%FF.pdf.json"),
        ("a\ud800.pdf", 1, "a%ED%A0%80.pdf.json"),
        ("overlays/x.pdf", 1, "_overlays/x.pdf.json"),
        (".gikocr/x.pdf", 1, "_.gikocr/x.pdf.json"),
        ("x.json/y.pdf", 1, "x.json_/y.pdf.json"),
        ("-rf", 1, "-rf.json"),
        ("👨‍👩‍👧.pdf", 1, "👨‍👩‍👧.pdf.json"),
    ],
)
def test_report_name(name: str, second: int, expected: str) -> None:
    assert report_name(name, SHA, second=second) == PurePosixPath(expected)


def test_a_long_name_is_cut_between_characters_and_gets_eight_digits() -> None:
    path = report_name("年" * 90 + ".pdf", SHA)
    assert path.name == "年" * 66 + f"~{SHA[:8]}.json"
    assert report_name("a" * 200, SHA).name == "a" * 200 + ".json"
    assert report_name("a" * 201, SHA).name == "a" * 200 + f"~{SHA[:8]}.json"


def test_two_long_folders_stay_two() -> None:
    one = report_name("a" * 210 + "/x.pdf", SHA)
    two = report_name("a" * 211 + "/x.pdf", SHA)
    assert one.parent != two.parent


names = st.text(st.one_of(st.characters(), st.sampled_from("./\\\n\0\udc80~%")), max_size=300)


@given(names, st.integers(1, 3))
@example("..", 1)
@example("/", 1)
@example("年" * 300, 2)
def test_any_name_stays_inside_and_fits(name: str, second: int) -> None:
    path = report_name(name, SHA, second=second)
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert path.name.endswith(".json")
    assert path.parts[0] not in (".gikocr", "overlays")
    for part in path.parts:
        assert 0 < len(part.encode("utf-8")) <= MAX_NAME_BYTES + 55
        assert part.isprintable() or not any(ord(c) < 32 for c in part)
    assert not any(folder.endswith(".json") for folder in path.parts[:-1])


@given(st.lists(st.tuples(names, st.sampled_from([SHA, OTHER])), max_size=8))
def test_two_sources_never_share_a_path_unless_their_content_is_the_same(sources: list[tuple[str, str]]) -> None:
    folder = ReportFolder.__new__(ReportFolder)
    folder.out = Path("/nonexistent-gikocr")
    folder._given = {}
    taken: dict[Path, str] = {}
    for name, sha in sources:
        path = folder.path_for(name, sha)
        assert taken.setdefault(path, sha) == sha
        assert folder.path_for(name, sha) == path
        assert path.is_relative_to(folder.out)
