from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gikocr.errors import UsageError
from gikocr.evaluation.reviewed import load_reviewed
from gikocr.evaluation.truth import load_truth
from gikocr.review import Station
from gikocr.review.label_studio import understood
from gikocr.workspace import Selection
from tests.review.documents import DOUBTS, GRANTED, IN_FORCE, ISSUED, RECEIVED, REPEALED, VALUES


def settle(station: Station, field_id: str, value: int | None, state: str = "read", report_id: int = 1) -> None:
    version = station.workspace.reviews.field(report_id, field_id).version
    station.settle("李", report_id, field_id, version=version, value=value, state=state)  # type: ignore[arg-type]


def labels_in(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["field"]: line for line in map(json.loads, lines)}


def test_crops_carry_what_is_printed_and_what_was_read(on_sqlite: Station, tmp_path: Path) -> None:
    settle(on_sqlite, REPEALED, 11)
    settle(on_sqlite, ISSUED, 10)
    settle(on_sqlite, IN_FORCE, None, "slash")
    settle(on_sqlite, RECEIVED, None, "unreadable")
    settle(on_sqlite, GRANTED, 8)
    on_sqlite.undo("李")
    written = on_sqlite.labels.write_crops(tmp_path / "crops")
    found = labels_in(tmp_path / "crops")
    assert written.count == 3 and found.keys() == {REPEALED, ISSUED, IN_FORCE}
    assert (found[REPEALED]["text"], found[REPEALED]["read_text"], found[REPEALED]["kind"]) == ("11", "77", "correct")
    assert (found[ISSUED]["text"], found[ISSUED]["kind"]) == ("10", "accept")
    assert (found[IN_FORCE]["text"], found[IN_FORCE]["state"], found[IN_FORCE]["value"]) == ("/", "slash", None)
    assert found[ISSUED]["group"] == on_sqlite.workspace.reviews.field(1, ISSUED).agency
    picture = np.asarray(Image.open(tmp_path / "crops" / found[REPEALED]["picture"]))
    left, top, right, bottom = found[REPEALED]["cut"]
    page = np.asarray(Image.open(tmp_path / "scans" / "0.png"))
    assert np.array_equal(picture, page[top:bottom, left:right])
    assert picture.min() < 100


def test_a_document_that_is_gone_is_named(on_sqlite: Station, tmp_path: Path) -> None:
    settle(on_sqlite, ISSUED, 10)
    settle(on_sqlite, ISSUED, 10, report_id=2)
    (tmp_path / "scans" / "0.png").unlink()
    written = on_sqlite.labels.write_crops(tmp_path / "crops")
    assert (written.count, written.unopened) == (1, ("0.png",))


def test_numbers_that_were_only_moved_are_no_labels(on_sqlite: Station, tmp_path: Path) -> None:
    on_sqlite.shift("李", 1, "三", 0, rows=[4], columns=range(7), down=1)
    assert on_sqlite.labels.write_crops(tmp_path / "crops").count == 0
    moved = on_sqlite.workspace.fields(Selection(report_ids=(1,)))
    target = next(f for f in moved if f.cell_of is not None)
    settle(on_sqlite, target.field_id, 5)
    (label,) = labels_in_written(on_sqlite, tmp_path / "again").values()
    source = on_sqlite.workspace.reviews.field(1, target.cell_of or "")
    assert tuple(label["bbox"]) == source.bbox


def labels_in_written(station: Station, folder: Path) -> dict[str, dict[str, Any]]:
    station.labels.write_crops(folder)
    return labels_in(folder)


def test_truth_files_are_what_evaluation_and_calibration_read(on_sqlite: Station, tmp_path: Path) -> None:
    for field_id in DOUBTS:
        settle(on_sqlite, field_id, VALUES[field_id])
    fields = on_sqlite.workspace.fields(Selection(report_ids=(1,)))
    on_sqlite.confirm_form("李", 1, [(f.field_id, f.version) for f in fields if f.decided is None])
    settle(on_sqlite, ISSUED, None, "blank", report_id=2)
    assert on_sqlite.labels.write_truth(tmp_path / "truth").count == 1
    (document,) = load_truth(tmp_path / "truth").documents
    assert document.file == "0.png"
    assert {i: f.answer.value for i, f in document.fields.items()} == {i: Decimal(v) for i, v in VALUES.items()}
    (reviewed,) = load_reviewed(tmp_path / "truth", on_sqlite.workspace.folder.out)
    assert reviewed.group == "某某市财政局|"
    assert on_sqlite.labels.write_truth(tmp_path / "partly", whole=False).count == 2
    parts = {d.file: d.fields for d in load_truth(tmp_path / "partly").documents}
    assert [(f.answer.value, f.answer.state) for f in parts["1.png"].values()] == [(None, "blank")]


# Label Studio


def tasks(station: Station, folder: Path) -> list[dict[str, Any]]:
    station.label_studio.write(folder, all_pages=True)
    found: list[dict[str, Any]] = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    return found


