"""Early alliance and how courses end: who is in it, what it says, what it refuses."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.engine.subdistribution import fine_gray
from sessionwise.errors import InvalidInput, Refused, Unanswerable
from sessionwise.features.leaving import courses_at_risk, early_mean
from sessionwise.models.early_alliance_ending import early_alliance_and_ending
from sessionwise.models.endings_at_levels import incidence_by_early_alliance
from sessionwise.models.fit import Unanswered
from sessionwise.records.packaged import example
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.simulation import simulate
from sessionwise.records.truth import Truth
from sessionwise.show.figures.step_curves import curves
from sessionwise.show.sentences.groups import early_ending


@pytest.fixture(scope="module")
def s():
    return example()


@pytest.fixture(scope="module")
def fit(s):
    return early_alliance_and_ending(s, adjust=["severity"], landmark=2)


def test_it_is_the_model_of_the_courses_at_the_landmark(s, fit):
    each = courses_at_risk(s, 2)[0]
    keys = pd.MultiIndex.from_frame(each[COURSE_KEY])
    x = np.column_stack(
        [
            early_mean(s, "srs", 2).reindex(keys),
            s.courses.set_index(COURSE_KEY)["severity"].reindex(keys),
        ]
    )
    there = np.isfinite(x).all(axis=1)
    direct = fine_gray(each["time"][there], each["cause"][there], x[there])
    np.testing.assert_allclose(fit.estimates["estimate"], direct.estimate, rtol=1e-9)
    np.testing.assert_allclose(fit.covariance, direct.covariance, rtol=1e-9)
    assert fit.rows.used == there.sum()
    assert fit.rows.events == (each["cause"][there] == 1).sum()
    assert fit.rows.events_lost == (each["cause"][~there] == 1).sum()


def test_later_scores_change_nothing(s, fit):
    table = s.table
    later = (table["session"] > 2).fillna(False).to_numpy(bool)
    changed = s.with_columns(
        pd.DataFrame({"srs": table["srs"].mask(later, 5.0)}), [s.columns["srs"]]
    )
    again = early_alliance_and_ending(changed, adjust=["severity"], landmark=2)
    pd.testing.assert_frame_equal(fit.estimates, again.estimates)


def test_planned_endings_are_their_own_model(s, fit):
    planned = early_alliance_and_ending(s, adjust=["severity"], landmark=2, ending="planned")
    assert planned.rows.used == fit.rows.used
    assert planned.rows.events != fit.rows.events
    assert any("decided before" in note for note in planned.recipe.notes)
    assert not any("decided before" in note for note in fit.recipe.notes)


def test_curves_of_three_clients(fit):
    curve = incidence_by_early_alliance(fit)
    assert curve.estimates["state"].unique().tolist() == ["unplanned ending"]
    ends = curve.estimates.groupby("group", sort=False)["estimate"].last().tolist()
    assert (np.sign(np.diff(ends)) == np.sign(fit.term("srs_early")["estimate"])).all()
    seen = curve.estimates.dropna()
    assert ((seen["low"] < seen["estimate"]) & (seen["estimate"] < seen["high"])).all()
    assert "predicted by a Fine–Gray model" in curves(curve).caption


def test_the_sentence_says_what_the_ratio_is_of(fit):
    words = early_ending(fit).text
    assert "subdistribution hazard ratio" in words
    assert "not about the rate among clients still in therapy" in words
    ratio = np.exp(fit.term("srs_early")["estimate"] * fit.scales["alliance_between"])
    assert f"{ratio:.2f}" in words


def test_what_cannot_be_asked(s):
    with pytest.raises(InvalidInput, match="landmark"):
        early_alliance_and_ending(s, landmark=0)
    with pytest.raises(InvalidInput, match="ending"):
        early_alliance_and_ending(s, ending="transferred")
    with pytest.raises(Unanswerable, match="wai"):
        early_alliance_and_ending(s, "wai")
    with pytest.raises(Unanswerable, match="intake"):
        early_alliance_and_ending(s, adjust=["ors"])
    why = Unanswered("?", "no")
    assert incidence_by_early_alliance(why) is why


def test_censoring_may_differ_between_groups():
    """Records of the north end after session 6; who came that far is still open there."""
    s = simulate(Truth(clinic={"therapists": 12, "clients": 150}), seed=4)
    site = np.where(np.arange(len(s.courses)) % 2, "north", "south")
    frame = s.frame.assign(site=site[s.course_positions()], ending=s.frame["ending"].astype("str"))
    north = frame["site"] == "north"
    longer = frame.groupby(COURSE_KEY)["session"].transform("max") > 6
    frame.loc[north & longer, "ending"] = "ongoing"
    kept = frame.loc[~north | (frame["session"] <= 6)]
    kept = kept[[*COURSE_KEY, "session", "date", "srs", "site", "ending"]]
    cut = Sessions.of(kept, level={"site": "course"})
    one = early_alliance_and_ending(cut, landmark=2)
    two = early_alliance_and_ending(cut, landmark=2, censored_by="site")
    assert one.rows.used == two.rows.used
    assert one.term("srs_early")["estimate"] != two.term("srs_early")["estimate"]
    assert any("own curve of censoring" in note for note in two.recipe.notes)
    with pytest.raises(Unanswerable, match="intake"):
        early_alliance_and_ending(cut, landmark=2, censored_by="srs")


def courses_of(endings: list[str], lengths: list[int], cause: list[str] | None = None) -> Sessions:
    """Make one course of each ending and length, its scores rising from client to client."""
    rows = [
        (f"c{place}", t, ending, 20.0 + place + (place * 7 + t) % 5)
        for place, (ending, last) in enumerate(zip(endings, lengths, strict=True))
        for t in range(1, last + 1)
    ]
    frame = pd.DataFrame(rows, columns=["client", "session", "ending", "srs"])
    if cause is None:
        return Sessions.of(frame)
    frame["cause"] = [cause[int(client[1:])] for client in frame["client"]]
    return Sessions.of(frame, level={"cause": "course"})


def test_where_all_end_unplanned_it_is_the_model_of_cox():
    """No other ending takes anybody away: it has an answer, and it is that of the hazard."""
    lengths = [4, 7, 3, 9, 5, 8, 6, 3, 10, 4, 11, 2]
    s = courses_of(["unplanned"] * 12, lengths)
    fit = early_alliance_and_ending(s, landmark=2)
    assert fit.rows.events == 12
    seen = sw.episodes(sw.level_at_landmark(s, "srs", 2))
    cox = sw.cox("left_unplanned ~ srs_early", seen, ties="breslow")
    assert fit.term("srs_early")["estimate"] == pytest.approx(
        cox.term("srs_early")["estimate"], rel=1e-6
    )


def test_no_such_ending_is_said_in_words_of_therapy():
    s = courses_of(["planned"] * 8, [3, 4, 5, 6, 3, 4, 5, 6])
    with pytest.raises(Unanswerable, match="8 courses that attended session 3, none .* unplanned"):
        early_alliance_and_ending(s)


def test_where_all_end_after_one_session_an_error_of_nought_is_no_certainty():
    with pytest.raises(Refused, match="after the same session"):
        early_alliance_and_ending(courses_of(["unplanned"] * 9, [3] * 9))


def test_a_covariate_may_be_called_what_it_likes():
    endings = ["unplanned", "planned"] * 8
    s = courses_of(endings, [3 + place % 6 for place in range(16)], ["work", "home", "work"] * 6)
    fit = early_alliance_and_ending(s, adjust=["cause"])
    assert fit.estimates["term"].tolist() == ["srs_early", "cause[work]"]


def test_no_curve_of_an_alliance_nobody_had():
    s = example()
    high = s.table["srs"].where(s.course_positions() % 5 == 0, 40.0)  # four in five at the ceiling
    fit = early_alliance_and_ending(s.with_columns(pd.DataFrame({"srs": high}), [s.columns["srs"]]))
    groups = incidence_by_early_alliance(fit).estimates["group"].unique().tolist()
    assert groups[2].endswith("40.0, high")
