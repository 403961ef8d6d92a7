"""The parameters of a mixed model as one list: fixed effects, then SDs and correlations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.random_part import RandomPart


@dataclass(frozen=True)
class Spread:
    """A standard deviation, or a correlation of two deviations.

    Attributes
    ----------
    name
        As tables name it: ``"sd(session | client)"``, ``"cor(Intercept, session | client)"``,
        ``"sd(Residual)"``.
    bundle
        Number of the bundle it belongs to; −1 for the residual.
    places
        Where in the bundle: one number for a standard deviation, two for a correlation.
    """

    name: str
    bundle: int = -1
    places: tuple[int, ...] = ()


def spreads(part: RandomPart) -> list[Spread]:
    """List the SDs and correlations of a random part as its table does, the residual's last."""
    found = []
    for number, bundle in enumerate(part.bundles):
        group, terms = bundle[0].group, [deviation.term for deviation in bundle]
        found += [Spread(f"sd({t} | {group})", number, (k,)) for k, t in enumerate(terms)]
        found += [
            Spread(f"cor({terms[i]}, {terms[j]} | {group})", number, (i, j))
            for i, j in combinations(range(len(terms)), 2)
        ]
    return [*found, Spread("sd(Residual)")]


def spread_values(found: MixedSolution) -> np.ndarray:
    """Give the value of each of :func:`spreads`; a correlation with what does not vary is missing.

    Standard deviations in units of the outcome per unit of the column.
    """
    covariance = found.deviation_covariance
    sd = np.sqrt(np.diag(covariance))
    values: list[float] = []
    for bundle, place in found.part.placed:
        own, size = covariance[place, place], sd[place]
        values += size.tolist()
        values += [
            own[i, j] / (size[i] * size[j]) if size[i] and size[j] else np.nan
            for i, j in combinations(range(len(bundle)), 2)
        ]
    return np.array([*values, np.sqrt(found.residual_variance)])


def estimate_of(found: MixedSolution) -> np.ndarray:
    """Give the fixed effects, shape (p,), in units of the outcome per unit of the column."""
    scaled = found.scaled
    own = np.linalg.solve(scaled.triangle, found.summit.at.estimate)
    return scaled.trend + scaled.spread * own
