"""Which output belongs to which truth, and what counts as lost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gikocr.errors import UsageError
from gikocr.evaluation.match import Pair, pair_outputs
from gikocr.evaluation.outputs import load_output
from gikocr.evaluation.strict_json import InvalidJson
from gikocr.evaluation.truth import load_truth
from tests.evaluation.make import FEES, ISSUED, out_field, write_output, write_truth


def pairs(tmp_path: Path) -> tuple[Pair, ...]:
    return pair_outputs(load_truth(tmp_path / "truth").documents, tmp_path / "out")


def matched(tmp_path: Path) -> str | None:
    (pair,) = pairs(tmp_path)
    return None if pair.output is None else pair.output.path.relative_to(tmp_path / "out").as_posix()


@pytest.mark.parametrize(
    ("truth", "file", "out"),
    [
        ("a.pdf.json", None, "a.pdf.json"),
        ("town/a.pdf.json", "other.pdf", "town/a.pdf.json"),
        ("hongze_2024.json", "hongze_2024.pdf", "hongze_2024.pdf.json"),
        ("town/h.json", "h.pdf", "town/h.pdf.json"),
        ("town/h.json", "h.pdf", "h.pdf.json"),
        ("h.json", "docs/h.pdf", "docs/h.pdf.json"),
        ("a.pdf.json", None, "a.pdf~0123abcd.json"),
        (f"{'报' * 70}.pdf.json", None, f"{'报' * 60}~0123abcd.json"),
    ],
)
def test_names_that_belong_together(tmp_path: Path, truth: str, file: str | None, out: str) -> None:
    write_truth(tmp_path / "truth", truth, {}, file=file)
    write_output(tmp_path / "out", out)
    assert matched(tmp_path) == out


@pytest.mark.parametrize(
    ("truth", "file", "out"),
    [
        ("a.pdf.json", None, "b.pdf.json"),
        ("a.pdf.json", None, "a.pdf.2.json"),
        ("a.pdf.json", None, "a.pdf~0123abc.json"),
        ("abc.pdf.json", None, "ab~0123abcd.json"),
        ("h.json", "../h.pdf", "h.pdf.json"),
    ],
)
def test_names_that_do_not(tmp_path: Path, truth: str, file: str | None, out: str) -> None:
    write_truth(tmp_path / "truth", truth, {}, file=file)
    write_output(tmp_path / "out", out)
    (pair,) = pairs(tmp_path)
    assert (pair.output, pair.loss) == (None, "missing")


def test_the_name_itself_comes_before_the_file_that_the_truth_names(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", "a.pdf.json", {}, file="b.pdf")
    write_output(tmp_path / "out", "a.pdf.json")
    write_output(tmp_path / "out", "b.pdf.json")
    assert matched(tmp_path) == "a.pdf.json"


def test_one_output_is_not_judged_twice(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", "a.pdf.json", {})
    write_truth(tmp_path / "truth", "a.json", {}, file="a.pdf")
    write_output(tmp_path / "out", "a.pdf.json")
    with pytest.raises(UsageError, match="both describe"):
        pairs(tmp_path)


def test_two_candidates_are_not_guessed_between(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", "a.pdf.json", {})
    write_output(tmp_path / "out", "a.pdf~00000000.json")
    write_output(tmp_path / "out", "a.pdf~11111111.json")
    with pytest.raises(UsageError, match="cannot be told"):
        pairs(tmp_path)


def test_single_files(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth", "a.json", {})
    out = write_output(tmp_path / "out", "elsewhere.json")
    (pair,) = pair_outputs(load_truth(truth).documents, out)
    assert pair.output is not None and pair.output.path == out
    write_truth(tmp_path / "truth", "b.json", {})
    with pytest.raises(UsageError, match="one output file for 2 truths"):
        pair_outputs(load_truth(tmp_path / "truth").documents, out)
    with pytest.raises(UsageError, match="no such folder"):
        pair_outputs(load_truth(truth).documents, tmp_path / "absent")


def test_reports_beyond_the_truth(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", "a.pdf.json", {})
    write_truth(tmp_path / "truth", "a.pdf.2.json", {})
    for name in ("a.pdf.json", "a.pdf.2.json", "a.pdf.3.json", "b.pdf.2.json", "a.pdf.x.json"):
        write_output(tmp_path / "out", name)
    assert {pair.truth.name: pair.surplus for pair in pairs(tmp_path)} == {
        "a.pdf.json": ("a.pdf.3.json",),
        "a.pdf.2.json": (),
    }


def test_why_a_document_is_lost(tmp_path: Path) -> None:
    for name in ("broken", "failed", "absent", "partly"):
        write_truth(tmp_path / "truth", f"{name}.json", {ISSUED: 1})
    write_output(tmp_path / "out", "failed.json", status="failed")
    write_output(tmp_path / "out", "partly.json", out_field(ISSUED, 1), status="failed")
    (tmp_path / "out" / "broken.json").write_text("{", encoding="utf-8")
    found = {pair.truth.name: (pair.loss, bool(pair.reason)) for pair in pairs(tmp_path)}
    assert found == {
        "absent.json": ("missing", False),
        "broken.json": ("invalid", True),
        "failed.json": ("failed", False),
        "partly.json": (None, False),
    }


def fields(*written: str) -> str:
    return f'{{"status": "complete", "fields": [{", ".join(written)}]}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "top level"),
        ('{"fields": []}', "status"),
        ('{"status": "complete"}', "'fields' is no list"),
        ('{"status": "complete", "fields": [], "tables": []}', "'tables'"),
        (fields('{"value": 1}'), "no object with an id"),
        (fields('{"id": "a", "value": 1, "state": "sure"}'), "unknown state"),
        (fields('{"id": "a", "value": "x", "state": "read"}'), "no number"),
        (fields('{"id": "a", "value": 1, "state": "read", "confidence": 1.5}'), "from 0 to 1"),
        (fields('{"id": "a", "value": 1, "state": "read", "needs_review": 1}'), "needs_review"),
        (fields('{"id": "a", "value": 1, "state": "read"}', '{"id": "a", "value": 2, "state": "read"}'), "twice"),
    ],
)
def test_an_output_that_breaks_the_contract_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidJson, match=message):
        load_output(path)


def test_an_output_keeps_the_digits_as_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    field = f'{{"id": "{FEES}", "value": 75.9260, "state": "read", "confidence": 0.99999}}'
    path.write_text(f'{{"status": "complete", "fields": [{field}]}}', encoding="utf-8")
    found = load_output(path).fields[FEES]
    assert (str(found.value), found.value == Decimal("75.926"), found.needs_review) == ("75.9260", True, False)
    assert found.confidence is not None and 1 - found.confidence == Decimal("0.00001")
