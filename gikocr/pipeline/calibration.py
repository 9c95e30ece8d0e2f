"""The calibration that a pipeline works with: the packaged one, a user's own, or none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gikocr.elements import FormReading
from gikocr.engines.manifest import models_folder
from gikocr.errors import UsageError
from gikocr.reconcile import Calibration
from gikocr.settings import Settings

PACKAGED = "calibration.json"
"""The packaged calibration in the folder of models."""
NONE = "none"
NAME = "calibration"
"""The name under which a report states its calibration among the models."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration with the name and SHA-256 under which reports state it; without a file, nothing is stated."""

    calibration: Calibration
    named: tuple[tuple[str, str], ...]

    def kind_for(self, reading: FormReading) -> Literal["posterior", "calibrated"]:
        """``confidence_kind`` of a document's fields."""
        return "calibrated" if self.calibration.is_fitted(reading) else "posterior"

    def review_below(self, reading: FormReading, settings: Settings) -> float:
        """The confidence below which fields of a document are marked for review."""
        if settings.target_error <= 0.0:
            return settings.review_below
        return self.calibration.for_reading(reading).review_below(settings.target_error)


def packaged_path() -> Path:
    """Where the packaged calibration is, or would be.

    Raises:
        ModelMissing: the folder of models is absent.
    """
    return models_folder() / PACKAGED


def load_calibration(settings: Settings) -> Calibrated:
    """The calibration that the settings ask for; the defaults where none is packaged.

    Raises:
        UsageError: the file cannot be read or is no calibration, or the target is no share.
    """
    if not 0.0 <= settings.target_error < 1.0:
        raise UsageError(
            f"target_error: {settings.target_error} is no share of fields.", advice="Give 1e-4, for example."
        )
    if settings.calibration == NONE:
        return Calibrated(Calibration(), ())
    path = Path(settings.calibration) if settings.calibration else packaged_path()
    if not settings.calibration and not path.is_file():
        return Calibrated(Calibration(), ())
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: the calibration cannot be read ({error}).", advice="Give the file with --calibration."
        ) from error
    return Calibrated(Calibration.from_json(text), ((NAME, hashlib.sha256(content).hexdigest()),))
