"""Generalised estimating equations: averages over clusters of rows alike in a working way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize

from sessionwise.engine.whitened_rows import ResidualRows

MOST, DONE = 100, 1e-10
"""Steps at most; the equations are solved where no step exceeds this many standard errors."""

Mean = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""From Xβ to μ, ∂μ/∂(Xβ) and the variance V(μ) of the family, each of shape (n,)."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which rows belong together, and how they may correlate.

    Attributes
    ----------
    number
        Number of the cluster of each row, from 0, shape (n,).
    correlation
        ``"independence"``, ``"exchangeable"``: α between any two rows of a cluster, or ``"ar1"``:
        α to the power of the gap between them.
    steps
        For ``"ar1"``, which row came before each and how far back.
    """

    number: np.ndarray
    correlation: str
    steps: ResidualRows | None = None
    size: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", np.bincount(self.number))

    def lowest(self) -> float:
        """Give what α must exceed so that every cluster's correlations are possible."""
        return -1 / max(self.size.max() - 1, 1) if self.correlation == "exchangeable" else -1.0

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Sum the last axis by cluster, shape (…, clusters)."""
        flat = values.reshape(-1, values.shape[-1])
        found = np.array([np.bincount(self.number, row, self.size.size) for row in flat])
        return found.reshape(*values.shape[:-1], self.size.size)

    def whiten(self, columns: np.ndarray, alpha: float) -> np.ndarray:
        """Multiply columns, shape (…, n), by a root of R⁻¹, R the working correlation at α."""
        if self.correlation == "exchangeable":
            rest = np.sqrt((1 - alpha) / (1 + alpha * (self.size - 1)))
            mean = self.summed(columns) * ((1 - rest) / self.size)
            return (columns - mean[..., self.number]) / np.sqrt(1 - alpha)
        if self.correlation == "ar1":
            return self.steps.at(np.array([np.arctanh(alpha)])).whiten(columns)
        return columns

    def alpha(self, pearson: np.ndarray, terms: int) -> float:
        """Estimate α by moments of the Pearson residuals, shape (n,).

        Exchangeable: their mean product over pairs, pairs less terms, over φ = Σ r²/(n − p). AR(1):
        the α whose powers are nearest to all products over φ, in least squares.
        """
        if self.correlation == "independence":
            return 0.0
        scale = float(pearson @ pearson) / (pearson.size - terms)
        if self.correlation == "exchangeable":
            pairs = float((self.size * (self.size - 1.0)).sum()) / 2
            twice = self.summed(pearson) ** 2 - self.summed(pearson**2)
            return float(twice.sum()) / 2 / scale / (pairs - terms)
        products, many = self._by_gap(pearson / np.sqrt(scale))
        gaps = np.flatnonzero(many)

        def misfit(alpha: float) -> float:
            power = alpha**gaps
            return float((many[gaps] * power**2 - 2 * products[gaps] * power).sum())

        grid = np.linspace(-0.95, 0.99, 40)
        near = grid[int(np.argmin([misfit(one) for one in grid]))]
        bounds = (max(near - 0.05, -1 + 1e-9), min(near + 0.05, 1 - 1e-9))
        found = optimize.minimize_scalar(misfit, bounds=bounds, options={"xatol": 1e-12})
        return float(found.x)

    def _by_gap(self, pearson: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum products of the residuals of a cluster by the gap between them, and count them."""
        steps = self.steps
        back, gap = np.arange(pearson.size), np.zeros(pearson.size, int)
        sums: dict[int, float] = {}
        counts: dict[int, int] = {}
        here = np.flatnonzero(steps.follows)
        while here.size:
            gap[here] += steps.gap[back[here]].astype(int)
            back[here] = steps.previous[back[here]]
            product = np.bincount(gap[here], pearson[here] * pearson[back[here]])
            for lag in np.unique(gap[here]):
                sums[lag] = sums.get(lag, 0.0) + float(product[lag])
            for lag, number in zip(*np.unique(gap[here], return_counts=True)):
                counts[lag] = counts.get(lag, 0) + int(number)
            here = here[steps.follows[back[here]]]
        longest = max(counts, default=0) + 1
        products, many = np.zeros(longest), np.zeros(longest)
        products[list(sums)], many[list(counts)] = list(sums.values()), list(counts.values())
        return products, many


