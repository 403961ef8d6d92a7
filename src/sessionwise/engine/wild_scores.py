"""The wild cluster bootstrap of a regression's scores: p-values where clusters are few."""

from __future__ import annotations

import numpy as np

SIX_POINTS = 12
"""Up to so many clusters Webb's six weights; with more, two signs give enough different draws."""

WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
WEBB = np.concatenate([-WEBB[::-1], WEBB])


def cluster_weights(clusters: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a weight for each cluster: mean 0, mean square 1.

    Parameters
    ----------
    clusters
        G. Up to twelve: Webb's six points ±√½, ±1, ±√1½, as 2ᴳ draws of a sign would be too few
        different ones; with more: ±1 (Rademacher).
    draws
        How many.
    rng
        The generator.

    Returns
    -------
    numpy.ndarray
        Shape (draws, G).

    References
    ----------
    Webb (2023), Canadian J Econ 56:839–858.

    Examples
    --------
    >>> drawn = cluster_weights(5, 20_000, np.random.default_rng(1))
    >>> drawn.shape, bool(abs(drawn.mean()) < 0.02), bool(abs((drawn**2).mean() - 1) < 0.02)
    ((20000, 5), True, True)
    """
    points = WEBB if clusters <= SIX_POINTS else np.array([-1.0, 1.0])
    return points[rng.integers(0, points.size, (draws, clusters))]


def statistics(
    scores: np.ndarray, information: np.ndarray, tested: int, weights: np.ndarray
) -> np.ndarray:
    """Give the studentised score statistic of one coefficient under each draw of weights.

    At the estimates under the null hypothesis one step of Newton's method with the cluster scores
    w_g s_g leads to ``u(w) = H⁻¹ Σ_g w_g s_g``, ``H = Σ_g H_g``, and leaves of each cluster the
    score ``w_g s_g − H_g u(w)``. With e of the coefficient tested,

        T(w) = e′u(w) / √( Σ_g (e′H⁻¹(w_g s_g − H_g u(w)))² ).

    All weights one give the statistic of the data.

    Parameters
    ----------
    scores
        s_g, each cluster's slope of the log-likelihood at the null, shape (G, p).
    information
        H_g, each cluster's observed information there, shape (G, p, p).
    tested
        The number of the coefficient.
    weights
        Shape (draws, G).

    Returns
    -------
    numpy.ndarray
        Shape (draws,).

    References
    ----------
    Kline & Santos (2012), J Econometric Methods 1:23–41 (the score bootstrap, with the null
    imposed); MacKinnon, Nielsen & Webb (2025), Econometric Reviews (what the step leaves over, in
    the denominator, as refitting would).

    Examples
    --------
    >>> one = np.ones((4, 1, 1))
    >>> statistics(np.array([[1.0], [2.0], [3.0], [2.0]]), one, 0, np.ones((1, 4))).round(3)
    array([5.657])
    """
    row = np.linalg.inv(information.sum(axis=0))
    own = scores @ row[tested]
    step = (weights @ scores) @ row
    left = weights * own - step @ (information @ row[tested]).T
    return step[:, tested] / np.sqrt((left**2).sum(axis=1))


def share_beyond(observed: float, drawn: np.ndarray) -> float:
    """Give the p-value: which share of the draws is at least as far from 0 as the data are.

    Draws that equal the data but for rounding count as far; the data count as a draw of their own,
    so that no p is 0.

    Examples
    --------
    >>> share_beyond(2.0, np.array([0.1, -2.0, 1.0, 3.0]))
    0.6
    """
    far = int((np.abs(drawn) >= abs(observed) * (1 - 1e-9)).sum())
    return (far + 1) / (drawn.size + 1)
