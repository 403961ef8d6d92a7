"""Tables of who came and how it ended, with small numbers suppressed where they could be found."""

from __future__ import annotations

import pandas as pd

from sessionwise.show.display import Table, explained
from sessionwise.show.numbers import percent
from sessionwise.show.suppression import WITHHELD, suppress
from sessionwise.show.tables import table
from sessionwise.show.words import capital, counted

EVERYBODY = "all"


@explained
def who_came(frame: pd.DataFrame, name: str = "who-came", title: str = "") -> Table:
    """Show who came, by what was known at intake.

    The levels of a characteristic add up to its group, so a lone small level takes another with it.

    Parameters
    ----------
    frame
        ``characteristic, level, group, courses, mean, sd, share``, as counted by features.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    somebody = frame.groupby(["characteristic", "level"])["courses"].transform("sum") > 0
    frame = frame[somebody].reset_index(drop=True)
    hidden = suppress(frame, ["courses"], together=["characteristic", "group"])
    if set(frame["group"].astype(str)) <= {EVERYBODY}:
        hidden = hidden.drop(columns="group")
    hidden = hidden.assign(characteristic=[capital(str(word)) for word in frame["characteristic"]])
    groups = hidden.loc[(frame["characteristic"] == "courses").to_numpy(), "courses"].tolist()
    known = not any(isinstance(cell, str) for cell in groups)
    told = sum(groups) if known else frame["courses"].iloc[0] if len(groups) == 1 else 0
    all_came = "first session" not in set(frame["characteristic"])
    asked = "Who came" if all_came else "Who was expected, and who came"
    heading = title or (f"{asked}: {counted(told, 'course')} of therapy" if told else asked)
    note = "Numbers are means with standard deviations (SD), categories shares of their group."
    note += "" if somebody.all() else " Levels nobody has are not shown."
    return table(hidden, name, heading, note, labels={"sd": "SD"}, digits=1)


@explained
def endings(frame: pd.DataFrame, name: str = "endings", title: str = "") -> Table:
    """Show how the courses ended; a share of courses, not a probability.

    Parameters
    ----------
    frame
        ``ending, courses, share, median_sessions``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    hidden = suppress(frame, ["courses"], together=[])
    words = [capital(str(word).replace("_", " ")) for word in frame["ending"]]
    return table(
        hidden.assign(ending=words),
        name,
        title or f"How {counted(frame['courses'].sum(), 'course')} ended",
        "Shares are of courses, not probabilities: courses still open may end either way.",
        labels={"share": "Share of courses", "median_sessions": "Median sessions"},
        digits=1,
    )


@explained
def forms(frame: pd.DataFrame, name: str = "forms", title: str = "") -> Table:
    """Show how many of the forms that were due were filled in.

    Parameters
    ----------
    frame
        ``score, group, due, filled, share``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    hidden = suppress(frame, ["due", "filled"], together=[])
    told = frame[hidden["share"] != WITHHELD]
    if set(frame["group"].astype(str)) <= {EVERYBODY}:
        hidden = hidden.drop(columns="group")
    return table(
        hidden,
        name,
        title or _fewest(told, hidden=len(told) < len(frame)),
        labels={"share": "Share of those due"},
    )


def _fewest(told: pd.DataFrame, *, hidden: bool) -> str:
    """Say of which form the fewest were filled in, among the rows whose share may be told."""
    if told.empty:
        return "Forms filled in"
    lowest = told.loc[told["share"].idxmin()]
    who = "" if lowest["group"] == EVERYBODY else f" ({lowest['group']})"
    those = " of those shown" if hidden else ""
    return (
        f"Forms filled in: at least {percent(lowest['share'])} of those due, "
        f"{lowest['score']}{who} the fewest{those}"
    )
