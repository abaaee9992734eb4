"""The draw: published cases of the ticket rule, uniformity, stability, weights, and the offline verifier."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probity import draw, tickets

VERIFIER = Path(__file__).resolve().parents[3] / "include" / "verify_draw.py"
LETTERS = ["a", "b", "c", "d", "e"]


@pytest.fixture(scope="module")
def published(shared: Path) -> dict:
    return json.loads((shared / "data/audit_sampling/consistent_sampler_cases.json").read_text(encoding="utf-8"))


def test_published_cases_of_the_consistent_sampler(published: dict) -> None:
    for case in published["cases"]:
        ids = case["ids"]
        if isinstance(ids, dict):
            ids = [ids["format"].format(i=i) if "format" in ids else i for i in range(ids["range"])]
        args, seed = case["args"], case["seed"]
        take, drop = args.get("take", len(ids)), args.get("drop", 0)
        method = tickets.sample_with_replacement if args.get("with_replacement") else tickets.sample
        got = method(ids, take, seed, drop)
        if "threshold_lt" in args:
            got = [t for t in got if t.number < args["threshold_lt"]]
        if args.get("output") == "id":
            assert [t.id for t in got] == [str(i) for i in case["expected"]]
        else:
            digits = args.get("digits", 9)
            assert [[tickets.trim(t.number, digits), t.id, t.generation] for t in got] == case["expected"]


def test_published_primitives(published: dict) -> None:
    functions = {
        "sha256_uniform": tickets.uniform,
        "first_fraction": lambda pair: tickets.ticket_number(*pair),
        "next_fraction": tickets.next_number,
        "trim": lambda pair: tickets.trim(*pair),
    }
    for case in published["primitives"]:
        assert functions[case["fn"]](case["input"]) == case["expected"]


def test_known_tickets_without_the_shared_files() -> None:
    """The five-letter example of the reference program's documentation."""
    got = [(tickets.trim(t.number), t.id) for t in tickets.tickets(LETTERS, 52)]
    assert got == [
        ("0.054468191", "d"),
        ("0.197384308", "b"),
        ("0.302883911", "e"),
        ("0.366142288", "a"),
        ("0.492683857", "c"),
    ]


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=6), min_size=1, max_size=60), st.integers(0, 60), st.integers(0, 10**9))
def test_sample_is_the_head_of_the_full_order_whatever_the_row_order(ids: set[str], n: int, seed: int) -> None:
    order = tickets.tickets(ids, seed)
    assert tickets.sample(sorted(ids), n, seed) == order[:n]
    assert tickets.sample(sorted(ids, reverse=True), n, seed) == order[:n]


def test_fast_path_agrees_with_full_sort() -> None:
    ids = [f"3.87.{i % 40}|110-{i}|20210315" for i in range(5000)]
    for n in (1, 7, 600, 625, 700):
        assert tickets.sample(ids, n, "1100405") == tickets.tickets(ids, "1100405")[:n]


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 10**6), min_size=5, max_size=80), st.integers(10**7, 10**8), st.integers(0, 999))
def test_one_more_candidate_does_not_reshuffle_the_others(ids: set[int], newcomer: int, seed: int) -> None:
    before = [t.id for t in tickets.tickets(ids, seed)]
    after = [t.id for t in tickets.tickets([*ids, newcomer], seed)]
    assert [i for i in after if i != str(newcomer)] == before


def test_every_candidate_is_drawn_equally_often() -> None:
    """Chi-square over 3,000 seeds; the sample is without replacement, so the statistic is scaled by (N-1)/(N-n)."""
    ids, n, seeds = [f"C{i:02d}" for i in range(20)], 5, 3000
    counts = dict.fromkeys(ids, 0)
    for seed in range(seeds):
        for ticket in tickets.sample(ids, n, seed):
            counts[ticket.id] += 1
    expected = seeds * n / len(ids)
    statistic = sum((c - expected) ** 2 / expected for c in counts.values()) * (len(ids) - 1) / (len(ids) - n)
    assert stats.chi2.sf(statistic, len(ids) - 1) > 0.001


def test_weighted_chances_follow_the_weights() -> None:
    """Sequential Poisson sampling: inclusion about n * w / sum(w) (Ohlsson 1998), here within 0.04."""
    weights: dict[str, str | int] = {f"W{i}": w for i, w in enumerate([1, 1, 2, 2, 3, 3, 4, 4])}
    seeds, n = 3000, 2
    counts = dict.fromkeys(weights, 0)
    for seed in range(seeds):
        for ticket in tickets.weighted_order(weights, weights, seed)[:n]:
            counts[ticket.id] += 1
    for name, weight in weights.items():
        assert counts[name] / seeds == pytest.approx(n * int(weight) / 20, abs=0.04)


