"""What outcome a generalised mixed model has: 0/1, successes of trials, a count, a category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.engine.outcome_families import (
    Cloglog,
    CumulativeLogit,
    Family,
    Logit,
    NegativeBinomial,
    Poisson,
    Probit,
)
from sessionwise.errors import Refused
from sessionwise.models.design_matrix import is_numeric

MixedFamily = Literal["gaussian", "binomial", "poisson", "negative-binomial", "ordinal"]
MixedLink = Literal["identity", "logit", "cloglog", "probit", "log"]

FAMILY_LINKS: dict[str, tuple[str, ...]] = {
    "gaussian": ("identity",),
    "binomial": ("logit", "cloglog", "probit"),
    "poisson": ("log",),
    "negative-binomial": ("log",),
    "ordinal": ("logit",),
}
"""The links of each family, the usual one first."""

BINOMIAL = {"logit": Logit, "cloglog": Cloglog, "probit": Probit}

KINDS = {
    "binomial": "binomial",
    "poisson": "Poisson",
    "negative-binomial": "negative binomial",
    "ordinal": "cumulative",
}
"""What a methods section calls each family."""

MOST_CATEGORIES = 20


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of the rows of a model.

    Attributes
    ----------
    name, kind, link
        Column, family and link.
    family
        As the engine has it.
    start
        Further parameters to start from: thresholds, log dispersion.
    centre
        The linear predictor of the mean, to start from.
    values
        The outcome as numbers, shape (n,); categories from 0.
    trials
        Trials of each row, shape (n,); ones where there are none.
    categories
        Names of the categories, in order; empty but for an ordinal outcome.
    """

    name: str
    kind: str
    link: str
    family: Family
    start: np.ndarray
    centre: float
    values: np.ndarray
    trials: np.ndarray
    categories: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        """Whether a row is one 0 or 1, or one category, so that it tells little of its own."""
        return self.kind == "ordinal" or (self.kind == "binomial" and self.trials.max() == 1)

    @property
    def events(self) -> int | None:
        """How many ones there are in a 0/1 outcome."""
        return int(self.values.sum()) if self.single and self.kind == "binomial" else None


def outcome_of(
    name: str, values: np.ndarray, family: str, link: str, trials: np.ndarray | None,
    categories: tuple[str, ...] = (),
) -> Outcome:  # fmt: skip
    """Check the outcome of a model's rows against its family.

    Parameters
    ----------
    name, values
        The column and its values as numbers, shape (n,).
    family, link
        Words of `FAMILY_LINKS`.
    trials
        Of how many, shape (n,), or nothing for a 0/1 outcome.
    categories
        Names of the categories of an ordinal outcome.

    Raises
    ------
    Refused
        An outcome that is none of its family.
    """
    n = values.size
    ones = np.ones(n)
    if family == "binomial":
        of = ones if trials is None else trials
        _check_successes(name, values, of, with_trials=trials is not None)
        share = float(values.sum() / of.sum())
        centre = {
            "logit": np.log(share / (1 - share)),
            "cloglog": np.log(-np.log1p(-share)),
            "probit": np.log(share / (1 - share)) / 1.7,
        }[link]
        made = BINOMIAL[link](values, of)
        return Outcome(name, family, link, made, np.zeros(0), float(centre), values, of)
    if family == "ordinal":
        many = len(categories)
        below = np.cumsum(np.bincount(values.astype(int), minlength=many))[:-1] / n
        made = CumulativeLogit(values.astype(np.intp), many - 1)
        start = np.log(below / (1 - below))
        return Outcome(name, family, link, made, start, 0.0, values, ones, categories)
    odd = (values < 0) | (values != np.round(values))
    if odd.any():
        raise Refused(
            f"`{name}` is not a count in {int(odd.sum())} of {n} rows: whole numbers from 0 are "
            "needed. Look at those rows, or take another family."
        )
    centre = float(np.log(values.mean()))
    if family == "poisson":
        return Outcome(name, family, link, Poisson(values), np.zeros(0), centre, values, ones)
    return Outcome(name, family, link, NegativeBinomial(values), np.zeros(1), centre, values, ones)


def _check_successes(name: str, values: np.ndarray, of: np.ndarray, *, with_trials: bool) -> None:
    if with_trials:
        odd = (values < 0) | (values > of) | (values != np.round(values)) | (of != np.round(of))
        odd |= (of < 1) | ~np.isfinite(of)
        needed = "whole numbers from 0 to the number of trials, at least one trial"
    else:
        odd = ~np.isin(values, (0, 1))
        needed = "0 or 1; for successes of several trials name their column: trials="
    if odd.any():
        raise Refused(
            f"`{name}` does not count successes in {int(odd.sum())} of {values.size} rows. "
            f"Needed: {needed}."
        )
    if values.sum() in (0, of.sum()):
        which = "No" if values.sum() == 0 else "Every"
        raise Refused(f"{which} trial of `{name}` is a success: there is nothing to explain.")


def categories_of(name: str, column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the categories of an ordinal outcome in their order.

    Returns
    -------
    tuple
        Numbers from 0, shape (n,), and the names of the categories that occur.

    Raises
    ------
    Refused
        Text without an order; one category, or more than twenty.

    Examples
    --------
    >>> categories_of("rating", pd.Series([3, 1, 3, 2]))
    (array([2, 0, 2, 1]), ('1', '2', '3'))
    """
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        used = column.cat.remove_unused_categories()
        names = tuple(str(one) for one in used.cat.categories)
        numbers = used.cat.codes.to_numpy().astype(np.int64)
    elif is_numeric(column):
        values, numbers = np.unique(column.to_numpy(float), return_inverse=True)
        names = tuple(f"{value:.15g}" for value in values)
    else:
        raise Refused(
            f"The categories of `{name}` have no order. Make it an ordered category, or numbers."
        )
    if not 2 <= len(names) <= MOST_CATEGORIES:
        raise Refused(
            f"`{name}` has {len(names)} categories; an ordinal outcome has 2 to "
            f"{MOST_CATEGORIES}. "
            + ("There is nothing to explain." if len(names) < 2 else "Take family='gaussian'.")
        )
    return numbers, names
