"""A client's own swings: how large, how lasting, and how often a session falls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import special

from sessionwise.engine.cluster_ratios import Ratio, on_scale, ratio_of_sums
from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.given import need_given
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "A client's own swings"
FEWEST_SCORES = 4
"""A course with fewer has next to nothing left once its own line is taken out."""
ALERT = 1.0
"""Points by which a score falls from the last session in OpenFIT's alert for the SRS."""
LARGE = 2.0
"""Within-client standard deviations by which a fall is called large."""
SPREAD, LASTING, FALLS, LARGE_FALLS = (
    "within-client SD",
    "lag-1 autocorrelation",
    "falls of a point or more",
    "falls of two SD or more",
)


def alliance_swings(s: Sessions, alliance: str = "srs") -> pd.DataFrame:
    """How much does a client's alliance swing from session to session, and does a swing last?

    Swings are deviations from the client's own mean, and, beside it, from the client's own straight
    line in the session number: what is left of a swing depends on it (Falkenström et al. 2017,
    J Consult Clin Psychol 85:537). The lag-1 autocorrelation sets swings beside those of the
    session before, ``Σ e_t e_(t−1) / Σ e_t²`` over all courses. Deviations from one's own mean or
    line lean against one another, so that in short courses it is negative where nothing lasts
    (Nickell 1981, Econometrica 49:1417); ``expected`` is its value then, worked out for the very
    sessions of these courses. A fall counts from the session before; nothing is taken over a gap.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in scale points.

    Returns
    -------
    DataFrame
        ``measure, trend, estimate, low, high, expected, n, clients, count``: standard deviations in
        points, shares as proportions; ``trend`` says whether the client's own line was taken out.
        ``n`` counts scores, or pairs of neighbouring sessions, ``count`` the falls. Spread and
        autocorrelation are of courses with four scores or more. 95 % limits take clients as
        independent (linearised ratios, t).

    Raises
    ------
    Unanswerable, Refused
        There is no such score or no sessions; fewer than five clients gave enough scores.

    Examples
    --------
    >>> import sessionwise as sw
    >>> alliance_swings(sw.example())["measure"].drop_duplicates().tolist()[:2]
    ['within-client SD', 'lag-1 autocorrelation']
    """
    s.need_score(alliance, PURPOSE)
    need_given(s, [alliance], PURPOSE)
    if s.clock == "time":
        raise Unanswerable(
            f"{PURPOSE} are followed from session to session, and these records hold assessments, "
            "not sessions."
        )
    frame = s.frame.loc[s.attended]
    frame = frame.loc[frame[alliance].notna(), [*COURSE_KEY, "session", alliance]]
    frame = frame.astype({"session": "float64", alliance: "float64"})
    scores = frame.groupby(COURSE_KEY, sort=False, observed=True)[alliance].transform("size")
    long = frame[scores >= FEWEST_SCORES]
    refuse_few_clients(long)
    if long.groupby(COURSE_KEY, observed=True)[alliance].nunique().max() == 1:
        raise Refused(f"No client's `{alliance}` ever differs between sessions: nothing swings.")
    sums = pd.DataFrame(_sums(long, alliance))
    rows = []
    for trend, own in (("left in", "mean"), ("taken out", "line")):
        rows += _spread(sums, own, trend)
    rows.sort(key=lambda row: row["measure"] != SPREAD)
    size = rows[0]["estimate"] * LARGE
    falls = [_falls(frame, alliance, FALLS, ALERT), _falls(frame, alliance, LARGE_FALLS, size)]
    return pd.DataFrame([*rows, *falls]).astype({"count": "Int64"})


def _sums(long: pd.DataFrame, alliance: str) -> Iterator[dict[str, float]]:
    """Give, for each course, the sums that spread and autocorrelation are ratios of."""
    for key, course in long.groupby(COURSE_KEY, sort=False, observed=True):
        session, score = course["session"].to_numpy(), course[alliance].to_numpy()
        next_to = np.diag(np.diff(session) == 1, 1)[: len(score), : len(score)].astype(float)
        sums = {"client": f"{key[0]}/{key[1]}", "n": len(score), "pairs": next_to.sum()}
        line = np.column_stack([np.ones_like(session), session - session.mean()])
        for own, explained in (("mean", line[:, :1]), ("line", line)):
            maker = np.eye(len(score)) - explained @ np.linalg.pinv(explained)
            swing = maker @ score
            sums |= {
                f"{own}_squares": swing @ swing,
                f"{own}_df": len(score) - explained.shape[1],
                f"{own}_products": swing @ next_to @ swing,
                f"{own}_leaning": np.trace(maker @ next_to @ maker),
            }
        yield sums


def _spread(sums: pd.DataFrame, own: str, trend: str) -> list[dict]:
    """Give the standard deviation and the autocorrelation of one kind of swing."""
    by = sums.groupby("client", sort=False).sum()
    squares, df = by[f"{own}_squares"].to_numpy(), by[f"{own}_df"].to_numpy()
    variance = ratio_of_sums(squares, df)
    half = variance.estimate
    logged = on_scale(variance, len(by), np.log, 1 / half if half > 0 else np.nan, np.exp)
    sd = Ratio(*np.sqrt([logged.estimate, np.nan, logged.low, logged.high]))
    lasting = ratio_of_sums(by[f"{own}_products"].to_numpy(), squares)
    leaning = float(by[f"{own}_leaning"].sum() / df.sum())
    counts = {"clients": len(by), "count": pd.NA}
    return [
        _row(SPREAD, trend, sd, np.nan, {"n": int(by["n"].sum()), **counts}),
        _row(LASTING, trend, lasting, leaning, {"n": int(by["pairs"].sum()), **counts}),
    ]


def _falls(frame: pd.DataFrame, alliance: str, measure: str, points: float) -> dict:
    """Give the share of pairs of neighbouring sessions in which the score fell so much."""
    course = frame.groupby(COURSE_KEY, sort=False, observed=True)
    pairs = course["session"].diff() == 1
    # a fall of exactly so many points counts, also where a float cannot hold it
    fell = (course[alliance].diff() <= -points + 1e-9) & pairs
    client = frame["clinic"].astype("str") + "/" + frame["client"].astype("str")
    by = pd.DataFrame({"client": client, "fell": fell, "pairs": pairs})[pairs].groupby("client")
    each = by.sum().astype("float64")
    share = ratio_of_sums(each["fell"].to_numpy(), each["pairs"].to_numpy())
    inside = 0 < share.estimate < 1
    slope = 1 / (share.estimate * (1 - share.estimate)) if inside else np.nan
    share = on_scale(share, len(each), special.logit, slope, special.expit) if inside else Ratio(
        share.estimate, np.nan, np.nan, np.nan)  # fmt: skip
    counts = {"n": int(pairs.sum()), "clients": len(each), "count": int(fell.sum())}
    return _row(measure, "left in", share, np.nan, counts)


def _row(measure: str, trend: str, found: Ratio, expected: float, counts: dict) -> dict:
    return {
        "measure": measure,
        "trend": trend,
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "expected": expected,
        **counts,
    }
