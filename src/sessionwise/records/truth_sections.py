"""What every simulated clinic is made of, each effect with its equation, scale and source."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

ASSUMED = "assumed"


class Section(BaseModel):
    """One table of a ``truth.toml``.

    ``equation`` says how the values enter, in the symbols i (client), j (the therapist of that
    session) and t (session); ``variable`` whether the scores in it are recorded or latent;
    ``clock`` what comes before what.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    equation: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str] = ""
    clock: ClassVar[str] = ""


def given(value: Any, what: str, scale: str = "", source: str = ASSUMED, **limits: Any) -> Any:
    """Give one value its words, its scale and its source."""
    return Field(value, description=what, json_schema_extra={"scale": scale, "source": source},
                 **limits)  # fmt: skip


class Clinic(Section):
    """How many people, and when the records were taken."""

    therapists: int = given(30, "therapists", ge=1)
    clients: int = given(400, "clients, one course each", ge=1)
    session_limit: int = given(20, "the last session allowed", "sessions", ge=2)
    interval_days: int = given(7, "from one appointment to the next", "days", ge=1)
    first_intake: date = given(date(2024, 1, 8), "the first day of the records")
    intake_days: int = given(500, "first appointments are spread evenly over these days", ge=0)
    observed_until: date = given(date(2025, 7, 31), "the day the records were taken")
    clinics: int = given(1, "therapists are dealt out to so many", ge=1)
    stagger_days: int = given(0, "each clinic's records end so much earlier", "days", ge=0)


class Alliance(Section):
    """The alliance after session t, as the client would rate it on a scale without ends."""

    equation = (
        "A_it = start + growth·(t−1) + T_it + d_it",
        "T_it = therapist_j + trait_i: the stable level",
        "d_it = carry_over·d_i,t−1 + e_it, with d_i1 from its stationary distribution",
        "srs_it = A_it, rounded",
    )
    variable = "A is latent; srs is A as recorded"
    clock = "after session t"

    start: float = given(
        28.5,
        "average after session 1",
        "SRS points",
        "assumed; with a ceiling, under 24 % of clients below 36: Duncan 2003",
    )
    growth: float = given(0.1, "rise a session", "SRS points per session")
    therapist_sd: float = given(
        0.7,
        "between therapists",
        "SRS points, SD",
        "assumed; with empathy, near 6 % of the variance: Crits-Christoph 2011",
        ge=0,
    )
    trait_sd: float = given(1.8, "between the clients of a therapist", "SRS points, SD", ge=0)
    carry_over: float = given(0.4, "of one session's swing in the next", "share", gt=-1, lt=1)
    session_sd: float = given(1.4, "of e_it", "SRS points, SD", ge=0)


class Outcome(Section):
    """The outcome before session t."""

    equation = (
        "ors_it = start + session·t + within·(A_i,t−1 − alliance.start − T_i,t−1)"
        " + between·T_i,t−1",
        "  + severity·severity_i + therapist_j + client_i + slope_i·t + z_it + error_it",
        "the alliance terms are 0 at t = 1; the therapist is that of session t−1 (of session 1 at "
        "t = 1)",
        "z_it = carry_over·z_i,t−1 + swing_it: how this week differs; error_it: of measurement",
    )
    variable = "A and T are latent (recorded as srs where there is no ceiling)"
    clock = "alliance after session t−1 → outcome before session t"

    start: float = given(18.0, "average before session 1, less one session's rise", "ORS points",
                         "adult intake 16–19: OpenFIT help")  # fmt: skip
    session: float = given(0.3, "rise a session", "ORS points per session")
    within: float = given(
        0.3,
        "of the state of the alliance",
        "ORS points per SRS point",
        "assumed; β of .16–.21 within clients: PMC7776120",
    )
    between: float = given(
        0.3,
        "of the stable level of the alliance",
        "ORS points per SRS point",
        "assumed; partial r of .2 and more: Crits-Christoph 2011, Flückiger 2018",
    )
    severity: float = given(-1.5, "of severity at intake", "ORS points per SD")
    therapist_sd: float = given(
        0.9,
        "between therapists",
        "ORS points, SD",
        "assumed; near 5 % of the variance: Wampold & Brown 2005",
        ge=0,
    )
    client_sd: float = given(3.0, "between the clients of a therapist", "ORS points, SD", ge=0)
    slope_sd: float = given(0.12, "between clients' slopes", "ORS points per session, SD", ge=0)
    carry_over: float = given(
        0.0,
        "of one week's swing in the next",
        "share",
        ".27 of the detrended BDI in ENRICHD",
        gt=-1,
        lt=1,
    )
    session_sd: float = given(2.2, "of swing_it", "ORS points, SD", ge=0)
    error_sd: float = given(0.0, "of error_it", "ORS points, SD", ge=0)


class Leaving(Section):
    """Unplanned endings."""

    equation = (
        "log(−log(1 − h_it)) = baseline + first_session·[t = 1] + session·t"
        " + to_date·(srs_to_date_it − alliance.start)",
        "  + change·srs_change_it + severity·severity_i; srs_change is 0 at t = 1",
    )
    variable = "recorded srs: its mean to date, and its last change from the mean before"
    clock = "after session t → the decision after session t"

    baseline: float = given(
        -3.2,
        "where all else is 0",
        "log hazard",
        "assumed; 20–25 % leave unplanned: Swift & Greenberg 2012; Gmeinwieser 2020",
    )
    first_session: float = given(0.5, "a step at session 1", "log hazard")
    session: float = given(-0.04, "a session later", "log hazard per session")
    to_date: float = given(
        -0.14,
        "of the mean to date",
        "log hazard per SRS point",
        "assumed; sign and size: d = .55, Sharf 2010",
    )
    change: float = given(-0.08, "of the last change", "log hazard per SRS point")
    severity: float = given(0.2, "of severity at intake", "log hazard per SD")


class Planned(Section):
    """Planned endings: agreed on after session t, unless the client left then."""

    equation = (
        "log(−log(1 − g_it)) = baseline + session·t + severity·severity_i"
        " + progress·(ors_it − ors_i1)",
        "the course then ends after `notice` more sessions",
    )
    variable = "recorded ors, 0 change where one of the two is missing"
    clock = "outcome before session t → the agreement in session t"

    baseline: float = given(
        -5.2,
        "where all else is 0",
        "log hazard",
        "assumed; near 10 sessions a course: metapsy trials plan 9.1",
    )
    session: float = given(0.18, "a session later", "log hazard per session")
    severity: float = given(-0.2, "of severity at intake", "log hazard per SD")
    progress: float = given(0.0, "of the change so far", "log hazard per ORS point")
    notice: int = given(0, "from agreeing on the end to the end", "sessions", ge=0)


class Missing(Section):
    """Forms that were not filled in, each with the same probability whatever it said."""

    alliance: float = given(0.05, "of all alliance forms", "share", ge=0, lt=1)
    outcome: float = given(0.04, "of all outcome forms", "share", ge=0, lt=1)
