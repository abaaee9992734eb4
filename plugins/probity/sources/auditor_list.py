"""稽核委員名冊: auditors and the agencies they served, for recusal.

作業規則 §15: an auditor stays out of cases of the agency served now or in the last three years.

In: xlsx/xls/ods/csv, a row each post held. Out: observations of auditor. Names stay inside: never to logs.
"""

from __future__ import annotations

import pyarrow as pa

from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin

AUDITORS = Sheet(
    "auditor",
    "稽核委員",
    (
        Field("auditor_id", "委員編號", aliases=("編號", "稽核委員編號"), required=True),
        Field("auditor_name", "姓名", aliases=("委員姓名",), required=True),
        Field("specialty", "專長", "choice", ("專長類別",), values=v.SPECIALTY, choices=v.SPECIALTY_CHOICES),
        Field("agency_id", "服務機關代碼", aliases=("機關代碼",)),
        Field("agency_name", "服務機關", aliases=("服務機關名稱", "機關名稱")),
        Field("served_from", "任職起日", "date", ("到職日", "起日")),
        Field("served_to", "任職迄日", "date", ("離職日", "迄日"), blanks=("迄今", "現職", "至今", "在職")),
    ),
    (("auditor_id",), ("auditor_name",)),
)

CONTRACT = Contract("auditor_list", "稽核委員名冊", (AUDITORS,))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    names = [f.name for f in AUDITORS.fields if f.name != "agency_name"]
    return {"auditor": [obs.table("auditor", {n: c.get(n) for n in names}, c, origin) for c in cleans]}
