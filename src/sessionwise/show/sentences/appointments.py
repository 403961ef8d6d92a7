"""Sentences about appointments that were kept or missed."""

from __future__ import annotations

import math

from sessionwise.errors import InvalidInput, Problem
from sessionwise.features.attendance import EVENT_WORDS
from sessionwise.models.alliance_attendance import chance_of_missing
from sessionwise.models.fit import Fit
from sessionwise.models.generalized_mixed_fit import GeneralizedMixedFit
from sessionwise.show.display import Sentence, answered
from sessionwise.show.effect_words import clear
from sessionwise.show.numbers import interval, number
from sessionwise.show.ratios import in_points, ratio_per_deviation
from sessionwise.show.words import article, called, capital, error_words, of_whom, verdict, without


@answered
def missed(fit: Fit, alliance: str = "", name: str = "missed") -> Sentence:
    """Say what alliance preceded a missed appointment: ratios, probabilities, who differs.

    Parameters
    ----------
    fit
        From ``alliance_and_attendance``.
    alliance
        What the score is called; by default ``"alliance (SRS)"``, by the labels of the fit.
    name
        Anchor.

    Returns
    -------
    Sentence
        Odds ratios per standard deviation and per point, given client and therapist; then the
        shares of appointments missed at a low and a high alliance, averaged over both; then the
        shares of the latent variance.

    Raises
    ------
    InvalidInput
        The fit has no score so far.
    """
    ends = [term for term in fit.estimates["term"] if term.endswith("_so_far")]
    score = next((term for term in ends if term != "sessions_so_far"), "").removesuffix("_so_far")
    if not score or not isinstance(fit, GeneralizedMixedFit):
        problem = Problem(
            "the fit has no term X_so_far",
            f"terms {', '.join(fit.estimates['term'])}",
            "Give the fit of alliance_and_attendance.",
        )
        raise InvalidInput([problem], source="a sentence on missed appointments")
    alliance = alliance or called(fit, score, "alliance")
    if reason := verdict(fit.health):
        return Sentence(name, f"No finding on {alliance} and attendance is reported: {reason}.")
    step = _step(fit, "alliance_between", "between-client ")
    so_far = _effect(
        fit, f"{score}_so_far", "alliance_between",
        f"{capital(article(f'average {alliance}'))} so far {step} higher",
    )  # fmt: skip
    step = _step(fit, "alliance_within", "")
    change = _effect(
        fit, f"{score}_last_change", "alliance_within",
        f"A last score {step} higher than the average so far",
    )  # fmt: skip
    rests = f"These rest on {of_whom(fit.rows, events=f'{_word(fit)} appointment')}, with "
    rests += f"{error_words(fit.recipe)}."
    parts = (so_far, change, _chances(fit), _shares(fit), rests, without(fit), fit.recipe.caution)
    return Sentence(name, " ".join(part for part in parts if part), f"{so_far} {rests}")


def _word(fit: Fit) -> str:
    """Say what became of the appointments the fit is about."""
    return EVENT_WORDS.get(fit.outcome, "missed")


def _step(fit: Fit, scale: str, kind: str) -> str:
    """Name the step an effect is told for."""
    spread = fit.scales.get(scale, math.nan)
    if not spread > 0:
        return "one point"
    return f"one {kind}standard deviation ({in_points(spread)} points)"


def _effect(fit: Fit, term: str, scale: str, subject: str) -> str:
    """Word one odds ratio, per standard deviation if it is known, and per point."""
    row, spread = fit.term(term), fit.scales.get(scale, math.nan)
    if clear(row):
        effect = (
            f"{'lower' if row['estimate'] < 0 else 'higher'} odds of a {_word(fit)} appointment"
        )
    else:
        effect = f"no clear difference in the odds of a {_word(fit)} appointment"
    return f"{subject} preceded {effect} (odds ratio {ratio_per_deviation(row, spread)})."


def _chances(fit: Fit) -> str:
    """Say which share of appointments is missed where the alliance so far is low, and high."""
    low, high = chance_of_missing(fit).to_dict("records")
    told = f"({number(low['alliance'], 1)} points)", f"({number(high['alliance'], 1)} points)"
    return (
        f"Averaged over clients and therapists, the model expects {_percent(low)} of appointments "
        f"to be {_word(fit)} where the average so far was low {told[0]} and "
        f"{_percent(high).replace('95 % CI ', '')} where it was high {told[1]}."
    )


def _percent(row: dict) -> str:
    """Give a probability with its limits in per cent."""
    limits = interval(100 * row["low"], 100 * row["high"], 1)
    return f"{number(100 * row['estimate'], 1)} % ({limits})"


def _shares(fit: GeneralizedMixedFit) -> str:
    """Say which share of the latent variance lay between clients, and between therapists."""
    if fit.variances.empty:
        return ""
    each = {
        row["group"]: f"{number(100 * row['share'], 1)} %"
        for row in fit.latent_shares().to_dict("records")
    }
    words = {"course_of_client": "courses"}
    said = [f"{share} between {words.get(one, f'{one}s')}" for one, share in each.items()]
    return f"Of the latent variance lay {' and '.join(said)}."
