"""Mixed models at their boundary: a variance of zero, a correlation of one."""

import numpy as np
import pandas as pd
import pytest
from mixed_rows import NESTED, TOGETHER, clinic, level_out

from sessionwise.models.mixed_model import mixed


class TestAVarianceOfZero:
    def test_is_taken_out_named_and_refitted(self):
        rows = level_out(clinic(), "therapist")
        fit = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows)
        assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert fit.health.sound
        assert fit.recipe.formula == "ors ~ session + (1 | client)"
        assert fit.variances["group"].tolist() == ["client", "Residual"]

    def test_the_fit_is_that_of_the_model_without_it(self):
        rows = level_out(clinic(), "therapist")
        with_it = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows)
        without = mixed("ors ~ session + (1 | client)", rows)
        pd.testing.assert_frame_equal(with_it.estimates, without.estimates)
        assert with_it.loglik == without.loglik

    @pytest.mark.parametrize("factor", [0.05, 1, 1e4])
    def test_at_any_scale(self, factor):
        rows = level_out(clinic(), "therapist")
        fit = mixed(NESTED, rows.assign(ors=rows["ors"] * factor))
        assert len(fit.health.dropped) == 1

    def test_a_slope(self):
        rows = clinic(slope=0.0, seed=8)
        trend = rows.groupby("client")[["session", "ors"]].transform(lambda x: x - x.mean())
        own = (trend["session"] * trend["ors"]).groupby(rows["client"]).transform("sum") / 17.5
        rows["ors"] -= own * trend["session"]  # no client changes at all
        fit = mixed("ors ~ 1 + (1 + session || client)", rows)
        assert fit.health.dropped == ("(0 + session | client): its variance was estimated as zero",)
        assert fit.recipe.formula == "ors ~ 1 + (1 | client)"

    def test_of_every_term_leaves_ordinary_regression(self):
        rows = level_out(clinic(slope=0.0), "client")
        fit = mixed("ors ~ srs + (1 | client)", rows)
        X = np.column_stack([np.ones(len(rows)), rows["srs"]])
        beta, rss, _, _ = np.linalg.lstsq(X, rows["ors"], rcond=None)
        df = len(rows) - 2
        np.testing.assert_allclose(fit.estimates["estimate"], beta, rtol=1e-10)
        np.testing.assert_allclose(
            fit.estimates["std_error"],
            np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * rss[0] / df),
            rtol=1e-10,
        )
        assert fit.estimates["df"].tolist() == [df, df]
        assert fit.recipe.kind == "linear model"
        assert fit.rows.clients == 72

    def test_of_a_slope_that_might_have_gone_with_the_level(self):
        rows = clinic(slope=0.0, seed=8)
        trend = rows.groupby("client")[["session", "ors"]].transform(lambda x: x - x.mean())
        own = (trend["session"] * trend["ors"]).groupby(rows["client"]).transform("sum") / 17.5
        rows["ors"] -= own * trend["session"]
        fit = mixed("ors ~ 1 + (session | client)", rows)
        assert fit.health.dropped == ("(0 + session | client): its variance was estimated as zero",)
        assert fit.health.sound
        assert fit.loglik == mixed("ors ~ 1 + (1 | client)", rows).loglik

    def test_of_a_therapist_beside_clients_whose_level_and_slope_go_together(self):
        fit = mixed(TOGETHER, level_out(clinic(), "therapist"))
        assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert fit.recipe.formula == "ors ~ session + srs + (1 + session | client)"
        assert fit.variances["term2"].tolist() == ["", "", "session", ""]


@pytest.fixture(scope="module")
def lines_through_one_point():
    """Who starts higher rises more, and by as much as the level says: at session −5 all are one."""
    rows = clinic(slope=0.0, between_therapists=0.0)
    level = rows.groupby("client")["ors"].transform("mean") - rows["ors"].mean()
    return rows.assign(ors=rows["ors"] + 0.2 * level * rows["session"])


class TestAPerfectCorrelation:
    @pytest.mark.parametrize("factor", [0.05, 1, 1e4])
    def test_is_singular_and_named_at_any_scale(self, lines_through_one_point, factor):
        rows = lines_through_one_point
        fit = mixed("ors ~ session + (session | client)", rows.assign(ors=rows["ors"] * factor))
        assert fit.health.singular == ("the correlation of (1 + session | client)",)
        assert fit.health.converged and not fit.health.sound
        assert fit.health.dropped == ()
        assert fit.variances["correlation"].dropna().tolist() == pytest.approx([1], abs=1e-6)

    def test_from_wherever_it_is_counted(self, lines_through_one_point):
        rows = lines_through_one_point
        moved = rows.assign(session=rows["session"] - 3.5)
        fit = mixed("ors ~ session + (session | client)", moved)
        assert fit.health.singular == ("the correlation of (1 + session | client)",)

    def test_is_far_more_likely_than_independence(self, lines_through_one_point):
        """The boundary is where the likelihood leads, not where a search got stuck."""
        rows = lines_through_one_point
        fit = mixed("ors ~ session + (session | client)", rows)
        apart = mixed("ors ~ session + (1 + session || client)", rows)
        assert fit.loglik > apart.loglik + 1
