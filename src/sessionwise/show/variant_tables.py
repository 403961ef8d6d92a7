"""A table of the three levels, counted in several ways."""

from __future__ import annotations

import pandas as pd

from sessionwise.show.display import Note, Table, explained
from sessionwise.show.numbers import UNKNOWN, decimals, listed, number
from sessionwise.show.tables import made
from sessionwise.show.words import capital


@explained
def level_variants(
    found: pd.DataFrame, name: str = "level-variants", title: str = ""
) -> Table | Note:
    """Show whether the three levels depend on how therapists' means and handovers are counted.

    Parameters
    ----------
    found
        Of ``three_levels_compared``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``level, counted, estimate, std_error, low, high, df, therapists``, the ways of counting
        one level together.
    """
    frames, texts = [], []
    for row in found.to_dict("records"):
        shared = {"level": capital(row["level"]), "counted": row["counted"]}
        places = decimals(row["low"], row["high"])
        numbers = {key: round(row[key], places) for key in ("estimate", "std_error", "low", "high")}
        frames.append(
            {**shared, **numbers, "df": round(row["df"], 1), "therapists": row["therapists"]}
        )
        interval = f"{number(row['low'], places)} to {number(row['high'], places)}"
        known = pd.notna(row["low"])
        texts.append(
            {
                **shared,
                "estimate": number(row["estimate"], places),
                "std_error": number(row["std_error"], places),
                "interval": interval if known else UNKNOWN,
                "df": number(row["df"], 1).removesuffix(".0"),
                "therapists": number(row["therapists"], 0),
            }
        )
    frame = pd.DataFrame(frames).astype({"therapists": "Int64"})
    labels = {"counted": "Counted", "std_error": "SE", "interval": "95 % CI", "df": "df"}
    words = (name, title or _finding(found), _note(found))
    return made(frame, pd.DataFrame(texts), words, frozenset({"level", "counted"}), labels)


def _finding(found: pd.DataFrame) -> str:
    """Say at which levels the ways of counting agree on whether there is a difference."""
    known = found[found["reason"] == ""]
    ways = known["counted"].nunique()
    if ways < 2:
        return "The three levels, counted in the one way there is"
    side = (known["low"] > 0).astype(int) - (known["high"] < 0).astype(int)
    verdicts = side.groupby(known["level"], sort=False).nunique()
    moved = verdicts.index[verdicts > 1].tolist()
    if not moved:
        return f"Each level has the same verdict in all {ways} ways of counting"
    return f"The verdict {listed(moved)} depends on the way of counting"


def _note(found: pd.DataFrame) -> str:
    """Say what the ways of counting are, and which has no answer."""
    said = [
        "In outcome points per alliance point. All clients: a therapist's mean is that of all the "
        "therapist's clients; other clients: without the client it is compared with; handovers "
        "left out: without the courses in which the therapist changed."
    ]
    open_ones = found[found["reason"] != ""].drop_duplicates("counted")
    said += [
        f"{capital(counted)}: {reason}"
        for counted, reason in zip(open_ones["counted"], open_ones["reason"])
    ]
    return " ".join(said)
