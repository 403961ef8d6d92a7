"""`Association`: one correlation with its interval, and what it is set beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from sessionwise.models.benchmarks import Benchmark
from sessionwise.models.fit import Recipe, Rows

TERM = "partial_r"


@dataclass(frozen=True, eq=False)
class Association:
    """How closely two scores of a course go together; numbers only.

    Attributes
    ----------
    question
        The question answered, one sentence.
    estimate, low, high
        A correlation and its 95 % limits; positive where the better goes with the better.
    std_error
        Standard deviation of the resampled correlations.
    draws, seed
        How many resamples gave a correlation; what they were drawn with.
    early
        The last session of the early window.
    alliance, outcome
        The columns.
    published
        What the field reports, the first being what the estimate is compared with.
    rows, recipe
        Counted in courses; how it was made, ``recipe.cluster`` being what was resampled.
    labels
        Words for the columns.
    """

    question: str
    estimate: float
    low: float
    high: float
    std_error: float
    draws: int
    seed: int
    early: int
    alliance: str
    outcome: str
    published: tuple[Benchmark, ...]
    rows: Rows
    recipe: Recipe
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def estimates(self) -> pd.DataFrame:
        """One row, as of a fit: ``term, estimate, std_error, low, high``."""
        numbers = [TERM, self.estimate, self.std_error, self.low, self.high]
        return pd.DataFrame([numbers], columns=["term", "estimate", "std_error", "low", "high"])

    def __repr__(self) -> str:
        return (
            f"{self.question}\n{self.recipe.kind} {self.estimate:.3f} "
            f"(95 % {self.low:.3f} to {self.high:.3f}) of {self.rows.used} courses"
        )
