"""Pictures of pages and of cells, made when they are first asked for and kept as files named by hash.

They are cut from the document itself, which must still be where it was seen, and is decoded in a process of its own. The names
depend on the content, the page, the resolution and the box alone, so that a picture is made once, and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from gikocr.elements import Page
from gikocr.errors import DocumentError, WorkspaceError
from gikocr.geometry import BBox
from gikocr.ingest import Input
from gikocr.ingest.confined import decoder
from gikocr.settings import Settings
from gikocr.workspace import schema
from gikocr.workspace.atomic import write_file
from gikocr.workspace.rows import Box, StoredField, StoredReport
from gikocr.workspace.store import Workspace

#: Added on each side of a cell, as a share of its height: enough to see a neighbour's stroke that reaches into it.
MARGIN = 0.5

#: Pixels of the height to which a page is reduced to be looked at as a whole, and the quality of its JPEG. What is looked at closely
#: are the original pixels.
SMALL_HEIGHT = 1600
SMALL_QUALITY = 85

#: Decoded pages that are kept in memory: reviewers go through the fields of one page one after the other.
PAGES_KEPT = 3

_FOLDER = Path(".gikocr") / "pictures"

_Found = TypeVar("_Found")


class Pictures:
    """The pictures of a workspace. May be used by several threads.

    Args:
        workspace: where the documents are known and the pictures are kept.
        settings: limits and the resolution at which PDF pages are rendered.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()
        self._sizes: dict[tuple[int, int], tuple[float, float]] = {}
        self._drawing = threading.Lock()

    def page(self, report: StoredReport, number: int) -> Path:
        """The picture (PNG) of a page, 1-based, turned as a viewer shows it.

        Raises:
            WorkspaceError: the document is gone, has changed, or has no such page, or the picture cannot be written.
        """
        path = self._path(report, number, None)
        if not path.exists():
            with self._drawing:
                if not path.exists():
                    write_file(path, _png(self._decoded(report, number), None))
        return path

    def small_page(self, report: StoredReport, number: int) -> Path:
        """The picture (JPEG) of a page, at most :data:`SMALL_HEIGHT` pixels high; else as :meth:`page`.

        Raises:
            WorkspaceError: as for :meth:`page`.
        """
        path = self._path(report, number, None).with_suffix(f".{SMALL_HEIGHT}.jpg")
        if not path.exists():
            with self._drawing:
                if not path.exists():
                    write_file(path, _small(self._decoded(report, number)))
        return path

    def cell(self, report: StoredReport, field: StoredField) -> Path:
        """The picture (PNG) of a field's cell with a margin.

        Raises:
            WorkspaceError: the field has no place on a page, and as for :meth:`page`.
        """
        if field.page is None or field.bbox is None:
            raise WorkspaceError(f"The field {field.field_id!r} was read from a text and has no place on a page.")
        path = self._path(report, field.page, field.bbox)
        if not path.exists():
            with self._drawing:
                if not path.exists():
                    page = self._decoded(report, field.page)
                    write_file(path, self._cut(report, page, field.bbox))
        return path

    def has_cell(self, report: StoredReport, field: StoredField) -> bool:
        """Whether the picture of a field's cell was made already."""
        return field.page is not None and field.bbox is not None and self._path(report, field.page, field.bbox).exists()

    def size(self, report: StoredReport, number: int) -> tuple[float, float]:
        """Width and height of a page in the unit of its fields' boxes. Known once asked for, even when the document is gone.

        Raises:
            WorkspaceError: as for :meth:`page`.
        """
        if (report.document_id, number) in self._sizes:
            return self._sizes[report.document_id, number]
        size = self._sizes[report.document_id, number] = self._size(report, number)
        return size

    def _size(self, report: StoredReport, number: int) -> tuple[float, float]:
        columns = schema.page_size.c
        with self._workspace.database.read() as connection:
            found = connection.execute(
                sa.select(columns.width, columns.height).where(
                    columns.document_id == report.document_id, columns.page == number
                )
            ).first()
        if found is not None:
            return float(found.width), float(found.height)
        sizes = self._checked(report, f"Page {number}", lambda item: decoder().sizes(item, self._settings))
        if number not in sizes:
            raise WorkspaceError(f"Page {number} of {report.name!r} cannot be shown.")
        rows = [
            {"document_id": report.document_id, "page": n, "width": width, "height": height}
            for n, (width, height) in sizes.items()
        ]
        with self._workspace.database.write() as connection:
            insert = self._workspace.database.insert(schema.page_size)
            connection.execute(insert.on_conflict_do_nothing(), rows)
        return sizes[number]

    def pixels(self, report: StoredReport, number: int) -> Page:
        """A page with its pixels as read from the document.

        Raises:
            WorkspaceError: as for :meth:`page`.
        """
        with self._drawing:
            return self._decoded(report, number)

    def _path(self, report: StoredReport, number: int, box: Box | None) -> Path:
        key = repr((report.sha256, number, self._settings.render_dpi, box, MARGIN if box else 0))
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._workspace.folder.out / _FOLDER / digest[:2] / f"{digest}.png"

    def _decoded(self, report: StoredReport, number: int) -> Page:
        key = (report.sha256, number)
        if key not in self._pages:
            self._pages[key] = self._checked(
                report, f"Page {number}", lambda item: decoder().page(item, number, self._settings)
            )
        self._pages.move_to_end(key)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        return self._pages[key]

    def _cut(self, report: StoredReport, page: Page, box: Box) -> bytes:
        cut = cut_out(page, box, MARGIN)
        if cut is None:
            raise WorkspaceError(f"The box {box} is not on page {page.number} of {report.name!r}.")
        return _png(page, cut)

    def _checked(self, report: StoredReport, what: str, asked: Callable[[Input], tuple[str, _Found]]) -> _Found:
        """What the decoder says of a report's document, if that is still the same."""
        try:
            sha256, found = asked(self._input(report))
        except (DocumentError, ValueError) as error:
            raise WorkspaceError(f"{what} of {report.name!r} cannot be shown: {error}") from error
        if sha256 != report.sha256:
            raise WorkspaceError(f"{report.name!r} has changed since it was read.", advice="Run extract on it again.")
        return found

    def _input(self, report: StoredReport) -> Input:
        """The document's files, at the first place that still has them all."""
        paths = source_paths(self._workspace, report)
        if paths:
            return Input(report.name, paths)
        raise WorkspaceError(
            f"{report.name!r} is no longer where it was read.",
            advice="Run extract on it in its new place; it is not read again.",
        )


