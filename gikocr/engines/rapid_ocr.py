"""The package ``rapidocr`` as a reader of whole pages: its own detection and recognition with the weights inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gikocr.engines.manifest import load_manifest, model_bytes
from gikocr.engines.page_reader import DETECTION_SIDE, LARGEST_SIDE, LEAST_SCORE, as_bgr, as_text_lines

if TYPE_CHECKING:
    from gikocr.elements import Image, TextLine

DETECTOR, RECOGNISER = "ppocr_v6_small_det", "ppocr_v6_small_rec"


class RapidOCRPageReader:
    """Reads whole pages through ``rapidocr``. One thread; not for use from several threads at once."""

    name = "rapidocr"

    def __init__(self) -> None:
        """Check the weights and build the library's engine on them; nothing is downloaded.

        Raises:
            ModelMissing: the package or its weights are absent, or they are not the pinned ones.
        """
        for model in (DETECTOR, RECOGNISER):
            model_bytes(model)
        from rapidocr import RapidOCR

        manifest = load_manifest()
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,  # pages come upright
                "Global.max_side_len": LARGEST_SIDE,
                "Global.text_score": LEAST_SCORE,
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTION_SIDE,
                # With paths given, the library looks for no other file and asks no server.
                "Det.model_path": str(manifest[DETECTOR].path),
                "Rec.model_path": str(manifest[RECOGNISER].path),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read_page(self, image: Image, page: int = 1) -> list[TextLine]:
        """Read all printed lines of an upright page, grey (H, W) or RGB (H, W, 3) uint8; boxes in its pixels."""
        result = self._engine(as_bgr(image))
        if result.boxes is None:
            return []
        return as_text_lines(result.boxes, result.txts, result.scores, page)
