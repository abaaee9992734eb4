"""The demo's works before they become files: projects with their life, places around them, and what is planted.

In: the procurement demo's world of the same seed (its road works are exported here too). Out: ``WorksWorld``.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from probity.calendar import Period
from probity.demo import corpus
from probity.demo.city import ROADS
from probity.demo.maker import DAY
from probity.demo.model import Agency, Case, Firm
from probity.text import case_no_key

DISTRICTS = (
    "北屯區",
    "西屯區",
    "南屯區",
    "豐原區",
    "大里區",
    "太平區",
    "大雅區",
    "清水區",
    "沙鹿區",
    "霧峰區",
    "東勢區",
)
REMOTE = "和平區"
ROAD_WORDS = ("道路", "路面", "刨鋪", "人行道", "拓寬")
SIZES = {"demo": 46, "tiny": 16}
SECTIONS = ("", "一段", "二段", "三段")
CHEAP = 0.8  # of the reserve: as 採購法 §58 asks whether a price can be kept
WEST, SOUTH = 120.56, 24.06  # a corner of the plain; every district has its own square of a few kilometres


@dataclass
class Project:
    """One contract. Money is NTD; ``quality`` 1 is sound, 0 is poor; ``progress``: share done on a day."""

    agency: Agency
    case_no: str
    title: str
    facility: str
    district: str
    road: str
    firms: list[Firm]
    budget: int
    reserve: int | None
    contract: int
    award_date: dt.date
    start: dt.date
    days: int
    length: int
    width: float
    thickness: float
    x: float
    y: float
    delay: float = 0.0
    changes: list[tuple[dt.date, int, str]] = field(default_factory=list)
    quality: float = 1.0
    shares: tuple[float, ...] = ()
    designated: bool = False
    tip_off: bool = False

    @property
    def case_id(self) -> str:
        return f"{self.agency.agency_id}|{self.case_no}"

    @property
    def planned_end(self) -> dt.date:
        return self.start + self.days * DAY

    @property
    def actual_end(self) -> dt.date:
        return self.start + round(self.days * (1 + self.delay)) * DAY

    def planned(self, day: dt.date) -> float:
        return round(min(1.0, max(0.0, (day - self.start).days / self.days)), 3)

    def actual(self, day: dt.date) -> float:
        return round(min(1.0, max(0.0, (day - self.start).days / (self.days * (1 + self.delay)))), 3)

    def changed(self, day: dt.date) -> int | None:
        done = [delta for on, delta, _ in self.changes if on <= day]
        return self.contract + sum(done) if done else None


@dataclass(frozen=True)
class Permit:
    application: str
    permit: str
    start: dt.date
    end: dt.date
    applicant: str
    title: str
    case_type: str
    pipe_type: str
    district: str
    location: str
    started: bool
    firm: str
    x: float
    y: float


@dataclass(frozen=True)
class Complaint:
    number: str
    day: dt.date
    channel: str
    category: str
    subcategory: str
    district: str
    location: str
    content: str
    x: float | None = None
    y: float | None = None
    case_no: str = ""
    agency: str = ""


@dataclass(frozen=True)
class Registered:
    firm: Firm
    grade: str
    capital: int
    net_worth: int
    city: str


@dataclass(frozen=True)
class Earlier:
    """An inspection of before: its day, score and defects [(category, severity, text, deadline, done, closed)]."""

    project: Project
    day: dt.date
    score: int
    defects: list[tuple[str, str, str, dt.date, dt.date | None, dt.date | None]]


@dataclass
class Truth:
    """``planted``: (case_id, signal id, what was done); ``poor``: case ids of works that will be found wanting,
    planted or cheap."""

    seed: int
    months: list[str]
    planted: list[tuple[str, str, str]] = field(default_factory=list)
    poor: set[str] = field(default_factory=set)


@dataclass
class WorksWorld:
    months: list[str]
    seed: int
    projects: list[Project]
    permits: list[Permit]
    complaints: list[Complaint]
    register: list[Registered]
    earlier: list[Earlier]
    truth: Truth

    def stream(self, part: str) -> random.Random:
        return random.Random(f"{self.seed}:works:{part}")


def world(seed: int, months: list[str], size: str) -> WorksWorld:
    """The works of the city for ``months``. ValueError as ``probity.demo.generate``."""
    made = corpus.world(seed, months, size)
    maker = _Maker(made, random.Random(f"{seed}:works"), SIZES[size])
    maker.run()
    return WorksWorld(
        made.months, seed, maker.projects, maker.permits, maker.complaints, maker.register, maker.earlier, maker.truth
    )


def _round(amount: float) -> int:
    return round(amount / 1000) * 1000


class _Maker:
    def __init__(self, made: corpus.World, rng: random.Random, count: int) -> None:
        self.made, self.rng, self.count = made, rng, count
        self.first, self.last = Period.parse(made.months[0]), Period.parse(made.months[-1])
        self.truth = Truth(made.seed, made.months)
        banned = {b.name for b in made.bans}
        civil = [f for f in made.city.by_trade("civil") if f.name not in banned and f.ubn]
        self.firms = civil[:12]
        self.special = iter(civil[12:40])  # each planted story has a contractor of its own
        self.agencies = [
            a for a in made.city.agencies if a.name.endswith(("新建工程處", "養護工程處", "水利局", "建設局"))
        ]
        self.projects: list[Project] = []
        self.permits: list[Permit] = []
        self.complaints: list[Complaint] = []
        self.register: list[Registered] = []
        self.earlier: list[Earlier] = []

    def run(self) -> None:
        for _ in range(self.count):
            self.project()
        for _ in range(max(4, self.count // 4)):
            self.project(facility=self.rng.choice(("building", "structure")))
        self.exported()
        self.plant()
        self.around()
        self.registered()
        self.history()
        self.truth.poor |= {p.case_id for p in self.projects if p.quality < 0.5}
        self.truth.poor |= self.cheap()

    def cheap(self) -> set[str]:
        """Works of the procurement demo that went far below their reserve: what was saved is missing on the road."""
        return {
            f"{case.agency.agency_id}|{case_no_key(case.case_no)}"
            for case in self.made.cases
            if case.kind == "works" and case.reserve and case.award < CHEAP * case.reserve
        }

    # -- projects -------------------------------------------------------------------------------------------------
    def project(self, facility: str = "road", firms: list[Firm] | None = None, **more: Any) -> Project:
        """One more honest project under way in most of the months, or finished not long before."""
        rng, number = self.rng, len(self.projects) + 1
        agency = rng.choice(self.agencies)
        district = rng.choice(DISTRICTS)
        road = rng.choice(ROADS) + rng.choice(SECTIONS)
        length, width = rng.randrange(200, 1800, 50), rng.choice((6.0, 8.0, 10.0, 12.0))
        contract = _round(length * width * rng.uniform(900, 1600))
        start = self.first.first - rng.randrange(20, 330) * DAY
        what = {"road": "路面刨鋪改善工程", "building": "活動中心新建工程", "structure": "橋梁改建工程"}[facility]
        at = DISTRICTS.index(district)
        project = Project(
            agency,
            f"{(start.year - 1911)}RW{number:03d}",
            f"{start.year - 1911}年度{district}{road}{what}",
            facility,
            district,
            road,
            firms or [rng.choice(self.firms)],
            _round(contract * rng.uniform(1.06, 1.18)),
            _round(contract * rng.uniform(1.01, 1.1)),
            contract,
            start - rng.randrange(20, 45) * DAY,
            start,
            rng.randrange(120, 420, 10),
            length,
            width,
            rng.choice((5.0, 10.0)),
            round(WEST + at % 4 * 0.05 + rng.uniform(0, 0.03), 6),
            round(SOUTH + at // 4 * 0.06 + rng.uniform(0, 0.03), 6),
            quality=0.2 if rng.random() < 0.15 else 1.0,
        )
        for name, value in more.items():
            setattr(project, name, value)
        self.projects.append(project)
        return project

    def exported(self) -> None:
        """Road works of the procurement demo, as their agencies enter them into the works system."""
        cases = [
            c for c in self.made.cases if c.kind == "works" and any(w in c.title for w in ROAD_WORDS) and c.winners
        ]
        for case in cases[-6:]:
            self.projects.append(self._of_case(case))

    def _of_case(self, case: Case) -> Project:
        rng, district = self.rng, self.rng.choice(DISTRICTS)
        length = rng.randrange(200, 900, 50)
        return Project(
            case.agency,
            case.case_no,
            case.title,
            "road",
            district,
            rng.choice(ROADS),
            [b.firm for b in case.winners],
            case.budget,
            case.reserve,
            case.award,
            case.award_date,
            case.award_date + 15 * DAY,
            180,
            length,
            8.0,
            5.0,
            round(WEST + rng.uniform(0, 0.15), 6),
            round(SOUTH + rng.uniform(0, 0.15), 6),
        )

    # -- what is planted ------------------------------------------------------------------------------------------
    def planted(self, signal: str, why: str, quality: float = 0.2, facility: str = "road", **more: Any) -> Project:
        project = self.project(facility, [next(self.special)], quality=quality, **more)
        self.truth.planted.append((project.case_id, signal, why))
        return project

    def under_way(self) -> dict[str, Any]:
        """Dates of a project that is at work in every month shown."""
        start = self.first.first - 90 * DAY
        return {"start": start, "award_date": start - 30 * DAY, "days": 360}

    def plant(self) -> None:
        rng = self.rng
        self.planted("W10", "位於偏遠地區", 1.0, district=REMOTE, **self.under_way())
        low = self.planted("W11A", "決標金額為底價之七成餘", **self.under_way())
        low.reserve, low.budget = _round(low.contract / 0.74), _round(low.contract / 0.7)
        late = self.planted("W50", "進度落後", delay=0.9, **self.under_way())
        late.quality = 0.2
        changed = self.planted("W51", "三次變更、逾二成", **self.under_way())
        for n in range(3):
            changed.changes.append(
                (changed.start + (20 + 15 * n) * DAY, _round(changed.contract * 0.09), "現場地質與設計不符")
            )
        loud = self.planted("W30", "民眾多次反映路面", **self.under_way())
        for n in range(9):
            self.complain(loud, self.first.first - (3 + 6 * n) * DAY, near=True)
        watched = self.planted("W31", "全民督工通報", **self.under_way())
        for n in range(3):
            self.complain(watched, self.first.first - (5 + 6 * n) * DAY, channel="全民督工")
        self.planted("W40", "未完工程逾淨值二十倍", **self.under_way())
        over = self.planted("W41", "單一契約逾等級上限", **self.under_way())
        over.contract, over.budget, over.reserve = 52_000_000, 58_000_000, 54_000_000
        busy = self.planted("W42", "同時施工之工地過多", **self.under_way())
        for _ in range(5):
            self.project(firms=busy.firms, quality=1.0, **self.under_way())
        self.planted("W44", "廠商登記地遠離工地", **self.under_way())
        again = self.planted("W60", "保固期內重鋪", **self.under_way())
        ended = again.start - 120 * DAY
        self.project(
            firms=again.firms,
            quality=1.0,
            district=again.district,
            road=again.road,
            x=again.x,
            y=again.y,
            agency=again.agency,
            start=ended - 90 * DAY,
            award_date=ended - 120 * DAY,
            days=90,
        )
        for other in self.projects[-1:]:
            other.title = f"{other.start.year - 1911}年度{other.district}{other.road}路面刨鋪改善工程"
        dug = self.planted("W61", "完工後二十四個月內挖掘")
        dug.start, dug.days = self.first.first - 200 * DAY, 120
        dug.award_date = dug.start - 30 * DAY
        for n in range(4):
            self.dig(dug, dug.actual_end + (20 + 10 * n) * DAY)
        poor = self.planted("W22", "承攬廠商曾查驗不合格", **self.under_way())
        before = self.project(firms=poor.firms, quality=0.2)
        before.start, before.days = self.first.first - 500 * DAY, 200
        before.award_date = before.start - 30 * DAY
        self.inspected(before, self.first.first - 250 * DAY, 62, overdue=False)
        owing = self.planted("W23", "承攬廠商有逾期未改善之缺失", **self.under_way())
        self.inspected(owing, self.first.first - 60 * DAY, 74, overdue=True)
        rng.shuffle(self.projects)

    # -- what surrounds them ----------------------------------------------------------------------------------------
    def complain(self, project: Project, day: dt.date, near: bool = False, channel: str = "1999") -> None:
        rng, n = self.rng, len(self.complaints) + 1
        place = f"{project.district}{project.road}{rng.randrange(1, 300)}號前"
        spread = 0.0018 if near else 0.004
        supervision = channel == "全民督工"
        self.complaints.append(
            Complaint(
                f"C{day.year - 1911}{n:06d}",
                day,
                channel,
                "施工品質" if supervision else "道路維護",
                "路面不平",
                project.district,
                place,
                f"路面坑洞，第{n}次反映",
                None if supervision else round(project.x + rng.uniform(-spread, spread), 6),
                None if supervision else round(project.y + rng.uniform(-spread, spread), 6),
                project.case_no if supervision else "",
                project.agency.name if supervision else "",
            )
        )

    def dig(self, project: Project, day: dt.date) -> None:
        rng, n = self.rng, len(self.permits) + 1
        self.permits.append(
            Permit(
                f"{day.year - 1911}A{n:05d}",
                f"U{n:09d}",
                day,
                day + 30 * DAY,
                "霧嵐自來水股份有限公司",
                f"用戶申裝-{n:06d}",
                "一般用戶申裝",
                "自來水",
                project.district,
                f"{project.road}{rng.randrange(1, 300)}號前",
                rng.random() < 0.5,
                rng.choice(self.firms).name[:10],
                round(project.x + rng.uniform(-0.0002, 0.0002), 8),
                round(project.y + rng.uniform(-0.0002, 0.0002), 8),
            )
        )

    def around(self) -> None:
        """Permits of the paving works themselves, other digs, and complaints about everything."""
        rng = self.rng
        for project in self.projects:
            if project.facility == "road" and rng.random() < 0.6:
                n = len(self.permits) + 1
                name = project.firms[0].name
                self.permits.append(
                    Permit(
                        f"{project.start.year - 1911}F{n:05d}",
                        f"{n:010d}",
                        project.start,
                        project.planned_end,
                        f"{project.agency.name}(工程隊)".replace("臺", "台"),
                        project.title,
                        "計劃性道路工程案件",
                        "路面刨鋪改善",
                        project.district,
                        f"{project.road}(全線)",
                        True,
                        rng.choice((name[:10], name.replace("營造有限公司", ""), name.replace("有限公司", "公司")))[
                            :10
                        ],
                        project.x,
                        project.y,
                    )
                )
        span = (self.last.last - self.first.first).days + 300
        for _ in range(self.count * 3):
            place = rng.choice(self.projects)
            far = self.project_like(place)
            self.dig(far, self.first.first - 300 * DAY + rng.randrange(span) * DAY)
        for _ in range(self.count * 2):
            place = rng.choice(self.projects)
            self.complain(self.project_like(place), self.first.first - 200 * DAY + rng.randrange(span - 100) * DAY)
        doubled = self.complaints[: max(2, self.count // 8)]
        for one in doubled:  # the same matter, told again the day after under another number
            n = len(self.complaints) + 1
            again = {k: getattr(one, k) for k in one.__dataclass_fields__}
            self.complaints.append(
                Complaint(**again | {"number": f"C{one.day.year - 1911}{n:06d}", "day": one.day + DAY})
            )

    def project_like(self, project: Project) -> Project:
        """A place a kilometre or two away, on a road of its own."""
        rng = self.rng
        values = {k: getattr(project, k) for k in project.__dataclass_fields__}
        road = f"{rng.choice(ROADS)}{rng.choice(SECTIONS)}"
        return Project(**values | {"x": project.x + 0.02, "y": project.y + 0.015, "road": road, "case_no": ""})

    def registered(self) -> None:
        special = {case_id: signal for case_id, signal, _ in self.truth.planted}
        seen: set[str] = set()
        for project in sorted(self.projects, key=lambda p: p.case_id not in special):
            for firm in project.firms:
                if firm.name in seen:
                    continue
                seen.add(firm.name)
                signal = special.get(project.case_id, "")
                civil = "土木包工業" in firm.name
                grade, capital = ("土木包工業", 1_000_000) if civil else ("甲等", 60_000_000)
                worth, city = 30_000_000, "臺中市"
                if signal == "W40":
                    grade, capital, worth = "甲等", 60_000_000, 200_000
                elif signal == "W41":
                    grade, capital = "丙等", 3_000_000
                elif signal == "W44":
                    city = "屏東縣"
                elif civil:
                    grade, capital = ("乙等", 12_000_000) if project.contract < 90_000_000 else ("甲等", 60_000_000)
                self.register.append(Registered(firm, grade, capital, worth, city))

    # -- earlier inspections ----------------------------------------------------------------------------------------
    def inspected(self, project: Project, day: dt.date, score: int, overdue: bool) -> None:
        rng = self.rng
        kinds = rng.sample(("厚度", "壓實度", "平整度", "人手孔蓋高低差", "標線、標誌或緣石", "交通維持"), 3)
        defects = []
        count = rng.choice((0, 1, 1, 2)) if score >= 75 else 2
        for n, kind in enumerate(kinds[:count]):
            deadline = day + 30 * DAY
            done = None if overdue and n == 0 else deadline - rng.randrange(1, 12) * DAY
            closed = done + 7 * DAY if done else None
            severity = "嚴重" if score < 70 and n == 0 else rng.choice(("輕微", "中等"))
            defects.append((kind, severity, f"0K+{rng.randrange(10, 190):03d} {kind}不符規定", deadline, done, closed))
        self.earlier.append(Earlier(project, day, score, defects))

    def history(self) -> None:
        """Two years of inspections of finished and running works, in most months."""
        rng = self.rng
        for back in range(24):
            month = self.first.previous(back + 1)
            for _ in range(max(1, self.count // 16)):
                values = rng.choice(self.projects)
                old = self.project_like(values)
                old.case_no = f"{month.year - 1911}H{month.index:02d}{len(self.earlier):03d}"
                old.title = f"{month.year - 1911}年度{old.district}{old.road}路面改善工程"
                score = rng.choice((78, 81, 83, 86, 88, 90, 74, 72))
                self.inspected(old, month.first + rng.randrange(4, 24) * DAY, score, overdue=False)
