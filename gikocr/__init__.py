"""gikocr reads the statutory tables of 政府信息公开工作年度报告 from scans, with a confidence for every field.

from gikocr import extract
for report in extract("scans/"):
    print(report.document.agency, {field.id: field.value for field in report.fields if not field.needs_review})
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gikocr.report import Report

__version__ = "0.1.0"


def extract(
    *paths: str | Path, group: Literal["none", "name", "folder"] = "none", as_one: bool = False, **settings: Any
) -> Iterator[Report]:
    """Read documents in this process, and give their reports one after the other; nothing is written.

    A document that cannot be read gives a report with the status ``failed``. Two reports in one file come as two.

    Args:
        paths: files, and folders that are searched for files.
        group: which files are one document; see :func:`gikocr.ingest.find_inputs`.
        as_one: all files are pages of one document.
        settings: by the names of :class:`gikocr.settings.Settings`, such as ``pages="1-8"``.

    Raises:
        UsageError: an unknown setting, or a wrong value.
        DependencyMissing: a model or a package is missing.

    Errors come with the first report that is asked for. An unforeseen one ends the run, whereas ``gikocr extract`` goes on.
    """
    from gikocr.ingest import find_inputs
    from gikocr.pipeline import Pipeline
    from gikocr.settings import load_settings

    pipeline = Pipeline(load_settings(settings))
    for item in find_inputs([Path(path) for path in paths], group=group, as_one=as_one):
        found = pipeline.extract(item)
        yield found.report
        yield from (more.report for more in found.more)
