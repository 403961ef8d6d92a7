"""What else a model estimates beside fixed effects and variances, in a table."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.fit import Fit
from sessionwise.models.fit_text import further_words
from sessionwise.show.display import Nothing, Table, answered
from sessionwise.show.fit_tables import finding_note
from sessionwise.show.numbers import UNKNOWN, decimals, number
from sessionwise.show.tables import made
from sessionwise.show.words import capital, term_words


@answered
def further(fit: Fit, name: str = "further", title: str = "") -> Table | Nothing:
    """Show thresholds, the dispersion of counts, and how residuals go on and where they are larger.

    Parameters
    ----------
    fit
        The fit; one with no such parameters shows nothing.
    name, title
        HTML id; what stands above.

    Returns
    -------
    Table or Nothing
        ``parameter, estimate, std_error, low, high``; where limits are those of a transformed
        parameter there is no error, and a working correlation has no limits.
    """
    if fit.further.empty:
        return Nothing()
    frames, texts = [], []
    for row in fit.further.to_dict("records"):
        words = capital(further_words(row, term_words(row["of"], fit.labels)))
        places = decimals(row["low"], row["high"])
        keys = ("estimate", "std_error", "low", "high")
        frames.append({"parameter": words, **{key: round(row[key], places) for key in keys}})
        limits = f"{number(row['low'], places)} to {number(row['high'], places)}"
        texts.append(
            {
                "parameter": words,
                "estimate": number(row["estimate"], places),
                "std_error": number(row["std_error"], places),
                "interval": UNKNOWN if pd.isna(row["low"]) else limits,
            }
        )
    return made(
        pd.DataFrame(frames),
        pd.DataFrame(texts),
        (name, title or "Also estimated", finding_note(fit)),
        frozenset({"parameter"}),
        {"std_error": "SE", "interval": "95 % CI"},
    )
