"""工程標案匯出檔: the export of the 標案管理系統 (works projects, their months of progress, changes and contractors).

In: xlsx/xls/ods/csv with Chinese headers or the system's English field names, as several worksheets or as one flat
table with a row a project and month. Out: observations of project, project_firm, project_progress, project_change.
Why so: one screen of the system gives sums in 千元 and another in 元 (DOMAIN B2). The unit comes from the header, from
a note above it, from the cell, or from works.yaml for headers of that language; a sum whose unit nobody says is set
aside, never guessed. Columns of persons and telephones are not read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.calendar import Period
from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.dating import stated_date
from probity.sources.normalise import UNIT_UNKNOWN, Clean, Origin, RawTable, aside

_AGENCY = (
    Field("agency_id", "主辦機關代碼", aliases=("機關代碼", "OrganizerNo"), note="如 3.87.10.2"),
    Field(
        "agency_name",
        "主辦機關",
        aliases=("機關名稱", "主辦機關名稱", "主辦單位", "OrganizerName", "OrganizerUnitName"),
        note="主辦機關與執行機關至少填一項",
    ),
    Field("exec_unit", "執行機關", aliases=("執行單位", "執行機關名稱", "執行單位名稱", "ExecUnitName")),
)
_CASE_NO = Field("case_no", "標案案號", aliases=("標案編號", "案號", "工程編號", "TenderNo"), required=True)
_CASE = (*_AGENCY, _CASE_NO)
_MONTH = (
    Field("progress_month", "進度年月", "month", ("資料年月", "年月", "進度月份"), note="如 11003；或分填年度、月份"),
    Field("pd_year", "進度年度", "int", ("PDYear", "年度(進度)"), minimum=1, note="民國年，如 110"),
    Field("pd_month", "進度月", "int", ("PDMonth", "月份"), minimum=1),
)
_PROGRESS = (
    Field("planned_progress", "預定進度", "fraction", ("累計預定進度", "PDAccuScheProgress"), note="填 85% 或 85"),
    Field("actual_progress", "實際進度", "fraction", ("累計實際進度", "PDAccuActualProgress"), note="填 85% 或 85"),
    Field("exec_state", "執行狀態", aliases=("執行情形", "標案狀態", "工程狀態", "PDExecState")),
    Field("behind_factor", "落後因素", aliases=("落後原因", "BDBackwardFactor")),
)
_FIRM_NAMES = ("firm_name", "firm_name_2", "firm_name_3")
_FIRM_IDS = ("firm_id_raw", "firm_id_2", "firm_id_3")

PROJECTS = Sheet(
    "project",
    "標案",
    (
        *_CASE,
        Field("title", "標案名稱", aliases=("工程名稱", "案名", "TenderName"), required=True),
        Field(
            "facility_raw", "工程類別", aliases=("工程類型", "工程分類", "EngTypeName"), note="道路、建築、結構、其他"
        ),
        Field("category", "標的分類", aliases=("標的分類代碼",), note="如 <工程類>5131…"),
        Field("contract_no", "契約編號", aliases=("契約案號", "ContractNo")),
        Field("tender_notice_date", "招標公告日", "date", ("招標公告日期",)),
        Field("award_date", "決標日", "date", ("決標日期", "AwardDate", "BidDate")),
        Field("award_way_raw", "決標方式", aliases=("AwardWay",), choices=v.AWARD_WAY_CHOICES),
        Field("budget", "預算金額", "amount", ("預算", "發包預算", "BudgetAmount", "TotalBudget"), minimum=0),
        Field("reserve_price", "底價", "amount", ("底價金額", "核定底價"), minimum=0),
        Field("contract_amount", "契約金額", "amount", ("決標金額", "發包金額", "原契約金額", "BidAmount"), minimum=0),
        Field(
            "changed_amount",
            "變更後契約金額",
            "amount",
            ("變更設計後契約金額", "變更後金額", "DesignChangeContractAmount"),
            minimum=0,
        ),
        Field("valued_amount", "已估驗金額", "amount", ("累計估驗金額", "估驗計價金額", "累計估驗計價金額"), minimum=0),
        Field("start_date", "開工日", "date", ("實際開工日", "實際開工日期", "開工日期", "ActualStartDate")),
        Field(
            "planned_end",
            "預定完工日",
            "date",
            ("預定完工日期", "預定竣工日", "預定竣工日期", "ScheCompletionDate"),
        ),
        Field(
            "changed_end",
            "變更後預定完工日",
            "date",
            ("變更後預定完工日期", "變更後預定竣工日", "變更後預定竣工日期", "ScheChangeCloseDate"),
        ),
        Field(
            "actual_end",
            "實際完工日",
            "date",
            ("實際完工日期", "實際竣工日", "實際竣工日期", "竣工日期", "ActualCompletionDate"),
        ),
        Field("acceptance_date", "驗收合格日", "date", ("驗收合格日期", "驗收完成日", "驗收完成日期", "驗收日期")),
        Field("warranty_end", "保固期滿日", "date", ("保固期滿日期", "保固到期日", "保固迄日")),
        Field(
            "firm_name", "承攬廠商", aliases=("得標廠商", "施工廠商", "承包廠商", "ContractorName", "ContractorName1")
        ),
        Field("firm_id_raw", "承攬廠商統編", aliases=("廠商統編", "統一編號", "ContractorNo", "ContractorNo1")),
        Field("firm_name_2", "共同承攬廠商2", aliases=("ContractorName2",)),
        Field("firm_id_2", "共同承攬廠商2統編", aliases=("ContractorNo2",)),
        Field("firm_name_3", "共同承攬廠商3", aliases=("ContractorName3",)),
        Field("firm_id_3", "共同承攬廠商3統編", aliases=("ContractorNo3",)),
        Field("designer_name", "設計單位", aliases=("設計單位名稱", "DesignUnitName")),
        Field("supervisor_name", "監造單位", aliases=("監造單位名稱", "SupervisionUnitName")),
        Field("district", "行政區", aliases=("鄉鎮市區", "District")),
        Field("location", "施工地點", aliases=("工程地點", "履約地點", "地點", "Location")),
        Field("overview", "工程概要", aliases=("工程概述", "EngOverview")),
        Field("x_raw", "X坐標", "number", ("X座標", "X", "經度"), note="WGS84 經度或 TWD97 公尺"),
        Field("y_raw", "Y坐標", "number", ("Y座標", "Y", "緯度"), note="WGS84 緯度或 TWD97 公尺"),
        Field("station_start", "起點樁號", "station", ("起點里程", "起樁"), note="如 0K+000"),
        Field("station_end", "終點樁號", "station", ("終點里程", "迄樁"), note="如 0K+850"),
        Field("width_m", "寬度(公尺)", "number", ("寬度", "寬度(m)", "路寬")),
        Field("area_m2", "面積(平方公尺)", "number", ("面積", "面積(m2)", "施作面積")),
        Field("thickness_cm", "設計厚度(公分)", "number", ("設計厚度", "厚度", "設計厚度(cm)", "厚度(公分)")),
        Field("designated", "指定案件", "bool", choices=v.YES_NO),
        Field("tip_off", "檢舉媒體案", "bool", ("檢舉或媒體報導",), choices=v.YES_NO),
        *_MONTH,
        *_PROGRESS,
    ),
    (
        ("case_no",),
        ("title",),
        (
            "exec_state",
            "changed_amount",
            "valued_amount",
            "changed_end",
            "actual_end",
            "contract_no",
            "pd_year",
            "progress_month",
            "supervisor_name",
        ),
    ),
)

MONTHS = Sheet(
    "project_progress",
    "月進度",
    (*_CASE, *_MONTH, *_PROGRESS),
    (("case_no",), ("pd_year", "progress_month"), ("planned_progress", "actual_progress", "exec_state")),
)

CHANGES = Sheet(
    "project_change",
    "契約變更",
    (
        *_CASE,
        Field("change_no", "變更次別", "int", ("變更次數", "第幾次變更", "ChangeNo"), required=True, minimum=1),
        Field("change_date", "變更日", "date", ("變更日期", "變更核准日", "ChangeDate")),
        Field("amount_delta", "增減金額", "amount", ("變更金額", "追加減金額", "ChangeAmount")),
        Field("reason", "變更原因", aliases=("變更理由", "ChangeReason")),
    ),
    (("case_no",), ("change_no",), ("change_date", "amount_delta")),
)

FIRMS = Sheet(
    "project_firm",
    "承攬廠商",
    (
        *_CASE,
        Field("firm_id_raw", "統一編號", aliases=("廠商統編", "承攬廠商統編", "ContractorNo")),
        Field("firm_name", "廠商名稱", aliases=("承攬廠商", "ContractorName"), required=True),
        Field("share", "承攬比例", "fraction", ("出資比例", "工程比例", "契約比例"), note="填 60% 或 60"),
    ),
    (("case_no",), ("firm_name",), ("share",)),
)

CONTRACT = Contract("works_projects", "工程標案匯出檔", (PROJECTS, MONTHS, CHANGES, FIRMS))

REPORTED_WITHIN = 10
"""Days after a month's end within which its progress is reported: an export of 5 April shows March."""

