"""Whether terms of a generalised mixed model can be told from none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.errors import Refused
from sessionwise.models.fixed_terms_test import named_terms
from sessionwise.models.generalized_solution import (
    GeneralizedSolution,
    highest_of,
    likelihood_of,
)
from sessionwise.models.hypothesis import Test
from sessionwise.models.likelihood_ratio import named_deviations, no_variance, ratio_test

ALIKE = 1e-12
"""Share of its variance that a combination of estimates must have of its own to be tested."""


def wald_chi_square(estimates: pd.DataFrame, covariance: np.ndarray, names: Sequence[str]) -> Test:
    """Test that some fixed effects are zero, all of them at once, by a Wald χ².

    Parameters
    ----------
    estimates
        The table of a fit.
    covariance
        Of its estimates, shape (p, p).
    names
        Of the terms, or of categorical columns.

    Raises
    ------
    InvalidInput
        A name that is none.
    Refused
        Estimates that move together but for rounding.

    Examples
    --------
    >>> table = pd.DataFrame({"term": ["x"], "estimate": [2.0]})
    >>> round(wald_chi_square(table, np.array([[1.0]]), ["x"]).p, 4)
    0.0455
    """
    terms = estimates["term"].tolist()
    chosen = named_terms(names, terms)
    value = estimates["estimate"].to_numpy(float)[chosen]
    known = covariance[np.ix_(chosen, chosen)]
    error = np.sqrt(np.diag(known))
    alike, each_z = known / np.outer(error, error), value / error
    if np.linalg.eigvalsh(alike)[0] < ALIKE:
        raise Refused(
            "The estimates of these terms move together so closely that they cannot be tested "
            "together. Leave one of them out of the model."
        )
    statistic = float(each_z @ np.linalg.solve(alike, each_z))
    each = ", ".join(f"`{terms[place]}`" for place in chosen)
    k = len(chosen)
    return Test(
        name="Wald χ²",
        statistic=statistic,
        df=k,
        df_denominator=None,
        p=float(stats.chi2.sf(statistic, k)),
        null=f"{each} {'are all' if k > 1 else 'is'} zero",
    )


def random_terms_ratio(found: GeneralizedSolution, nodes: int, texts: Sequence[str]) -> Test:
    """Test that the levels of a factor do not differ in some way, by the likelihood ratio.

    Parameters
    ----------
    found
        The model.
    nodes
        How many nodes its likelihood was integrated with.
    texts
        Random terms to be taken out, ``"(1 | therapist)"``.

    Raises
    ------
    InvalidInput
        A text that is no random term, or a term that the model does not have.
    Refused
        The larger model ends below the smaller one.

    References
    ----------
    Self & Liang (1987), J Am Stat Assoc 82:605–610.
    """
    part, gone = found.part, named_deviations(found, texts)
    for deviation in gone:
        part = part.without(part.deviations.index(deviation))[1]
    likelihood, triangle = likelihood_of(found.fixed, part, found.outcome, nodes)
    place = found.summit.place
    smaller = highest_of(
        replace(found, part=part, likelihood=likelihood, root_triangle=triangle),
        (place.effect, place.phi),
    )
    m = sum(int(free.sum()) for free in found.likelihood.free)
    m -= sum(int(free.sum()) for free in smaller.likelihood.free)
    return ratio_test(
        "Laplace" if nodes == 1 else f"{nodes} nodes",
        2 * (found.summit.loglik - smaller.summit.loglik),
        (m, len(gone)),
        no_variance(texts, len(gone)),
        other_zero=any((np.diag(root) <= 0).any() for root in smaller.summit.roots),
    )
