"""How many scores stand at the maximum of their scale, from where nothing can rise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special
from statsmodels.stats.proportion import proportion_confint

from sessionwise.engine.cluster_ratios import on_scale, ratio_of_sums
from sessionwise.errors import Unanswerable
from sessionwise.features.given import need_given
from sessionwise.models.fit import Curve, Recipe, Rows
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.scale_limits import score_range
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import FEWEST

PURPOSE = "The ceiling of the alliance score"
AT, NEAR, ALWAYS = (
    "scores at the maximum",
    "scores within one swing of it",
    "clients at the maximum every time",
)
STATE = "at the maximum"


def at_ceiling(s: Sessions, alliance: str = "srs") -> pd.DataFrame:
    """How many scores are at the maximum of the scale, how many near it, and whose all are?

    A score at the maximum says "this or more". Near: so close that the rise of one within-client
    standard deviation would reach it. Means, and models that are linear, are then approximate:
    what rises above the scale is not seen, and differences and swings shrink towards the top
    (Meier & Feeley 2022).

    Parameters
    ----------
    s
        The records.
    alliance
        A score of an instrument, whose card gives the maximum.

    Returns
    -------
    DataFrame
        ``measure, count, n, share, low, high, maximum``: of scores, and of clients with two scores
        or more. Limits of shares of scores take clients as independent; those of the share of
        clients are Wilson's.

    Raises
    ------
    Unanswerable, Refused
        No such score, or no card that says its maximum; fewer than five clients gave it.

    Examples
    --------
    >>> import sessionwise as sw
    >>> at_ceiling(sw.example())["maximum"].unique().tolist()
    [40.0]
    """
    frame, maximum = _scored(s, alliance)
    client = [frame["clinic"], frame["client"]]
    score = frame[alliance].astype("float64")
    top = score >= maximum - 1e-9
    course = score.groupby([frame[key] for key in COURSE_KEY], observed=True)
    swing = score - course.transform("mean")
    spread = np.sqrt((swing**2).sum() / max(len(frame) - course.ngroups, 1))
    near = score >= maximum - spread
    rows = [_of_scores(AT, top, client), _of_scores(NEAR, near, client)]
    each = top.groupby(client, observed=True).agg(["size", "all"])
    several = each.loc[each["size"] > 1, "all"]
    always, many = int(several.sum()), len(several)
    low, high = proportion_confint(always, many, method="wilson") if many else (np.nan, np.nan)
    share = always / many if many else np.nan
    rows.append({"measure": ALWAYS, "count": always, "n": many, "share": share, "low": float(low),
                 "high": float(high)})  # fmt: skip
    return pd.DataFrame(rows).assign(maximum=maximum)


def ceiling_by_session(s: Sessions, alliance: str = "srs") -> Curve:
    """Which share of the scores at each session is at the maximum of the scale?

    Among those who gave a score at that session; a rise may be clients who come to the top, or
    clients below it who leave.

    Parameters
    ----------
    s
        The records.
    alliance
        A score of an instrument, whose card gives the maximum.

    Returns
    -------
    Curve
        State ``"at the maximum"``; ``at_risk`` is the number of scores. Where one to four are at
        the maximum, neighbouring sessions are put together until five are (leaving such sessions
        out would leave those of none); ``time`` is then the mean of theirs. Empty if fewer than
        five of all scores are.

    Examples
    --------
    >>> import sessionwise as sw
    >>> float(ceiling_by_session(sw.example()).estimates["estimate"].max())
    0.0
    """
    frame, maximum = _scored(s, alliance)
    clock = "time" if s.clock == "time" else "session"
    top = frame[alliance].astype("float64") >= maximum - 1e-9
    time = frame[clock].astype("float64")
    pool = _pooled(top.groupby(time).sum())
    rows = []
    for _, part in frame.groupby(time.map(pool), sort=True):
        found = _of_scores(AT, top[part.index], [part["clinic"], part["client"]])
        at = {"time": float(time[part.index].mean()), "at_risk": found["n"]}
        error = np.sqrt(found["share"] * (1 - found["share"]) / found["n"])
        rows.append({"group": "all", "state": STATE, **at, "estimate": found["share"],
                     "std_error": error, "low": found["low"], "high": found["high"]})  # fmt: skip
    few = 0 < int(top.sum()) < FEWEST
    columns = ["group", "state", "time", "at_risk", "estimate", "std_error", "low", "high"]
    estimates = pd.DataFrame([] if few else rows, columns=columns)
    left = (("fewer than five scores at the maximum", len(frame)),) if few else ()
    return Curve(
        "Which share of the scores at each session is at the maximum of the scale?",
        estimates,
        Rows(
            used=0 if few else len(frame),
            clients=len(frame[["clinic", "client"]].drop_duplicates()),
            left_out=(*s.left_out, *left),
            unit="assessments" if s.clock == "time" else "sessions",
        ),
        Recipe(
            kind=f"share of scores at the maximum of {maximum:g}",
            formula="",
            errors="linearised",
            cluster="client",
            reference="t on the logit scale; Wilson limits of a share of 0 or 1",
            clock="time" if s.clock == "time" else "session",
            notes=_pools_in_words(pool),
            sources=("ceiling", "wilson"),
        ),
        s.time_unit if s.clock == "time" else "sessions",
    )


def _scored(s: Sessions, alliance: str) -> tuple[pd.DataFrame, float]:
    """Give the rows with a score, and the maximum of its scale."""
    s.need_score(alliance, PURPOSE)
    need_given(s, [alliance], PURPOSE)
    limits = score_range(s, alliance)
    if limits is None:
        raise Unanswerable(
            f"{PURPOSE} needs to know the highest score there is, and no instrument says it of "
            f"`{alliance}`. Name or describe its `instrument` in the codebook."
        )
    frame = s.frame.loc[s.attended]
    frame = frame[frame[alliance].notna()]
    refuse_few_clients(frame)
    return frame, limits[1]


def _pooled(tops: pd.Series) -> dict[float, int]:
    """Give each time the number of its pool: none of them with one to four at the maximum."""
    if not tops.between(1, FEWEST - 1).any():
        return {time: number for number, time in enumerate(tops.index)}
    pools: dict[float, int] = {}
    number, held = 0, 0
    for time, many in tops.items():
        pools[time] = number
        held += int(many)
        if held >= FEWEST:
            number, held = number + 1, 0
    last = max(number - 1, 0)
    return {time: min(one, last) for time, one in pools.items()}


def _pools_in_words(pool: dict[float, int]) -> tuple[str, ...]:
    """Say that sessions were put together, if they were."""
    if len(set(pool.values())) == len(pool):
        return ()
    return (
        "Neighbouring sessions were put together until each share rests on five scores at the "
        "maximum or more.",
    )


def _of_scores(measure: str, hit: pd.Series, client: list[pd.Series]) -> dict:
    """Give the share of scores, clients taken as independent."""
    each = hit.groupby(client, observed=True).agg(["sum", "size"]).astype("float64")
    found = ratio_of_sums(each["sum"].to_numpy(), each["size"].to_numpy())
    share = found.estimate
    low, high = (float(one) for one in proportion_confint(hit.sum(), len(hit), method="wilson"))
    if 0 < share < 1:
        logits = on_scale(found, len(each), special.logit, 1 / (share * (1 - share)), special.expit)
        low, high = logits.low, logits.high
    return {"measure": measure, "count": int(hit.sum()), "n": len(hit), "share": share,
            "low": low, "high": high}  # fmt: skip
