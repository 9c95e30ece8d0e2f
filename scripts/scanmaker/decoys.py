"""Tables that are not part of the form but stand in published reports: page metadata, counts of the narrative."""

from __future__ import annotations

from scripts.scanmaker.agencies import Agency
from scripts.scanmaker.dice import Dice
from scripts.scanmaker.tables import GridCell, PrintedTable

_CHANNELS = ("门户网站", "政务微博", "政务微信", "政府公报", "新闻发布会", "广播电视", "公示栏", "其他方式")


def metadata_table(dice: Dice, agency: Agency, year: int) -> PrintedTable:
    """Return the small table of index number, publisher and date that stands above a report on a web page."""
    day = f"{year + 1}-{dice.whole(1, 3):02d}-{dice.whole(1, 28):02d}"
    rows = (
        (
            "索引号",
            f"{dice.whole(10_000_000, 99_999_999)}/{year + 1}-{dice.whole(1, 99_999):05d}",
            "主题分类",
            "政府信息公开年报",
        ),
        ("发布机构", agency.name, "发布日期", day),
        ("有效性", "有效", "文号", "无"),
    )
    cells = tuple(
        tuple(GridCell(text, "head" if i % 2 == 0 else "label") for i, text in enumerate(row))
        for row in rows[: dice.whole(2, 3)]
    )
    return PrintedTable("", cells, (0.15, 0.4, 0.15, 0.3), 0)


def counts_table(dice: Dice) -> PrintedTable:
    """Return a table of how much was published through which channel, as some narratives contain."""
    rows: list[tuple[GridCell, ...]] = [
        (GridCell("序号", "head"), GridCell("公开方式", "head"), GridCell("数量（条）", "head"))
    ]
    channels = dice.some(_CHANNELS, dice.whole(3, 6))
    counts = [dice.whole(0, 3_000) for _ in channels]
    for i, (channel, count) in enumerate(zip(channels, counts, strict=True), 1):
        rows.append((GridCell(str(i), "head"), GridCell(channel, "label"), GridCell(str(count), "value")))
    rows.append((GridCell("合计", "head", 2), GridCell(str(sum(counts)), "value")))
    return PrintedTable("", tuple(rows), (0.15, 0.5, 0.35), 0)
