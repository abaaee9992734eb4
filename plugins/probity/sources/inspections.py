"""The canonical tables of inspections, merged from the forms that came back, earlier lists and the agencies' answers.

In: ``Ingested`` files, the ObjectStore, a day. Out: inspection, inspection_limit, inspection_measure and defect_event
as far as they are dated up to that day, each with its schema of ``probity.tables`` and sorted by its key; and what a
gate must know beside them. The order of files does not matter.

Of one inspection the form with the highest revision counts. Two forms of one revision that say different things are a
conflict: neither is used, the office is told, and the next lower revision stands in. A form wins over a list of earlier
inspections; of two lists the one that reaches furthest, then the lower digest.

A list may tell of defects that were closed before this office followed them (``letters_from`` of defects.yaml). A
closing of that day or later is an officer's to decide here: the list's word counts as the agency's answer, no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from probity import canonical, config, text
from probity.settings import ROOT
from probity.sources.inspection_form import differences
from probity.sources.intake import Ingested
from probity.store.objects import ObjectStore
from probity.tables import DEFECT_FACTS, TABLES

NAMES = ("inspection", "inspection_limit", "inspection_measure", "defect_event")
_OBSERVED = ("inspection", "inspection_limit", "inspection_measure", "defect_found", "defect_event", "agency")
_FORM, _HISTORY = "inspection_form", "inspection_history"
_PLACE = ("_source", "_file_digest", "_sheet", "_row")

ANSWERED_WITHIN = dt.timedelta(days=366)
"""How long after the period of its selection an inspection may be dated; a later day is a slip of the pen."""

Row = dict[str, Any]
Packs = Mapping[str, Mapping[str, Any]]


def build_inspections(
    ingested: Sequence[Ingested], objects: ObjectStore, until: dt.date, words: Mapping[str, Any] | None = None
) -> dict[str, pa.Table]:
    """inspection, inspection_limit, inspection_measure, defect_event, dated up to ``until``.

    ``words``: defects.yaml (its Chinese names become keys; an unknown name becomes NULL for the gate to find); the
    shipped one when not given. A finding's facts are the DEFECT columns that never change, and the form's revision.
    """
    return {
        name: pa.Table.from_pylist(
            [{c: r[c] for c in TABLES[name].names} for r in rows], schema=TABLES[name].arrow_schema()
        )
        for name, rows in _resolve(ingested, objects, until, words).rows.items()
    }


def inspection_places(
    ingested: Sequence[Ingested], objects: ObjectStore, until: dt.date, words: Mapping[str, Any] | None = None
) -> dict[str, pa.Table]:
    """The same rows with where they stand in their files, for ``gates.locator``."""
    types = {"_source": pa.string(), "_file_digest": pa.string(), "_sheet": pa.string(), "_row": pa.int64()}
    out = {}
    for name, rows in _resolve(ingested, objects, until, words).rows.items():
        own = pa.schema([*TABLES[name].arrow_schema(), *(pa.field(n, t) for n, t in types.items())])
        out[name] = pa.Table.from_pylist([{c: r[c] for c in own.names} for r in rows], schema=own)
    return out


def inspection_facts(
    ingested: Sequence[Ingested], objects: ObjectStore, until: dt.date, packs: Packs
) -> dict[str, list[Row]]:
    """What the gate of inspections must know beside the tables.

    ``packs``: inspection id -> the pack as it went out. ``differences``: what was changed in the forms that count
    (``inspection_form.differences``) with file and inspection_id; ``conflicts``: file, inspection_id, revision;
    ``unknown``: forms of inspections that never went out. ``misdated``: forms dated before the end of the period that
    they were drawn for (``inspection_id`` tells them) or more than ANSWERED_WITHIN after it, which no day would ever
    reach: file, inspection_id, sheet, row, found, first and last possible day.
    """
    found = _resolve(ingested, objects, until, None)
    names = {f.digest: f.file_name for f in ingested}
    forms = [r for r in found.rows["inspection"] if r["_source"] == _FORM]
    changed: list[Row] = []
    for head in forms:
        pack = packs.get(head["inspection_id"])
        if pack is None:
            continue
        own = {
            name: [r for r in rows if r["inspection_id"] == head["inspection_id"]]
            for name, rows in found.rows.items()
            if name != "defect_event"
        }
        about = {"inspection_id": head["inspection_id"], "file": names.get(head["_file_digest"], "")}
        changed += [about | d for d in differences(pack, own)]
    conflicts = [r | {"file": names.get(r.pop("digest"), "")} for r in found.conflicts]
    unknown = [
        {"inspection_id": r["inspection_id"], "file": names.get(r["_file_digest"], "")}
        for r in forms
        if r["inspection_id"] not in packs
    ]
    misdated = [r for head in found.forms for r in _misdated(head, packs.get(head["inspection_id"]), names)]
    return {"differences": changed, "conflicts": conflicts, "unknown": unknown, "misdated": misdated}


def _misdated(head: Row, pack: Mapping[str, Any] | None, names: Mapping[str, str]) -> list[Row]:
    day = head["inspected_date"]
    if pack is None or day is None or "on" not in pack:
        return []
    drawn = dt.date.fromisoformat(pack["on"])
    if drawn < day <= drawn + ANSWERED_WITHIN:
        return []
    about = {"inspection_id": head["inspection_id"], "file": names.get(head["_file_digest"], "")}
    place = {"sheet": head["_sheet"], "row": head["_row"], "found": day.isoformat()}
    days = {"first": drawn + dt.timedelta(days=1), "last": drawn + ANSWERED_WITHIN}
    return [about | place | {n: d.isoformat() for n, d in days.items()}]


# ------------------------------------------------------------------------------------------------ which form counts


@dataclass
class _Resolved:
    """Rows by canonical table, each with its place; conflicts as digest, inspection_id, revision; ``forms``: the heads
    of all forms, whatever their date and revision."""

    rows: dict[str, list[Row]]
    conflicts: list[Row]
    forms: list[Row]


def _resolve(
    ingested: Sequence[Ingested], objects: ObjectStore, until: dt.date, words: Mapping[str, Any] | None
) -> _Resolved:
    files = {(f.source_id, f.digest): f for f in sorted(ingested, key=lambda f: f.file_name) if f.refused is None}
    observed = {name: list(_read(files.values(), objects, name)) for name in _OBSERVED}
    reach = {f.digest: f.last_date or dt.date.min for f in files.values()}
    ids = _agency_ids(observed["agency"])
    heads, conflicts = _versions([_identified(r, ids) for r in observed["inspection"]], reach, until)
    chosen = {h["inspection_id"]: h for h in heads}

    def counts(row: Row) -> bool:
        head = chosen.get(row["inspection_id"])
        return head is not None and head["_file_digest"] == row["_file_digest"]

    found = [r for r in observed["defect_found"] if counts(r) or _alone(r, chosen, until)]
    rules = _shipped() if words is None else words
    named, ours = _words(rules), rules["letters_from"]
    events = [
        e
        for r in found
        for e in _events(r, chosen.get(r["inspection_id"]), named, ids)
        if e["event_date"] <= until and (e["kind"] != "closed" or e["event_date"] < ours)
    ]
    events += [r for r in observed["defect_event"] if r["event_date"] is not None and r["event_date"] <= until]
    unique = {e["event_id"]: e for e in sorted(events, key=_order, reverse=True)}
    rows = {
        "inspection": heads,
        "inspection_limit": [r for r in observed["inspection_limit"] if counts(r)],
        "inspection_measure": [r for r in observed["inspection_measure"] if counts(r)],
        "defect_event": list(unique.values()),
    }
    for name in NAMES:
        rows[name].sort(key=lambda r, key=TABLES[name].key: tuple(r[k] for k in key))  # type: ignore[misc]
    forms = sorted((r for r in observed["inspection"] if r["_source"] == _FORM), key=_order)
    return _Resolved(rows, conflicts, forms)


def _read(files: Iterable[Ingested], objects: ObjectStore, name: str) -> Iterable[Row]:
    for item in files:
        digest = item.observation_digests.get(name)
        if digest is not None:
            yield from objects.get_table(digest).to_pylist()


def _versions(rows: list[Row], reach: Mapping[str, dt.date], until: dt.date) -> tuple[list[Row], list[Row]]:
    """The row of each inspection that counts, and the conflicts."""
    by_id: dict[str, list[Row]] = {}
    for row in rows:
        if row["inspected_date"] is not None and row["inspected_date"] <= until:
            by_id.setdefault(row["inspection_id"], []).append(row)
    heads, conflicts = [], []
    for inspection_id in sorted(by_id):
        forms = [r for r in by_id[inspection_id] if r["_source"] == _FORM]
        chosen = None
        for revision in sorted({r["revision"] for r in forms}, reverse=True):
            same = sorted((r for r in forms if r["revision"] == revision), key=_order)
            if len({r["content"] for r in same}) == 1:
                chosen = same[0]
                break
            conflicts += [
                {"digest": r["_file_digest"], "inspection_id": inspection_id, "revision": revision} for r in same
            ]
        if chosen is None:
            lists = [r for r in by_id[inspection_id] if r["_source"] != _FORM]
            lists.sort(key=_order)
            chosen = max(lists, key=lambda r: reach[r["_file_digest"]], default=None)
        if chosen is not None:
            heads.append(chosen)
    return heads, conflicts


def _order(row: Row) -> tuple[str, str, int]:
    return row["_file_digest"], row["_sheet"] or "", row["_row"]


def _alone(row: Row, chosen: Mapping[str, Row], until: dt.date) -> bool:
    """A defect of an earlier list whose inspection is in no list, or in another file than the defects."""
    if row["_source"] != _HISTORY or row["found_date"] is None or row["found_date"] > until:
        return False
    head = chosen.get(row["inspection_id"])
    return head is None or head["_source"] == _HISTORY


# ------------------------------------------------------------------------------------------------ identity


def _agency_ids(rows: Sequence[Row]) -> dict[str, str]:
    """Name key -> code, for names that the agency list gives one code."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(text.name_key(row["agency_name"]), set()).add(row["agency_id"])
    return {key: next(iter(codes)) for key, codes in found.items() if len(codes) == 1}


