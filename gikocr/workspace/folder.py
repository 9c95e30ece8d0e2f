"""A workspace that is a folder: ``OUT/<name>.json`` for each document.

Beside the reports stand

* ``OUT/.gikocr/form_readings/<digest>.json.gz``: what was read before any inference, for review and recalibration;
* ``OUT/overlays/<name>/page-3.png``: pictures of what was read where.

Everything is written whole or not at all.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gikocr.elements import FormReading
from gikocr.errors import WorkspaceError
from gikocr.report import Report, printable
from gikocr.report.json_text import read as read_json
from gikocr.report.temporary import sweep
from gikocr.workspace import form_readings
from gikocr.workspace.atomic import make_folder, temporaries, unusable, write_file
from gikocr.workspace.names import DIGEST_DIGITS, report_name

_OWN = ".gikocr"
_OVERLAYS = "overlays"
_SUFFIX = ".json"


class ReportFolder:
    """The folder given with ``-o``.

    Raises:
        WorkspaceError: it is a file, cannot be made, or cannot be written to.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._given: dict[Path, tuple[str, str]] = {}
        if out.exists() and not out.is_dir():
            raise WorkspaceError(f"{str(out)!r} is a file, not a folder.", advice="Give a folder with -o.")
        make_folder(out / _OWN)
        try:
            with tempfile.TemporaryFile(dir=out / _OWN) as file:
                file.write(b"gikocr")
                file.flush()
        except OSError as error:
            raise unusable(out, "write to the folder", error) from error
        sweep(temporaries(out))

    def write(self, path: Path, content: bytes) -> None:
        """Write a file of the workspace whole or not at all.

        Raises:
            WorkspaceError: it cannot be written.
        """
        write_file(path, content, by=temporaries(self.out))

    def path_for(self, name: str, sha256: str, second: int = 1) -> Path:
        """Where the report of a source goes, by the naming rules of the contract; always inside the folder.

        The same source gets the same path again. A path that holds the report of another source, or any other file, is
        left
        alone: the name then gets ``~`` and digits of the content hash.

        Args:
            name: the source's name, or its path relative to the folder that was given on the command line.
            sha256: hexadecimal digest of the content.
            second: 2 for the second report found in the same file, and so on.
        """
        name = printable(name)
        source = (name, sha256)
        for digits in (0, DIGEST_DIGITS, len(sha256)):
            path = self.out / report_name(name, sha256, second=second, digits=digits)
            if self.holder(path) in (None, source):
                break
        self._given[path] = source
        return path

    def write_report(self, report: Report, *, second: int = 1) -> Path:
        """Write a report where :meth:`path_for` puts it, and return the path.

        Raises:
            WorkspaceError: it cannot be written.
        """
        path = self.path_for(*_identity(report), second=second)
        self.write(path, report.to_json().encode("utf-8"))
        return path

    def write_form_reading(self, report_path: Path, form_reading: FormReading) -> Path:
        """Save what was read beside its report, and return the path of the blob.

        Raises:
            WorkspaceError: it cannot be written.
        """
        path = self._form_reading_path(report_path)
        self.write(path, form_readings.pack(form_reading))
        return path

    def read_form_reading(self, report_path: Path) -> FormReading | None:
        """What was read for a report, or None when nothing was saved for it.

        Raises:
            WorkspaceError: the saved reading is damaged or of another version.
        """
        path = self._form_reading_path(report_path)
        try:
            blob = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(path, "read", error) from error
        return form_readings.unpack(blob)

    def write_overlay(self, report_path: Path, page: int, png: bytes) -> Path:
        """Save the picture of one page (1-based) of a report, and return its path.

        Raises:
            WorkspaceError: it cannot be written.
        """
        path = self._overlays(report_path) / f"page-{page}.png"
        self.write(path, png)
        return path

    def has_overlays(self, report_path: Path) -> bool:
        """Whether there are pictures of a report's pages."""
        return self._overlays(report_path).is_dir()

    def read_reports(self) -> Iterator[tuple[Path, Report]]:
        """All reports with their paths, in the order of their names; other JSON files are passed over.

        Raises:
            WorkspaceError: a report cannot be read, or is not what this version of gikocr writes.
        """
        for path in sorted(self.out.rglob(f"*{_SUFFIX}")):
            if path.relative_to(self.out).parts[0] in (_OWN, _OVERLAYS) or not path.is_file():
                continue
            try:
                whole = read_json(path.read_bytes())
            except OSError as error:
                raise unusable(path, "read", error) from error
            except ValueError:
                continue
            if not _looks_like_report(whole):
                continue
            try:
                yield path, Report.model_validate(whole)
            except ValueError as error:
                raise WorkspaceError(
                    f"{str(path)!r} is not a report that this gikocr understands.",
                    advice="Move it away, or run extract on its document again.",
                ) from error

    def holder(self, path: Path) -> tuple[str, str] | None:
        """Name and digest of the source whose place ``path`` is; None when it is free."""
        if path in self._given:
            return self._given[path]
        if not path.exists() and not path.is_symlink():
            return None
        try:
            return _identity(Report.from_json(path.read_bytes()))
        except (OSError, ValueError):
            return ("", "")

    def _relative(self, report_path: Path) -> Path:
        try:
            relative = report_path.relative_to(self.out)
        except ValueError:
            relative = Path("..")
        if ".." in relative.parts:
            raise WorkspaceError(f"{str(report_path)!r} is not in {str(self.out)!r}.")
        return relative

    def _overlays(self, report_path: Path) -> Path:
        relative = self._relative(report_path)
        return self.out / _OVERLAYS / relative.parent / relative.name.removesuffix(_SUFFIX)

    def _form_reading_path(self, report_path: Path) -> Path:
        relative = self._relative(report_path).as_posix()
        digest = hashlib.sha256(relative.encode("utf-8", "surrogateescape")).hexdigest()
        return self.out / _OWN / "form_readings" / f"{digest}.json.gz"


def _identity(report: Report) -> tuple[str, str]:
    """Name and digest of a report's source; a source that could not be opened is known by its name."""
    name = report.source.name
    return name, report.source.sha256 or hashlib.sha256(name.encode("utf-8")).hexdigest()


def _looks_like_report(whole: object) -> bool:
    return isinstance(whole, dict) and "gikocr" in whole and "schema_version" in whole
