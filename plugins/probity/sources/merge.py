"""The canonical tables of a period, merged from the observations of all files.

In: ``Ingested`` files, a Period, the ObjectStore. Out: award_case, bid, contract_change, correction, debarment,
agency, auditor, conflict and audit_result, each with its schema of ``probity.tables`` and sorted by its key.
Why here: one notice arrives in several sources and several times; it becomes one case, each field from the source
that knows best, what disagrees is listed in conflict, never settled in silence. The order of files does not matter.

Identity: agency (code, else the code of its name in the agency list or, where all sources agree, elsewhere) + case
number (text.case_no_key) + award-notice date; different notice ids on one day are two cases (sql/references.sql).
Precedence of a field: notice_detail > award_csv > award_vendors > notice_index > halfmonth_xml > city_list; within a
source a corrected notice, then the file that reaches furthest, then the lower digest. Invitations give tender dates,
deadlines and e-flags where no award notice has them. Exceptions: progress is the latest month up to the period's
end; city_award_amount and in_city_list come from the city's list alone.
A case in the city's list without any notice stands under its award date, with in_eproc false.
A bidder without 統編 takes the one that the same name has in the same case; else, for companies (whose names are
unique nationwide, 公司法 §18), the only one the full name has anywhere; its firm_id stays NULL in the second case.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from probity import canonical, text
from probity.calendar import Period, years_before
from probity.sources import debarment_feed
from probity.sources import observations as obs
from probity.sources.intake import Ingested
from probity.sources.setwork import PRECEDENCE, arrow_table, connect, load_observations, run_sql, unique_files
from probity.store.objects import ObjectStore
from probity.tables import TABLES

EPROC = tuple(s for s in PRECEDENCE if s != "city_list")

CONFLICT_FIELDS = (
    "title",
    "kind",
    "category_code",
    "method",
    "award_way",
    "restricted_clause",
    "budget",
    "procurement_amount",
    "reserve_price",
    "award_amount",
    "tender_notice_date",
    "deadline_date",
    "opening_date",
    "award_date",
    "award_notice_date",
    "n_bidders",
    "n_winners",
    "performance_start",
    "performance_end",
)
BID_CONFLICT_FIELDS = ("is_winner", "bid_amount", "award_amount", "original_bid", "is_disqualified")


def build(
    ingested: Sequence[Ingested], period: Period, objects: ObjectStore, history_years: int = 5
) -> dict[str, pa.Table]:
    """The canonical tables for ``period``: cases whose award notice lies in its last ``history_years`` years.

    Debarment: the union of the feed's snapshots up to the day after the period's last; when there is none, the
    earliest later one (``coverage`` says so). audit_result and auditor hold all that arrived.
    """
    files = unique_files(ingested)
    first, last = years_before(period.first, history_years), period.last
    with tempfile.TemporaryDirectory(prefix="probity-merge-") as spill, connect(spill) as con:
        load_observations(con, files, objects)
        con.register("span", pa.table({"first_day": [first], "last_day": [last]}))
        run_sql(con, "agencies")
        run_sql(con, "references")
        run_sql(con, "tenders")
        for name in ("obs_bid", "obs_contract_change", "obs_correction"):
            con.execute(f"CREATE OR REPLACE VIEW child AS SELECT * FROM {name}")
            run_sql(con, "children")
            con.execute(f"ALTER TABLE child_ref RENAME TO {name}_ref")
        cases = _merge_cases(con, last)
        con.register("award_case", cases)
        tables = {
            "award_case": cases,
            "bid": _merge_bids(con),
            "contract_change": arrow_table(con, "contract_change", _child_sql("contract_change", "change_no")),
            "correction": arrow_table(con, "correction", _correction_sql()),
            "conflict": _conflicts(con),
            "agency": _agencies(con),
            "auditor": _plain(con, "auditor"),
            "audit_result": _plain(con, "audit_result"),
        }
    tables["debarment"] = _debarment(files, period, objects)
    return tables


# ------------------------------------------------------------------------------------------------ cases

_SPECIAL = {
    "case_id",
    "agency_id",
    "agency_key",
    "award_notice_date",
    "planned_progress",
    "actual_progress",
    "progress_date",
    "city_award_amount",
    "in_city_list",
    "in_eproc",
    "sources",
    "n_observations",
    "failed_count",
    "previous_failed_date",
}
_PROGRESS = ("planned_progress", "actual_progress", "progress_date")
_FROM_TENDER = (
    "title",
    "kind",
    "category_code",
    "category_name",
    "method",
    "method_raw",
    "award_way",
    "award_way_raw",
    "budget",
    "procurement_amount",
    "amount_class",
    "deadline_date",
    "opening_date",
    "e_documents",
    "e_bidding",
    "public_viewing",
    "tender_round",
    "expansion_announced",
)


def _merge_cases(con: duckdb.DuckDBPyConnection, last: dt.date) -> pa.Table:
    """award_case: per field the value of the best-ranked observation that has one. Leaves ``observed`` behind.

    A case seen once (most of a large file) goes straight from its file to the result; only cases seen more than once
    are laid out and merged.
    """
    own = [c for c in TABLES["award_case"].names if c not in _SPECIAL and c in obs.schema("award_case").names]
    con.execute(
        """
        CREATE TABLE counted AS
        SELECT r.case_id, count(*) AS n
        FROM (SELECT case_id FROM ref UNION ALL SELECT case_id FROM tender_ref) AS r
        INNER JOIN wanted AS w ON w.case_id = r.case_id
        GROUP BY r.case_id
        """
    )
    columns = ", ".join(f'o."{c}"' for c in (*own, "failed_count", "previous_failed_date", *_PROGRESS))
    seen = f"""
        SELECT
            r.case_id, r.rank, r.source, r.is_city, r.is_correction, o.award_notice_date, false AS is_tender, {columns}
        FROM obs_award_case AS o
        INNER JOIN file AS f ON f.digest = o._file_digest
        INNER JOIN ref AS r ON r.fno = f.fno AND r.sheet = o._sheet AND r.row_no = o._row
        INNER JOIN counted AS c ON c.case_id = r.case_id
    """
    con.execute(f"CREATE TABLE observed AS {seen} WHERE c.n > 1")
    from_tender = ", ".join(f'o."{c}"' for c in _FROM_TENDER)
    con.execute(
        f"""
        INSERT INTO observed BY NAME
        SELECT
            t.case_id, t.rank, t.source, false AS is_city, false AS is_correction, true AS is_tender,
            CASE WHEN o.event = 'tender' THEN o.event_date END AS tender_notice_date, {from_tender}
        FROM obs_tender AS o
        INNER JOIN file AS f ON f.digest = o._file_digest
        INNER JOIN tender_ref AS t ON t.fno = f.fno AND t.sheet = o._sheet AND t.row_no = o._row
        """
    )
    con.execute(
        """
        CREATE TABLE covered AS
        SELECT DISTINCT date_trunc('month', nd) AS month, regexp_extract(ak, '^(\\d+\\.\\d+)', 1) AS root
        FROM cases
        WHERE in_city
        """
    )
    end = f"DATE '{last.isoformat()}'"
    timely = f"progress_date <= {end} OR (progress_date IS NULL AND actual_progress IS NOT NULL)"
    latest = "(coalesce(progress_date, DATE '1912-01-01') - DATE '1900-01-01') * -1000000000 + rank"
    merged = ",\n".join(f'arg_min("{c}", rank) AS "{c}"' for c in (*own, "failed_count", "previous_failed_date"))
    straight = ", ".join(f'"{c}"' for c in (*own, "failed_count", "previous_failed_date"))
    kept = ", ".join(f'm."{c}"' for c in own)
    return arrow_table(
        con,
        "award_case",
        f"""
        WITH merged AS (
            SELECT
                case_id,
                {merged},
                arg_min(planned_progress, {latest}) FILTER ({timely}) AS planned_progress,
                arg_min(actual_progress, {latest}) FILTER ({timely}) AS actual_progress,
                max(progress_date) FILTER (progress_date <= {end}) AS progress_date,
                arg_min(award_amount, rank) FILTER (is_city) AS city_award_amount,
                array_to_string(list_sort(list(DISTINCT source)), ',') AS sources,
                count(*) AS n_observations
            FROM observed
            GROUP BY case_id
            UNION ALL BY NAME
            SELECT
                case_id,
                {straight},
                CASE WHEN {timely} THEN planned_progress END AS planned_progress,
                CASE WHEN {timely} THEN actual_progress END AS actual_progress,
                CASE WHEN progress_date <= {end} THEN progress_date END AS progress_date,
                CASE WHEN is_city THEN award_amount END AS city_award_amount,
                source AS sources,
                1 AS n_observations
            FROM ({seen} WHERE c.n = 1)
        )
        SELECT
            w.case_id,
            CASE WHEN w.ak LIKE 'N:%' THEN NULL ELSE w.ak END AS agency_id,
            w.ak AS agency_key,
            w.nd AS award_notice_date,
            {kept},
            coalesce(m.failed_count, f.failed_count) AS failed_count,
            coalesce(m.previous_failed_date, f.previous_failed_date) AS previous_failed_date,
            m.planned_progress,
            m.actual_progress,
            m.progress_date,
            m.city_award_amount,
            CASE
                WHEN w.in_city THEN true
                WHEN c.month IS NOT NULL THEN false
            END AS in_city_list,
            w.in_eproc,
            m.sources,
            m.n_observations
        FROM wanted AS w
        INNER JOIN merged AS m ON m.case_id = w.case_id
        LEFT JOIN failed AS f ON f.case_id = w.case_id
        LEFT JOIN covered AS c
            ON c.month = date_trunc('month', w.nd) AND c.root = regexp_extract(w.ak, '^(\\d+\\.\\d+)', 1)
        """,
    )


# ------------------------------------------------------------------------------------------------ bidders and children

_BID_VALUES = (
    "firm_id_raw",
    "firm_id_class",
    "firm_name",
    "firm_key",
    "is_winner",
    "bid_amount",
    "award_amount",
    "original_bid",
    "is_disqualified",
    "lost_reason",
    "address",
    "phone",
    "representative",
    "founded_date",
    "is_subcontractor",
)


def _merge_bids(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """bid: a row a firm in a case; leaves ``bid_known`` behind."""
    values = ", ".join(f'o."{c}"' for c in _BID_VALUES)
    con.execute(
        f"""
        CREATE TABLE bid_seen AS
        SELECT
            r.case_id, o.firm_id, {values}, o._source AS source,
            f.prec * 1000000000000 + coalesce(20000 - (f.last_date - DATE '1990-01-01'), 30000) * 10000000
                + f.fno AS file_rank, o._sheet AS sheet, o._row AS row_no
        FROM obs_bid AS o
        INNER JOIN file AS f ON f.digest = o._file_digest
        INNER JOIN obs_bid_ref AS r
            ON r.fno = f.fno AND r.sheet = o._sheet AND r.row_no = o._row
            AND r.parent_row IS NOT DISTINCT FROM o._parent_row
        INNER JOIN wanted AS w ON w.case_id = r.case_id
        """
    )
    names = con.sql(
        "SELECT DISTINCT firm_name FROM bid_seen WHERE contains(firm_name, '公司') ORDER BY firm_name"
    ).to_arrow_table()["firm_name"]
    full = [full_name(n) for n in names.to_pylist()]
    con.register("company", pa.table({"firm_name": names.combine_chunks(), "full_name": pa.array(full, pa.string())}))
    con.execute(
        """
        CREATE TABLE company_id AS
        SELECT c.full_name, min(b.firm_id) AS firm_id
        FROM bid_seen AS b
        INNER JOIN company AS c ON c.firm_name = b.firm_name
        WHERE b.firm_id IS NOT NULL
        GROUP BY c.full_name
        HAVING min(b.firm_id) = max(b.firm_id)
        """
    )
    con.execute(
        """
        CREATE TABLE id_in_case AS
        SELECT case_id, firm_key, min(firm_id) AS firm_id
        FROM bid_seen
        WHERE firm_id IS NOT NULL
        GROUP BY case_id, firm_key
        HAVING min(firm_id) = max(firm_id)
        """
    )
    con.execute(
        """
        CREATE TABLE bid_known AS
        SELECT
            b.* EXCLUDE (firm_id),
            coalesce(b.firm_id, i.firm_id) AS firm_id,
            coalesce(b.firm_id, i.firm_id, k.firm_id, 'N:' || b.firm_key) AS firm,
            row_number() OVER (
                ORDER BY
                b.file_rank, b.sheet, b.row_no, b.firm_name, b.firm_id NULLS LAST, b.bid_amount, b.award_amount,
                b.is_winner, b.original_bid, b.lost_reason, b.address, b.phone
            ) AS rank
        FROM bid_seen AS b
        LEFT JOIN id_in_case AS i ON i.case_id = b.case_id AND i.firm_key = b.firm_key AND b.firm_id IS NULL
        LEFT JOIN company AS c ON c.firm_name = b.firm_name
        LEFT JOIN company_id AS k ON k.full_name = c.full_name
        """
    )
    con.execute("DROP TABLE bid_seen")
    skip = ("is_winner", "firm_id_class", "firm_id_raw")
    merged = ",\n".join(f'arg_min("{c}", rank) AS "{c}"' for c in _BID_VALUES if c not in skip)
    return arrow_table(
        con,
        "bid",
        f"""
        SELECT
            case_id,
            firm,
            min(firm_id) AS firm_id,
            coalesce(arg_min(firm_id_raw, rank) FILTER (firm_id_class LIKE 'ubn_ok%'), arg_min(firm_id_raw, rank))
                AS firm_id_raw,
            coalesce(
                arg_min(firm_id_class, rank) FILTER (firm_id_class LIKE 'ubn_ok%'),
                arg_min(firm_id_class, rank) FILTER (firm_id_class <> 'empty'),
                'empty'
            ) AS firm_id_class,
            coalesce(arg_min(is_winner, rank), false) AS is_winner,
            {merged}
        FROM bid_known
        GROUP BY case_id, firm
        """,
    )


def full_name(name: str) -> str:
    """A company's name for telling whether it is the same company: NFKC, variants, no blanks, form kept."""
    return text.title_key("".join(text.nfkc(name).split()))


