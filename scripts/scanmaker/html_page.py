"""Writes a report as HTML and prints it to PDF with headless Chromium.

Every value cell carries a link whose address is its field id: the PDF then knows where each value stands.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path

from scripts.scanmaker.design import Design
from scripts.scanmaker.fonts import font_environment
from scripts.scanmaker.report import Piece, ReportPlan
from scripts.scanmaker.tables import GridCell, PrintedTable

LINK = "http://field.invalid/"
CHROMIUM_SECONDS = 120
_BLANK_LINE = "&nbsp;"


def chromium() -> str | None:
    """Return the path of Chromium, or None where it is not installed."""
    return next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _cell(cell: GridCell, design: Design) -> str:
    spans = "".join(f' {name}="{n}"' for name, n in (("colspan", cell.colspan), ("rowspan", cell.rowspan)) if n > 1)
    kinds = cell.role + (" vertical" if cell.vertical else "") + (" strong" if cell.bold else "")
    if cell.field:
        inner = f'<a href="{LINK}{cell.field}">{escape(cell.text) or _BLANK_LINE}</a>'
    else:
        inner = f"<span>{_lines(cell.text)}</span>" if cell.vertical else _lines(cell.text)
    return f'<td class="{kinds}"{spans}>{inner}</td>'


def _table(table: PrintedTable, design: Design) -> str:
    columns = "".join(f'<col style="width:{w * 100:.3f}%">' for w in table.widths)
    rows = []
    for i, row in enumerate(table.rows):
        rows.append(f'<tr class="r{i % 2}">' + "".join(_cell(c, design) for c in row) + "</tr>")
    heads = f"<thead>{''.join(rows[: table.heads])}</thead>" if table.heads else ""
    kinds = f"t{'二三四'.find(table.name) + 2 if table.name else 0}" + (" continued" if table.continued else "")
    return (
        f'<table class="{kinds}"><colgroup>{columns}</colgroup>{heads}<tbody>'
        + "".join(rows[table.heads :])
        + "</tbody></table>"
    )


def _border(design: Design) -> str:
    style, width, colour = design.style, design.rule_pt, design.style.colour
    inner = {"solid": "solid", "dashed": "dashed", "dotted": "dotted", "double": "double"}[style.inner]
    if inner == "double":
        width = max(width * 3, 2.25)
    line = f"{width:.2f}pt {inner} {colour}"
    frame = {
        "same": f"{width:.2f}pt solid {colour}",
        "double": f"{max(width * 3, 2.25):.2f}pt double {colour}",
        "thick": f"{max(width * 2.5, 1.5):.2f}pt solid {colour}",
        "none": "none",
    }[style.outer]
    cells = f"td{{border:{line}}}"
    if style.rules == "horizontal":
        cells = f"td{{border-top:{line};border-bottom:{line};border-left:none;border-right:none}}"
    sides = "" if style.sides else "table{border-left:none;border-right:none}td:first-child{border-left:none}"
    if not style.sides and style.rules == "grid":
        sides += "td:last-child{border-right:none}"
    return f"table{{border:{frame}}}{cells}{sides}"


def _page_numbers(design: Design) -> str:
    texts = {"dashes": '"- " counter(page) " -"', "plain": "counter(page)", "alternating": '"— " counter(page) " —"'}
    texts["of"] = '"第" counter(page) "页 共" counter(pages) "页"'
    if design.page_numbers == "none":
        return ""
    box = f"{{content:{texts[design.page_numbers]};font-size:10.5pt}}"
    if design.page_numbers == "alternating":
        return f"@page:left{{@bottom-left{box}}}@page:right{{@bottom-right{box}}}"
    return f"@page{{@bottom-center{box}}}"


def _css(design: Design) -> str:
    top, right, bottom, left = design.margins_mm
    style = design.style
    family = f"'{design.label_font}'"
    cells = f"'{design.cell_font}',{family}"
    fills = "".join(
        f"{selector}{{background:{fill}}}"
        for selector, fill in (
            ("td.head,td.corner", style.head_fill),
            ("td.block", style.block_fill),
            ("tr.r1 td.value,tr.r1 td.label", style.band_fill),
        )
        if fill
    )
    width = design.table_width * 100
    figures = "font-variant-numeric:oldstyle-nums;" if design.old_style and "Garamond" in design.cell_font else ""
    body = f"font-family:{family};font-size:{design.body_pt}pt;line-height:{design.line_height:.2f}"
    title = f"font-family:'{design.title_font}',{family}"
    weight = "bold" if design.bold_labels else "normal"
    groups = "break-inside:avoid" if design.whole_groups else ""
    return f"""
