"""Installs the pinned fonts outside git and shows them to Chromium and LibreOffice through fontconfig.

The packages and their checksums stand in npm/package-lock.json beside this module. All are under the SIL Open Font
License or Apache-2.0. System fonts (Noto CJK, WenQuanYi, Arphic, Liberation, Carlito, Caladea, DejaVu) come from the
operating system's packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build"
FONT_FOLDER = BUILD / "fonts"
# Package → (family name as used in splits.toml, subset of the file).
PACKAGES = {
    "roboto": ("Roboto", "latin"),
    "lato": ("Lato", "latin"),
    "source-serif-4": ("Source Serif 4", "latin"),
    "ibm-plex-sans": ("IBM Plex Sans", "latin"),
    "ibm-plex-serif": ("IBM Plex Serif", "latin"),
    "ibm-plex-mono": ("IBM Plex Mono", "latin"),
    "eb-garamond": ("EB Garamond", "latin"),
    "crimson-pro": ("Crimson Pro", "latin"),
    "courier-prime": ("Courier Prime", "latin"),
    "merriweather": ("Merriweather", "latin"),
    "open-sans": ("Open Sans", "latin"),
    "pt-serif": ("PT Serif", "latin"),
    "stix-two-text": ("STIX Two Text", "latin"),
    "libre-baskerville": ("Libre Baskerville", "latin"),
    "inter": ("Inter", "latin"),
    "nunito-sans": ("Nunito Sans", "latin"),
    "lxgw-wenkai-tc": ("LXGW WenKai TC", "latin"),
    "source-sans-3": ("Source Sans 3", "latin"),
    "lora": ("Lora", "latin"),
    "fira-sans": ("Fira Sans", "latin"),
    "noto-serif": ("Noto Serif", "latin"),
    "gelasio": ("Gelasio", "latin"),
    "spectral": ("Spectral", "latin"),
    "roboto-slab": ("Roboto Slab", "latin"),
    "zilla-slab": ("Zilla Slab", "latin"),
    "work-sans": ("Work Sans", "latin"),
    "literata": ("Literata", "latin"),
    "bitter": ("Bitter", "latin"),
    "vollkorn": ("Vollkorn", "latin"),
    "karla": ("Karla", "latin"),
    "cabin": ("Cabin", "latin"),
    "domine": ("Domine", "latin"),
    "rubik": ("Rubik", "latin"),
    "alegreya-sans": ("Alegreya Sans", "latin"),
    "noto-sans": ("Noto Sans", "latin"),
    "archivo": ("Archivo", "latin"),
    "arvo": ("Arvo", "latin"),
    "cardo": ("Cardo", "latin"),
    "overpass": ("Overpass", "latin"),
    "zcool-xiaowei": ("ZCOOL XiaoWei", "chinese-simplified"),
    "ma-shan-zheng": ("Ma Shan Zheng", "chinese-simplified"),
}
_CONFIGURATION = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


def font_environment() -> dict[str, str]:
    """Return the environment that makes the installed fonts visible.

    Raises:
        FileNotFoundError: if the fonts have not been installed.
    """
    configuration = FONT_FOLDER / "fonts.conf"
    if not configuration.exists():
        raise FileNotFoundError("the fonts are not installed; run `python -m scripts.scanmaker fonts` once")
    return {"FONTCONFIG_FILE": str(configuration)}


@cache
def font_file(pattern: str) -> tuple[str, int]:
    """Return the file and the face number that fontconfig finds for a pattern such as "Noto Serif CJK SC:bold".

    Raises:
        FileNotFoundError: if the fonts have not been installed.
        subprocess.CalledProcessError: if fontconfig fails.
    """
    environment = {**os.environ, **font_environment()}
    command = ["fc-match", "-f", "%{file}\n%{index}", pattern]
    path, index = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split(
        "\n"
    )
    return path, int(index)


def _convert(source: Path, family: str, weight: str, target: Path) -> None:
    """Turn a woff2 file into a TrueType file with a plain family name, so that fontconfig finds it by that name."""
    from fontTools.ttLib import TTFont

    font = TTFont(source)
    font.flavor = None
    style = "Bold" if weight == "700" else "Regular"
    for record in list(font["name"].names):
        if record.nameID in {1, 2, 4, 6, 16, 17, 21, 22, 25}:
            font["name"].removeNames(nameID=record.nameID)
    for number, text in ((1, family), (2, style), (4, f"{family} {style}"), (6, f"{family.replace(' ', '')}-{style}")):
        font["name"].setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = int(weight)
    font.save(target)


def install_fonts() -> list[str]:
    """Install the pinned packages with npm and convert them; return the families.

    Raises:
        FileNotFoundError: if npm is not installed.
        subprocess.CalledProcessError: if npm fails (a checksum differs, no network).
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    work = BUILD / "npm"
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / "npm" / name, work / name)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], check=True, cwd=work)
    FONT_FOLDER.mkdir(parents=True, exist_ok=True)
    for package, (family, subset) in PACKAGES.items():
        files = work / "node_modules" / "@fontsource" / package / "files"
        for weight in ("400", "700"):
            source = files / f"{package}-{subset}-{weight}-normal.woff2"
            if source.exists():
                _convert(source, family, weight, FONT_FOLDER / f"{package}-{weight}.ttf")
    (FONT_FOLDER / "fonts.conf").write_text(_CONFIGURATION.format(folder=FONT_FOLDER), encoding="utf-8")
    return sorted(family for family, _ in PACKAGES.values())
