"""The rows of a Cox fit with its coefficients, as all that is asked afterwards needs them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from sessionwise.engine.at_event_times import EventTimes, event_times
from sessionwise.engine.efron_steps import TiedSteps, Ties, tied_steps
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.formulas import Design
from sessionwise.models.new_rows import rows_as_fitted


@dataclass(frozen=True, eq=False)
class RiskRows:
    """Counting-process rows, and the coefficients a Cox model gave their columns.

    Attributes
    ----------
    x
        Covariates as written, shape (n, p).
    columns
        Names of the p coefficients.
    terms
        Term → which of them belong to it (a categorical column has several).
    start, stop, event
        Each row is at risk from after ``start`` to ``stop``; whether its event happens then.
    strata, strata_names
        Whole numbers from 0, shape (n,), and what each is called (one, empty: no strata).
    coefficients, covariance
        β, shape (p,), and its covariance as the fit reports it, shape (p, p).
    ties
        How events of one time are taken.
    shift
        What is added to the linear predictor beside x β (deviations of therapists), shape (n,).
    used
        The rows as they came, with their index.
    made
        How the columns were made of them, for other rows.
    """

    x: np.ndarray
    columns: tuple[str, ...]
    terms: dict[str, list[int]]
    start: np.ndarray
    stop: np.ndarray
    event: np.ndarray
    strata: np.ndarray
    strata_names: tuple[str, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    ties: Ties
    shift: np.ndarray
    used: pd.DataFrame = field(repr=False)
    made: Design | None = field(default=None, repr=False)

    @cached_property
    def times(self) -> EventTimes:
        """Who is at risk at each event time."""
        return event_times(self.start, self.stop, self.event, self.strata)

    @cached_property
    def centre(self) -> np.ndarray:
        """Means of the columns, shape (p,)."""
        return self.x.mean(axis=0) if len(self.x) else np.zeros(self.x.shape[1])

    @cached_property
    def steps(self) -> TiedSteps:
        """The risk set of every event, covariates less their means."""
        away = self.x - self.centre
        return tied_steps(
            self.times, away, np.exp(away @ self.coefficients + self.shift), self.ties
        )

    @property
    def linear(self) -> np.ndarray:
        """The linear predictor, less a constant, shape (n,)."""
        return ((self.x - self.centre) * self.coefficients).sum(axis=1) + self.shift


def levels_of(rows: RiskRows, by: str) -> np.ndarray:
    """Number the levels of a column of the rows, shape (n,).

    Raises
    ------
    InvalidInput
        No such column, or it is missing in some rows.
    """
    if by not in rows.used.columns:
        known = list(map(str, rows.used.columns))
        raise InvalidInput(
            [Problem(f"there is no column `{by}`", remedy=nearest(by, known))], "the levels"
        )
    code, _ = pd.factorize(rows.used[by])
    if (code < 0).any():
        found = f"`{by}` is missing in {int((code < 0).sum())} rows of the model"
        remedy = "Fit the model to rows in which it is known."
        raise InvalidInput([Problem(found, remedy=remedy)], "the levels")
    return code


def term_columns(columns: Sequence[str]) -> dict[str, list[int]]:
    """Put the columns of one term together: those of the categories of one column, say.

    Examples
    --------
    >>> term_columns(["srs", "modality[video]", "modality[phone]", "srs:modality[video]"])
    {'srs': [0], 'modality': [1, 2], 'srs:modality': [3]}
    """
    found: dict[str, list[int]] = {}
    for place, name in enumerate(columns):
        found.setdefault(re.sub(r"\[[^\]]*\]", "", name), []).append(place)
    return found


def columns_of(rows: RiskRows, frame: pd.DataFrame) -> np.ndarray:
    """Give other rows the columns of the model, shape (rows, p).

    Raises
    ------
    InvalidInput
        A column that is not there, a category the model has not seen.
    Refused
        A row that lacks something.
    """
    if rows.made is None:
        raise Refused("This fit does not keep how its columns were made.")
    new = rows_as_fitted(rows, frame, levels=False, slopes=False)
    if not new.complete.all():
        raise Refused(
            f"{int((~new.complete).sum())} of {len(frame)} rows lack a value the model needs. Give "
            "every column of the model a value."
        )
    places = [rows.made.terms.index(name) for name in rows.columns]
    return new.matrix[:, places]
