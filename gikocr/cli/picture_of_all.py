"""Gathers what ``gikocr report`` shows of a workspace."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

from PIL import Image

from gikocr.errors import GikocrError
from gikocr.export.summary_page import Scan, Summary
from gikocr.ingest import Input
from gikocr.ingest.confined import decoder
from gikocr.settings import Settings
from gikocr.workspace import Selection, StoredReport, Workspace
from gikocr.workspace.overview import drawn_reports, most_doubtful, overview

#: Documents that are shown with a picture.
MOST_SCANS = 12

#: Reports whose times are averaged.
MOST_TIMED = 300

#: Width of a picture in pixels.
PICTURE_WIDTH = 320


def gather(workspace: Workspace, settings: Settings) -> Summary:
    """Count, and draw small pictures of the documents with the most doubts.

    Raises:
        WorkspaceError: the workspace fails.
    """
    found = overview(workspace)
    seconds: Counter[str] = Counter()
    timed = 0
    for report in drawn_reports(workspace, MOST_TIMED):
        timed += 1
        seconds.update(report.provenance.seconds)
    return Summary(
        title=f"gikocr: {workspace.folder.out.resolve().name}",
        statuses={str(status): count for status, count in found.statuses.items()},
        failures=found.failures,
        tables=[(t.table, t.fields, t.waiting, t.decided) for t in found.tables],
        agencies=[(a.agency or "", a.broken_in_source, a.doubtful) for a in found.agencies],
        stages={stage: total / timed for stage, total in seconds.items()} if timed else {},
        timed=timed,
        worst=[_scan(workspace, report, paths, settings) for report, paths in most_doubtful(workspace, MOST_SCANS)],
    )


def _scan(workspace: Workspace, report: StoredReport, paths: list[str], settings: Settings) -> Scan:
    pages = Counter(
        f.page for f in workspace.fields(Selection(report_ids=(report.id,))) if f.waiting and f.page is not None
    )
    about = " ".join(str(part) for part in (report.agency, report.year) if part is not None)
    jpeg = b""
    if pages and paths:
        jpeg = _picture(Input(report.name, tuple(Path(p) for p in paths)), pages.most_common(1)[0][0], settings)
    return Scan(report.name, about, report.waiting, jpeg)


def _picture(item: Input, page: int, settings: Settings) -> bytes:
    """A page as a small JPEG; empty where the file is gone, has changed or cannot be drawn."""
    try:
        image = Image.fromarray(decoder().page(item, page, settings)[1].image)
    except (GikocrError, OSError, ValueError):
        return b""
    image.thumbnail((PICTURE_WIDTH, 2 * PICTURE_WIDTH))
    buffer = io.BytesIO()
    image.convert("L").save(buffer, "JPEG", quality=70)
    return buffer.getvalue()
