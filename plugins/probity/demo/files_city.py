"""Writes what the city itself keeps: the monthly award list, agency and auditor lists, earlier audit results.

In: the city and its cases. Out: xlsx workbooks as people make them (merged title rows above the header, columns in
any order, a total row at the end, 千元 in one sheet, full-width digits, dates in many shapes), fixed bytes.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from probity.demo.city import CITY, City
from probity.demo.dirt import FULL, Dirt
from probity.demo.files_eproc import METHOD, WAY, category
from probity.demo.maker import DAY, month_days, place, workday
from probity.demo.model import Case
from probity.sources import forms

Stream = Callable[[str], random.Random]

KIND = {"works": "工程", "goods": "財物", "services": "勞務"}
MONEY = {"預算金額", "底價", "決標金額", "差額保證金", "標價", "該廠商決標金額", "原始投標金額", "增減金額", "採購金額"}
# Headers as other offices write them; some months use these instead of the form's own.
WILD = {
    "標案案號": "案號",
    "決標公告日": "決標公告日期",
    "底價": "底價金額",
    "投標家數": "投標廠商家數",
    "統一編號": "廠商代碼",
    "標價": "標價金額",
    "履約地點": "施工地點",
    "決標日": "決標日期",
    "截止投標日": "截止投標",
}


def roc_folder(month: str) -> str:
    return f"{int(month[:4]) - 1911}年{month[5:]}月"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "是" if value else "否"


def _percent(value: float | None, rng: random.Random) -> str | float | None:
    if value is None:
        return None
    return f"{value * 100:.1f}%" if rng.random() < 0.7 else round(value * 100, 1)


def case_row(case: Case, dirt: Dirt, rng: random.Random) -> dict[str, Any]:
    """One row of the 標案 sheet by the form's headers."""
    return {
        "機關代碼": case.agency.agency_id,
        "機關名稱": dirt.agency(case.agency.name),
        "標案案號": case.case_no,
        "標案名稱": dirt.title(case.title),
        "公告識別碼": None if case.no_eproc else case.notice_id,
        "標的類別": KIND[case.kind],
        "標的分類": category(case),
        "招標方式": METHOD[case.method],
        "決標方式": WAY[case.award_way],
        "限制性招標依據": case.clause,
        "原契約案號": case.original_case_no,
        "預算金額": case.budget,
        "採購金額": case.budget,
        "採購金額級距": case.amount_class,
        "底價": case.reserve,
        "決標金額": case.city_award,
        "招標公告日": case.tender_notice,
        "截止投標日": case.deadline,
        "開標日": case.opening,
        "決標日": case.award_date,
        "決標公告日": case.notice_date,
        "投標家數": sum(not b.subcontractor for b in case.bids),
        "得標家數": len(case.winners),
        "得標廠商統編": "；".join(b.firm.raw_id for b in case.winners),
        "得標廠商": "；".join(b.firm.name for b in case.winners),
        "受機關補助": _yes(case.subsidised),
        "電子領標": _yes(case.e_documents),
        "電子投標": _yes(case.e_bidding),
        "公開閱覽": _yes(case.public_viewing),
        "招標次數": case.tender_round,
        "流廢標次數": case.failed_count,
        "前次流廢標日": case.previous_failed,
        "資格變更": _yes(case.qualification_changed),
        "已依第58條處理": _yes(case.article58),
        "差額保證金": case.gap_deposit,
        "原公告載明後續擴充": _yes(case.expansion),
        "履約地點": place(case)[0],
        "履約起日": case.start,
        "履約迄日": case.end,
        "設計監造廠商統編": case.designer.ubn if case.designer else None,
        "設計監造廠商": case.designer.name if case.designer else None,
        "預定進度": _percent(case.planned, rng),
        "實際進度": _percent(case.actual, rng),
        "進度日期": case.progress_date,
        "登錄日": case.listed,
        "警示專區": _yes(case.warning_area),
        "檢舉媒體案": _yes(case.tip_off),
        "指定案件": _yes(case.designated),
    }


def _reference(case: Case) -> dict[str, Any]:
    return {
        "機關代碼": case.agency.agency_id,
        "機關名稱": case.agency.name,
        "標案案號": case.case_no,
        "決標公告日": case.notice_date,
    }


def bid_rows(case: Case) -> list[dict[str, Any]]:
    return [
        _reference(case)
        | {
            "統一編號": b.firm.raw_id,
            "廠商名稱": b.firm.name,
            "是否得標": _yes(b.winner),
            "標價": b.amount,
            "該廠商決標金額": b.award if b.winner else None,
            "原始投標金額": b.original,
            "是否不合格": _yes(b.disqualified),
            "未得標原因": b.reason,
            "廠商地址": b.firm.address,
            "廠商電話": b.firm.phone,
            "負責人": b.firm.representative,
            "設立日": b.firm.founded,
            "是否分包廠商": _yes(b.subcontractor),
        }
        for b in case.bids
    ]


