from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gikocr.ingest import Input
from gikocr.pipeline import Extraction, Pipeline
from gikocr.settings import Settings

HONGZE = Path(__file__).parents[3] / "shared" / "real" / "docs" / "hongze_2024.pdf"


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    return Pipeline(Settings())


@pytest.fixture(scope="session")
def extract(pipeline: Pipeline) -> Callable[..., Extraction]:
    """Reads the given files as one document."""

    def read(*paths: Path) -> Extraction:
        return pipeline.extract(Input(paths[0].name, paths))

    return read


@pytest.fixture(scope="session")
def hongze_path() -> Path:
    if not HONGZE.exists():
        pytest.skip("the real report hongze_2024.pdf is not beside this checkout (../shared/real/docs)")
    return HONGZE


@pytest.fixture(scope="session")
def hongze(hongze_path: Path, pipeline: Pipeline) -> Extraction:
    """The real report, read once."""
    return pipeline.extract(Input(hongze_path.name, (hongze_path,)))
