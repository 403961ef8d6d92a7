"""Sentences on how the alliance moves: by phase, in swings, and up to its ceiling."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.client_swings import FALLS, LARGE, LARGE_FALLS, LASTING, SPREAD
from sessionwise.models.fit import Fit
from sessionwise.models.score_ceiling import ALWAYS, AT, NEAR
from sessionwise.models.wald import contrast
from sessionwise.records.sessions import Sessions
from sessionwise.show.display import Sentence, answered
from sessionwise.show.effect_words import clear
from sessionwise.show.numbers import count, decimals, interval, listed, number, percent
from sessionwise.show.numbers import percent_interval as percent_limits
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.words import called, counted, verdict

STEPS = "steps_"


@answered
def shape(fit: Fit, name: str = "shape") -> Sentence:
    """Say how the alliance moved in each phase, and whether the slopes differ.

    Parameters
    ----------
    fit
        From ``alliance_by_phase``.
    name
        Anchor.

    Examples
    --------
    >>> import sessionwise as sw
    >>> shape(sw.alliance_by_phase(sw.example())).text[:53]
    'Over 1,333 sessions of 120 clients, alliance (SRS) di'
    """
    score = called(fit, fit.outcome, "alliance")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on the shape of {score} is reported: {reason}.")
    rows = [row for _, row in fit.estimates.iterrows() if row["term"].startswith(STEPS)]
    whom = f"{counted(fit.rows.used, 'session')} of {counted(fit.rows.clients, 'client')}"
    moved = f"Over {whom}, {score} {listed([_moved(row) for row in rows])}."
    bends = [_bend(fit, later, earlier) for earlier, later in zip(rows, rows[1:])]
    return Sentence(name, " ".join([moved, *bends, _own_slopes(fit, rows)]).strip(), moved)


def _phase(row: pd.Series) -> str:
    return row["term"].removeprefix(STEPS).replace("_", " ")


def _moved(row: pd.Series) -> str:
    """Say what one phase did."""
    places = decimals(row["low"], row["high"])
    limits = interval(row["low"], row["high"], places)
    if not clear(row):
        points = f"{number(row['estimate'], places)} points per session, {limits}"
        return f"did not clearly move in the {_phase(row)} phase ({points})"
    verb = "fell" if row["estimate"] < 0 else "rose"
    size = number(abs(row["estimate"]), places)
    return f"{verb} by {size} points per session in the {_phase(row)} phase ({limits})"


def _bend(fit: Fit, later: pd.Series, earlier: pd.Series) -> str:
    """Say whether the line bends from one phase to the next."""
    bend = contrast(fit.estimates, fit.covariance, later["term"], earlier["term"])
    places = decimals(bend["low"], bend["high"])
    limits = interval(bend["low"], bend["high"], places)
    between = f"from the {_phase(earlier)} to the {_phase(later)} phase"
    if not clear(bend):
        return (
            f"The slope did not clearly change {between} "
            f"({number(bend['estimate'], places)} points per session, {limits})."
        )
    size = number(abs(bend["estimate"]), places)
    verb = "rose" if bend["estimate"] > 0 else "fell"
    return f"The slope {verb} by {size} points per session {between} ({limits})."


def _own_slopes(fit: Fit, rows: list[pd.Series]) -> str:
    """Say how far clients differ in slope."""
    found = fit.variances[fit.variances["term1"].isin([row["term"] for row in rows])]
    spread = dict(zip(found["term1"], found["sd"]))
    differ = [
        f"{number(spread[row['term']])} in the {_phase(row)} phase"
        for row in rows
        if row["term"] in spread
    ]
    alike = [f"the {_phase(row)} phase" for row in rows if row["term"] not in spread]
    said = []
    if differ:
        said.append(f"Clients' own slopes differed by a standard deviation of {listed(differ)}.")
    if alike:
        said.append(f"No difference between clients' slopes was found in {listed(alike)}.")
    if any("therapist" in term for term in fit.health.dropped):
        said.append("No difference between therapists was found, and the model is without it.")
    return " ".join(said)


@answered
def swinging(found: pd.DataFrame, s: Sessions, alliance: str, name: str = "swinging") -> Sentence:
    """Say how much a client's alliance swings, whether swings last, and how often it falls.

    Parameters
    ----------
    found
        From ``alliance_swings``.
    s, alliance
        The records and the score: what it is called.
    name
        Anchor.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> swinging(sw.alliance_swings(s), s, "srs").text[:42]
    "A client's SRS swung about the client's ow"
    """
    label = s.columns[alliance].label or alliance
    by = found.set_index(["measure", "trend"])
    mean, line = by.loc[(SPREAD, "left in")], by.loc[(SPREAD, "taken out")]
    places = [decimals(one["low"], one["high"]) for one in (mean, line)]
    spread = (
        f"A client's {label} swung about the client's own mean by a standard deviation of "
        f"{number(mean['estimate'], places[0])} points "
        f"({interval(mean['low'], mean['high'], places[0])}), and about the client's own straight "
        f"line by {number(line['estimate'], places[1])} ({_bare(line, places[1])}; "
        f"{counted(int(mean['clients']), 'client')})."
    )
    lasting = [by.loc[(LASTING, trend)] for trend in ("left in", "taken out")]
    first, second = (f"{number(one['estimate'])} ({_bare(one, 2)})" for one in lasting)
    none = [number(one["expected"]) for one in lasting]
    length = number(mean["n"] / mean["clients"], 0)
    lasted = (
        f"{_verdict(lasting)} The lag-1 autocorrelation was {first} about the mean and {second} "
        f"about the line; in courses as long as these ({length} scores on average) it would be "
        f"{none[0]} and {none[1]} if nothing lasted."
    )
    falls = by.loc[(FALLS, "left in")]
    large = by.loc[(LARGE_FALLS, "left in")]
    size = number(LARGE * mean["estimate"], 1)
    fell = (
        f"Of {count(falls['n'], 'step')} from one session to the next, {_fell(falls)} fell by a "
        f"point or more and {_fell(large)} by two standard deviations ({size} points) or more."
    )
    return Sentence(name, f"{spread} {lasted} {fell}", f"{spread} {_verdict(lasting)}")


def _verdict(lasting: list[pd.Series]) -> str:
    """Say whether swings last, with the client's own line left in and taken out."""
    lasts = [bool(one["low"] > one["expected"]) for one in lasting]
    if all(lasts):
        return "Swings lasted into the next session."
    if lasts[0]:
        return "Swings about the mean lasted; those about the line did not clearly."
    if lasts[1]:
        return "Swings about the line lasted into the next session."
    return "Swings did not clearly last into the next session."


