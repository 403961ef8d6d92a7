"""Cells that should be numbers and are not: what they look like, and what to do about it."""

from __future__ import annotations

import pandas as pd

LOOKS = (
    (
        r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?",
        "Their comma may part thousands: take it out in the export. If it is the decimal mark, "
        'write decimal = "," at the top of the codebook.',
    ),
    (
        r"[-+]?\d+,\d+",
        'Their decimal mark is a comma: write decimal = "," at the top of the codebook.',
    ),
    (
        r"[-+]?\d+(?:[.,]\d+)?\s*%",
        "They end in %: export plain numbers without the sign (a share, as of homework done, "
        "between 0 and 1).",
    ),
    (
        r"(?i:true|false|yes|no|ja|nein|y|n|wahr|falsch)",
        'They say yes or no: explain them in `codes` of [columns.{name}], e.g. "yes" = "1".',
    ),
    (
        r"[^\d\s]{0,3}\s*[-+]?\d+(?:[.,]\d+)?\s*[^\d\s]{0,8}",
        "Something stands beside the digits: take out signs and units in the export. If it is a "
        "code for 'not answered', add it to `missing` of [columns.{name}].",
    ),
)
"""What all of the cells may look like, the surest first, and what to do then."""
LONGEST = 40
WORD = "If a word there means 'not answered', add it to `missing` of [columns.{name}]."


def remedy_for_numbers(bad: pd.Series, name: str) -> str:
    """Say what to do about cells that are no numbers.

    Parameters
    ----------
    bad
        The cells, as text.
    name
        The canonical name of the column.

    Examples
    --------
    >>> remedy_for_numbers(pd.Series(["31,5", "28,0"]), "srs")
    'Their decimal mark is a comma: write decimal = "," at the top of the codebook.'
    """
    short = bad.str.len().le(LONGEST).all()
    for pattern, remedy in LOOKS if short else ():
        if bad.str.fullmatch(pattern).all():
            return remedy.replace("{name}", name)
    return WORD.replace("{name}", name)
