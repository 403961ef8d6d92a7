"""From the walk to rows: one for each scheduled appointment that the records can hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sessionwise.records.sessions import ATTENDANCE, ENDINGS, MODALITIES
from sessionwise.records.simulated.people import People, Streams, Therapists
from sessionwise.records.simulated.walk import OTHERS, Walk
from sessionwise.records.truth import Truth

KINDS = ("ongoing", "unplanned", "planned", *OTHERS, "limit_reached", "never_started")
PHASES = ("agreeing", "working", "ending")
HANDOVERS = ("administrative", "alliance")
AGES = ("young adult", "adult", "older adult")
CHILDREN = ("child", "adolescent")


@dataclass(frozen=True, eq=False)
class Calendar:
    """When sessions were, and what was seen of them before the records were taken.

    Attributes
    ----------
    day
        Of each session, from the clinic's first day, shape (sessions, clients).
    attended
        Whether it took place and is in the records, likewise.
    coming
        Whether the course had not ended before it: it would have taken place.
    ending
        Number of the ending in ``KINDS``, shape (clients,).
    last_day
        The last day of the records of each client's clinic, shape (clients,).
    """

    day: np.ndarray
    attended: np.ndarray
    coming: np.ndarray
    ending: np.ndarray
    last_day: np.ndarray


def calendar(truth: Truth, people: People, course: Walk) -> Calendar:
    """Say which sessions took place, and how each course ended as far as the records know.

    Who leaves is known to have left only after some time without a return, and an ending is in the
    records only if that time had passed; the last session allowed ends a course by itself.
    """
    size, limit = truth.clinic, truth.clinic.session_limit
    weeks = np.arange(limit)[:, None] + np.cumsum(course.missed, axis=0)
    day = people.first_day + size.interval_days * weeks
    last = (size.observed_until - size.first_intake).days
    last_day = last - size.stagger_days * (people.therapist % size.clinics)
    over = np.cumsum(course.ended > 0, axis=0) - (course.ended > 0) > 0
    coming = ~over & ~people.never_started
    attended = coming & (day <= last_day)
    wait = closing_days(truth)
    patience = np.where(course.ended == 1, wait, 0 if truth.attendance.on else wait)
    known = (course.ended > 0) & attended & (day + patience <= last_day)
    known[-1] = False
    ending = (course.ended * known).max(axis=0)
    ending[attended[-1] & (ending == 0)] = KINDS.index("limit_reached")
    never = people.never_started & (people.first_day + wait <= last_day)
    ending[never] = KINDS.index("never_started")
    return Calendar(day, attended, coming, ending, last_day)


def closing_days(truth: Truth) -> int:
    """Days after which a client who did not return is recorded as having left."""
    return truth.attendance.closed_after if truth.attendance.on else truth.clinic.interval_days


@dataclass(frozen=True, eq=False)
class Places:
    """Where each row comes from: which client, which session (the next one, if missed), which day.

    ``attendance`` numbers ``ATTENDANCE``. Shape (rows,) each, in the order of the records.
    """

    client: np.ndarray
    session: np.ndarray
    day: np.ndarray
    attendance: np.ndarray


def places(truth: Truth, people: People, course: Walk, when: Calendar, draws: Streams) -> Places:
    """Find the rows of the records."""
    client, session = np.nonzero(when.attended.T)
    came = Places(client, session, when.day[session, client], np.zeros(client.size, int))
    if not truth.attendance.on:
        return came
    missed = _missed(truth, people, course, when, draws["attendance"])
    rows = {
        name: np.concatenate([getattr(came, name), getattr(missed, name)])
        for name in Places.__dataclass_fields__
    }
    order = np.lexsort((rows["day"], rows["client"]))
    return Places(**{name: values[order] for name, values in rows.items()})


def _missed(
    truth: Truth, people: People, course: Walk, when: Calendar, draw: np.random.Generator
) -> Places:
    """Lay out the appointments that were missed: before a session, or by who had left already."""
    week, limit = truth.clinic.interval_days, truth.clinic.session_limit
    pieces = []
    for back in range(1, int(course.missed.max(initial=0)) + 1):
        client, session = np.nonzero((when.coming & (course.missed >= back)).T)
        pieces.append((client, session, when.day[session, client] - back * week))
    gone = np.nonzero(((course.ended == 1) & when.coming).T)
    silent = draw.random(gone[0].size) < truth.attendance.silent
    client, session = gone[0][silent], gone[1][silent]
    after = when.day[session, client] + week
    pieces.append((client, np.minimum(session + 1, limit - 1), after))
    never = np.flatnonzero(people.never_started)
    twice = never[draw.random(never.size) < 0.5]
    first = people.first_day
    pieces.append((never, np.zeros_like(never), first[never]))
    pieces.append((twice, np.zeros_like(twice), first[twice] + week))
    client, session, day = (np.concatenate(part) for part in zip(*pieces, strict=True))
    kept = day <= when.last_day[client]
    kind = np.where(draw.random(client.size) < truth.attendance.no_show,
                    ATTENDANCE.index("no_show"), ATTENDANCE.index("cancelled"))  # fmt: skip
    return Places(client[kept], session[kept], day[kept], kind[kept])


def frame(
    truth: Truth,
    people: People,
    course: Walk,
    when: Calendar,
    at: Places,
    scores: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Lay the records out under canonical names, in the order of ``at``."""
    client, place = at.client, (at.session, at.client)
    came = at.attendance == 0
    first = np.datetime64(truth.clinic.first_intake, "us")
    columns: dict[str, object] = {"client": _numbered("C", client)}
    if truth.clinic.clinics > 1:
        clinic = people.therapist[client] % truth.clinic.clinics
        columns["clinic"] = pd.Series([f"clinic {k + 1}" for k in clinic], dtype="str")
    if truth.children.on:
        columns["team"] = _category(people.child[client], ("adults", "children"))
    columns["therapist"] = _numbered("T", course.therapist[place], people.therapists.count)
    session = pd.array(at.session + 1, dtype="Int64")
    session[~came] = pd.NA
    if truth.attendance.on:
        columns["appointment"] = pd.array(_counted(client), dtype="Int64")
    columns["session"] = session
    columns["date"] = first + at.day.astype("timedelta64[D]")
    if truth.attendance.on:
        columns["attendance"] = _category(at.attendance, ATTENDANCE)
    columns |= _known_before(truth, people, course, place)
    recorded = {"ors": course.ors, "srs": course.srs} | scores
    columns |= {name: np.where(came, values[place], np.nan) for name, values in recorded.items()}
    columns |= _of_course(truth, people, client, first)
    kinds = pd.Categorical.from_codes(
        np.array([ENDINGS.index(kind) for kind in KINDS])[when.ending[client]], ENDINGS
    )
    return pd.DataFrame({**columns, "ending": kinds})


