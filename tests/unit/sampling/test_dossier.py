"""The one file of a sample: commitment, draw, findings, limit; the offline verifier accepts it, finds every change."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from probity import draw, sampling
from probity.sampling import dossier, units

INCLUDE = Path(__file__).resolve().parents[3] / "include"
SCRIPTS = ("verify_draw.py", "verify_sample.py")


def verify(folder: Path, document: dict[str, Any], *published: str) -> tuple[int, str]:
    """Run the verifier on a copy, in a folder of its own, without site packages."""
    for name in SCRIPTS:
        shutil.copy(INCLUDE / name, folder / name)
    (folder / "sample.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(folder / "verify_sample.py"), str(folder / "sample.json"), *published],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def attributes() -> dict[str, Any]:
    """800 requests, hypergeometric plan, two candidates unavailable, one error found."""
    model = sampling.Model(sampling.HYPERGEOMETRIC, 800)
    plan = sampling.plan(model, "0.9", "0.05", "0.01")
    ids = [f"請託-{i:04d}" for i in range(800)]
    how = dossier.rule(dossier.COUNTS, "0.9", "0.05", model=model)
    drawing = draw.Plan({"all": ids}, {"all": plan.n}, reserves=3)
    first = draw.draw(drawing, 77)["tickets"][0]["id"]
    document = sampling.open_draw(sampling.size_by_plan(plan), drawing, how, "77", {first: "已調查"})
    assert document["commitment"] == sampling.commit(sampling.size_by_plan(plan), drawing, how)["commitment"]
    sample = sampling.sample_of(document)
    assert len(sample) == plan.n and first not in sample
    return sampling.close(document, {i: int(i == sample[4]) for i in sample})


def money(base: str = "binomial") -> dict[str, Any]:
    """A line with certain items, two of which are wrong, drawn by cells."""
    amounts: list[Any] = [5_000_000, 3_000_000, *[1000 + 37 * i for i in range(300)], "12.50", 0]
    ids = [f"帳-{i:03d}" for i in range(len(amounts))]
    plan = units.UnitPlan(ids, 40, units.CELL, amounts, apart=True, reserves=2, purpose="補助款")
    size = {"kind": "share", "rounding": "up", "population": 395, "share": "1/10", "minimum": 0, "sample_size": 40}
    how = dossier.rule(dossier.STRINGER, "0.95", "0.08", base=base)
    free = units.draw(plan, "1100405")
    absent = free["points"][3]["id"]
    document = sampling.open_draw(size, plan, how, "1100405", {absent: "檔案滅失"})
    sample = sampling.sample_of(document)
    wrong = {sample[0]: "0.01", sample[5]: "0.5", sample[9]: "0.2", sample[11]: "-0.3"}
    return sampling.close(document, {i: wrong.get(i, "0") for i in sample})


def poisson() -> dict[str, Any]:
    model = sampling.Model(sampling.POISSON)
    plan = sampling.plan(model, "0.95", "0.1", 1)
    ids = [f"P{i}" for i in range(500)]
    chosen = units.UnitPlan(ids, plan.n, units.INTERVAL, None, reserves=1)
    how = dossier.rule(dossier.COUNTS, "0.95", "0.1", model=model)
    document = sampling.open_draw(sampling.size_by_plan(plan), chosen, how, 5)
    sample = sampling.sample_of(document)
    return sampling.close(document, {i: int(i == sample[0]) for i in sample})


def strata() -> dict[str, Any]:
    """Stratified with sizes by proportion; the limit at an effective size is named as not replayed."""
    population = {"A": [f"A{i}" for i in range(60)], "B": [f"B{i}" for i in range(30)]}
    size = sampling.size_by_share(90, "0.10", 5)
    sizes = sampling.proportional(size["sample_size"], {s: len(ids) for s, ids in population.items()}, 3)
    how = dossier.rule(dossier.STRATIFIED, "0.95", "0.5")
    document = sampling.open_draw(
        size, draw.Plan(population, sizes, weights={i: 2 for p in population.values() for i in p}), how, 3
    )
    return sampling.close(document, dict.fromkeys(sampling.sample_of(document), 0))


def planned(kind: str, prior: sampling.Prior | None = None, **options: Any) -> Callable[[], dict[str, Any]]:
    """A sample planned and evaluated by ``kind``, one result in twelve wrong, in part where parts can be."""

    def make() -> dict[str, Any]:
        population = 150 if kind == sampling.HYPERGEOMETRIC else None
        model = sampling.Model(kind, population, prior)
        plan = sampling.plan(model, "0.9", "0.15", **options)
        ids = [f"R{i}" for i in range(150)]
        how = dossier.rule(dossier.COUNTS, "0.9", "0.15", model=model)
        chosen = draw.Plan({"all": ids}, {"all": plan.n})
        document = sampling.open_draw(sampling.size_by_plan(plan), chosen, how, 8)
        part = 1 if model.whole_errors else Fraction(3, 5)
        return sampling.close(document, {i: part * (k % 12 == 0) for k, i in enumerate(sampling.sample_of(document))})

    return make


FILES: list[Callable[[], dict[str, Any]]] = [
    attributes,
    money,
    lambda: money("poisson"),
    poisson,
    strata,
    planned("binomial", prior=sampling.Prior.of("1.5", 12), expected="0.02", whole_errors=False),
    planned("binomial", prior=sampling.Prior.uniform(), expected=1),
    planned("poisson", prior=sampling.Prior.of(1, 9)),
    planned("poisson", expected="0.03"),
    planned("hypergeometric", prior=sampling.Prior.of("1.5", 12), expected="0.01"),
    planned("binomial", precision="0.1", expected="0.02"),
]


@pytest.mark.parametrize("make", FILES)
def test_the_verifier_replays_the_whole_file(tmp_path: Path, make: Callable[[], dict[str, Any]]) -> None:
    document = make()
    code, said = verify(tmp_path, document, document["commitment"])
    assert code == 0, said
    assert "IDENTICAL" in said
    code, said = verify(tmp_path, document, "0" * 64)
    assert code == 1 and "published" in said


def test_the_draw_part_passes_the_draws_own_verifier(tmp_path: Path) -> None:
    shutil.copy(INCLUDE / "verify_draw.py", tmp_path)
    (tmp_path / "draw.json").write_text(json.dumps(attributes()["draw"], ensure_ascii=False), encoding="utf-8")
    script = [sys.executable, "-S", str(tmp_path / "verify_draw.py"), str(tmp_path / "draw.json")]
    assert subprocess.run(script, check=False, capture_output=True).returncode == 0


def set_at(document: dict[str, Any], *path: Any) -> dict[str, Any]:
    """A copy with another value at a place: the last of ``path`` is the value."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-2]:
        place = place[key]
    place[path[-2]] = path[-1]
    return changed


