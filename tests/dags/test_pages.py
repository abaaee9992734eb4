"""The pages: closed without a login, case names for those who may see them, found by Airflow's plugin loader."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

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
    trail.anchor(db_settings)
    return db_settings


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
    fill = {"selection_id": "PA-2021-03-r1", "number": "1"}
    return [re.sub(r"\{(\w+)\}", lambda m: fill[m[1]], route.path) for route in app.routes]


def test_no_route_is_open(app: Any, manager: Any) -> None:
    client = _client(app, manager, None)
    paths = _paths(app)
    assert len(paths) == 11
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
        restricted = path.endswith(("/page", "/workbook"))
        assert answer.status_code == (403 if restricted and not sees_cases else 200), path
        assert answer.headers["cache-control"] == "no-store"
        everything += answer.text
    for secret in (SECRET, "A110-7", "僅一家投標", "王小明", "4,200,000"):
        assert (secret in everything) is sees_cases, secret


def test_a_user_without_a_role_sees_nothing(app: Any, manager: Any) -> None:
    client = _client(app, manager, "nobody", "")
    assert client.get("/selections/PA-2021-03-r1").status_code == 404
    assert "PA-2021-03" not in client.get("/selections").text + client.get("/").text


def test_the_restricted_list(app: Any, manager: Any) -> None:
    page = _client(app, manager, "approver", "user").get("/selections/PA-2021-03-r2")
    assert "110年3月" in page.text and "110年3月9日" in page.text
    assert "0A1B2C3D" in page.text, "the code that the approval form asks for"
    assert "待核定" in page.text and "投標家數：1" in page.text and "採購法 §48" in page.text
    assert "<script" not in page.text and "僅一家投標&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


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
