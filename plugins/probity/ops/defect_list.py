"""``./probity defects``: the list 列管 as of any day, as the office knew it by any moment.

In: a day, maybe a moment. Out: a row a defect, the counts, and the digest by which two such lists are the same.
"""

from __future__ import annotations

import datetime as dt

from probity.ops.console import table
from probity.ops.words import text
from probity.settings import Settings

TAIPEI = dt.timezone(dt.timedelta(hours=8))


def show(settings: Settings, as_of: str, known_by: str = "") -> int:
    """0. ``as_of``: 2021-03-05; ``known_by``: 2021-03-05T17:00, in Taipei unless it says otherwise. ValueError for what
    is neither."""
    from probity import config, defects, store
    from probity.jobs import defect_log
    from probity.store.objects import ObjectStore
    from probity.text import roc_date

    day = dt.date.fromisoformat(as_of)
    moment = dt.datetime.fromisoformat(known_by) if known_by else None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=TAIPEI)
    rules = defects.Rules(config.load(settings.config, "defects"))
    with store.session_scope(settings) as session:
        events = defect_log.known(session, day, moment)
    listed = defects.register(events, day, rules)
    if not listed.num_rows:
        print(text("defects_none", roc=roc_date(day)))
        return 0
    order = sorted(listed.to_pylist(), key=lambda r: (r["state"] == "closed", -r["overdue_days"], r["defect_id"]))
    rows = [
        (
            row["defect_id"],
            row["agency_name"],
            rules.severity_zh(row["severity"]),
            rules.category_zh(row["category"]),
            roc_date(row["deadline"]),
            text(f"defects_{row['state']}"),
            row["overdue_days"],
            row["cycle"],
        )
        for row in order
    ]
    table(tuple(text("defects_head").split("|")), rows)
    digest = ObjectStore(settings.objects).put_table(listed)
    print("\n" + text("defects_sum", roc=roc_date(day), digest=digest, **defects.summary(listed)))
    return 0
