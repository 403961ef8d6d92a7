"""Alliance and the next outcome, and the other way round: outcome and the alliance after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sessionwise.models.fit import Fit
from sessionwise.models.hybrid_model import hybrid
from sessionwise.models.score_pair import Asked
from sessionwise.records.sessions import Sessions


def alliance_and_next_outcome(
    s: Sessions,
    alliance: str = "srs",
    outcome: str = "ors",
    adjust: Sequence[str] = (),
    given: Literal["nothing", "previous outcome"] = "nothing",
    trend: Literal["kept", "removed"] = "kept",
    slopes: Literal["of time", "of time and alliance"] = "of time",
) -> Fit:
    """Does a better alliance precede a better outcome at the next session?

    The alliance last rated before the outcome was filled in is split into the client's own mean
    and the deviation from it (lag first, then split, on the rows of the model). *Within*: after a
    session this client rated higher than usual, is the next outcome higher than usual? *Between*:
    do clients with a higher mean have a higher outcome? Concurrent scores are not used: where the
    outcome is filled in first they show what the outcome does to the alliance.

    Parameters
    ----------
    s
        The records.
    alliance, outcome
        Columns, in scale points.
    adjust
        Intake covariates.
    given
        ``"previous outcome"`` holds the outcome of the session before, which the alliance between
        the two may merely reflect, as the deviation from the client's mean. What is estimated is
        then biased in short courses; ``recipe.caution`` says so with the numbers.
    trend
        ``"removed"`` takes the client's own straight line out of the swings, so that a rise shared
        with the outcome is not an effect; the term is then ``X_detrended``, and courses with fewer
        than three sessions are left out. Not together with ``given``.
    slopes
        In what clients differ beside their level. ``"of time and alliance"`` lets the within effect
        differ between clients: ``(1 + session + X_within || client)``.

    Returns
    -------
    Fit
        Linear mixed model, REML; terms ``Intercept, session, X_within, X_between``, with a previous
        outcome ``Y_lag1_within``, and the covariates, in outcome points per alliance point (or per
        session). ``scales`` holds the standard deviations of both scores in points,
        ``X_within, X_between, Y_within, Y_between``. With slopes of the alliance ``variances`` has
        their variance, unless it was estimated as zero: ``health.dropped`` then names it.

    Raises
    ------
    Unanswerable
        A column is missing.
    Refused
        The fit did not converge, or the rows cannot carry it.

    Notes
    -----
    Long form::

        s = sw.lagged(sw.first_therapist(s), "srs")
        s = sw.within_between(s, ["srs_lag1"], complete=["ors", "session", "first_therapist"])
        sw.mixed("ors ~ session + srs_lag1_within + srs_lag1_between"
                 " + (1 + session || client) + (1 | first_therapist)", s)

    Neuhaus & Kalbfleisch 1998, Biometrics 54:638; Falkenström, Finkel, Sandell, Rubel & Holmqvist
    2017, J Consult Clin Psychol 85:537; Nickell 1981, Econometrica 49:1417; on slopes that differ
    Falkenström, Solomonov & Rubel 2020, Psychother Res, doi:10.1080/10503307.2020.1769875. The
    between term uses the whole course: it compares clients, and is no prediction.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = alliance_and_next_outcome(sw.example())
    >>> fit.health.converged, fit.outcome
    (True, 'ors')
    """
    asked = Asked("Alliance and the next outcome", alliance, outcome,
                  given=given, trend=trend, slopes=slopes)  # fmt: skip
    return hybrid(s, asked, adjust)


def outcome_and_alliance(
    s: Sessions,
    outcome: str = "ors",
    alliance: str = "srs",
    adjust: Sequence[str] = (),
    given: Literal["nothing", "previous alliance"] = "nothing",
) -> Fit:
    """Does a better outcome before a session precede a better alliance at its end?

    The reverse direction, by the same model: the outcome filled in before session t, split into the
    client's own mean and the deviation from it, beside the alliance rated after session t. Where
    the alliance carries over from session to session and moves the outcome, the two go together
    with no effect of the outcome at all: hold the previous alliance before you believe it.

    Parameters, errors and sources as in :func:`alliance_and_next_outcome`, but for ``given``:
    ``"previous alliance"`` holds the alliance of the session before.

    Returns
    -------
    Fit
        Terms ``Intercept, session, Y_within, Y_between``, with a previous alliance
        ``X_lag1_within``, and the covariates, in alliance points per outcome point (or per alliance
        point). ``better`` is that of the alliance.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = outcome_and_alliance(sw.example())
    >>> fit.outcome, fit.estimates["term"].tolist()[2]
    ('srs', 'ors_within')
    """
    roles = ("outcome", "alliance")
    asked = Asked("Outcome and the alliance after it", outcome, alliance, roles, given)
    return hybrid(s, asked, adjust)
