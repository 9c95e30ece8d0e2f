"""PaddleOCR as a reader of whole pages, on ONNX Runtime and with the same packaged weights as the other readers.

PaddleOCR wants a folder for each network, with the weights and an ``inference.yml`` that says what goes in and comes out. The
package ``rapidocr`` carries the weights and their characters only, so the folders are made once in the user's cache.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gikocr.engines.manifest import load_manifest, model_bytes
from gikocr.engines.page_reader import DETECTION_SIDE, LEAST_SCORE, as_bgr, as_text_lines
from gikocr.errors import DependencyMissing, WorkspaceError
from gikocr.settings import user_cache_folder

if TYPE_CHECKING:
    from gikocr.elements import Image, TextLine

DETECTOR, RECOGNISER = "ppocr_v6_small_det", "ppocr_v6_small_rec"
PADDLE_NAMES = {DETECTOR: "PP-OCRv6_small_det", RECOGNISER: "PP-OCRv6_small_rec"}
"""What PaddleOCR calls the networks."""
PIXEL_THRESHOLD, BOX_THRESHOLD, UNCLIP_RATIO = 0.2, 0.45, 1.4
"""With which the makers of PP-OCRv6 turn the map of text into boxes (differentiable binarisation, Liao et al., 2020)."""
MOST_BOXES = 3000
INSTALL = "Install it with: pip install 'gikocr[paddle]'"
CONFIGURATION = 1
"""Raised when the generated files change, so that old folders in a cache are not used."""


class PaddleOCRPageReader:
    """Reads whole pages through ``paddleocr``. One thread; not for use from several threads at once."""

    name = "paddleocr"

    def __init__(self) -> None:
        """Build PaddleOCR's engine; importing it takes seconds and nothing is downloaded.

        Raises:
            DependencyMissing: ``paddleocr`` or its weights are absent.
            WorkspaceError: the cache folder cannot be written.
        """
        if importlib.util.find_spec("paddleocr") is None:
            raise DependencyMissing(
                "the page engine paddleocr needs a package that is not installed.",
                advice=INSTALL,
            )
        cache = user_cache_folder()
        folders = {model: model_folder(model, cache / "paddleocr") for model in (DETECTOR, RECOGNISER)}
        # Both are read when the package is imported: without the first it asks servers for models.
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        os.environ.setdefault("PADDLE_PDX_CACHE_HOME", str(cache / "paddlex"))
        try:
            from paddleocr import PaddleOCR
        except ImportError as error:
            raise DependencyMissing(f"paddleocr cannot be imported ({error}).", advice=INSTALL) from error
        logging.getLogger("paddlex").setLevel(logging.ERROR)
        self._engine: Any = PaddleOCR(
            text_detection_model_name=PADDLE_NAMES[DETECTOR],
            text_detection_model_dir=str(folders[DETECTOR]),
            text_recognition_model_name=PADDLE_NAMES[RECOGNISER],
            text_recognition_model_dir=str(folders[RECOGNISER]),
            text_det_limit_side_len=DETECTION_SIDE,
            text_det_limit_type="max",
            text_det_thresh=PIXEL_THRESHOLD,
            text_det_box_thresh=BOX_THRESHOLD,
            text_det_unclip_ratio=UNCLIP_RATIO,
            text_rec_score_thresh=LEAST_SCORE,
            engine="onnxruntime",
            engine_config={"intra_op_num_threads": 1},
            device="cpu",
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
        )

    def read_page(self, image: Image, page: int = 1) -> list[TextLine]:
        """Read all printed lines of an upright page, grey (H, W) or RGB (H, W, 3) uint8; boxes in its pixels."""
        [result] = list(self._engine.predict(as_bgr(image)))
        return as_text_lines(result["rec_polys"], result["rec_texts"], result["rec_scores"], page)


def model_folder(model: str, cache: Path) -> Path:
    """The folder with a network's weights and ``inference.yml``, made where it is missing or not as pinned.

    Args:
        model: name in the manifest, :data:`DETECTOR` or :data:`RECOGNISER`.
        cache: folder for such folders.

    Raises:
        ModelMissing: the weights are absent or not the pinned ones.
        WorkspaceError: the cache cannot be written.
    """
    pinned = load_manifest()[model].sha256
    folder = cache / f"{PADDLE_NAMES[model]}-{pinned[:12]}-{CONFIGURATION}"
    if _is_whole(folder, pinned):
        return folder
    content = model_bytes(model)
    described = json.dumps(_description(model, content), ensure_ascii=False, indent=1)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=cache))
        try:
            (made / "inference.onnx").write_bytes(content)
            # JSON is YAML too, and needs no quoting rules of its own for 18,000 characters.
            (made / "inference.yml").write_text(described, encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            made.rename(folder)
        except OSError:
            shutil.rmtree(made, ignore_errors=True)
            # Another process may have been quicker.
            if not _is_whole(folder, pinned):
                raise
    except OSError as error:
        raise WorkspaceError(
            f"the cache folder {cache} cannot be written ({error.strerror}).",
            advice="Set XDG_CACHE_HOME to a folder that can.",
        ) from error
    return folder


def _is_whole(folder: Path, sha256: str) -> bool:
    try:
        content = (folder / "inference.onnx").read_bytes()
    except OSError:
        return False
    return (folder / "inference.yml").is_file() and hashlib.sha256(content).hexdigest() == sha256


def _description(model: str, content: bytes) -> Mapping[str, Any]:
    """What PaddleOCR wants to know of a network: how pictures are prepared and what its output means."""
    if model == DETECTOR:
        scaling = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": 1 / 255, "order": "hwc"}
        operations: list[Mapping[str, Any]] = [
            {"DetResizeForTest": None},
            {"NormalizeImage": scaling},
            {"ToCHWImage": None},
        ]
        after: Mapping[str, Any] = {
            "name": "DBPostProcess",
            "thresh": PIXEL_THRESHOLD,
            "box_thresh": BOX_THRESHOLD,
            "max_candidates": MOST_BOXES,
            "unclip_ratio": UNCLIP_RATIO,
        }
    else:
        operations = [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]
        after = {"name": "CTCLabelDecode", "character_dict": _characters(content)}
    return {
        "Global": {"model_name": PADDLE_NAMES[model]},
        "PreProcess": {"transform_ops": operations},
        "PostProcess": after,
    }


def _characters(content: bytes) -> list[str]:
    """The characters of a recogniser's classes after the blank, from its metadata."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    listed: str = session.get_modelmeta().custom_metadata_map["character"]
    return listed.splitlines()
