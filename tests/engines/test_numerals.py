"""The packaged numeral network: what it reads on plain print, its scores, and the same weights on torch."""

from __future__ import annotations

import importlib.util
import io
import math

import cv2
import numpy as np
import pytest

from gikocr.engines.manifest import model_bytes
from gikocr.engines.numerals import NumeralReader, build_onnx

TOLERANCE = 1e-4
"""Greatest difference between the two engines, of a natural log probability."""


@pytest.fixture(scope="module")
def reader() -> NumeralReader:
    return build_onnx()


def window(text: str, ink: int = 30, noise: float = 0.0) -> np.ndarray:
    """A window as the program cuts it: print about 22 pixels high with a third of that around it."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    picture = np.full((36, width + 16), 255, np.uint8)
    cv2.putText(picture, text, (8, 18 + height // 2), cv2.FONT_HERSHEY_DUPLEX, 1.0, (ink,), 2, cv2.LINE_AA)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.6)
    grain = np.random.default_rng(3).normal(0, noise, picture.shape) if noise else 0.0
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("ink", [20, 130])
def test_plain_print_is_read(reader: NumeralReader, ink: int) -> None:
    texts = ["0", "7", "12", "3456", "908172", "45.07", "-6"]
    read = reader.read([window(t, ink, 3.0) for t in texts])
    assert [r.best.printed for r in read] == texts
    assert {r.reader for r in read} == {"numerals"}


def test_paper_with_a_few_specks_is_blank(reader: NumeralReader) -> None:
    picture = np.full((36, 60), 255, np.uint8)
    picture[20:22, 30:32] = 120
    [read] = reader.read([picture])
    assert (read.best.printed, read.best.state) == ("", "blank")


def test_answers_come_in_the_order_of_the_crops_whatever_their_widths(reader: NumeralReader) -> None:
    texts = ["1234567", "5", "88", "6", "7654321", "93"]
    pictures = [window(t) for t in texts]
    together = reader.read(pictures)
    alone = [reader.read([p])[0] for p in pictures]
    assert [r.best.printed for r in together] == [r.best.printed for r in alone] == texts


def test_scores_are_the_probabilities_of_the_candidates(reader: NumeralReader) -> None:
    picture = window("45", 110, 12.0)
    [read] = reader.read([picture])
    scores = reader.score(picture, [c.printed for c in read.candidates])
    assert scores == pytest.approx([c.log_probability for c in read.candidates], abs=1e-3)


def test_a_wrong_string_scores_lower_and_a_foreign_one_cannot_be(reader: NumeralReader) -> None:
    right, wrong, foreign = reader.score(window("456"), ["456", "457", "见附件"])
    assert right > -0.2
    assert wrong < right - 3
    assert foreign == -math.inf


def test_no_crops_are_no_work(reader: NumeralReader) -> None:
    assert reader.read([]) == []


def test_both_files_hold_the_same_weights() -> None:
    graph = model_bytes("numerals")
    with np.load(io.BytesIO(model_bytes("numerals_weights"))) as stored:
        assert len(stored.files) > 10
        assert not [n for n in stored.files if np.ascontiguousarray(stored[n], np.float32).tobytes() not in graph]


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (extra `train`)")
def test_torch_runs_the_same_weights(reader: NumeralReader) -> None:
    from gikocr.engines.numerals_torch import build_torch

    other = build_torch()
    for text in ("0", "17", "40.52", "1234567", "-"):
        picture = window(text, 90, 8.0)
        strings = [text, "8", "", "1"]
        assert other.score(picture, strings) == pytest.approx(reader.score(picture, strings), abs=TOLERANCE)
        assert other.read([picture])[0].best.printed == reader.read([picture])[0].best.printed


def _has_gpu() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (extra `train`)")
def test_half_precision_stays_within_its_tolerance() -> None:
    from gikocr.engines.numerals_torch import HALF_TOLERANCE, TorchNetwork, greatest_difference, torch_weights

    weights = torch_weights()
    single, half = TorchNetwork(weights, "cpu"), TorchNetwork(weights, "cpu", half=True)
    assert 0 < greatest_difference(single, half) <= HALF_TOLERANCE
    spoilt = TorchNetwork(weights | {"head.bias": weights["head.bias"] + np.arange(22, dtype=np.float32)}, "cpu")
    assert greatest_difference(single, spoilt) > HALF_TOLERANCE


class _Network:
    """A network on a device that is not there; in half precision it gives what single precision of the same device gives."""

    on_gpu = True
    off = 0.5

    def __init__(self, weights: object, device: str = "", *, half: bool = False) -> None:
        self.device, self.half = device, half

    def __call__(self, blob: np.ndarray) -> np.ndarray:
        return np.full((len(blob), 8, 22), 0.5 if self.device == "cpu" else self.off, np.float32)


@pytest.mark.parametrize(("off", "half"), [(0.5, True), (0.505, True), (0.6, False)])
def test_half_precision_is_compared_with_the_cpu(monkeypatch: pytest.MonkeyPatch, off: float, half: bool) -> None:
    """A GPU whose half and single precision agree may still read otherwise than the CPU, which confidences were fitted on."""
    from gikocr.engines import numerals_torch

    monkeypatch.setattr(numerals_torch, "TorchNetwork", _Network)
    monkeypatch.setattr(_Network, "off", off)
    network = numerals_torch.build_torch("cuda:0").network
    assert isinstance(network, _Network)
    assert network.half is half


@pytest.mark.skipif(not _has_gpu(), reason="there is no GPU that torch can use")
def test_a_gpu_reads_what_the_cpu_reads(reader: NumeralReader) -> None:
    from gikocr.engines.numerals_torch import build_torch

    texts = ["0", "17", "40.52", "1234567", "-"]
    on_gpu = build_torch("cuda:0").read([window(t, 90, 8.0) for t in texts])
    assert [r.best.printed for r in on_gpu] == [
        r.best.printed for r in reader.read([window(t, 90, 8.0) for t in texts])
    ]
