"""The inspection form out and back: what is pre-filled, what may be filled, what counts when it returns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from probity import acceptance, config, sources
from probity.selection import positions
from probity.settings import ROOT
from probity.sources import inspection_form
from probity.sources.inspection_layout import DEFECTS, LIMITS, MEASURES, OPEN, SHEETS, letter

ID = "RI-2021-03-r1-001"
DRAWN = dt.date(2021, 2, 28)
UNTIL = dt.date(2021, 3, 31)
RULES = config.load(ROOT / "include" / "config", "acceptance")
DEFECT_RULES = config.load(ROOT / "include" / "config", "defects")
PROJECT = {
    "case_id": "3.99.10|A110001",
    "agency_key": "3.99.10",
    "agency_name": "測試市政府建設局",
    "case_no": "A110001",
    "title": "=測試路路面改善工程",
    "facility": "road",
    "district": "測試區",
    "location": "=HYPERLINK()",
    "tender_notice_date": dt.date(2020, 9, 1),
    "station_start": 350.0,
    "station_end": 1350.0,
    "width_m": 4.0,
    "thickness_cm": 5.0,
    "contract_amount": 23_450_000,
}
ABOUT = {"inspection_id": ID, "selection_id": "RI-2021-03-r1", "part": "ranked", "firm_name": "虛構營造有限公司"}
GOOD = {"flatness": 3.0, "flatness_sd": 2.5, "thickness": 5.2, "compaction": 97.0, "binder": 5.2}


def make_pack(number: str = ID, **changed: Any) -> dict[str, Any]:
    project = PROJECT | changed
    drawn = positions.plan(project, RULES["tests"], number, "7788")
    pack = acceptance.pack(project, ABOUT | {"inspection_id": number}, drawn, RULES, DEFECT_RULES, DRAWN)
    return json.loads(json.dumps(pack))


class Filled:
    """A form on its way back: cells are set by sheet, row of the table (0 is its first) and field."""

    def __init__(self, path: Path, pack: dict[str, Any]) -> None:
        self.path, self.pack = path, pack
        inspection_form.write(path, pack)
        self.book = openpyxl.load_workbook(path)
        self.set("inspection", 0, inspected_date="110/3/20")
        for at, row in enumerate(self.rows("inspection_measure")):
            self.set("inspection_measure", at, value=GOOD[row["test"]])
        self.set("inspection_limit", self.index("inspection_limit", test="binder"), design_value=5.2)

    def sheet(self, table: str) -> tuple[Any, Any, int]:
        sheet = next(s for s in SHEETS if s.table == table)
        ws = self.book[sheet.zh]
        head = next(r for r in range(1, 40) if ws.cell(r, 1).value == "查驗編號")
        return sheet, ws, head

    def set(self, table: str, at: int, **values: Any) -> None:
        sheet, ws, head = self.sheet(table)
        for name, value in values.items():
            ws[f"{letter(sheet, name)}{head + 1 + at}"].value = value

    def rows(self, table: str) -> list[dict[str, Any]]:
        sheet, ws, head = self.sheet(table)
        names = [f.name for f in sheet.fields]
        out = []
        for cells in ws.iter_rows(min_row=head + 1, max_col=len(names), values_only=True):
            if cells[0]:
                out.append(dict(zip(names, cells, strict=True)))
        return out

    def index(self, table: str, **wanted: Any) -> int:
        return next(i for i, r in enumerate(self.rows(table)) if all(r[k] == v for k, v in wanted.items()))

    def cell(self, table: str, at: int, name: str) -> str:
        sheet, _, head = self.sheet(table)
        return f"{letter(sheet, name)}{head + 1 + at}"

    def drop_row(self, table: str, at: int) -> None:
        _, ws, head = self.sheet(table)
        ws.delete_rows(head + 1 + at)

    def save(self) -> Path:
        self.book.save(self.path)
        return self.path


@pytest.fixture
def back(files) -> Callable[..., Filled]:
    def made(name: str = f"{ID}.xlsx", pack: dict[str, Any] | None = None) -> Filled:
        return Filled(files.drop / name, pack or make_pack())

    return made


def built(files, until: dt.date = UNTIL) -> dict[str, list[dict[str, Any]]]:
    tables = sources.build_inspections(files.everything(), files.objects, until)
    return {name: table.to_pylist() for name, table in tables.items()}


# -- what goes out ---------------------------------------------------------------------------------------------------
def test_the_same_pack_gives_the_same_bytes_and_no_formula_of_anyone_else(tmp_path):
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    inspection_form.write(one, make_pack())
    inspection_form.write(two, make_pack())
    assert one.read_bytes() == two.read_bytes()
    ws = openpyxl.load_workbook(one)["查驗表"]
    cells = [c for row in ws.iter_rows() for c in row if str(c.value).startswith("=")]
    assert {c.value for c in cells} == {"=HYPERLINK()", "=測試路路面改善工程"}
    assert {c.data_type for c in cells} == {"s"} or all(c.quotePrefix or c.data_type == "s" for c in cells)


def test_only_what_the_inspector_fills_is_open(tmp_path):
    path = tmp_path / "form.xlsx"
    inspection_form.write(path, make_pack())
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["填表說明", "查驗表", "查驗標準", "檢測值", "缺失", "選單"]
    assert book["選單"].sheet_state == "hidden"
    for sheet in SHEETS:
        ws = book[sheet.zh]
        assert ws.protection.sheet
        head = next(r for r in range(1, 40) if ws.cell(r, 1).value == "查驗編號")
        for item in sheet.fields:
            open_ = item.name in OPEN[sheet.table]
            assert ws[f"{letter(sheet, item.name)}{head + 1}"].protection.locked is not open_, item.name
    locked = [c for row in book["檢測值"].iter_rows() for c in row if c.data_type == "f"]
    assert locked and all(c.protection.locked for c in locked)


def test_a_station_that_is_not_known_is_open(tmp_path):
    path = tmp_path / "form.xlsx"
    inspection_form.write(path, make_pack(station_start=None, station_end=None, area_m2=4000))
    ws = openpyxl.load_workbook(path)["檢測值"]
    head = next(r for r in range(1, 40) if ws.cell(r, 1).value == "查驗編號")
    assert not ws[f"{letter(MEASURES, 'station')}{head + 1}"].protection.locked


def test_drop_downs_and_checks(tmp_path):
    path = tmp_path / "form.xlsx"
    inspection_form.write(path, make_pack())
    book = openpyxl.load_workbook(path)
    kinds = {s.zh: sorted(v.type for v in book[s.zh].data_validations.dataValidation) for s in SHEETS}
    assert kinds["缺失"] == ["custom", "list", "list"]
    assert set(kinds["檢測值"]) == {"decimal", "list"}
    assert kinds["查驗表"] == ["custom", "decimal", "whole"]


def test_the_contracts_rule_is_the_one_of_the_config():
    assert RULES["contract_rule"] == inspection_form.CONTRACT_RULE


# -- what comes back -------------------------------------------------------------------------------------------------
def test_a_filled_form_is_read_whole(files, back):
    form = back()
    form.set("defect_found", 0, category="厚度", severity="嚴重", description="0K+622 厚度不足", deadline="110/4/20")
    form.save()
    (item,) = files.everything()
    assert (item.source_id, item.refused, item.rows_quarantined) == ("inspection_form", None, 0)
    found = built(files)
    (head,) = found["inspection"]
    assert (head["case_id"], head["agency_key"], head["part"]) == ("3.99.10|A110001", "3.99.10", "ranked")
    assert head["inspected_date"] == dt.date(2021, 3, 20)
    assert len(found["inspection_measure"]) == len(make_pack()["measures"])
    assert {r["rule_id"] for r in found["inspection_limit"]} >= {"NAT-THICKNESS", "NAT-BINDER"}
    (event,) = found["defect_event"]
    assert (event["defect_id"], event["deadline"]) == (f"{ID}-D01", dt.date(2021, 4, 20))
    facts = json.loads(event["facts"])
    assert (facts["category"], facts["severity"], facts["revision"]) == ("thickness", "grave", 1)
    assert sources.inspection_facts(files.everything(), files.objects, UNTIL, {ID: make_pack()}) == {
        "differences": [],
        "conflicts": [],
        "unknown": [],
        "misdated": [],
    }


def test_nothing_is_there_before_its_day(files, back):
    back().save()
    assert not any(built(files, dt.date(2021, 3, 19)).values())


def test_an_unfilled_form_is_told_by_its_cell(files, back):
    form = back()
    form.set("inspection", 0, inspected_date=None)
    form.save()
    (item,) = files.everything()
    aside = files.quarantine(item)
    assert ("查驗表", "查驗日*", "required_missing") in {(r["sheet"], r["column"], r["reason"]) for r in aside}
    assert item.rows_in == item.rows_out + item.rows_quarantined
    assert not any(built(files).values())


def test_rows_of_another_inspection_and_doubled_ones_are_set_aside(files, back):
    form = back()
    form.set("inspection_measure", 0, inspection_id="RI-2021-03-r1-009")
    second = form.rows("inspection_measure")[1]
    form.set("inspection_measure", 2, sample_no=second["sample_no"])
    form.save()
    (item,) = files.everything()
    assert sorted(r["reason"] for r in files.quarantine(item)) == ["other_inspection", "repeated_row"]
    assert item.rows_quarantined == 2


def test_limits_of_the_contract_stand_under_its_clause(files, back):
    form = back()
    at = form.index("inspection_limit", test="thickness")
    form.set("inspection_limit", at, lower=4.75, contract_clause="契約附件3")
    form.set("inspection_limit", form.index("inspection_limit", test="flatness"), upper=5)
    form.save()
    own = {r["test"]: r for r in built(files)["inspection_limit"]}
    assert (own["thickness"]["rule_id"], own["thickness"]["rule_source"]) == ("CONTRACT", "契約附件3")
    assert (own["thickness"]["lower"], own["thickness"]["mean_lower"]) == (4.75, None)
    assert (own["flatness"]["rule_id"], own["flatness"]["rule_source"]) == ("CONTRACT", "")


# -- what was changed ------------------------------------------------------------------------------------------------
def test_a_changed_cell_is_named(files, back):
    form = back()
    form.set("inspection_measure", 1, station="0K+001")
    form.set("inspection_measure", 2, offset=9.9)
    form.set("inspection", 0, title="別的工程")
    expected = {form.cell("inspection_measure", 1, "station"), form.cell("inspection_measure", 2, "offset")}
    form.drop_row("inspection_measure", 4)
    form.save()
    facts = sources.inspection_facts(files.everything(), files.objects, UNTIL, {ID: make_pack()})
    found = {(d["kind"], d["sheet"], d["cell"]) for d in facts["differences"]}
    assert {c for k, s, c in found if s == "檢測值" and k == "edited"} == expected
    assert sum(k == "missing" for k, _, _ in found) == 1
    assert [d["found"] for d in facts["differences"] if d["column"] == "標案名稱"] == ["別的工程"]
    assert all(d["file"] == f"{ID}.xlsx" and d["inspection_id"] == ID for d in facts["differences"])


def test_the_form_of_another_project(files, back):
    other = make_pack(case_id="3.99.10|A110002", case_no="A110002")
    back(pack=other).save()
    facts = sources.inspection_facts(files.everything(), files.objects, UNTIL, {ID: make_pack()})
    assert "wrong_project" in {d["kind"] for d in facts["differences"]}
    assert sources.inspection_facts(files.everything(), files.objects, UNTIL, {})["unknown"] == [
        {"inspection_id": ID, "file": f"{ID}.xlsx"}
    ]


# -- which form counts -----------------------------------------------------------------------------------------------
def test_the_highest_revision_wins_whatever_the_order(files, back):
    first = back("b.xlsx")
    first.set("inspection", 0, score=60)
    first.save()
    second = back("a.xlsx")
    second.set("inspection", 0, revision=2, score=85)
    second.save()
    assert [r["score"] for r in built(files)["inspection"]] == [85]
    reversed_ = sources.build_inspections(files.everything()[::-1], files.objects, UNTIL)
    assert reversed_["inspection"].to_pylist() == built(files)["inspection"]


def test_the_same_revision_with_other_content_is_a_conflict(files, back):
    for name, revision, score in (("a.xlsx", 1, 70), ("b.xlsx", 2, 80), ("c.xlsx", 2, 90)):
        form = back(name)
        form.set("inspection", 0, revision=revision, score=score)
        form.save()
    assert [r["score"] for r in built(files)["inspection"]] == [70]
    facts = sources.inspection_facts(files.everything(), files.objects, UNTIL, {ID: make_pack()})
    assert [(c["file"], c["revision"]) for c in facts["conflicts"]] == [("b.xlsx", 2), ("c.xlsx", 2)] or {
        c["file"] for c in facts["conflicts"]
    } == {"b.xlsx", "c.xlsx"}


def test_the_same_form_twice_is_no_conflict(files, back):
    back("a.xlsx").save()
    form = back("b.xlsx")
    form.book["填表說明"]["A30"] = "另存"
    form.save()
    facts = sources.inspection_facts(files.everything(), files.objects, UNTIL, {ID: make_pack()})
    assert (len(built(files)["inspection"]), facts["conflicts"]) == (1, [])


# -- earlier inspections ---------------------------------------------------------------------------------------------
HISTORY = {
    "歷次查驗": [
        ["查驗編號", "機關名稱", "標案案號", "標案名稱", "承攬廠商", "行政區", "查驗日期", "查驗分數"],
        ["109-07", "測試市政府建設局", "A109001", "舊路改善工程", "虛構營造有限公司", "測試區", "109/07/15", 72],
        ["", "測試市政府建設局", "A109002", "另一工程", "虛構營造有限公司", "測試區", "109/08/20", 88],
    ],
    "歷次缺失": [
        [
            "查驗編號",
            "機關名稱",
            "標案案號",
            "查驗日期",
            "缺失類別",
            "情節",
            "缺失內容",
            "改善期限",
            "改善完成日",
            "佐證",
            "結案日",
        ],
        [
            "109-07",
            "測試市政府建設局",
            "A109001",
            "109/07/15",
            "壓實度",
            "嚴重",
            "不足",
            "109/08/01",
            "109/07/30",
            "a.jpg",
            "109/08/05",
        ],
        ["109-07", "測試市政府建設局", "A109001", "109/07/15", "從未聽過", "輕微", "其他", "109/08/01", "", "", ""],
    ],
}


def test_earlier_inspections_and_what_became_of_their_defects(files):
    files.xlsx("歷次查驗.xlsx", HISTORY)
    files.text("機關.csv", "機關代碼,機關名稱,行政區\r\n3.99.10,測試市政府建設局,測試區\r\n")
    found = built(files)
    by_id = {r["inspection_id"]: r for r in found["inspection"]}
    assert by_id["109-07"]["case_id"] == "3.99.10|A109001"
    assert sorted(len(i) for i in by_id) == [6, 13]
    events = {(e["defect_id"], e["kind"]): e for e in found["defect_event"]}
    assert {k for _, k in events} == {"found", "reported", "closed"}
    assert events["109-07-D01", "closed"]["event_date"] == dt.date(2020, 8, 5)
    facts = json.loads(events["109-07-D01", "found"]["facts"])
    assert (facts["category"], facts["severity"], facts["firm_name"]) == ("compaction", "grave", "虛構營造有限公司")
    assert json.loads(events["109-07-D02", "found"]["facts"])["category"] is None
    assert not [e for e in built(files, dt.date(2020, 8, 1))["defect_event"] if e["kind"] == "closed"]


def test_a_list_closes_nothing_that_this_office_follows(files):
    rows = [*HISTORY["歷次缺失"][1][:9], "a.jpg", "110/01/04"]
    files.xlsx("歷次查驗.xlsx", HISTORY | {"歷次缺失": [HISTORY["歷次缺失"][0], rows]})
    events = {e["kind"]: e for e in built(files, dt.date(2021, 3, 31))["defect_event"]}
    assert set(events) == {"found", "reported"} and events["reported"]["evidence"] == "a.jpg"


def test_a_form_wins_over_a_list(files, back):
    rows = [HISTORY["歷次查驗"][0], [ID, "測試市政府建設局", "A110001", "x", "y", "z", "110/03/20", 10]]
    files.xlsx("歷次.xlsx", {"歷次查驗": rows})
    form = back()
    form.set("inspection", 0, score=77)
    form.save()
    assert [r["score"] for r in built(files)["inspection"]] == [77]


def test_events_have_the_ids_that_the_list_of_defects_gives_them(files, back):
    from probity.defects import events

    form = back()
    form.set("defect_found", 0, category="厚度", severity="嚴重", description="不足", deadline="110/4/20")
    form.save()
    (row,) = built(files)["defect_event"]
    same = events.event(
        "found",
        row["defect_id"],
        row["event_date"],
        row["source"],
        deadline=row["deadline"],
        facts=json.loads(row["facts"]),
    )
    assert same["event_id"] == row["event_id"]
    assert {f.name for f in DEFECTS.fields} & {f.name for f in LIMITS.fields} == {"inspection_id"}
