"""What a frailty's distribution takes off a partial likelihood: normal in its log, or gamma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

FrailtyShape = Literal["normal", "gamma"]


@dataclass(frozen=True, eq=False)
class Penalty:
    """What is taken off the log partial likelihood at given deviations b of the log hazard.

    Attributes
    ----------
    value
        Not below 0; 0 where no group deviates.
    slope, bend
        Its first and second derivatives in every b, shape (groups,). It has no others.
    """

    value: float
    slope: np.ndarray
    bend: np.ndarray


def penalty_at(shape: FrailtyShape, b: np.ndarray, theta: float) -> Penalty:
    """Give what a distribution takes off.

    Parameters
    ----------
    shape
        ``"normal"``: b ~ N(0, θ), b'b/(2θ). ``"gamma"``: e^b of mean 1 and variance θ, gamma
        distributed, Σ (e^b − 1 − b)/θ.
    b
        Deviations of the log hazard, shape (groups,).
    theta
        The variance; 0: nobody deviates, and nothing is taken off.

    References
    ----------
    Therneau, Grambsch & Pankratz (2003), J Comput Graph Stat 12:156–175, sections 2 and 3.

    Examples
    --------
    >>> found = penalty_at("gamma", np.log([2.0, 0.5]), 0.5)
    >>> found.slope.tolist(), found.bend.tolist(), round(found.value, 9)
    ([2.0, -1.0], [4.0, 1.0], 1.0)
    """
    if not theta:
        return Penalty(0.0, np.zeros_like(b), np.full_like(b, np.inf))
    if shape == "normal":
        return Penalty(float(b @ b) / (2 * theta), b / theta, np.full_like(b, 1 / theta))
    with np.errstate(over="ignore"):
        above = np.expm1(b)
        return Penalty(float((above - b).sum()) / theta, above / theta, (1 + above) / theta)


def centred(shape: FrailtyShape, b: np.ndarray) -> np.ndarray:
    """Shift deviations to where the penalty is least: the partial likelihood does not change.

    Normal: their sum is 0. Gamma: the mean of e^b is 1.
    """
    if shape == "normal":
        return b - b.mean()
    return b - np.log(np.exp(b).mean())


def gamma_correction(theta: float, events: np.ndarray) -> float:
    """Give what integrating gamma frailties out adds to the penalised likelihood at its highest.

    Parameters
    ----------
    theta
        Variance of the frailties, above 0.
    events
        Events d of each group, shape (groups,).

    Returns
    -------
    float
        Σ d − (1/θ + d) log(1 + dθ) + Σ_{j<d} log(1 + jθ): the likelihood is that of the Cox model
        at θ = 0, where this is 0.

    References
    ----------
    Therneau & Grambsch (2000), Modeling Survival Data, section 9.6; Klein (1992), Biometrics
    48:795–806.

    Examples
    --------
    >>> round(gamma_correction(1.0, np.array([1, 3])), 6)  # 4 − 2 log 2 − 4 log 4 + log 2 + log 3
    -1.139712
    """
    step, many = _steps(events)
    whole = events - (1 / theta + events) * np.log1p(events * theta)
    return float(whole.sum() + many @ np.log1p(step * theta))


def correction_slope(theta: float, events: np.ndarray) -> float:
    """Give the slope of `gamma_correction` per unit of log θ."""
    step, many = _steps(events)
    lost = np.log1p(events * theta).sum() / theta
    return float(lost - many @ (1 / (1 + step * theta)))


def _steps(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give j = 0, 1, … and how many groups have more events than that."""
    found = np.bincount(events.astype(int))
    return np.arange(found.size - 1), events.size - found.cumsum()[:-1]