def change_rows(case: Case) -> list[dict[str, Any]]:
    return [
        _reference(case) | {"變更次別": c.no, "變更日": c.date, "增減金額": c.delta, "變更原因": c.reason}
        for c in case.changes
    ]


def correction_rows(case: Case) -> list[dict[str, Any]]:
    return [
        _reference(case)
        | {
            "更正次別": c.no,
            "更正公告日": c.date,
            "重大改變": _yes(c.material),
            "原截止投標日": c.before,
            "更正後截止投標日": c.after,
            "更正內容": c.content,
        }
        for c in case.corrections
    ]


def write_all(
    out: Path, town: City, cases: list[Case], dirt: Dirt, stream: Stream, listed: list[str], months: list[str]
) -> None:
    """The city's workbooks for the months ``listed``; results of audits of cases before ``months``."""
    for k, month in enumerate(listed):
        some = [c for c in cases if c.month == month and not c.no_city_list]
        path = out / "市府清冊" / roc_folder(month) / f"{int(month[:4]) - 1911}年{int(month[5:])}月採購清冊.xlsx"
        write_list(path, month, some, dirt, stream(f"list{month}"), k, month in months)
    write_agencies(out / "名冊" / "機關名冊.xlsx", town)
    write_auditors(out / "名冊" / "稽核委員名冊.xlsx", town, stream("auditors"))
    for n, month in enumerate(listed[: -len(months)]):
        some = [c for c in cases if c.month == month and not c.planted and not c.no_eproc]
        path = out / "稽核結果" / roc_folder(month) / f"稽核結果{int(month[:4]) - 1911}年{int(month[5:])}月.xlsx"
        write_results(path, month, some, stream(f"results{n}"), dirt)


def write_list(
    path: Path, month: str, cases: list[Case], dirt: Dirt, rng: random.Random, turn: int, spoil: bool
) -> None:
    """One month's 採購清冊; ``turn`` decides which sheet is in 千元 and whether the agency code is missing."""
    book = Workbook()
    roc = f"{int(month[:4]) - 1911}年{int(month[5:])}月"
    sheets: list[tuple[str, list[dict[str, Any]]]] = [
        ("標案", [case_row(c, dirt, rng) for c in cases]),
        ("投標廠商", [r for c in cases for r in bid_rows(c)]),
        ("契約變更", [r for c in cases for r in change_rows(c)]),
        ("更正公告", [r for c in cases for r in correction_rows(c)]),
    ]
    if spoil:
        plain = [k for k, c in enumerate(cases) if not c.planted]
        one, two, three = rng.sample(plain, 3)
        sheets[0][1][one]["底價"] = "約六十餘萬"
        sheets[0][1][two]["決標日"] = "110/13/45"
        late = sheets[0][1][three]
        late["截止投標日"] = late["開標日"] = late["決標日"] + DAY
        dirt.counts["unreadable cell in the city's list"] += 2
        dirt.counts["sources that disagree"] += 1
    for k, (name, rows) in enumerate(sheets):
        if not rows:
            continue
        ws = book.worksheets[0] if k == 0 else book.create_sheet()
        ws.title = name
        thousand = (turn % 3 == 1 and name == "投標廠商") or (turn % 3 == 2 and name == "契約變更")
        drop = {"機關代碼"} if turn % 4 == 3 else set()
        _sheet(ws, f"{CITY}政府{roc}採購清冊({name})", rows, dirt, rng, thousand, drop, wild=turn % 2 == 1)
    forms.save(book, path)


def _sheet(
    ws: Worksheet,
    title: str,
    rows: list[dict[str, Any]],
    dirt: Dirt,
    rng: random.Random,
    thousand: bool,
    drop: set[str],
    wild: bool,
) -> None:
    headers = [h for h in rows[0] if h not in drop]
    head, tail = headers[:3], headers[3:]
    rng.shuffle(tail)
    headers = head + tail
    unit = "(千元)" if thousand else ""
    ws.append([title])
    ws.append([f"單位：新臺幣{'千元' if thousand else '元'}　製表單位：示範採購科"])
    width = len(headers)
    for line in (1, 2):
        ws.merge_cells(start_row=line, start_column=1, end_row=line, end_column=width)
    ws["A1"].font = Font(bold=True, size=14)
    ws.append([(WILD.get(h, h) if wild else h) + (unit if h in MONEY else "") for h in headers])
    for row in rows:
        ws.append([_value(h, row[h], dirt, rng, thousand) for h in headers])
    total: list[Any] = ["合計"] + [None] * (width - 1)
    for k, header in enumerate(headers):
        if header in MONEY:
            numbers = [row[header] for row in rows if isinstance(row[header], int)]
            total[k] = sum(numbers) / 1000 if thousand else sum(numbers)
    ws.append(total)
    for k in range(1, width + 1):
        ws.column_dimensions[get_column_letter(k)].width = 14
    if thousand:
        dirt.counts["sheet in 千元"] += 1


