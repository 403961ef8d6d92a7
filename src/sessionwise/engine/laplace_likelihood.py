"""The Laplace approximation to the likelihood of a generalised mixed model, and its exact slopes.

    L(β, T, φ) = ℓ(û) − ½ log|H|,   H = I + T′Z′WZT,

W the observed information of the rows at û (penalised_modes.py). With h_i = z_i′T H⁻¹T′z_i, w′ the
slope of a weight in η, v = H⁻¹T′Z′(w′h) and r = w′h − w·ZTv for each row,

    ∂L/∂β = X′(d₁ − ½ r)
    2 ∂L/∂G = Σ (d d′ − ½ d s′ − ½ s d′) − M,   d = Z′d₁, s = Z′r of each level, G = T T′
    ∂L/∂φ = Σ ∂ℓ/∂φ − ½ Σ h ∂w/∂φ − ½ Σ ZTv ∂d₁/∂φ,

M the sum of the diagonal blocks of Z′(W⁻¹ + ZGZ′)⁻¹Z, so that all of it holds where T is singular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sessionwise.engine.outcome_families import Family
from sessionwise.engine.penalised_modes import By, PenalisedModes, Settled
from sessionwise.engine.row_sums import Factor


@dataclass(frozen=True, eq=False)
class Marginal:
    """The likelihood with the deviations integrated out, and its slopes.

    Attributes
    ----------
    loglik
        All constants included.
    by_effect
        ∂L/∂β, shape (p,).
    by_covariance
        By factor, as given: 2 ∂L/∂G, symmetric, shape (q, q).
    by_further
        ∂L/∂φ, shape (k,).
    blocks
        By factor, as given: Z′(W⁻¹ + ZGZ′)⁻¹Z of each level, shape (q, q, levels), without the
        factors of fewer levels: about what G is known by.
    settled
        The deviations at their most likely.
    """

    loglik: float
    by_effect: np.ndarray
    by_covariance: By
    by_further: np.ndarray
    blocks: By
    settled: Settled


class LaplaceLikelihood:
    """A generalised mixed model on its rows.

    Parameters
    ----------
    design
        Fixed part, shape (n, p).
    family
        The outcome of the rows.
    factors
        Grouping factors.

    References
    ----------
    Breslow & Clayton (1993), J Am Stat Assoc 88:9–25, section 2, with observed for expected
    information as in Skaug & Fournier (2006), Comput Stat Data Anal 51:699–709.
    """

    def __init__(self, design: np.ndarray, family: Family, factors: Sequence[Factor]) -> None:
        self.modes = PenalisedModes(family, factors)
        self.design = np.ascontiguousarray(design[self.modes.sorting])
        self.family = self.modes.family
        self.free = tuple(factor.free for factor in factors)
        self.evaluations = 0

    @property
    def rows(self) -> int:
        """N."""
        return len(self.design)

    def nothing(self) -> By:
        """Give deviations of nothing, to start from."""
        return [np.zeros((f.size, f.levels)) for f in self.modes.factors]

    def at(
        self, effect: np.ndarray, roots: Sequence[np.ndarray], phi: np.ndarray, start: By
    ) -> Marginal:
        """Give the likelihood and its slopes.

        Parameters
        ----------
        effect
            β, shape (p,).
        roots
            T of each factor, as given.
        phi
            Further parameters of the family.
        start
            u of a point nearby, as its ``settled`` has it.

        Raises
        ------
        numpy.linalg.LinAlgError
            Nothing is to be computed there.
        """
        self.evaluations += 1
        with np.errstate(all="ignore"):
            return self._at(effect, self.modes.placed(roots), phi, start)

    def _at(self, effect: np.ndarray, roots: By, phi: np.ndarray, start: By) -> Marginal:
        modes, sums = self.modes, self.modes.sums
        settled = modes.settle(self.design @ effect, roots, phi, start)
        rows = settled.rows
        right = [one[:, None] for one in settled.pull]
        _, determinant, done = modes.forward(settled.weights, right, roots)
        back, of_log, blocks = modes.inverse_blocks(done, roots)
        leverage = sums.quadratic(back)
        bent = rows.bend * leverage
        tv = modes.solve(settled.weights, [one[:, None] for one in sums.gathered(bent)], roots)
        ztv = sums.spread([one[:, 0] for one in tv])
        bent -= rows.weight * ztv
        by_covariance = []
        for d, s, m in zip(settled.pull, sums.gathered(bent), of_log):
            across = d @ s.T
            by_covariance.append(d @ d.T - (across + across.T) / 2 - (m + m.T) / 2)
        loglik, slope, weight = self.family.by_parameter(settled.eta, phi)
        return Marginal(
            settled.value - 0.5 * determinant,
            (rows.slope - 0.5 * bent) @ self.design,
            modes.as_given(by_covariance),
            loglik - 0.5 * (weight @ leverage) - 0.5 * (slope @ ztv),
            modes.as_given(blocks),
            settled,
        )

    def information(self, found: Marginal, roots: Sequence[np.ndarray]) -> np.ndarray:
        """About −∂²L/∂β²: X′(W⁻¹ + ZGZ′)⁻¹X, shape (p, p)."""
        weight, p = found.settled.rows.weight, self.design.shape[1]
        right = [np.empty((f.size, p, f.levels)) for f in self.modes.factors]
        for x in range(p):
            gathered = self.modes.sums.gathered(weight * self.design[:, x])
            for one, own in zip(right, gathered):
                one[:, x] = own
        total = self.design.T @ (self.design * weight[:, None])
        weights = found.settled.weights
        return self.modes.forward(weights, right, self.modes.placed(roots), total)[0]

    def known_deviations(
        self, found: Marginal, roots: Sequence[np.ndarray]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Give b = Tû of each factor and its covariance given all parameters, TH⁻¹T′.

        Returns
        -------
        list of tuple
            By factor, as given, of shape (q, levels) and (q, q, levels).
        """
        modes, settled = self.modes, found.settled
        placed = modes.placed(roots)
        right = [one[:, None] for one in settled.pull]
        done = modes.forward(settled.weights, right, placed)[2]
        back = modes.inverse_blocks(done, placed)[0]
        values = modes.as_given([root @ one for root, one in zip(placed, settled.u)])
        return list(zip(values, modes.as_given([back.own[f] for f in range(len(placed))])))
