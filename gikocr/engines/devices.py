"""Where networks run: which device a name means, and whether what is installed can use it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import re
from typing import Any

from gikocr.engines.manifest import model_bytes
from gikocr.errors import DependencyMissing, UsageError

CUDA_PROVIDER = "CUDAExecutionProvider"

_ADVICE = (
    "It takes a driver, and onnxruntime-gpu with its CUDA libraries or torch with CUDA: docs/deploy.md says how they are installed. "
    "--device cpu reads without."
)


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
    number = int(match[1] or 0)
    if not (onnx_has_cuda(number) or torch_has_cuda(number)):
        raise DependencyMissing(f"Nothing that is installed can use {name}.", advice=_ADVICE)
    return f"cuda:{number}"


def why_no_gpu() -> str:
    """Why ``auto`` is the CPU, for whoever asked for it: what is not built for a GPU, and what is and finds none."""
    parts = [
        "ONNX Runtime is built for CUDA and starts no session on a GPU"
        if _onnx_knows_cuda()
        else "ONNX Runtime is a build for the CPU"
    ]
    if importlib.util.find_spec("torch") is not None:
        parts.append("torch finds no GPU")
    return "; ".join(parts)


@functools.cache
def onnx_has_cuda(number: int = 0) -> bool:
    """Whether the installed ONNX Runtime runs a network on this GPU: tried once, by a session. Loads it.

    What it says of itself is of its build: one for GPUs names CUDA also where there is neither device nor driver, and then reads on the
    CPU without a word.
    """
    if not _onnx_knows_cuda():
        return False
    with contextlib.suppress(Exception):  # of a kind that depends on what is lacking: a library, the driver, the device
        session = _session(model_bytes("numerals"), _cuda_providers(number), disable_fallback=1)
        return CUDA_PROVIDER in session.get_providers()
    return False


def torch_has_cuda(number: int = 0) -> bool:
    """Whether torch is installed and finds this GPU. Loads it where it is installed."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available()) and number < int(torch.cuda.device_count())


def onnx_session(content: bytes, *, threads: int = 1, device: str = "", arena: bool = False) -> Any:
    """An ONNX Runtime session for a graph.

    Args:
        content: the graph.
        threads: within one operator; operators run one after the other.
        device: ``cuda:N``, or anything else for the CPU.
        arena: keep the memory of a run for the next; worth it where runs are many and alike.

    Raises:
        DependencyMissing: the GPU was found, and this session does not run on it.
    """
    providers = onnx_providers(device)
    session = _session(content, providers, threads=threads, arena=arena)
    if len(providers) > 1 and CUDA_PROVIDER not in session.get_providers():
        # ONNX Runtime falls back to the CPU by itself; a worker of a GPU would then read on one thread and never say so.
        raise DependencyMissing(f"ONNX Runtime does not run this network on {device}.", advice=_ADVICE)
    return session


def onnx_providers(device: str) -> list[object]:
    """Execution providers for a device, in the order in which ONNX Runtime tries them; its CPU where it cannot use the device."""
    if not device.startswith("cuda"):
        return ["CPUExecutionProvider"]
    number = int(device.partition(":")[2] or 0)
    return _cuda_providers(number) if onnx_has_cuda(number) else ["CPUExecutionProvider"]


def _cuda_providers(number: int) -> list[object]:
    return [(CUDA_PROVIDER, {"device_id": number}), "CPUExecutionProvider"]


def _onnx_knows_cuda() -> bool:
    import onnxruntime

    return CUDA_PROVIDER in onnxruntime.get_available_providers()


def _session(content: bytes, providers: list[object], *, threads: int = 1, arena: bool = False, **more: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = arena
    return onnxruntime.InferenceSession(content, options, providers=providers, **more)
