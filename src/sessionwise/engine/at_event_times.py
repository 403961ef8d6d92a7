"""Who is at risk at each distinct event time: sums over risk sets without a loop over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sessionwise.engine.span_sums import SpanSums

FAR_APART = 1e4
"""Hazards of two rows whose ratio is beyond this are summed so that neither wipes the other out."""


@dataclass(frozen=True, eq=False)
class EventTimes:
    """The distinct event times of every stratum, and which rows are at risk at them.

    A row is at risk at time t if ``start < t ≤ stop``. Times are sorted by stratum, then time.

    Attributes
    ----------
    time, stratum
        Of each distinct event time, shape (times,).
    first, beyond
        Each row is at risk at times ``first`` to ``beyond - 1``, shape (n,).
    of_event
        Row number of every event, sorted by time, shape (events,).
    at
        Which of the times each event lies at, shape (events,), sorted.
    step
        0, 1, …: the number of each event among those at its time, shape (events,).
    deaths
        Events at each time, shape (times,).
    apart
        Whether values lie so far apart that sums must not be differences of running sums.
    """

    time: np.ndarray
    stratum: np.ndarray
    first: np.ndarray
    beyond: np.ndarray
    of_event: np.ndarray
    at: np.ndarray
    step: np.ndarray
    deaths: np.ndarray
    apart: bool = False

    @cached_property
    def spans(self) -> SpanSums:
        """The times at which each row is at risk, in blocks."""
        return SpanSums(self.first, self.beyond, self.time.size)

    def for_risks(self, risk: np.ndarray) -> EventTimes:
        """Give times whose sums hold for such hazards of the rows, shape (n,).

        Where every row is at risk from the first time on, running sums take nothing away.
        """
        if self.apart or not self.first.any() or not risk.max() > FAR_APART * risk.min():
            return self
        return self._careful

    @cached_property
    def _careful(self) -> EventTimes:
        return replace(self, apart=True)

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum values over those at risk: (n,) or (n, k) to (times,) or (times, k)."""
        values = np.asarray(values, float)
        if self.apart:
            return self.spans.to_places(values)
        if values.ndim > 1:
            columns = [self.at_risk(column) for column in values.T]
            return np.stack(columns, axis=1) if columns else np.zeros((self.time.size, 0))
        size = self.time.size + 1
        enters = np.bincount(self.beyond, values, size) - np.bincount(self.first, values, size)
        return enters[::-1].cumsum()[::-1][1:]

    def of_events(self, values: np.ndarray) -> np.ndarray:
        """Sum values over the events of each time: (n,) or (n, k) to (times,) or (times, k)."""
        return self.over_steps(np.asarray(values, float)[self.of_event])

    def over_steps(self, values: np.ndarray) -> np.ndarray:
        """Sum values given for every event over each time: (events, …) to (times, …)."""
        if not self.time.size:
            return np.zeros((0, *np.shape(values)[1:]))
        return np.add.reduceat(values, np.cumsum(self.deaths) - self.deaths, axis=0)

    def while_at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum values given for every time over those at which each row is at risk."""
        if self.apart:
            return self.spans.to_rows(values)
        total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        return total[self.beyond] - total[self.first]


def event_times(
    start: np.ndarray, stop: np.ndarray, event: np.ndarray, strata: np.ndarray
) -> EventTimes:
    """Lay out the risk sets of counting-process rows.

    Parameters
    ----------
    start, stop
        Each row is seen from after ``start`` to ``stop``, shape (n,).
    event
        Whether the event happens at ``stop``, shape (n,).
    strata
        Whole numbers: rows of different strata are never compared, shape (n,).

    Examples
    --------
    >>> ones = np.ones(3)
    >>> times = event_times(np.array([0, 0, 1]), np.array([1, 2, 2]), ones, np.zeros(3, int))
    >>> times.time.tolist(), times.at_risk(ones).tolist(), times.deaths.tolist()
    ([1.0, 2.0], [2.0, 2.0], [1, 2])
    """
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    event, strata = np.asarray(event, bool), np.asarray(strata)
    values = np.unique(stop[event])
    codes = np.unique(strata, return_inverse=True)[1].reshape(-1)
    wide = values.size + 1
    keys = codes[event] * wide + np.searchsorted(values, stop[event])
    order = np.argsort(keys, kind="stable")
    distinct, first_of, deaths = np.unique(keys[order], return_index=True, return_counts=True)
    at = np.repeat(np.arange(distinct.size), deaths)
    return EventTimes(
        time=values[distinct % wide] if distinct.size else values,
        stratum=distinct // wide,
        first=np.searchsorted(distinct, codes * wide + np.searchsorted(values, start, "right")),
        beyond=np.searchsorted(distinct, codes * wide + np.searchsorted(values, stop, "right")),
        of_event=np.flatnonzero(event)[order],
        at=at,
        step=np.arange(at.size) - np.repeat(first_of, deaths),
        deaths=deaths,
    )
