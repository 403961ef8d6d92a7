"""Which decisions could have been seen: who was still at risk of leaving, and after which session.

A row is at risk only if both answers would have been seen: the next appointment was due while the
records were still being kept, and the session was not the last one allowed. Keeping a row only
because its course ended would select on the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.records.ending_rules import NOT_COUNTED
from sessionwise.records.sessions import COURSE_KEY
from sessionwise.records.small_counts import many

NO_DECISION = ("transferred", "service_ended", "limit_reached", "external")
"""Endings that were not the client's decision: what they would have done is not known."""

UNSEEN = (*NO_DECISION, NOT_COUNTED, "ongoing")
"""After the last session of these courses neither leaving nor coming back was seen."""


WEEK = 7.0
LONG_SILENCE = 180
"""Days without any session after which the last date of a file is doubted."""


@dataclass(frozen=True)
class Observation:
    """What is known about how long the records were kept.

    Attributes
    ----------
    until
        Last day the records cover, one for all or one per clinic; ``None``: the last day a
        session was attended.
    interval_days
        Days from one appointment to the next; ``None``: the median gap in the records.
    session_limit
        The last session the service allows; ``None``: no limit.
    silent_after_days
        An open course with no appointment for longer is counted and named in the notes.
    usual_gap_days
        Median days between appointments of a course, as found on reading.
    """

    until: pd.Timestamp | dict[str, pd.Timestamp] | None = None
    interval_days: float | None = None
    session_limit: int | None = None
    silent_after_days: float | None = None
    usual_gap_days: float | None = None


