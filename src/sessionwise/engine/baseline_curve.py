"""The hazard of somebody described by a Cox model: baseline, and curves of given covariates."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sessionwise.engine.efron_steps import TiedSteps

FURTHEST = 300.0
"""Log hazard ratios beyond this are as good as endless, and their squares still have a number."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """How the cumulative hazard at x = 0 rises, one entry per event time, by stratum and time.

    Attributes
    ----------
    time, stratum, at_risk, events
        Each distinct event time, how many rows are at risk then, and how many events there are.
    rise
        Of the hazard at this time.
    variance
        What is added to its variance, the coefficients known.
    pull
        Mean covariates times the rise, shape (times, p): how it moves with the coefficients.
    """

    time: np.ndarray
    stratum: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    rise: np.ndarray
    variance: np.ndarray
    pull: np.ndarray

    @property
    def hazard(self) -> np.ndarray:
        """Cumulative within the stratum, shape (times,)."""
        return _within(self.stratum, self.rise)

    def only(self, here: np.ndarray) -> Baseline:
        """Keep some of the times."""
        return Baseline(*(getattr(self, one.name)[here] for one in fields(self)))


def baseline_hazard(steps: TiedSteps) -> Baseline:
    """Add up the events over the risk that met them.

    With Efron's ties the d events of one time are met by the risk sets of their d steps, with
    Breslow's all by the same; so R's ``survfit`` and ``basehaz`` of a ``coxph`` have it.

    Parameters
    ----------
    steps
        Risk sets at the estimates; ``risk`` must be exp(x β), so that x = 0 is the baseline.

    References
    ----------
    Breslow (1972), J R Stat Soc B 34:216–217; Tsiatis (1981), Ann Stat 9:93–108 (errors);
    Therneau & Grambsch (2000), Modeling Survival Data, section 10.2.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> from sessionwise.engine.efron_steps import tied_steps
    >>> x, none = np.zeros((3, 1)), np.zeros(3, int)
    >>> times = event_times(none, np.array([1, 2, 3]), np.ones(3), none)
    >>> baseline_hazard(tied_steps(times, x, np.ones(3), "efron")).hazard.round(3).tolist()
    [0.333, 0.833, 1.833]
    """
    times = steps.times
    rate = 1 / steps.total
    parts = [rate, rate**2, steps.mean * rate[:, None]]
    rise, variance, pull = (times.over_steps(part) for part in parts)
    at_risk = np.rint(times.at_risk(np.ones(steps.risk.size))).astype(int)
    return Baseline(times.time, times.stratum, at_risk, times.deaths, rise, variance, pull)


def _within(stratum: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum cumulatively within each stratum."""
    total = np.cumsum(values, axis=0)
    opens = np.flatnonzero(np.r_[True, np.diff(stratum) != 0])[: len(stratum)]
    before = total[opens] - values[opens]
    return total - np.repeat(before, np.diff(np.r_[opens, len(stratum)]), axis=0)


def profile_hazard(
    base: Baseline, x: np.ndarray, coefficients: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the cumulative hazard of somebody with covariates x, and its error.

    Parameters
    ----------
    base
        From `baseline_hazard`.
    x
        Covariates held throughout, shape (p,), or as they are at each time, shape (times, p).
    coefficients, covariance
        β, shape (p,), and its covariance, shape (p, p) (clustered errors: the clustered one).

    Returns
    -------
    hazard, std_error
        Each of shape (times,). The error is also that of log survival, exp(−hazard).

    References
    ----------
    As `baseline_hazard`.
    """
    x = np.broadcast_to(x, base.pull.shape)
    ratio = np.exp(np.clip(x @ coefficients, -FURTHEST, FURTHEST))
    hazard = _within(base.stratum, base.rise * ratio)
    alone = _within(base.stratum, base.variance * ratio**2)
    moves = (x * base.rise[:, None] - base.pull) * ratio[:, None]
    away = _within(base.stratum, moves)
    moved = np.einsum("tp,pq,tq->t", away, covariance, away)
    return hazard, np.sqrt(alone + np.maximum(moved, 0.0))
