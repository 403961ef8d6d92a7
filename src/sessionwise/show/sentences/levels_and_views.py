"""Sentences on where the alliance varies, and on the client's and the therapist's view of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.models.fit import Fit, Unanswered
from sessionwise.models.rater_pairs import TRACKED
from sessionwise.models.rater_views import AGREEMENT, STANDARDISED
from sessionwise.models.variance_levels import CLIENTS, SESSIONS, THERAPISTS
from sessionwise.show.display import Sentence, answered
from sessionwise.show.numbers import count, decimals, interval, listed, number, percent
from sessionwise.show.words import called, counted, of_whom, verdict

DEPENDABLE = (
    "For comparison, Crits-Christoph et al. (2011; 45 clients of 9 therapists) found 0.77 for one "
    "session, and wanted four sessions or more, and about 60 clients of a therapist."
)
DIFFER = (
    "For comparison, Igra et al. (2020) found differences of 0.46 in size over 22 studies, of "
    "clients with severe disorders."
)


@answered
def levels(
    shares: pd.DataFrame, dependable: pd.DataFrame, fit: Fit, name: str = "levels"
) -> Sentence:
    """Say where the alliance varies, and how many sessions and clients a mean needs.

    Parameters
    ----------
    shares, dependable, fit
        From ``variance_shares``, ``dependability`` and ``alliance_levels``.
    name
        Anchor.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s, fit = sw.example(), sw.alliance_levels(sw.example())
    >>> shares = sw.variance_shares(fit, s)
    >>> levels(shares, sw.dependability(shares, fit), fit).text[:44]
    'Of the variance of single alliance (SRS) sco'
    """
    score = called(fit, fit.outcome, "alliance")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on where {score} varies is reported: {reason}.")
    by = shares.set_index("level")
    several = THERAPISTS in by.index
    words = {
        THERAPISTS: "between therapists",
        CLIENTS: "between clients of one therapist" if several else "between clients",
        SESSIONS: "between sessions of one client",
    }
    told = []
    for level, row in by.iterrows():
        limits = f"{number(100 * row['low'], 0)} to {number(100 * row['high'], 0)}"
        limits = limits if told else f"95 % CI {limits}"
        lay = "" if told else "lay "
        told.append(f"{percent(row['share'])} ({limits}) {lay}{words[level]}")
    first = f"Of the variance of single {score} scores {listed(told)} ({of_whom(fit.rows)})."
    said = [first, *_of_clients(dependable), *_of_therapists(dependable, by, fit), DEPENDABLE]
    return Sentence(name, " ".join(said), first)


def _of_clients(dependable: pd.DataFrame) -> list[str]:
    """Say how dependable one score is, and how many it takes."""
    found = dependable[dependable["mean_of"] == "sessions of a client"]
    one = found[found["number"] == 1].iloc[0]
    said = f"One score told clients apart with a dependability of {number(one['dependability'])}"
    wanted = found[found["wanted"].notna()]
    if wanted.empty:
        return [f"{said}."]
    row = wanted.iloc[0]
    takes = count(row["number"], "session")
    return [
        f"{said} ({interval(one['low'], one['high'])}); for {number(row['wanted'])} the mean of "
        f"{takes} is needed ({_between(row)})."
    ]


def _of_therapists(dependable: pd.DataFrame, by: pd.DataFrame, fit: Fit) -> list[str]:
    """Say how many clients it takes to know a therapist's mean."""
    if THERAPISTS not in by.index:
        return []
    if by.loc[THERAPISTS, "share"] == 0:
        return ["These data show no difference between therapists, whose means tell nothing apart."]
    found = dependable[dependable["mean_of"] == "clients of a therapist"]
    wanted = found[found["wanted"].notna()]
    if wanted.empty:
        return ["No number of clients would make a therapist's mean dependable."]
    row = wanted.iloc[0]
    each = number(fit.rows.used / fit.rows.clients, 0)
    return [
        f"A therapist's mean reaches {number(row['wanted'])} with {count(row['number'], 'client')} "
        f"of {each} sessions each ({_between(row)})."
    ]


