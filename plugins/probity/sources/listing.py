"""What has arrived for which period, what is missing, what was refused or set aside.

In: ``Ingested`` files (and a Period). Out: plain rows for ``./probity sources``, logs and reports; Chinese sentences,
counts and dates only, never a value from a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from probity.calendar import Period
from probity.sources import debarment_feed
from probity.sources.intake import CONTRACTS, Ingested
from probity.sources.merge import debarment_snapshots
from probity.store.objects import ObjectStore
from probity.text import roc_date

PERIODIC = ("award_csv", "notice_detail", "notice_index", "halfmonth_xml", "city_list")
REGISTERS = ("agency_list", "auditor_list", "audit_results", "award_vendors")
WORKS_PERIODIC = ("works_projects", *PERIODIC, "excavation_permits", "complaints")
WORKS_REGISTERS = ("contractor_register", "agency_list", "auditor_list", "inspection_history")
LATER = {
    "agency_list": "機關僅能以公告所載代碼辨識",
    "auditor_list": "無法建議稽核委員及檢核迴避",
    "debarment_feed": "停權相關訊號無法評估",
    "city_list": "底價、契約變更、進度及清冊勾稽相關訊號可能無法評估",
    "notice_detail": "底價及投標價相關訊號可能無法評估",
    "notice_index": "未得標廠商相關訊號可能無法評估",
}


WORKS_LATER = {
    "works_projects": "只能由決標公告認定工程，進度、變更、驗收及保固無從得知",
    "excavation_permits": "道路挖掘相關訊號無法評估",
    "complaints": "民眾反映相關訊號無法評估",
    "contractor_register": "承攬能量相關訊號無法評估",
    "agency_list": LATER["agency_list"],
    "auditor_list": "無法建議查驗委員及檢核迴避",
    "debarment_feed": LATER["debarment_feed"],
    "city_list": "底價可能不足，低價搶標訊號改依預算評估",
    "inspection_history": "以往查驗紀錄只有系統上線後之表單",
}


def overview(ingested: Sequence[Ingested]) -> list[dict[str, Any]]:
    """A row per source and month that a file reaches into: source_id, source, month (YYYY-MM, "" for registers), files,
    rows_in, rows_out, rows_quarantined (of those files, whole), refused. Refused files come last, each with its reason.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    refused = []
    for item in ingested:
        name = CONTRACTS[item.source_id].zh if item.source_id else "未能辨識"
        if item.refused is not None:
            refused.append(
                {
                    "source_id": item.source_id,
                    "source": name,
                    "month": "",
                    "files": item.file_name,
                    "rows_in": item.rows_in,
                    "rows_out": 0,
                    "rows_quarantined": item.rows_quarantined,
                    "refused": item.refused,
                }
            )
            continue
        for month in _months(item):
            row = rows.setdefault(
                (item.source_id, month),
                {
                    "source_id": item.source_id,
                    "source": name,
                    "month": month,
                    "files": 0,
                    "rows_in": 0,
                    "rows_out": 0,
                    "rows_quarantined": 0,
                    "refused": "",
                },
            )
            row["files"] += 1
            for count in ("rows_in", "rows_out", "rows_quarantined"):
                row[count] += getattr(item, count)
    return [rows[k] for k in sorted(rows)] + sorted(refused, key=lambda r: (r["source_id"], r["files"]))


def _months(item: Ingested) -> list[str]:
    if item.first_date is None or item.last_date is None or item.source_id in (*REGISTERS, *WORKS_REGISTERS):
        return [""]
    if item.source_id == "debarment_feed":
        return [Period.of(item.last_date).key]
    month, last = Period.of(item.first_date), Period.of(item.last_date)
    out = []
    while month <= last:
        out.append(month.key)
        month = month.next()
    return out