def _identified(row: Row, ids: Mapping[str, str]) -> Row:
    """A row of an earlier list with agency_key and case_id; a form carries them."""
    if row["case_id"] is not None:
        return row
    key = row["agency_id"] or _agency_key(row["agency_name"], ids)
    return row | {"agency_key": key, "case_id": f"{key}|{text.case_no_key(row['case_no'])}"}


def _agency_key(name: str, ids: Mapping[str, str]) -> str:
    key = text.name_key(name)
    return ids.get(key) or f"N:{key}"


# ------------------------------------------------------------------------------------------------ events


@cache
def _shipped() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = config.load(ROOT / "include" / "config", "defects")
    return loaded


def _words(said: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Chinese name -> key, of categories and severities; a key stands for itself."""
    return {
        "category": _by_name({k: v["zh"] for k, v in said["categories"].items()}),
        "severity": _by_name(said["severities"]),
    }


def _by_name(names: Mapping[str, str]) -> dict[str, str]:
    return {_word(k): k for k in names} | {_word(zh): k for k, zh in names.items()}


def _word(value: str | None) -> str:
    return "".join(text.nfkc(value or "").split()).casefold()


def _events(row: Row, head: Row | None, words: Mapping[str, Mapping[str, str]], ids: Mapping[str, str]) -> list[Row]:
    """The finding, and for an earlier list what became of it: reported when an answer is dated, closed when it is."""
    defect_id = f"{row['inspection_id']}-D{row['number']:02d}"
    about = head if head is not None else _identified_finding(row, ids)
    day = about["inspected_date"]
    facts = {n: about.get(n) if n in about else row.get(n) for n in DEFECT_FACTS}
    facts |= {n: row[n] for n in ("description", "photos")}
    facts |= {n: words[n].get(_word(row[n])) for n in ("category", "severity")}
    facts |= {"found_date": day, "revision": about.get("revision")}
    facts["agency_name"] = facts["agency_name"] or facts["agency_key"]
    found = _event(row, defect_id, "found", day, deadline=row["deadline"], facts=facts)
    out = [found]
    answered = row["reported_date"] or row["closed_date"]
    if answered is not None:
        report = {"corrected_date": row["reported_date"], "extension_to": None}
        out.append(_event(row, defect_id, "reported", answered, evidence=row["evidence"], facts=report))
    if row["closed_date"] is not None:
        answers = {"answers": [out[-1]["event_id"]]}
        out.append(
            _event(
                row,
                defect_id,
                "closed",
                row["closed_date"],
                evidence=row["evidence"] or row["_source"],
                decided_by=row["_source"],
                facts=answers,
            )
        )
    return out


def _identified_finding(row: Row, ids: Mapping[str, str]) -> Row:
    """What a finding without an inspection row says of its case."""
    case = {n: row[n] for n in ("inspection_id", "agency_id", "agency_name", "case_no")}
    return _identified({**case, "case_id": None}, ids) | {"inspected_date": row["found_date"]}


def _event(row: Row, defect_id: str, kind: str, day: dt.date, **said: Any) -> Row:
    """A DEFECT_EVENT row with its place. Its id is the digest that ``probity.defects.events`` gives the same event."""
    event = {
        "defect_id": defect_id,
        "kind": kind,
        "event_date": day,
        "deadline": said.get("deadline"),
        "evidence": said.get("evidence"),
        "note": None,
        "decided_by": said.get("decided_by"),
        "facts": canonical.dumps(said["facts"]),
    }
    event_id = canonical.digest(list(event.values()))[:32]
    return {"event_id": event_id, **event, "source": row["_file_digest"], **{n: row[n] for n in _PLACE}}
