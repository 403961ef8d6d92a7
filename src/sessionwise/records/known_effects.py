"""`KnownEffect`: what a simulated clinic was made to show, and what keeps an estimate from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sessionwise.records.truth import Truth

NEXT = "after session t−1 → before session t"
SAME = "before session t → after session t"
APPOINTMENT = "after the sessions before → the appointment that comes next"
DECISION = "after session t → the decision after session t"
ENDED = "before session t → the planned ending after session t"
BEFORE = "before session t−1 → before session t"
LATER = "after session t−1 → after session t"
SHORT = "a previous score among the predictors biases estimates in short courses"
PER_POINT = "ORS points per SRS point"


@dataclass(frozen=True)
class KnownEffect:
    """The true value of one term of a named question.

    Attributes
    ----------
    value
        On the scale of the term.
    scale
        What it counts, e.g. ``"ORS points per SRS point"``.
    variable
        Whether the effect is of the score as ``"recorded"``, or of the ``"latent"`` state behind.
    clock
        What comes before what, e.g. ``"after session t−1 → before session t"``.
    moved_by
        What is on in this clinic under which the model's estimate is off, one phrase each; empty
        where the model is right.
    """

    value: float
    scale: str
    variable: Literal["recorded", "latent"] = "recorded"
    clock: str = ""
    moved_by: tuple[str, ...] = ()


def effects_of(truth: Truth) -> dict[str, dict[str, KnownEffect]]:
    """Give, for each named question, the true effect behind each term of its model."""
    return {
        "alliance_and_next_outcome": _next_outcome(truth),
        "alliance_and_next_outcome_given_previous": _given_previous(truth),
        "alliance_and_next_outcome_detrended": _detrended(truth),
        "alliance_at_three_levels": _three_levels(truth),
        "outcome_and_alliance": _reverse(truth, given_previous=False),
        "outcome_and_alliance_given_previous": _reverse(truth, given_previous=True),
        "alliance_and_leaving": _leaving(truth),
        "alliance_and_endings": _planned(truth),
        "alliance_and_attendance": _attendance(truth),
        "outcome_over_time": _over_time(truth),
    }


def moved_by(truth: Truth, family: str) -> tuple[str, ...]:
    """Say what in a clinic keeps a family of estimates from the truth.

    Parameters
    ----------
    truth
        What the clinic is made of.
    family
        ``"session"``, ``"within"``, ``"between"`` or ``"leaving"``.
    """
    parts = [getattr(truth, name) for name in truth.features_on]
    return tuple(part.because for part in parts if family in part.moves)


def _next_outcome(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the hybrid."""
    outcome = truth.outcome
    seen: Literal["latent", "recorded"] = "latent" if truth.ceiling.on else "recorded"
    between = moved_by(truth, "between")
    if outcome.between != outcome.within:
        between += ("a mean of few sessions holds their swings too, which go by the within effect",)
    within = moved_by(truth, "within")
    return {
        "session": KnownEffect(
            outcome.session, "ORS points per session", moved_by=moved_by(truth, "session")
        ),
        "srs_lag1_within": KnownEffect(outcome.within, PER_POINT, seen, NEXT, within),
        "srs_lag1_between": KnownEffect(outcome.between, PER_POINT, seen, NEXT, between),
        "severity": KnownEffect(outcome.severity, "ORS points per SD"),
    }


