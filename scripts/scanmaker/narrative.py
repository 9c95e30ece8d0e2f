"""Writes the parts of a report that are prose: opening, 一, 五, 六, and the headings with their variants."""

from __future__ import annotations

from scripts.scanmaker.agencies import Agency
from scripts.scanmaker.dice import Dice

HEADINGS = {
    1: ("总体情况", "{year}年政务公开总体情况", "总体概述"),
    2: ("主动公开政府信息情况", "行政机关主动公开政府信息情况"),
    3: ("收到和处理政府信息公开申请情况", "行政机关收到和处理政府信息公开申请情况"),
    4: ("政府信息公开行政复议、行政诉讼情况", "因政府信息公开工作被申请行政复议、提起行政诉讼情况"),
    5: ("存在的主要问题及改进情况", "政府信息公开工作存在的主要问题及改进情况", "存在问题及改进情况"),
    6: ("其他需要报告的事项", "其他报告事项", "需要报告的其他事项"),
}
NUMERALS = "零一二三四五六七八九十"

_OPENING = (
    "本报告由{office}根据《中华人民共和国政府信息公开条例》（国务院令第711号，以下简称《条例》）第五十条和《国务院办公厅政府信息与政务公开办公室关于印发〈中华人民共和国政府信息公开工作年度报告格式〉的通知》（国办公开办函〔2021〕30号）的要求编制。",
    "根据《中华人民共和国政府信息公开条例》的规定和上级关于做好{year}年度报告编制发布工作的部署，现公布{name}{year}年政府信息公开工作年度报告。",
    "按照《条例》要求，结合本单位{year}年度信息公开工作实际，特编制本报告。全文由总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况、行政复议和行政诉讼情况、存在的主要问题及改进情况、其他需要报告的事项等六部分组成。",
)
_PERIOD = (
    "本报告所列数据的统计期限自{year}年1月1日起至{year}年12月31日止。",
    "报告中所列数据统计期限为{year}年1月1日至{year}年12月31日。",
)
_CONTACT = (
    "如对本报告有疑问，请与{office}联系（地址：{place}人民路{n1}号，邮编：{post}，电话：0{area}-{phone}）。",
    "如有疑问或意见建议，请联系{office}，联系电话：0{area}-{phone}，电子邮箱：xxgk{n1}@example.com。",
)
_GENERAL = (
    "{year}年，{short}坚持以习近平新时代中国特色社会主义思想为指导，认真落实上级关于政务公开工作的决策部署，围绕中心、服务大局，扎实推进政府信息公开各项工作，切实保障人民群众的知情权、参与权和监督权。",
    "{year}年以来，{short}把政府信息公开作为转变职能、优化服务的重要抓手，健全机制，细化责任，不断提升公开的质量和实效。",
)
_ACTIVE = (
    "（一）主动公开。全年通过门户网站主动公开政府信息{n3}条，其中机构职能类{n1}条、政策文件类{n1}条、业务动态类{n2}条；通过政务新媒体发布信息{n3}条，阅读量{n4}余次。",
    "（一）主动公开情况。围绕财政预决算、重大项目、民生保障等重点领域，主动公开各类信息{n3}条，发布政策解读{n1}篇，召开新闻发布会{n0}次，回应公众关切{n1}件。",
    "（一）主动公开。严格落实公开目录，及时更新领导信息、机构设置、规范性文件等栏目，{year}年共更新栏目{n1}个，公开信息{n3}条，同比增长{pc}%。",
)
_REQUESTS = (
    "（二）依申请公开。规范登记、审核、办理、答复、归档全流程，全年收到政府信息公开申请{got}件，均在法定期限内予以答复，未发生因办理不当引发的纠纷。",
    "（二）依申请公开情况。进一步畅通当面、信函、网络等申请渠道，健全会商机制，本年度共收到申请{got}件，上年结转{old}件，按期办结率100%。",
)
_MANAGEMENT = (
    "（三）政府信息管理。坚持“谁发布、谁负责”，严格执行“三审三校”制度，全年开展信息排查{n0}次，整改错敏信息{n1}处，对{n1}份公文的公开属性进行了重新审核。",
    "（三）政府信息管理情况。完善信息发布审核机制，明确专人负责信息的采集、编辑和维护，做到先审后发、不审不发，确保内容准确、表述规范、更新及时。",
)
_PLATFORM = (
    "（四）政府信息公开平台建设。优化网站专栏设置，新增专题{n0}个，完成适老化和无障碍改造；在政务服务大厅设置公开专区{n0}处，摆放查阅电脑{n0}台，接待群众{n2}人次。",
    "（四）平台建设情况。加强门户网站与政务新媒体的协同联动，关停整合账号{n0}个，规范转载发布工作，提升平台的服务能力和传播效果。",
)
_CONTROL = (
    "（五）监督保障。调整充实政务公开工作领导小组，召开专题会议{n0}次，组织培训{n0}期、参训{n2}人次；将公开工作纳入年度绩效考核，社会评议总体良好，{year}年度未发生责任追究情形。",
    "（五）监督保障情况。健全考核、评议和责任追究制度，公布监督电话0{area}-{phone}，自觉接受社会监督，全年收到意见建议{n0}条，均已办理。",
)
_PROBLEMS = (
    "（一）存在的主要问题。一是公开内容的深度和广度有待拓展；二是政策解读形式较为单一，图表、视频类解读占比仅为{pc}%；三是工作人员业务能力与新形势要求还有差距，基层培训覆盖不够。",
    "{year}年，{short}政府信息公开工作取得了一定成效，但仍存在一些不足：主动公开意识需要进一步增强，部分栏目更新不够及时；依申请公开答复的规范化水平仍需提高；公众参与渠道不够丰富。",
)
_IMPROVE = (
    "（二）改进情况。一是加强组织领导，定期研究部署；二是丰富解读形式，力争多元化解读比例达到{pc}%以上；三是强化业务培训，全年计划开展培训{n0}次，不断提高工作人员的能力和水平。",
    "针对上述问题，下一步将重点做好以下工作：一是完善制度，细化责任分工；二是聚焦重点领域，提高公开质量；三是加强队伍建设，常态化开展业务交流，推动政府信息公开工作再上新台阶。",
)
_OTHER = (
    "本年度未收取政府信息公开信息处理费，无其他需要报告的事项。",
    "无。",
    "按照《政府信息公开信息处理费管理办法》规定，{year}年{short}未产生信息处理费。",
    "{year}年，依据《政府信息公开信息处理费管理办法》收取信息处理费{n0}件，金额{n3}元。没有其他需要报告的事项。",
    "承办人大代表建议{n0}件、政协提案{n0}件，答复情况已在网站公开。除此以外无其他需要报告的事项。",
)
NOTES = {
    2: ("该部分以表格形式报告。表格如下：", "本机关{year}年主动公开政府信息情况如下表所示："),
    3: ("该部分以表格形式报告。表格如下：", "{year}年共收到政府信息公开申请{got}件，上年结转{old}件，具体情况见下表。"),
    4: ("该部分以表格形式报告。表格如下：", "{year}年因政府信息公开工作引发的行政复议、行政诉讼情况如下："),
}
_FRESH = {"n0": (1, 9), "n1": (6, 90), "n2": (20, 900), "n3": (60, 9_000), "n4": (10, 900), "pc": (5, 60)}


