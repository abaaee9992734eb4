"""Learning weights from what the audits found: a proposal with its evidence, never a silent change.

In: the weight set in force, audit results, the published selections. Out: a proposed dated set and a report;
``apply_weights`` makes it part of the dated sets only with an approver's name and a date that lies ahead.

Model: logit P(irregular) = a + sum of weight_s x f_s, where f_s is what multiplies a signal's weight in the score
(strength x rarity x place in the family), so that the score is the linear part of the model. Weights are shrunk to
the present ones (Gaussian prior of sd ``prior_sd``: MAP ridge), because a month brings few results and no screen
transfers from elsewhere (INDICATORS.md 2). Each case counts by 1/chance of inclusion, scaled to Kish's effective
sample size, so that the few control cases speak for the whole rest without feigning certainty.
Source: ridge logistic regression: S. le Cessie, J. C. van Houwelingen (1992), Applied Statistics 41:191; effective
size: L. Kish, Survey Sampling (1965). ``learn`` is the plain learner; ``./probity bench selection`` tests it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from probity import canonical
from probity.selection.evaluation import Audited, audited
from probity.selection.score import in_force, is_graded

OPTIONS: dict[str, Any] = {
    "min_audited": 60,
    "min_control": 20,
    "min_irregular": 10,
    "min_fired": 10,
    "prior_sd": 0.75,
    "graded_sd": 1.0,
    "least": 0.0,
    "most": 4.0,
    "digits": 3,
}


@dataclass(frozen=True)
class Learnt:
    """``coefficients`` (k), their standard errors (k) and the intercept of a MAP logistic fit."""

    intercept: float
    coefficients: np.ndarray
    errors: np.ndarray

    def points(self, features: np.ndarray) -> np.ndarray:
        """The linear score of each row of ``features`` (n x k), without the intercept."""
        return features @ self.coefficients


def learn(
    features: np.ndarray,
    labels: np.ndarray,
    prior_mean: np.ndarray,
    prior_sd: float | np.ndarray,
    sample_weight: np.ndarray | None = None,
    rounds: int = 100,
) -> Learnt:
    """MAP logistic regression by Newton steps: ``features`` n x k, ``labels`` 0/1, Gaussian prior on coefficients.

    The intercept is free but for a weak prior (sd 10) that keeps it finite when all labels agree. Without any rows
    the prior mean comes back. Deterministic; raises ValueError for labels other than 0 and 1.
    """
    x = np.column_stack([np.ones(len(labels)), np.asarray(features, float).reshape(len(labels), len(prior_mean))])
    y = np.asarray(labels, float)
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("labels are 0 or 1")
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
    centre = np.concatenate([[0.0], np.asarray(prior_mean, float)])
    precision = np.concatenate([[0.01], np.broadcast_to(1 / np.asarray(prior_sd, float) ** 2, len(prior_mean))])
    theta = centre.copy()

    def loss(t: np.ndarray) -> float:
        linear = x @ t
        misfit = weight * (np.logaddexp(0, linear) - y * linear)
        return float(misfit.sum() + (precision * (t - centre) ** 2).sum() / 2)

    hessian = np.diag(precision)
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(x @ theta, -35, 35)))
        gradient = x.T @ (weight * (chance - y)) + precision * (theta - centre)
        hessian = (x * (weight * chance * (1 - chance))[:, None]).T @ x + np.diag(precision)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while loss(theta - size * step) > loss(theta) + 1e-12 and size > 1e-6:
            size /= 2
        theta = theta - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    return Learnt(float(theta[0]), theta[1:], errors[1:])


def effective_weights(probabilities: np.ndarray) -> np.ndarray:
    """1/chance, scaled so that the weights add up to Kish's effective sample size (sum w)^2 / sum w^2."""
    raw = 1 / np.asarray(probabilities, float)
    return raw * raw.sum() / (raw**2).sum() if len(raw) else raw


def _multiplier(part: Mapping[str, Any]) -> float:
    """What multiplies the weight in a score part; a signal of weight 0 counts by strength and rarity alone."""
    if part["weight"]:
        return float(part["points"]) / float(part["weight"])
    return float(part["strength"]) * float(part.get("rarity", 1.0))


