"""The canonical tables of works inspection for a period, merged from the observations of all files.

In: ``Ingested`` files, a Period, the ObjectStore, the job's options (include/config/works.yaml). Out: project with its
firms, months, changes, permits and reports, the contractor register, and the procurement tables that signals compare
with. Why here: a contract stands in the works export, in award notices and in permits, each knowing a part.

Identity: ``agency_key|case_no key``, the same in every source and month. A contract of the export takes from its award
notice what the export lacks; an award of works that no export holds becomes a project by itself.

As of the period's last day: facts dated later are cut off. What an export says without a date (changed sum, valued sum,
state) counts only when the export is of the period (dated up to ``export_grace_days`` after its end), the latest first;
what later exports add is used for facts that do not change (title, award, place) and for dated facts of up to the last
day. So a backfill gives the same tables in whatever order its months are run.

Amounts of the export go before those of the notice, so that the gate sees when they differ by a factor of a thousand.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from probity.calendar import Period, years_before
from probity.matching import firms, pairs, roads
from probity.sources import merge
from probity.sources import observations as obs
from probity.sources.intake import Ingested
from probity.sources.setwork import arrow_table, connect, load_observations, run_sql, unique_files
from probity.sources.works_words import Words, known
from probity.store.objects import ObjectStore
from probity.tables import TABLES

STATIC = (
    "agency_name", "case_no", "title", "facility_raw", "category_code", "tender_notice_date", "award_date", "award_way",
    "budget", "reserve_price", "contract_amount", "start_date", "planned_end", "actual_end", "acceptance_date",
    "warranty_end", "district", "location", "x", "y", "station_start", "station_end", "width_m", "area_m2",
    "thickness_cm", "designer_name", "supervisor_name",
)  # fmt: skip
"""What does not change, or carries its own date: the first row that says it is believed."""

CHANGING = ("changed_amount", "changed_end", "valued_amount", "exec_state", "designated", "tip_off")
"""What an export says of its own day: only exports of the period are heard."""

SHARED = ("award_case", "bid", "debarment", "agency", "auditor", "audit_result", "conflict")
COMPARED = {"contract_amount": "award_amount", "budget": "budget", "award_date": "award_date"}
"""Fields in which an export and the award notice are held against each other (conflict)."""

CHILDREN = {
    "project_progress": ("month_seen", ""),
    "project_change": ("change_seen", ""),
    "project_firm": ("firm_seen", ", o._month AS month_end, o._sheet AS sheet"),
}
"""The other worksheets: the name of their rows with contract, and what else is asked of them."""


def build_works(
    ingested: Sequence[Ingested], period: Period, objects: ObjectStore, options: Mapping[str, Any]
) -> dict[str, pa.Table]:
    """The works tables of ``period`` by name: project, project_firm, project_change, project_progress, permit,
    permit_firm, complaint, project_permit, project_complaint, contractor, and of procurement award_case, bid,
    debarment, agency, auditor, audit_result, conflict.

    ``options``: history_years, export_grace_days, facilities (which are eligible) and the word lists. KeyError names
    an option that is missing.
    """
    awards = merge.build(ingested, period, objects, options["history_years"])
    files = unique_files(ingested)
    words = Words(options)
    with tempfile.TemporaryDirectory(prefix="probity-works-") as spill, connect(spill) as con:
        load_observations(con, files, objects, ("award_case", "tender", "agency", *obs.WORKS_TABLES))
        _span(con, period, options)
        run_sql(con, "agencies")
        run_sql(con, "works_rows")
        _exported(con)
        _children(con)
        _awards(con, awards)
        run_sql(con, "works_awards")
        run_sql(con, "works_facts")
        con.register("contract_known", _known(con, words))
        run_sql(con, "works_project")
        run_sql(con, "works_around")
        _full_names(con)
        run_sql(con, "works_firms")
        tables = {name: awards[name] for name in SHARED}
        tables |= _projects(con)
        tables |= _around(con, words)
        tables["agency"] = _agencies(tables["agency"], tables["project"])
        tables["conflict"] = _conflicts(tables["conflict"], tables["project"], awards["award_case"])
    return tables | _pairs(tables, options)


# ------------------------------------------------------------------------------------------------ loading


def _span(con: duckdb.DuckDBPyConnection, period: Period, options: Mapping[str, Any]) -> None:
    """The days and plain options as tables of one row."""
    last = period.last
    days = {
        "first_day": [years_before(period.first, int(options["history_years"]))],
        "last_day": [last],
        "grace_day": [last + dt.timedelta(days=int(options["export_grace_days"]))],
    }
    con.register("works_span", pa.table({name: pa.array(day, pa.date32()) for name, day in days.items()}))
    assumed = {"start_days": [int(options["assumed_start_days"])], "months": [int(options["assumed_months"])]}
    con.register("works_assumed", pa.table(assumed))
    con.register("works_facility", pa.table({"facility": pa.array(sorted(options["facilities"]), pa.string())}))


def _exported(con: duckdb.DuckDBPyConnection) -> None:
    """``exported``: a row a contract of the works exports, each field from the row believed first that has one."""
    static = ", ".join(f'arg_min(o."{c}", r.rank) AS "{c}"' for c in STATIC)
    changing = ", ".join(f'arg_min(o."{c}", r.rank) FILTER (r.timely) AS "{c}"' for c in CHANGING)
    con.execute(
        f"""
        CREATE TABLE merged AS
        SELECT
            r.ak, r.ck, bool_or(r.timely) AS timely,
            coalesce(nullif(count(*) FILTER (r.timely), 0), count(*)) AS n_rows, {static}, {changing}
        FROM obs_project AS o
        INNER JOIN file AS f ON f.digest = o._file_digest
        INNER JOIN project_row AS r ON r.fno = f.fno AND r.sheet = o._sheet AND r.row_no = o._row
        GROUP BY r.ak, r.ck
        """
    )
    titles = con.sql("SELECT ak, ck, title FROM merged").to_arrow_table()
    keyed = titles.select(["ak", "ck"]).append_column("title_key", obs.title_keys(titles["title"].combine_chunks()))
    con.register("merged_title", keyed)
    con.execute(
        "CREATE TABLE exported AS SELECT m.*, t.title_key FROM merged AS m JOIN merged_title AS t USING (ak, ck)"
    )


def _children(con: duckdb.DuckDBPyConnection) -> None:
    """``month_seen``, ``change_seen``, ``firm_seen``: the other worksheets' rows with their contract."""
    for name, (seen, more) in CHILDREN.items():
        con.execute(f"CREATE OR REPLACE VIEW works_child AS SELECT * FROM obs_{name}")
        run_sql(con, "works_children")
        own = [f'o."{c}"' for c in TABLES[name].names if c in obs.schema(name).names]
        con.execute(
            f"""
            CREATE TABLE {seen} AS
            SELECT
                r.ak, r.ck, w.timely, w.file_rank, {", ".join(own)}{more},
                row_number() OVER (ORDER BY w.file_rank, o._sheet, o._row, {", ".join(own)}) AS rank
            FROM obs_{name} AS o
            INNER JOIN file AS f ON f.digest = o._file_digest
            INNER JOIN works_file AS w ON w.fno = f.fno
            INNER JOIN works_child_ref AS r ON r.fno = f.fno AND r.sheet = o._sheet AND r.row_no = o._row
            """
        )
        con.execute("DROP TABLE works_child_ref")


