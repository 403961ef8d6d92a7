"""Where the likelihood of a linear mixed model is highest in its variances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from sessionwise.engine.profiled_likelihood import At, LinearMixedModel
from sessionwise.engine.triangles import bundles, root_curvature, triangular

MOST = 100
"""Steps at most."""

DONE = 1e-12
"""A step that promises less than this of the deviance is not worth taking."""

BEYOND = 1e10
"""A ratio above this is on its way to infinity: the residual variance is zero."""

MEMORY = 6
"""Earlier steps whose change of slope corrects the curvature."""

LIFT = 1e-6
"""How much, at least, a direction that does not vary is lifted where the likelihood asks for it."""

NEAR, SHRINK = 0.02, 0.25
"""A root above the first loses at most three quarters in one step, so that none is thrown to its
boundary from afar."""


STEEP = 1e-5
"""A slope, per standard error, at which a search that began near the summit has not arrived."""

OTHER_STARTS = ((2.0, 0.0), (0.1, 0.0), (0.5, 0.4), (0.5, -0.4), (0.2, 1.0), (0.2, -1.0))
"""Entries of T on and below the diagonal, in standard deviations of the residual."""


@dataclass(frozen=True, eq=False)
class Summit:
    """The best variance ratios found.

    Attributes
    ----------
    roots
        By factor T, shape (q, q), lower triangle; T T′ is the covariance of the deviations of one
        level over the residual variance. A variance of zero is zero exactly.
    at
        The model there.
    gradient
        The largest slope of the log-likelihood in an entry of T that is free, per standard error
        of that entry.
    slopes
        Those of the deviance in the free entries of T, next to nothing.
    steps, evaluations
        Steps taken, and how often the likelihood was computed.
    """

    roots: list[np.ndarray]
    at: At
    gradient: float
    slopes: np.ndarray
    steps: int
    evaluations: int

    @property
    def loglik(self) -> float:
        """(Restricted) log-likelihood at the summit."""
        return self.at.loglik


@dataclass(frozen=True, eq=False)
class _Entries:
    """The free entries of the roots as one vector θ."""

    free: tuple[np.ndarray, ...]

    def roots(self, theta: np.ndarray) -> list[np.ndarray]:
        made, end = [], 0
        for free in self.free:
            begin, end = end, end + int(free.sum())
            root = np.zeros(free.shape)
            root[free] = theta[begin:end]
            made.append(root)
        return made

    def vector(self, matrices: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([m[free] for m, free in zip(matrices, self.free)] or [np.zeros(0)])

    @property
    def bounded(self) -> np.ndarray:
        """Which entries stand on a diagonal and may not be negative."""
        return self.vector([np.eye(len(free), dtype=bool) for free in self.free]).astype(bool)


@dataclass(frozen=True, eq=False)
class _Point:
    theta: np.ndarray
    roots: list[np.ndarray]
    at: At
    slopes: list[np.ndarray]
    blocks: list[np.ndarray]
    gradient: np.ndarray

    @property
    def deviance(self) -> float:
        return -2 * self.at.loglik


class VarianceSearch:
    """Newton's method on T, its curvature from theory and corrected by the slopes met."""

    def __init__(self, model: LinearMixedModel) -> None:
        self.model = model
        factors = sorted(zip(model.given.order, model.given.factors), key=lambda pair: pair[0])
        self.entries = _Entries(tuple(factor.free for _, factor in factors))
        self.bounded = self.entries.bounded
        self.evaluations = 0

    def point(self, theta: np.ndarray) -> _Point:
        """Compute everything at θ."""
        self.evaluations += 1
        roots = self.entries.roots(theta)
        at, slopes, blocks = self.model.slopes(roots)
        gradient = self.entries.vector([2 * s @ root for s, root in zip(slopes, roots)])
        return _Point(theta, roots, at, slopes, blocks, gradient)

    def run(self, start: np.ndarray) -> Summit:
        """Climb from θ to where the likelihood is flat, or at its boundary falls inwards."""
        here, met, steps = self.point(start), [], 0
        while steps < MOST:
            curve = corrected(self.curvature(here), met)
            step = newton_step(here, curve, self._open(here))
            decrement = float(-here.gradient @ step)
            if decrement <= DONE or any((r**2).sum(axis=1).max() > BEYOND for r in here.roots):
                lifted = self._lifted(here)
                if lifted is None:
                    break
                here, met, steps = lifted, [], steps + 1
                continue
            moved = self._moved(here, step)
            if moved is None:
                if not met:
                    break
                met = []
                steps += 1
                continue
            met = [*met, (moved.theta - here.theta, moved.gradient - here.gradient)][-MEMORY:]
            here, steps = moved, steps + 1
        return Summit(
            here.roots, here.at, self._steepness(here), here.gradient, steps, self.evaluations
        )

    def start(self) -> np.ndarray:
        """Give θ where each deviation has a quarter of the residual variance."""
        return np.where(self.bounded, 0.5, 0.0)

    def curvature(self, here: _Point) -> np.ndarray:
        """About ∂²(−2 log-likelihood)/∂θ², shape (θ, θ).

        Factor by factor (`root_curvature`), less what the residual variance takes of it.
        """
        size = here.theta.size
        curve, traces = np.zeros((size, size)), np.zeros(size)
        end = 0
        for free, root, slope, blocks in zip(
            self.entries.free, here.roots, here.slopes, here.blocks
        ):
            begin, end = end, end + int(free.sum())
            ways, curve[begin:end, begin:end] = root_curvature(free, root, slope, blocks)
            traces[begin:end] = np.einsum("ab,kab->k", blocks.sum(axis=-1), ways)
        return curve - np.outer(traces, traces) / self.model.df

    def _moved(self, here: _Point, step: np.ndarray) -> _Point | None:
        """Go the step, or half, or a quarter, … until the deviance falls."""
        rounding = 1e-13 * max(1.0, abs(here.deviance))
        size = float(np.abs(here.gradient[self._open(here)]).max(initial=0.0))
        for _ in range(30):
            theta = here.theta + step
            lowest = np.where(here.theta > NEAR, SHRINK * here.theta, 0.0)
            theta = np.where(self.bounded, np.maximum(theta, lowest), theta)
            try:
                moved = self.point(theta)
            except np.linalg.LinAlgError:
                step = step / 4
                continue
            falls = moved.deviance - here.deviance
            flatter = float(np.abs(moved.gradient[self._open(moved)]).max(initial=0.0)) < size
            if falls < -rounding or (falls <= rounding and flatter):
                return moved
            step = step / (2 if falls < 1e3 else 4)
        return None

    def _open(self, here: _Point) -> np.ndarray:
        return ~(self.bounded & (here.theta <= 0) & (here.gradient >= 0))

    def _steepness(self, here: _Point) -> float:
        free = self._open(here)
        spread = np.sqrt(2 / np.maximum(np.diag(self.curvature(here)), 1e-12))
        return float(np.abs(here.gradient * spread / 2)[free].max(initial=0.0))

    def _lifted(self, here: _Point) -> _Point | None:
        """Let something vary that does not, if the data are then more likely.

        On the boundary Ḡ must not point inwards: v′Ḡv ≥ 0 for every v that does not vary.
        """
        for k, (root, slope) in enumerate(zip(here.roots, here.slopes)):
            for bundle in bundles(self.entries.free[k]):
                own = np.ix_(bundle, bundle)
                covariance = root[own] @ root[own].T
                values, vectors = np.linalg.eigh(covariance)
                flat = vectors[:, values < 1e-9 * max(1.0, values[-1])]
                if not flat.shape[1]:
                    continue
                inward, ways = np.linalg.eigh(flat.T @ slope[own] @ flat)
                if inward[0] >= -1e-7 * self.model.given.rows:
                    continue
                way = flat @ ways[:, 0]
                told = np.einsum("a,abl,b->l", way, here.blocks[k][own], way)
                whole = max(-inward[0] / max(float(told @ told), 1e-300), LIFT)
                for size in (whole, whole / 30, LIFT):
                    raised = [r.copy() for r in here.roots]
                    raised[k][own] = triangular(covariance + size * np.outer(way, way))
                    lifted = self.point(self.entries.vector(raised))
                    if lifted.deviance < here.deviance - 1e-11 * max(1.0, abs(here.deviance)):
                        return lifted
        return None


