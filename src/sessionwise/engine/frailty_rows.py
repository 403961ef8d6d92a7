"""A Cox model's rows in groups, and its likelihood, slopes and curvature at given deviations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from sessionwise.engine.at_event_times import EventTimes
from sessionwise.engine.efron_steps import TiedSteps, Ties, tied_steps

Curvature = Literal["full", "diagonal"]

MOST_CELLS = 2_000_000
"""Event times times groups that are held at once."""


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
class Place:
    """Log-likelihood, slopes and curvature at one β and b."""

    loglik: float
    slopes: tuple[np.ndarray, np.ndarray]
    inner: np.ndarray
    crossed: np.ndarray
    outer: np.ndarray


def place_at(model: SharedFrailty, beta: np.ndarray, b: np.ndarray) -> Place:
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
    return Place(
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
