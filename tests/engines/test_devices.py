from __future__ import annotations

import pytest

from gikocr.engines import devices
from gikocr.engines.devices import choose_device, onnx_has_cuda, onnx_providers
from gikocr.errors import DependencyMissing, UsageError


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What ONNX Runtime and torch say of GPUs."""
    said = {"onnx": False, "torch": False}
    monkeypatch.setattr(devices, "onnx_has_cuda", lambda: said["onnx"])
    monkeypatch.setattr(devices, "torch_has_cuda", lambda: said["torch"])
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


@pytest.mark.skipif(not onnx_has_cuda(), reason="ONNX Runtime finds no GPU")
def test_onnx_runtime_reads_on_a_gpu() -> None:
    import numpy as np

    from gikocr.engines.numerals import build_onnx

    picture = np.full((36, 60), 255, np.uint8)
    assert build_onnx(device="cuda:0").read([picture])[0].best.state == "blank"
