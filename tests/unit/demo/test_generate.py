"""The demo corpus: the same bytes each time, nothing real in it, the answer sheet outside the drop folder."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pytest

from probity.demo import Truth, city, generate, generate_awards_csv
from probity.demo.files_eproc import CSV_COLUMNS
from probity.demo.model import Planted

PATTERNS = {f"P{n:02d}" for n in range(1, 21)} - {"P16"}
INDICATORS = {f"I{n}" for n in (13, 14, 17, 20, 24, 25, 27, 29, 30, 33, 36)}


def test_same_seed_same_bytes(drop: Path, truth: Truth, tmp_path: Path, digests) -> None:
    again = generate(tmp_path / "again", 110, ["2021-02", "2021-01"], "tiny")
    assert digests(tmp_path / "again") == digests(drop)
    assert again.to_json() == truth.to_json()
    other = generate(tmp_path / "other", 111, ["2021-01", "2021-02"], "tiny")
    assert other.to_json() != truth.to_json()


def test_every_pattern_is_planted_with_its_look_alikes(truth: Truth) -> None:
    planted = {p.pattern for p in truth.irregular}
    assert planted >= PATTERNS | INDICATORS
    assert {p.pattern for p in truth.lookalikes} >= {"P01", "P02", "P03", "P04", "P06", "P08", "P09", "P13", "P18"}
    assert all(isinstance(p, Planted) and p.why for p in truth.planted)
    for month in truth.months:
        in_month = {p.pattern for p in truth.irregular if p.case_id.split("|")[2].startswith(month.replace("-", ""))}
        assert in_month >= PATTERNS


def test_a_case_never_is_both_planted_and_look_alike_of_one_pattern(truth: Truth) -> None:
    bad = {(p.case_id, p.pattern) for p in truth.irregular}
    assert not bad & {(p.case_id, p.pattern) for p in truth.lookalikes}


def test_truth_is_not_in_the_drop_folder(drop: Path, truth: Truth) -> None:
    assert json.loads(truth.to_json())["seed"] == 110
    words = [p.why for p in truth.planted]
    for path in drop.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".csv", ".jsonl", ".xml"):
            text = path.read_bytes().decode("utf-8", "replace")
            assert "planted" not in text
            assert not any(w in text for w in words[:5])


def test_no_real_firm_and_no_real_number(truth: Truth, shared: Path) -> None:
    real_names: set[str] = set()
    for path in sorted((shared / "data" / "awards_hualien").glob("decision_index_*.json")):
        for record in json.loads(path.read_text(encoding="utf-8-sig")):
            real_names |= set(record["brief"]["companies"]["names"])
    ids = pd.read_csv(next((shared / "data" / "vendor_ids").glob("*.csv")), dtype=str)["vendor_id_raw"]
    assert not set(truth.firms) & real_names
    stems = {name[:3] for name in truth.firms}
    assert not {name for name in real_names if name[:3] in stems}
    town = city.build(random.Random(1), 400)
    assert not set(ids) & {f.ubn for f in town.firms}


def test_numbers_pass_the_mod_5_rule() -> None:
    town = city.build(random.Random(5), 400)
    numbers = [f.ubn for f in town.firms if f.ubn]
    assert len(set(numbers)) == len(numbers) > 350
    assert all(n.startswith("000") and n[6] != "7" and city.ubn_sum(n) % 5 == 0 for n in numbers)
    assert any(city.ubn_sum(n) % 10 for n in numbers), "some pass only the rule since 2023"


def test_agencies_are_never_mistaken_for_real_ones() -> None:
    town = city.build(random.Random(5), 400)
    assert 55 <= len(town.agencies) <= 70
    assert all(a.agency_id == "3.99" or a.agency_id.startswith("3.99.") for a in town.agencies)


@pytest.mark.parametrize(("months", "size"), [(["2021-13"], "tiny"), ([], "tiny"), (["2021-01"], "huge")])
def test_wrong_arguments_are_refused(tmp_path: Path, months: list[str], size: str) -> None:
    with pytest.raises(ValueError, match=r"months are given|size is one of"):
        generate(tmp_path, 1, months, size)


def test_bulk_csv(tmp_path: Path) -> None:
    path = generate_awards_csv(tmp_path / "bulk.csv", 5_000, 3)
    frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    assert list(frame.columns) == CSV_COLUMNS
    assert len(frame) == 5_000
    assert frame["case_key"].is_unique
    assert frame["announcement_date"].str[:6].nunique() == 24
    assert (frame["budget_amount"].astype(int) >= frame["award_amount"].astype(int)).all()
    assert path.read_bytes() == generate_awards_csv(tmp_path / "bulk2.csv", 5_000, 3).read_bytes()
