"""Generalised linear models and their cluster errors agree with R's glm and clubSandwich."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessionwise.models.formulas import design
from sessionwise.models.generalized_linear import glm

CLOSE = 1e-6  # the project's bound; what is reached is about 1e-8
CR2_CLOSE = 1e-5
LEAVING = "unplanned ~ session + srs34 + base"
SAID = json.loads((Path(__file__).parent / "r/glm.json").read_text(encoding="utf-8"))


def agree(fit, said, column, bound=CLOSE, what="std_error"):
    np.testing.assert_allclose(
        fit.estimates["estimate"], list(said["estimate"].values()), rtol=CLOSE
    )
    np.testing.assert_allclose(fit.estimates[what], list(said[column].values()), rtol=bound)
    # log-likelihoods are written with 10 decimals
    assert fit.loglik == pytest.approx(said["loglik"], abs=1e-8)


class TestTheHazardOfLeaving:
    def test_rows_and_events(self, decisions, expected):
        rows, said = glm(LEAVING, decisions).rows, expected["hazard_rows"]
        assert rows.used == said["rows"]
        assert rows.events == said["events_unplanned"]
        assert rows.events + rows.events_lost == said["events_unplanned_all"]
        assert rows.left_out == (("srs34 missing", len(decisions) - said["rows"]),)

    @pytest.mark.parametrize("link", ["logit", "cloglog"])
    def test_model_errors(self, decisions, expected, link):
        fit = glm(LEAVING, decisions, link=link)
        agree(fit, expected[f"hazard_{link}"], "se")
        assert np.isinf(fit.estimates["df"]).all()

    @pytest.mark.parametrize("link", ["logit", "cloglog"])
    @pytest.mark.parametrize(
        ("errors", "column", "bound"),
        [("CR0", "cluster_se_therapist", CLOSE), ("CR2", "cr2_se_therapist", CR2_CLOSE)],
    )
    def test_errors_by_therapist(self, decisions, expected, link, errors, column, bound):
        fit = glm(LEAVING, decisions, link=link, cluster="therapist", errors=errors)
        agree(fit, expected[f"hazard_{link}"], column, bound)
        assert fit.estimates["df"].tolist() == [29.0] * 4
        assert fit.recipe.reference == "t with G−1 = 29 df"

    def test_cr1_is_cr0_enlarged(self, decisions, expected):
        fit = glm(LEAVING, decisions, cluster="therapist", errors="CR1")
        enlarged = {
            term: error * (30 / 29) ** 0.5
            for term, error in expected["hazard_logit"]["cluster_se_therapist"].items()
        }
        agree(fit, {**expected["hazard_logit"], "enlarged": enlarged}, "enlarged")


@pytest.fixture
def frames(clinic, decisions):
    by_client = clinic.groupby("client")
    per_client = by_client.first()[["base", "therapist"]].assign(sessions=by_client.size())
    per_client["first"] = (per_client["therapist"] == 1).astype(int)
    return {"per_client": per_client, "clinic": clinic, "decisions": decisions}


class TestOtherFamilies:
    @pytest.mark.parametrize(
        ("entry", "formula", "frame", "family", "link"),
        [
            ("probit", LEAVING, "decisions", "binomial", "probit"),
            ("poisson", "sessions ~ base", "per_client", "poisson", "log"),
            ("gaussian", "ors ~ session + srs + base", "clinic", "gaussian", "identity"),
            # `first` is 1 for all clients of one therapist and 0 elsewhere: the adjustment of CR2
            # is singular in that cluster, and the generalised inverse is what agrees.
            ("one_cluster_term", "sessions ~ base + first", "per_client", "poisson", "log"),
        ],
    )
    def test_model_cr0_and_cr2(self, frames, entry, formula, frame, family, link):
        said, data = SAID[entry], frames[frame]
        agree(glm(formula, data, family, link), said, "se")
        for errors, column, bound in (("CR0", "cr0", CLOSE), ("CR2", "cr2", CR2_CLOSE)):
            fit = glm(formula, data, family, link, cluster="therapist", errors=errors)
            agree(fit, said, column, bound)
            assert fit.rows.used == said["rows"]


class TestTransforms:
    said = SAID["transforms"]
    frame = pd.DataFrame({"x": SAID["transforms"]["x"], "y": SAID["transforms"]["y"]}, dtype=float)

    def test_poly_is_rs(self):
        matrix = design("y ~ poly(x, 2)", self.frame).matrix[:, 1:]
        np.testing.assert_allclose(matrix, self.said["poly"], atol=1e-11)

    def test_bs_is_rs(self):
        matrix = design("y ~ bs(x, df=5)", self.frame).matrix[:, 1:]
        np.testing.assert_allclose(matrix, self.said["bs"], atol=1e-11)

    def test_ns_fits_the_curve_r_fits(self):
        made = design("y ~ ns(x, df=3)", self.frame)
        fitted = made.matrix @ np.linalg.lstsq(made.matrix, made.response, rcond=None)[0]
        np.testing.assert_allclose(fitted, self.said["ns_fitted"], rtol=1e-10)
