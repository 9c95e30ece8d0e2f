"""Trains the numeral network on the crops of a folder, for a given time, with weights averaged along the way."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from gikocr.ocr.blobs import HEIGHT, blob, padded_width, to_height
from gikocr.ocr.decoding import greedy_strings, symbols_of
from scripts.averaging import fold_in
from scripts.reader.crops import Crop, read_shard
from scripts.reader.network import NumeralNetwork, folded

BATCH = 128
RATE = 3e-3
AVERAGED = 0.998
"""Decay of the running average of the weights, per step."""


def altered(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A window at the network's height, shifted, scaled, paled, blurred or noised a little, as another scan would show it."""
    h, w = picture.shape
    if rng.random() < 0.6:
        top, bottom, left, right = (int(v) for v in rng.integers(-2, 3, 4))
        picture = cv2.copyMakeBorder(
            picture[max(0, -top) : h - max(0, -bottom), max(0, -left) : w - max(0, -right)],
            max(0, top),
            max(0, bottom),
            max(0, left),
            max(0, right),
            cv2.BORDER_CONSTANT,
            value=(255.0,),
        )
    picture = to_height(picture)
    if rng.random() < 0.3:
        width = max(8, round(picture.shape[1] * math.exp(rng.normal(0, 0.08))))
        picture = cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
    grey: np.ndarray = picture.astype(np.float32)
    if rng.random() < 0.5:
        grey = 255 - (255 - grey) * float(rng.uniform(0.65, 1.2))
    if rng.random() < 0.2:
        grey = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.15:
        # Print is eaten away or smudged along its edges, as it is when copies are copied.
        field = cv2.GaussianBlur(rng.normal(0, 1, grey.shape).astype(np.float32), (0, 0), 1.5) * 90
        grey = 255 / (1 + np.exp(-(cv2.GaussianBlur(grey, (0, 0), 0.8) + field - 128) / 22))
    if rng.random() < 0.3:
        grey = grey + rng.normal(0, float(rng.uniform(1, 9)), grey.shape)
    if rng.random() < 0.04:
        for _ in range(int(rng.integers(1, 6))):
            y, x = int(rng.integers(0, HEIGHT)), int(rng.integers(0, grey.shape[1]))
            grey[y : y + int(rng.integers(1, 3)), x : x + int(rng.integers(1, 3))] = float(rng.uniform(0, 140))
    return np.clip(grey, 0, 255).astype(np.uint8)


def batches(rng: np.random.Generator, crops: list[Crop]) -> Iterator[tuple[torch.Tensor, list[tuple[int, ...]]]]:
    """One pass over the crops in batches of like width."""
    order = rng.permutation(len(crops))
    pools: dict[int, list[tuple[np.ndarray, tuple[int, ...]]]] = {}
    for i in order.tolist():
        target = symbols_of(crops[i].text)
        assert target is not None
        picture = altered(rng, crops[i].picture)
        width = padded_width(picture)
        if width // 4 < 2 * len(target) + 1 or width > 320:
            continue
        pool = pools.setdefault(width, [])
        pool.append((picture, target))
        if len(pool) == min(BATCH, 128 * 64 // width * 2):
            yield torch.from_numpy(blob([p for p, _ in pool], width)), [t for _, t in pool]
            pools[width] = []


def loss_of(network: NumeralNetwork, blobs: torch.Tensor, targets: list[tuple[int, ...]]) -> torch.Tensor:
    """CTC loss per crop."""
    with torch.autocast("cpu", torch.bfloat16):
        output = network(blobs)
    output = output.float().transpose(0, 1)
    lengths = torch.tensor([len(t) for t in targets])
    flat = torch.tensor([s for t in targets for s in t], dtype=torch.long)
    frames = torch.full((len(targets),), output.shape[0], dtype=torch.long)
    total = torch.nn.functional.ctc_loss(output, flat, frames, lengths, reduction="sum", zero_infinity=True)
    return total / len(targets)


def wrong_per_thousand(network: NumeralNetwork, crops: list[Crop]) -> float:
    """Greedy strings that are wrong, per 1,000."""
    network.eval()
    by_width: dict[int, list[Crop]] = {}
    for crop in crops:
        by_width.setdefault(padded_width(crop.picture), []).append(crop)
    wrong = 0
    with torch.inference_mode():
        for width, group in by_width.items():
            for k in range(0, len(group), 256):
                part = group[k : k + 256]
                out = network(torch.from_numpy(blob([c.picture for c in part], width))).exp().numpy()
                strings = greedy_strings(out)
                wrong += sum(s != symbols_of(c.text) for s, c in zip(strings, part, strict=True))
    network.train()
    return 1000 * wrong / max(1, len(crops))


def train(folder: Path, minutes: float, seed: int, target: Path, threads: int, start: Path | None) -> None:
    """Train for some minutes of wall time and write the averaged weights, batch normalisation folded, as .npz."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    network = NumeralNetwork()
    if start is not None:
        network.load_state_dict(torch.load(start))
    network.to(memory_format=torch.channels_last)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    watched = [c for p in sorted(folder.glob("watched-*[0-9].npz")) for c in read_shard(p)]
    crops: list[Crop] = []
    known: set[Path] = set()
    began, step, said = time.time(), 0, 0.0
    while (share := (time.time() - began) / (60 * minutes)) < 1:
        for path in sorted(set(folder.glob("crops-*[0-9].npz")) - known):
            known.add(path)
            crops += read_shard(path)
        for blobs, targets in batches(rng, crops):
            share = (time.time() - began) / (60 * minutes)
            if share >= 1:
                break
            half = max(0.0, 2 * share - 1)
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * half))
            loss = loss_of(network, blobs.to(memory_format=torch.channels_last), targets)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            step += 1
            fold_in(average, network.state_dict(), step, AVERAGED)
            if time.time() - said > 120:
                said = time.time()
                other = NumeralNetwork()
                other.load_state_dict(average)
                print(
                    f"{said - began:6.0f} s step {step} crops {len(crops)} loss {float(loss.detach()):.4f} "
                    f"watched {wrong_per_thousand(other, watched[::4]):.2f}",
                    flush=True,
                )
    torch.save(average, target.with_suffix(".pt"))
    np.savez(target, allow_pickle=False, **folded(average))
    other = NumeralNetwork()
    other.load_state_dict(average)
    print(f"{step} steps, {len(crops)} crops, watched: {wrong_per_thousand(other, watched):.2f} wrong per 1,000")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crops", type=Path, default=Path("build/reader-crops"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, default=None, help="weights (.pt) to go on from")
    parser.add_argument("--out", type=Path, default=Path("build/numerals.npz"))
    a = parser.parse_args()
    train(a.crops, a.minutes, a.seed, a.out, a.threads, a.start)