def _child_sql(name: str, number: str) -> str:
    values = [c for c in TABLES[name].names if c not in ("case_id", number)]
    merged = ", ".join(f'arg_min(o."{c}", o.rank) AS "{c}"' for c in values)
    return f"""
        SELECT o.case_id, o."{number}", {merged}
        FROM (
            SELECT
                r.case_id,
                c.*,
                row_number() OVER (ORDER BY f.prec, f.last_date DESC NULLS LAST, f.fno, c._sheet, c._row) AS rank
            FROM obs_{name} AS c
            INNER JOIN file AS f ON f.digest = c._file_digest
            INNER JOIN obs_{name}_ref AS r ON r.fno = f.fno AND r.sheet = c._sheet AND r.row_no = c._row
            INNER JOIN wanted AS w ON w.case_id = r.case_id
        ) AS o
        GROUP BY o.case_id, o."{number}"
    """


def _correction_sql() -> str:
    """The city's corrections; those read from the portal's notices for cases of which the city lists none."""
    columns = ", ".join(f'"{c}"' for c in TABLES["correction"].names)
    return f"""
        WITH listed AS ({_child_sql("correction", "correction_no")})
        SELECT {columns} FROM listed
        UNION ALL
        SELECT {columns} FROM portal_correction WHERE case_id NOT IN (SELECT case_id FROM listed)
    """


