"""The likelihood of a linear mixed model at a held standard deviation or correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from sessionwise.engine.profile_limits import limit
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.triangles import triangular

STEP = 1e-5
"""Step for differences of exact slopes, as a share of the residual's standard deviation."""

FLAT = 1e-4
"""Slope of −2 log-likelihood, per unit in which its curvature is 1, that counts as none."""

AFLOAT = 0.02
"""What does not vary begins at this share of the residual's standard deviation: at 0 exactly the
likelihood is level, so that nothing would ever leave it."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """Deviations that may go together.

    Attributes
    ----------
    factor
        Number of their factor, in the order of the model's roots.
    place
        Where they stand among those of the factor, shape (b,).
    triangle
        The engine's deviations = triangle times those as written, shape (b, b).
    covariance
        Covariance of those as written, at the best, shape (b, b), units of the response².
    """

    factor: int
    place: np.ndarray
    triangle: np.ndarray
    covariance: np.ndarray

    @property
    def size(self) -> int:
        """Deviations, b."""
        return len(self.place)

    def ordered(self, first: Sequence[int]) -> Bundle:
        """Give the same deviations as written, those named standing first."""
        order = [*first, *(k for k in range(self.size) if k not in first)]
        return replace(
            self,
            triangle=self.triangle[:, order],
            covariance=self.covariance[np.ix_(order, order)],
        )

    def turned(self) -> Bundle:
        """Give the engine's deviations themselves: at right angles they are found sooner."""
        covariance = self.triangle @ self.covariance @ self.triangle.T
        return replace(self, triangle=np.eye(self.size), covariance=covariance)