@dataclass(frozen=True, eq=False)
class Equations:
    """The solution of the estimating equations.

    Attributes
    ----------
    estimate
        β̂, shape (p,).
    alpha, scale
        The working correlation, and φ = Σ r²/(n − p) of the Pearson residuals r.
    information
        D_g′V_g⁻¹D_g of each cluster at φ = 1, shape (p, p, clusters).
    scores
        D_g′V_g⁻¹(y − μ)_g, shape (p, clusters).
    step
        The last step in standard errors: near 0 where solved.
    steps
        How many were taken.
    """

    estimate: np.ndarray
    alpha: float
    scale: float
    information: np.ndarray
    scores: np.ndarray
    step: float
    steps: int

    def covariance(self, errors: str) -> np.ndarray:
        """Give the covariance of β̂ that is right even where the working correlation is not.

        With B = L′(D_g′V_g⁻¹D_g)L and LL′ = (Σ D′V⁻¹D)⁻¹ = M, the scores L′s_g are multiplied by
        (I − B)^(−k) before they are squared: k = 0 for ``"robust"``, ½ for ``"kauermann-carroll"``,
        1 for ``"mancl-derouen"``. As D′V⁻¹ f(H) = f(D′V⁻¹D M) D′V⁻¹ for the leverage
        H = D M D′V⁻¹ of a cluster, this is their (I − H)^(−k) on residuals, in p × p matrices.
        """
        root = np.linalg.cholesky(np.linalg.inv(self.information.sum(axis=-1)))
        scores = root.T @ self.scores
        power = {"robust": 0.0, "kauermann-carroll": 0.5, "mancl-derouen": 1.0}[errors]
        if power:
            own = np.einsum("ab,acg,cd->gbd", root, self.information, root)
            values, vectors = np.linalg.eigh((own + own.swapaxes(1, 2)) / 2)
            left = 1 - values
            kept = left > 1e-10
            grown = np.where(kept, np.where(kept, left, 1.0) ** -power, 0.0)
            inside = np.einsum("gab,ag->gb", vectors, scores)
            scores = np.einsum("gab,gb->ag", vectors, grown * inside)
        return root @ (scores @ scores.T) @ root.T


def solved_equations(
    design: np.ndarray,
    response: np.ndarray,
    mean: Mean,
    clusters: Clusters,
    start: np.ndarray,
    alpha: float | None = None,
) -> Equations:
    """Solve Σ_g D_g′V_g⁻¹(y − μ)_g = 0, V_g = φ A^½ R(α) A^½, by Fisher scoring.

    Parameters
    ----------
    design, response
        X of shape (n, p), best in columns of one length at right angles, and y, shape (n,).
    mean
        The family and its link.
    clusters
        Who belongs together.
    start
        β to begin with, shape (p,).
    alpha
        The working correlation, if it is given; else it is estimated anew before each step.

    Raises
    ------
    ValueError
        α is none: correlations of which no rows can be made.

    References
    ----------
    Liang & Zeger (1986), Biometrika 73:13–22, eq. 7 and section 3.3. Errors of few clusters: Mancl
    & DeRouen (2001), Biometrics 57:126–134; Kauermann & Carroll (2001), J Am Stat Assoc
    96:1387–1396.
    """
    estimate, number = np.asarray(start, float), 0
    while True:
        fitted, slope, variance = mean(design @ estimate)
        spread = np.sqrt(variance)
        pearson = (response - fitted) / spread
        terms = design.shape[1]
        now = clusters.alpha(pearson, terms) if alpha is None else alpha
        if not clusters.lowest() < now < 1:
            raise ValueError(f"{now:.3f}")
        rows = clusters.whiten(np.vstack([design.T * (slope / spread), pearson]), now)
        made, rest = rows[:-1], rows[-1]
        inverse = np.linalg.inv(made @ made.T)
        scale = float(pearson @ pearson) / (response.size - terms)
        step = inverse @ (made @ rest)
        size = float(np.abs(step / np.sqrt(scale * np.diag(inverse))).max())
        if size < DONE or number == MOST or not np.isfinite(size):
            break
        estimate, number = estimate + step, number + 1
    information = clusters.summed(made[:, None] * made[None])
    return Equations(estimate, now, scale, information, clusters.summed(made * rest), size, number)
