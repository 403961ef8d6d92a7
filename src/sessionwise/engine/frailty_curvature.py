"""How a partial likelihood bends in the deviations of groups, and the inverse with a penalty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg, sparse

from sessionwise.engine.efron_steps import TiedSteps

Curvature = Literal["full", "diagonal"]

MOST_CELLS = 2_000_000
"""Event times times groups that are held at once."""


@dataclass(frozen=True, eq=False)
class Between:
    """The curvature in the deviations, diag(own) − shared′ shared − whole.

    Attributes
    ----------
    own
        Shape (groups,).
    shared
        Shape (r, groups), r less than the groups; no rows where ``whole`` stands for it.
    whole
        Shape (groups, groups), or ``None``.
    """

    own: np.ndarray
    shared: np.ndarray
    whole: np.ndarray | None = None


def between_groups(
    steps: TiedSteps, group: np.ndarray, expected: np.ndarray, curvature: Curvature
) -> Between:
    """Give the curvature in the deviations of groups.

    It is Σ over steps of diag(p) − p p′, p the groups' shares of the risk: with A the groups' risk
    at a time and D that of those with an event then, p = (A − (l/d) D)/total. On the clock of
    sessions there are few times, and the second part is a product of two rows for each.

    Parameters
    ----------
    steps
        Risk sets, deviations included in the risk.
    group
        Whole numbers 0, 1, …, shape (n,).
    expected
        Events expected of each group, shape (groups,).
    curvature
        ``"diagonal"``: what lies between two groups is left out.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> from sessionwise.engine.efron_steps import tied_steps
    >>> none, two = np.zeros(2, int), np.array([0, 1])
    >>> times = event_times(none, np.array([1, 2]), np.array([1, 0]), none)
    >>> steps = tied_steps(times, np.zeros((2, 0)), np.ones(2), "efron")
    >>> between_groups(steps, two, np.array([0.5, 0.5]), "diagonal").own.tolist()
    [0.25, 0.25]
    """
    groups, over = len(expected), steps.times.over_steps
    first, second, third = (over(steps.gone**k / steps.total**2) for k in (0, 1, 2))
    none = np.zeros((0, groups))
    if curvature == "diagonal":
        own = expected.copy()
        for low, high, risks, events in _blocks(steps, group, groups):
            a, b, c = (one[low:high, None] for one in (first, second, third))
            dense = events.toarray()
            own -= (a * risks**2 - 2 * b * risks * dense + c * dense**2).sum(axis=0)
        return Between(own, none)
    if 2 * first.size < groups and first.size * groups <= MOST_CELLS:
        _, _, risks, events = next(_blocks(steps, group, groups))
        root = np.sqrt(first)[:, None]
        dense = events.toarray()
        rest = np.sqrt(np.maximum(third - second**2 / first, 0))[:, None]
        lead = root * risks - second[:, None] / root * dense
        return Between(expected, np.vstack([lead, rest * dense]))
    whole = np.zeros((groups, groups))
    for low, high, risks, events in _blocks(steps, group, groups):
        a, b, c = (one[low:high, None] for one in (first, second, third))
        both = events.T @ (risks * b)
        whole += (risks * a).T @ risks - both - both.T
        whole += (events.T @ events.multiply(c)).toarray()
    return Between(expected, none, whole)


def _blocks(
    steps: TiedSteps, group: np.ndarray, groups: int
) -> Iterator[tuple[int, int, np.ndarray, sparse.csr_array]]:
    """Give the groups' risk at some times, and that of those with an event then, from the last."""
    times = steps.times
    size = (times.time.size + 1, groups)
    moves = sparse.csr_array((steps.risk, (times.beyond, group)), shape=size)
    moves -= sparse.csr_array((steps.risk, (times.first, group)), shape=size)
    place = (times.at, group[times.of_event])
    ends = sparse.csr_array((steps.risk[times.of_event], place), shape=(size[0] - 1, groups))
    carried = np.zeros(groups)
    block = max(1, MOST_CELLS // groups)
    for high in range(size[0] - 1, 0, -block):
        low = max(0, high - block)
        risks = moves[low + 1 : high + 1].toarray()[::-1].cumsum(axis=0)[::-1] + carried
        carried = risks[0]
        yield low, high, risks, ends[low:high]


class PenalisedInverse:
    """The inverse of the curvature with that of a penalty added to its diagonal.

    Parameters
    ----------
    between
        The curvature.
    bend
        Second derivative of the penalty in every deviation, above 0, shape (groups,).

    Raises
    ------
    scipy.linalg.LinAlgError
        Rounding has left it not positive.

    Examples
    --------
    >>> PenalisedInverse(Between(np.ones(2), np.zeros((0, 2))), np.ones(2)).diagonal().tolist()
    [0.5, 0.5]
    """

    def __init__(self, between: Between, bend: np.ndarray) -> None:
        self.bend, self.lead = bend, between.own + bend
        self.whole, self.narrow = None, between.shared / self.lead
        if between.whole is not None:
            self.whole = linalg.cholesky(np.diag(self.lead) - between.whole, lower=True)
        core = np.eye(len(self.narrow)) - self.narrow @ between.shared.T
        self.core = linalg.cholesky(core, lower=True) if len(core) else core

    def solve(self, values: np.ndarray) -> np.ndarray:
        """Multiply by the inverse: (groups,) or (groups, k)."""
        if self.whole is not None:
            return linalg.cho_solve((self.whole, True), values)
        alone = (values.T / self.lead).T
        if not len(self.core):
            return alone
        return alone + self.narrow.T @ linalg.cho_solve((self.core, True), self.narrow @ values)

    def diagonal(self) -> np.ndarray:
        """Give the diagonal of the inverse, shape (groups,)."""
        if self.whole is not None:
            back = linalg.solve_triangular(self.whole, np.eye(len(self.lead)), lower=True)
            return np.einsum("ij,ij->j", back, back)
        if not len(self.core):
            return 1 / self.lead
        back = linalg.solve_triangular(self.core, self.narrow, lower=True)
        return 1 / self.lead + np.einsum("ij,ij->j", back, back)

    def volume(self) -> float:
        """Give log det(I + B⁻¹ H), H the curvature and B the penalty's."""
        if self.whole is not None:
            return float(2 * np.log(np.diag(self.whole)).sum() - np.log(self.bend).sum())
        inside = 2 * np.log(np.diag(self.core)).sum() if len(self.core) else 0.0
        return float(np.log(self.lead / self.bend).sum() + inside)
