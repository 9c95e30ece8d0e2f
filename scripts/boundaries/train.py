"""Trains the network of cell boundaries on the pages of a folder, for a given time, with weights averaged along the way."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from scripts.averaging import fold_in
from scripts.boundaries.network import MULTIPLE, BoundaryNetwork
from scripts.boundaries.samples import Sample, read_samples, targets

RATE = 3e-3
AVERAGED = 0.995
"""Decay of the running average of the weights, per step."""
CROP = (640, 864)
"""Height and width of what is shown at a time, in pixels: a page's width, so that columns and rows are seen whole."""
BATCH = 2
WEIGHT = 4.0
"""How much more a pixel of a boundary counts than one beside it."""


def shown(rng: np.random.Generator, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """A part of a page, scaled, turned a little, paled and noised: ink (h, w) float32 in [0, 1] and targets (3, h / 2, w / 2)."""
    h, w = CROP
    zoom = math.exp(rng.uniform(-0.22, 0.16)) * np.exp(rng.uniform(-0.05, 0.05, 2))
    angle = math.radians(float(rng.normal(0, 0.15)))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * zoom
    if len(sample.cells) and rng.random() < 0.8:
        centre = sample.cells.reshape(-1, 2)[int(rng.integers(len(sample.cells) * 4))]
    else:
        centre = rng.uniform(0, 1, 2) * sample.gray.shape[::-1]
    shift = np.array([w, h]) * rng.uniform(0.35, 0.65, 2) - turn @ centre
    wide = np.abs(turn @ np.array([sample.gray.shape[1], 0.0]))[0]
    if wide < w * 1.15:
        # The whole width of a page that has room.
        shift[0] = (w - wide) / 2 * rng.uniform(0.2, 1.8)
    matrix = np.c_[turn, shift]
    gray = cv2.warpAffine(sample.gray, matrix, (w, h), flags=cv2.INTER_LINEAR, borderValue=(255.0,))
    cells = sample.cells @ turn.T.astype(np.float32) + shift.astype(np.float32)
    ink: np.ndarray = (255 - gray.astype(np.float32)) / 255
    if rng.random() < 0.4:
        ink = ink * float(rng.uniform(0.5, 1.3))
    if rng.random() < 0.2:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.3:
        ink = ink + rng.normal(0, float(rng.uniform(0.005, 0.05)), ink.shape).astype(np.float32)
    return np.clip(ink, 0, 1).astype(np.float32), targets(cells, CROP)


def loss_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross entropy weighed by pixel, and the Dice loss of each kind of boundary."""
    weight = 1 + (WEIGHT - 1) * wanted
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, weight)
    found = torch.sigmoid(logits[:, :2])
    both = (found * wanted[:, :2]).sum((0, 2, 3))
    dice = 1 - (2 * both + 1) / ((found**2).sum((0, 2, 3)) + (wanted[:, :2] ** 2).sum((0, 2, 3)) + 1)
    return entropy + 0.25 * dice.mean()


def scores(network: BoundaryNetwork, samples: list[Sample]) -> tuple[float, ...]:
    """Precision and recall of level and of upright boundaries on whole pages, a pixel of the output of slack on each side."""
    network.eval()
    near = np.ones((3, 3), np.uint8)
    counts = np.zeros((2, 4))
    with torch.inference_mode():
        for sample in samples:
            h, w = (math.ceil(s / MULTIPLE) * MULTIPLE for s in sample.gray.shape)
            ink = np.zeros((h, w), np.float32)
            ink[: sample.gray.shape[0], : sample.gray.shape[1]] = (255 - sample.gray.astype(np.float32)) / 255
            out = torch.sigmoid(network(torch.from_numpy(ink)[None, None]))[0].float().numpy()
            wanted = targets(sample.cells, (h, w))
            for k in range(2):
                found, truth = (out[k] > 0.5).astype(np.uint8), (wanted[k] > 127).astype(np.uint8)
                counts[k] += (
                    (found & cv2.dilate(truth, near)).sum(),
                    found.sum(),
                    (truth & cv2.dilate(found, near)).sum(),
                    truth.sum(),
                )
    network.train()
    return tuple(float(v) for c in counts for v in (c[0] / max(1, c[1]), c[2] / max(1, c[3])))


def train(
    folder: Path, minutes: float, seed: int, target: Path, threads: int, start: Path | None = None, rate: float = RATE
) -> None:
    """Train for some minutes of wall time and write the averaged weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    network = BoundaryNetwork()
    if start is not None:
        network.load_state_dict(torch.load(start))
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    network.to(memory_format=torch.channels_last)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    watched = [s for p in sorted(folder.glob("calibration-*[0-9].npz")) for s in read_samples(p)]
    pages: list[Sample] = []
    known: set[Path] = set()
    began, step, said, lost = time.time(), 0, time.time(), []
    while (share := (time.time() - began) / (60 * minutes)) < 1:
        for path in sorted(set(folder.glob("dev-*[0-9].npz")) - known):
            known.add(path)
            pages += read_samples(path)
        order = rng.permutation(len(pages))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            share = (time.time() - began) / (60 * minutes)
            if share >= 1:
                break
            drawn = [shown(rng, pages[i]) for i in order[at : at + BATCH]]
            inks = torch.from_numpy(np.stack([d[0] for d in drawn])[:, None]).to(memory_format=torch.channels_last)
            wanted = torch.from_numpy(np.stack([d[1] for d in drawn]).astype(np.float32) / 255)
            half = max(0.0, (share - 0.4) / 0.6)
            for group in optimiser.param_groups:
                group["lr"] = rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * half))
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(inks)
            loss = loss_of(logits.float(), wanted)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            step += 1
            lost.append(float(loss.detach()))
            fold_in(average, network.state_dict(), step, AVERAGED)
            if time.time() - said > 120:
                said = time.time()
                other = BoundaryNetwork()
                other.load_state_dict(average)
                torch.save(average, target)
                found = " ".join(f"{v:.3f}" for v in scores(other, watched[:: max(1, len(watched) // 8)]))
                print(
                    f"{said - began:5.0f} s step {step} pages {len(pages)} loss {np.mean(lost[-50:]):.4f} {found}",
                    flush=True,
                )
    torch.save(average, target)
    other = BoundaryNetwork()
    other.load_state_dict(average)
    found = " ".join(f"{v:.4f}" for v in scores(other, watched))
    print(
        f"{step} steps, {len(pages)} pages; precision and recall, level and upright, of {len(watched)} watched pages: {found}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/boundary-pages"))
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, default=None, help="weights (.pt) to go on from")
    parser.add_argument("--rate", type=float, default=RATE, help="of learning, at first")
    parser.add_argument("--out", type=Path, default=Path("build/boundaries.pt"))
    a = parser.parse_args()
    train(a.folder, a.minutes, a.seed, a.out, a.threads, a.start, a.rate)
