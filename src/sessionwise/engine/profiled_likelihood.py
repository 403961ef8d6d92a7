"""The likelihood of a linear mixed model at given variance ratios, and its exact slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from sessionwise.engine.crossed_factors import Solved, crossed_modes, retrace, solve
from sessionwise.engine.crossing_layout import Crossing, crossing
from sessionwise.engine.elimination import Eliminated, Remaining, Step, eliminate, restore
from sessionwise.engine.row_sums import CrossProducts, Factor, Link, cross_products

Roots = Sequence[np.ndarray]
"""T of each factor, in the order the model was given them: lower triangles, T T′ = G."""


@dataclass(frozen=True, eq=False)
class At:
    """A linear mixed model at given variance ratios.

    Attributes
    ----------
    loglik
        (Restricted) log-likelihood, all constants included, σ² at its best.
    estimate
        β̂, shape (p,).
    unscaled
        (X′V⁻¹X)⁻¹ for σ² = 1, shape (p, p).
    residual_variance
        σ̂²: the weighted residual sum of squares over n − p (REML) or n (ML).
    """

    loglik: float
    estimate: np.ndarray
    unscaled: np.ndarray
    residual_variance: float

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the estimates, shape (p, p)."""
        return self.residual_variance * self.unscaled


@dataclass(frozen=True, eq=False)
class LinearMixedModel:
    """A model on its rows: cross-products, and in which order factors are eliminated."""

    given: CrossProducts
    steps: tuple[Step, ...]
    last: Crossing | None
    reml: bool

    @classmethod
    def of(
        cls, design: np.ndarray, response: np.ndarray, factors: Sequence[Factor], *, reml: bool
    ) -> LinearMixedModel:
        """Read the rows once, and plan the elimination.

        The factor with most levels goes first while each of its levels lies in one level of every
        factor that remains; from the first that crosses another on, all are solved together.
        """
        given = cross_products(design, response, factors)
        steps, last = [], None
        for f in range(len(given.factors)):
            after = range(f + 1, len(given.factors))
            meets = {g: given.links[f, g] for g in after}
            if not all(link.nested for link in meets.values()):
                last = crossing(given, f)
                break
            onto = {
                (g, h): _lies_in(given.links[g, h], meets[g].second, meets[h].second)
                for g in after
                for h in after
                if g < h
            }
            steps.append(Step(f, meets, onto))
        return cls(given, tuple(steps), last, reml)

    def with_response(self, design: np.ndarray, response: np.ndarray) -> LinearMixedModel:
        """Give the same model of another response; the plan is kept."""
        return replace(self, given=self.given.with_response(design, response))

    def recombined(self, weights: np.ndarray) -> LinearMixedModel:
        """Give the same model in other columns: [X y] times weights, the last of them the response.

        Parameters
        ----------
        weights
            Shape (p + 1, columns); from the cross-products alone, no row is read again.
        """
        return replace(self, given=self.given.recombined(weights))

    @cached_property
    def df(self) -> int:
        """What the residual sum of squares is divided by."""
        return self.given.rows - (self.given.terms if self.reml else 0)

    def at(self, roots: Roots) -> At:
        """Give likelihood and fixed effects at T of each factor, each of shape (q, q)."""
        return self._judged(*self._forward(roots)[:2])[0]

    def slopes(
        self, roots: Roots, residual: float | None = None
    ) -> tuple[At, list[np.ndarray], list[np.ndarray]]:
        """Give likelihood, its exact slopes in G, and about what G is known by.

        Parameters
        ----------
        roots
            T of each factor, each of shape (q, q).
        residual
            σ² at which likelihood and slopes are wanted, instead of at its best; what `At` says of
            it stays the best.

        Returns
        -------
        tuple
            `At`; by factor ∂(−2 log-likelihood)/∂G, symmetric, shape (q, q); and by factor
            Z′V⁻¹Z of each level, shape (q, q, levels), V here without the factors of fewer levels.
        """
        total, determinant, done = self._forward(roots)
        at, bar = self._judged(total, determinant, residual)
        back = Remaining({}, {}, {}, bar)
        in_order = {f: roots[k] for f, k in enumerate(self.given.order)}
        found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        if self.last is not None:
            found |= retrace(back, self.last, done[-1], in_order, inner=bool(self.steps))
        for step, gone in zip(reversed(self.steps), reversed(done[: len(self.steps)])):
            found[step.f] = restore(back, step, gone, inner=step.f > 0)
        placed = [found[self.given.order.index(k)] for k in range(len(found))]
        return at, [(s + s.T) / 2 for s, _ in placed], [blocks for _, blocks in placed]

    def modes(self, roots: Roots) -> list[tuple[np.ndarray, np.ndarray]]:
        """Give the conditional modes of the deviations and how surely they are known.

        Returns
        -------
        list of tuple
            By factor, in the order given: G Z′V⁻¹(y − Xβ̂), shape (q, levels); and their covariance
            given β and the variances, σ̂²(H + H Q H), shape (q, q, levels).

        References
        ----------
        Bates, Mächler, Bolker & Walker (2015), J Stat Softw 67(1), eq. 56–58.
        """
        total, determinant, done = self._forward(roots)
        at = self._judged(total, determinant)[0]
        weight = np.append(-at.estimate, 1.0)
        back = Remaining({}, {}, {}, np.zeros_like(total))
        in_order = {f: roots[k] for f, k in enumerate(self.given.order)}
        found: dict[int, np.ndarray] = {}
        if self.last is not None:
            retrace(back, self.last, done[-1], in_order, inner=True)
            found |= crossed_modes(self.last, done[-1], weight)
        for step, gone in zip(reversed(self.steps), reversed(done[: len(self.steps)])):
            restore(back, step, gone, inner=True)
            rest = np.einsum("axl,x->al", gone.xy, weight)
            for g, link in step.meets.items():
                rest = rest - np.einsum("acl,cl->al", gone.blocks[g], found[g][:, link.second])
            found[step.f] = np.einsum("abl,bl->al", gone.weight, rest)
        places = [self.given.order.index(k) for k in range(len(found))]
        return [(found[f], at.residual_variance * back.own[f]) for f in places]

    def joint(self, roots: Roots) -> Remaining:
        """Give how surely fixed effects and deviations are known together, where levels meet.

        The inverse of Henderson's equations, ([X Z]′[X Z] + diag(0, G⁻¹))⁻¹, is what log|V| +
        log|X′V⁻¹X| changes by with [X Z]′[X Z], so the way back of the slopes gives it, in all
        places where that has entries. G may be singular.

        Returns
        -------
        Remaining
            Covariances of (β̂ − β, b̂ − b) over σ², factors numbered as in ``given``; the places of
            the response hold nothing.

        References
        ----------
        Henderson (1975), Biometrics 31:423–447; Harville (1976), Ann Stat 4:384–395.
        """
        total, determinant, done = self._forward(roots)
        bar = np.zeros_like(total)
        bar[:-1, :-1] = self._judged(total, determinant)[0].unscaled
        back = Remaining({}, {}, {}, bar)
        in_order = {f: roots[k] for f, k in enumerate(self.given.order)}
        if self.last is not None:
            retrace(back, self.last, done[-1], in_order, inner=True)
        for step, gone in zip(reversed(self.steps), reversed(done[: len(self.steps)])):
            restore(back, step, gone, inner=True)
        return back

    def _forward(self, roots: Roots) -> tuple[np.ndarray, float, list[Eliminated | Solved]]:
        given = self.given
        left = Remaining(
            dict(enumerate(given.own)), dict(enumerate(given.xy)), dict(given.between), given.total
        )
        in_order = {f: roots[k] for f, k in enumerate(given.order)}
        done: list[Eliminated | Solved] = [
            eliminate(left, step, in_order[step.f]) for step in self.steps
        ]
        if self.last is not None:
            done.append(solve(left, self.last, in_order))
        return left.total, sum(one.log_determinant for one in done), done

    def _judged(
        self, total: np.ndarray, determinant: float, residual: float | None = None
    ) -> tuple[At, np.ndarray]:
        """From [X y]′V⁻¹[X y]: the fit, and the derivative of the deviance by that matrix."""
        p = len(total) - 1
        inverse = np.empty((0, 0))
        estimate = np.empty(0)
        if p:
            root = linalg.cho_factor(total[:p, :p], lower=True)
            estimate = linalg.cho_solve(root, total[:p, p])
            inverse = linalg.cho_solve(root, np.eye(p))
            if self.reml:
                determinant += 2 * float(np.log(np.diag(root[0])).sum())
        rest = float(total[p, p] - total[:p, p] @ estimate)
        variance = rest / self.df
        held = variance if residual is None else residual
        loglik = -0.5 * (self.df * np.log(2 * np.pi * held) + rest / held + determinant)
        weight = np.append(-estimate, 1.0)
        bar = np.outer(weight, weight) / held
        if self.reml:
            bar[:p, :p] += inverse
        return At(float(loglik), estimate, inverse, variance), bar


def _lies_in(link: Link, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of the pair (first, second) in a link."""
    if link.nested:
        return first
    many = int(max(link.second.max(), second.max())) + 1
    return np.searchsorted(link.first * many + link.second, first * many + second)
