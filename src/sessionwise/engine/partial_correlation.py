"""A partial correlation given one covariate, with an interval by resampling whole clusters.

The correlation of two scores once a third is held is that of their residuals on the third, which is
a function of the six means of products of the three: so a resample of clusters needs their sums
only, and thousands of resamples are one product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr, ndtri

from sessionwise.errors import Refused

PAIRS = tuple((i, j) for i in range(3) for j in range(i, 3))
FLAT = 1e-9
"""A residual variance below this share of the variance itself is one of rounding: there is none."""

ROOM = 2_000_000
"""Cells of a block of resamples: about 16 MB."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """A partial correlation and its interval.

    Attributes
    ----------
    estimate
        Between −1 and 1.
    low, high
        Bias-corrected and accelerated limits.
    std_error
        Standard deviation of the draws.
    draws
        Resampled partial correlations, shape ``(draws,)``; those without a value left out.
    lost
        Resamples in which one of the scores did not vary.
    """

    estimate: float
    low: float
    high: float
    std_error: float
    draws: np.ndarray = field(repr=False)
    lost: int = 0


def partial_r(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> float:
    """Correlate two scores after taking from both what goes linearly with a third.

    r_xy·z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)) (Yule 1907, Proc R Soc A 79:182).

    Parameters
    ----------
    x, y, given
        Scores, shape ``(n,)``, none missing.

    Raises
    ------
    Refused
        A score does not vary, or is a straight line of the third.

    Examples
    --------
    >>> x, z = np.array([1.0, 2, 4, 3, 6]), np.array([1.0, 3, 2, 5, 4])
    >>> round(partial_r(x, 2 * x - z, z), 12)
    1.0
    """
    sums = _sums(x, y, given, np.zeros(len(x), int))
    estimate = float(_partial(sums.sum(axis=0, keepdims=True))[0])
    if not np.isfinite(estimate):
        raise Refused(
            "A score does not vary once the third is held, so nothing can go with it. Ask another "
            "score, or more clients."
        )
    return estimate


def resampled(
    x: np.ndarray,
    y: np.ndarray,
    given: np.ndarray,
    cluster: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> Resampled:
    """Give a partial correlation with a 95 % interval by resampling clusters.

    Whole clusters are drawn with replacement, as many as there are, so what goes together stays
    together. The limits are those of :func:`bca_limits`: correct to the second order, and the same
    whether r or Fisher's z is resampled.

    Parameters
    ----------
    x, y, given
        Scores, shape ``(n,)``, none missing.
    cluster
        Which cluster each row belongs to, whole numbers from 0, shape ``(n,)``.
    draws
        How many resamples.
    rng
        What draws them.

    Raises
    ------
    Refused
        As :func:`partial_r`; or more than one resample in twenty has no value.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z, x, e = rng.normal(size=(3, 80))
    >>> found = resampled(x + z, x + z + e, z, np.arange(80), 2000, rng)
    >>> found.low < found.estimate < found.high
    True
    """
    estimate = partial_r(x, y, given)
    sums = _sums(x, y, given, cluster)
    values = np.concatenate([_partial(weights @ sums) for weights in _weights(sums, draws, rng)])
    kept = values[np.isfinite(values)]
    if len(kept) < 0.95 * draws:
        raise Refused(
            "In more than one resample of twenty a score did not vary, so no interval can be "
            "given. Ask a larger cohort."
        )
    low, high = bca_limits(kept, estimate, _partial(sums.sum(axis=0) - sums))
    spread = float(np.std(kept, ddof=1))
    return Resampled(estimate, low, high, spread, kept, draws - len(kept))


def bca_limits(
    draws: np.ndarray, estimate: float, left_out: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """Give bias-corrected and accelerated limits (Efron & Tibshirani 1993, eqs. 14.9–14.15).

    z₀ = Φ⁻¹ of the share of draws below the estimate (half of those equal to it), acceleration
    a = Σd³ / (6 (Σd²)^1.5) with d the mean of the jackknife values minus each of them; limits are
    the quantiles Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))) of the draws.

    Parameters
    ----------
    draws
        Resampled values, shape ``(draws,)``.
    estimate
        Of all clusters.
    left_out
        The value without each cluster in turn, shape ``(clusters,)``; where it has none there, the
        cluster is passed over.
    level
        Of confidence.

    Raises
    ------
    Refused
        Every draw lies on one side of the estimate.
    """
    share = np.mean(draws < estimate) + np.mean(draws == estimate) / 2
    if not 0 < share < 1:
        raise Refused("All resamples lie on one side of the estimate; no interval can be given.")
    bias = ndtri(share)
    apart = left_out[np.isfinite(left_out)]
    apart = apart.mean() - apart
    scale = np.sum(apart**2) ** 1.5
    acceleration = np.sum(apart**3) / (6 * scale) if scale > 0 else 0.0
    ends = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    places = ndtr(bias + ends / (1 - acceleration * ends))
    low, high = np.quantile(draws, places, method="weibull")
    return float(low), float(high)


def _sums(x: np.ndarray, y: np.ndarray, given: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sum 1, the scores and their products over each cluster: shape ``(clusters, 10)``.

    Scores are centred and scaled first, so that no digits are lost in differences of large sums.
    """
    scores = np.array([x, y, given], float)
    scores = scores - scores.mean(axis=1, keepdims=True)
    size = np.abs(scores).max(axis=1, keepdims=True)
    scores = scores / np.where(size > 0, size, 1)
    columns = [np.ones(scores.shape[1]), *scores, *(scores[i] * scores[j] for i, j in PAIRS)]
    clusters = int(cluster.max()) + 1
    return np.column_stack([np.bincount(cluster, column, clusters) for column in columns])


def _weights(sums: np.ndarray, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Say how often each cluster is in each resample, a block of resamples at a time."""
    clusters = len(sums)
    block = max(1, ROOM // clusters)
    for start in range(0, draws, block):
        many = min(block, draws - start)
        drawn = rng.integers(clusters, size=(many, clusters))
        drawn += clusters * np.arange(many)[:, None]
        yield np.bincount(drawn.ravel(), minlength=many * clusters).reshape(many, clusters) * 1.0


def _partial(sums: np.ndarray) -> np.ndarray:
    """Give the partial correlation of each row of sums; not a number where there is none."""
    means = sums[:, 1:] / sums[:, :1]
    centre, product = means[:, :3], dict(zip(PAIRS, means[:, 3:].T))
    cov = {(i, j): product[i, j] - centre[:, i] * centre[:, j] for i, j in PAIRS}
    with np.errstate(divide="ignore", invalid="ignore"):
        left_x = cov[0, 0] - cov[0, 2] ** 2 / cov[2, 2]
        left_y = cov[1, 1] - cov[1, 2] ** 2 / cov[2, 2]
        joint = cov[0, 1] - cov[0, 2] * cov[1, 2] / cov[2, 2]
        value = np.clip(joint / np.sqrt(left_x * left_y), -1, 1)
    varies = (cov[2, 2] > FLAT * product[2, 2]) & (left_x > FLAT * cov[0, 0])
    return np.where(varies & (left_y > FLAT * cov[1, 1]) & (cov[0, 0] > 0), value, np.nan)
