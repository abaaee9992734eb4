"""One file for one sample: why this size, what was drawn, what replaced what, what was found, what that proves.

In: a size rule, a plan of a draw (``probity.draw.Plan`` or ``units.UnitPlan``), a rule of evaluation; later the seed;
later what was found. Out: the commitment to publish before the seed is known, and the file, which
``include/verify_sample.py`` checks offline with Python's standard library alone.

The commitment is the SHA-256 of the canonical JSON of {format, size, rule, draw}, where ``draw`` is the commitment of
the draw's plan (population, strata, weights, sizes, reserves and replacement order). So nobody can choose the size, the
model, the confidence or the tolerable rate after seeing the seed or the findings. The draw part is a whole file of
format probity-draw/1 or probity-units/1 by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from probity import canonical, draw
from probity.sampling import evaluating, units
from probity.sampling.evaluating import Evaluation, Stratum
from probity.sampling.exact import Number, rational
from probity.sampling.planning import SizePlan, share_size
from probity.sampling.risk import BINOMIAL, Model, confidence_of, rate_of

FORMAT = "probity-sample/1"
COUNTS, STRATIFIED, STRINGER, NONE = "counts", "stratified", "stringer", "none"

AnyPlan = draw.Plan | units.UnitPlan


# -- before the seed is known ------------------------------------------------------------------------------------
def size_by_plan(plan: SizePlan) -> dict[str, Any]:
    """The size rule of a planned sample."""
    return {"kind": "planned"} | plan.to_json()


def size_by_share(population: int, share: Number, minimum: int = 0) -> dict[str, Any]:
    """The size rule of a share, rounded up (``planning.share_size``)."""
    size = share_size(population, share, minimum)
    whole = {"population": population, "share": str(rational(share)), "minimum": minimum}
    return {"kind": "share", "rounding": "up", "sample_size": size} | whole


def rule(
    kind: str, confidence: Number, tolerable: Number | None = None, *, model: Model | None = None, base: str = BINOMIAL
) -> dict[str, Any]:
    """How the findings will be evaluated.

    ``counts``: errors counted by ``model``; ``stratified``: errors by stratum of the draw; ``stringer``: taints of a
    monetary-unit sample, limits by ``base``, the tolerable rate one of the whole line; ``none``: nothing is projected
    from the sample. Raises ValueError for other kinds, or a model where none belongs.
    """
    if kind not in (COUNTS, STRATIFIED, STRINGER, NONE) or (kind == COUNTS) != (model is not None):
        raise ValueError(f"no such evaluation: {kind!r}, and a model belongs to counts alone")
    return {
        "kind": kind,
        "model": None if model is None else model.to_json(),
        "base": base if kind == STRINGER else None,
        "confidence": str(confidence_of(confidence)),
        "tolerable": None if tolerable is None else str(rate_of(tolerable, "the tolerable rate")),
    }


def commit(size: Mapping[str, Any], plan: AnyPlan, how: Mapping[str, Any]) -> dict[str, Any]:
    """What is published before the draw: the rules, the draw's commitment and the commitment of all of it; no ids.

    Raises ValueError when the plan draws another number than the size rule says, or the evaluation does not fit it.
    """
    drawn = plan.n if isinstance(plan, units.UnitPlan) else sum(plan.sizes.values())
    if drawn != size["sample_size"]:
        raise ValueError(f"the size rule says {size['sample_size']}, the plan draws {drawn}")
    _fits(plan, how["kind"])
    head = {"format": FORMAT, "size": dict(size), "rule": dict(how)}
    public = plan.commitment()
    return head | {"draw": public, "commitment": canonical.digest(head | {"draw": public["commitment"]})}


def _fits(plan: AnyPlan, kind: str) -> None:
    """Raises ValueError where chances were not what the evaluation takes them for."""
    if isinstance(plan, units.UnitPlan):
        if kind == STRATIFIED:
            raise ValueError("a selection along a line has no strata")
        if kind == COUNTS and plan.apart:
            raise ValueError("items that are certain to be drawn are evaluated in money")
        return
    if kind == STRINGER:
        raise ValueError("taints are evaluated for monetary-unit samples")
    if kind in (COUNTS, STRATIFIED) and plan.weights is not None and len(set(plan.weights.values())) > 1:
        raise ValueError("a weighted draw gives unequal chances: nothing can be projected from counts")
    if kind == COUNTS and len(plan.population) > 1:
        raise ValueError("several strata are evaluated by stratum")


# -- the draw ----------------------------------------------------------------------------------------------------
def open_draw(
    size: Mapping[str, Any],
    plan: AnyPlan,
    how: Mapping[str, Any],
    seed: str | int,
    unavailable: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The file after the draw, nothing found yet (``findings`` and ``evaluation`` None)."""
    committed = commit(size, plan, how)
    document = (
        units.draw(plan, seed, unavailable) if isinstance(plan, units.UnitPlan) else draw.draw(plan, seed, unavailable)
    )
    return committed | {"draw": document, "findings": None, "evaluation": None}


