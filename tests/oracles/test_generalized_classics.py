"""Well-known data sets with other outcomes than scores: cbpp, toenail, VerbAgg, epil, wine.

The rows are under the GPL and not ours to ship: tests/oracles/r/generalized_classics.R writes them
into the folder SESSIONWISE_EXTRA_DATA names. Engines and tolerances: see test_generalized_mixed.py.
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
READ = json.loads((HERE / "r/generalized_classics.json").read_text(encoding="utf-8"))["fits"]
SAID = {said["name"]: said for said in READ}
LOGLIK = {"glmmTMB": 1e-6, "lme4": 1e-5, "ordinal": 1e-6}
TERMS = {"glmmTMB": 1e-5, "lme4": 2e-5, "ordinal": 2e-4}  # of a standard error
ERRORS = {"glmmTMB": 2e-5, "lme4": 1e-4, "ordinal": 1e-4}
VARIANCES = {"glmmTMB": 1e-5, "lme4": 1e-4, "ordinal": 2e-4}
PUBLISHED = {  # log-likelihood and first estimate, as the packages' own documents print them
    "cbpp": (-92.0, -1.3983, 0.06, 3e-4),
    "wine": (-81.57, 3.063, 0.006, 6e-5),
}


@cache
def fit_of(name):
    said = SAID[name]
    rows = extra_rows(f"generalized_{said['set']}.csv")
    outcome = said["formula"].split()[0]
    assert len(rows) == said["rows"]
    assert rows[outcome].sum() == pytest.approx(said["checksum"], rel=1e-12)
    for column in ("period", "herd"):
        if column in rows:
            rows[column] = rows[column].astype(str)
    return mixed(
        said["formula"],
        rows,
        family=said["family"],
        link=said["link"],
        quadrature=said["quadrature"],
        trials=said.get("trials"),
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_expected_is_what_was_printed(name):
    loglik, first, within, apart = PUBLISHED[name]
    assert SAID[name]["loglik"] == pytest.approx(loglik, abs=within)
    assert next(iter(SAID[name]["estimate"].values())) == pytest.approx(first, abs=apart)


@pytest.mark.parametrize("name", SAID)
class TestAgainstR:
    def test_likelihood_estimates_and_errors(self, name):
        said, fit = SAID[name], fit_of(name)
        assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK[said["engine"]])
        ours = fit.estimates
        theirs, error = (np.array(list(said[key].values())) for key in ("estimate", "se"))
        apart = (ours["estimate"] - theirs) / error
        np.testing.assert_allclose(apart, 0, atol=TERMS[said["engine"]])
        np.testing.assert_allclose(ours["std_error"], error, rtol=ERRORS[said["engine"]])

    def test_variances(self, name):
        said = SAID[name]
        place = ["group", "term1", "term2"]
        ours, theirs = fit_of(name).variances, pd.DataFrame(said["variances"])
        ours, theirs = (v.set_index(place)["variance"].sort_index() for v in (ours, theirs))
        assert list(ours.index) == list(theirs.index)
        np.testing.assert_allclose(ours, theirs, rtol=VARIANCES[said["engine"]])
