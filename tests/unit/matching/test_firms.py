"""Names on permits and the firms they mean. Real names appear only where a join of the real file is measured."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from probity import text
from probity.matching import firms
from probity.tables import TABLES


def register(*names: str) -> list[dict[str, str | None]]:
    return [{"firm": f"N:{text.name_key(n)}", "firm_name": n, "firm_key": text.name_key(n)} for n in names]


def found(written: str, *names: str) -> list[tuple[str, float, str, bool]]:
    table = firms.match([text.name_key(written)], register(*names))
    assert table.schema == TABLES["permit_firm"].arrow_schema()
    return [(r["firm_name"], r["confidence"], r["method"], r["sure"]) for r in table.to_pylist()]


@pytest.mark.parametrize(
    ("written", "firm", "confidence", "method", "sure"),
    [
        ("虛甲營造有限公司", "虛甲營造股份有限公司", 1.0, "exact", True),
        ("虛甲營造公司", "虛甲營造有限公司", 1.0, "exact", True),
        ("虛甲富裕營造股份有限公", "虛甲富裕營造股份有限公司", 0.97, "cut", True),
        ("虛甲工程有限", "虛甲工程有限公司", 0.97, "cut", True),
        ("虛甲乙丙丁戊己庚辛壬", "虛甲乙丙丁戊己庚辛壬癸營造有限公司", 0.95, "prefix", True),
        ("虛甲土木包工", "虛甲土木包工業", 0.90, "prefix", True),
        ("虛甲乙", "虛甲乙營造有限公司", 0.90, "stem", True),
        ("虛甲", "虛甲營造有限公司", 0.85, "stem", True),
        ("虛甲營造", "虛甲營造工程有限公司", 0.70, "stem", False),
        ("虛甲", "虛甲乙營造有限公司", 0.50, "prefix", False),
        ("虛甲電業", "虛甲營造有限公司", 0.40, "stem", False),
        ("虛", "虛營造有限公司", 0.30, "stem", False),
    ],
)
def test_confidence_by_way(written: str, firm: str, confidence: float, method: str, sure: bool) -> None:
    assert found(written, firm, "別家營造有限公司") == [(firm, confidence, method, sure)]


@pytest.mark.parametrize("written", ["2705056612", "26623497", "04-2222-3333", "", "小羅", "別"])
def test_a_phone_number_or_a_stranger_is_nobody(written: str) -> None:
    assert found(written, "虛甲營造有限公司", "26623497營造有限公司") == []


def test_rivals_make_it_unsure_and_are_shown() -> None:
    both = found("虛甲", "虛甲營造有限公司", "虛甲工程有限公司")
    assert [(c, s) for _, c, _, s in both] == [(0.85, False), (0.85, False)]
    assert found("虛甲營造", "虛甲營造有限公司", "虛甲工程有限公司") == [("虛甲營造有限公司", 1.0, "exact", True)]


def test_one_name_with_two_ids_is_unsure_with_one_id_it_is_one_firm() -> None:
    rows = register("虛甲營造有限公司")
    with_id = [*rows, rows[0] | {"firm": "12345675"}]
    assert firms.match(["虛甲營造"], with_id)["sure"].to_pylist() == [True, True]
    two = [*with_id, rows[0] | {"firm": "12345683", "firm_name": "虛甲營造股份有限公司"}]
    assert firms.match(["虛甲營造"], two)["sure"].to_pylist() == [False] * 3


def test_the_limit_is_the_caller_s_and_the_order_of_rows_is_none() -> None:
    rows = register("虛甲營造有限公司", "虛乙營造有限公司")
    assert firms.match(["虛甲", "虛乙營造"], rows, limit=0.9)["sure"].to_pylist() == [True, False]
    assert firms.match(["虛乙營造", None, "虛甲", "虛甲"], rows[::-1]).equals(firms.match(["虛甲", "虛乙營造"], rows))


# ------------------------------------------------------------------------------------------ the real file


@pytest.fixture(scope="module")
def names(shared: Path) -> Counter[str]:
    """Firm names of the 3,327 real permits, as written."""
    path = next((shared / "data" / "road_permits_taichung").glob("*utf8bom.csv"))
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return Counter(row["廠商名稱"] for row in csv.DictReader(handle))


@pytest.mark.parametrize("form", ["有限公司", "股份有限公司"])
def test_the_three_contractors_of_one_repaving_contract_are_sure(names: Counter[str], form: str) -> None:
    """展翊, 得意 and 安成 share a contract of 2021: every spelling on the permits joins to the award's winners."""
    winners = {f"{stem}營造{form}": stem for stem in ("展翊", "得意", "安成")}
    table = firms.match([text.name_key(n) for n in names], register(*winners)).to_pylist()
    firm = {row["firm_key"]: winners[row["firm_name"]] for row in table if row["sure"]}
    rows = Counter()
    for name, n in names.items():
        stem = firm.get(text.name_key(name))
        assert stem == next((s for s in winners.values() if s in name), None), name
        rows[stem] += n
    assert {s: rows[s] for s in ("展翊", "得意", "安成")} == {"展翊": 279, "得意": 254, "安成": 104}


def test_how_many_real_permits_find_their_firm(shared: Path, names: Counter[str]) -> None:
    """Against 2,476 real firms of another county almost nobody is found; with the city's own added, almost all are.

    Measured, so that a change of the rules shows: rows of permits that are sure, not sure, and nobody's.
    """
    others = set()
    for path in sorted((shared / "data" / "awards_hualien").glob("decision_index_*.json")):
        for notice in json.loads(path.read_text(encoding="utf-8")):
            others |= set((notice["brief"].get("companies") or {}).get("names") or ())
    own = {n.strip() for n in names if n.strip().endswith(("有限公司", "包工業", "工程行", "企業社", "水電行"))}

    def measured(firm_names: set[str]) -> tuple[int, int, int]:
        table = firms.match([text.name_key(n) for n in names], register(*sorted(firm_names))).to_pylist()
        sure: dict[str, bool] = {}
        for row in table:
            sure[row["firm_key"]] = sure.get(row["firm_key"], False) or row["sure"]
        rows = Counter({sure.get(text.name_key(n)): 0 for n in names})
        for name, n in names.items():
            rows[sure.get(text.name_key(name))] += n
        return rows[True], rows[False], rows[None]

    assert measured(others) == (42, 180, 3105)
    assert measured(others | own) == (2911, 0, 416)
