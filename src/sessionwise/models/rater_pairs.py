"""Which two scores are two views of one alliance, and the sessions both rated, dyad by dyad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sessionwise.errors import Unanswerable
from sessionwise.features.given import need_given
from sessionwise.features.therapists import changed_therapist
from sessionwise.models.scale_limits import score_range
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import many as counted

PURPOSE = "The client's and the therapist's view"
JUDGED, TRACKED = "therapist_from_client_mean", "tracking"


def named_views(s: Sessions, alliance: str, views: Sequence[str]) -> tuple[str, str]:
    """Give the two scores; refuse two that are not on one scale."""
    if not views and not alliance:
        s.need([""], PURPOSE)
    client, therapist = views or (alliance, f"{alliance}_therapist")
    s.need_score(client, PURPOSE)
    if therapist not in s.columns and not views:
        label = s.columns[client].label or client
        raise Unanswerable(
            f"{PURPOSE} needs the therapist's own score beside the client's {label}, and "
            f"there is no `{therapist}` in these records. If it has another name, give both in the "
            f'study: views = ["{client}", "…"].'
        )
    s.need_score(therapist, PURPOSE)
    need_given(s, [client, therapist], PURPOSE)
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


@dataclass(frozen=True, eq=False)
class PairedScores:
    """The sessions both rated, with each row's ``dyad`` and both scores against its client mean.

    ``compared`` says whether several therapists can be told from their dyads.
    """

    frame: pd.DataFrame
    compared: bool
    notes: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...]


def paired_scores(s: Sessions, client: str, therapist: str) -> PairedScores:
    """Give the sessions both rated, each score set against the client's mean in its dyad."""
    named = "therapist" in s.columns
    frame = s.frame.loc[s.attended]
    left = []
    for name in (client, therapist, *(["therapist"] if named else [])):
        lost = frame[name].isna()
        left.append((f"{s.columns[name].label or name}: missing", int(lost.sum())))
        frame = frame[~lost]
    keys = [*COURSE_KEY, *(["therapist"] if named else [])]
    dyad = frame[keys].astype("str").agg("/".join, axis=1) if len(frame) else frame["client"]
    score = frame[[client, therapist]].astype("float64")
    own = score[client].groupby(dyad).transform("mean")
    made = {"dyad": dyad, JUDGED: score[therapist] - own, TRACKED: score[client] - own}
    many = frame["therapist"].nunique() if named else 0
    notes = []
    if named:
        changed = changed_therapist(s)
        said = f"{counted(changed, 'courses')} changed therapist" if changed else "none changed"
        notes.append(f"A client with one therapist is a dyad ({said}).")
    if many == 1:
        notes.append("The rows of the model have one therapist, so therapists cannot be compared.")
    kept = tuple(one for one in left if one[1])
    compared = 1 < many < dyad.nunique()
    return PairedScores(frame.assign(**made), compared, tuple(notes), kept)
