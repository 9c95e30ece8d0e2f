"""Requests that nobody honest sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.cli.main import main
from gikocr.review import Station
from gikocr.settings import load_settings
from gikocr.web import Options, create_app
from gikocr.web.safety import Hosts, without_port
from gikocr.workspace import Workspace
from tests.web.serving import Answer, Asked, Process

DECISIONS = "/data/decisions"


@pytest.fixture(scope="module")
def serving(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    import shutil

    server = Process(Path(shutil.copytree(extracted, tmp_path_factory.mktemp("safety") / "out")), "--lang", "en")
    yield server
    server.kill()


def policy(answer: Answer) -> None:
    headers = answer.headers
    csp = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert csp["default-src"] == "'none'"
    assert all(value in ("'none'", "'self'") for value in csp.values()), csp
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/review", "/sheet", "/documents", "/people", "/help", "/sign-in"])
def test_a_page_has_no_inline_code_and_names_no_other_host(serving: Process, path: str) -> None:
    answer = serving.get(path, Accept="text/html")
    assert answer.status == 200
    policy(answer)
    text = answer.body.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"\s(?:on\w+|style)=", text) == []
    assert re.findall(r"https?://", text.replace("http://www.w3.org", "")) == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.evil.example", "[::2]", "10.0.0.1"],
)
@pytest.mark.parametrize("path", ["/", "/data/queue", "/static/station.js", "/sign-in"])
def test_another_host_is_not_answered(serving: Process, host: str, path: str) -> None:
    answer = serving.get(path, Host=host)
    assert answer.status == 421
    policy(answer)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:8470"])
def test_loopback_names_are_answered(serving: Process, host: str) -> None:
    assert serving.get("/data/counts", Host=host).status == 200


@given(st.text(alphabet="abc.:[]0129", max_size=20))
def test_no_text_is_taken_for_a_host_of_ours(text: str) -> None:
    hosts = Hosts.of("127.0.0.1")
    assert hosts.knows(text) == (without_port(text) in ("localhost", "127.0.0.1", "[::1]"))
    assert not hosts.knows(f"{text}evil")


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Gikocr": ""},
        {"X_Gikocr": "0"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
@pytest.mark.parametrize("path", [DECISIONS, "/sign-in", "/data/release"])
def test_what_another_site_causes_is_refused(serving: Process, headers: dict[str, str], path: str) -> None:
    answer = serving.post(path, [], **headers)
    assert (answer.status, answer.json) == (403, {"code": "cross_site"})


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/data/queue", "/data/audit.csv", "/picture/p1-1-00000000"])
def test_a_page_of_another_site_is_given_nothing(serving: Process, site: str, path: str) -> None:
    """An image of another site with our address would otherwise hold fields for whoever looks at it."""
    answer = serving.get(path, Sec_Fetch_Site=site)
    assert (answer.status, answer.json) == (403, {"code": "cross_site"})
    for ours in ("same-origin", "none"):
        assert serving.get("/data/counts", Sec_Fetch_Site=ours).status == 200
    assert serving.get("/review", Sec_Fetch_Site=site).status == 200  # a link to a page may be followed


def test_a_cookie_of_brackets_is_none(serving: Process) -> None:
    import base64
    import hashlib

    key = (serving.workspace / ".gikocr" / "session.key").read_bytes()
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode()
    answer = serving.get("/data/counts", Cookie=f"gikocr-{hashlib.sha256(key).hexdigest()[:8]}={deep}")
    assert answer.status == 200  # nobody is signed in, and nobody has to be
    policy(answer)


def test_our_own_pages_may_send(serving: Process) -> None:
    ours = {"Sec_Fetch_Site": "same-origin", "Origin": serving.url}
    assert serving.post(DECISIONS, [], **ours).json["results"] == []


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"])
def test_other_methods_are_refused(serving: Process, method: str) -> None:
    answer = serving.request(method, "/data/queue", X_Gikocr="1")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../door.py",
        "/static/..%2fdoor.py",
        "/static/%2e%2e/%2e%2e/__init__.py",
        "/static/....//door.py",
        "/static//etc/passwd",
        "/static/%00",
        "/picture/../../../../etc/passwd",
        "/picture/..%2f..%2f..%2fetc%2fpasswd",
        "/picture/%2fetc%2fpasswd",
        "/picture/c1-0-00000000",
        "/picture/p999999-1",
        "/picture/p1-999999",
        "/picture/p1-0",
        "/picture/" + "p" * 5000,
        "/gikocr.db",
        "/.gikocr/session.key",
        "/form/0",
        "/form/../etc/passwd",
        "/data/item/1/..%2f..%2fetc%2fpasswd",
        "/data/item/99999999999999999999/x",
        "//etc/passwd",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_path_reaches_a_file(serving: Process, path: str) -> None:
    answer = serving.get(path)
    assert answer.status in (400, 404, 422), answer.body[:200]
    assert b"root:" not in answer.body
    assert b"import" not in answer.body
    policy(answer)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"null",
        b"{}",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps([{}] * 101).encode(),
    ],
)
def test_what_is_no_list_of_decisions_is_refused(serving: Process, sent: bytes) -> None:
    answer = serving.post(DECISIONS, sent)
    assert (answer.status, answer.json["code"]) == (400, "bad_request")


GOOD = {
    "id": "a", "action": "settle", "report_id": 1, "field_id": "x", "version": 0, "value": "1", "state": "read", "kind": "correct",
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"id": "x" * 65},
        {"action": "drop table"},
        {"report_id": "1"},
        {"report_id": -1},
        {"report_id": True},
        {"report_id": 2**70},
        {"field_id": ""},
        {"field_id": "x" * 201},
        {"version": 0.5},
        {"value": None},
        {"value": 1},
        {"value": "1e9"},
        {"value": "NaN"},
        {"value": "1" * 31},
        {"value": "--1"},
        {"value": "1."},
        {"value": ".5"},
        {"value": "١"},
        {"state": "blank"},
        {"state": "x"},
        {"kind": "<script>"},
        {"reason": "x" * 501},
        {"reason": "\ud800"},
        {"field_id": "a\ud800"},
        {"field_id": "a\0"},
        {"seconds": -1},
        {"seconds": "x"},
    ],
)
def test_a_decision_that_is_none_is_refused_alone(serving: Process, changed: dict[str, object]) -> None:
    before = serving.get("/data/counts").json
    answer = serving.post(DECISIONS, [GOOD | changed])
    assert [r["status"] for r in answer.json["results"]] == [400]
    assert serving.get("/data/counts").json == before


@pytest.mark.parametrize(
    "query", ["order=x", "limit=0", "limit=1000", "limit=x", "after=x", "after=[1]", "year=x", "year=٣"]
)
def test_a_query_that_is_none_is_refused(serving: Process, query: str) -> None:
    from urllib.parse import quote

    assert serving.get(f"/data/queue?{quote(query, safe='=&')}").status == 400


def test_a_body_over_the_limit_is_refused_before_it_is_read(serving: Process) -> None:
    assert serving.post(DECISIONS, b"[" + b" " * (1 << 20) + b"]").status == 413
    # Content-Length may lie, or be absent.
    with socket.create_connection(("127.0.0.1", serving.port), timeout=30) as raw:
        head = f"POST {DECISIONS} HTTP/1.1\r\nHost: localhost\r\nX-Gikocr: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw.sendall(head.encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(40):
                raw.sendall(chunk)
            raw.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was answered before all was sent
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_text_of_documents_is_never_html(serving: Process) -> None:
    evil = "<img src=x onerror=alert(1)>"
    from urllib.parse import quote

    answer = serving.get(f"/?agency={quote(evil)}&name={quote(evil)}", Accept="text/html")
    assert answer.status == 200
    assert b"<img src=x" not in answer.body
    assert b"&lt;img src=x" in answer.body


def test_errors_tell_nothing_of_the_inside(serving: Process) -> None:
    for path in ("/data/item/0/x", "/nothing", "/form/0"):
        body = serving.get(path).body.decode()
        assert "Traceback" not in body
        assert str(serving.workspace) not in body


def test_a_workspace_made_anew_in_the_same_folder_is_another_one(workspace: Path) -> None:
    """What a browser could not send yet belongs to the fields of the old one."""
    names = []
    for _ in range(2):
        (workspace / ".gikocr" / "session.key").unlink(missing_ok=True)
        with Workspace.open(workspace, must_exist=True) as opened, Station(opened, load_settings({}, {})) as station:
            names += [create_app(station, Options()).state.workspace_id for _ in range(2)]
    assert names[0] == names[1] != names[2] == names[3]


def test_nothing_is_reported_to_others(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing of the framework stays off, also where the environment asks for it."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with Workspace.open(workspace, must_exist=True) as opened, Station(opened, load_settings({}, {})) as station:
        app = create_app(station, Options())
    assert not app._native_telemetry.enabled()
    assert not app._telemetry["auto_configure"]


async def _burst(port: int, requests: int, at_once: int, path: str) -> Counter[int]:
    """Statuses of so many requests, each on a connection of its own; 0 for one that was reset.

    A server that turns a connection away while its request is still on the way resets it; the answer may be lost with it.
    """
    found: Counter[int] = Counter()
    gate = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            status = 0
            with contextlib.suppress(ConnectionResetError):
                status = int((await asyncio.wait_for(reader.readline(), 60)).split()[1])
                await reader.read()
            found[status] += 1
            writer.close()

    await asyncio.gather(*(one() for _ in range(requests)))
    return found


def test_ten_thousand_requests_in_a_burst_are_answered(serving: Process) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(1) as thread:  # the browser of other tests has an event loop in this one
        found = thread.submit(asyncio.run, _burst(serving.port, 10_000, 800, "/healthz")).result()
    assert sum(found.values()) == 10_000
    assert set(found) <= {0, 200, 503}, found
    assert found[0] <= 20, found
    assert found[200] > 1000, found
    assert serving.get("/data/queue?limit=1").status == 200
    assert time.monotonic() - began < 120


# ------------------------------------------------------------------------------------------------- tokens


@pytest.fixture
def token(workspace: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["review", str(workspace), "--add-person", "李四", "--role", "senior"]) == 0
    return capsys.readouterr().out.strip()


def sign_in(server: Asked, shown: str) -> str:
    answer = server.post("/sign-in", {"shown": shown})
    assert answer.status == 200
    return answer.headers["set-cookie"]


def test_nobody_comes_in_without_a_token(serve: Callable[..., Process], token: str) -> None:
    server = serve("--token")
    for path in ("/data/queue", "/picture/p1-1", "/data/audit.csv"):
        assert server.get(path).status == 401
    page = server.get("/review")
    assert (page.status, page.headers["location"]) == (303, "/sign-in")
    assert server.post(DECISIONS, []).status == 401
    assert server.post("/sign-in", {"shown": token[:-1] + "x"}).status == 403

    cookie = sign_in(server, token)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert token not in cookie
    ours = cookie.partition(";")[0]
    assert server.get("/data/queue", Cookie=ours).status == 200
    name, _, value = ours.partition("=")
    for forged in (
        value[:-1] + ("0" if value[-1] != "0" else "1"),
        f"x{value}",
        value.partition(".")[2],
        "",
        "%",
        value * 2,
    ):
        assert server.get("/data/queue", Cookie=f"{name}={forged}").status == 401

    left = server.post("/sign-out", {}, Cookie=ours).headers["set-cookie"]
    assert left.startswith(f'{name}="";')
    assert "Max-Age=0" in left

    # It outlives the server, and ends with the token.
    server.kill()
    server.start()
    assert server.get("/data/queue", Cookie=ours).status == 200
    assert main(["review", str(server.workspace), "--add-person", "李四"]) == 0
    assert server.get("/data/queue", Cookie=ours).status == 401
    assert main(["review", str(server.workspace), "--remove-person", "李四"]) == 0
    assert server.post("/sign-in", {"shown": token}).status == 403


def test_wrong_tokens_have_to_wait(serve: Callable[..., Process], token: str) -> None:
    server = serve("--token")
    statuses = [server.post("/sign-in", {"shown": f"wrong{i}"}).status for i in range(15)]
    assert statuses[:5] == [403] * 5
    assert statuses[-1] == 429
    answer = server.post("/sign-in", {"shown": token})
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_that_others_reach_needs_tokens(
    workspace: Path, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert main(["review", str(workspace), "--host", host]) == 2
    assert "--token" in capsys.readouterr().err
    assert main(["review", str(workspace), "--host", host, "--token"]) == 2
    assert "--add-person" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(serving: Process, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(serving.workspace), "--port", str(serving.port)]) == 2
    assert "--port" in capsys.readouterr().err


def test_the_key_of_sessions_is_its_owners(serving: Process) -> None:
    path = serving.workspace / ".gikocr" / "session.key"
    assert path.stat().st_mode & 0o077 == 0
    assert len(path.read_bytes()) == 32
