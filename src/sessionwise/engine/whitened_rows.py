"""Residuals that go on from session to session, or are larger in some rows: made independent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class ResidualRows:
    """How the residuals of a model may depend on one another, and where they may be larger.

    The residuals of one series (the sessions of a client's course) correlate by φ to the power of
    the gap between them, φ of either sign where gaps are whole numbers (AR(1)), above zero where
    they are not (continuous time); their standard deviation is σ in the first stratum and σ times
    a ratio in each other. Both are written in numbers without bounds, ω: atanh φ, or
    log(−log of the correlation at the usual gap); then the logarithms of the ratios.

    Attributes
    ----------
    previous
        By row, the row of its series that came before it; its own number where none did, shape
        (n,).
    gap
        How far back that lies, > 0; 0 where none did, shape (n,). Whole numbers unless
        ``continuous``.
    stratum
        Number of the stratum of each row, from 0, shape (n,), or nothing.
    correlated, continuous
        Whether series correlate at all, and whether in continuous time.
    """

    previous: np.ndarray
    gap: np.ndarray
    stratum: np.ndarray | None
    correlated: bool
    continuous: bool = False

    @cached_property
    def strata(self) -> int:
        """How many strata there are."""
        return 1 if self.stratum is None else int(self.stratum.max()) + 1

    @cached_property
    def usual(self) -> float:
        """The median gap, in which φ of continuous time is counted inside."""
        return float(np.median(self.gap[self.gap > 0])) if self.continuous else 1.0

    @property
    def size(self) -> int:
        """Length of ω."""
        return int(self.correlated) + self.strata - 1

    @cached_property
    def follows(self) -> np.ndarray:
        """Which rows have one before them, shape (n,)."""
        return self.gap > 0

    @cached_property
    def elapsed(self) -> np.ndarray:
        """How long after the first of its series each row lies, shape (n,)."""
        since, back = self.gap.copy(), self.previous.copy()
        while (more := self.gap[back]).any():
            since += more
            back = self.previous[back]
        return since

    def correlations(self, omega: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give ρ of each row with the one before it, and ∂ρ/∂ω₁; 0 where there is none."""
        if not self.correlated:
            return np.zeros(self.gap.size), np.zeros(self.gap.size)
        if self.continuous:
            rate = np.exp(omega[0]) * self.gap / self.usual
            rho = np.where(self.follows, np.exp(-rate), 0.0)
            return rho, -rate * rho
        phi = np.tanh(omega[0])
        power = np.maximum(self.gap.astype(int) - 1, 0)
        below = np.where(self.follows, phi**power, 0.0)
        return phi * below, (1 - phi**2) * (power + 1) * below

    def sizes(self, omega: np.ndarray) -> np.ndarray:
        """Give the standard deviation of each row over that of the first stratum, shape (n,)."""
        if self.stratum is None:
            return np.ones(self.gap.size)
        return np.exp(np.concatenate([[0.0], omega[int(self.correlated) :]]))[self.stratum]

    def phi(self, omega: float) -> float:
        """Give φ, the correlation one unit of time apart, from ω₁."""
        if self.continuous:
            return float(np.exp(-np.exp(omega) / self.usual))
        return float(np.tanh(omega))

    def at(self, omega: np.ndarray) -> Whitening:
        """Give what makes the rows independent at ω."""
        rho, slope = self.correlations(omega)
        return Whitening(self, rho, slope, 1 / np.sqrt(1 - rho**2), self.sizes(omega))


@dataclass(frozen=True, eq=False)
class Whitening:
    """The residual structure at given parameters: R = S C S, and its inverse root on rows.

    A row v over its size, v_t/s_t, becomes (v_t/s_t − ρ_t v_{t−1}/s_{t−1}) / √(1 − ρ_t²), the
    first of a series v/s: then v*′w* = v′R⁻¹w, and log|R| = Σ log(1 − ρ_t²) + 2 Σ log s_t
    (Pinheiro & Bates 2000, Mixed-Effects Models in S and S-PLUS, section 5.3.1: AR(1) is Markov,
    so that each row depends on the one before it only, whatever gap lies between).

    Attributes
    ----------
    rows
        The structure.
    rho, slope
        ρ of each row with the one before, and its derivative by ω₁, shape (n,).
    spread
        1/√(1 − ρ²), shape (n,).
    size
        s, shape (n,).

    Examples
    --------
    >>> rows = ResidualRows(np.array([0, 0, 1]), np.array([0, 1, 2]), None, correlated=True)
    >>> rows.at(np.array([np.arctanh(0.5)])).whiten(np.array([[1.0, 0.5, 0.125]])).round(6)
    array([[1., 0., 0.]])
    """

    rows: ResidualRows
    rho: np.ndarray
    slope: np.ndarray
    spread: np.ndarray
    size: np.ndarray

    @property
    def log_determinant(self) -> float:
        """log|R|, R the correlation matrix of the residuals with the ratios of their sizes."""
        return float(np.log1p(-(self.rho**2)).sum() + 2 * np.log(self.size).sum())

    def parts(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give v_t/s_t and v_{t−1}/s_{t−1}, each as the columns, shape (…, n)."""
        own = columns / self.size
        return own, own[..., self.rows.previous]

    def whiten(self, columns: np.ndarray) -> np.ndarray:
        """Make rows independent: each of several columns, shape (…, n)."""
        own, before = self.parts(columns)
        return self.spread * (own - self.rho * before)

    def slopes(self, along: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Give the derivative of the deviance by ω, shape (ω,).

        Parameters
        ----------
        along, before
            By row u·v_t/s_t and u·v_{t−1}/s_{t−1}, with u = K̄ w the derivative of the deviance by
            the whitened row w, over two, shape (n,).
        """
        found, rows = [], self.rows
        if rows.correlated:
            whitened = self.spread * (along - self.rho * before)
            bent = self.spread * (self.rho * self.spread * whitened - before)
            each = 2 * self.slope * (bent - self.rho * self.spread**2)
            found.append([each.sum()])
        if rows.stratum is not None:
            by = [
                np.bincount(place, weights, rows.strata)
                for place, weights in (
                    (rows.stratum, self.spread * along),
                    (rows.stratum[rows.previous], self.spread * self.rho * before),
                    (rows.stratum, np.ones(rows.gap.size)),
                )
            ]
            found.append(2 * (by[2] - by[0] + by[1])[1:])
        return np.concatenate(found) if found else np.zeros(0)

    def information(self) -> np.ndarray:
        """Give the expected curvature of the deviance in ω if nothing else varied, (ω, ω)."""
        rows = self.rows
        curve = np.zeros((rows.size, rows.size))
        if rows.correlated:
            told = 2 * self.slope**2 * (1 + self.rho**2) * self.spread**4
            curve[0, 0] = told.sum()
        if rows.stratum is not None:
            many = np.bincount(rows.stratum, minlength=rows.strata)[1:].astype(float)
            start = int(rows.correlated)
            curve[start:, start:] = 4 * (np.diag(many) - np.outer(many, many) / rows.gap.size)
        return curve
