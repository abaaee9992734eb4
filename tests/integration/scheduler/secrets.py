"""What must not be seen outside the restricted list: whoever and whatever a selection names.

In: a desk and selections. Out: the terms, and where they stand in texts. It reads the snapshots itself instead of
asking the product what is secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from probity.store import model
from probity.store.objects import ObjectStore
from tests.integration.scheduler.desk import JOB, Desk


def named(office: Desk, selection_id: str) -> set[str]:
    """Case numbers, ids and titles, agencies, all firms and their numbers, the auditors, of the listed cases."""
    objects = ObjectStore(office.settings.objects)
    row = office.selection(selection_id)
    manifest = objects.get_json(row["manifest_digest"])
    inputs = objects.get_json(objects.get_json(manifest["signals"])["inputs"])
    tables = {name: objects.get_table(snapshot["digest"]) for name, snapshot in inputs["snapshots"].items()}
    listed = {c["case_id"]: c for c in office.cases(selection_id)}
    terms: set[Any] = set(listed)
    for case in listed.values():
        terms |= {case["facts"][key] for key in ("case_no", "title", "agency_name")}
    for bid in tables["bid"].to_pylist():
        if bid["case_id"] in listed:
            terms |= {bid[key] for key in ("firm_name", "firm_id")}
    for person in tables["auditor"].to_pylist():
        terms |= {person["auditor_name"]}
    return {str(t) for t in terms if t and len(str(t)) > 1}


def found_in(text: str, terms: Iterable[str]) -> set[str]:
    """The terms that stand in ``text`` as words of their own, in clear or escaped as in JSON."""
    seen = set()
    plain = text if "\\u" not in text else text + json.dumps(text).encode().decode("unicode_escape", "replace")
    for term in terms:
        if term not in plain:
            continue
        ascii_only = term.isascii()
        if not ascii_only or re.search(rf"(?<![0-9A-Za-z]){re.escape(term)}(?![0-9A-Za-z])", plain):
            seen.add(term)
    return seen


def logs(office: Desk) -> Iterator[tuple[str, str]]:
    """Name and text of every log file: of the tasks, and of Airflow's own programs, which repeat some of it."""
    for path in sorted(office.stack.settings.home.joinpath("logs").rglob("*.log")):
        yield str(path.relative_to(office.settings.home)), path.read_text(encoding="utf-8", errors="replace")


def xcoms(office: Desk, run: str) -> Iterator[tuple[str, Any]]:
    """Task and key, and the value, of everything that the tasks of a run handed on."""
    path = f"/dags/{JOB}/dagRuns/{quote(run, safe='')}/taskInstances"
    listed = office.officer.request("GET", f"{path}/~/xcomEntries", params={"limit": 100})["xcom_entries"]
    for entry in listed:
        yield f"{entry['task_id']}.{entry['key']}", office.officer.xcom(JOB, run, entry["task_id"], entry["key"])


def trail_bodies(office: Desk) -> Iterator[tuple[str, str]]:
    for row in office.rows(model.TrailRecord):
        yield row["key"], row["body"]
