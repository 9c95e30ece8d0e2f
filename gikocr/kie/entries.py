"""Entries of a page's own table and contact lines: what stands behind 文号：, 电话：, 地址：."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gikocr.elements import TextLine
from gikocr.forms import DocumentSpec
from gikocr.kie.document import Found

LONGEST_ENTRY: Final = 60
"""Letters of the longest entry; what goes on longer is a sentence."""
SURE: Final = 0.95
"""Probability of an entry behind its own words."""

_END = re.compile(r"[，,；;。）)|\t]|\s{2,}")
_DIGITS_ONLY: Final = frozenset(("telephone", "fax", "postcode"))
_NUMBER = re.compile(r"[0-9０-９][0-9０-９\-—－ （）()转]*[0-9０-９]")
_HEAD_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,12}[〔\[【（(](?:19|20)\d\d[〕\]】）)]\s*第?\d{1,4}\s*号")
HEAD_LINES: Final = 15
"""Lines from the top in which a document's number stands alone."""


def read_entries(spec: DocumentSpec, lines: Sequence[TextLine]) -> list[Found]:
    """Find the first entry of each kind that the form names; lines in reading order."""
    found: dict[str, Found] = {}
    for line in lines:
        for key, label in spec.metadata.items():
            if key in found:
                continue
            value = next((v for words in label.all if (v := _behind(words, line.text, key)) is not None), None)
            if value is not None:
                found[key] = Found(key, value, value, SURE * line.score, line)
    for line in lines[:HEAD_LINES]:
        alone = _HEAD_NUMBER.fullmatch(line.text.strip())
        if alone is not None and "document_number" not in found:
            found["document_number"] = Found("document_number", alone[0], alone[0], SURE * line.score, line)
    return list(found.values())


def _behind(words: str, text: str, key: str) -> str | None:
    """What stands behind the words and a colon, up to the next mark; None where there is nothing of that kind."""
    match = re.search(rf"(?<![\u4e00-\u9fff]){re.escape(words)}\s*[:：]\s*", text) or re.search(
        rf"{re.escape(words)}\s*[:：]\s*", text
    )
    if match is None:
        return None
    rest = text[match.end() :]
    if key in _DIGITS_ONLY:
        number = _NUMBER.match(rest)
        return number[0].strip() if number is not None else None
    end = _END.search(rest)
    value = (rest if end is None else rest[: end.start()]).strip(" \u3000“”\"'")
    return value if 0 < len(value) <= LONGEST_ENTRY else None