_UNIT_NOTE = re.compile(r"單位\s*:?\s*(?:新[臺台]幣)?\s*(元|[千仟]元|萬元|百萬元|億元)")
_JOINT = re.compile(r"[；;、\n]|(?<=[司行社業所])\s*[/+&與及,]\s*")
_SHARE = re.compile(r"[(（]?\s*(\d{1,3}(?:\.\d+)?)\s*[%％]\s*[)）]?")
_ROLE = re.compile(r"[(（](?:代表廠商|共同投標|成員廠商|主辦廠商|第[一二三]成員|共同承攬)[)）]")


def prepare(raw: RawTable, above: list[list[str]], file_name: str, options: Mapping[str, Any] | None = None) -> None:
    """Gives sums their unit and rows the day that the file is of (title rows first, then the file name)."""
    said = [cell for row in above for cell in row if cell]
    date = stated_date([*said, file_name])
    raw.extra["_file_date"] = pa.array([date] * len(raw.rows), pa.date32())
    note = next((m[1].replace("仟", "千") for cell in said if (m := _UNIT_NOTE.search(text.nfkc(cell)))), None)
    by_language = ((options or {}).get("works") or {}).get("amount_units") or {}
    for name, column in raw.columns.items():
        if raw.sheet.field(name).type == "amount" and column.unit is None:
            language = "english" if column.header.isascii() else "chinese"
            column.unit = note or by_language.get(language) or UNIT_UNKNOWN


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file; rows without any agency (project) or month (progress), and rows of the other
    worksheets that name no contract of a file that holds contracts, are set aside."""
    out: dict[str, list[pa.Table]] = {n: [] for n in (*obs.PROJECT_TABLES, "quarantine")}
    here = {k for c in cleans if c.sheet is PROJECTS for k in obs.case_keys(c.get("case_no")).to_pylist()}
    for clean in cleans:
        columns = {f.name: clean.get(f.name) for f in clean.sheet.fields} | {"_file_date": clean.get("_file_date")}
        columns["agency_name"] = pc.coalesce(columns["agency_name"], columns["exec_unit"])
        if clean.sheet is PROJECTS:
            _projects(clean, columns, origin, out)
            continue
        keys = obs.case_keys(columns["case_no"]).to_pylist()
        lost = pa.array([bool(here) and key not in here for key in keys], pa.bool_())
        out["quarantine"].append(aside(clean, lost, "case_no", "no_such_case", origin))
        if clean.sheet is MONTHS:
            columns["month_end"] = _months(columns)
            undated = pc.is_null(columns["month_end"])
            out["quarantine"].append(aside(clean, undated, "progress_month", "month_missing", origin))
            lost = pc.or_(lost, undated)
        elif clean.sheet is FIRMS:
            obs.firms(columns)
        name = clean.sheet.table
        out[name].append(obs.table(name, columns, clean, origin).filter(pc.invert(lost)))
    return out


def _projects(clean: Clean, columns: dict[str, pa.Array], origin: Origin, out: dict[str, list[pa.Table]]) -> None:
    lost = pc.and_(pc.is_null(columns["agency_name"]), pc.is_null(columns["agency_id"]))
    out["quarantine"].append(aside(clean, lost, "agency_name", "agency_missing", origin))
    good = pc.invert(lost)
    columns["agency_name"] = pc.coalesce(columns["agency_name"], columns["agency_id"])
    columns["_month"] = pc.coalesce(_months(columns), _month_of(columns["_file_date"]))
    codes: dict[str, pa.Array] = {"kind": pa.nulls(len(clean.rows), pa.string())}
    obs.categories(codes, columns["category"])
    bare = pc.if_else(
        pc.fill_null(pc.match_substring_regex(columns["category"], r"^\d+$"), False),
        columns["category"],
        pa.scalar(None, pa.string()),
    )
    columns["category_code"] = pc.coalesce(codes["category_code"], bare)
    columns["award_way"] = obs.by_distinct(columns["award_way_raw"], v.award_way)
    columns["x"], columns["y"], bad = obs.place(columns["x_raw"], columns["y_raw"])
    out["quarantine"].append(aside(clean, bad, "x_raw", "coordinate_unreadable", origin, "value"))
    for name, found in _overview(columns["overview"]).items():
        columns[name] = pc.coalesce(columns[name], found)
    out["project"].append(obs.table("project", columns, clean, origin).filter(good))
    out["project_firm"].append(_firms(clean, columns, good, origin))
    said = pc.or_(pc.is_valid(columns["planned_progress"]), pc.is_valid(columns["actual_progress"]))
    undated = pc.and_(pc.and_(good, said), pc.is_null(columns["_month"]))
    out["quarantine"].append(aside(clean, undated, "actual_progress", "month_missing", origin, "value"))
    said = pc.or_(said, pc.is_valid(columns["exec_state"]))
    progress = pc.and_(good, pc.and_(pc.is_valid(columns["_month"]), said))
    columns["month_end"] = columns["_month"]
    out["project_progress"].append(obs.table("project_progress", columns, clean, origin).filter(progress))


def _month_of(dates: pa.Array) -> pa.Array:
    """The month whose progress a file of that day reports: in the first days of a month, the month before."""
    days = dates.to_pylist()
    return pa.array([Period.of(d - dt.timedelta(days=REPORTED_WITHIN)).last if d else None for d in days], pa.date32())


def _months(columns: dict[str, pa.Array]) -> pa.Array:
    """Last day of the month of each row: as written, else of the ROC year (two or three digits) and month."""
    out = []
    parts = (columns[n].to_pylist() for n in ("progress_month", "pd_year", "pd_month"))
    for month, year, number in zip(*parts, strict=True):
        if month is None and year and number and 1 <= number <= 12 and (year < 200 or 1990 <= year <= 2100):
            month = Period(year + (text.ROC_OFFSET if year < 200 else 0), "month", number).last
        out.append(month)
    return pa.array(out, pa.date32())


def split_joint(names: str) -> list[tuple[str, float | None]]:
    """The firms of a cell with their shares: 甲營造有限公司(60%)、乙土木包工業(40%). A slash, plus or comma parts two
    firms only after the end of a firm's name."""
    out = []
    for part in _JOINT.split(_ROLE.sub("", names)):
        share = _SHARE.search(part)
        name = _SHARE.sub("", part).strip(" 　,，:：")
        if name:
            out.append((name, float(share[1]) / 100 if share and float(share[1]) <= 100 else None))
    return out


