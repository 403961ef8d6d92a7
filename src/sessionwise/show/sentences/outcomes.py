"""Sentences about outcomes: the next session's, the course, and differences between groups."""

from __future__ import annotations

import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Fit
from sessionwise.show.display import Nothing, Sentence, answered
from sessionwise.show.effect_words import (
    Better,
    clear,
    holds_previous,
    per_deviation,
    points,
    side,
    signed,
    split_column,
    trend_removed,
    within_term,
)
from sessionwise.show.words import CLOCKS, article, called, capital, of_whom, verdict, without


@answered
def next_outcome(
    fit: Fit, alliance: str = "", outcome: str = "", name: str = "next-outcome"
) -> Sentence:
    """Say what an alliance above the client's own average preceded at the next session.

    The verb is "preceded": the order in time is in the data, the cause is not. An interval that
    holds 0 is "no clear difference".

    Parameters
    ----------
    fit
        A hybrid model with one pair of terms ``X_within`` and ``X_between`` beside those of the
        clock, and ``scales`` of the same names and of the outcome, in points.
    alliance, outcome
        What the scores are called; by default ``"alliance (SRS)"``, by the labels of the fit.
    name
        Anchor.

    Returns
    -------
    Sentence
        What an unsound fit says is only that it is no finding.

    Raises
    ------
    InvalidInput
        The fit has no such pair of terms.
    """
    outcome = outcome or called(fit, fit.outcome, "outcome")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on the next {outcome} is reported: {reason}.")
    base, better = split_column(fit), fit.better
    alliance = alliance or called(fit, base.removesuffix("_lag1"), "alliance")
    said = [
        _within(fit.term(within_term(fit)), fit, alliance, outcome, better),
        per_deviation(fit.term(within_term(fit)), fit, alliance, outcome, "within"),
        _between(fit.term(f"{base}_between"), alliance, outcome, better),
        per_deviation(fit.term(f"{base}_between"), fit, alliance, outcome, "between"),
        without(fit),
        fit.recipe.caution,
    ]
    headline = f"{said[0]} {said[2]}"
    if trend_removed(fit):  # between clients it compares the same means
        said[2:4], headline = [], said[0]
    if holds_previous(fit):  # what it says between clients the model without it says as well
        said[2:4], headline = [], f"{said[0]} {_brief(fit.recipe.caution)}".strip()
    return Sentence(name, " ".join(part for part in said if part), headline)


@answered
def following_alliance(
    fit: Fit, alliance: str = "", outcome: str = "", name: str = "following-alliance"
) -> Sentence:
    """Say what an outcome above the client's own average preceded in the alliance rated after it.

    Parameters
    ----------
    fit
        Of ``outcome_and_alliance``.
    alliance, outcome
        What the scores are called; by default by the labels of the fit.
    name
        Anchor.

    Raises
    ------
    InvalidInput
        The fit has no pair of terms ``X_within`` and ``X_between``.
    """
    alliance = alliance or called(fit, fit.outcome, "alliance")
    if reason := verdict(fit.health):
        return Sentence(
            name, f"No finding on the {alliance} after a session is reported: {reason}."
        )
    base = split_column(fit)
    outcome = outcome or called(fit, base.removesuffix("_lag1"), "outcome")
    row = fit.term(f"{base}_within")
    first = _reverse(row, fit, alliance, outcome)
    deviation = per_deviation(row, fit, outcome, alliance, "within")
    said = [first, deviation, without(fit), fit.recipe.caution]
    headline = f"{first} {_brief(fit.recipe.caution)}".strip()
    return Sentence(name, " ".join(part for part in said if part), headline)


@answered
def growth(fit: Fit, outcome: str = "", name: str = "growth") -> Sentence:
    """Say how much a score rose or fell per session or month.

    Parameters
    ----------
    fit
        A growth model; its clock is a term, and the recipe says what one step of it is.
    outcome
        What changed; by default ``"outcome (ORS)"``, by the labels of the fit.
    name
        Anchor.

    Raises
    ------
    InvalidInput
        The fit has no term of a clock.
    """
    outcome, unit = outcome or called(fit, fit.outcome, "outcome"), fit.recipe.step
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on the course of {outcome} is reported: {reason}.")
    row = fit.term(_clock(fit))
    size, limits = points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    if not clear(row):
        text = f"{capital(outcome)} showed no clear change: {signed(row)} points per {unit} {held}."
    else:
        verb = "fell" if row["estimate"] < 0 else "rose"
        text = f"{capital(outcome)} {verb} by {size} points per {unit} {held}."
    return Sentence(name, f"{text} {without(fit)}".strip())


