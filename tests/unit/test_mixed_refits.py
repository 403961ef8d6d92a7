"""A mixed fit draws responses of its rows, is fitted to them again, and bootstraps itself."""

import numpy as np
import pandas as pd
import pytest
from clinics_of_deviations import clinic

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed
from sessionwise.models.parametric_bootstrap import bootstrap

FORMULA = "ors ~ session + srs + (1 + session | client) + (1 | therapist)"
SAME = 1e-8  # of a value; two searches end this near to one another


@pytest.fixture(scope="module")
def rows():
    made = clinic()
    made.index = made.index + 100
    made.loc[[105, 200], "srs"] = np.nan
    return made


@pytest.fixture(scope="module")
def fit(rows):
    return mixed(FORMULA, rows, df="satterthwaite")


@pytest.fixture(scope="module")
def made(fit):
    return bootstrap(fit, draws=120, seed=3)


def values(fit):
    spread = fit.variances
    return np.concatenate(
        [fit.estimates["estimate"], spread["sd"].dropna(), spread["correlation"].dropna()]
    )


class TestSimulate:
    def test_the_rows_are_those_of_the_model(self, fit, rows):
        drawn = fit.simulate(2)
        assert drawn.index.equals(rows.dropna().index)
        assert drawn.columns.tolist() == [0, 1]

    def test_a_draw_is_the_same_however_many_are_asked_for(self, fit):
        pd.testing.assert_series_equal(fit.simulate(5, seed=4)[3], fit.simulate(4, seed=4)[3])
        assert not np.allclose(fit.simulate(seed=4), fit.simulate(seed=5))

    def test_their_covariance_is_that_of_the_model(self, fit):
        """20,000 draws of the rows of one client and of another of the same therapist."""
        draws = 20_000
        frame = fit.solution.used
        both = frame[frame["client"].isin([0, 10])]
        places = frame.index.get_indexer(both.index)
        drawn = fit.simulate(draws).to_numpy()[places]
        z = np.column_stack([np.ones(len(both)), both["session"]])
        same = both["client"].to_numpy()[:, None] == both["client"].to_numpy()
        of_client = fit.solution.deviation_covariance[:2, :2]
        v = (z @ of_client @ z.T) * same + fit.variances["variance"][3]
        v = v + fit.variances["variance"].iloc[-1] * np.eye(len(both))
        error = np.sqrt((v**2 + np.outer(np.diag(v), np.diag(v))) / draws)
        assert np.abs((np.cov(drawn) - v) / error).max() < 4.5
        mean = fit.solution.made.matrix[places] @ fit.estimates["estimate"].to_numpy()
        assert np.abs((drawn.mean(axis=1) - mean) / np.sqrt(np.diag(v) / draws)).max() < 4

    def test_no_draws_are_refused(self, fit):
        with pytest.raises(InvalidInput, match="0 draws"):
            fit.simulate(0)


class TestRefit:
    def test_its_own_response_gives_the_fit_again(self, fit, rows):
        again = fit.refit(rows.dropna()["ors"])
        assert again.loglik == pytest.approx(fit.loglik, abs=1e-9)
        np.testing.assert_allclose(values(again), values(fit), rtol=1e-6)

    @pytest.mark.parametrize("df", ["satterthwaite", "kenward-roger", "containment"])
    def test_another_response_gives_what_a_fit_from_the_start_gives(self, rows, df):
        fit = mixed(FORMULA, rows, df=df)
        drawn = fit.simulate(seed=2)[0]
        new = mixed(FORMULA, rows.dropna().assign(ors=drawn), df=df, zero="keep")
        again = fit.refit(drawn)
        assert again.loglik == pytest.approx(new.loglik, abs=1e-9)
        pd.testing.assert_frame_equal(again.estimates, new.estimates, rtol=1e-5)
        pd.testing.assert_frame_equal(again.variances, new.variances, rtol=1e-5)
        assert again.recipe == new.recipe
        assert again.scales == pytest.approx(new.scales)

    def test_a_variance_of_zero_stays_and_is_named(self, fit):
        frame = fit.solution.used
        drawn = fit.simulate(seed=8)[0]
        mean = drawn.groupby(frame["therapist"]).transform("mean")
        again = fit.refit(drawn - mean)
        assert again.health.singular == ("the variance of (1 | therapist)",)
        assert len(again.variances) == len(fit.variances)

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda y: y.iloc[1:].to_numpy(), "shape"),
            (lambda y: y.reset_index(drop=True), "index"),
            (lambda y: y.where(y.index != 300).to_numpy(), "finite"),
            (lambda y: y.astype(str).to_numpy(), "finite"),
        ],
    )
    def test_what_is_no_response_is_refused(self, fit, spoil, said):
        with pytest.raises(InvalidInput, match=said):
            fit.refit(spoil(fit.simulate()[0]))

    def test_a_response_that_the_fixed_terms_give_exactly_is_refused(self, fit):
        with pytest.raises(Refused, match="exactly"):
            fit.refit(2.0 * fit.solution.used["session"])


class TestBootstrap:
    def test_its_draws_are_refits_of_simulated_responses(self, fit, made):
        drawn = fit.simulate(120, seed=3)
        order = [
            *fit.estimates["term"],
            *("sd(Intercept | client)", "sd(session | client)", "sd(Intercept | therapist)"),
            *("sd(Residual)", "cor(Intercept, session | client)"),
        ]
        assert sorted(made.draws) == sorted(order)
        for number in (0, 17, 119):
            np.testing.assert_allclose(
                made.draws.loc[number, order], values(fit.refit(drawn[number])), rtol=SAME
            )

    def test_percentile_limits_are_quantiles(self, made):
        limits = made.intervals(0.9).set_index("term")
        low, high = np.quantile(made.draws["session"], [0.05, 0.95])
        assert limits.loc["session", ["low", "high"]].tolist() == pytest.approx([low, high])

    def test_basic_limits_mirror_them(self, fit, made):
        one = made.intervals().set_index("term").loc["sd(Residual)"]
        other = made.intervals(kind="basic").set_index("term").loc["sd(Residual)"]
        residual = fit.variances["sd"].iloc[-1]
        assert one["low"] + other["high"] == pytest.approx(2 * residual)
        assert one["high"] + other["low"] == pytest.approx(2 * residual)

    def test_the_estimates_vary_as_their_errors_say(self, fit, made):
        """120 draws tell a standard deviation within 6.5 %: four times that."""
        ratio = made.draws[fit.estimates["term"]].std().to_numpy() / fit.estimates["std_error"]
        assert np.abs(np.log(ratio)).max() < 0.26

    def test_singular_draws_are_counted_and_kept(self):
        rows = clinic(6, between_therapists=0.6)
        fit = mixed("ors ~ 1 + (1 | client) + (1 | therapist)", rows, zero="keep")
        made = bootstrap(fit, draws=60)
        zero = made.draws["sd(Intercept | therapist)"] < 1e-3 * made.draws["sd(Residual)"]
        assert made.singular == zero.sum() > 0
        assert made.refused == 0
        assert len(made.draws) == 60

    def test_few_draws_give_no_limits(self, fit):
        few = bootstrap(fit, draws=2)
        assert "2 draws" in repr(few)
        with pytest.raises(InvalidInput, match="too few"):
            few.intervals()

    @pytest.mark.parametrize("choice", [{"kind": "bca"}, {"level": 1.0}])
    def test_limits_that_are_none_are_refused(self, made, choice):
        with pytest.raises(InvalidInput):
            made.intervals(**choice)
