"""What a published day of the defects is told with: its context, its files, its mails.

In: the list, the day's letters, the rules. Out: a plain JSON context (laid down by content, so that the same files can
be made again from it alone), the workbook, letters and correction forms, and the mails of the distribution.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from probity import canonical, defects, reports
from probity.calendar import Period
from probity.delivery import recipients
from probity.jobs import briefing, defect_log, post
from probity.jobs.office import Office
from probity.jobs.selecting import Files
from probity.reports import defect_letters, defect_workbook, render
from probity.sources import forms, inspection_form
from probity.text import roc_date


def of_day(session: Session, office: Office, job: str, period: str) -> list[str]:
    """Digests of the letters that the run of ``period`` wrote, each once, in order."""
    return sorted({row.content for row in defect_log.written(session, job, period)})


def context(
    office: Office,
    rules: defects.Rules,
    period: Period,
    publication: Mapping[str, Any],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """The facts of a published day. ``about``: id, revision, trail_head, ``again`` (the packs of re-inspections).

    Keys: job, period, period_roc, date, selection_id, revision, replaces_revision, manifest_digest, list_digest,
    trail_head, defects, today, counts, letters, packs, rules, ui_url.
    """
    tables = {n: office.objects.get_table(s["digest"]) for n, s in publication["snapshots"].items()}
    listed = [_worded(row, rules) for row in tables["defect"].to_pylist()]
    known = {row["defect_id"]: row for row in listed}
    today = [
        {k: e[k] for k in ("defect_id", "kind", "event_date", "deadline", "evidence", "note", "decided_by")}
        | {k: known[e["defect_id"]][k] for k in ("agency_name", "case_no", "title", "severity_zh", "category_zh")}
        for e in tables["defect_event"].to_pylist()
        if e["event_date"] == period.last and e["defect_id"] in known
    ]
    letters = [office.objects.get_json(digest) for digest in publication["letters"]]
    told = {
        "job": publication["job"],
        "period": period.key,
        "period_roc": period.roc,
        "date": period.last,
        "selection_id": about["id"],
        "revision": about["revision"],
        "replaces_revision": about["revision"] - 1 or None,
        "manifest_digest": canonical.digest(publication),
        "list_digest": publication["snapshots"]["defect"]["digest"],
        "trail_head": about["trail_head"],
        "defects": sorted(listed, key=lambda r: (-r["overdue_days"], r["deadline"], r["defect_id"])),
        "today": sorted(today, key=lambda e: (e["agency_name"], e["defect_id"], e["kind"])),
        "counts": defects.summary(tables["defect"]) | {"today": len(today), "letters": len(letters)},
        "letters": sorted(
            (x | {"defects": [_worded(row, rules) for row in x["defects"]]} for x in letters),
            key=lambda x: (x["due_date"], x["letter_id"]),
        ),
        "packs": list(about["again"]),
        "rules": dict(rules.on(period.last)),
        "ui_url": office.settings.ui_url,
    }
    return briefing.plain(told)


def again(
    letters: list[dict[str, Any]], sent: Mapping[str, Any], come_back: set[str], rules: defects.Rules
) -> list[dict[str, Any]]:
    """What the forms of re-inspections are filled with: one for each inspection of which ``letters`` close a grave
    defect, at the positions that were measured before, unless one is still out. ``sent``: inspection id -> pack."""
    out = []
    days = [(i, str(x["due_date"])) for x in letters if x["kind"] == "closed" for i in _looked_at_again(x, rules)]
    for number, day in sorted(dict(sorted(days)).items()):  # of several, the last
        waits = any(p["inspection"].get("reinspects") == number and i not in come_back for i, p in sent.items())
        if number not in sent or waits:
            continue
        pack = sent[number]
        root = number.rpartition("-")[0] if pack["inspection"].get("reinspects") else number
        n = 1 + sum(i.startswith(f"{root}-") for i in sent)
        own = pack["inspection"] | {"inspection_id": f"{root}-{n}", "reinspects": number}
        out.append(pack | {"on": day, "inspection": own})
    return out


def _looked_at_again(letter: Mapping[str, Any], rules: defects.Rules) -> set[str]:
    """The inspections whose closed defects want another look."""
    wanted = rules.on(render.as_date(letter["due_date"]) or dt.date.max)["reinspect"]
    return {row["inspection_id"] for row in letter["defects"] if row["severity"] in wanted}


def _worded(row: Mapping[str, Any], rules: defects.Rules) -> dict[str, Any]:
    words = {"category_zh": rules.category_zh(row["category"]), "severity_zh": rules.severity_zh(row["severity"])}
    return dict(row) | words


def files(context: Mapping[str, Any], templates: Path) -> Files:
    """(kind, file name) -> content: the list, each letter, and the correction form of each that wants an answer."""
    name = context["selection_id"]
    out: Files = {("workbook", f"{name}.xlsx"): defect_workbook.workbook_bytes(context, templates)}
    with tempfile.TemporaryDirectory() as folder:  # beside the published files a half-written form would be seen
        for letter in context["letters"]:
            out["letter", f"{letter['letter_id']}.docx"] = defect_letters.letter_bytes(letter, context, templates)
            if letter["answerable"]:
                form = Path(folder) / f"{letter['letter_id']}.xlsx"
                forms.write_correction_form(form, [_prefilled(row) for row in letter["defects"]])
                out["correction_form", form.name] = form.read_bytes()
        for pack in context["packs"]:
            form = Path(folder) / f"{pack['inspection']['inspection_id']}.xlsx"
            inspection_form.write(form, pack)
            out["inspection_form", form.name] = form.read_bytes()
    if context["packs"]:  # what comes back is held against it
        out["packs", f"{name}-packs.json"] = (canonical.dumps(context["packs"]) + "\n").encode()
    return out


def _prefilled(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the agency finds in the form: a defect's own words, dates as ROC texts."""
    kept = {k: row[k] for k in ("defect_id", "agency_name", "case_no", "title", "description")}
    dates = {"found_date": row["found_date"], "due_date": row["deadline"]}
    return (
        kept
        | {"category": row["category_zh"], "severity": row["severity_zh"]}
        | {k: roc_date(render.as_date(v)) for k, v in dates.items()}
    )


