"""The shape of the alliance: a line that bends where a phase of therapy begins."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from sessionwise.errors import Refused
from sessionwise.features.given import need_given
from sessionwise.features.phases import LAST_AGREEING, Phases, in_phases
from sessionwise.models.fit import Fit
from sessionwise.models.grouping import grouped
from sessionwise.models.growth import mean_course
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.records.sessions import Sessions

PURPOSE = "The shape of the alliance"


def alliance_by_phase(s: Sessions, alliance: str = "srs") -> Fit:
    """How does the alliance move from session to session, in each phase of therapy?

    A straight line in each phase, joined where one phase ends and the next begins (a linear
    spline; Singer & Willett 2003, ch. 6). Clients differ in level and in the slope of each phase,
    taken as independent, and lie in their therapist or, where some change, cross therapists. The
    phases are those of the column ``phase``; without one, sessions 1–3 and all later ones, and no
    ending phase.

    Parameters
    ----------
    s
        The records.
    alliance
        A score, in scale points.

    Returns
    -------
    Fit
        Linear mixed model, REML. ``Intercept`` is the mean at session 1, ``steps_PHASE`` the change
        in points per session of that phase.

    Raises
    ------
    Unanswerable, Refused
        A column is missing, or there are no sessions; the fit did not converge.

    Examples
    --------
    >>> import sessionwise as sw
    >>> alliance_by_phase(sw.example()).estimates["term"].tolist()
    ['Intercept', 'steps_agreeing', 'steps_working']
    """
    s.need_score(alliance, PURPOSE)
    need_given(s, [alliance], PURPOSE)
    phased = in_phases(s)
    frame = phased.s.frame.loc[s.attended]
    complete = frame[[alliance, *phased.steps]].notna().all(axis=1)
    steps = [name for name in phased.steps if frame.loc[complete, name].gt(0).any()]
    if not steps:
        raise Refused(f"No client gave `{alliance}` at two sessions; nothing can have moved.")
    group = grouped(phased.s, [alliance, *phased.steps], slopes=steps)
    frame = group.s.frame.loc[s.attended]
    left = []
    for name in (alliance, *phased.steps, *group.columns):
        lost = frame[name].isna()
        left.append((f"{_called(group.s, name)}: missing", int(lost.sum())))
        frame = frame[~lost]
    refuse_few_clients(frame)
    fit = mixed(f"{alliance} ~ {' + '.join(steps)} + {group.random}", frame, aliased="refuse")
    notes = (_phases_in_words(phased, steps), *group.notes)
    return fit.replace(
        question=f"How does the {_called(s, alliance)} move in each phase of therapy? {notes[0]}",
        rows=replace(
            fit.rows,
            left_out=(*s.left_out, *(one for one in left if one[1])),
            unit="sessions",
            clients=len(frame[["clinic", "client"]].drop_duplicates()),
        ),
        recipe=replace(
            fit.recipe,
            clock="session",
            notes=(*notes, *fit.recipe.notes),
            sources=("piecewise", *fit.recipe.sources),
        ),
        outcome=alliance,
        better=s.instruments[alliance].better if alliance in s.instruments else "",
        labels=term_labels(group.s.columns, [*fit.estimates["term"], alliance]),
    )


def phase_means(fit: Fit, s: Sessions) -> pd.DataFrame:
    """What was the mean alliance at each session, and what does the model with phases say?

    Parameters
    ----------
    fit
        From :func:`alliance_by_phase`.
    s
        The same records.

    Returns
    -------
    DataFrame
        ``group, time, mean, low, high, n`` as :func:`~sessionwise.models.growth.mean_course` has
        them, ``fitted`` (the fixed part of the model, for the phases of those who gave a score at
        that session) and ``phase`` (that of most of them). The plain mean is of those still there;
        the line is that of everybody, were they all to stay.

    Examples
    --------
    >>> import sessionwise as sw
    >>> means = phase_means(alliance_by_phase(sw.example()), sw.example())
    >>> means["phase"].tolist()[:4]
    ['agreeing', 'agreeing', 'agreeing', 'working']
    """
    phased = in_phases(s)
    frame = phased.s.frame.loc[s.attended]
    frame = frame[frame[[fit.outcome, *phased.steps]].notna().all(axis=1)]
    fitted = pd.Series(float(fit.term("Intercept")["estimate"]), index=frame.index)
    for term in fit.estimates["term"]:
        if term in phased.steps:
            fitted += fit.term(term)["estimate"] * frame[term].astype("float64")
    session = frame["session"].astype("float64").rename("time")
    line = fitted.groupby(session).mean().rename("fitted")
    phase = frame["phase_of_session"].groupby(session).agg(lambda names: names.mode().iloc[0])
    means = mean_course(s, fit.outcome)
    return means.merge(line, on="time", how="left").merge(phase.rename("phase"), on="time")


def _called(s: Sessions, name: str) -> str:
    return s.columns[name].label or name


def _phases_in_words(phased: Phases, steps: list[str]) -> str:
    """Say where the phases come from."""
    if phased.recorded:
        still = [name for name, step in zip(phased.names, phased.steps) if step not in steps]
        known = phased.s.columns["phase"].known
        said = "The phase of each session is the recorded one."
        if known == "course":
            said += " It was known only when the course was over: the shape describes the past."
        if still:
            said += f" No step fell into: {', '.join(still)}."
        return said
    return (
        f"No phase is recorded: sessions 1 to {LAST_AGREEING} are taken as agreeing on the work, "
        "later ones as working. Which sessions were the ending cannot be told without a record."
    )