# ------------------------------------------------------------------------------------------------ conflicts


def _conflicts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    con.execute(
        """
        CREATE TABLE shared_case AS
        SELECT * FROM observed WHERE NOT is_tender
        """
    )
    parts = []
    for name in CONFLICT_FIELDS:
        value = f'"{name}"::VARCHAR'
        if name == "award_notice_date":
            value = "CASE WHEN NOT is_correction THEN award_notice_date::VARCHAR END"
        parts.append(_conflict_sql(f"'{name}'", "shared_case", "case_id", value))
    con.execute(
        """
        CREATE TABLE shared_bid AS
        WITH pair AS (SELECT case_id, firm FROM bid_known GROUP BY case_id, firm HAVING count(*) > 1)
        SELECT b.*, b.case_id || chr(10) || b.firm AS pair
        FROM bid_known AS b INNER JOIN pair AS p ON p.case_id = b.case_id AND p.firm = b.firm
        """
    )
    for name in BID_CONFLICT_FIELDS:
        parts.append(_conflict_sql(f"'bid.{name}'", "shared_bid", "pair", f'"{name}"::VARCHAR'))
    found = con.sql(" UNION ALL ".join(parts)).to_arrow_table()
    rows = []
    for row in found.to_pylist():
        if row["field"] == "title" and _same_title(row["value_a"], row["value_b"]):
            continue
        case_id, _, firm = row.pop("id").partition("\n")
        if firm:
            who = firm if not firm.startswith("N:") else canonical.sha256(firm.encode())[:12]  # may be a person's name
            row["field"] = f"bid.{who}.{row['field'].removeprefix('bid.')}"
        rows.append({"case_id": case_id, **row})
    rows.sort(key=lambda r: tuple(r[k] for k in TABLES["conflict"].key))
    return pa.Table.from_pylist(rows, schema=TABLES["conflict"].arrow_schema())


