"""What lies behind a generalised mixed model: its rows, matrices, parameters and their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from sessionwise.engine.adaptive_quadrature import QuadratureLikelihood
from sessionwise.engine.fixed_likelihood import FixedLikelihood
from sessionwise.engine.laplace_likelihood import LaplaceLikelihood, Marginal
from sessionwise.engine.marginal_summit import MarginalSummit, summit
from sessionwise.engine.row_sums import Factor
from sessionwise.engine.variance_boundary import degenerate, vanishing
from sessionwise.errors import Refused
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design
from sessionwise.models.generalized_outcome import Outcome
from sessionwise.models.random_part import RandomPart
from sessionwise.models.random_tables import mode_table, singular_names, variance_table

Likelihood = LaplaceLikelihood | FixedLikelihood


@dataclass(frozen=True, eq=False)
class FixedColumns:
    """The fixed part as the engine has it: in columns at right angles of mean square 1.

    Attributes
    ----------
    basis, triangle
        The columns as written, less ``shift``, are ``basis @ triangle``.
    shift
        Means of the columns where thresholds stand for the intercept, else zeros, shape (p,).
    precision
        Of the prior of the coefficients in the basis, shape (p, p); zeros for none.
    """

    basis: np.ndarray
    triangle: np.ndarray
    shift: np.ndarray
    precision: np.ndarray

    def back(self, further: int, thresholds: bool) -> np.ndarray:
        """What takes (β, φ) of the engine to those as written, shape (p + k, p + k)."""
        p = self.shift.size
        made = np.eye(p + further)
        made[:p, :p] = np.linalg.inv(self.triangle) if p else made[:p, :p]
        if thresholds:
            made[p:, :p] = self.shift @ made[:p, :p]
        return made


@dataclass(frozen=True, eq=False)
class GeneralizedSolution:
    """A generalised mixed model on its rows, at its best parameters.

    Attributes
    ----------
    used, formula, made, part
        Rows, formula with the random terms left, fixed and random part of the rows.
    outcome
        The outcome of the rows.
    fixed
        The fixed part as the engine has it.
    likelihood, summit
        The engine's model, and where it is highest.
    root_triangle
        Columns of the random part as written = those of the engine times it.
    singular
        The random terms that are singular, in words.
    """

    used: pd.DataFrame
    formula: Formula
    made: Design
    part: RandomPart
    outcome: Outcome
    fixed: FixedColumns
    likelihood: Likelihood
    summit: MarginalSummit
    root_triangle: np.ndarray
    singular: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """Fixed effects, and further parameters."""
        return self.fixed.shift.size, self.outcome.start.size

    @property
    def theta(self) -> np.ndarray:
        """All parameters as the engine has them, ψ = (β, free entries of T, φ)."""
        return self.summit.place.theta

    def coefficients(self, theta: np.ndarray) -> np.ndarray:
        """Give fixed effects and further parameters as written, shape (p + k,)."""
        p, k = self.sizes
        back = self.fixed.back(k, self.outcome.kind == "ordinal")
        return back @ np.concatenate([theta[:p], theta[theta.size - k :]])

    def deviation_covariance(self, theta: np.ndarray) -> np.ndarray:
        """Covariance of the deviations as written, shape (deviations, deviations)."""
        root, end = [], self.sizes[0]
        for free in self.likelihood.free:
            begin, end = end, end + int(free.sum())
            root.append(np.zeros(free.shape))
            root[-1][free] = theta[begin:end]
        if not root:
            return np.empty((0, 0))
        found = np.linalg.solve(self.root_triangle, block_diag(*root))
        return found @ found.T

    def covariance_of(self, question: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Covariance of what is made of the parameters ψ, by the delta method."""
        slopes = self._slopes(question)
        return slopes @ self.summit.covariance @ slopes.T

    def errors_of(self, question: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Standard errors of what is made of the parameters ψ, however much it is."""
        slopes = self._slopes(question)
        variance = np.einsum("ij,jk,ik->i", slopes, self.summit.covariance, slopes, optimize=True)
        return np.sqrt(variance)

    def _slopes(self, question: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """By differences on both sides; entries of T on their boundary are taken as known."""
        columns = []
        for j, value in enumerate(self.theta):
            step = np.zeros_like(self.theta)
            step[j] = 1e-5 * max(abs(value), 1e-2)
            above, below = question(self.theta + step), question(self.theta - step)
            columns.append((above - below) / (2 * step[j]))
        return np.array(columns).T

    @property
    def root(self) -> np.ndarray:
        """A root of the covariance of the deviations, as written."""
        return np.linalg.solve(self.root_triangle, block_diag(*self.summit.roots))

    @property
    def variances(self) -> pd.DataFrame:
        """The table of variances, each bundle's covariances after them."""
        return variance_table(self.part, self.deviation_covariance(self.theta))

    def need_independent(self, what: str) -> None:
        """Refuse what is worked out for scores only."""
        raise Refused(
            f"{what} is for scores, and `{self.outcome.name}` is none. Ask intervals() for limits "
            "by the profile, and quadrature=15 where clients have few rows."
        )

    def modes(self, group: str) -> pd.DataFrame:
        """Most likely deviations of one factor, in the columns as written."""
        likelihood, place = self.likelihood, self.summit.place
        known = likelihood.known_deviations(place.at, place.roots)
        number = list(self.part.by_factor).index(group)
        own = [k for k, one in enumerate(self.part.deviations) if one.group == group]
        back = np.linalg.inv(self.root_triangle[np.ix_(own, own)])
        return mode_table(self.part, group, known[number], back)

    def nearby(self) -> AtBest:
        """Give the model as a function of T alone."""
        return AtBest(self.likelihood, self.summit)


@dataclass(frozen=True, eq=False)
class AtBest:
    """A model at its best β and φ, as a function of T."""

    likelihood: Likelihood
    summit: MarginalSummit

    def at(self, roots: list[np.ndarray]) -> Marginal:
        """Give the likelihood at T of each factor; where there is none to compute, that of none."""
        place = self.summit.place
        try:
            return self.likelihood.at(place.effect, roots, place.phi, self.likelihood.nothing())
        except np.linalg.LinAlgError:
            return replace(place.at, loglik=-np.inf)


def plain_factors(part: RandomPart) -> tuple[list[Factor], np.ndarray]:
    """Give the factors to the engine, differences in level in columns of exactly one."""
    factors, triangle = part.factors()
    triangle, end, made = triangle.copy(), 0, []
    for factor in factors:
        columns = factor.columns.copy()
        for k, column in enumerate(columns):
            if np.abs(np.abs(column) - 1).max() < 1e-9 and np.ptp(column) < 1e-9:
                triangle[end + k] *= np.sign(column[0])
                columns[k] = 1.0
        end += factor.size
        made.append(Factor(factor.level, columns, factor.free))
    return made, triangle


def likelihood_of(
    fixed: FixedColumns, part: RandomPart, outcome: Outcome, quadrature: int
) -> tuple[Likelihood, np.ndarray]:
    """Make the engine's model of a random part, and the triangle of its columns."""
    factors, triangle = plain_factors(part)
    return likelihood_with(fixed.basis, outcome, factors, quadrature), triangle


def likelihood_with(
    basis: np.ndarray, outcome: Outcome, factors: list[Factor], quadrature: int
) -> Likelihood:
    """Make the engine's model of a fixed part, shape (n, p), and of factors, perhaps of none."""
    if not factors:
        return FixedLikelihood(basis, outcome.family)
    if quadrature > 1:
        return QuadratureLikelihood(basis, outcome.family, factors, quadrature)
    return LaplaceLikelihood(basis, outcome.family, factors)


def highest_of(
    found: GeneralizedSolution, start: tuple[np.ndarray, np.ndarray]
) -> GeneralizedSolution:
    """Find the best parameters of a model from those of its fixed part.

    Raises
    ------
    Refused
        The likelihood cannot be computed.
    """
    try:
        best = summit(found.likelihood, *start, found.fixed.precision)
    except np.linalg.LinAlgError as error:
        raise Refused(
            f"The likelihood of `{found.outcome.name}` could not be computed on the way to its "
            f"summit ({error}). Look at the range of its columns, or take simpler random terms."
        ) from error
    return replace(found, summit=best)


def vanished(found: GeneralizedSolution) -> np.ndarray:
    """Number the deviations whose variance is zero as far as the data can tell."""
    if not found.part.bundles:
        return np.zeros(0, int)
    return vanishing(found.nearby(), found.summit, found.root, found.root_triangle)


def singular_terms(found: GeneralizedSolution, gone: np.ndarray) -> tuple[str, ...]:
    """Name the variances that are zero and the correlations that are ±1."""
    return singular_names(found.part, gone, partial(degenerate, found.nearby(), found.summit))
