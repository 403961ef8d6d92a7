"""Tables about leaving: baselines compared, both endings side by side, therapists apart."""

from __future__ import annotations

import math

import pandas as pd

from sessionwise.models.alliance_endings import EndingHazards
from sessionwise.models.fit import Fit
from sessionwise.models.therapists_leaving import TherapistDifferences
from sessionwise.show.display import Note, Table, answered, explained
from sessionwise.show.numbers import UNKNOWN, number, p_digits
from sessionwise.show.ratios import ratio_cells, ratio_of, rounded_ratio
from sessionwise.show.tables import made
from sessionwise.show.words import capital, counted, of_whom, ratio_name, term_words

SHAPE_WORDS = {
    "linear": "a straight line",
    "polynomial": "a polynomial of degree 3",
    "spline": "a natural spline of 3 columns",
    "steps": "steps",
}
LEVEL = 0.05


@answered
def baselines(found: pd.DataFrame, name: str = "baselines", title: str = "") -> Table:
    """Show which shape of the hazard from session to session the data want.

    Parameters
    ----------
    found
        Of ``leaving_baselines``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``baseline, parameters, aic, statistic, df, p, alliance, change``; the last two are hazard
        ratios per point.
    """
    frames, texts = [], []
    for row in found.to_dict("records"):
        shape = capital(SHAPE_WORDS.get(row["baseline"], row["baseline"]))
        fitted = math.isfinite(row["loglik"])
        ratios = {key: rounded_ratio(ratio_of(row[key]), 3) for key in ("alliance", "change")}
        numbers = {
            "baseline": shape,
            "parameters": int(row["parameters"]) if fitted else pd.NA,
            "aic": round(row["aic"], 1),
            "statistic": round(row["statistic"], 2),
            "df": row["df"],
            "p": round(row["p"], 3),
            **ratios,
        }
        frames.append(numbers)
        texts.append(
            {
                "baseline": shape,
                "parameters": str(numbers["parameters"]) if fitted else UNKNOWN,
                "aic": number(row["aic"], 1),
                "statistic": number(row["statistic"], 2),
                "df": number(row["df"], 0),
                "p": p_digits(row["p"]),
                **{key: number(value, 3) for key, value in ratios.items()},
            }
        )
    labels = {"aic": "AIC", "statistic": "LR χ² over a line", "df": "df", "p": "p",
              "alliance": "HR, mean to date", "change": "HR, change"}  # fmt: skip
    open_ones = " ".join(reason for reason in found["reason"] if reason)
    note = (
        "Fits on the same rows without a random therapist, smallest AIC first; all but the steps "
        "have a step at session 1 of their own. A line is a special case of polynomial and spline, "
        f"and not of steps. Hazard ratios per point. {open_ones}"
    ).strip()
    words = (name, title or _best_shape(found), note)
    return made(pd.DataFrame(frames), pd.DataFrame(texts), words, frozenset({"baseline"}), labels)


def _best_shape(found: pd.DataFrame) -> str:
    """Say what the comparison says."""
    best = found.dropna(subset="aic").iloc[0]
    bent = found[found["p"] < LEVEL]
    words = SHAPE_WORDS[best["baseline"]]
    if best["baseline"] == "linear":
        return f"From session to session the hazard is best described by {words}"
    sure = "clearly" if len(bent) else "by AIC alone"
    better = f"the hazard is better described by {words} than by a line, {sure}"
    return f"From session to session {better}"


