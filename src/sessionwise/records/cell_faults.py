"""What a name or a category cannot be: the traces of formulas, broken rows and lost digits."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sessionwise.records.sessions import ColumnType

LONGEST = 200
NAMING = frozenset({"clinic", "client", "therapist"})


@dataclass(frozen=True)
class Fault:
    """Something that can be wrong with a cell.

    Attributes
    ----------
    found
        What is wrong, without the cell itself: it may name a person.
    pattern
        A regular expression, searched for in the cell.
    remedy
        What to do about it.
    """

    found: str
    pattern: str
    remedy: str

    def among(self, text: pd.Series) -> pd.Series:
        """Say which cells have it, a bool for each.

        Examples
        --------
        >>> FORMULA.among(pd.Series(["=HYPERLINK(1)", "-", None, "north"])).tolist()
        [True, False, False, False]
        """
        cells = pd.Series(text.dropna().unique(), dtype="str")
        return text.isin(cells[cells.str.contains(self.pattern)])


ADDRESS = Fault(
    "should not hold e-mail addresses",
    r"[^\s@]@[^\s@]+\.[^\s@]",
    "Put numbers that name nobody in their place before exporting.",
)
FORMULA = Fault(
    "should not begin as a formula does",
    r"^(?:[=@]|[-+].*[(|!])",
    "Export the values, not the formulas.",
)
BROKEN_ROW = Fault(
    f"should not have line breaks or more than {LONGEST} characters",
    rf"[\x00-\x1f\x7f]|^.{{{LONGEST + 1}}}",
    "Check the quotes there: one that is not closed swallows the rows that follow.",
)
LOST_DIGITS = Fault(
    "should not be written as 1.2E+11, which has lost digits",
    r"^\d(?:[.,]\d+)?E\+\d+$",
    "Make the column text in the spreadsheet program before exporting.",
)
ERROR = Fault(
    "should not be the error of a formula",
    r"^#(?:REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|N/A)$",
    "Mend the formula, or add the error to `missing` in the codebook.",
)


def faults_for(name: str, kind: ColumnType) -> tuple[Fault, ...]:
    """Give what is looked for in a column: all of it in a name, addresses in any text.

    Examples
    --------
    >>> [fault.found for fault in faults_for("remark", "text")]
    ['should not hold e-mail addresses']
    """
    if name in NAMING:
        return (BROKEN_ROW, ADDRESS, FORMULA, LOST_DIGITS, ERROR)
    if kind == "category":
        return (BROKEN_ROW, ADDRESS, FORMULA, ERROR)
    return (ADDRESS,)
