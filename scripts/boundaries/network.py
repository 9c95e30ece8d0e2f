"""The network of cell boundaries as it is trained: a U-Net whose deep levels also see means and maxima of whole rows and columns.

U-Net: Ronneberger et al. 2015. Pooling along whole rows and columns: Tensmeyer et al. 2019 (deep splitting of tables), Hou et al. 2020
(strip pooling). A boundary that is not printed shows only in the white that a whole row or column of cells has in common.
"""

from __future__ import annotations

import itertools

import torch
from torch import nn

WIDTHS = (16, 24, 36, 48, 64)
"""Channels at a half, a quarter, … of the resolution of the page."""
STRIPS_FROM = 2
"""The first level that pools along rows and columns."""
OUTPUTS = 3
"""Level boundary, upright boundary, inside of a table."""
MULTIPLE = 2 ** len(WIDTHS)
"""Sides of the input are multiples of this many pixels."""


def _block(inputs: int, outputs: int, kernel: int | tuple[int, int] = 3) -> nn.Sequential:
    pad = (kernel // 2, kernel // 2) if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=pad, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Strips(nn.Module):
    """Adds what is true of a whole row and of a whole column to each of their places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.level = nn.Sequential(
            nn.Conv2d(2 * channels, channels, (5, 1), padding=(2, 0)),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )
        self.upright = nn.Sequential(
            nn.Conv2d(2 * channels, channels, (1, 5), padding=(0, 2)),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → the same."""
        level = torch.cat([x.mean(3, keepdim=True), x.amax(3, keepdim=True)], 1)
        upright = torch.cat([x.mean(2, keepdim=True), x.amax(2, keepdim=True)], 1)
        return torch.relu(x + self.level(level) + self.upright(upright))


class BoundaryNetwork(nn.Module):
    """(N, 1, H, W) with 1 for ink and 0 for paper → logits (N, OUTPUTS, H / 2, W / 2); H and W multiples of MULTIPLE."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _block(4, WIDTHS[0])
        self.down = nn.ModuleList()
        for level, (before, width) in enumerate(itertools.pairwise(WIDTHS), 1):
            parts = [nn.MaxPool2d(2), _block(before, width), _block(width, width)]
            if level >= STRIPS_FROM:
                # Along a row and along a column further than a square kernel sees.
                parts += [_block(width, width, (1, 7)), _block(width, width, (7, 1)), Strips(width)]
            self.down.append(nn.Sequential(*parts))
        self.narrow, self.up = nn.ModuleList(), nn.ModuleList()
        for width, below in zip(WIDTHS[-2::-1], WIDTHS[:0:-1], strict=True):
            self.narrow.append(nn.Conv2d(below, width, 1))
            self.up.append(_block(width, width))
        self.head = nn.Conv2d(WIDTHS[0], OUTPUTS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the network."""
        x = self.first(nn.functional.pixel_unshuffle(x, 2))
        passed = []
        for down in self.down:
            passed.append(x)
            x = down(x)
        for narrow, up in zip(self.narrow, self.up, strict=True):
            x = up(passed.pop() + nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="nearest"))
        return self.head(x)
