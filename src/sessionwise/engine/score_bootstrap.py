"""Tests and limits where clusters are few: the score bootstrap with the null imposed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.orthogonal_columns import orthogonal
from sessionwise.engine.outcome_families import NONE, Family
from sessionwise.engine.wild_scores import share_beyond, statistics

LEVEL = 0.05
FINE = 1e-3
"""Limits are found to so many standard errors."""

REACHES = (*np.arange(0.5, 6.1, 0.5), 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
"""Standard errors from the estimate at which a limit is looked for; beyond, it is endless.

The power of a score test may fall again far from the estimate; the limit is the first value that is
rejected, so that limits bound the values around the estimate that are not.
"""

MOST = 40
"""Steps of Newton's method at most."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What the bootstrap says of each coefficient.

    Attributes
    ----------
    p
        Of the null hypothesis that it is 0, shape (p,).
    low, high
        The last values, going from the estimate, before one is rejected at 5 %, shape (p,); endless
        where none is.
    """

    p: np.ndarray
    low: np.ndarray
    high: np.ndarray


class ScoreBootstrap:
    """A regression on its rows, and draws of weights for its clusters.

    Parameters
    ----------
    design
        Shape (n, p), of full rank.
    family
        The outcome of the rows, without further parameters.
    clusters
        Which cluster each row belongs to, shape (n,); any sortable labels.
    weights
        Shape (draws, G).
    """

    def __init__(
        self, design: np.ndarray, family: Family, clusters: np.ndarray, weights: np.ndarray
    ) -> None:
        code = np.unique(clusters, return_inverse=True)[1]
        order = np.argsort(code, kind="stable")
        self.starts = np.flatnonzero(np.diff(code[order], prepend=-1))
        self.scale = np.sqrt((design**2).mean(axis=0))
        self.design = np.ascontiguousarray(design[order] / self.scale)
        self.family = family.taken(order)
        self.weights = weights
        self._held: tuple[int, np.ndarray, float] | None = None

    def judge(self, estimate: np.ndarray, error: np.ndarray) -> Judged:
        """Test each coefficient, and turn the tests of all its values into limits.

        Parameters
        ----------
        estimate, error
            The estimates, and standard errors to take steps by, shape (p,).
        """
        best, error = estimate * self.scale, error * self.scale
        p, limits = [], []
        for k in range(best.size):
            p.append(self.p_value(k, 0.0, best))
            limits.append([self._limit(k, side, best, error[k]) for side in (-1, 1)])
        low, high = np.array(limits).T / self.scale
        return Judged(np.array(p), low, high)

    def p_value(self, tested: int, value: float, best: np.ndarray) -> float:
        """Test that one coefficient (of the scaled columns) has a value; nan: not to be computed.

        Parameters
        ----------
        tested
            Its number.
        value
            Of the null hypothesis.
        best
            Coefficients to start from, shape (p,).
        """
        with np.errstate(all="ignore"):
            try:
                x, own = self._apart(tested)
                start = x.T @ (self.design @ best) / len(x)
                at = self._null(x, np.concatenate([[value * own], start[1:]]))
                scores, information = self._by_cluster(x, at)
                one = np.ones((1, self.starts.size))
                observed = float(statistics(scores, information, 0, one)[0])
                drawn = statistics(scores, information, 0, self.weights)
            except np.linalg.LinAlgError:
                return float("nan")
        return share_beyond(observed, drawn) if np.isfinite(observed) else float("nan")

    def _apart(self, tested: int) -> tuple[np.ndarray, float]:
        """Give the tested column less what the others say of it, then the others at right angles.

        All of mean square 1; the coefficient is that of the column as it was, times the second
        thing given. A zero point far off, or columns nearly alike, then cost no digits.
        """
        if self._held is None or self._held[0] != tested:
            column = self.design[:, tested]
            others, _ = orthogonal(np.delete(self.design, tested, axis=1))
            for _ in range(2):
                column = column - others @ (others.T @ column) / len(column)
            own = float(np.sqrt((column**2).mean()))
            x = np.ascontiguousarray(np.column_stack([column / own, others]))
            self._held = (tested, x, own)
        return self._held[1:]

    def _null(self, x: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Maximise the likelihood in all coefficients but the first, which is held."""
        free = x[:, 1:]
        now = self.family.at(x @ at, NONE)
        for _ in range(MOST):
            score = free.T @ now.slope
            step = np.linalg.solve(free.T @ (now.weight[:, None] * free), score)
            if not np.isfinite(step).all():
                raise np.linalg.LinAlgError("no step")
            share, gain = 1.0, float(score @ step)
            while share > 1e-4:
                there = at.copy()
                there[1:] += share * step
                new = self.family.at(x @ there, NONE)
                if new.loglik.sum() >= now.loglik.sum() - 1e-9:
                    break
                share /= 2
            at, now = there, new
            if gain < 1e-12:
                break
        return at

    def _by_cluster(self, x: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give each cluster's score and information."""
        rows = self.family.at(x @ at, NONE)
        scores = np.add.reduceat(rows.slope[:, None] * x, self.starts)
        ends = [*self.starts[1:], len(x)]
        blocks = [
            x[begin:end].T @ (rows.weight[begin:end, None] * x[begin:end])
            for begin, end in zip(self.starts, ends)
        ]
        return scores, np.array(blocks)

    def _limit(self, tested: int, side: int, best: np.ndarray, error: float) -> float:
        """Find where the p-value first falls below 5 % on one side of the estimate."""
        nought = -side * best[tested] / error
        places = sorted([*REACHES, nought]) if nought > 0 else REACHES

        def rejected(reach: float) -> bool:
            return self.p_value(tested, best[tested] + side * reach * error, best) < LEVEL

        inside = 0.0
        for reach in places:
            if rejected(reach):
                break
            inside = reach
        else:
            return side * np.inf
        while reach - inside > FINE * max(1.0, reach):
            middle = (inside + reach) / 2
            if rejected(middle):
                reach = middle
            else:
                inside = middle
        return float(best[tested] + side * inside * error)