def by_field(result: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {region["id"]: region for region in result if region["type"] == kind}


def test_tasks_have_boxes_in_per_cent_and_readings_as_predictions(on_sqlite: Station, tmp_path: Path) -> None:
    settle(on_sqlite, REPEALED, 11)
    first, *others = tasks(on_sqlite, tmp_path / "ls")
    assert len(others) == 2
    assert (tmp_path / "ls" / first["data"]["image"]).is_file()
    (prediction,) = first["predictions"]
    texts, boxes = by_field(prediction["result"], "textarea"), by_field(prediction["result"], "rectanglelabels")
    assert texts.keys() == boxes.keys() == VALUES.keys()
    assert texts[REPEALED]["value"]["text"] == ["77"]
    field = on_sqlite.workspace.reviews.field(1, REPEALED)
    assert field.bbox is not None
    value, box = boxes[REPEALED], field.bbox
    width, height = value["original_width"], value["original_height"]
    assert Image.open(tmp_path / "ls" / first["data"]["image"]).size == (width, height)
    place = value["value"]
    assert place["x"] * width / 100 == pytest.approx(box[0])
    assert (place["y"] + place["height"]) * height / 100 == pytest.approx(box[3])
    (annotation,) = first["annotations"]
    assert by_field(annotation["result"], "textarea")[REPEALED]["value"]["text"] == ["11"]
    config = (tmp_path / "ls" / "label_config.xml").read_text()
    assert '<Label value="三"/>' in config and 'name="page"' in config
    assert on_sqlite.label_studio.write(tmp_path / "few", Selection(report_ids=(1,)), all_pages=False) == 1


def annotated(task: dict[str, Any], answers: dict[str, str], number: int = 1) -> dict[str, Any]:
    """A task as it comes back: regions copied from the prediction with answers in the place of texts."""
    result = json.loads(json.dumps(task["predictions"][0]["result"]))
    kept = [region for region in result if region["id"] in answers]
    for region in kept:
        if region["type"] == "textarea":
            region["value"]["text"] = [answers[region["id"]]]
    annotation = {"id": number, "completed_by": {"email": "wang@example.org"}, "result": kept}
    return task | {"annotations": [annotation]}


def test_annotations_come_in_as_decisions_once(on_sqlite: Station, tmp_path: Path) -> None:
    (task, *_) = tasks(on_sqlite, tmp_path / "ls")
    file = tmp_path / "export.json"
    file.write_text(json.dumps([annotated(task, {REPEALED: "11", ISSUED: "/", IN_FORCE: ""})]))
    for expected in (3, 0):
        found = on_sqlite.label_studio.read(file, by="x")
        assert (found.decisions, found.conflicts, found.problems) == (expected, (), ())
    log = list(on_sqlite.workspace.reviews.decisions())
    assert {(d.field_id, d.new_value, d.new_state) for d in log} == {
        (REPEALED, 11, "read"),
        (ISSUED, None, "slash"),
        (IN_FORCE, None, "blank"),
    }
    assert {(d.by, d.kind) for d in log} == {("wang@example.org", "label_studio")}


def test_a_field_that_was_decided_meanwhile_is_left_alone(on_sqlite: Station, tmp_path: Path) -> None:
    (task, *_) = tasks(on_sqlite, tmp_path / "ls")
    settle(on_sqlite, REPEALED, 12)
    file = tmp_path / "export.json"
    file.write_text(json.dumps([annotated(task, {REPEALED: "11", ISSUED: "10"})]))
    found = on_sqlite.label_studio.read(file, by="x")
    assert (found.decisions, found.conflicts) == (1, (f"0.png {REPEALED}",))
    decided = on_sqlite.workspace.reviews.field(1, REPEALED).decided
    assert decided is not None and decided.value == 12


def test_regions_with_new_ids_are_known_by_their_boxes(on_sqlite: Station, tmp_path: Path) -> None:
    (task, *_) = tasks(on_sqlite, tmp_path / "ls")
    back = annotated(task, {REPEALED: "11"})
    stray = {"id": "s", "type": "rectanglelabels", "value": {"x": 0, "y": 0, "width": 1, "height": 1}}
    text = {"id": "s", "type": "textarea", "value": {"text": ["5"]}}
    for region in back["annotations"][0]["result"]:
        region["id"] = "Xy12"
        del region["meta"]
        region["value"]["x"] = region["value"]["x"] + 1
    back["annotations"][0]["result"] += [stray, text]
    file = tmp_path / "export.json"
    file.write_text(json.dumps([back, {"data": {"sha256": "0" * 64, "number": 1, "page": 1}, "annotations": []}, {}]))
    found = on_sqlite.label_studio.read(file, by="x")
    assert found.decisions == 1 and len(found.problems) == 3
    assert on_sqlite.workspace.reviews.field(1, REPEALED).decided is not None


def test_what_is_no_export_is_refused(on_sqlite: Station, tmp_path: Path) -> None:
    for content in ("", "{}", "[1]", "[NaN]"):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(UsageError):
            on_sqlite.label_studio.read(tmp_path / "x.json", by="x")
    with pytest.raises(UsageError):
        on_sqlite.label_studio.read(tmp_path / "absent.json", by="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21", (21, "read")),
        ("75.9260", (Decimal("75.9260"), "read")),
        ("1,234", (1234, "read")),
        ("-3", (-3, "read")),
        ("", (None, "blank")),
        ("/", (None, "slash")),
        ("-", (None, "dash")),
        ("无", (None, "none_word")),
        ("?", (None, "unreadable")),
        ("#", (None, "occluded")),
        ("!", (None, "not_printed")),
        ("见附件", (None, "other_text")),
    ],
)
def test_texts_are_understood(text: str, expected: tuple[object, str]) -> None:
    value, state = understood(text)
    assert (value, state) == expected
    assert str(value) == str(expected[0])
