"""Dates: read in the one format the codebook gives, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pandas as pd

ISO = "%Y-%m-%d"
MOMENT = (
    r"^(\d{4}-\d{2}-\d{2})[T ](?:[01]\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
    r"\s?(?:Z|[A-Z]{3,4}|[-+]\d{2}(?::?\d{2})?)?$"
)
"""A day with its time, and perhaps a time zone: the day is the one written there."""
SENSIBLE = (pd.Timestamp(1901, 1, 1), pd.Timestamp(2100, 12, 31))
"""First and last day that can be meant; spreadsheets write 1899 and 1900 for an empty cell."""


@dataclass(frozen=True)
class FormatFault:
    """What is wrong with a date format, and what to do about it."""

    found: str
    remedy: str


def fault_of_format(form: str) -> FormatFault | None:
    """Say why a format cannot be used, if it cannot.

    Examples
    --------
    >>> fault_of_format("%d.%m.%y").remedy
    'Export four-digit years and write %Y.'
    >>> fault_of_format("DD.MM.YYYY").found
    'has a format that does not say day, month and year'
    """
    used = set(re.findall(r"%-?([A-Za-z])", form.replace("%%", "")))
    if used & {"y", "D", "x", "c"}:
        return FormatFault(
            "is written with two-digit years, which do not say the century",
            "Export four-digit years and write %Y.",
        )
    whole = "Y" in used and ("j" in used or ("d" in used and used & {"m", "b", "B"}))
    if not whole or used & {"z", "Z"}:
        return FormatFault(
            "has a format that does not say day, month and year",
            "Write them as %d, %m and %Y, e.g. %Y-%m-%d or %d.%m.%Y, without a time zone.",
        )
    try:
        pd.to_datetime(pd.Series(["x"], dtype="str"), format=form, errors="coerce", exact=True)
    except (ValueError, re.error):
        return FormatFault(
            "has a format that cannot be used", "Use each of %d, %m and %Y once, e.g. %d.%m.%Y."
        )
    return None


def dates_of(cells: pd.Series, text: pd.Series, form: str) -> pd.Series:
    """Read dates, missing where a cell is none; the time of day is left off.

    Parameters
    ----------
    cells
        The raw cells: text, or the dates a typed format held.
    text
        The same as text, missing where they mean so.
    form
        How dates are written.

    Examples
    --------
    >>> cells = pd.Series(["2024-01-08 09:30", "8.1.2024"])
    >>> dates_of(cells, cells, "%Y-%m-%d").dt.day.tolist()
    [8.0, nan]
    """
    if cells.dtype.kind == "M":
        days = cells.dt.tz_localize(None).dt.normalize().astype("datetime64[us]")
        return days.where(text.notna())
    dates = pd.to_datetime(text, format=form, errors="coerce", exact=True)
    real = cells.map(lambda cell: isinstance(cell, date), na_action="ignore").eq(True)
    real &= text.notna()
    dates = dates.mask(real, pd.to_datetime(cells.where(real), errors="coerce"))
    if form == ISO:
        timed = text.where(dates.isna()).str.extract(MOMENT)[0]
        dates = dates.fillna(pd.to_datetime(timed, format=ISO, errors="coerce"))
    return dates.dt.normalize().astype("datetime64[us]")


def remedy_for_dates(bad: pd.Series) -> str:
    """Say what to do about cells that are no dates, where they all look alike.

    Examples
    --------
    >>> remedy_for_dates(pd.Series(["45299", "45306"]))
    'They look like the day numbers of a spreadsheet: make the column dates there, then export.'
    """
    if bad.str.fullmatch(r"[2-7]\d{4}([.,]\d+)?").all():
        return (
            "They look like the day numbers of a spreadsheet: make the column dates there, "
            "then export."
        )
    if bad.str.fullmatch(r"\d{1,2}([./-])\d{1,2}\1\d{2}").all():
        return "Their years have two digits, which do not say the century: export four."
    return ""
