"""How much clients or therapists differ, where the outcome is an event: shares and median ratios.

Behind a 0/1 outcome one may see a continuous one that passes a threshold; its residual variance is
that of the link's distribution: π²/3 (logistic), π²/6 (of the smallest extreme value, cloglog), 1
(normal, probit).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special, stats

from sessionwise.errors import Refused
from sessionwise.models.generalized_solution import GeneralizedSolution

RESIDUALS = {"logit": np.pi**2 / 3, "cloglog": np.pi**2 / 6, "probit": 1.0}
RATIOS = {"logit": "odds ratio", "cloglog": "hazard ratio", "log": "rate ratio"}
NONE = 1e-10
"""A variance below this was estimated as zero."""

HALF = float(stats.norm.ppf(0.975))
QUARTER = float(np.sqrt(2) * stats.norm.ppf(0.75))


def factor_variances(found: GeneralizedSolution, theta: np.ndarray) -> np.ndarray:
    """Variance of the linear predictor each factor makes, mean over the rows, shape (factors,).

    z′Gz of each row: with differences in level alone it is their variance.
    """
    covariance = found.deviation_covariance(theta)
    made = []
    for group in found.part.by_factor:
        own = [k for k, one in enumerate(found.part.deviations) if one.group == group]
        columns = found.part.matrix([found.part.deviations[k] for k in own])
        square = columns.T @ columns / len(columns)
        variance = float((covariance[np.ix_(own, own)] * square).sum())
        made.append(variance if variance > NONE else 0.0)
    return np.array(made)


def _with_errors(
    found: GeneralizedSolution, question: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Give a logarithm of what the factors make, and its errors: missing where that is zero."""
    at = question(found.theta)
    if not at.size:
        return at, at
    error = np.full(at.size, np.nan)
    known = np.isfinite(at)
    error[known] = np.sqrt(np.diag(found.covariance_of(lambda theta: question(theta)[known])))
    return at, error


def latent_share_table(found: GeneralizedSolution) -> pd.DataFrame:
    """Give the share of each factor in the variance of the outcome behind the outcome.

    See :meth:`~sessionwise.models.generalized_mixed_fit.GeneralizedMixedFit.latent_shares`.
    """
    if found.outcome.link not in RESIDUALS:
        raise Refused(
            "Shares on the latent scale need a residual variance, and that of a count goes with "
            "its mean. Ask median_ratios instead."
        )
    residual = RESIDUALS[found.outcome.link]

    def log_odds(theta: np.ndarray) -> np.ndarray:
        each = factor_variances(found, theta)
        with np.errstate(divide="ignore"):
            return np.log(each) - np.log(each.sum() - each + residual)

    at, error = _with_errors(found, log_odds)
    share = special.expit(at)
    limits = [special.expit(at + side * HALF * error) for side in (-1, 1)]
    return pd.DataFrame(
        {
            "group": pd.Series(list(found.part.by_factor), dtype="str"),
            "share": share,
            "std_error": share * (1 - share) * error,
            "low": limits[0],
            "high": limits[1],
        }
    )


def median_ratio_table(found: GeneralizedSolution) -> pd.DataFrame:
    """Give the median ratio between two levels of each factor drawn at random.

    See :meth:`~sessionwise.models.generalized_mixed_fit.GeneralizedMixedFit.median_ratios`.
    """
    if found.outcome.link not in RATIOS:
        raise Refused(
            f"The {found.outcome.link} link has no ratio that is the same at all levels. Ask "
            "latent_shares instead."
        )

    def log_log_ratio(theta: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(QUARTER) + 0.5 * np.log(factor_variances(found, theta))

    at, error = _with_errors(found, log_log_ratio)
    ratio = np.exp(np.exp(at))
    with np.errstate(over="ignore"):
        limits = [np.exp(np.exp(at + side * HALF * error)) for side in (-1, 1)]
    return pd.DataFrame(
        {
            "group": pd.Series(list(found.part.by_factor), dtype="str"),
            "ratio": pd.Series([f"median {RATIOS[found.outcome.link]}"] * at.size, dtype="str"),
            "estimate": ratio,
            "std_error": ratio * np.exp(at) * error,
            "low": limits[0],
            "high": limits[1],
        }
    )
