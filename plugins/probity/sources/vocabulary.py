"""The words of procurement notices and what they mean here: data, and the few rules for reading them.

In: words as notices write them. Out: the canonical values of ``probity.tables``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from probity import text

KIND = {
    "工程類": "works",
    "工程": "works",
    "財物類": "goods",
    "財物": "goods",
    "財務類": "goods",
    "勞務類": "services",
    "勞務": "services",
    "works": "works",
    "goods": "goods",
    "services": "services",
}
KIND_CHOICES = ("工程", "財物", "勞務")
KIND_ZH = {"works": "工程", "goods": "財物", "services": "勞務"}

METHOD = {
    "公開招標": "open",
    "選擇性招標": "selective",
    "選擇性招標(建立合格廠商名單)": "selective",
    "選擇性招標(建立合格廠商名單後續邀標)": "selective",
    "選擇性招標(個案)": "selective",
    "公開取得報價單或企劃書": "quotation",
    "公開取得報價單": "quotation",
    "公開取得企劃書": "quotation",
    "公開取得電子報價單": "quotation",
    "限制性招標(經公開評選或公開徵求)": "restricted_public",
    "經公開評選或公開徵求之限制性招標": "restricted_public",
    "限制性招標(未經公開評選或公開徵求)": "restricted",
    "未經公開評選或公開徵求之限制性招標": "restricted",
    "限制性招標": "restricted",
}
METHOD_CHOICES = (
    "公開招標",
    "選擇性招標",
    "公開取得報價單或企劃書",
    "限制性招標(經公開評選或公開徵求)",
    "限制性招標(未經公開評選或公開徵求)",
)

AWARD_WAY = {
    "最低標": "lowest",
    "訂有底價最低標": "lowest",
    "未訂底價最低標": "lowest",
    "評分及格最低標": "lowest",
    "最有利標": "best_value",
    "適用最有利標": "best_value",
    "準用最有利標": "best_value_quasi",
    "參考最有利標精神": "best_value_ref",
    "取最有利標精神": "best_value_ref",
    "最高標": "highest",
}
AWARD_WAY_CHOICES = ("最低標", "最有利標", "準用最有利標", "參考最有利標精神", "最高標")

SPECIALTY = {**KIND, "不限": "any", "全部": "any", "綜合": "any", "any": "any"}
SPECIALTY_CHOICES = (*KIND_CHOICES, "不限")

PART = {
    "應優先稽核": "must_watch",
    "優先稽核": "must_watch",
    "必選": "must_watch",
    "優先查驗": "must_watch",
    "應優先查驗": "must_watch",
    "訊號排序": "ranked",
    "排序": "ranked",
    "隨機對照": "control",
    "對照": "control",
    "增列": "added",
    "人工增列": "added",
    "核定時加列": "added",
    "其他": "other",
    "must_watch": "must_watch",
    "ranked": "ranked",
    "control": "control",
    "added": "added",
    "other": "other",
}
PART_CHOICES = ("應優先稽核", "訊號排序", "隨機對照", "增列", "其他")

SEVERITY = {
    "輕微": "minor",
    "一般": "serious",
    "嚴重": "serious",
    "重大": "grave",
    "minor": "minor",
    "serious": "serious",
    "grave": "grave",
}
SEVERITY_CHOICES = ("輕微", "嚴重", "重大")

YES_NO = ("是", "否")

_CATEGORY = re.compile(r"[<《〈(\[]?\s*(工程|財物|勞務)類?\s*[>》〉)\]]?\s*(\d*)\s*[-－]?\s*(.*)", re.DOTALL)
_CLAUSE = re.compile(
    r"第?\s*22\s*條?\s*[-之、,]?\s*第?\s*(?:1|一)\s*項?\s*[-之、,]?\s*第?\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*款?"
)
_ZH_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}

DISQUALIFIED = re.compile(
    r"不合格|不符|不合(?:招標|規定|於)?|資格審查未|規格審查未|未繳|未附|無效標|逾期|第50條|第101條|影響採購公正|偽造|重大異常"
)
"""未得標原因 that mean: opened and found not qualified (採購法 §50, 細則 §55), unlike a price that was too high."""


def _key(value: str) -> str:
    return re.sub(r"\s+", "", text.nfkc(value)).replace("台", "臺")


def lookup(table: dict[str, str], value: str) -> str | None:
    """``value`` in one of the tables above, after NFKC and without blanks; None when it is not there."""
    key = _key(value)
    return table.get(key) or table.get(key.casefold())


def award_way(value: str) -> str:
    """Canonical award way; the portal's longer forms (最低標-訂有底價...) by their first part, else ``other``."""
    found = lookup(AWARD_WAY, value)
    if found:
        return found
    for part in re.split(r"[-－、(,]", _key(value)):
        if part in AWARD_WAY:
            return AWARD_WAY[part]
    return "other"


