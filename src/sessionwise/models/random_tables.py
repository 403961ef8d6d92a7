"""What a random part says of itself in tables and words, whatever the outcome is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations

import numpy as np
import pandas as pd

from sessionwise.models.fit import VARIANCE_COLUMNS
from sessionwise.models.random_part import RandomPart, written


def variance_table(
    part: RandomPart, covariance: np.ndarray, residual: float | None = None
) -> pd.DataFrame:
    """Give the table of variances: each bundle's, then its covariances; the residual last.

    Parameters
    ----------
    part
        The random part.
    covariance
        Of its deviations as written, shape (deviations, deviations).
    residual
        The residual variance, where there is one.

    Returns
    -------
    DataFrame
        ``group, term1, term2, variance, sd, correlation``; the correlation with what does not vary
        is missing.
    """
    sd = np.sqrt(np.diag(covariance))
    lines: list[tuple[str, str, str, float, float, float]] = []
    for bundle, place in part.placed:
        own, own_sd = covariance[place, place], sd[place]
        for i, one in enumerate(bundle):
            lines.append((one.group, one.term, "", own[i, i], own_sd[i], np.nan))
        for i, j in combinations(range(len(bundle)), 2):
            both = own_sd[i] * own_sd[j]
            correlation = own[i, j] / both if both else np.nan
            terms = (bundle[i].term, bundle[j].term)
            lines.append((bundle[i].group, *terms, own[i, j], np.nan, correlation))
    if residual is not None:
        lines.append(("Residual", "", "", residual, np.sqrt(residual), np.nan))
    table = pd.DataFrame(lines, columns=list(VARIANCE_COLUMNS))
    return table.astype(dict.fromkeys(("group", "term1", "term2"), "str"))


def mode_table(
    part: RandomPart, group: str, known: tuple[np.ndarray, np.ndarray], back: np.ndarray
) -> pd.DataFrame:
    """Give the modes of a factor's deviations in the columns as written.

    Parameters
    ----------
    part, group
        The random part, and one of its factors.
    known
        Modes, shape (q, levels), and their covariance, shape (q, q, levels), in the columns of the
        engine.
    back
        What turns deviations in those columns into deviations as written, shape (q, q).
    """
    values, covariance = known
    variance = np.einsum("ab,bcl,ac->al", back, covariance, back)
    terms = [one.term for one in part.deviations if one.group == group]
    names = part.names[group]
    return pd.DataFrame(
        {
            "level": np.repeat(names, len(terms)),
            "term": pd.Series(terms * len(names), dtype="str"),
            "mode": (back @ values).T.ravel(),
            "std_error": np.sqrt(variance.T.ravel()),
        }
    )


def singular_names(
    part: RandomPart, gone: Collection[int], degenerate: Callable[[slice], bool]
) -> tuple[str, ...]:
    """Name the variances that are zero and the correlations that are ±1.

    Parameters
    ----------
    part
        The random part.
    gone
        Numbers of the deviations whose variance is zero.
    degenerate
        Says of the places of a bundle whether a correlation in it is ±1.
    """
    named = [
        f"the variance of {written((part.deviations[k],), correlated=False)}" for k in gone
    ] + [
        f"the correlation{'s' if len(bundle) > 2 else ''} of {written(bundle, correlated=True)}"
        for bundle, place in part.placed
        if len(bundle) > 1
        and not set(gone) & set(range(place.start, place.stop))
        and degenerate(place)
    ]
    return tuple(named)


def check_factor(part: RandomPart, group: str) -> None:
    """Raise a KeyError that lists the factors there are, if this is none of them."""
    known = list(part.by_factor)
    if group not in known:
        raise KeyError(f"no factor '{group}'; factors: {', '.join(known) or 'none'}")
