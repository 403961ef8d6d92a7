"""What outcomes are distributed as, given the linear predictor: log-likelihoods and derivatives.

For each row ℓ = log f(y | η), and by η: d₁ = ∂ℓ/∂η, w = −∂²ℓ/∂η² (the *observed* information, which
differs from the expected one for cloglog, probit and the negative binomial) and w′ = ∂w/∂η. All are
log-concave in η, so w > 0. φ are further parameters of a family: log dispersion, thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from scipy import special

NONE = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Slopes:
    """Per row: log-likelihood but for the family's ``constant``, d₁, w and, if asked for, w′."""

    loglik: np.ndarray
    slope: np.ndarray
    weight: np.ndarray
    bend: np.ndarray


class Family(Protocol):
    """A distribution with its rows."""

    further: int
    """How many parameters φ it has beside η."""

    @property
    def constant(self) -> float:
        """What depends on neither η nor φ, summed over rows."""

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η, shape (n,)."""

    def by_parameter(
        self, eta: np.ndarray, phi: np.ndarray, share: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give ∂Σ share·ℓ/∂φ, shape (k,), and per row ∂d₁/∂φ and ∂w/∂φ, shape (k, n)."""

    def taken(self, rows: np.ndarray) -> Family:
        """Give the family with its rows in another order, or some of them."""


