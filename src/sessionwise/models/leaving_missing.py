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
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.models.leaving_baseline import with_first_session
from sessionwise.models.leaving_errors import hazard_by_therapist
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import Column, Sessions

PURPOSE = "Alliance and leaving"
VERSIONS = ("complete cases", "last score given", "not filled in")
NOBODY_LEFT = "sessions {} no form had been filled in: no ending followed one of them"
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
    142:1255; Jones 1996, J Am Stat Assoc 91:222): a sensitivity analysis. Therapists are taken into
    account as in :func:`~sessionwise.models.alliance_leaving.alliance_and_leaving`.

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
        hazard per point), ``sessions, events, events_lost, reason`` (why there are no numbers, or
        which sessions are left out).

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
    level, swing, last_swing = (f"{alliance}_{end}" for end in ("to_date", "change", "last_swing"))
    filled_level, filled_swing = f"{alliance}_level_or_mean", f"{alliance}_swing_or_0"
    missing, none_yet, age = (f"{alliance}_{end}" for end in ("missing", "none_yet", "age"))
    versions = {
        VERSIONS[0]: ([], [level, swing], {"to_date": level, "change": swing}),
        VERSIONS[1]: ([age], [level, last_swing], {"to_date": level, "change": last_swing}),
        VERSIONS[2]: (
            [none_yet, missing],
            [filled_level, filled_swing],
            {"to_date": filled_level, "change": filled_swing},
        ),
    }
    fits = {}
    for version, (marks, terms, named) in versions.items():
        rows, kept, notes = _with_endings(at_risk, marks)
        fit = answer(hazard_by_therapist, _formula(rows, [*terms, *kept, *adjust]), rows, "cloglog")
        if isinstance(fit, Fit):
            fit = fit.replace(recipe=replace(fit.recipe, notes=(*notes, *fit.recipe.notes)))
        fits[version] = fit, named
    return fits


def _with_endings(
    at_risk: Episodes, marks: Sequence[str]
) -> tuple[Episodes, list[str], tuple[str, ...]]:
    """Leave out the rows a mark sets apart if no ending is among them: it would have no estimate.

    The other estimates are those of the model that holds them: rows it fits perfectly say nothing.
    """
    kept, notes = [], []
    for mark in marks:
        frame = at_risk.frame
        apart = frame[mark].gt(0).to_numpy(bool)
        rest = frame[mark].eq(0).to_numpy(bool)
        ended = frame.loc[apart, "left_unplanned"].sum()
        if apart.any() and rest.any() and 0 < ended < apart.sum():
            kept.append(mark)
        elif apart.any() and ended == 0:
            words = NOBODY_LEFT.format("in whose course" if mark.endswith("none_yet") else "where")
            notes.append(words)
            fewer = frame[~apart].reset_index(drop=True)
            left = (*at_risk.left_out, Left(words, int(apart.sum())))
            at_risk = replace(at_risk, frame=fewer, left_out=left)
    return at_risk, kept, tuple(notes)


def _formula(at_risk: Episodes, terms: Sequence[str]) -> str:
    """Give the baseline a step at session 1 where some, not all, left after it."""
    frame = at_risk.frame
    first = frame["first_session"].eq(1) & frame[list(terms)].notna().all(axis=1)
    left = frame.loc[first, "left_unplanned"]
    step = ["first_session"] if 0 < left.sum() < len(left) else []
    return f"left_unplanned ~ {' + '.join([*step, 'session', *terms])}"


def _prepared(at_risk: Episodes, alliance: str) -> Episodes:
    """Add what the three models need: a swing of 0 at session 1, and values beside indicators."""
    level, swing = f"{alliance}_to_date", f"{alliance}_change"
    at_risk = with_first_session(at_risk, swing, alliance)
    frame = at_risk.frame.copy(deep=False)
    scored = frame[alliance].notna()
    frame[f"{alliance}_none_yet"] = frame[level].isna().astype("float64")
    frame[f"{alliance}_level_or_mean"] = frame[level].fillna(frame[level].mean())
    frame[f"{alliance}_swing_or_0"] = frame[f"{alliance}_last_swing"].where(scored, 0.0)
    known = at_risk.columns[alliance].known
    names = [f"{alliance}_{end}" for end in ("none_yet", "level_or_mean", "swing_or_0")]
    made = {name: Column(name, "number", known, made_from=(alliance,)) for name in names}
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
    said = [note for note in fit.recipe.notes if note.startswith(NOBODY_LEFT[:8])]
    reason = " ".join(f"{note[0].upper()}{note[1:]}; they are left out." for note in said)
    return {**{name: float(found[name]) for name in NUMBERS}, **counts, "reason": reason}
