from __future__ import annotations

import base64
import csv
import importlib.util
import io

import pytest
from fastapi.testclient import TestClient

from gikocr.errors import WorkspaceError
from gikocr.web.api.service import Service
from gikocr.workspace.access import Tokens
from tests.cli.commands import until
from tests.web.api.conftest import bring


def read(client: TestClient, *names: str) -> None:
    for number, name in enumerate(names):
        bring(client, name, f"%PDF {number}".encode())
    assert until(lambda: all(d["finished_at"] for d in client.get("/v1/documents").json()["items"]))


def test_a_field_is_decided_once_and_leaves_the_queue(client: TestClient, service: Service) -> None:
    read(client, "brief-doubt1.pdf", "brief-doubt2.pdf", "brief3.pdf")
    page = client.get("/v1/review/items?limit=1").json()
    assert page["waiting"] == 2
    rest = client.get("/v1/review/items", params={"limit": 1, "after": page["next"]}).json()
    assert {i["document"] for i in (*page["items"], *rest["items"])} == {"brief-doubt1.pdf", "brief-doubt2.pdf"}
    item = page["items"][0]
    where = f"/v1/review/items/{item['report_id']}/{item['field_id']}"
    wrong = client.post(where, json={"version": 0, "state": "blank", "value": "3"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_decision")
    done = client.post(where, json={"version": 0, "state": "read", "value": "27", "reason": "seen"})
    assert (done.status_code, done.json()["decided_value"], done.json()["decided_by"]) == (200, "27", "tests")
    late = client.post(where, json={"version": 0, "state": "read", "value": "21"})
    assert (late.status_code, late.json()["code"]) == (409, "edit_conflict")
    assert client.get("/v1/review/items").json()["waiting"] == 1
    assert client.get(where).json()["waiting"] is False
    missing = client.post(f"/v1/review/items/{item['report_id']}/nothing", json={"version": 0, "state": "blank"})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    report = service.workspace.report(item["report_id"])
    assert report.fields[0].review is not None
    assert report.fields[0].value == 21


def test_what_waits_for_a_senior_takes_the_scope_admin(client: TestClient, service: Service) -> None:
    read(client, "brief-doubt1.pdf")
    (item,) = client.get("/v1/review/items").json()["items"]
    service.workspace.reviews.hand_up(item["report_id"], item["field_id"], by="Li", reason="torn")
    where = f"/v1/review/items/{item['report_id']}/{item['field_id']}"
    _, secret = Tokens(service.workspace.database).create("reviewer", ["review"])
    sent = {"version": 0, "state": "read", "value": "27"}
    refused = client.post(where, json=sent, headers={"Authorization": f"Bearer {secret}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "senior_needed")
    assert service.workspace.reviews.field(item["report_id"], item["field_id"]).version == 0
    assert client.post(where, json=sent).status_code == 200


@pytest.mark.parametrize(
    "cursor",
    [
        f'["doubt", 0.5, {2**63}, 1]',
        f'["doubt", 0.5, 1, {10**30}]',
        f'["doubt", {10**400}, 1, 1]',
        '["doubt", NaN, 1, 1]',
        '["doubt", 0.5, true, 1]',
        '["doubt", 0.5, null, 1]',
        '["doubt", 0.5, "1", 1]',
        '["harm", 0.0, 0.5, 1, 1]',
        '["agency", "a\\u0000", 1, 1]',
        '["doubt", 0.5, 1, 1',
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, cursor: str) -> None:
    read(client, "brief-doubt1.pdf")
    after = base64.urlsafe_b64encode(cursor.encode()).decode()
    answer = client.get("/v1/review/items", params={"after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "parquet", "json"])
def test_exports_come_as_files(client: TestClient, file_format: str) -> None:
    read(client, "brief1.pdf", "brief-doubt2.pdf")
    got = client.get("/v1/exports/fields", params={"format": file_format})
    assert got.status_code == 200
    assert f'filename="gikocr-fields.{file_format}"' in got.headers["content-disposition"]
    if file_format == "csv":
        rows = list(csv.reader(io.StringIO(got.content.decode("utf-8-sig"))))
        assert len(rows) == 3
    else:
        assert got.content[:4] in (b"PK\x03\x04", b"PAR1", b'[\n{"')


def test_the_numbers_are_those_of_the_workspace(client: TestClient) -> None:
    if importlib.util.find_spec("prometheus_client") is None:
        pytest.skip("prometheus-client is not installed (extra `cluster`)")
    from prometheus_client.parser import text_string_to_metric_families

    read(client, "brief1.pdf", "brief-doubt2.pdf", "brief-bad3.pdf", "kill4.pdf")

    def sample(name: str, **labels: str) -> float:
        text = client.get("/metrics").text
        families = text_string_to_metric_families(text)
        return sum(
            s.value for f in families for s in f.samples if s.name == name and labels.items() <= s.labels.items()
        )

    assert sample("gikocr_jobs", state="done") == 2
    assert sample("gikocr_jobs", state="failed") == 1
    assert sample("gikocr_set_aside") == 1
    assert sample("gikocr_redeliveries_total") == 3
    assert sample("gikocr_review_backlog") == 1
    assert sample("gikocr_queue_depth") == sample("gikocr_queue_oldest_seconds") == 0
    assert sample("gikocr_workers", device="cpu") == 1
    assert until(lambda: sample("gikocr_documents_total") == 3)
    assert sample("gikocr_worker_cpu_seconds_total") > 0


def test_health_says_what_does_not_work(client: TestClient, service: Service) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "failed": []}
    assert client.get("/readyz").json()["status"] == "ok"
    own = service.workspace.folder.out / ".gikocr"
    own.rename(own.with_name("elsewhere"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failed"]) == (503, ["folder"])
    own.with_name("elsewhere").rename(own)
    service.broken = lambda: WorkspaceError("No reading process can be started.")
    assert client.get("/readyz").json()["failed"] == ["reading"]
