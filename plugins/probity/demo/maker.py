"""Honest award cases of the demo city, drawn to the base rates measured on real award data.

In: ``City`` and a ``random.Random``. Out: ``Case`` objects that keep the law (tender period, three bidders,
article 58, award notice within 30 days). Base rates (INDICATORS.md, Hualien): method mix 49/36/10/5 %,
single-bidder share by method, award/budget quantiles P5 .644, P25 .813, median .933, P75 .986, 15.9 % exactly 1.
"""

from __future__ import annotations

import bisect
import calendar
import datetime as dt
import random
from typing import Any

from probity.demo.city import CITY, DISTRICTS, REMOTE, ROADS, TRADES, City
from probity.demo.model import Agency, Bid, Case, Change, Firm

DAY = dt.timedelta(days=1)

METHODS = [("quotation", 0.49), ("open", 0.365), ("restricted_public", 0.097), ("restricted", 0.048)]
SINGLE = {"quotation": 0.542, "open": 0.238, "restricted_public": 0.50, "restricted": 0.929}
RATIO = [
    (0.0, 0.52),
    (0.05, 0.644),
    (0.25, 0.813),
    (0.50, 0.933),
    (0.72, 0.98),
    (0.8409, 0.9995),
    (0.841, 1.0),
    (1.0, 1.0),
]

CATEGORIES: dict[str, list[tuple[str, str]]] = {
    "civil": [
        ("5139", "其他土木工程"),
        ("5139", "其他土木工程"),
        ("5131", "快速道路(不含高架快速道路),街道,馬路,鐵路及機場跑道"),
        ("5133", "水道、海港、水壩及其他水利工程"),
        ("5127", "教育用建築工程"),
        ("5137", "運動及娛樂工程"),
    ],
    "mep": [("5164", "電力工程"), ("5162", "水管及排水設施鋪設工程"), ("5169", "其他安裝工程")],
    "design": [("8672", "工程服務"), ("8671", "建築服務"), ("8673", "綜合工程服務")],
    "it": [("842", "軟體執行服務"), ("845", "辦公室機器及設備(包括電腦)之維修服務")],
    "culture": [("96", "娛樂,文化,體育服務"), ("871", "廣告服務")],
    "clean": [("94", "污水及垃圾處理、公共衛生及其他環保服務"), ("874", "建築物清理服務")],
    "care": [("93", "健康及社會服務")],
    "goods": [
        ("32", "紙漿,紙及紙產品;印刷品及相關的商品"),
        ("452", "計算機及其零件與配件"),
        ("389", "其他製造商品"),
        ("384", "運動商品"),
    ],
}
TITLES: dict[str, list[str]] = {
    "civil": [
        "{road}路面改善工程",
        "{district}區{road}側溝改善工程",
        "{road}人行道更新工程",
        "{district}區排水護岸修復工程",
        "{school}校舍補強工程",
        "{district}區公園設施整修工程",
        "{road}{a}號旁擋土牆修復工程",
        "{district}區農路改善工程",
    ],
    "mep": [
        "{district}區路燈維修工程",
        "{school}電力改善工程",
        "{district}區活動中心空調更新工程",
        "{road}管線遷移工程",
    ],
    "design": ["{road}拓寬工程委託設計監造技術服務", "{school}耐震補強委託設計監造", "{district}區排水整治規劃設計"],
    "it": ["{y}年度資訊平臺維護案", "{district}區公所網路設備維護", "{y}年度公文系統功能擴充", "智慧路燈平台建置服務"],
    "culture": [
        "{y}年{district}燈節活動委託案",
        "{y}年度城市行銷影片製作",
        "{district}區文化節舞臺燈光音響",
        "兒童藝術節委託辦理",
    ],
    "clean": [
        "{y}年度{district}區環境清潔委外",
        "{y}年度辦公廳舍清潔維護",
        "{district}區水溝清疏委託服務",
        "{y}年度駐衛保全服務",
    ],
    "care": ["{y}年度{district}區長者送餐服務", "{y}年度居家服務督導計畫"],
    "goods": [
        "{y}年度印刷品採購",
        "{school}電腦教室設備採購",
        "{y}年度辦公用品採購",
        "{school}運動器材採購",
        "{district}區里鄰長紀念品採購",
    ],
}
DISQUALIFIED = [
    "資格文件未附或不符合規定",
    "押標金未繳或不符合規定",
    "規格文件未附或不符合規定",
    "未依招標文件之規定投標",
]
LOST = {"lowest": "資格、規格合於招標文件但非最低標", "other": "資格、規格合於招標文件但非最有利標或最優勝廠商"}
OVER = "標價超過底價"


