"""A Cox model whose groups share a normal deviation of the log hazard: its penalised maximum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import linalg, sparse

from sessionwise.engine.event_times import EventTimes
from sessionwise.engine.tied_steps import TiedSteps, Ties, tied_steps
from sessionwise.errors import Refused

Curvature = Literal["full", "diagonal"]

MOST_CELLS = 2_000_000
"""Event times times groups that are held at once."""

MOST_STEPS = 400
"""Newton steps to a maximum; with the full curvature there are about five."""

FLAT = 1e-18
"""A Newton step that promises less than this in log-likelihood is the last."""

NEARLY = 1e-11
"""Below this rounding may keep a promise from falling, and the climb ends when it does."""


@dataclass(frozen=True, eq=False)
class SharedFrailty:
    """Rows of a Cox model in groups.

    Attributes
    ----------
    times
        Who is at risk when.
    x
        Centred covariates, shape (n, p).
    group, groups
        Whole numbers 0, 1, …, shape (n,), and how many there are.
    ties
        How events of one time are taken.
    curvature
        ``"full"``: the second derivatives of the partial likelihood as they are; ``"diagonal"``:
        those between two groups left out, as R's ``frailty(…, sparse = TRUE)`` has it, for many
        groups. The maximum is the same; the errors and the variance are not.
    """

    times: EventTimes
    x: np.ndarray
    group: np.ndarray
    groups: int
    ties: Ties = "efron"
    curvature: Curvature = "full"

    @cached_property
    def event(self) -> np.ndarray:
        """1 for rows with an event, shape (n,)."""
        found = np.zeros(self.group.size)
        found[self.times.of_event] = 1.0
        return found

    def by_group(self, values: np.ndarray) -> np.ndarray:
        """Sum over the rows of each group: (n,) or (n, k) to (groups,) or (groups, k)."""
        if values.ndim > 1:
            sums = [self.by_group(column) for column in values.T]
            return np.stack(sums, axis=1) if sums else np.zeros((self.groups, 0))
        return np.bincount(self.group, values, self.groups)


@dataclass(frozen=True, eq=False)
class Penalised:
    """The penalised partial likelihood at its highest for one variance.

    Attributes
    ----------
    theta
        Variance of the deviations; 0: there are none.
    coefficients, deviations
        β, shape (p,), and b, shape (groups,).
    loglik
        Log partial likelihood there, the penalty not taken off.
    score
        Its slopes in the deviations, shape (groups,).
    covariance
        Of β with θ held fixed, shape (p, p).
    deviation_variance
        Of each deviation, β not known, θ held fixed, shape (groups,).
    volume
        log det(I + θ H), H the curvature in the deviations.
    promise
        What one more Newton step would gain in log-likelihood.
    """

    theta: float
    coefficients: np.ndarray
    deviations: np.ndarray
    loglik: float
    score: np.ndarray
    covariance: np.ndarray
    deviation_variance: np.ndarray
    volume: float
    promise: float

    @property
    def penalised(self) -> float:
        """Log partial likelihood less b'b/(2θ)."""
        if not self.theta:
            return self.loglik
        return self.loglik - float(self.deviations @ self.deviations) / (2 * self.theta)

    @property
    def integrated(self) -> float:
        """Log partial likelihood with the deviations integrated out, by Laplace."""
        return self.penalised - self.volume / 2


@dataclass(frozen=True, eq=False)
class _Place:
    """Log-likelihood, slopes and curvature at one β and b."""

    loglik: float
    slopes: tuple[np.ndarray, np.ndarray]
    inner: np.ndarray
    crossed: np.ndarray
    outer: np.ndarray


def highest(model: SharedFrailty, theta: float, start: Penalised | None = None) -> Penalised:
    """Climb to the β and b of one variance, by Newton's steps.

    Parameters
    ----------
    model
        The rows.
    theta
        Variance of the deviations; 0 leaves them out.
    start
        Where to begin; from zero if ``None``.

    Returns
    -------
    Penalised
        The deviations sum to 0.

    Raises
    ------
    Refused
        No maximum: a coefficient goes to infinity, or columns that say the same.

    References
    ----------
    Therneau, Grambsch & Pankratz (2003), J Comput Graph Stat 12:156–175, eqs. 4 to 7.

    Examples
    --------
    >>> from sessionwise.engine.event_times import event_times
    >>> none, x = np.zeros(4, int), np.array([[0.0], [1.0], [1.0], [0.0]]) - 0.5
    >>> times = event_times(none, np.array([1, 2, 3, 4]), np.array([1, 1, 1, 0]), none)
    >>> highest(SharedFrailty(times, x, np.array([0, 0, 1, 1]), 2), 1.0).deviations.round(3).sum()
    np.float64(0.0)
    """
    beta = np.zeros(model.x.shape[1]) if start is None else start.coefficients
    b = np.zeros(model.groups) if start is None or not theta else start.deviations
    at = _place(model, beta, b)
    value = at.loglik - _penalty(b, theta)
    before = np.inf
    for _ in range(MOST_STEPS):
        solve = _Curvature(at, theta, model.curvature)
        db, dbeta, promise = solve.step(b)
        if promise < FLAT or before < NEARLY and promise >= before:
            break
        before = promise
        size = 1.0
        while True:
            if size < 1e-8:
                raise Refused(
                    "The partial likelihood with deviations of groups has no maximum that could "
                    "be found: a coefficient may go to infinity. Take columns out of the model."
                )
            new_b, new_beta = b + size * db, beta + size * dbeta
            found = _place(model, new_beta, new_b)
            new = found.loglik - _penalty(new_b, theta)
            if np.isfinite(new) and new >= value - 1e-10 * abs(value):
                break
            size /= 2
        b, beta, at = new_b - new_b.mean(), new_beta, found
        value = at.loglik - _penalty(b, theta)
    else:
        raise Refused(
            f"After {MOST_STEPS} steps the partial likelihood with deviations of groups still "
            "rises. Take columns out of the model, or groups with few events together."
        )
    covariance, spread = solve.inverse()
    return Penalised(
        theta, beta, b, at.loglik, at.slopes[0], covariance, spread, solve.volume(), promise
    )


