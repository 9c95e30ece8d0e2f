"""Licences, the bill of materials, and the lock file of the default installation."""

from __future__ import annotations

import hashlib
import json
import re
from email.message import Message
from importlib import metadata
from pathlib import Path

import onnxruntime
import pytest
from packaging.requirements import Requirement

from gikocr.engines.manifest import load_manifest
from scripts import dependencies, licences
from scripts.licences import UNKNOWN, Part, bill, faults, is_allowed, licence_of, models, packages
from scripts.tiny_model import NETWORK_SHA256, with_metadata


class Stated(metadata.Distribution):
    """A package that says something of its licence."""

    def __init__(self, **said: str) -> None:
        self._said = said

    def read_text(self, filename: str) -> str | None:
        if filename != "METADATA":
            return None
        message = Message()
        message["Name"], message["Version"] = "stated", "1"
        for key, value in self._said.items():
            for line in value.split("|"):
                message[key.replace("_", "-")] = line
        return message.as_string()

    def locate_file(self, path: object) -> Path:  # type: ignore[override]
        return Path(str(path))


BSD = "License :: OSI Approved :: BSD License"
MIT = "License :: OSI Approved :: MIT License"
GPL = "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"License_Expression": "MIT AND PSF-2.0"}, "MIT AND PSF-2.0"),
        ({"License": "Apache 2.0"}, "Apache-2.0"),
        ({"License": "Copyright 2020\n Redistribution", "Classifier": BSD}, "BSD"),
        ({"Classifier": f"{BSD}|{MIT}|Framework :: Pytest"}, "BSD AND MIT"),
        ({"Classifier": f"{MIT}|{GPL}"}, UNKNOWN),
        ({"License": "GPLv3", "Classifier": MIT}, UNKNOWN),
        ({"License": "as in the file"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_what_metadata_says_of_a_licence(said: dict[str, str], licence: str) -> None:
    assert licence_of(Stated(**said)) == licence


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-2.0-only) AND LGPL-3.0-only", True),
        ("MIT AND (BSD-3-Clause AND GPL-2.0-only)", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        (UNKNOWN, False),
    ],
)
def test_what_is_allowed(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) == allowed


def test_faults_name_what_is_not_allowed() -> None:
    parts = [
        Part("good", "1", "MIT", ("",)),
        Part("bad", "2", "AGPL-3.0-only", ("",)),
        Part("odd", "3", UNKNOWN, ("dev",)),
    ]
    assert [line.split(" ")[0] for line in faults(parts)] == ["bad", "odd"]


def test_everything_installed_is_under_an_allowed_licence() -> None:
    found, _ = packages()
    names = {p.name for p in found}
    assert {"numpy", "onnxruntime", "pebble", "pytest"} <= names
    assert faults([*found, *models()]) == []


def test_what_was_looked_at_is_needed() -> None:
    """An entry for a package that nobody depends on any more, or that now states its licence, goes."""
    found, _ = packages()
    by_name = {p.name for p in found}
    assert set(licences.LOOKED_AT) <= by_name
    for name, licence in licences.LOOKED_AT.items():
        licences_before, licences.LOOKED_AT = licences.LOOKED_AT, {}
        try:
            assert licence_of(metadata.distribution(name)) == UNKNOWN, (
                f"{name} states its licence; {licence} is not needed"
            )
        finally:
            licences.LOOKED_AT = licences_before


def test_the_bill_of_materials_names_everything_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "sbom.json"
    assert licences.main(["--sbom", str(file)]) == 0
    assert "Not installed here" in capsys.readouterr().out
    written = json.loads(file.read_text("utf-8"))
    parts = [*packages()[0], *models()]
    assert written == json.loads(json.dumps(bill(parts)))
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.6")
    references = [c["bom-ref"] for c in written["components"]]
    assert len(set(references)) == len(references) == len(parts)
    assert {r for d in written["dependencies"] for r in (d["ref"], *d["dependsOn"])} <= {
        *references,
        written["metadata"]["component"]["bom-ref"],
    }
    numerals = next(c for c in written["components"] if c["name"] == "numerals")
    assert numerals["type"] == "machine-learning-model" and re.fullmatch(
        "[0-9a-f]{64}", numerals["hashes"][0]["content"]
    )


def test_the_lock_holds_the_default_installation() -> None:
    roots = dependencies.declared()[dependencies.DEFAULT]
    default = dependencies.tree(roots)
    assert len(default.installed) > len(roots)
    assert dependencies.faults(dependencies.locked(), roots, default) == []


def test_faults_of_a_lock() -> None:
    roots = [Requirement("numpy==2.3.5"), Requirement("rich>=15")]
    default = dependencies.tree(roots)
    lock = {name: found.version for name, found in default.installed.items()}
    assert dependencies.faults(lock, roots, default) == []
    wrong = {**lock, "numpy": "2.0.0", "six": "1.17.0"}
    del wrong["pygments"]
    found = dependencies.faults(wrong, roots, default)
    assert [line.partition(" ")[0] for line in found] == ["numpy==2.0.0,", "pygments", "six"]
    missing = dependencies.tree([Requirement("no-such-package-as-this==1")])
    assert dependencies.faults({}, roots[:0], missing) == ["no-such-package-as-this is not installed here"]


def test_the_tiny_network_is_the_wheels_with_its_characters() -> None:
    manifest = load_manifest()["ppocr_v6_tiny_rec"]
    content = manifest.path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == manifest.sha256
    characters = onnxruntime.InferenceSession(content).get_modelmeta().custom_metadata_map["character"]
    # What was put behind the network is an entry of metadata and nothing else.
    added = len(with_metadata(b"", "character", characters))
    assert hashlib.sha256(content[:-added]).hexdigest() == NETWORK_SHA256
    assert with_metadata(content[:-added], "character", characters) == content
