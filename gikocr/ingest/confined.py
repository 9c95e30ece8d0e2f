"""Decoding files of strangers for whoever must live on: in one process with limits, started when it is first needed.

A reviewer's picture of a page is decoded by the same libraries as the document was when it was read. What breaks them then costs this
process and one picture, not the server that everybody works on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from gikocr import errors
from gikocr.elements import Page
from gikocr.errors import DamagedFile, DocumentError, GikocrError, WorkspaceError
from gikocr.geometry import Affine
from gikocr.ingest.isolation import Limits, allow_cpu, confine
from gikocr.ingest.markup import open_markup
from gikocr.ingest.shown import opened

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from gikocr.ingest.inputs import Input
    from gikocr.settings import Settings

Answer = tuple[Any, bytes]
"""What a function gives that runs there: something that JSON can say, and bytes."""

#: Of the process. A page of the largest size that is read takes about a gigabyte.
LIMITS = Limits(memory=3000, cpu_seconds=120)

#: Seconds after which a file is given up.
WALL_SECONDS = 180.0

#: Bytes of the longest answer.
MOST_BYTES = 1 << 30

_SECONDS_TO_START = 60.0


@dataclass(slots=True)
class _Child:
    process: Any
    pipe: Connection


class Confined:
    """One process that decodes, replaced whenever a file has ended it. May be used by several threads; one file at a time."""

    def __init__(self, limits: Limits = LIMITS, wall_seconds: float = WALL_SECONDS) -> None:
        self._limits = limits
        self._wall = wall_seconds
        self._lock = threading.Lock()
        # Linux tells a child of the death of the thread that started it: this one lives as long as the process.
        self._nursery = ThreadPoolExecutor(1, thread_name_prefix="nursery")
        self._child: _Child | None = None

    def call(self, function: Callable[..., Answer], *given: Any) -> Answer:
        """Run a function of a module there.

        Args:
            function: importable by name; what it gives comes back as JSON and bytes, never as a pickle.
            given: its arguments, which may be pickled.

        Raises:
            DamagedFile: the process died of the file, or took too long.
            GikocrError: what the function raised.
            WorkspaceError: the process does not start.
        """
        with self._lock:
            if self._child is not None and not self._child.process.is_alive():
                self.end()
            if self._child is None:
                self._child = self._started()
            try:
                self._child.pipe.send((function, given, self._limits.cpu_seconds))
                ready = connection.wait([self._child.pipe, self._child.process.sentinel], timeout=self._wall)
                if self._child.pipe not in ready:
                    raise EOFError
                head = json.loads(self._child.pipe.recv_bytes(MOST_BYTES))
                body = self._child.pipe.recv_bytes(MOST_BYTES) if "error" not in head else b""
            except (EOFError, OSError, ValueError) as error:
                self.end()
                raise DamagedFile(
                    "Decoding it took too long, or ended the process that decoded it.",
                    advice="Scan it again, or look at it elsewhere.",
                ) from error
        if "error" in head:
            raise _error(*head["error"])
        return head["answer"], body

    def page(self, item: Input, number: int, settings: Settings) -> tuple[str, Page]:
        """A page of a document, and the hash of the document.

        Raises:
            DocumentError: it cannot be read.
            ValueError: there is no such page.
        """
        head, pixels = self.call(_page, item, number, settings)
        shape = tuple(int(n) for n in head["shape"])
        if len(shape) not in (2, 3) or int(np.prod(shape)) != len(pixels):
            raise DamagedFile("Decoding it gave no picture.")
        image = np.frombuffer(pixels, np.uint8).reshape(shape)
        given = {**head["page"], "image": image, "to_view": Affine(**head["page"]["to_view"])}
        return str(head["sha256"]), Page(**given)

    def sizes(self, item: Input, settings: Settings) -> tuple[str, dict[int, tuple[float, float]]]:
        """The sizes of all pages of a document that can be opened, by number, and the hash of the document.

        Raises:
            DocumentError: none can be read.
        """
        head, _ = self.call(_sizes, item, settings)
        return str(head["sha256"]), {int(n): (float(w), float(h)) for n, w, h in head["sizes"]}

    def is_text(self, item: Input, settings: Settings) -> bool:
        """Whether a document is read by its text, without pages.

        Raises:
            DocumentError: it cannot be read.
        """
        return bool(self.call(_is_text, item, settings)[0])

    def end(self) -> None:
        """End the process; the next call starts another one."""
        child, self._child = self._child, None
        if child is not None:
            child.pipe.close()
            child.process.kill()
            child.process.join(10)

    def _started(self) -> _Child:
        context = get_context("spawn")
        near, far = context.Pipe()
        process = context.Process(target=_live, args=(far, self._limits), name="decoder", daemon=True)
        try:
            self._nursery.submit(process.start).result()
        except (OSError, RuntimeError) as error:
            near.close()
            raise WorkspaceError(f"No process can be started to decode it: {error}.") from error
        finally:
            far.close()
        if not near.poll(_SECONDS_TO_START):
            process.kill()
            raise WorkspaceError("The process that decodes did not start.")
        with contextlib.suppress(EOFError, OSError):
            near.recv_bytes(16)
        return _Child(process, near)


_own: Confined | None = None
_own_lock = threading.Lock()


def decoder() -> Confined:
    """The one of this process, made when it is first asked for."""
    global _own
    with _own_lock:
        if _own is None:
            _own = Confined()
        return _own


def _error(name: str, message: str, advice: str) -> Exception:
    kind = getattr(errors, name, None)
    if name == "ValueError":
        return ValueError(message)
    if isinstance(kind, type) and issubclass(kind, GikocrError):
        with contextlib.suppress(TypeError):
            return kind(message, advice=advice)
    return DocumentError(message, advice=advice)


def _live(pipe: Connection, limits: Limits) -> None:
    """What the process does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    confine(limits)
    with contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(b"ready")
        while True:
            function, given, cpu_seconds = pipe.recv()
            allow_cpu(cpu_seconds)
            try:
                answer, body = function(*given)
            except GikocrError as error:
                said = {"error": [type(error).__name__, error.message, error.advice]}
            except ValueError as error:
                said = {"error": ["ValueError", str(error), ""]}
            except MemoryError:
                said = {
                    "error": ["TooLarge", "The memory was not enough to decode it.", "Scan it with a lower resolution."]
                }
            except Exception as error:
                said = {"error": ["DamagedFile", f"{type(error).__name__}: {error}", ""]}
            else:
                pipe.send_bytes(json.dumps({"answer": answer}).encode("utf-8", "surrogateescape"))
                pipe.send_bytes(body)
                continue
            pipe.send_bytes(json.dumps(said).encode("ascii"))
    os._exit(0)


def _page(item: Input, number: int, settings: Settings) -> Answer:
    with opened(item, settings) as (sha256, document):
        page = document.read_page(number)
    fields = {f.name: getattr(page, f.name) for f in dataclasses.fields(page) if f.name not in ("image", "to_view")}
    head = {
        "sha256": sha256,
        "shape": page.image.shape,
        "page": {**fields, "to_view": dataclasses.asdict(page.to_view)},
    }
    return head, np.ascontiguousarray(page.image).tobytes()


def _is_text(item: Input, settings: Settings) -> Answer:
    return open_markup(item, settings) is not None, b""


def _sizes(item: Input, settings: Settings) -> Answer:
    sizes = []
    with opened(item, settings) as (sha256, document):
        for number in range(1, document.page_count + 1):
            with contextlib.suppress(DocumentError):
                sizes.append((number, *document.page_size(number)))
    return {"sha256": sha256, "sizes": sizes}, b""
