"""Where the alliance varies: between therapists, between their clients, from session to session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.engine.orthogonal_columns import scaled_model
from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.variance_shares import share_limits, shares_of
from sessionwise.features.given import need_given
from sessionwise.models.fit import Fit
from sessionwise.models.formulas import design, parse
from sessionwise.models.grouping import Grouping, grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.random_part import random_part_of
from sessionwise.records.sessions import Sessions

THERAPISTS, CLIENTS, SESSIONS = "between therapists", "between clients", "from session to session"
ENOUGH = {"sessions of a client": 0.9, "clients of a therapist": 0.8}
"""How dependable a mean is wanted (Crits-Christoph et al. 2011 want .90 of a client's)."""
TRIED = {"sessions of a client": (1, 2, 4, 8), "clients of a therapist": (5, 10, 20, 40, 60)}
MOST = 10_000


def alliance_levels(s: Sessions, alliance: str = "srs") -> Fit:
    """How much of the alliance differs between therapists, their clients, and sessions?

    The null model: a grand mean, levels of therapists and of their clients, and the rest. It holds
    no trend, so that what all clients gain over therapy counts as differing from session to
    session, as does measurement error.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in scale points.

    Returns
    -------
    Fit
        Linear mixed model, REML; ``variances`` in squared points.

    Raises
    ------
    Unanswerable, Refused
        There is no such score; the fit did not converge.

    Examples
    --------
    >>> import sessionwise as sw
    >>> alliance_levels(sw.example()).variances["group"].tolist()
    ['client', 'first_therapist', 'Residual']
    """
    group, frame, formula = _null_model(s, alliance)
    every = group.s.frame.loc[s.attended]
    left = []
    for name in (alliance, *group.columns):
        lost = every[name].isna()
        left.append((f"{group.s.columns[name].label or name}: missing", int(lost.sum())))
        every = every[~lost]
    refuse_few_clients(frame)
    fit = mixed(formula, frame)
    note = (
        "The model holds no trend: what clients gain over therapy counts as differing from session "
        "to session, and so does measurement error."
    )
    label = s.columns[alliance].label or alliance
    return fit.replace(
        question=f"How much of the {label} differs between therapists, their clients and sessions?",
        rows=replace(
            fit.rows,
            left_out=(*s.left_out, *(one for one in left if one[1])),
            unit="sessions",
            clients=len(frame[["clinic", "client"]].drop_duplicates()),
        ),
        recipe=replace(
            fit.recipe,
            clock=s.clock,
            notes=(note, *group.notes, *fit.recipe.notes),
            sources=("dependability", "profile", *fit.recipe.sources),
        ),
        outcome=alliance,
        labels=term_labels(group.s.columns, [*fit.estimates["term"], alliance, *group.columns]),
    )


def variance_shares(fit: Fit, s: Sessions) -> pd.DataFrame:
    """Which share of the variance of one score lies at each level?

    The intraclass correlations of the null model, with limits from the profile of its restricted
    likelihood. Not a delta method: with few therapists the likelihood of their share is far from
    symmetrical, and 0 is a possible answer.

    Parameters
    ----------
    fit
        From :func:`alliance_levels`.
    s
        The same records.

    Returns
    -------
    DataFrame
        ``level, variance, share, low, high``: therapists (where several are recorded), clients of
        one therapist, sessions of one client; shares add up to 1. A variance estimated as zero has
        share 0 and an upper limit.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.example()
    >>> float(variance_shares(alliance_levels(s), s)["share"].sum().round(6))
    1.0
    """
    group, frame, formula = _null_model(s, fit.outcome)
    given, names = _levels(frame, formula)
    found = fit.variances.set_index("group")["variance"]
    residual = float(found["Residual"])
    ratios = np.array([float(found.get(name, 0.0)) / residual for name in names])
    words = {"first_therapist": THERAPISTS}
    rows = [
        {
            "level": SESSIONS if place == len(names) else words.get(names[place], CLIENTS),
            "variance": residual if place == len(names) else residual * float(ratios[place]),
            "share": float(share),
            **dict(zip(("low", "high"), share_limits(given, ratios, place))),
        }
        for place, share in enumerate(shares_of(ratios))
    ]
    order = [THERAPISTS, CLIENTS, SESSIONS]
    return pd.DataFrame(sorted(rows, key=lambda row: order.index(row["level"])))


def dependability(shares: pd.DataFrame, fit: Fit) -> pd.DataFrame:
    """How many sessions make a client's mean dependable, and how many clients a therapist's?

    The share of the variance of a mean that lies between those it is a mean of: for a client's mean
    of k sessions ``B / (B + W/k)``, with B the variance between clients, therapists' differences
    included, and W that within them (ICC(1, k); Shrout & Fleiss 1979, Psychol Bull 86:420); for a
    therapist's mean of n clients, each with as many sessions as clients have here on average,
    ``T / (T + C/n + W/(n·m))`` (Crits-Christoph et al. 2011, J Consult Clin Psychol 79:267).
    It takes sessions as interchangeable.

    Parameters
    ----------
    shares, fit
        From :func:`variance_shares` and :func:`alliance_levels`.

    Returns
    -------
    DataFrame
        ``mean_of, number, dependability, low, high, wanted, number_low, number_high``. Rows with
        ``wanted`` hold the fewest that reach it, and the fewest by the limits (infinite where the
        share may be 0). Limits follow from those of the share within clients; for therapists,
        from those of their share, clients and sessions keeping their ratio. No rows for
        therapists where they do not differ.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s, fit = sw.example(), sw.alliance_levels(sw.example())
    >>> dependability(sw.variance_shares(fit, s), fit).loc[0, "number"]
    np.int64(1)
    """
    by = shares.set_index("level")
    within = by.loc[SESSIONS]
    between = {"share": 1 - within["share"], "low": 1 - within["high"], "high": 1 - within["low"]}
    rows = _rows("sessions of a client", between, lambda k: 1 / k)
    if THERAPISTS in by.index and by.loc[THERAPISTS, "share"] > 0:
        sessions = fit.rows.used / max(fit.rows.clients, 1)
        client, session = float(by.loc[CLIENTS, "share"]), float(by.loc[SESSIONS, "share"])
        one = (client + session / sessions) / (client + session)
        rows += _rows("clients of a therapist", dict(by.loc[THERAPISTS]), lambda n: one / n)
    return pd.DataFrame(rows)


def _rows(mean_of: str, share: dict, shrunk: Callable[[float], float]) -> list[dict]:
    """Tabulate the dependability of means of several sizes, and the fewest that suffice."""
    wanted = ENOUGH[mean_of]
    edges = {edge: float(share[edge]) for edge in ("share", "low", "high")}

    def reached(part: float, number: float) -> float:
        return part / (part + (1 - part) * shrunk(number)) if part > 0 else 0.0

    def fewest(part: float) -> float:
        if part <= 0:
            return np.inf
        return max(np.ceil(wanted / (1 - wanted) * (1 - part) * shrunk(1) / part - 1e-9), 1.0)

    needed = fewest(edges["share"])
    numbers = [(number, np.nan, np.nan, np.nan) for number in TRIED[mean_of]]
    if needed < MOST:
        numbers.append((int(needed), wanted, fewest(edges["high"]), fewest(edges["low"])))
    return [
        {
            "mean_of": mean_of,
            "number": number,
            "dependability": reached(edges["share"], number),
            "low": reached(edges["low"], number),
            "high": reached(edges["high"], number),
            "wanted": aim,
            "number_low": least,
            "number_high": most,
        }
        for number, aim, least, most in numbers
    ]


def _null_model(s: Sessions, alliance: str) -> tuple[Grouping, pd.DataFrame, str]:
    """Give who lies in whom, the rows of the null model, and its formula."""
    s.need_score(alliance, "Where the alliance varies")
    need_given(s, [alliance], "Where the alliance varies")
    group = grouped(s, [alliance], slopes=(), therapists="first")
    frame = group.s.frame.loc[s.attended]
    frame = frame[frame[[alliance, *group.columns]].notna().all(axis=1)]
    return group, frame, f"{alliance} ~ 1 + {group.random}"


def _levels(frame: pd.DataFrame, formula: str) -> tuple[LinearMixedModel, list[str]]:
    """Give the null model to the engine, and the names of its random levels."""
    parsed = parse(formula, frame.columns)
    made, part = design(parsed, frame), random_part_of(parsed.random, frame)
    scaled = scaled_model(made.matrix, made.response, made.outcome)
    model = LinearMixedModel.of(scaled.basis, scaled.response, part.factors()[0], reml=True)
    return model, [deviation.group for deviation in part.deviations]
