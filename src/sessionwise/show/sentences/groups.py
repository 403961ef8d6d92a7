"""Sentences about groups that stay and leave, and about early alliance and how courses end."""

from __future__ import annotations

import numpy as np

from sessionwise.models.curve_comparison import ATTENDED, LOST, MOST_GROUPS, GroupsCompared
from sessionwise.models.early_alliance_ending import IncidenceFit
from sessionwise.show.display import Note, Sentence, answered, explained
from sessionwise.show.effect_words import clear
from sessionwise.show.numbers import count, interval, number, p_value
from sessionwise.show.ratios import in_points, ratio_per_deviation
from sessionwise.show.words import called, counted, of_whom, verdict


@explained
def groups_apart(compared: GroupsCompared, name: str = "groups-apart") -> Sentence | Note:
    """Say how many sessions groups attended and lost, and whether their curves differ.

    Parameters
    ----------
    compared
        From ``groups_compared``.
    name
        Anchor.
    """
    clients = counted(compared.rows.clients, "client")
    said = [f"Up to session {compared.until} ({clients}), {_means(compared)}."]
    if len(compared.differences):
        said.append(_gaps(compared))
    said.append(f"{_tests(compared)}.")
    return Sentence(name, " ".join(said))


@answered
def early_ending(fit: IncidenceFit, name: str = "early-ending") -> Sentence:
    """Say whether more, or fewer, of those with a higher early alliance ever ended this way.

    Parameters
    ----------
    fit
        From ``early_alliance_and_ending``.
    name
        Anchor.

    Returns
    -------
    Sentence
        Per standard deviation of the early mean and per point; about the cumulative incidence.
    """
    score = fit.alliance.removesuffix("_early")
    alliance = called(fit, score, "alliance")
    ended = f"{'planned' if fit.ending == 'planned' else 'unplanned'} endings"
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on early {alliance} and {ended} is reported: {reason}.")
    row, spread = fit.term(fit.alliance), fit.scales["alliance_between"]
    if clear(row):
        effect = f"{'fewer' if row['estimate'] < 0 else 'more'} {ended}"
    else:
        effect = f"neither clearly more nor clearly fewer {ended}"
    text = (
        f"An early {alliance} one standard deviation ({in_points(spread)} points) higher went "
        f"with {effect} in the end (subdistribution hazard ratio "
        f"{ratio_per_deviation(row, spread)}). This is about how many ever end this way, "
        "other endings counted as such, and not about the rate among clients still in therapy. It "
        f"rests on {of_whom(fit.rows, events=ended.removesuffix('s'))}."
    )
    return Sentence(name, text)


def _means(compared: GroupsCompared) -> str:
    """Say what each group attended, or between what many of them lie."""
    rows = compared.means[compared.means["measure"] == ATTENDED]
    if len(rows) > MOST_GROUPS:
        low, high = rows["estimate"].min(), rows["estimate"].max()
        return (
            f"{count(len(rows))} groups attended between {number(low, 1)} and {number(high, 1)} "
            "sessions on average, chance included"
        )
    each = []
    for row in rows.to_dict("records"):
        limits = "" if np.isnan(row["low"]) else f" ({_limits(row, not each)})"
        each.append(f"{row['group']}, {number(row['estimate'], 1)}{limits}")
    return f"sessions attended on average: {'; '.join(each)}"


def _gaps(compared: GroupsCompared) -> str:
    """Say how far each group is from the first."""
    said = []
    for measure in (ATTENDED, LOST):
        rows = compared.differences[compared.differences["measure"] == measure]
        each = [_gap(row, not said) for row in rows.to_dict("records")]
        said.append(f"in {measure}: {'; '.join(each)}")
    first = compared.means["group"].iloc[0]
    return f"Differences from {first} {said[0]}. Differences {said[1]}."


def _gap(row: dict, first: bool) -> str:
    """Say how far one group is from the first, without limits where nobody ended in one of them."""
    told = f"{row['group']}, {number(row['estimate'], 1)}"
    return told if np.isnan(row["p"]) else f"{told} ({_limits(row, first)}; {p_value(row['p'])})"


def _limits(row: dict, first: bool) -> str:
    """Write limits; the words "95 % CI" only the first time."""
    said = interval(row["low"], row["high"], 1)
    return said if first else said.removeprefix("95 % CI ")


def _tests(compared: GroupsCompared) -> str:
    """Give the tests as a results section does."""
    said = [
        f"{row['of']}, {row['test']} χ²({count(row['df'])}) = {number(row['statistic'])}, "
        f"{p_value(row['p'])}"
        for row in compared.tests.to_dict("records")
        if row["df"]
    ]
    return f"Tests between the groups: {'; '.join(said)}" if said else "No test was possible"
