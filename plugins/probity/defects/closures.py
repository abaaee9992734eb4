"""What an officer decides: answered defects to close, more time that an agency asks for.

In: DEFECT_EVENT, a day, the rules; then the officer's answer. Out: ``Proposal`` objects, and the events of the
decision. Why: nothing closes without evidence and an officer's approval (工程施工查核小組作業辦法 §9); a refused
closing gets a new deadline, so that no defect is left without one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from probity.defects import events as ev
from probity.defects.ledger import row_of, stand
from probity.defects.rules import Rules


@dataclass(frozen=True)
class Proposal:
    """One matter: ``action`` close or extend. ``defect``: its DEFECT row as of the day; ``answers``: ids of the
    reports that the decision deals with; ``note`` and ``corrected_date`` of the newest of them."""

    action: str
    defect: dict[str, Any]
    answers: tuple[str, ...]
    answered_date: dt.date
    corrected_date: str | None
    extension_to: dt.date | None
    note: str | None

    @property
    def defect_id(self) -> str:
        return str(self.defect["defect_id"])

    def to_json(self) -> dict[str, Any]:
        return {n: getattr(self, n) for n in self.__dataclass_fields__} | {"answers": list(self.answers)}


def proposals(events: pa.Table, as_of: dt.date, config: Mapping[str, Any] | Rules) -> list[Proposal]:
    """What waits for an officer at the end of ``as_of``, by defect id: a defect that was answered with evidence is
    proposed for closing; one that is open and asks for a later deadline than it has, for an extension."""
    rules = config if isinstance(config, Rules) else Rules(config)
    out = []
    for own in ev.by_defect(events, as_of).values():
        now = stand(own, rules)
        if now is None or not now.reports:
            continue
        last = now.reports[-1]
        asked = max((d for r in now.reports if (d := extension_of(r)) is not None), default=None)
        if now.state == "reported":
            action, asked = "close", None
            last = [r for r in now.reports if r["evidence"]][-1]
        elif now.state == "open" and asked is not None and asked > now.deadline:
            action = "extend"
        else:
            continue
        out.append(
            Proposal(
                action,
                row_of(now, as_of, rules),
                tuple(r["event_id"] for r in now.reports),
                last["event_date"],
                ev.facts_of(last).get("corrected_date"),
                asked,
                last["note"],
            )
        )
    return out


def extension_of(row: Mapping[str, Any]) -> dt.date | None:
    """The deadline that a report asks for, None when it asks for none."""
    asked = ev.facts_of(row).get("extension_to")
    return dt.date.fromisoformat(asked) if asked else None


def decide(
    listed: Sequence[Proposal],
    refused: Mapping[str, str],
    user: str,
    day: dt.date,
    config: Mapping[str, Any] | Rules,
    source: str,
) -> pa.Table:
    """The events of a decision on ``day``: what is in ``refused`` (defect id -> reason) is refused, the rest granted.

    A refused closing gets the rules' new deadline; a refused extension leaves the deadline as it is. ``source`` is the
    digest of the decision. ValueError when ``refused`` names what is not on the list or nobody decided.
    """
    rules = config if isinstance(config, Rules) else Rules(config)
    if unknown := set(refused) - {p.defect_id for p in listed}:
        raise ValueError(f"{len(unknown)} refused defects are not on the list")
    rows = []
    for item in listed:
        reason, facts = refused.get(item.defect_id), {"answers": list(item.answers)}
        if item.action == "close" and reason is None:
            row = ev.event(
                "closed",
                item.defect_id,
                day,
                source,
                evidence=item.defect["evidence"],
                decided_by=user,
                facts=facts,
            )
        elif item.action == "close":
            new = rules.again(str(item.defect["severity"]), day)
            row = ev.event(
                "refused", item.defect_id, day, source, deadline=new, note=reason, decided_by=user, facts=facts
            )
        elif reason is None:
            row = ev.event(
                "extended",
                item.defect_id,
                day,
                source,
                deadline=item.extension_to,
                note=item.note,
                decided_by=user,
                facts=facts,
            )
        else:
            kept, asked = item.defect["deadline"], facts | {"extension": True}
            row = ev.event(
                "refused", item.defect_id, day, source, deadline=kept, note=reason, decided_by=user, facts=asked
            )
        rows.append(row)
    return ev.table(rows)
