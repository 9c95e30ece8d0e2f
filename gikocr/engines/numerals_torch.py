"""The numeral network on torch, for GPU batches; the weights are those of the ONNX file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from gikocr.engines.manifest import model_bytes
from gikocr.engines.numerals import NumeralReader
from gikocr.errors import DependencyMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


class TorchNetwork:
    """The network as a function on NumPy arrays, run where CUDA is, else on the CPU."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], device: str = "") -> None:
        """Put the weights on a device.

        Args:
            weights: name and array of each convolution's ``weight`` and ``bias``.
            device: such as ``cuda:1``; empty takes the first GPU where there is one.

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
        self._weights: dict[str, Any] = {k: torch.from_numpy(v.copy()).to(self._device) for k, v in weights.items()}

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 1, 32, W) float32 with 1 for ink → (N, W / 4, classes) probabilities."""
        torch, w = self._torch, self._weights
        with torch.inference_mode():
            x = torch.from_numpy(blob).to(self._device)
            for name, stride, pad, adds in LAYERS:
                y = torch.nn.functional.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, pad)
                x = torch.relu(x + y) if adds else torch.relu(y)
            y = torch.nn.functional.conv2d(x, w["head.weight"], w["head.bias"])
            result: NDArray[np.float32] = torch.softmax(y[:, :, 0].transpose(1, 2), dim=2).cpu().numpy()
        return result


def build_torch(device: str = "") -> NumeralReader:
    """The reader on torch.

    Raises:
        DependencyMissing: torch is not installed.
        ModelMissing: the weights are absent or not the pinned ones.
    """
    with np.load(io.BytesIO(model_bytes("numerals_weights"))) as stored:
        weights = {name: stored[name] for name in stored.files}
    return NumeralReader(TorchNetwork(weights, device))
