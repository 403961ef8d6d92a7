"""The likelihood of a generalised model without random terms, and its maximum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionwise.engine.laplace_likelihood import Marginal
from sessionwise.engine.outcome_families import Family
from sessionwise.engine.penalised_modes import By, Settled, Weights

MOST = 60
"""Newton steps at most."""


class FixedLikelihood:
    """What is left of a generalised mixed model when no variance is.

    Parameters
    ----------
    design
        Fixed part, shape (n, p).
    family
        The outcome of the rows.
    """

    def __init__(self, design: np.ndarray, family: Family) -> None:
        self.design, self.family = design, family
        self.free: tuple[np.ndarray, ...] = ()
        self.rows, self.evaluations = len(design), 0

    def nothing(self) -> By:
        """Give no deviations."""
        return []

    def at(
        self, effect: np.ndarray, roots: Sequence[np.ndarray], phi: np.ndarray, start: By
    ) -> Marginal:
        """Give the likelihood and its slopes in β and φ."""
        self.evaluations += 1
        with np.errstate(all="ignore"):
            eta = self.design @ effect
            rows = self.family.at(eta, phi)
            value = float(rows.loglik.sum()) + self.family.constant
            loglik = self.family.by_parameter(eta, phi)[0]
        settled = Settled([], [], rows, eta, value, Weights([], {}))
        return Marginal(value, rows.slope @ self.design, [], loglik, [], settled)

    def information(self, found: Marginal, roots: Sequence[np.ndarray]) -> np.ndarray:
        """−∂²L/∂β², shape (p, p)."""
        weight = found.settled.rows.weight
        return self.design.T @ (self.design * weight[:, None])


def fixed_only(
    design: np.ndarray, family: Family, effect: np.ndarray, phi: np.ndarray, precision: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Fit the fixed part alone by Newton's method: β, φ, and whether it is flat there.

    Parameters
    ----------
    design, family
        Shape (n, p), and the outcome of the rows.
    effect, phi
        Where to start from.
    precision
        Of a normal prior of β, shape (p, p); zeros for none.
    """
    p, psi = effect.size, np.concatenate([effect, phi])
    with np.errstate(all="ignore"):
        value, score, curve = _judged(design, family, psi, p, precision)
        for _ in range(MOST):
            values, vectors = np.linalg.eigh((curve + curve.T) / 2)
            floor = 1e-12 * max(float(np.abs(values).max(initial=0.0)), 1e-10)
            step = vectors @ ((vectors.T @ score) / np.maximum(np.abs(values), floor))
            step *= min(1.0, 5 / max(float(np.abs(step).max(initial=0.0)), 1e-300))
            if float(score @ step) < 1e-10:
                return psi[:p], psi[p:], True
            trial = (-np.inf, score, curve)
            for _ in range(30):
                try:
                    trial = _judged(design, family, psi + step, p, precision)
                except np.linalg.LinAlgError:
                    trial = (-np.inf, score, curve)
                if trial[0] >= value - 1e-12 * abs(value):
                    break
                step = step / 2
            if not np.isfinite(trial[0]):
                break
            psi = psi + step
            value, score, curve = trial
    return psi[:p], psi[p:], False


def _judged(
    design: np.ndarray, family: Family, psi: np.ndarray, p: int, precision: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood with prior, its slopes in (β, φ), and minus its curvature."""
    effect, phi = psi[:p], psi[p:]
    eta = design @ effect
    rows = family.at(eta, phi)
    loglik, slope, _ = family.by_parameter(eta, phi)
    pull = precision @ effect
    curve = np.zeros((psi.size, psi.size))
    curve[:p, :p] = design.T @ (design * rows.weight[:, None]) + precision
    curve[:p, p:] = -(slope @ design).T
    curve[p:, :p] = curve[:p, p:].T
    for k in range(phi.size):
        step = np.zeros_like(phi)
        step[k] = 1e-6
        above, below = (family.by_parameter(eta, phi + d)[0] for d in (step, -step))
        curve[p + k, p:] = -(above - below) / 2e-6
    value = float(rows.loglik.sum()) + family.constant - 0.5 * float(effect @ pull)
    if not (np.isfinite(value) and np.isfinite(curve).all()):
        value = -np.inf
    return value, np.concatenate([rows.slope @ design - pull, loglik]), curve
