"""A table of the three levels under several ways of counting, side by side."""

from __future__ import annotations

import pandas as pd

from sessionwise.features.therapist_cells import PARTS
from sessionwise.models.fit import Fit, Unanswered
from sessionwise.show.display import Note, Nothing, Table
from sessionwise.show.numbers import decimals, listed, number
from sessionwise.show.suppression import guarded
from sessionwise.show.tables import made
from sessionwise.show.words import capital, verdict


def level_variants(
    name: str = "level-variants", title: str = "", **fits: Fit | Unanswered
) -> Table | Note | Nothing:
    """Show whether the three levels depend on how therapists' means and handovers are counted.

    Parameters
    ----------
    name, title
        HTML id; the title is made from the numbers if empty.
    **fits
        Fits of ``alliance_at_three_levels``, each under the word for its variant, ``_`` for a
        blank. Those without an answer, and those that are no finding, are left out.

    Returns
    -------
    Table, Note or Nothing
        ``level, variant, estimate, std_error, df, low, high, therapists, clients``, variants of one
        level together. Without any finding a note that says why, if a question had no answer.
    """
    sound = {
        word.replace("_", " "): fit
        for word, fit in fits.items()
        if isinstance(fit, Fit) and not verdict(fit.health)
    }
    unanswered = [fit for fit in fits.values() if isinstance(fit, Unanswered)]
    if not sound:
        return Note(unanswered[0]) if unanswered else Nothing()
    frames, texts = [], []
    for part, words in PARTS.items():
        for variant, fit in sound.items():
            row = next(r for r in fit.estimates.to_dict("records") if _is(r["term"], part))
            places = decimals(row["low"], row["high"])
            shared = {"level": capital(words), "variant": variant}
            counts = {"therapists": fit.rows.therapists, "clients": guarded(fit.rows.clients)}
            numbers = {k: round(row[k], places) for k in ("estimate", "std_error", "low", "high")}
            frames.append({**shared, **numbers, "df": round(row["df"], 1), **counts})
            texts.append({
                **shared,
                "estimate": number(row["estimate"], places),
                "std_error": number(row["std_error"], places),
                "interval": f"{number(row['low'], places)} to {number(row['high'], places)}",
                "df": number(row["df"], 0),
                **{key: str(cell) for key, cell in counts.items()},
            })  # fmt: skip
    columns = ["level", "variant", "estimate", "std_error", "df", "low", "high", "therapists",
               "clients"]  # fmt: skip
    frame = pd.DataFrame(frames, columns=columns)
    labels = {"variant": "Counted", "std_error": "SE", "interval": "95 % CI", "df": "df"}
    words = (name, title or _finding(frame, len(sound)), _note(list(sound.values())))
    return made(frame, pd.DataFrame(texts), words, frozenset({"level", "variant"}), labels)


def _is(term: str, part: str) -> bool:
    """Say whether a term is a part of the score; the session is not split here."""
    return term.endswith(f"_{part}")


def _finding(frame: pd.DataFrame, variants: int) -> str:
    """Say at which levels all variants agree on whether there is a difference."""
    clear = (frame["low"] > 0) | (frame["high"] < 0)
    side = clear.astype(int) * frame["estimate"].apply(lambda x: 1 if x > 0 else -1)
    same = side.groupby(frame["level"], sort=False).nunique() == 1
    if variants == 1:
        return "The three levels, counted in one way"
    moved = [level[0].lower() + level[1:] for level in same.index[~same]]
    if not moved:
        return f"All {variants} ways of counting give the same verdict at each level"
    return f"The verdict {listed(moved)} depends on the way of counting"


def _note(fits: list[Fit]) -> str:
    cautions = list(dict.fromkeys(fit.recipe.caution for fit in fits if fit.recipe.caution))
    reference = fits[0].recipe.reference
    return f"In outcome points per alliance point; {reference}. {' '.join(cautions)}".strip()
