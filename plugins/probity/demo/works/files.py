"""Writes the works files as their owners send them: the works system's export (two screens, two units), permits under
both generations of headers and in both encodings, complaints, the contractors' register, earlier inspections.

In: a ``WorksWorld``. Out: files in the drop folder, the same bytes for the same world.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from probity.calendar import Period
from probity.demo.corpus import roc_month
from probity.demo.works.projects import Permit, Project, WorksWorld
from probity.sources.forms import save

FACILITY = {"road": "道路工程", "building": "建築工程", "structure": "橋梁"}
ENGLISH = {
    "主辦機關代碼": "OrganizerNo",
    "主辦機關": "OrganizerName",
    "標案案號": "TenderNo",
    "標案名稱": "TenderName",
    "契約金額": "BidAmount(千元)",
    "變更後契約金額": "DesignChangeContractAmount(千元)",
    "開工日": "ActualStartDate",
    "預定完工日": "ScheCompletionDate",
    "實際完工日": "ActualCompletionDate",
    "承攬廠商": "ContractorName1",
    "承攬廠商統編": "ContractorNo1",
    "施工地點": "Location",
    "監造單位": "SupervisionUnitName",
    "預定進度": "PDAccuScheProgress",
    "實際進度": "PDAccuActualProgress",
    "執行狀態": "PDExecState",
}
OLD = (
    *("申請書編號", "許可證編號", "核准起日", "核准迄日", "申請單位", "工程名稱", "案件類別", "管線工程類別"),
    *("區域名稱", "地點", "是否開工", "承辦人", "承辦人電話", "廠商名稱", "廠商電話"),
    *("中心點X坐標", "中心點Y坐標", "施工範圍坐標"),
)
NEW = {"核准起日": "核准起日期", "核准迄日": "核准迄日期", "中心點X坐標": "經度", "中心點Y坐標": "緯度"}


def write_files(out: Path, made: WorksWorld) -> None:
    """Every works file of the world into ``out``."""
    before = Period.parse(made.months[0]).previous().key
    for number, month in enumerate([before, *made.months]):
        last = Period.parse(month).last
        english = number % 2 == 1
        _export(out / "標案管理系統" / f"標案匯出_{roc_month(month)}.xlsx", made, last, english)
        _permits(out / "道路挖掘許可", made, month, number)
        _complaints(out / "民眾反映", made, month, first=number == 0)
    _register(out / "營造業登記.xlsx", made)
    _earlier(out / "歷次查驗清冊.xlsx", made)


def _roc(day: dt.date | None) -> str | None:
    return f"{day.year - 1911}/{day.month:02d}/{day.day:02d}" if day else None


def _book(path: Path, sheets: Mapping[str, tuple[str, Sequence[dict[str, Any]]]]) -> None:
    """A workbook with a title row, a blank row and a header row on each sheet."""
    book = Workbook()
    for number, (name, (title, rows)) in enumerate(sheets.items()):
        ws = book.worksheets[0] if number == 0 else book.create_sheet()
        ws.title = name
        headers = list(rows[0]) if rows else []
        ws.append([title])
        ws.append([])
        ws.append(headers)
        for row in rows:
            ws.append([row[h] for h in headers])
    path.parent.mkdir(parents=True, exist_ok=True)
    save(book, path)


# -- the works system ----------------------------------------------------------------------------------------------
def _export(path: Path, made: WorksWorld, last: dt.date, english: bool) -> None:
    known = [p for p in made.projects if p.award_date <= last]
    if english:
        rows = [{ENGLISH[h]: v for h, v in _project(p, last, 1000).items() if h in ENGLISH} for p in known]
        when = {"PDYear": last.year - 1911, "PDMonth": last.month}
        _book(path, {"Tender": (f"標案管理系統匯出 {_roc(last)}", [r | when for r in rows])})
        return
    month = f"{last.year - 1911}{last.month:02d}"
    progress = [
        {**_agency(p), "進度年月": month, **{h: v for h, v in _project(p, last, 1).items() if h in _PROGRESS}}
        for p in known
    ]
    changes = [
        {**_agency(p), "變更次別": n, "變更日": _roc(on), "增減金額": delta, "變更原因": why}
        for p in known
        for n, (on, delta, why) in enumerate(p.changes, 1)
        if on <= last
    ]
    projects = [{h: v for h, v in _project(p, last, 1).items() if h not in _PROGRESS} for p in known]
    sheets = {"標案": (f"標案管理系統匯出（單位：元）　製表日 {_roc(last)}", projects), "月進度": ("月進度", progress)}
    if changes:
        sheets["契約變更"] = ("契約變更（單位：元）", changes)
    _book(path, sheets)


_PROGRESS = ("預定進度", "實際進度", "執行狀態", "落後因素")


def _agency(project: Project) -> dict[str, Any]:
    return {"主辦機關代碼": project.agency.agency_id, "主辦機關": project.agency.name, "標案案號": project.case_no}


def _project(project: Project, last: dt.date, unit: int) -> dict[str, Any]:
    done = project.actual_end if project.actual_end <= last else None
    changed = project.changed(last)
    planned, actual = project.planned(last), project.actual(last)
    return {
        **_agency(project),
        "標案名稱": project.title,
        "工程類別": FACILITY[project.facility],
        "決標日": _roc(project.award_date),
        "決標方式": "最低標",
        "預算金額": round(project.budget / unit),
        "底價": round(project.reserve / unit) if project.reserve else None,
        "契約金額": round(project.contract / unit),
        "變更後契約金額": round(changed / unit) if changed else None,
        "已估驗金額": round(project.contract * actual * 0.9 / unit) if last >= project.start else None,
        "開工日": _roc(project.start) if project.start <= last else None,
        "預定完工日": _roc(project.planned_end),
        "實際完工日": _roc(done),
        "承攬廠商": project.firms[0].name,
        "承攬廠商統編": project.firms[0].raw_id,
        "監造單位": "霧嵐工程顧問有限公司",
        "行政區": project.district,
        "施工地點": f"{project.district}{project.road}",
        "X坐標": project.x,
        "Y坐標": project.y,
        "起點樁號": "0K+000",
        "終點樁號": f"{project.length // 1000}K+{project.length % 1000:03d}",
        "寬度(公尺)": project.width,
        "面積(平方公尺)": project.length * project.width,
        "設計厚度(公分)": project.thickness,
        "預定進度": f"{planned * 100:.1f}%",
        "實際進度": f"{actual * 100:.1f}%",
        "執行狀態": "驗收完成" if done else "施工中" if project.start <= last else "未開工",
        "落後因素": "用地與天候" if planned - actual >= 0.1 else None,
    }


# -- permits -------------------------------------------------------------------------------------------------------
def _permits(folder: Path, made: WorksWorld, month: str, number: int) -> None:
    last = Period.parse(month).last
    rows = [_permit(p) for p in made.permits if p.start <= last]
    headers = [NEW.get(h, h) for h in OLD] if number % 2 else list(OLD)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows(rows)
    encoding = "cp950" if number % 2 else "utf-8-sig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"道路挖掘許可_{last.year - 1911}{last:%m%d}.csv").write_bytes(out.getvalue().encode(encoding))


def _permit(p: Permit) -> list[str]:
    d = 0.00008
    corners = ((-d, -d), (d, -d), (d, d), (-d, d), (-d, -d))
    shape = ", ".join(f"{p.x + dx:.8f} {p.y + dy:.8f}" for dx, dy in corners)
    dates = [f"{day.year - 1911}{day:%m%d}" for day in (p.start, p.end)]
    about = [p.applicant, p.title, p.case_type, p.pipe_type, p.district, p.location, "是" if p.started else "否"]
    people = ["慕○○", "00********", p.firm, "00********"]
    return [p.application, p.permit, *dates, *about, *people, f"{p.x:.8f}", f"{p.y:.8f}", f"POLYGON  (( {shape}))"]


# -- complaints ----------------------------------------------------------------------------------------------------
def _complaints(folder: Path, made: WorksWorld, month: str, first: bool) -> None:
    period = Period.parse(month)
    start = dt.date(2000, 1, 1) if first else period.first
    own = [c for c in made.complaints if start <= c.day <= period.last]
    hotline = [
        {
            "案件編號": c.number,
            "受理日期時間": f"{_roc(c.day)} 09:{int(c.number[-2:]) % 60:02d}",
            "來源": c.channel,
            "案件類別": c.category,
            "案件子類": c.subcategory,
            "行政區": c.district,
            "地點": c.location,
            "X": c.x,
            "Y": c.y,
            "內容": c.content,
            "主辦機關": "",
            "結案日期": _roc(c.day + dt.timedelta(days=6)),
        }
        for c in own
        if c.channel != "全民督工"
    ]
    if hotline:
        _book(folder / f"1999_{roc_month(month)}.xlsx", {"1999": (f"1999 民眾反映案件 {roc_month(month)}", hotline)})
    reports = [
        {
            "通報編號": c.number,
            "通報日期": _roc(c.day),
            "案件來源": "全民督工",
            "案件類別": c.category,
            "地點": c.location,
            "行政區": c.district,
            "內容": c.content,
            "標案案號": c.case_no,
            "主辦機關": c.agency,
        }
        for c in own
        if c.channel == "全民督工"
    ]
    if reports:
        _book(folder / f"全民督工_{roc_month(month)}.xlsx", {"全民督工": ("全民督工通報案件", reports)})


# -- registers -----------------------------------------------------------------------------------------------------
def _register(path: Path, made: WorksWorld) -> None:
    rows = [
        {
            "統一編號": r.firm.raw_id,
            "廠商名稱": r.firm.name,
            "等級": r.grade,
            "資本額": r.capital,
            "淨值": r.net_worth,
            "登記縣市": r.city,
            "資料起日": "108/07/31",
        }
        for r in sorted(made.register, key=lambda r: r.firm.name)
    ]
    _book(path, {"營造業登記": ("營造業登記資料（單位：元）", rows)})


def _earlier(path: Path, made: WorksWorld) -> None:
    inspections: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    ordered = sorted(made.earlier, key=lambda e: (e.day, e.project.case_id))
    for number, one in enumerate(ordered, 1):
        key = f"H{one.day.year - 1911}{number:04d}"
        about: dict[str, Any] = {
            "查驗編號": key,
            "機關代碼": one.project.agency.agency_id,
            "主辦機關": one.project.agency.name,
            "標案案號": one.project.case_no,
        }
        more = {
            "標案名稱": one.project.title,
            "承攬廠商": one.project.firms[0].name,
            "行政區": one.project.district,
            "查驗日": _roc(one.day),
            "選案類別": "其他",
            "查驗分數": one.score,
        }
        inspections.append(about | more)
        for n, (kind, severity, text, deadline, done, closed) in enumerate(one.defects, 1):
            findings.append(
                about
                | {
                    "查驗日": _roc(one.day),
                    "缺失序號": n,
                    "缺失類別": kind,
                    "情節": severity,
                    "缺失內容": text,
                    "改善期限": _roc(deadline),
                    "改善完成日": _roc(done),
                    "改善佐證": f"{key}-{n}-改善後.jpg" if done else None,
                    "結案日": _roc(closed),
                }
            )
    _book(path, {"歷次查驗": ("歷次查驗清冊", inspections), "歷次缺失": ("歷次查驗缺失", findings)})
