from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect

from gikocr.report import Report
from gikocr.web.api.app import Options, create_app
from gikocr.web.api.documents import clean_name
from gikocr.web.api.service import Service
from gikocr.workspace import JobSelection
from gikocr.workspace.access import Tokens
from tests.cli.commands import until
from tests.web.api.conftest import HOST, bring


def ended(client: TestClient, number: int) -> dict:
    assert until(lambda: client.get(f"/v1/documents/{number}").json()["finished_at"] is not None)
    return client.get(f"/v1/documents/{number}").json()


def code(answer: object) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def test_a_document_is_brought_read_and_fetched(client: TestClient) -> None:
    made = client.post("/v1/documents", files=[("files", ("brief-doubt.pdf", b"%PDF-1.7 x"))])
    assert made.headers["location"] == f"/v1/documents/{made.json()['id']}"
    number = made.json()["id"]
    assert ended(client, number)["state"] == "done"
    got = client.get(f"/v1/documents/{number}/result")
    report = Report.from_json(got.content)
    assert report.source.name == "brief-doubt.pdf"
    assert [p.name for p in report.source.parts] == ["brief-doubt.pdf"]
    assert report.fields[0].value == 21
    again = client.get(f"/v1/documents/{number}/result", headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert code(client.get(f"/v1/documents/{number}/result?report=2")) == (404, "no_result")


def test_several_files_are_one_document_in_their_order(client: TestClient) -> None:
    files = [("files", (f"{n}.jpg", f"page {n}".encode())) for n in (2, 1)]
    number = client.post("/v1/documents", files=files, data={"name": "scan"}).json()["id"]
    assert ended(client, number)["name"] == "scan"
    parts = Report.from_json(client.get(f"/v1/documents/{number}/result").content).source.parts
    assert [p.name for p in parts] == ["2.jpg", "1.jpg"]


def test_the_same_twice_is_one_document_and_one_name_may_hold_two(client: TestClient) -> None:
    first, second = bring(client), bring(client)
    assert first["id"] == second["id"]
    other = bring(client, content=b"%PDF-1.7 other")
    assert other["id"] != first["id"]
    ended(client, first["id"])
    ended(client, other["id"])
    hashes = {
        Report.from_json(client.get(f"/v1/documents/{n['id']}/result").content).source.sha256 for n in (first, other)
    }
    assert len(hashes) == 2
    assert len(client.get("/v1/reports").json()["items"]) == 2


def test_an_idempotency_key_gives_the_same_answer_and_refuses_another_request(client: TestClient) -> None:
    def send(content: bytes) -> object:
        return client.post("/v1/documents", files=[("files", ("brief.pdf", content))], headers={"Idempotency-Key": "k"})

    first, again = send(b"a"), send(b"a")
    assert first.json()["id"] == again.json()["id"]  # type: ignore[attr-defined]
    assert again.headers["idempotent-replayed"] == "true"  # type: ignore[attr-defined]
    assert code(send(b"b")) == (422, "idempotency_key_reused")


def test_a_document_that_fails_says_why_and_can_be_read_again(client: TestClient) -> None:
    number = bring(client, "brief-bad.pdf")["id"]
    found = ended(client, number)
    assert (found["state"], found["error_code"]) == ("failed", "no_tables")
    assert json.loads(client.get(f"/v1/documents/{number}/result").content)["status"] == "failed"
    assert client.post(f"/v1/documents/{number}/resubmit").status_code == 202
    assert ended(client, number)["attempt"] == 2
    fine = bring(client)["id"]
    ended(client, fine)
    assert code(client.post(f"/v1/documents/{fine}/resubmit")) == (409, "not_failed")


def test_poison_is_set_aside_and_the_others_go_on(client: TestClient) -> None:
    poison = bring(client, "kill.pdf", b"poison")["id"]
    others = [bring(client, content=f"%PDF {n}".encode())["id"] for n in range(4)]
    assert {ended(client, n)["state"] for n in others} == {"done"}
    found = ended(client, poison)
    assert (found["state"], found["error_code"], found["attempt"]) == ("set_aside", "worker_died", 4)
    assert "SIGKILL" in found["error"]


def test_cancelling_ends_what_waits_and_what_is_being_read(client: TestClient, service: Service) -> None:
    running = bring(client, "slow.pdf")["id"]
    assert until(lambda: client.get(f"/v1/documents/{running}").json()["state"] == "running")
    assert client.delete(f"/v1/documents/{running}").json()["state"] == "cancelled"
    assert code(client.delete(f"/v1/documents/{running}")) == (409, "already_ended")
    # Its place is free again long before the minute that reading it would have taken.
    after = [bring(client, content=f"%PDF {n}".encode())["id"] for n in range(3)]
    assert {ended(client, n)["state"] for n in after} == {"done"}
    assert service.workspace.jobs.job(running).document_id is None
    assert code(client.get(f"/v1/documents/{running}/result")) == (404, "no_result")


def test_events_tell_each_state_until_the_end(client: TestClient) -> None:
    number = bring(client, "pause.pdf")["id"]
    with client.stream("GET", f"/v1/documents/{number}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        states = [json.loads(line[6:])["state"] for line in stream.iter_lines() if line.startswith("data: ")]
    assert states[-1] == "done"
    assert states == sorted(set(states), key=["queued", "running", "done"].index)


@pytest.mark.parametrize("leaves", ["before the answer", "with its head", "after the first event"])
@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_a_client_that_leaves_gives_its_place_back(
    client: TestClient, service: Service, leaves: str, version: str
) -> None:
    number = bring(client, "slow.pdf")["id"]
    service.streams = threading.Semaphore(2)
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": version}, "http_version": "1.1", "method": "GET",
        "path": f"/v1/documents/{number}/events", "query_string": b"", "scheme": "http", "server": ("localhost", 80),
        "headers": [(b"host", b"localhost"), (b"authorization", client.headers["Authorization"].encode())],
    }  # fmt: skip

    async def watch() -> list[str]:
        left, sent = asyncio.Event(), []
        if leaves == "before the answer":
            left.set()

        async def receive() -> dict:
            if not asked:
                asked.append(True)
                return {"type": "http.request", "body": b"", "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            if left.is_set():
                raise OSError("the client is gone")
            sent.append(message["type"])
            if leaves == "with its head" or message["type"] == "http.response.body":
                left.set()

        asked: list[bool] = []
        with contextlib.suppress(OSError, ClientDisconnect):
            await asyncio.wait_for(client.app(dict(scope), receive, send), 10)  # type: ignore[arg-type]
        return sent

    for _ in range(4):
        sent = asyncio.run(watch())
        assert ("http.response.body" in sent) == (leaves == "after the first event")
    assert [service.streams.acquire(blocking=False) for _ in range(3)] == [True, True, False]
    assert code(client.get(f"/v1/documents/{number}/events")) == (503, "too_many_streams")


def test_lists_are_read_page_by_page(client: TestClient) -> None:
    numbers = [bring(client, content=f"%PDF {n}".encode(), batch="b")["id"] for n in range(5)]
    bring(client, content=b"of no batch")
    found, after = [], None
    while True:
        page = client.get(
            "/v1/documents", params={"batch": "b", "limit": 2} | ({"after": after} if after else {})
        ).json()
        found += [item["id"] for item in page["items"]]
        if (after := page["next"]) is None:
            break
    assert found == numbers
    assert code(client.get("/v1/documents?after=x")) == (422, "invalid_request")


def test_a_full_queue_asks_for_patience(client: TestClient, service: Service) -> None:
    service.max_queued = 0
    answer = client.post("/v1/documents", files=[("files", ("a.pdf", b"x"))])
    assert code(answer) == (429, "queue_full")
    assert int(answer.headers["retry-after"]) > 0
    assert list(service.workspace.jobs.jobs(JobSelection())) == []


@pytest.fixture
def no_length() -> Iterator[bytes]:
    """A body that says nothing of its length."""
    boundary = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n'
    return iter([boundary, *[b"x" * 100_000] * 30, b"\r\n--b--\r\n"])


def test_too_much_is_refused_while_it_comes(client: TestClient, service: Service, no_length: Iterator[bytes]) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert code(client.post("/v1/documents", content=no_length, headers=kind)) == (413, "body_too_large")
    big = client.post("/v1/documents", files=[("files", ("a.pdf", b"x" * 1_500_000))])
    assert code(big) == (413, "file_too_large")
    assert code(client.post("/v1/documents", files=[("files", ("a.pdf", b"x" * 5_000_000))])) == (413, "body_too_large")
    blobs = service.workspace.folder.out / ".gikocr" / "blobs"
    assert [p for p in blobs.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer gikocr_wrong"}])
def test_nobody_comes_in_without_a_token(service: Service, headers: dict[str, str]) -> None:
    Tokens(service.workspace.database).create("somebody", ["read"])
    client = TestClient(create_app(service, Options()), base_url=HOST)
    for method, path in (
        ("GET", "/v1/documents"),
        ("POST", "/v1/documents"),
        ("GET", "/metrics"),
        ("GET", "/v1/tokens"),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/documents", "read"),
        ("GET", "/metrics", "read"),
        ("GET", "/v1/exports/fields", "read"),
        ("DELETE", "/v1/documents/1", "submit"),
        ("POST", "/v1/documents/1/resubmit", "submit"),
        ("POST", "/v1/review/items/1/x", "review"),
        ("GET", "/v1/tokens", "admin"),
        ("DELETE", "/v1/tokens/77", "admin"),
    ],
)
def test_a_token_allows_what_its_scopes_say(service: Service, method: str, path: str, scope: str) -> None:
    tokens = Tokens(service.workspace.database)
    app = create_app(service, Options())
    body = {"version": 0, "state": "blank"} if "/review/" in path else None
    for each in ("read", "submit", "review", "admin"):
        _, secret = tokens.create(each, [each])
        answer = TestClient(app, base_url=HOST).request(
            method, path, headers={"Authorization": f"Bearer {secret}"}, json=body
        )
        allowed = each in (scope, "admin")
        assert (answer.status_code == 403) != allowed, (each, answer.text)
        if not allowed:
            assert code(answer) == (403, "scope_missing")


def test_a_revoked_token_is_worth_nothing_and_secrets_are_not_kept(client: TestClient, service: Service) -> None:
    made = client.post("/v1/tokens", json={"name": "robot", "scopes": ["read"]})
    assert made.status_code == 201
    secret, number = made.json()["secret"], made.json()["id"]
    other = TestClient(client.app, base_url=HOST, headers={"Authorization": f"Bearer {secret}"})
    assert other.get("/v1/documents").status_code == 200
    assert all(t["secret"] is None for t in client.get("/v1/tokens").json())
    assert client.delete(f"/v1/tokens/{number}").status_code == 204
    assert code(other.get("/v1/documents")) == (401, "token_wrong")
    assert code(client.delete(f"/v1/tokens/{number}")) == (404, "not_found")
    service.workspace.database.engine.dispose()
    whole = b"".join(p.read_bytes() for p in service.workspace.folder.out.glob("gikocr.db*"))
    assert b"robot" in whole
    assert secret.encode() not in whole


def test_another_name_is_refused_and_so_are_pages_of_other_sites(service: Service, client: TestClient) -> None:
    assert code(client.get("/healthz", headers={"Host": "evil.example"})) == (421, "host_not_allowed")
    open_client = TestClient(create_app(service, Options(tokens=False)), base_url=HOST)
    assert open_client.get("/v1/documents").status_code == 200
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        answer = open_client.post("/v1/documents", files=[("files", ("a.pdf", b"x"))], headers=headers)
        assert code(answer) == (403, "cross_site")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\年报.pdf", "年报.pdf"),
        ("..", "document"),
        ("", "document"),
        (".hidden", "hidden"),
        ("a\n\x00b.pdf", "a__b.pdf"),
        ("/", "document"),
    ],
)
def test_names_of_clients_become_harmless(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_end() -> None:
    assert len(clean_name("年" * 400 + ".pdf").encode()) <= 200
    assert clean_name("年" * 400 + ".pdf").endswith(".pdf")


def test_many_at_once_are_all_read(client: TestClient, service: Service) -> None:
    def one(number: int) -> None:
        bring(client, content=f"%PDF {number}".encode())

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert until(lambda: service.workspace.workers.numbers().states.get("done") == 12)
