"""The invented city 霧嵐市: its agencies, firms, people and places.

In: a ``random.Random``. Out: ``City``. Names are two images joined, so natural to read and plainly made up;
a test compares them with every firm name in the real award data at hand.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from probity.demo.model import Agency, Firm

CITY = "霧嵐市"
ROOT_ID = "3.99"
# Names of the model city's districts: their list is the office's own setting (include/config/matching.yaml).
DISTRICTS = ["豐原", "大里", "太平", "西屯", "北屯", "南屯", "沙鹿", "清水", "大甲", "烏日", "霧峰", "和平"]
REMOTE = {"和平"}
ROADS = [
    "杉木路",
    "螢火路",
    "石階街",
    "銀杏大道",
    "潮聲路",
    "紙鳶街",
    "半月路",
    "松針路",
    "水車街",
    "星砂路",
    "蘆花路",
    "晚鐘街",
]

_BUREAUS = [
    ("1", "秘書處", 0.6),
    ("2", "民政局", 0.6),
    ("6", "教育局", 1.4),
    ("9", "財政局", 0.4),
    ("10", "建設局", 3.0),
    ("10.1", "新建工程處", 3.0),
    ("10.2", "養護工程處", 3.4),
    ("11", "都市發展局", 1.0),
    ("12", "社會局", 1.5),
    ("13", "警察局", 1.2),
    ("14", "衛生局", 1.2),
    ("15", "環境保護局", 1.5),
    ("16", "地政局", 0.6),
    ("17", "經濟發展局", 0.9),
    ("19", "農業局", 1.1),
    ("22", "研究發展考核委員會", 0.4),
    ("22.1", "資訊中心", 0.8),
    ("24", "勞工局", 0.6),
    ("25", "水利局", 2.6),
    ("27", "原住民族事務委員會", 0.4),
    ("29", "交通局", 1.6),
    ("30", "觀光旅遊局", 1.2),
    ("32", "消防局", 1.0),
    ("33", "文化局", 1.2),
    ("34", "運動局", 1.0),
]
_SCHOOL_STEMS = ["石橋", "青苔", "雲杉", "風鈴", "白鷺", "鏡湖", "麥浪", "沙丘", "燈塔", "竹影", "雲嶺", "星砂"]

_IMAGES = [
    "霧藍",
    "紙月",
    "星砂",
    "晨露",
    "琥珀",
    "青苔",
    "鐵雨",
    "雲階",
    "松煙",
    "銀針",
    "霧臺",
    "晴臺",
    "石笙",
    "麥語",
    "潮聲",
    "絳雪",
    "墨雨",
    "燈河",
    "藤影",
    "橘夜",
    "霜紅",
    "半島",
    "赤陶",
    "玉簫",
]
_BEASTS = ["鯨", "鹿", "狐", "鷺", "獺", "鯉", "蟬", "螢", "鶴", "貘", "狸", "梟", "鷗", "蜻", "龜", "雀", "鮭", "獾"]

TRADES: dict[str, tuple[str, list[str], float]] = {
    # trade: (kind of case it bids for, name endings, share of the firms)
    "civil": ("works", ["營造有限公司", "營造股份有限公司", "土木包工業", "土木包工業", "工程有限公司"], 0.34),
    "mep": ("works", ["水電工程行", "水電工程有限公司", "機電工程有限公司"], 0.08),
    "design": ("services", ["工程顧問有限公司", "建築師事務所", "土木技師事務所"], 0.09),
    "it": ("services", ["資訊股份有限公司", "資訊有限公司"], 0.07),
    "culture": ("services", ["文化創意有限公司", "整合行銷有限公司", "廣告企業社"], 0.10),
    "clean": ("services", ["環保服務有限公司", "清潔企業社", "保全股份有限公司"], 0.08),
    "care": ("services", ["社會福利基金會", "長照服務有限公司"], 0.04),
    "goods": ("goods", ["企業有限公司", "企業社", "實業股份有限公司", "貿易有限公司", "文具印刷有限公司"], 0.20),
}
_SURNAMES = ["慕容", "令狐", "諸葛", "東方", "皇甫", "尉遲", "公孫", "上官", "司徒", "南宮", "宇文", "軒轅"]
_GIVEN = [
    *(i + t for i in ("雲", "霜", "墨", "燈") for t in ("舟", "弦", "硯", "笛", "蓑", "棹", "屏")),
    "藍鯨",
    "紙月",
    "晨露",
    "松煙",
    "銀針",
    "半夏",
    "青梅",
    "竹音",
    "雪舟",
    "燈河",
    "麥語",
    "星砂",
    "石笙",
    "橘夜",
    "雲階",
]

_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)


def ubn_sum(digits: str) -> int:
    """The weighted digit sum of an eight-digit 統一編號: products by (1,2,1,2,1,2,4,1), digits of each added."""
    return sum(sum(divmod(int(d) * w, 10)) for d, w in zip(digits, _WEIGHTS, strict=True))


def ubn(prefix: str, mod10: bool = True) -> str:
    """``prefix`` (seven digits, the seventh not 7) with a last digit that makes the number valid.

    ``mod10`` gives one that also passes the rule before 2023-04; otherwise one that passes only mod 5.
    """
    for last in "0123456789":
        total = ubn_sum(prefix + last)
        if total % 5 == 0 and (total % 10 == 0) == mod10:
            return prefix + last
    raise ValueError(f"no check digit for {prefix}")


def ubn_series(rng: random.Random, first: int, last: int) -> list[str]:
    """Valid numbers for the seven-digit prefixes first..last (7th digit 7 left out), one in fifty mod-5 only."""
    return [ubn(f"{p:07d}", rng.random() > 0.02) for p in range(first, last + 1) if p % 10 != 7]


@dataclass
class City:
    agencies: list[Agency]
    firms: list[Firm]
    people: list[str]

    def by_trade(self, trade: str) -> list[Firm]:
        return [f for f in self.firms if f.trade == trade]

    def agency(self, suffix: str) -> Agency:
        return next(a for a in self.agencies if a.agency_id == f"{ROOT_ID}.{suffix}")

    def address(self, rng: random.Random) -> str:
        return _address(rng)


def _address(rng: random.Random) -> str:
    district = rng.choice(DISTRICTS)
    lane = f"{rng.randint(1, 188)}巷" if rng.random() < 0.3 else ""
    return f"9{rng.randint(10, 99)}{CITY}{district}區{rng.choice(ROADS)}{lane}{rng.randint(1, 420)}號"


def _phone(rng: random.Random, number: int) -> str:
    return f"(00)555{number:04d}" + (f"分機{rng.randint(1, 899)}" if rng.random() < 0.15 else "")


def person(rng: random.Random) -> str:
    return rng.choice(_SURNAMES) + rng.choice(_GIVEN)


def _agencies() -> list[Agency]:
    rows = [Agency(ROOT_ID, f"{CITY}政府", None, "豐原區", 1.2)]
    for suffix, name, weight in _BUREAUS:
        parent = f"{ROOT_ID}.{suffix.split('.')[0]}" if "." in suffix else ROOT_ID
        parent_name = "建設局" if suffix.startswith("10.") else "研究發展考核委員會" if suffix == "22.1" else ""
        rows.append(Agency(f"{ROOT_ID}.{suffix}", f"{CITY}政府{parent_name}{name}", parent, "豐原區", weight))
    for n, district in enumerate(DISTRICTS):
        rows.append(Agency(f"{ROOT_ID}.{60 + n}", f"{CITY}{district}區公所", ROOT_ID, f"{district}區", 1.3))
    for n, stem in enumerate(_SCHOOL_STEMS):
        district = f"{DISTRICTS[n]}區"
        rows.append(Agency(f"{ROOT_ID}.4.{n + 1}", f"{CITY}{district}{stem}國民小學", f"{ROOT_ID}.6", district, 0.55))
        if n < 10:
            rows.append(Agency(f"{ROOT_ID}.5.{n + 1}", f"{CITY}立{stem}國民中學", f"{ROOT_ID}.6", district, 0.6))
    return rows


def _firms(rng: random.Random, n: int) -> list[Firm]:
    stems = [i + b for i in _IMAGES for b in _BEASTS]
    rng.shuffle(stems)
    numbers = ubn_series(rng, 1000, 1999)
    rng.shuffle(numbers)
    people = [s + g for s in _SURNAMES for g in _GIVEN]
    rng.shuffle(people)
    extensions = rng.sample(range(10_000), n)
    trades = [t for t, (_, _, share) in TRADES.items() for _ in range(max(4, round(share * n)))]
    firms = []
    for k in range(n):
        trade = trades[k % len(trades)]
        ending = rng.choice(TRADES[trade][1])
        number, raw = numbers[k], numbers[k]
        roll = rng.random()
        if ending == "建築師事務所" and roll < 0.5:  # practices are known by a masked national ID
            number, raw = "", f"{rng.choice('abdfhkNPT')}{rng.choice('12')}{rng.randint(0, 999):03d}*****"
        elif ending == "土木技師事務所" and roll < 0.5:
            number, raw = "", f"技執字第{rng.randint(90001, 99999):06d}號"
        elif roll > 0.985:
            raw = raw[1:]  # a leading zero lost on the way
        founded = dt.date(1985, 1, 1) + dt.timedelta(days=rng.randint(0, 365 * 33))
        suffix = "(獨資)" if ending.endswith(("社", "行")) and rng.random() < 0.2 else ""
        firms.append(
            Firm(
                number,
                stems[k] + ending + suffix,
                trade,
                _address(rng),
                _phone(rng, extensions[k]),
                people[k],
                founded,
                raw,
                rng.paretovariate(1.3),
            )
        )
    return firms


def build(rng: random.Random, n_firms: int) -> City:
    """The city with ``n_firms`` firms (at most 432)."""
    people = [s + g for s in _SURNAMES for g in _GIVEN]
    rng.shuffle(people)
    return City(_agencies(), _firms(rng, n_firms), people)