def _between(row: pd.Series) -> str:
    """Give the range of a number that is needed, by the limits of the share it rests on."""
    if np.isinf(row["number_high"]):
        low = count(row["number_low"])
        return f"{low} or more by the limits of the share, and perhaps no number would do"
    low, high = count(row["number_low"]), count(row["number_high"])
    return f"{low if low == high else f'{low} to {high}'} by the limits of the share"


@answered
def views(fit: Fit, agreement: pd.DataFrame | Unanswered, name: str = "views") -> Sentence:
    """Say how far the therapist's view lies from the client's, and whether it follows it.

    Parameters
    ----------
    fit
        From ``two_views``.
    agreement
        From ``agreement``.
    name
        Anchor.
    """
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on the two views is reported: {reason}.")
    bias, tracking = fit.term("Intercept"), fit.term(TRACKED)
    places = decimals(bias["low"], bias["high"])
    limits = interval(bias["low"], bias["high"], places)
    start = "At a session the client rated as usual, the therapist's score was"
    if bias["low"] > 0 or bias["high"] < 0:
        side = "lower" if bias["estimate"] < 0 else "higher"
        far = f"{number(abs(bias['estimate']), places)} points {side} than the client's"
    else:
        far = f"not clearly another ({number(bias['estimate'], places)} points)"
    first = f"{start} {far} (directional bias, {limits}; {of_whom(fit.rows)})."
    said = [first, _tracking(tracking), _dyads_differ(fit)]
    if not isinstance(agreement, Unanswered):
        said.append(_between_dyads(agreement.set_index("measure")))
    text = " ".join(part for part in said if part)
    return Sentence(name, text, f"{first} {_tracking(tracking)}")


def _between_dyads(by: pd.DataFrame) -> str:
    """Say how the views agree between dyads, and how far they lie apart."""
    alike, apart = by.loc[AGREEMENT], by.loc[STANDARDISED]
    side = "below" if apart["estimate"] < 0 else "above"
    return (
        f"Between {counted(int(alike['dyads']), 'dyad')}, mean scores of clients and therapists "
        f"correlated by {number(alike['estimate'])} ({interval(alike['low'], alike['high'], 2)}), "
        f"and therapists' scores lay {number(abs(apart['estimate']))} standard deviations {side} "
        f"clients' (d = {number(apart['estimate'])}, {interval(apart['low'], apart['high'], 2)}). "
        f"{DIFFER}"
    )


def _tracking(row: pd.Series) -> str:
    """Say whether the therapist's score moves with the client's."""
    places = decimals(row["low"], row["high"])
    limits = f"(tracking, {interval(row['low'], row['high'], places)})"
    size = number(row["estimate"], places)
    start = "Where the client's score was one point above the client's mean, the therapist's was"
    if row["low"] > 0:
        return f"{start} {size} points higher {limits}: {_how_closely(row)}."
    if row["high"] < 0:
        return f"{start} {number(abs(row['estimate']), places)} points lower {limits}."
    return f"{start} not clearly another: {size} points {limits}."


def _how_closely(row: pd.Series) -> str:
    if row["high"] < 1:
        return "it followed, by less than point for point"
    if row["low"] > 1:
        return "it followed, by more than point for point"
    return "it followed, and point for point cannot be ruled out"


def _dyads_differ(fit: Fit) -> str:
    """Say how far dyads and therapists differ in bias and in tracking."""
    found = {(row.group, row.term1): row.sd for row in fit.variances.itertuples()}
    said = []
    for (group, term), spread in found.items():
        if group != "Residual":
            what = "tracking" if term == TRACKED else "bias"
            whom = "therapists" if group == "therapist" else "dyads"
            said.append(f"{number(spread)} between {whom} in {what}")
    if not said:
        return ""
    return f"Standard deviations: {listed(said)}."
