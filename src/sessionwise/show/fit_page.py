"""A fit as a page: whether it may be believed, what it says, and the paragraph about its making."""

from __future__ import annotations

from html import escape

from sessionwise.models.fit import Fit
from sessionwise.show.fit_tables import estimates, health, variances
from sessionwise.show.further_tables import further
from sessionwise.show.sentences.methods_paragraph import methods
from sessionwise.show.tables import left_out


def page(fit: Fit) -> str:
    """Give a fit in HTML, health first: what a notebook shows where a cell ends with a fit.

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    str
        The question, then tables of health, of rows left out, of estimates and variances, then the
        methods paragraph with its references.

    Examples
    --------
    >>> import sessionwise as sw
    >>> shown = page(sw.alliance_and_next_outcome(sw.example()))
    >>> shown.index("Model health") < shown.index("Estimates") < shown.index("References")
    True
    """
    lost = [left_out(fit)] if any(number for _, number in fit.rows.left_out) else []
    tables = [health(fit), *lost, estimates(fit), variances(fit), further(fit)]
    parts = [f"<p><strong>{escape(fit.question)}</strong></p>"]
    parts += [getattr(table, "html", "") for table in tables]
    parts.append(f"<p>{escape(str(methods([fit])))}</p>")
    return "".join(parts)
