"""Tables of where the alliance varies, how it swings, its ceiling, and two views of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from sessionwise.models.client_swings import FALLS, LARGE, LARGE_FALLS, SPREAD
from sessionwise.models.rater_views import DIFFERENCE
from sessionwise.show.display import Note, Table, explained
from sessionwise.show.numbers import UNKNOWN, number, percent
from sessionwise.show.suppression import suppress
from sessionwise.show.tables import cell_text, made
from sessionwise.show.words import capital

Printer = Callable[[float], str]


@explained
def shares(found: pd.DataFrame, name: str = "shares", title: str = "") -> Table | Note:
    """Show which share of the variance lies at each level.

    Parameters
    ----------
    found
        From ``variance_shares``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``level, variance, share, low, high``.
    """
    frame = found.assign(level=[capital(level) for level in found["level"]])
    last = frame.iloc[-1]
    heading = title or f"{percent(last['share'])} of the variance lies within clients"
    note = (
        "Intraclass correlations of the null model; limits from the profile of its restricted "
        "likelihood. The share from session to session holds trends and measurement error too."
    )
    texts = _texts(frame, ("level", "variance"), ("share",), [percent] * len(frame))
    return made(_rounded(frame), texts, (name, heading, note), frozenset({"level"}), _HEADINGS)


@explained
def dependability(
    found: pd.DataFrame, name: str = "dependability", title: str = ""
) -> Table | Note:
    """Show how dependable means of several sizes are, and the fewest that suffice.

    Parameters
    ----------
    found
        From ``dependability``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``mean_of, number, dependability, low, high, wanted``.
    """
    frame = found.drop(columns=["number_low", "number_high"])
    frame = frame.sort_values(["mean_of", "number"], key=_in_order(found), kind="stable")
    first = frame.iloc[0]
    heading = title or f"The dependability of one score is {number(first['dependability'])}"
    note = (
        "The share of a mean's variance that lies between those it is of: 1 would be perfect. "
        "Sessions are taken as interchangeable, and clients of a therapist as having as many as "
        "clients have here on average. A wanted value stands beside the fewest that reach it."
    )
    texts = _texts(frame, ("mean_of", "number"), ("dependability",), [number] * len(frame))
    texts["wanted"] = [UNKNOWN if pd.isna(w) else number(w) for w in frame["wanted"]]
    return made(_rounded(frame), texts, (name, heading, note), frozenset({"mean_of"}), _HEADINGS)


@explained
def swings(
    found: pd.DataFrame, name: str = "swings", title: str = "", rule: str = ""
) -> Table | Note:
    """Show how much clients swing, whether swings last, and how often scores fall.

    Parameters
    ----------
    found
        From ``alliance_swings``.
    name, title
        HTML id; the title is made from the numbers if empty.
    rule
        What is to be known of the rule for falls; a sentence.

    Returns
    -------
    Table or Note
        ``measure, trend, estimate, low, high, expected, n, clients, count``; a share of one to
        four falls is withheld.
    """
    frame = suppress(found, ["count"], keep=["n", "clients"])
    spread = found[found["measure"] == SPREAD].set_index("trend")["estimate"]
    heading = title or (
        f"Swings of {number(spread['left in'], 1)} points about the client's mean, "
        f"{number(spread['taken out'], 1)} about the line"
    )
    falls = found["measure"].isin([FALLS, LARGE_FALLS])
    points = number(LARGE * spread["left in"], 1)
    sized = {LARGE_FALLS: f"{LARGE_FALLS} ({points} points)"}
    frame["measure"] = [capital(sized.get(one, one)) for one in frame["measure"]]
    frame["trend"] = (
        frame["trend"].where(~falls, "").replace({"left in": "mean", "taken out": "line"})
    )
    printers = [_per_mille if fall else number for fall in falls]
    texts = _texts(frame, ("measure", "trend"), ("estimate",), printers)
    texts["expected"] = [number(e) if pd.notna(e) else UNKNOWN for e in found["expected"]]
    texts["n"] = [cell_text(cell, 0) for cell in frame["n"]]
    note = (
        "Swings about the client's own mean or straight line. SD in points; n counts scores, or "
        "pairs of neighbouring sessions. SD and autocorrelation: courses with four scores or more. "
        "“If none”: what courses of these lengths give on average where swings are independent, "
        "because deviations from one's own mean or line lean against one another (Nickell 1981). "
        f"Independent normal swings would fall by two SD in 8 % of pairs. {rule}"
    ).strip()
    return made(_rounded(frame), texts, (name, heading, note), frozenset({"measure", "trend"}),
                _HEADINGS)  # fmt: skip


@explained
def ceiling(found: pd.DataFrame, name: str = "ceiling", title: str = "") -> Table | Note:
    """Show how many scores are at the maximum or near it, and whose all are.

    Parameters
    ----------
    found
        From ``at_ceiling``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table or Note
        ``measure, count, n, share, low, high``; rows with a count of one to four are withheld.
    """
    maximum = float(found["maximum"].iloc[0])
    frame = suppress(found.drop(columns="maximum"), ["count"], keep=["n"])
    first = frame.iloc[0]
    told = first["share"] if isinstance(first["share"], str) else percent(first["share"])
    few = "Fewer than 5 scores are" if isinstance(first["count"], str) else f"{told} of scores are"
    heading = title or f"{few} at the maximum of {maximum:g}"
    frame["measure"] = [capital(one) for one in frame["measure"]]
    texts = _texts(frame, ("measure", "count", "n"), ("share",), [_per_mille] * len(frame))
    note = (
        "One swing is the standard deviation of scores about the client's own mean. Clients: those "
        "with two scores or more."
    )
    return made(_rounded(frame), texts, (name, heading, note), frozenset({"measure"}), _HEADINGS)


@explained
def agreement(found: pd.DataFrame, name: str = "agreement", title: str = "") -> Table | Note:
    """Show how the two views agree between dyads.

    Parameters
    ----------
    found
        From ``agreement``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``measure, estimate, low, high, dyads``.
    """
    points = float(found.set_index("measure").loc[DIFFERENCE, "estimate"])
    side = "lower" if points < 0 else "higher"
    heading = title or (
        f"On average therapists rate {number(abs(points), 1)} points {side} than their clients"
    )
    frame = found.assign(measure=[capital(one) for one in found["measure"]])
    texts = _texts(frame, ("measure",), ("estimate",), [number] * len(frame))
    texts["dyads"] = [cell_text(cell, 0) for cell in frame["dyads"]]
    note = (
        "Every dyad counts once. Standardised by the pooled standard deviation of single scores. "
        "Limits leave out one therapist at a time, or one client where therapists are few."
    )
    return made(_rounded(frame), texts, (name, heading, note), frozenset({"measure"}), _HEADINGS)


_HEADINGS = {
    "level": "The variance",
    "mean_of": "A mean of",
    "measure": "What",
    "trend": "About",
    "n": "n",
    "interval": "95 % CI",
    "expected": "If none",
}


def _in_order(found: pd.DataFrame) -> Callable[[pd.Series], pd.Series]:
    """Give a key that keeps the kinds of mean in the order they came in."""
    order = list(dict.fromkeys(found["mean_of"]))
    return lambda cells: cells.map(order.index) if cells.name == "mean_of" else cells


def _per_mille(share: float) -> str:
    return percent(share, 1)


def _texts(
    frame: pd.DataFrame, plain: Sequence[str], value: tuple[str], printers: Sequence[Printer]
) -> pd.DataFrame:
    """Write the cells of a table: what it is of, its value, and the interval of the value."""
    (column,) = value
    texts = {name: [cell_text(cell, 2) for cell in frame[name]] for name in plain}
    texts[column], texts["interval"] = [], []
    for row, printed in zip(frame.to_dict("records"), printers):
        texts[column].append(_one(row[column], printed))
        limits = [_one(row["low"], printed), _one(row["high"], printed)]
        hidden = isinstance(row["low"], str)
        unknown = not hidden and pd.isna(row["low"])
        bare = [one.removesuffix(" %") for one in limits]
        texts["interval"].append(
            limits[0] if hidden else UNKNOWN if unknown else f"{bare[0]} to {bare[1]}"
        )
    return pd.DataFrame(texts)


def _one(cell: object, printed: Printer) -> str:
    return cell if isinstance(cell, str) else UNKNOWN if pd.isna(cell) else printed(float(cell))


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the numbers as they are printed, to three decimals at most."""
    return frame.map(
        lambda cell: round(float(cell), 3) if isinstance(cell, float | np.floating) else cell
    ).reset_index(drop=True)
