"""The statutory form as the scan maker prints it: ids, labels and the variants of labels that agencies use.

Three tables (二, 三, 四), two editions. Table 三 has seven columns; its rows differ between the editions only in part
（六）. Source: the forms annexed to 国办公开办函〔2021〕30号 and 〔2019〕60号.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("natural_person", "business", "research", "social_organization", "legal_service", "other", "total")
KIND_LABELS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
OUTCOMES = ("upheld", "corrected", "other", "pending", "total")
OUTCOME_LABELS = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
REMEDIES = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One numbered row of table 三.

    Attributes:
        id: the row's part of the field ids.
        label: the words of the row itself.
        group: the label of the merged cell before it, "" where the row stands alone.
        level: 0 for rows 一, 二 and 四, 1 for the parts of 三.
    """

    id: str
    label: str
    group: str
    level: int


_REFUSED = "（三）不予公开"
_UNAVAILABLE = "（四）无法提供"
_UNPROCESSED = "（五）不予处理"
_OTHER = "（六）其他处理"

_HEAD_ROWS = (
    RequestRow("received", "一、本年新收政府信息公开申请数量", "", 0),
    RequestRow("carried_in", "二、上年结转政府信息公开申请数量", "", 0),
    RequestRow("granted", "（一）予以公开", "", 1),
    RequestRow("partly_granted", "（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "", 1),
    RequestRow("refused_state_secret", "1.属于国家秘密", _REFUSED, 1),
    RequestRow("refused_prohibited_by_law", "2.其他法律行政法规禁止公开", _REFUSED, 1),
    RequestRow("refused_security_and_stability", "3.危及“三安全一稳定”", _REFUSED, 1),
    RequestRow("refused_third_party_rights", "4.保护第三方合法权益", _REFUSED, 1),
    RequestRow("refused_internal_affairs", "5.属于三类内部事务信息", _REFUSED, 1),
    RequestRow("refused_process_information", "6.属于四类过程性信息", _REFUSED, 1),
    RequestRow("refused_enforcement_files", "7.属于行政执法案卷", _REFUSED, 1),
    RequestRow("refused_administrative_inquiry", "8.属于行政查询事项", _REFUSED, 1),
    RequestRow("unavailable_not_held", "1.本机关不掌握相关政府信息", _UNAVAILABLE, 1),
    RequestRow("unavailable_needs_creation", "2.没有现成信息需要另行制作", _UNAVAILABLE, 1),
    RequestRow("unavailable_still_unclear", "3.补正后申请内容仍不明确", _UNAVAILABLE, 1),
    RequestRow("unprocessed_petition", "1.信访举报投诉类申请", _UNPROCESSED, 1),
    RequestRow("unprocessed_duplicate", "2.重复申请", _UNPROCESSED, 1),
    RequestRow("unprocessed_publication", "3.要求提供公开出版物", _UNPROCESSED, 1),
    RequestRow("unprocessed_excessive", "4.无正当理由大量反复申请", _UNPROCESSED, 1),
    RequestRow("unprocessed_confirmation", "5.要求行政机关确认或重新出具已获取信息", _UNPROCESSED, 1),
)
_OTHER_2021 = (
    RequestRow(
        "other_correction_overdue", "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请", _OTHER, 1
    ),
    RequestRow(
        "other_fee_overdue", "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请", _OTHER, 1
    ),
    RequestRow("other_other", "3.其他", _OTHER, 1),
)
_OTHER_2019 = (RequestRow("other_processing", "（六）其他处理", "", 1),)
_TAIL_ROWS = (
    RequestRow("total", "（七）总计", "", 1),
    RequestRow("carried_out", "四、结转下年度继续办理", "", 0),
)
REQUEST_ROWS = {"2021": _HEAD_ROWS + _OTHER_2021 + _TAIL_ROWS, "2019": _HEAD_ROWS + _OTHER_2019 + _TAIL_ROWS}


def result_rows(edition: str) -> list[str]:
    """Return the row ids of table 三 that （七）总计 adds up, in printed order."""
    return [r.id for r in REQUEST_ROWS[edition] if r.level == 1 and r.id != "total"]


@dataclass(frozen=True, slots=True)
class Block:
    """One of the stacked blocks of table 二.

    Attributes:
        title: the full-width row, for example 第二十条第（一）项.
        heads: the header cells after 信息内容.
        rows: (label, field ids in column order).
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def _ids(stem: str, *parts: str) -> tuple[str, ...]:
    return tuple(f"disclosure.{stem}.{p}" for p in parts)


_ITEMS = ("上一年项目数量", "本年增/减", "处理决定数量")
_ITEM_PARTS = ("items_last_year", "change", "decisions")
BLOCKS = {
    "2021": (
        Block(
            "第二十条第（一）项",
            ("本年制发件数", "本年废止件数", "现行有效件数"),
            (
                ("规章", _ids("rules", "issued", "repealed", "in_force")),
                ("行政规范性文件", _ids("normative_documents", "issued", "repealed", "in_force")),
            ),
        ),
        Block("第二十条第（五）项", ("本年处理决定数量",), (("行政许可", _ids("licensing", "decisions")),)),
        Block(
            "第二十条第（六）项",
            ("本年处理决定数量",),
            (("行政处罚", _ids("penalties", "decisions")), ("行政强制", _ids("coercive_measures", "decisions"))),
        ),
        Block("第二十条第（八）项", ("本年收费金额（单位：万元）",), (("行政事业性收费", _ids("fees", "amount")),)),
    ),
    "2019": (
        Block(
            "第二十条第（一）项",
            ("本年新制作数量", "本年新公开数量", "对外公开总数量"),
            (
                ("规章", _ids("rules", "created", "published", "published_total")),
                ("规范性文件", _ids("normative_documents", "created", "published", "published_total")),
            ),
        ),
        Block(
            "第二十条第（五）项",
            _ITEMS,
            (
                ("行政许可", _ids("licensing", *_ITEM_PARTS)),
                ("其他对外管理服务事项", _ids("other_services", *_ITEM_PARTS)),
            ),
        ),
        Block(
            "第二十条第（六）项",
            _ITEMS,
            (("行政处罚", _ids("penalties", *_ITEM_PARTS)), ("行政强制", _ids("coercive_measures", *_ITEM_PARTS))),
        ),
        Block("第二十条第（八）项", _ITEMS[:2], (("行政事业性收费", _ids("fees", "items_last_year", "change")),)),
        Block(
            "第二十条第（九）项",
            ("采购项目数量", "采购总金额"),
            (("政府集中采购", _ids("procurement", "projects", "amount")),),
        ),
    ),
}

AMOUNTS = frozenset({"disclosure.fees.amount", "disclosure.procurement.amount"})


def field_ids(table: str, edition: str) -> list[str]:
    """Return all field ids of one table in printed order.

    Args:
        table: 二, 三 or 四.
        edition: 2021 or 2019; the editions of table 四 are equal.

    Raises:
        KeyError: if the edition is unknown.
    """
    if table == "二":
        return [f for block in BLOCKS[edition] for _, ids in block.rows for f in ids]
    if table == "三":
        return [f"requests.{row.id}.{kind}" for row in REQUEST_ROWS[edition] for kind in KINDS]
    return [f"remedies.{remedy}.{outcome}" for remedy in REMEDIES for outcome in OUTCOMES]


def rules(edition: str) -> list[tuple[str, list[str], list[str]]]:
    """Return the sums of tables 三 and 四 as (id, ids on the left, ids on the right): 42 for 2021, 40 for 2019."""
    found = []
    for row in REQUEST_ROWS[edition]:
        parts = [f"requests.{row.id}.{kind}" for kind in KINDS[:-1]]
        found.append((f"row_total.{row.id}", [f"requests.{row.id}.total"], parts))
    for kind in KINDS:
        results = [f"requests.{row}.{kind}" for row in result_rows(edition)]
        found.append((f"results_total.{kind}", [f"requests.total.{kind}"], results))
        arrived = [f"requests.received.{kind}", f"requests.carried_in.{kind}"]
        found.append((f"balance.{kind}", arrived, [f"requests.total.{kind}", f"requests.carried_out.{kind}"]))
    for remedy in REMEDIES:
        parts = [f"remedies.{remedy}.{outcome}" for outcome in OUTCOMES[:-1]]
        found.append((f"outcomes_total.{remedy}", [f"remedies.{remedy}.total"], parts))
    return found


# Wordings seen in published reports instead of the form's own; each document may draw one for each label.
LABEL_VARIANTS: dict[str, tuple[str, ...]] = {
    "规章": ("规 章",),
    "行政规范性文件": ("规范性文件", "行政规范性文件（本单位制发的）"),
    "本年制发件数": ("本年 制发件数",),
    "现行有效件数": ("现行有效件",),
    "结果维持": ("结果 维持", "结果维护"),
    "总计": ("合计", "总 计"),
    "（二）部分公开（区分处理的，只计这一情形，不计其他情形）": (
        "（二）部分公开（区分处理的，只记这一情形，不记其他情形）",
        "（二）部分公开(区分处理的,只计这一情形,不计其他情形)",
    ),
    "本年增/减": ("本年增减",),
    "三、本年度办理结果": ("3、本年度办理结果", "三、本年度办 理结果"),
    "3.危及“三安全一稳定”": ('3.危及"三安全一稳定"', "3、危及“三安全一稳定”"),
    "商业企业": ("商业 企业",),
    "本年收费金额（单位：万元）": (
        "本年收费金额（万元）",
        "本年收费金额（单位：万元，保留4位小数）",
        "本年收费金额(单位:万元)",
    ),
    "采购总金额": ("采购总金额（万元）", "采购总金额（元）"),
    "5.要求行政机关确认或重新出具已获取信息": ("5.要求行政机关确认或重 新出具已获取信息",),
}
CORNER = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
