"""Asking a question of a study that may not be able to answer it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.fit import Unanswered


def answer(question: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Ask a question; where the study cannot answer it, say why instead of stopping.

    Parameters
    ----------
    question
        A named question, e.g. ``sw.alliance_and_next_outcome``.
    *given, **named
        What it takes. Where one of them is a question without an answer, so is this one, for the
        same reason.

    Returns
    -------
    Fit, Curve, DataFrame or Unanswered
        :class:`Unanswered` where a column is missing or the fit was refused; any other error is
        raised as it is.

    Examples
    --------
    >>> import sessionwise as sw
    >>> answer(sw.alliance_and_next_outcome, sw.example(), alliance="wai").kind
    'missing'
    """
    for one in (*given, *named.values()):
        if isinstance(one, Unanswered):
            return one
    asked = inspect.getdoc(question).splitlines()[0]
    try:
        return question(*given, **named)
    except Unanswerable as why:
        return Unanswered(asked, str(why), "missing")
    except Refused as why:
        return Unanswered(asked, str(why), "refused")
