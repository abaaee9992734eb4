"""Writes the debarment feed (拒絕往來廠商): daily snapshots of the bans in force, JSON and XLS shapes.

In: bans and a day. Out: one file a snapshot, rows in force that day only (a row vanishes when the ban ends), with
numbers for ids that lost their zeros, masked national IDs, two date shapes, and a few true duplicates. About 1,150
bans are in force on any day; one broken snapshot of 37 rows is written too and must be refused.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlwt

from probity.demo import city
from probity.demo.files_eproc import dump, json_list
from probity.demo.model import Firm

PER_YEAR = 560
XLS_COLUMNS = [
    "廠商代碼",
    "標案案號",
    "廠商名稱",
    "廠商地址",
    "國別",
    "機關代碼",
    "機關名稱",
    "機關地址",
    "聯絡人",
    "電話",
    "負責人",
    "負責人身分證",
    "標案名稱",
    "第101條款次",
    "原始公告日",
    "公告日",
    "生效日",
    "103條期間",
    "截止日",
    "異議申訴結果",
    "判決書字號",
    "適用法條",
    "法條期間",
    "罪名資訊",
    "備註",
]
_PLACES = ["晨露縣", "鐵雨縣", "墨雨市", "赤陶縣", "絳雪市", "玉簫縣"]
_THINGS = "舟燈橋塔井窗鐘帆笛壺傘輪梯鏡琴屏簾燭磨錨碑鼎弓甕籃梭槳閣亭廊瓦磚釘鎖鈴旗鼓絃筆硯墨箋卷冊袖履襟釵環珮"


@dataclass(frozen=True)
class Ban:
    firm_id: str
    name: str
    address: str
    principal: str
    agency_no: str
    agency: str
    case_no: str
    case_name: str
    announce: dt.date
    effective: dt.date
    years: float
    clause: str
    appeal: str = ""
    as_number: bool = False

    @property
    def expire(self) -> dt.date:
        return self.effective + dt.timedelta(days=round(365.25 * self.years) - 1)

    def listed(self, day: dt.date) -> bool:
        return self.announce <= day <= self.expire

    @property
    def duration(self) -> str:
        return {3.0: "3年", 1.0: "1年", 0.5: "6個月", 0.25: "3個月"}[self.years]


def background(rng: random.Random, first: dt.date, last: dt.date) -> list[Ban]:
    """Bans of firms elsewhere in an invented country, announced from three years before ``first`` to ``last``."""
    start = first - dt.timedelta(days=1100)
    days = (last - start).days
    stems = [i + t for i in city._IMAGES for t in _THINGS]
    rng.shuffle(stems)
    numbers = city.ubn_series(rng, 100, 999) + city.ubn_series(rng, 2000, 3999)
    rng.shuffle(numbers)
    bans = []
    for k in range(int(PER_YEAR * days / 365)):
        years, clause = rng.choices(
            [(3.0, "第6款"), (3.0, "第2款"), (1.0, "第14款"), (1.0, "第12款"), (0.5, "第10款"), (0.25, "第8款")],
            [30, 30, 15, 15, 5, 5],
        )[0]
        announce = start + dt.timedelta(days=rng.randint(0, days))
        place = rng.choice(_PLACES)
        number = numbers[k % len(numbers)]
        if rng.random() < 0.03:
            number = f"{rng.choice('ABDFHKNPT')}{rng.choice('12')}{rng.randint(0, 999):03d}*****"
        bans.append(
            Ban(
                number,
                stems[k % len(stems)]
                + rng.choice(["營造有限公司", "實業有限公司", "企業社", "工程行", "科技股份有限公司"]),
                f"9{rng.randint(10, 99)}{place}{rng.choice(city.ROADS)}{rng.randint(1, 300)}號",
                city.person(rng),
                f"3.98.{rng.randint(1, 60)}",
                f"{place}政府",
                f"{announce.year - 1911}{rng.choice('ABCD')}{k:04d}",
                f"{rng.choice(city.ROADS)}{rng.choice(['改善工程', '設備採購', '委託服務'])}",
                announce,
                announce + dt.timedelta(days=1),
                years,
                clause,
                "" if rng.random() < 0.9 else rng.choice(["異議駁回", "申訴駁回"]),
                rng.random() < 0.05,
            )
        )
    return bans


def ban(firm: Firm, effective: dt.date, years: float, clause: str) -> Ban:
    """A ban of one of the demo city's own firms."""
    announce = effective - dt.timedelta(days=1)
    return Ban(
        firm.ubn,
        firm.name,
        firm.address,
        firm.representative,
        "3.98.7",
        "晨露縣政府",
        f"{announce.year - 1911}X0007",
        "晨露溪護岸工程",
        announce,
        effective,
        years,
        clause,
    )