def _value(header: str, value: Any, dirt: Dirt, rng: random.Random, thousand: bool) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day) if rng.random() < 0.1 else dirt.roc(value)  # noqa: DTZ001
    if header in MONEY and isinstance(value, int):
        if thousand:
            return value / 1000 if value % 1000 else value // 1000
        roll = rng.random()
        if roll < 0.06:
            return f"{value:,}"
        if roll < 0.08:
            dirt.counts["full-width digits"] += 1
            return f"{value}".translate(FULL)
    return value


def write_agencies(path: Path, town: City) -> None:
    """機關名冊 with parent, district and the ethics unit's (invented) mailbox."""
    book = Workbook()
    ws = book.worksheets[0]
    ws.title = "機關名冊"
    ws.append([f"{CITY}政府所屬機關學校名冊"])
    ws.merge_cells("A1:E1")
    ws.append(["機關代碼", "機關名稱", "上級機關代碼", "行政區", "政風單位信箱"])
    for agency in town.agencies:
        mail = f"ethics-{agency.agency_id.replace('.', '-')}@wulan.example"
        ws.append([agency.agency_id, agency.name, agency.parent_id, agency.district, mail])
    forms.save(book, path)


def write_auditors(path: Path, town: City, rng: random.Random) -> None:
    """稽核委員名冊: 24 invented members with one to three posts each, so that recusal (作業規則 §15) has work to do."""
    book = Workbook()
    ws = book.worksheets[0]
    ws.title = "稽核委員名冊"
    ws.append(["委員編號", "姓名", "專長", "服務機關代碼", "任職起日", "任職迄日"])
    today = dt.date(2020, 12, 31)
    for n in range(24):
        start = today - rng.randint(900, 5200) * DAY
        for post in range(rng.randint(1, 3)):
            end = None if post == 0 else start - rng.randint(1, 40) * DAY
            begin = start if post == 0 else (end or start) - rng.randint(500, 2500) * DAY
            agency = rng.choice(town.agencies)
            specialty = ("工程", "工程", "財物", "勞務", "不限")[n % 5]
            ws.append([f"WL{n + 1:02d}", town.people[n], specialty, agency.agency_id, _roc(begin), _roc(end)])
            start = begin
    forms.save(book, path)


def _roc(day: dt.date | None) -> str | None:
    return f"{day.year - 1911}年{day.month}月{day.day}日" if day else None


def write_results(path: Path, month: str, cases: list[Case], rng: random.Random, dirt: Dirt) -> None:
    """稽核結果 of a month's audited cases: the form as sent out, filled in by the panel."""
    chosen = sorted(rng.sample(cases, min(14, len(cases))), key=lambda c: c.case_id)
    rows = []
    for case in chosen:
        rows.append(
            {
                "case_id": case.case_id,
                "selection_id": f"procurement_audit_selection/{month}/1",
                "agency_name": case.agency.name,
                "case_no": case.case_no,
                "title": case.title,
                "part": rng.choice(["ranked", "ranked", "ranked", "must_watch", "control"]),
            }
        )
    forms.write_audit_result_form(path, rows)
    book = load_workbook(path)
    ws = book.worksheets[1]
    headers = {str(c.value).rstrip("*"): c.column for c in ws[forms.HEADER_ROW] if c.value}
    finished = workday(month_days(month)[-1] + 24 * DAY)
    for offset, row in enumerate(rows):
        bad = rng.random() < {"must_watch": 0.55, "ranked": 0.38, "control": 0.08}[row["part"]]
        filled: dict[str, Any] = {
            "稽核完成日": dirt.roc(finished + rng.randint(0, 9) * DAY),
            "有無違失": "有" if bad else "無",
        }
        if bad:
            filled |= {
                "情節": rng.choice(["輕微", "輕微", "嚴重", "重大"]),
                "錯誤行為態樣": rng.choice(["1", "1,5", "10", "11"]),
                "違失金額": rng.randint(5, 900) * 1000,
            }
        for header, value in filled.items():
            ws.cell(forms.HEADER_ROW + 1 + offset, headers[header], value)
    forms.save(book, path)
