"""Sentences about therapists whose clients leave, and about both kinds of ending."""

from __future__ import annotations

import math

from sessionwise.models.alliance_endings import EndingHazards
from sessionwise.models.therapists_leaving import TherapistDifferences
from sessionwise.show.display import Sentence, answered
from sessionwise.show.figures.both_endings import TERMS, per_deviation
from sessionwise.show.numbers import decimals, interval, number, p_value
from sessionwise.show.ratios import in_points, ratio_with_limits
from sessionwise.show.words import (
    article,
    called,
    capital,
    counted,
    error_words,
    of_whom,
    ratio_name,
    verdict,
)

LINKS = {"cloglog": "complementary log-log", "logit": "logistic"}


@answered
def therapists_leaving(found: TherapistDifferences, name: str = "therapists-leaving") -> Sentence:
    """Say which share of leaving goes with the therapist, beside the published one, and the range.

    Parameters
    ----------
    found
        Of ``therapists_and_leaving``.
    name
        Anchor.
    """
    share = (
        f"{'Given the case-mix, t' if _adjusted(found) else 'T'}herapists accounted for "
        f"{_percent(found.share, found.share_low, found.share_high)} of the variance in leaving "
        f"unplanned, on the {LINKS[found.fit.recipe.link]} latent scale"
    )
    sure = "clearly" if found.p < 0.05 else "not clearly"
    share += f", which is {sure} more than none ({p_value(found.p)}, on the boundary)."
    ratio = ratio_name(found.fit.recipe)
    places = decimals(found.ratio_low, found.ratio_high, 1.0)
    median = (
        f"Between two therapists drawn at random the median {ratio} was "
        f"{number(found.ratio, places)} "
        f"({interval(found.ratio_low, found.ratio_high, places, 1.0)})."
    )
    rests = f"These rest on {of_whom(found.fit.rows, events='unplanned ending')}."
    text = " ".join(part for part in (share, _beside(found), median, _range(found), rests) if part)
    return Sentence(name, text, f"{share} {rests}")


def _adjusted(found: TherapistDifferences) -> bool:
    """Say whether anything of the clients is held."""
    own = {"Intercept", "session", "first_session"}
    return any(
        term not in own and not term.startswith(("poly(session", "ns(session", "session_step"))
        for term in found.fit.estimates["term"]
    )


def _beside(found: TherapistDifferences) -> str:
    """Set the published share beside that found."""
    one = found.published
    inside = found.share_low <= one.estimate <= found.share_high
    lies = "within" if inside else "outside"
    cited = one.cited.replace(", 2", " (2") + ")"
    return (
        f"The {number(100 * one.estimate, 1)} % of {cited} lies {lies} that interval; it is of "
        "whole courses on the logistic scale, so the two compare only roughly."
    )


def _range(found: TherapistDifferences) -> str:
    """Say how likely leaving is at both ends of the therapists."""
    if found.therapists.empty:
        return "These data show no difference between therapists."
    rows = found.spread.set_index("group")
    low, high = (
        _percent(*rows.loc[f"{end} tenth", ["estimate", "low", "high"]])
        for end in ("lowest", "highest")
    )
    return (
        f"Of clients of average make-up {low} would leave unplanned within {found.sessions} "
        f"sessions with the tenth of therapists who lose fewest, and {high} with the tenth who "
        "lose most, no other ending coming first."
    )


def _percent(estimate: float, low: float, high: float) -> str:
    """Give a proportion with its limits in per cent."""
    return f"{number(100 * estimate, 1)} % ({interval(100 * low, 100 * high, 1)})"


@answered
def both_endings(both: EndingHazards, name: str = "both-endings") -> Sentence:
    """Say whether alliance goes with leaving, with ending as planned, or with both.

    Parameters
    ----------
    both
        Of ``alliance_and_endings``.
    name
        Anchor.
    """
    unplanned, planned = both.unplanned, both.planned
    score = both.differences["term"].iloc[0].removesuffix("_so_far")
    alliance = called(unplanned, score, "alliance")
    for fit in (unplanned, planned):
        if reason := verdict(fit.health):
            return Sentence(name, f"No finding on both endings is reported: {reason}.")
    said = []
    for place, (ending, (scale, _)) in enumerate(TERMS.items()):
        spread = unplanned.scales.get(scale, math.nan)
        step = f"one standard deviation ({in_points(spread)} points)" if spread > 0 else "one point"
        subject = (
            f"{article(f'average {alliance}')} {step} higher before the session"
            if place == 0
            else f"a last score {step} above that average"
        )
        effects = [
            _effect(per_deviation(fit, ending, scale), kind)
            for kind, fit in (("unplanned", unplanned), ("planned", planned))
        ]
        said.append(f"{capital(subject)} preceded {' and '.join(effects)}{_apart(both, place)}.")
    rests = (
        f"These rest on {of_whom(unplanned.rows)} from the second session on, "
        f"{counted(unplanned.rows.events or 0, 'unplanned ending')} and "
        f"{counted(planned.rows.events or 0, 'planned ending')}, with "
        f"{error_words(unplanned.recipe)}."
    )
    kind = "The hazards are cause-specific: each kind of ending takes away the chance of the other."
    return Sentence(name, " ".join([*said, rests, kind]), f"{said[0]} {rests}")


def _effect(numbers: tuple[float, float, float], kind: str) -> str:
    """Word one hazard ratio."""
    middle, low, high = numbers
    hazard = f"hazard of {article(f'{kind} ending')}"
    if low > 0 or high < 0:
        effect = f"a {'lower' if middle < 0 else 'higher'} {hazard}"
    else:
        effect = f"no clear difference in the {hazard}"
    told = ratio_with_limits({"estimate": middle, "low": low, "high": high})
    return f"{effect} (hazard ratio {told})"


def _apart(both: EndingHazards, place: int) -> str:
    """Say whether the two kinds differ in this."""
    p = both.differences["p"].iloc[place]
    return f"; the two {'differ' if p < 0.05 else 'do not clearly differ'} ({p_value(p)})"
