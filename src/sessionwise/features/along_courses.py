"""A score along its course: its values course by course, and columns made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from sessionwise.records.sessions import COURSE_KEY, Column, Sessions

if TYPE_CHECKING:
    from pandas.api.typing import SeriesGroupBy


def scores(s: Sessions, name: str) -> pd.Series:
    """Give a score as numbers, missing where no session was attended, indexed as ``table``."""
    return s.table[name].astype("float64").where(s.attended)


def by_course(s: Sessions, values: pd.Series) -> SeriesGroupBy:
    """Group values, indexed as ``table``, by the course they belong to."""
    groups = [s.table[key] for key in COURSE_KEY]
    return values.groupby(groups, sort=False, observed=True)


def made_of(source: Column, part: str, words: str, **other: Any) -> Column:
    """Describe a number made of a column: of its unit and instrument, known when it is.

    Parameters
    ----------
    source
        The column it is made of.
    part, words
        What stands behind its name, and behind its label.
    other
        What else differs from the source.

    Examples
    --------
    >>> made = made_of(Column("srs", "whole", "after", label="SRS"), "change", "last change")
    >>> made.name, made.label, made.type, made.known, made.made_from
    ('srs_change', 'SRS, last change', 'number', 'after', ('srs',))
    """
    name, label = f"{source.name}_{part}", f"{source.label or source.name}, {words}"
    own = {"type": "number", "level": "appointment", "made_from": (source.name,)}
    return replace(source, name=name, label=label, **{**own, **other})


def with_made(
    s: Sessions, name: str, part: str, values: pd.Series, words: str, **other: Any
) -> Sessions:
    """Add one column made of a score; see :func:`made_of`."""
    column = made_of(s.columns[name], part, words, **other)
    return s.with_columns(pd.DataFrame({column.name: values}), [column])
