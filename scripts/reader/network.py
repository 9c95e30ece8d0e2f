"""The numeral network as it is trained: with batch normalisation, which is folded into the convolutions when it is written."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from gikocr.ocr.decoding import READER_SYMBOLS

# Name, input and output channels, kernel (down, across), stride; `res` adds the input to the output.
LAYERS = (
    ("c1", 1, 16, (3, 3), (1, 1), False),
    ("c2", 16, 32, (3, 3), (2, 2), False),
    ("c3", 32, 48, (3, 3), (2, 1), False),
    ("c4", 48, 64, (3, 3), (1, 2), False),
    ("c5", 64, 64, (3, 3), (1, 1), True),
    ("c6", 64, 96, (3, 3), (2, 1), False),
    ("c7", 96, 112, (4, 1), (1, 1), False),
    ("c8", 112, 112, (1, 5), (1, 1), True),
    ("c9", 112, 112, (1, 5), (1, 1), True),
)
CLASSES = len(READER_SYMBOLS) + 1


class NumeralNetwork(nn.Module):
    """(N, 1, 32, W) with 1 for ink → (N, W / 4, CLASSES) log probabilities."""

    def __init__(self) -> None:
        super().__init__()
        for name, channels, out, kernel, stride, _ in LAYERS:
            pad = (0 if kernel[0] == 4 else kernel[0] // 2, kernel[1] // 2)
            self.add_module(name, nn.Conv2d(channels, out, kernel, stride, pad, bias=False))
            self.add_module(name + "n", nn.BatchNorm2d(out))
        self.drop = nn.Dropout(0.1)
        self.head = nn.Conv2d(LAYERS[-1][2], CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the network."""
        for name, _, _, _, _, res in LAYERS:
            y = getattr(self, name + "n")(getattr(self, name)(x))
            x = torch.relu(x + y) if res else torch.relu(y)
        return torch.log_softmax(self.head(self.drop(x))[:, :, 0].transpose(1, 2).float(), dim=2)


def folded(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Weights and biases of plain convolutions, float32, from a state with batch normalisation."""
    result = {}
    for name, *_ in LAYERS:
        scale = state[f"{name}n.weight"] / torch.sqrt(state[f"{name}n.running_var"] + 1e-5)
        weight = state[f"{name}.weight"] * scale[:, None, None, None]
        bias = state[f"{name}n.bias"] - state[f"{name}n.running_mean"] * scale
        result[f"{name}.weight"], result[f"{name}.bias"] = weight.float().numpy(), bias.float().numpy()
    result["head.weight"], result["head.bias"] = state["head.weight"].numpy(), state["head.bias"].numpy()
    return result