class _Plain:
    """A family without further parameters."""

    further: ClassVar[int] = 0

    def by_parameter(
        self, eta: np.ndarray, phi: np.ndarray, share: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give nothing: there is no φ."""
        return NONE, np.zeros((0, eta.size)), np.zeros((0, eta.size))


@dataclass(frozen=True, eq=False)
class _Binomial(_Plain):
    """Successes, shape (n,), of so many trials, shape (n,)."""

    successes: np.ndarray
    trials: np.ndarray

    def taken(self, rows: np.ndarray) -> _Binomial:
        """Give the family with its rows in another order."""
        return type(self)(self.successes[rows], self.trials[rows])

    @cached_property
    def constant(self) -> float:
        """Log of the number of ways to so many successes, summed."""
        k, n = self.successes, self.trials
        if n.max() == 1:
            return 0.0
        ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        return float(ways.sum())


class Logit(_Binomial):
    """P = 1/(1 + exp(−η))."""

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η."""
        small = np.exp(-np.abs(eta))
        whole = 1.0 + small
        share = np.where(eta >= 0, 1.0, small) / whole
        loglik = self.successes * eta
        loglik -= self.trials * (np.maximum(eta, 0.0) + np.log(whole))
        weight = self.trials * (small / whole**2)
        bent = weight * (1 - 2 * share) if bend else NONE
        return Slopes(loglik, self.successes - self.trials * share, weight, bent)


class Cloglog(_Binomial):
    """P = 1 − exp(−m), m = exp(η): the grouped form of proportional hazards."""

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η, with A = m/(eᵐ − 1), D = 1 − m − A."""
        k, rest = self.successes, self.trials - self.successes
        m = np.exp(eta)
        hit = -np.expm1(-m)
        a = m * np.exp(-m) / hit
        small = m < 0.01
        s = m[small]
        a[small] = 1 - s / 2 + s**2 / 12 - s**4 / 720
        d = 1 - m - a
        d[small] = -s / 2 - s**2 / 12 + s**4 / 720
        a[m > 700], d[m > 700] = 0.0, 0.0
        loglik = np.where(k > 0, k * np.log(hit), 0.0) - rest * m
        bent = rest * m - k * a * (d**2 - m - a * d) if bend else NONE
        return Slopes(loglik, k * a - rest * m, rest * m - k * a * d, bent)


class Probit(_Binomial):
    """P = Φ(η)."""

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η, with λ(x) = φ(x)/Φ(x)."""
        k, rest = self.successes, self.trials - self.successes
        one, none = _mills(eta, bend=bend), _mills(-eta, bend=bend)
        return Slopes(
            k * one.loglik + rest * none.loglik,
            k * one.slope - rest * none.slope,
            k * one.weight + rest * none.weight,
            k * one.bend - rest * none.bend if bend else NONE,
        )


def _mills(x: np.ndarray, *, bend: bool) -> Slopes:
    """Log Φ(x) per row, its slope, minus its curvature, and how that changes."""
    tail = special.log_ndtr(x)
    ratio = np.exp(-(x**2) / 2 - 0.5 * np.log(2 * np.pi) - tail)
    weight = ratio * (x + ratio)
    bent = ratio * (1 - weight) - weight * (x + ratio) if bend else NONE
    return Slopes(tail, ratio, weight, bent)


@dataclass(frozen=True, eq=False)
class Poisson(_Plain):
    """Counts, shape (n,), of mean exp(η)."""

    counts: np.ndarray

    @cached_property
    def constant(self) -> float:
        """−Σ log y!."""
        return -float(special.gammaln(self.counts + 1).sum())

    def taken(self, rows: np.ndarray) -> Poisson:
        """Give the family with its rows in another order."""
        return Poisson(self.counts[rows])

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η."""
        mean = np.exp(eta)
        return Slopes(self.counts * eta - mean, self.counts - mean, mean, mean)


@dataclass(frozen=True, eq=False)
class NegativeBinomial:
    """Counts, shape (n,), of mean μ = exp(η) and variance μ + μ²/θ; φ = log θ.

    References
    ----------
    Hilbe (2011), Negative Binomial Regression, 2nd ed., ch. 8 (NB2).
    """

    counts: np.ndarray
    further: ClassVar[int] = 1

    @cached_property
    def constant(self) -> float:
        """−Σ log y!."""
        return -float(special.gammaln(self.counts + 1).sum())

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.counts, return_inverse=True)

    def taken(self, rows: np.ndarray) -> NegativeBinomial:
        """Give the family with its rows in another order."""
        return NegativeBinomial(self.counts[rows])

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η."""
        y, size, mean = self.counts, float(np.exp(phi[0])), np.exp(eta)
        both = size + mean
        values, which = self._distinct
        loglik = (special.gammaln(values + size) - special.gammaln(size) + size * phi[0])[which]
        loglik += y * eta - (y + size) * np.log(both)
        weight = (y + size) * size * mean / both**2
        bent = weight * (size - mean) / both if bend else NONE
        return Slopes(loglik, size * (y - mean) / both, weight, bent)

    def by_parameter(
        self, eta: np.ndarray, phi: np.ndarray, share: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the derivatives by log θ."""
        y, size, mean = self.counts, float(np.exp(phi[0])), np.exp(eta)
        both = size + mean
        values, which = self._distinct
        loglik = (special.digamma(values + size) - special.digamma(size) + phi[0] + 1)[which]
        loglik -= np.log(both) + (y + size) / both
        slope = (y - mean) * mean / both**2
        weight = mean * (y * (mean - size) + 2 * size * mean) / both**3
        return np.array([size * (share * loglik).sum()]), size * slope[None], size * weight[None]


@dataclass(frozen=True, eq=False)
class CumulativeLogit:
    """Ordered categories 0 … K − 1, shape (n,): logit P(y ≤ k) = τ_k − η; φ = τ, K − 1 of them.

    References
    ----------
    McCullagh (1980), J R Stat Soc B 42:109–142.
    """

    category: np.ndarray
    further: int
    constant: ClassVar[float] = 0.0

    def taken(self, rows: np.ndarray) -> CumulativeLogit:
        """Give the family with its rows in another order."""
        return CumulativeLogit(self.category[rows], self.further)

    def _limits(self, eta: np.ndarray, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give τ_y − η and τ_{y−1} − η."""
        if (np.diff(phi) <= 0).any():
            raise np.linalg.LinAlgError("thresholds out of order")
        edges = np.concatenate([[-np.inf], phi, [np.inf]])
        return edges[self.category + 1] - eta, edges[self.category] - eta

    def at(self, eta: np.ndarray, phi: np.ndarray, *, bend: bool = False) -> Slopes:
        """Give the log-likelihood and its derivatives by η."""
        above, below = self._limits(eta, phi)
        upper, lower = special.expit(above), special.expit(below)
        loglik = special.log_expit(above) + special.log_expit(-below)
        loglik += np.log(-np.expm1(below - above))
        one, other = upper * special.expit(-above), lower * special.expit(-below)
        bent = -one * (1 - 2 * upper) - other * (1 - 2 * lower) if bend else NONE
        return Slopes(loglik, upper + lower - 1, one + other, bent)

    def by_parameter(
        self, eta: np.ndarray, phi: np.ndarray, share: np.ndarray | float = 1.0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the derivatives by τ: only the two around a category tell of it."""
        above, below = self._limits(eta, phi)
        upper, lower = special.expit(above), special.expit(below)
        one, other = upper * special.expit(-above), lower * special.expit(-below)
        log_share = special.log_expit(above) + special.log_expit(-below)
        inverse = share / (np.exp(log_share) * -np.expm1(below - above))
        loglik = np.zeros(self.further)
        slope, weight = np.zeros((2, self.further, eta.size))
        for k in range(self.further):
            top, bottom = self.category == k, self.category == k + 1
            loglik[k] = (one * inverse)[top].sum() - (other * inverse)[bottom].sum()
            slope[k, top], slope[k, bottom] = one[top], other[bottom]
            weight[k, top] = (one * (1 - 2 * upper))[top]
            weight[k, bottom] = (other * (1 - 2 * lower))[bottom]
        return loglik, slope, weight
