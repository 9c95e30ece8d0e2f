"""Lists the licence of everything that gikocr brings, and writes a bill of materials.

    python -m scripts.licences                       # a table; exits with 1 where a licence is not allowed, or not known
    python -m scripts.licences --sbom out/sbom.json  # CycloneDX 1.6, JSON

Packages are those of the default installation and of all extras, as far as they are installed here (what is not is named); models are
those of ``models/manifest.toml``. What a package says of its licence is taken from its metadata (``License-Expression``, else
``License``, else its classifiers).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name

from gikocr import __version__
from gikocr.engines.manifest import Model, load_manifest
from scripts.dependencies import DEFAULT, declared, needed, tree

#: What may be depended on: permissive, or LGPL. MPL-2.0 asks for the source of changed files only, which is less than LGPL asks for.
ALLOWED = frozenset(
    (
        "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND", "ISC", "LGPL",
        "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
        "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    )
)  # fmt: skip

#: Words of metadata that are no SPDX expression, and what they mean. "BSD" and "LGPL" do not say which version.
WORDS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD",
    "gnu library or lesser general public license (lgpl)": "LGPL",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "lgpl": "LGPL",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}

#: Packages whose metadata says nothing that can be understood, with what their licence files say. Looked at one by one.
LOOKED_AT = {
    # LICENSE is the MIT licence; axe.min.js in it says of itself that it is under the MPL 2.0. Tests only.
    "axe-playwright-python": "MIT AND MPL-2.0",
    # `License: MIT licensed, as found in the LICENSE file`
    "iopath": "MIT",
    # `License: BSD-3-Clause, Apache-2.0, dependency licenses`; PDFium and what it is built with are permissive (BUILD_LICENSES).
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
}

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """A package or a model.

    Attributes:
        name: of the package, or ``model NAME``.
        version: of it.
        licence: an SPDX expression, a word of :data:`WORDS` without a version, or :data:`UNKNOWN`.
        wanted_by: the extras that bring it; :data:`scripts.dependencies.DEFAULT` is the default installation.
        needs: names of the packages that it asks for.
        sha256: of a model's file.
    """

    name: str
    version: str
    licence: str
    wanted_by: tuple[str, ...]
    needs: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def reference(self) -> str:
        """By which the bill of materials names it: a package URL, or the name of the model."""
        return self.name if self.sha256 else f"pkg:pypi/{self.name}@{self.version}"


def licence_of(found: metadata.Distribution) -> str:
    """The licence that a package's metadata states, as :class:`Part` has it."""
    fields = found.metadata
    name = canonicalize_name(fields["Name"])
    if name in LOOKED_AT:
        return LOOKED_AT[name]
    classifiers = [c.rpartition(" :: ")[2] for c in fields.get_all("Classifier") or () if c.startswith("License ::")]
    # A classifier is better than a whole licence in the place of its name, and worse than an expression.
    for said in (*(fields.get_all("License-Expression") or ()), *(fields.get_all("License") or ())):
        if (known := _understood(said)) != UNKNOWN:
            return known
        if "GPL" in said and "\n" not in said.strip():
            return UNKNOWN
    stated = {_understood(c) for c in classifiers if c != "OSI Approved"}
    return UNKNOWN if not stated or UNKNOWN in stated else " AND ".join(sorted(stated))


def _understood(said: str) -> str:
    if said.strip().lower() in WORDS:
        return WORDS[said.strip().lower()]
    try:
        return str(canonicalize_license_expression(said))
    except InvalidLicenseExpression:
        return UNKNOWN


def is_allowed(licence: str) -> bool:
    """Whether an SPDX expression can be met by allowed licences alone: one side of each OR, both of each AND."""
    tokens = re.findall(r"[()]|[^\s()]+", licence)

    def alternatives() -> bool:
        ok = together()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            ok = together() or ok
        return ok

    def together() -> bool:
        ok = one()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            ok = one() and ok
        return ok

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            ok = alternatives()
            tokens.pop(0)
            return ok
        if tokens[:1] == ["WITH"]:  # an exception only adds permissions
            del tokens[:2]
        return token in ALLOWED

    return alternatives()


