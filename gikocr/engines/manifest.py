"""The manifest of model files: where each is, its SHA-256, its licence, and what to install when it is missing."""

from __future__ import annotations

import hashlib
import importlib.util
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gikocr.errors import ModelMissing

MANIFEST = "manifest.toml"


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the manifest. ``package`` is None for files that come with gikocr itself."""

    name: str
    package: str | None
    version: str
    file: str
    sha256: str
    licence: str
    input: str
    install: str

    @property
    def path(self) -> Path:
        """Where the file should be.

        Raises:
            ModelMissing: the package that carries it is not installed.
        """
        if self.package is None:
            return models_folder() / self.file
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise ModelMissing(f"model {self.name}: the package {self.package} is not installed.", advice=self.advice)
        return Path(next(iter(spec.submodule_search_locations))) / self.file

    @property
    def advice(self) -> str:
        """The command that brings the file."""
        return f"Install it with: {self.install}"


def models_folder() -> Path:
    """``gikocr/models`` in an installed package, ``models`` beside the package in a checkout.

    Raises:
        ModelMissing: neither is there.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "models", package.parent / "models"):
        if (folder / MANIFEST).is_file():
            return folder
    raise ModelMissing(
        "the folder with gikocr's models is missing.",
        advice="Install gikocr anew: pip install --force-reinstall gikocr",
    )


@cache
def load_manifest() -> dict[str, Model]:
    """All models by name.

    Raises:
        ModelMissing: the manifest is not there or cannot be understood.
    """
    path = models_folder() / MANIFEST
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))["models"]
        return {
            name: Model(
                name=name,
                package=entry.get("package"),
                version=entry.get("version", ""),
                file=entry["file"],
                sha256=entry["sha256"],
                licence=entry["licence"],
                input=entry.get("input", ""),
                install=entry.get("install", "pip install --force-reinstall gikocr"),
            )
            for name, entry in raw.items()
        }
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise ModelMissing(
            f"the model manifest {path.name} is damaged ({error}).", advice="Install gikocr anew."
        ) from error


def model_bytes(name: str) -> bytes:
    """The content of a model file, after its hash has been checked.

    Raises:
        ModelMissing: no such model, the file is absent, or it is not the pinned one.
    """
    models = load_manifest()
    if name not in models:
        raise ModelMissing(f"no model is called {name!r}.", advice=f"Known: {', '.join(sorted(models))}.")
    model = models[name]
    try:
        content = model.path.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"model {name}: {model.file} cannot be read ({error.strerror}).", advice=model.advice
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelMissing(
            f"model {name}: {model.file} has SHA-256 {found[:12]}…, pinned is {model.sha256[:12]}….",
            advice=model.advice,
        )
    return content
