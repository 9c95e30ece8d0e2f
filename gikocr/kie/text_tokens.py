"""Flattened text as a sequence of words and of what may be values, whatever separates its cells.

Bars, tabs, line ends and blanks are all boundaries of cells; which of them ends a row and which stands for an empty cell differs from
export to export and is told from the text as a whole (:class:`Dialect`). Nothing is decided here about what a number means.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from gikocr.forms import normalise
from gikocr.markup import MarkupCell, MarkupLine, MarkupTable, TextPlace

TokenKind = Literal["words", "value", "blank", "pad", "break"]
Separator = Literal["none", "space", "tab", "bar", "line"]

MANY_BARS: Final = 8
"""A text with this many bars separates its cells by them."""
MANY_TABS: Final = 5
"""Lines with tabs from which on tabs separate cells."""
ONE_CELL_A_LINE: Final = 0.8
"""Share of the lines with tabs that hold one cell behind one tab, from which on every line is a cell."""
MANY_VALUES, CLOSE = 4, 0.2
"""Lines with nothing but a number, and the share of them right under another line, from which on empty lines are empty cells."""
MOST_TOKENS: Final = 60_000
"""What comes after so many tokens is left out: a report has some thousands, and noise must not take minutes."""
LONGEST_TAIL: Final = 160
"""So many letters of the words before a run of values are looked at for its own label."""
MOST_LETTERS: Final = 4_000
"""So many are looked at for labels of rows without values; all labels of a form together have fewer than a thousand."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text.

    ``blank`` is an empty cell, ``pad`` what is left of a cell that spans several columns and may also be an empty one, ``break`` the
    end of a row. ``before`` says what parts it from the token before it, ``wide`` how many wide characters go before it on its line,
    which count twice in some layouts, and ``sheet`` on which page it is.
    """

    kind: TokenKind
    text: str
    place: TextPlace
    before: Separator
    wide: int = 0
    sheet: int = 0


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text separates cells.

    ``bars``, ``tabs``: by these; ``indented``: a tab only indents the one cell of its line; ``empty_lines``: a cell a line, and an
    empty line is an empty cell.
    """

    bars: bool
    tabs: bool
    indented: bool
    empty_lines: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Words, and the run of values, empty cells and row ends that follows them.

    Attributes:
        words: the words since the run before, in order.
        run: what follows them, up to the next words.
        tail: the words without spaces and punctuation, the last :data:`LONGEST_TAIL` letters.
        letters: the same of all its words, the last :data:`MOST_LETTERS` letters.
        context: the tail, with the words of chunks right before that hold no value: heads, parted by the empty cells between them.
        glued: whether the run is one number that stands in the middle of words, as numbers in sentences do.
    """

    words: tuple[Token, ...]
    run: tuple[Token, ...]
    tail: str
    letters: str
    context: str
    glued: bool

    @property
    def values(self) -> list[Token]:
        """The tokens of the run that hold something."""
        return [t for t in self.run if t.kind == "value"]


# Full-width forms of ASCII, spaces of all kinds and box-drawing bars, one character for one.
_FOLD = (
    {0xFF01 + i: chr(0x21 + i) for i in range(94)}
    | dict.fromkeys((0x00A0, 0x3000, 0x2002, 0x2003, 0x2009, 0x200A, 0x202F), " ")
    | dict.fromkeys((0x2502, 0x2503, 0x2551, 0xFFE8, 0x2223), "|")
    | dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), "\u00ad")
)
WIDE: Final = "\u2e7f"
"""Characters after this one are drawn twice as wide as letters of ASCII."""
_HAN = "\u3400-\u9fff\uf900-\ufaff"
_NUMBER = re.compile(r"[-+−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|[-+−]?\d+(?:\.\d+)?")
_UNIT = r"(?:万元|亿元|元|件|笔|项|个|宗|份|条|起)?"
_VALUE = re.compile(rf"(?:{_NUMBER.pattern}){_UNIT}")
_MARK = re.compile(r"/+|\\|[-—–―─−]{1,2}|_|无|無|暂无|不适用|没有")
_BEFORE_LABEL = re.compile(rf"\s*[.、．](?=\s*[{_HAN}“\"'‘「（(]|\s*$)")
_COUNTED = re.compile(r"\s*(?:[年月日号條条项位期届次名时分秒%％〕\]]|个工作日)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBERED_BY = re.compile(r"(?:[第如〔\[(（年月自至到第]|[A-Za-z:/_-])$")
_LEFTOVER = re.compile(r"<!--.*?-->|<!\[[^>]*>|\[bookmark:[^\]]*\]|\[if [^\]]*\]|\[endif\]")
_RULE_LINE = re.compile(
    r"[\s|+:=\-─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋]*(?:[-=─━═]{3,})[\s|+:=\-─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋]*"
)
_FURNITURE = re.compile(
    r"\s*(?:[-—–－]\s*\d{1,3}\s*[-—–－]|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?|[Pp](?:age|\.)\s*\d{1,3}(?:\s*(?:of|/)\s*\d{1,3})?"
    r"|\d{1,3}\s*/\s*\d{1,3}\s*页?)\s*"
)


def folded(text: str) -> str:
    """The text with full-width ASCII, odd spaces and drawn bars as plain ones; every character keeps its place."""
    return text.translate(_FOLD)


def dialect_of(lines: Sequence[str]) -> Dialect:
    """Tell how a text separates its cells; ``lines`` are folded."""
    bars = sum(line.count("|") for line in lines) >= MANY_BARS
    tabbed = [line for line in lines if "\t" in line]
    tabs = len(tabbed) >= MANY_TABS
    single = sum(1 for line in tabbed if line.count("\t") == 1 and line.startswith("\t"))
    empty = not bars and not tabs and _empty_lines_are_cells(lines)
    return Dialect(bars, tabs and not bars, tabs and not bars and single >= ONE_CELL_A_LINE * len(tabbed), empty)


def _empty_lines_are_cells(lines: Sequence[str]) -> bool:
    """Whether cells stand on lines of their own, one right under the other, and there are more empty lines than part paragraphs."""
    values = [k for k, line in enumerate(lines) if _VALUE.fullmatch(line.strip())]
    if len(values) < MANY_VALUES:
        return False
    close = sum(k > 0 and bool(lines[k - 1].strip()) for k in values)
    # Where an empty line parts each cell from the next, nothing stands right under anything.
    return close >= CLOSE * len(values)


def tokenise(blocks: Sequence[MarkupLine | MarkupTable]) -> list[Token]:
    """Cut a text into tokens, in reading order; the cells and rows of tables are those of the markup."""
    tokens: list[Token] = []
    for is_table, group in itertools.groupby(blocks, key=lambda block: isinstance(block, MarkupTable)):
        if is_table:
            for table in group:
                tokens += _table_tokens(table) if isinstance(table, MarkupTable) else []
        else:
            tokens += _line_tokens([line for line in group if isinstance(line, MarkupLine)])
        if len(tokens) > MOST_TOKENS:
            break
    return tokens[:MOST_TOKENS]


def _table_tokens(table: MarkupTable) -> list[Token]:
    tokens: list[Token] = []
    rows: dict[int, list[MarkupCell]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(cell)
    for row in range(table.n_rows):
        for cell in sorted(rows.get(row, []), key=lambda c: c.col):
            text = _cleaned(folded(cell.text)).strip("\u00ad \t\n")
            if not text:
                tokens.append(Token("blank", "", cell.place, "bar"))
            else:
                # A word broken over lines is one word, and so is a number.
                _cell(re.sub(rf"(?<=[{_HAN}\d.])\s*\n\s*(?=[{_HAN}\d.])", "", text), 0, cell.place, tokens, "bar")
        tokens.append(Token("break", "", TextPlace(table=table.index, row=row), "line"))
    return tokens


def _line_tokens(lines: Sequence[MarkupLine]) -> list[Token]:
    plain = [_cleaned(folded(line.text)) for line in lines]
    dialect = dialect_of(plain)
    tokens: list[Token] = []
    pending = False  # whether a bar stands before, with nothing but white space since
    seen = False  # whether a value went before
    for line, text in zip(lines, plain, strict=True):
        if len(tokens) > MOST_TOKENS:
            break
        begin = len(tokens)
        if dialect.empty_lines and not text.strip():
            if seen:
                tokens.append(Token("pad", "", line.place, "line"))
            continue
        if _FURNITURE.fullmatch(text) or _RULE_LINE.fullmatch(text):
            continue
        if dialect.bars:
            pending = _bar_line(text, line.place, tokens, pending)
        elif dialect.tabs:
            _tab_line(text, line.place, tokens, indented=dialect.indented)
        else:
            _cell(text, 0, line.place, tokens, "line")
            tokens[begin:] = [_measured(t, line) for t in tokens[begin:]]
            seen = seen or (dialect.empty_lines and len(tokens) == begin + 1 and tokens[begin].kind == "value")
    return tokens


def _measured(token: Token, line: MarkupLine) -> Token:
    """A token of a line with what tells its place in columns; the line's own characters count, not the folded ones."""
    start = (token.place.column or 1) - (line.place.column or 1)
    return replace(token, wide=sum(c > WIDE for c in line.text[:start]), sheet=line.sheet)


