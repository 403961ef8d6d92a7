"""The likelihood of a model with one deviation per level, by adaptive Gauss–Hermite quadrature.

For each level c, with û_c and H_c = 1 + t² Σ w z² as in laplace_likelihood.py, G = t²,

    L_c = log [ H_c^(−½) Σ_k ω_k exp g_c(û_c + H_c^(−½) x_k) ],
    g_c(u) = Σ log f(y | Xβ + ztu) − ½u²,

x_k the nodes of the normal density and ω_k their weights over it. The nodes move with β, t and φ,
and the slopes take that into account: û and H are known in closed form, so they are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from sessionwise.engine.laplace_likelihood import LaplaceLikelihood, Marginal
from sessionwise.engine.outcome_families import Family
from sessionwise.engine.penalised_modes import By, Settled
from sessionwise.engine.row_sums import Factor

NONE_VARIES = 1e-4
"""Below this t the slope in G is that of the Laplace approximation: they differ by t² of it."""


class QuadratureLikelihood(LaplaceLikelihood):
    """A generalised mixed model of one factor with one deviation per level.

    Parameters
    ----------
    design, family
        Fixed part, shape (n, p), and the outcome of the rows.
    factors
        One grouping factor, with one deviation.
    nodes
        How many; one is the Laplace approximation.

    References
    ----------
    Pinheiro & Bates (1995), J Comput Graph Stat 4:12–35; Liu & Pierce (1994), Biometrika
    81:624–629, for its error.
    """

    def __init__(
        self, design: np.ndarray, family: Family, factors: Sequence[Factor], nodes: int
    ) -> None:
        super().__init__(design, family, factors)
        x, weight = np.polynomial.hermite.hermgauss(nodes)
        self.node = np.sqrt(2) * x
        self.log_weight = np.log(weight) + x**2 - 0.5 * np.log(np.pi)

    def _at(self, effect: np.ndarray, roots: By, phi: np.ndarray, start: By) -> Marginal:
        if roots[0][0, 0] < NONE_VARIES:
            return super()._at(effect, roots, phi, start)
        linear = self.design @ effect
        settled = self.modes.settle(linear, roots, phi, start)
        factor, t, family = self.modes.factors[0], float(roots[0][0, 0]), self.family
        level, z = factor.level, factor.columns[0]
        told = settled.weights.own[0][0, 0]
        whole = 1 + t**2 * told
        sd, u = whole**-0.5, settled.u[0][0]
        at_node = u + sd * self.node[:, None]  # (k, levels)
        log_share, slopes = np.empty_like(at_node), np.empty((self.node.size, level.size))
        for k, one in enumerate(at_node):
            rows = family.at(linear + t * z * one[level], phi)
            log_share[k] = np.bincount(level, rows.loglik, factor.levels) - one**2 / 2
            slopes[k] = rows.slope
        log_share += self.log_weight[:, None]
        total = special.logsumexp(log_share, axis=0)
        share = np.exp(log_share - total)
        loglik = float((total + np.log(sd)).sum()) + family.constant
        each = np.array([np.bincount(level, z * one, factor.levels) for one in slopes])
        rise = share * (t * each - at_node)  # share × slope of g in u
        of_width = -0.5 * (1 + (rise * self.node[:, None]).sum(axis=0) * sd) / whole
        bend = np.bincount(level, settled.rows.bend * z**3, factor.levels)
        of_mode = rise.sum(axis=0) + of_width * t**3 * bend
        row = settled.rows.weight * z * (of_mode * t / whole)[level]
        row = settled.rows.bend * z**2 * (of_width * t**2)[level] - row
        row += np.einsum("kn,kn->n", share[:, level], slopes)
        pull = settled.pull[0][0]
        by_t = (share * each * at_node).sum(axis=0)
        by_t += of_width * (2 * t * told + t**2 * u * bend)
        by_t += of_mode * (pull - t * u * told) / whole
        further = self._by_further(linear, phi, (at_node, share), (of_width, of_mode), t, settled)
        return Marginal(
            loglik, row @ self.design, [np.array([[by_t.sum() / t]])], further,
            [(told / whole)[None, None]], settled,
        )  # fmt: skip

    def _by_further(
        self, linear: np.ndarray, phi: np.ndarray, nodes: tuple[np.ndarray, np.ndarray],
        weights: tuple[np.ndarray, np.ndarray], t: float, settled: Settled,
    ) -> np.ndarray:  # fmt: skip
        """∂L/∂φ: at the nodes where they stand, and by what φ moves them."""
        if not phi.size:
            return np.zeros(0)
        factor = self.modes.factors[0]
        level, z = factor.level, factor.columns[0]
        found = np.zeros(phi.size)
        for one, share in zip(*nodes):
            eta = linear + t * z * one[level]
            found += self.family.by_parameter(eta, phi, share[level])[0]
        of_width, of_mode = weights
        _, slope, weight = self.family.by_parameter(settled.eta, phi)
        whole = 1 + t**2 * settled.weights.own[0][0, 0]
        found += weight @ (z**2 * (of_width * t**2)[level])
        return found + slope @ (z * (of_mode * t / whole)[level])
