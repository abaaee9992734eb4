"""``./probity backfill JOB FROM TO``: past months through Airflow's API, as the UI's own backfill would do it.

In: a job, two months, a running Airflow (the one of ``./probity up``, or the one that the environment names).
Out: the runs, followed until they end; what waits for a person is told.
"""

from __future__ import annotations

import json
import os
import time

from probity.ops import demo, up
from probity.ops.airflow_api import AirflowApi, ApiError, Busy
from probity.ops.words import text
from probity.settings import Settings

LOOK_EVERY = 1.0
# A month of these leaves out what the month before chose and has not seen inspected: one after the other.
IN_TURN = ("road_inspection_selection", "public_works_inspection_selection")


def run(settings: Settings, job: str, first: str, last: str, *, reprocess: str, wait: bool) -> int:
    """0 when every run ended well (or was only started, ``wait`` False), 1 otherwise."""
    start, end = demo.span(first, last)
    api = client(settings)
    if api is None:
        print(text("backfill_no_airflow"))
        return 1
    with api:
        try:
            api.unpause(job)
            made = api.backfill(job, start, end, reprocess=reprocess, max_active_runs=1 if job in IN_TURN else 4)
            print(text("backfill_started", job=job, first=first, last=last, id=made["id"], url=api.url), flush=True)
            return follow(api, job, made["id"], demo.months_between(first, last)) if wait else 0
        except (Busy, ApiError) as error:
            print(f"probity: {error}")
            return 1


def client(settings: Settings) -> AirflowApi | None:
    """The API of the running ``up`` over this home as its officer, or the one in the environment."""
    user, password = os.environ.get("PROBITY_API_USER"), os.environ.get("PROBITY_API_PASSWORD")
    if user and password:
        return AirflowApi(settings.ui_url, user, password)
    running = up.state(settings.home)
    if running is None:
        return None
    passwords = json.loads((settings.home / "secrets" / "airflow_users.json").read_text(encoding="utf-8"))
    return AirflowApi(running["url"], "officer", passwords["officer"])


def follow(api: AirflowApi, job: str, backfill_id: int, months: list[str]) -> int:
    """Print each change until the backfill is complete; 1 when a run of it failed."""
    shown: dict[str, str] = {}
    while True:
        complete = api.backfill_status(backfill_id)["completed_at"] is not None
        states = {r["partition_key"]: r["state"] for r in api.runs(job) if r["partition_key"] in months}
        for key, state in sorted(states.items()):
            if shown.get(key) != state:
                print(text("backfill_run", period=key, state=state), flush=True)
                shown[key] = state
        for detail in api.waiting(job):
            run_id = detail["task_instance"]["dag_run_id"]
            key = f"{run_id} waits"
            if key not in shown:
                shown[key] = "told"
                period = api.run(job, run_id)["partition_key"]
                print(text("backfill_waiting", period=period), flush=True)
        if complete:
            print(text("backfill_done"))
            return 1 if "failed" in states.values() else 0
        time.sleep(LOOK_EVERY)
