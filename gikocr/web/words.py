"""The words of the pages in Chinese and English, as data."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, get_args

Language = Literal["zh", "en"]

_LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def page_words(language: Language) -> Mapping[str, str]:
    """The words of the templates."""
    return _words("page", language)


@cache
def script_words(language: Language) -> Mapping[str, str]:
    """The words of the module, names of states among them."""
    return _words("script", language)


@cache
def script_words_json(language: Language) -> str:
    """The same as JSON."""
    return json.dumps(script_words(language), ensure_ascii=False)


def _words(section: str, language: Language) -> dict[str, str]:
    whole = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    index = _LANGUAGES.index(language)
    return {key: both[index] for key, both in whole[section].items()}


def language_of(chosen: str | None, accepted: str, default: str) -> Language:
    """The language of a page.

    Args:
        chosen: by the reader (a cookie); anything else than a language counts as nothing.
        accepted: the header Accept-Language.
        default: ``zh`` or ``en``; ``auto`` goes by the browser, and Chinese where it asks for neither.
    """
    if chosen in _LANGUAGES:
        return chosen
    if default in _LANGUAGES:
        return default
    for part in accepted.lower().split(","):
        tag = part.partition(";")[0].strip().partition("-")[0]
        if tag in _LANGUAGES:
            return tag
    return "zh"