def _awards(con: duckdb.DuckDBPyConnection, awards: Mapping[str, pa.Table]) -> None:
    """``works_award`` (award notices of works with the keys of number and title), ``bid``, ``contract_change``."""
    cases = awards["award_case"]
    works = pc.or_(
        pc.equal(cases["kind"], "works"),
        pc.and_(pc.is_null(cases["kind"]), pc.starts_with(cases["category_code"], "51")),
    )
    works = cases.filter(pc.fill_null(works, False))
    con.register("works_award", works.append_column("ck", obs.case_keys(works["case_no"].combine_chunks())))
    con.register("bid", awards["bid"])
    con.register("contract_change", awards["contract_change"])


def _full_names(con: duckdb.DuckDBPyConnection) -> None:
    """``full_of``: each firm's name as written, and the full name by which it is known to be the same company."""
    names = con.sql(
        "SELECT firm_name FROM firm_seen UNION SELECT firm_name FROM bid UNION SELECT firm_name FROM contractor_seen"
    ).to_arrow_table()["firm_name"]
    full = [merge.full_name(name) for name in names.to_pylist()]
    con.register("full_of", pa.table({"firm_name": names, "full_name": pa.array(full, pa.string())}))


# ------------------------------------------------------------------------------------------------ words


def _known(con: duckdb.DuckDBPyConnection, words: Words) -> pa.Table:
    """What the words of each contract say: facility, warranty, state, districts and roads."""
    facts = con.sql(
        """
        SELECT
            ak, ck, title, category_code, facility_raw, agency_name, award_date, start_date, exec_state,
            written_district, location
        FROM contract_fact
        ORDER BY ak, ck
        """
    ).to_arrow_table()
    rows = known(words, facts.to_pylist())
    schema = pa.schema(
        {"known_ak": pa.string(), "known_ck": pa.string(), "facility": pa.string(), "road_basis": pa.string()}
        | {"warranty_years": pa.int64(), "terminated": pa.bool_(), "finished": pa.bool_()}
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    title, place, written, agency = (_texts(facts, c) for c in ("title", "location", "written_district", "agency_name"))
    spoken = pc.binary_join_element_wise(pc.fill_null(place, ""), title, "；")
    named = pc.binary_join_element_wise(pc.fill_null(written, ""), spoken, pc.fill_null(agency, ""), "；")
    lists = [roads.districts_of(value) for value in named.to_pylist()]
    first = pa.array([found[0] if found else None for found in lists], pa.string())
    columns = {
        "title_key": obs.title_keys(title),
        "district": first,
        "districts": pa.array([",".join(sorted(found)) or None for found in lists], pa.string()),
        "road_keys": roads.road_keys_column(first, obs.made_characters(spoken)),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


# ------------------------------------------------------------------------------------------------ tables


def _projects(con: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    child = """
        SELECT p.case_id, c.* EXCLUDE (ak, ck)
        FROM {table} AS c INNER JOIN project AS p ON p.agency_key = c.ak AND p.ck = c.ck
    """
    return {
        "project": arrow_table(con, "project", "SELECT * FROM project"),
        "project_firm": arrow_table(con, "project_firm", "SELECT * FROM project_firm"),
        "project_change": arrow_table(con, "project_change", child.format(table="contract_step")),
        "project_progress": arrow_table(con, "project_progress", child.format(table="contract_month")),
    }


def _around(con: duckdb.DuckDBPyConnection, words: Words) -> dict[str, pa.Table]:
    """Permits, reports and the contractor register, with the roads that their places name."""
    permits = con.sql("SELECT * FROM permit_seen ORDER BY permit_id").to_arrow_table().combine_chunks()
    kinds = zip(*(permits[c].to_pylist() for c in ("case_type", "pipe_type", "title")), strict=True)
    con.register(
        "permit_keyed",
        permits.append_column("is_paving", pa.array([words.paving(*row) for row in kinds], pa.bool_())).append_column(
            "road_keys", _roads(permits)
        ),
    )
    reports = con.sql("SELECT * FROM complaint_seen ORDER BY complaint_id").to_arrow_table().combine_chunks()
    con.register("complaint_keyed", reports.append_column("road_keys", _roads(reports)))
    return {
        "permit": arrow_table(con, "permit", "SELECT * FROM permit_keyed"),
        "complaint": arrow_table(con, "complaint", "SELECT *, NULL::VARCHAR AS duplicate_of FROM complaint_keyed"),
        "contractor": arrow_table(con, "contractor", "SELECT * FROM contractor_seen"),
    }


def _roads(table: pa.Table) -> pa.Array:
    return roads.road_keys_column(table["district"], obs.made_characters(_texts(table, "location")))


def _texts(table: pa.Table, name: str) -> pa.Array:
    """A text column in one piece."""
    return pa.chunked_array(table[name].chunks, pa.string()).combine_chunks()


def _agencies(agency: pa.Table, project: pa.Table) -> pa.Table:
    """The agencies with those that only the works export names, under the code's nearest known parent."""
    listed = set(agency["agency_id"].to_pylist())
    named = zip(project["agency_id"].to_pylist(), project["agency_name"].to_pylist(), strict=True)
    found: dict[str, str] = {}
    for agency_id, name in sorted({pair for pair in named if pair[0] is not None and pair[0] not in listed}):
        found.setdefault(agency_id, name)
    everyone = listed | found.keys()
    rows = [
        {
            "agency_id": agency_id,
            "agency_name": name,
            "agency_key": agency_id,
            "parent_id": max((k for k in everyone if agency_id.startswith(k + ".")), key=len, default=None),
        }
        for agency_id, name in sorted(found.items())
    ]
    schema = TABLES["agency"].arrow_schema()
    return pa.concat_tables([agency, pa.Table.from_pylist(rows, schema=schema)]).sort_by("agency_id").combine_chunks()


def _conflicts(conflict: pa.Table, project: pa.Table, cases: pa.Table) -> pa.Table:
    """Adds where the works export and the award notice of one contract differ."""
    awards = {row["case_id"]: row for row in cases.select(["case_id", *sorted(set(COMPARED.values()))]).to_pylist()}
    rows = []
    wanted = project.select(["case_id", "award_case_id", "sources", *COMPARED])
    for row in wanted.filter(pc.is_valid(wanted["award_case_id"])).to_pylist():
        award = awards[row["award_case_id"]]
        for field, other in COMPARED.items():
            ours, theirs = row[field], award[other]
            if ours is not None and theirs is not None and ours != theirs:
                rows.append(
                    {
                        "case_id": row["case_id"],
                        "field": field,
                        "source_a": "works_projects",
                        "value_a": str(ours),
                        "source_b": "award_case",
                        "value_b": str(theirs),
                    }
                )
    table = pa.concat_tables([conflict, pa.Table.from_pylist(rows, schema=conflict.schema)])
    return table.sort_by([(k, "ascending") for k in TABLES["conflict"].key]).combine_chunks()


# ------------------------------------------------------------------------------------------------ what meets what


def _pairs(tables: Mapping[str, pa.Table], options: Mapping[str, Any]) -> dict[str, pa.Table]:
    """permit_firm, project_permit, project_complaint, and complaint with its repetitions marked."""
    names = ["firm", "firm_name", "firm_key"]
    register = pa.concat_tables([tables[n].select(names) for n in ("project_firm", "contractor", "bid")])
    register = register.group_by(names).aggregate([]).sort_by([(n, "ascending") for n in names])
    permit_firm = firms.match(tables["permit"]["firm_key"], register, float(options["firm_sure"]))
    permits = pairs.project_permits(tables["project"], tables["project_firm"], tables["permit"], permit_firm, options)
    complaint = tables["complaint"]
    at = complaint.schema.get_field_index("duplicate_of")
    complaint = complaint.set_column(at, complaint.schema.field(at), pairs.mark_duplicates(complaint, options))
    return {
        "permit_firm": permit_firm,
        "project_permit": permits,
        "complaint": complaint,
        "project_complaint": pairs.project_complaints(tables["project"], permits, tables["permit"], complaint, options),
    }
