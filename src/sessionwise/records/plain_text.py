"""Plain text: letters in one form, digits that are digits, and no marks that cannot be seen."""

from __future__ import annotations

import unicodedata

import pandas as pd

UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
"""Marks nobody sees: soft hyphens, joiners, the direction of writing, marks of encodings."""
DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(0x80, 0x10000)
    if unicodedata.category(chr(code)) == "Nd"
} | {0x2212: "-"}
"""Digits of other scripts and widths, and the minus of typesetters."""


def plain(text: pd.Series) -> pd.Series:
    """Give text whose letters have one form each, without unseen marks and outer spaces.

    Two cells that look the same are the same then, and name the same client.

    Examples
    --------
    >>> plain(pd.Series(["Ge\u0301", " G\u00e9\u200f"], dtype="str")).nunique()
    1
    """
    foreign = ~text.str.isascii().fillna(True).astype(bool)
    if foreign.any():
        seen = text[foreign].str.normalize("NFC").str.replace(UNSEEN, "", regex=True)
        text = text.mask(foreign, seen)
    return text.str.strip()


def plain_digits(text: pd.Series) -> pd.Series:
    """Give numbers in the digits a computer counts with.

    Examples
    --------
    >>> plain_digits(pd.Series(["\uff13\uff10", "\u22123"], dtype="str")).tolist()
    ['30', '-3']
    """
    foreign = ~text.str.isascii().fillna(True).astype(bool)
    return text.mask(foreign, text[foreign].str.translate(DIGITS)) if foreign.any() else text
