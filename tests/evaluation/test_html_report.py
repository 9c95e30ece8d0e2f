"""The page must hold everything itself, count what the evaluation counts, and survive odd names and missing sources."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gikocr.evaluation.evaluate import evaluate
from gikocr.evaluation.html_report import confusion_of, html_report
from gikocr.evaluation.judge import judge_field
from gikocr.evaluation.truth import Accepted, TruthField
from tests.evaluation.make import FEES, IN_FORCE, ISSUED, REPEALED, out_field, output, write_output, write_truth

pytest.importorskip("matplotlib")


def sets(folder: Path, evidence: bool) -> tuple[Path, Path]:
    truth, out = folder / "set" / "truth", folder / "out"
    for name in ("a<b>.png", "c.png"):
        write_truth(
            truth, f"{name}.json", {ISSUED: 3, REPEALED: 14, IN_FORCE: 0, FEES: 5}, file=name, tags=["style:x&y"]
        )
        wrong = out_field(REPEALED, 74, 0.9999)
        if evidence:
            wrong["evidence"] = {"page": 1, "bbox": [20, 20, 60, 40], "unit": "px"}
        write_output(
            out, f"{name}.json", out_field(ISSUED, 3), wrong, out_field(IN_FORCE, None, None, state="unreadable")
        )
    return truth.parent, out


def test_the_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    truth, out = sets(tmp_path, evidence=False)
    page = html_report(evaluate(truth, out), truth, out)
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 4
    assert "a&lt;b&gt;.png" in page and "a<b>.png" not in page
    assert "style:x&amp;y" in page


def test_wrong_cells_are_shown_where_the_source_is_at_hand(tmp_path: Path) -> None:
    truth, out = sets(tmp_path, evidence=True)
    picture = np.full((80, 120), 255, np.uint8)
    picture[20:40, 20:60] = 0
    Image.fromarray(picture).save(truth / "c.png")
    page = html_report(evaluate(truth, out), truth, out)
    assert page.count("data:image/png;base64,") == 5
    elsewhere = html_report(evaluate(truth, out), truth, out, sources=tmp_path / "nowhere")
    assert elsewhere.count("data:image/png;base64,") == 4
    (truth / "c.png").write_bytes(b"no picture")
    assert html_report(evaluate(truth, out), truth, out).count("data:image/png;base64,") == 4


def test_a_set_without_any_output_gives_a_page(tmp_path: Path) -> None:
    truth, out = sets(tmp_path, evidence=False)
    for path in out.glob("*.json"):
        path.write_text(json.dumps({"status": "failed"}))
    assert "documents" in html_report(evaluate(truth, out), truth, out)


def test_confusions_are_counted_figure_by_figure() -> None:
    def field(true: int, given: str | None) -> object:
        return judge_field(
            TruthField("f", Accepted(Decimal(true), "read")), output(given, "read" if given else "blank")
        )

    fields = [field(14, "74"), field(14, "14"), field(205, None), field(8, "88"), field(43, "13")]
    counts, labels = confusion_of(fields)  # type: ignore[arg-type]
    found = {(str(y), labels[x]): int(counts[y, x]) for y, x in np.argwhere(counts > 0)}
    assert found == {("1", "7"): 1, ("4", "1"): 1, ("2", "∅"): 1, ("0", "∅"): 1, ("5", "∅"): 1, ("8", "≠"): 1}
