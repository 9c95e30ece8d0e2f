"""Writes a report as DOCX and prints it to PDF with headless LibreOffice.

Every value is printed in a black of its own (no eye and no scan tells them apart), so that the PDF knows where each
value stands.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from scripts.scanmaker import form
from scripts.scanmaker.design import Design
from scripts.scanmaker.fonts import font_environment
from scripts.scanmaker.report import Piece, ReportPlan
from scripts.scanmaker.tables import GridCell, PrintedTable

SOFFICE_SECONDS = 180
A4_MM = (210.0, 297.0)
_ALIGN = {"left": WD_ALIGN_PARAGRAPH.LEFT, "center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}
_BORDER = {"solid": "single", "dashed": "dashed", "dotted": "dotted", "double": "double"}


_SHADES = 8
_MARKED = ["signature", *sorted({f for edition in form.BLOCKS for t in "二三四" for f in form.field_ids(t, edition)})]


def marker_colour(name: str) -> tuple[int, int, int]:
    """Return the nearly black colour (0 to 7 in each channel) that stands for a field id or "signature"."""
    code = _MARKED.index(name) + 1
    return code // _SHADES**2, code // _SHADES % _SHADES, code % _SHADES


def marker_name(red: int, green: int, blue: int) -> str:
    """Return what a colour stands for, "" where it is no marker."""
    code = (red * _SHADES + green) * _SHADES + blue
    return _MARKED[code - 1] if max(red, green, blue) < _SHADES and 0 < code <= len(_MARKED) else ""


def soffice() -> str | None:
    """Return the path of LibreOffice, or None where it is not installed."""
    return shutil.which("soffice")


def _element(tag: str, **attributes: str) -> BaseOxmlElement:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


@dataclass(frozen=True, slots=True)
class _Face:
    """Latin and Chinese font, size in points, weight and colour of a run."""

    latin: str
    chinese: str
    points: float
    bold: bool = False
    colour: tuple[int, int, int] = (0, 0, 0)


def _run(paragraph: Paragraph, text: str, face: _Face, name: str = "") -> None:
    """Add words; `name` is a field id or "signature" where the place of the words matters later."""
    run = paragraph.add_run(text)
    run.font.size = Pt(face.points)
    run.font.name = face.latin
    run.font.bold = face.bold
    run.font.underline = False
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face.chinese)
    run.font.color.rgb = RGBColor(*(marker_colour(name) if name else face.colour))


def _fill(cell: _Cell, fill: str) -> None:
    if fill:
        cell._element.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=fill.lstrip("#")))


def _write_cell(cell: _Cell, content: GridCell, design: Design) -> None:
    style = design.style
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.line_spacing = 1.0
    paragraph.paragraph_format.space_after = Pt(0)
    alignment = (
        design.align if content.role == "value" else ("left" if content.role in {"label", "corner"} else "center")
    )
    paragraph.alignment = _ALIGN[alignment]
    latin = design.cell_font if content.role == "value" else design.label_font
    points = design.cell_pt if content.role == "value" else design.font_pt
    if content.text:
        _run(paragraph, content.text, _Face(latin, design.label_font, points, content.bold), content.field)
    properties = cell._element.get_or_add_tcPr()
    _fill(cell, {"block": style.block_fill, "head": style.head_fill, "corner": style.head_fill}.get(content.role, ""))
    if content.vertical:
        properties.append(_element("w:textDirection", val="tbRlV"))
    properties.append(_element("w:vAlign", val="center"))


def _borders(design: Design) -> BaseOxmlElement:
    style = design.style
    borders = OxmlElement("w:tblBorders")
    eighths = str(max(2, round(design.rule_pt * 8)))
    colour = style.colour.lstrip("#")
    outer = {
        "same": ("single", eighths),
        "double": ("double", eighths),
        "thick": ("single", str(max(12, int(eighths) * 5 // 2))),
        "none": ("nil", eighths),
    }
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        kind, size = (_BORDER[style.inner], eighths) if side.startswith("inside") else outer[style.outer]
        if side in {"left", "right"} and not style.sides:
            kind = "nil"
        borders.append(_element(f"w:{side}", val=kind, sz=size, space="0", color=colour))
    return borders


def _write_table(document: DocumentType, table: PrintedTable, design: Design, width_mm: float) -> None:
    columns = len(table.widths)
    grid = document.add_table(rows=len(table.rows), cols=columns)
    grid.autofit = False
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    properties = grid._element.tblPr
    properties.append(_borders(design))
    margins = OxmlElement("w:tblCellMar")
    pad = str(max(10, round(design.pad_mm * 56.7))) if table.name != "四" else "10"
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=pad, type="dxa"))
    properties.append(margins)
    widths = [Mm(width_mm * w) for w in table.widths]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    cells = [list(row.cells) for row in grid.rows]
    taken: set[tuple[int, int]] = set()
    for i, row in enumerate(table.rows):
        grid.rows[i].height = Mm(design.row_mm)
        grid.rows[i].height_rule = WD_ROW_HEIGHT_RULE.AT_LEAST
        row_properties = grid.rows[i]._tr.get_or_add_trPr()
        row_properties.append(_element("w:cantSplit"))
        if design.repeat_heads and i < table.heads:
            row_properties.append(_element("w:tblHeader"))
        at = 0
        for content in row:
            while (i, at) in taken:
                at += 1
            taken |= {(i + r, at + c) for r in range(content.rowspan) for c in range(content.colspan)}
            first, last = cells[i][at], cells[i + content.rowspan - 1][at + content.colspan - 1]
            cell = first if first is last else first.merge(last)
            _write_cell(cell, content, design)
            at += content.colspan
    for row_cells in cells:
        for cell, width in zip(row_cells, widths, strict=True):
            if cell._element.tcPr is not None and cell.grid_span == 1:
                cell.width = width


def _page_field(section: Section, design: Design) -> None:
    if design.page_numbers == "none":
        return
    section.footer.is_linked_to_previous = False
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run("- " if design.page_numbers == "dashes" else "")
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        if kind:
            run._element.append(_element("w:fldChar", fldCharType=kind))
        else:
            instruction = OxmlElement("w:instrText")
            instruction.text = text
            run._element.append(instruction)
    paragraph.add_run(" -" if design.page_numbers == "dashes" else "")


def _set_page(section: Section, design: Design, *, wide: bool) -> float:
    """Set size and margins; return the width of the text in millimetres."""
    top, right, bottom, left = design.margins_mm
    width, height = A4_MM[::-1] if wide else A4_MM
    if wide:
        top, right, bottom, left = left, top, right, bottom
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(
        Mm, (top, right, bottom, left)
    )
    return width - left - right


def _write_paragraph(document: DocumentType, piece: Piece, design: Design) -> None:
    paragraph = document.add_paragraph()
    shape = paragraph.paragraph_format
    shape.line_spacing = design.line_height
    shape.space_after = Pt(0)
    size, font = design.body_pt, design.label_font
    latin = design.cell_font
    if piece.kind in {"title", "red_head"}:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        size, font, latin = (30.0 if piece.kind == "red_head" else 22.0), design.title_font, design.title_font
    elif piece.kind in {"subtitle", "number"}:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif piece.kind == "unit":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        size = design.font_pt
    elif piece.kind in {"signature", "date"}:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        shape.right_indent = Pt(3 * size)
    else:
        shape.first_line_indent = Pt(2 * size)
        if piece.kind == "heading":
            font, latin = design.title_font, design.title_font
            shape.keep_with_next = True
    colour = (221, 0, 0) if piece.kind == "red_head" else (0, 0, 0)
    face = _Face(latin, font, size, piece.kind == "heading" and design.bold_labels, colour)
    _run(paragraph, piece.text, face, "signature" if piece.kind == "signature" else "")


def write_docx(plan: ReportPlan, target: Path) -> None:
    """Write the report as a DOCX file."""
    design = plan.design
    document = Document()
    width = _set_page(document.sections[0], design, wide=False)
    _page_field(document.sections[0], design)
    wide = False
    for piece in plan.pieces:
        turn = piece.table is not None and piece.table.name in design.landscape
        if turn != wide:
            width = _set_page(document.add_section(WD_SECTION.NEW_PAGE), design, wide=turn)
            wide = turn
        if piece.table is None:
            _write_paragraph(document, piece, design)
        else:
            if piece.table.continued:
                document.add_paragraph().paragraph_format.page_break_before = True
            _write_table(document, piece.table, design, width * design.table_width)
    document.save(str(target))


def print_docx(plan: ReportPlan, target: Path) -> None:
    """Print a report to a PDF file by way of DOCX.

    Raises:
        FileNotFoundError: if LibreOffice is not installed.
        subprocess.SubprocessError: if it fails or takes longer than SOFFICE_SECONDS.
    """
    program = soffice()
    if program is None:
        raise FileNotFoundError("LibreOffice is not installed; the DOCX route of the scan maker needs it")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "report.docx"
        write_docx(plan, source)
        options = [
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            folder,
        ]
        environment = {**os.environ, **font_environment()}
        subprocess.run(
            [program, *options, str(source)], check=True, capture_output=True, timeout=SOFFICE_SECONDS, env=environment
        )
        made = Path(folder) / "report.pdf"
        if not made.exists():
            raise subprocess.SubprocessError(f"LibreOffice wrote no PDF for document {plan.seed}")
        shutil.move(str(made), target)
