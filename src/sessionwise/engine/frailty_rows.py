"""A Cox model's rows in groups, and its likelihood, slopes and curvature at given deviations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sessionwise.engine.at_event_times import EventTimes
from sessionwise.engine.efron_steps import Ties, tied_steps
from sessionwise.engine.frailty_curvature import Between, Curvature, between_groups
from sessionwise.engine.frailty_penalties import FrailtyShape


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
        groups. The maximum is the same; the errors and a normal variance are not.
    shape
        How the deviations are distributed: normal, or e^b gamma.
    """

    times: EventTimes
    x: np.ndarray
    group: np.ndarray
    groups: int
    ties: Ties = "efron"
    curvature: Curvature = "full"
    shape: FrailtyShape = "normal"

    @cached_property
    def event(self) -> np.ndarray:
        """1 for rows with an event, shape (n,)."""
        found = np.zeros(self.group.size)
        found[self.times.of_event] = 1.0
        return found

    @cached_property
    def events(self) -> np.ndarray:
        """Events of each group, shape (groups,)."""
        return self.by_group(self.event)

    def by_group(self, values: np.ndarray) -> np.ndarray:
        """Sum over the rows of each group: (n,) or (n, k) to (groups,) or (groups, k)."""
        if values.ndim > 1:
            sums = [self.by_group(column) for column in values.T]
            return np.stack(sums, axis=1) if sums else np.zeros((self.groups, 0))
        return np.bincount(self.group, values, self.groups)


@dataclass(frozen=True, eq=False)
class Place:
    """Log-likelihood, slopes in b and β, and curvature in b, b by β, and β."""

    loglik: float
    slopes: tuple[np.ndarray, np.ndarray]
    inner: Between
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
        between_groups(steps, model.group, model.by_group(expected), model.curvature),
        crossed,
        steps.information(),
    )
