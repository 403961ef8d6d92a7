"""Where the likelihood of a generalised mixed model is highest, in all its parameters together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sessionwise.engine.laplace_likelihood import Marginal
from sessionwise.engine.penalised_modes import By
from sessionwise.engine.triangles import bundles, root_curvature, triangular
from sessionwise.engine.variance_search import (
    LIFT,
    MEMORY,
    NEAR,
    SHRINK,
    corrected,
    newton_step,
)

MOST = 200
"""Steps at most."""

CLOSE = 1e-5
"""A step that promises less than this of the deviance is left to Newton's method proper."""

BEYOND = 100.0
"""A standard deviation on the scale of the linear predictor that is on its way to infinity."""

OTHER_STARTS = ((1.5, 0.0), (0.1, 0.0), (0.5, 0.4), (0.5, -0.4), (0.3, 1.0), (0.3, -1.0))
"""Entries of T on and below the diagonal."""


class Likelihood(Protocol):
    """What is climbed: `LaplaceLikelihood`, or by quadrature."""

    free: tuple[np.ndarray, ...]
    rows: int
    evaluations: int

    def nothing(self) -> By:
        """Deviations of nothing."""

    def at(self, effect: np.ndarray, roots: By, phi: np.ndarray, start: By) -> Marginal:
        """Likelihood and slopes."""

    def information(self, found: Marginal, roots: Sequence[np.ndarray]) -> np.ndarray:
        """About −∂²L/∂β²."""


@dataclass(frozen=True, eq=False)
class Place:
    """A place in the parameters ψ = (β, free entries of T, φ), and all that is known there.

    Attributes
    ----------
    theta
        ψ.
    effect, roots, phi
        β, T by factor, φ.
    at
        The likelihood there.
    deviance
        −2 log-likelihood, β′Pβ added where there is a prior of precision P.
    gradient
        Its slope in ψ.
    """

    theta: np.ndarray
    effect: np.ndarray
    roots: By
    phi: np.ndarray
    at: Marginal
    deviance: float
    gradient: np.ndarray