def corrected(curve: np.ndarray, met: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Make the curvature positive, and give it the changes of slope that were met (BFGS)."""
    values, vectors = np.linalg.eigh(curve)
    floor = 1e-8 * max(1e-8, float(np.abs(values).max(initial=0.0)))
    curve = (vectors * np.maximum(np.abs(values), floor)) @ vectors.T
    for moved, changed in met:
        along = curve @ moved
        inner, bend = float(moved @ along), float(moved @ changed)
        if bend <= 1e-3 * inner or inner <= 0:
            continue
        curve = curve - np.outer(along, along) / inner + np.outer(changed, changed) / bend
    return curve


def newton_step(here: _Point, curve: np.ndarray, free: np.ndarray) -> np.ndarray:
    """A Newton step in what is free, no entry further than 2, or three times the largest."""
    step = np.zeros_like(here.theta)
    if free.any():
        own = curve[np.ix_(free, free)]
        step[free] = -linalg.lstsq(own, here.gradient[free], cond=1e-14)[0]
    furthest = max(2.0, 3 * float(np.abs(here.theta).max(initial=0.0)))
    return step * min(1.0, furthest / max(float(np.abs(step).max(initial=0.0)), 1e-300))


def highest(model: LinearMixedModel, near: Sequence[np.ndarray] | None = None) -> Summit:
    """Find the variances at which the data are most likely.

    ``near`` are roots to begin with, if something better is known than that all vary somewhat.

    Other starts, from where much varies or little, and where what goes together does so in one
    direction or the other, are tried where the first ends with something that does not vary: the
    likelihood may have several summits.

    Parameters
    ----------
    model
        The model.
    near
        T of each factor from which to start, where the summit is known to be near.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), J Stat Softw 67(1), eq. 34 and 39, for the likelihood;
    Nocedal & Wright (2006), Numerical Optimization, ch. 6, for the correction of the curvature.
    """
    search = VarianceSearch(model)
    usual = search.start()
    best = search.run(usual if near is None else search.entries.vector(near))
    flat = any((np.diag(root) < 1e-4).any() for root in best.roots)
    others = []
    if near is not None and (flat or best.gradient > STEEP):
        others.append(usual)
    if flat and model.given.rows < 20_000:
        others += [np.where(search.bounded, *start) for start in OTHER_STARTS]
    for start in others:
        other = search.run(start)
        if other.loglik > best.loglik + 1e-9:
            best = other
    return replace(best, evaluations=search.evaluations)
