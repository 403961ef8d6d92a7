"""What the cells of a column look like, before anybody says what they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sessionwise.records.codebook import Codebook, ColumnSpec
from sessionwise.records.parsing import Parser
from sessionwise.records.vocabulary import MISSING_WORDS

DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
         "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y")  # fmt: skip
TIMES = ("", " %H:%M", " %H:%M:%S")
SHORT_YEARS = ("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y")
MOSTLY = 0.8


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one column of an export.

    Attributes
    ----------
    source
        The header.
    raw
        The cells as the file holds them.
    text
        The cells as stripped text, missing where a cell is empty.
    numbers
        The cells as numbers, missing where they are none.
    strange
        Words of an otherwise numeric column that usually mean 'not answered'.
    """

    source: str
    raw: pd.Series
    text: pd.Series
    numbers: pd.Series
    strange: tuple[str, ...]

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return int(self.text.notna().sum())

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(self.text.nunique())

    @property
    def numeric(self) -> bool:
        """Whether nearly all that is filled in is a number."""
        known = self.text.notna() & ~self.text.isin(self.strange)
        count = int(known.sum())
        return count > 0 and int(self.numbers[known].notna().sum()) >= MOSTLY * count

    @property
    def whole(self) -> bool:
        """Whether every number is a whole one."""
        values = self.numbers.dropna()
        return self.numeric and bool((values % 1 == 0).all())


def looked_at(raw: pd.Series, decimal: str = ".") -> Cells:
    """Look at one column.

    Examples
    --------
    >>> cells = looked_at(pd.Series(["3,5", "k.A.", "7"], name="SRS"), ",")
    >>> cells.numeric, cells.strange
    (True, ('k.A.',))
    """
    spec = ColumnSpec(source=str(raw.name))
    defaults = Codebook.model_fields["missing"].default
    text = Parser("", defaults).parse(raw, "cells", spec, "text")
    plain = text.str.replace(",", ".", regex=False) if decimal == "," else text
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    numbers = numbers.mask(np.isinf(numbers))
    words = text[text.notna() & numbers.isna()].unique()
    strange = tuple(sorted(word for word in words if word.lower() in MISSING_WORDS))
    return Cells(str(raw.name), raw, text, numbers, strange)


def decimal_mark(frame: pd.DataFrame) -> str:
    """Say whether numbers are written 3.5 or 3,5."""
    for name in frame:
        text = frame[name].dropna().astype("str").str.strip()
        comma = text.str.fullmatch(r"[-+]?\d+,\d+")
        number = comma | text.str.fullmatch(r"[-+]?\d+(\.\d+)?") | (text == "")
        if comma.sum() and number.sum() >= MOSTLY * len(text):
            return ","
    return "."


def date_formats(cells: Cells) -> tuple[list[str], float]:
    """Give the formats that fit every cell; if none does, the best one and the share it fits.

    Examples
    --------
    >>> date_formats(looked_at(pd.Series(["03.04.2024", "28.04.2024"])))
    (['%d.%m.%Y'], 1.0)
    >>> date_formats(looked_at(pd.Series(["03/04/2024", "05/04/2024"])))[0]
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    if cells.raw.dtype.kind == "M":
        return ["%Y-%m-%d"], 1.0
    values = pd.Series(cells.text.dropna().unique(), dtype="str")
    if not len(values):
        return [], 0.0
    iso = values.str.replace(r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*$", r"\1", regex=True)
    formats = [day + clock for clock in TIMES for day in DATES] + list(SHORT_YEARS)
    shares = {}
    for form in formats:
        read = pd.to_datetime(iso if form == "%Y-%m-%d" else values, format=form, errors="coerce")
        sensible = read.dt.year.between(1900, 2100)
        shares[form] = float(sensible.mean())
    fitting = [form for form in formats if shares[form] == 1.0]
    if "%Y-%m-%d" in fitting:  # a day with or without a time of day, and nothing else
        return ["%Y-%m-%d"], 1.0
    if fitting:
        return fitting, 1.0
    best = max(formats, key=lambda form: shares[form])
    return ([best], shares[best]) if shares[best] > 0 else ([], 0.0)


def constant_within(values: pd.Series, key: pd.Series) -> bool:
    """Say whether each group holds one value only, cells left empty aside."""
    return bool((values.groupby(key).nunique() <= 1).all())