class MarginalSearch:
    """Quasi-Newton from afar, its curvature from theory and from the slopes met on the way.

    Parameters
    ----------
    likelihood
        What is climbed.
    sizes
        Fixed effects, and further parameters.
    precision
        P of a normal prior of the fixed effects, shape (p, p); zeros for none.
    """

    close = CLOSE

    def __init__(
        self, likelihood: Likelihood, sizes: tuple[int, int], precision: np.ndarray
    ) -> None:
        self.likelihood, self.precision = likelihood, precision
        self.p, self.k = sizes
        on = [np.eye(len(free), dtype=bool)[free] for free in likelihood.free]
        self.bounded = np.concatenate([np.zeros(self.p, bool), *on, np.zeros(self.k, bool)])
        self.pivot = self._pivots()
        self.of_effects: np.ndarray | None = None
        self.of_further: np.ndarray | None = None

    def _pivots(self) -> np.ndarray:
        """By parameter, where the diagonal entry of its column of T stands; −1 for β and φ."""
        made, begin = [np.full(self.p, -1)], self.p
        for free in self.likelihood.free:
            rows, columns = np.nonzero(free)
            diagonal = begin + np.flatnonzero(rows == columns)
            made.append(diagonal[columns])
            begin += rows.size
        return np.concatenate([*made, np.full(self.k, -1)])

    def varies(self, here: Place) -> np.ndarray:
        """Which parameters the likelihood goes with: in T, columns whose diagonal is not zero."""
        return (self.pivot < 0) | (here.theta[self.pivot] > 0)

    def canonical(self, here: Place, zero: int | None = None) -> Place:
        """Write the same G by a T whose columns are zero below a zero; or one entry set to zero."""
        theta = here.theta.copy()
        if zero is not None:
            theta[zero] = 0.0
        roots, end = [], self.p
        for free in self.likelihood.free:
            begin, end = end, end + int(free.sum())
            root = np.zeros(free.shape)
            root[free] = theta[begin:end]
            for bundle in bundles(free):
                own = np.ix_(bundle, bundle)
                if not np.diag(root)[bundle].all():
                    root[own] = triangular(root[own] @ root[own].T)
            roots.append(root)
        moved = self.vector(here.effect, roots, here.phi)
        same = np.array_equal(moved, here.theta)
        return here if same else self.place(moved, self.likelihood.nothing())

    def vector(self, effect: np.ndarray, roots: By, phi: np.ndarray) -> np.ndarray:
        """Write all parameters as one vector."""
        free = [root[own] for root, own in zip(roots, self.likelihood.free)]
        return np.concatenate([effect, *free, phi])

    def place(self, theta: np.ndarray, start: By) -> Place:
        """Compute everything at ψ, the deviations from near ``start``."""
        effect, phi = theta[: self.p], theta[theta.size - self.k :]
        roots, end = [], self.p
        for free in self.likelihood.free:
            begin, end = end, end + int(free.sum())
            roots.append(np.zeros(free.shape))
            roots[-1][free] = theta[begin:end]
        at = self.likelihood.at(effect, roots, phi, start)
        pull = self.precision @ effect
        slopes = [s @ root for s, root in zip(at.by_covariance, roots)]
        gradient = -2 * self.vector(at.by_effect - pull, slopes, at.by_further)
        deviance = -2 * at.loglik + float(effect @ pull)
        if not (np.isfinite(deviance) and np.isfinite(gradient).all()):
            raise np.linalg.LinAlgError("not finite")
        return Place(theta, effect, roots, phi, at, deviance, gradient)

    def climb(self, here: Place) -> tuple[Place, int]:
        """Climb until a step promises next to nothing."""
        met: list[tuple[np.ndarray, np.ndarray]] = []
        steps, fresh = 0, False
        self.of_effects = None
        while steps < MOST:
            steps += 1
            step = newton_step(here, corrected(self.curvature(here), met), self.open(here))
            decrement = float(-here.gradient @ step)
            if any((r**2).sum(axis=1).max() > BEYOND**2 for r in here.roots):
                break
            if decrement < 1.0 and not fresh:
                self.of_effects, fresh = None, True
                step = newton_step(here, corrected(self.curvature(here), met), self.open(here))
                decrement = float(-here.gradient @ step)
            moved = None if decrement <= self.close else self.moved(here, step)
            if moved is not None:
                met = [*met, (moved.theta - here.theta, moved.gradient - here.gradient)][-MEMORY:]
                here = moved
            elif met and decrement > self.close:
                met = []
            else:
                lifted = self.lifted(here)
                if lifted is None:
                    break
                here, met = lifted, []
        return here, steps

    def curvature(self, here: Place) -> np.ndarray:
        """About ∂²(deviance)/∂ψ²: expected, level by level, as in variance_search.py."""
        size = here.theta.size
        curve = np.zeros((size, size))
        if self.of_effects is None:
            own = self.likelihood.information(here.at, here.roots) + self.precision
            self.of_effects = 2 * own
            if self.k and self.of_further is None:
                self.of_further = self.by_difference(here, range(size - self.k, size), 1e-4)
        curve[: self.p, : self.p] = self.of_effects
        end = self.p
        for free, root, slope, blocks in zip(
            self.likelihood.free, here.roots, here.at.by_covariance, here.at.blocks
        ):
            begin, end = end, end + int(free.sum())
            _, own = root_curvature(free, root, -slope, blocks)
            curve[begin:end, begin:end] = own
        if self.k and self.of_further is not None:
            curve[:, size - self.k :] = self.of_further
            curve[size - self.k :] = self.of_further.T
        return curve

    def by_difference(self, here: Place, which: Sequence[int], size: float | np.ndarray,
                      *, both: bool = False) -> np.ndarray:  # fmt: skip
        """Columns of ∂²(deviance)/∂ψ² by differences of slopes, forward or on both sides."""
        columns = []
        sizes = np.broadcast_to(size, here.theta.shape)
        for j in which:
            step = np.zeros_like(here.theta)
            step[j] = sizes[j]
            above = self.place(here.theta + step, here.at.settled.u).gradient
            if both:
                below = self.place(here.theta - step, here.at.settled.u).gradient
                columns.append((above - below) / (2 * sizes[j]))
            else:
                columns.append((above - here.gradient) / sizes[j])
        return np.array(columns).T.reshape(here.theta.size, len(columns))

    def open(self, here: Place) -> np.ndarray:
        """Which parameters may move: not those at zero from where the likelihood falls inwards."""
        return ~(self.bounded & (here.theta <= 0) & (here.gradient >= 0))

    def moved(self, here: Place, step: np.ndarray) -> Place | None:
        """Go the step, or half, or a quarter, … until the deviance falls."""
        rounding = 1e-12 * max(1.0, abs(here.deviance))
        size = float(np.abs(here.gradient[self.open(here)]).max(initial=0.0))
        for _ in range(25):
            theta = here.theta + step
            lowest = np.where(here.theta > NEAR, SHRINK * here.theta, 0.0)
            theta = np.where(self.bounded, np.maximum(theta, lowest), theta)
            try:
                moved = self.place(theta, here.at.settled.u)
            except np.linalg.LinAlgError:
                step = step / 4
                continue
            falls = moved.deviance - here.deviance
            flatter = float(np.abs(moved.gradient[self.open(moved)]).max(initial=0.0)) < size
            if falls < -rounding or (falls <= rounding and flatter):
                return moved
            step = step / (2 if falls < 1e3 else 4)
        return None

    def allowed(self, factor: int, bundle: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Give the covariance of a bundle as it may be: as it is, where nothing is held."""
        del factor, bundle
        return covariance

    def lifted(self, here: Place) -> Place | None:
        """Let something vary that does not, if the data are then more likely."""
        for k, (root, slope) in enumerate(zip(here.roots, here.at.by_covariance)):
            for bundle in bundles(self.likelihood.free[k]):
                own = np.ix_(bundle, bundle)
                covariance = root[own] @ root[own].T
                values, vectors = np.linalg.eigh(covariance)
                flat = vectors[:, values < 1e-9 * max(1.0, values[-1])]
                if not flat.shape[1]:
                    continue
                inward, ways = np.linalg.eigh(-flat.T @ slope[own] @ flat)
                if inward[0] >= -1e-7 * self.likelihood.rows:
                    continue
                way = flat @ ways[:, 0]
                told = np.einsum("a,abl,b->l", way, here.at.blocks[k][own], way)
                whole = max(-inward[0] / max(float(told @ told), 1e-300), LIFT)
                for size in (whole, whole / 30, LIFT):
                    raised = [r.copy() for r in here.roots]
                    wider = covariance + size * np.outer(way, way)
                    raised[k][own] = triangular(self.allowed(k, bundle, wider))
                    lifted = self.place(
                        self.vector(here.effect, raised, here.phi), here.at.settled.u
                    )
                    if lifted.deviance < here.deviance - 1e-10 * max(1.0, abs(here.deviance)):
                        return lifted
        return None