def _firms(clean: Clean, columns: dict[str, pa.Array], good: pa.Array, origin: Origin) -> pa.Table:
    """A row a firm; an id belongs to a name only when its cell names one firm."""
    rows: dict[str, list[Any]] = {n: [] for n in ("at", "firm_name", "firm_id_raw", "share")}
    for name, number in zip(_FIRM_NAMES, _FIRM_IDS, strict=True):
        cells = zip(columns[name].to_pylist(), columns[number].to_pylist(), good.to_pylist(), strict=True)
        for at, (names, firm_id, used) in enumerate(cells):
            firms = split_joint(names) if names and used else []
            ids = re.split(r"[；;、,，\s]+", firm_id) if firm_id else []
            for position, (firm, share) in enumerate(firms):
                rows["at"].append(at)
                rows["firm_name"].append(firm)
                rows["firm_id_raw"].append(ids[position] if len(ids) == len(firms) else None)
                rows["share"].append(share)
    at = pa.array(rows["at"], pa.int64())
    child: dict[str, pa.Array] = {
        "firm_name": pa.array(rows["firm_name"], pa.string()),
        "firm_id_raw": pa.array(rows["firm_id_raw"], pa.string()),
        "share": pa.array(rows["share"], pa.float64()),
        "_row": clean.rows.take(at),
    }
    child |= {n: columns[n].take(at) for n in ("agency_id", "agency_name", "case_no", "_file_date", "_month")}
    obs.firms(child)
    nested = Clean(clean.sheet, clean.name, child["_row"], {}, {}, clean.quarantine, 0, 0, True)
    return obs.table("project_firm", child, nested, origin)