def _cleaned(text: str) -> str:
    """A line with leftovers of word processors blanked out."""
    return _LEFTOVER.sub(lambda m: " " * len(m[0]), text) if "[" in text or "<" in text else text


def _bar_line(text: str, place: TextPlace, tokens: list[Token], pending: bool) -> bool:
    """Add a line of a text with bars; ``pending`` and the answer: whether a bar went before without a cell since."""
    if re.fullmatch(r"\s*\|(?:\s*\|)+\s*", text):
        # Bars alone on a line are what is left of a cell over several columns, at the end of a row.
        tokens.append(Token("break", "", _at(place, 0), "line"))
        return True
    pieces = text.split("|")
    start = 0
    full = 0
    for k, piece in enumerate(pieces):
        before: Separator = "line" if k == 0 else "bar"
        last = k == len(pieces) - 1
        if piece.strip():
            _cell(piece, start, place, tokens, before)
            pending, full = False, full + 1
        if not last:
            if not piece.strip() and pending:
                kind: TokenKind = "pad" if piece == "" and k > 0 else "blank"
                tokens.append(Token(kind, "", _at(place, start), "bar"))
            pending = True
        start += len(piece) + 1
    if full >= 2 or len(pieces) > 3:
        tokens.append(Token("break", "", _at(place, len(text)), "line"))
    return pending


