"""Text that JSON and terminals can carry."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with bytes that are not UTF-8 (surrogates) written as ``\xNN``; other text is returned as it is.

    File names on POSIX are bytes; Python hands the undecodable ones over as lone surrogates, which no UTF-8 file can
    hold.
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
