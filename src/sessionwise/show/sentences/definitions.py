"""Sentences about dropout by several definitions, and about endings lost to missing scores."""

from __future__ import annotations

import pandas as pd

from sessionwise.models.every_definition import EveryDefinition
from sessionwise.show.definition_tables import EFFECT_WORDS
from sessionwise.show.display import Sentence, answered
from sessionwise.show.numbers import count, listed, percent
from sessionwise.show.ratios import limits_text, ratio_of, ratio_with_limits
from sessionwise.show.suppression import SMALLEST
from sessionwise.show.words import counted


@answered
def by_definition(found: EveryDefinition, name: str = "by-definition") -> Sentence:
    """Say how far the rate moves with the definition, and whether what precedes dropout does.

    Parameters
    ----------
    found
        Of ``under_every_definition``; definitions with fewer than five dropouts are passed over.
    name
        Anchor.
    """
    told = found.rates[found.rates["dropouts"] >= SMALLEST].sort_values("share")
    if told.empty:
        return Sentence(name, "By no definition did five courses end in dropout.")
    ends = [
        f"{percent(row['share'])} of {count(row['courses'], 'course')} ({row['definition']})"
        for row in (told.iloc[0].to_dict(), told.iloc[-1].to_dict())
    ]
    rate = f"Dropout was {ends[0]}" + (f" to {ends[1]}" if len(told) > 1 else "")
    rate += f", by {count(len(told), 'definition')}."
    effects = found.effects[found.effects["events"] >= SMALLEST]
    said = [_moves(effects, effect, found.label) for effect in EFFECT_WORDS]
    outcome = [row["definition"] for row in told.to_dict("records") if row["uses_outcome"]]
    caution = (
        f" {count(len(outcome), 'definition')} of them "
        f"{'is' if len(outcome) == 1 else 'are'} made of the outcome, and no independent evidence "
        "beside the outcome model."
        if outcome
        else ""
    )
    text = " ".join([rate, *(part for part in said if part)]) + caution
    return Sentence(name, text, rate)


@answered
def endings_kept(frame: pd.DataFrame, name: str = "endings-kept") -> Sentence:
    """Say how many endings complete cases lose, and whether keeping them changes the conclusion.

    Parameters
    ----------
    frame
        Of ``leaving_with_missing_scores``.
    name
        Anchor.
    """
    complete = frame[frame["version"] == "complete cases"].iloc[0]
    if not complete["sessions"]:  # there is no model, and its counts are none
        reason = str(complete["reason"])
        return Sentence(name, f"Nothing is known of endings lost to missing scores: {reason}")
    lost, events = int(complete["events_lost"]), int(complete["events"])
    text = (
        f"Complete cases hold {counted(events, 'unplanned ending')} and lose "
        f"{counted(lost, 'unplanned ending') if lost else 'none'} to a missing score."
    )
    said = []
    for effect in EFFECT_WORDS:
        rows = frame[(frame["effect"] == effect) & frame["estimate"].notna()]
        ratios = [f"{ratio_with_limits(row)} ({row['version']})" for row in rows.to_dict("records")]
        if ratios:
            what = "of the score to date" if effect == "to_date" else "of its last change"
            said.append(f"The hazard ratio per point {what} is {listed(ratios)}.")
    return Sentence(name, " ".join([text, *said]), text)


def _moves(effects: pd.DataFrame, effect: str, label: str) -> str:
    """Say of one effect between which ratios it lies, and by how many definitions it is clear."""
    rows = effects[(effects["effect"] == effect) & effects["estimate"].notna()]
    if rows.empty:
        return ""
    lower, higher = int((rows["high"] < 0).sum()), int((rows["low"] > 0).sum())
    ends = sorted(ratio_of(value) for value in rows["estimate"])
    clear = [f"a lower hazard by {lower}"] * bool(lower) + [f"a higher one by {higher}"] * bool(
        higher
    )
    verdict = listed(clear) if clear else "no clear difference by any"
    span = f"hazard ratios of {limits_text(ends[0], ends[-1], 2)}"
    words = "to date" if effect == "to_date" else "at the last session"
    what = f"One standard deviation more {label} {words}" if effect == "to_date" else (
        f"A rise of the {label} by one standard deviation {words}")  # fmt: skip
    return f"{what} preceded {verdict} of {len(rows)} ({span})."
