"""What residuals do that are not independent and alike, in a table."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.fit import Fit
from sessionwise.show.display import Nothing, Table, answered
from sessionwise.show.numbers import UNKNOWN, decimals, number
from sessionwise.show.tables import made
from sessionwise.show.words import term_words, verdict


@answered
def residual_structure(
    fit: Fit, name: str = "residual-structure", title: str = ""
) -> Table | Nothing:
    """Show how residuals go on from session to session, and where they are larger.

    Parameters
    ----------
    fit
        The fit; one whose residuals are independent and alike shows nothing.
    name, title
        HTML id; what stands above.

    Returns
    -------
    Table or Nothing
        ``parameter, estimate, low, high``; a working correlation has no limits.
    """
    if fit.residual_parameters.empty:
        return Nothing()
    frames, texts = [], []
    for row in fit.residual_parameters.to_dict("records"):
        known = not pd.isna(row["low"])
        places = decimals(row["low"], row["high"]) if known else 2
        values = {key: round(row[key], places) for key in ("estimate", "low", "high")}
        frames.append({"parameter": _words(row, fit), **values})
        limits = f"{number(row['low'], places)} to {number(row['high'], places)}"
        texts.append(
            {
                "parameter": _words(row, fit),
                "estimate": number(row["estimate"], places),
                "interval": limits if known else UNKNOWN,
            }
        )
    reason = verdict(fit.health)
    return made(
        pd.DataFrame(frames),
        pd.DataFrame(texts),
        (name, title or "What residuals do", f"Not a finding: {reason}." if reason else ""),
        frozenset({"parameter"}),
        {"interval": "95 % CI"},
    )


def _words(row: dict[str, str], fit: Fit) -> str:
    """Name a parameter."""
    of = term_words(row["of"], fit.labels)
    if row["parameter"] == "phi":
        return f"Correlation one {row['of']} apart"
    if row["parameter"] == "alpha":
        return f"Working correlation ({row['reference']}, by {of})"
    return f"Residual SD: {of} over {row['reference']}"