def source_paths(workspace: Workspace, report: StoredReport) -> tuple[Path, ...]:
    """The files of a report's document, at the first place that still has them all; none where none has."""
    columns = schema.source.c
    with workspace.database.read() as connection:
        places: Sequence[str] = connection.scalars(
            sa.select(columns.paths).where(columns.document_id == report.document_id)
        ).all()
    # A document with an attached page is known in two places, of which one lacks that page.
    for place in sorted(places, key=lambda p: -p.count("\n")):
        paths = tuple(Path(path) for path in place.split("\n"))
        if all(path.is_file() for path in paths):
            return paths
    return ()


def cut_out(page: Page, box: Box, margin: float) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a cell in the pixels of its page, with a margin in heights of the cell; None off the page.

    ``box`` is in the viewer's frame.
    """
    height = box[3] - box[1]
    room = margin * height
    wide = BBox(box[0] - room, box[1] - room, box[2] + room, box[3] + room)
    cut = page.to_view.inverse().apply_bbox(wide).bbox
    top, left = max(0, int(cut.top)), max(0, int(cut.left))
    bottom, right = min(page.image.shape[0], int(cut.bottom) + 1), min(page.image.shape[1], int(cut.right) + 1)
    return None if bottom <= top or right <= left else (left, top, right, bottom)


def _small(page: Page) -> bytes:
    from PIL import Image

    image = Image.fromarray(page.image)
    if image.height > SMALL_HEIGHT:
        width = max(1, round(image.width * SMALL_HEIGHT / image.height))
        image = image.resize((width, SMALL_HEIGHT), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=SMALL_QUALITY)
    return buffer.getvalue()


def _png(page: Page, cut: tuple[int, int, int, int] | None) -> bytes:
    from PIL import Image

    image = page.image
    if cut is not None:
        left, top, right, bottom = cut
        image = image[top:bottom, left:right]
    buffer = io.BytesIO()
    # Pages are large: half the time for a few per cent more bytes.
    Image.fromarray(image).save(buffer, "PNG", compress_level=6 if cut is not None else 3)
    return buffer.getvalue()
