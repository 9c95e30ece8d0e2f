"""Bytes into characters: which Chinese encoding a text is in, told by what comes out and not by what it declares."""

from __future__ import annotations

import codecs
import re
from typing import Final

ENCODINGS: Final = ("utf-8", "gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
"""The encodings that are tried, the most frequent first."""

SAMPLE_BYTES: Final = 1 << 16
"""How much of a text is decoded to judge an encoding."""

MOJIBAKE: Final = ("gb18030", "cp1252")
"""Encodings as which UTF-8 is read by mistake; what came out is encoded back with them."""

BETTER: Final = 0.05
"""A decoding takes the place of an earlier one when its share of plausible characters is higher by this much."""

MOST_LOST: Final = 0.02
"""Share of characters that may be lost when mojibake is undone; a text that was cut loses one at its end."""

_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]{2,20})", re.IGNORECASE)

# What reports are written with. Common characters of running Chinese text weigh more than rare ones, because the wrong
# Chinese encoding gives Chinese characters too, only rare ones.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十"
    "三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
    "相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程"
    "展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做"
    "必战先回则任取据处理府信息收到和申请数量规章行政许可罚制现效废止项费用予以部不提供危及秘密机关案卷查询申复议诉讼果维持纠正尚未审总计然人商业企科研公益务构律"
    "個為國這來時們說對會過進還現發學經動產種後開關無總統結條數報業務處機構規費據請稱維糾審標準項罰復議訴訟縣鎮區"
)
_PLAIN = re.compile(r"[\x20-\x7e\s\u3000-\u303f\uff01-\uff5e\u2010-\u2027]")


def plausibility(text: str) -> float:
    """How much a text looks like a Chinese or plain one, from 0 to 1: the share of characters that are common in such texts."""
    if not text:
        return 0.0
    score = 0.0
    for char in text:
        if char in _COMMON:
            score += 1.0
        elif _PLAIN.match(char):
            score += 0.8
        elif "\u4e00" <= char <= "\u9fff":
            score += 0.45
        elif char == "\ufffd" or "\ue000" <= char <= "\uf8ff":
            score -= 1.0
    return score / len(text)


def decode(data: bytes) -> tuple[str, str]:
    """Decode a text.

    A byte order mark decides, and so does well-formed UTF-8, which other encodings do not make by chance. Else every encoding of
    :data:`ENCODINGS` and the declared one are tried on the beginning, and the most plausible is taken; single bytes that it cannot
    decode become U+FFFD.

    Returns:
        The text, with line ends as line feeds, and the name of the encoding.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _lines(data[len(mark) :].decode(name, errors="replace")), name
    sample = data[:SAMPLE_BYTES]
    if _is_utf8(sample):
        return _lines(data.decode("utf-8", errors="replace")), "utf-8"
    names = list(ENCODINGS)
    declared = _DECLARED.search(sample[:4096])
    if declared is not None:
        names.insert(0, declared[1].decode("ascii").lower())
    best, top = "utf-8", -2.0
    for name in names:
        try:
            tried = sample.decode(codecs.lookup(name).name, errors="replace")
        except (LookupError, UnicodeError, ValueError):
            continue
        score = plausibility(tried[:-1])
        if score > top + (BETTER if top > -2.0 else 0.0):
            best, top = name, score
    return _lines(data.decode(best, errors="replace")), best


def undo_mojibake(text: str) -> str | None:
    """The text that was meant where UTF-8 had been read in another encoding; None where the text is well or cannot be mended."""
    sample = text[:4000]
    before = plausibility(sample)
    for name in MOJIBAKE:
        mended = _again(sample, name)
        if mended is not None and plausibility(mended) > before + 2 * BETTER:
            return _again(text, name)
    return None


def _again(text: str, name: str) -> str | None:
    """The bytes that a text was wrongly decoded from, decoded as UTF-8; None when they do not look like UTF-8."""
    raw = _western(text) if name == "cp1252" else _chinese(text, name)
    mended = raw.decode("utf-8", errors="replace")
    lost = mended.count("\ufffd") + max(0, mended.count("?") - text.count("?"))
    # Characters of three bytes do not fall on pairs, so every odd run of them loses its last one.
    return mended if mended and lost <= max(2, MOST_LOST * 10 * len(mended)) else None


def _is_utf8(sample: bytes) -> bool:
    """Whether bytes are UTF-8 throughout; a character that is cut at the end is none the less."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return len(decoder.decode(sample)) < len(sample)
    except UnicodeDecodeError:
        return False


def _chinese(text: str, name: str) -> bytes:
    """Bytes of a text in a Chinese encoding; Windows shows the lone byte 80 as a euro sign, for which GB 18030 has two bytes."""
    return b"\x80".join(part.encode(name, errors="replace") for part in text.split("€"))


def _western(text: str) -> bytes:
    """Bytes of a text in Windows-1252; the five codes that it leaves free are those of Latin-1, as browsers take them."""
    out = bytearray()
    for char in text:
        try:
            out += char.encode("cp1252")
        except UnicodeEncodeError:
            out += bytes((ord(char),)) if ord(char) < 0x100 else b"?"
    return bytes(out)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
