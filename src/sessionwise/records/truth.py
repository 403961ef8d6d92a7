"""`Truth`: what a simulated clinic is made of, every effect with its equation, clock and scale."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.records import truth_attendance, truth_forms
from sessionwise.records import truth_features as features
from sessionwise.records.codebook import SCHEMA, read_toml, validated
from sessionwise.records.known_effects import KnownEffect, effects_of
from sessionwise.records.truth_sections import (
    Alliance,
    Clinic,
    Leaving,
    Missing,
    Outcome,
    Planned,
    Section,
)


class Truth(BaseModel):
    """What a simulated clinic is made of.

    With every feature off it is the *plain regime*: no ceiling, forms lost at random, no effect of
    outcome on alliance, the same effect of alliance between and within clients, both hazards on
    the columns a model of leaving may use.

    Examples
    --------
    >>> Truth().features_on, Truth().switched_on("ceiling", "feedback").features_on
    ((), ('ceiling', 'feedback'))
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(SCHEMA, alias="schema")
    decimals: int = Field(1, ge=0, le=6, description="ORS and SRS are rounded to")
    clinic: Clinic = Clinic()
    alliance: Alliance = Alliance()
    outcome: Outcome = Outcome()
    leaving: Leaving = Leaving()
    planned: Planned = Planned()
    missing: Missing = Missing()
    ceiling: features.Ceiling = features.Ceiling()
    phases: features.Phases = features.Phases()
    therapist_factors: features.TherapistFactors = features.TherapistFactors()
    client_factors: features.ClientFactors = features.ClientFactors()
    ruptures: features.Ruptures = features.Ruptures()
    feedback: features.Feedback = features.Feedback()
    sudden_gains: features.SuddenGains = features.SuddenGains()
    handovers: truth_attendance.Handovers = truth_attendance.Handovers()
    attendance: truth_attendance.Attendance = truth_attendance.Attendance()
    other_endings: truth_attendance.OtherEndings = truth_attendance.OtherEndings()
    frailty: truth_attendance.Frailty = truth_attendance.Frailty()
    informative_leaving: truth_attendance.InformativeLeaving = truth_attendance.InformativeLeaving()
    missing_badly: truth_forms.MissingBadly = truth_forms.MissingBadly()
    homework: features.Homework = features.Homework()
    modality: features.Modality = features.Modality()
    forms: truth_forms.Forms = truth_forms.Forms()
    children: truth_forms.Children = truth_forms.Children()
    interviews: truth_forms.Interviews = truth_forms.Interviews()

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

    @property
    def sections(self) -> dict[str, Section]:
        """Name every table, core first."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: part for name, part in named.items() if isinstance(part, Section)}

    @property
    def features_on(self) -> tuple[str, ...]:
        """Name the features that are switched on."""
        return tuple(name for name, part in self.sections.items() if getattr(part, "on", False))

    def switched_on(self, *names: str) -> Truth:
        """Give a copy with some features on, each with the values it has here.

        Raises
        ------
        InvalidInput
            There is no such feature.
        """
        known = [n for n, part in self.sections.items() if isinstance(part, features.Feature)]
        problems = [
            Problem(f"There is no feature '{name}'", "", nearest(name, known))
            for name in names
            if name not in known
        ]
        if problems:
            raise InvalidInput(problems, "the truth")
        switched = {name: getattr(self, name).model_copy(update={"on": True}) for name in names}
        return self.model_copy(update=switched)

    def estimands(self) -> dict[str, dict[str, KnownEffect]]:
        """Give, for each named question, the true effect behind each term of its model."""
        return effects_of(self)
