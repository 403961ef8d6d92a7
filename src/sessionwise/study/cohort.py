"""Cohorts: named groups of courses, chosen by what was known at intake."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from sessionwise.errors import InvalidInput, Problem, nearest
from sessionwise.records.sessions import Sessions


class Between(BaseModel):
    """Limits of a number, allowed themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(float("-inf"), description="at least")
    high: float = Field(float("inf"), description="at most")


class Cohort(BaseModel):
    """A group of courses; every condition has to hold.

    Examples
    --------
    >>> Cohort(label="severe", where={"severity": {"low": 1}}).where["severity"].low
    1.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(description="how a reader is told")
    where: dict[str, str | float | list[str] | Between] = Field(
        description="column of the course → value, list of values, or {low, high}"
    )


def members(s: Sessions, cohort: Cohort, where: str) -> np.ndarray:
    """Say which courses belong to a cohort, one bool per row of ``courses``.

    ``where`` names the table of the study it stands in, for messages.

    Raises
    ------
    InvalidInput
        A column is not there, or not known at intake: choosing by what came later would explain
        the past by the future.
    """
    courses, keep, problems = s.courses, np.ones(len(s.courses), bool), []
    for column, wanted in cohort.where.items():
        if column not in courses or (column in s.columns and s.columns[column].known != "before"):
            at_intake = [c for c in courses if s.columns[c].known == "before"]
            problems.append(
                Problem(
                    f"`{column}` is no column of the course known at intake",
                    where,
                    nearest(column, at_intake),
                )
            )
            continue
        keep &= _holds(courses[column], wanted)
    if problems:
        raise InvalidInput(problems, "the study")
    return keep


def _holds(values: pd.Series, wanted: str | float | list[str] | Between) -> np.ndarray:
    """Say where a condition holds."""
    if isinstance(wanted, Between):
        if not pd.api.types.is_numeric_dtype(values):
            raise InvalidInput(
                [
                    Problem(
                        f"`{values.name}` holds no numbers, and a cohort asks for its low or high",
                        "[cohorts]",
                        "Name the values wanted, as a list.",
                    )
                ],
                "the study",
            )
        return values.between(wanted.low, wanted.high).fillna(False).to_numpy(bool)
    if isinstance(wanted, list):
        return values.astype("str").isin(wanted).to_numpy(bool)
    if isinstance(wanted, float) and pd.api.types.is_numeric_dtype(values):
        return values.eq(wanted).fillna(False).to_numpy(bool)
    word = f"{wanted:g}" if isinstance(wanted, float) else wanted
    return values.astype("str").eq(word).fillna(False).to_numpy(bool)
