"""How a task ends early: its message as a plain log line first, then the error that tells Airflow.

In: a message for the operator (zh-TW). Out: an exception to raise.
"""

from __future__ import annotations

import logging

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

log = logging.getLogger(__name__)


class GateStop(AirflowFailException):
    """A gate stopped the run; the data's owner and the operators have been told by the gate itself."""


def stopped(message: str) -> GateStop:
    """Fails the task without retries, and without a second mail."""
    log.error("%s", message)
    return GateStop(message)


def failed(message: str) -> AirflowFailException:
    """Fails the task without retries: someone must mend something first."""
    log.error("%s", message)
    return AirflowFailException(message)


def skipped(message: str) -> AirflowSkipException:
    """Skips the task and what follows it: there is nothing to do."""
    log.info("%s", message)
    return AirflowSkipException(message)
