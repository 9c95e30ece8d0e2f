"""Who reports on which year: title, agency, year, period and date from the printed lines of a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gikocr.elements import TextLine
from gikocr.forms import DocumentSpec, similarity, simplify

_YEAR = re.compile(r"(?:19|20)\d{2}")
_HAN_YEAR = re.compile(r"[二2][〇○零0OoＯ][〇○零0一二三四五六七八九OＯo\d]{2}")
_HAN_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {c: "0" for c in "〇○OoＯ"}
_DATE = re.compile(r"((?:19|20)\d{2})年(\d{1,2})月(\d{1,2})日")
_PERIOD = re.compile(
    r"((?:19|20)\d{2})年(\d{1,2})月(\d{1,2})日?(?:起|开始)?(?:至|到|—|-|～|~)((?:19|20)\d{2})?年?(\d{1,2})月(\d{1,2})日"
)
_NOT_NAME = re.compile(r"[^\u3400-\u9fff·（）()]")
_SENTENCE = re.compile(r"[。，；,;]")
_AUTHORS = (
    re.compile(r"由([^，。；由]{3,30}?)(?:根据|按照|依据|编制|依照)"),
    re.compile(r"(?:现公布|现将|现发布|现就)([^，。；、的][^，。；、]{2,39}?)(?:19|20)\d{2}年度?政府信息公开"),
)
"""What a report's first sentence says of who made it: 由…根据…编制, or 现公布…2024年政府信息公开工作年度报告."""
_NUMBER = re.compile(r"[〔\[［（(【](20\d{2})[〕\]］）)】]\d{1,4}号")
TITLE_LIKENESS = 0.82
"""Least similarity of a piece of a line with a title's words."""
SENTENCE_LINES = 3
"""The sentence that names who reports runs over so many lines at most."""
LONGEST_SIGN = 8
"""Letters that stand before the year in the number of a document: the short name of who issued it."""
LONG_ENDING = 4
"""Letters of an ending that is told without its last one."""
SHORTEST_NAME = 3
"""Names of authorities have at least this many letters; less is the rest of one from the line above."""
FIRST_YEAR = 2008
"""The regulation that asks for these reports has been in force since then."""


@dataclass(frozen=True, slots=True)
class Found:
    """A fact with the line that it was read in and the probability that it is right."""

    id: str
    value: str | int
    printed: str
    confidence: float
    line: TextLine


def read_document(spec: DocumentSpec, lines: Sequence[TextLine]) -> list[Found]:
    """Find title, agency, year, period and date.

    Args:
        spec: the form's words.
        lines: lines in reading order: the top of the first pages, then the end of the last.
    """
    found: list[Found] = []
    title = _title(spec, lines)
    title_year: int | None = None
    agency = None
    if title is not None:
        index, words_start, text = title
        before = text[:words_start]
        line = lines[index]
        above = [lines[i] for i in (index - 1, index - 2) if i >= 0 and lines[i].page == line.page]
        title_year = _year_in(before) or _year_in(text)
        name = _agency_name(before, spec)
        used = [line]
        if title_year is None or len(name) < SHORTEST_NAME:
            name = "" if len(name) < SHORTEST_NAME else name
            for upper in above:
                if not _continues_title(upper, line):
                    break
                title_year = title_year or _year_in(upper.text)
                if not name:
                    # A long name may be broken between the lines, in the middle of a word.
                    name = _agency_name(_clean(upper.text) + before, spec) or _agency_name(_clean(upper.text), spec)
                    if name:
                        used.insert(0, upper)
                if title_year and name:
                    break
        printed = "".join(u.text for u in used)
        score = min(u.score for u in used)
        found.append(Found("title", printed, printed, 0.98 * score, line))
        if name:
            agency = Found("agency", name, printed, _name_confidence(name, spec, score), used[0])
    if agency is None or agency.confidence < 0.6:
        agency = _red_head(spec, lines[: title[0]] if title else lines) or agency
    signature = _signature(spec, lines, title[0] if title else -1)
    if agency is None or (signature is not None and (agency.confidence < 0.6 or _ends_with(signature, agency))):
        # A name that is the end of the one below the report lost its beginning, to a stamp or to the line above.
        agency = signature or agency
    elif signature is not None and similarity(signature.value and str(signature.value), str(agency.value)) > 0.9:
        agency = Found("agency", agency.value, agency.printed, min(0.999, agency.confidence + 0.05), agency.line)
    author = _author(spec, lines)
    if agency is None or (author is not None and _ends_with(author, agency)):
        agency = author
    if agency is not None:
        found.append(agency)
    found += _year_and_period(lines, title_year, lines[title[0]] if title else None)
    return found


def _ends_with(whole: Found, part: Found) -> bool:
    """Whether one name is another one's end."""
    return len(str(part.value)) < len(str(whole.value)) and str(whole.value).endswith(str(part.value))


