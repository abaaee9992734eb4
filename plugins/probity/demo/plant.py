"""Planted irregularities, each with an honest look-alike where the law draws a line, and the stories over time.

In: a ``Maker``, the months asked for and the months of history before them. Out: ``Case`` objects and ``Planted``
records. Patterns P01-P20 are those of the wrong-behaviour table (P16 needs panel data that no source carries);
``I<n>`` is indicator n of INDICATORS.md where no pattern says the same; ``W<n>`` is item n of 作業規則 §8.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from probity.demo.maker import DAY, LOST, OVER, Maker, month_days, round_money, threshold, workday
from probity.demo.model import Bid, Case, Change, Correction, Firm, Planted

FULL = str.maketrans("0123456789", "０１２３４５６７８９")


SIGNALS: dict[str, tuple[str, ...]] = {
    **{f"P{n:02d}": (f"P{n:02d}",) for n in (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 15, 18, 19, 20)},
    "P11": ("P11A", "P11B", "I13"),
    "P13": ("P13A", "P13B"),
    **{f"I{n}": (f"I{n}",) for n in (13, 14, 17, 20, 21, 24, 27, 29, 30, 33, 36)},
    "I25": ("I25A",),
    **{f"W{n}": (f"W{n:02d}",) for n in (1, 4, 5)},
}
"""Signals that a planted pattern fires, all of them, unless the plant says otherwise (P08, P17)."""


class Planter:
    """Plants into ``months``; what needs a past is laid into ``history`` too."""

    def __init__(self, maker: Maker, history: list[str], months: list[str]) -> None:
        self.m = maker
        self.rng = maker.rng
        self.history, self.months = history, months
        self.cases: list[Case] = []
        self.planted: list[Planted] = []
        reserve = maker.reserve
        self.ring = reserve("civil", 4)
        self.favourite, self.loser = reserve("civil", 2)
        (self.frequent,) = reserve("civil", 1)
        self.banned, self.banned_later, self.ban_over = reserve("civil", 3)
        self.kin = [tuple(reserve("civil", 2)) for _ in range(3)]
        self.neighbours = reserve("civil", 2)
        (self.designer,) = reserve("design", 1)
        (self.builder,) = reserve("civil", 1)
        (self.overloaded,) = reserve("civil", 1)
        (self.newcomer,) = reserve("civil", 1)
        (self.friend,) = reserve("culture", 1)
        (self.monopolist,) = reserve("clean", 1)
        (self.absentee,) = reserve("civil", 1)
        self._kinship()

    def _kinship(self) -> None:
        (a, b), (c, d), (e, f) = self.kin
        b.address = a.address.translate(FULL)  # the same place, written in full-width digits
        d.phone = c.phone
        f.representative, f.phone = e.representative, e.phone.replace("(00)", "00-")
        one, other = self.neighbours
        other.address = one.address + "9樓之2"
        one.address += "3樓"
        self.newcomer.founded = month_days(self.months[0])[0] - 75 * DAY

    # -- small helpers ----------------------------------------------------------------------------------------
    def day(self, month: str, low: float = 0.0, high: float = 1.0) -> dt.date:
        days = month_days(month)
        return days[min(int((low + (high - low) * self.rng.random()) * len(days)), len(days) - 1)]

    def spread(self, n: int, months: list[str] | None = None) -> list[dt.date]:
        """``n`` days spread evenly over ``months`` (default: the history), in order."""
        months = months or self.history
        return [self.day(months[int(k * len(months) / n)]) for k in range(n)]

    def works(self, on: dt.date, **given: Any) -> Case:
        """An open works tender with four bidders, well above 公告金額: no other pattern comes near."""
        t = threshold(on)
        defaults: dict[str, Any] = {
            "trade": "civil",
            "method": "open",
            "award_way": "lowest",
            "ratio": self.rng.uniform(0.86, 0.93),
            "budget": round_money(self.rng, t * self.rng.uniform(2.2, 6.5)),
            "lag": self.rng.randint(2, 12),
        }
        if "firms" not in given and "n" not in given:
            defaults["n"] = 4
        case = self.m.make(on, **(defaults | given))
        case.planted = True
        if case.reserve is None or case.award > 0.97 * case.reserve:
            case.reserve = round_money(self.rng, min(case.budget, case.award * 1.045))
        if case.award < 0.85 * (case.reserve or 1):
            case.reserve = round_money(self.rng, case.award / 0.93)
        case.article58, case.gap_deposit = False, None
        case.changes.clear()
        if case.tender_round > 1:
            case.tender_round, case.failed_count, case.previous_failed = 1, 0, None
        self._period(case, 20)
        return case

    def _period(self, case: Case, days: int) -> None:
        if case.deadline:
            case.tender_notice = workday(case.deadline - days * DAY, -1)

    def add(
        self,
        case: Case,
        pattern: str,
        indicators: tuple[int, ...],
        why: str,
        honest: bool = False,
        signals: tuple[str, ...] = (),
    ) -> Case:
        case.planted = True
        expected = signals or SIGNALS[pattern]
        self.planted.append(Planted(case.case_id, pattern, indicators, why, honest, expected))
        self.cases.append(case)
        return case

    def background(self, case: Case) -> Case:
        """A case that a story needs in the past, itself nothing to report."""
        case.planted = True
        self.cases.append(case)
        return case

    # -- everything -------------------------------------------------------------------------------------------
    def run(self) -> None:
        self.histories()
        for k, month in enumerate(self.months):
            self.tender_rules(month)
            self.prices(month)
            self.splitting(month, k)
            self.restricted(month, k)
            self.firms(month, k)
            self.ring_tenders(month, k)
            self.contracts(month)
            self.lists(month, k)
            self.screens(month)
            if month.endswith("-01"):
                self.year_end(month)

    def histories(self) -> None:
        rng, m = self.rng, self.m
        agency = m.city.agency("10.2")
        for k, on in enumerate(self.spread(28)):
            self.background(self.ring_case(on, k, exact=False))
        for on in self.spread(16):
            self.background(self.one_sided(on))
        for k, on in enumerate(self.spread(30)):  # apart, the favourite seldom wins and the loser never does
            firm = self.loser if k % 2 else self.favourite
            others = m.pick("civil", 3)
            self.background(self.works(on, firms=[*others, firm] if k % 10 else [self.favourite, *others]))
        year = [h for h in self.history if h >= f"{int(self.months[0][:4]) - 1}-{self.months[0][5:]}"]
        for on in self.spread(27, year):
            self.background(self.frequent_case(on))
        for on in self.spread(4, self.history[: max(1, len(self.history) // 3)]):
            case = self.works(on, agency=agency, firms=[self.overloaded, *m.pick("civil", 3)], budget=1_600_000)
            case.end = case.award_date + 60 * DAY
            self.background(case)
        for on in self.spread(5, self.history[-6:]):
            case = self.works(
                on, agency=m.city.agency("10.1"), firms=[self.overloaded, *m.pick("civil", 3)], budget=6_400_000
            )
            case.end = case.award_date + 420 * DAY
            self.background(case)
        for on in self.spread(26):
            self.background(self.bunched(on))
        for on in self.spread(20, self.history[-11:]):
            self.background(self.monopoly(on))
        for on in self.spread(10, self.history[-9:]):
            self.background(self.roof(on, [*m.pick("civil", 1), self.absentee, *m.pick("civil", 1)]))
        for on in self.spread(3, self.history[-9:]):
            self.background(self.friendly(on))
        for on in self.spread(12, self.history[-10:]):  # the same agency asks everybody else for quotations
            theatre = m.city.agency("33")
            self.background(m.make(on, agency=theatre, trade="culture", method="quotation", n=2, lag=6))
        self.originals: list[Case] = []
        for on in self.spread(2 * len(self.months), self.history[: max(1, len(self.history) - 2)]):
            case = self.works(on, agency=m.city.agency(rng.choice(["60", "61", "62"])), budget=4_500_000)
            case.expansion = len(self.originals) % 2 == 0
            self.originals.append(self.background(case))

    # -- P01 P02 P05 P18 P19 ----------------------------------------------------------------------------------
    def tender_rules(self, month: str) -> None:
        rng = self.rng
        for short in (8, 10):
            case = self.works(self.day(month))
            case.e_documents = case.e_bidding = case.public_viewing = False
            self._period(case, short)
            self.add(case, "P01", (26,), f"{short} days where 14 are due, nothing shortens them")
        case = self.works(self.day(month))
        case.e_documents = case.e_bidding = True
        self._period(case, 12)
        self.add(case, "P01", (26,), "12 days, e-documents and e-bidding allow 9", honest=True)
        case = self.works(self.day(month))
        case.tender_round, case.failed_count = 2, 1
        self._period(case, 10)
        case.previous_failed = workday((case.tender_notice or case.award_date) - 9 * DAY, -1)
        self.add(case, "P01", (26,), "10 days, a re-tender within three months needs 7", honest=True)

        for lag in (rng.randint(38, 60), rng.randint(61, 120), rng.randint(130, 330)):
            self.add(self.works(self.day(month), lag=lag), "P02", (28,), f"award notice {lag} days after the award")
        self.add(self.works(self.day(month), lag=27), "P02", (28,), "award notice within 30 days", honest=True)

        case = self.works(self.day(month), n=3)
        for bid in case.bids[1:]:
            bid.disqualified, bid.reason, bid.amount = True, "資格文件未附或不符合規定", bid.amount
        self.add(case, "P05", (25,), "three bidders, two of them disqualified")
        case = self.works(self.day(month), n=4)
        case.bids[1].disqualified, case.bids[1].reason = True, "押標金未繳或不符合規定"
        self.add(case, "P05", (25,), "one of four disqualified", honest=True)

        case = self.works(self.day(month))
        assert case.deadline and case.tender_notice
        case.corrections.append(
            Correction(
                1, workday(case.deadline - 3 * DAY, -1), True, case.deadline, case.deadline, "變更廠商資格及工項數量"
            )
        )
        self.add(case, "P18", (), "material correction three days before closing, deadline unchanged")
        case = self.works(self.day(month))
        assert case.deadline
        case.corrections.append(
            Correction(
                1,
                workday(case.deadline - 13 * DAY, -1),
                True,
                workday(case.deadline - 8 * DAY, -1),
                case.deadline,
                "變更工項數量並延長",
            )
        )
        self.add(case, "P18", (), "material correction, deadline extended", honest=True)
        case = self.works(self.day(month))
        assert case.deadline
        case.corrections.append(
            Correction(1, workday(case.deadline - 9 * DAY, -1), False, case.deadline, case.deadline, "更正聯絡電話")
        )
        self.add(case, "P18", (), "non-material correction nine days before closing", honest=True)

        case = self.works(self.day(month), n=2)
        case.tender_round, case.failed_count, case.qualification_changed = 4, 3, True
        case.previous_failed = (case.tender_notice or case.award_date) - 12 * DAY
        self.add(case, "P19", (), "failed three times, then with a changed qualification")
        case = self.works(self.day(month), n=2)
        case.tender_round, case.failed_count = 3, 2
        case.previous_failed = (case.tender_notice or case.award_date) - 12 * DAY
        self.add(case, "P19", (), "failed twice, nothing changed", honest=True)

    # -- P03 P04 P17 ------------------------------------------------------------------------------------------
    def prices(self, month: str) -> None:
        rng = self.rng
        for ratio in (0.58, 0.66):
            case = self.works(self.day(month), ratio=ratio)
            case.reserve = round_money(rng, case.budget * 0.95)
            case.article58, case.gap_deposit = False, None
            self.add(
                case,
                "P03",
                (4, 6),
                f"award {case.award / case.reserve:.2f} of the reserve price, article 58 not applied",
            )
        case = self.works(self.day(month), ratio=0.70)
        case.reserve = round_money(rng, case.budget * 0.94)
        case.article58, case.gap_deposit = True, int(0.8 * case.reserve) - case.award
        self.add(case, "P03", (4,), "low price, handled under article 58 with a gap deposit", honest=True)

        for share in (1.0, 0.998):
            case = self.works(self.day(month), n=3, ratio=0.955)
            case.reserve = case.award if share == 1.0 else int(case.award / share)
            case.bids[0].amount = case.bids[0].original = case.award
            for bid in case.bids[1:]:
                bid.amount, bid.reason, bid.disqualified = int(case.reserve * rng.uniform(1.02, 1.06)), OVER, False
            self.add(case, "P04", (2,), f"award {share:.3f} of the reserve price, the others above it")
        case = self.works(self.day(month), n=6, ratio=0.85)
        self.add(case, "P04", (2,), "award well under the reserve price among six", honest=True)

        case = self.works(self.day(month))
        case.award = int(case.budget * 1.06)
        case.reserve = case.budget
        case.city_award = case.bids[0].award = case.award
        self.add(case, "P17", (), "award above the budget", signals=("P17A",))
        case = self.works(self.day(month), method="quotation", award_way="lowest", budget=970_000, n=3)
        case.budget, case.award = int(threshold(case.award_date) * 1.18), int(threshold(case.award_date) * 1.12)
        case.reserve = case.award + 21_000
        case.amount_class = "未達公告金額"
        self.m.set_bids(case, [b.firm for b in case.bids])
        case.city_award = case.award
        self.add(case, "P17", (), "noticed as below the threshold, awarded above it", signals=("P17C",))
        case = self.works(self.day(month))
        case.award = case.city_award = 0
        case.bids[0].award = 0
        self.add(case, "P17", (), "award of 0", signals=("P17B",))

    # -- P06 P07 P12 I16 I20 ----------------------------------------------------------------------------------
    def splitting(self, month: str, k: int) -> None:
        city = self.m.city
        agency = city.agency(str(63 + k % 5))
        district = agency.name[3:-3]
        winner = self.m.pick("civil", 1)[0]
        t = threshold(month_days(month)[0])
        for part, share in zip("東西南", (0.93, 0.9, 0.86), strict=True):
            case = self.m.make(
                self.day(month, 0.3, 0.9),
                agency=agency,
                trade="civil",
                method="quotation",
                award_way="lowest",
                budget=int(t * share),
                ratio=0.965,
                lag=3,
                firms=[winner, *self.m.pick("civil", 1, {winner.name})],
                category=("5139", "其他土木工程"),
            )
            case.title = f"{district}區第{k + 1}公有市場整修工程({part}側)"
            self.add(case, "P06", (16,), "one job in three purchases under the threshold, one winner, within weeks")
        for name in ("A", "B"):  # different schools, different trades, different winners
            case = self.m.make(
                self.day(month),
                agency=city.agency(f"4.{1 + (k + (name == 'B') * 5) % 12}"),
                trade="goods",
                method="quotation",
                award_way="lowest",
                budget=int(t * 0.62),
                ratio=0.94,
                n=2,
                lag=4,
            )
            case.title = "電腦教室設備採購"
            self.add(case, "P06", (16,), "like titles at different schools with different winners", honest=True)
        for _ in range(3):
            self.add(
                self.bunched(self.day(month)), "P07", (15,), "budget just under the threshold, as all of this agency's"
            )
        for _ in range(2):
            self.add(
                self.frequent_case(self.day(month)), "P12", (18,), "over twenty works awards at one agency in a year"
            )
        self.add(self.monopoly(self.day(month)), "I20", (18, 19, 20), "one firm takes a whole category of one agency")

    def one_sided(self, on: dt.date) -> Case:
        return self.works(
            on, agency=self.m.city.agency("25"), firms=[self.favourite, self.loser, *self.m.pick("civil", 1)]
        )

    def bunched(self, on: dt.date) -> Case:
        t = threshold(on)
        return self.m.make(
            on,
            agency=self.m.city.agency("30"),
            trade="culture",
            method="quotation",
            award_way="lowest",
            budget=int(t * self.rng.uniform(0.962, 0.9985)),
            ratio=self.rng.uniform(0.95, 0.99),
            n=2,
            lag=4,
        )

    def frequent_case(self, on: dt.date) -> Case:
        case = self.m.make(
            on,
            agency=self.m.city.agency("70"),
            trade="civil",
            method="quotation",
            award_way="lowest",
            budget=int(threshold(on) * self.rng.uniform(0.2, 0.7)),
            ratio=self.rng.uniform(0.9, 0.97),
            lag=5,
            firms=[self.frequent, *self.m.pick("civil", self.rng.choice([1, 2]))],
        )
        case.end = (case.start or on) + 40 * DAY
        return case

    def monopoly(self, on: dt.date) -> Case:
        return self.m.make(
            on,
            agency=self.m.city.agency("27"),
            trade="clean",
            method="quotation",
            award_way="lowest",
            lag=6,
            category=("874", "建築物清理服務"),
            budget=int(threshold(on) * self.rng.uniform(0.3, 0.8)),
            ratio=self.rng.uniform(0.96, 0.99),
            firms=[self.monopolist],
        )

    # -- P08 I17 ----------------------------------------------------------------------------------------------
    def restricted(self, month: str, k: int) -> None:
        m = self.m

        def one(on: dt.date, **given: Any) -> Case:
            case = m.make(on, **({"trade": "civil", "method": "restricted", "ratio": 0.97, "lag": 5, "n": 1} | given))
            case.planted = True
            return case

        def follow_up(original: Case, share: float, when: tuple[float, float] = (0.0, 1.0)) -> Case:
            firm = original.bids[0].firm
            budget = int(original.award * share)
            return one(self.day(month, *when), agency=original.agency, firms=[firm], budget=budget, ratio=1.0)

        case = one(self.day(month), budget=1_850_000)
        case.clause = "22-1-1"
        self.add(case, "P08", (), "22-1-1 without an earlier failed tender", signals=("P08A",))
        case = one(self.day(month), budget=1_650_000)
        case.clause, case.failed_count, case.tender_round = "22-1-1", 2, 3
        case.previous_failed = case.award_date - 20 * DAY
        self.add(case, "P08", (), "22-1-1 after two failed tenders", True, ("P08A",))

        original = self.originals[2 * k]
        for turn, share in enumerate((0.34, 0.31), 1):
            case = follow_up(original, share, (0.0, 0.3) if turn == 1 else (0.6, 1.0))
            case.clause, case.original_case_no = "22-1-6", original.case_no
            case.title = f"{original.title}(第{turn}次追加)"
            if turn == 1:
                self.add(case, "P08", (), "first 22-1-6 follow-up, within half", True, ("P08B",))
            else:
                self.add(case, "P08", (), "22-1-6 follow-ups add up to more than half", signals=("P08B",))
        original = self.originals[2 * k + 1]
        case = follow_up(original, 0.07)
        case.clause, case.original_case_no, case.title = "22-1-6", original.case_no, f"{original.title}(追加)"
        self.add(case, "P08", (), "22-1-6 within half of the original contract", True, ("P08B",))
        case = follow_up(original, 0.4)
        case.clause, case.original_case_no, case.expansion = "22-1-7", original.case_no, False
        case.title = f"{original.title}(後續擴充)"
        self.add(case, "P08", (), "22-1-7 without an announced expansion", signals=("P08C",))
        original = self.originals[2 * k]
        case = follow_up(original, 0.3)
        case.clause, case.original_case_no, case.expansion = "22-1-7", original.case_no, True
        case.title = f"{original.title}(擴充)"
        self.add(case, "P08", (), "22-1-7, the expansion was announced", True, ("P08C",))
        self.add(
            self.friendly(self.day(month)), "I17", (17,), "restricted awards of one agency to one firm again and again"
        )

    def friendly(self, on: dt.date) -> Case:
        case = self.m.make(
            on,
            agency=self.m.city.agency("33"),
            trade="culture",
            method="restricted",
            ratio=0.99,
            lag=4,
            budget=int(threshold(on) * self.rng.uniform(0.5, 0.85)),
            firms=[self.friend],
        )
        case.clause = "22-1-16"
        return case

    # -- P09 P10 P15 I24 I33 I36 ------------------------------------------------------------------------------
    def firms(self, month: str, k: int) -> None:
        m = self.m
        self.add(
            self.works(self.day(month), firms=[self.banned, *m.pick("civil", 3)]),
            "P09",
            (34,),
            "winner debarred on the award date",
        )
        case = self.works(self.day(month), firms=[self.banned_later, *m.pick("civil", 3)])
        self.add(case, "P09", (34,), "the ban starts after the award", honest=True)
        case = self.works(self.day(month), firms=[self.ban_over, *m.pick("civil", 3)])
        self.add(case, "P09", (34,), "the ban ended before the award", honest=True)

        what = ("address", "phone", "representative and phone")[k % 3]
        a, b = self.kin[k % 3]
        self.add(
            self.works(self.day(month), firms=[a, b, *m.pick("civil", 2)]),
            "P10",
            (),
            f"winner and a loser share {what}",
        )
        case = self.works(self.day(month), firms=[*self.neighbours, *m.pick("civil", 2)])
        self.add(case, "P10", (), "same building, different floors", honest=True)

        case = self.works(self.day(month), firms=[self.builder, *m.pick("civil", 3)])
        case.designer = self.builder
        self.add(case, "P15", (), "the designer wins the works it designed")
        case = self.works(self.day(month))
        case.designer = self.designer
        self.add(case, "P15", (), "designed by a firm that does not bid", honest=True)

        for _ in range(3 if k else 0):  # after the first month's absence it is there again
            self.background(
                self.roof(self.day(month, 0.0, 0.35), [*m.pick("civil", 1), self.absentee, *m.pick("civil", 1)])
            )
        case = self.roof(self.day(month, 0.5), m.pick("civil", 3))
        case.bids.append(Bid(self.absentee, None, subcontractor=True))
        self.add(case, "I24", (24,), "the regular bidder stays away and is the subcontractor")

        self.add(self.one_sided(self.day(month)), "I21", (21, 23), "the same firm always wins over the same loser")
        if k < 9:  # within the year after its founding
            case = self.works(self.day(month), firms=[self.newcomer, *m.pick("civil", 3)])
            self.add(case, "I33", (33,), "winner founded a few months before the award")

        case = self.works(self.day(month, 0.6), firms=[self.overloaded, *m.pick("civil", 3)], budget=6_900_000, lag=3)
        case.end = case.award_date + 400 * DAY
        self.add(case, "I36", (36,), "more works at once than the firm ever finished in a year")

    def roof(self, on: dt.date, firms: list[Firm]) -> Case:
        case = self.works(on, agency=self.m.city.agency("6"), firms=firms, category=("5153", "屋頂及防水工程"))
        case.title = self.m.title("civil", on, case.district, "{school}屋頂防水工程")
        return case

    # -- P11 I13 I22 ------------------------------------------------------------------------------------------
    def ring_case(self, on: dt.date, turn: int, exact: bool) -> Case:
        order = self.ring[turn % 4 :] + self.ring[: turn % 4]
        case = self.works(on, agency=self.m.city.agency(("10.2", "25", "29")[turn % 3]), firms=order, ratio=0.945)
        award = case.award // 10_000 * 10_000 - 3_000  # no round figure, so that exact percentages say something
        case.award = case.city_award = award
        case.reserve = round_money(self.rng, min(case.budget, award * 1.03))
        steps = (1.01, 1.02, 1.03) if exact else tuple(1.006 + 0.009 * (i + self.rng.random()) for i in range(3))
        case.bids = [Bid(order[0], award, True, original=award, award=award)]
        for firm, step in zip(order[1:], steps, strict=True):
            amount = award * round(step * 100) // 100 if exact else round_money(self.rng, award * step)
            case.bids.append(Bid(firm, amount, reason=OVER if amount > case.reserve else LOST["lowest"]))
        return case

    def ring_tenders(self, month: str, k: int) -> None:
        for j in range(2):
            case = self.ring_case(self.day(month), 28 + 2 * k + j, exact=True)
            self.add(
                case,
                "P11",
                (7, 8, 13, 22),
                "four firms bid only together and win in turn; the losers' prices are fixed multiples",
            )

    # -- P13 P14 I30 ------------------------------------------------------------------------------------------
    def contracts(self, month: str) -> None:
        case = self.works(self.day(month), lag=24)
        for no, share in enumerate((0.13, 0.12, 0.14), 1):
            case.changes.append(
                Change(no, case.award_date + (9 + 8 * no) * DAY, int(case.award * share), "追加施作數量")
            )
        self.add(case, "P13", (31,), "three changes of 39 % in all, the first within 30 days of the award")
        case = self.works(self.day(month), lag=25)
        case.changes.append(Change(1, case.award_date + 70 * DAY, int(case.award * 0.04), "既有管線遷移"))
        self.add(case, "P13", (31,), "one change of 4 % after 70 days", honest=True)

        case = self.works(self.day(month), lag=26)
        case.planned, case.actual, case.progress_date = 0.62, 0.39, month_days(month)[-1]
        self.add(case, "P14", (), "23 points behind schedule")
        case = self.works(self.day(month), lag=26)
        case.planned, case.actual, case.progress_date = 0.50, 0.46, month_days(month)[-1]
        self.add(case, "P14", (), "4 points behind schedule", honest=True)

        case = self.works(self.day(month), budget=9_800_000)
        case.start = case.award_date + DAY
        case.end = case.start + 13 * DAY
        self.add(case, "I30", (30,), "works of 9.8 M in two weeks")

    # -- P20 W1 W4 W5 -----------------------------------------------------------------------------------------
    def lists(self, month: str, k: int) -> None:
        case = self.works(self.day(month))
        case.no_city_list = True
        self.add(case, "P20", (), "missing in the city's list")
        case = self.works(self.day(month))
        case.city_award = case.award - 300_000
        self.add(case, "P20", (), "the city's list has another award amount")
        case = self.works(self.day(month))
        case.listed = workday(case.award_date + 74 * DAY)
        self.add(case, "P20", (), "entered in the city's list 74 days after the award")
        if k == 0:
            case = self.works(self.day(month))
            case.no_eproc = True
            self.add(case, "P20", (), "in the city's list, but no award notice on the e-procurement site")
        for flag, pattern, why in (
            ("tip_off", "W1", "named in a tip-off"),
            ("warning_area", "W4", "on the warning area"),
            ("designated", "W5", "designated"),
        ):
            case = self.works(self.day(month))
            setattr(case, flag, True)
            self.add(case, pattern, (), why)

    # -- I13 I14 I25 I27 --------------------------------------------------------------------------------------
    def screens(self, month: str) -> None:
        rng = self.rng
        case = self.works(self.day(month), n=5)
        same = int(case.award * 1.07)
        for bid in case.bids[1:3]:
            bid.amount, bid.disqualified = same, False
            bid.reason = OVER if same > (case.reserve or 0) else LOST["lowest"]
        self.add(case, "I13", (13,), "two losers with the same price to the dollar")
        case = self.works(self.day(month), n=5, budget=3_500_000, ratio=0.8572)
        case.award = case.city_award = 3_000_000
        case.reserve = 3_250_000
        for step, bid in enumerate(case.bids):
            bid.amount = 3_000_000 + 100_000 * step
            bid.reason, bid.disqualified = (None if step == 0 else LOST["lowest"] if step < 3 else OVER), False
        case.bids[0].award = case.bids[0].original = 3_000_000
        self.add(case, "I14", (14,), "all five bids in whole hundred thousands")
        case = self.works(self.day(month), n=4)
        low = min(range(1, 4), key=lambda i: case.bids[i].amount or 0)
        case.bids[low].amount, case.bids[low].disqualified = int(case.award * 0.9), True
        case.bids[low].reason = "規格文件未附或不符合規定"
        self.add(case, "I25", (25,), "the lowest bid was disqualified")
        case = self.works(self.day(month))
        shift = rng.randint(95, 140) * DAY
        for name in ("opening", "deadline", "tender_notice"):
            setattr(case, name, workday(getattr(case, name) - shift, -1))
        self.add(case, "I27", (27,), "decision more than three months after the opening")

    # -- I29 --------------------------------------------------------------------------------------------------
    def year_end(self, month: str) -> None:
        december = dt.date(int(month[:4]) - 1, 12, 20)
        for _ in range(10):
            on = self.day(month, 0.0, 0.4)
            award_day = workday(december + self.rng.randint(0, 11) * DAY, -1)
            case = self.works(
                on,
                agency=self.m.city.agency("9"),
                lag=(on - award_day).days,
                budget=self.rng.randint(38, 60) * 100_000,
            )
            self.add(case, "I29", (29,), "an agency's year awarded in its last three weeks")
