"""Pictures of the tutorial: what stands on the screen after each of its steps.

    gikocr extract samples/straight.pdf samples/wrong_total.pdf samples/word.docx samples/run_together.txt -o out --overlay
    python -m scripts.tutorial_pictures out      # docs/pictures/*.png

OUT is not changed. Needs the extra ``dev``, Chromium, and LibreOffice, which draws the spreadsheet.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pypdfium2
from PIL import Image, ImageChops

from scripts.review_pages import browsing, copied, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
DOCUMENT = "wrong_total.pdf"
#: A total that does not add up in print.
FIELD = "requests.total.social_organization"
MOST_BYTES = 150_000
COLOURS = 96

#: What of the page is shown: left, top, right, bottom as shares of its sides.
OVERLAY = (0.0, 0.04, 1.0, 0.52)

#: What of the workbook is shown: sheet, cells.
SHEETS = (("面板 2021", "A1:J6"), ("长表", "A1:L16"))


def keep(picture: Image.Image, name: str, width: int = 1100) -> None:
    """Write a picture, at most so many pixels wide, with few colours."""
    picture = picture.convert("RGB")
    if picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    file = PICTURES / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file.name}: {size // 1000} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} is larger than {MOST_BYTES // 1000} kB.")


def trimmed(picture: Image.Image, margin: int = 8) -> Image.Image:
    """Without the white around it."""
    grey = picture.convert("L")
    box = ImageChops.difference(grey, Image.new("L", grey.size, 255)).getbbox() or (0, 0, *grey.size)
    left, top, right, bottom = box
    return picture.crop(
        (
            max(left - margin, 0),
            max(top - margin, 0),
            min(right + margin, grey.width),
            min(bottom + margin, grey.height),
        )
    )


def overlay(workspace: Path) -> None:
    """A part of the page with the larger part of table 三, with what was read on it."""
    page = Image.open(workspace / "overlays" / DOCUMENT / "page-4.png")
    left, top, right, bottom = (round(side * share) for side, share in zip(page.size * 2, OVERLAY, strict=True))
    keep(page.crop((left, top, right, bottom)), "overlay", 900)


def exported(workspace: Path, *options: str) -> None:
    """Have the tables of a workspace written."""
    subprocess.run(
        [sys.executable, "-m", "gikocr", "export", str(workspace), *options], check=True, capture_output=True
    )


def spreadsheet(workspace: Path) -> None:
    """The first cells of two sheets of the workbook, one below the other, as LibreOffice prints them."""
    exported(workspace)
    book = openpyxl.load_workbook(workspace / "exports" / "gikocr.xlsx")
    for sheet in book.worksheets:
        cells = dict(SHEETS).get(sheet.title)
        if cells is None:
            book.remove(sheet)
            continue
        sheet.print_area = cells
        sheet.print_title_rows = None
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.print_options.gridLines = sheet.print_options.headings = True
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "book.xlsx"
        book.save(file)
        command = ["soffice", f"-env:UserInstallation=file://{folder}/home", "--headless", "--convert-to", "pdf"]
        subprocess.run([*command, "--outdir", folder, str(file)], check=True, capture_output=True)
        with pypdfium2.PdfDocument(file.with_suffix(".pdf")) as printed:
            parts = [trimmed(page.render(scale=2).to_pil()) for page in printed]
    whole = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts) + 24), "white")
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height + 24
    keep(whole, "spreadsheet")


def filled_form(workspace: Path, browser: Browser) -> None:
    """The top of a filled-in form."""
    exported(workspace, "--format", "html")
    page = browser.new_page(viewport={"width": 1000, "height": 640})
    page.goto((workspace / "exports" / "forms" / f"{DOCUMENT}.html").as_uri())
    keep(Image.open(io.BytesIO(page.screenshot())), "filled_form")
    page.close()


def review(workspace: Path, browser: Browser) -> None:
    """The page on which a field is reviewed, in both languages, and the queue."""
    # Without the random sample only what was doubted waits.
    subprocess.run([sys.executable, "-m", "gikocr", "reviewed", str(workspace), "--sample", "0"], check=True)
    with sqlite3.connect(workspace / "gikocr.db") as database:
        [(number,)] = database.execute("SELECT id FROM report WHERE current AND name = ?", (DOCUMENT,)).fetchall()
    with served(workspace) as address:
        for language, words in (("en", "English"), ("zh", "中文")):
            context = browser.new_context(viewport={"width": 1200, "height": 760}, color_scheme="light")
            context.add_cookies([{"name": "gikocr-language", "value": language, "url": address}])
            page = context.new_page()
            for name, path in (("queue", "/"), ("review", f"/review?report={number}&at={FIELD}")):
                page.goto(f"{address}{path}")
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(600)
                keep(Image.open(io.BytesIO(page.screenshot())), f"{name}_{language}")
            print(f"  in {words}")
            context.close()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    given = parser.parse_args(argv)
    if shutil.which("soffice") is None:
        raise SystemExit("LibreOffice is not installed (Debian: libreoffice-calc).")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with copied(given.workspace.resolve()) as copy:
        overlay(copy)
        spreadsheet(copy)
        with browsing() as browser:
            filled_form(copy, browser)
            review(copy, browser)


if __name__ == "__main__":
    main()