def test_every_change_is_found(tmp_path: Path) -> None:
    whole, line = attributes(), money()
    upper = whole["evaluation"]["upper_errors"]
    changes = [
        set_at(whole, "size", "sample_size", whole["size"]["sample_size"] - 1),
        set_at(whole, "size", "tolerable", "3/50"),
        set_at(whole, "rule", "confidence", "4/5"),
        set_at(whole, "draw", "tickets", 2, "status", "replaced"),
        set_at(whole, "draw", "tickets", 2, "id", "請託-9999"),
        set_at(whole, "draw", "seed", "78"),
        set_at(whole, "findings", 0, "error", "1"),
        set_at(whole, "findings", whole["findings"][1:]),
        set_at(whole, "evaluation", "upper_errors", upper - 1),
        set_at(whole, "evaluation", "upper_errors", upper + 1),
        set_at(whole, "evaluation", "accepted", not whole["evaluation"]["accepted"]),
        set_at(line, "draw", "items", 7, 1, "999999"),
        set_at(line, "draw", "points", 1, "id", line["draw"]["points"][0]["id"]),
        set_at(line, "draw", "points", 1, "unit", 5),
        set_at(line, "draw", "certain", []),
        set_at(line, "evaluation", "limits", 0, "0.05"),
        set_at(line, "evaluation", "limits", 1, "0.5"),
        set_at(line, "evaluation", "upper_text", "1"),
        set_at(line, "evaluation", "rates", "upper_text", "0.01"),
        set_at(line, "evaluation", "accepted", not line["evaluation"]["accepted"]),
        set_at(line, "draw", "purpose", "別的"),
    ]
    for changed in changes:
        code, said = verify(tmp_path, changed)
        assert code == 1 and "DIFFERS" in said, said


