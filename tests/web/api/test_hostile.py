"""Files that are made to do harm, sent to the API with the real pipeline behind it: each fails with a reason, and others are read."""

from __future__ import annotations

import io
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gikocr.ingest.isolation import Limits
from gikocr.jobs.children import Recipe, resident_mib
from gikocr.jobs.local import LocalPool
from gikocr.jobs.reading import drawing_pipeline
from gikocr.settings import Settings
from gikocr.web.api.app import Options, create_app
from gikocr.web.api.service import Service
from gikocr.workspace import Workspace
from tests.cli.commands import until
from tests.ingest.makers import pdf_bytes, stream

#: MiB that all processes of the service may hold together while hostile files are read.
MOST_MIB = 1500

SAMPLES = Path(__file__).parents[3] / "samples"
SECRET = "what-no-document-may-show"


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("TYPES", "[Content_Types].xml"), content)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A picture of one colour, of any size, in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = zlib.compressobj(9)
    data = b"".join(row.compress(b"\0" * (1 + width // 8)) for _ in range(height)) + row.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def huge_page() -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200000 200000]/Contents 4 0 R>>"
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return pdf_bytes([b"<</Type/Catalog/Pages 2 0 R>>", tree, page, stream(b"0 0 1000 1000 re f")])


def document_xml(secret: Path) -> bytes:
    return (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><w:document '
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p>'
        "</w:body></w:document>"
    ).encode()


def laughs() -> bytes:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{levels}]><x>&a9;</x>'.encode()


def files(secret: Path) -> dict[str, bytes]:
    word = {"TYPES": b"<Types/>", "_rels__.rels": b"<Relationships/>"}
    return {
        "xxe.docx": zipped(**{**word, "word__document.xml": document_xml(secret)}),
        "laughs.docx": zipped(**{**word, "word__document.xml": laughs()}),
        "laughs.html": laughs(),
        "xxe.html": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><html><table><tr><td>&e;</td></tr></table></html>'.encode(),
        "bomb.docx": zipped(**{**word, "word__document.xml": b" " * (300 * 2**20)}),
        "entries.xlsx": zipped(**{f"xl__worksheets__sheet{n}.xml": b"" for n in range(5000)}),
        "climbs.docx": zipped(**{**word, "..__..__..__tmp__climbed": b"x", "word__document.xml": b"<x/>"}),
        "144mp.png": png(12_000, 12_000),
        "400mp.png": png(20_000, 20_000),
        "huge_page.pdf": huge_page(),
        "cut.pdf": (SAMPLES / "straight.pdf").read_bytes()[:3000],
        "loop.pdf": pdf_bytes([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9999999>>"]),
        "not.pdf": b"%PDF-1.7" + bytes(range(256)) * 400,
        "nothing.pdf": b"",
        "deep.html": b"<table><tr><td>" * 20_000,
        "span.html": b"<table><tr><td colspan=2000000000 rowspan=2000000000>1</td></tr></table>",
        "program.exe": b"MZ" + b"\0" * 5000,
    }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with the real pipeline and one process to read with."""
    with Workspace.open(tmp_path_factory.mktemp("hostile") / "out") as workspace:
        limits = Limits(memory=4000, cpu_seconds=60)
        pool = LocalPool(workspace, Recipe(drawing_pipeline, limits, wall_seconds=90), 1)
        pool.start()
        yield Service(workspace, Settings(max_bytes=50 * 2**20), pool.enqueue)
        pool.stop(0.5)


class Memory:
    """Watches how much this process's reading children hold."""

    def __init__(self, service: Service) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        import os

        own = resident_mib(os.getpid())
        while not self._over.wait(0.02):
            children = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _parent(p) == os.getpid()]
            self.most = max(self.most, resident_mib(os.getpid()) - own + sum(map(resident_mib, children)))

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self.most


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def test_hostile_files_fail_with_a_reason_and_others_are_read(service: Service, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    client = TestClient(
        create_app(service, Options(tokens=False)), base_url="http://localhost", raise_server_exceptions=False
    )
    good = (SAMPLES / "bars.txt").read_bytes()
    hostile = files(secret)
    memory = Memory(service)
    answers = {}
    for name, content in {"good1.txt": good, **hostile, "good2.txt": good + b"\n"}.items():
        answer = client.post("/v1/documents", files=[("files", (name, content))])
        assert answer.status_code in (202, 413, 422), (name, answer.text)
        answers[name] = answer.json()
    waiting = [a["id"] for a in answers.values() if "id" in a]
    started = time.monotonic()
    done = until(lambda: all(client.get(f"/v1/documents/{n}").json()["finished_at"] for n in waiting), 300)
    most = memory.end()
    assert done, [client.get(f"/v1/documents/{n}").json() for n in waiting]
    print(f"\n{len(hostile)} hostile files in {time.monotonic() - started:.0f} s; at most {most} MiB")
    for name in hostile:
        if "id" not in answers[name]:
            continue
        found = client.get(f"/v1/documents/{answers[name]['id']}").json()
        text = client.get(found["result"]).text if found["result"] else ""
        assert SECRET not in text, name
        assert found["state"] in ("failed", "done"), found
        # What holds no form may at most be an empty report.
        assert found["state"] == "failed" or '"value":' not in text or '"value": null' in text, (name, text[:2000])
        assert found["error_code"] != "internal_error", found
    for name in ("good1.txt", "good2.txt"):
        assert client.get(f"/v1/documents/{answers[name]['id']}").json()["state"] == "done"
    assert most < MOST_MIB
    assert not Path("/tmp/climbed").exists()