# -- distribution -----------------------------------------------------------------------------------------------
def parcels(office: Office, context: Mapping[str, Any], paths: Mapping[str, list[Path]]) -> Iterator[post.Parcel]:
    """The mails of a published day: who gets it on that day, each with what its level may see."""
    settings, on = office.settings, render.as_date(context["date"])
    if on is None:
        raise ValueError("the context has no date")
    for person in recipients.for_report(recipients.load(settings.config), context["job"], on):
        attached = _attached(person, context, paths)
        if person.level == "agency" and not attached:
            continue
        documents = [{"name": n, "digest": canonical.sha256(d), "size": len(d)} for n, d in sorted(attached.items())]
        shown = ("period_roc", "selection_id", "revision", "manifest_digest", "list_digest", "trail_head", "counts")
        values = {k: context[k] for k in shown}
        values |= {"documents": documents, "level": person.level, "kinds": _kinds(context), "ui_url": context["ui_url"]}
        values["office"] = defect_letters.office(context["job"], settings.templates)
        yield post.Parcel(person, reports.mail("defect_list", values, settings.templates), attached)


def _kinds(context: Mapping[str, Any]) -> list[list[Any]]:
    """How many letters of each kind, by kind."""
    kinds = [x["kind"] for x in context["letters"]]
    return [[k, kinds.count(k)] for k in sorted(set(kinds))]


def _attached(
    person: recipients.Recipient, context: Mapping[str, Any], paths: Mapping[str, list[Path]]
) -> dict[str, bytes]:
    there = {kind: [p for p in found if p.is_file()] for kind, found in paths.items()}
    if person.level == "figures":
        return {}
    mine = {x["letter_id"] for x in context["letters"] if person.level == "full" or person.agency in _readers(x)}
    sent = [p for kind in ("letter", "correction_form") for p in there.get(kind, []) if p.stem in mine]
    if person.level == "agency":
        return {p.name: p.read_bytes() for p in sent}
    attached = {p.name: p.read_bytes() for kind in ("workbook", "inspection_form") for p in there.get(kind, [])}
    if sent:
        name = f"{context['selection_id']}-letters.zip"
        attached[name] = reports.zip_files({p.name: p.read_bytes() for p in sent})
    return attached


def _readers(letter: Mapping[str, Any]) -> set[str]:
    """Keys of the agencies that a letter goes to, in person or as a copy."""
    keys = {"agency": letter["agency_key"], "superior": letter["superior_key"]}
    to = letter["to"] if letter["to_superior"] else "agency"
    return {keys[k] for k in (to, *letter["copies"]) if keys.get(k)}


def secret_terms(context: Mapping[str, Any]) -> list[str]:
    """What no mail body may name: defects' cases, titles, agencies and firms."""
    rows = [*context["defects"], *(row for x in context["letters"] for row in x["defects"])]
    terms = {str(row[k]) for row in rows for k in ("case_id", "case_no", "title", "agency_name") if row[k]}
    terms |= {firm for row in rows for firm in str(row["firm_name"] or "").split("、") if firm}
    terms |= {str(x["superior_name"]) for x in context["letters"] if x["superior_name"]}
    return post.plain_terms(terms, {"office": defect_letters.office(context["job"])})
