"""One module a job: its steps as functions, in the order in which its DAG calls them.

Every step takes ``(settings, period key, reference)`` and returns a reference (a digest) or plain counts, so
that nothing but digests and counts ever travels between tasks.
"""

from __future__ import annotations


class JobError(Exception):
    """A step cannot go on; the message is for the operator who reads the failed task (zh-TW)."""


class GateStopped(JobError):
    """A gate stopped the run; the message says what to mend and that dropping the mended file goes on."""


class NoData(JobError):
    """The period has no case at all: nothing is selected and nothing is sent."""
