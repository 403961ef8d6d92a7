"""How sure a mixed model is of itself: fitted again to responses drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from sessionwise.engine.variance_boundary import SMALLEST
from sessionwise.engine.variance_search import highest
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.mixed_parameters import estimate_of, spread_values, spreads
from sessionwise.models.mixed_search import check_summit
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.new_responses import check_draws, scaled_draw

if TYPE_CHECKING:
    from sessionwise.models.mixed_fit import MixedFit

Kind = Literal["percentile", "basic"]
KINDS = ("percentile", "basic")

FEWEST = 100
"""Fewer draws than this say nothing of the tails."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What a mixed model said of responses drawn from it.

    Attributes
    ----------
    estimates
        What the model said of the data, by name.
    draws
        One row per draw that could be fitted, under its number; one column per fixed effect,
        standard deviation and correlation (missing where something does not vary).
    singular
        How many of them ended with a variance of zero or a correlation of ±1.
    refused
        How many draws could not be fitted; they have no row.
    seed
        Of the random numbers.
    """

    estimates: pd.Series
    draws: pd.DataFrame = field(repr=False)
    singular: int
    refused: int
    seed: int

    def intervals(self, level: float = 0.95, kind: Kind = "percentile") -> pd.DataFrame:
        """Give limits of every parameter.

        Parameters
        ----------
        level
            Coverage.
        kind
            ``"percentile"``: quantiles of the draws; ``"basic"``: twice the estimate less them,
            which corrects a bias and may leave what is possible (an SD below 0).

        Returns
        -------
        DataFrame
            ``term, estimate, low, high, draws``, the last how many draws have a value.

        Raises
        ------
        InvalidInput
            No such kind; a level that is none; fewer than 100 draws.

        References
        ----------
        Davison & Hinkley (1997), Bootstrap Methods and their Application, eq. 5.6 and 5.18.
        """
        self._check(level, kind)
        tail = (1 - level) / 2
        values = self.draws.to_numpy(float)
        counts = np.isfinite(values).sum(axis=0)
        low, high = np.full((2, values.shape[1]), np.nan)
        some = counts >= FEWEST
        low[some], high[some] = np.nanquantile(values[:, some], [tail, 1 - tail], axis=0)
        estimate = self.estimates.to_numpy(float)
        if kind == "basic":
            low, high = 2 * estimate - high, 2 * estimate - low
        return pd.DataFrame(
            {
                "term": pd.Series(self.estimates.index, dtype="str"),
                "estimate": estimate,
                "low": low,
                "high": high,
                "draws": counts,
            }
        )

    def _check(self, level: float, kind: str) -> None:
        problems = []
        if kind not in KINDS:
            problems.append(Problem(f"'{kind}' is no kind of limits", "", nearest(kind, KINDS)))
        if not 0 < level < 1:
            problems.append(Problem(f"the level is {level}", "", "Give one between 0 and 1."))
        if len(self.draws) < FEWEST:
            few = f"{len(self.draws)} draws are too few for limits"
            problems.append(Problem(few, "", f"Draw at least {FEWEST}, better 1,000."))
        if problems:
            raise InvalidInput(problems, "the intervals")

    def __repr__(self) -> str:
        head = (
            f"{len(self.draws)} draws (seed {self.seed}), {self.singular} singular, "
            f"{self.refused} refused"
        )
        if len(self.draws) < FEWEST:
            return head
        numbers = self.intervals().to_string(index=False, float_format=lambda x: f"{x:.4g}")
        return f"{head}\n{numbers}"


def bootstrap(fit: MixedFit, draws: int = 1000, seed: int = 1) -> Bootstrap:
    """Fit a mixed model again to responses drawn from it.

    Each draw has new deviations of every level and new residuals (``fit.simulate`` gives the same
    ones), and is fitted as ``fit.refit`` would, to the same tolerance: from the fit's own
    variances, and from other starts where that ends on a boundary. A variance of zero stays zero.

    Parameters
    ----------
    fit
        What `mixed` gave.
    draws
        How many.
    seed
        Of the random numbers; draw k of a seed is the same however many are asked for.

    Returns
    -------
    Bootstrap
        The draws, in units of the outcome per unit of the column, and limits from them.

    Raises
    ------
    InvalidInput
        Less than one draw.
    Refused
        Residuals that correlate or differ in size; another outcome than a score.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, section 3.8.

    Examples
    --------
    >>> from sessionwise.models.mixed_model import mixed
    >>> frame = pd.DataFrame({"y": [1.0, 2, 6, 7, 3, 5], "client": [1, 1, 2, 2, 3, 3]})
    >>> made = bootstrap(mixed("y ~ 1 + (1 | client)", frame), draws=3)
    >>> list(made.draws), len(made.draws)
    (['Intercept', 'sd(Intercept | client)', 'sd(Residual)'], 3)
    """
    check_draws(draws)
    found = fit.solution
    found.need_independent("The bootstrap")
    names = [*found.made.terms, *(spread.name for spread in spreads(found.part))]
    rows, numbers, singular = [], [], 0
    for number in range(draws):
        try:
            again = _solved(found, scaled_draw(found, seed, number))
        except Refused:
            continue
        numbers.append(number)
        rows.append(_values(again))
        singular += _is_singular(again)
    return Bootstrap(
        estimates=pd.Series(_values(found), index=names),
        draws=pd.DataFrame(np.array(rows).reshape(-1, len(names)), numbers, names),
        singular=singular,
        refused=draws - len(rows),
        seed=seed,
    )


def _values(found: MixedSolution) -> np.ndarray:
    return np.concatenate([estimate_of(found), spread_values(found)])


def _solved(found: MixedSolution, response: np.ndarray) -> MixedSolution:
    """Solve the model for a response in the units of the scaled model, from where it was best."""
    model = found.model.with_response(found.scaled.basis, response)
    summit = highest(model, near=found.summit.roots)
    check_summit(summit, found.part)
    return replace(found, model=model, summit=summit)


def _is_singular(found: MixedSolution) -> bool:
    """Whether some mixture of deviations that go together does not vary."""
    roots = found.summit.roots
    return any(np.linalg.eigvalsh(root @ root.T)[0] < SMALLEST for root in roots)
