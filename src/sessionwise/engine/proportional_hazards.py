"""Whether a hazard ratio changes with time: Schoenfeld residuals and the score test of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from sessionwise.engine.at_event_times import event_times
from sessionwise.engine.efron_steps import TiedSteps

Transform = Literal["km", "identity", "rank", "log"]
NOTHING = 1e-10
"""Share of a column's information in g·x below which x itself says all that g·x does."""


@dataclass(frozen=True, eq=False)
class ProportionalTest:
    """What speaks against hazard ratios that hold throughout.

    Attributes
    ----------
    statistic, df
        χ² and degrees of freedom of each term, and last of all terms together; nan for a term of
        which nothing says whether it changes, and that one is then no part of the last.
    time, moment
        Time of every event, and its place on the scale that was tested on, shape (events,).
    scaled
        Schoenfeld residuals scaled so that their mean near a time estimates the coefficient then,
        shape (events, terms); of a term of several columns, relative to their joint effect (1 is
        the effect as fitted). nan for terms that do not vary in the event's stratum.
    variance
        Of a single scaled residual, shape (terms, terms).
    """

    statistic: np.ndarray
    df: np.ndarray
    time: np.ndarray
    moment: np.ndarray
    scaled: np.ndarray
    variance: np.ndarray

    @property
    def p(self) -> np.ndarray:
        """Probability of a larger statistic if the ratios held throughout."""
        return stats.chi2.sf(self.statistic, self.df)


def schoenfeld(steps: TiedSteps) -> np.ndarray:
    """Give each event's covariates less those expected then, shape (events, p), by time.

    Events of one time are held against the mean of their steps' means.

    Examples
    --------
    >>> from sessionwise.engine.efron_steps import tied_steps
    >>> x, none = np.array([[0.0], [1.0], [2.0]]), np.zeros(3, int)
    >>> times = event_times(none, np.array([1, 2, 3]), np.array([1, 1, 0]), none)
    >>> schoenfeld(tied_steps(times, x, np.ones(3), "efron")).ravel().tolist()
    [-1.0, -0.5]
    """
    return steps.x[steps.times.of_event] - steps.at_time(steps.mean)


def proportional_test(
    steps: TiedSteps,
    coefficients: np.ndarray,
    terms: list[list[int]],
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
    transform: Transform = "km",
) -> ProportionalTest:
    """Test that no coefficient changes in proportion to g(time).

    The score test of adding ``x·g(t)`` to the model, with the variance of each risk set as it is:
    what ``cox.zph`` of R's survival does from version 3 on (before, it took their mean).

    Parameters
    ----------
    steps
        Risk sets at the estimates, linear predictor included.
    coefficients
        β, shape (p,).
    terms
        Which columns belong to each term.
    rows
        ``(start, stop, event)``, each of shape (n,), as the times were laid out.
    transform
        g: ``"km"``, one minus the Kaplan–Meier curve of all rows just before t; ``"identity"``, t;
        ``"rank"``, the rank of t among the ends of all rows; ``"log"``, log t.

    References
    ----------
    Grambsch & Therneau (1994), Biometrika 81:515–526; the score test with unequal variances:
    Therneau & Grambsch (2000), Modeling Survival Data, section 6.2.

    Examples
    --------
    >>> from sessionwise.engine.efron_steps import tied_steps
    >>> x, none = np.array([[0.0], [1.0], [1.0], [0.0]]), np.zeros(4, int)
    >>> rows = (none, np.array([1, 2, 3, 4]), np.array([1, 1, 1, 0]))
    >>> steps = tied_steps(event_times(*rows, none), x, np.ones(4), "efron")
    >>> proportional_test(steps, np.zeros(1), [[0]], rows, "identity").df.tolist()
    [1, 1]
    """
    times = steps.times
    moment = _moments(rows, transform)[times.of_event]
    g = moment - moment.mean()
    left = schoenfeld(steps)
    inner, crossed, outer = (steps.information(weight) for weight in (1.0, g, g * g))
    beside = outer - crossed.T @ np.linalg.solve(inner, crossed)
    size = np.sqrt(np.diag(outer))
    size[size == 0] = 1.0
    slope, beside = left.T @ g / size, beside / np.outer(size, size)
    told = [_statistic(slope[term], beside[np.ix_(term, term)], whole=True) for term in terms]
    told.append(_statistic(slope, beside, whole=False))
    scaled, variance = _scaled(steps, left, inner, coefficients, terms)
    return ProportionalTest(
        statistic=np.array([value for value, _ in told]),
        df=np.array([df for _, df in told]),
        time=times.time[times.at],
        moment=moment,
        scaled=scaled,
        variance=variance,
    )


