"""Three ways apart: a client's swings, the clients of one therapist, and therapists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.features.along_courses import made_of
from sessionwise.records.sessions import COURSE_KEY, Column, Sessions

TherapistMean = Literal["all clients", "other clients"]
PARTS = {
    "within": "within clients",
    "between_clients": "between clients of a therapist",
    "between_therapists": "between therapists",
}


def three_way_split(
    s: Sessions,
    name: str,
    complete: Sequence[str] = (),
    by: str = "therapist",
    therapist_mean: TherapistMean = "all clients",
) -> Sessions:
    """Is it the client's own swings, the clients of one therapist, or the therapists that differ?

    A *cell* is one client with one therapist: who changes therapist has two, so that the level of a
    new therapist is no swing of the client's. The mean of a therapist is that of the clients' cell
    means, each client once: a mean of sessions would be that of those who stay longest. Lag first,
    then split, on the rows of the model, as in :func:`~sessionwise.features.splits.within_between`.

    Parameters
    ----------
    s
        The records.
    name
        Column to split, e.g. ``"srs_lag1"``.
    complete
        Further columns of the model; the split is over attended sessions complete in all.
    by
        The column of the therapist: of a lagged score, the one it was rated with.
    therapist_mean
        ``"other clients"`` leaves the client out of the therapist's mean, so that no score is on
        both sides of the comparison. Who is the therapist's only client then has neither part
        between; ``within`` is there.

    Returns
    -------
    Sessions
        With ``X_within`` (deviation from the cell's mean), ``X_between_clients`` (that mean less
        the therapist's) and ``X_between_therapists`` (the therapist's mean), in the units of X.
        They add up to X and are marked ``course``; missing on rows not used. ``within`` sums to 0
        in each cell, and over the cells of a therapist with all clients so does the part of
        clients.

    Raises
    ------
    Refused, InvalidInput
        No row is complete; there is no such mean.

    Notes
    -----
    Brincks, Enders, Llabre, Bulotsky-Shearer, Prado & Feaster 2017, Multivar Behav Res 52:149;
    Baldwin, Wampold & Imel 2007, J Consult Clin Psychol 75:842, who split a score of one session,
    so that nothing was within.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = three_way_split(sw.example(), "srs")
    >>> parts = s.table[["srs_within", "srs_between_clients", "srs_between_therapists"]]
    >>> bool(abs(parts.sum(axis=1, skipna=False) - s.table["srs"]).max() < 1e-9)
    True
    """
    if therapist_mean not in get_args(TherapistMean):
        known = nearest(str(therapist_mean), get_args(TherapistMean))
        raise InvalidInput([Problem(f"therapist_mean = '{therapist_mean}'", "", known)], name)
    wanted = [name, by, *complete]
    s.need(wanted, "A split into clients and therapists")
    frame = s.frame
    rows = s.attended & frame[wanted].notna().all(axis=1).to_numpy()
    if not rows.any():
        listed = ", ".join(f"`{one}`" for one in wanted)
        raise Refused(f"No session has all of {listed}; there is nothing to split.")
    used = frame.loc[rows, [*COURSE_KEY, by, name]].astype({name: "float64"})
    cell = used.groupby([*COURSE_KEY, by], sort=False, observed=True).ngroup()
    own = used[name].groupby(cell).transform("mean")
    cells = used.assign(**{name: own})[~cell.duplicated()]
    centre = _centres(cells, name, by, therapist_mean)
    therapist = cell.map(centre.set_axis(cell[~cell.duplicated()]))
    made = {"within": used[name] - own, "between_clients": own - therapist,
            "between_therapists": therapist}  # fmt: skip
    columns = [_column(s.columns[name], part, by) for part in PARTS]
    values = {f"{name}_{part}": value.reindex(frame.index) for part, value in made.items()}
    return s.with_columns(pd.DataFrame(values, index=frame.index), columns)


def _centres(cells: pd.DataFrame, name: str, by: str, whose: TherapistMean) -> pd.Series:
    """Give the therapist's mean beside each cell, one row a cell; missing for an only client."""
    of_therapist = cells.groupby(by, observed=True)[name]
    if whose == "all clients":
        return of_therapist.transform("mean")
    of_client = cells.groupby([by, "clinic", "client"], observed=True)[name]
    others = of_therapist.transform("size") - of_client.transform("size")
    rest = of_therapist.transform("sum") - of_client.transform("sum")
    return (rest / others).where(others > 0)


def _column(source: Column, part: str, by: str) -> Column:
    return made_of(source, part, PARTS[part], known="course", made_from=(source.name, by))
