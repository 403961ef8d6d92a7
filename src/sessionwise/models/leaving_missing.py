"""Alliance and leaving where scores are missing: complete cases, last score, not filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.last_scores import last_given
from sessionwise.features.leaving import Episodes, episodes
from sessionwise.features.running_means import running
from sessionwise.models.answers import answer
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.records.sessions import Column, Sessions

PURPOSE = "Alliance and leaving"
VERSIONS = ("complete cases", "last score given", "not filled in")
NUMBERS = ("estimate", "std_error", "low", "high")


def leaving_with_missing_scores(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = ()
) -> pd.DataFrame:
    """Does it matter for alliance and leaving that some scores were not given?

    The same discrete-time hazard three times, with the level to date and the last swing.
    *Complete cases*: sessions with a score of their own. *Last score given*: where there is none,
    the swing is that of the last score given, beside its age in sessions. *Not filled in*: where
    there is none, the swing is 0 and an indicator says so; it keeps every ending, and its effects
    are biased where who fills in is related to both (Greenland & Finkle 1995, Am J Epidemiol
    142:1255; Jones 1996, J Am Stat Assoc 91:222): a sensitivity analysis.

    Parameters
    ----------
    s
        The records.
    alliance
        A score known after the session, in points.
    adjust
        Intake covariates.

    Returns
    -------
    DataFrame
        ``version, effect`` (``"to_date"``, ``"change"``), ``estimate, std_error, low, high`` (log
        hazard per point), ``sessions, events, events_lost, reason`` (why there are no numbers).

    Raises
    ------
    Unanswerable
        A column is missing, or there are no endings.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = leaving_with_missing_scores(sw.example())
    >>> found.groupby("version")["events_lost"].first()["not filled in"].item()
    0
    """
    rows = [
        {"version": version, "effect": effect, **_numbers(fit, term)}
        for version, (fit, terms) in missing_score_fits(s, alliance, adjust).items()
        for effect, term in terms.items()
    ]
    return pd.DataFrame(rows)


def missing_score_fits(
    s: Sessions, alliance: str = "srs", adjust: Sequence[str] = ()
) -> Mapping[str, tuple[Fit | Unanswered, Mapping[str, str]]]:
    """Give the three models, each with its terms for the level to date and the last swing.

    Parameters and errors as in :func:`leaving_with_missing_scores`.
    """
    s.need([alliance], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, [alliance, *adjust], PURPOSE)
    at_risk = _prepared(episodes(last_given(running(s, alliance), alliance)), alliance)
    level, swing = f"{alliance}_to_date", f"{alliance}_change"
    filled_level, filled_swing = f"{alliance}_level_or_mean", f"{alliance}_swing_or_0"
    last_swing, age = f"{alliance}_last_swing", f"{alliance}_age"
    flags = [f"{alliance}_missing", f"{alliance}_none_yet"]
    frame = at_risk.frame
    flags = [flag for flag in flags if frame[flag].nunique() > 1]
    if len(flags) == 2 and frame[flags[0]].equals(frame[flags[1]]):
        flags = flags[:1]
    aged = [age] if frame[age].nunique() > 1 else []
    versions = {
        VERSIONS[0]: ([level, swing], {"to_date": level, "change": swing}),
        VERSIONS[1]: ([level, last_swing, *aged], {"to_date": level, "change": last_swing}),
        VERSIONS[2]: (
            [filled_level, filled_swing, *flags],
            {"to_date": filled_level, "change": filled_swing},
        ),
    }
    return {
        version: (answer(hazard, _formula(at_risk, [*terms, *adjust]), at_risk), named)
        for version, (terms, named) in versions.items()
    }


def _formula(at_risk: Episodes, terms: Sequence[str]) -> str:
    """Give the baseline a step at session 1 where some, not all, left after it."""
    frame = at_risk.frame
    first = frame["first_session"].eq(1) & frame[list(terms)].notna().all(axis=1)
    left = frame.loc[first, "left_unplanned"]
    step = ["first_session"] if 0 < left.sum() < len(left) else []
    return f"left_unplanned ~ {' + '.join([*step, 'session', *terms])}"


def _prepared(at_risk: Episodes, alliance: str) -> Episodes:
    """Add what the three models need: a swing of 0 at session 1, and values beside indicators."""
    frame = at_risk.frame.copy(deep=False)
    level, swing = f"{alliance}_to_date", f"{alliance}_change"
    first, scored = frame["session"].eq(1), frame[alliance].notna()
    frame["first_session"] = first.astype("int64")
    frame[swing] = frame[swing].mask(first & scored, 0.0)
    frame[f"{alliance}_none_yet"] = frame[level].isna().astype("float64")
    frame[f"{alliance}_level_or_mean"] = frame[level].fillna(frame[level].mean())
    frame[f"{alliance}_swing_or_0"] = frame[f"{alliance}_last_swing"].where(scored, 0.0)
    known = at_risk.columns[alliance].known
    names = [f"{alliance}_{end}" for end in ("none_yet", "level_or_mean", "swing_or_0")]
    made = {name: Column(name, "number", known, made_from=(alliance,)) for name in names}
    made["first_session"] = Column("first_session", "flag", "before", made_from=("session",))
    return replace(at_risk, frame=frame, columns={**at_risk.columns, **made})


def _numbers(fit: Fit | Unanswered, term: str) -> dict[str, Any]:
    """Give one effect of one model, or why there is none."""
    nothing = dict.fromkeys(NUMBERS, np.nan)
    if isinstance(fit, Unanswered):
        counts = {"sessions": 0, "events": 0, "events_lost": 0}
        return {**nothing, **counts, "reason": fit.reason}
    counts = {
        "sessions": fit.rows.used,
        "events": fit.rows.events,
        "events_lost": fit.rows.events_lost,
    }
    if not fit.health.sound:
        return {**nothing, **counts, "reason": f"No finding: {fit.health}."}
    found = fit.term(term)
    return {**{name: float(found[name]) for name in NUMBERS}, **counts, "reason": ""}
