"""What editors, crawlers and converters do to the HTML of a report: broken spans, lost ends of tags, leftovers, wrong declarations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scripts.scanmaker.dice import Dice

_LEFTOVERS = (
    "<!--[if !supportMisalignedColumns]-->",
    "<o:p></o:p>",
    "&nbsp;",
    '<span lang="EN-US" style="mso-spacerun:yes">&nbsp;</span>',
    "<!--[if gte mso 9]><xml></xml><![endif]-->",
)


def damage_html(html: str, dice: Dice, names: Sequence[str] | None = None) -> tuple[bytes, list[str]]:
    """Damage a page at random.

    Args:
        html: a clean page with its tables.
        dice: the stream of the document.
        names: kinds of damage to do; by default they are drawn.

    Returns:
        The bytes of the page, and the names of what was done.
    """
    done: list[str] = []

    def maybe(name: str, chance: float) -> bool:
        if dice.chance(chance) if names is None else name in names:
            done.append(name)
            return True
        return False

    if maybe("rowspans_lost", 0.3):
        html = re.sub(r' rowspan="\d+"', "", html)
    if maybe("head_spans_lost", 0.3):
        html = _some(r'(<td class="(?:head|block|corner)[^>]*?) colspan="\d+"', r"\1", html, dice, 0.5)
    if maybe("wrong_spans", 0.2):
        html = _some(r'colspan="2"', 'colspan="3"', html, dice, 0.2)
    if maybe("cell_ends_lost", 0.3):
        html = _some(r"</td>", "", html, dice, 0.5)
    if maybe("row_ends_lost", 0.2):
        html = _some(r"</tr>", "", html, dice, 0.5)
    if maybe("leftovers", 0.5):
        html = re.sub(r"(<td[^>]*>)", lambda m: m[1] + (dice.pick(_LEFTOVERS) if dice.chance(0.2) else ""), html)
    if maybe("paragraphs_in_cells", 0.4):
        html = re.sub(
            r"(<td[^>]*>)(.*?)(?=</td>|<td|<tr|</tr>)", r"\1<p style='margin:0'>\2</p>", html, flags=re.DOTALL
        )
    if maybe("letters_in_spans", 0.3):
        html = re.sub(r">([\u4e00-\u9fff]{4,})<", lambda m: ">" + _wrapped(m[1], dice) + "<", html)
    if maybe("tables_merged", 0.2):
        html = re.sub(r"</tbody></table>\s*<table[^>]*><colgroup>.*?</colgroup>(?:<thead>)?", "", html, flags=re.DOTALL)
    if maybe("table_cut", 0.3):
        rows = [m.start() for m in re.finditer(r"<tr", html)]
        if len(rows) > 12:
            at = rows[dice.whole(8, len(rows) - 3)]
            html = html[:at] + "</tbody></table><p></p><table><tbody>" + html[at:]
    if maybe("layout_table", 0.3):
        html = html.replace("<body>", '<body><table width="100%"><tr><td>导航</td><td>').replace(
            "</body>", "</td></tr></table></body>"
        )
    if maybe("upper_case", 0.2):
        html = re.sub(r"</?(?:td|tr|table|tbody|p)\b", lambda m: m[0].upper(), html)
    if maybe("gbk", 0.3):
        declared = dice.pick(("utf-8", "gb2312", "gbk", "iso-8859-1"))
        return html.replace('charset="utf-8"', f'charset="{declared}"').encode("gb18030"), done
    return html.encode("utf-8"), done


def _some(pattern: str, by: str, html: str, dice: Dice, share: float) -> str:
    return re.sub(pattern, lambda m: m.expand(by) if dice.chance(share) else m[0], html)


def _wrapped(word: str, dice: Dice) -> str:
    at = dice.whole(1, len(word) - 1)
    return f"<span>{word[:at]}</span><span style='font-size:9pt'>{word[at:]}</span>"
