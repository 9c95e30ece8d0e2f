"""How long a reviewer waits for the next cell. `python -m scripts.review_pages speed` measures the same on a quiet machine."""

from __future__ import annotations

import io
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from gikocr.review.recompute import Recomputer
from gikocr.web import Options
from gikocr.workspace import Pictures
from scripts.review_pages import crowd, next_cell, quantile
from tests.web.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What is asked for is 30 and 80 ms, and 1.5 s; the processes of other tests share the cores here.
BUSY = 3


@pytest.mark.browser
@pytest.mark.slow
def test_the_next_of_100_000_waiting_fields_is_there_at_once(page: Page, workspace: Path) -> None:
    assert crowd(workspace, 100_000) >= 100_000
    server = Server(workspace, Options(language="en"))
    try:
        assert server.get("/data/counts").json["waiting"] >= 100_000
        timing = next_cell(page, f"{server.url}/review", presses=30, pause=0.1)
    finally:
        server.stop()
    assert len(timing.next) == len(timing.painted) == 30
    assert statistics.median(timing.next) < 30 * BUSY
    assert quantile(timing.next, 0.95) < 80 * BUSY
    assert timing.first < 1500 * BUSY


def test_an_answer_waits_neither_for_inference_nor_for_pictures_drawn_ahead(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows from a decision takes the same two cores that draw the next cell."""
    go = threading.Event()
    recompute, small_page = Recomputer.recompute, Pictures.small_page
    monkeypatch.setattr(Recomputer, "recompute", lambda *given: go.wait(60) and recompute(*given))
    monkeypatch.setattr(Pictures, "small_page", lambda *given: go.wait(60) and small_page(*given))
    server = Server(workspace, Options(language="en"))
    try:
        item = next(i for i in server.get("/data/queue?limit=50").json["items"] if i["page"])
        with ThreadPoolExecutor(1) as thread:
            small = f"/picture/{item['page']['id']}-small"
            ahead = thread.submit(server.get, small, X_Gikocr_Ahead="1")
            field = item["field"]
            entry = {"action": "settle", "kind": "blank", "id": "a", "state": "blank", "value": None, "version": 0}
            entry |= {"report_id": field["report_id"], "field_id": field["field_id"]}
            (result,) = server.post("/data/decisions", [entry]).json["results"]
            assert result["status"] == 200
            assert server.get(f"/picture/{item['crop']}").status == 200
            assert not ahead.done()
            go.set()
            assert ahead.result().status == 200
    finally:
        go.set()
        server.stop()


def test_a_page_is_looked_at_reduced(server: Server) -> None:
    """To reduce it is not left to the browser, which does that in the thread that shows the next cell."""
    item = next(i for i in server.get("/data/queue?limit=50").json["items"] if i["page"])
    small, whole = (server.get(f"/picture/{item['page']['id']}{suffix}") for suffix in ("-small", ""))
    assert (small.headers["content-type"], whole.headers["content-type"]) == ("image/jpeg", "image/png")
    sizes = [Image.open(io.BytesIO(answer.body)).size for answer in (small, whole)]
    assert sizes[0][1] == 1600 < sizes[1][1]
    assert sizes[0][0] / sizes[0][1] == pytest.approx(sizes[1][0] / sizes[1][1], rel=0.01)