def method(value: str) -> str:
    """Canonical tender method, ``other`` when the words are new."""
    found = lookup(METHOD, value)
    if found:
        return found
    key = _key(value)
    for word, meaning in (
        ("未經公開評選", "restricted"),
        ("經公開評選", "restricted_public"),
        ("選擇性", "selective"),
        ("公開取得", "quotation"),
        ("公開招標", "open"),
        ("限制性", "restricted"),
    ):
        if word in key:
            return meaning
    return "other"


def category(value: str) -> tuple[str | None, str | None, str | None]:
    """``<工程類>5131快速道路...`` as (works, 5131, 快速道路...); a part that is not there is None."""
    match = _CATEGORY.fullmatch(text.nfkc(value))
    if not match:
        return None, None, value or None
    return KIND[match[1]], match[2] or None, match[3].strip() or None


def restricted_clause(value: str) -> str | None:
    """``政府採購法第22條第1項第6款`` (or 第二十二條第一項第六款, 22-1-6) as ``22-1-6``; None when it names none."""
    key = text.nfkc(value).replace("二十二", "22").replace("廿二", "22")
    match = _CLAUSE.search(key)
    if not match:
        return None
    item = match[1]
    if not item.isdigit():
        tens, _, ones = item.partition("十")
        number = (
            _ZH_DIGITS.get(item, 0) if "十" not in item else (_ZH_DIGITS.get(tens, 1) * 10 + _ZH_DIGITS.get(ones, 0))
        )
        item = str(number)
    return f"22-1-{int(item)}" if 1 <= int(item) <= 16 else None


def is_disqualified(reason: str | None, qualified: bool | None = None) -> bool | None:
    """Was the bidder found not qualified? Known when a yes/no or a reason is given."""
    if qualified is not None:
        return not qualified
    if not reason:
        return None
    return bool(DISQUALIFIED.search(text.nfkc(reason)))


CHANNEL = {
    "1999": "hotline",
    "1999專線": "hotline",
    "1999話務中心": "hotline",
    "臺中市民一碼通": "hotline",
    "電話": "hotline",
    "全民督工": "citizen_supervision",
    "全民督工通報系統": "citizen_supervision",
    "市長信箱": "mailbox",
    "首長信箱": "mailbox",
    "局長信箱": "mailbox",
    "陳情信箱": "mailbox",
    "其他": "other",
    "hotline": "hotline",
    "citizen_supervision": "citizen_supervision",
    "mailbox": "mailbox",
    "other": "other",
}
CHANNEL_CHOICES = ("1999", "全民督工", "市長信箱", "其他")

GRADE = {
    "甲": "A",
    "甲等": "A",
    "甲級": "A",
    "甲等綜合營造業": "A",
    "綜合營造業甲等": "A",
    "乙": "B",
    "乙等": "B",
    "乙級": "B",
    "乙等綜合營造業": "B",
    "綜合營造業乙等": "B",
    "丙": "C",
    "丙等": "C",
    "丙級": "C",
    "丙等綜合營造業": "C",
    "綜合營造業丙等": "C",
    "土木包工業": "civil",
    "土包": "civil",
    "專業": "specialist",
    "專業營造業": "specialist",
    "A": "A",
    "B": "B",
    "C": "C",
    "civil": "civil",
    "specialist": "specialist",
}
GRADE_CHOICES = ("甲等", "乙等", "丙等", "土木包工業", "專業營造業")


def channel_of(texts: Sequence[str]) -> str | None:
    """The channel that a title or file name names: 1999, 全民督工, 信箱; None when none does."""
    for item in texts:
        for word, meaning in (("全民督工", "citizen_supervision"), ("信箱", "mailbox"), ("1999", "hotline")):
            if word in text.nfkc(item):
                return meaning
    return None