def _title(spec: DocumentSpec, lines: Sequence[TextLine]) -> tuple[int, int, str] | None:
    """Index of the title's line, where its words begin, and the text; the line in the largest print wins."""
    best = None
    for i, text in _with_broken(lines):
        line = lines[i]
        if text.startswith(("根据", "按照")) or _SENTENCE.search(text) is not None:
            continue
        for words in spec.title_words:
            start, likeness = _best_piece(text, words)
            # Sentences quote the report's name; a title ends with it, give or take a bracketed note.
            rest = len(text) - start - len(words)
            if likeness < TITLE_LIKENESS or rest > 6:
                continue
            rank = (len(words) if likeness > 0.9 else 0, round(likeness * 20), line.box.height)
            if best is None or rank > best[0]:
                best = (rank, i, start, text)
                break
    return None if best is None else (best[1], best[2], best[3])


def _with_broken(lines: Sequence[TextLine]) -> list[tuple[int, str]]:
    """Each line alone, and with the next where both are set alike and the next one is short: a title in two lines."""
    result = []
    for i, line in enumerate(lines):
        result.append((i, _clean(line.text)))
        following = lines[i + 1] if i + 1 < len(lines) else None
        if following is not None and following.page == line.page and _is_rest(line, following):
            result.append((i, _clean(line.text) + _clean(following.text)))
    return result


def _is_rest(line: TextLine, following: TextLine) -> bool:
    alike = 0.75 < following.box.height / max(1.0, line.box.height) < 1.35
    near = following.box.top - line.box.bottom < 1.6 * line.box.height
    return alike and near and following.box.width < 0.6 * line.box.width


def _best_piece(text: str, words: str) -> tuple[int, float]:
    n = len(words)
    exact = text.find(words)
    if exact >= 0:
        return exact, 1.0
    options = [(similarity(text[i : i + n], words), -i) for i in range(max(1, len(text) - n + 1))]
    likeness, start = max(options)
    return -start, likeness


def _continues_title(upper: TextLine, line: TextLine) -> bool:
    gap = line.box.top - upper.box.bottom
    return gap < 2.5 * line.box.height and upper.box.height > 0.6 * line.box.height


def _clean(text: str) -> str:
    return simplify(re.sub(r"\s+", "", text))


def _agency_name(text: str, spec: DocumentSpec) -> str:
    """The agency in a piece of a title: without year, quotes and the words around it."""
    text = _YEAR.sub(" ", _HAN_YEAR.sub(" ", text))
    text = re.sub(r"[《》“”\"'「」【】\[\]:：,，。.、\-—_*#]", " ", text)
    pieces = [p for p in text.split() if p]
    names = []
    for piece in pieces:
        changed = True
        while changed and piece:
            changed = False
            for word in sorted(spec.agency_before, key=len, reverse=True):
                if piece.startswith(word):
                    piece, changed = piece[len(word) :], True
            for word in sorted(spec.agency_after, key=len, reverse=True):
                if piece.endswith(word) and len(piece) > len(word):
                    piece, changed = piece[: -len(word)], True
        piece = _NOT_NAME.sub("", piece)
        if len(piece) >= 3 and _ends_like_agency(piece, spec):
            names.append(piece)
    return max(names, key=len, default="")


def _ends_like_agency(name: str, spec: DocumentSpec) -> bool:
    name = re.sub(r"[（(].*?[)）]$", "", name)
    return any(name.endswith(ending) for ending in spec.agency_endings)


def _with_last_letter(name: str, spec: DocumentSpec) -> str:
    """A name that ends like an authority but for its last letter, which a seal may hide, with that letter; else nothing."""
    for ending in sorted(spec.agency_endings, key=len, reverse=True):
        if len(ending) >= LONG_ENDING and name.endswith(ending[:-1]) and len(name) > len(ending):
            return name + ending[-1]
    return ""


def _name_confidence(name: str, spec: DocumentSpec, score: float) -> float:
    long_ending = any(len(e) > 1 and name.endswith(e) for e in spec.agency_endings)
    return min(0.99, score) * (0.99 if long_ending or len(name) >= 5 else 0.9)


def _red_head(spec: DocumentSpec, lines: Sequence[TextLine]) -> Found | None:
    """The agency over a document's number: a large line that is a name and 文件, or nothing but a name."""
    for line in sorted(lines, key=lambda ln: -ln.box.height):
        text = _clean(line.text)
        bare = text.removesuffix("文件")
        name = _agency_name(bare, spec)
        if name and len(name) >= 0.9 * len(bare):
            return Found("agency", name, line.text, 0.95 * _name_confidence(name, spec, line.score), line)
    return None