def _conflict_sql(field: str, source: str, key: str, value: str) -> str:
    """Per key and other source the best-ranked value that differs from the kept one."""
    return f"""(
        WITH v AS (SELECT {key} AS id, source, rank, {value} AS value FROM {source}),
        said AS (SELECT * FROM v WHERE value IS NOT NULL),
        kept AS (
            SELECT id, arg_min(value, rank) AS value_a, arg_min(source, rank) AS source_a
            FROM said GROUP BY id HAVING min(value) <> max(value)
        )
        SELECT s.id, {field} AS field, k.source_a, k.value_a, s.source AS source_b, arg_min(s.value, s.rank) AS value_b
        FROM said AS s INNER JOIN kept AS k ON k.id = s.id
        WHERE s.value <> k.value_a
        GROUP BY s.id, k.source_a, k.value_a, s.source
    )"""


def _same_title(one: str, other: str) -> bool:
    """Are two titles the same but for width, variants, blanks and punctuation? Digits count."""
    return text.name_key(one) == text.name_key(other)


# ------------------------------------------------------------------------------------------------ registers


def _plain(con: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """A register: one row a key, the file that reaches furthest first."""
    table = TABLES[name]
    columns = ", ".join(f'"{c}"' for c in table.names)
    key = ", ".join(f'"{c}"' for c in table.key)
    return arrow_table(
        con,
        name,
        f"""
        SELECT {columns} FROM obs_{name} AS o INNER JOIN file AS f ON f.digest = o._file_digest
        QUALIFY row_number() OVER (
            PARTITION BY {key} ORDER BY f.last_date DESC NULLS LAST, f.fno, o._sheet, o._row
        ) = 1
        """,
    )


def _agencies(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The agency list; then agencies that only the period's cases name, under the code's nearest known parent."""
    return arrow_table(
        con,
        "agency",
        """
        WITH listed AS (
            SELECT agency_id, agency_name, parent_id, district, ethics_mail
            FROM obs_agency AS o INNER JOIN file AS f ON f.digest = o._file_digest
            QUALIFY row_number() OVER (PARTITION BY agency_id ORDER BY f.fno, o._sheet, o._row) = 1
        ),
        named AS (
            SELECT agency_id, agency_name, count(*) AS n
            FROM award_case
            WHERE agency_id IS NOT NULL AND agency_id NOT IN (SELECT agency_id FROM listed)
            GROUP BY agency_id, agency_name
            QUALIFY row_number() OVER (PARTITION BY agency_id ORDER BY n DESC, agency_name) = 1
        ),
        known AS (SELECT agency_id FROM listed UNION SELECT agency_id FROM named)
        SELECT agency_id, agency_name, agency_id AS agency_key, parent_id, district, ethics_mail FROM listed
        UNION ALL
        SELECT
            n.agency_id,
            n.agency_name,
            n.agency_id AS agency_key,
            (
                SELECT arg_max(k.agency_id, length(k.agency_id)) FROM known AS k
                WHERE starts_with(n.agency_id, k.agency_id || '.')
            ) AS parent_id,
            NULL AS district,
            NULL AS ethics_mail
        FROM named AS n
        """,
    )


# ------------------------------------------------------------------------------------------------ debarment


@dataclass(frozen=True)
class DebarmentChoice:
    """Which snapshots a period uses: ``used`` in order of date, ``late`` when only a later one exists."""

    snapshots: tuple[debarment_feed.Snapshot, ...]
    used: tuple[debarment_feed.Snapshot, ...]
    late: bool


def debarment_snapshots(ingested: Sequence[Ingested], period: Period) -> DebarmentChoice:
    """The feed's snapshots in order, and those a period uses (dated up to the day after its last day)."""
    found = [
        debarment_feed.Snapshot(f.last_date, f.digest, f.file_name, f.rows_out, f.observation_digests["debarment"])
        for f in unique_files(ingested)
        if f.source_id == "debarment_feed" and f.last_date is not None and "debarment" in f.observation_digests
    ]
    ordered = debarment_feed.in_order(found)
    good = [s for s in ordered if s.refused is None]
    used = [s for s in good if s.date <= period.last + dt.timedelta(days=1)]
    late = not used and bool(good)
    return DebarmentChoice(tuple(ordered), tuple(used or good[:1]), late)


def _debarment(files: list[Ingested], period: Period, objects: ObjectStore) -> pa.Table:
    """Every ban that a used snapshot holds, as its latest snapshot has it. Gone before its expiry: annulled."""
    table = TABLES["debarment"]
    used = debarment_snapshots(files, period).used
    latest = used[-1].date if used else None
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for snapshot in used:
        columns = (
            objects.get_table(snapshot.table).select([*table.names]).sort_by([(k, "ascending") for k in table.key])
        )
        for row in _unique(columns, table.key).to_pylist():
            known = rows.get(tuple(row[k] for k in table.key))
            row["first_listed"] = known["first_listed"] if known else snapshot.date
            row["last_listed"] = snapshot.date
            rows[tuple(row[k] for k in table.key)] = row
    for row in rows.values():
        seen = row["last_listed"]
        gone = latest is not None and seen < latest and row["expire_date"] is not None and row["expire_date"] > latest
        row["annulled"] = bool(row["annulled"]) or gone
    ordered = sorted(rows.values(), key=lambda r: tuple("" if r[k] is None else str(r[k]) for k in table.key))
    return pa.Table.from_pylist(ordered, schema=table.arrow_schema())


def _unique(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """One row a key; of several the one whose other values sort first (true duplicates fold)."""
    others = [c for c in table.column_names if c not in key]
    ordered = table.sort_by([(c, "ascending") for c in (*key, *others)])
    numbered = ordered.append_column("_i", pa.array(range(ordered.num_rows), pa.int64()))
    first = numbered.group_by(list(key)).aggregate([("_i", "min")]).column("_i_min").combine_chunks()
    return ordered.take(first.sort())
