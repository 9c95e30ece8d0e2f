"""Files of documents by the hash of their content, in the folder of the workspace, so that every machine of a cluster finds them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from gikocr.errors import Exhausted, TooLarge
from gikocr.report.temporary import temporary_prefix
from gikocr.workspace.atomic import make_folder, temporaries, unusable

_READ_AT_ONCE = 2**20


class Blobs:
    """``OUT/.gikocr/blobs/ab/cd/<sha256>``: written once, never changed."""

    def __init__(self, out: Path) -> None:
        self._folder = out / ".gikocr" / "blobs"
        self._temporaries = temporaries(out)

    def path(self, sha256: str) -> Path:
        """Where the content of this hash stands, or would stand."""
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def add_open(self, file: BinaryIO) -> str:
        """Copy in what an open file holds, and return its hash.

        Raises:
            OSError: the file cannot be read.
            WorkspaceError: the copy cannot be written.
        """
        return self.add(iter(lambda: file.read(_READ_AT_ONCE), b""))

    def add(self, blocks: Iterable[bytes], *, most: int = 0) -> str:
        """Keep what the blocks hold together, and return its hash. Nothing is left behind when that fails.

        Args:
            blocks: the content in order.
            most: bytes from which it is refused; 0: any size.

        Raises:
            TooLarge: there are more bytes.
            WorkspaceError: the content cannot be written.
        """
        digest, size = hashlib.sha256(), 0
        with self._temporary() as (handle, name):
            for block in blocks:
                size += len(block)
                if most and size > most:
                    raise TooLarge(f"It is larger than {most} bytes.", advice="Give a smaller file.")
                digest.update(block)
                _write(handle, block, name)
            return self._keep(digest.hexdigest(), handle, name)

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path]]:
        make_folder(self._temporaries)
        try:
            handle, text = tempfile.mkstemp(prefix=temporary_prefix(), dir=self._temporaries)
        except OSError as error:
            raise unusable(self._temporaries, "write to the folder", error) from error
        try:
            yield handle, Path(text)
        finally:
            os.close(handle)
            with contextlib.suppress(OSError):
                Path(text).unlink()

    def _keep(self, sha256: str, handle: int, name: Path) -> str:
        target = self.path(sha256)
        if target.exists():
            return sha256
        make_folder(target.parent)
        try:
            os.fsync(handle)
            name.chmod(0o444)
            name.replace(target)
        except OSError as error:
            raise unusable(target, "write", error) from error
        return sha256

    @contextlib.contextmanager
    def linked(self, names: Iterable[tuple[str, Path]]) -> Iterator[tuple[Path, ...]]:
        """A folder of links with the files' own names, for as long as the block lasts: readers look at names, blobs have none.

        Args:
            names: for each file its own name and where its content stands.

        Raises:
            Exhausted: no temporary folder can be made.
        """
        with contextlib.ExitStack() as stack:
            try:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gikocr-job-")))
                paths = []
                for number, (name, path) in enumerate(names):
                    # A folder each: parts of one document may have the same name.
                    (folder / str(number)).mkdir()
                    paths.append(folder / str(number) / (Path(name).name or "unnamed"))
                    paths[-1].symlink_to(path.absolute())
            except OSError as error:
                raise Exhausted(
                    f"No temporary folder can be used: {error.strerror or error}.",
                    advice="Make room in it, or name another one in TMPDIR.",
                ) from error
            yield tuple(paths)


def _write(handle: int, block: bytes, name: Path) -> None:
    try:
        view = memoryview(block)
        while view:
            view = view[os.write(handle, view) :]
    except OSError as error:
        raise unusable(name, "write", error) from error
