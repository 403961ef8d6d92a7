"""How surely the parameters of the residuals are known, and what that adds to doubt of effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.profiled_likelihood import At, Roots
from sessionwise.engine.residual_search import ResidualSummit
from sessionwise.engine.satterthwaite_df import STEP, Satterthwaite, Step
from sessionwise.engine.variance_search import VarianceSearch

TOLD_APART = 1e-6
"""Where the curvature of some mixture of parameters, in their own errors, is less than this, the
rows cannot tell them apart."""


@dataclass(frozen=True, eq=False)
class ResidualsKnown:
    """What the rows say of the parameters of the residuals.

    Attributes
    ----------
    covariance
        Covariance of ω, the variances unknown too, shape (ω, ω).
    effects
        Degrees of freedom of any contrast of the fixed effects, ω among what is uncertain.
    told_apart
        Whether the rows can tell the parameters of the residuals and the variances apart.
    """

    covariance: np.ndarray
    effects: Satterthwaite
    told_apart: bool


def residuals_known(found: ResidualSummit) -> ResidualsKnown:
    """Compute it at the summit, from differences of exact slopes in T and ω together.

    A variance of exactly zero takes no part.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, section 2.3 (limits from the
    curvature in unbounded parameters); Giesbrecht & Burns (1985), Biometrics 41:477–486.
    """
    search = VarianceSearch(found.whitened.model)
    theta = search.entries.vector(found.summit.roots)
    free = np.flatnonzero(~(search.bounded & (theta <= 0)) & (theta != 0))
    size = free.size + found.omega.size
    bends, moves, steps = np.empty((size, size)), [], []
    for k in range(size):
        (above, up), (below, down) = (
            _slopes(found, theta, free, k, sign * STEP) for sign in (1, -1)
        )
        bends[k] = (above - below) / (2 * STEP)
        moves.append((up[1].covariance - down[1].covariance) / (2 * STEP))
        steps.append(Step(*up, *down, 2 * STEP))
    hessian = (bends + bends.T) / 2
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    kept = values > TOLD_APART
    uncertainty = 2 * (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    uncertainty = uncertainty / np.outer(scale, scale)
    model = found.whitened.model
    return ResidualsKnown(
        uncertainty[free.size :, free.size :],
        Satterthwaite(
            found.summit.at.covariance,
            np.array(moves).reshape(size, model.given.terms, model.given.terms),
            uncertainty,
            model.df,
            tuple(steps),
        ),
        bool(kept.all()),
    )


def _slopes(
    found: ResidualSummit, theta: np.ndarray, free: np.ndarray, k: int, step: float
) -> tuple[np.ndarray, tuple[Roots, At]]:
    """Give slopes by T and ω, T of each factor and the model there, one parameter moved."""
    whitened, theta, omega = found.whitened, theta.copy(), found.omega.copy()
    if k < free.size:
        theta[free[k]] += step
    else:
        omega[k - free.size] += step
        whitened = whitened.marked.at(omega)
    point = VarianceSearch(whitened.model).point(theta)
    slopes = np.concatenate([point.gradient[free], whitened.slopes(point.roots)])
    return slopes, (point.roots, point.at)
