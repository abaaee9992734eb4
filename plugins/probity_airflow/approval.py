"""The approval: Airflow's human-in-the-loop task over a proposed selection.

In: the selection manifest's digest. Out: ``{"decision": <digest of the kept answer>}``, or ``{"selection_id": ...}``
when the very same list was approved before. Who answered comes from Airflow's login. The answer itself (case
numbers, reasons) lies in the object store, never in XCom.

Airflow keeps a request's old text when a task is cleared and asks again, so the form carries a code of the list
that was shown: an answer to another list than the one now proposed is refused. The decision is recorded here, in
the task that has the answer; the task ``record`` after it finds it and hands the selection's id on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param, XComArg
from airflow.sdk.exceptions import AirflowFailException

from probity_airflow import answers, wording
from probity_airflow.errors import failed
from probity_airflow.periods import period_of
from probity_airflow.tasks import guarded, job_module

if TYPE_CHECKING:
    from probity.settings import Settings

log = logging.getLogger(__name__)

CHOICES = {wording.APPROVE: "approve", wording.REJECT: "reject"}
LONG = {"removed_text", "added_text", "reason", "witnesses"}


def form(names: tuple[str, ...] = tuple(wording.FORM)) -> dict[str, Param]:
    """The form's fields in the order in which they are shown; all text, all may stay empty but the list's code."""
    fields = {}
    for name in names:
        title, description = wording.FORM[name]
        extra = {"format": "multiline"} if name in LONG else {}
        # Airflow's page keeps its buttons shut until every field of a plain type is filled.
        kind = "string" if name == "list_code" else ["null", "string"]
        fields[name] = Param("", type=kind, title=title, description=description, **extra)
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
        earlier = self._earlier(context)
        if earlier is not None and earlier.decision:  # before a request, which would open a rejected list anew
            log.info("the list was decided by the try before, answer %s", earlier.decision)
            return {"decision": earlier.decision}
        asked = self._request(context)
        if asked["already"] == "approved":
            return self._already(asked)
        if earlier is not None and code_given(earlier.event) == list_code(asked["list_digest"]):
            log.info("selection %s was answered before this try; that answer is used", asked["selection_id"])
            return self._take(context, earlier.event)
        self.subject, self.body = asked["subject"], asked["body"]
        self.params["list_code"] = list_code(asked["list_digest"])
        log.info("selection %s waits for an answer; list %s", asked["selection_id"], asked["list_digest"])
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        return self._take(context, super().execute_complete(context, event))

    def _request(self, context: Context) -> Mapping[str, Any]:
        period = period_of(context)
        return guarded(lambda settings: job_module(self.job).approval_request(settings, period, self.ref))

    def _earlier(self, context: Context) -> answers.Earlier | None:
        ti = context["ti"]
        if ti.try_number < 2:
            return None
        return guarded(lambda settings: answers.earlier(settings, ti, self.job, self.ref))

    def _already(self, asked: Mapping[str, Any]) -> dict[str, str]:
        log.info(wording.text("already", selection_id=asked["selection_id"]))
        return {"selection_id": asked["selection_id"]}

    def _take(self, context: Context, event: Mapping[str, Any]) -> dict[str, str]:
        """Record the answer. Taken or refused for good it is dealt with; after anything else the next try has it."""

        def deal_with(decision: str = "") -> None:
            at = event["responded_at"]
            guarded(lambda settings: answers.deal_with(settings, self.job, self.ref, at, decision))

        try:
            result = self._decide(context, answer_of(event))
        except AirflowFailException:
            deal_with()
            raise
        deal_with(result.get("decision", ""))
        return result

    def _decide(self, context: Context, answer: dict[str, str]) -> dict[str, str]:
        asked, period = self._request(context), period_of(context)
        if asked["already"] == "approved":  # answered meanwhile, by another run over the same list
            return self._already(asked)
        current = list_code(asked["list_digest"])
        if answer["list_code"] != current:
            given = answer["list_code"] or "—"
            raise failed(wording.text("list_changed", given=given, current=current, url=asked["url"]))
        decision = {k: v for k, v in answer.items() if k != "list_code"} | {"list_digest": asked["list_digest"]}

        def record(settings: Settings) -> str:
            from probity.store.objects import ObjectStore

            job_module(self.job).record_decision(settings, period, self.ref, decision)
            return ObjectStore(settings.objects).put_json(decision)

        digest = guarded(record)
        log.info("%s: %s by %s, answer %s", asked["selection_id"], answer["choice"], answer["user"], digest)
        return {"decision": digest}


def code_given(event: Mapping[str, Any]) -> str:
    """The code of the list that was shown to whoever answered."""
    return str(event["params_input"].get("list_code") or "").strip().upper()


def answer_of(event: Mapping[str, Any]) -> dict[str, str]:
    """Airflow's answer as plain texts: choice (approve, reject), user, list_code and the form's fields.

    AirflowFailException (zh-TW) when nobody is named or a rejection gives no reason.
    """
    user = event["responded_by_user"]
    if not user or not user.get("id"):
        raise failed(wording.text("no_answerer"))
    name = user.get("name") or user["id"]
    texts = {field: str(event["params_input"].get(field) or "").strip() for field in wording.FORM}
    texts["list_code"] = code_given(event)
    choice = CHOICES[event["chosen_options"][0]]
    if choice == "reject" and not texts["reason"]:
        raise failed(wording.text("reject_reason"))
    return {"choice": choice, "user": name if name == user["id"] else f"{name} ({user['id']})"} | texts
