"""Early alliance and the last outcome: what the field's meta-analyses average."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from sessionwise.engine.partial_correlation import resampled
from sessionwise.errors import InvalidInput, Problem, Unanswerable
from sessionwise.features.given import need_given
from sessionwise.features.leaving import early_mean
from sessionwise.features.therapists import first_therapist
from sessionwise.models.association import Association
from sessionwise.models.benchmarks import published_for
from sessionwise.models.fit import Recipe, Rows
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import many

PURPOSE = "Early alliance and the last outcome"
DRAWS = 5000


def early_alliance_and_outcome(
    s: Sessions,
    alliance: str = "srs",
    outcome: str = "ors",
    early: int = 3,
    seed: int = 1,
    cluster: Literal["client", "therapist"] = "client",
) -> Association:
    """Do clients with a better early alliance have a better last outcome, given the first one?

    The partial correlation of the mean alliance of sessions 1 to ``early`` with the last outcome,
    the first held. The first outcome is that of session 1 and no later one, which would already
    hold a part of what the alliance preceded; the last one is of a session after the early window,
    so nothing later explains anything earlier. It is about those who stayed that long, and between
    clients: nobody's change from one session to the next.

    Parameters
    ----------
    s
        The records.
    alliance, outcome
        Columns. Both are turned so that more is better, by their instruments.
    early
        Last session of the early window, 1 or more; a course needs a session after it.
    seed
        For the resamples.
    cluster
        What is resampled. Several courses of a client stay together; so do, with ``"therapist"``,
        all courses that began with one therapist.

    Returns
    -------
    Association
        With 95 % bias-corrected and accelerated bootstrap limits; complete cases, every course
        left out counted by its first reason.

    Raises
    ------
    InvalidInput
        An early window of no session.
    Unanswerable
        A column is missing, or the better direction of one; there are no sessions.
    Refused
        Too few clients, or scores that do not vary.

    Notes
    -----
    BCa and not percentile limits: r is skewed and a score with a ceiling more so.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = early_alliance_and_outcome(sw.example())
    >>> found.rows.unit, found.low < found.estimate < found.high
    ('courses', True)
    """
    if early < 1:
        problem = Problem(f"early = {early}", "", "Name a session, 1 or a later one.")
        raise InvalidInput([problem], "the early window")
    s.need([alliance, outcome], PURPOSE)
    for name in (alliance, outcome):
        s.need_score(name, PURPOSE)
    need_given(s, [alliance, outcome], PURPOSE)
    if s.clock == "time":
        raise Unanswerable(
            f"{PURPOSE} are counted in sessions, and these records hold assessments, not sessions."
        )
    turned = {name: _towards_better(s, name) for name in (alliance, outcome)}
    if cluster == "therapist":
        s = first_therapist(s)
    every = _by_course(s, alliance, outcome, early)
    words = {name: s.columns[name].label or name for name in (alliance, outcome)}
    kept, left = _complete(s, every, words[alliance], words[outcome], early, cluster)
    refuse_few_clients(kept)
    groups = ["clinic", "client" if cluster == "client" else "first_therapist"]
    number = kept.groupby(groups, sort=False, observed=True).ngroup().to_numpy()
    found = resampled(
        turned[alliance] * kept["early"].to_numpy(float),
        turned[outcome] * kept["last"].to_numpy(float),
        kept["first"].to_numpy(float),
        number,
        DRAWS,
        _stream(seed, "early alliance and outcome"),
    )
    published = published_for(s.instruments[alliance].rater)
    return Association(
        question=f"Do clients with a better {words[alliance]} in sessions 1 to {early} have a "
        f"better last {words[outcome]}, given the first one?",
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        std_error=found.std_error,
        draws=len(found.draws),
        seed=seed,
        early=early,
        alliance=alliance,
        outcome=outcome,
        published=published,
        rows=Rows(
            len(kept),
            clients=len(kept[["clinic", "client"]].drop_duplicates()),
            therapists=int(kept["therapist"].nunique()) if "therapist" in kept else 0,
            left_out=left,
            unit="courses",
        ),
        recipe=Recipe(
            "partial correlation",
            "",
            errors="bootstrap",
            cluster=cluster,
            clock=s.clock,
            caution=_last_session(s, outcome, words[outcome]),
            notes=_notes(s, kept, outcome, words, early, cluster, found.lost),
            sources=("partial_correlation", "bca", *(b.source for b in published)),
        ),
        labels={**words, "partial_r": "partial correlation"},
    )


def complete_courses(s: Sessions, alliance: str, outcome: str, early: int = 3) -> pd.DataFrame:
    """Give the courses the correlation is of, with their ``first, early, last`` scores as given."""
    every = _by_course(s, alliance, outcome, early)
    return _complete(s, every, alliance, outcome, early, "client")[0]


def _towards_better(s: Sessions, name: str) -> int:
    """Give the sign that makes more of a score better."""
    if name not in s.instruments:
        raise Unanswerable(
            f"{PURPOSE} needs to know which direction of `{name}` is the better one, and no "
            "instrument says so. Name or describe its `instrument` in the codebook."
        )
    return 1 if s.instruments[name].better == "higher" else -1


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """Give the stream of random numbers of one purpose under a study's seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode())))