@page{{size:A4;margin:{top:.1f}mm {right:.1f}mm {bottom:.1f}mm {left:.1f}mm}}
@page wide{{size:A4 landscape;margin:{left:.1f}mm {top:.1f}mm {right:.1f}mm {bottom:.1f}mm}}
{_page_numbers(design)}
html{{-webkit-print-color-adjust:exact}}
body{{margin:0;color:{style.text_colour};{body}}}
p{{margin:0;text-indent:2em;text-align:justify}}
p.title{{text-indent:0;text-align:center;{title};font-size:22pt;line-height:1.4}}
p.subtitle,p.number{{text-indent:0;text-align:center}}
p.red_head{{text-indent:0;text-align:center;color:#d00;font-size:30pt;{title};font-weight:bold}}
p.number{{border-bottom:1.5pt solid #d00;margin-bottom:8mm}}
p.title+p:not(.title){{margin-top:6mm}}
p.heading{{{title};font-weight:{weight};break-after:avoid;margin-top:1mm}}
p.unit{{text-indent:0;text-align:right;font-size:{design.font_pt:.2f}pt}} .t0{{margin:4mm auto}}
p.signature,p.date{{text-align:right;margin-right:3em}} p.signature{{margin-top:9mm}}
p.signature a,td a{{color:inherit;text-decoration:none}}
div.wide{{page:wide}}
table{{border-collapse:collapse;table-layout:fixed;width:{width:.0f}%;margin:1.5mm {(100 - width) / 2:.1f}%}}
table{{font-size:{design.font_pt:.2f}pt;line-height:1.2}}
tr{{height:{design.row_mm:.2f}mm;{groups}}} td:not(.group){{break-inside:avoid}}
table.continued{{break-before:page}}
thead{{display:{"table-header-group" if design.repeat_heads else "table-row-group"}}}
td{{padding:{design.pad_mm / 2:.2f}mm {design.pad_mm:.2f}mm;vertical-align:middle;word-break:break-all}}
td.head,td.block,td.group{{text-align:center}} td.label,td.corner{{text-align:left}} .strong{{font-weight:bold}}
td.value{{font-family:{cells};font-size:{design.cell_pt:.2f}pt;text-align:{design.align};{figures}}}
td.value a{{display:block}}
td.vertical span{{writing-mode:vertical-rl;letter-spacing:1.5pt}}
.t4 td{{padding-left:.1mm;padding-right:.1mm}} .t4 td.value{{text-align:center}}
{_border(design)}{fills}"""


def _piece(piece: Piece, design: Design) -> str:
    if piece.table is not None:
        html = _table(piece.table, design)
        return f'<div class="wide">{html}</div>' if piece.table.name in design.landscape else html
    text = escape(piece.text)
    if piece.kind == "signature":
        text = f'<a href="{LINK}signature">{text}</a>'
    return f'<p class="{piece.kind}">{text}</p>'


def write_html(plan: ReportPlan) -> str:
    """Return the report as one HTML page."""
    body = "\n".join(_piece(p, plan.design) for p in plan.pieces)
    head = f'<meta charset="utf-8"><style>{_css(plan.design)}</style>'
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'


def print_html(plan: ReportPlan, target: Path) -> None:
    """Print a report to a PDF file; raises as :func:`print_page`."""
    print_page(write_html(plan), target)


def print_page(html: str, target: Path) -> None:
    """Print an HTML page to a PDF file.

    Raises:
        FileNotFoundError: if Chromium is not installed.
        subprocess.SubprocessError: if Chromium fails or takes longer than CHROMIUM_SECONDS.
    """
    program = chromium()
    if program is None:
        raise FileNotFoundError("Chromium is not installed; the HTML route of the scan maker needs it")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(html, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        options += ["--no-pdf-header-footer"]
        options += [f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", page.as_uri()]
        environment = {**os.environ, **font_environment()}
        subprocess.run([program, *options], check=True, capture_output=True, timeout=CHROMIUM_SECONDS, env=environment)
    if not target.exists():
        raise subprocess.SubprocessError(f"Chromium wrote no PDF {target.name}")
