"""What a curve says at one time, in words shared by its figure and its sentence."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.fit import Curve
from sessionwise.show.numbers import listed, number, percent, percent_interval
from sessionwise.show.suppression import shown

USUAL_SESSION = 10
MOST_LINES = 6
"""With more groups the spread of their curves is shown, not each with its name."""
HAPPENED = {
    "unplanned ending": ("had ended", "unplanned"),
    "planned ending": ("had ended", "as planned"),
}
PLAIN = {
    **HAPPENED,
    "gave the questionnaire": ("gave", "the questionnaire"),
    "at the maximum": ("of the scores were", "at the maximum"),
    "still without an unplanned ending": ("would be", "without an unplanned ending, others aside"),
    "still without a planned ending": ("would be", "without a planned ending, others aside"),
}
WHOLE_SAMPLE = frozenset({"", "all", "everyone", "nan"})


def reached(curve: Curve, by: float | None = None) -> tuple[float, pd.DataFrame]:
    """Give each group and state at one time that all of them reach with five still at risk.

    Parameters
    ----------
    curve
        The curve.
    by
        The time wanted; session 10, or the last time shown for another unit, if ``None``. Never
        later than the last time every curve is shown at.

    Returns
    -------
    tuple of float and pandas.DataFrame
        The time, and one row per group and state, in the order of the curve. Empty if fewer than
        five were ever at risk.
    """
    seen = shown(curve.estimates)
    if seen.empty:
        return float("nan"), seen
    lines = seen.groupby(["group", "state"], sort=False, dropna=False)
    last = float(lines["time"].max().min())
    usual = USUAL_SESSION if curve.unit == "sessions" else last
    time = min(last, usual if by is None else by)
    before = seen[seen["time"] <= time]
    return time, before.groupby(["group", "state"], sort=False, dropna=False).tail(1)


def moment(time: float, unit: str) -> str:
    """Name a time.

    Examples
    --------
    >>> moment(10, "sessions"), moment(8, "months"), moment(1, "months")
    ('session 10', '8 months', '1 month')
    """
    written = number(time, 0 if float(time).is_integer() else 1)
    if unit == "sessions":
        return f"session {written}"
    return f"{written} {unit.removesuffix('s') if time == 1 else unit}"


def is_whole(group: object) -> bool:
    """Say whether a group is everybody and needs no name."""
    return str(group).lower() in WHOLE_SAMPLE


def happened(states: list[str], shares: list[str]) -> str:
    """Say which share is in which state.

    Examples
    --------
    >>> happened(["unplanned ending", "planned ending"], ["41 %", "12 %"])
    '41 % had ended unplanned and 12 % as planned'
    >>> happened(["still in therapy"], ["47 %"])
    '47 % were still in therapy'
    """
    said, last_verb = [], ""
    for state, share in zip(states, shares):
        verb, rest = PLAIN.get(state, ("were" if state.startswith("still") else "had", state))
        said.append(f"{share} {rest}" if verb == last_verb else f"{share} {verb} {rest}")
        last_verb = verb
    return listed(said)


def share_with_interval(row: pd.Series, first: bool = True) -> str:
    """Write a proportion with its interval; the words "95 % CI" only the first time."""
    if pd.isna(row["low"]) or pd.isna(row["high"]):
        return percent(row["estimate"])
    limits = percent_interval(row["low"], row["high"])
    return f"{percent(row['estimate'])} ({limits if first else limits.removeprefix('95 % CI ')})"


def many_groups(groups: list[str]) -> list[str]:
    """Give the groups whose spread is shown instead of each of them; empty if each is shown.

    Examples
    --------
    >>> len(many_groups(["all", *(f"therapist {place}" for place in range(1, 9))]))
    8
    >>> many_groups(["short", "long"])
    []
    """
    apart = [group for group in groups if not is_whole(group)]
    return apart if len(apart) > MOST_LINES else []


def spread_of(rows: pd.DataFrame, state: str) -> str:
    """Say between which shares the groups lie, and their middle half.

    Examples
    --------
    >>> rows = pd.DataFrame({"group": list("abcd"), "state": "x", "estimate": [0.1, 0.2, 0.3, 0.4]})
    >>> spread_of(rows, "x")
    'from 10 % to 40 %, the middle half from 18 % to 32 %'
    """
    apart = rows[(rows["state"] == state) & ~rows["group"].map(is_whole)]["estimate"]
    low, first, third, high = (percent(apart.quantile(q)) for q in (0, 0.25, 0.75, 1))
    return f"from {low} to {high}, the middle half from {first} to {third}"


def curve_finding(curve: Curve, by: float | None = None) -> str:
    """State what a curve shows at one time, as a title."""
    time, rows = reached(curve, by)
    still = curve.estimates["state"].iloc[0].startswith("still")  # told of the time after a session
    word = "By" if _is_ending(rows) else "After" if still else "At"
    when = f"{word} {moment(time, curve.unit)}"
    groups = list(dict.fromkeys(rows["group"]))
    if len(groups) == 1:
        shares = [percent(value) for value in rows["estimate"]]
        return f"{when}, {happened(list(rows['state']), shares)}"
    first = rows[rows["state"] == rows["state"].iloc[0]]
    if apart := many_groups([str(group) for group in groups]):
        kind = apart[0].rsplit(" ", 1)[0]
        values = first[~first["group"].map(is_whole)]["estimate"]
        range_of = (
            f"between {percent(values.min())} and {percent(values.max())} of a {kind}'s clients"
        )
        return f"{when}, {happened([first['state'].iloc[0]], [range_of])}"
    shares = [f"{percent(value)} ({group})" for value, group in zip(first["estimate"], groups)]
    return f"{when}, {happened([first['state'].iloc[0]], [listed(shares)])}"


def _is_ending(rows: pd.DataFrame) -> bool:
    return bool(rows["state"].isin(list(HAPPENED)).any())
