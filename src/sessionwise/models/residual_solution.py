"""Residuals that correlate or differ in size, at their best: their parameters and limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.residual_search import EDGE, MarkedModel, ResidualSummit, best_residuals
from sessionwise.engine.residual_uncertainty import ResidualsKnown, residuals_known
from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.fit import FURTHER_COLUMNS
from sessionwise.models.random_part import RandomPart
from sessionwise.models.residual_structure import ResidualStructure, group_name

LARGEST = 1e5
"""A ratio of sizes beyond this, or below its inverse, is none: residuals do not vary there."""


@dataclass(frozen=True, eq=False)
class ResidualSolution:
    """What lies behind the residuals of a fitted mixed model.

    Attributes
    ----------
    structure
        What was asked, on the rows.
    found
        The parameters of most likelihood.
    asked
        The random part before any variance was taken out, for tests against other residuals.
    """

    structure: ResidualStructure
    found: ResidualSummit
    asked: RandomPart

    def sizes_of(self, rows: pd.DataFrame) -> np.ndarray:
        """Give the standard deviation of other rows' residuals over σ, shape (rows,).

        Raises
        ------
        InvalidInput
            No column of groups, or a group the model has not seen.
        """
        by, groups = self.structure.wish.by, self.structure.groups
        if not by:
            return np.ones(len(rows))
        if by not in rows.columns:
            problem = Problem(f"there is no column `{by}`, by which residuals differ in size")
            raise InvalidInput([problem], "the rows to predict")
        number = pd.Index(groups).get_indexer([group_name(one) for one in rows[by]])
        if (number < 0).any():
            found = f"`{by}` is of no group of the model in {int((number < 0).sum())} rows"
            raise InvalidInput([Problem(found)], "the rows to predict")
        ratios = self.found.omega[int(self.structure.rows.correlated) :]
        return np.exp(np.concatenate([[0.0], ratios]))[number]

    @cached_property
    def known(self) -> ResidualsKnown:
        """How surely the parameters are known.

        Raises
        ------
        Refused
            The rows cannot tell them from the variances.
        """
        known = residuals_known(self.found)
        if not known.told_apart:
            raise Refused(
                "These rows cannot tell residuals that go on or differ in size from the random "
                "terms: the likelihood is level in a mixture of the two. Take simpler random "
                "terms, or residuals that are independent."
            )
        return known


def parameter_table(solution: ResidualSolution | None) -> pd.DataFrame:
    """Give the parameters of the residuals with 95 % limits; see `Fit.further`."""
    lines: list[tuple[str | float, ...]] = []
    if solution is not None:
        omega, structure = solution.found.omega, solution.structure
        half = stats.norm.ppf(0.975) * np.sqrt(np.diag(solution.known.covariance))
        start = int(structure.rows.correlated)
        if start:
            phi = structure.rows.phi
            ends = sorted(phi(omega[0] + sign * half[0]) for sign in (1, -1))
            lines.append(("phi", structure.unit, "", phi(omega[0]), np.nan, *ends))
        for k, group in enumerate(structure.groups[1:], start=start):
            size, low, high = np.exp([omega[k], omega[k] - half[k], omega[k] + half[k]]).tolist()
            of = f"{structure.wish.by}[{group}]"
            lines.append(("sd_ratio", of, structure.groups[0], size, np.nan, low, high))
    table = pd.DataFrame(lines, columns=list(FURTHER_COLUMNS))
    return table.astype(dict.fromkeys(FURTHER_COLUMNS[:3], "str"))


def best_structure(
    marked: MarkedModel, structure: ResidualStructure, asked: RandomPart
) -> ResidualSolution | None:
    """Find the best residuals; nothing if in continuous time they do not correlate after all.

    Raises
    ------
    Refused
        A correlation of ±1, or a group in which nothing is left to vary.
    """
    found = best_residuals(marked)
    whitening = found.whitened.whitening
    if structure.rows.correlated:
        rho = np.abs(whitening.rho[structure.rows.follows])
        if rho.min() > 1 - EDGE:
            raise Refused(
                "The correlation of the residuals goes to ±1: what goes on from session to session "
                "never ends within these series, and cannot be told from a difference between "
                "them. Take residual='independent', or simpler random terms."
            )
        if structure.rows.continuous and rho.max() < EDGE:
            return None
    size = whitening.size
    if size.max() > LARGEST or size.min() < 1 / LARGEST:
        raise Refused(
            f"In some `{structure.wish.by}` no residual is left to vary. Look for rows that repeat "
            "one value, or put groups together."
        )
    return ResidualSolution(structure, found, asked)
