"""The packaged network of cell boundaries: what it sees where no rule is printed, and what happens without its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gikocr.engines import manifest
from gikocr.engines.boundaries import BoundaryNetwork, build_boundaries
from gikocr.engines.registry import Engines
from gikocr.errors import ModelMissing, UsageError
from gikocr.settings import load_settings
from gikocr.table.learned import SEEN, boundary_grids, boundary_lines
from gikocr.table.lines import Segment
from gikocr.table.regions import join
from tests.drawing import Ruled, blank_page, noisy, write

LABELS = [
    "信息内容",
    "规章",
    "规范性文件",
    "行政许可",
    "行政处罚",
    "行政强制",
    "行政事业性收费",
    "其他对外管理服务事项",
]
HEADS = ["本年制发件数", "本年废止件数", "现行有效件数"]


@pytest.fixture(scope="module")
def network() -> BoundaryNetwork:
    return build_boundaries()


def table(**looks: object) -> Ruled:
    texts = {(r, 0): label for r, label in enumerate(LABELS)} | {(0, c): head for c, head in enumerate(HEADS, 1)}
    texts |= {(r, c): str((r * 37 + c * 11) % 140) for r in range(1, len(LABELS)) for c in range(1, 4)}
    return Ruled(rows=[64] * len(LABELS), cols=[420, 300, 300, 300], texts=texts, text_size=30, **looks)


def page_of(drawn: Ruled) -> np.ndarray:
    page = blank_page()
    write(page, "二、主动公开政府信息情况", (500, 220), 40)
    drawn.draw(page)
    for y in range(1000, 1500, 60):
        write(page, "本机关按照条例要求编制本报告，全文由总体情况等六个部分组成，数据统计期限为全年", (827, y), 32)
    return noisy(page, 4.0)


def long_lines(segments: tuple[Segment, ...], length: float, side: int) -> list[float]:
    """Where lines lie whose pieces are longer than a length in all."""
    lines = [line.middle for line in join(segments, side)]
    return [place for place in lines if sum(s.length for s in segments if abs(s.middle - place) < 9) > length]


def test_columns_without_rules_are_seen_between_level_rules(network: BoundaryNetwork) -> None:
    texts = {(r, 0): label for r, label in enumerate(LABELS)}
    texts |= {(r, c): str((r * 37 + c * 11) % 140) for r in range(1, len(LABELS)) for c in range(1, 8)}
    texts |= {(0, c): head for c, head in enumerate(["自然人", "企业", "科研", "公益", "法律", "其他", "总计"], 1)}
    drawn = Ruled(rows=[64] * len(LABELS), cols=[420, *[130] * 7], texts=texts, text_size=28, ink=255)
    page = page_of(drawn)
    for y in drawn.ys:
        page[y : y + 2, drawn.xs[0] : drawn.xs[-1]] = 40
    found = boundary_lines(page, network.boundaries(page), SEEN[1])
    assert long_lines(found.horizontal, 800, found.longest_side) == pytest.approx(drawn.ys, abs=6)
    columns = long_lines(found.vertical, 130, found.longest_side)
    for place in drawn.xs[2:-1]:
        # Between two columns of figures the boundary may lie anywhere in the white.
        assert min(abs(x - place) for x in columns) < 35
    assert len(columns) <= len(drawn.xs) + 1


@pytest.mark.parametrize(
    "looks", [{}, {"dash": (6, 5), "ink": 120}, {"gaps": 0.3, "ink": 90}], ids=["full", "dashed", "broken"]
)
def test_printed_rules_are_found_where_they_are(network: BoundaryNetwork, looks: dict[str, object]) -> None:
    drawn = table(**looks)
    page = page_of(drawn)
    found = boundary_lines(page, network.boundaries(page), SEEN[0])
    assert long_lines(found.horizontal, 900, found.longest_side) == pytest.approx(drawn.ys, abs=5)
    columns = long_lines(found.vertical, 400, found.longest_side)
    assert all(min(abs(x - place) for x in columns) < 5 for place in drawn.xs)
    # Where rules are broken, one more may be seen in the white beside figures.
    assert len(columns) <= len(drawn.xs) + ("gaps" in looks)


def test_text_has_no_boundaries(network: BoundaryNetwork) -> None:
    page = blank_page()
    for y in range(300, 2000, 60):
        write(page, "本机关按照条例要求编制本报告，全文由总体情况等六个部分组成，数据统计期限为全年", (827, y), 32)
    page = noisy(page, 4.0)
    assert not boundary_grids(page, network.boundaries(page), SEEN[1], 1)


def test_pages_of_any_size_and_shape_are_looked_at(network: BoundaryNetwork) -> None:
    for shape in ((64, 91), (1239, 1754), (3001, 777)):
        found = network.boundaries(np.full(shape, 255, np.uint8))
        assert found.shape[0] == 2
        assert found.shape[2] / found.shape[1] == pytest.approx(shape[1] / shape[0], rel=0.05)
        assert 0 <= found.min() <= found.max() <= 1


def test_the_engine_may_be_left_out_and_must_be_known() -> None:
    assert Engines(load_settings({"boundary_engine": ""})).boundary_finder() is None
    engines = Engines(load_settings())
    assert "boundaries" in dict(engines.models())
    with pytest.raises(UsageError, match="boundary_engine"):
        Engines(load_settings({"boundary_engine": "guess"}))


def test_without_its_file_the_reason_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest.load_manifest()
    monkeypatch.setattr(manifest, "models_folder", lambda: tmp_path)
    with pytest.raises(ModelMissing, match="boundaries"):
        Engines(load_settings()).boundary_finder()
