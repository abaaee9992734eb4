"""What happens when a task fails for good: a mail to the operators, owed by the outbox like any other.

In: Airflow's failure context. Out: a row in the outbox. Airflow's own failure mails are not used: they leave at
once or are lost; ours are owed until the server took them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)


def failure_facts(context: Mapping[str, Any]) -> dict[str, str]:
    """Job, task, run, try and the message, without anything else from the context."""
    ti = context.get("task_instance") or context.get("ti")
    run = context.get("dag_run")
    return {
        "dag_id": str(getattr(ti, "dag_id", "")),
        "task_id": str(getattr(ti, "task_id", "")),
        "run_id": str(getattr(ti, "run_id", "")),
        "try_number": str(getattr(ti, "try_number", "")),
        "period": str(context.get("partition_key") or getattr(run, "partition_key", None) or ""),
        "message": _message(context.get("exception")),
        "url": str(getattr(ti, "log_url", "") or ""),
    }


def _message(error: Any) -> str:
    """Our own errors speak for themselves; of any other only its kind goes out (its text may hold data)."""
    from airflow.sdk.exceptions import AirflowException

    if isinstance(error, AirflowException):
        return str(error)
    return type(error).__name__ if isinstance(error, BaseException) else str(error or "")[:200]


def task_failed(context: Mapping[str, Any]) -> None:
    """``on_failure_callback``: owe the operators a mail. Never raises: the failure itself must stay what it was."""
    from probity_airflow.errors import GateStop

    if isinstance(context.get("exception"), GateStop):
        return
    try:
        from probity.jobs import post
        from probity.settings import load

        post.failure_notice(load(), failure_facts(context))
    except Exception as error:
        log.warning("the failure mail could not be queued: %s", error)
