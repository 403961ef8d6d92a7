"""The named questions about leaving agree with R, from the clinic's CSV to the numbers.

R works the scores so far out client by client. glm and clubSandwich: 1e-6 and 1e-5; glmmTMB's own
objective is climbed to the end (r/generalized_fits.R); lme4's profile goes to some 1e-6, its
errors of modes rest on the expected information, ours on the observed.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_clinic_path import CODEBOOK
from test_clinic_path import HERE as CLINIC

import sessionwise as sw
from sessionwise.models.alliance_leaving import scored_decisions
from sessionwise.models.latent_scale import RESIDUALS
from sessionwise.models.leaving_baseline import with_baseline

SAID = json.loads((Path(__file__).parent / "r/leaving_models.json").read_text(encoding="utf-8"))
USED = ["srs_to_date", "srs_change", "base"]


@cache
def clinic():
    return sw.read(CLINIC / "clinic.csv", sw.Codebook.parse(CODEBOOK))


@cache
def plain(shape):
    """The model with one baseline, no random therapist, CR2 errors."""
    at_risk, terms, _ = with_baseline(scored_decisions(clinic(), "srs"), USED, shape)
    return sw.hazard(f"left_unplanned ~ {' + '.join([*terms, *USED])}", at_risk)


@cache
def question(name):
    """The named question behind a random-therapist fit of R's."""
    if name == "therapist":
        return sw.alliance_and_leaving(clinic(), "srs", ["base"])
    if name == "unplanned":
        return sw.alliance_and_endings(clinic(), "srs", ["base"]).unplanned
    swing = name.removeprefix("landmark_")
    return sw.alliance_and_leaving_from_landmark(clinic(), "srs", ["base"], 3, swing)


@pytest.mark.parametrize("shape", ["linear", "polynomial", "spline", "steps"])
class TestBaselines:
    def test_likelihood_and_rows(self, shape):
        fit, said = plain(shape), SAID[shape]
        assert fit.rows.used == said["rows"]
        assert fit.loglik == pytest.approx(said["loglik"], abs=1e-8)
        found = sw.leaving_baselines(clinic(), "srs", ["base"]).set_index("baseline").loc[shape]
        assert found["aic"] == pytest.approx(said["aic"], abs=1e-7)
        assert found["parameters"] == len(said["estimate"])

    def test_estimates_and_errors(self, shape):
        """Of a spline R has another basis of the same curves, so only the other terms agree."""
        table, said = plain(shape).estimates, SAID[shape]
        which = slice(-3, None) if shape == "spline" else slice(None)
        estimate, errors = (list(said[key].values()) for key in ("estimate", "cr2"))
        np.testing.assert_allclose(table["estimate"][which], estimate[which], rtol=1e-6)
        np.testing.assert_allclose(table["std_error"][which], errors[which], rtol=1e-5)

    def test_the_likelihood_ratio_over_a_line(self, shape):
        found = sw.leaving_baselines(clinic(), "srs", ["base"]).set_index("baseline").loc[shape]
        if shape in ("linear", "steps"):
            assert np.isnan(found["p"])
            return
        statistic = 2 * (SAID[shape]["loglik"] - SAID["linear"]["loglik"])
        assert found["statistic"] == pytest.approx(statistic, abs=1e-7)
        assert found["p"] == pytest.approx(stats.chi2.sf(statistic, 2), rel=1e-6)


def test_steps_begin_where_r_has_them():
    at_risk = with_baseline(scored_decisions(clinic(), "srs"), USED, "steps")[0]
    labels = at_risk.frame["session_step"].cat.categories
    assert [int(label.split("–")[0].split()[0]) for label in labels] == SAID["starts"]


@pytest.mark.parametrize(
    "name",
    [
        "therapist",
        "unplanned",
        "landmark_change",
        "landmark_since_last",
        "landmark_slope_to_date",
    ],
)
class TestARandomTherapist:
    def test_rows_and_likelihood(self, name):
        assert question(name).rows.used == SAID[name]["rows"]
        assert question(name).loglik == pytest.approx(SAID[name]["loglik"], abs=1e-8)

    def test_estimates_and_errors(self, name):
        table, said = question(name).estimates, SAID[name]
        errors = np.array(list(said["se"].values()))
        apart = (table["estimate"] - list(said["estimate"].values())) / errors
        np.testing.assert_allclose(apart, 0, atol=1e-6)
        np.testing.assert_allclose(table["std_error"], errors, rtol=1e-6)
        assert question(name).variances["variance"].item() == pytest.approx(
            said["variances"][0]["variance"], rel=2e-6
        )

    def test_limits_are_by_t_on_therapists_less_two(self, name):
        table, many = question(name).estimates, question(name).rows.therapists
        errors = np.array(list(SAID[name]["se"].values()))
        half = stats.t.ppf(0.975, many - 2) * errors
        np.testing.assert_allclose(table["high"] - table["estimate"], half, rtol=1e-5)


def test_planned_endings_without_a_difference_between_therapists_have_clustered_errors():
    """glmmTMB's standard deviation of therapists ends at 5e-7 here; ours is zero and taken out."""
    fit, said = sw.alliance_and_endings(clinic(), "srs", ["base"]).planned, SAID["planned_plain"]
    assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
    np.testing.assert_allclose(
        fit.estimates["estimate"], list(said["estimate"].values()), rtol=1e-6
    )
    np.testing.assert_allclose(fit.estimates["std_error"], list(said["cr2"].values()), rtol=1e-5)
    assert fit.rows.used == said["rows"]


class TestTheTherapistsShare:
    @pytest.fixture(scope="class")
    @classmethod
    def found(cls):
        return sw.therapists_and_leaving(clinic(), ["base"])

    def test_limits_are_those_of_the_profile(self, found):
        """lme4 profiles the standard deviation; the share is a function of it."""
        said, residual = SAID["profile"], RESIDUALS["cloglog"]
        for share, sd in (
            (found.share, said["sd"]),
            (found.share_low, said["low"]),
            (found.share_high, said["high"]),
        ):
            assert np.sqrt(share * residual / (1 - share)) == pytest.approx(sd, rel=1e-6)

    def test_p_is_half_that_of_chi_square(self, found):
        """lme4 leaves a constant out of the likelihood with quadrature, so one is by Laplace."""
        none = sw.glm(
            "left_unplanned ~ first_session + session + base",
            found.fit.solution.used,
            link="cloglog",
        )
        assert none.loglik == pytest.approx(SAID["profile"]["loglik_none"], abs=1e-8)
        statistic = 2 * (found.fit.loglik - none.loglik)
        assert found.p == pytest.approx(stats.chi2.sf(statistic, 1) / 2, rel=1e-4)

    def test_modes_in_order(self, found):
        said = SAID["profile"]
        np.testing.assert_allclose(found.therapists["mode"], said["modes"], atol=5e-6)
        np.testing.assert_allclose(found.therapists["std_error"], said["errors"], rtol=1e-2)
        assert pd.Series(found.therapists["rank"]).tolist() == list(range(1, 31))
