"""Writes the trained network of cell boundaries as an ONNX graph, batch normalisation folded into the convolutions."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from scripts.boundaries.network import OUTPUTS, BoundaryNetwork, Strips


class _Graph:
    """ONNX nodes and constants as they are added; each method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], **attributes: object) -> str:
        """Add a node with one result."""
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        """Add an array."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolution(self, x: str, layer: nn.Conv2d, norm: nn.BatchNorm2d | None = None) -> str:
        """Add a convolution with the normalisation that follows it."""
        weight = layer.weight.detach()
        bias = layer.bias.detach() if layer.bias is not None else torch.zeros(len(weight))
        if norm is not None:
            assert norm.running_var is not None and norm.running_mean is not None
            scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
            weight = weight * scale[:, None, None, None]
            bias = norm.bias.detach() + (bias - norm.running_mean) * scale
        pads = [int(p) for p in layer.padding] * 2
        names = [x, self.constant(weight.float().numpy()), self.constant(bias.float().numpy())]
        return self.node("Conv", names, kernel_shape=list(layer.kernel_size), pads=pads)

    def block(self, x: str, block: nn.Sequential) -> str:
        """Add convolution, normalisation and rectifier."""
        layer, norm = block[0], block[1]
        assert isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        return self.node("Relu", [self.convolution(x, layer, norm)])

    def strips(self, x: str, strips: Strips) -> str:
        """Add the pooling along rows and columns."""
        total = x
        for axis, branch in ((3, strips.level), (2, strips.upright)):
            mean = self.node("ReduceMean", [x], axes=[axis], keepdims=1)
            most = self.node("ReduceMax", [x], axes=[axis], keepdims=1)
            y = self.node("Concat", [mean, most], axis=1)
            first, second = branch[0], branch[2]
            assert isinstance(first, nn.Conv2d) and isinstance(second, nn.Conv2d)
            y = self.convolution(self.node("Relu", [self.convolution(y, first)]), second)
            total = self.node("Add", [total, y])
        return self.node("Relu", [total])


def graph_of(network: BoundaryNetwork) -> onnx.ModelProto:
    """The network with a sigmoid: ``ink`` (1, 1, H, W) float32 → ``boundaries`` (1, OUTPUTS, H / 2, W / 2)."""
    graph = _Graph()
    x = graph.block(graph.node("SpaceToDepth", ["ink"], blocksize=2), network.first)
    passed = []
    for down in network.down:
        passed.append(x)
        assert isinstance(down, nn.Sequential)
        x = graph.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        for part in list(down)[1:]:
            x = graph.strips(x, part) if isinstance(part, Strips) else graph.block(x, part)
    for narrow, up in zip(network.narrow, network.up, strict=True):
        assert isinstance(narrow, nn.Conv2d) and isinstance(up, nn.Sequential)
        scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
        wide = graph.node(
            "Resize",
            [graph.convolution(x, narrow), "", scales],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        x = graph.block(graph.node("Add", [passed.pop(), wide]), up)
    last = graph.node("Sigmoid", [graph.convolution(x, network.head)])
    graph.nodes.append(helper.make_node("Identity", [last], ["boundaries"]))
    made = helper.make_graph(
        graph.nodes,
        "boundaries",
        [helper.make_tensor_value_info("ink", TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info("boundaries", TensorProto.FLOAT, [1, OUTPUTS, "h2", "w2"])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="gikocr")
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write the ONNX file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("target", type=Path)
    a = parser.parse_args()
    network = BoundaryNetwork()
    network.load_state_dict(torch.load(a.weights))
    a.target.write_bytes(graph_of(network.eval()).SerializeToString())


if __name__ == "__main__":
    main()
