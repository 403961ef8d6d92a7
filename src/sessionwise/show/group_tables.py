"""Tables of groups that stay or leave: tests between curves, sessions attended and lost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.models.curve_comparison import MOST_GROUPS, GroupsCompared
from sessionwise.show.display import Note, Table, answered, explained
from sessionwise.show.numbers import UNKNOWN, count, interval, number, p_digits
from sessionwise.show.tables import made
from sessionwise.show.words import capital

QUARTILES = (0, 0.25, 0.5, 0.75, 1)


@explained
def group_tests(
    compared: GroupsCompared, name: str = "group-tests", title: str = ""
) -> Table | Note:
    """Show whether the curves of groups differ: log-rank for staying, Gray for each ending.

    Parameters
    ----------
    compared
        From ``groups_compared``.
    name, title
        HTML id; what stands above.

    Returns
    -------
    Table
        ``of, test, statistic, df, p``.
    """
    found = compared.tests
    frame = found.assign(
        of=found["of"].map(capital), statistic=found["statistic"].round(2), p=found["p"].round(4)
    )
    texts = pd.DataFrame(
        {
            "of": frame["of"],
            "test": found["test"],
            "statistic": [number(one) for one in found["statistic"]],
            "df": [count(one) for one in found["df"]],
            "p": [UNKNOWN if np.isnan(one) else p_digits(one) for one in found["p"]],
        }
    )
    note = (
        "Log-rank: the rate of any ending among those still there. Gray: how many ever end this "
        f"way, other endings counted as such. {' '.join(compared.recipe.notes)}"
    )
    labels = {"of": "Curve", "statistic": "χ²", "df": "df", "p": "p"}
    heading = title or "Whether the curves of the groups differ"
    return made(frame, texts, (name, heading, note), frozenset({"of", "test"}), labels)


@answered
def sessions_by_group(
    compared: GroupsCompared, name: str = "sessions-by-group", title: str = ""
) -> Table:
    """Show how many sessions each group attended, and lost to unplanned endings, up to one session.

    Parameters
    ----------
    compared
        From ``groups_compared``. Of more than four groups the spread is shown.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``measure, group, courses, estimate, low, high, difference, difference_low,
        difference_high, p``; or ``measure, groups, lowest, lower_quartile, median, upper_quartile,
        highest``.
    """
    heading = title or f"Sessions attended and lost, up to session {compared.until}"
    note = (
        f"Restricted means: no session after {compared.until} is counted; a course that ended "
        "unplanned after session t lost those after t. "
    )
    if compared.means["group"].nunique() > MOST_GROUPS:
        return _spread(compared, (name, heading, note))
    first = compared.means["group"].iloc[0]
    note += f"Difference: from {first}. {' '.join(compared.recipe.notes)}"
    gaps = compared.differences.rename(
        columns={"estimate": "difference", "low": "difference_low", "high": "difference_high"}
    ).drop(columns=["std_error", "reference"])
    joined = compared.means.drop(columns="std_error").merge(
        gaps, on=["group", "measure"], how="left"
    )
    numbers = ["estimate", "low", "high", "difference", "difference_low", "difference_high"]
    frame = joined.assign(measure=joined["measure"].map(capital))
    frame = frame[["measure", "group", "courses", *numbers, "p"]]
    frame = frame.round({**dict.fromkeys(numbers, 2), "p": 4})
    texts = pd.DataFrame(
        {
            "measure": frame["measure"].where(~frame["measure"].duplicated(), ""),
            "group": frame["group"],
            "courses": [count(one) for one in frame["courses"]],
            "estimate": [number(one) for one in joined["estimate"]],
            "interval": _intervals(joined["low"], joined["high"]),
            "difference": [number(one) for one in joined["difference"]],
            "difference_interval": _intervals(joined["difference_low"], joined["difference_high"]),
            "p": [UNKNOWN if np.isnan(one) else p_digits(one) for one in joined["p"]],
        }
    )
    labels = {"estimate": "Mean", "interval": "95 % CI", "difference_interval": "95 % CI "}
    left = frozenset({"measure", "group"})
    return made(frame, texts, (name, heading, note), left, labels)


def _spread(compared: GroupsCompared, words: tuple[str, str, str]) -> Table:
    """Show between which values many groups lie, and none of them by itself."""
    name, heading, note = words
    names = ["lowest", "lower_quartile", "median", "upper_quartile", "highest"]
    lines = []
    for measure, rows in compared.means.groupby("measure", sort=False):
        values = rows["estimate"].quantile(QUARTILES).round(2).tolist()
        lines.append([capital(str(measure)), len(rows), *values])
    frame = pd.DataFrame(lines, columns=["measure", "groups", *names])
    texts = frame.astype(object)
    texts["groups"] = [count(one) for one in frame["groups"]]
    for column in names:
        texts[column] = [number(one) for one in frame[column]]
    note += f"Groups of this size differ by chance too. {' '.join(compared.recipe.notes)}"
    return made(frame, texts, (name, heading, note), frozenset({"measure"}), None)


def _intervals(low: pd.Series, high: pd.Series) -> list[str]:
    """Write limits without the words, which stand in the heading."""
    return [
        UNKNOWN if np.isnan(one) else interval(one, two, 2).removeprefix("95 % CI ")
        for one, two in zip(low, high)
    ]
