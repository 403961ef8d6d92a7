"""What a Cox model is given: its words checked, its rows and columns laid out."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from sessionwise.engine.efron_steps import Ties
from sessionwise.engine.frailty_penalties import FrailtyShape
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import Design, design
from sessionwise.models.risk_rows import RiskRows, term_columns


def check_words(
    frame: pd.DataFrame, columns: tuple[str, str, str, str], ties: str, frailty: str
) -> None:
    """Say everything that is wrong with the words of a call.

    Parameters
    ----------
    frame
        The rows.
    columns
        Of start, stop, strata and cluster; empty where none is named.
    ties, frailty
        How ties are to be taken; how a random term is distributed.
    """
    there = list(map(str, frame.columns))
    problems = [
        Problem(f"there is no column `{name}`", "", nearest(name, there))
        for name in columns
        if name and name not in there
    ]
    if ties not in get_args(Ties):
        problems.append(
            Problem(f"'{ties}' is no way to take ties", "", nearest(ties, get_args(Ties)))
        )
    if frailty not in get_args(FrailtyShape):
        remedy = nearest(frailty, get_args(FrailtyShape))
        problems.append(Problem(f"'{frailty}' is no distribution of a frailty", "", remedy))
    if not columns[1]:
        problems.append(Problem("no column of times was named", "", 'Write stop="…".'))
    if problems:
        raise InvalidInput(problems, "what cox was given")


def check_random(parsed: Formula, cluster: str, frailty: str) -> None:
    """Refuse deviations and clustered errors together, and a gamma frailty of nobody."""
    if frailty == "gamma" and not parsed.random:
        found = 'frailty="gamma" says how the levels of a random term differ, and there is none'
        remedy = "Put (1 | therapist) into the formula."
        raise InvalidInput([Problem(found, "", remedy)], "what cox was given")
    if parsed.random and cluster:
        remedy = "Take one of them out."
        found = f"`{parsed.random[0]}` and cluster='{cluster}' are two answers to one question"
        raise InvalidInput([Problem(found, "", remedy)], "what cox was given")


def check_levels_meet(parsed: Formula, used: pd.DataFrame, strata: str) -> None:
    """Refuse levels that are never compared: each stratum holds one of them."""
    if not strata:
        return
    for term in parsed.random:
        levels = used.groupby(list(term.columns), observed=True, sort=False).ngroup()
        if not (levels.groupby(used[strata], observed=True).nunique() > 1).any():
            raise Refused(
                f"Each `{strata}` holds one `{term.group}` only, and each has a baseline of its "
                f"own, so nothing says how much `{term.group}` differ. Take the strata or "
                f"{term} out."
            )


def zero_one_design(parsed: Formula, used: pd.DataFrame) -> Design:
    """Make the columns; refuse an outcome that is not 0/1 or of which there is none."""
    outcome = used[parsed.outcome]
    if not outcome.isin([0, 1]).all():
        odd = int((~outcome.isin([0, 1])).sum())
        raise Refused(
            f"`{parsed.outcome}` is neither 0 nor 1 in {odd} of {len(outcome)} rows. Make a 0/1 "
            "column first: 1 in the row at whose end the event happened."
        )
    if not outcome.eq(1).any():
        raise Refused(
            f"`{parsed.outcome}` never happens in the {len(outcome)} rows that have what this "
            "model needs, so nothing says what goes with it."
        )
    used = used.assign(**{parsed.outcome: outcome.astype("int64")})  # may be a category
    if used[
        parsed.outcome
    ].all():  # every row ends with the event: a constant for the grammar, not here
        made = design(parsed, used.assign(**{parsed.outcome: np.arange(len(used)) % 2}))
        return replace(made, response=np.ones(len(used)))
    return design(parsed, used)


def laid_out(
    made: Design, used: pd.DataFrame, columns: tuple[str, str, str], ties: Ties
) -> RiskRows:
    """Put times, strata and covariates together."""
    start, stop, strata = columns
    begins, ends = _times(used, start, stop)
    kept = [k for k, name in enumerate(made.terms) if name != "Intercept"]
    if not kept:
        raise Refused(
            "The formula has no terms, and a Cox model has no intercept: its baseline is free. "
            "Name what may go with the event."
        )
    codes, names = pd.factorize(used[strata], sort=True) if strata else (0, [""])
    terms = tuple(made.terms[k] for k in kept)
    return RiskRows(
        x=made.matrix[:, kept],
        columns=terms,
        terms=term_columns(terms),
        start=begins,
        stop=ends,
        event=made.response,
        strata=np.array(np.broadcast_to(codes, len(used))),
        strata_names=tuple(map(str, names)),
        coefficients=np.zeros(len(kept)),
        covariance=np.zeros((len(kept), len(kept))),
        ties=ties,
        shift=np.zeros(len(used)),
        used=used,
        made=made,
    )


def _times(used: pd.DataFrame, start: str, stop: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the times; refuse those that are no numbers, or rows that end before they begin."""
    problems = [problem for name in (start, stop) if name for problem in _no_times(used[name])]
    if problems:
        raise InvalidInput(problems, "the times")
    ends = used[stop].to_numpy(float)
    if not start:
        return np.full(len(used), -np.inf), ends
    begins = used[start].to_numpy(float)
    backwards = np.flatnonzero(~(begins < ends))
    if backwards.size:
        first = ", ".join(str(place + 1) for place in backwards[:5])
        found = f"{backwards.size} rows end when they begin, or before (the first: row {first})"
        remedy = (
            f"`{start}` must lie below `{stop}`: a row is at risk after the one, up to the other."
        )
        raise InvalidInput([Problem(found, f"`{start}`, `{stop}`", remedy)], "the times")
    return begins, ends


def _no_times(column: pd.Series) -> list[Problem]:
    """Say what keeps a column from being times."""
    name, kinds = column.name, pd.api.types
    if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column):
        return [Problem(f"`{name}` holds no numbers", "", "Give times as numbers, dates as days.")]
    endless = int(np.isinf(column.to_numpy(float)).sum())
    if not endless:
        return []
    remedy = "Of a row whose end was not seen give the last time it was, with an outcome of 0."
    return [Problem(f"`{name}` is endless in {endless} rows", "", remedy)]
