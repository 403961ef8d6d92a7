"""The alliance as the client sees it and as the therapist sees it: truth and bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.engine.cluster_ratios import Ratio, jackknifed
from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.splits import within_between
from sessionwise.models.fit import Fit
from sessionwise.models.grouping import Grouping, grouped
from sessionwise.models.growth import mean_course
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.scale_limits import score_range
from sessionwise.models.wald import estimates_frame
from sessionwise.records.sessions import COURSE_KEY, Sessions

PURPOSE = "The client's and the therapist's view"
JUDGED, TRACKED = "therapist_from_client_mean", "tracking"
AGREEMENT, DIFFERENCE, STANDARDISED = (
    "correlation of dyad means",
    "therapist minus client, points",
    "therapist minus client, standardised",
)


def two_views(s: Sessions, alliance: str = "", views: Sequence[str] = ()) -> Fit:
    """Does the therapist see the alliance as the client does, and follow it when it moves?

    The truth-and-bias model (West & Kenny 2011, Psychol Rev 118:357, with the client's score as the
    "truth", which is a choice of words and no verdict): the therapist's score and the client's are
    both set against the client's own mean, ``T − C̄ = b0 + bT (C − C̄)``. *Directional bias* b0: how
    far the therapist's score lies above (or below) at a session the client rates as usual.
    *Tracking* bT: by how much it rises where the client's is one point above the client's mean; 1
    would be point for point, 0 not at all. Dyads differ in both, taken as independent, and lie in
    therapists, who differ in bias; the bias is judged on therapists − 1 degrees of freedom,
    tracking on dyads − 1.

    Parameters
    ----------
    s
        The records.
    alliance
        The client's score; the therapist's is then ``<alliance>_therapist``.
    views
        The client's score and the therapist's, in this order, in place of the two.

    Returns
    -------
    Fit
        Linear mixed model, REML, over sessions both rated; ``Intercept`` is b0 in points,
        ``tracking`` is bT.

    Raises
    ------
    Unanswerable, Refused
        A score is missing, or the two are not on one scale; the fit did not converge.

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(two_views, sw.example(), "srs").kind
    'missing'
    """
    client, therapist = _both(s, alliance, views)
    group, frame = _paired(s, client, therapist)
    refuse_few_clients(frame)
    random = group.random.replace("(1 |", f"(1 + {TRACKED} ||", 1)
    fit = mixed(f"{JUDGED} ~ {TRACKED} + {random}", frame)
    every = group.s.frame.loc[s.attended]
    left = []
    for name in (client, therapist, *group.columns):
        lost = every[name].isna()
        left.append((f"{_called(group.s, name)}: missing", int(lost.sum())))
        every = every[~lost]
    notes = (
        "Both scores are set against the client's own mean over the sessions both rated; the "
        "client's score is the yardstick, not the truth.",
        *group.notes,
    )
    return _judged_by_groups(fit, frame).replace(
        question="Does the therapist see the alliance as the client does, and follow it?",
        rows=replace(
            fit.rows,
            left_out=(*s.left_out, *(one for one in left if one[1])),
            unit="sessions",
            clients=len(frame[["clinic", "client"]].drop_duplicates()),
        ),
        recipe=replace(
            fit.recipe,
            clock=s.clock,
            reference="t with therapists − 1 df for the bias (dyads − 1 where therapists do not "
            "differ) and dyads − 1 df for tracking",
            notes=(*notes, *fit.recipe.notes),
            sources=("truth_and_bias", *fit.recipe.sources),
        ),
        outcome=JUDGED,
        labels={
            "Intercept": "directional bias, points",
            TRACKED: "tracking, points per point",
            JUDGED: "therapist's score above the client's mean",
            "client": _called(s, client),
            "therapist": _called(s, therapist),
        },
    )


def agreement(s: Sessions, alliance: str = "", views: Sequence[str] = ()) -> pd.DataFrame:
    """Do dyads whose client rates high also have a therapist who does, and who rates higher?

    Not what the truth-and-bias model says: it follows one dyad over sessions, this compares dyads.
    The difference is also given in standard deviations of single scores, the two raters' pooled,
    as meta-analyses have it (a mean over sessions varies less, and would make it look larger).

    Parameters
    ----------
    s, alliance, views
        As for :func:`two_views`.

    Returns
    -------
    DataFrame
        ``measure, estimate, low, high, dyads, groups``; every dyad counts once. 95 % limits leave
        out one therapist at a time (one client, where therapists are fewer than five).

    Examples
    --------
    >>> import sessionwise as sw
    >>> sw.answer(agreement, sw.example(), "srs").kind
    'missing'
    """
    client, therapist = _both(s, alliance, views)
    group, frame = _paired(s, client, therapist)
    refuse_few_clients(frame)
    dyads = frame.groupby(COURSE_KEY, sort=False, observed=True)
    scores = frame[[client, therapist]].astype("float64")
    means = scores.groupby([frame[key] for key in COURSE_KEY], sort=False, observed=True).mean()
    if not (means.nunique() > 1).all():
        raise Refused("All dyads have the same mean score: nothing can agree or disagree.")
    named = "first_therapist" in group.columns and frame["first_therapist"].nunique() >= 5
    by = "first_therapist" if named else "client"
    belongs = dyads[by].first().to_numpy()
    row_belongs = frame[by].to_numpy()
    pairs, singles = means.to_numpy(), scores.to_numpy()
    names = pd.unique(belongs)

    def found(measure: str, of: Callable, forth: Callable, back: Callable) -> dict:
        whole = forth(of(pairs, singles))
        left = [forth(of(pairs[belongs != one], singles[row_belongs != one])) for one in names]
        got: Ratio = jackknifed(float(whole), np.array(left), lambda value: float(back(value)))
        return {"measure": measure, "estimate": got.estimate, "low": got.low, "high": got.high,
                "dyads": len(pairs), "groups": len(names)}  # fmt: skip

    return pd.DataFrame(
        [
            found(AGREEMENT, _correlation, np.arctanh, np.tanh),
            found(DIFFERENCE, _difference, float, float),
            found(STANDARDISED, _standardised, float, float),
        ]
    )


def mean_views(s: Sessions, alliance: str = "", views: Sequence[str] = ()) -> pd.DataFrame:
    """What was the mean alliance at each session, in the client's and in the therapist's view?

    Over sessions that both rated, so that the two means are of the same sessions.

    Returns
    -------
    DataFrame
        ``group, time, mean, low, high, n``, as
        :func:`~sessionwise.models.growth.mean_course` has them, and ``score``, the client's.
    """
    client, therapist = _both(s, alliance, views)
    both = s.table[[client, therapist]].notna().all(axis=1)
    parts = []
    for view, name in (("client's view", client), ("therapist's view", therapist)):
        paired = s.with_columns(pd.DataFrame({name: s.table[name].where(both)}), [s.columns[name]])
        parts.append(mean_course(paired, name).assign(group=view, score=client))
    return pd.concat(parts, ignore_index=True)


def _judged_by_groups(fit: Fit, frame: pd.DataFrame) -> Fit:
    """Judge the bias by the number of therapists and tracking by that of dyads.

    Containment would give the intercept the degrees of freedom of single sessions, which are far
    too many for a difference that therapists differ in.
    """
    dyads = len(frame[COURSE_KEY].drop_duplicates()) - 1
    differ = "first_therapist" in set(fit.variances["group"])
    bias = frame["first_therapist"].nunique() - 1 if differ else dyads
    estimate = fit.estimates["estimate"].to_numpy(float)
    df = np.array([float(bias if term == "Intercept" else dyads) for term in fit.estimates["term"]])
    frame = estimates_frame(fit.estimates["term"].tolist(), estimate, fit.covariance, df)
    return fit.replace(estimates=frame)


def _both(s: Sessions, alliance: str, views: Sequence[str]) -> tuple[str, str]:
    """Give the two scores; refuse two that are not on one scale."""
    if not views and not alliance:
        s.need([""], PURPOSE)
    client, therapist = views or (alliance, f"{alliance}_therapist")
    s.need_score(client, PURPOSE)
    if therapist not in s.columns and not views:
        raise Unanswerable(
            f"{PURPOSE} needs the therapist's own score beside the client's "
            f"{_called(s, client)}, and there is no `{therapist}` in these records. If the "
            "therapist's score has another name, give both in the study: views = "
            f'["{client}", "…"].'
        )
    s.need_score(therapist, PURPOSE)
    limits = {name: score_range(s, name) for name in (client, therapist)}
    unknown = [f"`{name}`" for name, one in limits.items() if one is None]
    if unknown:
        raise Unanswerable(
            f"{PURPOSE} can be set beside each other only on one scale, and no instrument says "
            f"what {' and '.join(unknown)} may be. Name the `instrument` in the codebook."
        )
    if limits[client] != limits[therapist]:
        told = " and ".join(f"`{n}` from {low:g} to {high:g}" for n, (low, high) in limits.items())
        raise Unanswerable(
            f"{PURPOSE} can be set beside each other only on one scale: {told}. A bias in points "
            "would mean nothing. Name two scores of one form."
        )
    return client, therapist


def _paired(s: Sessions, client: str, therapist: str) -> tuple[Grouping, pd.DataFrame]:
    """Give the sessions both rated, each score set against the client's mean over them."""
    group = grouped(s, [client, therapist], slopes=())
    split = within_between(group.s, [client], complete=[therapist, *group.columns])
    frame = split.frame
    frame = frame[frame[f"{client}_within"].notna()].astype({therapist: "float64"})
    judged = frame[therapist] - frame[f"{client}_between"]
    return group, frame.assign(**{JUDGED: judged, TRACKED: frame[f"{client}_within"]})


def _correlation(pairs: np.ndarray, singles: np.ndarray) -> float:
    return float(np.corrcoef(pairs.T)[0, 1])


def _difference(pairs: np.ndarray, singles: np.ndarray) -> float:
    return float(np.mean(pairs[:, 1] - pairs[:, 0]))


def _standardised(pairs: np.ndarray, singles: np.ndarray) -> float:
    return _difference(pairs, singles) / float(np.sqrt(singles.var(axis=0, ddof=1).mean()))


def _called(s: Sessions, name: str) -> str:
    return s.columns[name].label or name
