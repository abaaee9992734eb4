"""``./probity sources``: what has arrived for which period, what is missing, what is in quarantine.

In: the drop folder. Out: a table a source, a table a month (files per source, a dash where there is none), what the
newest month lacks and what follows from it, and every refused file with its reason.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from probity.ops.console import table
from probity.ops.words import text
from probity.settings import Settings

DEBARMENT_SHOWN = 7
HEAD = ("來源 source", "檔案 files", "讀入 rows in", "採用 rows out", "隔離 quarantined")


def show(settings: Settings) -> int:
    """0, or 1 when a file was refused."""
    from probity import sources
    from probity.calendar import Period
    from probity.store.objects import ObjectStore
    from probity.tables import FAMILIES

    settings.drop.mkdir(parents=True, exist_ok=True)
    arrived = sources.discover(settings.drop, settings)
    if not arrived:
        print(text("sources_none", folder=settings.drop))
        return 0
    objects = ObjectStore(settings.objects)
    ingested = [sources.ingest(item, settings, objects) for item in arrived]
    rows = sources.overview(ingested)
    names = {row["source_id"]: row["source"] for row in rows}
    table(HEAD, by_source(ingested, names))

    monthly = [row for row in rows if row["month"] and not row["refused"]]
    columns = sorted({row["source_id"] for row in monthly})
    print()
    table(("月份 month", *(names[c] for c in columns)), by_month(monthly, columns))

    refused = [row for row in rows if row["refused"]]
    if refused:
        print()
    for row in refused:
        print(text("sources_refused", file=row["files"], reason=row["refused"]))
    months = sorted({row["month"] for row in monthly if row["source_id"] != "debarment_feed"})
    if months:
        period = Period.parse(months[-1])
        covered = [line for family in FAMILIES for line in sources.coverage(ingested, period, family)]
        lines = list(dict.fromkeys(c["line"] for c in covered if c["state"] in ("missing", "late")))
        print("\n" + text("sources_missing" if lines else "sources_complete", roc=period.roc))
        for line in lines:
            print(f"  {line}")
    changes = sources.debarment_changes(ingested, objects)[-DEBARMENT_SHOWN:]
    if changes:
        print("\n" + text("sources_debarment", count=len(changes)))
    for change in changes:
        print(text("sources_debarment_row", **change))
    return 1 if refused else 0


def by_source(ingested: list[Any], names: dict[str, str]) -> list[tuple[object, ...]]:
    """(source, files, rows in, rows out, rows quarantined) of each source, each file counted once."""
    files: Counter[str] = Counter()
    counts: dict[str, list[int]] = {}
    for item in ingested:
        files[item.source_id] += 1
        sums = counts.setdefault(item.source_id, [0, 0, 0])
        for place, value in enumerate((item.rows_in, item.rows_out, item.rows_quarantined)):
            sums[place] += value
    return [(names.get(source, source), files[source], *counts[source]) for source in sorted(files)]


def by_month(rows: list[dict[str, Any]], columns: list[str]) -> list[tuple[object, ...]]:
    """A row a month: how many files of each source reach into it, None where there is none."""
    found = {(row["month"], row["source_id"]): row["files"] for row in rows}
    return [(month, *(found.get((month, c)) for c in columns)) for month in sorted({row["month"] for row in rows})]