def coverage(ingested: Sequence[Ingested], period: Period, family: str = "procurement") -> list[dict[str, Any]]:
    """Per source: source_id, source, state (ok | late | missing | refused), files (names), rows, line (zh-TW sentence).

    A periodic source covers the period when a file's dates overlap it. For the debarment feed the line says which
    snapshots are used; ``late`` means that only snapshots of after the period exist. ``family``: whose sources.
    """
    periodic, registers, later = (
        (WORKS_PERIODIC, WORKS_REGISTERS, WORKS_LATER) if family == "works" else (PERIODIC, REGISTERS, LATER)
    )
    unique = {(f.source_id, f.digest): f for f in sorted(ingested, key=lambda f: f.file_name, reverse=True)}
    good = [f for f in unique.values() if f.refused is None]
    out = []
    for source_id in periodic:
        files = sorted(
            (
                f
                for f in good
                if f.source_id == source_id
                and f.first_date is not None
                and f.last_date is not None
                and f.first_date <= period.last
                and f.last_date >= period.first
            ),
            key=lambda f: f.file_name,
        )
        out.append(_line(source_id, files, period, later))
    for source_id in registers:
        files = sorted((f for f in good if f.source_id == source_id), key=lambda f: f.file_name)
        if files or source_id in later:
            out.append(_line(source_id, files, None, later))
    out.append(_debarment_line(list(unique.values()), period))
    refused = Counter(f.source_id for f in unique.values() if f.refused is not None)
    for source_id, count in sorted(refused.items()):
        out.append(
            {
                "source_id": source_id,
                "source": CONTRACTS[source_id].zh if source_id else "未能辨識",
                "state": "refused",
                "files": sorted(f.file_name for f in unique.values() if f.refused and f.source_id == source_id),
                "rows": 0,
                "line": f"{CONTRACTS[source_id].zh if source_id else '未能辨識之檔案'}：{count} 個檔案不予收件",
            }
        )
    return out


def debarment_changes(ingested: Sequence[Ingested], objects: ObjectStore) -> list[dict[str, Any]]:
    """What each good snapshot of the debarment feed changed against the one before: date, rows, appeared, vanished,
    lifted (vanished before its expiry) and changed (counts), oldest first."""
    whole = Period(2100, "year", 1)  # every snapshot there is
    good = [s for s in debarment_snapshots(ingested, whole).snapshots if s.refused is None]
    out = []
    for before, after in pairwise(good):
        changes = debarment_feed.diff(objects.get_table(before.table), objects.get_table(after.table))
        count = Counter(c["change"] for c in changes)
        lifted = sum(c["change"] == "vanished" and (c["expire_date"] or after.date) > after.date for c in changes)
        row = {"date": after.date, "rows": after.rows, "lifted": lifted}
        out.append(row | {name: count[name] for name in ("appeared", "vanished", "changed")})
    return out


def _line(source_id: str, files: list[Ingested], period: Period | None, later: Mapping[str, str]) -> dict[str, Any]:
    zh = CONTRACTS[source_id].zh
    rows = sum(f.rows_out for f in files)
    span = f"涵蓋{period.roc}之" if period else ""
    if files:
        line = f"{zh}：{span}檔案 {len(files)} 個，收 {rows:,} 列，隔離 {sum(f.rows_quarantined for f in files):,} 列"
    else:
        line = f"{zh}：無{span}檔案"
        if source_id in later:
            line += f"，{later[source_id]}"
    return {
        "source_id": source_id,
        "source": zh,
        "state": "ok" if files else "missing",
        "files": [f.file_name for f in files],
        "rows": rows,
        "line": line,
    }


def _debarment_line(ingested: list[Ingested], period: Period) -> dict[str, Any]:
    zh = CONTRACTS["debarment_feed"].zh
    choice = debarment_snapshots(ingested, period)
    row = {
        "source_id": "debarment_feed",
        "source": zh,
        "state": "missing",
        "files": [s.file_name for s in choice.used],
        "rows": choice.used[-1].rows if choice.used else 0,
    }
    if not choice.used:
        return {**row, "line": f"{zh}：無名單，{LATER['debarment_feed']}"}
    first, last = choice.used[0], choice.used[-1]
    if choice.late:
        line = (
            f"{zh}：{period.roc}無名單，改用其後最早一份（{roc_date(first.date)}，{first.rows:,} 筆）；"
            "名單只載現行停權者，期間內已屆滿者不在其中"
        )
        return {**row, "state": "late", "line": line}
    span = roc_date(last.date) if first is last else f"{roc_date(first.date)}至{roc_date(last.date)}"
    line = f"{zh}：使用 {len(choice.used)} 份名單（{span}），最近一份 {last.rows:,} 筆"
    skipped = [s for s in choice.snapshots if s.refused is not None and s.date <= last.date]
    if skipped:
        line += (
            f"；另 {len(skipped)} 份不採用（" + "；".join(f"{roc_date(s.date)}{s.refused}" for s in skipped[:3]) + "）"
        )
    return {**row, "state": "ok", "line": line}
