"""Who is at risk of one ending when others take courses away: weights that censoring asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.incidence_curves import kaplan_meier


@dataclass(frozen=True, eq=False)
class Weights:
    """The courses, sorted by time, and how long those that ended otherwise are kept at risk.

    Attributes
    ----------
    order
        Places of the courses in what was given, shape (n,).
    time, kind
        Sorted; kind 0 censored, 1 the event, 2 ended otherwise.
    times, events
        Distinct times of the event, shape (T,), and how many there were.
    group
        Censoring group of each course, 0, 1, …
    g_at
        G(t−) of each censoring group at each event time, shape (groups, T); G is the curve of not
        yet being censored.
    g_own
        G(T−) of each course at its own time, shape (n,).
    """

    order: np.ndarray
    time: np.ndarray
    kind: np.ndarray
    times: np.ndarray
    events: np.ndarray
    group: np.ndarray
    g_at: np.ndarray
    g_own: np.ndarray


def at_risk(laid: Weights, parts: np.ndarray) -> np.ndarray:
    """Give sums over the weighted risk set at each event time.

    Parameters
    ----------
    laid
        The courses.
    parts
        What is summed, one row per course, sorted, shape (n, columns).

    Returns
    -------
    array, shape (T, columns)
        Over courses whose time is not over, and those that ended otherwise before, with weights
        G(t−)/G(T−).
    """
    total = summed(parts)
    sums = total[-1] - total[np.searchsorted(laid.time, laid.times, "left")]
    for group, g in enumerate(laid.g_at):
        other = np.flatnonzero((laid.kind == 2) & (laid.group == group))
        kept = summed(parts[other] / laid.g_own[other][:, None])
        sums = sums + g[:, None] * kept[np.searchsorted(laid.time[other], laid.times, "left")]
    return sums


def summed(values: np.ndarray) -> np.ndarray:
    """Give cumulative sums over rows, with a 0 before them.

    Examples
    --------
    >>> summed(np.array([1.0, 2.0]))
    array([0., 1., 3.])
    """
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def weighted(time: np.ndarray, kind: np.ndarray, censoring: np.ndarray) -> Weights:
    """Sort the courses and estimate how likely it is not to be censored yet.

    Parameters
    ----------
    time, kind, censoring
        As in :class:`Weights`, in any order, shape (n,); ``censoring`` any labels.
    """
    order = np.argsort(time, kind="stable")
    time, kind = time[order], kind[order]
    names, group = np.unique(censoring[order], return_inverse=True)
    times, events = np.unique(time[kind == 1], return_counts=True)
    g_at, g_own = np.ones((len(names), len(times))), np.ones(len(time))
    for place in range(len(names)):
        rows = group == place
        curve = kaplan_meier(time[rows], kind[rows] == 0)
        steps = np.concatenate([[1.0], curve.estimate])
        g_at[place] = steps[np.searchsorted(curve.times, times, "left")]
        g_at[place, times > curve.times[-1]] = 0.0  # nobody of this group is seen that long
        g_own[rows] = steps[np.searchsorted(curve.times, time[rows], "left")]
    return Weights(order, time, kind, times, events, group, g_at, g_own)
