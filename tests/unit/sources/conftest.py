"""Small files in the real formats, with invented agencies and firms."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from probity import sources
from probity.settings import Settings
from probity.store.objects import ObjectStore

_COLUMNS = (
    "case_key,year,announcement_date,award_date,unit_id,unit_name,job_number,title,procurement_category,tender_method,"
    "award_method,budget_amount,award_amount,winner_count,winning_vendors,performance_location,performance_region,"
    "performance_period,road_names,road_name_source,work_tags,is_road_related,is_open_contract,source_url,raw_file"
)
AWARD_COLUMNS = _COLUMNS.split(",")


class Files:
    """Writes files into a drop folder and reads them back through the room's front door."""

    def __init__(self, settings: Settings, objects: ObjectStore) -> None:
        self.settings = settings
        self.objects = objects
        self.drop = settings.drop

    def text(self, name: str, content: str, encoding: str = "utf-8-sig") -> Path:
        path = self.drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode(encoding))
        return path

    def json(self, name: str, value: Any) -> Path:
        return self.text(name, json.dumps(value, ensure_ascii=False), "utf-8")

    def xlsx(self, name: str, sheets: dict[str, list[list[Any]]], merge: dict[str, list[str]] | None = None) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
            for area in (merge or {}).get(title, []):
                sheet.merge_cells(area)
        path = self.drop / name
        book.save(path)
        return path

    def awards(self, name: str, rows: list[dict[str, str]], **options: Any) -> Path:
        lines = [",".join(AWARD_COLUMNS)]
        for row in rows:
            full = award_row(**row)
            lines.append(",".join(f'"{full.get(c, "")}"' for c in AWARD_COLUMNS))
        return self.text(name, "\r\n".join(lines) + "\r\n", **options)

    def ingest(self, path: Path) -> sources.Ingested:
        return sources.ingest(path, self.settings, self.objects)

    def everything(self) -> list[sources.Ingested]:
        return [sources.ingest(a, self.settings, self.objects) for a in sources.discover(self.drop, self.settings)]

    def observed(self, item: sources.Ingested, table: str) -> list[dict[str, Any]]:
        return self.objects.get_table(item.observation_digests[table]).to_pylist()

    def quarantine(self, item: sources.Ingested) -> list[dict[str, Any]]:
        return self.objects.get_table(item.quarantine_digest).to_pylist() if item.quarantine_digest else []

    def build(self, period: str = "2021-03", items: list[sources.Ingested] | None = None) -> dict[str, list[dict]]:
        from probity.calendar import Period

        tables = sources.build(self.everything() if items is None else items, Period.parse(period), self.objects)
        return {name: table.to_pylist() for name, table in tables.items()}


def award_row(**values: str) -> dict[str, str]:
    """One row of the 25-column csv, with defaults."""
    row = {
        "announcement_date": "20210315",
        "award_date": "2021-03-10",
        "unit_id": "3.99.10",
        "unit_name": "測試市政府建設局",
        "job_number": "A110001",
        "title": "測試路改善工程",
        "procurement_category": "<工程類>5131快速道路,街道",
        "tender_method": "公開招標",
        "award_method": "最低標",
        "budget_amount": "5000000",
        "award_amount": "4500000",
        "winner_count": "1",
        "winning_vendors": "範例甲營造有限公司",
        "performance_location": "測試市(非原住民地區)",
        "performance_period": "110/03/20－110/12/31",
        "notice": "BDM-9-1",
    } | values
    row.setdefault("case_key", f"{row['unit_id']}|{row['job_number']}|{row['announcement_date']}|{row['notice']}")
    return row


def ban(number: int, **values: Any) -> dict[str, Any]:
    """One entry of the debarment feed."""
    return {
        "Corporation_Number": f"{10000000 + number}",
        "Corporation_Name": f"測試停權{number}號有限公司",
        "Announce_Agency_No": "3.99.10",
        "Announce_Agency_Name": "測試市政府建設局",
        "Case_no": f"D{number}",
        "Case_Name": "測試採購",
        "Origional_Announce_Date": "1100201",
        "Announce_Date": "1100201 00:00",
        "Effective_Date": "1100202",
        "Expire_Date": "1130201",
        "GPA101_Caluse": "第1款",
        "Appeal_Result": "",
        "Remark": "",
    } | values


def feed(day: dt.date, bans: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Rvlmd_List": {"title": "拒絕往來廠商", "Renewal_Date": f"{day:%Y%m%d} 00:09", "Rvlmd": bans}}


@pytest.fixture
def files(settings: Settings, objects: ObjectStore) -> Files:
    return Files(settings, objects)


@pytest.fixture
def make_ban() -> Callable[..., dict[str, Any]]:
    return ban


@pytest.fixture
def make_feed() -> Callable[..., dict[str, Any]]:
    return feed
