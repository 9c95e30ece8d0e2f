"""Generated reports sent through the formats and converters that users have: DOCX, HTML, PDF, and text made from them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.exports.markup_damage import damage_html
from scripts.scanmaker import form
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.docx_page import write_docx
from scripts.scanmaker.html_page import write_html
from scripts.scanmaker.render import rendered_pdf
from scripts.scanmaker.report import ReportPlan, plan_report
from scripts.scanmaker.splits import load_splits

FORMATS = (
    "docx",
    "html",
    "damaged_html",
    "pdf",
    "libreoffice_txt",
    "pdftotext_raw",
    "pdftotext_layout",
    "pandoc",
    "w3m",
    "lynx",
)
RUN_TOGETHER = "run_together"
DAMAGE_STREAM = 17
SECONDS = 180
_STYLE = re.compile(r"<style>.*?</style>|<colgroup>.*?</colgroup>", re.DOTALL)
_LINK = re.compile(r"</?a\b[^>]*>")


def write_exports(out: Path, formats: Sequence[str], *, split: str, seed: int, count: int) -> None:
    """Write ``count`` reports in each format with their truth, to ``out/FORMAT/docs`` and ``out/FORMAT/truth``."""
    splits = load_splits()
    for index in range(count):
        plan = plan_report(splits, split, seed, index)
        for name in formats:
            folder = out / name
            for part in ("docs", "truth"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            file, tags = _write(plan, name, folder / "docs", f"{index:04d}", Dice(seed, index, DAMAGE_STREAM))
            truth = truth_of(plan, file.name, [f"export:{name}", *tags])
            (folder / "truth" / f"{file.stem}.json").write_text(json.dumps(truth, ensure_ascii=False), encoding="utf-8")


def write_run_together(out: Path, *, split: str, seed: int, count: int) -> None:
    """Write ``count`` reports as one line each with nothing between cells, as some crawlers do, to ``out/docs`` and ``out/truth``.

    Only reports that print a number in every cell are taken; what the sums cannot tell (table 二) is ``inferred``.
    """
    splits = load_splits()
    for part in ("docs", "truth"):
        (out / part).mkdir(parents=True, exist_ok=True)
    made = index = 0
    while made < count:
        plan = plan_report(splits, split, seed, index)
        index += 1
        cells = plan.figures.cells
        if any(c.state != "read" or not c.text.isdigit() for f, c in cells.items() if not f.startswith("disclosure.")):
            continue
        text = f"{plan.agency.name}{plan.year}年政府信息公开工作年度报告\n{_glued(plan)}"
        name = f"{made:04d}"
        (out / "docs" / f"{name}.txt").write_text(text, encoding="utf-8")
        truth = truth_of(plan, f"{name}.txt", [RUN_TOGETHER])
        truth["inferred"] = [f for f in cells if f.startswith("disclosure.")]
        (out / "truth" / f"{name}.json").write_text(json.dumps(truth, ensure_ascii=False), encoding="utf-8")
        made += 1


def _glued(plan: ReportPlan) -> str:
    cells, tables = plan.figures.cells, plan.figures.tables
    text = "二、主动公开政府信息情况"
    for block in form.BLOCKS[tables["二"]]:
        text += block.title + "信息内容" + "".join(block.heads)
        text += "".join(label + "".join(cells[f].text for f in ids) for label, ids in block.rows)
    text += (
        "三、收到和处理政府信息公开申请情况"
        + form.CORNER
        + "申请人情况自然人法人或其他组织总计"
        + "".join(form.KIND_LABELS[1:6])
    )
    group = ""
    for row in form.REQUEST_ROWS[tables["三"]]:
        text += "三、本年度办理结果" if row.id == "granted" else ""
        text += row.group if row.group != group else ""
        group = row.group
        text += row.label + "".join(cells[f"requests.{row.id}.{k}"].text for k in form.KINDS)
    text += (
        "四、政府信息公开行政复议、行政诉讼情况行政复议行政诉讼"
        + "".join(form.OUTCOME_LABELS)
        + "未经复议直接起诉复议后起诉"
    )
    text += "".join(form.OUTCOME_LABELS) * 2
    return (
        text + "".join(cells[f].text for f in form.field_ids("四", tables["四"])) + "五、存在的主要问题及改进情况无。"
    )


def truth_of(plan: ReportPlan, file: str, tags: Sequence[str]) -> dict[str, object]:
    """The truth of a report that lost nothing on its way."""
    fields = {f: {"value": c.value, "state": c.state} for f, c in plan.figures.cells.items()}
    return {
        "file": file,
        "agency": plan.agency.name,
        "agency_variants": list(plan.agency.variants),
        "year": plan.year,
        "tables": plan.figures.tables,
        "fields": fields,
        "inferred": [],
        "tags": [plan.split, f"edition:{plan.edition}", *plan.figures.traits, *tags],
    }


def plain_html(plan: ReportPlan, *, styled: bool = True) -> str:
    """The page of a report without the links that mark its values, and without its style sheet if that is not wanted."""
    html = _LINK.sub("", write_html(plan))
    return html if styled else _STYLE.sub("", html)


def _write(plan: ReportPlan, name: str, folder: Path, stem: str, dice: Dice) -> tuple[Path, list[str]]:
    """Write one report in one format; the file, and tags that say what was done to it."""
    tags: list[str] = []
    html = plain_html(plan)
    suffix = {"docx": ".docx", "html": ".html", "damaged_html": ".html", "pdf": ".pdf"}.get(name, ".txt")
    target = folder / (stem + suffix)
    if name == "docx":
        write_docx(plan, target)
    elif name == "html":
        target.write_text(html, encoding="utf-8")
    elif name == "damaged_html":
        data, tags = damage_html(html, dice)
        target.write_bytes(data)
    elif name == "pdf":
        shutil.copyfile(rendered_pdf(plan), target)
    else:
        target.write_bytes(_as_text(plan, html, name))
    return target, tags


def _as_text(plan: ReportPlan, html: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        if name.startswith("pdftotext"):
            mode = "-raw" if name.endswith("raw") else "-layout"
            return _output("pdftotext", mode, str(rendered_pdf(plan)), "-")
        page = here / "report.html"
        page.write_text(html, encoding="utf-8")
        if name == "w3m":
            return _output("w3m", "-dump", "-cols", "160", "-I", "UTF-8", "-O", "UTF-8", "-T", "text/html", str(page))
        if name == "lynx":
            return _output(
                "lynx", "-dump", "-nolist", "-width=200", "-display_charset=utf-8", "-assume_charset=utf-8", str(page)
            )
        document = here / "report.docx"
        write_docx(plan, document)
        if name == "pandoc":
            return _output("pandoc", "-f", "docx", "-t", "plain", "--columns=200", str(document))
        profile = f"-env:UserInstallation=file://{scratch}/profile"
        _output(
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            "txt:Text (encoded):UTF8",
            "--outdir",
            scratch,
            str(document),
        )
        return (here / "report.txt").read_bytes()


def _output(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, timeout=SECONDS).stdout
