"""Log-rank, Gray, restricted means, Fine–Gray: as R's survival and cmprsk have them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.engine.group_tests import gray, log_rank
from sessionwise.engine.restricted_means import lost_until, mean_until
from sessionwise.engine.subdistribution import fine_gray
from sessionwise.engine.subdistribution_curve import predicted_incidence

CLOSE = 1e-9  # relative; R wrote 15 digits, expected.json of the clinic about 11
STEEP = 1e-7  # relative; errors of a model whose summit R climbs to its own tolerance
GROUPED = 0.01  # relative, errors only: crr's censoring term across groups is not that of the score

SAID = json.loads((Path(__file__).parent / "r/groups_of_curves.json").read_text(encoding="utf-8"))


def close(ours, theirs, rtol=CLOSE):
    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=rtol, atol=1e-12)


@pytest.fixture(scope="module")
def landmark(clinic, courses):
    """Courses that attended session 3 and were decided after it, with what was known then."""
    early = clinic[clinic["session"] <= 3].groupby("client")["srs"].mean().rename("early")
    first = clinic.groupby("client")["base"].first()
    later = courses[courses["session"] >= 3]
    return later.merge(early, on="client").merge(first, on="client")


class TestTheClinic:
    def test_mean_number_of_sessions_up_to_twelve(self, courses, expected):
        area = mean_until(courses["session"], courses["ending"] > 0, until=12)
        close([area.estimate, area.std_error], list(expected["rmst_12"].values()))

    def test_between_groups_from_session_three(self, landmark, expected):
        said = expected["landmark3"]
        assert len(landmark) == said["n"]
        high = (landmark["early"] >= 36).to_numpy()
        time, ending = landmark["session"], landmark["ending"]
        close(log_rank(time, ending == 1, high).statistic, said["logrank_unplanned_by_early36"])
        for of, name in ((1, "unplanned"), (2, "planned")):
            close(gray(time, ending, high, of=of).statistic, said["gray_by_early36"][name])

    def test_cumulative_incidence_from_session_three(self, landmark, expected):
        said = expected["landmark3"]["finegray"]
        x = landmark[["early", "base"]].to_numpy()
        fit = fine_gray(landmark["session"], landmark["ending"], x)
        close(fit.estimate, list(said["estimate"].values()))
        close(np.sqrt(np.diag(fit.covariance)), list(said["se"].values()))


@pytest.fixture(params=["sessions", "few", "times"])
def said(request):
    return SAID[request.param]


@pytest.fixture
def rows(said):
    return pd.DataFrame(said["rows"])


class TestBetweenGroups:
    @pytest.mark.parametrize(
        ("entry", "causes", "strata", "rho"),
        [("logrank", [1], False, 0), ("weighted", [1], False, 1), ("half", [1, 2], False, 0.5),
         ("stratified", [1, 2], True, 0)],
    )  # fmt: skip
    def test_log_rank(self, said, rows, entry, causes, strata, rho):
        by = rows["strata"] if strata else None
        test = log_rank(rows["time"], rows["cause"].isin(causes), rows["group"], by, rho)
        close(test.statistic, said[entry]["chisq"])
        close(test.scores, said[entry]["scores"])
        close(test.covariance, said[entry]["var"])
        assert test.df == 2

    @pytest.mark.parametrize(
        ("entry", "strata", "rho"),
        [("gray", False, 0), ("gray_stratified", True, 0), ("gray_rho", False, 1)],
    )
    def test_gray(self, said, rows, entry, strata, rho):
        by = rows["strata"] if strata else None
        for place, name in enumerate(("unplanned", "planned")):
            test = gray(rows["time"], rows["cause"], rows["group"], place + 1, by, rho)
            close(test.statistic, said[entry][name])
            close(test.p, said[entry]["p"][place])

    def test_the_scores_add_up_to_nought(self, rows):
        for test in (
            log_rank(rows["time"], rows["cause"] == 1, rows["group"]),
            gray(rows["time"], rows["cause"], rows["group"]),
        ):
            assert abs(test.scores.sum()) < 1e-10
            np.testing.assert_allclose(test.covariance.sum(axis=0), 0, atol=1e-8)


class TestRestrictedMeans:
    def test_sessions_attended(self, said, rows):
        for one in said["rmst"]:
            areas = [
                mean_until(part["time"], part["cause"] > 0, one["until"])
                for _, part in rows.groupby("group")
            ]
            close([area.estimate for area in areas], one["estimate"])
            close([area.std_error for area in areas], one["se"])

    def test_sessions_lost(self, said, rows):
        for one in said["lost"]:
            areas = [lost_until(rows["time"], rows["cause"], one["until"], of) for of in (1, 2)]
            close([area.estimate for area in areas], one["estimate"])
            close([area.std_error for area in areas], one["se"])

    def test_attended_and_lost_are_all_there_is(self, rows):
        until = 11
        lost = [lost_until(rows["time"], rows["cause"], until, of).estimate for of in (1, 2)]
        stay = mean_until(rows["time"], rows["cause"] > 0, until).estimate
        assert stay + sum(lost) == pytest.approx(until, rel=1e-12)

    def test_with_one_cause_the_two_errors_are_one(self, rows):
        event = rows["cause"] == 1
        stay, lost = mean_until(rows["time"], event, 9), lost_until(rows["time"], event, 9)
        assert stay.std_error == pytest.approx(lost.std_error, rel=1e-9)


class TestCumulativeIncidence:
    @pytest.mark.parametrize(
        ("entry", "of", "strata"),
        [("unplanned", 1, False), ("planned", 2, False), ("by_stratum", 1, True)],
    )
    def test_the_model(self, said, rows, entry, of, strata):
        censoring = rows["strata"] if strata else None
        x = rows[["x", "w"]].to_numpy(float)
        fit = fine_gray(rows["time"], rows["cause"], x, of, censoring)
        theirs = said[entry]
        close(fit.estimate, theirs["estimate"], STEEP)
        if strata:  # the slope of the score says which: tests/unit/test_subdistribution.py
            close(np.sqrt(np.diag(fit.covariance)), theirs["se"], GROUPED)
        else:
            close(fit.covariance, theirs["var"], STEEP)
        close([fit.loglik, fit.null_loglik], [theirs["loglik"], theirs["null"]])
        for profile, name in (([-1, 0], "one"), ([0.5, 1], "two")):
            curve = predicted_incidence(fit, np.array(profile), np.array(theirs["time"]))
            close(curve.estimate, theirs[name], STEEP)
