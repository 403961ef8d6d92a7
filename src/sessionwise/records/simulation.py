"""A simulated clinic with a known truth, drawn session by session for all clients at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from sessionwise.records.canonical import Draft, assemble
from sessionwise.records.codebook import Codebook
from sessionwise.records.ledger import Origin
from sessionwise.records.observation import Observation
from sessionwise.records.reading import described
from sessionwise.records.sessions import Sessions
from sessionwise.records.simulated.forms import other_forms
from sessionwise.records.simulated.interviews import (
    SEGMENT_COLUMNS,
    coded_interviews,
    named,
    true_events,
)
from sessionwise.records.simulated.people import everybody, streams
from sessionwise.records.simulated.rows import (
    calendar,
    closing_days,
    frame,
    places,
    true_therapists,
)
from sessionwise.records.simulated.walk import whole_courses
from sessionwise.records.truth import Truth


@dataclass(frozen=True, eq=False)
class SimulatedClinic:
    """A simulated clinic: its records, and what no real records hold.

    Attributes
    ----------
    sessions
        The records.
    therapists
        What each therapist truly brings: ``therapist, team, caseload`` (clients), ``empathy,
        countertransference`` (SD), and ``alliance, outcome, leaving``, what else is theirs (SRS
        points, ORS points, log hazard); 0 where the feature is off.
    events
        What truly happened: ``client, session, event`` (``rupture``, ``repair``, ``sudden_gain``,
        ``handover_administrative``, ``handover_alliance``), of attended sessions.
    interviews
        Coded segments: ``client, segment, session, code, about, excerpt``; empty where nobody was
        interviewed.
    """

    sessions: Sessions
    therapists: pd.DataFrame = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    interviews: pd.DataFrame = field(repr=False)


def simulate(truth: Truth | None = None, seed: int = 1) -> Sessions:
    """Draw the records of one clinic.

    Parameters
    ----------
    truth
        What it is made of; the plain regime by default.
    seed
        Same seed, same clinic. Each purpose (people, alliance, outcome, endings, missing forms,
        dates, and every feature) has a stream of its own, so that changing one leaves the others
        as they were.

    Returns
    -------
    Sessions
        With ``therapist, date, ors`` (before the session), ``srs`` (after it), ``severity``, and
        the columns of the features that are on, each described as in the codebook of the synthetic
        clinic.

    Examples
    --------
    >>> simulate(Truth(clinic={"therapists": 3, "clients": 20}), seed=7).counts()["clients"]
    20
    """
    return simulated_clinic(truth, seed).sessions


def simulated_clinic(truth: Truth | None = None, seed: int = 1) -> SimulatedClinic:
    """Draw one clinic with its records, its true events and its interviews.

    Parameters as in :func:`simulate`.

    Examples
    --------
    >>> truth = Truth(clinic={"therapists": 3, "clients": 20}).switched_on("ruptures")
    >>> sorted(simulated_clinic(truth, seed=7).events["event"].unique())
    ['repair', 'rupture']
    """
    truth = truth or Truth()
    draws = streams(seed)
    who = everybody(truth, draws)
    course = whole_courses(truth, who, draws)
    when = calendar(truth, who, course)
    at = places(truth, who, course, when, draws)
    rows = frame(truth, who, course, when, at, other_forms(truth, who, course, draws))
    names = named(at, rows, who.count)
    spoken = pd.DataFrame(columns=list(SEGMENT_COLUMNS))
    if truth.interviews.on:
        spoken = coded_interviews(truth, course, when, names, draws)
    return SimulatedClinic(
        sessions=_sessions(truth, rows, seed),
        therapists=true_therapists(who.therapists),
        events=true_events(course, when, names),
        interviews=spoken,
    )


@cache
def clinic_codebook() -> Codebook:
    """Give the codebook of the synthetic clinic's export."""
    text = files("sessionwise.records.simulated").joinpath("codebook.toml").read_text("utf-8")
    return Codebook.parse(text)


def _sessions(truth: Truth, rows: pd.DataFrame, seed: int) -> Sessions:
    """Make records of the rows, as the codebook of the clinic describes their columns."""
    book = described(clinic_codebook())
    there = [name for name in rows.columns if name in book.columns]
    limits = {name: ends for name, ends in book.limits.items() if name in there}
    if not truth.ceiling.on:
        limits |= dict.fromkeys(("ors", "srs", "cors", "csrs"), (-np.inf, np.inf))
    draft = Draft(
        rows,
        {name: book.columns[name] for name in there},
        {name: card for name, card in book.instruments.items() if name in there},
        limits,
        ids_global=True,
    )
    size = truth.clinic
    observation = Observation(last_days(truth), closing_days(truth), size.session_limit)
    origin = Origin(f"simulation, seed {seed}", rows_read=len(rows))
    return replace(assemble(draft, origin, "session", observation), synthetic=True)


def last_days(truth: Truth) -> pd.Timestamp | dict[str, pd.Timestamp]:
    """Give the day the records of each clinic were taken: one, or later ones first."""
    size, last = truth.clinic, pd.Timestamp(truth.clinic.observed_until)
    if size.clinics == 1:
        return last
    return {
        f"clinic {k + 1}": last - pd.Timedelta(days=k * size.stagger_days)
        for k in range(size.clinics)
    }
