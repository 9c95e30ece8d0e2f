"""Old Office documents (DOC, WPS, RTF, XLS, ODT …) through LibreOffice, where it is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from gikocr.errors import DamagedFile, EncryptedFile, UnsupportedType
from gikocr.ingest.docx import read_docx
from gikocr.ingest.html import read_html
from gikocr.markup import Markup

SECONDS: Final = 120
"""LibreOffice is stopped after this time; a report takes it two to five seconds."""
PROGRAMS: Final = ("soffice", "libreoffice")

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_WORD = "WordDocument".encode("utf-16-le")


def office_program() -> str | None:
    """The path of LibreOffice, None where it is not installed."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def read_office(data: bytes, what: str, media_type: str) -> Markup:
    """An Office document as lines and tables, by way of DOCX, or of HTML for sheets.

    Raises:
        UnsupportedType: LibreOffice is not installed.
        EncryptedFile: a password is needed.
        DamagedFile: LibreOffice cannot open it, or not in time.
    """
    suffix = _suffix(data, what, media_type)
    program = office_program()
    if program is None:
        raise UnsupportedType(
            f"{what} is an Office document that only LibreOffice reads, and LibreOffice is not installed.",
            advice="Install it (apt-get install libreoffice-writer libreoffice-calc), or save the file as DOCX or PDF.",
        )
    is_sheet = suffix in (".xls", ".ods")
    converted = _convert(program, data, what, suffix, "html" if is_sheet else "docx")
    markup = read_html(converted, what) if is_sheet else read_docx(converted, what)
    note = ("converted", "The document was converted by LibreOffice before it was read.")
    return Markup(markup.blocks, (*markup.notes, note), markup.pictures)


def _suffix(data: bytes, what: str, media_type: str) -> str:
    if media_type == "application/rtf":
        return ".rtf"
    if media_type == "application/vnd.oasis.opendocument":
        return ".ods" if what.casefold().endswith(".ods") else ".odt"
    if _ENCRYPTED in data:
        raise EncryptedFile(f"{what} is locked by a password.", advice="Save it without one.")
    if _WORD in data:
        return ".doc"
    return ".xls" if any(mark in data for mark in _WORKBOOK) else ".doc"


def _convert(program: str, data: bytes, what: str, suffix: str, target: str) -> bytes:
    """Run LibreOffice on a copy in a folder and with a profile of its own, without a network."""
    with tempfile.TemporaryDirectory(prefix="gikocr-office-") as scratch:
        source = Path(scratch) / f"document{suffix}"
        source.write_bytes(data)
        # Documents may link to pictures elsewhere: proxies that lead nowhere keep LibreOffice from fetching them.
        nowhere = [f"{name}=http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")]
        command = [
            "env",
            *nowhere,
            program,
            f"-env:UserInstallation=file://{scratch}/profile",
            "--headless",
            "--norestore",
            "--convert-to",
            target,
            "--outdir",
            f"{scratch}/out",
            str(source),
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired as error:
            raise DamagedFile(
                f"LibreOffice did not finish {what} within {SECONDS} seconds.", advice="Save it as DOCX or PDF."
            ) from error
        finally:
            # soffice leaves its work to a child; the whole group goes, whatever happened.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        made = Path(scratch) / "out" / f"document.{target}"
        if not made.is_file():
            raise DamagedFile(f"LibreOffice cannot open {what}.", advice="Save it as DOCX or PDF and give that.")
        return made.read_bytes()