def sample_of(document: Mapping[str, Any]) -> list[str]:
    """The ids to examine: drawn in order, certain items first; an item hit twice stands here twice."""
    part = document["draw"]
    lines = part["points"] if part["format"] == units.FORMAT else part["tickets"]
    return [*part.get("certain", []), *(line["id"] for line in lines if line["status"] == "drawn")]


# -- what was found ----------------------------------------------------------------------------------------------
def close(document: Mapping[str, Any], findings: Mapping[str, Number]) -> dict[str, Any]:
    """The file with findings and evaluation.

    ``findings``: id -> error of each examined item, 0 (none) to 1 (all of it); taints below 0 are understatements, left
    out of the limit. Raises ValueError while a result is missing, or for one that nobody drew.
    """
    wanted = set(sample_of(document))
    if strange := set(findings) - wanted:
        raise ValueError(f"{len(strange)} results of items that were not drawn")
    if missing := wanted - set(findings):
        raise ValueError(f"{len(missing)} results have not come back")
    errors = {i: rational(e) for i, e in findings.items()}
    lines = [{"id": i, "error": str(errors[i])} for i in sorted(errors)]
    return {**document, "findings": lines, "evaluation": _evaluate(document, errors)}


def _evaluate(document: Mapping[str, Any], errors: Mapping[str, Fraction]) -> dict[str, Any] | None:
    how, part = document["rule"], document["draw"]
    if how["kind"] == NONE:
        return None
    if how["kind"] == STRINGER:
        return _monetary(how, part, errors)
    if how["kind"] == STRATIFIED:
        return evaluating.stratified(_strata(part, errors), how["confidence"], how["tolerable"]).to_json()
    found = [errors[i] for i in sample_of(document)]
    model = Model.from_json(how["model"])
    result: Evaluation = evaluating.evaluate(
        model, len(found), sum(found, Fraction(0)), how["confidence"], how["tolerable"]
    )
    return result.to_json()


def _strata(part: Mapping[str, Any], errors: Mapping[str, Fraction]) -> Sequence[Stratum]:
    drawn = [t for t in part["tickets"] if t["status"] == "drawn"]
    found = {s: [errors[t["id"]] for t in drawn if t["stratum"] == s] for s in sorted(part["population"])}
    if any(e not in (0, 1) for values in found.values() for e in values):
        raise ValueError("by stratum an item is right (0) or wrong (1)")
    return [Stratum(len(part["population"][s]), len(e), int(sum(e))) for s, e in found.items()]


def _monetary(how: Mapping[str, Any], part: Mapping[str, Any], errors: Mapping[str, Fraction]) -> dict[str, Any]:
    amounts = {i: Fraction(a) for i, a in part["items"]}
    whole, certain = sum(amounts.values(), Fraction(0)), part["certain"]
    known = sum((amounts[i] * errors[i] for i in certain), Fraction(0))
    rest = whole - sum((amounts[i] for i in certain), Fraction(0))
    tolerable = None if how["tolerable"] is None else Fraction(how["tolerable"]) * whole
    taints = [errors[p["id"]] for p in part["points"] if p["status"] == "drawn"]
    if not taints:  # nothing but certain items: all is known
        verdict = None if tolerable is None else known < tolerable
        return {"rates": None, "book_value": str(rest), "known": str(known), "upper_text": str(known)} | {
            "tolerable": None if tolerable is None else str(tolerable),
            "accepted": verdict,
            "limits": [],
        }
    rates = evaluating.stringer(taints, len(taints), how["confidence"], base=how["base"])
    over = sum(t > 0 for t in taints)
    limits = evaluating.stringer_limits(over, len(taints), how["confidence"], how["base"])
    return evaluating.money(rates, rest, known=known, tolerable=tolerable).to_json() | {"limits": limits}
