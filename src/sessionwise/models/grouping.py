"""Who goes together in a mixed model: courses, and therapists, whom clients may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from sessionwise.features.assessment_times import usual_gap
from sessionwise.features.therapists import (
    changed_therapist,
    earlier_therapist,
    first_therapist,
)
from sessionwise.records.sessions import Column, Sessions
from sessionwise.records.small_counts import many


@dataclass(frozen=True, eq=False)
class Grouping:
    """The random part of a model.

    Attributes
    ----------
    s
        The records with the grouping columns.
    random
        The random terms of the formula.
    columns
        The columns they group by; a row without one cannot be in the model.
    notes
        What a reader must know of it.
    """

    s: Sessions
    random: str
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def grouped(
    s: Sessions,
    complete: Sequence[str],
    slopes: Sequence[str] | None = None,
    therapists: Literal["of the session", "of the session before", "first"] = "of the session",
) -> Grouping:
    """Give the random part for the sessions that have all the columns of a model.

    Clients differ in level and in the slopes of ``slopes``: by default, on the session clock, that
    of the session number; ``()`` for none. Where they are asked at times of their own they have
    many scores, and a model without slopes would judge the change by the number of scores; level
    and slope may then go together, as time 0 is only the beginning. A client with several courses
    counts as one unit for each: means and lags do not cross courses either. Where several
    therapists are recorded, units lie in the therapist of their first session as long as nobody
    changes; where somebody does, each session counts with its own therapist, or with that of the
    session before, and the two cross. A model without a trend asks for the ``"first"`` ones: what a
    client gains between two therapists would count in it as a difference between them.
    """
    s, unit, notes = innermost_units(s)
    random = f"({_own(s, slopes)} {unit})"
    if "therapist" not in s.columns:
        return Grouping(s, random, (unit,), notes)
    changed = changed_therapist(s)
    crossed = bool(changed) and therapists != "first"
    name = _CROSSED[therapists][0] if crossed else "first_therapist"
    s = _beside(s, name)
    frame = s.frame
    rows = s.attended & frame[list(complete)].notna().all(axis=1).to_numpy()
    if frame.loc[rows, name].nunique() < 2:
        alone = "The rows of the model have one therapist, so therapists cannot be compared."
        return Grouping(s, random, (unit,), (*notes, alone))
    moved = f"{many(changed)} changed later" if changed else "none changed later"
    said = f"Each client is counted with the therapist of the first session ({moved})."
    if crossed:
        said = (
            f"Each session is counted with {_CROSSED[therapists][1]}: {many(changed)} changed "
            "therapist, so that clients and therapists cross."
        )
    return Grouping(s, f"{random} + (1 | {name})", (unit, name), (*notes, said))


_CROSSED = {
    "of the session": ("therapist", "its own therapist"),
    "of the session before": ("therapist_lag1", "the therapist of the session before"),
}


def _beside(s: Sessions, name: str) -> Sessions:
    """Put the column of therapists beside the sessions."""
    makers = {"first_therapist": first_therapist, "therapist_lag1": earlier_therapist}
    return makers[name](s) if name in makers else s


def _own(s: Sessions, slopes: Sequence[str] | None) -> str:
    """Write how clients differ, up to the bar."""
    if slopes is None and s.clock == "time":
        return "1 + time |" if usual_gap(s) else "1 |"
    slopes = ("session",) if slopes is None else slopes
    return f"{' + '.join(['1', *slopes])} {'||' if slopes else '|'}"


def innermost_units(s: Sessions) -> tuple[Sessions, str, tuple[str, ...]]:
    """Give the column of the innermost unit: the client, or the course where some have several."""
    several = int((s.courses.groupby(["clinic", "client"]).size() > 1).sum())
    if not several:
        return s, "client", ()
    table = s.table
    names = table["clinic"] + "/" + table["client"] + "/" + table["course"].astype("str")
    column = Column("course_of_client", "text", "before", made_from=("client", "course"),
                    label="course of a client")  # fmt: skip
    said = f"{many(several, 'clients')} have several courses; each counts as a client of its own."
    made = pd.DataFrame({"course_of_client": names.astype("str")})
    return s.with_columns(made, [column]), "course_of_client", (said,)
