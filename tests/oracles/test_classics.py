"""Mixed models of well-known data sets agree with lme4, and their df with lmerTest.

Nested, fully crossed (Penicillin) and partly crossed (InstEval, 73,421 ratings). The rows are under
the GPL and not ours to ship: tests/oracles/r/classics.R writes them into the folder
SESSIONWISE_EXTRA_DATA names. InstEval's optimum is known less sharply: lme4's bobyqa from two
starts ended 5e-7 of a standard error and 5e-6 of a variance apart.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_rows import extra_rows

from sessionwise.models.mixed_model import mixed

HERE = Path(__file__).parent
READ = json.loads((HERE / "r/classics.json").read_text(encoding="utf-8"))["fits"]
SAID = {said["name"]: said for said in READ}
LOGLIK = (1e-6, 1e-10)  # absolute, of its value
TERMS, TERMS_INSTEVAL = 1e-6, 1e-5  # of a standard error
ERRORS = 1e-5
VARIANCES = (1e-4, 1e-6)  # of its value, of the residual variance
DF = 1e-3
PUBLISHED = {  # log-likelihood and first estimate, as the packages' own documents print them
    "sleepstudy_reml": (-871.8141, 251.4051),
    "orthodont": (-216.8786, 16.3406),
    "penicillin_reml": (-165.4303, 22.9722),
    "pastes_reml": (-123.4954, 60.0533),
}


@cache
def rows_of(name):
    return extra_rows(f"classics_{SAID[name]['set']}.csv")


@cache
def fit_of(name):
    said = SAID[name]
    return mixed(said["formula"], rows_of(name), reml=said["reml"], df="satterthwaite")


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_expected_is_what_was_printed(name):
    first = next(iter(SAID[name]["estimate"].values()))
    np.testing.assert_allclose([SAID[name]["loglik"], first], PUBLISHED[name], atol=6e-5)


@pytest.mark.parametrize("name", SAID)
class TestAgainstR:
    def test_rows(self, name):
        outcome = SAID[name]["formula"].split()[0]
        assert len(rows_of(name)) == SAID[name]["rows"]
        assert rows_of(name)[outcome].sum() == pytest.approx(SAID[name]["checksum"], rel=1e-12)

    def test_likelihood_estimates_and_errors(self, name):
        said, fit = SAID[name], fit_of(name)
        table, error = fit.estimates.set_index("term"), pd.Series(said["se"])
        apart = (table["estimate"].to_numpy() - pd.Series(said["estimate"])) / error
        within = max(LOGLIK[0], LOGLIK[1] * abs(said["loglik"]))
        assert fit.loglik >= said["loglik"] - within
        terms = TERMS_INSTEVAL if said["set"] == "insteval" else TERMS
        np.testing.assert_allclose(apart, 0, atol=terms)
        np.testing.assert_allclose(table["std_error"], error, rtol=ERRORS)

    def test_variances(self, name):
        ours, theirs = fit_of(name).variances, pd.DataFrame(SAID[name]["variances"])
        place = ["group", "term1", "term2"]
        ours, theirs = (v.set_index(place)["variance"].sort_index() for v in (ours, theirs))
        assert list(ours.index) == list(theirs.index)
        residual = theirs["Residual", "", ""]
        np.testing.assert_allclose(ours, theirs, rtol=VARIANCES[0], atol=VARIANCES[1] * residual)

    def test_satterthwaite(self, name):
        said = SAID[name]
        if "satterthwaite" not in said or not said["satterthwaite"]:
            pytest.skip("lmerTest was not asked: its derivatives take too long on so many rows")
        fit = mixed(said["formula"], rows_of(name), reml=said["reml"], df="satterthwaite")
        np.testing.assert_allclose(
            fit.estimates["df"], list(said["satterthwaite"].values()), rtol=DF
        )