class _Numbers(dict[str, object]):
    """What stands in the templates: what the report fixes, and a fresh number wherever a number is asked for."""

    def __init__(self, dice: Dice, fixed: dict[str, object]) -> None:
        super().__init__(fixed)
        self.dice = dice

    def __missing__(self, key: str) -> int:
        low, high = _FRESH[key]
        drawn = self.dice.whole(low, high)
        return drawn * 1_000 if key == "n4" else drawn


class Prose:
    """Fills the templates of one report.

    Args:
        dice: the stream of the document's contents.
        agency: who reports.
        year: the year reported on.
        got: applications received, for sentences that agree with table 三.
        old: applications carried in.
    """

    def __init__(self, dice: Dice, agency: Agency, year: int, got: int, old: int) -> None:
        """Fix what all sentences of the report share."""
        self.dice = dice
        self.fixed: dict[str, object] = {
            "year": year,
            "name": agency.name,
            "short": agency.short,
            "office": agency.office,
            "place": agency.place,
            "got": got,
            "old": old,
            "area": dice.whole(300, 999),
            "phone": dice.whole(2_000_000, 8_999_999),
            "post": dice.whole(100_000, 869_999),
        }

    def fill(self, template: str) -> str:
        """Fill one template; every place gets a number of its own."""
        return template.format_map(_Numbers(self.dice, self.fixed))

    def one(self, templates: tuple[str, ...]) -> str:
        """Fill one of several templates."""
        return self.fill(self.dice.pick(templates))

    def opening(self) -> list[str]:
        """Return the paragraphs before 一 (sometimes none)."""
        if self.dice.chance(0.1):
            return []
        text = self.one(_OPENING) + self.one(_PERIOD)
        return [text + (self.one(_CONTACT) if self.dice.chance(0.6) else "")]

    def general(self, length: int) -> list[str]:
        """Return part 一.

        Args:
            length: 0 for a township's few lines to 2 for a long report.
        """
        parts = [self.one(_GENERAL)]
        for templates in (_ACTIVE, _REQUESTS, _MANAGEMENT, _PLATFORM, _CONTROL):
            text = self.one(templates)
            if length > 1:
                text += "".join(self.one(more) for more in (_GENERAL,) if self.dice.chance(0.5))
            parts.append(text)
        return parts[: 3 if length == 0 and self.dice.chance(0.4) else 6]

    def problems(self) -> list[str]:
        """Return part 五."""
        return [self.one(_PROBLEMS), self.one(_IMPROVE)]

    def other(self) -> list[str]:
        """Return part 六."""
        return [self.one(_OTHER)]

    def heading(self, number: int, shift: int, mark: str) -> str:
        """Return a part's heading.

        Args:
            number: 1 to 6.
            shift: 1 where a preface took the first numeral.
            mark: what stands after the numeral, usually 、.
        """
        wording = self.dice.weighted({w: (6.0 if i == 0 else 1.0) for i, w in enumerate(HEADINGS[number])})
        return NUMERALS[number + shift] + mark + wording.format(**self.fixed)
