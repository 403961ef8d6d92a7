"""Who leaves, and after which session: the discrete-time hazard of an unplanned ending."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pandas as pd

from sessionwise.errors import Refused
from sessionwise.features.leaving import Episodes, episodes, refuse_the_future
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import Fit, Recipe, Rows
from sessionwise.models.formula_terms import Formula
from sessionwise.models.formulas import design, parse
from sessionwise.models.generalized_linear import glm
from sessionwise.models.generalized_mixed_model import EndlessVariance
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import Sessions
from sessionwise.records.small_counts import many

Link = Literal["cloglog", "logit"]
Errors = Literal["CR2", "CR1", "CR0", "wild", "model"]
EVENTS_PER_TERM = 10
FEW_CLUSTERS = 20
"""Therapists below which it is said that clustered errors rest on few."""

ONCE_NODES = 25
"""Nodes of quadrature where nobody has two events: Laplace's approximation is far off there."""

CLOCK = "Each row is the decision after an attended session; what explains it was known by then."
ENDS = {"left_unplanned": "an unplanned ending", "left_planned": "a planned ending"}


def hazard(
    formula: str, s: Sessions | Episodes, link: Link = "cloglog", errors: Errors = "CR2"
) -> Fit:
    """What goes with leaving after a session, among those who attended it?

    Parameters
    ----------
    formula
        ``left_unplanned ~ …``; with ``(1 | therapist)`` therapists differ in their hazard (a
        frailty), and effects are those for clients of therapists alike. ``(1 | client)``
        alone is a sensitivity analysis, by quadrature, and ``recipe.caution`` says why. Columns
        known *before* or *after* the session may explain the decision after it; one known only at
        the end of the *course* is refused.
    s
        The records with the features already made, or their episodes.
    link
        ``"cloglog"``: exponentiated coefficients are hazard ratios of the continuous-time model
        behind the sessions. ``"logit"``: odds ratios.
    errors
        Clustered by the therapist of the row, if there are at least two; otherwise model errors,
        and the fit says so. ``"wild"``: CR2, with p and limits of the wild cluster bootstrap, for
        very few therapists. With a random term errors are those of the full Hessian.

    Returns
    -------
    Fit
        Rows are decisions; ``rows.events`` are unplanned endings, ``rows.events_lost`` those on
        rows with a missing value.

    Raises
    ------
    Unanswerable, Refused, InvalidInput
        No endings; a column from the future; a formula that is none; a spread between clients
        that is estimated as endless.

    Notes
    -----
    Prentice & Gloeckler 1978, Biometrics 34:57; Singer & Willett 2003, ch. 11–12.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = hazard("left_unplanned ~ session + severity", sw.example())
    >>> fit.recipe.errors, fit.recipe.link
    ('CR2', 'cloglog')
    """
    at_risk = s if isinstance(s, Episodes) else episodes(s)
    if link not in ("cloglog", "logit"):
        raise Refused(f"A hazard has the link cloglog or logit, and not {link}.")
    parsed = parse(formula, at_risk.frame.columns)
    if parsed.outcome not in ENDS:
        raise Refused(f"A hazard explains {' or '.join(ENDS)}, and not `{parsed.outcome}`.")
    refuse_the_future(at_risk, parsed.columns, parsed.outcome)
    frame, outcome = at_risk.frame, parsed.outcome
    clustered = "therapist" in frame and errors != "model" and frame["therapist"].nunique() > 1
    clustered &= not parsed.random
    used = [*parsed.columns, *(["therapist"] if clustered else [])]
    complete = frame[used].notna().all(axis=1)
    refuse_few_clients(frame[complete])
    therapists = frame.loc[complete, "therapist"].nunique() if "therapist" in frame else 0
    few: tuple[str, ...] = ()
    if parsed.random:
        fit, notes = _with_levels(formula, parsed, frame[complete], link), ()
    elif therapists < 2 and errors != "model":
        fit = glm(formula, frame[complete], "binomial", link)
        notes = (_why_model_errors(therapists),)
    else:
        cluster = None if errors == "model" else "therapist"
        fit = glm(formula, frame[complete], "binomial", link, cluster=cluster, errors=errors)
        notes = ()
        few = _few_clusters(therapists, errors)
    notes += _few_events(fit, int(frame.loc[complete, outcome].sum()))
    return fit.replace(
        question=f"What goes with {ENDS[outcome]} after a session, among those who attended it?",
        rows=_rows(frame, complete, used, outcome, therapists, at_risk),
        recipe=as_counted(_recipe(fit, few, notes), at_risk),
        outcome=outcome,
        labels=term_labels(at_risk.columns, [*fit.estimates["term"], outcome]),
    )


def _once_only(parsed: Formula, rows: pd.DataFrame) -> tuple[str, ...]:
    """Name the random terms by which no level has two events: clients, who leave once."""
    names = []
    for term in parsed.random:
        events = rows.groupby(list(term.columns), observed=True)[parsed.outcome].sum()
        if events.max() <= 1:
            names.append(term.group)
    return tuple(dict.fromkeys(names))


