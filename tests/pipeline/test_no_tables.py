"""Documents that hold no table of the form: a state with a reason, never zeros."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gikocr.pipeline import Extraction
from tests.drawing import Ruled, blank_page, write


def text_page() -> np.ndarray:
    page = blank_page()
    write(page, "某某区人民政府2023年政府信息公开工作年度报告", (827, 220), 46)
    for k, y in enumerate(range(340, 2000, 50)):
        sentence = "本报告由区人民政府办公室按照条例编制，全文包括总体情况与主动公开情况等六个部分，欢迎监督"
        write(page, sentence[k % 7 : k % 7 + 38], (827, y), 30)
    return page


def other_table() -> np.ndarray:
    page = blank_page()
    names = ["人员经费", "公用经费", "会议费", "培训费", "公务接待费"]
    texts = {(r, 0): name for r, name in enumerate(names, 1)} | {(0, c): str(2018 + c) for c in range(1, 4)}
    texts |= {(r, c): str(17 * r * c) for r in range(1, 6) for c in range(1, 4)}
    Ruled(rows=[64] * 6, cols=[360, 220, 220, 220], texts=texts, text_size=30).draw(page)
    return page


@pytest.mark.parametrize("draw", [text_page, blank_page], ids=["text", "blank"])
def test_a_document_without_tables_fails_with_a_reason(
    draw: Callable[[], np.ndarray], extract: Callable[..., Extraction], tmp_path: Path
) -> None:
    path = tmp_path / "page.png"
    Image.fromarray(draw()).save(path, dpi=(200, 200))
    report = extract(path).report
    assert report.status == "failed"
    assert [i.code for i in report.issues if i.severity == "error"] == ["no_tables"]
    assert all(f.value is None for f in report.fields)
    assert {t.status for t in report.tables.values()} == {"not_found"}
    assert not any(c.verdict != "not_checkable" for c in report.checks)


def test_a_table_of_something_else_gives_no_sure_field(extract: Callable[..., Extraction], tmp_path: Path) -> None:
    path = tmp_path / "budget.png"
    Image.fromarray(other_table()).save(path, dpi=(200, 200))
    report = extract(path).report
    assert report.status != "complete"
    assert not [f.id for f in report.fields if f.value is not None and (f.confidence or 0) > 0.5]
