"""What lies behind a fitted mixed model: its rows, its matrices, its variances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from sessionwise.engine.orthogonal_columns import ScaledModel
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.satterthwaite_df import Satterthwaite, satterthwaite
from sessionwise.engine.variance_search import Summit
from sessionwise.errors import Refused
from sessionwise.models.fit import Health
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design
from sessionwise.models.random_part import RandomPart
from sessionwise.models.random_tables import mode_table, variance_table
from sessionwise.models.residual_solution import ResidualSolution


@dataclass(frozen=True, eq=False)
class MixedSolution:
    """A linear mixed model on its rows, at its best variances.

    Attributes
    ----------
    used
        The rows of the model, complete, as given.
    formula
        The formula; its random terms are those left.
    made
        Response and fixed part of the rows.
    part
        Random part of the rows.
    scaled
        The same fixed part in orthogonal columns, as the engine has it.
    model, summit
        The engine's model, in the scaled columns, and where its likelihood is highest.
    singular
        The random terms that are singular, in words.
    residual
        What residuals do that are not independent and alike; ``model`` then is the model of the
        whitened rows, on which they are.
    """

    used: pd.DataFrame
    formula: Formula
    made: Design
    part: RandomPart
    scaled: ScaledModel
    model: LinearMixedModel
    summit: Summit
    singular: tuple[str, ...] = ()
    residual: ResidualSolution | None = None

    def whitened(self, columns: np.ndarray) -> np.ndarray:
        """Give columns of rows, shape (…, n), as ``model`` has them: whitened if residuals are."""
        if self.residual is None:
            return columns
        return self.residual.found.whitened.whitening.whiten(columns)

    @property
    def engine_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Fixed part and response of ``model``, shape (n, p) and (n,)."""
        return self.whitened(self.scaled.basis.T).T, self.whitened(self.scaled.response)

    @property
    def sizes(self) -> np.ndarray:
        """Standard deviation of each row's residual over σ, shape (n,)."""
        if self.residual is None:
            return np.ones(len(self.used))
        return self.residual.found.whitened.whitening.size

    @cached_property
    def satterthwaite(self) -> Satterthwaite:
        """What degrees of freedom need, the residuals' own parameters among what is uncertain."""
        if self.residual is not None:
            return self.residual.known.effects
        return satterthwaite(self.model, self.summit)

    def need_independent(self, what: str) -> None:
        """Refuse what is worked out for residuals that are independent and alike only."""
        if self.residual is not None:
            raise Refused(
                f"{what} is for residuals that are independent and alike, and those of this fit "
                "are not. Limits by='wald' can be had, and sw.residuals_needed tests the residuals."
            )

    @property
    def reml(self) -> bool:
        """Whether by restricted maximum likelihood."""
        return self.model.reml

    @property
    def residual_variance(self) -> float:
        """σ², in units of the outcome²."""
        return self.summit.at.residual_variance * self.scaled.spread**2

    @property
    def triangle(self) -> np.ndarray:
        """Columns of the random part as written = those of the engine times it."""
        return self.part.factors()[1]

    @property
    def root(self) -> np.ndarray:
        """A root of the ratios: as written, shape (deviations, deviations)."""
        size = len(self.part.deviations)
        root = block_diag(*self.summit.roots) if size else np.empty((0, 0))
        return np.linalg.solve(self.triangle, root)

    @property
    def deviation_covariance(self) -> np.ndarray:
        """Covariance of the deviations as written, shape (deviations, deviations).

        In the order of ``part.deviations``, units of the outcome² over those of the columns.
        """
        return self.residual_variance * self.root @ self.root.T

    @property
    def placed(self) -> dict[str, slice]:
        """Where the deviations of each factor stand among all."""
        ends = np.cumsum([len(root) for root in self.summit.roots], dtype=int)
        return {
            group: slice(int(end) - len(root), int(end))
            for group, root, end in zip(self.part.by_factor, self.summit.roots, ends)
        }

    @property
    def variances(self) -> pd.DataFrame:
        """The table of variances, each bundle's covariances after them, residual last."""
        return variance_table(self.part, self.deviation_covariance, self.residual_variance)

    @property
    def health(self) -> Health:
        """Whether it may be believed."""
        return Health(
            converged=True,
            singular=self.singular,
            gradient=self.summit.gradient,
            optimiser="newton" if self.part.bundles or self.residual else "closed form",
            evaluations=self.summit.evaluations,
        )

    def modes(self, group: str) -> pd.DataFrame:
        """Conditional modes of one factor, in the columns as written; see `MixedFit.modes`."""
        place = list(self.part.by_factor).index(group)
        own = self.placed[group]
        back = self.scaled.spread * np.linalg.inv(self.triangle[own, own])
        return mode_table(self.part, group, self.model.modes(self.summit.roots)[place], back)
