"""Mixed models: what they collapse to, and what must not matter to them."""

import numpy as np
import pandas as pd
import pytest
from mixed_rows import NESTED, TOGETHER, clinic

from sessionwise.models.mixed_model import mixed


class TestWhatItBecomes:
    def test_balanced_reml_is_the_analysis_of_variance(self):
        rows = clinic(slope=0.0)
        means = rows.groupby("client")["ors"].mean()
        within = (rows["ors"] - rows.groupby("client")["ors"].transform("mean")) ** 2
        residual = within.sum() / (len(rows) - len(means))
        fit = mixed("ors ~ 1 + (1 | client)", rows)
        said = [means.var(ddof=1) - residual / 6, residual]
        # an optimiser in a log variance, stopped at a slope of 1e-8
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-8)
        assert fit.term("Intercept")["estimate"] == pytest.approx(rows["ors"].mean(), rel=1e-12)
        assert fit.term("Intercept")["std_error"] == pytest.approx(
            np.sqrt(means.var(ddof=1) / len(means)), rel=1e-8
        )

    def test_the_within_coefficient_is_that_of_client_dummies(self):
        rows = clinic().sample(frac=0.7, random_state=2)  # unbalanced
        by_client = rows.groupby("client")
        for name in ("srs", "session"):
            rows[f"{name}_between"] = by_client[name].transform("mean")
            rows[f"{name}_within"] = rows[name] - rows[f"{name}_between"]
        fit = mixed(
            "ors ~ srs_within + session_within + srs_between + session_between + (1 | client)", rows
        )
        dummies = pd.get_dummies(rows["client"]).to_numpy(float)
        X = np.column_stack([rows[["srs", "session"]], dummies])
        said = np.linalg.lstsq(X, rows["ors"], rcond=None)[0][:2]
        np.testing.assert_allclose(fit.estimates["estimate"].iloc[1:3], said, rtol=1e-10)

    def test_two_terms_of_one_factor_are_one_with_two_bars(self):
        rows = clinic()
        one = mixed("ors ~ session + (1 + session || client)", rows)
        two = mixed("ors ~ session + (1 | client) + (0 + session | client)", rows)
        assert one.loglik == two.loglik
        assert one.recipe.formula == two.recipe.formula

    def test_balanced_growth_is_the_spread_of_clients_own_lines(self):
        """Each client's least-squares line has the covariance of the lines plus that of its error.

        For one set of times, REML is that equation solved (Laird & Ware 1982, section 3), as long
        as what it gives is a covariance.
        """
        rows = clinic(therapists=6, clients=10, slope=0.8)
        times = np.column_stack([np.ones(6), np.arange(1.0, 7)])
        scores = rows["ors"].to_numpy().reshape(-1, 6).T
        lines, left = np.linalg.lstsq(times, scores, rcond=None)[:2]
        residual = left.sum() / (left.size * 4)
        spread = np.cov(lines) - residual * np.linalg.inv(times.T @ times)
        fit = mixed("ors ~ session + (session | client)", rows)
        said = [spread[0, 0], spread[1, 1], spread[0, 1], residual]
        # Newton stops at a slope of 1e-8 of a likelihood whose curvature is tens
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-7)
        np.testing.assert_allclose(fit.estimates["estimate"], lines.mean(axis=1), rtol=1e-9)
        errors = np.sqrt(np.diag(np.cov(lines)) / left.size)
        np.testing.assert_allclose(fit.estimates["std_error"], errors, rtol=1e-7)

    def test_a_slope_with_one_bar_brings_its_intercept(self):
        rows = clinic()
        one = mixed("ors ~ session + (session | client)", rows)
        other = mixed("ors ~ session + (1 + session | client)", rows)
        pd.testing.assert_frame_equal(one.variances, other.variances)
        assert one.recipe.formula == "ors ~ session + (1 + session | client)"
        assert one.recipe.notes == ("Differences in level and in slope may go together.",)

    def test_what_may_go_together_fits_no_worse(self):
        rows = clinic()
        free, held = mixed(TOGETHER, rows), mixed(NESTED, rows)
        assert free.loglik >= held.loglik
        correlation = free.variances["correlation"].dropna()
        assert len(correlation) == 1 and correlation.abs().max() < 1
        assert held.variances["correlation"].isna().all()


