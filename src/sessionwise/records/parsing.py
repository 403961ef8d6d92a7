"""From the cells of an export to typed values; every problem is kept, none raised here."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from sessionwise.errors import Problem, nearest, rows_of
from sessionwise.records.codebook import ColumnSpec
from sessionwise.records.sessions import ColumnType

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
        if spec.codes:
            text = self._decode(text, name, spec)
        if kind == "date":
            return self._dates(cells, text, name, spec)
        if kind in ("whole", "number", "flag"):
            return self._numbers(text, name, kind, spec)
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
            return cells.dt.strftime("%Y-%m-%d").astype("str")
        text = cells.map(_as_text, na_action="ignore").astype("str").str.strip()
        own = {_as_text(code) for code in spec.missing}
        return text.mask(text.isin(self.missing | own))

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

    def _numbers(self, text: pd.Series, name: str, kind: ColumnType, spec: ColumnSpec) -> pd.Series:
        """Read numbers; text in them is a problem."""
        if self.decimal == ",":
            text = text.str.replace(",", ".", regex=False)
        values = pd.to_numeric(text, errors="coerce").astype("float64")
        values = values.mask(np.isinf(values))
        bad = text.notna() & values.isna()
        values = values.mask(values.isin([c for c in spec.missing if not isinstance(c, str)]))
        if bad.any():
            comma = text[bad].str.fullmatch(r"[-+]?\d+,\d+").fillna(False).all()
            remedy = (
                'Their decimal mark is a comma: write decimal = "," at the top of the codebook.'
                if comma
                else "If a word there means 'not answered', add it to "
                f"`missing` of [columns.{name}]."
            )
            self.report(name, f"should be a number; {int(bad.sum())} cell(s) are not", bad, remedy)
        if kind == "whole":
            broken = values.notna() & (values % 1 != 0)
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
        return values

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
        if cells.dtype.kind == "M":
            return cells.dt.tz_localize(None).dt.normalize().astype("datetime64[us]")
        if re.search(r"%-?y", spec.format):
            self.problems.append(
                Problem(
                    f"`{name}` is written with two-digit years, which do not say the century",
                    f"format = '{spec.format}' in [columns.{name}]",
                    "Export four-digit years and write %Y.",
                )
            )
            return pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
        dates = pd.to_datetime(text, format=spec.format, errors="coerce", exact=True)
        real = cells.map(lambda cell: isinstance(cell, date), na_action="ignore").eq(True)
        dates = dates.mask(real, pd.to_datetime(cells.where(real), errors="coerce"))
        if spec.format == "%Y-%m-%d":
            timed = text.where(dates.isna()).str.extract(r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}")[0]
            dates = dates.fillna(pd.to_datetime(timed, format="%Y-%m-%d", errors="coerce"))
        bad = text.notna() & dates.isna()
        if bad.any():
            self.report(
                name,
                f"should be written as {spec.format}; {int(bad.sum())} cell(s) are not",
                bad,
                f"Say how dates are written in `format` of [columns.{name}]; one format a column.",
            )
        return dates.dt.normalize().astype("datetime64[us]")

    def words(self, values: pd.Series, name: str, allowed: tuple[str, ...]) -> pd.Series:
        """Hold a role's words to those the package knows."""
        text = values.astype("str")
        strange = text.notna() & ~text.isin(allowed)
        if strange.any():
            example = str(text[strange].iloc[0])
            close = nearest(example, allowed) if len(example) <= 20 else ""
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
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
