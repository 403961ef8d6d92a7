"""Where a profile of the likelihood has fallen as far as limits allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CLOSE = 1e-7
"""A limit is found once √(fall) misses what is wanted by this share of it."""

MOST = 60
"""Values tried at most."""


def limit(
    fall: Callable[[float], float], best: float, guess: float, edge: float, wanted: float
) -> float:
    """Give the value, on one side of the best, at which twice the log-likelihood has fallen enough.

    By secants of its square root, which is nearly a straight line, kept between what is known to be
    too near and too far. Where it has not fallen enough at the edge of what is possible, the limit
    is the edge.

    Parameters
    ----------
    fall
        By how much −2 log-likelihood, at its best over everything else, exceeds its least.
    best
        Where it is least.
    guess
        About where the limit is.
    edge
        The last possible value on this side, perhaps infinite.
    wanted
        Square root of the fall at a limit: 1.96 for 95 %.

    References
    ----------
    Venzon & Moolgavkar (1988), J R Stat Soc C 37:87–94; Bates & Watts (1988), Nonlinear Regression
    Analysis, section 6.1, for the square root.

    Examples
    --------
    >>> round(limit(lambda x: (x - 1) ** 2, best=1.0, guess=2.0, edge=np.inf, wanted=2.0), 6)
    3.0
    >>> limit(lambda x: (x - 1) ** 2, best=1.0, guess=-2.0, edge=0.0, wanted=2.0)
    0.0
    """
    near, far, found = best, None, [(best, 0.0)]
    here = _no_further(guess, edge, best)
    for _ in range(MOST):
        root = float(np.sqrt(max(fall(here), 0.0)))
        found.append((here, root))
        if abs(root - wanted) <= CLOSE * wanted or (here == edge and root < wanted):
            return here
        if root < wanted:
            near = here
        else:
            far = here
        if far is not None and abs(far - near) <= 1e-12 * max(abs(far), abs(near)):
            return near
        ahead = _secant(found, wanted)
        if far is None:
            further = ahead if (ahead - near) * (near - best) > 0 else 2 * near - best
            here = _no_further(_no_further(further, best + 3 * (near - best), best), edge, best)
        else:
            here = ahead if (ahead - near) * (far - ahead) > 0 else (near + far) / 2
    return float("nan")


def _secant(found: list[tuple[float, float]], wanted: float) -> float:
    """Give where the line through the two values closest to what is wanted reaches it."""
    (x, a), (y, b) = sorted(found, key=lambda point: abs(point[1] - wanted))[:2]
    return x + (wanted - a) * (y - x) / (b - a) if b != a else (x + y) / 2


def _no_further(value: float, furthest: float, best: float) -> float:
    """Give a value, or the furthest allowed if it lies beyond it, as seen from the best."""
    return min(value, furthest) if furthest > best else max(value, furthest)
