"""What ``gikocr doctor`` looks at."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from gikocr import __version__
from gikocr.errors import ModelMissing

#: The one version at which all OpenCV packages are pinned, as ``cv2.__version__`` says it and as packages do.
CV2_VERSION = "4.10.0"
OPENCV_RELEASE = "4.10.0.84"
OPENCV_PACKAGES = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")

_EXTRA = "gikocr["

#: Memory that one reading process needs, in GiB: the models and a page of the largest size that is let in.
MEMORY_FOR_ONE = 1.0

_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)\s*==\s*(?P<version>[^;\s]+)\s*(?:;\s*extra\s*==\s*['\"](?P<extra>\w+)['\"])?$"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``missing`` means that gikocr will not work, or not as it was tested."""

    verdict: Literal["ok", "note", "missing"]
    subject: str
    text: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything; takes a second or two, as OpenCV is imported and the models are hashed."""
    return [*_python(), *_packages(), *_opencv(), *_models(), *_programs(), *_machine()]


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 13):
        yield Finding("ok", "Python", version)
    else:
        yield Finding(
            "missing", "Python", f"{version}, gikocr needs 3.11 or 3.12", "Make a virtual environment with python3.11."
        )


def _packages() -> Iterator[Finding]:
    """The packages that gikocr pins, as its own metadata names them."""
    try:
        requirements = metadata.requires("gikocr") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "missing", "gikocr", f"{__version__}, not installed as a package", "pip install -e . in the checkout."
        )
        return
    yield Finding("ok", "gikocr", __version__)
    for requirement in requirements:
        pin = _PIN.match(requirement)
        if pin is None or pin["extra"] in ("dev", "docs"):
            continue
        name, wanted, extra = pin["name"], pin["version"], pin["extra"]
        found = _version(name)
        command = f"pip install {name}=={wanted}"
        if found == wanted:
            yield Finding("ok", name, wanted)
        elif found is None and extra:
            yield Finding(
                "note", name, f"not installed; only needed for the extra {extra!r}", f"pip install 'gikocr[{extra}]'"
            )
        elif found is None:
            yield Finding("missing", name, "not installed", command)
        else:
            verdict: Literal["note", "missing"] = "note" if extra else "missing"
            yield Finding(verdict, name, f"{found}, pinned is {wanted}", command)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _opencv() -> Iterator[Finding]:
    """The OpenCV packages share the folder ``cv2``: the one installed last is the one that is imported."""
    mend = f"pip install --force-reinstall --no-deps opencv-contrib-python-headless=={OPENCV_RELEASE}"
    for name in OPENCV_PACKAGES:
        found = _version(name)
        if found not in (None, OPENCV_RELEASE):
            yield Finding(
                "missing",
                name,
                f"{found}, all OpenCV packages must be {OPENCV_RELEASE}",
                f"pip install {name}=={OPENCV_RELEASE}; {mend}",
            )
    try:
        import cv2
    except ImportError as error:
        yield Finding("missing", "cv2", f"cannot be imported: {error}", mend)
        return
    if cv2.__version__ == CV2_VERSION:
        yield Finding("ok", "cv2", f"{cv2.__version__} from {_opencv_owner(Path(cv2.__file__).parent)}")
    else:
        yield Finding("missing", "cv2", f"{cv2.__version__}, gikocr is tested with {CV2_VERSION}", mend)


def _opencv_owner(folder: Path) -> str:
    """Which package's binary lies in ``cv2``: the binary names the folder of the libraries that came with it."""
    for binary in folder.glob("cv2*.so"):
        content = binary.read_bytes()
        for name in sorted(OPENCV_PACKAGES, key=len, reverse=True):
            if f"{name.replace('-', '_')}.libs".encode() in content:
                return name
    return "an unknown package"


def _models() -> Iterator[Finding]:
    from gikocr.engines.manifest import load_manifest, model_bytes

    try:
        models = load_manifest()
    except ModelMissing as error:
        yield Finding("missing", "models", error.message, error.advice)
        return
    for name, model in sorted(models.items()):
        try:
            content = model_bytes(name)
        except ModelMissing as error:
            # What comes with an extra is needed only by whoever chooses the engine that uses it.
            verdict: Literal["note", "missing"] = "note" if _EXTRA in model.install else "missing"
            yield Finding(verdict, f"model {name}", error.message, error.advice)
        else:
            yield Finding("ok", f"model {name}", f"{len(content) / 1e6:.1f} MB, SHA-256 as pinned")


def _programs() -> Iterator[Finding]:
    for purpose, names in (
        ("making sample documents from HTML", ("chromium", "chromium-browser", "google-chrome")),
        ("making sample documents from DOCX", ("soffice", "libreoffice")),
    ):
        found = next((path for path in map(shutil.which, names) if path), None)
        if found:
            yield Finding("ok", names[0], f"{found}, optional, for {purpose}")
        else:
            yield Finding("note", names[0], f"not there; optional, only for {purpose}")


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    memory = _memory()
    text = f"{cores} cores" + ("" if memory is None else f", {memory:.1f} GiB of memory free")
    if memory is not None and memory < MEMORY_FOR_ONE:
        yield Finding("note", "machine", text, f"One process needs about {MEMORY_FOR_ONE:g} GiB; use --workers 1.")
    else:
        yield Finding("ok", "machine", text)


def _memory() -> float | None:
    """Memory that is available, in GiB, where the system says it."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    match = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 2**20 if match else None
