"""Every DAG file: it loads, light; it says what it does; it runs in order, for the right period."""

from __future__ import annotations

import ast
import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
EXPECTED = {
    "procurement_audit_selection",
    "report_distribution",
    "report_distribution_sweep",
    "drop_folder_watch",
    "signal_weight_review",
    "road_inspection_selection",
    "public_works_inspection_selection",
    "defect_follow_up",
    "road_inspection_quarterly_report",
}
HEAVY = (
    "pandas",
    "pyarrow",
    "duckdb",
    "great_expectations",
    "scipy",
    "openpyxl",
    "sqlalchemy.orm",
    "probity.jobs",
    "probity.sources",
)


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)


def test_every_file_loads_and_the_count_is_exact(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == EXPECTED
    assert {p.stem for p in DAGS.glob("*.py")} == {Path(d.fileloc).stem for d in bag.dags.values()}, (
        "a file without a DAG"
    )


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda p: p.stem)
def test_importing_a_dag_file_loads_nothing_heavy(path: Path) -> None:
    """In a process of its own: what Airflow itself brings is not ours to judge, so it is loaded first."""
    code = f"""
import runpy, sys
import airflow.sdk, airflow.providers.standard.operators.hitl
before = set(sys.modules)
airflow.sdk.dag, airflow.sdk.task, airflow.sdk.Asset, airflow.sdk.CronPartitionTimetable
before = set(sys.modules)
runpy.run_path({str(path)!r})
heavy = {HEAVY!r}
print(sorted(m for m in set(sys.modules) - before if m in heavy or m.startswith(tuple(h + "." for h in heavy))))
"""
    env = os.environ | {"PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "path", sorted([*DAGS.glob("*.py"), *(ROOT / "plugins/probity_airflow").rglob("*.py")]), ids=lambda p: p.stem
)
def test_no_wall_clock(path: Path) -> None:
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"now", "today", "utcnow"}, "the period decides, never the clock"


def test_files_are_wiring_only() -> None:
    for path in DAGS.glob("*.py"):
        body = path.read_text(encoding="utf-8").split('"""', 2)[2]
        assert len(body.splitlines()) <= 60, f"{path.name} does more than wire"


def test_docs_owner_tags_and_names(bag: Any) -> None:
    for dag in bag.dags.values():
        for word in ("做什麼", "何時", "輸入", "關卡", "誰核定", "送出什麼", "失敗時"):
            assert word in (dag.doc_md or ""), f"{dag.dag_id} does not say {word}"
        assert {"probity", "廉政稽核"} <= set(dag.tags)
        assert dag.dag_display_name != dag.dag_id
        assert dag.catchup is False
        for task in dag.tasks:
            assert task.owner == "政風處"
            assert task.retries > 0, f"{task.task_id} would not survive a restarted database"
            assert task.task_display_name != task.task_id
            assert task.on_failure_callback


def test_the_order_of_the_selection(bag: Any) -> None:
    dag = bag.dags["procurement_audit_selection"]
    assert [t.task_id for t in dag.topological_sort()] == [
        "collect",
        "gate_arrival",
        "gate_canonical",
        "detect",
        "gate_signals",
        "select",
        "gate_selection",
        "approve",
        "record",
        "publish",
    ]
    for before, after in zip(dag.topological_sort(), dag.topological_sort()[1:], strict=False):
        assert before.task_id in after.upstream_task_ids
    assert [a.name for a in dag.get_task("publish").outlets] == ["procurement_audit_selection", "report"]


def test_the_form_of_the_approval(bag: Any) -> None:
    task = bag.dags["procurement_audit_selection"].get_task("approve")
    assert task.options == ["核定", "退回"]
    assert list(task.params) == ["list_code", "seed", "removed_text", "added_text", "reason", "witnesses"]
    assert all(task.params.get_param(name).schema["title"] for name in task.params)