def _detrended(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the hybrid in which the client's own line is taken out of the swings.

    What the growth of the alliance brings is then in the slope over sessions.
    """
    plain = _next_outcome(truth)
    plain["session"] = replace(plain["session"], value=_with_growth(truth))
    if truth.feedback.on:
        within = plain["srs_lag1_within"]
        more = (*within.moved_by, "the client's own line holds scores still to come")
        plain["srs_lag1_within"] = replace(within, moved_by=more)
    return {
        {"srs_lag1_within": "srs_lag1_detrended"}.get(term, term): one
        for term, one in plain.items()
    }


def _three_levels(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the model in three levels; the clinic has one effect of clients and therapists."""
    plain = _next_outcome(truth)
    therapists = plain.pop("srs_lag1_between")
    own = truth.therapist_factors.because if truth.therapist_factors.on else ""
    why = tuple(reason for reason in therapists.moved_by if reason != own)
    if truth.handovers.on and truth.outcome.between != truth.outcome.within:
        why += ("who changes therapist has few sessions with each, and two means that differ by "
                "swings",)  # fmt: skip
    clients = replace(therapists, moved_by=why)
    return {**plain, "srs_lag1_between_clients": clients, "srs_lag1_between_therapists": therapists}


def _over_time(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the growth model; where the alliance grows, its growth brings a share of it."""
    outcome, why = truth.outcome, moved_by(truth, "session")
    if truth.planned.progress:
        why += ("those who progress end sooner",)
    return {
        "session": KnownEffect(_with_growth(truth), "ORS points per session", moved_by=why),
        "severity": KnownEffect(outcome.severity, "ORS points per SD"),
    }


def _with_growth(truth: Truth) -> float:
    """Give the outcome's slope with what the growth of the alliance brings to it."""
    outcome = truth.outcome
    growth = 0.0 if truth.phases.on else truth.alliance.growth
    return outcome.session + outcome.within * growth


def _given_previous(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the hybrid with the previous outcome."""
    plain = _next_outcome(truth)
    within = plain["srs_lag1_within"]
    return {
        **plain,
        "srs_lag1_within": KnownEffect(
            within.value, within.scale, within.variable, NEXT, (SHORT, *within.moved_by)
        ),
        "ors_lag1_within": KnownEffect(
            truth.outcome.carry_over, "ORS points per ORS point", "latent", BEFORE, (SHORT,)
        ),
    }


def _reverse(truth: Truth, *, given_previous: bool) -> dict[str, KnownEffect]:
    """Terms of the reverse direction."""
    value = truth.feedback.outcome if truth.feedback.on else 0.0
    why = []
    if given_previous:
        why.append(SHORT)
    elif truth.alliance.carry_over and truth.outcome.within:
        why.append("the alliance of the session before is behind both scores")
    if truth.outcome.error_sd:
        why.append("the recorded outcome holds measurement error")
    if truth.ceiling.on:
        why.append(truth.ceiling.because)
    known = {
        "ors_within": KnownEffect(value, "SRS points per ORS point", "latent", SAME, tuple(why))
    }
    if given_previous:
        carried = KnownEffect(
            truth.alliance.carry_over, "SRS points per SRS point", "latent", LATER, (SHORT,)
        )
        known["srs_lag1_within"] = carried
    return known


def _leaving(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the hazard; what differs between therapists alone is in their random term."""
    leaving, why = truth.leaving, moved_by(truth, "leaving")
    if truth.frailty.on and not truth.frailty.client_sd:
        why = tuple(reason for reason in why if reason != truth.frailty.because)
    values = {
        "first_session": (leaving.first_session, "log hazard"),
        "session": (leaving.session, "log hazard per session"),
        "srs_to_date": (leaving.to_date, "log hazard per SRS point"),
        "srs_change": (leaving.change, "log hazard per SRS point"),
        "severity": (leaving.severity, "log hazard per SD"),
    }
    return {
        term: KnownEffect(value, scale, clock=DECISION, moved_by=why)
        for term, (value, scale) in values.items()
    }


def _planned(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the hazard of a planned ending; the alliance is none of what it goes by."""
    planned, why = truth.planned, []
    if planned.progress:
        why.append("those who progress end sooner, and progress goes with the alliance")
    if planned.notice:
        why.append("the end is agreed on some sessions before the last one")
    values = {
        "session": (planned.session, "log hazard per session"),
        "srs_so_far": (0.0, "log hazard per SRS point"),
        "srs_last_change": (0.0, "log hazard per SRS point"),
        "severity": (planned.severity, "log hazard per SD"),
    }
    return {
        term: KnownEffect(value, scale, clock=ENDED, moved_by=tuple(why))
        for term, (value, scale) in values.items()
    }


def _attendance(truth: Truth) -> dict[str, KnownEffect]:
    """Terms of the model of appointments missed: effects given the client and the therapist.

    The clinic goes by the last recorded score, which is the mean so far plus the last change: both
    terms have its effect. None where appointments are not among what is simulated.
    """
    miss = truth.attendance
    if not miss.on:
        return {}
    why = []
    if miss.silent:
        why.append("who leaves may miss one more appointment, and leaving has causes of its own")
    if truth.missing.alliance or truth.missing_badly.on:
        why.append("where the last form is missing, clients act as after an average session")
    between = list(why)
    if truth.client_factors.on and miss.motivation:
        between.append("motivated clients have the better alliance and miss less")
    per_point = "log odds per SRS point, given client and therapist"
    known = {
        "srs_so_far": KnownEffect(
            miss.alliance, per_point, "recorded", APPOINTMENT, tuple(between)
        ),
        "srs_last_change": KnownEffect(
            miss.alliance, per_point, "recorded", APPOINTMENT, tuple(why)
        ),
    }
    sessions = KnownEffect(0.0, "log odds per session, given client and therapist",
                           clock=APPOINTMENT, moved_by=tuple(why))  # fmt: skip
    return {"sessions_so_far": sessions, **known}