def reweight(
    current: Mapping[str, Any],
    results: pa.Table,
    selections: Sequence[Mapping[str, Any]],
    effective_from: dt.date,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """{"proposal": a weight set or None, "report": counts, each signal's old and new weight, why none}.

    ``current``: the set in force (not the whole file); ``results``: AUDIT_RESULT; ``selections``: as for
    ``evaluate``. The proposal is a full set: version, effective_from, approved_by None, evidence (a digest of the
    report), and ``current``'s own rules with new ``signals``. A signal moves only when it fired in ``min_fired``
    audited cases (a graded part: when it stood in that many); only graded parts may become negative. Nothing is
    proposed below ``min_audited``, ``min_control`` and ``min_irregular`` results.
    """
    rule = OPTIONS | dict(options or {})
    cases = [c for c in audited(results, selections) if c.irregular is not None]
    counts = {
        "audited": len(cases),
        "control": sum(c.part == "control" for c in cases),
        "irregular": sum(bool(c.irregular) for c in cases),
    }
    least = {name: rule[f"min_{name}"] for name in counts}
    lacking = [f"{name} {n} < {least[name]}" for name, n in counts.items() if n < least[name]]
    report: dict[str, Any] = {"counts": counts, "options": rule, "lacking": lacking, "signals": []}
    if lacking:
        return {"proposal": None, "report": report}
    report |= _fit(cases, current, rule)
    learnt = {s["signal_id"]: s["new"] for s in report["signals"]}
    proposal = dict(current) | {
        "version": f"learnt-{effective_from.isoformat()}",
        "effective_from": effective_from.isoformat(),
        "approved_by": None,
        "evidence": canonical.digest(report),
        "signals": dict(sorted(({**(current.get("signals") or {})} | learnt).items())),
    }
    return {"proposal": proposal, "report": report}


def _fit(cases: Sequence[Audited], current: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    weights: dict[str, float] = {}
    seen: Counter[str] = Counter()
    irregular: Counter[str] = Counter()
    for case in cases:
        for part in case.signals:
            weights.setdefault(part["signal_id"], float(part["weight"]))
            seen[part["signal_id"]] += 1
            irregular[part["signal_id"]] += bool(case.irregular)
    names = sorted(s for s, n in seen.items() if n >= rule["min_fired"])
    place = {s: i for i, s in enumerate(names)}
    features = np.zeros((len(cases), len(names) + 1))
    for i, case in enumerate(cases):
        for part in case.signals:
            signal = part["signal_id"]
            # Signals that may not move stand together in the last column, held at their present weight.
            column, scale = (place[signal], 1.0) if signal in place else (len(names), weights[signal])
            features[i, column] += _multiplier(part) * scale
    prior = np.array([_present(s, current, weights) for s in names] + [1.0])
    spread = np.array([float(rule["graded_sd" if is_graded(s) else "prior_sd"]) for s in names] + [1e-4])
    chances = np.array([c.probability for c in cases])
    sample_weight = effective_weights(chances)
    fit = learn(features, np.array([float(bool(c.irregular)) for c in cases]), prior, spread, sample_weight)

    def bounded(signal: str, value: float) -> float:
        least = -rule["most"] if is_graded(signal) else rule["least"]
        return round(float(np.clip(value, least, rule["most"])), rule["digits"])

    return {
        "effective_sample": round(float(sample_weight.sum()), 3),
        "intercept": round(fit.intercept, 6),
        "signals": [
            {
                "signal_id": signal,
                "fired": seen[signal],
                "irregular": irregular[signal],
                "old": round(float(prior[i]), rule["digits"]),
                "estimate": round(float(fit.coefficients[i]), 6),
                "standard_error": round(float(fit.errors[i]), 6),
                "new": bounded(signal, fit.coefficients[i]),
            }
            for i, signal in enumerate(names)
        ],
        "unchanged": sorted(set(seen) - set(names)),
    }


def _present(signal: str, current: Mapping[str, Any], seen: Mapping[str, float]) -> float:
    return float((current.get("signals") or {}).get(signal, seen[signal]))


def apply_weights(
    weights: Mapping[str, Any], proposal: Mapping[str, Any], approver: str, decided_on: dt.date, reason: str = ""
) -> dict[str, Any]:
    """The dated sets with ``proposal`` among them, approved by ``approver``; ``weights`` itself is not changed.

    Raises ValueError when nobody approves, the set would begin on or before the day of the decision (a published
    selection would change its past), before the latest set, or under a version that exists.
    """
    begins = dt.date.fromisoformat(str(proposal["effective_from"]))
    if not approver.strip():
        raise ValueError("a weight set needs the name of its approver")
    if begins <= decided_on:
        raise ValueError(f"a weight set begins after the day of its decision ({decided_on.isoformat()})")
    latest = in_force(weights["sets"], dt.date.max)
    if begins <= dt.date.fromisoformat(str(latest["effective_from"])):
        raise ValueError(f"a weight set of {latest['effective_from']} or later stands already")
    if proposal["version"] in {s["version"] for s in weights["sets"]}:
        raise ValueError(f"weight set {proposal['version']} exists")
    decided = {"approved_by": approver.strip(), "decided_on": decided_on.isoformat(), "reason": reason}
    return dict(weights) | {"sets": [*weights["sets"], dict(proposal) | decided]}