@pytest.mark.parametrize("bad", [1.5, None, True, ("a",)])
def test_an_id_is_text_or_a_whole_number(bad: object) -> None:
    with pytest.raises(TypeError):
        tickets.ticket_number(bad, 1)  # type: ignore[arg-type]


def test_repeated_candidates_and_empty_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        tickets.sample(["1", 1], 1, 5)
    with pytest.raises(ValueError, match="empty"):
        tickets.sample(["1"], 1, " 　")


def test_full_width_seed_is_the_same_seed() -> None:
    assert tickets.ticket_number("a", "３１４１５９ ") == tickets.ticket_number("a", 314159)


def plan(**changes: object) -> draw.Plan:
    given_: dict = {"population": {"works": [f"甲|{i}" for i in range(30)], "goods": ["乙|1", "乙|2"]}}
    given_ |= {"sizes": {"works": 3, "goods": 1}, "reserves": 2} | changes
    return draw.Plan(**given_)


def test_commitment_binds_population_strata_weights_sizes_and_rule() -> None:
    base = plan()
    works = list(base.population["works"])
    others = [
        plan(population={"works": works[1:], "goods": ["乙|1", "乙|2"]}),
        plan(population={"works": [*works, "乙|1"], "goods": ["乙|2"]}),
        plan(sizes={"works": 2, "goods": 1}),
        plan(reserves=3),
        plan(weights={i: 1 for ids in base.population.values() for i in ids}),
    ]
    assert len({p.digest for p in [base, *others]}) == 6
    assert plan(population={"goods": ["乙|2", "乙|1"], "works": works[::-1]}).digest == base.digest
    assert "甲|1" not in json.dumps(base.commitment(), ensure_ascii=False)


def test_plan_refuses_what_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        plan(sizes={"works": 31, "goods": 1})
    with pytest.raises(ValueError, match="weights"):
        plan(weights={"乙|1": 1})


def run_verifier(folder: Path, document: dict, *more: str) -> subprocess.CompletedProcess[str]:
    """Copies the script away from the project and runs it isolated, as a stranger would."""
    script = shutil.copy(VERIFIER, folder / "verify_draw.py")
    (folder / "draw.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(script), "draw.json", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_stranger_replays_the_draw(tmp_path: Path, weighted: bool) -> None:
    everyone = [i for ids in plan().population.values() for i in ids]
    committed = plan(weights={i: str(1 + len(i) % 3) + ".5" for i in everyone} if weighted else None)
    first = next(t["id"] for t in draw.draw(committed, 77)["tickets"] if t["stratum"] == "works")
    document = draw.draw(committed, 77, {first: "偵查中"})
    assert next(t["status"] for t in document["tickets"] if t["stratum"] == "works") == "replaced"
    assert sum(t["status"] == "drawn" for t in document["tickets"]) == 4
    result = run_verifier(tmp_path, document, committed.digest)
    assert result.returncode == 0 and "IDENTICAL" in result.stdout, result.stdout
    assert draw.plan_from_document(document).digest == committed.digest


def test_the_verifier_names_what_differs(tmp_path: Path) -> None:
    good = draw.draw(plan(), 77)
    changed_seed = good | {"seed": "78"}
    swapped = copy.deepcopy(good)
    swapped["tickets"][1]["id"] = "甲|x"
    smuggled = copy.deepcopy(good)
    smuggled["population"]["works"].append("甲|99")
    for document, word in [(changed_seed, "ticket"), (swapped, "甲|x"), (smuggled, "commitment")]:
        result = run_verifier(tmp_path, document)
        assert result.returncode == 1 and word in result.stdout
    assert run_verifier(tmp_path, good, "0" * 64).returncode == 1
    assert run_verifier(tmp_path, {"format": "else"}).returncode == 2


def test_weighted_fast_path_agrees_with_full_sort() -> None:
    """Weights over many magnitudes, whole and decimal; more and less than an eighth drawn."""
    ids = [f"W{i}" for i in range(3000)]
    weights: dict[str, str | int] = {n: 10 ** (i % 7) + i if i % 3 else f"{i + 1}.5" for i, n in enumerate(ids)}
    for n in (0, 1, 40, 370, 400):
        assert tickets.weighted_sample(ids, weights, n, 77) == tickets.weighted_order(ids, weights, 77)[:n]
    with pytest.raises(ValueError, match="positive"):
        tickets.weighted_sample(ids, {**weights, "W5": 0}, 3, 77)
    with pytest.raises(KeyError):
        tickets.weighted_sample([*ids, "x"], weights, 3, 77)


def test_one_more_weighted_candidate_does_not_reshuffle_the_others() -> None:
    weights: dict[str, str | int] = {f"W{i}": i % 5 + 1 for i in range(60)}
    before = [t.id for t in tickets.weighted_order(weights, weights, 3)]
    more = {**weights, "new": 4}
    assert [t.id for t in tickets.weighted_order(more, more, 3) if t.id != "new"] == before
