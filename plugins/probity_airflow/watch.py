"""The drop-folder watch: a period that a gate stopped goes on by itself once the mended file is there.

In: the drop folder, the store's record of what a stopped period had read, Airflow's failed runs. Out: those runs
cleared from their first task on, through Airflow's REST API. A file that has nothing to do with the period, or
that is still being written, starts nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import task

from probity_airflow import wording
from probity_airflow.service import service_account
from probity_airflow.tasks import guarded

if TYPE_CHECKING:
    from probity.ops.airflow_api import AirflowApi
    from probity.settings import Settings

log = logging.getLogger(__name__)

FIRST_TASK = "collect"


def watch(*jobs: str) -> Any:
    """The task that looks once over ``jobs``; returns ``{job: {"stopped": n, "cleared": n}}``."""

    @task(task_id="watch", task_display_name=wording.TASKS["watch"])
    def look() -> dict[str, dict[str, int]]:
        return guarded(lambda settings: look_once(settings, jobs))

    return look()


def look_once(settings: Settings, jobs: Sequence[str]) -> dict[str, dict[str, int]]:
    """Clear every stopped run of ``jobs`` whose period has a mended file."""
    counts = {job: {"stopped": 0, "cleared": 0} for job in jobs}
    with service_account(settings) as api:
        stopped = [(job, run) for job in jobs for run in stopped_runs(api, job)]
        if not stopped:
            log.info("no period is stopped at a gate; looked at: %s", ", ".join(jobs))
            return counts
        arrived = Arrivals(settings)
        for job, run in stopped:
            counts[job]["stopped"] += 1
            period = run.get("partition_key") or (run.get("conf") or {}).get("period")
            if not period or not arrived.mended(job, period):
                log.info("%s, period %s: still stopped, no mended file yet", job, period)
                continue
            api.clear(job, run["dag_run_id"], [FIRST_TASK], downstream=True)
            counts[job]["cleared"] += 1
            log.info("%s, period %s: a mended file arrived, the run starts again from %s", job, period, FIRST_TASK)
    return counts


def stopped_runs(api: AirflowApi, job: str) -> list[dict[str, Any]]:
    """Failed runs in which a gate is the task that failed."""
    found = []
    for run in api.runs(job, state="failed"):
        tasks = api.task_instances(job, run["dag_run_id"])
        if any(t["state"] == "failed" and t["task_id"].startswith("gate_") for t in tasks):
            found.append(run)
    return found


class Arrivals:
    """What lies in the drop folder now, against what a stopped period had read."""

    def __init__(self, settings: Settings) -> None:
        from probity import sources
        from probity.store.objects import ObjectStore

        self.settings = settings
        self.objects = ObjectStore(settings.objects)
        self.now = {a.digest: a for a in sources.discover(settings.drop, settings)}

    def mended(self, job: str, period_key: str) -> bool:
        """A file of the period is new since its stop, or one that it had read was taken away."""
        from probity.calendar import Period

        seen = self.read_before(job, period_key)
        if seen is None:
            return False
        period = Period.parse(period_key)
        return bool(seen - self.now.keys()) or any(self._concerns(d, period) for d in sorted(self.now.keys() - seen))

    def read_before(self, job: str, period_key: str) -> set[str] | None:
        """Digests of the files behind the period's newest stop; None when no gate has stopped it."""
        from sqlalchemy import select

        from probity.store import db, model

        newest = (
            select(model.GateResult.subject_digest)
            .where(
                model.GateResult.job == job, model.GateResult.period == period_key, model.GateResult.outcome == "stop"
            )
            .order_by(model.GateResult.recorded_at.desc(), model.GateResult.id.desc())
            .limit(1)
        )
        with db.session_scope(self.settings) as session:
            subject = session.scalar(newest)
            if subject is None:
                return None
            collected = select(model.RunStep.counts).where(
                model.RunStep.job == job,
                model.RunStep.period == period_key,
                model.RunStep.step == FIRST_TASK,
                model.RunStep.manifest_digest == self._inputs(subject),
            )
            counts = session.scalar(collected) or {}
        return {file["digest"] for file in counts.get("files", [])}

    def _inputs(self, ref: str) -> str:
        """The inputs manifest, as collected, that ``ref`` (the manifest a gate looked at) goes back to."""
        while True:
            manifest = self.objects.get_json(ref)
            if manifest["kind"] == "inputs":
                return str(manifest.get("collected", ref))
            ref = manifest["signals" if manifest["kind"] == "selection" else "inputs"]

    def _concerns(self, digest: str, period: Any) -> bool:
        """The new file reaches into the period (read once; the reading is kept for ``collect``)."""
        from probity import sources

        item = sources.ingest(self.now[digest], self.settings, self.objects)
        if item.refused:
            return False
        if item.first_date is None or item.last_date is None:
            return True
        return bool(item.first_date <= period.last and item.last_date >= period.first)
