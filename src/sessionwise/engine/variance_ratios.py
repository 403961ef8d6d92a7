"""Where the likelihood of a mixed model is highest in its variance ratios, and how flat it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionwise.engine.gls import Pieces, generalised_fit

STEP = 1e-3
"""Step in log ratio for numerical derivatives; see `slopes` for the error it leaves."""

ZERO = 1e-9
"""A ratio that has sunk below this is set to zero: no likelihood can tell the difference."""

BEYOND = 1e10
"""A ratio above this is on its way to infinity: the residual variance is zero."""


@dataclass(frozen=True, eq=False)
class Summit:
    """The best variance ratios found from a start.

    Attributes
    ----------
    ratios
        Variance of each random term over the residual variance, shape (terms,).
    loglik
        Log-likelihood there.
    gradient
        Its largest slope per unit of log ratio, over the ratios above zero.
    steps
        Newton steps taken.
    """

    ratios: np.ndarray
    loglik: float
    gradient: float
    steps: int


def slopes(given: Pieces, ratios: np.ndarray, *, reml: bool) -> tuple[np.ndarray, np.ndarray]:
    """Give first and second derivatives of the log-likelihood in the logs of the ratios above 0.

    A log ratio has no unit: its slope is the same whatever scale the outcome or a column has.
    The first derivative is a central difference of fourth order: it is wrong by the order of
    ``STEP⁴`` and by the rounding of the log-likelihood over STEP, each near 1e-9 for thousands of
    rows. The second is of second order; it only steers.

    Returns
    -------
    tuple of numpy.ndarray
        Slopes (free,), and second derivatives (free, free), of the ratios above zero, in order.
    """
    free = np.flatnonzero(ratios > 0)
    start = np.log(ratios[free])

    def height(shift: np.ndarray) -> float:
        moved = ratios.copy()
        moved[free] = np.exp(start + STEP * shift)
        return generalised_fit(given, moved, reml=reml).loglik

    unit = np.eye(free.size)
    here = height(np.zeros(free.size))
    near = np.array([(height(e), height(-e)) for e in unit])
    far = np.array([(height(2 * e), height(-2 * e)) for e in unit])
    first = (8 * (near[:, 0] - near[:, 1]) - (far[:, 0] - far[:, 1])) / (12 * STEP)
    second = np.diag((near.sum(axis=1) - 2 * here) / STEP**2)
    for i in range(free.size):
        for j in range(i):
            together = height(unit[i] + unit[j]) + height(-unit[i] - unit[j])
            mixed = (together - near[i].sum() - near[j].sum() + 2 * here) / (2 * STEP**2)
            second[i, j] = second[j, i] = mixed
    return first, second


def climb(given: Pieces, start: np.ndarray, *, reml: bool, most: int = 50) -> Summit:
    """Walk uphill from given variance ratios by Newton's method until the likelihood is flat.

    Flat: no slope above what rounding leaves of it. Where the likelihood is not yet curved
    downwards the step follows the slope; a step that would lower the likelihood is halved. A
    ratio that sinks to nothing is set to zero and stays there, so starts should be above zero.

    Parameters
    ----------
    given
        Cross-products of the model.
    start
        Where to start, shape (terms,), ≥ 0.
    reml
        Restricted likelihood, or the full one.
    most
        Steps at most; the slope left over is in the result for the caller to judge.
    """
    ratios = np.array(start, float)
    loglik = generalised_fit(given, ratios, reml=reml).loglik
    gradient = 0.0
    for step in range(most + 1):
        ratios[ratios < ZERO] = 0.0
        if not (ratios > 0).any():
            return Summit(ratios, generalised_fit(given, ratios, reml=reml).loglik, 0.0, step)
        first, second = slopes(given, ratios, reml=reml)
        gradient = float(np.abs(first).max())
        if gradient <= max(1e-8, 1e-11 * abs(loglik)) or ratios.max() > BEYOND:
            break
        moved = _higher(given, ratios, _uphill(first, second), loglik, reml=reml)
        if moved is None:
            break
        ratios, loglik = moved
    return Summit(ratios, loglik, gradient, step)


def _uphill(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A Newton step that takes every curvature as downwards, at most 3 long in any log."""
    values, vectors = np.linalg.eigh(second)
    step = vectors @ ((vectors.T @ first) / np.maximum(np.abs(values), 1e-8))
    return step * min(1.0, 3.0 / np.abs(step).max())


def _higher(
    given: Pieces, ratios: np.ndarray, step: np.ndarray, loglik: float, *, reml: bool
) -> tuple[np.ndarray, float] | None:
    """The first of step, step/2, step/4, … that does not lower the likelihood."""
    rounding = 1e-13 * abs(loglik)
    for _ in range(25):
        moved = ratios.copy()
        moved[ratios > 0] *= np.exp(step)
        height = generalised_fit(given, moved, reml=reml).loglik
        if height >= loglik - rounding:
            return moved, height
        step = step / 2
    return None


def vanishing(
    given: Pieces, summit: Summit, *, reml: bool, smallest: float = 1e-6, drop: float = 1e-8
) -> np.ndarray:
    """Say which variances are zero as far as the data can tell.

    A term vanishes where its ratio, for a column of mean square 1, is below ``smallest``, or
    where taking it out altogether lowers the log-likelihood by less than ``drop``.

    Returns
    -------
    numpy.ndarray
        One truth value per term, shape (terms,).
    """
    gone = summit.ratios < smallest
    for k in np.flatnonzero(~gone):
        without = summit.ratios.copy()
        without[k] = 0.0
        gone[k] = generalised_fit(given, without, reml=reml).loglik > summit.loglik - drop
    return gone
