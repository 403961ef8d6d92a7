"""`Study`: one small TOML file that says what is to be reported, of which data."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.features.dropout_rule import DropoutRule
from sessionwise.models.long_run import early_alliance_in_the_long_run
from sessionwise.records.codebook import SCHEMA, Codebook, read_toml, validated
from sessionwise.records.known_effects import KnownEffect
from sessionwise.records.observation import Observation
from sessionwise.records.reading import columns_of, read
from sessionwise.records.sessions import Sessions
from sessionwise.records.truth import Truth
from sessionwise.study.cohort import Cohort, members
from sessionwise.study.leaving_rules import (
    counted,
    for_another_outcome,
    refuse_strange_roles,
    settings,
)
from sessionwise.study.locating import study_file

NOTEBOOKS = (
    "01-who-came",
    "02-how-alliance-moves",
    "03-alliance-and-outcome",
    "04-alliance-and-staying",
    "05-who-changed",
)


class Study(BaseModel):
    """What is to be reported, of which data.

    Examples
    --------
    >>> study = Study.of({"name": "clinic", "title": "A clinic", "data": "a.csv",
    ...                   "codebook": "a.toml", "outcome": "ors"})
    >>> study.clock, study.notebooks[0]
    ('session', '01-who-came')
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(SCHEMA, alias="schema", description="version of this file's form")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="name of the report folder")
    title: str = Field(min_length=1, description="title of the report")
    about: str = Field("", description="what these data are, in a sentence or two")
    data: str = Field(description="the export, relative to this file")
    codebook: str = Field(description="its codebook, relative to this file")
    truth: str = Field("", description="for simulated data, what they were made of")
    clock: Literal["session", "date", "time"] = Field("session", description="what orders the rows")
    alliance: str = Field("", description="the alliance score; empty: there is none")
    views: tuple[()] | tuple[str, str] = Field(
        (), description="the client's alliance score and the therapist's, of one form"
    )
    empathy: str = Field("", description="the client's score of the therapist's empathy")
    outcome: str = Field("", description="the outcome score")
    by: str = Field("", description="a group known at intake to compare, e.g. the arm of a trial")
    reliability: float | None = Field(
        None, gt=0, lt=1, description="reliability of the outcome, for reliable change"
    )
    adjust: tuple[str, ...] = Field((), description="intake covariates of the models")
    landmark: int = Field(3, ge=1, description="session at which early alliance is fixed")
    observed_until: date | dict[str, date] | None = Field(
        None, description="last day the records cover, one or one per clinic"
    )
    interval_days: float | None = Field(None, gt=0, description="from one appointment to the next")
    session_limit: int | None = Field(None, ge=1, description="last session the service allows")
    silent_after_days: float | None = Field(
        None, gt=0, description="open courses to be counted and named"
    )
    dropout: DropoutRule = Field(DropoutRule(), description="which endings are dropout")
    endings: dict[str, str] = Field({}, description="kind of ending → what it counts as")
    notebooks: tuple[str, ...] = Field(NOTEBOOKS, description="in the order of the report")
    seed: int = Field(1, description="recorded; for whatever is drawn at random")
    include: Cohort | None = Field(None, description="whose courses the study is about; all")
    cohorts: dict[str, Cohort] = Field({}, description="named groups of courses")

    _path: Path = PrivateAttr(default=Path("study.toml"))
    _cohort: str = PrivateAttr(default="")

    @classmethod
    def load(cls, name: str | Path) -> Study:
        """Read a study file.

        Parameters
        ----------
        name
            A bare name is ``studies/NAME.toml`` in the nearest folder upwards that has
            ``studies/``; anything with ``/`` or ``.toml`` is a path.

        Raises
        ------
        InvalidInput
            Not there, not TOML, or with keys or values a study does not have: every one of them.
        """
        path = study_file(str(name))
        return cls.of(read_toml(path, "a study"), path)

    @classmethod
    def of(cls, content: dict, path: Path = Path("study.toml")) -> Study:
        """Make a study of a parsed table; paths in it are relative to ``path``."""
        study = validated(cls, content, path.name)
        refuse_strange_roles(study.endings, path.name)
        study._path = path.resolve()
        return study

    def using(self, alliance: str = "", outcome: str = "", cohort: str = "") -> Study:
        """Give a copy with other scores or a cohort; empty means as the study says.

        Raises
        ------
        InvalidInput
            The cohort is not one of the study's, or a score not one of its codebook's.
        """
        problems = []
        if cohort and cohort not in self.cohorts:
            near = nearest(cohort, self.cohorts) if self.cohorts else "This study names no cohorts."
            problems.append(Problem(f"There is no cohort '{cohort}'", "", near))
        known = columns_of(Codebook.load(self.codebook_path)) if alliance or outcome else ()
        problems += [
            Problem(f"There is no score '{name}'", self.codebook_path.name, nearest(name, known))
            for name in (alliance, outcome)
            if name and name not in known
        ]
        if problems:
            raise InvalidInput(problems, self._path.name)
        changes = {"alliance": alliance or self.alliance, "outcome": outcome or self.outcome}
        if changes["outcome"] != self.outcome:
            changes["reliability"] = None  # it was that of the other score
            changes["dropout"] = for_another_outcome(self.dropout)
        copy = self.model_copy(update=changes)
        copy._path, copy._cohort = self._path, cohort or self._cohort
        return copy

    def read(self) -> Sessions:
        """Read the records as the study says, and keep whom it is about, and the cohort.

        Raises
        ------
        InvalidInput
            Every problem of the codebook or of the data.
        """
        observation = Observation(
            self._until(), self.interval_days, self.session_limit, self.silent_after_days
        )
        s = read(self.data_path, self.codebook_path, self.clock, observation)
        if self.synthetic:
            s = replace(s, synthetic=True)
        self._check_scores(s)
        if self.include:
            s = self._keep(s, self.include, "[include]", "not in the study, which is of")
        s = counted(s, self.endings, self.dropout_rule, self._path.name)
        if self._cohort:
            chosen = self.cohorts[self._cohort]
            s = self._keep(s, chosen, f"[cohorts.{self._cohort}]", "not in cohort")
        return s

    def _keep(self, s: Sessions, chosen: Cohort, where: str, reason: str) -> Sessions:
        """Keep the courses of a cohort; the ledger counts the others."""
        theirs = members(s, chosen, where)
        if not theirs.any():
            nobody = Problem(f"Nobody is in “{chosen.label}”", where, "Widen it.")
            raise InvalidInput([nobody], self._path.name)
        return s.keep_courses(theirs, f"{reason} “{chosen.label}”")

    @property
    def dropout_rule(self) -> DropoutRule:
        """Which endings are dropout, by the outcome of the study where it names no other."""
        return settings(self.dropout, self.outcome, self.reliability)

    @property
    def path(self) -> Path:
        """Where the study file is, absolute."""
        return self._path

    @property
    def data_path(self) -> Path:
        """Where the export is, absolute."""
        return self._beside(self.data)

    @property
    def codebook_path(self) -> Path:
        """Where the codebook is, absolute."""
        return self._beside(self.codebook)

    @property
    def truth_path(self) -> Path | None:
        """Where the truth of simulated data is, absolute."""
        return self._beside(self.truth) if self.truth else None

    def _beside(self, path: str) -> Path:
        """Give a path of the study file, absolute; a link keeps its own name."""
        return Path(os.path.abspath(self._path.parent / path))  # noqa: PTH100

    @property
    def synthetic(self) -> bool:
        """Whether the data were simulated."""
        return bool(self.truth)

    @property
    def cohort(self) -> str:
        """The name of the cohort in use, or empty."""
        return self._cohort

    @property
    def folder_of_notebooks(self) -> Path:
        """The nearest folder ``notebooks/`` upwards of the study, else that of the project."""
        for folder in [*self._path.parents, *Path.cwd().resolve().parents, Path.cwd().resolve()]:
            if (folder / "notebooks" / f"{NOTEBOOKS[0]}.ipynb").is_file():
                return folder / "notebooks"
        return Path(__file__).resolve().parents[3] / "notebooks"

    def known_truth(self) -> Truth | None:
        """Give what simulated data were made of."""
        return Truth.load(self.truth_path) if self.truth_path else None

    def known(self, question: str) -> dict[str, KnownEffect]:
        """Give the true effects behind the terms of a named question; none where data are real."""
        truth = self.known_truth()
        if not truth:
            return {}
        if question != "early_alliance_and_outcome":
            return truth.estimands().get(question, {})
        simulated = {self.alliance, self.outcome} == {"srs", "ors"}
        if self._cohort or not simulated:
            return {}
        return early_alliance_in_the_long_run(truth, self.alliance, self.outcome, self.landmark)

    def _until(self) -> pd.Timestamp | dict[str, pd.Timestamp] | None:
        """Give the last day observed as the records want it."""
        if isinstance(self.observed_until, dict):
            return {clinic: pd.Timestamp(day) for clinic, day in self.observed_until.items()}
        return pd.Timestamp(self.observed_until) if self.observed_until else None

    def _check_scores(self, s: Sessions) -> None:
        """Refuse names of columns that the codebook does not make."""
        named = {"alliance": self.alliance, "outcome": self.outcome, "by": self.by}
        named |= {f"adjust {place}": name for place, name in enumerate(self.adjust, 1)}
        scores = {"alliance": self.alliance, "empathy": self.empathy, "outcome": self.outcome}
        scores |= {f"views {place}": name for place, name in enumerate(self.views, 1)}
        named |= scores
        problems = [
            Problem(
                f"{key} = '{name}' is no column of the records",
                self._path.name,
                nearest(name, s.columns),
            )
            for key, name in named.items()
            if name and name not in s.columns
        ]
        problems += [
            Problem(
                f"{key} = '{name}' is no score of sessions",
                self._path.name,
                "Name a column of numbers that may differ between the sessions of a course.",
            )
            for key, name in scores.items()
            if name in s.columns
            and (s.columns[name].level, s.columns[name].type) != ("appointment", "number")
        ]
        problems += [
            Problem(
                f"{key} = '{name}' was not known at intake",
                self._path.name,
                "Name a column of the course; what came later may not explain what came before.",
            )
            for key, name in named.items()
            if key not in scores
            and name in s.columns
            and (s.columns[name].level, s.columns[name].known) != ("course", "before")
        ]
        by_is_known = self.by in s.columns and s.columns[self.by].level == "course"
        if by_is_known and s.columns[self.by].type in ("number", "whole", "date"):
            problems.append(
                Problem(
                    f"by = '{self.by}' holds numbers, and groups are compared by categories",
                    self._path.name,
                    "Name a category, or put the numbers under `adjust`.",
                )
            )
        if self.views and self.views[0] == self.views[1]:
            twice = f"views names '{self.views[0]}' twice"
            problems.append(
                Problem(twice, self._path.name, "Name the client's score, then the therapist's.")
            )
        if problems:
            raise InvalidInput(problems, self._path.name)
