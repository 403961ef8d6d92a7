"""Who is in a simulated clinic: therapists and clients, before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sessionwise.records.truth import Truth

PURPOSES = (
    "people",
    "alliance",
    "outcome",
    "endings",
    "missing",
    "dates",
    "therapist_factors",
    "client_factors",
    "ruptures",
    "sudden_gains",
    "handovers",
    "attendance",
    "other_endings",
    "frailty",
    "homework",
    "modality",
    "forms",
    "children",
    "interviews",
)
"""Each has a stream of its own, so that changing one leaves the others as they were."""

Streams = dict[str, np.random.Generator]


def streams(seed: int) -> Streams:
    """Give a stream of random numbers for each purpose."""
    children = np.random.SeedSequence(seed).spawn(len(PURPOSES))
    return {p: np.random.default_rng(c) for p, c in zip(PURPOSES, children, strict=True)}


@dataclass(frozen=True, eq=False)
class Therapists:
    """Shape (therapists,) each; what a switched-off feature would draw is 0."""

    alliance: np.ndarray
    outcome: np.ndarray
    empathy: np.ndarray
    countertransference: np.ndarray
    caseload: np.ndarray
    leaving: np.ndarray
    missed: np.ndarray
    view: np.ndarray
    of_children: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return self.alliance.size


@dataclass(frozen=True, eq=False)
class People:
    """Clients, shape (clients,) each, and their therapists.

    ``therapist`` is that of the first session; ``first_day`` counts from the clinic's first day.
    """

    therapists: Therapists = field(repr=False)
    therapist: np.ndarray
    severity: np.ndarray
    trait: np.ndarray
    outcome: np.ndarray
    slope: np.ndarray
    first_day: np.ndarray
    waiting_days: np.ndarray
    motivation: np.ndarray
    age: np.ndarray
    leaving: np.ndarray
    child: np.ndarray
    never_started: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return self.therapist.size


def everybody(truth: Truth, draws: Streams) -> People:
    """Draw therapists and their clients."""
    draw, size = draws["people"], truth.clinic
    alliance = draw.normal(0, truth.alliance.therapist_sd, size.therapists)
    outcome = draw.normal(0, truth.outcome.therapist_sd, size.therapists)
    severity = np.round(draw.normal(size=size.clients), 2)
    trait = draw.normal(0, truth.alliance.trait_sd, size.clients)
    level = draw.normal(0, truth.outcome.client_sd, size.clients)
    slope = draw.normal(0, truth.outcome.slope_sd, size.clients)
    staff = _therapists(truth, alliance, outcome, draws)
    child = _children(truth, size.clients, truth.children.clients)
    first_day = draws["dates"].integers(0, size.intake_days + 1, size.clients)
    waiting, never = _waiting(truth, draws["attendance"])
    motivation, age = draws["client_factors"].normal(size=(2, size.clients))
    frail = draws["frailty"].normal(0, truth.frailty.client_sd, size.clients)
    return People(
        therapists=staff,
        therapist=_first_therapist(truth, staff, child, draws["therapist_factors"]),
        severity=severity,
        trait=trait,
        outcome=level,
        slope=slope,
        first_day=first_day,
        waiting_days=waiting,
        motivation=np.round(motivation, 2) * truth.client_factors.on,
        age=age,
        leaving=frail * truth.frailty.on,
        child=child,
        never_started=never,
    )


def _children(truth: Truth, count: int, of_children: int) -> np.ndarray:
    """Mark the last ones as those of the children's team."""
    return (np.arange(count) >= count - of_children) & truth.children.on


def _therapists(
    truth: Truth, alliance: np.ndarray, outcome: np.ndarray, draws: Streams
) -> Therapists:
    """Draw what therapists bring."""
    count, factors = alliance.size, truth.therapist_factors
    own = draws["therapist_factors"]
    normal = own.normal(size=(2, count)) * factors.on
    caseload = np.maximum(own.poisson(factors.caseload_mean, count), 4)
    return Therapists(
        alliance=alliance,
        outcome=outcome,
        empathy=normal[0],
        countertransference=normal[1],
        caseload=caseload,
        leaving=draws["frailty"].normal(0, truth.frailty.therapist_sd, count) * truth.frailty.on,
        missed=draws["attendance"].normal(0, truth.attendance.therapist_sd, count),
        view=draws["forms"].normal(0, truth.forms.therapist_view_sd, count),
        of_children=_children(truth, count, truth.children.therapists),
    )


def _first_therapist(
    truth: Truth, staff: Therapists, child: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """Deal clients out: evenly, or by caseload; children to therapists of children."""
    clients = child.size
    if not (truth.therapist_factors.on or truth.children.on):
        return np.sort(np.arange(clients) % staff.count)
    weight = staff.caseload if truth.therapist_factors.on else np.ones(staff.count)
    given = np.empty(clients, int)
    for team in (False, True):
        theirs = np.flatnonzero(staff.of_children == team)
        mine = child == team
        if mine.any():
            chance = np.cumsum(weight[theirs] / weight[theirs].sum())
            place = np.searchsorted(chance, draw.random(int(mine.sum())), side="right")
            given[mine] = theirs[np.minimum(np.sort(place), theirs.size - 1)]
    return given


def _waiting(truth: Truth, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw days of waiting, and who never came."""
    count, waits = truth.clinic.clients, truth.attendance
    days = np.round(draw.gamma(2.5, waits.waiting_weeks * 7 / 2.5, count)).astype(int)
    chance = 1 / (1 + np.exp(-(waits.never + waits.waiting * days / 7)))
    never = draw.random(count) < chance
    return days * waits.on, never & waits.on
