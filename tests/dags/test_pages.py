"""The pages: closed without a login, case names for those who may see them, found by Airflow's plugin loader."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from probity import canonical, config, defects
from probity.settings import Settings
from probity.store import db, model, trail
from probity.store.objects import ObjectStore
from probity.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
JOB = "procurement_audit_selection"
SECRET = "老街溪護岸改善工程"
REASONS = '[{"signal_id":"P01","name":"單一投標","text":"僅一家投標<script>","legal_basis":"採購法 §48"}]'
CASE = "3.87.99|A110-7|20210309"


@pytest.fixture(scope="module")
def manager() -> Any:
    """Airflow's auth manager with its real tokens; of Airflow's database only the table of revoked ones."""
    from airflow import settings as airflow_settings
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.models.revoked_token import RevokedToken

    RevokedToken.__table__.create(airflow_settings.engine, checkfirst=True)
    return init_auth_manager()


@pytest.fixture
def office(db_settings: Settings) -> Settings:
    """One proposed and one approved selection of a made-up case, a stopped gate, a trail."""
    objects = ObjectStore(db_settings.objects)
    row = dict.fromkeys(TABLES["signal_result"].names) | {
        "case_id": CASE,
        "signal_id": "P01",
        "state": "fired",
        "value": 1.0,
        "threshold": 0.5,
        "amount_at_stake": 4_200_000,
        "evidence": '{"n_bidders":1}',
    }
    signals = objects.put_table(pa.Table.from_pylist([row], TABLES["signal_result"].arrow_schema()))
    ref = objects.put_json({"kind": "signals", "snapshots": {"signal_result": {"digest": signals, "rows": 1}}})
    manifest = objects.put_json({"kind": "selection", "signals": ref})
    page = objects.put_bytes("<p>壞格：王小明</p>".encode(), "html")
    book = db_settings.reports / "gates" / "bad.xlsx"
    book.parent.mkdir(parents=True)
    book.write_bytes(b"PK")
    with db.session_scope(db_settings) as session:
        session.add(model.RunStep(job=JOB, period="2021-03", step="collect", manifest_digest="m", counts={}))
        for revision, state in ((1, "approved"), (2, "proposed")):
            session.add(
                model.Selection(
                    selection_id=f"PA-2021-03-r{revision}",
                    job=JOB,
                    period="2021-03",
                    revision=revision,
                    state=state,
                    manifest_digest=manifest,
                    list_digest="0a1b2c3d" + "0" * 56,
                    frame_digest="f" * 64,
                    decided_by="approver" if state == "approved" else None,
                    decided_at=sa.func.now() if state == "approved" else None,
                    seed="AB-12345678" if state == "approved" else None,
                    seed_source="typed",
                    cases=[
                        model.SelectionCase(
                            case_id=CASE,
                            rank=1,
                            part="ranked",
                            score=2.5,
                            score_parts='[{"signal_id":"P01","weight":1,"strength":0.9,"points":0.9}]',
                            reasons=REASONS,
                            inclusion_probability=1.0,
                            facts={
                                "title": SECRET,
                                "case_no": "A110-7",
                                "award_notice_date": "2021-03-09",
                                "award_amount": 4200000,
                            },
                        )
                    ],
                )
            )
        session.add(
            model.GateResult(
                job=JOB,
                period="2021-03",
                stage="canonical",
                subject_digest="s",
                outcome="stop",
                html_digest=page,
                workbook_path="gates/bad.xlsx",
                result={
                    "n_checks": 2,
                    "failed": [_failed()],
                    "counts": {"award_case": {"in": 3, "out": 2, "quarantined": 1}},
                },
            )
        )
        session.add(
            model.QuarantineItem(
                file_digest="d", file_name="x.csv", source_id="award_csv", reason="bad_date", severity="row"
            )
        )
        trail.append(session, {"job": JOB, "period": "2021-03", "step": "collect"}, "k")
        _works(session, objects)
    trail.anchor(db_settings)
    return db_settings


WORKS = "road_inspection_selection"
WORK = "3.87.10|rd110-7"
ROAD = "青埔路三段路面改善工程"
DEFECT_ID = "RI-2021-03-r1-001-D01"
DRAFT = "季報草稿內容".encode()


def _works(session: Any, objects: ObjectStore) -> None:
    """A proposed works selection, two defects (one answered), and a request to close."""
    firm = dict.fromkeys(TABLES["project_firm"].names) | {
        "case_id": WORK,
        "firm": "N:大禾營造",
        "firm_name": "大禾營造有限公司",
        "firm_key": "大禾營造",
        "n_firms": 1,
    }
    firms = objects.put_table(pa.Table.from_pylist([firm], TABLES["project_firm"].arrow_schema()))
    inputs = objects.put_json({"kind": "inputs", "family": "works", "snapshots": {"project_firm": {"digest": firms}}})
    signals = objects.put_json({"kind": "signals", "snapshots": {}, "inputs": inputs})
    case = model.SelectionCase(
        case_id=WORK,
        rank=1,
        part="must_watch",
        score=1.5,
        score_parts="[]",
        reasons="[]",
        inclusion_probability=1.0,
        facts={
            "title": ROAD,
            "case_no": "RD110-7",
            "agency_name": "示範市養護工程處",
            "facility": "road",
            "stage": "under_way",
            "district": "青埔區",
            "location": "青埔路三段",
            "contract_amount": 9_800_000,
            "changed_amount": 10_300_000,
            "planned_progress": 0.64,
            "actual_progress": 0.51,
        },
    )
    session.add(
        model.Selection(
            selection_id="RI-2021-03-r1",
            job=WORKS,
            period="2021-03",
            revision=1,
            manifest_digest=objects.put_json({"kind": "selection", "signals": signals}),
            list_digest="1" * 64,
            cases=[case],
        )
    )
    found = {
        "inspection_id": DEFECT_ID[:-4],
        "case_id": WORK,
        "agency_key": "3.87.10",
        "agency_name": "示範市養護工程處",
        "case_no": "RD110-7",
        "title": ROAD,
        "category": "thickness",
        "severity": "grave",
        "description": "鑽心厚度不足",
    }
    closed = found | {"severity": "minor", "description": "標線模糊", "category": "marking"}
    day = dt.date
    rows = [
        defects.event("found", DEFECT_ID, day(2021, 4, 6), "f1", deadline=day(2021, 4, 15), facts=found),
        defects.event("found", DEFECT_ID[:-1] + "2", day(2021, 4, 6), "f1", deadline=day(2021, 5, 4), facts=closed),
        defects.event("reported", DEFECT_ID[:-1] + "2", day(2021, 4, 12), "f2", evidence="標線.jpg", note="已重繪"),
    ]
    session.add_all(model.DefectEvent(**row) for row in rows)
    files = [{"name": "季報.docx", "digest": objects.put_bytes(DRAFT, "draft")}]
    quarterly = {"job": "road_inspection_quarterly_report", "period": "2021-Q1", "step": "draft"}
    session.add(model.RunStep(**quarterly, manifest_digest="4d5e" + "0" * 60, counts={"files": files}))
    asked = defects.proposals(defects.table(rows), day(2021, 4, 12), config.load(ROOT / "include/config", "defects"))
    session.add(
        model.ClosureRequest(
            request_id="DF-2021-04-12-r1",
            job="defect_follow_up",
            period="2021-04-12",
            revision=1,
            manifest_digest="m",
            list_digest=objects.put_json([p.to_json() for p in asked]),
        )
    )


def _failed() -> dict[str, Any]:
    return {
        "id": "c1",
        "table": "award_case",
        "column": "budget",
        "outcome": "stop",
        "n_bad": 1,
        "n_rows": 3,
        "who": "data_owner",
    }


@pytest.fixture
def app(office: Settings, manager: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from probity_airflow.pages import app as pages

    monkeypatch.setenv("PROBITY_HOME", str(office.home))
    monkeypatch.setenv("PROBITY_DATABASE_URL", office.database_url)
    yield pages.create_app()


def _client(app: Any, manager: Any, login: str | None, role: str = "viewer") -> TestClient:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    client = TestClient(app)
    if login:
        client.cookies.set("_token", manager.generate_jwt(SimpleAuthManagerUser(username=login, role=role)))
    return client


def _paths(app: Any) -> list[str]:
    fill = {
        "job": "road_inspection_quarterly_report",
        "period": "2021-Q1",
        "digest": canonical.sha256(DRAFT),
        "selection_id": "PA-2021-03-r1",
        "number": "1",
        "defect_id": DEFECT_ID,
        "request_id": "DF-2021-04-12-r1",
    }
    return [re.sub(r"\{(\w+)\}", lambda m: fill[m[1]], route.path) for route in app.routes]


def test_no_route_is_open(app: Any, manager: Any) -> None:
    client = _client(app, manager, None)
    paths = _paths(app)
    assert len(paths) == 17
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert "請先登入" in answer.text and SECRET not in answer.text


def test_a_forged_login_is_refused(app: Any, manager: Any) -> None:
    client = TestClient(app)
    client.cookies.set("_token", manager.generate_jwt(_user("chen", "admin"))[:-3] + "abc")
    assert client.get("/selections").status_code == 403


def _user(login: str, role: str) -> Any:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return SimpleAuthManagerUser(username=login, role=role)


@pytest.mark.parametrize(
    ("login", "role", "sees_cases"),
    [
        ("guest", "viewer", False),
        ("officer", "user", True),
        ("approver", "user", True),
        ("auditor", "viewer", True),
        ("root", "admin", True),
    ],
)
def test_case_names_by_role(app: Any, manager: Any, login: str, role: str, sees_cases: bool) -> None:
    client = _client(app, manager, login, role)
    everything = ""
    for path in _paths(app):
        answer = client.get(path)
        restricted = path.endswith(("/page", "/workbook")) or path.startswith(("/defects/", "/drafts/"))
        assert answer.status_code == (403 if restricted and not sees_cases else 200), path
        assert answer.headers["cache-control"] == "no-store"
        everything += answer.text
    for secret in (
        SECRET,
        "A110-7",
        "僅一家投標",
        "王小明",
        "4,200,000",
        ROAD,
        "鑽心厚度不足",
        "標線.jpg",
        "季報.docx",
        "季報草稿內容",
    ):
        assert (secret in everything) is sees_cases, secret


def test_a_user_without_a_role_sees_nothing(app: Any, manager: Any) -> None:
    client = _client(app, manager, "nobody", "")
    for path in ("/selections/PA-2021-03-r1", "/defects", f"/defects/{DEFECT_ID}", "/closures/DF-2021-04-12-r1"):
        assert client.get(path).status_code == 404, path
    assert "PA-2021-03" not in client.get("/selections").text + client.get("/").text


def test_the_restricted_list(app: Any, manager: Any) -> None:
    page = _client(app, manager, "approver", "user").get("/selections/PA-2021-03-r2")
    assert "110年3月" in page.text and "110年3月9日" in page.text
    assert "0A1B2C3D" in page.text, "the code that the approval form asks for"
    assert "待核定" in page.text and "投標家數：1" in page.text and "採購法 §48" in page.text
    assert "<script" not in page.text and "僅一家投標&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_restricted_list_of_works_speaks_of_works(app: Any, manager: Any) -> None:
    page = _client(app, manager, "approver", "user").get("/selections/RI-2021-03-r1").text
    assert "道路工程查驗選案" in page and "優先查驗（作業辦法第 4 條）" in page
    for told in (ROAD, "青埔區青埔路三段", "施工中", "10,300,000", "64.0%／51.0%", "大禾營造有限公司"):
        assert told in page, told
    assert "決標公告日" not in page and "作業規則" not in page
    guest = _client(app, manager, "guest").get("/selections/RI-2021-03-r1").text
    assert "工程施工查核小組作業辦法第 13 條" in guest and ROAD not in guest


# -- defects -------------------------------------------------------------------------------------------------------
def test_the_list_of_defects_as_of_any_day(app: Any, manager: Any) -> None:
    client = _client(app, manager, "approver", "user")
    early, late = client.get("/defects?as_of=2021-04-05").text, client.get("/defects?as_of=2021-04-20").text
    assert "沒有符合條件的缺失" in early and ROAD not in early
    assert "110年4月20日" in late and "鑽心厚度不足" in late and "逾期 3 工作日" in late and "嚴重" in late
    assert f"/defects/{DEFECT_ID}?as_of=2021-04-20" in late, "a defect opens as of the same day"
    overdue = client.get("/defects?as_of=2021-04-20&state=overdue").text
    assert "鑽心厚度不足" in overdue and "標線模糊" not in overdue
    unknown_then = client.get("/defects?as_of=2021-04-20&known_by=2021-04-20T17:00").text
    assert "鑽心厚度不足" not in unknown_then, "recorded later than that"
    assert client.get("/defects?as_of=20210405").status_code == 200 and client.get("/defects").status_code == 200
    wrong = client.get("/defects?as_of=110年")
    assert wrong.status_code == 400 and "2021-03-05" in wrong.text


def test_a_defect_shows_its_history_up_to_the_day(app: Any, manager: Any) -> None:
    client = _client(app, manager, "approver", "user")
    path = f"/defects/{DEFECT_ID[:-1]}2"
    before, after = client.get(f"{path}?as_of=2021-04-11").text, client.get(f"{path}?as_of=2021-04-12").text
    assert "待改善" in before and "已重繪" not in before
    assert "已回覆，待核定" in after and "機關回覆" in after and "已重繪" in after and "標線.jpg" in after
    assert client.get(f"{path}?as_of=2021-04-05").status_code == 404, "not found yet on that day"


def test_closings_wait_with_the_code_that_the_form_asks_for(app: Any, manager: Any, office: Settings) -> None:
    client = _client(app, manager, "approver", "user")
    with db.session_scope(office) as session:
        code = session.get_one(model.ClosureRequest, "DF-2021-04-12-r1").list_digest[:8].upper()
    page = client.get("/closures/DF-2021-04-12-r1").text
    assert code in page and "擬予結案" in page and "標線模糊" in page and "標線.jpg" in page
    assert "鑽心厚度不足" not in page, "it was not answered"
    assert "待核定" in client.get("/closures").text
    assert "/closures/DF-2021-04-12-r1" in client.get("/defects?as_of=2021-04-12").text
    assert "/closures/DF-2021-04-12-r1" not in client.get("/defects?as_of=2021-04-11").text


def test_a_draft_gives_its_own_files_alone(app: Any, manager: Any, office: Settings) -> None:
    client = _client(app, manager, "approver", "user")
    path = "/drafts/road_inspection_quarterly_report/2021-Q1"
    page = client.get(path).text
    assert "道路工程查驗季報" in page and "4D5E0000" in page and canonical.sha256(DRAFT) in page
    assert client.get(f"{path}/{canonical.sha256(DRAFT)}").content == DRAFT
    other = ObjectStore(office.objects).put_bytes(b"of another report", "draft")
    assert client.get(f"{path}/{other}").status_code == 404
    assert client.get("/drafts/road_inspection_quarterly_report/2021-Q2").status_code == 404


def test_nothing_is_loaded_from_elsewhere() -> None:
    for template in (ROOT / "include/templates/pages").glob("*.html"):
        assert not re.search(r"https?://|<script|@import|url\(", template.read_text(encoding="utf-8")), template.name


def test_the_trail_page_verifies(app: Any, manager: Any, office: Settings) -> None:
    client = _client(app, manager, "guest", "viewer")
    assert "驗證通過" in client.get("/trail/verification").text
    with db.session_scope(office) as session:
        session.execute(sa.text("ALTER TABLE trail DISABLE TRIGGER USER"))
        session.execute(sa.text("UPDATE trail SET key = 'x'"))
    assert "紀錄遭更動" in client.get("/trail/verification").text


def test_a_workbook_path_never_leaves_the_reports(app: Any, manager: Any, office: Settings) -> None:
    (office.home / "secret.xlsx").write_bytes(b"PK")
    with db.session_scope(office) as session:
        session.execute(sa.text("UPDATE gate_result SET workbook_path = '../secret.xlsx'"))
    assert _client(app, manager, "root", "admin").get("/gates/1/workbook").status_code == 404


def test_unknown_things_and_no_database(
    app: Any, manager: Any, office: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client(app, manager, "root", "admin")
    assert client.get("/selections/PA-1900-01-r1").status_code == 404
    nowhere = dataclasses.replace(office, database_url="postgresql://127.0.0.1:9/none")
    monkeypatch.setenv("PROBITY_DATABASE_URL", nowhere.database_url)
    assert client.get("/selections").status_code == 503


def test_links_keep_the_prefix_of_the_mount(app: Any, manager: Any) -> None:
    """As Airflow mounts it: the plugin's own wrapper under /probity of another app."""
    from fastapi import FastAPI

    import probity_plugin

    outer = FastAPI()
    outer.mount("/probity", probity_plugin.Pages())
    page = _client(outer, manager, "guest").get("/probity/selections")
    assert 'href="/probity/selections/PA-2021-03-r1"' in page.text
    assert 'href="/probity/trail"' in page.text
    assert _client(outer, manager, None).get("/probity/").status_code == 401


def test_airflow_finds_the_plugin_and_only_it() -> None:
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert errors == {}
    ours = [p for p in plugins if p.name == "probity"]
    assert len(ours) == 1
    assert [v["url_route"] for v in ours[0].external_views] == ["probity"]
    assert (ROOT / "plugins/.airflowignore").read_text().split() == ["probity/", "probity_airflow/"]
