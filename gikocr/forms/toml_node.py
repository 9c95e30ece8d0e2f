"""Typed reading of a TOML table, with errors that say where in the file something is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gikocr.errors import FormError
from gikocr.forms.model import Label


@dataclass(frozen=True, slots=True)
class TomlNode:
    """A TOML table and the place where it stands, such as ``stock.toml: tables[2]``; ``stock.toml:`` for the whole."""

    values: Mapping[str, object]
    where: str

    @classmethod
    def of(cls, value: object, where: str, allowed: Iterable[str]) -> TomlNode:
        """Wrap a table. Raises FormError when it is no table or has a key that is not allowed there."""
        if not isinstance(value, dict):
            raise FormError(f"{where}: a table is expected here, not {_shown(value)}.")
        known = tuple(allowed)
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                advice = f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(known)}."
                raise FormError(f"{where.removesuffix(':')}: unknown key '{key}'.", advice=advice)
        return cls(value, where)

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        return key in self.values

    def at(self, key: str) -> str:
        """The place of a key of this table, for messages."""
        return f"{self.where} {key}" if self.where.endswith(":") else f"{self.where}.{key}"

    def string(self, key: str, default: str | None = None) -> str:
        """The text under a key, the default where it is not given. Raises FormError when there is none."""
        if key not in self.values and default is not None:
            return default
        return as_string(self.required(key), self.at(key))

    def boolean(self, key: str, default: bool) -> bool:
        """The truth value under a key, the default where it is not given."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise FormError(f"{self.at(key)}: true or false is expected here, not {_shown(value)}.")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """The list of texts under a key; a single text is a list of one; empty where the key is not given."""
        return as_strings(self.values[key], self.at(key)) if key in self.values else ()

    def label(self, key: str) -> Label | None:
        """The label under a key, None where the key is not given."""
        return as_label(self.values[key], self.at(key)) if key in self.values else None

    def entries(self, key: str) -> list[tuple[object, str]]:
        """The items of the list under a key with their places; empty where the key is not given."""
        return as_list(self.values[key], self.at(key)) if key in self.values else []

    def numbers(self, key: str) -> tuple[float, ...]:
        """The list of numbers under a key, none below 0; empty where the key is not given."""
        found = []
        for value, place in self.entries(key):
            if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
                raise FormError(f"{place}: a number from 0 on is expected here, not {_shown(value)}.")
            found.append(float(value))
        return tuple(found)

    def required(self, key: str) -> object:
        """The value under a key. Raises FormError when it is not given."""
        if key not in self.values:
            raise FormError(f"{self.where.removesuffix(':')}: the key '{key}' is missing.")
        return self.values[key]


def as_string(value: object, where: str) -> str:
    """Give a text that is not empty. Raises FormError for anything else."""
    if not isinstance(value, str) or not value.strip():
        raise FormError(f"{where}: a text is expected here, not {_shown(value)}.")
    return value


def as_strings(value: object, where: str) -> tuple[str, ...]:
    """Give a list of texts, at least one; a single text is a list of one. Raises FormError for anything else."""
    if isinstance(value, str):
        return (as_string(value, where),)
    listed = tuple(as_string(item, place) for item, place in as_list(value, where))
    if not listed:
        raise FormError(f"{where}: the list is empty.")
    return listed


def as_label(value: object, where: str) -> Label:
    """Give a label: one text, or a list of the printed text and other wordings. Raises FormError for anything else."""
    text, *variants = as_strings(value, where)
    return Label(text, tuple(variants))


def as_list(value: object, where: str) -> list[tuple[object, str]]:
    """Give the items of a list with their places, counted from 1. Raises FormError for anything else."""
    if not isinstance(value, list):
        raise FormError(f"{where}: a list is expected here, not {_shown(value)}.")
    return [(item, f"{where}[{number}]") for number, item in enumerate(value, start=1)]


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
