"""The real files that lie beside the checkout: counts and shapes only, nothing is said of any firm."""

import datetime as dt

import pytest

from probity import sources
from probity.calendar import Period
from probity.store.objects import ObjectStore


@pytest.fixture(scope="module")
def hualien(shared, tmp_path_factory):
    from probity.settings import Settings

    home = tmp_path_factory.mktemp("home")
    settings = Settings(home, shared / "data/awards_hualien", "", "", "")
    objects = ObjectStore(settings.objects)
    items = [sources.ingest(a, settings, objects) for a in sources.discover(settings.drop, settings)]
    return settings, objects, items


def test_every_hualien_file_is_known_and_no_row_is_lost(hualien):
    _, objects, items = hualien
    by_source = {s: [i for i in items if i.source_id == s] for s in ("award_csv", "award_vendors", "notice_index")}
    assert {s: sum(i.rows_in for i in found) for s, found in by_source.items()} == {
        "award_csv": 6124,
        "award_vendors": 6275,
        "notice_index": 6124,
    }
    assert all(i.refused is None and i.rows_quarantined == 0 for i in items)
    bad = [q for i in items if i.quarantine_digest for q in objects.get_table(i.quarantine_digest).to_pylist()]
    assert sorted({(q["field"], q["reason"]) for q in bad}) == [("award_amount", "below_minimum")]


def test_all_four_years_merge_to_one_case_a_notice(hualien):
    _, objects, items = hualien
    tables = sources.build(items, Period.parse("2013-12"), objects)
    cases = tables["award_case"].to_pandas()
    assert len(cases) == 6124
    assert cases["sources"].eq("award_csv,notice_index").all()
    assert set(cases["method"]) == {"open", "quotation", "restricted_public", "restricted"}
    assert set(cases["award_way"]) == {"lowest", "best_value", "best_value_quasi", "best_value_ref", "highest"}
    assert cases["kind"].value_counts().to_dict() == {"works": 3289, "services": 1793, "goods": 1042}
    assert int(cases["category_code"].eq("5131").sum()) > 50
    assert cases["case_id"].str.count(r"\|").max() == 3, "two notices of one day"
    late = (cases["award_notice_date"] - cases["award_date"]).apply(lambda d: d.days)
    assert late.max() == 3135
    bids = tables["bid"].to_pandas()
    assert bids.groupby("case_id").size().mean() > 2.5
    assert set(bids["case_id"]) <= set(cases["case_id"])
    assert (bids["firm_id"].dropna().str.len() == 8).all()


def test_each_month_holds_its_own_cases(hualien):
    _, objects, items = hualien
    total = 0
    for month in Period.parse("2012-Q1").months():
        tables = sources.build(items, month, objects)
        dates = tables["award_case"]["award_notice_date"].to_pylist()
        assert max(dates) <= month.last
        assert min(dates) >= dt.date(2010, 1, 1)
        total += sum(month.contains(d) for d in dates)
        states = {c["source_id"]: c["state"] for c in sources.coverage(items, month)}
        assert states["award_csv"] == states["notice_index"] == "ok"
    assert total > 300


def test_the_formats_folder(shared, settings, objects):
    found = {
        a.name: sources.ingest(a, settings, objects) for a in sources.discover(shared / "data/pcc_formats", settings)
    }
    read = {name: (i.source_id, i.rows_in) for name, i in found.items() if not i.refused}
    assert read == {
        "award_20260502_excerpt.xml": ("halfmonth_xml", 1),
        "g0VMCP_award_halfmonth.xml": ("halfmonth_xml", 2),
        "g0VMCP_tender_halfmonth.xml": ("halfmonth_xml", 3),
    }
    assert all("網頁" in i.refused for name, i in found.items() if name.endswith(".html"))
    tables = sources.build(list(found.values()), Period.parse("2026-05"), objects)
    assert tables["award_case"].num_rows == 3
    assert tables["bid"].num_rows == 6


def test_other_real_files_are_told_to_be_unknown(shared, settings):
    assert {a.source_id for a in sources.discover(shared / "data" / "collusion", settings)} == {None}
