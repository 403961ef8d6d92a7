"""Courses of therapy, each with a verdict on how it went from the first score to the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from sessionwise.engine.reliable_change import VERDICTS, ChangeError
from sessionwise.models.fit import Recipe, Rows


@dataclass(frozen=True, eq=False)
class Classified:
    """Courses of therapy with a verdict each, and the numbers it was reached by.

    Attributes
    ----------
    question
        The question answered, one sentence.
    frame
        One row per course with two scores at least: its key ``clinic, client, course``, ``group``,
        ``first`` and ``last`` score, ``change`` (last minus first, in points; its sign is that of
        the score, not of the better), ``verdict``. Persons: never shown as it is.
    criterion, cutoff
        The smallest change that counts; the lowest score of the upper side. In points.
    reliability
        What the criterion was made of; not a number where it was taken as it is.
    sd
        Standard deviation (n − 1) of the first scores in ``frame``.
    error
        The standard errors the criterion was made of; ``None`` where it was taken as it is.
    outcome, label, better
        The score, what it is called, and which direction is the better one.
    rows, recipe
        Counted in courses; where criterion and cut-off are from, in the notes.
    """

    question: str
    frame: pd.DataFrame = field(repr=False)
    criterion: float
    cutoff: float
    reliability: float
    sd: float
    error: ChangeError | None
    outcome: str
    label: str
    better: Literal["higher", "lower"]
    rows: Rows
    recipe: Recipe

    @property
    def shares(self) -> pd.DataFrame:
        """Count the verdicts of each group: ``group, verdict, courses, share`` of the group."""
        groups = self.frame["group"].astype("str")
        order = [str(group) for group in self.frame["group"].sort_values().unique()]
        counts = pd.crosstab(groups, self.frame["verdict"]).reindex(
            index=order, columns=list(VERDICTS), fill_value=0
        )
        long = counts.stack().rename("courses").reset_index()
        long.columns = ["group", "verdict", "courses"]
        return long.assign(
            share=long["courses"] / long.groupby("group")["courses"].transform("sum")
        )

    def __repr__(self) -> str:
        return (
            f"{self.question}\n{self.rows.used} courses; a change counts from "
            f"{self.criterion:.4g} points on, the cut-off is {self.cutoff:.4g}"
        )