_SIZES = {
    "thickness_cm": re.compile(r"(?:厚度?|加鋪|刨鋪)\D{0,4}?(\d{1,2}(?:\.\d+)?)\s*(?:公分|cm)", re.IGNORECASE),
    "width_m": re.compile(r"寬度?\D{0,3}?(\d{1,3}(?:\.\d+)?)\s*(?:公尺|m)(?![2²])", re.IGNORECASE),
    "area_m2": re.compile(r"面積\D{0,4}?(\d[\d,]*(?:\.\d+)?)\s*(?:平方公尺|m2)", re.IGNORECASE),
}
_STATIONS = re.compile(r"(\d{1,3}[Kk]\+\d{1,3}(?:\.\d+)?)\s*[~～至\-－]\s*(\d{1,3}[Kk]\+\d{1,3}(?:\.\d+)?)")


def _overview(values: pa.Array) -> dict[str, pa.Array]:
    """Sizes and stations that the description of the works says in plain figures with a unit; the first of each."""
    out: dict[str, list[float | None]] = {n: [] for n in (*_SIZES, "station_start", "station_end")}
    for value in values.to_pylist():
        written = text.nfkc(value) if value else ""
        for name, pattern in _SIZES.items():
            found = pattern.search(written)
            out[name].append(float(found[1].replace(",", "")) if found else None)
        stations = _STATIONS.search(written)
        out["station_start"].append(text.parse_station(stations[1]) if stations else None)
        out["station_end"].append(text.parse_station(stations[2]) if stations else None)
    return {name: pa.array(column, pa.float64()) for name, column in out.items()}
