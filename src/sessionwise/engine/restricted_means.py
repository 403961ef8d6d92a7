"""Sessions attended up to a stated one, and sessions lost to an ending: areas with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sessionwise.engine.incidence_curves import aalen_johansen, kaplan_meier


@dataclass(frozen=True)
class Area:
    """An area under a curve.

    Attributes
    ----------
    estimate
        In the unit of time: sessions.
    std_error
        Its large-sample error.
    """

    estimate: float
    std_error: float


@dataclass(frozen=True)
class Difference:
    """One area less another, of different courses.

    Attributes
    ----------
    estimate, std_error, low, high, p
        Difference in sessions, its error, 95 % limits and two-sided p, by the normal distribution.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    p: float


def mean_until(time: np.ndarray, event: np.ndarray, until: float, start: float = 0.0) -> Area:
    """Give the mean number of sessions attended, counting none after session ``until``.

    The area under the Kaplan–Meier curve from ``start`` to ``until``. A course that attends t
    sessions ends *after* session t, so the curve falls at t and the area counts t sessions for it:
    E[min(T, until)] − start. This is the ``rmean`` of R's ``survfit``.

    Parameters
    ----------
    time, event
        Last session attended, or seen, and 1 if the course ended then, shape (n,).
    until
        The session counted up to; beyond the last time the curve stays where it is, so it should
        not lie there.
    start
        Where counting begins: k for courses that have all attended session k (nobody can have
        ended before).

    References
    ----------
    Andersen, Hansen & Klein (2004), Lifetime Data Analysis 10:335–350; error: Klein &
    Moeschberger (2003), Survival Analysis, 2nd ed., eq. 4.5.2.

    Examples
    --------
    >>> mean_until([2, 5, 9], [1, 1, 1], until=6).estimate  # (2 + 5 + 6) / 3
    4.333333333333333
    """
    curve = kaplan_meier(time, event)
    heights = np.concatenate([[1.0], curve.estimate])
    after, area = _areas(curve.times, heights, until, start)
    ended = curve.at_risk * (1 - heights[1:] / np.where(heights[:-1] > 0, heights[:-1], 1.0))
    left = curve.at_risk - ended
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(left > 1e-9, ended / (curve.at_risk * left), 0.0)
    used = curve.times <= until
    return Area(float(area), float(np.sqrt(np.sum((after**2 * growth)[used]))))


def lost_until(
    time: np.ndarray, cause: np.ndarray, until: float, of: int = 1, start: float = 0.0
) -> Area:
    """Give the mean number of sessions, up to ``until``, lost because the course ended one way.

    The area under the cumulative incidence: a course that ended this way after session t loses
    ``until − t`` of them. Over all causes, what is lost and what is attended add up to
    ``until − start``.

    Parameters
    ----------
    time, cause
        As in :func:`~sessionwise.engine.incidence_curves.aalen_johansen`, shape (n,).
    until, start
        As in :func:`mean_until`.
    of
        The cause.

    Notes
    -----
    Error: delta method with multinomial increments, as for the curve itself; with S(t) the
    probability of being still there, L(t) the area after t of F(u) − F(t), the slope of the area
    in the increment of cause j at t is S(t−) [1(j = of)(until − t) − L(t)/S(t)].

    References
    ----------
    Andersen (2013), Statistics in Medicine 32:5278–5285.

    Examples
    --------
    >>> lost_until([2, 5, 9], [1, 2, 1], until=6).estimate  # (6 − 2) / 3
    1.3333333333333333
    """
    curves = aalen_johansen(time, cause)
    if of > curves.estimate.shape[1]:
        return Area(0.0, 0.0)
    height = curves.estimate[:, of - 1]
    after, area = _areas(curves.times, np.concatenate([[0.0], height]), until, start)
    stay = 1 - curves.estimate.sum(axis=1)
    before = np.concatenate([[1.0], stay[:-1]])
    rise = np.diff(curves.estimate, axis=0, prepend=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(before[:, None] > 1e-12, rise / before[:, None], 0.0)
        beyond = np.where(stay > 1e-12, (after - height * (until - curves.times)) / stay, 0.0)
    slope = -np.repeat((before * beyond)[:, None], share.shape[1], axis=1)
    slope[:, of - 1] += before * (until - curves.times)
    mean = (share * slope).sum(axis=1)
    spread = ((share * slope**2).sum(axis=1) - mean**2) / curves.at_risk
    used = curves.times <= until
    return Area(float(area), float(np.sqrt(max(spread[used].sum(), 0.0))))


def apart(one: Area, other: Area) -> Difference:
    """Give how much larger one area is than another, of different courses.

    Examples
    --------
    >>> round(apart(Area(8.0, 0.3), Area(7.0, 0.4)).p, 4)
    0.0455
    """
    difference = one.estimate - other.estimate
    error = float(np.hypot(one.std_error, other.std_error))
    half = stats.norm.ppf(0.975) * error
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else float("nan")
    return Difference(difference, error, difference - half, difference + half, p)


def _areas(
    times: np.ndarray, heights: np.ndarray, until: float, start: float
) -> tuple[np.ndarray, float]:
    """Area of a step curve after each time up to ``until``, shape (T,), and from ``start`` on.

    ``heights[0]`` is the curve before the first time, ``heights[i + 1]`` from time i on.
    """
    edges = np.clip(np.concatenate([[start], times, [max(until, start)]]), start, until)
    pieces = np.diff(edges) * heights
    return pieces[1:][::-1].cumsum()[::-1], float(pieces.sum())
