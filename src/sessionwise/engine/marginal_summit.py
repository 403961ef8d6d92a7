"""The best parameters of a generalised mixed model, their errors, and where to start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sessionwise.engine.marginal_search import (
    BEYOND,
    OTHER_STARTS,
    Likelihood,
    MarginalSearch,
    Place,
)

FLAT = 1e-6
"""Newton's method goes on until no slope exceeds this, per standard error."""

MOST, FAR = 12, 0.05
"""Such steps at most; and how many standard errors the Hessian may lie behind."""

CREEPING, SAME = 0.1, 1e-7
"""A root below which zero is tried as well, and what its deviance may be higher by."""

MANY = 50_000
"""From so many rows on, differences of slopes are taken to one side only, and from one start."""


@dataclass(frozen=True, eq=False)
class MarginalSummit:
    """Where the likelihood is highest.

    Attributes
    ----------
    place
        The parameters, and the likelihood there.
    covariance
        Inverse of the full Hessian of −log-likelihood in ψ = (β, free entries of T, φ), zeros for
        an entry on its boundary.
    gradient
        The largest slope of the log-likelihood in a free parameter, per standard error.
    steps, evaluations
        Steps taken, and how often the likelihood was computed.
    runaway
        A variance that was on its way to infinity when the search stopped.
    """

    place: Place
    covariance: np.ndarray
    gradient: float
    steps: int
    evaluations: int
    runaway: bool

    @property
    def loglik(self) -> float:
        """Log-likelihood, all constants included, a prior not."""
        return self.place.at.loglik

    @property
    def roots(self) -> list[np.ndarray]:
        """T by factor, as given."""
        return self.place.roots


def summit(
    likelihood: Likelihood, effect: np.ndarray, phi: np.ndarray, precision: np.ndarray
) -> MarginalSummit:
    """Find the parameters at which the data are most likely, and how surely they are known.

    Parameters
    ----------
    likelihood
        The model.
    effect, phi
        β and φ of the fixed part alone, shape (p,) and (k,).
    precision
        Of a normal prior of β, shape (p, p); zeros for none.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, ch. 6, for the way there.
    """
    search = MarginalSearch(likelihood, (effect.size, phi.size), precision)

    def started(size: float, beside: float) -> np.ndarray:
        roots = [np.where(np.eye(len(f), dtype=bool), size, np.where(f, beside, 0.0))
                 for f in likelihood.free]  # fmt: skip
        return search.vector(effect, roots, phi)

    best, steps = search.climb(search.place(started(0.5, 0.0), likelihood.nothing()))
    edge = any((np.diag(root) < 1e-4).any() for root in best.roots)
    if edge and likelihood.rows < 20_000:
        for size, beside in OTHER_STARTS:
            try:
                other, _ = search.climb(search.place(started(size, beside), likelihood.nothing()))
            except np.linalg.LinAlgError:
                continue
            if other.deviance < best.deviance - 1e-7:
                best = other
    runaway = any((r**2).sum(axis=1).max() > BEYOND**2 for r in best.roots)
    if runaway:
        size = best.theta.size
        return MarginalSummit(
            best, np.full((size, size), np.nan), np.inf, steps, likelihood.evaluations, True
        )
    return _settled_zeros(search, _polished(search, best, steps))


def _settled_zeros(search: MarginalSearch, found: MarginalSummit) -> MarginalSummit:
    """Where the likelihood is flat beside a small root, see whether zero does as well.

    Near a variance that is barely none the deviance goes with the fourth power of its root, and
    steps creep towards zero without arriving.
    """
    while found.gradient > FLAT:
        here = found.place
        near = np.flatnonzero(search.bounded & (here.theta > 0) & (here.theta < CREEPING))
        for zero in near[np.argsort(here.theta[near])]:
            try:
                start = search.canonical(here, int(zero))
                other = _polished(search, *search.climb(start))
            except np.linalg.LinAlgError:
                continue
            if other.place.deviance <= here.deviance + SAME:
                found = other
                break
        else:
            return found
    return found


def _polished(search: MarginalSearch, here: Place, steps: int) -> MarginalSummit:
    """Newton's method with the full Hessian, until flat; and the errors from it."""
    many = search.likelihood.rows >= MANY
    here = search.canonical(here)
    hessian, far, before = _hessian(search, here, many=many), 0.0, np.inf
    for _ in range(MOST):
        free = search.open(here) & search.varies(here)
        covariance, gradient = _errors(hessian, here, free)
        if gradient < FLAT:
            break
        step = np.zeros_like(here.theta)
        step[free] = -(covariance[np.ix_(free, free)] @ here.gradient[free]) / 2
        moved = search.moved(here, step)
        if moved is None:
            break
        size = np.sqrt(np.maximum(np.diag(covariance)[free], 1e-300))
        far += float(np.abs((moved.theta - here.theta)[free] / size).max(initial=0.0))
        here, steps = search.canonical(moved), steps + 1
        if far > FAR or gradient > before / 4:
            hessian, far = _hessian(search, here, many=many), 0.0
        before = gradient
    if far > (1e-3 if many else 1e-6):
        hessian = _hessian(search, here, many=many)
    covariance, gradient = _errors(hessian, here, search.open(here) & search.varies(here))
    return MarginalSummit(here, covariance, gradient, steps, search.likelihood.evaluations, False)


def _hessian(search: MarginalSearch, here: Place, *, many: bool) -> np.ndarray:
    """½ ∂²deviance/∂ψ², rows and columns of fixed entries zero."""
    free = np.flatnonzero(search.varies(here))
    rough = np.maximum(np.diag(search.curvature(here)), 1e-8)
    size = np.minimum((1e-4 if many else 3e-3) * np.sqrt(2 / rough), 1e-3)
    size = np.where(search.bounded & (here.theta > 0), np.minimum(size, here.theta / 4), size)
    found = np.zeros((here.theta.size, here.theta.size))
    found[:, free] = search.by_difference(here, free, size, both=not many) / 2
    return (found + found.T) / 2


def _errors(hessian: np.ndarray, here: Place, free: np.ndarray) -> tuple[np.ndarray, float]:
    """Covariance of ψ, and the largest slope of the log-likelihood per standard error."""
    covariance = np.zeros_like(hessian)
    own = np.ix_(free, free)
    try:
        root = linalg.cho_factor(hessian[own])
        covariance[own] = linalg.cho_solve(root, np.eye(int(free.sum())))
    except linalg.LinAlgError:
        covariance[own] = np.linalg.pinv(hessian[own], rcond=1e-10, hermitian=True)
    sizes = np.sqrt(np.maximum(np.diag(covariance)[free], 0.0))
    slopes = np.abs(here.gradient[free] / 2) * sizes
    return covariance, float(slopes.max(initial=0.0))