class TestWhatMustNotMatter:
    @pytest.fixture(params=[NESTED, "ors ~ session + srs + (1 + session || client)", TOGETHER])
    def formula(self, request):
        return request.param

    @pytest.mark.parametrize("factor", [0.05, 1e4])
    def test_the_scale_of_the_outcome(self, formula, factor):
        rows = clinic()
        one, other = mixed(formula, rows), mixed(formula, rows.assign(ors=rows["ors"] * factor))
        for column in ("estimate", "std_error", "low", "high"):
            np.testing.assert_allclose(
                other.estimates[column], factor * one.estimates[column], rtol=1e-7
            )
        np.testing.assert_allclose(
            other.variances["variance"], factor**2 * one.variances["variance"], rtol=1e-6
        )
        for what in ("converged", "singular", "dropped", "optimiser", "warnings"):
            assert getattr(other.health, what) == getattr(one.health, what)

    def test_a_small_share_of_variance_is_no_boundary_at_any_scale(self):
        rows = clinic(seed=5, therapists=30, clients=20, between_therapists=0.4)
        for factor in (1, 0.05):
            fit = mixed(NESTED, rows.assign(ors=rows["ors"] * factor))
            shares = fit.variances["variance"] / fit.variances["variance"].sum()
            assert shares.iloc[2] < 0.03
            assert fit.health.sound
            assert fit.health.warnings == ()

    def test_the_scale_and_place_of_a_predictor(self, formula):
        rows = clinic()
        one = mixed(formula, rows)
        other = mixed(formula, rows.assign(srs=1e5 + 1e-3 * rows["srs"]))
        assert other.term("srs")["estimate"] == pytest.approx(
            1e3 * one.term("srs")["estimate"], rel=1e-7
        )
        assert other.term("srs")["statistic"] == pytest.approx(
            one.term("srs")["statistic"], rel=1e-7
        )

    def test_the_unit_of_the_slope(self):
        rows = clinic()
        one = mixed(NESTED, rows)
        other = mixed(NESTED, rows.assign(session=rows["session"] * 7))  # days for weeks
        np.testing.assert_allclose(
            other.variances["variance"], one.variances["variance"] / [1, 49, 1, 1], rtol=1e-6
        )

    @pytest.mark.parametrize(("per", "zero"), [(7, 0), (1, 2000), (1 / 30, -5)])
    def test_where_and_in_what_a_slope_is_counted(self, per, zero):
        """A line at another zero has another level: b₀ + c b₁, whose variance follows."""
        rows = clinic()
        one = mixed(TOGETHER, rows)
        other = mixed(TOGETHER, rows.assign(session=rows["session"] * per + zero))
        assert other.loglik == pytest.approx(one.loglik - np.log(per), abs=1e-6)
        np.testing.assert_allclose(
            other.estimates["std_error"].iloc[1:], one.estimates["std_error"].iloc[1:] / [per, 1],
            rtol=1e-6,
        )  # fmt: skip
        level, slope, both = one.variances["variance"].iloc[:3]
        slope, both = slope / per**2, both / per
        level, both = level - 2 * zero * both + zero**2 * slope, both - zero * slope
        # counted from 2000 sessions away a level is six digits larger than what is known of it
        np.testing.assert_allclose(
            other.variances["variance"].iloc[:3], [level, slope, both], rtol=1e-5
        )

    def test_the_order_of_rows_and_the_names_of_clients(self, formula):
        rows = clinic()
        renamed = rows.assign(
            client=("c" + (997 * rows["client"] % 1009).astype(str)).astype("str"),
            therapist=-rows["therapist"],
        ).sample(frac=1, random_state=4)
        one, other = mixed(formula, rows), mixed(formula, renamed)
        np.testing.assert_allclose(
            other.estimates["std_error"], one.estimates["std_error"], rtol=1e-9
        )
        assert other.loglik == pytest.approx(one.loglik, abs=1e-8)

    def test_the_frame_is_left_as_it_was(self):
        rows = clinic()
        before = rows.copy()
        mixed(NESTED, rows)
        pd.testing.assert_frame_equal(rows, before)


class TestWhatIsReported:
    def test_rows_left_out_are_counted(self):
        rows = clinic()
        rows.loc[:9, "srs"] = np.nan
        rows.loc[5:14, "ors"] = np.nan
        fit = mixed(NESTED, rows)
        assert fit.rows.left_out == (("ors missing", 10), ("srs missing", 5))
        assert fit.rows.used == 432 - 15
        assert (fit.rows.clients, fit.rows.therapists) == (70, 8)

    def test_anything_with_a_frame_is_taken(self):
        class Holder:
            frame = clinic()

        assert mixed(NESTED, Holder()).rows.used == 432

    def test_variances_and_standard_deviations(self):
        fit = mixed(NESTED, clinic())
        assert fit.variances["group"].tolist() == ["client", "client", "therapist", "Residual"]
        assert fit.variances["term1"].tolist() == ["Intercept", "session", "Intercept", ""]
        np.testing.assert_allclose(fit.variances["sd"] ** 2, fit.variances["variance"])
        assert set(fit.scales) == {"ors", "session", "srs"}
