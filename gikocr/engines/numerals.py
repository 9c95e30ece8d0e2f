"""gikocr's own numeral reader: a small convolutional CTC network, on ONNX Runtime or on torch with the same weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gikocr.elements import CellCut, CellReading
from gikocr.engines.devices import onnx_session
from gikocr.engines.manifest import model_bytes
from gikocr.ocr.blobs import batches
from gikocr.ocr.decoding import forward_scores, read_outputs, symbols_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

BATCH = 64
"""Windows that go through the network together; more is not faster on one thread."""


class Network(Protocol):
    """The network as a function: (N, 1, 32, W) float32 with 1 for ink → (N, W / 4, 22) probabilities, CTC blank first."""

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it."""
        ...


class NumeralReader:
    """Reads windows on cells (:func:`gikocr.ocr.windows.cell_window`). Not for use from several threads at once."""

    name = "numerals"
    crop: CellCut = "window"

    def __init__(self, network: Network) -> None:
        self.network = network

    def read(self, crops: Sequence[Image]) -> list[CellReading]:
        """Read windows (H, W) uint8; the empty string among the candidates is a blank cell."""
        results: list[CellReading] = [CellReading((), self.name)] * len(crops)
        for indices, blob in batches(crops, BATCH):
            for i, candidates in zip(indices, read_outputs(self._outputs(blob)), strict=True):
                results[i] = CellReading(candidates, self.name)
        return results

    def score(self, crop: Image, strings: Sequence[str]) -> list[float]:
        """Natural log forward probability of each string; -inf for strings outside the alphabet."""
        [(_, blob)] = list(batches([crop], 1))
        outputs = self._outputs(blob)
        columns = [symbols_of(s) for s in strings]
        known = [c for c in columns if c is not None]
        if not known:
            return [-math.inf] * len(strings)
        scores = iter(forward_scores(np.repeat(outputs, len(known), axis=0), known).tolist())
        return [-math.inf if c is None else math.log(max(next(scores), 1e-300)) for c in columns]

    def _outputs(self, blob: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(self.network(blob), np.float64)


def build_onnx(threads: int = 1, device: str = "") -> NumeralReader:
    """The reader on ONNX Runtime with the packaged weights; ``device``: ``cuda:N``, or anything else for the CPU.

    Raises:
        ModelMissing: the weights are absent or not the pinned ones.
    """
    return onnx_reader(model_bytes("numerals"), threads, device)


def onnx_reader(model: bytes, threads: int = 1, device: str = "") -> NumeralReader:
    """The reader on ONNX Runtime with the graph that these bytes hold."""
    session = onnx_session(model, threads=threads, device=device, arena=True)

    def run(blob: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = session.run(None, {"windows": blob})[0]
        return output

    return NumeralReader(run)
