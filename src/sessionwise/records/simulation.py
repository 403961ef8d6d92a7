"""A simulated clinic with a known truth, drawn session by session for all clients at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sessionwise.instruments.catalogue import instrument
from sessionwise.records.canonical import Draft, assemble
from sessionwise.records.codebook import ROLE_CODES
from sessionwise.records.observation import Observation
from sessionwise.records.sessions import Column, Origin, Sessions
from sessionwise.records.truth import Truth

PURPOSES = ("people", "alliance", "outcome", "endings", "missing", "dates")


@dataclass(frozen=True, eq=False)
class _People:
    """Clients: shape (clients,) each."""

    therapist: np.ndarray
    severity: np.ndarray
    alliance: np.ndarray
    outcome: np.ndarray
    slope: np.ndarray
    intake: np.ndarray


def simulate(truth: Truth | None = None, seed: int = 1) -> Sessions:
    """Draw one clinic.

    Parameters
    ----------
    truth
        What it is made of; the plain regime by default.
    seed
        Same seed, same clinic. Each purpose (people, alliance, outcome, endings, missing forms,
        dates) has a stream of its own, so that changing one leaves the others as they were.

    Returns
    -------
    Sessions
        With ``therapist, date, ors`` (before the session), ``srs`` (after it), ``severity``.

    Examples
    --------
    >>> simulate(Truth(clinic={"therapists": 3, "clients": 20}), seed=7).counts()["clients"]
    20
    """
    truth = truth or Truth()
    children = np.random.SeedSequence(seed).spawn(len(PURPOSES))
    streams = {p: np.random.default_rng(c) for p, c in zip(PURPOSES, children, strict=True)}
    people = _people(truth, streams)
    rows = _sessions(truth, people, streams)
    return _as_sessions(truth, people, rows, seed)


def _people(truth: Truth, streams: dict[str, np.random.Generator]) -> _People:
    """Draw therapists and their clients."""
    draw, size = streams["people"], truth.clinic
    therapist = np.sort(np.arange(size.clients) % size.therapists)
    alliance = draw.normal(0, truth.alliance.therapist_sd, size.therapists)[therapist]
    outcome = draw.normal(0, truth.outcome.therapist_sd, size.therapists)[therapist]
    return _People(
        therapist=therapist,
        severity=np.round(draw.normal(size=size.clients), 2),
        alliance=alliance + draw.normal(0, truth.alliance.trait_sd, size.clients),
        outcome=outcome + draw.normal(0, truth.outcome.client_sd, size.clients),
        slope=draw.normal(0, truth.outcome.slope_sd, size.clients),
        intake=streams["dates"].integers(0, size.intake_days + 1, size.clients),
    )


def _sessions(
    truth: Truth, people: _People, streams: dict[str, np.random.Generator]
) -> dict[str, np.ndarray]:
    """Walk through the sessions; arrays of shape (limit, clients)."""
    limit, clients = truth.clinic.session_limit, truth.clinic.clients
    srs = _alliance_scores(truth, people, streams["alliance"])
    lost = streams["missing"].random((limit, clients)) < truth.missing.alliance
    recorded = np.where(lost, np.nan, srs)
    to_date, change = _running(recorded, truth.alliance.start)
    uniform = streams["endings"].random((2, limit, clients))
    left = uniform[0] < _hazard_unplanned(truth, people, to_date, change)
    planned = (uniform[1] < _hazard_planned(truth, people)) & ~left
    ended = left | planned
    before = np.cumsum(ended, axis=0) - ended > 0
    ors = _outcome_scores(truth, people, srs, streams["outcome"])
    ors = np.where(streams["missing"].random(ors.shape) < truth.missing.outcome, np.nan, ors)
    day = people.intake + truth.clinic.interval_days * np.arange(limit)[:, None]
    last_day = (truth.clinic.observed_until - truth.clinic.first_intake).days
    last_day = last_day - truth.clinic.stagger_days * _clinic_of(truth, people)
    known = day + truth.clinic.interval_days <= last_day
    known[-1] = False  # nobody decides anything after the last session allowed
    attended = ~before & (day <= last_day)
    return {
        "attended": attended,
        "srs": recorded,
        "ors": ors,
        "day": day,
        "left": left & attended & known,
        "planned": planned & attended & known,
    }


def _clinic_of(truth: Truth, people: _People) -> np.ndarray:
    """Give the clinic of each client, 0, 1, …, by therapist."""
    return people.therapist % truth.clinic.clinics


def _last_days(truth: Truth) -> pd.Timestamp | dict[str, pd.Timestamp]:
    """Give the day the records of each clinic were taken: one, or later ones first."""
    size, last = truth.clinic, pd.Timestamp(truth.clinic.observed_until)
    if size.clinics == 1:
        return last
    return {
        f"clinic {k + 1}": last - pd.Timedelta(days=k * size.stagger_days)
        for k in range(size.clinics)
    }


def _alliance_scores(truth: Truth, people: _People, draw: np.random.Generator) -> np.ndarray:
    """Alliance after each session as the client rated it, shape (limit, clients)."""
    alliance, limit = truth.alliance, truth.clinic.session_limit
    swings = draw.normal(0, alliance.session_sd, (limit, truth.clinic.clients))
    swings[0] /= np.sqrt(1 - alliance.carry_over**2)
    for t in range(1, limit):
        swings[t] += alliance.carry_over * swings[t - 1]
    growth = alliance.growth * np.arange(limit)[:, None]
    return np.round(alliance.start + growth + people.alliance + swings, truth.decimals)


def _running(recorded: np.ndarray, fallback: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean of recorded scores so far, and the last one minus the mean of those before it.

    Where a client has no recorded score yet the mean is ``fallback``, and a change that cannot be
    computed is 0; those rows are not in any model, as the score is missing there.
    """
    count = np.cumsum(~np.isnan(recorded), axis=0)
    total = np.cumsum(np.nan_to_num(recorded), axis=0)
    to_date = np.where(count > 0, total / np.maximum(count, 1), fallback)
    before = np.vstack([np.full((1, recorded.shape[1]), np.nan), to_date[:-1]])
    none_before = np.vstack([np.zeros((1, recorded.shape[1]), int), count[:-1]]) == 0
    change = recorded - np.where(none_before, np.nan, before)
    return to_date, np.nan_to_num(change)


