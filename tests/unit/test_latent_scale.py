"""Latent shares, median ratios and averages over the population are what they are said to be."""

import numpy as np
import pandas as pd
import pytest
from outcome_rows import alike, clinic
from scipy import integrate, special, stats

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed

RESIDUAL = {"logit": np.pi**2 / 3, "cloglog": np.pi**2 / 6, "probit": 1.0}
TEXT = "came ~ session + modality + (1 | client) + (1 | therapist)"


def fitted(link="logit", text=TEXT, **how):
    return mixed(text, clinic(clients=60, sd=1.2), family="binomial", link=link, **how)


@pytest.mark.parametrize("link", RESIDUAL)
def test_shares(link):
    fit = fitted(link)
    variance = fit.variances.set_index("group")["variance"]
    table = fit.latent_shares().set_index("group")
    np.testing.assert_allclose(table["share"], variance / (variance.sum() + RESIDUAL[link]))
    assert (table["low"] < table["share"]).all()
    assert (table["share"] < table["high"]).all()
    assert table["low"].min() > 0
    assert table["high"].max() < 1


def test_the_residual_variances_are_those_of_the_distributions():
    assert RESIDUAL["logit"] == pytest.approx(stats.logistic.var())
    assert RESIDUAL["cloglog"] == pytest.approx(stats.gumbel_l.var())
    assert RESIDUAL["probit"] == pytest.approx(stats.norm.var())


def test_the_error_of_a_share_is_that_of_its_variance():
    """One factor: the error of log variance, from the likelihood itself by differences."""
    fit = fitted(text="came ~ session + (1 | client)")
    solution = fit.solution
    covariance = solution.summit.covariance
    sd, at = float(solution.theta[2]), float(fit.latent_shares()["share"].iloc[0])
    of_log_variance = 2 * np.sqrt(covariance[2, 2]) / sd
    table = fit.latent_shares().iloc[0]
    assert table["std_error"] == pytest.approx(at * (1 - at) * of_log_variance, rel=1e-6)


def test_with_slopes_the_variance_is_the_mean_over_the_rows():
    rows = clinic(clients=60, sd=1.2)
    rows["session"] -= rows["session"].mean()
    fit = mixed("came ~ session + (1 + session || client)", rows, family="binomial", zero="keep")
    level, slope = fit.variances["variance"]
    whole = level + slope * np.mean(rows["session"] ** 2)
    share = fit.latent_shares()["share"].iloc[0]
    assert share == pytest.approx(whole / (whole + RESIDUAL["logit"]), rel=1e-9)


def test_median_ratio_is_the_median_of_drawn_pairs():
    fit = fitted("cloglog", text="came ~ session + (1 | client)")
    table = fit.median_ratios().iloc[0]
    pair = np.random.default_rng(1).normal(0, fit.variances["sd"].iloc[0], (400_000, 2))
    drawn = np.median(np.exp(np.abs(pair[:, 0] - pair[:, 1])))
    assert table["estimate"] == pytest.approx(drawn, rel=0.01)
    assert table["ratio"] == "median hazard ratio"
    assert 1 < table["low"] < table["estimate"] < table["high"]


def test_what_there_is_not():
    with pytest.raises(Refused, match="no ratio"):
        fitted("probit").median_ratios()
    counts = mixed("crises ~ session + (1 | client)", clinic(), family="poisson")
    with pytest.raises(Refused, match="Ask median_ratios"):
        counts.latent_shares()


class TestPopulationAverage:
    def test_of_one_row_is_the_integral(self):
        fit = fitted()
        row = pd.DataFrame({"session": [2], "modality": ["video"]})
        eta = fit.estimates["estimate"].to_numpy() @ [1, 2, 1]
        sd = np.sqrt(fit.variances["variance"].sum())
        said = integrate.quad(
            lambda u: special.expit(eta + sd * u) * stats.norm.pdf(u), -9, 9, epsabs=1e-12
        )[0]
        found = fit.population_average(row).iloc[0]
        assert found["estimate"] == pytest.approx(said, abs=1e-8)
        assert abs(said - 0.5) < abs(special.expit(eta) - 0.5)

    def test_probit_and_counts_in_closed_form(self):
        row = pd.DataFrame({"session": [3], "modality": ["video"]})
        fit = fitted("probit")
        eta = fit.estimates["estimate"].to_numpy() @ [1, 3, 1]
        whole = np.sqrt(1 + fit.variances["variance"].sum())
        found = fit.population_average(row)["estimate"].iloc[0]
        assert found == pytest.approx(stats.norm.cdf(eta / whole), abs=1e-8)
        counts = mixed("crises ~ session + modality + (1 | client)", clinic(), family="poisson")
        eta = counts.estimates["estimate"].to_numpy() @ [1, 3, 1]
        found = counts.population_average(row)["estimate"].iloc[0]
        assert found == pytest.approx(np.exp(eta + counts.variances["variance"].iloc[0] / 2))

    def test_by_a_column_sets_all_rows_to_each_of_its_values(self):
        fit = fitted()
        by = fit.population_average(by="modality").set_index("modality")
        for value in ("in person", "video"):
            alone = fit.population_average(fit.solution.used.assign(modality=value)).iloc[0]
            np.testing.assert_allclose(by.loc[value], alone)
        assert by.loc["video", "estimate"] != by.loc["in person", "estimate"]

    def test_its_mean_is_about_what_was_observed(self):
        fit = fitted()
        found = fit.population_average().iloc[0]
        assert found["low"] < fit.solution.used["came"].mean() < found["high"]

    def test_categories_add_up_to_one(self):
        fit = mixed("rating ~ session + modality + (1 | client)", clinic(), family="ordinal")
        table = fit.population_average(by="modality")
        np.testing.assert_allclose(table.groupby("modality")["estimate"].sum(), 1)
        row = pd.DataFrame({"session": [1], "modality": ["video"]})
        eta = fit.estimates["estimate"].to_numpy() @ [1, 1]
        first = fit.further["estimate"].iloc[0]
        sd = fit.variances["sd"].iloc[0]
        said = integrate.quad(
            lambda u: special.expit(first - eta - sd * u) * stats.norm.pdf(u), -9, 9
        )[0]
        assert fit.population_average(row)["estimate"].iloc[0] == pytest.approx(said, abs=1e-7)

    def test_limits_of_an_intercept_alone_are_those_of_its_error(self):
        """Without a variance the average is the inverse link of the intercept."""
        fit = mixed("came ~ 1 + (1 | client)", alike(clinic()), family="binomial")
        assert fit.health.dropped
        found, level = fit.population_average().iloc[0], fit.term("Intercept")
        for name in ("low", "high"):
            assert special.logit(found[name]) == pytest.approx(level[name], rel=1e-5)

    def test_refusals(self):
        fit = fitted()
        with pytest.raises(InvalidInput, match="there is no column `modalty`"):
            fit.population_average(by="modalty")
        with pytest.raises(Refused, match="60 values"):
            fit.population_average(by="client")
