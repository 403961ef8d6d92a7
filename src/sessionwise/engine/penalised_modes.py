"""Where the deviations of a generalised mixed model are most likely, given all that is fixed.

With b = T u for each level and u ~ N(0, I), η = Xβ + ZTu, the joint log-likelihood

    ℓ(u) = Σ log f(y | η) − ½u′u

is climbed by Newton's method. A step from b solves

    (I + T′Z′WZT) u⁺ = T′Z′(W Zb + d₁),

which is what the elimination of the linear mixed model solves, with Z′WZ in place of Z′Z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sessionwise.engine.crossed_factors import crossed_modes, retrace, solve
from sessionwise.engine.elimination import Remaining, eliminate, restore
from sessionwise.engine.outcome_families import Family, Slopes
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.weighted_sums import Pair, WeightedSums

MOST = 60
"""Newton steps at most."""

STILL = 3e-6
"""A step that moves no linear predictor by more is the last: what is left is its square."""

By = list[np.ndarray]
"""By factor, the one with most levels first."""


@dataclass(frozen=True, eq=False)
class Weights:
    """Z′WZ by level and by pair of levels."""

    own: By
    between: dict[Pair, np.ndarray]


@dataclass(frozen=True, eq=False)
class Settled:
    """The deviations at their most likely.

    Attributes
    ----------
    u
        By factor, shape (q, levels).
    pull
        Z′d₁ of each level, of which u is T′ times.
    rows
        Log-likelihood and derivatives of the rows there.
    eta
        Linear predictor, shape (n,).
    value
        ℓ(u).
    weights
        Z′WZ there.
    """

    u: By
    pull: By
    rows: Slopes
    eta: np.ndarray
    value: float
    weights: Weights


class PenalisedModes:
    """The random part of a model on its rows, sorted by level of the factor with most levels.

    Parameters
    ----------
    family
        The outcome, in the order of the data.
    factors
        The grouping factors, likewise.
    """

    def __init__(self, family: Family, factors: Sequence[Factor]) -> None:
        finest = max(factors, key=lambda factor: factor.levels)
        self.sorting = np.argsort(finest.level, kind="stable")
        placed = [
            Factor(one.level[self.sorting], one.columns[:, self.sorting], one.free)
            for one in factors
        ]
        n = finest.level.size
        self.family = family.taken(self.sorting)
        self.plan = LinearMixedModel.of(np.empty((n, 0)), np.zeros(n), placed, reml=False)
        self.factors = self.plan.given.factors
        self.order = self.plan.given.order
        self.sums = WeightedSums(self.plan.given)

    def placed(self, by_factor: Sequence[np.ndarray]) -> By:
        """Put what is by factor as given into the order of elimination."""
        return [by_factor[k] for k in self.order]

    def as_given(self, by_factor: Sequence[np.ndarray]) -> By:
        """Put what is in the order of elimination into the order given."""
        return [by_factor[self.order.index(k)] for k in range(len(self.order))]

    def settle(
        self, linear: np.ndarray, roots: By, phi: np.ndarray, start: By, *, bend: bool = True
    ) -> Settled:
        """Climb to the most likely deviations from where another point had them.

        Parameters
        ----------
        linear
            Xβ, shape (n,).
        roots
            T by factor, in the order of elimination.
        phi
            Further parameters of the family.
        start
            u to start from.
        bend
            Whether w′ is needed in the end.

        Raises
        ------
        numpy.linalg.LinAlgError
            Nothing is to be computed there, or no step raises the log-likelihood any more.
        """
        u = [one.copy() for one in start]
        zb = self.sums.spread(_times(roots, u))
        rows, value = self._judged(linear + zb, phi, u)
        for _ in range(MOST):
            pull = self.sums.gathered(rows.weight * zb + rows.slope)
            own, between = self.sums.weighted(rows.weight)
            new_b = self.solve(Weights(own, between), [one[:, None] for one in pull], roots)
            new_zb = self.sums.spread([one[:, 0] for one in new_b])
            rest = self.sums.gathered(rows.slope - rows.weight * (new_zb - zb))
            new_u = _times([root.T for root in roots], rest)
            furthest = float(np.abs(new_zb - zb).max())
            part, last = 1.0, furthest < STILL
            while True:
                trial = [one + part * (new - one) for one, new in zip(u, new_u)]
                trial_zb = zb + part * (new_zb - zb)
                moved, reached = self._judged(linear + trial_zb, phi, trial, bend=bend and last)
                if last or reached >= value - self._rounding(rows, value):
                    break
                part /= 2
                if part < 1e-8:
                    raise np.linalg.LinAlgError("the deviations do not settle")
            u, zb, rows, value = trial, trial_zb, moved, reached
            if last:
                pull = self.sums.gathered(rows.slope)
                weights = Weights(*self.sums.weighted(rows.weight))
                return Settled(u, pull, rows, linear + zb, value, weights)
        raise np.linalg.LinAlgError("the deviations do not settle")

    def _rounding(self, rows: Slopes, value: float) -> float:
        """What a sum of rows may be off by."""
        terms = float(np.abs(rows.loglik).sum()) + abs(self.family.constant)
        return max(1e-11 * max(1.0, abs(value)), 1e-14 * terms)

    def _judged(
        self, eta: np.ndarray, phi: np.ndarray, u: By, *, bend: bool = False
    ) -> tuple[Slopes, float]:
        rows = self.family.at(eta, phi, bend=bend)
        value = (
            float(rows.loglik.sum())
            + self.family.constant
            - 0.5 * sum(float((one**2).sum()) for one in u)
        )
        if not np.isfinite(value):
            value = -np.inf
        return rows, value

    def forward(
        self, weights: Weights, right: By, roots: By, total: np.ndarray | None = None
    ) -> tuple[np.ndarray, float, list]:
        """Eliminate all factors: what remains of the total, log|I + T′Z′WZT|, and the way back.

        ``right`` holds right-hand sides by level, shape (q, x, levels); ``total`` is (x, x).
        """
        many = right[0].shape[1]
        left = Remaining(
            dict(enumerate(weights.own)),
            dict(enumerate(right)),
            dict(weights.between),
            np.zeros((many, many)) if total is None else total,
        )
        in_order = dict(enumerate(roots))
        done = [eliminate(left, step, in_order[step.f]) for step in self.plan.steps]
        if self.plan.last is not None:
            done.append(solve(left, self.plan.last, in_order))
        return left.total, sum(one.log_determinant for one in done), done

    def solve(self, weights: Weights, right: By, roots: By) -> By:
        """Give T(I + T′Z′WZT)⁻¹T′ times right-hand sides, by factor, shape (q, x, levels)."""
        return self.backward(self.forward(weights, right, roots)[2], right[0].shape[1])

    def backward(self, done: list, many: int = 1) -> By:
        """Solve for the deviations once all factors are eliminated."""
        columns = [self._modes(done, np.eye(many)[x]) for x in range(many)]
        return [np.stack([one[f] for one in columns], axis=1) for f in range(len(self.factors))]

    def _modes(self, done: list, weight: np.ndarray) -> dict[int, np.ndarray]:
        found: dict[int, np.ndarray] = {}
        steps = self.plan.steps
        if self.plan.last is not None:
            found |= crossed_modes(self.plan.last, done[-1], weight)
        for step, gone in zip(reversed(steps), reversed(done[: len(steps)])):
            rest = np.einsum("axl,x->al", gone.xy, weight)
            for g, link in step.meets.items():
                rest = rest - np.einsum("acl,cl->al", gone.blocks[g], found[g][:, link.second])
            found[step.f] = np.einsum("abl,bl->al", gone.weight, rest)
        return found

    def inverse_blocks(self, done: list, roots: By) -> tuple[Remaining, By, By]:
        """Give blocks of B = T(I + T′Z′WZT)⁻¹T′, and what log|I + T′Z′WZT| owes to T T′.

        Returns
        -------
        tuple
            B by level and by pair of levels that meet; by factor ∂log|…|/∂G, shape (q, q); and
            Z′(W⁻¹ + ZGZ′)⁻¹Z by level, without the factors of fewer levels.
        """
        back = Remaining({}, {}, {}, np.zeros_like(done[0].xy[0, :1] @ done[0].xy[0, :1].T))
        steps, found = self.plan.steps, {}
        if self.plan.last is not None:
            found |= retrace(back, self.plan.last, done[-1], dict(enumerate(roots)), inner=True)
        for step, gone in zip(reversed(steps), reversed(done[: len(steps)])):
            found[step.f] = restore(back, step, gone, inner=True)
        places = range(len(self.factors))
        return back, [found[f][0] for f in places], [found[f][1] for f in places]


def _times(roots: By, u: By) -> By:
    return [root @ one for root, one in zip(roots, u)]
