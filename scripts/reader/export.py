"""Writes the trained weights as an ONNX graph, from the folded .npz, so that both engines run the same numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from scripts.reader.network import CLASSES, LAYERS


def graph_of(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The network with its softmax: ``windows`` (N, 1, 32, W) float32 → ``probabilities`` (N, W / 4, CLASSES)."""
    nodes, last = [], "windows"
    for name, _, _, kernel, stride, res in LAYERS:
        down = 0 if kernel[0] == 4 else kernel[0] // 2
        pads = [down, kernel[1] // 2, down, kernel[1] // 2]
        nodes.append(
            helper.make_node(
                "Conv",
                [last, f"{name}.weight", f"{name}.bias"],
                [name],
                kernel_shape=list(kernel),
                strides=list(stride),
                pads=pads,
            )
        )
        total = name
        if res:
            nodes.append(helper.make_node("Add", [last, name], [name + "s"]))
            total = name + "s"
        nodes.append(helper.make_node("Relu", [total], [name + "r"]))
        last = name + "r"
    nodes += [
        helper.make_node("Conv", [last, "head.weight", "head.bias"], ["head"], kernel_shape=[1, 1]),
        helper.make_node("Squeeze", ["head", "axes"], ["frames"]),
        helper.make_node("Transpose", ["frames"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("Softmax", ["turned"], ["probabilities"], axis=2),
    ]
    constants = [numpy_helper.from_array(np.ascontiguousarray(w, np.float32), k) for k, w in weights.items()]
    constants.append(numpy_helper.from_array(np.array([2], np.int64), "axes"))
    graph = helper.make_graph(
        nodes,
        "numerals",
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["n", 1, 32, "w"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", "t", CLASSES])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="gikocr")
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write the ONNX file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("target", type=Path)
    a = parser.parse_args()
    with np.load(a.weights) as stored:
        a.target.write_bytes(graph_of(dict(stored)).SerializeToString())


if __name__ == "__main__":
    main()
