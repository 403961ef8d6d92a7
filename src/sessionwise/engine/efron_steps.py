"""What was expected of each row of a Cox model, event by event, with ties by Efron or Breslow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sessionwise.engine.at_event_times import EventTimes

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, eq=False)
class TiedSteps:
    """The risk set of every event, those of one time taken one after the other.

    Efron: before the l-th of d events of one time (l = 0, …, d − 1), each of the d is in the risk
    set with weight 1 − l/d. Breslow: with weight 1.

    Attributes
    ----------
    times
        Who is at risk when.
    x
        Covariates, shape (n, p).
    risk
        exp(linear predictor) of each row, shape (n,).
    gone
        l/d of each event (0 everywhere for Breslow), shape (events,).
    total
        Sum of the risks, shape (events,).
    mean
        Mean covariates, weighted by risk, shape (events, p).
    """

    times: EventTimes
    x: np.ndarray
    risk: np.ndarray
    gone: np.ndarray
    total: np.ndarray
    mean: np.ndarray

    def expected(self, weight: np.ndarray | float = 1.0) -> np.ndarray:
        """Sum weight/total over the steps each row is at risk at, times its risk: (n,).

        With weight 1 it is the number of events expected of the row. Weights may be given for
        each event, shape (events,), or several of them, shape (events, k), giving (n, k).
        """
        over = self.total if np.ndim(weight) < 2 else self.total[:, None]
        gone = self.gone if np.ndim(weight) < 2 else self.gone[:, None]
        share = weight / over
        found = self.times.while_at_risk(self.times.over_steps(share))
        found[self.times.of_event] -= self.times.over_steps(gone * share)[self.times.at]
        return (found.T * self.risk).T

    def information(self, weight: np.ndarray | float = 1.0) -> np.ndarray:
        """Sum the weighted variances of the covariates over all steps, shape (p, p)."""
        weight = weight * np.ones_like(self.total)
        around = (self.x * self.expected(weight)[:, None]).T @ self.x
        return around - (self.mean * weight[:, None]).T @ self.mean

    def at_time(self, values: np.ndarray) -> np.ndarray:
        """Give each event the mean of what is given for the events of its time."""
        deaths = self.times.deaths.reshape(-1, *([1] * (np.ndim(values) - 1)))
        return (self.times.over_steps(values) / deaths)[self.times.at]


def tied_steps(times: EventTimes, x: np.ndarray, risk: np.ndarray, ties: Ties) -> TiedSteps:
    """Lay out the risk set of every event.

    Parameters
    ----------
    times
        From `event_times`.
    x
        Covariates, shape (n, p); best centred, so that variances do not cancel.
    risk
        exp(linear predictor), shape (n,).
    ties
        How events of one time are taken.

    References
    ----------
    Efron (1977), J Am Stat Assoc 72:557–565; Breslow (1974), Biometrics 30:89–99.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> x, none = np.array([[0.0], [1.0], [2.0]]), np.zeros(3, int)
    >>> times = event_times(none, np.array([1, 1, 2]), np.array([1, 1, 0]), none)
    >>> tied_steps(times, x, np.ones(3), "efron").total.tolist()
    [3.0, 2.0]
    """
    x, risk = np.asarray(x, float), np.asarray(risk, float)
    times = times.for_risks(risk)
    at = times.at
    gone = times.step / times.deaths[at] if ties == "efron" else np.zeros(at.size)
    weighted = x * risk[:, None]
    total = times.at_risk(risk)[at] - gone * times.of_events(risk)[at]
    sums = times.at_risk(weighted)[at] - gone[:, None] * times.of_events(weighted)[at]
    return TiedSteps(times, x, risk, gone, total, sums / total[:, None])