@answered
def difference(fit: Fit, by: str, name: str = "difference") -> Sentence | Nothing:
    """Say how two groups differed at every time, other terms of the model being equal.

    Parameters
    ----------
    fit
        A linear model with the group among its terms.
    by
        The column of the group; empty: the study compares none.
    name
        Anchor.

    Returns
    -------
    Sentence or Nothing
        One sentence for each level, compared with the reference; nothing without groups.
    """
    terms = [term for term in fit.estimates["term"] if by and term.startswith(f"{by}[")]
    if not terms:
        return Nothing()
    outcome = called(fit, fit.outcome, "outcome")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on {outcome} by group is reported: {reason}.")
    other = dict(fit.recipe.references).get(by, "the others")
    said = [_apart(fit, term, term.removeprefix(f"{by}[")[:-1], other, outcome) for term in terms]
    return Sentence(name, " ".join([*said, without(fit)]).strip())


def _apart(fit: Fit, term: str, one: str, other: str, outcome: str) -> str:
    """Say how far one group was from the reference."""
    row = fit.term(term)
    size, limits = points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    if clear(row):
        way = "higher" if row["estimate"] > 0 else "lower"
        return f"{capital(outcome)} was {size} points {way} in {one} than in {other} {held}."
    return (
        f"{capital(outcome)} showed no clear difference between {one} and {other}: "
        f"{signed(row)} points {held}."
    )


def _clock(fit: Fit) -> str:
    """Find the clock among the terms."""
    for term in fit.estimates["term"]:
        if term in CLOCKS:
            return str(term)
    problem = Problem(
        "the fit has no term of a clock",
        f"terms {', '.join(fit.estimates['term'])}",
        "Give the fit of outcome_over_time, or one with `session` or `time` among its terms.",
    )
    raise InvalidInput([problem], source="a sentence on the course of a score")


def _within(row: pd.Series, fit: Fit, alliance: str, outcome: str, better: Better) -> str:
    size, limits = points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    lagged = "_lag1_" in row["term"]
    when = "at the next session" if lagged else "at the end of the same session"
    usual = "straight line" if trend_removed(fit) else "average"
    start = f"A session rated one point higher in {alliance} than the client's own {usual} preceded"
    if holds_previous(fit):
        start = f"With the {outcome} of the session before held, {start[0].lower()}{start[1:]}"
    if clear(row):
        return f"{start} {article(outcome)} {size} points {side(row, better)} {when} {held}."
    return f"{start} no clear difference in {outcome} {when}: {signed(row)} points {held}."


def _between(row: pd.Series, alliance: str, outcome: str, better: Better) -> str:
    size, limits = points(row)
    if clear(row):
        return (
            f"Between clients, an average {alliance} one point higher went with "
            f"{article(outcome)} {size} points {side(row, better)} ({limits})."
        )
    return (
        f"Between clients, an average {alliance} one point higher went with no clear difference in "
        f"{outcome}: {signed(row)} points ({limits})."
    )


def _brief(caution: str) -> str:
    """Give a caution without its reasons."""
    return f"{caution.partition(':')[0]}." if caution else ""


def _reverse(row: pd.Series, fit: Fit, alliance: str, outcome: str) -> str:
    size, limits = points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    came = f"{article(outcome)} one point above the client's own average"
    if row["term"].endswith("_lag1_within"):
        start = f"A session after one with {came} was rated"
    else:
        start = f"A session to which a client came with {came} was afterwards rated"
    if holds_previous(fit):
        start = f"With the {alliance} of the session before held, {start[0].lower()}{start[1:]}"
    if clear(row):
        return f"{start} {size} points {side(row, fit.better)} in {alliance} {held}."
    return f"{start} with no clear difference in {alliance}: {signed(row)} points {held}."
