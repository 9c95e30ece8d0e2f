"""From files to text and JSON: every measure on three documents counted by hand, and properties of the whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gikocr.errors import UsageError
from gikocr.evaluation import Evaluation, evaluate, render_text, render_wrong, to_json, wrong_fields
from gikocr.evaluation.judge import JudgedDocument
from gikocr.evaluation.metrics import measure
from gikocr.evaluation.render import _percent
from tests.evaluation.make import (
    FEES,
    IN_FORCE,
    ISSUED,
    REPEALED,
    TABLES,
    document,
    judged,
    lacking,
    out_field,
    unreadable,
    write_output,
    write_truth,
)


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, Path]:
    """One document read well but for one state, one with an invented, a missing and a wrong field, one lost."""
    truth, out = tmp_path / "set" / "truth", tmp_path / "out"
    write_truth(
        truth, "a.pdf.json",
        {ISSUED: 4, REPEALED: {"value": None, "state": "slash"}, FEES: {"value": 75.92, "state": "read"}},
        agency="甲市人民政府", year=2023, tables=TABLES, tags=["scan", "clear"],
    )  # fmt: skip
    write_output(
        out, "a.pdf.json", out_field(ISSUED, 4, 0.9999), out_field(REPEALED, None, 0.8, state="dash", review=True),
        out_field(FEES, 75.920, 0.98), document={"agency": "甲市", "year": 2023},
        tables={key: {"edition": edition} for key, edition in TABLES.items()},
    )  # fmt: skip
    write_truth(
        truth, "b.json", {ISSUED: 0, REPEALED: None, IN_FORCE: 7, FEES: 5}, file="b.pdf", agency="乙县", year=2022,
        tables={**TABLES, "三": None}, tags=["scan"],
    )  # fmt: skip
    write_output(
        out, "b.pdf.json", out_field(ISSUED, 0, 0.995), out_field(REPEALED, 0, 0.999), out_field(IN_FORCE, 1, None),
        out_field("requests.received.total", 9, 0.6), document={"agency": "丙县", "year": 2022},
        tables={"二": {"edition": "2021"}, "三": {"edition": "2021"}, "四": {"edition": "2021"}},
    )  # fmt: skip
    write_output(out, "b.pdf.2.json", out_field(ISSUED, 1))
    write_truth(truth, "c.pdf.json", {ISSUED: 3}, year=2021, tags=["clear"])
    return tmp_path / "set", out


def test_every_measure(three: tuple[Path, Path]) -> None:
    measures = evaluate(*three).overall
    assert (measures.documents, measures.lost) == (3, {"missing": 1, "invalid": 0, "failed": 0})
    assert (measures.right.hits, measures.right.total) == (3, 8)
    assert (measures.value_right.hits, measures.value_right.total) == (4, 8)
    assert (measures.nonzero_right.hits, measures.nonzero_right.total) == (2, 5)
    assert (measures.clean.hits, measures.clean.total) == (0, 3)
    invented = measures.invented
    assert (invented.where_null, invented.outside, invented.surplus_reports, invented.fields) == (1, 1, 1, 2)
    assert (measures.agency.hits, measures.agency.total) == (1, 2)
    assert (measures.year.hits, measures.year.total) == (2, 3)
    assert {key: (r.hits, r.total) for key, r in measures.editions.items()} == {
        "二": (2, 2),
        "三": (1, 2),
        "四": (2, 2),
    }
    assert (measures.marked.fields.hits, measures.marked.wrong_unmarked.hits) == (3, 2)
    confidence = measures.confidence
    assert (confidence.lacking, confidence.overall.fields, confidence.overall.observed) == (2, 6, 3)
    assert confidence.overall.expected == pytest.approx(0.0001 + 0.2 + 0.02 + 0.005 + 0.001)
    assert confidence.brier == pytest.approx((0.0001**2 + 0.8**2 + 0.02**2 + 0.005**2 + 0.999**2 + 1) / 6)
    # ranked: null (wrong), 0.9999, 0.999 (wrong), 0.995, 0.98, 0.8 (wrong)
    assert confidence.aurc == pytest.approx((1 + 1 / 2 + 2 / 3 + 2 / 4 + 2 / 5 + 3 / 6) / 6)
    assert (confidence.sure_among_right.hits, confidence.sure_among_right.total) == (2, 3)
    assert (confidence.wrong_and_sure.fields, confidence.wrong_and_sure.without_confidence) == (2, 1)
    assert measures.review is None


def test_by_tag(three: tuple[Path, Path]) -> None:
    by_tag = evaluate(*three).by_tag
    assert {tag: (m.documents, m.right.hits, m.right.total) for tag, m in by_tag.items()} == {
        "clear": (2, 2, 4),
        "scan": (2, 3, 7),
    }
    assert evaluate(*three, by_tag=False).by_tag == {}


def write_calibration(folder: Path, documents: int) -> tuple[Path, Path]:
    for number in range(documents):
        write_truth(folder / "truth", f"{number}.json", {str(i): i for i in range(40)})
        fields = [out_field(str(i), i, 0.995 if i else 0.9) for i in range(40)]
        write_output(folder / "out", f"{number}.json", *fields, source={"sha256": f"{number:064x}"})
    return folder / "truth", folder / "out"


def test_the_review_share_uses_the_threshold_of_the_calibration_set(three: tuple[Path, Path], tmp_path: Path) -> None:
    evaluation = evaluate(*three, calibration=write_calibration(tmp_path / "cal", 5))
    assert evaluation.overall.review is not None
    observed, bounded = evaluation.overall.review[:2]
    # calibration knows doubts up to 0.1: the field with 0.2 is reviewed, and the two that are lacking
    assert (observed.threshold.largest_doubt, observed.reviewed.hits) == (pytest.approx(0.1), 3)
    assert (observed.left_wrong.hits, observed.left_wrong.total) == (2, 8)
    assert (bounded.threshold.largest_doubt, bounded.reviewed.hits) == (None, 8)
    assert evaluation.by_tag["scan"].review is not None
    text = render_text(evaluation)
    assert "deliver 1 - p <= 0.1" in text and "nothing may be delivered" in text


def test_a_set_is_never_calibrated_on_itself(three: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in the calibration set and"):
        evaluate(*three, calibration=three)
    truth, out = write_calibration(tmp_path / "cal", 1)
    write_truth(tmp_path / "copy" / "truth", "x.json", {})
    write_output(tmp_path / "copy" / "out", "x.json", source={"sha256": f"{0:064x}"})
    with pytest.raises(UsageError, match=r"as 'x\.json'"):
        evaluate(tmp_path / "copy" / "truth", tmp_path / "copy" / "out", calibration=(truth, out))


def test_a_calibration_set_without_fields_is_refused(three: tuple[Path, Path], tmp_path: Path) -> None:
    write_truth(tmp_path / "cal", "x.json", {})
    with pytest.raises(UsageError, match="no field"):
        evaluate(*three, calibration=(tmp_path / "cal", three[1]))


def test_the_text_says_everything(three: tuple[Path, Path]) -> None:
    evaluation = evaluate(*three)
    text = render_text(evaluation)
    for words in (
        "3 of 8, 37.50%", "lost documents                    1 (1 missing)", "2 (1 where nothing is printed, 1 outside",
        "0 of 3, 0% [0%, 70.76%; Clopper-Pearson]", "edition of table 三", "Not given: the thresholds come from",
        "Lost: c.pdf.json (missing)", "Reports beyond the truth of b.json: b.pdf.2.json", "scan", "p null",
    ):  # fmt: skip
        assert words in text
    wrong = wrong_fields(evaluation.documents)
    lines = render_wrong(wrong).splitlines()
    assert len(lines) == 1 + 5 + 1  # heading, wrong, outside
    assert f"b.json\t{IN_FORCE}\tvalue\t7\t1\t-\tyes\tno" in lines


def test_a_set_without_an_error_says_what_it_can_claim(tmp_path: Path) -> None:
    text = render_text(evaluate(*write_calibration(tmp_path, 4)))
    assert "160 of 160, 100% (all in 4 documents: at most 52.71% of documents are otherwise)" in text
    one = render_text(evaluate(*write_calibration(tmp_path / "one", 1)))
    assert "(all in 1 document: at most 95.00% of documents are otherwise)" in one


def test_the_json_can_be_written_and_says_the_same(three: tuple[Path, Path], tmp_path: Path) -> None:
    evaluation = evaluate(*three, calibration=write_calibration(tmp_path / "cal", 2))
    content = json.loads(json.dumps(to_json(evaluation, wrong_fields(evaluation.documents)), allow_nan=False))
    assert content["overall"]["right"]["hits"] == 3 and content["overall"]["fields"] == 8
    assert content["overall"]["confidence"]["bins"][-1]["low"] is None
    assert content["overall"]["review"][0]["threshold"]["target"] == 1e-3
    assert content["lost"] == [{"document": "c.pdf.json", "loss": "missing", "reason": ""}]
    assert content["surplus_reports"] == {"b.json": ["b.pdf.2.json"]}
    assert len(content["wrong"]) == 6
    assert set(content["by_tag"]) == {"clear", "scan"}
    assert "wrong" not in to_json(evaluation)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100%"), (0.0, "0%"), (0.5, "50.00%"), (0.99998, "99.9980%"), (1e-6, "0.00010%"), (0.000345678, "0.035%"),
        (1 - 2e-9, "99.99999980%"),
    ],
)  # fmt: skip
def test_one_error_in_many_stays_visible(share: float, text: str) -> None:
    assert _percent(share) == text


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = "import sys, gikocr.evaluation; print(sorted({'scipy', 'pandas', 'cv2', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


kinds = st.sampled_from(["right", "zero", "wrong", "lacking", "unreadable"])
confidences = st.sampled_from(["0.99999", "0.999", "0.9", "0.2", None])


def made(fields: list[tuple[str, str | None]]) -> JudgedDocument:
    makers = {
        "right": lambda p: judged(True, p),
        "zero": lambda p: judged(True, p, truth=0),
        "wrong": lambda p: judged(False, p),
        "lacking": lambda p: lacking(),
        "unreadable": unreadable,
    }
    return document(*(makers[kind](p) for kind, p in fields))


sets = st.lists(st.lists(st.tuples(kinds, confidences), max_size=5).map(made), max_size=6)


@settings(deadline=None)
@given(sets, st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(some: list[JudgedDocument], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (to_json(Evaluation(tuple(d), (), measure(d), {}, None))["overall"] for d in (some, shuffled))
    assert one == other


@settings(deadline=None)
@given(sets, confidences)
def test_a_right_document_never_lowers_the_right_share(some: list[JudgedDocument], p: str | None) -> None:
    before, after = measure(some), measure([*some, made([("right", p), ("zero", p)])])
    for name in ("right", "value_right", "nonzero_right", "clean"):
        old, new = getattr(before, name).share, getattr(after, name).share
        assert new is not None and (old is None or new >= old)


@settings(deadline=None)
@given(sets)
def test_counts_fit_together(some: list[JudgedDocument]) -> None:
    m = measure(some)
    assert m.right.hits <= m.value_right.hits <= m.right.total
    assert m.right.total - m.right.hits == m.confidence.overall.observed + m.confidence.lacking
    assert m.confidence.overall.fields + m.confidence.lacking == m.right.total
    assert m.marked.wrong_unmarked.hits <= m.right.total - m.right.hits
    assert sum(d.clean for d in some if d.fields) == m.clean.hits
