"""Sentences about who differs: at three levels, and between clients in what swings preceded."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Fit
from sessionwise.models.mixed_fit import MixedFit
from sessionwise.show.display import Sentence, answered
from sessionwise.show.effect_words import (
    clear,
    points,
    side,
    signed,
    split_column,
    trend_removed,
    within_term,
)
from sessionwise.show.numbers import count, number, p_value, percent
from sessionwise.show.words import article, called, of_whom, verdict, without


@answered
def three_levels(
    fit: Fit, alliance: str = "", outcome: str = "", name: str = "three-levels"
) -> Sentence:
    """Say what swings, clients of one therapist and therapists showed, each with its error.

    Parameters
    ----------
    fit
        Of ``alliance_at_three_levels``.
    alliance, outcome
        What the scores are called; by default ``"alliance (SRS)"``, by the labels of the fit.
    name
        Anchor.

    Returns
    -------
    Sentence
        An unsound fit says only that it is no finding.

    Raises
    ------
    InvalidInput
        The fit has no part between therapists.
    """
    outcome = outcome or called(fit, fit.outcome, "outcome")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on {outcome} at three levels is reported: {reason}.")
    base = _three_parts(fit)
    alliance = alliance or called(fit, base.removesuffix("_lag1"), "alliance")
    own, clients, therapists = (
        fit.term(f"{base}_{part}") for part in ("within", "between_clients", "between_therapists")
    )
    when = "at the next session" if base.endswith("_lag1") else "at the end of the same session"
    said = [
        f"Within clients, a session rated one point higher in {alliance} than the client's average "
        f"with that therapist preceded {_amount(own, fit, outcome, when)} "
        f"({points(own)[1]}; {of_whom(fit.rows)}).",
        f"Between clients of one therapist, an average {alliance} one point higher went with "
        f"{_amount(clients, fit, outcome)} ({points(clients)[1]}).",
        "Between therapists, clients' averages one point higher went with "
        f"{_amount(therapists, fit, outcome)} ({points(therapists)[1]}; "
        f"{count(fit.rows.therapists, 'therapist')}).",
    ]
    apart = tuple(term for term in fit.health.dropped if "therapist" not in term)
    others = without(fit.replace(health=replace(fit.health, dropped=apart)))
    whole = [*said, others, fit.recipe.caution]
    return Sentence(name, " ".join(part for part in whole if part), " ".join(said[1:]))


@answered
def clients_apart(
    fit: MixedFit, alliance: str = "", outcome: str = "", name: str = "clients-apart"
) -> Sentence:
    """Say how far clients differ in what a session above their own average preceded.

    The share below zero takes the clients' effects as normal around the average, with the standard
    deviation of the fit; that of single clients cannot be seen in a few sessions.

    Parameters
    ----------
    fit
        Of ``alliance_and_next_outcome`` with ``slopes="of time and alliance"``.
    alliance, outcome
        What the scores are called; by default by the labels of the fit.
    name
        Anchor.

    Returns
    -------
    Sentence
        With limits of the standard deviation by profile likelihood, and whether it can be told from
        none. Where it was estimated as zero: that these data show no difference.

    Raises
    ------
    InvalidInput
        The fit let no effect differ between clients.
    """
    outcome = outcome or called(fit, fit.outcome, "outcome")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on how clients differ is reported: {reason}.")
    base = split_column(fit)
    alliance = alliance or called(fit, base.removesuffix("_lag1"), "alliance")
    row = fit.term(within_term(fit))
    usual = "straight line" if trend_removed(fit) else "average"
    start = (
        f"On average over clients, a session rated one point higher in {alliance} than the "
        f"client's own {usual} preceded {_amount(row, fit, outcome)} "
        f"({points(row)[1]}; {of_whom(fit.rows)})."
    )
    found = fit.variances[fit.variances["term1"] == row["term"]]
    if found.empty:
        _refuse_alike(fit, row["term"])
        return Sentence(name, f"{start} {without(fit)}")
    sd = float(found["sd"].iloc[0])
    below = NormalDist(float(row["estimate"]), sd).cdf(0)
    low, high = (float(row["estimate"]) + 1.96 * end * sd for end in (-1, 1))
    group = found["group"].iloc[0]
    p_none = fit.test(f"(0 + {row['term']} | {group})").p
    limits = fit.intervals().set_index("term").loc[f"sd({row['term']} | {group})"]
    but, taken = ("", "If it differs normally")
    if p_none >= 0.05:
        but, taken = (
            ", which these data cannot tell from none",
            "If it differs by that, and normally",
        )
    apart = (
        f"Between clients this effect has a standard deviation of {number(sd)} points{but} "
        f"(95 % CI {number(limits['low'])} to {number(limits['high'])}; likelihood ratio, "
        f"{p_value(p_none)}). {taken}, it is between {number(low)} and "
        f"{number(high)} in 95 % of clients and below zero in {_share(below)}."
    )
    return Sentence(name, " ".join(part for part in (start, apart, without(fit)) if part))


def _amount(row: pd.Series, fit: Fit, outcome: str, when: str = "") -> str:
    """Write one effect; one whose interval holds 0 is not clear."""
    later = f" {when}" if when else ""
    if clear(row):
        return f"{article(outcome)} {points(row)[0]} points {side(row, fit.better)}{later}"
    return f"no clear difference in {outcome}{later}: {signed(row)} points"


def _share(below: float) -> str:
    return "fewer than 1 %" if below < 0.01 else percent(below)


def _three_parts(fit: Fit) -> str:
    """Find the score that was split in three."""
    for term in fit.estimates["term"]:
        if term.endswith("_between_therapists"):
            return str(term).removesuffix("_between_therapists")
    problem = Problem(
        "the fit has no part between therapists",
        f"terms {', '.join(fit.estimates['term'])}",
        "Give the fit of alliance_at_three_levels.",
    )
    raise InvalidInput([problem], source="a sentence on three levels")


def _refuse_alike(fit: Fit, term: str) -> None:
    """Refuse a fit that never let the effect differ."""
    if not any(term in gone for gone in fit.health.dropped):
        problem = Problem(
            f"the fit holds `{term}` to be the same in all clients",
            fit.recipe.formula,
            "Give alliance_and_next_outcome with slopes='of time and alliance'.",
        )
        raise InvalidInput([problem], source="a sentence on how clients differ")
