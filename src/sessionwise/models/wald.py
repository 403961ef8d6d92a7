"""Estimates with their Wald statistics and limits, in the one form every fit has."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats


def estimates_frame(
    terms: list[str], estimate: np.ndarray, covariance: np.ndarray, df: np.ndarray | float
) -> pd.DataFrame:
    """Make the table of estimates with Wald statistics and 95 % limits.

    Parameters
    ----------
    terms
        Names, length k.
    estimate
        Estimates, shape (k,).
    covariance
        Their covariance, shape (k, k).
    df
        Degrees of freedom of the t reference, one or one per term; ``inf`` means normal.

    Examples
    --------
    >>> frame = estimates_frame(["x"], np.array([2.0]), np.array([[1.0]]), np.inf)
    >>> [round(float(frame[c].iloc[0]), 2) for c in ("p", "low", "high")]
    [0.05, 0.04, 3.96]
    """
    estimate = np.asarray(estimate, float)
    std_error = np.sqrt(np.diag(covariance))
    df = np.broadcast_to(np.asarray(df, float), estimate.shape)
    statistic = estimate / std_error
    half = stats.t.ppf(0.975, df) * std_error
    return pd.DataFrame(
        {
            "term": pd.Series(terms, dtype="str"),
            "estimate": estimate,
            "std_error": std_error,
            "df": df,
            "statistic": statistic,
            "p": 2 * stats.t.sf(np.abs(statistic), df),
            "low": estimate - half,
            "high": estimate + half,
        }
    )


def contrast(estimates: pd.DataFrame, covariance: np.ndarray, one: str, other: str) -> pd.Series:
    """Give how much larger one estimate is than another, with its 95 % limits.

    Parameters
    ----------
    estimates
        As :func:`estimates_frame` makes it.
    covariance
        Covariance of the estimates, shape (k, k), in their order.
    one, other
        Terms; the difference is ``one − other``, on the smaller of their degrees of freedom.

    Examples
    --------
    >>> frame = estimates_frame(["a", "b"], np.array([3.0, 1.0]), np.eye(2), np.inf)
    >>> [round(float(value), 2) for value in contrast(frame, np.eye(2), "a", "b")[["low", "high"]]]
    [-0.77, 4.77]
    """
    terms = estimates["term"].tolist()
    weights = np.zeros(len(terms))
    weights[terms.index(one)], weights[terms.index(other)] = 1.0, -1.0
    df = float(estimates.set_index("term").loc[[one, other], "df"].min())
    difference = np.array([weights @ estimates["estimate"].to_numpy(float)])
    variance = np.array([[weights @ covariance @ weights]])
    return estimates_frame([f"{one} − {other}"], difference, variance, df).iloc[0]