def _tab_line(text: str, place: TextPlace, tokens: list[Token], *, indented: bool) -> None:
    if indented:
        if not text:
            tokens.append(Token("break", "", _at(place, 0), "line"))
        elif not text.strip() and "\t" in text:
            tokens.append(Token("blank", "", _at(place, 0), "line"))
        else:
            _cell(text, 0, place, tokens, "line")
        return
    start = 0
    for k, piece in enumerate(text.split("\t")):
        before: Separator = "line" if k == 0 else "tab"
        if piece.strip():
            _cell(piece, start, place, tokens, before)
        elif "\t" in text:
            tokens.append(Token("blank", "", _at(place, start), before))
        start += len(piece) + 1
    if "\t" in text:
        tokens.append(Token("break", "", _at(place, len(text)), "line"))


def _at(place: TextPlace, offset: int) -> TextPlace:
    if place.line is None:
        return place
    return TextPlace(line=place.line, column=(place.column or 1) + offset)


def _cell(text: str, offset: int, place: TextPlace, tokens: list[Token], before: Separator) -> None:
    """Add what stands between two boundaries: pieces parted by spaces, and numbers that touch words."""
    first = True
    for match in re.finditer(r"[^\s\u00ad]+", text):
        piece = match[0]
        at = offset + match.start()
        parted: Separator = before if first else "space"
        if _VALUE.fullmatch(piece) or _MARK.fullmatch(piece):
            follows = text[match.end() :]
            of_label = _BEFORE_LABEL.match(follows) and follows.lstrip()[:1] in (".", "、")
            if of_label or (_YEAR.fullmatch(piece) and follows.lstrip().startswith("年")):
                tokens.append(Token("words", piece, _at(place, at), parted))
            else:
                tokens.append(Token("value", piece, _at(place, at), parted))
        elif not any(c.isdigit() for c in piece):
            tokens.append(Token("words", piece, _at(place, at), parted))
        else:
            _mixed(piece, at, place, tokens, parted, first=first)
        first = False


