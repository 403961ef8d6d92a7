"""Sentences about leaving, staying, and answering."""

from __future__ import annotations

import math

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Curve, Fit
from sessionwise.show.curve_words import (
    happened,
    is_whole,
    many_groups,
    moment,
    reached,
    share_with_interval,
    spread_of,
)
from sessionwise.show.display import Sentence, answered
from sessionwise.show.effect_words import clear
from sessionwise.show.ratios import in_points, ratio_per_deviation
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.words import (
    article,
    called,
    capital,
    counted,
    error_words,
    of_whom,
    ratio_name,
    risk_name,
    verdict,
    without,
)

TOLD = {
    "_slope_to_date": ("within", "", "a line through {1} so far steeper by {2} a session"),
    "_to_date": ("between", "between-client ", "{0} to date {2} higher"),
    "_early": ("between", "between-client ", "{0} up to the landmark {2} higher"),
    "_change": ("within", "", "a session {2} higher in {1} than those before it"),
    "_since_last": ("within", "", "a session {2} higher in {1} than the one before it"),
}
"""How the terms of alliance end, and what is said; a slope ends as a mean does, so it is first."""

TOO_FEW = f"Fewer than {SMALLEST} were at risk at any time, and no proportion is reported."


@answered
def leaving(
    fit: Fit,
    alliance: str = "",
    event: str = "unplanned ending",
    name: str = "leaving",
) -> Sentence:
    """Say what alliance preceded an unplanned ending: its level to date, and its last change.

    Parameters
    ----------
    fit
        A hazard model with terms ``X_to_date`` and ``X_change``, or those from a landmark;
        ``scales`` ``alliance_between`` and ``alliance_within`` in points.
    alliance
        What the score is called; by default ``"alliance (SRS)"``, by the labels of the fit.
    event
        What is left to happen, in the singular.
    name
        Anchor.

    Returns
    -------
    Sentence
        Hazard ratios under the complementary log-log link, odds ratios under the logit.

    Raises
    ------
    InvalidInput
        The fit has neither term.
    """
    found = {
        ending: term
        for term in fit.estimates["term"]
        if (ending := next((one for one in TOLD if term.endswith(one)), ""))
    }
    ending, term = next(iter(found.items()), ("", ""))
    score = term.removesuffix(ending)
    alliance = alliance or called(fit, score, "alliance")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on {alliance} and leaving is reported: {reason}.")
    if not found:
        problem = Problem(
            "the fit has no term X_to_date or X_change",
            f"terms {', '.join(fit.estimates['term'])}",
            "Give the fit of alliance_and_leaving.",
        )
        raise InvalidInput([problem], source="a sentence on leaving")
    said = []
    for ending in sorted(found, key=lambda one: TOLD[one][0]):
        level, kind, words = TOLD[ending]
        spread = _deviation(fit, level, kind)
        subject = capital(words.format(article(f"average {alliance}"), alliance, spread))
        said.append(_ratio(fit, found[ending], subject, (f"alliance_{level}", event)))
    held = " and a random therapist" if "therapist" in set(fit.variances["group"]) else ""
    errors = f"{error_words(fit.recipe)}{held}"
    rests = f"These rest on {of_whom(fit.rows, events=event)}, with {errors}."
    text = " ".join(part for part in (*said, rests, without(fit)) if part)
    return Sentence(name, text, f"{said[0]} {rests}")


@answered
def incidence(curve: Curve, by: float | None = None, name: str = "incidence") -> Sentence:
    """Say how many had ended unplanned, and as planned, by one session.

    Parameters
    ----------
    curve
        From ``incidence``: each ending in the presence of the other.
    by
        The session; 10, or the last one shown of every curve, if ``None``.
    name
        Anchor.
    """
    return _at_one_time(curve, by, name, "By")


@answered
def still_in_therapy(
    curve: Curve, by: float | None = None, name: str = "still-in-therapy"
) -> Sentence:
    """Say how many were still in therapy after one session, whatever ended it.

    Parameters
    ----------
    curve
        From ``still_in_therapy``.
    by
        The session; 10, or the last one shown of every curve, if ``None``.
    name
        Anchor.
    """
    return _at_one_time(curve, by, name, "After")


@answered
def loss(curve: Curve, by: float | None = None, name: str = "loss") -> Sentence:
    """Say how many still gave the questionnaire at one time, which is not leaving therapy.

    Parameters
    ----------
    curve
        From ``still_answering``.
    by
        The time; the last one shown if ``None``.
    name
        Anchor.
    """
    said = _at_one_time(curve, by, name, "At", due=True)
    if said.text == TOO_FEW:
        return said
    if curve.unit == "sessions":
        return Sentence(name, f"{said.text} These are shares of those who came to that session.")
    return Sentence(name, f"{said.text} This is loss to follow-up, not leaving therapy.")


def _deviation(fit: Fit, level: str, kind: str) -> str:
    """Name the step an effect is told for: a standard deviation if it is known, or a point."""
    spread = fit.scales.get(f"alliance_{level}", math.nan)
    if spread > 0:
        return f"one {kind}standard deviation ({in_points(spread)} points)"
    return "one point"


def _ratio(fit: Fit, term: str, subject: str, of: tuple[str, str]) -> str:
    """Word one ratio, per standard deviation if it is known, and per point."""
    scale, event = of
    row, risk = fit.term(term), risk_name(fit.recipe)
    if clear(row):
        direction = "lower" if row["estimate"] < 0 else "higher"
        effect = f"{direction} odds" if risk == "odds" else f"a {direction} {risk}"
    else:
        effect = f"no clear difference in the {risk}"
    spread = fit.scales.get(scale, math.nan)
    told = f"{ratio_name(fit.recipe)} {ratio_per_deviation(row, spread)}"
    return f"{subject} preceded {effect} of {article(event)} ({told})."


def _at_one_time(
    curve: Curve, by: float | None, name: str, preposition: str, *, due: bool = False
) -> Sentence:
    """Say what a curve shows at one time, group by group; of all, or of those it was due from."""
    time, rows = reached(curve, by)
    if rows.empty:
        return Sentence(name, TOO_FEW)
    when = f"{preposition} {moment(time, curve.unit)}"
    from_whom = int(rows.drop_duplicates("group")["at_risk"].sum())
    of = f"due from {from_whom:,}" if due else counted(curve.rows.clients, "client")
    spread = many_groups([str(group) for group in rows["group"].unique()])
    apart = rows[~rows["group"].isin(spread)] if spread else rows
    said = {}
    for group, part in apart.groupby("group", sort=False, dropna=False):
        first_of_all = not said
        shares = [
            share_with_interval(row, first_of_all and place == 0)
            for place, (_, row) in enumerate(part.iterrows())
        ]
        said[str(group)] = happened(list(part["state"]), shares)
    if len(said) == 1 and is_whole(next(iter(said))):
        text = f"{when}, {next(iter(said.values()))} ({of})."
        return Sentence(name, f"{text}{_between(rows, spread)}")
    each = "; ".join(f"{group}, {words}" for group, words in said.items())
    return Sentence(name, f"{when} ({of}): {each}.")


def _between(rows: pd.DataFrame, spread: list[str]) -> str:
    """Say how far many groups lie apart; nothing if there are none."""
    if not spread:
        return ""
    kind = spread[0].rsplit(" ", 1)[0]
    said = [f"{state}, {spread_of(rows, state)}" for state in dict.fromkeys(rows["state"])]
    return (
        f" Between {len(spread)} {kind}s: {'; '.join(said)}. Groups of this size differ by chance "
        "too; how far they truly do is for a model with a random term."
    )
