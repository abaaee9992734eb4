"""機關名冊: the agencies whose procurement is audited, with their codes and where their ethics office is reached.

In: xlsx/xls/ods/csv, columns in any order. Out: observations of agency. A name in this list stands for its code in
every source that gives names only.
"""

from __future__ import annotations

import pyarrow as pa

from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin

AGENCIES = Sheet(
    "agency",
    "機關名冊",
    (
        Field("agency_id", "機關代碼", aliases=("代碼", "機關編號"), required=True, note="如 3.87.10.1"),
        Field("agency_name", "機關名稱", aliases=("機關", "名稱"), required=True),
        Field("parent_id", "上級機關代碼", aliases=("上級機關", "主管機關代碼")),
        Field("district", "行政區", aliases=("區域", "鄉鎮市區")),
        Field("ethics_mail", "政風單位信箱", aliases=("政風信箱", "政風室信箱", "電子郵件", "政風單位電子郵件")),
    ),
    (("agency_id",), ("agency_name",), ("ethics_mail", "parent_id", "district")),
)

CONTRACT = Contract("agency_list", "機關名冊", (AGENCIES,))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    return {
        "agency": [obs.table("agency", {f.name: c.get(f.name) for f in AGENCIES.fields}, c, origin) for c in cleans]
    }
