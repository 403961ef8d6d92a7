"""Sentences about outcomes: the next session's, the course, and differences between groups."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Fit
from sessionwise.show.display import Nothing, Sentence, answered
from sessionwise.show.numbers import decimals, interval, number
from sessionwise.show.words import CLOCKS, article, called, capital, of_whom, verdict, without

Better = Literal["higher", "lower", ""]


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
        clock, and ``scales`` ``alliance_within``, ``alliance_between``, ``outcome_within``,
        ``outcome_between`` in scale points.
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
    base, better = _split_column(fit), fit.better
    alliance = alliance or called(fit, base.removesuffix("_lag1"), "alliance")
    said = [
        _within(fit.term(f"{base}_within"), fit, alliance, outcome, better),
        _per_deviation(fit.term(f"{base}_within"), fit, alliance, outcome, "within"),
        _between(fit.term(f"{base}_between"), alliance, outcome, better),
        _per_deviation(fit.term(f"{base}_between"), fit, alliance, outcome, "between"),
        without(fit),
    ]
    return Sentence(name, " ".join(part for part in said if part), f"{said[0]} {said[2]}")


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
    size, limits = _points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    if not _clear(row):
        text = (
            f"{capital(outcome)} showed no clear change: {_signed(row)} points per {unit} {held}."
        )
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
    size, limits = _points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    if _clear(row):
        side = "higher" if row["estimate"] > 0 else "lower"
        return f"{capital(outcome)} was {size} points {side} in {one} than in {other} {held}."
    return (
        f"{capital(outcome)} showed no clear difference between {one} and {other}: "
        f"{_signed(row)} points {held}."
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


def _split_column(fit: Fit) -> str:
    """Find the score that was split within and between clients."""
    terms = set(fit.estimates["term"])
    for term in fit.estimates["term"]:
        base = term.removesuffix("_within")
        if base != term and base not in CLOCKS and f"{base}_between" in terms:
            return base
    problem = Problem(
        "the fit has no pair of terms X_within and X_between",
        f"terms {', '.join(fit.estimates['term'])}",
        "Give the fit of alliance_and_next_outcome, or one with a score split the same way.",
    )
    raise InvalidInput([problem], source="a sentence on the next outcome")


def _clear(row: pd.Series) -> bool:
    """Say whether the interval leaves 0 out."""
    return bool(row["low"] > 0 or row["high"] < 0)


def _points(row: pd.Series) -> tuple[str, str]:
    """Give the size of an estimate without its sign, and its interval."""
    places = decimals(row["low"], row["high"])
    return number(abs(row["estimate"]), places), interval(row["low"], row["high"], places)


def _signed(row: pd.Series) -> str:
    return number(row["estimate"], decimals(row["low"], row["high"]))


def _side(row: pd.Series, better: Better) -> str:
    """Name the direction, and whether it is the better one."""
    side = "higher" if row["estimate"] > 0 else "lower"
    if not better:
        return side
    return f"{side} ({'better' if side == better else 'worse'})"


def _within(row: pd.Series, fit: Fit, alliance: str, outcome: str, better: Better) -> str:
    size, limits = _points(row)
    held = f"({limits}; {of_whom(fit.rows)})"
    lagged = row["term"].endswith("_lag1_within")
    when = "at the next session" if lagged else "at the end of the same session"
    start = f"A session rated one point higher in {alliance} than the client's own average preceded"
    if _clear(row):
        return f"{start} {article(outcome)} {size} points {_side(row, better)} {when} {held}."
    return f"{start} no clear difference in {outcome} {when}: {_signed(row)} points {held}."


def _between(row: pd.Series, alliance: str, outcome: str, better: Better) -> str:
    size, limits = _points(row)
    if _clear(row):
        return (
            f"Between clients, an average {alliance} one point higher went with "
            f"{article(outcome)} {size} points {_side(row, better)} ({limits})."
        )
    return (
        f"Between clients, an average {alliance} one point higher went with no clear difference in "
        f"{outcome}: {_signed(row)} points ({limits})."
    )


def _per_deviation(
    row: pd.Series, fit: Fit, alliance: str, outcome: str, level: Literal["within", "between"]
) -> str:
    """Give an estimate per standard deviation of the predictor, in points and in deviations."""
    spread = fit.scales.get(f"alliance_{level}", np.nan)
    unit = fit.scales.get(f"outcome_{level}", np.nan)
    if not spread > 0:
        return ""
    many = row["estimate"] * spread
    shown = abs(many) if _clear(row) else many
    of = f"the {level}-client standard deviation of {outcome}"
    share = f", {number(shown / unit)} of {of}" if unit > 0 else ""
    return (
        f"Per {level}-client standard deviation of {alliance} ({number(spread, 1)} points) that is "
        f"{number(shown)} points{share}."
    )
