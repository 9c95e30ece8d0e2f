"""A form that exists only as a TOML file beside this test, from a drawn page to checked fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gikocr.ingest import Input
from gikocr.pipeline import Pipeline
from gikocr.report import Report
from gikocr.settings import Settings
from tests.drawing import Ruled, blank_page, noisy, write

FORM = Path(__file__).with_name("toy_form.toml")
HEADS = ["品名", "月初库存", "本月入库", "本月出库", "往来合计"]
ROWS = {"复印纸张": [120, 35, 8, 43], "打印墨盒": [7, 0, 2, 2], "签字用笔": [1500, 264, 96, 360]}
KEYS = {"复印纸张": "paper", "打印墨盒": "ink", "签字用笔": "pens"}
COLUMNS = ["opening", "received", "issued", "all"]


def drawn(rows: dict[str, list[int]]) -> np.ndarray:
    texts = {(0, c): head for c, head in enumerate(HEADS)}
    for r, (label, values) in enumerate(rows.items(), 1):
        texts[(r, 0)] = label
        texts.update({(r, c): str(value) for c, value in enumerate(values, 1)})
    page = blank_page()
    write(page, "库存月报", (827, 200), 44)
    Ruled(rows=[70] * 4, cols=[320, 230, 230, 230, 230], left=200, top=400, texts=texts, text_size=32).draw(page)
    return noisy(page, 2.0)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, list[int]]], Report]:
    # The packaged calibration is of scans of another form; what is tested here needs none.
    pipeline = Pipeline(Settings(form=str(FORM), calibration="none"))

    def one(rows: dict[str, list[int]]) -> Report:
        path = tmp_path_factory.mktemp("toy") / "stock.png"
        Image.fromarray(drawn(rows)).save(path, dpi=(200, 200))
        return pipeline.extract(Input(path.name, (path,))).report

    return one


def test_every_field_of_the_toy_form(read: Callable[[dict[str, list[int]]], Report]) -> None:
    report = read(ROWS)
    expected = {
        f"stock.{KEYS[label]}.{column}": value
        for label, values in ROWS.items()
        for column, value in zip(COLUMNS, values, strict=True)
    }
    assert {f.id: f.value for f in report.fields} == expected
    assert [f.id for f in report.fields] == list(expected), "fields come in the order of the form"
    assert {f.unit for f in report.fields} == {"箱"}
    assert {f.state for f in report.fields} == {"read"}
    assert all(f.confidence is not None and f.confidence > 0.9 for f in report.fields)
    assert {c.id: c.verdict for c in report.checks} == {f"total.{key}": "holds" for key in KEYS.values()}
    assert report.tables["A"].status == "read" and report.tables["A"].edition == "1"
    assert report.status == "complete"


def test_a_sum_that_is_wrong_in_print_is_reported_and_not_mended(
    read: Callable[[dict[str, list[int]]], Report],
) -> None:
    report = read({**ROWS, "签字用笔": [1500, 264, 96, 350]})
    by_id = {f.id: f for f in report.fields}
    assert by_id["stock.pens.all"].value == 350
    check = next(c for c in report.checks if c.id == "total.pens")
    assert (check.left, check.right, check.difference) == (350, 360, -10)
    assert check.verdict == "broken_in_source"
    assert any(i.code == "sum_broken_in_source" for i in report.issues)
    assert by_id["stock.pens.all"].confidence is not None
    assert by_id["stock.paper.all"].confidence is not None
    assert by_id["stock.pens.all"].confidence < by_id["stock.paper.all"].confidence


def test_the_form_as_text(tmp_path: Path) -> None:
    rows = [" | ".join(["品名", *HEADS[1:]])] + [" | ".join([label, *map(str, v)]) + " |" for label, v in ROWS.items()]
    path = tmp_path / "stock.txt"
    path.write_text("库存月报\n" + "\n".join(rows) + "\n")
    report = Pipeline(Settings(form=str(FORM))).extract(Input("stock.txt", (path,))).report
    found = {f.id.split(".", 1)[1]: f.value for f in report.fields}
    assert found == {f"{KEYS[r]}.{c}": v for r, values in ROWS.items() for c, v in zip(COLUMNS, values, strict=True)}
    assert all(c.verdict in ("holds", "broken_in_source") for c in report.checks)