@explained
def ending_hazards(
    both: EndingHazards, name: str = "ending-hazards", title: str = ""
) -> Table | Note:
    """Show what goes with leaving and with ending as planned, side by side.

    Parameters
    ----------
    both
        Of ``alliance_and_endings``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``term``, then hazard ratios with limits for the unplanned and the planned ending by what
        was known before the session, and the ratio of the two where the term is one of alliance:
        ``unplanned, unplanned_low, unplanned_high, planned, …, ratio, …``.
    """
    differences = both.differences.set_index("term")
    frames, texts = [], []
    for term in both.unplanned.estimates["term"]:
        if term == "Intercept":
            continue
        words = term_words(term, both.unplanned.labels)
        rows = {"unplanned": both.unplanned.term(term), "planned": both.planned.term(term)}
        if term in differences.index:
            rows["ratio"] = differences.loc[term]
        frame, text = {"term": words}, {"term": words, "ratio": UNKNOWN}
        for kind, row in rows.items():
            values, text[kind] = ratio_cells(row)
            frame |= dict(zip((kind, f"{kind}_low", f"{kind}_high"), values))
        frames.append(frame)
        texts.append(text)
    shown = pd.DataFrame(texts)[["term", "unplanned", "planned", "ratio"]]
    labels = {
        "unplanned": "Unplanned",
        "planned": "Planned",
        "ratio": "Their ratio",
    }
    note = (
        f"{capital(ratio_name(both.unplanned.recipe))}s per unit with 95 % CI, from the second "
        f"session on ({of_whom(both.unplanned.rows)}; {_events(both.unplanned)} unplanned, "
        f"{_events(both.planned)} planned), by what was known before the session, as a planned "
        "ending is decided by then. Cause-specific: each kind among all who came, the "
        "other kind taking away the chance of it."
    )
    heading = title or "What goes with leaving and with ending as planned"
    return made(pd.DataFrame(frames), shown, (name, heading, note), frozenset({"term"}), labels)


def _events(fit: Fit) -> str:
    """Count the endings of a fit."""
    return counted(fit.rows.events or 0, "ending")


@answered
def therapist_hazards(
    found: TherapistDifferences, name: str = "therapist-hazards", title: str = ""
) -> Table:
    """Show the therapists' share of leaving and how far apart they are, with limits.

    Parameters
    ----------
    found
        Of ``therapists_and_leaving``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``measure, estimate, low, high``; shares and chances as proportions.
    """
    ratio = ratio_name(found.fit.recipe)
    lines = [
        ("share of the latent variance", found.share, found.share_low, found.share_high, True),
        (f"median {ratio}", found.ratio, found.ratio_low, found.ratio_high, False),
    ]
    for row in found.spread.to_dict("records"):
        measure = f"chance of an unplanned ending: {_group(row)}"
        lines.append((measure, row["estimate"], row["low"], row["high"], True))
    frames, texts = [], []
    for measure, *numbers, share in lines:
        places = 1 if share else 2
        scale = 100 if share else 1
        kept = [round(value, places + 2 * share) for value in numbers]
        estimate, low, high = (number(scale * value, places) for value in numbers)
        unit = " %" if share else ""
        known = math.isfinite(numbers[1])
        frames.append(dict(zip(("measure", "estimate", "low", "high"), (capital(measure), *kept))))
        texts.append(
            {
                "measure": capital(measure),
                "estimate": f"{estimate}{unit}",
                "interval": f"{low} to {high}" if known else UNKNOWN,
            }
        )
    note = (
        f"{_link(found)} Limits of share and ratio by the profile of the likelihood. Chances are "
        f"those of a client of average make-up within {found.sessions} sessions, no other ending "
        "coming first; tenths by the most likely deviations of therapists with at least five "
        "clients, which lie closer together than therapists do; percentiles as the model has "
        "therapists at large."
    )
    heading = title or (
        f"Therapists' share of leaving: {number(100 * found.share, 1)} % "
        f"({number(100 * found.share_low, 1)} to {number(100 * found.share_high, 1)})"
    )
    labels = {"interval": "95 % CI"}
    words = (name, heading, note)
    return made(pd.DataFrame(frames), pd.DataFrame(texts), words, frozenset({"measure"}), labels)


def _group(row: dict) -> str:
    """Name a line of the spread, with how many therapists it is of."""
    many = int(row["therapists"])
    of = f" ({many} therapist{'s' * (many > 1)})" if many else ""
    return f"{row['group']}{of}"


def _link(found: TherapistDifferences) -> str:
    """Say what the share is a share of."""
    cloglog = found.fit.recipe.link == "cloglog"
    link = (
        "complementary log-log link, residual variance π²/6"
        if cloglog
        else ("logit link, residual variance π²/3")
    )
    return f"Latent scale of the {link}."
