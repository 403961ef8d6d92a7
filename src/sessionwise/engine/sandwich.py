"""Errors of regression coefficients that allow rows of one cluster to go together."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sessionwise.engine.inverse_root import inverse_root_of
from sessionwise.errors import Refused

Kind = Literal["CR0", "CR1", "CR2"]

DENSE = 150
"""Rows of a cluster up to which its matrices are written out."""

SINGULAR = 1e-6
"""Share of a direction that is left of it, below which it is looked at closely."""


def cluster_covariance(
    derivative: np.ndarray,
    working_variance: np.ndarray,
    residual: np.ndarray,
    clusters: np.ndarray,
    kind: Kind = "CR2",
) -> np.ndarray:
    """Say how sure the coefficients are when clients of one therapist resemble each other.

    ``V = M (Σ_g s_g s_g′) M`` with ``M = (D′Φ⁻¹D)⁻¹``, the *expected* information as bread, and
    the score of a cluster ``s_g = D_g′ Φ_g⁻¹ A_g r_g``. CR0 takes ``A_g = I`` and is too small
    with few clusters; CR1 multiplies it by ``G/(G − 1)``; CR2 chooses ``A_g`` so that the errors
    are exactly right on average where Φ is:
    ``A_g = Φ^½ (Φ^½ (Φ − D_g M D_g′) Φ^½)^(−½) Φ^½`` with the symmetric root. The adjustment acts
    on residuals of the outcome, as clubSandwich has it; acting on Pearson residuals, the textbook
    form, differs by up to half a percent.

    Parameters
    ----------
    derivative
        D = ∂μ/∂β, shape (n, p).
    working_variance
        Diagonal of Φ, the variance V(μ) the family gives each row, shape (n,), > 0. Only its
        proportions matter.
    residual
        r = y − μ, shape (n,).
    clusters
        Which cluster each row belongs to, shape (n,); any sortable labels.
    kind
        ``"CR0"``, ``"CR1"`` or ``"CR2"``.

    Returns
    -------
    numpy.ndarray
        Covariance of the coefficients, shape (p, p).

    Raises
    ------
    Refused
        Fewer than two clusters: nothing varies between them.

    Notes
    -----
    A coefficient that rests on one cluster alone (a dummy for one therapist) leaves no residual
    in its direction: ``Φ − D_g M D_g′`` is singular there, and its exact zero eigenvalues come out
    as rounding of about 1e-16 of the largest, of either sign. Eigenvalues ≤ 1e-12 of the largest
    are taken for zero and left out (Moore–Penrose), so that rounding is not blown up by its
    inverse root. The root needs an eigen-decomposition of each cluster, its rows cubed; beyond some
    hundred rows, where nothing is singular, it is taken by :func:`inverse_root_of` instead.

    References
    ----------
    Bell & McCaffrey (2002), Survey Methodology 28:169–181 (bias-reduced linearisation);
    Pustejovsky & Tipton (2018), J Bus Econ Stat 36:672–683 (the adjustment for any working model,
    and its generalised inverse). The numbers agree with R's clubSandwich 0.5.8.

    Examples
    --------
    >>> D, ones = np.ones((4, 1)), np.ones(4)
    >>> r = np.array([1.0, 1.0, -1.0, -1.0])
    >>> cluster_covariance(D, ones, r, np.array([1, 1, 2, 2]), "CR0")
    array([[0.5]])
    """
    labels, code = np.unique(np.asarray(clusters), return_inverse=True)
    if labels.size < 2:
        raise Refused(
            f"Errors by cluster need at least two clusters; there is {labels.size}. "
            "Use model errors and say so."
        )
    weighted = derivative / working_variance[:, None]
    bread = np.linalg.inv(derivative.T @ weighted)
    scores = np.empty((labels.size, derivative.shape[1]))
    order = np.argsort(code, kind="stable")
    for g, rows in enumerate(np.split(order, np.cumsum(np.bincount(code))[:-1])):
        adjusted = residual[rows]
        if kind == "CR2":
            adjusted = _adjusted(derivative[rows], working_variance[rows], bread, adjusted)
        scores[g] = weighted[rows].T @ adjusted
    covariance = bread @ (scores.T @ scores) @ bread
    if kind == "CR1":
        covariance *= labels.size / (labels.size - 1)
    return (covariance + covariance.T) / 2


def _adjusted(
    derivative: np.ndarray, variance: np.ndarray, bread: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """``A_g r_g`` of one cluster."""
    root = np.sqrt(variance)
    scaled = root[:, None] * derivative
    if residual.size > DENSE:
        # Φ_g − D_g M D_g′ is Φ_g^½ (I − …) Φ_g^½, whose eigenvalues but p are one
        own = (derivative / variance[:, None]).T @ derivative
        least = float(np.linalg.eigvals(np.eye(len(own)) - own @ bread).real.min())
        if least > SINGULAR:
            ends = least * float(variance.min()) ** 2, float(variance.max()) ** 2
            return root * inverse_root_of(variance**2, scaled, bread, root * residual, ends)
    inner = np.diag(variance**2) - scaled @ bread @ scaled.T
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    kept = values > 1e-12 * values.max()
    inverse_root = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    return root * (vectors @ (inverse_root * (vectors.T @ (root * residual))))