def _statistic(slope: np.ndarray, information: np.ndarray, whole: bool) -> tuple[float, int]:
    """Give χ² and its degrees of freedom, on directions with information; nan if ``whole`` lacks.

    There is none on columns that differ between rows at one time of events only, say.
    """
    values, vectors = np.linalg.eigh(information)
    kept = values > NOTHING
    if not kept.any() or (whole and not kept.all()):
        return np.nan, slope.size
    along = vectors[:, kept].T @ slope
    return float(along @ (along / values[kept])), int(kept.sum())


def _moments(rows: tuple[np.ndarray, np.ndarray, np.ndarray], transform: Transform) -> np.ndarray:
    """Give g(stop) of every row."""
    start, stop, event = (np.asarray(one, float) for one in rows)
    if transform == "identity":
        return stop
    if transform == "rank":
        return stats.rankdata(stop)
    if transform == "log":
        with np.errstate(divide="ignore"):
            return np.log(stop)
    times = event_times(start, stop, event > 0, np.zeros(stop.size, int))
    still = np.cumprod(1 - times.deaths / times.at_risk(np.ones(stop.size)))
    return 1 - np.concatenate([[1.0], still])[np.searchsorted(times.time, stop)]


def _scaled(
    steps: TiedSteps,
    left: np.ndarray,
    information: np.ndarray,
    coefficients: np.ndarray,
    terms: list[list[int]],
) -> tuple[np.ndarray, np.ndarray]:
    """Scale residuals by the mean variance of a risk set, and add the coefficient."""
    times, p = steps.times, steps.x.shape[1]
    weights = np.zeros((p, len(terms)))
    for k, columns in enumerate(terms):
        weights[columns, k] = 1.0 if len(columns) == 1 else coefficients[columns]
    stratum = times.stratum[times.at]
    groups, of_event = np.unique(stratum, return_inverse=True)
    moves = np.array([_moves(steps, of_event == k) for k in range(groups.size)])
    used = moves * np.bincount(of_event)[:, None]
    pairs = np.minimum(used[:, :, None], used[:, None, :]).sum(axis=0)
    mean = weights.T @ (information / np.where(pairs == 0, 1, pairs)) @ weights
    scaled = np.full((left.shape[0], len(terms)), np.nan)
    for k in range(groups.size):
        here = np.flatnonzero([moves[k, columns].any() for columns in terms])
        events = np.flatnonzero(of_event == k)
        part = (left[events] @ weights)[:, here]
        scaled[np.ix_(events, here)] = np.linalg.solve(mean[np.ix_(here, here)], part.T).T
    level = [coefficients[columns[0]] if len(columns) == 1 else 1.0 for columns in terms]
    return scaled + np.array(level), np.linalg.inv(mean)


def _moves(steps: TiedSteps, events: np.ndarray) -> np.ndarray:
    """Say which columns differ among those at risk at some events, shape (p,)."""
    at = np.unique(steps.times.at[events])
    present = (steps.times.first <= at.max()) & (steps.times.beyond > at.min())
    return np.ptp(steps.x[present], axis=0) > 0
