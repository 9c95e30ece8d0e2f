"""Screenshots of the review pages, and how fast they are: both in a real Chromium, on a copy of a workspace.

    python -m scripts.review_pages shots OUT            # docs/review/*.png, light and dark
    python -m scripts.review_pages speed OUT            # key press to next cell on the screen, in milliseconds
    python -m scripts.review_pages speed OUT --waiting 100000

OUT is a folder that ``gikocr extract`` wrote; it is not changed. Needs the extra ``dev`` and Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from scripts.scanmaker.html_page import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DOCS = Path(__file__).parent.parent / "docs" / "review"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

#: Pages that are pictured: name, address, language.
SHOTS = (
    ("queue", "/", "en"),
    ("field", "/review?order=document&name=wrong_total.pdf", "en"),
    ("field_zh", "/review?order=document&name=archive.pdf", "zh"),
    ("passage", "/review?order=document&name=letters_lost.txt", "zh"),
    ("sheet", "/sheet?printed=0", "zh"),
    ("form", "/form/{wrong_total.pdf}", "zh"),
    ("documents", "/documents", "en"),
    ("people", "/people", "en"),
    ("help", "/help", "en"),
    ("sign_in", "/sign-in", "zh"),
)


@contextmanager
def served(workspace: Path, *options: str) -> Iterator[str]:
    """``gikocr review`` on a workspace, as a process of its own; gives its address."""
    command = [sys.executable, "-m", "gikocr", "review", str(workspace), "--port", "0", "--name", "Wang", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://" not in line:
            raise SystemExit(f"gikocr review did not start: {line}")
        yield line.split()[2].rstrip("/")
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    program = chromium()
    if program is None:
        raise SystemExit("Chromium is not installed (Debian: chromium).")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def copied(workspace: Path) -> Iterator[Path]:
    """A copy that may be changed."""
    with tempfile.TemporaryDirectory(prefix="gikocr-review-") as folder:
        yield Path(shutil.copytree(workspace, Path(folder) / "out"))


def crowd(workspace: Path, waiting: int) -> int:
    """Fill a workspace with copies of its scans until so many fields wait, and return how many do.

    The copies count as further reports found in the same files: their pages and cells are the real ones.
    """
    with sqlite3.connect(workspace / "gikocr.db") as database:
        sources = database.execute(
            "SELECT report_id, count(*) FROM field WHERE page IS NOT NULL GROUP BY report_id HAVING count(*) > 100"
        ).fetchall()
        there = database.execute("SELECT count(*) FROM field WHERE waiting").fetchone()[0]
        report = [name for _, name, *_ in database.execute("PRAGMA table_info(report)") if name not in ("id", "number")]
        field = [name for _, name, *_ in database.execute("PRAGMA table_info(field)")]
        field = [name for name in field if name not in ("report_id", "waiting", "needs_review")]
        names, columns = (", ".join(f'"{name}"' for name in chosen) for chosen in (report, field))
        number = 2
        while there < waiting:
            for source, count in sources:
                number += 1
                made = database.execute(
                    f"INSERT INTO report (number, {names}) SELECT ?, {names} FROM report WHERE id=?", (number, source)
                ).lastrowid
                database.execute(
                    f"INSERT INTO field (report_id, waiting, needs_review, {columns}) "
                    f"SELECT ?, 1, 1, {columns} FROM field WHERE report_id=? AND page IS NOT NULL",
                    (made, source),
                )
                database.execute("UPDATE report SET waiting=? WHERE id=?", (count, made))
                there += count
    return int(there)


#: The browser's own view (Event Timing, W3C): from a key event to the frame that was painted after it, in steps of 8 ms; frames that
#: came within 16 ms are not told of.
PAINTED = """
window.painted = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") window.painted.push(entry.duration);
}).observe({ type: "event", durationThreshold: 16 });
"""
LEAST_PAINTED = 16.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds.

    Attributes:
        first: until the first cell was on the screen.
        next: from each key press until the next cell was, by the page's own clock.
        painted: the same as the browser tells it, at least :data:`LEAST_PAINTED`.
    """

    first: float
    next: list[float]
    painted: list[float]