def threshold(on: dt.date) -> int:
    """公告金額: 1,000,000 to 2022-12-31, 1,500,000 after (工程企字第1110100798號)."""
    return 1_000_000 if on < dt.date(2023, 1, 1) else 1_500_000


def review(kind: str) -> int:
    """查核金額: works and goods 50 M, services 10 M."""
    return 10_000_000 if kind == "services" else 50_000_000


def huge(kind: str) -> int:
    """巨額: works 200 M, goods 100 M, services 20 M (認定標準 §8)."""
    return {"works": 200_000_000, "goods": 100_000_000, "services": 20_000_000}[kind]


def amount_class(amount: int, kind: str, on: dt.date) -> str:
    if amount < threshold(on):
        return "未達公告金額"
    if amount < review(kind):
        return "公告金額以上未達查核金額"
    return "查核金額以上未達巨額" if amount < huge(kind) else "巨額"


def minimum_days(amount: int, kind: str, method: str, on: dt.date) -> int:
    """Shortest lawful tender period in days (招標期限標準 §2, §5)."""
    if method == "quotation":
        return 5
    if amount < threshold(on):
        return 7
    return 14 if amount < review(kind) else 21 if amount < huge(kind) else 28


def workday(day: dt.date, step: int = 1) -> dt.date:
    """``day``, or the next (``step`` -1: previous) Monday to Friday. Make-up Saturdays do not matter here."""
    while day.weekday() > 4:
        day += step * DAY
    return day


