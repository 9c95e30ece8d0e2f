"""What gikocr depends on, as it is installed here, and the lock file of the default installation.

    python -m scripts.dependencies          # requirements.lock is written anew from what is installed
    python -m scripts.dependencies --check  # says what in it differs from pyproject.toml and the installed tree

The lock holds every package that ``pip install gikocr`` brings, with its version: ``pip install gikocr -c requirements.lock`` gives the
same packages on another day. What is a direct dependency, or an extra, stands in ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import platform
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
DEFAULT = ""

_HEAD = """\
# Every package of the default installation of gikocr with its version, written by `python -m scripts.dependencies`.
# Made with Python {python} on Linux. Use: pip install gikocr -c requirements.lock
"""


@dataclass(frozen=True, slots=True)
class Tree:
    """Packages by their normalised names.

    Attributes:
        installed: those that are here.
        absent: those that are asked for, by markers that hold here, and are not here.
    """

    installed: dict[str, metadata.Distribution]
    absent: frozenset[str]


def declared() -> dict[str, list[Requirement]]:
    """What ``pyproject.toml`` asks for: by extra, the default installation under :data:`DEFAULT`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {DEFAULT: project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(line) for line in lines] for name, lines in groups.items()}


def needed(distribution: metadata.Distribution, extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """What an installed package asks for on this machine, with those of its extras."""
    for line in distribution.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def tree(roots: Iterable[Requirement]) -> Tree:
    """All packages that these requirements bring, directly or through others."""
    installed: dict[str, metadata.Distribution] = {}
    absent: set[str] = set()
    seen: set[tuple[str, str]] = set()
    todo = list(roots)
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        fresh = {e for e in ("", *requirement.extras) if (name, e) not in seen}
        if not fresh:
            continue
        seen |= {(name, e) for e in fresh}
        try:
            found = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            absent.add(name)
            continue
        installed[name] = found
        todo += needed(found, fresh)
    return Tree(installed, frozenset(absent))


def lock_text(default: Tree) -> str:
    """The lock file of a tree."""
    lines = [f"{name}=={found.version}\n" for name, found in sorted(default.installed.items())]
    return _HEAD.format(python=".".join(platform.python_version_tuple()[:2])) + "".join(lines)


def locked() -> dict[str, str]:
    """The versions of ``requirements.lock`` by normalised name."""
    lines = (line.partition("#")[0].strip() for line in LOCK.read_text("utf-8").splitlines())
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def faults(lock: dict[str, str], roots: Sequence[Requirement], default: Tree) -> list[str]:
    """What is wrong with a lock: packages that it lacks, has too many of, or has in versions that somebody does not take.

    Newer versions of indirect dependencies that are installed here are no fault; the lock is what is said to work together.
    """
    asking = [("pyproject.toml", requirement) for requirement in roots]
    asking += [(name, each) for name, found in default.installed.items() for each in needed(found)]
    wrong = []
    for who, requirement in asking:
        name = canonicalize_name(requirement.name)
        if name not in lock:
            wrong.append(f"{name} is missing; {who} asks for it")
        elif not requirement.specifier.contains(lock[name], prereleases=True):
            wrong.append(f"{name}=={lock[name]}, but {who} asks for {requirement.specifier}")
    wrong += [f"{name} is not installed here" for name in sorted(default.absent)]
    wrong += [f"{name} is asked for by nobody" for name in sorted(set(lock) - set(default.installed) - default.absent)]
    return sorted(set(wrong))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 where the lock is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and say what is wrong with the lock")
    given = parser.parse_args(argv)
    roots = declared()[DEFAULT]
    default = tree(roots)
    if not given.check:
        LOCK.write_text(lock_text(default), "utf-8")
    wrong = faults(locked(), roots, default)
    for line in wrong:
        print(f"requirements.lock: {line}.")
    if not wrong:
        print(f"requirements.lock: {len(default.installed)} packages, as pyproject.toml and they themselves ask for.")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
