"""Engines by name. Building one imports what it needs, and only then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gikocr.engines.manifest import load_manifest
from gikocr.errors import UsageError

if TYPE_CHECKING:
    from gikocr.elements import CellReader, Grid, Image, LineReader, PageTextReader
    from gikocr.layout.regions import RegionDetector
    from gikocr.settings import Settings
    from gikocr.table.learned import BoundaryFinder

LINE_ENGINES = ("ppocr_v6_small",)
LABEL_ENGINES = ("ppocr_v6_tiny", "")
CELL_ENGINES = ("numerals", "numerals_torch", "ppocr_v6_small_numerals")
SECOND_ENGINES = ("ppocr_v6_small_numerals", "numerals", "")
LAYOUT_ENGINES = ("ruling_lines", "cdla")
BOUNDARY_ENGINES = ("boundaries", "")
PAGE_ENGINES = ("rapidocr", "paddleocr")
MODELS_OF = {
    "ppocr_v6_small": ("ppocr_v6_small_rec",),
    "ppocr_v6_tiny": ("ppocr_v6_tiny_rec",),
    "numerals": ("numerals",),
    "numerals_torch": ("numerals_weights",),
    "ppocr_v6_small_numerals": ("ppocr_v6_small_rec",),
    "cdla": ("cdla",),
    "boundaries": ("boundaries",),
    "rapidocr": ("ppocr_v6_small_det", "ppocr_v6_small_rec"),
    "paddleocr": ("ppocr_v6_small_det", "ppocr_v6_small_rec"),
}
"""Model files that each engine loads."""


class Engines:
    """The engines of one pipeline. Networks are loaded once, when first asked for, and live as long as this object."""

    def __init__(self, settings: Settings, *, device: str = "") -> None:
        """Look whether all engines that the settings name exist.

        Args:
            settings: names of engines.
            device: where networks will run: ``cpu`` or ``cuda:N``; empty: ONNX Runtime on the CPU, torch on a GPU where there is one.
        """
        _known("line_engine", settings.line_engine, LINE_ENGINES)
        _known("label_engine", settings.label_engine, LABEL_ENGINES)
        _known("cell_engine", settings.cell_engine, CELL_ENGINES)
        _known("second_engine", settings.second_engine, SECOND_ENGINES)
        _known("layout_engine", settings.layout_engine, LAYOUT_ENGINES)
        _known("boundary_engine", settings.boundary_engine, BOUNDARY_ENGINES)
        _known("page_engine", settings.page_engine, PAGE_ENGINES)
        self._settings = settings
        self._device = device
        self._recogniser: Any = None
        self._page_reader: PageTextReader | None = None

    def line_reader(self) -> LineReader:
        """The reader of printed lines.

        Raises:
            ModelMissing: its weights are absent.
        """
        if self._recogniser is None:
            from gikocr.engines.ppocr_onnx import build_recogniser

            self._recogniser = build_recogniser(device=self._device)
        return self._recogniser

    def label_reader(self) -> LineReader | None:
        """The quick reader that reads labels before the reader of lines does; None where no such engine is named.

        Raises:
            ModelMissing: its weights are absent.
        """
        if not self._settings.label_engine:
            return None
        from gikocr.engines.ppocr_onnx import build_recogniser

        return build_recogniser(self._settings.label_engine, device=self._device)

    def cell_reader(self) -> CellReader:
        """The reader of numerals.

        Raises:
            DependencyMissing: its package or its weights are absent.
        """
        return self._cell_reader(self._settings.cell_engine)

    @property
    def has_second_reader(self) -> bool:
        """Whether a second reader is named that has other weights than the first."""
        first, name = self._settings.cell_engine, self._settings.second_engine
        # The same weights twice are no second opinion, whichever library runs them.
        own = {"numerals", "numerals_torch"}
        return not (name in ("", first) or {first, name} <= own)

    def second_reader(self) -> CellReader | None:
        """The reader that is asked where the first is doubtful; None where there is none, or it has the weights of the first.

        Raises:
            DependencyMissing: its package or its weights are absent.
        """
        return self._cell_reader(self._settings.second_engine) if self.has_second_reader else None

    def _cell_reader(self, name: str) -> CellReader:
        if name == "numerals":
            from gikocr.engines.numerals import build_onnx

            return build_onnx(device=self._device)
        if name == "numerals_torch":
            from gikocr.engines.numerals_torch import build_torch

            return build_torch(self._device)
        from gikocr.engines.ppocr_onnx import PPOCRNumerals

        # It shares the weights of the line reader.
        self.line_reader()
        return PPOCRNumerals(self._recogniser)

    def region_detector(self, grids_of: Callable[[Image], list[Grid]]) -> RegionDetector:
        """The detector of table regions.

        Args:
            grids_of: gives the ruled grids of a page; the caller keeps them for later stages.
        """
        from gikocr.engines.layout import CDLALayoutModel, RulingLineLayoutModel

        if self._settings.layout_engine == "cdla":
            return CDLALayoutModel(grids_of)
        return RulingLineLayoutModel(grids_of)

    def boundary_finder(self) -> BoundaryFinder | None:
        """What sees cell boundaries where rules do not show them; None where no such engine is named.

        Raises:
            ModelMissing: its weights are absent.
        """
        if not self._settings.boundary_engine:
            return None
        from gikocr.engines.boundaries import build_boundaries

        return build_boundaries()

    def page_reader(self) -> PageTextReader:
        """The reader of whole pages; built when first asked for, since it is slow to start and seldom wanted.

        Raises:
            DependencyMissing: its package or its weights are absent.
        """
        if self._page_reader is None:
            if self._settings.page_engine == "paddleocr":
                from gikocr.engines.paddle_ocr import PaddleOCRPageReader

                self._page_reader = PaddleOCRPageReader()
            else:
                from gikocr.engines.rapid_ocr import RapidOCRPageReader

                self._page_reader = RapidOCRPageReader()
        return self._page_reader

    def models(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of every model file that these settings use."""
        manifest = load_manifest()
        names: dict[str, None] = {}
        engines = [
            self._settings.line_engine,
            self._settings.label_engine,
            self._settings.cell_engine,
            self._settings.second_engine,
            self._settings.layout_engine,
            self._settings.boundary_engine,
        ]
        if self._settings.full_text:
            engines.append(self._settings.page_engine)
        for engine in engines:
            names.update(dict.fromkeys(MODELS_OF.get(engine, ())))
        return tuple((name, manifest[name].sha256) for name in names if name in manifest)


def fingerprint(version: str, settings: Settings, engines: Engines) -> str:
    """What results depend on besides the document: pipeline version, settings and model hashes; 16 hex digits."""
    parts = [version, repr(sorted(settings.fingerprint_items().items())), repr(engines.models())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _known(setting: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise UsageError(f"{setting}: there is no engine {name!r}.", advice=f"Known: {', '.join(names)}.")