def _by_course(s: Sessions, alliance: str, outcome: str, early: int) -> pd.DataFrame:
    """Give each course its last session, its early alliance, and its first and last outcome."""
    frame = s.frame.loc[s.attended]
    within = frame["session"].le(early).fillna(False).to_numpy(bool)
    later = frame[~within & frame[outcome].notna().to_numpy(bool)]
    at_first = frame[frame["session"].eq(1).fillna(False).to_numpy(bool)]
    index = pd.MultiIndex.from_frame(s.courses[COURSE_KEY])

    def by(rows: pd.DataFrame) -> pd.core.groupby.DataFrameGroupBy:
        return rows.groupby(COURSE_KEY, sort=False, observed=True)

    made = pd.DataFrame(
        {
            "reached": by(frame)["session"].max().reindex(index),
            "first": by(at_first)[outcome].first().reindex(index),
            "early": early_mean(s, alliance, early).reindex(index),
            "rated": by(frame[within])[alliance].count().reindex(index),
            "last": by(later)[outcome].last().reindex(index),
        }
    )
    for name in ("therapist", "first_therapist"):
        if name in frame:
            made[name] = by(frame)[name].first().reindex(index)
    keys = s.courses[COURSE_KEY]
    beside = {name: s.courses[name] for name in ("ending",) if name in s.courses}
    return keys.assign(**beside, **{name: made[name].to_numpy() for name in made})


def _complete(
    s: Sessions, every: pd.DataFrame, alliance: str, outcome: str, early: int, cluster: str
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Keep the courses that have everything; count the others by the first reason."""
    reasons = [
        (f"fewer than {early + 1} sessions", ~every["reached"].gt(early).fillna(False)),
        (f"{outcome}: missing at session 1", every["first"].isna()),
        (f"{alliance}: none in sessions 1 to {early}", every["early"].isna()),
        (f"{outcome}: none after session {early}", every["last"].isna()),
    ]
    if cluster == "therapist":
        reasons.append(("no therapist recorded", every["first_therapist"].isna()))
    left = [(line.reason, line.courses) for line in s.origin.ledger]
    stays = np.ones(len(every), bool)
    for reason, lost in reasons:
        gone = stays & lost.to_numpy(bool)
        left.append((reason, int(gone.sum())))
        stays &= ~gone
    return every[stays].reset_index(drop=True), tuple(one for one in left if one[1])


def _last_session(s: Sessions, outcome: str, label: str) -> str:
    """Say what a last score that was filled in before its session does not hold."""
    if s.columns[outcome].known != "before":
        return ""
    return f"The last {label} was filled in before its session and does not hold its effect."


def _notes(
    s: Sessions,
    kept: pd.DataFrame,
    outcome: str,
    words: dict[str, str],
    early: int,
    cluster: str,
    lost: int,
) -> tuple[str, ...]:
    """Say what a reader must know of what was correlated and of how sure it is."""
    alliance, label = [words[name] for name in words]
    notes = [
        f"The {alliance} is the mean of the scores given in sessions 1 to {early}; the first "
        f"{label} is that of session 1, the last one of a session after session {early}."
    ]
    fewer = int((kept["rated"] < early).sum())
    if fewer:
        notes.append(f"In {many(fewer, 'courses')} at least one of the early scores is missing.")
    if s.columns[outcome].known == "after":
        notes.append(
            f"The first {label} was filled in after session 1 and holds that one's effect already."
        )
    if "ending" in kept and kept["ending"].astype("str").eq("ongoing").any():
        notes.append(f"Courses still open enter with their last {label} so far.")
    notes.append("Only courses that went on that long are in it.")
    if cluster == "client" and "therapist" in kept:
        notes.append(
            "Clients share therapists, and clients were resampled as if they did not: where "
            "therapists differ the interval is too narrow."
        )
    if lost:
        notes.append(f"{lost} of {DRAWS:,} resamples had no correlation and were left out.")
    return tuple(notes)
