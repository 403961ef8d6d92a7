"""The other forms of a simulated clinic: what each rater records of the same sessions."""

from __future__ import annotations

import numpy as np

from sessionwise.records.simulated.people import People, Streams
from sessionwise.records.simulated.walk import Walk
from sessionwise.records.truth import Truth

PARTS = ("bond", "goal", "task")
EVERY = 3
"""CARE, the real relationship and countertransference are rated every third session."""


def other_forms(
    truth: Truth, people: People, course: Walk, draws: Streams
) -> dict[str, np.ndarray]:
    """Give every form beside ORS and SRS, name → scores of shape (sessions, clients)."""
    given: dict[str, np.ndarray] = {}
    if truth.forms.on:
        given |= _adult_forms(truth, people, course, draws["forms"])
    if not truth.children.on:
        return given
    child = people.child
    given = {name: np.where(child, np.nan, scores) for name, scores in given.items()}
    given["ors"] = np.where(child, np.nan, course.ors)
    given["srs"] = np.where(child, np.nan, course.srs)
    given["cors"] = np.where(child, course.ors, np.nan)
    given["csrs"] = np.where(child, course.srs, np.nan)
    return given | _two_views_of_children(truth, people, course, draws["children"])


def _adult_forms(
    truth: Truth, people: People, course: Walk, draw: np.random.Generator
) -> dict[str, np.ndarray]:
    """Rate alliance by its parts, the therapist's view, empathy, the relationship, disclosure."""
    form, shape, count = truth.forms, course.state.shape, people.count
    staff, state = people.therapists, course.state - truth.alliance.start
    given, latent = {}, np.zeros(shape)
    for part in PARTS:
        theirs = draw.normal(0, form.wai_client_sd, count)
        seen = form.wai_slope * state + theirs
        latent += seen
        noisy = form.wai_mean + seen + draw.normal(0, form.wai_error_sd, shape)
        given[f"wai_{part}"] = _whole(noisy, 4, 20)
    given = {"wai": sum(given.values()), **given}
    view = staff.view[course.therapist] + draw.normal(0, form.therapist_view_sd, count)
    own = 3 * form.wai_mean - form.therapist_lower + form.tracking * latent + view
    given["wai_therapist"] = _whole(own + draw.normal(0, 2.0, shape), 12, 60)
    empathy = staff.empathy[course.therapist]
    care = 40 + form.care * empathy + 0.8 * course.level + draw.normal(0, 3.0, shape)
    given["care"] = _whole(care, 10, 50)
    relation = course.level + draw.normal(0, 1.5, count)
    rri = 4 + form.rri * relation + draw.normal(0, 0.25, shape)
    given["rri"] = np.clip(np.round(rri, 1), 1, 5)
    rated = 2.5 + 0.8 * course.countertransference + draw.normal(0, 0.5, shape)
    given["countertransference"] = np.clip(np.round(rated, 1), 1, 5)
    told = 7 + form.disclosure * state + draw.normal(0, 1.2, count) + draw.normal(0, 1.0, shape)
    given["disclosure"] = _whole(told, 0, 10)
    resting = np.arange(shape[0]) % EVERY > 0
    for name in ("care", "rri", "countertransference"):
        given[name][resting] = np.nan
    return _with_lost_forms(truth, given, state, draw)


def _with_lost_forms(
    truth: Truth, given: dict[str, np.ndarray], state: np.ndarray, draw: np.random.Generator
) -> dict[str, np.ndarray]:
    """Lose the forms of one rater together, as they come on one sheet."""
    share = np.full(state.shape, truth.missing.alliance)
    if truth.missing_badly.on and truth.missing.alliance > 0:
        odds = share / (1 - share) * np.exp(truth.missing_badly.alliance * state)
        share = odds / (1 + odds)
    theirs = draw.random(state.shape) < truth.missing.alliance
    lost = draw.random(state.shape) < share
    for name, scores in given.items():
        by_staff = name in ("wai_therapist", "countertransference")
        scores[theirs if by_staff else lost] = np.nan
    return given


def _two_views_of_children(
    truth: Truth, people: People, course: Walk, draw: np.random.Generator
) -> dict[str, np.ndarray]:
    """Let child and caregiver rate the alliance of the same session."""
    team, shape = truth.children, course.state.shape
    latent = team.tasc_mean + team.tasc_slope * (course.state - truth.alliance.start)
    seen = latent + team.higher + draw.normal(0, team.caregiver_sd, people.count)
    error = draw.normal(0, team.error_sd, (2, *shape))
    lost = draw.random((2, *shape)) < truth.missing.alliance
    views = {}
    for place, (name, rated) in enumerate({"tasc_r": latent, "tasc_r_caregiver": seen}.items()):
        scores = _whole(rated + error[place], 12, 48)
        views[name] = np.where(people.child & ~lost[place], scores, np.nan)
    return views


def _whole(scores: np.ndarray, low: int, high: int) -> np.ndarray:
    return np.clip(np.round(scores), low, high)
