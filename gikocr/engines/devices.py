"""Where networks run: which device a name means, and whether what is installed can use it."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

from gikocr.errors import DependencyMissing, UsageError

CUDA_PROVIDER = "CUDAExecutionProvider"


def choose_device(name: str) -> str:
    """The device that ``cpu``, ``cuda``, ``cuda:N`` or ``auto`` means: ``cpu`` or ``cuda:N``.

    ``auto`` is the first GPU that ONNX Runtime or torch can use, else the CPU.

    Raises:
        UsageError: the name is of no device.
        DependencyMissing: a GPU is named, and nothing that is installed can use one.
    """
    if name == "cpu":
        return name
    if name == "auto":
        return "cuda:0" if onnx_has_cuda() or torch_has_cuda() else "cpu"
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if match is None:
        raise UsageError(f"There is no device {name!r}.", advice="Known: cpu, cuda:0, cuda:1, ..., auto.")
    if not (onnx_has_cuda() or torch_has_cuda()):
        raise DependencyMissing(
            f"Nothing that is installed can use {name}.",
            advice="Install onnxruntime-gpu (pip uninstall onnxruntime; pip install 'gikocr[gpu]') or torch with CUDA, and a driver.",
        )
    return f"cuda:{match[1] or 0}"


def onnx_has_cuda() -> bool:
    """Whether the installed ONNX Runtime was built with CUDA and finds a device. Loads it."""
    import onnxruntime

    return CUDA_PROVIDER in onnxruntime.get_available_providers() and onnxruntime.get_device() == "GPU"


def torch_has_cuda() -> bool:
    """Whether torch is installed and finds a GPU. Loads it where it is installed."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def onnx_session(content: bytes, *, threads: int = 1, device: str = "", arena: bool = False) -> Any:
    """An ONNX Runtime session for a graph.

    Args:
        content: the graph.
        threads: within one operator; operators run one after the other.
        device: ``cuda:N``, or anything else for the CPU.
        arena: keep the memory of a run for the next; worth it where runs are many and alike.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = arena
    return onnxruntime.InferenceSession(content, options, providers=onnx_providers(device))


def onnx_providers(device: str) -> list[object]:
    """Execution providers for a device, in the order in which ONNX Runtime tries them."""
    if not device.startswith("cuda") or not onnx_has_cuda():
        return ["CPUExecutionProvider"]
    return [(CUDA_PROVIDER, {"device_id": int(device.partition(":")[2] or 0)}), "CPUExecutionProvider"]