def _core_timetable(dag: Any) -> Any:
    """The scheduler's own timetable, as it is after the DAG was serialized."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


TAIPEI = dt.timezone(dt.timedelta(hours=8))


@pytest.mark.parametrize("zone", [TAIPEI, dt.UTC])
def test_a_backfill_makes_one_run_a_month(bag: Any, zone: dt.tzinfo) -> None:
    timetable = _core_timetable(bag.dags["procurement_audit_selection"])
    infos = timetable.iter_partition_dagrun_infos(
        earliest=dt.datetime(2021, 1, 1, tzinfo=zone), latest=dt.datetime(2021, 3, 31, tzinfo=zone)
    )
    assert [i.partition_key for i in infos] == ["2021-01", "2021-02", "2021-03"]


def test_the_first_of_the_month_handles_the_month_before(bag: Any) -> None:
    """Over years without daylight saving (Taipei has none since 1979): every month once, none twice."""
    from airflow._shared.timezones.timezone import coerce_datetime
    from airflow.timetables.base import DagRunInfo, TimeRestriction

    timetable = _core_timetable(bag.dags["procurement_audit_selection"])
    start = coerce_datetime(dt.datetime(2020, 12, 15, tzinfo=TAIPEI))
    last, keys, ticks = None, [], []
    for _ in range(26):
        last = timetable.next_dagrun_info_v2(
            last_dagrun_info=last, restriction=TimeRestriction(earliest=start, latest=None, catchup=True)
        )
        assert isinstance(last, DagRunInfo)
        keys.append(last.partition_key)
        ticks.append(last.run_after.astimezone(TAIPEI))
    assert keys == [f"{y}-{m:02d}" for y in (2020, 2021, 2022, 2023) for m in range(1, 13)][11:37]
    assert {(t.day, t.hour, t.minute) for t in ticks} == {(1, 6, 0)}


def test_distribution_reacts_to_the_partitioned_asset(bag: Any) -> None:
    """A partitioned run's event starts partitioned DAGs only: a plain asset schedule would never fire."""
    from airflow.timetables.simple import PartitionedAssetTimetable

    timetable = _core_timetable(bag.dags["report_distribution"])
    assert isinstance(timetable, PartitionedAssetTimetable)
    assert [a.name for _, a in timetable.asset_condition.iter_assets()] == ["report"]
    assert not _core_timetable(bag.dags["report_distribution_sweep"]).partitioned


def test_every_job_that_publishes_tells_the_distribution(bag: Any) -> None:
    for dag in bag.dags.values():
        if dag.has_task("publish"):
            assert [a.name for a in dag.get_task("publish").outlets] == [dag.dag_id, "report"]


def test_the_orders_of_the_works_jobs(bag: Any) -> None:
    """Both selections go the same way; the letters of a day do not wait for its closures."""
    for dag_id in ("road_inspection_selection", "public_works_inspection_selection"):
        order = [t.task_id for t in bag.dags[dag_id].topological_sort()]
        gates = [n for n in order if n.startswith("gate_")]
        assert gates == ["gate_arrival", "gate_works_canonical", "gate_signals", "gate_selection"]
        assert order[-3:] == ["approve", "record", "publish"]
    follow_up = bag.dags["defect_follow_up"]
    assert follow_up.get_task("publish").upstream_task_ids == {"follow_up"}
    assert follow_up.get_task("record").upstream_task_ids == {"approve", "follow_up"}
    quarter = [t.task_id for t in bag.dags["road_inspection_quarterly_report"].topological_sort()]
    assert quarter == ["collect", "gate_inspection", "analyse", "gate_report", "approve", "record", "publish"]


def test_a_backfill_makes_one_run_a_day(bag: Any) -> None:
    timetable = _core_timetable(bag.dags["defect_follow_up"])
    infos = timetable.iter_partition_dagrun_infos(
        earliest=dt.datetime(2021, 2, 27, tzinfo=TAIPEI), latest=dt.datetime(2021, 3, 2, 23, 59, tzinfo=TAIPEI)
    )
    assert [i.partition_key for i in infos] == ["2021-02-27", "2021-02-28", "2021-03-01", "2021-03-02"]


def test_a_quarter_follows_its_three_months(bag: Any) -> None:
    timetable = _core_timetable(bag.dags["signal_weight_review"])
    mapper = timetable.get_partition_mapper(
        name="procurement_audit_selection", uri="x-probity://published/procurement_audit_selection"
    )
    assert {mapper.to_downstream(f"2021-{month:02d}") for month in (1, 2, 3)} == {"2021-Q1"}
    assert set(mapper.to_upstream("2021-Q1")) == {"2021-01", "2021-02", "2021-03"}