def _bare(row: pd.Series, places: int) -> str:
    return interval(row["low"], row["high"], places).removeprefix("95 % CI ")


def _fell(row: pd.Series) -> str:
    many = int(row["count"])
    if many == 0:
        return "none"
    return f"fewer than {SMALLEST}" if many < SMALLEST else percent(row["estimate"], 1)


@answered
def at_the_top(
    found: pd.DataFrame, s: Sessions, alliance: str, name: str = "at-the-top"
) -> Sentence:
    """Say how many scores are at the maximum of the scale, and what follows for means.

    Parameters
    ----------
    found
        From ``at_ceiling``.
    s, alliance
        The records and the score: what it is called.
    name
        Anchor.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> at_the_top(sw.at_ceiling(s), s, "srs").text[:52]
    'None of 1,333 SRS scores is at the maximum of 40, an'
    """
    label = s.columns[alliance].label or alliance
    by = found.set_index("measure")
    top, near, always = by.loc[AT], by.loc[NEAR], by.loc[ALWAYS]
    maximum = f"{top['maximum']:g}"
    of = f"of {counted(int(top['n']), f'{label} score')}"
    if near["count"] < SMALLEST:
        within = "none" if near["count"] == 0 else f"fewer than {SMALLEST}"
        start = "None" if top["count"] == 0 else f"Fewer than {SMALLEST}"
        verb = "is" if top["count"] == 0 else "are"
        text = (
            f"{start} {of} {verb} at the maximum of {maximum}, and {within} within one usual swing "
            "of it: no ceiling stands in the way of means and straight lines here."
        )
        return Sentence(name, text)
    said = f"{_of_them(top, first=True)} {of} were at the maximum of {maximum}"
    head = f"{said}, and {_of_them(near)} within one usual swing of it."
    whose = (
        f"{_of_them(always, first=True)} of {counted(int(always['n']), 'client')} with two scores "
        "or more gave the maximum every time."
    )
    meaning = (
        "A score at the maximum says “this or more”: near the top means and straight lines are "
        "approximate, and rises, swings and differences look smaller than they are."
    )
    return Sentence(name, f"{head} {whose} {meaning}", head)


def _of_them(row: pd.Series, *, first: bool = False) -> str:
    """Write a share with its interval, small counts as such."""
    many = int(row["count"])
    if 0 < many < SMALLEST:
        return f"{'Fewer' if first else 'fewer'} than {SMALLEST}"
    if many == 0:
        return "None" if first else "none"
    return f"{percent(row['share'])} ({percent_limits(row['low'], row['high'])})"
