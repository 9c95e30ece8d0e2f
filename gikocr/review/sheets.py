"""Sheets of cells that were read as one numeral: the odd ones stand out where all others look alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gikocr.errors import WorkspaceError
from gikocr.workspace import Pictures, StoredField, StoredReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Seconds that a sheet waits for pictures that were not made yet. The rest comes without an order by likeness.
PATIENCE = 1.0
#: Pixels of a glyph that is compared: enough to tell 1 from 7, few enough that noise does not count.
GLYPH = (16, 24)


def draw(
    pictures: Pictures, cells: Sequence[tuple[StoredReport, StoredField]], *, seconds: float
) -> dict[tuple[int, str], Path]:
    """The pictures of cells, those of one page together, as far as they are there or can be made in that time."""
    found: dict[tuple[int, str], Path] = {}
    end = time.monotonic() + seconds
    for report, field in sorted(cells, key=lambda c: (c[0].id, c[1].page or 0)):
        if not pictures.has_cell(report, field) and time.monotonic() > end:
            continue
        try:
            found[field.report_id, field.field_id] = pictures.cell(report, field)
        except WorkspaceError:
            continue
    return found


def unlikeness(pictures: dict[tuple[int, str], Path]) -> dict[tuple[int, str], float]:
    """How far each picture's print is from what most of them look like, in [0, 1]: the mean difference of ink from the median glyph."""
    import numpy as np

    glyphs = {key: glyph for key, path in pictures.items() if (glyph := _glyph(path)) is not None}
    if not glyphs:
        return {}
    middle = np.median(np.stack(list(glyphs.values())), axis=0)
    return {key: float(np.mean(np.abs(glyph - middle))) for key, glyph in glyphs.items()}


def _glyph(path: Path) -> NDArray[np.float32] | None:
    """The print of a cell as ink in [0, 1], cut to its extent and brought to one size; None without print."""
    import numpy as np
    from PIL import Image

    from gikocr.workspace.pictures import MARGIN

    try:
        with Image.open(path) as opened:
            grey = np.asarray(opened.convert("L"), dtype=np.float32)
    except OSError:
        return None
    # The margin shows the neighbours and the cell's own rules.
    edge = int(grey.shape[0] * MARGIN / (1 + 2 * MARGIN)) + 2
    inner = grey[edge:-edge, edge:-edge]
    if inner.size == 0:
        return None
    dark, light = float(inner.min()), float(np.median(inner))
    if light - dark < 32:
        return None
    ink = np.clip((light - inner) / (light - dark), 0.0, 1.0)
    rows, columns = np.flatnonzero((ink > 0.5).any(axis=1)), np.flatnonzero((ink > 0.5).any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = Image.fromarray((cut * 255).astype(np.uint8)).resize(GLYPH, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255.0