def _author(spec: DocumentSpec, lines: Sequence[TextLine]) -> Found | None:
    """The agency from the sentence that says who made the report, where nothing else names it."""
    for line, text in _with_following(lines, SENTENCE_LINES):
        for pattern in _AUTHORS:
            match = pattern.search(text)
            name = _agency_name(match.group(1), spec) if match else ""
            if match and name and match.start() < len(_clean(line.text)):
                confidence = 0.9 * _name_confidence(name, spec, line.score)
                return Found("agency", name, match.group(0), confidence, line)
    return None


def _signature(spec: DocumentSpec, lines: Sequence[TextLine], title_index: int) -> Found | None:
    """The agency over the date at the end: a line that is nothing but a name."""
    best = None
    for i, line in enumerate(lines):
        if i <= title_index:
            continue
        text = _clean(line.text)
        if not 3 <= len(text) <= 32 or re.search(r"[，。；,;]", text):
            continue
        text = re.sub(r"[（(](?:盖章|公章|章|印)[)）]", "", text)
        name = _agency_name(text, spec)
        guessed = _with_last_letter(text, spec) if len(name) < 0.75 * len(text) else ""
        name = _agency_name(guessed, spec) if guessed else name
        if not name or len(name) < 0.75 * len(text):
            continue
        dated = any(
            _DATE.search(_clean(o.text)) or _HAN_YEAR.search(_clean(o.text))
            for o in lines[i + 1 : i + 3]
            if o.page == line.page
        )
        rank = (dated, line.page, line.box.top)
        if best is None or rank > best[0]:
            confidence = _name_confidence(name, spec, line.score) * (1.0 if dated else 0.8) * (0.9 if guessed else 1.0)
            best = (rank, Found("agency", name, line.text, confidence, line))
    return None if best is None else best[1]


def _year_and_period(lines: Sequence[TextLine], title_year: int | None, title_line: TextLine | None) -> list[Found]:
    found: list[Found] = []
    period_year = None
    dates: list[tuple[int, TextLine, re.Match[str]]] = []
    for line, text in _with_following(lines):
        period = _PERIOD.search(text)
        # One that begins in the next line is that line's.
        if period and period_year is None and period.start() < len(_clean(line.text)):
            y1, m1, d1, y2, m2, d2 = period.groups()
            period_year = int(y1)
            value = f"{int(y1):04d}-{int(m1):02d}-{int(d1):02d}/{int(y2 or y1):04d}-{int(m2):02d}-{int(d2):02d}"
            found.append(Found("period", value, period.group(0), 0.97 * line.score, line))
    for line in lines:
        date = _DATE.search(_clean(line.text))
        if date and len(_clean(line.text)) <= len(date.group(0)) + 6:
            dates.append((int(date.group(1)), line, date))
    if dates:
        year, line, date = dates[-1]
        value = f"{year:04d}-{int(date.group(2)):02d}-{int(date.group(3)):02d}"
        found.append(Found("date", value, date.group(0), 0.97 * line.score, line))
    if title_year is not None and title_line is not None:
        confidence = 0.99 * title_line.score
        if period_year == title_year:
            confidence = min(0.999, confidence + 0.009)
        elif period_year is not None:
            confidence *= 0.8
        found.append(Found("year", title_year, title_line.text, confidence, title_line))
    elif period_year is not None:
        line = next(f.line for f in found if f.id == "period")
        found.append(Found("year", period_year, str(period_year), 0.95 * line.score, line))
    elif dates:
        # A report is published in the year after the one that it is about.
        year, line, _ = dates[-1]
        found.append(Found("year", year - 1, str(year), 0.7 * line.score, line))
    else:
        # A report's own number stands alone on its line; sentences cite those of others.
        own = [(line, _clean(line.text)) for line in lines if "《" not in line.text]
        numbers = [(line, m) for line, text in own if (m := _NUMBER.search(text)) and text.endswith(m.group(0))]
        numbers = [(line, m) for line, m in numbers if m.start() <= LONGEST_SIGN]
        if numbers:
            line, number = numbers[0]
            found.append(Found("year", int(number.group(1)) - 1, number.group(0), 0.6 * line.score, line))
    return found


def _with_following(lines: Sequence[TextLine], count: int = 2) -> list[tuple[TextLine, str]]:
    """Each line with its text and that of the next lines of the page, ``count`` in all: sentences are broken over lines."""
    result = []
    for i, line in enumerate(lines):
        text = "".join(_clean(o.text) for o in lines[i : i + count] if o.page == line.page)
        result.append((line, text))
    return result


def _year_in(text: str) -> int | None:
    for match in _YEAR.finditer(text):
        year = int(match.group(0))
        if FIRST_YEAR <= year <= 2099:
            return year
    match_han = _HAN_YEAR.search(text)
    if match_han:
        digits = "".join(_HAN_DIGITS.get(c, c) for c in match_han.group(0).replace("二", "2", 1))
        digits = "".join(_HAN_DIGITS.get(c, c) for c in digits)
        if digits.isdigit() and FIRST_YEAR <= int(digits) <= 2099:
            return int(digits)
    return None