def test_a_commitment_tells_no_ids_and_binds_every_rule() -> None:
    plan = draw.Plan({"all": [f"機密{i}" for i in range(50)]}, {"all": 5})
    size = sampling.size_by_share(50, "0.1")
    model = sampling.Model(sampling.BINOMIAL)
    base = sampling.commit(size, plan, dossier.rule(dossier.COUNTS, "0.95", "0.1", model=model))
    assert "機密" not in json.dumps(base, ensure_ascii=False)
    others = [
        sampling.commit(size, plan, dossier.rule(dossier.COUNTS, "0.9", "0.1", model=model)),
        sampling.commit(size, plan, dossier.rule(dossier.COUNTS, "0.95", "0.2", model=model)),
        sampling.commit(size, plan, dossier.rule(dossier.STRATIFIED, "0.95", "0.1")),
        sampling.commit(size, plan, dossier.rule(dossier.NONE, "0.95")),
        sampling.commit(sampling.size_by_share(50, "0.09"), plan, base["rule"]),
        sampling.commit(size, draw.Plan({"all": plan.population["all"]}, {"all": 5}, reserves=1), base["rule"]),
    ]
    assert len({c["commitment"] for c in [base, *others]}) == 7


def test_results_must_be_those_of_the_drawn() -> None:
    plan = draw.Plan({"all": list("abcdef")}, {"all": 2})
    how = dossier.rule(dossier.COUNTS, "0.95", model=sampling.Model(sampling.BINOMIAL))
    document = sampling.open_draw(sampling.size_by_share(6, "0.3"), plan, how, 1)
    first, second = sampling.sample_of(document)
    with pytest.raises(ValueError, match="not come back"):
        sampling.close(document, {first: 0})
    with pytest.raises(ValueError, match="not drawn"):
        sampling.close(document, {first: 0, second: 0, "z": 1})
    with pytest.raises(ValueError, match="the plan draws"):
        sampling.commit(sampling.size_by_share(6, "0.5"), plan, how)


def test_only_certain_items_leave_nothing_to_project() -> None:
    plan = units.UnitPlan(["a", "b", "c"], 2, units.INTERVAL, [60, 40, 0], apart=True)
    size = {"kind": "share", "rounding": "up", "population": 20, "share": "1/10", "minimum": 0, "sample_size": 2}
    document = sampling.open_draw(size, plan, dossier.rule(dossier.STRINGER, "0.95", "0.1"), 9)
    assert sampling.sample_of(document) == ["a", "b"] and document["draw"]["points"] == []
    closed = sampling.close(document, {"a": Fraction(1, 10), "b": 0})
    assert closed["evaluation"]["known"] == "6" and closed["evaluation"]["accepted"] is True


def test_an_evaluation_that_does_not_fit_the_draw_is_refused() -> None:
    size, binomial = sampling.size_by_share(4, "0.5"), sampling.Model(sampling.BINOMIAL)
    counts = dossier.rule(dossier.COUNTS, "0.95", model=binomial)
    two = draw.Plan({"a": ["1", "2"], "b": ["3", "4"]}, {"a": 1, "b": 1})
    weighted = draw.Plan({"a": list("1234")}, {"a": 2}, weights={"1": 1, "2": 1, "3": 2, "4": 1})
    line = units.UnitPlan(list("1234"), 2, units.INTERVAL, [5, 5, 5, 100], apart=True)
    for plan, kind in (
        (two, counts),
        (weighted, counts),
        (line, counts),
        (line, dossier.rule(dossier.STRATIFIED, "0.9")),
        (two, dossier.rule(dossier.STRINGER, "0.9")),
    ):
        with pytest.raises(ValueError):
            sampling.commit(size, plan, kind)
    document = sampling.open_draw(size, weighted, dossier.rule(dossier.NONE, "0.95"), 1)
    assert sampling.close(document, dict.fromkeys(sampling.sample_of(document), 1))["evaluation"] is None
