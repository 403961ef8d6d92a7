"""Within and between: a client's swings apart from the differences between clients."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sessionwise.errors import Refused
from sessionwise.features.along_courses import made_of
from sessionwise.records.sessions import COURSE_KEY, Sessions

MADE = ("_within", "_between", "_between_clients", "_between_therapists", "_detrended")
"""How the columns end that are made on the rows of a model."""


def within_between(s: Sessions, names: Sequence[str], complete: Sequence[str] = ()) -> Sessions:
    """Split columns into the client's own mean and the deviation from it.

    Lag first, then split, on the rows of the model: only then is the mean the mean of what the
    model sees. With every time-varying column split and a random intercept of the client alone, the
    within coefficients are exactly those of a model with a dummy for every client. The mean uses
    the whole course, so both columns are marked ``course`` and no model of leaving takes them.

    Parameters
    ----------
    s
        The records.
    names
        Columns to split, e.g. ``["srs_lag1", "session"]``.
    complete
        Further columns of the model. The split is over attended sessions complete in both lists;
        a model that then loses further rows refuses.

    Returns
    -------
    Sessions
        With ``X_between`` (mean over the course's rows used) and ``X_within`` (deviation from
        it, summing to 0 in each course) for each X; missing on rows not used.

    Raises
    ------
    Refused
        No row is complete.

    Notes
    -----
    Neuhaus & Kalbfleisch 1998, Biometrics 54:638, eq. 1; Curran & Bauer 2011, Annu Rev Psychol
    62:583.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = within_between(sw.lagged(sw.example(), "srs"), ["srs_lag1"], complete=["ors"])
    >>> bool(abs(s.table.groupby("client")["srs_lag1_within"].sum()).max() < 1e-9)
    True
    """
    names = [names] if isinstance(names, str) else list(names)
    wanted = [*names, *complete]
    s.need(wanted, "A split into within and between")
    frame = s.frame
    rows = s.attended & frame[wanted].notna().all(axis=1).to_numpy()
    if not rows.any():
        listed = ", ".join(f"`{name}`" for name in wanted)
        raise Refused(f"No session has all of {listed}; there is nothing to split.")
    used = frame.loc[rows, [*COURSE_KEY, *names]].astype(dict.fromkeys(names, "float64"))
    means = used.groupby(COURSE_KEY, sort=False, observed=True)[list(names)].transform("mean")
    made, columns = {}, []
    for name in names:
        made[f"{name}_between"] = means[name].reindex(frame.index)
        made[f"{name}_within"] = (used[name] - means[name]).reindex(frame.index)
        columns += [
            made_of(s.columns[name], part, f"{part} clients", known="course")
            for part in ("between", "within")
        ]
    return s.with_columns(pd.DataFrame(made, index=frame.index), columns)


def refuse_lost_rows(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a model that loses rows of a split it uses.

    Raises
    ------
    Refused
        Names the column that loses the rows, and what to do.
    """
    split = [name for name in names if name.endswith(MADE)]
    if not split:
        return
    rows = frame[split].notna().all(axis=1)
    for name in names:
        lost = int((rows & frame[name].isna()).sum())
        if lost:
            raise Refused(
                f"`{name}` is missing on {lost} row(s) the within–between split was made on, so "
                f"the split would not be that of the model. Add `{name}` to `complete` of "
                "within_between."
            )
