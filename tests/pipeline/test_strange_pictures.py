"""Pictures of other forms, real photographs and screenshots: no field of this form is ever read from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gikocr.ingest import find_inputs
from gikocr.pipeline import Pipeline
from gikocr.settings import load_settings

PICTURES = Path(__file__).resolve().parents[3] / "shared" / "real" / "pictures"


@pytest.mark.slow
@pytest.mark.skipif(not PICTURES.is_dir(), reason="the real pictures are not there")
def test_no_field_is_invented_from_other_forms() -> None:
    pipeline = Pipeline(load_settings())
    invented = {
        item.name: [f.id for f in pipeline.extract(item).report.fields if f.state not in ("not_printed", "unreadable")]
        for item in find_inputs([PICTURES])
    }
    assert len(invented) > 10
    assert {name: ids for name, ids in invented.items() if ids} == {}
