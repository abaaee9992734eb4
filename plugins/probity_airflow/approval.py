"""The approval: Airflow's human-in-the-loop task over a proposed selection.

In: the selection manifest's digest. Out: ``{"decision": <digest of the kept answer>}``, or ``{"selection_id": ...}``
when the very same list was approved before. Who answered comes from Airflow's login. The answer itself (case
numbers, reasons) lies in the object store, never in XCom.

Airflow keeps a request's old text when a task is cleared and asks again, so the form carries a code of the list
that was shown: an answer to another list than the one now proposed is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param, XComArg

from probity_airflow import wording
from probity_airflow.errors import failed
from probity_airflow.periods import period_of
from probity_airflow.tasks import guarded, job_module

log = logging.getLogger(__name__)

CHOICES = {wording.APPROVE: "approve", wording.REJECT: "reject"}
LONG = {"removed_text", "added_text", "reason", "witnesses"}


def form(names: tuple[str, ...] = tuple(wording.FORM)) -> dict[str, Param]:
    """The form's fields in the order in which they are shown; all text, all may stay empty but the list's code."""
    fields = {}
    for name in names:
        title, description = wording.FORM[name]
        extra = {"format": "multiline"} if name in LONG else {}
        fields[name] = Param("", type="string", title=title, description=description, **extra)
    return fields


def list_code(list_digest: str) -> str:
    """The code by which a person knows a list: the first eight digits of its digest."""
    return list_digest[:8].upper()


class SelectionApproval(HITLOperator):
    """Asks to approve or reject the selection ``ref`` of ``job``; give it ``params=form()``. See the module."""

    template_fields = ("subject", "body", "ref")

    def __init__(self, *, job: str, ref: XComArg | str, **kwargs: Any) -> None:
        super().__init__(subject=wording.TASKS["approve"], options=list(CHOICES), multiple=False, **kwargs)
        self.job = job
        self.ref = ref

    def execute(self, context: Context) -> Any:
        asked = self._request(context)
        if asked["already"] == "approved":
            log.info(wording.text("already", selection_id=asked["selection_id"]))
            return {"selection_id": asked["selection_id"]}
        self.subject, self.body = asked["subject"], asked["body"]
        self.params["list_code"] = list_code(asked["list_digest"])
        log.info("selection %s waits for an answer; list %s", asked["selection_id"], asked["list_digest"])
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        answer = super().execute_complete(context, event)
        form = answer["params_input"]
        asked = self._request(context)
        if asked["already"] == "approved":  # answered meanwhile, by another run over the same list
            log.info(wording.text("already", selection_id=asked["selection_id"]))
            return {"selection_id": asked["selection_id"]}
        given, current = (form.get("list_code") or "").strip().upper(), list_code(asked["list_digest"])
        if given != current:
            raise failed(
                wording.text(
                    "list_changed", given=given or "—", current=current, url=asked.get("url", asked["selection_id"])
                )
            )
        decision = decision_of(answer) | {"list_digest": asked["list_digest"]}
        digest = guarded(lambda settings: _keep(settings, decision))
        log.info(
            "%s answered %s by %s; answer kept as %s",
            asked["selection_id"],
            decision["choice"],
            decision["user"],
            digest,
        )
        return {"decision": digest}

    def _request(self, context: Context) -> Mapping[str, Any]:
        period = period_of(context)
        return guarded(lambda settings: job_module(self.job).approval_request(settings, period, self.ref))


def decision_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Airflow's answer as the job's decision: choice, user and the form's texts.

    AirflowFailException (zh-TW) when nobody is named or a rejection gives no reason.
    """
    user = answer["responded_by_user"]
    if not user or not user.get("id"):
        raise failed(wording.text("no_answerer"))
    name = user.get("name") or user["id"]
    texts = {
        field: str(answer["params_input"].get(field) or "").strip() for field in wording.FORM if field != "list_code"
    }
    choice = CHOICES[answer["chosen_options"][0]]
    if choice == "reject" and not texts["reason"]:
        raise failed(wording.text("reject_reason"))
    return {"choice": choice, "user": name if name == user["id"] else f"{name} ({user['id']})"} | texts


def _keep(settings: Any, decision: dict[str, Any]) -> str:
    """Check what was typed, then lay it down; JobError says which line cannot be read and how to answer again."""
    from probity.jobs import JobError
    from probity.jobs.decisions import read_decision
    from probity.store.objects import ObjectStore

    try:
        read_decision(decision)
    except JobError as error:
        raise JobError(wording.text("answer_again", message=error)) from None
    return ObjectStore(settings.objects).put_json(decision)
