"""Labels as they come out of scans and exports, compared with the labels of the form."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gikocr.forms import Label, Table, load_form, normalise, similarity, simplify, without_notes
from gikocr.forms.text import _SIMPLIFIED

FORM = load_form()
TABLES = [table for edition in FORM.editions.values() for table in edition.tables.values()]
HAN = st.text(st.characters(min_codepoint=0x2E80, max_codepoint=0x9FFF))
TEXTS = st.one_of(st.text(), HAN, st.sampled_from([w for t in TABLES for label in t.headings for w in label.all]))


def axes(table: Table) -> dict[str, list[Label]]:
    """The labels that stand down the left side and across the top of a table, each wording of the form once."""
    rows: dict[str, Label] = {}
    columns: dict[str, Label] = {}
    for section in table.sections:
        for column in section.columns:
            columns |= {label.text: label for label in (*column.groups, column.label)}
        for row in section.rows:
            rows |= {label.text: label for label in (*row.groups, row.label) if label}
        rows |= {section.heading.text: section.heading} if section.heading else {}
        columns |= {section.corner.text: section.corner} if section.corner else {}
    return {"rows": list(rows.values()), "columns": list(columns.values())}


AXES = [
    pytest.param(labels, id=f"{table.edition}-{table.key}-{name}")
    for table in TABLES
    for name, labels in axes(table).items()
    if labels
]


def nearest(text: str, labels: list[Label]) -> str:
    """The label nearest to a text by any of its wordings; a tie gives nothing."""
    scores = {label.text: max(similarity(text, wording) for wording in label.all) for label in labels}
    best = max(scores.values())
    found = [label for label, score in scores.items() if score == best]
    return found[0] if len(found) == 1 else f"tie: {found}"


@pytest.mark.parametrize("labels", AXES)
def test_a_wording_is_closer_to_its_label_than_to_any_other_wording(labels: list[Label]) -> None:
    for label in labels:
        others = [wording for other in labels if other is not label for wording in other.all]
        for wording in label.all:
            assert all(similarity(wording, label.text) > similarity(wording, other) for other in others), wording


@pytest.mark.parametrize("labels", AXES)
def test_one_character_lost_or_doubled_does_not_change_the_label(labels: list[Label]) -> None:
    for label in labels:
        text = normalise(label.text)
        for i in range(len(text)):
            # 第二十条第（）项 without its numeral is every block; nothing but its place tells which.
            if text.startswith("第二十条") and text[i] == text[-2]:
                continue
            assert nearest(text[:i] + text[i + 1 :], labels) == label.text
            assert nearest(text[: i + 1] + text[i:], labels) == label.text


def test_the_form_lists_no_wording_that_normalising_unifies() -> None:
    for table in TABLES:
        for labels in axes(table).values():
            for label in labels:
                assert len({normalise(wording) for wording in label.all}) == len(label.all), label


# As they stand in real exports, with the table and the label of the form that each of them is.
SEEN = [
    ("二", "规 章", "规章"),
    ("二", "規范性文件", "行政规范性文件"),
    ("二", "行政規範性檔案", "行政规范性文件"),
    ("二", "行政规范性文件(本单位制发的)", "行政规范性文件"),
    ("二", "行政规范性文件（以本机关名义制定并公开发布的，不含内部文件，2021年起", "行政规范性文件"),
    ("二", "本年发件", "本年制发件数"),
    ("二", "本年 制发件数", "本年制发件数"),
    ("二", "现行有效件", "现行有效件数"),
    ("二", "現行有效件數", "现行有效件数"),
    ("二", "本年收費金額(單位:萬元)", "本年收费金额（单位：万元）"),
    ("二", "本年收费金额（单位：万元，保留4位小数）", "本年收费金额（单位：万元）"),
    ("二", "第二十条 第(一)项", "第二十条第（一）项"),
    ("二", "第二十條第(八)項", "第二十条第（八）项"),
    ("二", "行政處罰", "行政处罚"),
    ("二", "資訊內容", "信息内容"),
    ("三", "三三、本年度办理结果", "三、本年度办理结果"),
    ("三", "3、本年度办理结果", "三、本年度办理结果"),
    ("三", "三 、本 年 度办 理 结果", "三、本年度办理结果"),
    ("三", "一、本年新收政府資訊公開申請數量", "一、本年新收政府信息公开申请数量"),
    ("三", "(一) 予以公开", "（一）予以公开"),
    (
        "三",
        "（二）部分公开(区分处理的,只记这一情形,不记其他情形)",
        "（二）部分公开（区分处理的，只计这一情形，不计其他情形）",
    ),
    ("三", "1．属于国家秘密", "1.属于国家秘密"),
    ("三", "1、属于国家秘密", "1.属于国家秘密"),
    ("三", "2.其他法律行政止公开", "2.其他法律行政法规禁止公开"),
    ("三", '3.危及"三安全一稳定"', "3.危及“三安全一稳定”"),
    ("三", "1.本机关不掌握相关政府信", "1.本机关不掌握相关政府信息"),
    ("三", "5.要求行政机关确认或重 新出具已获取信息", "5.要求行政机关确认或重新出具已获取信息"),
    ("三", "3. 其他", "3.其他"),
    ("三", "其他", "3.其他"),
    ("三", "(七)总 计", "（七）总计"),
    ("三", "总计", "（七）总计"),
    ("三", "（六）其他處理", "（六）其他处理"),
    ("三", "商业 企业", "商业企业"),
    ("三", "法律服務機構", "法律服务机构"),
    ("三", "合计", "总计"),
    ("三", "其他", "其他"),
    (
        "三",
        "(本列數據的勾稽關系為:第一項加第二項之和,等于第三項加第四項之和)",
        FORM.table("三", "2021").sections[0].corner,
    ),
    ("四", "结果维护", "结果维持"),
    ("四", "结果 维持", "结果维持"),
    ("四", "結果糾正", "结果纠正"),
    ("四", "其他結果", "其他结果"),
    ("四", "合计", "总计"),
    ("四", "行政復議", "行政复议"),
    ("四", "未經復議直接起訴", "未经复议直接起诉"),
    ("四", "復議后起訴", "复议后起诉"),
]


@pytest.mark.parametrize(("table", "seen", "meant"), SEEN)
def test_wordings_seen_in_real_exports(table: str, seen: str, meant: str | Label) -> None:
    text = meant.text if isinstance(meant, Label) else meant
    found = axes(FORM.table(table, "2021"))
    sides = [labels for labels in found.values() if text in [label.text for label in labels]]
    assert [nearest(seen, labels) for labels in sides] == [text]


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("本年增减", "本年增/减"),
        ("上一年專案數量", "上一年项目数量"),
        ("采购总金额(万元)", "采购总金额"),
        ("處理決定數量", "处理决定数量"),
        ("规范性文件", "规范性文件"),
        ("其他對外管理服務事項", "其他对外管理服务事项"),
        ("政府集中採購", "政府集中采购"),
    ],
)
def test_wordings_of_the_older_edition(seen: str, meant: str) -> None:
    found = axes(FORM.table("二", "2019"))
    assert meant in [nearest(seen, labels) for labels in found.values()]


@pytest.mark.parametrize(
    ("seen", "section"),
    [
        ("二、行政机关主动公开政府信息情况", "2"),
        ("三、收到和處理政府信息公開申請情況", "3"),
        ("因政府信息公开工作被申请行政复议、提起行政诉讼情况", "4"),
        ("四、政府信息公开行政法复议、行政诉讼情况", "4"),
        ("三、主动公开政府信息情况", "2"),
        ("一、2023年政务公开总体情况", "1"),
        ("总体概述", "1"),
        ("五、存在问题和改进情况", "5"),
        ("六、其他报告事项", "6"),
        ("l六、需要报告的其他事项", "6"),
    ],
)
def test_headings_of_the_six_parts(seen: str, section: str) -> None:
    labels = [s.heading for s in FORM.document.sections]
    assert nearest(seen, labels) == next(s.heading.text for s in FORM.document.sections if s.id == section)


def test_the_table_of_characters_is_one_step() -> None:
    for source, target in _SIMPLIFIED.items():
        assert len(target) == 1
        assert ord(target) not in _SIMPLIFIED, chr(source)


def test_every_simplified_character_of_a_label_has_its_traditional_one() -> None:
    """A character that Big5 lacks is one that traditional text writes in another way."""
    words = [w for t in TABLES for labels in (*axes(t).values(), t.headings) for label in labels for w in label.all]
    words += [w for s in FORM.document.sections for w in s.heading.all]
    simplified = {c for c in "".join(words) if "\u4e00" <= c <= "\u9fff" and not _in_big5(c)}
    assert len(simplified) > 50
    assert simplified <= set(_SIMPLIFIED.values())


def _in_big5(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("（一）予以公开", "一予以公开"),
        ("㈠予以公开", "一予以公开"),
        ("本年增/减", "本年增减"),
        ("報(bào)告,公(gong)開", "报告公开"),
        ("⾏政规范性⽂件", "行政规范性文件"),
        ("⺠政", "民政"),
        ("二○二三年", "二〇二三年"),
        ("１２３", "123"),
        (" 、，。 ", ""),
    ],
)
def test_normalise(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


def test_simplify_leaves_words_alone() -> None:
    assert simplify("縣檔案局（公開）") == "县档案局（公开）"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("规章（设区的市以上）", "规章"),
        ("规章（设区的市", "规章"),
        ("第二十条第（一）项", "第二十条第一项"),
        ("（七）总计", "七总计"),
        ("（本列数据）", "本列数据"),
    ],
)
def test_without_notes(text: str, short: str) -> None:
    assert without_notes(text) == short


def test_what_differs_stays_apart() -> None:
    assert similarity("结果维持", "结果纠正") < 0.6
    assert similarity("总计", "（七）总计") < 1
    assert similarity("第二十条第（五）项", "第二十条第（六）项") < 0.9
    assert similarity("自然人", "科研机构") == 0
    assert similarity("", "总计") == 0
    assert similarity("", "—") == 0


@given(TEXTS)
@example("a\u0301(\u0301")
@example("档(x)案")
@example("\u1100·\u1161")
def test_normalise_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(TEXTS, TEXTS)
def test_similarity_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1


@given(TEXTS)
def test_similarity_of_equals_is_1(text: str) -> None:
    assert similarity(text, text) == 1
