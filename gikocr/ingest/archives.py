"""Archives (DOCX, OFD): measured before anything is unpacked, and every member read with a bound."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from typing import Final

from lxml import etree

from gikocr.errors import DamagedFile, EncryptedFile, TooLarge

MOST_MEMBERS: Final = 5_000
MOST_UNPACKED: Final = 400 * 2**20
"""Bytes that all members together may have, as the archive states it."""
MOST_XML: Final = 64 * 2**20
"""Bytes of one XML member."""
MOST_PICTURE: Final = 64 * 2**20
"""Bytes of one picture."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    NotImplementedError,
    OSError,
    RuntimeError,
    EOFError,
)
"""What opening a damaged part raises, its decompressor included."""


class Archive:
    """An opened archive whose directory has been checked. Names are compared without regard to case and leading slashes."""

    def __init__(self, data: bytes, what: str) -> None:
        """Open an archive.

        Raises:
            DamagedFile: it is no archive, or its directory is broken.
            TooLarge: it has more or larger members than any report.
        """
        self._what = what
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError) as error:
            raise DamagedFile(f"{what} is damaged: its archive cannot be opened.", advice="Copy it again.") from error
        if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > MOST_UNPACKED:
            raise TooLarge(
                f"{what} unpacks to far more than a report has.", advice="Save the report alone, or print it to PDF."
            )
        self._members = {_key(m.filename): m for m in members}

    @property
    def names(self) -> list[str]:
        """Names of all members, as the archive writes them."""
        return [m.filename for m in self._members.values()]

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return _key(name) in self._members

    def read(self, name: str, most: int = MOST_XML) -> bytes:
        """The content of a member, at most ``most`` bytes.

        Raises:
            DamagedFile: there is no such member, or it cannot be unpacked.
            EncryptedFile: it is locked by a password.
            TooLarge: it holds more, whatever the directory says.
        """
        member = self._members.get(_key(name))
        if member is None:
            raise DamagedFile(f"{self._what} lacks its part {name}.", advice="Save it again, or print it to PDF.")
        if member.flag_bits & 1:
            raise EncryptedFile(f"{self._what} is locked by a password.", advice="Save it without one.")
        try:
            with self._zip.open(member) as file:
                data = file.read(most + 1)
        except _BROKEN as error:
            raise DamagedFile(f"{self._what}: its part {name} is damaged.", advice="Copy it again.") from error
        if len(data) > most:
            raise TooLarge(f"{self._what}: its part {name} is larger than any report.", advice="Print it to PDF.")
        return data

    def xml(self, name: str) -> etree._Element:
        """A member parsed as XML, no entity resolved. Raises as :meth:`read`."""
        return parse_xml(self.read(name), f"{self._what}: its part {name}")


def parse_xml(data: bytes, what: str) -> etree._Element:
    """Parse XML from a stranger: no entities, no DTD, no network; what is broken is mended as far as that goes.

    Raises:
        DamagedFile: nothing of it can be parsed.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(f"{what} cannot be parsed.", advice="Save it again, or print it to PDF.") from error
    if root is None:
        raise DamagedFile(f"{what} cannot be parsed.", advice="Save it again, or print it to PDF.")
    return root


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