def next_cell(page: Page, address: str, presses: int, pause: float) -> Timing:
    """How long a reviewer waits for the first cell, and after each of so many key presses for the next one.

    Both are measured by the page itself: the second from the time stamp of the key event to the frame after the cell was drawn.

    Args:
        page: a blank one.
        address: of the review page.
        presses: how many.
        pause: seconds between two of them.
    """
    page.add_init_script(PAINTED)
    page.goto(address)
    page.wait_for_function("() => performance.getEntriesByName('gikocr:first').length")
    first = float(page.evaluate("performance.getEntriesByName('gikocr:first')[0].duration"))
    time.sleep(1)
    for number in range(presses):
        page.keyboard.press("b")
        page.wait_for_function("(n) => performance.getEntriesByName('gikocr:next').length > n", arg=number)
        time.sleep(pause)
    found: list[float] = page.evaluate("performance.getEntriesByName('gikocr:next').map((e) => e.duration)")
    painted: list[float] = page.evaluate("window.painted")
    return Timing(first, found, painted + [LEAST_PAINTED] * (len(found) - len(painted)))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below that share of them."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def speed(workspace: Path, waiting: int, presses: int, pause: float) -> None:
    """Measure and print."""
    with copied(workspace) as copy:
        there = crowd(copy, waiting) if waiting else None
        with served(copy) as address, browsing() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            timing = next_cell(page, f"{address}/review", presses, pause)
    load = " ".join(f"{minutes:.1f}" for minutes in os.getloadavg())
    print(f"waiting: {there or 'as it is'}; first cell after {timing.first:.0f} ms; load {load}")
    for name, found in (("key to next cell", timing.next), ("to the painted frame", timing.painted)):
        print(
            f"{name}, {len(found)} presses: median {statistics.median(found):.1f} ms, "
            f"95th percentile {quantile(found, 0.95):.1f} ms, longest {max(found):.1f} ms"
        )


def shots(workspace: Path) -> None:
    """Picture each page in light and dark."""
    DOCS.mkdir(parents=True, exist_ok=True)
    with copied(workspace) as copy, served(copy) as address, browsing() as browser:
        with sqlite3.connect(copy / "gikocr.db") as database:
            ids = dict(database.execute("SELECT name, id FROM report WHERE current").fetchall())
        _decide(browser, address)
        for scheme in ("light", "dark"):
            for name, path, language in SHOTS:
                for document, report in ids.items():
                    path = path.replace(f"{{{document}}}", str(report))
                _shot(browser, f"{address}{path}", scheme, language, DOCS / f"{name}_{scheme}.png")


def _decide(browser: Browser, address: str) -> None:
    """Some decisions, so that pace and counts have something to show."""
    page = browser.new_page()
    page.goto(f"{address}/review?name=phone")
    page.wait_for_selector("#desk:not([hidden])")
    for key in ("4", "Enter", "b", "u", "0", "Enter", "1", "2", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    page.wait_for_selector("#saving[data-count='0']")
    page.close()


def _shot(browser: Browser, address: str, scheme: Any, language: str, to: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    context.add_cookies([{"name": "gikocr-language", "value": language, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if "name=wrong_total" in address:
        page.keyboard.press("8")  # a sum that does not hold
    if "/form/" in address:
        page.locator("button[data-field='requests.total.total']").click()
        page.wait_for_selector("#editor[open]")
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(to, optimize=True)
    print(to.name, to.stat().st_size // 1024, "KiB")
    context.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    pictures = commands.add_parser("shots", help="picture each page into docs/review")
    timing = commands.add_parser("speed", help="time key press to next cell")
    for command in (pictures, timing):
        command.add_argument("workspace", type=Path)
    timing.add_argument("--waiting", type=int, default=0, help="fill up with copies until so many fields wait")
    timing.add_argument("--presses", type=int, default=100)
    timing.add_argument("--pause", type=float, default=0.3, help="seconds between two presses")
    given = parser.parse_args(argv)
    if given.command == "shots":
        shots(given.workspace)
    else:
        speed(given.workspace, given.waiting, given.presses, given.pause)


if __name__ == "__main__":
    main()