def _with_levels(formula: str, parsed: Formula, rows: pd.DataFrame, link: Link) -> Fit:
    """Fit the hazard with random terms; of those by whom an event happens once, say what it is."""
    if not rows[parsed.outcome].any():
        raise Refused(
            f"`{parsed.outcome}` is 0 in all {len(rows)} rows that have what this model needs: "
            "there is nothing to explain."
        )
    design(parsed, rows)  # what has no estimate of its own is refused, as without random terms
    once = _once_only(parsed, rows)
    if not once:
        return mixed(formula, rows, family="binomial", link=link)
    _refuse_beside_others(once[0], parsed)
    by_level = rows.groupby(list(parsed.random[0].columns), observed=True)[parsed.outcome]
    if (by_level.min() == by_level.max()).all():
        raise Refused(_endless(once[0]))
    try:
        fit = mixed(formula, rows, family="binomial", link=link, quadrature=ONCE_NODES)
    except EndlessVariance as why:
        raise Refused(_endless(once[0])) from why
    return fit.replace(recipe=replace(fit.recipe, caution=_once_caution(once[0])))


def _endless(group: str) -> str:
    """Say why a spread has no end, and what the rows can carry instead."""
    return (
        f"Differences in the hazard between `{group}` are estimated as endless. No `{group}` has "
        "two events, so nothing in these rows but the form of the model says how much they differ, "
        f"and here it says nothing. What the rows can carry: {_instead(group)}no random term, with "
        "errors clustered by therapist (CR2)."
    )


def _instead(group: str) -> str:
    """Say what may differ where this does not, unless it is that."""
    if group == "therapist":
        return ""
    return "differences between therapists, (1 | therapist), each of whom has several events; or "


def _refuse_beside_others(group: str, parsed: Formula) -> None:
    """Refuse what only Laplace's approximation could fit: with one event it invents a spread."""
    alone = len(parsed.random) == 1 and len(parsed.random[0].slopes) == 0
    if not alone:
        raise Refused(
            f"No `{group}` has two events, and Laplace's approximation, which several random terms "
            "or slopes would need, then finds differences where there are none. Take "
            f"(1 | {group}) alone, as a sensitivity analysis by quadrature"
            f"{'' if group == 'therapist' else ', or (1 | therapist)'}."
        )


def _once_caution(group: str) -> str:
    """Say what identifies the spread between those to whom the event happens once.

    A spread that is not observed, and a baseline that falls by itself, leave the same rows behind
    (Elbers & Ridder 1982, Rev Econ Stud 49:403; Heckman & Singer 1984, Econometrica 52:271).
    """
    return (
        f"A sensitivity analysis: no `{group}` has two events, so how much they differ is "
        "identified by the form of the model only (normal deviations, this link, this baseline): "
        "who is likely to leave leaves first, and a hazard that falls by itself from session to "
        "session would leave the same rows behind."
    )


def _few_events(fit: Fit, events: int) -> tuple[str, ...]:
    """Warn of few events for the terms (Peduzzi et al. 1996, J Clin Epidemiol 49:1373)."""
    terms = len(fit.estimates) - 1
    if events >= EVENTS_PER_TERM * terms:
        return ()
    return (
        f"There are {many(events)} endings for {terms} terms, under {EVENTS_PER_TERM} each: "
        "the estimates may be far off and their intervals too short.",
    )


def _few_clusters(therapists: int, errors: str) -> tuple[str, ...]:
    """Say where clustered errors rest on few therapists."""
    if errors in ("model", "wild") or therapists >= FEW_CLUSTERS:
        return ()
    return (
        f"There are {therapists} therapists, fewer than {FEW_CLUSTERS}: clustered errors rest on "
        f"few, and limits are by t with {therapists - 1} degrees of freedom.",
    )


def _why_model_errors(therapists: int) -> str:
    """Say why errors are not clustered."""
    one = "the rows of the model have one therapist"
    why = one if therapists == 1 else "no therapist is recorded"
    return f"Errors are those of the model, as {why}."


def _rows(
    frame: pd.DataFrame,
    complete: pd.Series,
    used: list[str],
    outcome: str,
    therapists: int,
    at_risk: Episodes,
) -> Rows:
    """Count decisions, events and what was lost."""
    left = [(one.reason, one.rows) for one in at_risk.left_out]
    still = frame
    for name in used:
        lost = still[name].isna()
        if lost.any():
            left.append((f"{at_risk.columns[name].label or name}: missing", int(lost.sum())))
            still = still[~lost]
    return Rows(
        used=int(complete.sum()),
        clients=frame.loc[complete, ["clinic", "client"]].drop_duplicates().shape[0],
        therapists=therapists,
        events=int(frame.loc[complete, outcome].sum()),
        events_lost=int(frame.loc[~complete, outcome].sum()),
        left_out=tuple(left),
        unit="sessions",
    )


def _recipe(fit: Fit, first: tuple[str, ...], notes: tuple[str, ...]) -> Recipe:
    """Add what a methods section must say of this model."""
    sources = ("discrete_hazard", *fit.recipe.sources)
    return replace(
        fit.recipe,
        kind=f"discrete-time hazard{' with random effects' * len(fit.variances.head(1))}",
        clock="session",
        notes=(*first, CLOCK, *notes, *fit.recipe.notes),
        sources=sources,
    )