def _roc(day: dt.date, late: bool) -> str:
    return f"{day.year - 1911}{day:%m%d}" + (" 00:00" if late else "")


def _row(b: Ban) -> dict[str, Any]:
    number: str | int = int(b.firm_id) if b.as_number and b.firm_id.isdigit() else b.firm_id
    late = b.as_number
    return {
        "Corporation_Number": number,
        "Corporation_Name": b.name,
        "Corporation_Address": b.address,
        "Corporation_Country": "中華民國",
        "Supplier_Principal": b.principal,
        "Announce_Agency_No": b.agency_no,
        "Announce_Agency_Name": b.agency,
        "Announce_Agency_Address": f"999{b.agency[:3]}銀杏大道1號",
        "Case_no": b.case_no,
        "Case_Name": b.case_name,
        "Origional_Announce_Date": _roc(b.announce, late),
        "Announce_Date": _roc(b.announce, late),
        "Effective_Date": _roc(b.effective, late),
        "Effective_Duration": b.duration,
        "Expire_Date": _roc(b.expire, late),
        "GPA101_Caluse": b.clause,
        "Appeal_Result": b.appeal,
        "Judgment_Doc_No": "",
        "Suitable_Law": "",
        "Crime_Info": "",
        "Remark": "",
    }


def write_json(path: Path, bans: list[Ban], day: dt.date, limit: int | None = None) -> int:
    """One JSON snapshot; returns its rows. ``limit`` cuts it short, as a broken download does."""
    rows = [_row(b) for b in bans if b.listed(day)]
    rows += rows[10:14]  # the feed repeats four of its rows
    rows = rows[:limit]
    head = json.dumps({"title": "拒絕往來廠商名單", "Renewal_Date": f"{day:%Y%m%d} 00:09"}, ensure_ascii=False)[:-1]
    dump(path, f'{{"Rvlmd_List": {head}, "Rvlmd": {json_list(rows)}}}}}\n')
    return len(rows)


def write_xls(path: Path, bans: list[Ban], day: dt.date) -> int:
    """One XLS snapshot with its 25 columns; returns its rows."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("拒絕往來廠商")
    for k, name in enumerate(XLS_COLUMNS):
        sheet.write(0, k, name)
    rows = [b for b in bans if b.listed(day)]
    for r, b in enumerate(rows, 1):
        raw = _row(b)
        values = [
            raw["Corporation_Number"],
            b.case_no,
            b.name,
            b.address,
            "中華民國",
            b.agency_no,
            b.agency,
            raw["Announce_Agency_Address"],
            "",
            "",
            b.principal,
            "",
            b.case_name,
            b.clause,
            raw["Announce_Date"],
            raw["Announce_Date"],
            raw["Effective_Date"],
            b.duration,
            raw["Expire_Date"],
            b.appeal,
            "",
            "",
            "",
            "",
            "",
        ]
        for k, value in enumerate(values):
            if value != "":
                sheet.write(r, k, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(str(path))
    return len(rows)
