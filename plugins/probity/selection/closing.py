"""After approval: the approver's changes, the control draw with the public seed, final ranks.

In: a Proposal, the decision (cases removed or added, each with a reason), the seed. Out: the final SELECTION_CASE
table, and the draw file that anyone can replay. The control draw is made from the frame as it was committed: a
case that the approver adds stays in it, so that the chances stay n/N; one that is drawn but was taken off the list
is replaced by the next ticket, on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from probity import canonical, draw, tickets
from probity.selection import auditors as auditing
from probity.selection.proposal import Candidate, Proposal, case_table, row, specialty

Changes = dict[str, str]


class ChangeError(ValueError):
    """A change that names no case of the period, has no reason, or contradicts another.

    ``code``: no_reason, unknown, twice, both, on_list, not_listed; ``kind``: removed or added.
    """

    def __init__(self, code: str, kind: str, text: str) -> None:
        super().__init__(text)
        self.code, self.kind = code, kind


def changes_of(decision: Mapping[str, Any], proposal: Proposal) -> tuple[Changes, Changes]:
    """(removed, added): case id -> reason. ``decision``: {"removed": [{case_id, reason}], "added": [...]}.

    Raises ChangeError when a reason is missing, a case is not of the period, an added case is on the list
    already, or a removed one is neither on the list nor in the control frame.
    """
    out: list[Changes] = []
    for kind in ("removed", "added"):
        changes: Changes = {}
        for change in decision.get(kind) or []:
            case_id, reason = str(change["case_id"]), str(change.get("reason") or "").strip()
            if not reason:
                raise ChangeError("no_reason", kind, f"a {kind} case has no reason")
            if case_id not in proposal.candidates:
                raise ChangeError("unknown", kind, f"a {kind} case is not one of the period {proposal.period}")
            if case_id in changes:
                raise ChangeError("twice", kind, f"a case is {kind} twice")
            changes[case_id] = reason
        out.append(changes)
    removed, added = out
    if set(removed) & set(added):
        raise ChangeError("both", "added", "a case is both removed and added")
    if any(proposal.candidates[c].status in ("must_watch", "ranked") for c in added):
        raise ChangeError("on_list", "added", "an added case is on the list already")
    if any(proposal.candidates[c].status == "excluded" for c in removed):
        raise ChangeError("not_listed", "removed", "a removed case was never on the list")
    return removed, added


def draw_file(proposal: Proposal, decision: Mapping[str, Any], seed: str | int) -> dict[str, Any]:
    """The control draw as a file for ``include/verify_draw.py``: plan, commitment, seed, tickets, replacements."""
    removed, _ = changes_of(decision, proposal)
    plan = proposal.plan
    inside = {i for ids in plan.population.values() for i in ids}
    return draw.draw(plan, seed, {c: r for c, r in removed.items() if c in inside})


def finish(proposal: Proposal, decision: Mapping[str, Any], seed: str | int) -> pa.Table:
    """The final selection (SELECTION_CASE): must-watch, ranked, added, control, in this order of rank.

    Inclusion probability: 1 for everything that was chosen by rule or by hand, n/N (of its stratum) for the
    control share. ``ticket``: hex SHA-256 from which the ticket number is written. Raises ChangeError or, for
    an empty seed when there is something to draw, ValueError.
    """
    removed, added = changes_of(decision, proposal)
    kept = sorted((r for r in proposal.cases.to_pylist() if r["case_id"] not in removed), key=lambda r: r["rank"])
    lines = draw_file(proposal, decision, seed)["tickets"] if proposal.commitment["control_size"] else []
    drawn = [t for t in lines if t["status"] == "drawn"]
    replaced = Counter(t["stratum"] for t in lines if t["status"] == "replaced")
    control = {t["id"] for t in drawn}
    texts, plan = proposal.rules["texts"], proposal.plan
    newcomers: list[dict[str, Any]] = []

    def newcomer(candidate: Candidate, part: str, probability: float, words: list[dict[str, Any]], **more: Any) -> None:
        reasons = canonical.dumps(words + candidate.reasons)
        newcomers.append(row(candidate, len(kept) + len(newcomers) + 1, part, probability, reasons=reasons, **more))

    for case_id in sorted(set(added) - control, key=lambda c: (-proposal.candidates[c].score, auditing.tie(c))):
        newcomer(proposal.candidates[case_id], "added", 1.0, [_added(texts, added[case_id])])
    for line in drawn:
        case_id, stratum = line["id"], line["stratum"]
        words = [_reason("CONTROL", texts["control_name"], texts["control_text"])]
        if line["order"] > plan.sizes[stratum] and replaced[stratum]:
            words.append(_reason("CONTROL", texts["control_name"], texts["replacement_text"]))
        if case_id in added:
            words.append(_added(texts, added[case_id]))
        chance = plan.sizes[stratum] / len(plan.population[stratum])
        ticket = tickets.ticket_digest(case_id, seed)
        newcomer(proposal.candidates[case_id], "control", chance, words, ticket=ticket)
    load = Counter(a for r in kept for a in (r["auditors"] or "").split(",") if a)
    fresh = [proposal.candidates[r["case_id"]] for r in newcomers]
    cases = [(c.case_id, c.agency_id, specialty(c, proposal.rules)) for c in fresh]
    proposed = auditing.propose(cases, proposal.roster, load)
    final = [r | {"rank": i} for i, r in enumerate(kept, 1)] + [r | proposed[r["case_id"]] for r in newcomers]
    return case_table(final)


def _reason(identifier: str, name: str, text: str) -> dict[str, str]:
    return {"signal_id": identifier, "name": name, "text": text, "legal_basis": ""}


def _added(texts: Mapping[str, str], reason: str) -> dict[str, str]:
    return _reason("ADDED", texts["added_name"], texts["added_text"].format(reason=reason))
