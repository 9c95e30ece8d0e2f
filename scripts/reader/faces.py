"""The fonts that the numeral reader is trained with: those of the splits dev and calibration, and others that no split tests.

The further packages and their checksums stand in npm/package-lock.json beside this module; all are under the SIL Open
Font License or Apache-2.0. None is a font of `[fonts.test]` in splits.toml; relatives with the same figures were left out where they
were known (Noto Sans SC and Source Sans of Noto Sans CJK, Noto Sans of WenQuanYi Micro Hei, Cousine of Liberation Mono,
Crimson Text, ...). models/numerals.md names those that were found since.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.scanmaker.fonts import BUILD, font_file
from scripts.scanmaker.splits import load_splits

HERE = Path(__file__).resolve().parent
FOLDER = BUILD / "reader-fonts"
WATCHED = ("domine", "karla", "roboto-mono", "alegreya", "barlow", "spectral")
"""Further fonts that are held out of training, for watching it."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font file with the number of the face in it."""

    path: str
    index: int


def install() -> list[str]:
    """Install the further packages with npm and turn them into TrueType; returns their names.

    Raises:
        FileNotFoundError: npm is not installed.
        subprocess.CalledProcessError: npm fails (a checksum differs, no network).
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / "npm" / name, FOLDER / name)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], check=True, cwd=FOLDER)
    convert()
    return sorted(p.name for p in (FOLDER / "node_modules" / "@fontsource").iterdir())


def convert() -> None:
    """Write a TrueType file for each regular and bold face of the installed packages."""
    from fontTools.ttLib import TTFont

    for package in sorted((FOLDER / "node_modules" / "@fontsource").iterdir()):
        for weight in ("400", "700"):
            source = package / "files" / f"{package.name}-latin-{weight}-normal.woff2"
            target = FOLDER / f"{package.name}-{weight}.ttf"
            if source.exists() and not target.exists():
                font = TTFont(source)
                font.flavor = None
                font.save(target)


def faces(*, watched: bool) -> list[Face]:
    """The faces for numbers: those for training, or those that are held out of it."""
    further = sorted(p for p in FOLDER.glob("*.ttf") if (p.stem.rsplit("-", 1)[0] in WATCHED) == watched)
    found = [Face(str(p), 0) for p in further]
    if not watched:
        fonts = load_splits().fonts
        for family in sorted({**fonts["dev"].cells, **fonts["calibration"].cells}):
            # The figures of forms are mostly set in these, so each counts several times.
            for style in ("", "", "", ":bold"):
                found.append(Face(*font_file(family + style)))
    return found


def chinese() -> list[Face]:
    """The faces for labels, units and 无."""
    fonts = load_splits().fonts
    return [Face(*font_file(f)) for f in sorted({**fonts["dev"].labels, **fonts["calibration"].labels})]
