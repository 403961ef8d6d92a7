"""The alliance in three levels, without its trend, and with slopes that differ, beside lme4.

R reads the same export and lags and splits by itself, cell by cell; here our features do. The named
questions judge by Kenward and Roger, so their errors are not lme4's: those, and Satterthwaite's
degrees of freedom, are compared by fitting the long form with that rule.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_clinic_path import CODEBOOK

import sessionwise as sw
from sessionwise.features.therapists import earlier_therapist, without_handovers

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/levels_lines_slopes.json").read_text(encoding="utf-8"))["fits"]
TERMS, ERRORS = 1e-6, 1e-5  # of a standard error; relative
DF = 1e-3  # relative: lmerTest's derivatives are differences
NAMES = {
    "within": "srs_lag1_within",
    "between": "srs_lag1_between",
    "detrended": "srs_lag1_detrended",
    "clients": "srs_lag1_between_clients",
    "by_therapist": "srs_lag1_between_therapists",
}
ASKED = {
    "all clients": lambda s: sw.alliance_at_three_levels(s, adjust=["base"]),
    "other clients": lambda s: sw.alliance_at_three_levels(
        s, adjust=["base"], therapist_mean="other clients"
    ),
    "handovers left out": lambda s: sw.alliance_at_three_levels(
        s, adjust=["base"], handovers="left out"
    ),
    "trend removed": lambda s: sw.alliance_and_next_outcome(s, adjust=["base"], trend="removed"),
    "slopes differ": lambda s: sw.alliance_and_next_outcome(
        s, adjust=["base"], slopes="of time and alliance"
    ),
}


@pytest.fixture(scope="module")
def s():
    return sw.read(HERE / "clinic/clinic.csv", sw.Codebook.parse(CODEBOOK))


@cache
def fit_of(s, variant):
    return ASKED[variant](s)


def rows_of(s, variant):
    """The rows of the long form, by features alone."""
    complete = ["ors", "session", "base"]
    if variant == "handovers left out":
        s = without_handovers(s)
    s = earlier_therapist(sw.lagged(s, "srs"))
    if variant in ("trend removed", "slopes differ"):
        s = sw.within_between(s, ["srs_lag1"], complete)
        if variant == "trend removed":
            return sw.detrended(s, "srs_lag1", complete).frame.dropna(subset="srs_lag1_detrended")
        return s.frame.dropna(subset="srs_lag1_within")
    whose = "other clients" if variant == "other clients" else "all clients"
    s = sw.three_way_split(s, "srs_lag1", complete, "therapist_lag1", whose)
    return s.frame.dropna(subset=["srs_lag1_within", "srs_lag1_between_therapists"])


@pytest.mark.parametrize("said", SAID, ids=[said["variant"] for said in SAID])
class TestBesideLme4:
    def test_the_named_question_gives_its_estimates(self, s, said):
        table = fit_of(s, said["variant"]).estimates.set_index("term")
        names = [NAMES.get(term, term) for term in said["estimate"]]
        assert sorted(names) == sorted(table.index)
        apart = table.loc[names, "estimate"] - list(said["estimate"].values())
        np.testing.assert_allclose(apart / list(said["se"].values()), 0, atol=TERMS)

    def test_the_long_form_gives_its_errors_and_degrees_of_freedom(self, s, said):
        names = [NAMES.get(term, term) for term in said["estimate"]]
        slopes = " + srs_lag1_within" if said["variant"] == "slopes differ" else ""
        by = "therapist" if "between" in said["estimate"] else "therapist_lag1"
        fit = sw.mixed(
            f"ors ~ {' + '.join(names[1:])} + (1 + session{slopes} || client) + (1 | {by})",
            rows_of(s, said["variant"]),
            df="satterthwaite",
        )
        table = fit.estimates.set_index("term").loc[names]
        assert fit.rows.used == said["rows"]
        assert fit.loglik == pytest.approx(said["loglik"], abs=1e-6)
        np.testing.assert_allclose(table["std_error"], list(said["se"].values()), rtol=ERRORS)
        np.testing.assert_allclose(table["df"], list(said["df"].values()), rtol=DF)

    def test_the_variances_are_its(self, s, said):
        found = fit_of(s, said["variant"]).variances
        expected = pd.DataFrame(said["variances"])
        np.testing.assert_allclose(found["variance"], expected["variance"], rtol=1e-4)
