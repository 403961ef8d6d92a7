"""A gamma frailty of therapists agrees with R's survival, at variances given and estimated.

R looks for the variance by heights of the likelihood, which tell it to about seven digits; ours is
where the slope is zero. At one variance everything agrees to as many digits as R's steps have.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.engine.at_event_times import event_times
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.gamma_search import gamma_variance
from sessionwise.engine.shared_frailty import highest
from sessionwise.models.cox_fit import CoxFit

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/cox_gamma.json").read_text(encoding="utf-8"))
CLOSE = {False: 1e-8, True: 5e-8}  # relative, at one variance; R's sparse steps end sooner
FOUND = 1e-6  # relative, where R had to find the variance


@cache
def drawn():
    frame = pd.read_csv(HERE / "cox_checks/rows.csv")
    frame["kind"] = pd.Categorical(frame["kind"], ["in_person", "video", "phone"])
    return frame.assign(alike=frame["client"] % 6)


def named(said):
    return "-".join([said["ties"], "sparse" if said["sparse"] else "full", str(said["theta"])[:4]])


def model_of(said):
    frame = drawn()
    x = frame[["srs", "severity"]].to_numpy(float)
    strata = np.zeros(len(frame), int)
    if "strata" in said["terms"]:
        kinds = [frame["kind"].eq(name) for name in ("video", "phone")]
        x, strata = np.column_stack([x, *kinds]).astype(float), frame["clinic"]
    times = event_times(frame["start"], frame["stop"], frame["left"], strata)
    group, names = pd.factorize(frame[said["group"]], sort=True)
    curvature = "diagonal" if said["sparse"] else "full"
    return SharedFrailty(
        times, x - x.mean(axis=0), group, len(names), said["ties"], curvature, "gamma"
    )


def same(at, said, close):
    np.testing.assert_allclose(at.coefficients, said["estimate"], rtol=close)
    np.testing.assert_allclose(np.sqrt(np.diag(at.covariance)), said["se"], rtol=close)
    np.testing.assert_allclose(at.deviations, said["modes"], rtol=close, atol=close)
    assert at.integrated == pytest.approx(said["loglik"], rel=1e-12)


@pytest.mark.parametrize("said", SAID["given"], ids=named)
def test_at_a_variance_that_is_given(said):
    same(highest(model_of(said), said["theta"]), said, CLOSE[said["sparse"]])


@pytest.mark.parametrize("said", SAID["estimated"], ids=named)
def test_at_the_variance_that_r_found(said):
    same(highest(model_of(said), said["theta"]), said, CLOSE[said["sparse"]])


@pytest.mark.parametrize("said", SAID["estimated"], ids=named)
def test_the_variance(said):
    found = gamma_variance(model_of(said))
    assert found.theta == pytest.approx(said["theta"], rel=FOUND)
    same(found.at, said, FOUND)
    assert found.at.integrated >= said["loglik"] - 1e-9  # not below the best that R has seen
    assert abs(found.slope) < 1e-7


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_fit_with_strata(ties):
    said = next(
        one for one in SAID["estimated"]
        if "strata" in one["terms"] and one["ties"] == ties and not one["sparse"]
    )  # fmt: skip
    formula = "left ~ srs + severity + kind + (1 | therapist)"
    fit = sw.cox(
        formula, drawn(), start="start", stop="stop", ties=ties, strata="clinic", frailty="gamma"
    )
    np.testing.assert_allclose(fit.estimates["estimate"], said["estimate"], rtol=FOUND)
    np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=FOUND)
    np.testing.assert_allclose(fit.variances["variance"], said["theta"], rtol=FOUND)
    multipliers = fit.multipliers("therapist").sort_values("level", key=lambda k: k.astype(int))
    np.testing.assert_allclose(multipliers["multiplier"], np.exp(said["modes"]), rtol=FOUND)
    assert multipliers["events"].sum() == fit.rows.events
    assert fit.loglik == pytest.approx(said["loglik"], rel=1e-10)


@pytest.mark.parametrize("said", SAID["clinic"], ids=lambda said: said["ties"])
def test_the_clinic(decisions, said):
    rows = decisions.assign(start=decisions["session"] - 1, left=decisions["unplanned"])
    fit = sw.cox(
        "left ~ srs34 + base + (1 | therapist)", rows.dropna(subset=["srs34", "base"]),
        start="start", stop="session", ties=said["ties"], frailty="gamma",
    )  # fmt: skip
    np.testing.assert_allclose(fit.estimates["estimate"], said["estimate"], rtol=FOUND)
    np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=FOUND)
    np.testing.assert_allclose(fit.variances["variance"], said["theta"], rtol=FOUND)
    assert fit.loglik == pytest.approx(said["loglik"], rel=1e-11)
    modes = (
        fit.modes("therapist").set_index("level")["mode"].sort_index(key=lambda k: k.astype(int))
    )
    np.testing.assert_allclose(modes, said["modes"], rtol=1e-5, atol=1e-6)


def test_who_is_alike_has_no_variance():
    """R's search ends at 10⁻⁹ or so, where its likelihood has lost five digits; here it is zero."""
    said = SAID["alike"]
    assert 0 <= said["theta"] < 1e-6
    fit = sw.cox(
        "left ~ srs + severity + (1 | alike)", drawn(), start="start", stop="stop", frailty="gamma"
    )
    assert isinstance(fit, CoxFit)
    assert fit.health.dropped == ("(1 | alike): its variance was estimated as zero",)
    np.testing.assert_allclose(fit.estimates["estimate"], said["estimate"], rtol=1e-6)
    np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=1e-6)
    assert fit.loglik == pytest.approx(said["loglik"], abs=2e-5)