def _mixed(piece: str, offset: int, place: TextPlace, tokens: list[Token], before: Separator, *, first: bool) -> None:
    """Cut a piece in which numbers touch words: those that belong to the words stay with them."""
    done = 0
    for match in _NUMBER.finditer(piece):
        start, end = match.span()
        if start < done:
            continue
        ahead, behind = piece[:start], piece[end:]
        if _BEFORE_LABEL.match(behind):
            end -= 1  # 220000325 before 2.没有…: the last digit is the label's own numeral
            if end <= start:
                continue
        elif first and start == 0 and end == 1 and match[0] != "0" and re.match(rf"[{_HAN}](?![、,.])", behind):
            continue  # 1属于国家秘密, which lost its point
        elif _COUNTED.match(behind) or _NUMBERED_BY.search(ahead):
            continue
        if start > done:
            tokens.append(Token("words", piece[done:start], _at(place, offset + done), before if done == 0 else "none"))
        tokens.append(Token("value", piece[start:end], _at(place, offset + start), before if start == 0 else "none"))
        done = end
    if done < len(piece):
        tokens.append(Token("words", piece[done:], _at(place, offset + done), before if done == 0 else "none"))


def chunks_of(tokens: Sequence[Token]) -> list[Chunk]:
    """Group tokens: words, then the run that follows them. Empty cells between a row's end and its words belong to no run."""
    chunks: list[Chunk] = []
    words: list[Token] = []
    run: list[Token] = []

    def close(following: Token | None) -> None:
        # In a grid what is empty after the row's end, before the next words, is the place of a merged label.
        kept = list(run)
        for i in range(len(kept) - 1, -1, -1):
            if kept[i].kind == "value":
                break
            if kept[i].kind == "break":
                kept = kept[: i + 1]
                break
        glued = (
            len(kept) == 1
            and kept[0].before == "none"
            and following is not None
            and following.before == "none"
            and len(kept[0].text) < 7
        )
        letters = _letters(words)
        tail = letters[-LONGEST_TAIL:]
        above = chunks[-1].context if chunks and not chunks[-1].values else ""
        chunks.append(Chunk(tuple(words), tuple(kept), tail, letters, (above + tail)[-LONGEST_TAIL:], glued))

    for token in tokens:
        if token.kind == "words":
            if any(t.kind != "break" for t in run):
                close(token)
                words, run = [], []
            elif run:
                run = []
            words.append(token)
        else:
            run.append(token)
    if words or any(t.kind != "break" for t in run):
        close(None)
    return chunks


def _letters(words: Sequence[Token]) -> str:
    letters: list[str] = []
    room = MOST_LETTERS
    for token in reversed(words):
        letters.append(normalise(token.text))
        room -= len(letters[-1])
        if room <= 0:
            break
    return "".join(reversed(letters))[-MOST_LETTERS:]
