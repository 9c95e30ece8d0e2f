from __future__ import annotations

import dataclasses

import pytest

from gikocr.errors import UsageError
from gikocr.settings import Settings, describe, load_settings


def test_defaults_then_environment_then_overrides() -> None:
    environ = {"GIKOCR_RENDER_DPI": "300", "GIKOCR_MAX_PAGES": "9", "PATH": "/bin"}
    settings = load_settings({"render_dpi": 150, "pages": None}, environ)
    assert (settings.render_dpi, settings.max_pages, settings.pages) == (150, 9, "")
    assert load_settings(environ={}) == Settings()


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("full_text", "true", True),
        ("full_text", "FALSE", False),
        ("max_skew", "3", 3.0),
        ("max_skew", "2.5", 2.5),
        ("form", "my.toml", "my.toml"),
        ("pages", "1-3,7", "1-3,7"),
    ],
)
def test_values_from_the_environment(name: str, raw: str, expected: object) -> None:
    value = getattr(load_settings(environ={f"GIKOCR_{name.upper()}": raw}), name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("name", "raw"),
    [("render_dpi", "fine"), ("render_dpi", "1.5"), ("render_dpi", "true"), ("render_dpi", ""), ("full_text", "1")],
)
def test_values_of_the_wrong_type(name: str, raw: str) -> None:
    with pytest.raises(UsageError, match=f"GIKOCR_{name.upper()}") as caught:
        load_settings(environ={f"GIKOCR_{name.upper()}": raw})
    assert caught.value.exit_code == 2


def test_unknown_settings() -> None:
    with pytest.raises(UsageError, match="no_such"):
        load_settings({"no_such": 1}, {})


def test_every_option_is_described() -> None:
    assert [name for name, *_ in describe()] == [f.name for f in dataclasses.fields(Settings)]
    assert all(sentence for *_, sentence in describe())


def test_the_fingerprint_holds_what_changes_results_and_nothing_else() -> None:
    items = Settings().fingerprint_items()
    assert items["render_dpi"] == 200
    assert "max_bytes" not in items
    assert "database" not in items
    assert Settings(render_dpi=300).fingerprint_items() != items
    assert Settings(database="postgresql://server/archive").fingerprint_items() == items
