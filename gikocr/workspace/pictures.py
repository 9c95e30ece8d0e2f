"""Pictures of pages and of cells, made when they are first asked for and kept as files named by hash.

They are cut from the document itself, which must still be where it was seen. The names depend on the content, the page, the resolution
and the box alone, so that a picture is made once, whoever asks, and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import sqlalchemy as sa

from gikocr.errors import DocumentError, WorkspaceError
from gikocr.geometry import BBox
from gikocr.ingest import Input, open_document
from gikocr.settings import Settings
from gikocr.workspace import schema
from gikocr.workspace.atomic import write_file
from gikocr.workspace.rows import Box, StoredField, StoredReport
from gikocr.workspace.store import Workspace

#: Added on each side of a cell, as a share of its height: enough to see a neighbour's stroke that reaches into it.
MARGIN = 0.5

_FOLDER = Path(".gikocr") / "pictures"


class Pictures:
    """The pictures of a workspace.

    Args:
        workspace: where the documents are known and the pictures are kept.
        settings: limits and the resolution at which PDF pages are rendered.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def page(self, report: StoredReport, number: int) -> Path:
        """The picture (PNG) of a page, 1-based, turned as a viewer shows it.

        Raises:
            WorkspaceError: the document is gone, has changed, or has no such page, or the picture cannot be written.
        """
        return self._picture(report, number, None)

    def cell(self, report: StoredReport, field: StoredField) -> Path:
        """The picture (PNG) of a field's cell with a margin.

        Raises:
            WorkspaceError: the field has no place on a page, and as for :meth:`page`.
        """
        if field.page is None or field.bbox is None:
            raise WorkspaceError(f"The field {field.field_id!r} was read from a text and has no place on a page.")
        return self._picture(report, field.page, field.bbox)

    def _picture(self, report: StoredReport, number: int, box: Box | None) -> Path:
        key = repr((report.sha256, number, self._settings.render_dpi, box, MARGIN if box else 0))
        digest = hashlib.sha256(key.encode()).hexdigest()
        path = self._workspace.folder.out / _FOLDER / digest[:2] / f"{digest}.png"
        if not path.exists():
            write_file(path, self._draw(report, number, box))
        return path

    def _draw(self, report: StoredReport, number: int, box: Box | None) -> bytes:
        from PIL import Image

        try:
            with open_document(self._input(report), self._settings) as document:
                if document.source.sha256 != report.sha256:
                    raise WorkspaceError(
                        f"{report.name!r} has changed since it was read.", advice="Run extract on it again."
                    )
                page = document.read_page(number)
        except (DocumentError, ValueError) as error:
            raise WorkspaceError(f"Page {number} of {report.name!r} cannot be shown: {error}") from error
        image = page.image
        if box is not None:
            height = box[3] - box[1]
            wide = BBox(
                box[0] - MARGIN * height, box[1] - MARGIN * height, box[2] + MARGIN * height, box[3] + MARGIN * height
            )
            cut = page.to_view.inverse().apply_bbox(wide).bbox
            top, left = max(0, int(cut.top)), max(0, int(cut.left))
            bottom, right = min(image.shape[0], int(cut.bottom) + 1), min(image.shape[1], int(cut.right) + 1)
            if bottom <= top or right <= left:
                raise WorkspaceError(f"The box {box} is not on page {number} of {report.name!r}.")
            image = image[top:bottom, left:right]
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        return buffer.getvalue()

    def _input(self, report: StoredReport) -> Input:
        """The document's files, at the first place that still has them all."""
        columns = schema.source.c
        with self._workspace.database.read() as connection:
            places = connection.scalars(sa.select(columns.paths).where(columns.document_id == report.document_id)).all()
        for place in places:
            paths = tuple(Path(path) for path in place.split("\n"))
            if all(path.is_file() for path in paths):
                return Input(report.name, paths)
        raise WorkspaceError(
            f"{report.name!r} is no longer where it was read.",
            advice="Run extract on it in its new place; it is not read again.",
        )
