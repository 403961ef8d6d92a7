"""Under every definition of dropout: how the rate moves, and what is said of the alliance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.course_verdicts import DROPOUT, STAYED
from sessionwise.features.dropout_rule import MEANINGS, Definition, DropoutRule
from sessionwise.features.given import need_given
from sessionwise.features.intake import need_intake
from sessionwise.features.leaving import episodes, need_endings
from sessionwise.features.running_means import running
from sessionwise.models.alliance_leaving import alliance_and_leaving
from sessionwise.models.answers import answer
from sessionwise.models.defined_endings import defined, verdicts_of
from sessionwise.models.discrete_hazard import hazard
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.records.sessions import Sessions

EFFECTS = {"to_date": "alliance_between", "change": "alliance_within"}
"""How a term ends → the standard deviation its effect is told in."""

HATCHETT_PARK: tuple[Definition, ...] = (
    "declared",
    "missed last appointment",
    "ended before n sessions",
    "no return after intake",
)
ONCE = "The decision after a first session is preceded by one score, and by no change."


@dataclass(frozen=True, eq=False)
class EveryDefinition:
    """What was found under each definition of dropout the records can carry.

    Attributes
    ----------
    question
        What was asked.
    rates
        One row per definition: ``definition, uses_outcome, courses`` (of which it is known whether
        they ended in dropout), ``dropouts, share, low, high`` (Wilson limits). A share of courses,
        not a probability.
    effects
        One row per definition and effect (``"to_date"``, ``"change"``): ``estimate, std_error, low,
        high`` (log hazard per standard deviation), ``events, events_lost, reason`` (why there are
        no numbers, or empty).
    unanswered
        Definition → why these records cannot carry it.
    scales
        The standard deviations the effects are told in, in points: the same for all definitions.
    fits
        Definition → the model behind the effects.
    notes
        Definition → what it says of these records.
    label
        What the alliance score is called.
    """

    question: str
    rates: pd.DataFrame
    effects: pd.DataFrame
    unanswered: Mapping[str, str]
    scales: Mapping[str, float]
    fits: Mapping[str, Fit] = field(repr=False)
    notes: Mapping[str, tuple[str, ...]] = field(repr=False)
    label: str = ""


def under_every_definition(
    s: Sessions,
    alliance: str = "srs",
    outcome: str = "ors",
    adjust: Sequence[str] = (),
    settings: DropoutRule | None = None,
) -> EveryDefinition:
    """Does it matter how dropout is defined: for its rate, and for what precedes it?

    Parameters
    ----------
    s
        The records; a definition they are under is undone.
    alliance, adjust
        As in :func:`~sessionwise.models.alliance_leaving.alliance_and_leaving`.
    outcome
        The score of definitions that use one.
    settings
        The numbers definitions use (``weeks, sessions, reliability, …``), as of a study; its
        definition does not matter.

    Returns
    -------
    EveryDefinition
        Effects are those of ``alliance_and_leaving`` in standard deviations of the rows of the
        first definition that has them; those of a definition made of the outcome are no evidence
        beside a model of it. After a first session there is a score and no change yet.

    Raises
    ------
    Unanswerable
        The records can carry no definition, or lack the alliance or a covariate.

    Notes
    -----
    Swift & Greenberg 2012, J Consult Clin Psychol 80:547: the rate depends on the definition.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = under_every_definition(sw.example(), settings=DropoutRule(reliability=0.85))
    >>> len(found.rates) + len(found.unanswered)
    8
    """
    s.need([alliance], "Alliance and leaving")
    need_intake(s, adjust, "Alliance and leaving")
    need_given(s, [alliance, *adjust], "Alliance and leaving")
    settings = settings or DropoutRule()
    settings = settings.model_copy(update={"outcome": settings.outcome or outcome})
    rates, fits, notes, unanswered = [], {}, {}, {}
    for definition in get_args(Definition):
        try:
            of = defined(s, settings.model_copy(update={"definition": definition}))
            need_endings(of)
            rates.append(_rate(definition, of))
        except (Unanswerable, Refused) as why:
            unanswered[definition] = str(why)
            continue
        notes[definition] = of.rule.notes
        fits[definition] = _fit(of, alliance, adjust)
    if not rates:
        raise Unanswerable(f"No definition of dropout can be used: {unanswered['declared']}")
    scales = next((fit.scales for fit in fits.values() if _told(fit) and fit.scales), {})
    effects = [
        _effect(definition, f"{alliance}_{end}", fit, scales.get(scale, np.nan))
        for definition, fit in fits.items()
        for end, scale in EFFECTS.items()
    ]
    return EveryDefinition(
        question="Does it matter how dropout is defined: for its rate, and for what precedes it?",
        rates=pd.DataFrame(rates),
        effects=pd.DataFrame(effects),
        unanswered=unanswered,
        scales=scales,
        fits={definition: fit for definition, fit in fits.items() if _told(fit)},
        notes=notes,
        label=s.columns[alliance].label or alliance,
    )


def definitions_agree(
    s: Sessions,
    settings: DropoutRule | None = None,
    definitions: Sequence[Definition] = HATCHETT_PARK,
) -> pd.DataFrame:
    """Do definitions of dropout name the same courses?

    By default the four that Hatchett & Park 2003 compared: the therapist's judgement, the last
    appointment missed, fewer sessions than the median, no return after intake.

    Parameters
    ----------
    s
        The records.
    settings
        The numbers they use.
    definitions
        Those to compare, two at a time.

    Returns
    -------
    DataFrame
        ``first, second, courses`` (judged by both), ``both, first_only, second_only, neither``,
        ``agreement`` (share of the courses), ``kappa, low, high`` (Cohen's, with the limits of
        Fleiss, Cohen & Everitt 1969; missing where one definition finds all or none). Definitions
        the records cannot carry are left out.

    Raises
    ------
    Unanswerable
        Fewer than two can be used.

    Examples
    --------
    >>> import sessionwise as sw
    >>> definitions_agree(sw.example())["agreement"].between(0, 1).all().item()
    True
    """
    found: dict[str, pd.Series] = {}
    said = ""
    for definition in definitions:
        rule = (settings or DropoutRule()).model_copy(update={"definition": definition})
        try:
            of = defined(s, rule)
            verdict = verdicts_of(of)
        except (Unanswerable, Refused) as why:
            said = str(why)
            continue
        found[definition] = verdict.eq(DROPOUT).where(verdict.isin([DROPOUT, STAYED]))
    if len(found) < 2:
        raise Unanswerable(f"There are not two definitions to compare: {said}")
    names = list(found)
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
    return pd.DataFrame([_pair(a, b, found[a], found[b]) for a, b in pairs])


def _rate(definition: str, of: Sessions) -> dict[str, Any]:
    """Count the dropouts among the courses judged."""
    verdict = verdicts_of(of)
    dropouts, stayed = int(verdict.eq(DROPOUT).sum()), int(verdict.eq(STAYED).sum())
    courses = dropouts + stayed
    if not courses:
        raise Unanswerable("Of no course is it known yet whether it ended in dropout.")
    low, high = proportion_confint(dropouts, courses, method="wilson")
    return {
        "definition": definition,
        "uses_outcome": MEANINGS[definition].uses_outcome,
        "courses": courses,
        "dropouts": dropouts,
        "share": dropouts / courses,
        "low": float(low),
        "high": float(high),
    }


def _fit(of: Sessions, alliance: str, adjust: Sequence[str]) -> Fit | Unanswered:
    """Fit what the alliance precedes; after first sessions there is its level alone."""
    if of.rule.last_session != 1:
        return answer(alliance_and_leaving, of, alliance, adjust)
    terms = " + ".join([f"{alliance}_to_date", *adjust])
    return answer(hazard, f"left_unplanned ~ {terms}", episodes(running(of, alliance)))


def _told(fit: Fit | Unanswered) -> bool:
    return isinstance(fit, Fit) and fit.health.sound


def _effect(definition: str, term: str, fit: Fit | Unanswered, scale: float) -> dict[str, Any]:
    """Give one effect per standard deviation, or why there is none."""
    row = {"definition": definition, "effect": term.rpartition("_")[2].replace("date", "to_date")}
    numbers = dict.fromkeys(("estimate", "std_error", "low", "high"), np.nan)
    if isinstance(fit, Unanswered):
        return {**row, **numbers, "events": 0, "events_lost": 0, "reason": fit.reason}
    counts = {"events": fit.rows.events, "events_lost": fit.rows.events_lost}
    if not _told(fit) or term not in set(fit.estimates["term"]):
        why = ONCE if _told(fit) else f"No finding: {fit.health}."
        return {**row, **numbers, **counts, "reason": why}
    found = fit.term(term)
    numbers = {name: float(found[name]) * scale for name in numbers}
    return {**row, **numbers, **counts, "reason": ""}


def _pair(a: str, b: str, first: pd.Series, second: pd.Series) -> dict[str, Any]:
    """Count on how many courses two definitions agree."""
    judged = first.notna() & second.notna()
    one, other = first[judged].astype(bool), second[judged].astype(bool)
    counts = {
        "both": int((one & other).sum()),
        "first_only": int((one & ~other).sum()),
        "second_only": int((~one & other).sum()),
        "neither": int((~one & ~other).sum()),
    }
    courses = int(judged.sum())
    numbers = {"kappa": np.nan, "low": np.nan, "high": np.nan}
    if one.nunique() == other.nunique() == 2:
        square = [
            [counts["both"], counts["first_only"]],
            [counts["second_only"], counts["neither"]],
        ]
        found = cohens_kappa(np.array(square, float))
        numbers = {"kappa": found.kappa, "low": found.kappa_low, "high": found.kappa_upp}
    agreed = (counts["both"] + counts["neither"]) / courses if courses else np.nan
    row = {"first": a, "second": b, "courses": courses, **counts, "agreement": agreed}
    return {**row, **{name: float(value) for name, value in numbers.items()}}
