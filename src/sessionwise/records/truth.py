"""`Truth`: what a simulated clinic is made of, every effect with its equation, clock and scale."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sessionwise.records.codebook import SCHEMA, read_toml, validated
from sessionwise.records.known_effects import KnownEffect


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Clinic(_Part):
    """How many people, and when the records were taken."""

    therapists: int = Field(30, ge=1)
    clients: int = Field(400, ge=1, description="each has one course, with one therapist")
    session_limit: int = Field(20, ge=2, description="the last session allowed")
    interval_days: int = Field(7, ge=1, description="from one appointment to the next")
    first_intake: date = date(2024, 1, 8)
    intake_days: int = Field(500, ge=0, description="intakes are spread evenly over these days")
    observed_until: date = date(2025, 7, 31)
    clinics: int = Field(1, ge=1, description="therapists are dealt out to so many")
    stagger_days: int = Field(0, ge=0, description="each clinic's records end so much earlier")


class Alliance(_Part):
    """Recorded alliance after session t (SRS points).

    srs_it = start + growth·(t−1) + therapist_j + trait_i + d_it,
    d_it = carry_over·d_i,t−1 + e_it, d_i1 from its stationary distribution.
    """

    start: float = 28.5
    growth: float = Field(0.1, description="points a session")
    therapist_sd: float = Field(0.7, ge=0)
    trait_sd: float = Field(1.8, ge=0, description="between clients of a therapist")
    carry_over: float = Field(0.4, gt=-1, lt=1, description="lag-1 autoregression")
    session_sd: float = Field(1.4, ge=0, description="of e_it")


class Outcome(_Part):
    """Outcome before session t (ORS points).

    ors_it = start + session·t + alliance·(srs_i,t−1 − alliance.start) + severity·severity_i
    + therapist_j + client_i + slope_i·t + e_it; the alliance term is 0 at t = 1.
    """

    start: float = 18.0
    session: float = Field(0.3, description="points a session")
    alliance: float = Field(0.3, description="points per point of srs after the last session")
    severity: float = Field(-1.5, description="points per SD of severity at intake")
    therapist_sd: float = Field(0.9, ge=0)
    client_sd: float = Field(3.0, ge=0)
    slope_sd: float = Field(0.12, ge=0, description="independent of client_i")
    session_sd: float = Field(2.2, ge=0)


class Leaving(_Part):
    """Hazard of an unplanned ending after session t, on recorded scores.

    log(−log(1 − h_it)) = baseline + first_session·[t = 1] + session·t
    + to_date·(srs_to_date_it − alliance.start) + change·srs_change_it + severity·severity_i;
    srs_change is 0 at t = 1.
    """

    baseline: float = -3.2
    first_session: float = 0.5
    session: float = -0.04
    to_date: float = Field(-0.14, description="log hazard per point")
    change: float = Field(-0.08, description="log hazard per point")
    severity: float = 0.2


class Planned(_Part):
    """Hazard of a planned ending after session t, given no unplanned one.

    log(−log(1 − h_it)) = baseline + session·t + severity·severity_i.
    """

    baseline: float = -5.2
    session: float = 0.18
    severity: float = -0.2


class Missing(_Part):
    """Share of questionnaires lost, each with the same probability whatever it said."""

    alliance: float = Field(0.05, ge=0, lt=1)
    outcome: float = Field(0.04, ge=0, lt=1)


class Truth(BaseModel):
    """What a simulated clinic is made of.

    The *plain regime*: no ceiling, forms lost at random, no effect of outcome on alliance, the
    same effect of alliance between and within clients, both hazards on the columns a model of
    leaving may use. All values are assumed, none estimated.

    Examples
    --------
    >>> Truth().outcome.alliance
    0.3
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(SCHEMA, alias="schema")
    regime: Literal["plain"] = "plain"
    decimals: int = Field(1, ge=0, le=6, description="recorded scores are rounded to")
    clinic: Clinic = Clinic()
    alliance: Alliance = Alliance()
    outcome: Outcome = Outcome()
    leaving: Leaving = Leaving()
    planned: Planned = Planned()
    missing: Missing = Missing()

    @classmethod
    def load(cls, path: str | Path) -> Truth:
        """Read a ``truth.toml``.

        Raises
        ------
        InvalidInput
            Not there, not TOML, or with keys or values a truth does not have.
        """
        path = Path(path)
        return validated(cls, read_toml(path, "a truth"), path.name)

    def estimands(self) -> dict[str, dict[str, KnownEffect]]:
        """Give, for each named question, the true effect behind each term of its model."""
        outcome, leaving = self.outcome, self.leaving
        next_session = "after session t−1 → before session t"
        decision = "after session t → the decision after session t"
        return {
            "alliance_and_next_outcome": {
                "session": KnownEffect(outcome.session, "ORS points per session"),
                "srs_lag1_within": KnownEffect(
                    outcome.alliance, "ORS points per SRS point", clock=next_session
                ),
                "srs_lag1_between": KnownEffect(
                    outcome.alliance, "ORS points per SRS point", clock=next_session
                ),
                "severity": KnownEffect(outcome.severity, "ORS points per SD"),
            },
            "alliance_and_leaving": {
                name: KnownEffect(value, scale, clock=decision)
                for name, value, scale in (
                    ("first_session", leaving.first_session, "log hazard"),
                    ("session", leaving.session, "log hazard per session"),
                    ("srs_to_date", leaving.to_date, "log hazard per SRS point"),
                    ("srs_change", leaving.change, "log hazard per SRS point"),
                    ("severity", leaving.severity, "log hazard per SD"),
                )
            },
        }