class CovarianceProfile:
    """−2 log-likelihood at its best over all variances but one parameter, which is held.

    The covariance of each bundle is L L′ with L lower triangular. Of the bundle in question the
    deviation whose standard deviation is held stands first, so that it is the first entry of L; of
    a correlation ρ the two stand first, and the first rows of L are (a, 0) and (ρ b, √(1 − ρ²) b).
    The last parameter is log σ.

    Parameters
    ----------
    model
        The model.
    bundles
        All its bundles, at the best.
    residual_variance
        σ² there.
    bundle, places
        What is held: of which bundle (−1: σ itself) the deviation, or the two.
    """

    def __init__(
        self,
        model: LinearMixedModel,
        bundles: Sequence[Bundle],
        residual_variance: float,
        bundle: int,
        places: tuple[int, ...],
    ) -> None:
        self.model, self.chosen, self.pair = model, bundle, len(places) == 2
        self.bundles = [
            one.ordered(places) if k == bundle else one.turned() for k, one in enumerate(bundles)
        ]
        self.unit = float(np.sqrt(residual_variance))
        self.ends = np.cumsum([0, *(one.size * (one.size + 1) // 2 for one in self.bundles)])
        size = int(self.ends[-1]) + 1
        self.held = size - 1 if bundle < 0 else int(self.ends[bundle]) + int(self.pair)
        self.free = np.arange(size) != self.held
        self.x = np.append(
            np.concatenate([self._entries(k) for k in range(len(bundles))] or [np.zeros(0)]),
            np.log(self.unit),
        )
        self.best = float(self.x[self.held])
        self.least = self.deviance(self.x)[0]
        self._look_around()

    def limits(self, wanted: float) -> tuple[float, float]:
        """Give the limits at which √ of the fall is ``wanted``; 0 and ±1 where it never is."""
        if self.pair and self._without_either() <= wanted**2:
            return -1.0, 1.0
        step = wanted * np.sqrt(2 / self.bend)
        low = -1.0 if self.pair else 0.0 if self.chosen >= 0 else -np.inf
        high = 1.0 if self.pair else np.inf
        begun, found = self.x.copy(), []
        for edge, guess in ((low, self.best - step), (high, self.best + step)):
            self.x = begun.copy()
            if self.best == edge:
                found.append(edge)
                continue
            if np.isfinite(edge) and (guess - edge) * (edge - self.best) >= 0:
                guess = (self.best + edge) / 2
            found.append(limit(self.fall, self.best, float(guess), edge, wanted))
        if self.chosen < 0:
            found = np.exp(found).tolist()
        return found[0], found[1]

    def fall(self, value: float) -> float:
        """By how much −2 log-likelihood exceeds its least, the parameter held at a value."""
        x = self.x.copy()
        x[self.free] += self.along * (value - x[self.held])
        x[self.held] = value
        self.x, found = self._lowest(x, self.free, self.back)
        return found

    def _lowest(
        self, x: np.ndarray, free: np.ndarray, back: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Climb from x in what is free, in units ``back``: where it ends, and the fall there."""
        if not free.any():
            return x, self.deviance(x)[0] - self.least

        def moved(z: np.ndarray) -> tuple[float, np.ndarray]:
            at = x.copy()
            at[free] += back @ z
            height, slope = self.deviance(at)
            return height - self.least, back.T @ slope[free]

        found = optimize.minimize(
            moved, np.zeros(len(back)), jac=True, method="BFGS", options={"gtol": FLAT}
        )
        x = x.copy()
        x[free] += back @ found.x
        return x, float(found.fun)

    def _without_either(self) -> float:
        """By how much −2 log-likelihood exceeds its least if one of the two does not vary.

        Then their correlation is any, a summit that is not met on the way.
        """
        falls = []
        for place in (0, 2):
            x, free = self.x.copy(), self.free.copy()
            x[self.ends[self.chosen] + place] = 0.0
            free[self.ends[self.chosen] + place] = False
            falls.append(self._lowest(x, free, _unit_curvature(self.bends[np.ix_(free, free)]))[1])
        return min(falls)

    def deviance(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Give −2 log-likelihood at the parameters, and its slopes in them."""
        sigma = float(np.exp(x[-1]))
        roots = [np.zeros(factor.free.shape) for factor in self._factors]
        lowers = [self._lower(k, x) for k in range(len(self.bundles))]
        for one, lower in zip(self.bundles, lowers):
            root = _turned_lower(one.triangle @ lower / sigma)
            roots[one.factor][np.ix_(one.place, one.place)] = root
        at, slopes, _ = self.model.slopes(roots, residual=sigma**2)
        found = np.empty(x.size)
        scale = 0.0
        for k, (one, lower) in enumerate(zip(self.bundles, lowers)):
            own = slopes[one.factor][np.ix_(one.place, one.place)]
            by_lower = 2 * one.triangle.T @ own @ one.triangle @ lower / sigma**2
            scale += float(np.sum(by_lower * lower))
            found[self.ends[k] : self.ends[k + 1]] = self._pulled(k, x, by_lower)
        rest = at.residual_variance * self.model.df
        found[-1] = 2 * self.model.df - 2 * rest / sigma**2 - scale
        return -2 * at.loglik, found

    @property
    def _factors(self) -> list:
        placed = dict(zip(self.model.given.order, self.model.given.factors))
        return [placed[k] for k in range(len(placed))]

    def _entries(self, k: int) -> np.ndarray:
        """Give the parameters of a bundle at the best."""
        lower = triangular(self.bundles[k].covariance)
        if self.pair and k == self.chosen:
            size = float(np.hypot(lower[1, 0], lower[1, 1]))
            lower[1, :2] = lower[1, 0] / size, size
        return lower[np.tril_indices(len(lower))]

    def _lower(self, k: int, x: np.ndarray) -> np.ndarray:
        """Give L of a bundle at the parameters."""
        size = self.bundles[k].size
        lower = np.zeros((size, size))
        lower[np.tril_indices(size)] = x[self.ends[k] : self.ends[k + 1]]
        if self.pair and k == self.chosen:
            share, second = lower[1, 0], abs(lower[1, 1])
            lower[0, 0] = abs(lower[0, 0])
            lower[1, :2] = share * second, np.sqrt(max(1 - share**2, 0.0)) * second
        return lower

    def _pulled(self, k: int, x: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Give the slopes in the parameters of a bundle from those in L."""
        if self.pair and k == self.chosen:
            first, share, second = x[self.ends[k] : self.ends[k] + 3]
            own = np.sqrt(max(1 - share**2, 1e-30))
            one, other = slope[1, :2]
            slope = slope.copy()
            slope[0, 0] *= np.sign(first)
            slope[1, 0] = (one - other * share / own) * abs(second)
            slope[1, 1] = (one * share + other * own) * np.sign(second)
        return slope[np.tril_indices(len(slope))]

    def _look_around(self) -> None:
        """Measure the curvature at the best: how the rest follows what is held, and how far."""
        self._set_afloat()
        bends = []
        for k in range(self.x.size):
            up, down = self.x.copy(), self.x.copy()
            step = STEP * (self.unit if k < self.x.size - 1 and not self._is_share(k) else 1.0)
            up[k] += step
            down[k] -= step
            bends.append((self.deviance(up)[1] - self.deviance(down)[1]) / (2 * step))
        bend = np.array(bends)
        bend = (bend + bend.T) / 2
        self.bends, self.back = bend, _unit_curvature(bend[np.ix_(self.free, self.free)])
        beside = bend[self.free, self.held]
        self.along = -self.back @ (self.back.T @ beside)
        self.bend = float(bend[self.held, self.held] + beside @ self.along)
        if self.bend <= 0:
            self.bend = max(abs(float(bend[self.held, self.held])), 1e-12)

    def _is_share(self, k: int) -> bool:
        return self.pair and k == self.held

    def _set_afloat(self) -> None:
        for k, one in enumerate(self.bundles):
            rows, columns = np.tril_indices(one.size)
            own = self.x[self.ends[k] : self.ends[k + 1]]
            size = np.linalg.norm(one.triangle, axis=0)[rows]
            low = (rows == columns) & (np.abs(own) * size < AFLOAT * self.unit)
            low &= self.free[self.ends[k] : self.ends[k + 1]]
            own[low] = (AFLOAT * self.unit / size)[low]


def _turned_lower(root: np.ndarray) -> np.ndarray:
    """Give the lower triangle, its diagonal ≥ 0, of the same covariance as a root."""
    lower = np.linalg.qr(root.T, mode="r").T
    return lower * np.where(np.diag(lower) < 0, -1.0, 1.0)


def _unit_curvature(bend: np.ndarray) -> np.ndarray:
    """Give directions, in columns, along which a curvature is 1, however it was signed."""
    values, vectors = np.linalg.eigh(bend)
    values = np.maximum(np.abs(values), 1e-6 * float(np.abs(values).max(initial=0.0)))
    return vectors / np.sqrt(values)
