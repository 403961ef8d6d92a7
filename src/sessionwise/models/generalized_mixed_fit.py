"""What a generalised mixed model said, and all it can be asked afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.models.fit import Fit
from sessionwise.models.generalized_solution import GeneralizedSolution

HALF = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GeneralizedMixedFit(Fit):
    """A `Fit` of a generalised linear mixed model.

    Attributes
    ----------
    solution
        The rows, matrices and parameters behind it.
    """

    solution: GeneralizedSolution = field(repr=False)

    @property
    def thresholds(self) -> pd.DataFrame:
        """Where an ordinal outcome passes from one category to the next.

        ``term, estimate, std_error, low, high``: logit P(at most the first category of the term)
        is the threshold less what the fixed effects say. No rows for other outcomes.
        """
        names = self.solution.outcome.categories
        terms = [f"{one}|{other}" for one, other in zip(names, names[1:])]
        return self._further(terms)

    @property
    def dispersion(self) -> pd.DataFrame:
        """How much more the counts of a negative binomial model vary than Poisson's.

        ``term, estimate, std_error, low, high`` of θ: the variance is μ + μ²/θ; limits from those
        of log θ. No rows for other outcomes.
        """
        found = self._further(["theta"] * (self.solution.outcome.kind == "negative-binomial"))
        for name in ("estimate", "low", "high"):
            found[name] = np.exp(found[name])
        found["std_error"] *= found["estimate"]
        return found

    def _further(self, terms: list[str]) -> pd.DataFrame:
        solution = self.solution
        k = len(terms)
        both = solution.coefficients(solution.theta)
        error = np.sqrt(np.diag(solution.covariance_of(solution.coefficients)))
        at, error = both[both.size - k :], error[error.size - k :]
        return pd.DataFrame(
            {
                "term": pd.Series(terms, dtype="str"),
                "estimate": at,
                "std_error": error,
                "low": at - HALF * error,
                "high": at + HALF * error,
            }
        )