def _penalty(b: np.ndarray, theta: float) -> float:
    return float(b @ b) / (2 * theta) if theta else 0.0


def _place(model: SharedFrailty, beta: np.ndarray, b: np.ndarray) -> _Place:
    """Work out likelihood, slopes and curvature; the penalty is not in them."""
    linear = model.x @ beta + b[model.group]
    linear = linear - linear.max()
    with np.errstate(over="ignore", under="ignore"):
        steps = tied_steps(model.times, model.x, np.exp(linear), model.ties)
        loglik = float(linear @ model.event - np.log(steps.total).sum())
    expected = steps.expected()
    left = model.event - expected
    crossed = model.by_group(expected[:, None] * model.x) - model.by_group(
        steps.expected(steps.mean)
    )
    return _Place(
        loglik,
        (model.by_group(left), model.x.T @ left),
        _between_groups(model, steps, model.by_group(expected)),
        crossed,
        steps.information(),
    )


def _between_groups(model: SharedFrailty, steps: TiedSteps, expected: np.ndarray) -> np.ndarray:
    """Give the curvature in the deviations: (groups, groups), or its diagonal (groups,).

    Σ over steps of diag(p) − p p', p the groups' shares of the risk: with A the groups' risk at a
    time and D that of those with an event then, p = (A − (l/d) D) / total.
    """
    times, size = steps.times, (steps.times.time.size + 1, model.groups)
    squares = [times.over_steps(steps.gone**k / steps.total**2) for k in (0, 1, 2)]
    moves = sparse.csr_array((steps.risk, (times.beyond, model.group)), shape=size)
    moves -= sparse.csr_array((steps.risk, (times.first, model.group)), shape=size)
    of_event = times.of_event
    ends = sparse.csr_array(
        (steps.risk[of_event], (times.at, model.group[of_event])), shape=(size[0] - 1, size[1])
    )
    full = model.curvature == "full"
    total = np.zeros((model.groups, model.groups) if full else model.groups)
    carried = np.zeros(model.groups)
    block = max(1, MOST_CELLS // model.groups)
    for high in range(size[0] - 1, 0, -block):
        low = max(0, high - block)
        risks = moves[low + 1 : high + 1].toarray()[::-1].cumsum(axis=0)[::-1] + carried
        carried = risks[0]
        events = ends[low:high]
        first, second, third = (one[low:high, None] for one in squares)
        if full:
            total += (risks * first).T @ risks
            both = events.T @ (risks * second)
            total -= both + both.T
            total += (events.T @ events.multiply(third)).toarray()
        else:
            dense = events.toarray()
            total += (first * risks**2 - 2 * second * risks * dense + third * dense**2).sum(axis=0)
    return np.diag(expected) - total if full else expected - total


class _Curvature:
    """The negative second derivatives with the penalty, factorised."""

    def __init__(self, at: _Place, theta: float, curvature: Curvature) -> None:
        self.at, self.theta, self.full = at, theta, curvature == "full"
        try:
            if not theta:
                self.back = np.zeros_like(at.crossed)
            elif self.full:
                inner = at.inner + np.eye(len(at.inner)) / theta
                self.factor = linalg.cho_factor(inner, lower=True)
                self.back = linalg.cho_solve(self.factor, at.crossed)
            else:
                self.back = at.crossed / (at.inner + 1 / theta)[:, None]
            self.left = linalg.cho_factor(at.outer - at.crossed.T @ self.back, lower=True)
        except linalg.LinAlgError:
            raise Refused(
                "The columns of the model cannot be told apart at the times of events: one of "
                "them does not vary, or several say the same. Take one out."
            ) from None

    def step(self, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Give Newton's step in b and β, and what it promises."""
        slope_b, slope = self.at.slopes
        if not self.theta:
            move = linalg.cho_solve(self.left, slope)
            return np.zeros_like(b), move, float(slope @ move) / 2
        slope_b = slope_b - b / self.theta
        move = linalg.cho_solve(self.left, slope - self.back.T @ slope_b)
        move_b = self._inner(slope_b) - self.back @ move
        return move_b, move, float(slope_b @ move_b + slope @ move) / 2

    def _inner(self, values: np.ndarray) -> np.ndarray:
        if self.full:
            return linalg.cho_solve(self.factor, values)
        return values / (self.at.inner + 1 / self.theta)

    def inverse(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the covariance of β, and the variance of every deviation."""
        covariance = linalg.cho_solve(self.left, np.eye(self.at.outer.shape[0]))
        if not self.theta:
            return covariance, np.zeros(len(self.at.inner))
        if self.full:
            factor = linalg.solve_triangular(
                self.factor[0], np.eye(len(self.at.inner)), lower=True, check_finite=False
            )
            alone = np.einsum("ij,ij->j", factor, factor)
        else:
            alone = 1 / (self.at.inner + 1 / self.theta)
        return covariance, alone + np.einsum("gp,pq,gq->g", self.back, covariance, self.back)

    def volume(self) -> float:
        """Give log det(I + θ H)."""
        if not self.theta:
            return 0.0
        if self.full:
            size = len(self.at.inner) * np.log(self.theta)
            return float(2 * np.log(np.diag(self.factor[0])).sum() + size)
        return float(np.log1p(self.theta * self.at.inner).sum())
