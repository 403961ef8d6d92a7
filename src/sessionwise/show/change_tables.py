"""Tables of who changed: what counts as change, and the verdicts of each group."""

from __future__ import annotations

import pandas as pd

from sessionwise.engine.reliable_change import VERDICTS
from sessionwise.models.classified import Classified
from sessionwise.show.display import Note, Nothing, Table, answered, explained
from sessionwise.show.suppression import SMALLEST, WITHHELD
from sessionwise.show.tables import table
from sessionwise.show.who_tables import EVERYBODY
from sessionwise.show.words import capital, counted

BESIDE = {
    "recovered": ("improved", "unchanged", "deteriorated"),
    "improved": ("recovered", "unchanged", "deteriorated"),
    "unchanged": ("improved", "deteriorated", "recovered"),
    "deteriorated": ("unchanged", "improved", "recovered"),
}
"""Which count is withheld beside a small one, so that the rest of the group can still be told."""


def verdict_counts(changed: Classified) -> pd.DataFrame:
    """Count the verdicts of each group, without what could point to a person.

    A count of 1 to 4 is ``"< 5"``, and where it is the only one of its group a neighbour is
    withheld, as the sum is known: the verdict next to it, so that "deteriorated or unchanged" is
    what can be worked out, and recovered stays. Of a group of fewer than five nothing is told.

    Parameters
    ----------
    changed
        The courses with their verdicts.

    Returns
    -------
    DataFrame
        ``group, verdict, courses, share``, four rows a group; shares are of the group.
    """
    found = changed.shares.astype({"courses": object, "share": object})
    for _, group in changed.shares.groupby("group", sort=False):
        many = dict(zip(group["verdict"], group["courses"]))
        places = dict(zip(group["verdict"], group.index))
        small = [verdict for verdict in VERDICTS if 0 < many[verdict] < SMALLEST]
        if sum(many.values()) < SMALLEST:
            hidden, small = list(VERDICTS), []
        elif len(small) == 1:
            hidden = [*small, next(word for word in BESIDE[small[0]] if many[word] > 0)]
        else:
            hidden = small
        at = [places[verdict] for verdict in hidden]
        found.loc[at, ["courses", "share"]] = WITHHELD
        found.loc[[places[verdict] for verdict in small], "courses"] = f"< {SMALLEST}"
    return found


@explained
def change_criteria(
    changed: Classified, name: str = "change-criteria", title: str = ""
) -> Table | Note:
    """Show what counts as change, and on whose word.

    Parameters
    ----------
    changed
        The courses with their verdicts.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table or Note
        ``what, value``, in points of the score but for the reliability.
    """
    side = "below it" if changed.better == "higher" else "at or above it"
    lines = [("Smallest change that counts", changed.criterion)]
    if changed.error is not None:
        lines += [
            ("Reliability", changed.reliability),
            ("Standard deviation of the first scores", changed.sd),
            ("Standard error of measurement", changed.error.measurement),
            ("Standard error of the difference", changed.error.difference),
        ]
    lines += [(f"Cut-off; clinical {side}", changed.cutoff)]
    heading = f"What counts as change in {changed.label}, in points"
    frame = pd.DataFrame(lines, columns=["what", "value"])
    note = " ".join(changed.recipe.notes)
    return table(frame, name, title or heading, note=note, labels={"what": "Number"})


@answered
def who_changed(changed: Classified, name: str = "who-changed", title: str = "") -> Table | Nothing:
    """Show how many of each group recovered, improved, did not change, or deteriorated.

    Parameters
    ----------
    changed
        The courses with their verdicts.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table or Nothing
        ``group, verdict, courses, share``; no ``group`` where there is only one.
    """
    frame = verdict_counts(changed)
    frame["verdict"] = [capital(str(verdict)) for verdict in frame["verdict"]]
    if set(frame["group"]) <= {EVERYBODY}:
        frame = frame.drop(columns="group")
    whole = "of the courses" if "group" not in frame else "of the courses of the group"
    return table(
        frame,
        name,
        title or f"How {counted(changed.rows.used, 'course')} changed in {changed.label}",
        f"Shares are {whole} with two scores or more, first against last.",
        labels={"share": "Share of courses" if "group" not in frame else "Share of the group"},
    )
