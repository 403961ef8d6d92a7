"""Who still answered: loss to follow-up, which is not leaving therapy."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from sessionwise.features.counts import filled_in
from sessionwise.models.fit import Curve, Recipe, Rows
from sessionwise.records.sessions import Sessions

FEWEST = 5


def still_answering(s: Sessions, outcome: str, by: str = "") -> Curve:
    """Who still gave the questionnaire at each time it was due?

    Loss to follow-up: somebody who no longer answers may well be in therapy, and somebody who
    answers may have left it. Each time stands alone; a client may miss one and give the next.

    Parameters
    ----------
    s
        The records.
    outcome
        The questionnaire.
    by
        A column of the course to compare groups by; empty: everybody together.

    Returns
    -------
    Curve
        State ``"gave the questionnaire"``; ``at_risk`` is the number it was due from. Times at
        which one to four answered are left out, and counted. Limits are Wilson's (1927, J Am Stat
        Assoc 22:209).

    Raises
    ------
    Unanswerable
        Assessments of which only those that were given have a row: who else was due is not known.

    Examples
    --------
    >>> import sessionwise as sw
    >>> float(still_answering(sw.example(), "ors").estimates["estimate"].min()) > 0.5
    True
    """
    counted = filled_in(s, [outcome], by, per="time")
    few = counted["filled"].between(1, FEWEST - 1)
    withheld = int(counted.loc[few, "due"].sum())
    left_out = (("times with fewer than five answers", withheld),) if withheld else ()
    counted = counted[~few].reset_index(drop=True)
    clock = "time" if s.clock == "time" else "session"
    low, high = proportion_confint(counted["filled"], counted["due"], method="wilson")
    share = counted["share"].to_numpy(float)
    estimates = pd.DataFrame(
        {
            "group": counted["group"].astype("str"),
            "state": "gave the questionnaire",
            "time": counted[clock].astype("float64"),
            "at_risk": counted["due"],
            "estimate": share,
            "std_error": np.sqrt(share * (1 - share) / counted["due"].to_numpy(float)),
            "low": np.asarray(low),
            "high": np.asarray(high),
        }
    )
    rows = Rows(
        used=int(counted["due"].sum()),
        clients=len(s.courses[["clinic", "client"]].drop_duplicates()),
        left_out=left_out,
        unit="assessments" if s.clock == "time" else "sessions",
    )
    recipe = Recipe(
        kind="share of questionnaires given",
        formula="",
        errors="binomial",
        reference="Wilson limits",
        clock=s.clock,
        sources=("wilson",),
    )
    return Curve(
        "Who still gave the questionnaire at each time it was due?",
        estimates,
        rows,
        recipe,
        s.time_unit if s.clock == "time" else "sessions",
    )
