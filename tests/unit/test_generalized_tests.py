"""Tests of a generalised mixed fit: a Wald χ², and a likelihood ratio on its boundary."""

import numpy as np
import pytest
from outcome_rows import alike, clinic
from scipy import stats

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed

TEXT = "came ~ session + modality + (1 | client) + (1 | therapist)"


@pytest.fixture(scope="module")
def fit():
    return mixed(TEXT, clinic(clients=60), family="binomial")


def test_of_one_term_is_its_z_squared(fit):
    test, row = fit.test("session"), fit.term("session")
    assert test.statistic == pytest.approx(row["statistic"] ** 2)
    assert test.p == pytest.approx(row["p"])
    assert test.df == 1


def test_of_several_terms_is_of_their_covariance(fit):
    test = fit.test("session", "modality")
    value = fit.estimates["estimate"].to_numpy()[1:]
    assert test.statistic == pytest.approx(value @ np.linalg.inv(fit.covariance[1:, 1:]) @ value)
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, 2))


def test_of_a_variance_is_the_ratio_to_the_model_without(fit):
    smaller = mixed(TEXT.replace(" + (1 | therapist)", ""), clinic(clients=60), family="binomial")
    test = fit.test("(1 | therapist)")
    assert test.statistic == pytest.approx(2 * (fit.loglik - smaller.loglik), abs=1e-7)
    assert test.statistic > 0
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, 1) / 2)
    assert "½" in test.note


def test_of_all_variances_is_the_ratio_to_a_model_of_rows():
    rows = clinic(clients=60)
    fit = mixed("crises ~ session + (1 | client)", rows, family="poisson", quadrature=7)
    test = fit.test("(1 | client)")
    assert test.name == "likelihood ratio (7 nodes)"
    assert test.p < 1e-10
    nothing = mixed("came ~ session + (1 | client)", alike(rows), family="binomial", zero="keep")
    assert nothing.test("(1 | client)").statistic == pytest.approx(0, abs=1e-7)
    assert nothing.test("(1 | client)").p == pytest.approx(1, abs=1e-3)


def test_refusals(fit):
    with pytest.raises(InvalidInput, match="mixed kinds"):
        fit.test("session", "(1 | client)")
    with pytest.raises(InvalidInput, match="Did you mean 'session'"):
        fit.test("sesion")
    with pytest.raises(InvalidInput, match="no deviation"):
        fit.test("(0 + session | client)")
    weak = mixed(TEXT, clinic(clients=60), family="binomial", prior="weak")
    with pytest.raises(Refused, match="without one"):
        weak.test("(1 | client)")
