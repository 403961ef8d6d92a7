"""Whether the three levels depend on how therapists' means and handovers are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.features.therapist_cells import PARTS
from sessionwise.models.answers import answer
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.models.three_levels import alliance_at_three_levels
from sessionwise.records.sessions import Sessions

COUNTED: dict[str, dict[str, Any]] = {
    "all clients": {},
    "other clients": {"therapist_mean": "other clients"},
    "handovers left out": {"handovers": "left out"},
}
NUMBERS = ("estimate", "std_error", "df", "low", "high")


def three_levels_compared(
    s: Sessions, alliance: str = "srs", outcome: str = "ors", adjust: Sequence[str] = ()
) -> pd.DataFrame:
    """Do the three levels of the alliance say the same, however they are counted?

    Three fits of :func:`~sessionwise.models.three_levels.alliance_at_three_levels`: with the mean
    of all clients of a therapist, with that of the other clients, and without the courses in which
    the therapist changed.

    Parameters
    ----------
    s, alliance, outcome, adjust
        As there.

    Returns
    -------
    DataFrame
        ``level, counted, estimate, std_error, df, low, high, therapists, reason``, in outcome
        points per alliance point; a variant without an answer has its ``reason`` and no numbers.
        ``df`` and errors as in the fit.

    Raises
    ------
    Unanswerable, Refused
        None of them can be answered, as for the first.

    Examples
    --------
    >>> import sessionwise as sw
    >>> three_levels_compared(sw.example())["counted"].unique().tolist()
    ['all clients', 'other clients', 'handovers left out']
    """
    fits: dict[str, Fit | Unanswered] = {
        counted: answer(alliance_at_three_levels, s, alliance, outcome, adjust, **given)
        for counted, given in COUNTED.items()
    }
    if not any(isinstance(fit, Fit) for fit in fits.values()):
        alliance_at_three_levels(s, alliance, outcome, adjust)
    rows = [
        {"level": words, "counted": counted, **_numbers(fit, part)}
        for part, words in PARTS.items()
        for counted, fit in fits.items()
    ]
    return pd.DataFrame(rows)


def _numbers(fit: Fit | Unanswered, part: str) -> dict[str, Any]:
    """Give the numbers of one level of one fit; none that is no finding."""
    none = dict.fromkeys(NUMBERS, np.nan)
    if isinstance(fit, Unanswered):
        return {**none, "therapists": np.nan, "reason": fit.reason}
    therapists = {"therapists": float(fit.rows.therapists)}
    if not fit.health.sound:
        return {**none, **therapists, "reason": f"No finding: {fit.health}."}
    (name,) = [term for term in fit.estimates["term"] if term.endswith(f"_{part}")]
    row = fit.term(name)
    return {**{key: float(row[key]) for key in NUMBERS}, **therapists, "reason": ""}