def packages() -> tuple[list[Part], list[str]]:
    """Every installed package of the default installation and the extras, and the names of those that are not installed."""
    wanted: dict[str, set[str]] = {}
    found: dict[str, metadata.Distribution] = {}
    absent: set[str] = set()
    for group, roots in declared().items():
        part = tree(roots)
        found |= part.installed
        absent |= part.absent
        for name in part.installed:
            wanted.setdefault(name, set()).add(group)
    parts = []
    for name, distribution in sorted(found.items()):
        below = tree_below(distribution, found)
        parts.append(Part(name, distribution.version, licence_of(distribution), tuple(sorted(wanted[name])), below))
    return parts, sorted(absent)


def tree_below(distribution: metadata.Distribution, among: dict[str, metadata.Distribution]) -> tuple[str, ...]:
    """The packages that one asks for itself, among those that count."""
    names = {canonicalize_name(requirement.name) for requirement in needed(distribution)}
    return tuple(sorted(names & among.keys()))


def models() -> list[Part]:
    """The models of the manifest."""

    def part(model: Model) -> Part:
        extra = re.search(r"gikocr\[(\w+)\]", model.install)
        return Part(
            f"model {model.name}", model.version, model.licence, (extra[1] if extra else DEFAULT,), (), model.sha256
        )

    return [part(model) for _, model in sorted(load_manifest().items())]


def faults(parts: Sequence[Part]) -> list[str]:
    """What may not be depended on."""
    return [
        f"{p.name} {p.version}: its licence is not known; look at its files, then see LOOKED_AT in scripts/licences.py"
        if p.licence == UNKNOWN
        else f"{p.name} {p.version}: {p.licence} is not allowed"
        for p in parts
        if p.licence == UNKNOWN or not is_allowed(p.licence)
    ]


def bill(parts: Sequence[Part]) -> dict[str, Any]:
    """A bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), the same for the same parts."""
    references = {p.name: p.reference for p in parts}
    direct = {canonicalize_name(r.name) for r in declared()[DEFAULT]}
    own = f"pkg:pypi/gikocr@{__version__}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": own, "name": "gikocr", "version": __version__, "purl": own}
        },
        "components": [_component(p) for p in parts],
        "dependencies": [
            {
                "ref": own,
                "dependsOn": sorted(
                    p.reference for p in parts if p.name in direct or (p.sha256 and DEFAULT in p.wanted_by)
                ),
            },
            *({"ref": p.reference, "dependsOn": sorted(references[n] for n in p.needs)} for p in parts),
        ],
    }


def _component(part: Part) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "machine-learning-model" if part.sha256 else "library",
        "bom-ref": part.reference,
        "name": part.name.removeprefix("model "),
        "version": part.version,
        "scope": "required" if DEFAULT in part.wanted_by else "optional",
        "licenses": [_bill_licence(part.licence)],
    }
    if part.sha256:
        return {**made, "hashes": [{"alg": "SHA-256", "content": part.sha256}]}
    return {**made, "purl": part.reference}


def _bill_licence(licence: str) -> dict[str, Any]:
    try:
        return {"expression": str(canonicalize_license_expression(licence))}
    except InvalidLicenseExpression:
        return {"license": {"name": licence}}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 where something may not be depended on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sbom", type=Path, metavar="FILE", help="write a bill of materials to this file")
    given = parser.parse_args(argv)
    found, absent = packages()
    parts = [*found, *models()]
    for part in parts:
        who = ", ".join(group or "default" for group in part.wanted_by)
        print(f"{part.name:36} {part.version:18} {part.licence:44} {who}")
    print(f"Not installed here, and not looked at: {', '.join(absent) or 'nothing'}.")
    wrong = faults(parts)
    for line in wrong:
        print(f"licences: {line}.")
    if given.sbom is not None:
        given.sbom.parent.mkdir(parents=True, exist_ok=True)
        given.sbom.write_text(json.dumps(bill(parts), ensure_ascii=False, indent=2) + "\n", "utf-8")
    if not wrong:
        print(f"{len(parts)} packages and models, all of them under licences that are allowed.")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
