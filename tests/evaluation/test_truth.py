"""Truth files: what they may say, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gikocr.errors import UsageError
from gikocr.evaluation.truth import Accepted, load_truth
from tests.evaluation.make import FEES, ISSUED, write_truth

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"


def test_an_object_and_a_plain_value(tmp_path: Path) -> None:
    fields = {ISSUED: {"value": 3, "state": "read", "also_ok": [[None, "blank"]]}, "plain": 0, "empty": None}
    path = write_truth(tmp_path, "a.pdf.json", fields, inferred=["plain"], tags=["b", "a", "a"], year=2023)
    (truth,) = load_truth(path).documents
    assert truth.fields[ISSUED].accepted == (Accepted(Decimal(3), "read"), Accepted(None, "blank"))
    assert truth.fields["plain"].answer == Accepted(Decimal(0), None)
    assert truth.fields["plain"].inferred and not truth.fields["empty"].inferred
    assert (truth.name, truth.tags, truth.year, truth.tables) == ("a.pdf.json", ("a", "b"), 2023, None)


def test_amounts_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(f'{{"fields": {{"{FEES}": 75.92600000000000000001, "t": "0.10"}}}}', encoding="utf-8")
    fields = load_truth(path).documents[0].fields
    assert str(fields[FEES].answer.value) == "75.92600000000000000001"
    assert str(fields["t"].answer.value) == "0.10"


def test_files_are_found_directly_in_the_truth_folder_and_in_nested_folders(tmp_path: Path) -> None:
    write_truth(tmp_path / "flat", "b.json", {})
    write_truth(tmp_path / "flat", "sub/a.json", {})
    write_truth(tmp_path / "set", "truth/town/c.pdf.json", {})
    write_truth(tmp_path / "set", "docs/c.json", {})
    assert [t.name for t in load_truth(tmp_path / "flat").documents] == ["b.json", "sub/a.json"]
    assert [t.name for t in load_truth(tmp_path / "set").documents] == ["town/c.pdf.json"]


def test_a_list_of_samples_is_named_and_not_judged(tmp_path: Path) -> None:
    write_truth(tmp_path, "a.json", {})
    (tmp_path / "manifest.json").write_text("[1, 2]", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"seed": 1}', encoding="utf-8")
    assert load_truth(tmp_path).ignored == ("manifest.json", "other.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ('{"fields": []}', "'fields' is no object"),
        ('{"file": "a.pdf"}', "'fields' is no object"),
        ('{"fields": {"a": 1, "a": 2}}', "twice"),
        ('{"fields": {"a": {"value": null, "state": "unreadable"}}}', "unreadable"),
        ('{"fields": {"a": {"value": 1, "state": "blank"}}}', "does not go with"),
        ('{"fields": {"a": {"value": null, "state": "read"}}}', "does not go with"),
        ('{"fields": {"a": {"state": "blank"}}}', "no 'value'"),
        ('{"fields": {"a": {"value": 1, "state": "read", "also_ok": [1]}}}', "also_ok"),
        ('{"fields": {"a": true}}', "no number"),
        ('{"fields": {"a": "many"}}', "no number"),
        ('{"fields": {"a": NaN}}', "no JSON number"),
        ('{"fields": {}, "year": "2023"}', "'year'"),
        ('{"fields": {}, "agency": 7}', "'agency'"),
        ('{"fields": {}, "tables": ["二"]}', "'tables'"),
        ('{"fields": {}, "tags": "a"}', "'tags'"),
    ],
)
def test_a_truth_that_breaks_the_contract_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_truth(tmp_path)


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_truth(tmp_path / "absent")
    with pytest.raises(UsageError, match="no truth file"):
        load_truth(tmp_path)


def test_the_truths_of_the_real_reports_load() -> None:
    if not REAL.is_dir():
        pytest.skip("the real reports are not beside this checkout")
    truths = {t.name: t for t in load_truth(REAL).documents}
    assert len(truths) == 19
    assert len(truths["hongze_2024.json"].fields) == 186
    assert truths["part_beipo_town_2022.json"].fields[FEES].answer.value == Decimal("190.457379")
    assert sum(field.inferred for field in truths["seed-000.json"].fields.values()) == 161
