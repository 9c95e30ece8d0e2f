"""Every option of gikocr with its default, unit and a sentence.

This is the only module that reads the environment: ``GIKOCR_<NAME>`` (upper case) overrides a default.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gikocr.errors import UsageError


def _option(default: Any, sentence: str, *, unit: str = "", result: bool = True) -> Any:
    return field(default=default, metadata={"help": sentence, "unit": unit, "result": result})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run may be told. Options marked ``result`` change results and enter the fingerprint."""

    form: str = _option("annual_report", "name of a built-in form, or the path of a form's TOML file")
    max_bytes: int = _option(300 * 2**20, "a larger file is refused", unit="bytes", result=False)
    max_pages: int = _option(200, "a document with more pages is refused", unit="pages", result=False)
    max_pixels: int = _option(
        120_000_000, "an image with more pixels is refused before it is decoded", unit="px", result=False
    )
    max_side: int = _option(
        25_000, "an image with a longer side is refused before it is decoded", unit="px", result=False
    )
    pages: str = _option("", "pages to read, such as 1-3,7; empty reads all")
    render_dpi: int = _option(200, "resolution at which PDF pages without a full-page image are rendered", unit="dpi")
    working_dpi: int = _option(200, "pages with more pixels are reduced to about this before reading", unit="dpi")
    max_skew: float = _option(10.0, "largest skew that is looked for", unit="degrees")
    layout_engine: str = _option("ruling_lines", "detector of table regions: ruling_lines or cdla")
    boundary_engine: str = _option(
        "boundaries", "network that sees cell boundaries where ruling lines do not show them; empty: none"
    )
    line_engine: str = _option(
        "ppocr_v6_small", "reader of printed lines: headings, and labels that the quick reader doubts"
    )
    label_engine: str = _option("ppocr_v6_tiny", "quick reader of labels, asked first; empty: line_engine reads all")
    cell_engine: str = _option(
        "numerals", "reader of table cells: numerals, numerals_torch (the same on torch) or ppocr_v6_small_numerals"
    )
    second_engine: str = _option(
        "ppocr_v6_small_numerals",
        "reader that is asked too where the first, or the sums, are in doubt; empty asks none",
    )
    second_below: float = _option(0.98, "a cell whose best reading has a lower probability is doubtful")
    page_engine: str = _option(
        "rapidocr", "reader of whole pages, used by full_text and as the fallback: rapidocr or paddleocr"
    )
    full_text: bool = _option(False, "read whole pages too, for the narrative sections")
    review_below: float = _option(0.99, "a field with a lower confidence is marked needs_review")
    target_error: float = _option(
        0.0, "mark as needs_review what must be reviewed to leave so many wrong values per field; 0: by review_below"
    )
    calibration: str = _option(
        "",
        "file of a calibration that gikocr calibrate made; empty takes the packaged one, none the defaults; what was read with "
        "another one is not read again",
        result=False,
    )
    database: str = _option(
        "", "URL of a PostgreSQL database for the workspace; empty: SQLite in the folder of the results", result=False
    )

    migrate_database: bool = _option(
        False, "bring a PostgreSQL database of an older gikocr up to date; make a backup before", result=False
    )

    def fingerprint_items(self) -> dict[str, Any]:
        """The options that change results, for the fingerprint of a run."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata["result"]}


def describe() -> list[tuple[str, Any, str, str]]:
    """Name, default, unit and sentence of every option."""
    return [(f.name, f.default, f.metadata["unit"], f.metadata["help"]) for f in dataclasses.fields(Settings)]


def load_settings(overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then ``GIKOCR_*`` variables, then ``overrides`` (entries that are None are left out).

    Raises:
        UsageError: an unknown option, or a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    known = {f.name: f for f in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    for name, option in known.items():
        raw = environ.get(f"GIKOCR_{name.upper()}")
        if raw is not None:
            values[name] = _parse(name, raw, option.default)
    for name, value in (overrides or {}).items():
        if name not in known:
            raise UsageError(f"unknown setting {name!r}.", advice=f"Known: {', '.join(sorted(known))}.")
        if value is not None:
            values[name] = value
    return Settings(**values)


def user_cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where files may be kept that can be made anew: ``gikocr`` in the user's cache (XDG Base Directory Specification).

    The folder need not exist.
    """
    environ = os.environ if environ is None else environ
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "gikocr"


def _parse(name: str, raw: str, default: Any) -> Any:
    if isinstance(default, str):
        return raw
    try:
        value = json.loads(raw.lower())
    except ValueError:
        value = None
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise UsageError(
            f"GIKOCR_{name.upper()}={raw!r} is not a {type(default).__name__}.", advice=f"Its default is {default!r}."
        )
    return float(value) if isinstance(default, float) else value
