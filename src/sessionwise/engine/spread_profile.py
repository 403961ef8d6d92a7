"""How likely the data are with one given spread between levels, everything else at its best."""

from __future__ import annotations

import numpy as np

from sessionwise.engine.laplace_likelihood import LaplaceLikelihood
from sessionwise.engine.marginal_summit import MarginalSummit
from sessionwise.engine.profile_limits import limit

STEPS = 40
"""Steps of Newton's method at most."""

FLAT = 1e-9
"""Of what a step promises in log-likelihood."""

WIDEST = 50.0
"""A standard deviation beyond which no limit is looked for."""


class SpreadProfile:
    """A model of one factor with one deviation, as a function of its standard deviation.

    Parameters
    ----------
    likelihood
        Without further parameters of the family.
    summit
        Where it is highest, the spread perhaps zero.

    References
    ----------
    Venzon & Moolgavkar (1988), J R Stat Soc C 37:87–94; on the boundary Self & Liang (1987), J Am
    Stat Assoc 82:605–610.
    """

    def __init__(self, likelihood: LaplaceLikelihood, summit: MarginalSummit) -> None:
        self.likelihood, self.place = likelihood, summit.place
        self.best = abs(float(self.place.roots[0][0, 0]))
        self.highest = self.at(self.best)

    def at(self, spread: float) -> float:
        """Give the log-likelihood at a spread, at its best over the fixed effects."""
        likelihood, phi, effect = self.likelihood, self.place.phi, self.place.effect
        roots = [np.array([[spread]])]
        here = likelihood.at(effect, roots, phi, self.place.at.settled.u)
        for _ in range(STEPS):
            step = np.linalg.solve(likelihood.information(here, roots), here.by_effect)
            promised, share = float(step @ here.by_effect), 1.0
            if promised < FLAT:
                break
            while share > 1e-3:
                there = likelihood.at(effect + share * step, roots, phi, here.settled.u)
                if there.loglik >= here.loglik:
                    break
                share /= 2
            else:
                break
            effect, here = effect + share * step, there
        return here.loglik

    def fall(self, spread: float) -> float:
        """Give by how much twice the log-likelihood lies below its highest."""
        return max(2 * (self.highest - self.at(spread)), 0.0)

    def limits(self, wanted: float = 1.959964) -> tuple[float, float]:
        """Give the spreads at which it has fallen by the square of what is wanted; 0 if never."""
        guess = self.best + 0.2
        low = 0.0
        if self.best > 0 and self.fall(0.0) > wanted**2:
            low = limit(self.fall, self.best, self.best / 2, 0.0, wanted)
        return low, limit(self.fall, self.best, guess, WIDEST, wanted)