def decisions(
    table: pd.DataFrame, ending: pd.Series, observation: Observation, weeks: float | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Say after which sessions both leaving and staying would have been seen.

    Parameters
    ----------
    table
        Appointments sorted by key, with ``attendance``, and ``date`` or ``decided`` if known.
    ending
        The ending of each row's course, indexed as ``table``.
    observation
        How long the records were kept.
    weeks
        Leaving is known only this long after the appointment that followed, or would have:
        then records must have been kept until then. ``None``: once that appointment was due.

    Returns
    -------
    tuple
        One bool per row: was the next appointment due while records were kept; one bool per row:
        would both answers have been seen; and sentences about what was assumed.
    """
    attended = (table["attendance"] == "attended").to_numpy()
    notes: list[str] = []
    last = _last_attended(table, attended)
    if "decided" in table:
        due = seen = (table["decided"] == 1).fillna(False).to_numpy(bool)
        notes.append("Whether a decision was seen is taken from the column `decided`.")
    else:
        if "date" in table and table["date"].notna().any():
            due, said = _due_in_time(table, observation, weeks)
            notes += said + _silent(table, ending, observation)
        else:
            due = ~(last & (ending == "ongoing").to_numpy())
            notes.append(
                "Without dates, a course still open is counted as undecided after its last session."
            )
        seen = due & ~(last & ending.isin(UNSEEN).to_numpy())
    if observation.session_limit is not None:
        seen = seen & (table["session"] < observation.session_limit).fillna(False).to_numpy(bool)
    return due & attended, seen & attended, tuple(notes)


def _last_attended(table: pd.DataFrame, attended: np.ndarray) -> np.ndarray:
    """Mark the last attended session of each course."""
    kept = table.loc[attended, COURSE_KEY]
    last = ~kept.duplicated(keep="last")
    return last.reindex(table.index, fill_value=False).to_numpy(bool)


def settled(table: pd.DataFrame, observation: Observation) -> Observation:
    """Write down what was found on reading, so that fewer courses later change none of it.

    Where there are dates: the last day (if none is given, that of the last session attended), the
    interval and the usual gap between appointments.
    """
    if "date" not in table or table["date"].isna().all():
        return observation
    gap = _usual_gap(table) or WEEK
    interval = observation.interval_days
    until = observation.until
    return replace(
        observation,
        until=last_days(table, observation) if until is None else until,
        interval_days=gap if interval is None else interval,
        usual_gap_days=gap,
    )


def _usual_gap(table: pd.DataFrame) -> float | None:
    """Give the median days from one appointment to the next, if any course has two dated ones."""
    gaps = table.groupby(COURSE_KEY, sort=False, observed=True)["date"].diff().dt.days
    return float(gaps.median()) if gaps.notna().any() else None


def _due_in_time(
    table: pd.DataFrame, observation: Observation, weeks: float | None
) -> tuple[np.ndarray, list[str]]:
    """Mark sessions whose next appointment was due while records were kept."""
    notes = []
    interval = observation.interval_days
    if interval is None:
        gap = _usual_gap(table)
        interval = WEEK if gap is None else gap
        source = (
            "the median gap between appointments in these records"
            if gap is not None
            else "because no course in these records has two dated appointments"
        )
        notes.append(
            f"The next appointment is taken to be due {interval:g} days after the last, {source}; "
            "`interval_days` in the study would set it."
        )
    due = table["date"] + pd.to_timedelta(interval, unit="D")
    if weeks is not None:
        due = due.where(due > (later := _weeks_after_the_next(table, observation, weeks)), later)
    until = last_days(table, observation)
    if observation.until is None and pd.notna(until):
        notes.append(
            f"Records are taken to end on {until:%Y-%m-%d}, the last day a session was attended; "
            "`observed_until` in the study would set it."
        )
        notes += _alone(table, until)
    return (due <= until).to_numpy(bool), notes


def _weeks_after_the_next(table: pd.DataFrame, observation: Observation, weeks: float) -> pd.Series:
    """Give the day so many weeks after the appointment that followed, or would usually have."""
    usual = observation.usual_gap_days or _usual_gap(table) or WEEK
    following = table.groupby(COURSE_KEY, sort=False, observed=True)["date"].shift(-1)
    following = following.fillna(table["date"] + pd.to_timedelta(usual, unit="D"))
    return following + pd.to_timedelta(weeks * WEEK, unit="D")


def _alone(table: pd.DataFrame, until: pd.Timestamp) -> list[str]:
    """Doubt a last day that stands alone: by a slip of a year every course counts as observed."""
    before = table.loc[(table["attendance"] == "attended") & (table["date"] < until), "date"].max()
    days = (until - before).days if pd.notna(before) else 0
    if days <= LONG_SILENCE:
        return []
    return [
        f"No session was attended in the {days:,} days before {until:%Y-%m-%d}: if that date is a "
        "slip, correct it, because every course counts as observed until then."
    ]


def last_days(table: pd.DataFrame, observation: Observation) -> pd.Series | pd.Timestamp:
    """Give the last day records were kept, for all rows or for each."""
    if isinstance(observation.until, dict):
        _refuse_clinics_without_day(table["clinic"], observation.until)
        return table["clinic"].astype("str").map(observation.until).astype("datetime64[us]")
    if observation.until is not None:
        return observation.until
    return table.loc[table["attendance"] == "attended", "date"].max()


def _refuse_clinics_without_day(clinic: pd.Series, until: dict[str, pd.Timestamp]) -> None:
    """Refuse a list of last days that forgets a clinic: none of its decisions could be seen."""
    problems = [
        Problem(
            f"`observed_until` names no day for the clinic '{name}'",
            "[observed_until]",
            nearest(name, until),
        )
        for name in sorted(clinic.dropna().astype("str").unique())
        if name not in until
    ]
    if problems:
        raise InvalidInput(problems, "the study")


def _silent(table: pd.DataFrame, ending: pd.Series, observation: Observation) -> list[str]:
    """Count open courses nobody has heard of for long."""
    if observation.silent_after_days is None:
        return []
    until = last_days(table, observation)
    silence = (until - table["date"]).dt.days
    last = ~table.duplicated(COURSE_KEY, keep="last")
    count = int((last & (ending == "ongoing") & (silence > observation.silent_after_days)).sum())
    return [
        f"{many(count, 'open courses')} have had no appointment for more than "
        f"{observation.silent_after_days:g} days; they stay open, and their last sessions are not "
        "at risk."
    ]
