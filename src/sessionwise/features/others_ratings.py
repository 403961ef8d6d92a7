"""What a therapist's other clients had said of them before a session."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable
from sessionwise.records.sessions import Column, Sessions

PURPOSE = "What other clients said before"


def rated_by_others(s: Sessions, name: str, fewest: int = 3) -> Sessions:
    """Put beside each appointment how the therapist's *other* clients had rated them before it.

    A client's own rating of the therapist's empathy is part of the alliance it is to explain; what
    others said earlier is not. Each other client counts once, with the mean of what they had said
    so far, so that a few long therapies do not speak for all. Earlier means on an earlier *date*:
    of a day's sessions none is before another.

    Parameters
    ----------
    s
        The records; dates and therapists are needed.
    name
        A score of the therapist by the client, e.g. ``"care"``.
    fewest
        How many other clients must have rated the therapist, 1 or more; missing below that.

    Returns
    -------
    Sessions
        With ``care_by_others``, known *before* the session, in the score's own units.

    Raises
    ------
    InvalidInput
        ``fewest`` is below 1.
    Unanswerable
        No dates, no therapists, or no such score.
    Refused
        The score is known only at the end of the course.

    Notes
    -----
    At row i of therapist h and client c on date D, over clients c′ ≠ c of h with a score before D:
    the mean of m(c′), m(c′) the mean of the scores c′ gave about h before D.

    Examples
    --------
    >>> import pandas as pd, sessionwise as sw
    >>> rows = {"client": [1, 2, 3], "therapist": "t", "care": [30.0, 40, 50], "session": 1}
    >>> dates = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    >>> s = sw.Sessions.of(pd.DataFrame({**rows, "date": dates}))
    >>> rated_by_others(s, "care", fewest=1).table["care_by_others"].tolist()
    [nan, 30.0, 35.0]
    """
    if fewest < 1:
        raise InvalidInput([Problem(f"fewest = {fewest}", "", "Use 1 or more.")], PURPOSE)
    s.need([name, "therapist"], PURPOSE)
    s.need_score(name, PURPOSE)
    if "date" not in s.columns or s.table["date"].isna().all():
        raise Unanswerable(
            f"{PURPOSE} can be told only where appointments are dated: without dates nobody knows "
            "which of two clients was asked first. Name the column of dates in the codebook."
        )
    if s.columns[name].known == "course":
        raise Refused(f"`{name}` is known only when the course is over, so no session is after it.")
    table = s.table
    mean, others = _means(
        table["therapist"], table[["clinic", "client"]], table["date"], table[name]
    )
    source = s.columns[name]
    made = f"{name}_by_others"
    column = Column(
        made,
        "number",
        "before",
        unit=source.unit,
        label=f"others' {source.label or name}",
        instrument=source.instrument,
        made_from=(name, "therapist", "date"),
    )
    return s.with_columns(pd.DataFrame({made: mean.where(others >= fewest)}), [column])


def _means(
    therapist: pd.Series, client: pd.DataFrame, date: pd.Series, score: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Mean over other clients' means before each row, and how many other clients there were.

    A rating moves its client's mean from m to m′ and so the therapist's sum of clients' means by
    m′ − m; running sums of these moves, up to the day before, give both sums at once.
    """
    rows = pd.DataFrame(
        {
            "therapist": pd.factorize(therapist)[0],
            "client": pd.MultiIndex.from_frame(client).factorize()[0],
            "date": date.to_numpy(),
            "score": score.astype("float64").to_numpy(),
        }
    )
    usable = (rows["therapist"] >= 0) & rows["date"].notna()
    ordered = rows[usable].sort_values("date", kind="stable")
    pair = [ordered["therapist"], ordered["client"]]
    given = ordered["score"].notna()
    total = ordered["score"].fillna(0.0).groupby(pair).cumsum()
    number = given.astype("int64").groupby(pair).cumsum()
    own = pd.DataFrame({"mean": total / number.where(number > 0), "one": number > 0})
    own = own.astype("float64").fillna(0.0)
    moves = own - own.groupby(pair).shift(fill_value=0.0)
    summed = moves.groupby(ordered["therapist"]).cumsum()
    day_before = _last_of_an_earlier_day(summed, ordered, ["therapist"])
    own_before = _last_of_an_earlier_day(own, ordered, ["therapist", "client"])
    rest = (day_before - own_before).reindex(rows.index)
    others = rest["one"].round().fillna(0.0)
    mean = (rest["mean"] / others.where(others > 0)).set_axis(score.index)
    return mean, others.set_axis(score.index)


def _last_of_an_earlier_day(
    values: pd.DataFrame, ordered: pd.DataFrame, by: list[str]
) -> pd.DataFrame:
    """Give the last value on any day before the row's own, of the same therapist (and client)."""
    keys = [ordered[name] for name in by]
    day = [*keys, ordered["date"]]
    last = values.groupby(day, sort=True).last()
    earlier = last.groupby(level=list(range(len(by)))).shift(fill_value=0.0)
    index = pd.MultiIndex.from_arrays([np.asarray(key) for key in day])
    return earlier.reindex(index).set_axis(ordered.index)
