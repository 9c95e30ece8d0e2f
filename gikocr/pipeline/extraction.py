"""One document through all stages; the only place where exceptions become issues of a report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import gikocr
from gikocr.elements import FormReading, Grid, LabelledGrid, Posterior, Source, TextLine
from gikocr.engines.registry import Engines, fingerprint
from gikocr.errors import DocumentError
from gikocr.forms import load_form
from gikocr.ingest import Document, Input, MarkupDocument, describe_source, open_document, open_markup
from gikocr.kie.registration import register
from gikocr.ocr.quick import QuickFirst
from gikocr.ocr.remembered import RememberedLines
from gikocr.pipeline.assembly import CellCollector, cell_texts, form_reading, table_reading, with_cell_texts
from gikocr.pipeline.calibration import load_calibration
from gikocr.pipeline.contest import Contest
from gikocr.pipeline.full_text import FullText, read_full_text, section_texts, unruled_tables, with_missing_facts
from gikocr.pipeline.grids import fit_of
from gikocr.pipeline.metadata import document_values, has_title, read_head_and_tail
from gikocr.pipeline.order import reading_order
from gikocr.pipeline.pages import PageReader, PageReading
from gikocr.pipeline.reporting import TEXT_STEPS, build_report, failed_report
from gikocr.pipeline.rivals import GridReader
from gikocr.pipeline.second_look import ask_second, look_again
from gikocr.pipeline.text_layer import read_layer, read_placed_text
from gikocr.pipeline.text_path import TextResult, read_reports
from gikocr.preprocess.spread import pages_of, shown_number, side_by_side
from gikocr.reconcile import ask_sums, merge_rivals, reconcile
from gikocr.report import Issue, Report, SourceInfo
from gikocr.settings import Settings

PDF = "application/pdf"

Painter = Callable[..., bytes]
"""Draws one page: takes an ``UprightPage`` and, by name, ``regions``, ``grids``, ``form_reading`` and ``report``; gives a PNG."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of one document.

    ``overlays``: page number and PNG bytes, when they were asked for. ``more``: further reports found in the same document.
    """

    report: Report
    form_reading: FormReading | None = None
    overlays: tuple[tuple[int, bytes], ...] = ()
    more: tuple[Extraction, ...] = ()


@dataclass(slots=True)
class _Run:
    """Clock and issues of one document."""

    seconds: dict[str, float] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the CPU seconds of a stage."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


class Pipeline:
    """Reads documents one after the other; owns the engines, so build it once in a process."""

    def __init__(self, settings: Settings, *, painter: Painter | None = None, engines: Engines | None = None) -> None:
        """Load form and engines.

        Args:
            settings: what to read and how.
            painter: draws overlays; it stands in a room above this one, so whoever wants pictures brings it along.
            engines: others than those that the settings name, such as readers that work in another process.

        Raises:
            FormError: the form cannot be used.
            ModelMissing: the weights of an engine are absent.
        """
        self._settings = settings
        self._painter = painter
        self._form = load_form(settings.form)
        self._engines = Engines(settings) if engines is None else engines
        self._calibrated = load_calibration(settings)
        self._fingerprint = fingerprint(gikocr.__version__, settings, self._engines)
        self._lines = RememberedLines(self._engines.line_reader())
        quick = self._engines.label_reader()
        self._labels = self._lines if quick is None else RememberedLines(QuickFirst(quick, self._lines))
        self._known = False  # whether pages before hold tables of the form
        contest = Contest(lambda grids: fit_of(self._form, grids, known=self._known))
        self._grids = GridReader(self._labels, contest, self._engines.boundary_finder())
        self._pages = PageReader(settings, self._lines, self._labels, self._engines.region_detector, self._grids)
        self._cells = self._engines.cell_reader()
        self._second = self._engines.second_reader()
        self._page_text = self._engines.page_reader() if settings.full_text else None

    @property
    def fingerprint(self) -> str:
        """What results depend on besides the document."""
        return self._fingerprint

    def _reconcile(self, reading: FormReading) -> Posterior:
        return reconcile(reading, self._form, calibration=self._calibrated.calibration)

    def extract(self, item: Input, *, overlay: bool = False) -> Extraction:
        """Read one document. A bad one gives a report with status ``failed`` and an issue that says why.

        Raises:
            DependencyMissing: a model or package is absent; nothing can be read then.
        """
        run = _Run()
        try:
            with run.stage("ingest"):
                text = open_markup(item, self._settings)
            if text is not None:
                return self._extract_text(text, run)
            with run.stage("ingest"):
                document = open_document(item, self._settings)
            with document:
                return self._extract_pages(document, run, overlay=overlay)
        except DocumentError as error:
            issue = Issue(code=error.code, severity="error", stage="ingest", message=str(error))
            source = SourceInfo.of(describe_source(item, self._settings))
            return Extraction(failed_report(source, issue, self._fingerprint, more=run.issues, seconds=run.seconds))

    def _extract_text(self, document: MarkupDocument, run: _Run) -> Extraction:
        """Read a document that holds text or markup."""
        with run.stage("kie"):
            if document.pages:
                result, others = read_placed_text(self._form, document.pages, self._settings.render_dpi), []
            else:
                result, *others = read_reports(self._form, document.markup)
        if document.markup.pictures and not any(t.placements for t in result.reading.tables):
            by_pictures = self._extract_pictures(document, result, run)
            if by_pictures is not None:
                return by_pictures
        first = self._text_report(document.source, result, run)
        return replace(first, more=tuple(self._text_report(document.source, other, run) for other in others))

    def _extract_pictures(self, document: MarkupDocument, result: TextResult, run: _Run) -> Extraction | None:
        """Read the pictures of a document whose text does not hold the form; None where they do not hold it either."""
        with tempfile.TemporaryDirectory(prefix="gikocr-pictures-") as folder:
            paths = []
            for k, (_, content) in enumerate(document.markup.pictures, 1):
                paths.append(Path(folder) / f"picture-{k:03d}")
                paths[-1].write_bytes(content)
            pictures = _Run(run.seconds, [*run.issues, *result.issues])
            try:
                with open_document(Input(document.source.name, tuple(paths)), self._settings) as pages:
                    pages.source = replace(document.source, pages=pages.page_count)
                    extraction = self._extract(pages, pictures, overlay=False)
            except DocumentError:
                return None
        report = extraction.report
        if report.status == "failed":
            return None
        issue = Issue(
            code="read_from_pictures",
            severity="info",
            stage="ingest",
            message=f"The text does not hold the tables; {len(paths)} pictures in the document were read.",
        )
        facts = {fact.id for fact in result.reading.document}
        known = {fact.id for fact in report.document_fields}
        if facts <= known:
            return replace(extraction, report=report.model_copy(update={"issues": (*report.issues, issue)}))
        # The words around the pictures say who reports on which year.
        more = tuple(fact for fact in result.reading.document if fact.id not in known)
        reading = extraction.form_reading
        assert reading is not None  # only a report that failed has none
        reading = replace(reading, document=(*reading.document, *more))
        issues = [i for i in report.issues if i.code.removesuffix("_not_found") not in {f.id for f in more}]
        again = build_report(
            self._form,
            reading,
            self._reconcile(reading),
            source=replace(document.source, pages=report.source.pages),
            fingerprint=self._fingerprint,
            models=(*self._engines.models(), *self._calibrated.named),
            issues=[*(i for i in issues if i.stage in ("ingest", "table")), issue],
            sections=report.sections or result.sections,
            seconds=run.seconds,
            review_below=self._calibrated.review_below(reading, self._settings),
            confidence_kind=self._calibrated.kind_for(reading),
        )
        return Extraction(again, reading, extraction.overlays)

    def _text_report(self, source: Source, result: TextResult, run: _Run) -> Extraction:
        """The report on what a text says."""
        issues = [*run.issues, *result.issues]
        if result.values_lost:
            issue = Issue(
                code="values_lost",
                severity="error",
                stage="kie",
                message="The labels of the form are there, but its values are not: this export lost them. Export the page again.",
            )
            report = failed_report(SourceInfo.of(source), issue, self._fingerprint, more=issues, seconds=run.seconds)
            return Extraction(report)
        with run.stage("reconcile"):
            merged = merge_rivals(result.reading)
            posterior = self._reconcile(merged)
        report = build_report(
            self._form,
            merged,
            posterior,
            source=source,
            fingerprint=self._fingerprint,
            models=self._calibrated.named,
            issues=issues,
            sections=result.sections,
            seconds=run.seconds,
            review_below=self._calibrated.review_below(merged, self._settings),
            confidence_kind=self._calibrated.kind_for(merged),
            steps=TEXT_STEPS,
        )
        return Extraction(report, result.reading)

    def _extract_pages(self, document: Document, run: _Run, *, overlay: bool) -> Extraction:
        """Read a document's text layer where it has one that holds the form, else its pages as pictures."""
        with run.stage("text_layer"):
            layer = read_layer(self._form, document) if document.source.media_type == PDF else None
        if layer is None:
            return self._extract(document, run, overlay=overlay)
        by_text = None
        if layer.result is not None:
            by_text = self._text_report(document.source, layer.result, _Run(run.seconds, list(run.issues)))
            if layer.good and not overlay:
                return by_text
        by_pictures = self._extract(document, run, overlay=overlay)
        if by_text is not None and (layer.good or _sure_fields(by_text.report) >= _sure_fields(by_pictures.report)):
            return replace(by_text, overlays=by_pictures.overlays)
        issue = Issue(
            code="text_layer_unused",
            severity="info",
            stage="ingest",
            message=f"The pages were read as pictures and not by their text layer: {layer.reason}.",
        )
        report = by_pictures.report
        return replace(by_pictures, report=report.model_copy(update={"issues": (*report.issues, issue)}))

    def _extract(self, document: Document, run: _Run, *, overlay: bool) -> Extraction:
        pages = self._read_pages(document, run)
        for code, message in document.notes:
            run.issues.append(Issue(code=code, severity="info", stage="ingest", message=message))
        if not pages:
            issue = Issue(
                code="no_pages",
                severity="error",
                stage="ingest",
                message="No page of this document could be read. The issues name each page's reason.",
            )
            report = failed_report(
                SourceInfo.of(document.source), issue, self._fingerprint, more=run.issues, seconds=run.seconds
            )
            return Extraction(report)
        if len(document.part_names) > 1:
            with run.stage("kie"):
                order = reading_order(self._form, pages, lambda p: has_title(self._pages, p, self._form.document))
            if order != list(range(len(pages))):
                pages = [pages[i] for i in order]
                numbers = ", ".join(str(shown_number(p.upright)) for p in pages)
                run.issues.append(
                    Issue(
                        code="pages_reordered",
                        severity="info",
                        stage="kie",
                        message=f"Pages were read in the order {numbers}.",
                    )
                )
        text = self._read_text(pages, run)
        reading = self._read_form(pages, text, run)
        if text is not None and not any(t.placements for t in reading.tables):
            unruled = unruled_tables(text, pages)
            run.issues += [] if unruled is None else [unruled]
        with run.stage("reconcile"):
            posterior = self._reconcile(reading)
        report = build_report(
            self._form,
            reading,
            posterior,
            source=document.source,
            fingerprint=self._fingerprint,
            models=(*self._engines.models(), *self._calibrated.named),
            issues=run.issues,
            sections=() if text is None else section_texts(text, pages),
            seconds=run.seconds,
            review_below=self._calibrated.review_below(reading, self._settings),
            confidence_kind=self._calibrated.kind_for(reading),
        )
        overlays: tuple[tuple[int, bytes], ...] = ()
        if overlay:
            overlays = self._draw(pages, reading, report)
        return Extraction(report, reading, overlays)

    def _draw(
        self, pages: Sequence[PageReading], reading: FormReading, report: Report
    ) -> tuple[tuple[int, bytes], ...]:
        if self._painter is None:
            return ()
        halves: dict[int, list[bytes]] = {}
        for page in pages:
            drawn = self._painter(
                page.upright,
                regions=page.regions,
                grids=[g.grid for g in page.grids],
                form_reading=reading,
                report=report,
            )
            halves.setdefault(shown_number(page.upright), []).append(drawn)
        return tuple((number, side_by_side(pictures)) for number, pictures in sorted(halves.items()))

    def _read_pages(self, document: Document, run: _Run) -> list[PageReading]:
        pages: list[PageReading] = []
        hint = 0
        before: Grid | None = None
        self._known = False
        for number in document.selected:
            try:
                with run.stage("ingest"):
                    page = document.read_page(number)
            except DocumentError as error:
                run.issues.append(
                    Issue(code=error.code, severity="error", page=number, stage="ingest", message=str(error))
                )
                continue
            with run.stage("pages"):
                for leaf in pages_of(page, document.page_count):
                    for reader in (self._lines, self._labels):
                        reader.forget()  # no line of the page before comes back
                    reading = self._pages.read(leaf, hint=hint, before=before)
                    if reading.grids:
                        hint = reading.upright.turned
                        before = next((g.grid for g in reversed(reading.labelled) if self._is_table(g)), before)
                        self._known = before is not None
                    pages.append(reading)
        return pages

    def _is_table(self, grid: LabelledGrid) -> bool:
        """Whether a grid is of the form and has columns that the next page may go on with."""
        return grid.grid.n_cols > 2 and self._grids.contest.fit([grid]).evidence > 0.0

    def _read_text(self, pages: Sequence[PageReading], run: _Run) -> FullText | None:
        if self._page_text is None:
            return None
        with run.stage("full_text"):
            return read_full_text(self._page_text, pages, self._form.document)

    def _read_form(self, pages: Sequence[PageReading], text: FullText | None, run: _Run) -> FormReading:
        grids = [g for page in pages for g in page.grids]
        labelled = [g for page in pages for g in page.labelled]
        with run.stage("kie"):
            places = register(self._form, labelled)
        uprights = {p.upright.number: p.upright for p in pages}
        texts = cell_texts(labelled, uprights)
        collector = CellCollector(grids, uprights)
        tables = [table_reading(key, places[key], collector) for key in self._form.table_keys]
        with run.stage("cells"):
            read = collector.read(self._cells, self._second, self._settings.second_below)
            cells = with_cell_texts(read, texts)
        with run.stage("document"):
            found = read_head_and_tail(self._pages, pages, self._form.document)
            if text is not None:
                found = with_missing_facts(found, text, self._form.document)
        reading = form_reading(self._form, tables, cells, document_values(found, pages), texts)
        with run.stage("second_look"):
            said = ask_sums(reading, self._form, self._calibrated.calibration)
            scored = look_again(reading, said, collector.crops, self._cells)
            if self._second is None:
                return scored
            if scored is not reading:
                said = ask_sums(scored, self._form, self._calibrated.calibration)
            unasked = {k for k in collector.crops if scored.cells[k].reading.reader == self._cells.name}
            return ask_second(scored, said, unasked, partial(collector.read_again, self._second))


def _sure_fields(report: Report) -> int:
    return sum(not f.needs_review and f.state not in ("unreadable", "not_printed") for f in report.fields)


def lines_of(pages: Sequence[PageReading], reader: PageReader) -> list[TextLine]:
    """All printed lines outside the tables, in reading order."""
    return [
        line
        for page in pages
        for line in reader.read_lines(page.upright, [r for r in page.regions if r.label != "table"])
    ]
