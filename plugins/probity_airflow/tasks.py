"""Tasks out of job steps: the period in, a reference out, errors as an operator reads them.

In: the name of a job module and of its steps. Out: Airflow tasks. Only digests and counts come back (and so into
XCom); the step's own log lines appear in the task's log. A step may run twice at once (a killed supervisor, a
thawed task): that is safe because every result is kept under its content or a unique key, not because one try runs.
"""

from __future__ import annotations

import datetime as dt
import importlib
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from airflow.sdk import XComArg, get_current_context, task

from probity_airflow import wording
from probity_airflow.defaults import REPORT_PUBLISHED, published
from probity_airflow.errors import failed, skipped, stopped
from probity_airflow.periods import period_of

if TYPE_CHECKING:
    from probity.settings import Settings
    from probity_airflow.approval import SelectionApproval

log = logging.getLogger(__name__)

NOISY = ("alembic", "great_expectations", "matplotlib", "fontTools")


class JobTasks:
    """The tasks of one job, named after its module ``probity.jobs.<job>``."""

    def __init__(self, job: str) -> None:
        self.job = job

    def step(self, name: str, ref: XComArg | None = None) -> XComArg:
        """The step ``name`` of the job over the reference that an earlier task returned."""
        job = self.job

        @task(task_id=name, task_display_name=wording.TASKS[name])
        def run(ref: str | None) -> Any:
            return run_step(job, lambda module, *run: getattr(module, name)(*run, *([] if ref is None else [ref])))

        return run(ref)

    def gate(self, stage: str, ref: XComArg) -> XComArg:
        """The gate of ``stage``; its reference goes on, maybe without quarantined rows."""
        job, name = self.job, f"gate_{stage}"

        @task(task_id=name, task_display_name=wording.TASKS[name])
        def run(ref: str) -> Any:
            return run_step(job, lambda module, settings, period: module.gate(settings, period, stage, ref))

        return run(ref)

    def approve(self, ref: XComArg, fields: tuple[str, ...] = tuple(wording.FORM)) -> SelectionApproval:
        """Ask a person, with a form of ``fields``; see ``probity_airflow.approval``."""
        from probity_airflow.approval import SelectionApproval, form

        return SelectionApproval(
            task_id="approve",
            task_display_name=wording.TASKS["approve"],
            job=self.job,
            ref=ref,
            params=form(fields),
            retries=5,  # Airflow fails a quickly answered task (see probity_airflow.answers): the next try is short
            retry_delay=dt.timedelta(seconds=3),
            retry_exponential_backoff=False,
        )

    def record(self, ref: XComArg, answer: SelectionApproval) -> XComArg:
        """Keep the decision; the selection's id goes on, None when it was rejected."""
        job = self.job

        @task(task_id="record", task_display_name=wording.TASKS["record"])
        def run(ref: str, answer: dict[str, str]) -> Any:
            if selection_id := answer.get("selection_id"):
                return selection_id
            return run_step(
                job, lambda module, *run: module.record_decision(*run, ref, _kept(run[0], answer["decision"]))
            )

        return run(ref, answer.output)

    def publish(self, selection_id: XComArg) -> XComArg:
        """Publish once; the job's asset, and that of all reports, are updated for the period. Skipped when the list was
        rejected."""
        job, assets = self.job, [published(self.job), REPORT_PUBLISHED]

        @task(task_id="publish", task_display_name=wording.TASKS["publish"], outlets=assets)
        def run(selection_id: str | None) -> Any:
            if selection_id is None:
                raise skipped(wording.text("rejected"))
            report = run_step(job, lambda module, *run: module.publish(*run, selection_id))
            context = get_current_context()
            for asset in assets:
                context["outlet_events"][asset].add_partitions(period_of(context))
            return report

        return run(selection_id)


def run_step(job: str, call: Callable[..., Any]) -> Any:
    """Run ``call(module, settings, period key)`` in the current task. What an operator must mend fails at once,
    without retries; a period without data is skipped and says so."""
    return guarded(lambda settings: call(job_module(job), settings, period_of(get_current_context())))


def guarded(call: Callable[[Settings], Any]) -> Any:
    """Run ``call(settings)`` with our loggers on, our errors translated, and the trail's head anchored after it."""
    from probity.jobs import GateStopped, JobError, NoData
    from probity.settings import load

    plain_logs()
    settings = load()
    try:
        return call(settings)
    except NoData as error:
        raise skipped(wording.text("no_data", message=error)) from None
    except GateStopped as error:
        raise stopped(str(error)) from None
    except JobError as error:
        raise failed(str(error)) from None
    finally:
        anchor(settings)


_logged = {"head": ""}


def anchor(settings: Settings) -> None:
    """Write the trail's head beside the database; a database that is away must not hide the step's own end."""
    from probity.store import trail

    try:
        head = trail.anchor(settings)
        if head != _logged["head"]:
            log.info("trail head %s", head)
            _logged["head"] = head
    except Exception as error:  # any: the step's own result or error counts
        log.warning("the trail's head could not be anchored now: %s", type(error).__name__)


def job_module(job: str) -> ModuleType:
    return importlib.import_module(f"probity.jobs.{job}")


def plain_logs() -> None:
    """Our loggers speak at INFO in the task's log, libraries only when something is wrong."""
    for name in ("probity", "probity_airflow"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _kept(settings: Settings, digest: str) -> Mapping[str, Any]:
    from probity.store.objects import ObjectStore

    return ObjectStore(settings.objects).get_json(digest)
