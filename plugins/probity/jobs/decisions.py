"""What an approver typed into the approval form, read strictly.

In: the form's texts. Out: a ``Decision``. A line that cannot be read is an error that names the line; nothing
the approver wrote is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from probity.jobs import JobError, wording

# The id of a case whose agency has no code begins with "N:" (probity.tables, agency_key).
LINE = re.compile(r"^\s*(?P<case>(?:N:)?[^:：]+?)\s*[:：]\s*(?P<reason>\S.*?)\s*$")


@dataclass(frozen=True)
class Change:
    """A case taken out of or put onto the list by the approver: its rank or case number, and why."""

    case: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"case": self.case, "reason": self.reason}


@dataclass(frozen=True)
class Decision:
    """approve or reject, by the user whom Airflow logged in; the seed as typed; changes each with a reason."""

    choice: str
    user: str
    seed: str = ""
    reason: str = ""
    removed: tuple[Change, ...] = ()
    added: tuple[Change, ...] = ()
    witnesses: tuple[str, ...] = field(default=())

    @property
    def approved(self) -> bool:
        return self.choice == "approve"


def read_decision(form: dict[str, Any]) -> Decision:
    """``form`` keys: choice (approve|reject), user, seed, reason, removed_text, added_text, witnesses.

    Raises JobError when the choice is neither, nobody is named, or a line lacks its case or its reason.
    """
    choice, user = str(form.get("choice") or ""), str(form.get("user") or "").strip()
    if choice not in ("approve", "reject"):
        raise JobError(wording.text("bad_choice", choice=choice))
    if not user:
        raise JobError(wording.text("no_approver"))
    return Decision(
        choice=choice,
        user=user,
        seed=str(form.get("seed") or "").strip(),
        reason=str(form.get("reason") or "").strip(),
        removed=_changes(form.get("removed_text"), "removed"),
        added=_changes(form.get("added_text"), "added"),
        witnesses=tuple(w.strip() for w in re.split(r"[\n,，、;；]", str(form.get("witnesses") or "")) if w.strip()),
    )


def _changes(text: Any, kind: str) -> tuple[Change, ...]:
    changes = []
    for number, line in enumerate(str(text or "").splitlines(), start=1):
        if not line.strip():
            continue
        match = LINE.match(line)
        if match is None:
            raise JobError(wording.text("bad_change_line", kind=kind, number=number))
        changes.append(Change(match["case"], match["reason"]))
    return tuple(changes)
