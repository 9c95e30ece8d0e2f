"""The packaged PP-OCRv6 recognisers straight on ONNX Runtime, for lines and for cells.

The library around the weights reports a mean of frame maxima; here cells get forward probabilities of whole strings instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from gikocr.elements import Candidate, CellCut, CellReading, LineText
from gikocr.engines.devices import onnx_session
from gikocr.engines.manifest import model_bytes
from gikocr.ocr.ctc import forward, n_best
from gikocr.ocr.numerals import ALIASES, SYMBOLS, plausible, state_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gikocr.elements import Image

HEIGHT = 48
STRIDE = 8
LINE_WIDTHS = (48, 96, 144, 192, 256, 320, 416, 512, 640, 800, 1024, 1280)
"""Crops are padded to the next of these, so that few shapes occur and a batch wastes little."""
BATCH = 24
"""Most crops that go through the network together."""
ROOM, ROOM_ON_CPU = BATCH * 320, 4 * 320
"""Most columns of pixels of such crops. What goes through a CPU at once should stay in its caches: 24 crops of 320 columns cost a fifth
more CPU time than four at a time do."""
SURE = 0.9995
"""A greedy string at least this probable has no rivals worth a search."""
CANDIDATES = 5
LEAST_PROBABILITY = 1e-9


class PPOCRRecogniser:
    """A recogniser of PP-OCRv6 as a line reader. One session, one thread; not for use from several threads at once."""

    def __init__(self, name: str, session: Any, characters: Sequence[str], room: int = ROOM_ON_CPU) -> None:
        """Take its name, a session of the network, its characters, and how many columns of pixels go through it at once."""
        self.name = name
        self._session = session
        self._room = room
        self._input = session.get_inputs()[0].name
        self._characters = ("", *characters, " ")

    @property
    def characters(self) -> tuple[str, ...]:
        """The character of each class; class 0 is the CTC blank."""
        return self._characters

    def read(self, crops: Sequence[Image]) -> list[LineText]:
        """Read grey crops (H, W) uint8 of one printed line each. ``score`` is the mean of the characters' frame maxima."""
        results: list[LineText] = [LineText("", 0.0)] * len(crops)
        for indices, output in self.outputs(crops):
            best = output.argmax(2)
            top = output.max(2)
            for k, i in enumerate(indices):
                results[i] = self._greedy(best[k], top[k])
        return results

    def outputs(self, crops: Sequence[Image]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Run the network over all crops, alike widths together; yields indices and (n, T, classes) probabilities."""
        widths = [padded_width(crop) for crop in crops]
        order = sorted(range(len(crops)), key=lambda i: widths[i])
        start = 0
        while start < len(order):
            width = widths[order[start]]
            size = batch_room(width, self._room)
            batch = [i for i in order[start : start + size] if widths[i] == width]
            start += len(batch)
            blob = np.stack([_blob(crops[i], width) for i in batch])
            yield batch, self._session.run(None, {self._input: blob})[0]

    def _greedy(self, best: NDArray[np.int64], top: NDArray[np.float32]) -> LineText:
        text, scores, last = [], [], 0
        for symbol, probability in zip(best.tolist(), top.tolist(), strict=True):
            if symbol not in (0, last):
                text.append(self._characters[symbol])
                scores.append(probability)
            last = symbol
        return LineText("".join(text).strip(), float(np.mean(scores)) if scores else 0.0)


class PPOCRNumerals:
    """The same network as a cell reader: the probabilities of all glyphs that can stand for a symbol are added up."""

    name = "ppocr_v6_small_numerals"
    crop: CellCut = "print"

    def __init__(self, recogniser: PPOCRRecogniser) -> None:
        self._recogniser = recogniser
        places = {character: i for i, character in enumerate(recogniser.characters)}
        self._columns = [[places[a] for a in ALIASES[s] if a in places] for s in SYMBOLS]

    def read(self, crops: Sequence[Image]) -> list[CellReading]:
        """Read crops (H, W) uint8 tight around the ink of one cell each."""
        results: list[CellReading] = [CellReading((), self.name)] * len(crops)
        for indices, output in self._recogniser.outputs(crops):
            folded = self._fold(output)
            for k, i in enumerate(indices):
                results[i] = CellReading(candidates(folded[k]), self.name)
        return results

    def score(self, crop: Image, strings: Sequence[str]) -> list[float]:
        """Natural log forward probability of each string; -inf for strings outside the alphabet."""
        [(_, output)] = list(self._recogniser.outputs([crop]))
        folded = self._fold(output)[0]
        scores = []
        for string in strings:
            if any(c not in SYMBOLS for c in string):
                scores.append(-math.inf)
                continue
            p = forward(folded, tuple(SYMBOLS.index(c) + 1 for c in string))
            scores.append(math.log(max(p, 1e-300)))
        return scores

    def _fold(self, output: NDArray[np.float32]) -> NDArray[np.float64]:
        folded = np.empty((*output.shape[:2], len(SYMBOLS) + 1))
        folded[:, :, 0] = output[:, :, 0]
        for i, columns in enumerate(self._columns):
            folded[:, :, i + 1] = output[:, :, columns].sum(2)
        return folded


def candidates(folded: NDArray[np.float64]) -> tuple[Candidate, ...]:
    """N-best plausible cell texts with log probabilities, most probable first.

    The probabilities are of the network as it stands: mass on glyphs outside the alphabet and on implausible strings is left
    out, so they sum to at most 1 and a crop that shows no number has low ones throughout.

    Args:
        folded: (T, 1 + len(SYMBOLS)), blank first.
    """
    best, top = folded.argmax(1), folded.max(1)
    if float(top.prod()) >= SURE:
        symbols = [int(s) for t, s in enumerate(best) if s != 0 and (t == 0 or best[t - 1] != s)]
        ranked = [(tuple(symbols), float(top.prod()))]
    else:
        ranked = n_best(folded, CANDIDATES * 3)
    merged: dict[str, float] = {}
    for symbols_found, probability in ranked:
        # No number begins or ends with a point: what looks like one there is dirt.
        printed = "".join(SYMBOLS[s - 1] for s in symbols_found).strip(".,")
        if set(printed) == {"0"}:
            printed = "0"
        if printed and plausible(printed):
            merged[printed] = merged.get(printed, 0.0) + probability
    found = [
        Candidate(printed, state_of(printed), math.log(min(1.0, probability)))
        for printed, probability in merged.items()
        if probability >= LEAST_PROBABILITY
    ]
    return tuple(sorted(found, key=lambda c: -c.log_probability)[:CANDIDATES])


def build_recogniser(name: str = "ppocr_v6_small", *, threads: int = 1, device: str = "") -> PPOCRRecogniser:
    """Load the packaged weights of ``ppocr_v6_small`` or ``ppocr_v6_tiny``; ``device``: ``cuda:N``, or anything else for the CPU.

    Raises:
        ModelMissing: they are absent or not the pinned ones.
    """
    session = onnx_session(model_bytes(f"{name}_rec"), threads=threads, device=device)
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return PPOCRRecogniser(name, session, characters, ROOM if device.startswith("cuda") else ROOM_ON_CPU)


def batch_room(width: int, room: int = ROOM) -> int:
    """How many crops of a padded width go through the network together; ``room`` in columns of pixels."""
    return max(1, min(BATCH, room // width))


def padded_width(crop: Image) -> int:
    """The width in :data:`LINE_WIDTHS` that a crop gets at :data:`HEIGHT`."""
    width = max(1, round(crop.shape[1] * HEIGHT / crop.shape[0]))
    for step in LINE_WIDTHS:
        if width <= step:
            return step
    return LINE_WIDTHS[-1]


def _blob(crop: Image, width: int) -> NDArray[np.float32]:
    """(3, 48, width) in [-1, 1]; the crop stands in the middle of white."""
    scaled = max(1, min(width, round(crop.shape[1] * HEIGHT / crop.shape[0])))
    method = cv2.INTER_AREA if crop.shape[0] > HEIGHT else cv2.INTER_LINEAR
    resized = cv2.resize(crop, (scaled, HEIGHT), interpolation=method)
    canvas = np.full((HEIGHT, width), 255, np.uint8)
    left = (width - scaled) // 2
    canvas[:, left : left + scaled] = resized
    plane = canvas.astype(np.float32) / 127.5 - 1.0
    return np.broadcast_to(plane, (3, HEIGHT, width))
