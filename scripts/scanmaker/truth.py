"""The ground truth of a document: what is printed, and what the damage has hidden."""

from __future__ import annotations

from scripts.scanmaker.damage import ScannedPage
from scripts.scanmaker.report import ReportPlan
from scripts.scanmaker.scan import Scan


def _tags(plan: ReportPlan, scan: Scan, pages: list[ScannedPage], container: str) -> list[str]:
    design = plan.design
    tags = [scan.recipe.grade, scan.recipe.split, f"edition:{plan.edition}", f"style:{design.style.name}"]
    tags += [f"font:{design.cell_font}", f"labels:{design.label_font}", f"producer:{design.producer}"]
    tags += [f"container:{container}", *plan.figures.traits, *(f"effect:{e}" for e in scan.effects)]
    where: dict[str, set[int]] = {}
    for number, page in enumerate(pages):
        for field in page.quads:
            where.setdefault(field.split(".")[0], set()).add(number)
    flags = {
        scan.kind: bool(scan.kind),
        "hybrid": plan.edition == "hybrid",
        "split_table": any(len(on) > 1 for on in where.values()),
        "landscape": bool(design.landscape),
        "turned_page": bool(design.landscape and scan.turn_wide and not scan.quarters),
        "folder": container.startswith("folder"),
        "sealed": any(p.sealed for p in pages),
        "1bit": scan.bits,
        "colour": scan.colour,
        "rotation_entry": container.endswith(("turned", "exif")),
        "red_head": design.red_head,
        "two_label_columns": design.labels == "two",
        "flat_labels": design.labels == "flat",
        "repeated_heads": design.repeat_heads,
        "stacked_heads": design.stack_outcomes,
        "label_variants": bool(design.wording),
        "occluded": any(p.verdict.masked for p in pages),
    }
    return tags + [tag for tag, holds in flags.items() if holds]


def truth_of(plan: ReportPlan, scan: Scan, pages: list[ScannedPage], container: str, file: str) -> dict[str, object]:
    """Return the truth of a document in the form that the evaluation reads.

    Args:
        plan: the report as printed.
        scan: the damage drawn.
        pages: the damaged pages; their verdicts say which values are covered.
        container: how the pages are stored.
        file: name of the document's file or folder.
    """
    hidden = {field for page in pages for field in page.verdict.masked}
    fields: dict[str, dict[str, object]] = {}
    for field, cell in plan.figures.cells.items():
        if field in hidden:
            fields[field] = {"value": None, "state": "occluded", "also_ok": [[cell.value, cell.state]]}
        else:
            fields[field] = {"value": cell.value, "state": cell.state}
    return {
        "file": file,
        "agency": plan.agency.name,
        "agency_variants": list(plan.agency.variants),
        "year": plan.year,
        "tables": plan.figures.tables,
        "fields": fields,
        "inferred": [],
        "tags": _tags(plan, scan, pages, container),
    }
