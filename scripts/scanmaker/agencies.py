"""Composes made-up agencies from the place stems of a split, so that no agency occurs in two splits."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.scanmaker.dice import Dice
from scripts.scanmaker.splits import Places

BUREAUS = [
    "财政局",
    "教育局",
    "公安局",
    "民政局",
    "司法局",
    "水利局",
    "农业农村局",
    "交通运输局",
    "卫生健康局",
    "应急管理局",
    "审计局",
    "统计局",
    "市场监督管理局",
    "自然资源局",
    "生态环境局",
    "住房和城乡建设局",
    "文化和旅游局",
    "医疗保障局",
    "人力资源和社会保障局",
    "城市管理局",
    "退役军人事务局",
    "科学技术局",
    "商务局",
    "林业局",
    "信访局",
    "行政审批服务局",
    "综合行政执法局",
    "发展和改革委员会",
    "工业和信息化局",
    "民族宗教事务局",
    "乡村振兴局",
    "机关事务管理局",
    "地方金融监督管理局",
    "体育局",
]
CENTRES = ["畜牧兽医发展中心", "政务服务中心", "供销合作社联合社", "公积金管理中心", "地震监测中心", "公路事业发展中心"]
ZONES = ["经济技术开发区管理委员会", "高新技术产业开发区管理委员会", "工业园区管理委员会", "风景名胜区管理委员会"]


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency that reports.

    Attributes:
        name: the full name as printed.
        variants: other names under which the agency counts as right.
        short: how the narrative calls it (我局, 我街道, ...).
        size: 0 for a township to 3 for a city, the order of magnitude of its numbers.
        makes_rules: whether it may make 规章.
        office: who wrote the report and answers the telephone.
        place: the town or county, for addresses.
    """

    name: str
    variants: tuple[str, ...]
    short: str
    size: float
    makes_rules: bool
    office: str
    place: str


def draw_agency(dice: Dice, places: Places) -> Agency:
    """Draw an agency whose place names belong to one split."""
    city = dice.pick(places.cities) + "市"
    county = dice.pick(places.counties) + dice.weighted({"县": 5, "区": 4, "市": 1})
    town = dice.pick(places.towns)
    kind = dice.weighted({"town": 4, "street": 3, "bureau": 7, "county": 4, "city": 2, "centre": 1, "zone": 1.5})
    where = (city if dice.chance(0.5) else "") + county
    if kind == "town":
        ending = dice.weighted({"镇": 4, "乡": 1})
        name = f"{where}{town}{ending}人民政府"
        short = "我" + ending
        variants = (f"{county}{town}{ending}人民政府", f"{town}{ending}人民政府", f"{where}{town}{ending}")
        return Agency(name, variants, short, dice.between(0.0, 0.5), False, f"{town}{ending}党政办公室", town + ending)
    if kind == "street":
        name = f"{where}{town}街道办事处"
        variants = (f"{county}{town}街道办事处", f"{town}街道办事处", f"{where}{town}街道")
        office = f"{town}街道党政综合办公室"
        return Agency(name, variants, "我街道", dice.between(0.1, 0.8), False, office, town + "街道")
    if kind == "county":
        name = f"{where}人民政府"
        variants = (f"{county}人民政府", county, where)
        return Agency(
            name, variants, "我" + county[-1], dice.between(1.6, 2.6), False, f"{county}人民政府办公室", county
        )
    if kind == "city":
        name = f"{city}人民政府"
        return Agency(name, (city,), "我市", dice.between(2.4, 3.4), True, f"{city}人民政府办公室", city)
    body = dice.pick({"bureau": BUREAUS, "centre": CENTRES, "zone": ZONES}[kind])
    seat = city if dice.chance(0.3) else where
    short = "我委" if body.endswith("委员会") else ("我中心" if body.endswith("中心") else "我局")
    size = dice.between(0.5, 2.0) if kind == "bureau" else dice.between(0.2, 1.4)
    name = seat + body
    others: tuple[str, ...] = tuple(v for v in (county + body if seat == where else "", f"{seat}人民政府{body}") if v)
    return Agency(name, others, short, size, False, f"{body}办公室", seat)
