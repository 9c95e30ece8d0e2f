"""Texts made comparable: what OCR, exports and conversions do to a label is undone before labels are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import Indel

NOTE_WEIGHT: Final = 0.97
"""What a match counts that needed a bracketed note to be left out: a little less than the same match without."""

SHORTEST_NOTE: Final = 3
"""A bracket with fewer characters is a numeral or a unit and belongs to the label: 第（一）项."""

# Each pair: the simplified character as the forms print it, then the traditional and variant characters that become it.
_VARIANTS: Final = (
    "专專 业業 为為爲 举舉 乡鄉 从從 会會 传傳 关關関 内內 农農 决決 况況 减減 "
    "办辦 务務 动動 区區 医醫 协協 单單 厅廳 县縣 发發髮 号號 员員 团團 国國 图圖 "
    "场場 处處処 学學 审審 对對 导導 属屬 废廢 开開 强強彊 当當 总總総 执執 护護 "
    "报報 挥揮 数數 无無 时時 权權 条條 来來 检檢 没沒 现現 电電 监監 盖蓋 码碼 "
    "稳穩 类類 纠糾 纳納 组組 织織 经經 结結 统統 继繼 续續 维維 编編 缴繳 罚罰 "
    "联聯 苏蘇 获獲穫 补補 规規 计計 认認 议議 记記 许許 讼訟 访訪 诉訴 词詞 询詢 "
    "请請 读讀 购購 费費 转轉 过過 进進 这這 邮郵 银銀 键鍵 镇鎮 问問 间間 队隊 "
    "项項 领領 题題 额額 万萬 体體 于於 云雲 价價 制製 勾鉤鈎 卷捲 只隻衹 台臺 "
    "后後 复復複 采採 机機 构構 系係繫 范範 秘祕 据據 确確 布佈 真眞 告吿 研硏 "
    "与與 产產 个個 义義 书書 买買 仅僅 优優 余餘 党黨 兴興 军軍 写寫 划劃 创創 "
    "别別 劳勞 势勢 华華 压壓 厂廠 参參 变變 响響 园園 围圍 块塊 坝壩 声聲 备備 "
    "头頭 宁寧 实實 宝寶 层層 岁歲 岭嶺 岛島 带帶 帮幫 庆慶 库庫 应應 庙廟 张張 "
    "录錄録 态態 战戰 担擔 拟擬 择擇 损損 换換 旧舊 显顯 术術 杂雜 杨楊 标標 样樣 "
    "桥橋 气氣 汇匯 汉漢 沟溝 泽澤 济濟 测測 浏瀏 润潤 渐漸 湾灣 滨濱 灵靈 灾災 "
    "点點 热熱 爱愛 环環 疗療 盐鹽 矿礦 础礎 种種 积積 称稱 穷窮 竞競 笔筆 简簡 "
    "粮糧 级級 纪紀 约約 线線 练練 细細 终終 绍紹 给給 络絡 绝絕 绩績 绿綠 网網 "
    "职職 肃肅 胜勝 脱脫 节節 兰蘭 营營 药藥 蓝藍 虑慮 视視 览覽 觉覺 订訂 训訓 "
    "讲講 论論 设設 证證 评評 识識 试試 该該 详詳 语語 误誤 说說 课課 调調 谢謝 "
    "谷穀 贡貢 财財 责責 败敗 货貨 质質 贸貿 资資 赔賠 赛賽 车車 轨軌 轮輪 软軟 "
    "较較 辅輔 辆輛 输輸 达達 迁遷 运運 还還 违違 远遠 连連 适適 选選 递遞 遗遺 "
    "郑鄭 释釋 里裡裏 鉴鑒鑑 针針 钢鋼 钱錢 铁鐵 铜銅 销銷 锋鋒 错錯 长長 门門 "
    "闭閉 闻聞 阅閱 阳陽 阴陰 阵陣 阶階 际際 陆陸 陈陳 险險 随隨 难難 雾霧 韩韓 "
    "页頁 顺順 须須 预預 频頻 颁頒 风風 飞飛 饭飯 饮飲 馆館 马馬 驻駐 驿驛 验驗 "
    "鱼魚 鸡雞 麦麥 黄黃 齐齊 龙龍 两兩 严嚴 丰豐 临臨 亿億 侨僑 储儲 凤鳳 刘劉 "
    "吴吳 启啟啓 坚堅 尔爾 尽盡 并並併 归歸 户戶 扩擴 抚撫 拥擁 档檔 乐樂 沪滬 "
    "泾涇 洁潔 淀澱 渔漁 潜潛 献獻 玛瑪 砖磚 祸禍 离離 纯純 纲綱 荣榮 莱萊 虽雖 "
    "袭襲 誉譽 讯訊 贝貝 贵貴 赣贛 辽遼 郸鄲 钦欽 闽閩 雇僱 静靜 颜顏 饶饒 骆駱 "
    "鲁魯 鹤鶴 龄齡 征徵"
)

# Radicals of the block U+2E80 that PDF exports write for the character itself; NFKC leaves them alone.
_RADICALS: Final = {
    "\u2e81": "厂",
    "\u2e8c": "小",
    "\u2e9f": "母",
    "\u2ea0": "民",
    "\u2ec4": "西",
    "\u2ec5": "见",
    "\u2ec6": "角",
    "\u2ec9": "贝",
    "\u2ecb": "车",
    "\u2ed3": "长",
    "\u2ed4": "门",
    "\u2ed8": "青",
    "\u2eda": "页",
    "\u2edb": "风",
    "\u2ee2": "马",
    "\u2ee9": "黄",
    "\u2eec": "齐",
    "\u2ef0": "龙",
}

_SIMPLIFIED: Final = str.maketrans(
    {variant: pair[0] for pair in _VARIANTS.split() for variant in pair[1:]} | _RADICALS | {"○": "〇"}
)

# Words that conversion programs exchange with the characters; the left sides stand as they are after simplification.
_WORDS: Final = (("档案", "文件"), ("资讯", "信息"), ("专案", "项目"), ("资料", "数据"))

_RUBY: Final = re.compile(r"(?<=[\u3400-\u9fff])\([a-z\u00df-\u024f\u1e00-\u1eff]+\)", re.IGNORECASE)
_NOTE: Final = re.compile(r"\(([^()]*)(?:\)|$)")


def simplify(text: str) -> str:
    """Give text in simplified characters, character by character; everything else stays as it is.

    The table covers the characters of the forms' labels and of common names of authorities, not the whole script.
    """
    return text.translate(_SIMPLIFIED)


@lru_cache(maxsize=16384)
def normalise(text: str) -> str:
    """Give the form of a text in which labels are compared; for labels only, names of authorities would suffer.

    In this order: Unicode NFKC (full and half width, ①, Kangxi radicals); white space out; pinyin in brackets after a
    character out (開(kāi) of mirrored pages); traditional to simplified characters (:func:`simplify`); everything out
    that is neither a letter nor a digit, so that brackets, quotes, colons, commas, slashes and dashes of any kind do
    not matter; 档案 to 文件, 资讯 to 信息, 专案 to 项目, 资料 to 数据 (what conversion programs make of these words).
    Numerals stay: （一） and （五） differ. Normalising twice changes nothing.
    """
    return _letters(_prepared(text))


def _prepared(text: str) -> str:
    folded = "".join(unicodedata.normalize("NFKC", text).split())
    return simplify(_RUBY.sub("", folded))


def _letters(prepared: str) -> str:
    kept = "".join(c for c in prepared if unicodedata.category(c)[0] in "LN")
    composed = unicodedata.normalize("NFKC", simplify(kept))
    for found, meant in _WORDS:
        composed = composed.replace(found, meant)
    return composed


@lru_cache(maxsize=16384)
def without_notes(text: str) -> str:
    """Give the normalised text with bracketed notes left out: 行政规范性文件（本单位制发的） becomes 行政规范性文件.

    A note is a bracket of :data:`SHORTEST_NOTE` or more letters that does not open the text; one that is cut off
    before it closes counts too. What would leave nothing is left as it is.
    """
    prepared = _prepared(text)

    def drop(match: re.Match[str]) -> str:
        before = _letters(prepared[: match.start()])
        return "" if before and len(_letters(match[1])) >= SHORTEST_NOTE else match[0]

    return _letters(_NOTE.sub(drop, prepared)) or _letters(prepared)


@lru_cache(maxsize=65536)
def similarity(a: str, b: str) -> float:
    """Say how alike two labels are, from 0 (nothing in common) to 1 (the same once normalised).

    Twice the length of the longest common subsequence over the sum of both lengths (the normalised Indel similarity),
    on :func:`normalise`. A character lost or doubled costs half as much as one replaced by another, because exports
    lose and double characters far more often than they exchange them. Where leaving bracketed notes out helps, that
    match counts :data:`NOTE_WEIGHT`. Symmetric. Two texts without a letter or digit have nothing to compare: 1 when
    equal, else 0.
    """
    left, right = normalise(a), normalise(b)
    if not left or not right:
        return float(a == b)
    plain = Indel.normalized_similarity(left, right)
    short_left, short_right = without_notes(a), without_notes(b)
    if (short_left, short_right) == (left, right):
        return plain
    pairs = ((short_left, right), (left, short_right), (short_left, short_right))
    return max(plain, NOTE_WEIGHT * max(Indel.normalized_similarity(x, y) for x, y in pairs))