def round_money(rng: random.Random, amount: float) -> int:
    unit = rng.choice([1, 10, 100, 100, 1000, 1000, 1000, 5000])
    if amount < 200_000:
        unit = min(unit, 100)
    return max(1000, int(amount // unit * unit))


def month_days(month: str) -> list[dt.date]:
    year, number = map(int, month.split("-"))
    last = calendar.monthrange(year, number)[1]
    return [d for d in (dt.date(year, number, n) for n in range(1, last + 1)) if d.weekday() < 5]


class Maker:
    """Makes honest cases one by one; ``reserved`` firms are kept out of the draw for the planted stories."""

    def __init__(self, city: City, rng: random.Random) -> None:
        self.city = city
        self.rng = rng
        self.reserved: set[str] = set()
        self.serial: dict[str, int] = {}
        self.notices = 0
        self.titles: dict[str, int] = {}
        self.running: dict[str, list[tuple[dt.date, int]]] = {}
        self._pools: dict[str, tuple[list[Firm], list[float]]] = {}
        self._agencies = (city.agencies, [a.weight for a in city.agencies])

    def reserve(self, trade: str, n: int) -> list[Firm]:
        """Take ``n`` firms with a valid 統編 of a trade out of the honest draw."""
        taken = [f for f in self.city.by_trade(trade) if f.ubn and f.raw_id == f.ubn and f.name not in self.reserved][
            -n:
        ]
        self.reserved |= {f.name for f in taken}
        self._pools.clear()
        return taken

    def pool(self, trade: str) -> tuple[list[Firm], list[float]]:
        if trade not in self._pools:
            firms = [f for f in self.city.by_trade(trade) if f.name not in self.reserved]
            total = 0.0
            cumulated = []
            for firm in firms:
                total += min(firm.size, 9.0)
                cumulated.append(total)
            self._pools[trade] = (firms, cumulated)
        return self._pools[trade]

    def pick(self, trade: str, n: int, without: set[str] = frozenset()) -> list[Firm]:  # type: ignore[assignment]
        """``n`` distinct firms of a trade, the larger the likelier."""
        firms, cumulated = self.pool(trade)
        chosen: dict[str, Firm] = {}
        while len(chosen) < n:
            firm = firms[bisect.bisect(cumulated, self.rng.random() * cumulated[-1])]
            if firm.name not in without:
                chosen.setdefault(firm.name, firm)
        return list(chosen.values())

    def _rivals(self, trade: str, n: int, on: dt.date) -> list[Firm]:
        """``n`` bidders, the winner first: of builders, one that is not full of work (others bid high)."""
        firms = self.pick(trade, n if TRADES[trade][0] != "works" or n > 2 else n + 1)

        def load(firm: Firm) -> float:
            return sum(amount for end, amount in self.running.get(firm.name, ()) if end > on) / min(firm.size, 9.0)

        if TRADES[trade][0] == "works":
            firms.sort(key=load)
        return firms[:n]

    def case_no(self, agency: Agency, on: dt.date) -> str:
        key = f"{agency.agency_id}/{on.year}"
        self.serial[key] = self.serial.get(key, 0) + 1
        prefix = "ABCDEFGHJKLMNPQRSTUVWXYZ"[sum(map(ord, agency.agency_id)) % 24]
        return f"{prefix}{on.year - 1911}{on.month:02d}{self.serial[key]:04d}"

    def district(self, agency: Agency) -> str:
        """Where the work is done: a district office's or school's own district, else anywhere in the city."""
        if agency.name.endswith(("區公所", "國民小學", "國民中學")):
            return agency.district.removesuffix("區")
        return self.rng.choice(DISTRICTS)

    def title(self, trade: str, on: dt.date, district: str, template: str | None = None) -> str:
        rng = self.rng
        school = rng.choice(DISTRICTS[:6]) + rng.choice(["國小", "國中"])
        text = (template or rng.choice(TITLES[trade])).format(
            road=rng.choice(ROADS),
            district=district,
            school=school,
            a=rng.randint(2, 380),
            y=on.year - 1911,
        )
        seen = self.titles[text] = self.titles.get(text, 0) + 1
        if seen > 1:
            text += f"(第{seen}期)" if trade in ("civil", "mep", "design") else f"({seen})"
        return text

    def budget(self, method: str, kind: str, on: dt.date) -> int:
        rng, t = self.rng, threshold(on)
        if method == "quotation":
            value = t * (0.1 + 0.85 * rng.random() ** 1.4)
        elif method == "restricted":
            value = min(t * 0.9 if rng.random() < 0.8 else t * 6, rng.lognormvariate(13.2, 0.7))
        else:
            centre = {"works": 14.9, "goods": 14.2, "services": 14.4}[kind]
            value = rng.lognormvariate(centre, 0.85)
            if rng.random() < 0.85 and value < t:
                value = t * rng.uniform(1.06, 2.6)
        return round_money(rng, min(max(value, t * 0.11), 240_000_000))

    def ratio(self) -> float:
        u = self.rng.random()
        k = bisect.bisect_right([p for p, _ in RATIO], u) - 1
        (p0, v0), (p1, v1) = RATIO[k], RATIO[min(k + 1, len(RATIO) - 1)]
        return v0 if p1 == p0 else v0 + (v1 - v0) * (u - p0) / (p1 - p0)

    def make(self, notice_date: dt.date, **given: Any) -> Case:
        """One honest case announced as awarded on ``notice_date``.

        ``given`` fixes parts of it: agency, trade, method, budget, ratio (award/budget), n (bidders), firms (winner
        first), lag (days from award to notice), award_way, title (template), category.
        """
        rng = self.rng
        agency: Agency = given.get("agency") or rng.choices(self._agencies[0], self._agencies[1])[0]
        method = given.get("method") or rng.choices([m for m, _ in METHODS], [w for _, w in METHODS])[0]
        trade = given.get("trade") or self._trade(agency, method)
        kind = TRADES[trade][0]
        lag = given["lag"] if "lag" in given else min(int(rng.expovariate(1 / 8.6)), 26)
        award_date = workday(notice_date - lag * DAY, -1)
        budget = given.get("budget") or self.budget(method, kind, award_date)
        award_way = given.get("award_way") or self._award_way(method)
        n = given.get("n") or (len(given["firms"]) if given.get("firms") else self._bidders(method))
        ratio = given.get("ratio") or self.ratio()
        award = budget if ratio >= 1 else round_money(rng, budget * ratio)
        priced = award_way == "lowest" or rng.random() < 0.4
        reserve = self._reserve(budget, award, n) if priced else None
        self.notices += 1
        district = self.district(agency)
        case = Case(
            agency=agency,
            district=district,
            case_no=self.case_no(agency, award_date),
            notice_id=f"BDM-9-{90000000 + self.notices}",
            title=self.title(trade, award_date, district, given.get("title")),
            kind=kind,
            category=given.get("category") or rng.choice(CATEGORIES[trade]),
            method=method,
            award_way=award_way,
            budget=budget,
            award=award,
            reserve=reserve,
            tender_notice=None,
            deadline=None,
            opening=award_date,
            award_date=award_date,
            notice_date=notice_date,
            bids=[],
            subsidised=rng.random() < 0.18,
        )
        self._dates(case, n)
        case.amount_class = amount_class(budget, kind, case.tender_notice or award_date)
        firms = given.get("firms") or self._rivals(trade, n, award_date)
        self.set_bids(case, firms)
        if reserve and award_way == "lowest" and award < 0.8 * reserve:  # handled as article 58 asks
            case.article58 = True
            case.gap_deposit = int(0.8 * reserve) - award
        self._performance(case, trade)
        if method == "restricted":
            case.clause = rng.choice(["22-1-2", "22-1-4", "22-1-5", "22-1-16"])
        elif method == "restricted_public":
            case.clause = "22-1-9"
        if case.kind == "works" and case.end:
            self.running.setdefault(firms[0].name, []).append((case.end, case.award))
        case.listed = workday(award_date + rng.randint(1, 16) * DAY)
        case.city_award = award
        return case

    def _trade(self, agency: Agency, method: str) -> str:
        name, rng = agency.name, self.rng
        if method == "restricted_public":
            return rng.choice(["design", "it", "culture", "clean", "care", "culture"])
        if name.endswith(("建設局", "工程處", "水利局", "區公所", "交通局")):
            return rng.choices(["civil", "mep", "design", "goods", "clean", "culture"], [60, 10, 10, 8, 6, 6])[0]
        if name.endswith(("國民小學", "國民中學")):
            return rng.choices(["civil", "mep", "goods", "clean", "culture"], [25, 12, 48, 8, 7])[0]
        return rng.choices(["civil", "mep", "goods", "it", "culture", "clean", "care"], [20, 8, 24, 16, 16, 10, 6])[0]

    def _award_way(self, method: str) -> str:
        u = self.rng.random()
        if method == "open":
            return "lowest" if u < 0.93 else "best_value"
        if method == "quotation":
            return "lowest" if u < 0.76 else "best_value_ref"
        return "best_value_quasi" if method == "restricted_public" else "lowest"

    def _bidders(self, method: str) -> int:
        rng = self.rng
        if rng.random() < SINGLE[method]:
            return 1
        if method == "restricted":
            return 2
        return min(2 + int(rng.expovariate(1 / (2.6 if method == "open" else 1.2))), 11)

    def _reserve(self, budget: int, award: int, n: int) -> int:
        rng = self.rng
        if rng.random() < (0.3 if n == 1 else 0.03):
            return award
        low = max(award / budget * 1.004, 0.9)
        reserve = round_money(rng, budget * (low + (1 - low) * rng.random())) if low < 1 else budget
        return min(max(reserve, award), budget)

    def _dates(self, case: Case, n: int) -> None:
        rng = self.rng
        if case.method == "restricted":
            return
        slow = case.award_way != "lowest"
        opening = workday(
            case.award_date - (rng.randint(3, 16) if slow else rng.choice([0, 0, 0, 0, 1, 2, 4])) * DAY, -1
        )
        case.opening = opening
        case.deadline = workday(opening - rng.choice([0, 1]) * DAY, -1)
        minimum = minimum_days(case.budget, case.kind, case.method, case.award_date)
        case.e_documents, case.e_bidding = rng.random() < 0.9, rng.random() < 0.25
        case.public_viewing = case.budget >= review(case.kind) and rng.random() < 0.7
        if (case.method == "open" and n < 3) or rng.random() < 0.05:
            failed = 1 + (rng.random() < 0.25)
            case.tender_round, case.failed_count = 1 + failed, failed
            minimum = 7 if case.budget >= threshold(case.award_date) else 5
            case.tender_notice = workday(case.deadline - (minimum + 1 + rng.randint(0, 4)) * DAY, -1)
            case.previous_failed = workday(case.tender_notice - rng.randint(3, 12) * DAY, -1)
        else:
            case.tender_notice = workday(case.deadline - (minimum + 1 + rng.randint(0, 9)) * DAY, -1)

    def _performance(self, case: Case, trade: str) -> None:
        rng = self.rng
        case.start = workday(case.award_date + rng.randint(3, 20) * DAY)
        if case.kind == "works":
            days = int(25 + 40 * (case.budget / 1_000_000) ** 0.5 * rng.uniform(0.75, 1.35))
            elapsed = max(0.02, min(0.9, (case.notice_date - case.start).days / days))
            case.planned = round(elapsed, 3)
            case.actual = round(max(0.0, elapsed * rng.uniform(0.93, 1.06)), 3)
            case.progress_date = month_days(case.month)[-1]
            if rng.random() < 0.05:
                case.changes.append(
                    Change(
                        1,
                        case.award_date + rng.randint(45, 80) * DAY,
                        int(case.award * rng.uniform(-0.03, 0.06)),
                        "現場管線障礙",
                    )
                )
        elif trade == "goods":
            days = rng.randint(15, 90)
        else:
            days = rng.randint(90, 365)
        case.end = case.start + days * DAY

    def set_bids(self, case: Case, firms: list[Firm]) -> None:
        """Bids of ``firms``, the first of them the winner, so that the award way is respected."""
        rng, n = self.rng, len(firms)
        ceiling = case.reserve or case.budget
        original = case.award
        if n == 1 or rng.random() < 0.1:
            original = max(case.award, round_money(rng, case.award * (1 + abs(rng.gauss(0, 0.02)))))
        bids = [Bid(firms[0], original, True, original=original, award=case.award)]
        for firm in firms[1:]:
            lowest = case.award_way == "lowest"
            factor = 1 + 0.004 + rng.expovariate(1 / 0.085) if lowest else 1 + rng.gauss(0.0, 0.05)
            amount = round_money(rng, max(original * 1.001 if lowest else 1, original * factor))
            if lowest and amount <= original:
                amount = original + rng.randint(1, 9) * 100
            out = rng.random() < 0.07
            reason = (
                rng.choice(DISQUALIFIED) if out else OVER if amount > ceiling else LOST["lowest" if lowest else "other"]
            )
            bids.append(Bid(firm, amount, disqualified=out, reason=reason))
        case.bids = bids


def place(case: Case) -> tuple[str, str]:
    """Performance location and region as the notices write them."""
    kind = "原住民地區" if case.district in REMOTE else "非原住民地區"
    return f"{CITY}({kind})", f"{CITY}－{case.district}"
