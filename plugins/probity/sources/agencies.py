"""The agency list alone: who is whose superior, for jobs that read no awards.

In: ``Ingested`` files. Out: AGENCY as the lists give it, as ``probity.sources.merge`` reads them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import pyarrow as pa

from probity.sources.intake import Ingested
from probity.sources.setwork import arrow_table, connect, load_observations, unique_files
from probity.store.objects import ObjectStore


def build_agencies(ingested: Sequence[Ingested], objects: ObjectStore) -> pa.Table:
    """AGENCY of the agency lists that arrived, sorted by its key."""
    with tempfile.TemporaryDirectory(prefix="probity-agencies-") as spill, connect(spill) as con:
        load_observations(con, unique_files(ingested), objects, ("agency",))
        return arrow_table(
            con,
            "agency",
            """
            SELECT agency_id, agency_name, agency_id AS agency_key, parent_id, district, ethics_mail
            FROM obs_agency AS o INNER JOIN file AS f ON f.digest = o._file_digest
            QUALIFY row_number() OVER (PARTITION BY agency_id ORDER BY f.fno, o._sheet, o._row) = 1
            """,
        )
