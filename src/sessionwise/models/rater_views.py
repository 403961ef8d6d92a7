"""The alliance as the client sees it and as the therapist sees it: truth and bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sessionwise.engine.cluster_ratios import Ratio, jackknifed
from sessionwise.errors import Refused
from sessionwise.models.fit import Fit
from sessionwise.models.growth import mean_course
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.rater_pairs import JUDGED, TRACKED, named_views, paired_scores
from sessionwise.records.sessions import Sessions

FEWEST_GROUPS = 5
"""With fewer therapists, limits leave out clients."""
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
    therapists, who differ in bias; a client who changes therapist is in two dyads.

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
    client, therapist = named_views(s, alliance, views)
    paired = paired_scores(s, client, therapist)
    refuse_few_clients(paired.frame)
    random = f"(1 + {TRACKED} || dyad)" + (" + (1 | therapist)" if paired.compared else "")
    fit = mixed(f"{JUDGED} ~ {TRACKED} + {random}", paired.frame, aliased="refuse")
    notes = (
        "Both scores are set against the client's own mean over the dyad's sessions that both "
        "rated; the client's score is the yardstick, not the truth.",
        *paired.notes,
    )
    return fit.replace(
        question="Does the therapist see the alliance as the client does, and follow it?",
        rows=replace(
            fit.rows,
            left_out=(*s.left_out, *paired.left_out),
            unit="sessions",
            clients=len(paired.frame[["clinic", "client"]].drop_duplicates()),
        ),
        recipe=replace(
            fit.recipe,
            clock=s.clock,
            notes=(*notes, *fit.recipe.notes),
            sources=("truth_and_bias", *fit.recipe.sources),
        ),
        outcome=JUDGED,
        labels={
            "Intercept": "directional bias, points",
            TRACKED: "tracking, points per point",
            JUDGED: f"{_called(s, therapist)} less the client's mean",
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
    client, therapist = named_views(s, alliance, views)
    frame = paired_scores(s, client, therapist).frame
    refuse_few_clients(frame)
    scores = frame[[client, therapist]].astype("float64")
    means = scores.groupby(frame["dyad"], sort=False).mean()
    if not (means.nunique() > 1).all():
        raise Refused("All dyads have the same mean score: nothing can agree or disagree.")
    named = "therapist" in frame and frame["therapist"].nunique() >= FEWEST_GROUPS
    by = frame["therapist"] if named else frame["clinic"] + "/" + frame["client"]
    belongs = by.groupby(frame["dyad"], sort=False).first().to_numpy()
    pairs, singles, row_belongs = means.to_numpy(), scores.to_numpy(), by.to_numpy()
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
    client, therapist = named_views(s, alliance, views)
    both = s.table[[client, therapist]].notna().all(axis=1)
    parts = []
    for view, name in (("client's view", client), ("therapist's view", therapist)):
        paired = s.with_columns(pd.DataFrame({name: s.table[name].where(both)}), [s.columns[name]])
        parts.append(mean_course(paired, name).assign(group=view, score=client))
    return pd.concat(parts, ignore_index=True)


def _correlation(pairs: np.ndarray, singles: np.ndarray) -> float:
    return float(np.corrcoef(pairs.T)[0, 1])


def _difference(pairs: np.ndarray, singles: np.ndarray) -> float:
    return float(np.mean(pairs[:, 1] - pairs[:, 0]))


def _standardised(pairs: np.ndarray, singles: np.ndarray) -> float:
    return _difference(pairs, singles) / float(np.sqrt(singles.var(axis=0, ddof=1).mean()))


def _called(s: Sessions, name: str) -> str:
    return s.columns[name].label or name
