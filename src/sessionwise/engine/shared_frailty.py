"""A Cox model whose groups share a deviation of the log hazard: its penalised maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.frailty_curvature import PenalisedInverse
from sessionwise.engine.frailty_penalties import Penalty, centred, gamma_correction, penalty_at
from sessionwise.engine.frailty_rows import Place, SharedFrailty, place_at
from sessionwise.errors import Refused

MOST_STEPS = 400
"""Newton steps to a maximum; with the full curvature there are about five."""

FLAT = 1e-18
"""A Newton step that promises less than this in log-likelihood is the last."""

NEARLY = 1e-11
"""Below this rounding may keep a promise from falling, and the climb ends when it does."""


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
    penalty
        What the distribution of the deviations takes off.
    volume
        log det(I + B⁻¹ H), H the curvature in the deviations and B that of the penalty, 1/θ if
        they are normal.
    correction
        What integrating them out adds to the penalised likelihood: −volume/2 by Laplace, normal;
        what it is, gamma.
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
    penalty: float
    volume: float
    correction: float
    promise: float

    @property
    def penalised(self) -> float:
        """Log partial likelihood less the penalty."""
        return self.loglik - self.penalty

    @property
    def integrated(self) -> float:
        """Log likelihood with the deviations integrated out; the Cox model's where θ is 0."""
        return self.penalised + self.correction


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
        The deviations sum to 0; of gamma frailties e^b has the mean 1.

    Raises
    ------
    Refused
        No maximum: a coefficient goes to infinity, or columns that say the same.

    References
    ----------
    Therneau, Grambsch & Pankratz (2003), J Comput Graph Stat 12:156–175, eqs. 4 to 7.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> none, x = np.zeros(4, int), np.array([[0.0], [1.0], [1.0], [0.0]]) - 0.5
    >>> times = event_times(none, np.array([1, 2, 3, 4]), np.array([1, 1, 1, 0]), none)
    >>> highest(SharedFrailty(times, x, np.array([0, 0, 1, 1]), 2), 1.0).deviations.round(3).sum()
    np.float64(0.0)
    """
    beta = np.zeros(model.x.shape[1]) if start is None else start.coefficients
    b = np.zeros(model.groups) if start is None or not theta else start.deviations
    at = place_at(model, beta, b)
    taken = penalty_at(model.shape, b, theta)
    value = at.loglik - taken.value
    before = np.inf
    for _ in range(MOST_STEPS):
        solve = _Curvature(at, taken)
        db, dbeta, promise = solve.step()
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
            found = place_at(model, new_beta, new_b)
            new = found.loglik - penalty_at(model.shape, new_b, theta).value
            if np.isfinite(new) and new >= value - 1e-10 * abs(value):
                break
            size /= 2
        b, beta, at = centred(model.shape, new_b), new_beta, found
        taken = penalty_at(model.shape, b, theta)
        value = at.loglik - taken.value
    else:
        raise Refused(
            f"After {MOST_STEPS} steps the partial likelihood with deviations of groups still "
            "rises. Take columns out of the model, or groups with few events together."
        )
    covariance, spread = solve.inverse()
    volume = solve.volume()
    integral = -volume / 2
    if model.shape == "gamma":
        integral = gamma_correction(theta, model.events) if theta else 0.0
    return Penalised(
        theta, beta, b, at.loglik, at.slopes[0], covariance, spread,
        taken.value, volume, integral, promise,
    )  # fmt: skip


class _Curvature:
    """The negative second derivatives with the penalty, factorised."""

    def __init__(self, at: Place, taken: Penalty) -> None:
        self.at, self.taken = at, taken
        try:
            fixed = np.isinf(taken.bend).all()
            self.inner = None if fixed else PenalisedInverse(at.inner, taken.bend)
            self.back = self.inner.solve(at.crossed) if self.inner else np.zeros_like(at.crossed)
            self.left = linalg.cho_factor(at.outer - at.crossed.T @ self.back, lower=True)
        except linalg.LinAlgError:
            raise Refused(
                "The columns of the model cannot be told apart at the times of events: one of "
                "them does not vary, or several say the same. Take one out."
            ) from None

    def step(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Give Newton's step in b and β, and what it promises."""
        slope_b, slope = self.at.slopes
        if self.inner is None:
            move = linalg.cho_solve(self.left, slope)
            return np.zeros_like(slope_b), move, float(slope @ move) / 2
        slope_b = slope_b - self.taken.slope
        move = linalg.cho_solve(self.left, slope - self.back.T @ slope_b)
        move_b = self.inner.solve(slope_b) - self.back @ move
        return move_b, move, float(slope_b @ move_b + slope @ move) / 2

    def inverse(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the covariance of β, and the variance of every deviation."""
        covariance = linalg.cho_solve(self.left, np.eye(self.at.outer.shape[0]))
        if self.inner is None:
            return covariance, np.zeros(len(self.back))
        of_beta = np.einsum("gp,pq,gq->g", self.back, covariance, self.back)
        return covariance, self.inner.diagonal() + of_beta

    def volume(self) -> float:
        """Give log det(I + B⁻¹ H)."""
        return self.inner.volume() if self.inner else 0.0