def _outcome_scores(
    truth: Truth, people: _People, srs: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """Outcome before each session, shape (limit, clients)."""
    outcome, limit = truth.outcome, truth.clinic.session_limit
    session = np.arange(1, limit + 1)[:, None]
    previous = np.vstack([np.full((1, srs.shape[1]), truth.alliance.start), srs[:-1]])
    mean = (
        outcome.start
        + outcome.session * session
        + outcome.alliance * (previous - truth.alliance.start)
        + outcome.severity * people.severity
        + people.outcome
        + people.slope * session
    )
    return np.round(mean + draw.normal(0, outcome.session_sd, mean.shape), truth.decimals)


def _hazard_unplanned(
    truth: Truth, people: _People, to_date: np.ndarray, change: np.ndarray
) -> np.ndarray:
    """Probability of an unplanned ending after each session."""
    leaving = truth.leaving
    session = np.arange(1, truth.clinic.session_limit + 1)[:, None]
    eta = (
        leaving.baseline
        + leaving.first_session * (session == 1)
        + leaving.session * session
        + leaving.to_date * (to_date - truth.alliance.start)
        + leaving.change * change
        + leaving.severity * people.severity
    )
    return -np.expm1(-np.exp(eta))


def _hazard_planned(truth: Truth, people: _People) -> np.ndarray:
    """Probability of a planned ending after each session, given no unplanned one."""
    planned = truth.planned
    session = np.arange(1, truth.clinic.session_limit + 1)[:, None]
    eta = planned.baseline + planned.session * session + planned.severity * people.severity
    return -np.expm1(-np.exp(eta))


def _as_sessions(truth: Truth, people: _People, rows: dict[str, np.ndarray], seed: int) -> Sessions:
    """Lay the walk out as one row per session."""
    client, session = np.nonzero(rows["attended"].T)
    at = (session, client)
    left, planned = rows["left"].any(axis=0), rows["planned"].any(axis=0)
    at_limit = rows["attended"][-1] & ~left & ~planned
    kinds = ["unplanned", "planned", "limit_reached"]
    ending = np.select([left, planned, at_limit], kinds, "ongoing")
    first = np.datetime64(truth.clinic.first_intake, "us")
    frame = pd.DataFrame(
        {
            "client": _numbered("C", client),
            "therapist": _numbered("T", people.therapist[client]),
            "session": pd.array(session + 1, dtype="Int64"),
            "date": first + rows["day"][at].astype("timedelta64[D]"),
            "ors": rows["ors"][at],
            "srs": rows["srs"][at],
            "severity": people.severity[client],
            "ending": pd.Categorical(ending[client], categories=list(ROLE_CODES["ending"])),
        }
    )
    if truth.clinic.clinics > 1:
        frame["clinic"] = [f"clinic {k + 1}" for k in _clinic_of(truth, people)[client]]
        frame = frame.astype({"clinic": "str"})
    cards = {name: instrument(name) for name in ("ors", "srs")}
    draft = Draft(frame, _columns(), cards, _no_limits(), ids_global=True)
    observation = Observation(
        _last_days(truth),
        truth.clinic.interval_days,
        truth.clinic.session_limit,
    )
    origin = Origin(f"simulation, seed {seed}", rows_read=len(frame))
    return replace(assemble(draft, origin, "session", observation), synthetic=True)


def _no_limits() -> dict[str, tuple[float, float]]:
    """The plain regime has no ceiling and no floor."""
    return dict.fromkeys(("ors", "srs"), (-np.inf, np.inf))


def _numbered(letter: str, numbers: np.ndarray) -> pd.Series:
    """Name people by letter and number."""
    width = len(str(int(numbers.max()) + 1))
    unique = np.array([f"{letter}{n + 1:0{width}d}" for n in range(int(numbers.max()) + 1)])
    return pd.Series(unique[numbers], dtype="str")


def _columns() -> dict[str, Column]:
    """Describe the columns of a simulated clinic."""
    described = [
        Column("client", "text", "before"),
        Column("therapist", "text", "before"),
        Column("session", "whole", "before"),
        Column("date", "date", "before"),
        Column("ors", "number", "before", unit="points", label="ORS", instrument="ors"),
        Column("srs", "number", "after", unit="points", label="SRS", instrument="srs"),
        Column("severity", "number", "before", "course", unit="SD", label="severity at intake"),
        Column("ending", "category", "course", "course"),
    ]
    return {column.name: column for column in described}
