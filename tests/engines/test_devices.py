from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gikocr.engines import devices
from gikocr.engines.devices import choose_device, onnx_has_cuda, onnx_providers, onnx_session, why_no_gpu
from gikocr.errors import DependencyMissing, UsageError


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What ONNX Runtime and torch say of GPUs."""
    said = {"onnx": False, "torch": False}
    monkeypatch.setattr(devices, "onnx_has_cuda", lambda number=0: said["onnx"])
    monkeypatch.setattr(devices, "torch_has_cuda", lambda number=0: said["torch"])
    return said


@pytest.mark.parametrize(
    ("onnx", "torch", "device"), [(False, False, "cpu"), (True, False, "cuda:0"), (False, True, "cuda:0")]
)
def test_auto_takes_a_gpu_where_something_can_use_one(
    gpus: dict[str, bool], onnx: bool, torch: bool, device: str
) -> None:
    gpus.update(onnx=onnx, torch=torch)
    assert choose_device("auto") == device
    assert choose_device("cpu") == "cpu"


def test_a_gpu_that_nothing_can_use_is_refused(gpus: dict[str, bool]) -> None:
    with pytest.raises(DependencyMissing, match="cuda:1"):
        choose_device("cuda:1")
    gpus["torch"] = True
    assert choose_device("cuda:1") == "cuda:1"
    assert choose_device("cuda") == "cuda:0"


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:x", "CPU"])
def test_other_names_are_no_devices(gpus: dict[str, bool], name: str) -> None:
    with pytest.raises(UsageError):
        choose_device(name)


def test_providers_name_the_device_and_fall_back(gpus: dict[str, bool]) -> None:
    assert onnx_providers("cuda:1") == onnx_providers("cpu") == onnx_providers("") == ["CPUExecutionProvider"]
    gpus["onnx"] = True
    assert onnx_providers("cuda:1") == [("CUDAExecutionProvider", {"device_id": 1}), "CPUExecutionProvider"]
    assert onnx_providers("cpu") == ["CPUExecutionProvider"]


class Runtime:
    """An ONNX Runtime built for GPUs on a machine that has ``gpus`` of them."""

    def __init__(self, gpus: int, *, refuses: int = 0) -> None:
        self.gpus, self.refuses = gpus, refuses
        self.SessionOptions = type("SessionOptions", (), {})

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def get_device(self) -> str:
        return "GPU"  # so says every such build

    def InferenceSession(self, content: bytes, options: Any, *, providers: list[Any], disable_fallback: int = 0) -> Any:  # noqa: N802
        names = [p if isinstance(p, str) else p[0] for p in providers]
        number = next((p[1]["device_id"] for p in providers if not isinstance(p, str)), 0)
        if "CUDAExecutionProvider" in names and (number >= self.gpus or (self.refuses and not disable_fallback)):
            if disable_fallback and number % 2:
                raise RuntimeError("CUDA failure 101: invalid device ordinal")
            names = ["CPUExecutionProvider"]
        return type("Session", (), {"get_providers": lambda self: names})()


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Runtime], None]]:
    """Puts a runtime in the place of the real one."""

    def use(runtime: Runtime) -> None:
        monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
        onnx_has_cuda.cache_clear()

    monkeypatch.setattr(devices, "torch_has_cuda", lambda number=0: False)
    yield use
    onnx_has_cuda.cache_clear()


def test_a_build_for_gpus_without_a_gpu_is_no_gpu(runtime: Callable[[Runtime], None]) -> None:
    runtime(Runtime(0))
    assert choose_device("auto") == "cpu"
    assert "built for CUDA" in why_no_gpu()
    for name in ("cuda", "cuda:7"):
        with pytest.raises(DependencyMissing, match=name):
            choose_device(name)
    assert onnx_session(b"", device="cpu").get_providers() == ["CPUExecutionProvider"]


def test_only_gpus_that_are_there_are_taken(runtime: Callable[[Runtime], None]) -> None:
    runtime(Runtime(2))
    assert choose_device("auto") == "cuda:0"
    assert choose_device("cuda:1") == "cuda:1"
    assert "CUDAExecutionProvider" in onnx_session(b"", device="cuda:1").get_providers()
    for name in ("cuda:2", "cuda:7"):
        with pytest.raises(DependencyMissing, match=name):
            choose_device(name)


def test_a_session_that_falls_back_to_the_cpu_is_refused(runtime: Callable[[Runtime], None]) -> None:
    runtime(Runtime(1, refuses=1))
    assert choose_device("cuda:0") == "cuda:0"
    with pytest.raises(DependencyMissing, match="cuda:0"):
        onnx_session(b"", device="cuda:0")


@pytest.mark.skipif(not onnx_has_cuda(), reason="ONNX Runtime finds no GPU")
def test_onnx_runtime_reads_on_a_gpu() -> None:
    import numpy as np

    from gikocr.engines.manifest import model_bytes
    from gikocr.engines.numerals import build_onnx

    assert "CUDAExecutionProvider" in onnx_session(model_bytes("numerals"), device="cuda:0").get_providers()
    picture = np.full((36, 60), 255, np.uint8)
    assert build_onnx(device="cuda:0").read([picture])[0].best.state == "blank"
