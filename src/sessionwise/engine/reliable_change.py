"""Reliable and clinically significant change: the formulas of Jacobson and Truax (1991).

Jacobson, N. S., & Truax, P. (1991). Clinical significance: a statistical approach to defining
meaningful change in psychotherapy research. Journal of Consulting and Clinical Psychology, 59(1),
12–19. Its equations have no numbers; they are named here by what they define and their page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sessionwise.errors import InvalidInput, Problem

Better = Literal["higher", "lower"]
NORMAL_95 = 1.96
VERDICTS = ("recovered", "improved", "unchanged", "deteriorated")
ROUNDING = 1e-9
"""A change that falls short of the criterion by less, relative to it, is one of binary rounding."""


@dataclass(frozen=True)
class ChangeError:
    """How large a change is that measurement error alone may bring about.

    Attributes
    ----------
    measurement
        Standard error of measurement S_E, in scale points.
    difference
        Standard error of the difference between two scores, S_diff.
    criterion
        The change that measurement error exceeds in 5 % of clients who did not change.
    """

    measurement: float
    difference: float
    criterion: float


def change_error(sd: float, reliability: float) -> ChangeError:
    """Give the errors of a score and of a change, and the reliable change in points.

    Jacobson and Truax (1991, p. 14): S_E = s₁ √(1 − r_xx), S_diff = √(2 S_E²); a change is reliable
    where RC = (x₂ − x₁) / S_diff exceeds 1.96, which is a change of 1.96 S_diff points.

    Parameters
    ----------
    sd
        Standard deviation of the first scores, in points, above 0.
    reliability
        Of the score, between 0 and 1. Which one (retest, internal consistency) is the user's
        decision; internal consistency leaves out what fluctuates from week to week.

    Raises
    ------
    InvalidInput
        No such standard deviation or reliability.

    Examples
    --------
    >>> error = change_error(7.5, 0.80)
    >>> round(error.measurement, 2), round(error.difference, 2)
    (3.35, 4.74)
    """
    problems = []
    if not sd > 0:
        problems.append(
            Problem(f"a standard deviation of {sd:g}", "sd", "Scores that differ are needed.")
        )
    if not 0 < reliability < 1:
        problems.append(
            Problem(f"a reliability of {reliability:g}", "reliability", "It lies between 0 and 1.")
        )
    if problems:
        raise InvalidInput(problems, "the reliable change")
    measurement = sd * np.sqrt(1 - reliability)
    difference = np.sqrt(2 * measurement**2)
    return ChangeError(float(measurement), float(difference), float(NORMAL_95 * difference))


def verdicts(
    first: np.ndarray, last: np.ndarray, criterion: float, cutoff: float, better: Better
) -> np.ndarray:
    """Say of each client: recovered, improved, unchanged or deteriorated (pp. 14–15).

    *Recovered*: improved by the criterion at least, and went from the clinical to the functional
    side of the cut-off. *Improved*: by the criterion, without having crossed. Who began on the
    functional side can improve, and cannot recover.

    Parameters
    ----------
    first, last
        Scores, shape (n,), in points, none missing.
    criterion
        The smallest change that counts, in points.
    cutoff
        The lowest score of the upper side: with ``better="higher"`` a score below it is clinical,
        with ``better="lower"`` one at or above it.
    better
        Which end of the scale is the better one.

    Returns
    -------
    numpy.ndarray
        Shape (n,), words of ``VERDICTS``.

    Examples
    --------
    >>> verdicts(np.array([20, 20, 30]), np.array([28, 24, 22]), 5, 25, "higher").tolist()
    ['recovered', 'unchanged', 'deteriorated']
    """
    first, last = np.asarray(first, float), np.asarray(last, float)
    gain = _towards(better) * (last - first)
    enough = criterion * (1 - ROUNDING)
    upper = first >= cutoff, last >= cutoff
    clinical = [~side if better == "higher" else side for side in upper]
    improved, crossed = gain >= enough, clinical[0] & ~clinical[1]
    found = [improved & crossed, improved, gain <= -enough]
    return np.select(found, ["recovered", "improved", "deteriorated"], "unchanged")


def _towards(better: Better) -> int:
    """Give the sign of a change for the better."""
    return 1 if better == "higher" else -1
