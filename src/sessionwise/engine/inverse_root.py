"""The inverse square root of a diagonal matrix less one of low rank, without writing it out."""

from __future__ import annotations

import numpy as np
from scipy import special

NODES = 20
"""At least; more where eigenvalues lie further apart."""


def inverse_root_of(
    diagonal: np.ndarray,
    factor: np.ndarray,
    middle: np.ndarray,
    vector: np.ndarray,
    ends: tuple[float, float],
) -> np.ndarray:
    """Give ``B^(−½) v`` for ``B = diag(d) − F M F′``, symmetric and positive definite.

    By Cauchy's integral on the contour of Hale, Higham & Trefethen (2008, SIAM J Numer Anal
    46:2505–2523, method 2), on which the trapezoidal rule converges geometrically,

        B^(−½) = (2 K′ √m / πN) Σ_j cn_j dn_j (B + s_j² I)^(−1),

    m and M the ends of the spectrum; each inverse by the Woodbury identity, so that the time goes
    with the rows, not with their cube.

    Parameters
    ----------
    diagonal
        d, shape (n,), > 0.
    factor, middle
        F, shape (n, p), and M, shape (p, p), symmetric and invertible.
    vector
        v, shape (n,).
    ends
        Between which the eigenvalues of B lie, both > 0.

    Returns
    -------
    numpy.ndarray
        Shape (n,); to some 1e-12 of its size.

    Examples
    --------
    >>> d, one = np.array([4.0, 9.0]), np.ones((2, 1))
    >>> inverse_root_of(d, one, np.array([[1e-12]]), np.array([2.0, 3.0]), (3.9, 9.1)).round(9)
    array([1., 1.])
    """
    least, most = ends
    ratio = least / most
    nodes = NODES + int(4 * np.log(most / least))
    quarter = special.ellipkm1(ratio)  # K of the complementary parameter
    at = (np.arange(nodes) + 0.5) * quarter / nodes
    sn, cn, dn, _ = special.ellipj(at, 1 - ratio)
    shifts = least * (sn / cn) ** 2
    weights = dn / cn**2
    inverse = np.linalg.inv(middle)
    total = np.zeros_like(vector)
    for shift, weight in zip(shifts, weights):
        own = 1 / (diagonal + shift)
        across = factor * own[:, None]
        inner = inverse - factor.T @ across
        total += weight * (own * vector + across @ np.linalg.solve(inner, across.T @ vector))
    return total * (2 * quarter * np.sqrt(least) / (np.pi * nodes))
