"""From the cells of an export to typed values; every problem is kept, none raised here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.errors import Problem, nearest, rows_of
from sessionwise.records.cell_faults import LOST_DIGITS, NAMING, faults_for
from sessionwise.records.codebook import ColumnSpec
from sessionwise.records.date_cells import SENSIBLE, dates_of, fault_of_format, remedy_for_dates
from sessionwise.records.number_cells import remedy_for_numbers
from sessionwise.records.plain_text import plain, plain_digits
from sessionwise.records.sessions import ColumnType

AS_WRITTEN = r'="[^"]*"'
"""How spreadsheets are told to keep the zeros of ``="007"``: a cell as it is written."""
MOST = 2.0**53
"""The last whole number a float tells from its neighbours."""
KEPT = 10**15
"""The first number of which a spreadsheet does not keep every digit."""
FIRST_ROW = 2
"""The row of a spreadsheet that holds the first record: the header is row 1."""


class Parser:
    """Reads the cells of one file; collects what cannot be read.

    Parameters
    ----------
    source
        Name of the file, for messages.
    missing
        Cells that are empty in every column.
    decimal
        ``"."`` or ``","``.
    """

    def __init__(self, source: str, missing: list[str], decimal: str = ".") -> None:
        self.source = source
        self.missing = {code.strip() for code in missing}
        self.decimal = decimal
        self.problems: list[Problem] = []
        self.unread: dict[str, set[int]] = {}

    def parse(self, cells: pd.Series, name: str, spec: ColumnSpec, kind: ColumnType) -> pd.Series:
        """Read one column.

        Parameters
        ----------
        cells
            The raw cells: text, or what a typed format held.
        name
            The canonical name, for messages.
        spec
            Its codes, missing codes and format.
        kind
            The type wanted.

        Returns
        -------
        Series of the type wanted, missing where the cell was empty or could not be read.
        """
        text = self._text(cells, spec)
        if kind in ("date", "whole", "number", "flag"):
            text = plain_digits(text)
        if kind in ("text", "category"):
            text = self._named(cells, text, name, spec, kind)
        if spec.codes:
            text = self._decode(text, name, spec)
        if kind == "date":
            return self._dates(cells, text, name, spec)
        if kind in ("whole", "number", "flag"):
            return self._numbers(cells, text, name, kind, spec)
        if kind == "category":
            return self._categories(text, name, spec)
        return text.astype("str")

    def report(self, name: str, found: str, bad: pd.Series, remedy: str) -> None:
        """Keep a problem of column ``name`` with the rows where ``bad`` is true."""
        rows = bad.index[bad.to_numpy(bool)]
        self.unread.setdefault(name, set()).update(rows)
        where = rows_of(rows + FIRST_ROW, self.source)
        self.problems.append(Problem(f"`{name}` {found}", where, remedy))

    def _text(self, cells: pd.Series, spec: ColumnSpec) -> pd.Series:
        """Give the cells as stripped text, missing where they mean so."""
        if isinstance(cells.dtype, pd.DatetimeTZDtype) or cells.dtype.kind == "M":
            text = cells.dt.strftime("%Y-%m-%d").astype("str")
        else:
            typed = cells.dtype != "str"
            text = cells.map(_as_text, na_action="ignore").astype("str") if typed else cells
            text = plain(text)
        quoted = text.str.fullmatch(AS_WRITTEN).eq(True)
        if quoted.any():
            text = text.mask(quoted, text.str.slice(2, -1))
        own = {_as_text(code) for code in spec.missing}
        return text.mask(text.isin(self.missing | own))

    def _named(
        self, cells: pd.Series, text: pd.Series, name: str, spec: ColumnSpec, kind: ColumnType
    ) -> pd.Series:
        """Refuse cells that name nothing: what is left of a formula, a broken row, an address."""
        named = text.where(~text.isin(list(spec.codes)))
        for fault in faults_for(name, kind):
            bad = fault.among(named)
            if bad.any():
                found = f"{fault.found}; {int(bad.sum())} cell(s) do"
                self.report(name, found, bad, fault.remedy)
                named = named.mask(bad)
                text = text.mask(bad) if kind == "category" else text
        if name in NAMING and cells.dtype.kind in "fO":
            rounded = cells.map(_has_lost_digits, na_action="ignore").eq(True)
            if rounded.any():
                count = int(rounded.sum())
                found = f"should not be a number of more than 15 digits; {count} cell(s) are"
                self.report(name, found, rounded, LOST_DIGITS.remedy)
        return text

    def _decode(self, text: pd.Series, name: str, spec: ColumnSpec) -> pd.Series:
        """Put words for codes."""
        words = {code.strip(): word for code, word in spec.codes.items()}
        strange = text.notna() & ~text.isin(words) & ~text.isin(words.values())
        if strange.any():
            self.report(
                name,
                f"holds {text[strange].nunique()} code(s) the codebook does not explain",
                strange,
                f"Add them to `codes` of [columns.{name}], or to its `missing`.",
            )
        decoded = text.mask(strange).map(lambda cell: words.get(cell, cell), na_action="ignore")
        return decoded.astype("str").mask(decoded == "")

    def _numbers(
        self, cells: pd.Series, text: pd.Series, name: str, kind: ColumnType, spec: ColumnSpec
    ) -> pd.Series:
        """Read numbers; text in them is a problem."""
        pointed = pd.Series(False, index=text.index)
        if self.decimal == ",":
            if cells.dtype == "str":  # 1.000 could be a thousand or one
                pointed = text.str.contains(".", regex=False).eq(True)
            text = text.str.replace(",", ".", regex=False)
        values = pd.to_numeric(text.mask(pointed), errors="coerce").astype("float64")
        values = values.mask(np.isinf(values))
        bad = text.notna() & values.isna() & ~pointed
        values = values.mask(values.isin([c for c in spec.missing if not isinstance(c, str)]))
        if pointed.any():
            found = f"should have a comma as its decimal mark; {int(pointed.sum())} cell(s) do not"
            remedy = "Write every number alike, and none with marks between thousands."
            self.report(name, found, pointed, remedy)
        if bad.any():
            remedy = remedy_for_numbers(text[bad], name)
            self.report(name, f"should be a number; {int(bad.sum())} cell(s) are not", bad, remedy)
        if kind == "whole":
            broken = values.notna() & ((values % 1 != 0) | (values.abs() > MOST))
            if broken.any():
                self.report(
                    name,
                    f"should be a whole number; {int(broken.sum())} are not",
                    broken,
                    "Mend them in the export, or name another column.",
                )
            return values.mask(broken).astype("Int64")
        if kind == "flag":
            broken = values.notna() & ~values.isin([0, 1])
            if broken.any():
                self.report(
                    name,
                    f"should be 0 or 1; {int(broken.sum())} cell(s) are not",
                    broken,
                    f"Explain the codes in `codes` of [columns.{name}].",
                )
            return values.mask(broken).astype("Int64")
        return values / spec.divide_by if spec.divide_by else values

    def _categories(self, text: pd.Series, name: str, spec: ColumnSpec) -> pd.Series:
        """Read a category; its order is the codebook's, or else the alphabet's."""
        present = sorted(text.dropna().unique())
        order = spec.order or present
        strange = text.notna() & ~text.isin(order)
        if strange.any():
            self.report(
                name,
                f"holds {text[strange].nunique()} value(s) that are not in its `order`",
                strange,
                f"Add them to `order` of [columns.{name}], or recode them in `codes`.",
            )
        return pd.Series(pd.Categorical(text.mask(strange), categories=order), index=text.index)

    def _dates(self, cells: pd.Series, text: pd.Series, name: str, spec: ColumnSpec) -> pd.Series:
        """Read dates in the one format the codebook gives."""
        fault = fault_of_format(spec.format) if cells.dtype.kind != "M" else None
        if fault:
            where = f"format = '{spec.format}' in [columns.{name}]"
            self.problems.append(Problem(f"`{name}` {fault.found}", where, fault.remedy))
            return pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
        dates = dates_of(cells, text, spec.format)
        bad = text.notna() & dates.isna()
        if bad.any():
            found = f"should be written as {spec.format}; {int(bad.sum())} cell(s) are not"
            remedy = remedy_for_dates(text[bad]) or (
                f"Say how dates are written in `format` of [columns.{name}]; one format a column."
            )
            self.report(name, found, bad, remedy)
        far = dates.notna() & ~dates.between(*SENSIBLE)
        if far.any():
            found = (
                f"holds {int(far.sum())} date(s) before {SENSIBLE[0]:%Y} or after {SENSIBLE[1]:%Y}"
            )
            remedy = (
                'Correct them; if one of them means "not known", add it to '
                f"`missing` of [columns.{name}]."
            )
            self.report(name, found, far, remedy)
        return dates.mask(far)

    def words(self, values: pd.Series, name: str, allowed: tuple[str, ...]) -> pd.Series:
        """Hold a role's words to those the package knows."""
        text = values.astype("str")
        strange = text.notna() & ~text.isin(allowed)
        if strange.any():
            close = nearest(str(text[strange].iloc[0])[:20], allowed)
            close = close if close.startswith("Did") else ""
            self.report(
                name,
                f"may be {', '.join(allowed)}; {int(strange.sum())} cell(s) are not",
                strange,
                f"Translate them in `codes` of [columns.{name}]. {close}".strip(),
            )
        return pd.Series(
            pd.Categorical(text.mask(strange), categories=list(allowed)), index=values.index
        )


def _as_text(cell: object) -> str:
    """Write a cell as text, whole numbers without a decimal point."""
    if isinstance(cell, bytes):  # as some programs write text to Parquet
        return cell.decode("utf-8", "backslashreplace")
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _has_lost_digits(cell: object) -> bool:
    """Say whether a spreadsheet kept 15 digits of a number and put zeros for the rest."""
    return isinstance(cell, int | float | np.number) and abs(cell) >= KEPT
