"""What a sample of n with x errors says about a rate: the risk that the rate is tolerable or worse all the same.

In: a ``Model`` (how errors are counted, the population, what was believed before). Out: its ``risk(n, x, rate)`` as a
certified tail probability; planning, verdicts and upper limits are all "risk at most 1 - confidence".

* ``binomial``: attributes, draws with replacement or a very large population; risk P(X <= x | n, rate).
* ``hypergeometric``: attributes, without replacement from ``population``; a rate stands for the least number of errors
  that reaches it, ceil(rate x population).
* ``poisson``: monetary units; x may be a sum of taints (not whole), and then the risk is the upper tail of a gamma
  variable of shape x + 1 at n x rate, as AICPA's confidence factors are built.
With a ``Prior`` the risk is the posterior probability: beta for the binomial, gamma for the Poisson, beta-binomial for
what is left of a finite population.

Sources: AICPA, "Audit Guide: Audit Sampling" (2017), appendices A and C; D. A. Leslie, A. D. Teitlebaum, R. J.
Anderson, "Dollar-Unit Sampling" (1979); K. Derks, J. de Swart, E.-J. Wagenmakers, R. Wetzels, "The Bayesian approach to
audit evidence" (2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from probity.sampling import exact
from probity.sampling.exact import Number, Tail, rational

BINOMIAL, POISSON, HYPERGEOMETRIC = "binomial", "poisson", "hypergeometric"
KINDS = (BINOMIAL, POISSON, HYPERGEOMETRIC)
PRIOR_DIGITS = 6


@dataclass(frozen=True)
class Prior:
    """What is believed of the error rate before the sample: beta(alpha, beta), for the Poisson gamma(alpha, rate beta).

    Both are positive fractions (gamma: beta may be 0, the limit that adds nothing to the sample).
    """

    alpha: Fraction
    beta: Fraction

    @classmethod
    def of(cls, alpha: Number, beta: Number) -> Prior:
        """Raises ValueError for alpha that is not positive or a negative beta."""
        a, b = rational(alpha), rational(beta)
        if a <= 0 or b < 0:
            raise ValueError(f"a prior has alpha > 0 and beta >= 0, not {a} and {b}")
        return cls(a, b)

    @classmethod
    def uniform(cls) -> Prior:
        """Every rate as likely as any other: beta(1, 1). For the Poisson, gamma(1, 1)."""
        return cls(Fraction(1), Fraction(1))

    @classmethod
    def earlier(cls, n: Number, x: Number, factor: Number = 1) -> Prior:
        """An earlier sample of ``n`` with ``x`` errors, counted at ``factor`` of its weight, on top of a rate of
        which nothing is known: alpha = 1 + factor x, beta = factor (n - x). For the Poisson take ``earlier_units``."""
        weight, size, errors = rational(factor), rational(n), rational(x)
        return cls.of(1 + weight * errors, weight * (size - errors))

    @classmethod
    def earlier_units(cls, n: Number, x: Number, factor: Number = 1) -> Prior:
        """The same for the Poisson: gamma(1 + factor x, factor n)."""
        weight = rational(factor)
        return cls.of(1 + weight * rational(x), weight * rational(n))

    @classmethod
    def impartial(cls, tolerable: Number, kind: str = BINOMIAL) -> Prior:
        """No errors expected, and a rate below ``tolerable`` as likely as one above: alpha = 1, beta = ln 2 / -ln(1 -
        tolerable), for the Poisson ln 2 / tolerable; rounded to six decimals, so that the plan can be written down."""
        rate = float(rational(tolerable))
        spread = rate if kind == POISSON else -math.log1p(-rate)
        return cls.of(1, f"{math.log(2) / spread:.{PRIOR_DIGITS}f}")

    def to_json(self) -> dict[str, str]:
        return {"alpha": str(self.alpha), "beta": str(self.beta)}


@dataclass(frozen=True)
class Model:
    """How errors are counted: ``kind`` of KINDS, ``population`` (items; only for the hypergeometric), ``prior``."""

    kind: str
    population: int | None = None
    prior: Prior | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"errors are counted as {', '.join(KINDS)}, not {self.kind!r}")
        if (self.kind == HYPERGEOMETRIC) != (self.population is not None):
            raise ValueError("the hypergeometric, and only it, needs the size of the population")
        if self.population is not None and self.population < 1:
            raise ValueError("a population has at least one item")
        if self.prior is not None and self.kind != POISSON and self.prior.beta <= 0:
            raise ValueError("a beta prior has beta > 0")

    @property
    def whole_errors(self) -> bool:
        """Whether half an error is impossible."""
        return self.kind == HYPERGEOMETRIC or (self.kind == BINOMIAL and self.prior is None)

    def errors_at(self, rate: Fraction) -> int:
        """The least number of errors in the population that makes up ``rate``."""
        assert self.population is not None
        return math.ceil(rate * self.population)

    def check(self, n: int, x: Fraction) -> None:
        """Raises ValueError for a sample that cannot be."""
        if not 0 <= x <= n:
            raise ValueError(f"{x} errors in a sample of {n}")
        if self.population is not None and n > self.population:
            raise ValueError(f"{n} cannot be drawn from {self.population}")
        if self.whole_errors and x.denominator != 1:
            raise ValueError(f"{self.kind}: errors are whole, not {x}")

    def risk(self, n: int, x: Fraction, rate: Fraction) -> Tail:
        """The risk that the rate is ``rate`` or worse although only ``x`` errors were found in ``n``."""
        if self.kind == HYPERGEOMETRIC:
            return self.risk_of_errors(n, int(x), self.errors_at(rate))
        if self.prior is None:
            if self.kind == POISSON:
                return exact.gamma_above(x + 1, n * rate)
            if x.denominator == 1:
                return exact.binomial(n, int(x), rate)
            return exact.beta_above(x + 1, n - x, rate)
        a, b = self.prior.alpha + x, self.prior.beta
        if self.kind == POISSON:
            return exact.gamma_above(a, (b + n) * rate)
        return exact.beta_above(a, b + n - x, rate)

    def risk_of_errors(self, n: int, x: int, errors: int) -> Tail:
        """The same for a finite population with ``errors`` errors or more."""
        assert self.population is not None
        if self.prior is None:
            return exact.hypergeometric(self.population, errors, n, x)
        a, b = self.prior.alpha + x, self.prior.beta + n - x
        return exact.complement(exact.beta_binomial(self.population - n, a, b, errors - x - 1))

    def to_json(self) -> dict[str, Any]:
        prior = None if self.prior is None else self.prior.to_json()
        return {"kind": self.kind, "population": self.population, "prior": prior}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Model:
        prior = value["prior"]
        return cls(
            value["kind"], value["population"], None if prior is None else Prior.of(prior["alpha"], prior["beta"])
        )


def confidence_of(value: Number) -> Fraction:
    """A confidence level as a fraction. Raises ValueError outside (0, 1)."""
    level = rational(value)
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {value}")
    return level


def rate_of(value: Number, name: str) -> Fraction:
    """A rate as a fraction. Raises ValueError outside (0, 1]."""
    rate = rational(value)
    if not 0 < rate <= 1:
        raise ValueError(f"{name} is a rate between 0 and 1, not {value}")
    return rate
