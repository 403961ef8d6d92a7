"""Satterthwaite's degrees of freedom: how well the error of an estimate is itself known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sessionwise.engine.profiled_likelihood import At, LinearMixedModel, Roots
from sessionwise.engine.variance_search import Summit, VarianceSearch

STEP = 1e-4
"""Step to both sides in an entry of T for differences of exact slopes; the error left is of its
square."""

LARGE, SHORT = 100_000, 1e-5
"""From this many rows on a short step to one side does, as a share of the entry, or of a tenth if
that is more: where so much is known, little bends."""


@dataclass(frozen=True, eq=False)
class Step:
    """The model at two places that lie apart in one entry of T, and how far.

    Attributes
    ----------
    roots, at
        T of each factor and the model there, at the end of the step.
    roots_before, at_before
        The same at its beginning.
    length
        How far the entry moves.
    """

    roots: Roots
    at: At
    roots_before: Roots
    at_before: At
    length: float


@dataclass(frozen=True, eq=False)
class Satterthwaite:
    """What is needed to judge any contrast of the fixed effects.

    Attributes
    ----------
    covariance
        Covariance C of the estimates, shape (p, p).
    moves
        How C changes with each free entry of T, σ² following at its best, shape (entries, p, p).
    uncertainty
        Covariance of those entries, shape (entries, entries).
    residual_df
        What the residual sum of squares was divided by.
    steps
        A step in each of the entries.
    """

    covariance: np.ndarray
    moves: np.ndarray
    uncertainty: np.ndarray
    residual_df: int
    steps: tuple[Step, ...]

    def df(self, contrast: np.ndarray) -> float:
        """Degrees of freedom of c′β̂ for c of shape (p,): 2 v² / Var(v̂), v = c′Cc.

        σ² given T has relative variance 2/df of its own; the rest of Var(v̂) is by the delta
        method along the likelihood's ridge.
        """
        variance = float(contrast @ self.covariance @ contrast)
        moves = np.einsum("p,kpr,r->k", contrast, self.moves, contrast)
        spread = float(moves @ self.uncertainty @ moves) + 2 * variance**2 / self.residual_df
        return 2 * variance**2 / spread

    def df_of(self, value: np.ndarray, variance: Callable[[Roots, At], np.ndarray]) -> np.ndarray:
        """Degrees of freedom of variances that are anything times σ², by differences.

        Parameters
        ----------
        value
            The variances at the summit, shape (n,).
        variance
            What gives them, in the same unit, at T of each factor and the model there.
        """
        moves = [
            (variance(s.roots, s.at) - variance(s.roots_before, s.at_before)) / s.length
            if len(value)
            else value
            for s in self.steps
        ]
        spread = 2 * value**2 / self.residual_df
        if moves:
            moved = np.stack(moves)
            spread = spread + np.einsum("kn,kn->n", moved, self.uncertainty @ moved)
        return 2 * value**2 / spread

    def joint_df(self, contrasts: np.ndarray) -> float:
        """Denominator degrees of freedom of a test that Lβ = 0, L of shape (k, p).

        F is the mean of the k squared t of the independent mixtures of its rows; the F of these
        degrees of freedom has the mean that such a mean has. Two where that mean does not exist.
        """
        contrasts = np.atleast_2d(contrasts)
        k = len(contrasts)
        _, ways = np.linalg.eigh(contrasts @ self.covariance @ contrasts.T)
        each = np.array([self.df(way @ contrasts) for way in ways.T])
        if np.ptp(each) < 1e-8:
            return float(each.mean())
        if (each <= 2).any():
            return 2.0
        total = float((each / (each - 2)).sum())
        return 2 * total / (total - k)


def satterthwaite(model: LinearMixedModel, summit: Summit) -> Satterthwaite:
    """Compute it at the summit.

    A variance of exactly zero takes no part: the likelihood is level in its root there.

    References
    ----------
    Giesbrecht & Burns (1985), Biometrics 41:477–486; Fai & Cornelius (1996), J Stat Comput Simul
    54:363–378, for several at once. Numbers as R's lmerTest (Kuznetsova et al. 2017,
    J Stat Softw 82(13), section 2).
    """
    search = VarianceSearch(model)
    theta = search.entries.vector(summit.roots)
    free = np.flatnonzero(~(search.bounded & (theta <= 0)) & (theta != 0))
    moves, bends, steps = [], [], []
    for k in free:
        up, down = theta.copy(), theta.copy()
        if model.given.rows < LARGE:
            up[k] += STEP
            down[k] -= STEP
            before, step = search.point(down), 2 * STEP
            base = (before.roots, before.at, before.gradient)
        else:
            step = SHORT * max(abs(theta[k]), 0.1)
            up[k] += step
            base = (summit.roots, summit.at, summit.slopes)
        after = search.point(up)
        steps.append(Step(after.roots, after.at, base[0], base[1], step))
        bends.append((after.gradient - base[2])[free] / step)
        moves.append((after.at.covariance - base[1].covariance) / step)
    p = model.given.terms
    hessian = np.array(bends).reshape(free.size, free.size)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    kept = values > 1e-8 * max(float(values.max(initial=0.0)), 1e-300)
    uncertainty = 2 * (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return Satterthwaite(
        summit.at.covariance, np.array(moves).reshape(-1, p, p), uncertainty, model.df, tuple(steps)
    )
