"""What a simulated clinic was made of, beside what was estimated from it."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase

import pandas as pd

from sessionwise.models.association import Association
from sessionwise.models.fit import Fit
from sessionwise.records.known_effects import KnownEffect
from sessionwise.show.display import Nothing, Table, answered
from sessionwise.show.numbers import decimals, listed, number
from sessionwise.show.tables import made
from sessionwise.show.words import term_words, verdict

LONGEST = 6
"""Decimals a truth is never printed with more than."""


@answered
def against_truth(
    fit: Fit | Association, known: Mapping[str, KnownEffect], name: str = "against-truth"
) -> Table | Nothing:
    """Show each estimate beside the truth of a simulated clinic.

    Parameters
    ----------
    fit
        A fit or a correlation. One that is no finding shows nothing.
    known
        Term → what it was made to be, as ``Study.known(question)`` gives it; empty for real data.
    name
        HTML id and file name.

    Returns
    -------
    Table or Nothing
        ``term, estimate, low, high, truth, inside, unit, moved``, the terms the study knows in the
        order of the fit; letters under ``moved`` stand for the reasons in the note.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = sw.alliance_and_next_outcome(sw.example())
    >>> truth = {"srs_lag1_within": KnownEffect(0.3, "ORS points per SRS point")}
    >>> against_truth(fit, truth).frame["inside"].tolist()
    ['yes']
    """
    found = fit.estimates[fit.estimates["term"].isin(list(known))]
    if found.empty or (isinstance(fit, Fit) and verdict(fit.health)):
        return Nothing()
    letters = _letters(found["term"].tolist(), known)
    frames, texts = [], []
    for row in found.to_dict("records"):
        one, places = known[row["term"]], decimals(row["low"], row["high"])
        inside = "yes" if row["low"] <= one.value <= row["high"] else "no"
        shared = {
            "term": term_words(row["term"], fit.labels),
            "inside": inside,
            "unit": one.scale,
            "moved": " ".join(letters[why] for why in one.moved_by) or "–",
        }
        numbers = {key: round(row[key], places) for key in ("estimate", "low", "high")}
        frames.append({**shared, **numbers, "truth": one.value})
        interval = f"{number(row['low'], places)} to {number(row['high'], places)}"
        written = {"estimate": number(row["estimate"], places), "interval": interval}
        texts.append({**shared, **written, "truth": _truth(one.value, places)})
    columns = ["term", "estimate", "low", "high", "truth", "inside", "unit", "moved"]
    shown = ["term", "estimate", "interval", "truth", "inside", "unit", "moved"]
    hold, of = sum(line["inside"] == "yes" for line in frames), len(frames)
    intervals = "interval" if of == 1 else "intervals"
    holds = "holds" if hold == 1 else "hold"
    title = f"Estimates beside the truth of the simulation: {hold} of {of} {intervals} {holds} it"
    labels = {"interval": "95 % CI", "inside": "Inside?", "unit": "In", "moved": "Off by"}
    return made(
        pd.DataFrame(frames, columns=columns),
        pd.DataFrame(texts, columns=shown),
        (name, title, _note(fit, found["term"].tolist(), known, letters)),
        frozenset({"term", "inside", "unit", "moved"}),
        labels,
    )


def _truth(value: float, places: int) -> str:
    """Write a truth with all of its decimals, and at least those of its estimate."""
    exact = len(f"{value:.{LONGEST}f}".rstrip("0").partition(".")[2])
    return number(value, max(places, exact))


def _letters(terms: list[str], known: Mapping[str, KnownEffect]) -> dict[str, str]:
    """Give each reason why an estimate may be off a letter, in the order of their coming."""
    reasons = dict.fromkeys(why for term in terms for why in known[term].moved_by)
    return dict(zip(reasons, ascii_lowercase))


def _note(
    fit: Fit | Association,
    terms: list[str],
    known: Mapping[str, KnownEffect],
    letters: Mapping[str, str],
) -> str:
    """Say of what the truths are, in which order in time, and what moves estimates off them."""
    said = ["One interval of twenty misses its truth by chance."]
    for clock, which in _grouped(fit, terms, {term: known[term].clock for term in terms}).items():
        said.append(f"Order in time: {clock} ({which}).")
    latent = [term for term in terms if known[term].variable == "latent"]
    if latent:
        words = listed([term_words(term, fit.labels) for term in latent])
        said.append(
            f"The truth of {words} is of the state behind the score; the estimate is of the score "
            "as recorded, with its error of measurement, so the two need not agree."
        )
    if letters:
        reasons = "; ".join(f"({letter}) {why}" for why, letter in letters.items())
        said.append(f"What may keep an estimate from the truth here, and is no chance: {reasons}.")
    return " ".join(said)


def _grouped(fit: Fit | Association, terms: list[str], words: Mapping[str, str]) -> dict[str, str]:
    """Gather terms of which the same is said; terms of which nothing is said are left out."""
    together: dict[str, list[str]] = {}
    for term in terms:
        if words[term]:
            together.setdefault(words[term], []).append(term_words(term, fit.labels))
    return {said: listed(which) for said, which in together.items()}
