"""The numeral network on torch, for GPU batches; the weights are those of the ONNX file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from gikocr.engines.manifest import model_bytes
from gikocr.engines.numerals import Network, NumeralReader
from gikocr.errors import DependencyMissing
from gikocr.ocr.blobs import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

LAYERS = (
    ("c1", (1, 1), (1, 1), False),
    ("c2", (2, 2), (1, 1), False),
    ("c3", (2, 1), (1, 1), False),
    ("c4", (1, 2), (1, 1), False),
    ("c5", (1, 1), (1, 1), True),
    ("c6", (2, 1), (1, 1), False),
    ("c7", (1, 1), (0, 0), False),
    ("c8", (1, 1), (0, 2), True),
    ("c9", (1, 1), (0, 2), True),
)
"""Name, stride and padding (down, across) of each convolution, and whether its input is added to its output."""


HALF_TOLERANCE = 0.01
"""A GPU may read in half precision where no probability differs by more than this from that of the CPU in single precision."""


class TorchNetwork:
    """The network as a function on NumPy arrays, run where CUDA is, else on the CPU."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], device: str = "", *, half: bool = False) -> None:
        """Put the weights on a device.

        Args:
            weights: name and array of each convolution's ``weight`` and ``bias``.
            device: such as ``cuda:1``; empty takes the first GPU where there is one.
            half: convolve in half precision; the probabilities are made in single precision from that.

        Raises:
            DependencyMissing: torch is not installed.
        """
        try:
            import torch
        except ImportError as error:
            raise DependencyMissing(
                "the engine numerals_torch needs torch.", advice="Install it with: pip install 'gikocr[train]'"
            ) from error
        self._torch = torch
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._kind = torch.float16 if half else torch.float32
        self._weights: dict[str, Any] = {
            k: torch.from_numpy(v.copy()).to(self._device, self._kind) for k, v in weights.items()
        }

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 1, 32, W) float32 with 1 for ink → (N, W / 4, classes) probabilities."""
        torch, w = self._torch, self._weights
        with torch.inference_mode():
            x = torch.from_numpy(blob).to(self._device, self._kind)
            for name, stride, pad, adds in LAYERS:
                y = torch.nn.functional.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, pad)
                x = torch.relu(x + y) if adds else torch.relu(y)
            y = torch.nn.functional.conv2d(x, w["head.weight"], w["head.bias"])
            result: NDArray[np.float32] = torch.softmax(y[:, :, 0].transpose(1, 2).float(), dim=2).cpu().numpy()
        return result

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return str(self._device).startswith("cuda")


def build_torch(device: str = "") -> NumeralReader:
    """The reader on torch; on a GPU in half precision where a few numerals then read within :data:`HALF_TOLERANCE` of the CPU.

    The CPU in single precision is what confidences were calibrated on; what a GPU makes of single precision says nothing of that.

    Raises:
        DependencyMissing: torch is not installed.
        ModelMissing: the weights are absent or not the pinned ones.
    """
    weights = torch_weights()
    network = TorchNetwork(weights, device)
    if network.on_gpu:
        half = TorchNetwork(weights, device, half=True)
        if greatest_difference(TorchNetwork(weights, "cpu"), half) <= HALF_TOLERANCE:
            network = half
    return NumeralReader(network)


def torch_weights() -> dict[str, NDArray[np.float32]]:
    """The packaged weights by name.

    Raises:
        ModelMissing: they are absent or not the pinned ones.
    """
    with np.load(io.BytesIO(model_bytes("numerals_weights"))) as stored:
        return {name: stored[name] for name in stored.files}


def greatest_difference(one: Network, other: Network) -> float:
    """The greatest difference between the probabilities that two networks give for a few drawn numerals, dark and pale."""
    windows = [_drawn(text, ink) for text in ("0", "17", "908", "40.52", "1234567") for ink in (20, 120, 190)]
    return max(float(np.abs(one(blob) - other(blob)).max()) for _, blob in batches(windows, len(windows)))


def _drawn(text: str, ink: int) -> Image:
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    picture = np.full((36, width + 16), 255, np.uint8)
    cv2.putText(picture, text, (8, 18 + height // 2), cv2.FONT_HERSHEY_DUPLEX, 1.0, (ink,), 2, cv2.LINE_AA)
    return picture
