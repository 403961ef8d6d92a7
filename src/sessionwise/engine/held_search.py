"""Where the likelihood of a generalised mixed model is highest while one parameter is held."""

from __future__ import annotations

import numpy as np

from sessionwise.engine.marginal_search import Likelihood, MarginalSearch, Place


class HeldSearch(MarginalSearch):
    """A climb in all parameters but one.

    A standard deviation is held as the first diagonal entry of T of its bundle: whatever else T
    holds, the variance of a bundle's first deviation is the square of that entry.

    Parameters
    ----------
    likelihood
        What is climbed.
    sizes
        Fixed effects, and further parameters.
    held
        Number in ψ = (β, free entries of T, φ) of what is held.
    """

    close = 1e-9

    def __init__(self, likelihood: Likelihood, sizes: tuple[int, int], held: int) -> None:
        super().__init__(likelihood, sizes, np.zeros((sizes[0], sizes[0])))
        self.held = held

    def open(self, here: Place) -> np.ndarray:
        """Which parameters may move."""
        found = super().open(here)
        found[self.held] = False
        return found

    def allowed(self, factor: int, bundle: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """Give a covariance with the variance of its first deviation as it is held."""
        begin = self.p + sum(int(free.sum()) for free in self.likelihood.free[:factor])
        rows, columns = np.nonzero(self.likelihood.free[factor])
        held = self.held - begin
        if not 0 <= held < rows.size or rows[held] != columns[held] or rows[held] != bundle[0]:
            return covariance
        root = float(np.sqrt(self.value**2 / covariance[0, 0]))
        scale = np.ones(len(covariance))
        scale[0] = root
        return covariance * np.outer(scale, scale)

    def highest(self, value: float, near: Place) -> Place:
        """Climb with the parameter held at a value, all else from where it was at another.

        Raises
        ------
        numpy.linalg.LinAlgError
            Nothing is to be computed there.
        """
        self.value = value
        theta = near.theta.copy()
        theta[self.held] = value
        return self.climb(self.place(theta, near.at.settled.u))[0]
