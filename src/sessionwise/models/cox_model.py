"""Who leaves sooner: the Cox model of counting-process rows, `sw.cox`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.engine.cox_search import CoxMaximum, clustered_covariance, cox_maximum
from sessionwise.engine.efron_steps import Ties
from sessionwise.engine.frailty_penalties import FrailtyShape
from sessionwise.errors import Refused
from sessionwise.features.leaving import Episodes, episodes, refuse_the_future
from sessionwise.models.cox_fit import CoxFit
from sessionwise.models.cox_frailty import with_deviations
from sessionwise.models.cox_rows import (
    check_levels_meet,
    check_random,
    check_words,
    laid_out,
    zero_one_design,
)
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import VARIANCE_COLUMNS, Health, Recipe
from sessionwise.models.fit_on_risks import FitOnRisks
from sessionwise.models.formulas import complete_rows, parse
from sessionwise.models.generalized_linear import with_events
from sessionwise.models.labels import term_labels
from sessionwise.models.model_rows import (
    counted,
    left_out_before,
    model_frame,
    refuse_few_clients,
    standard_deviations,
)
from sessionwise.models.risk_rows import RiskRows
from sessionwise.models.wald import estimates_frame
from sessionwise.records.sessions import Sessions

FEW_CLUSTERS = 20
STRATUM = "rows of different {} are never compared, and each has a baseline of its own"
AGAIN = (
    "Events happen to one client more than once, and model errors take them for independent: "
    'cluster="client" does not.'
)


def cox(  # noqa: PLR0913 - the words a study may say, each with a default
    formula: str,
    data: Any,
    *,
    start: str = "",
    stop: str = "",
    ties: Ties = "efron",
    strata: str = "",
    cluster: str = "",
    frailty: FrailtyShape = "normal",
) -> FitOnRisks:
    """Who is first to leave, among those at risk at the same time?

    The baseline is free: nothing is assumed of how the hazard goes with time, only that what is in
    the formula multiplies it throughout (`fit.proportional()` asks whether it does). Where time
    counts sessions, :func:`sessionwise.hazard` with its cloglog link answers the same with a
    baseline that is written down; with many ties its hazard ratios are the exact ones, and Efron's
    an approximation to them.

    Parameters
    ----------
    formula
        ``"left_unplanned ~ srs + severity"``; the outcome 0/1: whether the event happened at
        ``stop``. With ``(1 | therapist)`` the clients of one therapist share a frailty.
    data
        A data frame, one row per interval; `Sessions` or `Episodes`, which have ``start`` and
        ``stop`` in sessions and refuse what was not known when the client decided.
    start, stop
        Columns, in any unit of time: a row is at risk at t if ``start < t ≤ stop``. Empty
        ``start``: every row from the beginning. A client who comes under observation late has a
        ``start`` above 0; one whose score changes has several rows.
    ties
        ``"efron"`` or ``"breslow"``: how events of one time are taken.
    strata
        A column: rows of different strata are never compared, and each has a baseline of its own.
    cluster
        A column whose levels are independent of each other: errors are then robust (Lin & Wei),
        with t on clusters − 1 as their reference.
    frailty
        How the random term is distributed: ``"normal"`` deviations of the log hazard, or
        ``"gamma"`` multipliers of the hazard, of mean 1.

    Returns
    -------
    FitOnRisks
        Log hazard ratios: above 0, the event comes sooner. ``fit.proportional``, ``fit.residuals``,
        ``fit.influence``, ``fit.concordance``, ``fit.baseline_hazard``, ``fit.curves``; without
        random terms a `CoxFit` with ``fit.test``; with one ``fit.test``, ``fit.modes``,
        ``fit.median_ratios``, and if it is gamma ``fit.multipliers`` and ``fit.spread``.

    Raises
    ------
    InvalidInput
        Columns that are not there, times that are missing or end before they begin.
    Refused
        No events, or a coefficient that goes to infinity; what was not known yet.

    References
    ----------
    Cox (1972), J R Stat Soc B 34:187–202; Andersen & Gill (1982), Ann Stat 10:1100–1120; Therneau
    & Grambsch (2000), Modeling Survival Data.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = cox("left_unplanned ~ severity", sw.example(), cluster="therapist")
    >>> fit.recipe.errors, fit.recipe.reference
    ('robust', 't with G−1 = 11 df')
    """
    at_risk = episodes(data) if isinstance(data, Sessions) else data
    on_sessions = isinstance(at_risk, Episodes)
    if on_sessions:
        start, stop = start or "start", stop or "stop"
    frame = model_frame(at_risk)
    check_words(frame, (start, stop, strata, cluster), ties, frailty)
    parsed = replace(parse(formula, frame.columns), intercept=True)  # it is in the baseline
    check_random(parsed, cluster, frailty)
    if on_sessions:
        compared_by = [name for name in (start, stop, strata) if name]
        refuse_the_future(at_risk, [*parsed.columns, *compared_by], parsed.outcome)
    needed = [*parsed.columns, *(name for name in (start, stop, strata, cluster) if name)]
    used, left_out = complete_rows(frame, list(dict.fromkeys(needed)))
    if on_sessions:
        refuse_few_clients(used)
    check_levels_meet(parsed, used, strata)
    made = zero_one_design(parsed, used)
    risks = laid_out(made, used, (start, stop, strata), ties)
    found = cox_maximum(risks.times, risks.x, ties)
    _refuse_untold(found, risks.columns, strata)
    codes = _clusters(used, cluster) if cluster else np.zeros(0, int)
    covariance = clustered_covariance(found, codes) if cluster else found.covariance
    groups = int(codes.max()) + 1 if cluster else 0
    risks = replace(risks, coefficients=found.coefficients, covariance=covariance)
    rows = counted(used, (*left_out_before(at_risk), *left_out), client=cluster)
    rows = with_events(rows, frame[made.outcome], made.response)
    columns = at_risk.columns if on_sessions else {}
    fit = CoxFit(
        question=f"What goes with `{made.outcome}`, among those at risk at the same time?",
        estimates=estimates_frame(
            list(risks.columns), found.coefficients, covariance, groups - 1 if groups else np.inf
        ),
        variances=pd.DataFrame(columns=list(VARIANCE_COLUMNS)),
        health=Health(
            found.converged, gradient=found.gradient, optimiser="newton", evaluations=found.steps
        ),
        rows=replace(rows, unit="sessions" if on_sessions else "rows"),
        recipe=Recipe(
            kind="Cox model",
            formula=str(parsed),
            estimation=f"partial likelihood ({ties.capitalize()}'s ties)",
            link="log hazard",
            errors="robust" if cluster else "model",
            cluster=cluster,
            reference=f"t with G−1 = {groups - 1} df" if groups else "normal",
            step="session" if on_sessions else "",
            references=tuple(made.references.items()),
            notes=_notes(used, risks, (strata, cluster, groups)),
            sources=("cox", f"{ties}_ties", *(("lin_wei",) if cluster else ())),
        ),
        loglik=found.loglik,
        covariance=covariance,
        scales=standard_deviations(used, parsed.measured),
        outcome=made.outcome,
        labels=term_labels(columns, [*risks.columns, made.outcome]),
        risks=risks,
        loglik_null=found.loglik_null,
        score_statistic=found.score_test,
    )
    if on_sessions:
        fit = fit.replace(recipe=as_counted(fit.recipe, at_risk))
    return with_deviations(fit, parsed.random, frailty) if parsed.random else fit


def _clusters(used: pd.DataFrame, cluster: str) -> np.ndarray:
    """Number the clusters; refuse one, which has nothing to differ from."""
    codes = pd.factorize(used[cluster])[0]
    if codes.max() < 1:
        raise Refused(
            f"`{cluster}` has one value in the {len(used)} rows of the model, and robust errors "
            "come from how clusters differ. Take a column with several, or leave cluster out."
        )
    return codes


def _refuse_untold(found: CoxMaximum, columns: tuple[str, ...], strata: str) -> None:
    """Refuse what is never compared, what goes to infinity, a climb that did not arrive."""
    named = [
        ", ".join(f"`{n}`" for n, marked in zip(columns, which, strict=True) if marked)
        for which in (found.untold, found.endless, found.beyond)
    ]
    if named[0]:
        within = f" of one `{strata}`" if strata else ""
        raise Refused(
            f"Rows{within} at risk at the same time do not differ in {named[0]} where an event "
            "happens (or not beyond the terms before), so nothing says what goes with it. Leave it "
            f"out{', or take other strata' if strata else ''}."
        )
    if named[1]:
        raise Refused(
            f"The hazard ratio of {named[1]} has no finite estimate: at every event it is the row "
            "highest (or lowest) in it that has the event. Leave the term out, or join categories."
        )
    if named[2]:
        raise Refused(
            f"{named[2]} would put log hazards of rows more than 650 apart, where they cannot be "
            "added up. Either events come in the order of it, and it has no finite estimate, or "
            "some rows lie far out in it (another unit, a code for what is missing), or it goes "
            "with time: give how far each row lies from the others of its time then."
        )
    if not found.converged:
        raise Refused(
            f"The partial likelihood still rises after {found.steps} steps. Take terms out that "
            "say nearly the same."
        )


def _notes(used: pd.DataFrame, risks: RiskRows, words: tuple[str, str, int]) -> tuple[str, ...]:
    """Say what a reader must know."""
    strata, cluster, groups = words
    notes = []
    if strata:
        notes.append(
            f"Stratified by `{strata}` ({len(risks.strata_names)}): "
            + STRATUM.format("strata")
            + "."
        )
    if cluster and groups < FEW_CLUSTERS:
        notes.append(
            f"There are {groups} clusters: with so few robust errors come out too small, and the "
            "t reference makes up for part of it."
        )
    who = [name for name in ("clinic", "client") if name in used.columns]
    if not cluster and "client" in who:
        events = used.loc[risks.event > 0, who]
        notes += [AGAIN] if events.duplicated().any() else []
    return tuple(notes)