def _known_before(
    truth: Truth, people: People, course: Walk, place: tuple[np.ndarray, np.ndarray]
) -> dict[str, object]:
    """Give what is known of an appointment before it."""
    columns: dict[str, object] = {}
    if truth.modality.on:
        columns["modality"] = _category(course.modality[place], MODALITIES)
    if truth.phases.on:
        early = place[0] + 1 <= truth.phases.agreeing_until
        phase = np.where(course.ending_phase[place] > 0, 2, np.where(early, 0, 1))
        columns["phase"] = _category(phase, PHASES)
    if truth.handovers.on:
        columns["handover"] = _category(course.handover[place] - 1, HANDOVERS)
    if truth.therapist_factors.on:
        columns["caseload"] = people.therapists.caseload[course.therapist[place]].astype(float)
    if truth.client_factors.on:
        columns["match"] = course.match[place]
    if truth.homework.on:
        columns["homework"] = course.homework[place]
    return columns


def _of_course(
    truth: Truth, people: People, client: np.ndarray, first: np.datetime64
) -> dict[str, object]:
    """Give what was known at intake."""
    columns: dict[str, object] = {"severity": people.severity[client]}
    if truth.client_factors.on:
        columns["motivation"] = people.motivation[client]
        older = np.searchsorted([-0.6, 1.2], people.age)
        age = np.where(people.child, len(AGES) + (older > 0), older)
        columns["age_group"] = _category(age[client], (*AGES, *CHILDREN))
    if truth.attendance.on:
        referred = people.first_day - people.waiting_days
        columns["intake"] = first + referred[client].astype("timedelta64[D]")
        columns["waiting_days"] = people.waiting_days[client].astype(float)
    return columns


def true_therapists(staff: Therapists) -> pd.DataFrame:
    """List what each therapist truly brings, rounded; see `SimulatedClinic`."""
    latent = ("empathy", "countertransference", "alliance", "outcome", "leaving")
    brought = {name: np.round(getattr(staff, name), 2) for name in latent}
    return pd.DataFrame(
        {
            "therapist": _numbered("T", np.arange(staff.count), staff.count),
            "team": np.where(staff.of_children, "children", "adults"),
            "caseload": staff.caseload,
            **brought,
        }
    )


def _counted(client: np.ndarray) -> np.ndarray:
    """Number the rows of each client from 1; rows of a client stand together."""
    starts = np.flatnonzero(np.append(True, client[1:] != client[:-1]))
    lengths = np.diff(np.append(starts, client.size))
    return np.arange(client.size) - np.repeat(starts, lengths) + 1


def _category(codes: np.ndarray, words: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical.from_codes(np.asarray(codes, int), list(words))


def _numbered(letter: str, numbers: np.ndarray, count: int = 0) -> pd.Series:
    """Name people by letter and number."""
    count = count or int(numbers.max()) + 1
    width = len(str(count))
    unique = np.array([f"{letter}{n + 1:0{width}d}" for n in range(count)])
    return pd.Series(unique[numbers], dtype="str")
