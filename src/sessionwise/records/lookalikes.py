"""Names that look alike: one client written in two ways would be read as two."""

from __future__ import annotations

import pandas as pd

from sessionwise.errors import rows_of
from sessionwise.records.cell_faults import NAMING

FOLDS = ((r"[\s_]+", ""), (r"[\u2010-\u2015]", "-"), (r"\.0$", ""), (r"(?<![0-9.])0+(?=[0-9])", ""))
"""What is left out of a name, or put in another's place, before names are held beside others."""


def folded_names(names: pd.Series) -> pd.Series:
    """Give names without what two ways of writing one name differ in.

    Examples
    --------
    >>> folded_names(pd.Series(["KL-007", "kl - 7", "KL\u20137"], dtype="str")).unique().tolist()
    ['kl-7']
    """
    folded = names.str.normalize("NFKC").str.casefold()
    for pattern, instead in FOLDS:
        folded = folded.str.replace(pattern, instead, regex=True)
    return folded


def doubts_about_names(frame: pd.DataFrame, first_row: int, source: str) -> list[str]:
    """Say which columns hold names that differ only in how they are written, without the names.

    Parameters
    ----------
    frame
        Typed columns under canonical names, its index numbering the rows of the file from 0.
    first_row
        The number the file gives to its first record.
    source
        Name of the file, for the sentences.

    Examples
    --------
    >>> frame = pd.DataFrame({"client": ["A1", "a1", "A2"]}, dtype="str")
    >>> doubts_about_names(frame, 2, "visits.csv")[0][:74]
    '`client` holds names that differ only in capitals, spaces, dashes or leadi'
    """
    said = []
    for name in [column for column in frame if column in NAMING]:
        within = ["clinic"] if name != "clinic" and "clinic" in frame else []
        each = frame[[*within, name]].dropna().drop_duplicates()
        alike = each.assign(**{name: folded_names(each[name])}).duplicated(keep=False)
        if alike.any():
            rows = rows_of(each.index[alike] + first_row, source)
            said.append(
                f"`{name}` holds names that differ only in capitals, spaces, dashes or leading "
                f"zeros ({rows}); they are read as different. If they are one, write them one way "
                "in the export."
            )
    return said
