"""Whether residuals of one client still go on from session to session: their semivariogram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.whitened_rows import ResidualRows
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.fit import Recipe, Rows
from sessionwise.models.mixed_fit import MixedFit
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.predictions import fitted_means
from sessionwise.models.residual_structure import (
    ResidualWish,
    residual_wish,
    series_of,
    series_steps,
    unit_of,
)

Scale = Literal["normalised", "standardised"]

MOST_LAGS, BINS = 30, 12
"""More different gaps than the first are put together into as many groups as the second."""


@dataclass(frozen=True, eq=False)
class Semivariogram:
    """How far apart residuals of one client are, by the time between them.

    Attributes
    ----------
    question
        What it answers.
    estimates
        One row per lag: ``lag, pairs, series, semivariance, low, high`` (95 % limits). The
        semivariance is half the mean squared difference of two residuals, in units of their
        variance; ``series`` counts the courses with such a pair.
    nearest
        Semivariance at the shortest lag less that of all longer ones, with ``low`` and ``high``:
        below 0 where neighbours are more alike than others.
    unit
        What lags are counted in.
    scale
        ``"normalised"``: what the model says of their correlation and size is taken out;
        ``"standardised"``: of their size only.
    rows, recipe
        As in a `Fit`.
    """

    question: str
    estimates: pd.DataFrame
    nearest: pd.Series
    unit: str
    scale: Scale
    rows: Rows
    recipe: Recipe

    def __repr__(self) -> str:
        table = self.estimates.to_string(index=False, float_format=lambda x: f"{x:.3g}")
        return f"{self.question}\n{table}"


def semivariogram(
    fit: MixedFit, scale: Scale = "normalised", order: str = "session"
) -> Semivariogram:
    """Is correlation from session to session left in the residuals of a mixed model?

    Where residuals are independent, two of one client are as far apart after one session as after
    ten; where they go on, neighbours are nearer. Residuals here are those around each client's own
    line, so that the differences between clients are no part of them. Taking that line from few
    sessions makes residuals a little alike at all lags, so that semivariances lie below 1; a random
    slope, a little more at short ones.

    Parameters
    ----------
    fit
        From `mixed`.
    scale
        ``"normalised"`` shows what a model with correlated residuals leaves; ``"standardised"``
        what there was. For independent residuals of one size the two are the same.
    order
        The column that says when; that of the fit where its residuals have one.

    Returns
    -------
    Semivariogram
        Limits are by series, each as one observation.

    Raises
    ------
    InvalidInput
        A word or column there is not.
    Refused
        No series has two rows; two rows of one time.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, section 5.3.2. Numbers as those
    of nlme's Variogram, averaged over the pairs of a lag.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = sw.mixed("ors ~ session + (1 | client)", sw.example())
    >>> float(sw.semivariogram(fit).estimates.loc[0, "lag"])
    1.0
    """
    if scale not in get_args(Scale):
        problem = Problem(f"residuals cannot be '{scale}'", "", nearest(scale, get_args(Scale)))
        raise InvalidInput([problem], "the semivariogram")
    solution = fit.solution
    wish, series, steps = _laid_out(solution, order)
    values = _residuals(solution, scale)
    pairs = pd.concat([_pairs(values, series, steps, back) for back in _walk(steps)])
    pairs["lag"] = _lags(pairs["gap"].to_numpy())
    estimates = pd.DataFrame([_at_lag(lag, own) for lag, own in pairs.groupby("lag")])
    return Semivariogram(
        question="Does correlation from session to session remain in the residuals of "
        f"`{fit.outcome}`?",
        estimates=estimates,
        nearest=_nearest(pairs),
        unit=unit_of(solution.used, wish.order),
        scale=scale,
        rows=fit.rows,
        recipe=fit.recipe,
    )


def _laid_out(solution: MixedSolution, order: str) -> tuple[ResidualWish, np.ndarray, ResidualRows]:
    """Give what orders the rows, the series of each, and the steps between them."""
    residual, used = solution.residual, solution.used
    if residual is not None and residual.structure.rows.correlated:
        wish = residual.structure.wish
        part = residual.asked
    else:
        residual_wish("car1", "", order, None, used)
        wish, part = ResidualWish("car1", order), solution.part
    series, names = series_of(used, part)
    return wish, series, series_steps(used, series, names, wish)


def _residuals(solution: MixedSolution, scale: Scale) -> np.ndarray:
    """Give the residuals around each level's own line over their standard deviation, shape (n,)."""
    rest = solution.made.response - fitted_means(solution, "levels")
    rest = rest / np.sqrt(solution.residual_variance)
    return solution.whitened(rest) if scale == "normalised" else rest / solution.sizes


def _walk(steps: ResidualRows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Go back from each row to the one before, the one before that, …: rows, and from where."""
    here = np.flatnonzero(steps.follows)
    back = steps.previous.copy()
    while here.size:
        yield here, back[here]
        here = here[steps.follows[back[here]]]
        back[here] = steps.previous[back[here]]


def _pairs(
    values: np.ndarray,
    series: np.ndarray,
    steps: ResidualRows,
    back: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    now, then = back
    since = steps.elapsed
    return pd.DataFrame(
        {
            "gap": since[now] - since[then],
            "half": (values[now] - values[then]) ** 2 / 2,
            "series": series[now],
        }
    )


def _lags(gaps: np.ndarray) -> np.ndarray:
    """Give the lag of each pair: its gap, or the median of a group of gaps where many differ."""
    rounded = np.round(gaps, 9)
    if np.unique(rounded).size <= MOST_LAGS:
        return rounded
    edges = np.unique(np.quantile(rounded, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, rounded)
    return pd.Series(rounded).groupby(place).transform("median").to_numpy()


def _at_lag(lag: float, own: pd.DataFrame) -> dict[str, float]:
    mean, influence = _mean(own)
    half = _half(influence)
    return {
        "lag": lag,
        "pairs": len(own),
        "series": len(influence),
        "semivariance": mean,
        "low": mean - half,
        "high": mean + half,
    }


def _mean(own: pd.DataFrame) -> tuple[float, pd.Series]:
    """Give the mean over pairs, and what each series moves it by."""
    mean = float(own["half"].mean())
    by = own.groupby("series")["half"].agg(["sum", "size"])
    return mean, (by["sum"] - mean * by["size"]) / len(own)


def _half(influence: pd.Series) -> float:
    """Half the width of 95 % limits, t on one less than the series."""
    many = len(influence)
    if many < 2:
        return float("nan")
    spread = np.sqrt(float((influence**2).sum()) * many / (many - 1))
    return float(stats.t.ppf(0.975, many - 1)) * spread


def _nearest(pairs: pd.DataFrame) -> pd.Series:
    """Compare the shortest lag with all longer ones; series are counted once for both."""
    first = pairs["lag"] == pairs["lag"].min()
    if first.all():
        raise Refused(
            "All pairs of rows of one course are as far apart in time, so nothing says whether "
            "neighbours are more alike. More than two rows of some are needed."
        )
    near, of_near = _mean(pairs[first])
    far, of_far = _mean(pairs[~first])
    half = _half(of_near.sub(of_far, fill_value=0.0))
    difference = near - far
    return pd.Series({"estimate": difference, "low": difference - half, "high": difference + half})
