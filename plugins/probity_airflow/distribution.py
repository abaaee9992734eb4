"""The tasks of mail distribution: check what is owed, then deliver it.

In: nothing (the outbox knows what is due). Out: counts. A mail server that is down is not a failed task: what was
not taken stays owed and the next sweep tries again.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from probity_airflow import wording
from probity_airflow.tasks import guarded


@task(task_id="gate_mail", task_display_name=wording.TASKS["gate_mail"])
def gate_mail() -> Any:
    """The gate before mail; fails when something about to leave must not."""

    def check(settings: Any) -> Any:
        from probity.jobs import report_distribution

        return report_distribution.gate(settings)

    return guarded(check)


@task(task_id="deliver", task_display_name=wording.TASKS["deliver"])
def deliver(checked: Any) -> Any:
    """Deliver what is due; safe beside another deliverer (rows are claimed)."""

    def send(settings: Any) -> Any:
        from probity.jobs import report_distribution

        return report_distribution.deliver(settings)

    return guarded(send)
