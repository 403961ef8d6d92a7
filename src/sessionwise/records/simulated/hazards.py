"""How likely a course is to end after a session, and other chances."""

from __future__ import annotations

import numpy as np

from sessionwise.records.simulated.people import People
from sessionwise.records.truth import Truth


def hazard_unplanned(
    truth: Truth,
    people: People,
    therapist: np.ndarray,
    t: int,
    recorded: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Give the probability of an unplanned ending after session t (from 0), shape (clients,).

    ``recorded`` holds the mean of the alliance to date and its last change.
    """
    leaving, (to_date, change) = truth.leaving, recorded
    eta = leaving.baseline + leaving.first_session * (t == 0) + leaving.session * (t + 1)
    eta = eta + leaving.to_date * (to_date - truth.alliance.start)
    eta = eta + leaving.change * change + leaving.severity * people.severity
    eta += people.leaving + people.therapists.leaving[therapist]
    if truth.informative_leaving.on:
        eta += truth.informative_leaving.slope * people.slope / (truth.outcome.slope_sd or 1.0)
    return -np.expm1(-np.exp(eta))


def hazard_planned(truth: Truth, people: People, t: int, progress: np.ndarray) -> np.ndarray:
    """Give the probability of agreeing on an end in session t, given no unplanned one."""
    planned = truth.planned
    eta = planned.baseline + planned.session * (t + 1)
    eta = eta + planned.severity * people.severity
    eta += planned.progress * np.nan_to_num(progress)
    return -np.expm1(-np.exp(eta))


def expit(eta: np.ndarray) -> np.ndarray:
    """Give the probability of log odds."""
    return 1 / (1 + np.exp(-eta))
