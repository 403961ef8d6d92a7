"""What is asked of a Cox fit afterwards agrees with R's survival, at R's own estimates.

Rows drawn by us with ties, late entry, scores that change, strata and therapists; and of the data
sets of survival where SESSIONWISE_EXTRA_DATA names a folder. The values are written with 12
significant digits, residuals with 12 decimals.
"""

import json
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_rows import extra_rows

import sessionwise as sw
from sessionwise.engine.compared_pairs import concordance_pairs
from sessionwise.engine.frailty_rows import SharedFrailty
from sessionwise.engine.frailty_search import frailty_variance
from sessionwise.models.fit import Recipe, Rows
from sessionwise.models.predicted_staying import Described, baseline_table, staying_curve
from sessionwise.models.risk_order import concordance_row
from sessionwise.models.risk_residuals import residuals_of
from sessionwise.models.risk_rows import RiskRows
from sessionwise.models.time_varying_effects import held_against_time

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/cox_checks.json").read_text(encoding="utf-8"))
CLOSE = 1e-9  # relative
SMALL = 1e-10  # absolute, for residuals
FRAILTY = 1e-8  # relative
TRANSFORMS = ("km", "identity", "rank", "log")


@cache
def drawn():
    return pd.read_csv(HERE / "cox_checks/rows.csv")


def risk_rows(frame, columns, said, stratum="", terms=None):
    """Put R's estimates beside the rows they are of."""
    strata, names = pd.factorize(frame[stratum], sort=True) if stratum else (0, [""])
    times = (frame[name].to_numpy(float) for name in ("start", "stop", "left"))
    return RiskRows(
        frame[columns].to_numpy(float),
        tuple(columns),
        terms or {name: [k] for k, name in enumerate(columns)},
        *times,
        np.broadcast_to(strata, len(frame)),
        tuple(map(str, names)),
        np.array(said["estimate"]),
        np.array(said["var"]),
        said["ties"],
        np.zeros(len(frame)),
        frame,
    )


@cache
def of_case(name):
    frame, columns, terms = drawn(), ["srs", "severity"], None
    if name.startswith("strata"):
        frame = frame.assign(video=frame["kind"].eq("video"), phone=frame["kind"].eq("phone"))
        columns, terms = [*columns, "video", "phone"], {"srs": [0], "severity": [1], "kind": [2, 3]}
    stratum = "clinic" if terms else ""
    return risk_rows(frame, columns, SAID["cases"][name], stratum, terms)


def same(ours, theirs, close=CLOSE, small=0.0):
    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=close, atol=small)


def same_tests(rows, said):
    for transform in TRANSFORMS:
        found = held_against_time(rows, transform)
        same(found.statistic, said["zph"][transform]["chisq"])
        same(found.p, said["zph"][transform]["p"])
        assert found.df.tolist() == said["zph"][transform]["df"]


def same_concordance(rows, said):
    found = concordance_row(rows, "")
    same(found["estimate"], said["estimate"])
    same(found["std_error"] ** 2, said["variance"])
    assert found[["concordant", "discordant", "tied"]].tolist() == said["count"][:3]


def same_curves(rows, said, new):
    always = np.array([-np.inf]), np.array([np.inf])
    profiles = {str(k): Described(np.array([x], float), *always) for k, x in enumerate(new)}
    curve = staying_curve(rows, profiles, Recipe("", ""), ("there", Rows(1), "sessions"))
    for place, name in enumerate(profiles):
        one = curve.estimates[curve.estimates["group"].str.split(", ").str[0] == name]
        for ours, theirs in (("estimate", "surv"), ("low", "low"), ("high", "high")):
            same(one[ours], np.array(said[theirs], float)[:, place])
        same(one["std_error"] / one["estimate"], np.array(said["se"])[:, place])
        assert one["at_risk"].tolist() == said["at_risk"]
        assert one["time"].tolist() == said["time"]


@pytest.mark.parametrize("name", list(SAID["cases"]))
class TestRowsDrawn:
    def test_proportional_hazards(self, name):
        same_tests(of_case(name), SAID["cases"][name])

    def test_scaled_residuals(self, name):
        said = SAID["cases"][name]["zph"]["km"]
        found = held_against_time(of_case(name), "km")
        theirs = np.column_stack([said["time"], said["x"], said["y"]])
        ours = np.column_stack([found.time, found.moment, found.scaled])
        same(*(one[np.lexsort(one.T[::-1].round(9))] for one in (ours, theirs)), 1e-8, SMALL)

    def test_concordance(self, name):
        same_concordance(of_case(name), SAID["cases"][name]["concordance"])

    def test_curves(self, name):
        new = [[-4, 0], [3, 1]]
        if name.startswith("strata"):
            new = [[-4, 0, 1, 0], [3, 1, 0, 0]]
        same_curves(of_case(name), SAID["cases"][name]["curves"], new)

    def test_baseline_hazard(self, name):
        said = SAID["cases"][name]["base"]
        table = baseline_table(of_case(name), centred=False)
        steps = np.flatnonzero(np.diff(said["hazard"], prepend=0.0))
        same(table["hazard"], np.array(said["hazard"])[steps])


@pytest.mark.parametrize("name", ["strata_efron", "strata_breslow"])
class TestResiduals:
    @pytest.mark.parametrize("kind", ["martingale", "deviance"])
    def test_of_rows(self, name, kind):
        ours = residuals_of(of_case(name), kind)[kind]
        same(ours, SAID["cases"][name]["residuals"][kind], CLOSE, SMALL)

    def test_cox_snell_is_event_less_martingale(self, name):
        rows = of_case(name)
        said = rows.event - np.array(SAID["cases"][name]["residuals"]["martingale"])
        same(residuals_of(rows, "cox-snell")["cox-snell"], said, CLOSE, SMALL)

    def test_dfbeta(self, name):
        ours = residuals_of(of_case(name), "dfbeta")
        same(ours, SAID["cases"][name]["residuals"]["dfbeta"], CLOSE, SMALL)

    def test_schoenfeld(self, name):
        ours = residuals_of(of_case(name), "schoenfeld").drop(columns="time").to_numpy()
        theirs = np.array(SAID["cases"][name]["residuals"]["schoenfeld"])
        same(*(one[np.lexsort(one.T[::-1].round(9))] for one in (ours, theirs)), CLOSE, SMALL)


def test_a_path_that_changes():
    """R's hazard of one whose covariates change; R's error is of the last covariates throughout."""
    said, rows = SAID["path"], of_case("plain_efron")
    path = Described(np.array([[-4.0, 0], [3, 0]]), np.array([0.0, 5]), np.array([5.0, 14]))
    curve = staying_curve(rows, {"a": path}, Recipe("", ""), ("there", Rows(1), "sessions"))
    same(-np.log(curve.estimates["estimate"]), said["hazard"])
    same(curve.estimates["time"], said["time"])


def test_clustered_errors_enter_the_curves():
    fit = sw.cox("left ~ srs + severity", drawn(), start="start", stop="stop", cluster="therapist")
    one = fit.curves(pd.DataFrame({"srs": [-4.0], "severity": [0.0]})).estimates
    errors = np.array([SAID["robust_curves"]["se"], SAID["cases"]["plain_efron"]["curves"]["se"]])
    same(one["std_error"] / one["estimate"], errors[0, :, 0])
    assert np.abs(errors[0] / errors[1] - 1).max() > 0.01


class TestConcordance:
    @pytest.mark.parametrize("by", ["client", "therapist"])
    def test_errors_by_group(self, by):
        found = concordance_row(of_case("plain_efron"), by)
        same(found["std_error"] ** 2, SAID["concordances"][by]["variance"])

    def test_many_equal_risks(self):
        said, rows = SAID["concordances"]["rough"], of_case("plain_efron")
        risk = -np.round(drawn()["srs"].to_numpy() / 3)
        found = concordance_pairs(risk, rows.start, rows.stop, rows.event, rows.strata)
        same([found.estimate, found.std_error() ** 2], [said["estimate"], said["variance"]])
        assert [found.concordant, found.discordant, found.tied] == said["count"][:3]
        assert found.tied > found.discordant / 2


@pytest.mark.parametrize("said", SAID["frailties"], ids=lambda s: f"{s['ties']}-{s['sparse']}")
def test_therapists_frailty(said):
    rows = of_case("plain_efron")
    group, names = pd.factorize(drawn()["therapist"], sort=True)
    model = SharedFrailty(
        rows.times, rows.x - rows.centre, group, len(names), said["ties"],
        "diagonal" if said["sparse"] else "full",
    )  # fmt: skip
    found = frailty_variance(model)
    same(found.theta, said["theta"], FRAILTY)
    same(found.at.coefficients, said["estimate"], FRAILTY)
    same(np.sqrt(np.diag(found.at.covariance)), said["se"], FRAILTY)
    same(found.at.deviations, said["modes"], FRAILTY, FRAILTY)


class TestGivenTheDeviations:
    """R's fit with its own deviations as an offset has the coefficients of the penalised one."""

    said = SAID["given_deviations"]

    @cached_property
    def fit(self):
        formula = "left ~ srs + severity + (1 | therapist)"
        return sw.cox(formula, drawn(), start="start", stop="stop")

    def test_the_fit(self):
        said = SAID["frailties"][1]
        assert not said["sparse"]
        assert said["ties"] == "efron"
        same(self.fit.estimates["estimate"], said["estimate"], FRAILTY)
        same(self.fit.estimates["std_error"], said["se"], FRAILTY)
        same(self.fit.variances["variance"], [said["theta"]], FRAILTY)

    def test_proportional_hazards(self):
        same(self.fit.proportional()["statistic"], self.said["zph"]["km"]["chisq"], 1e-7)

    def test_martingale(self):
        ours = self.fit.residuals("martingale")["martingale"]
        same(ours, self.said["martingale"], 1e-7, 1e-8)

    def test_concordance(self):
        found = self.fit.concordance()
        same(found["estimate"], self.said["concordance"]["estimate"])
        same(found["std_error"] ** 2, self.said["concordance"]["variance"])


class TestTheClinic:
    """Values that came with the clinic; they have 11 digits, those of the frailty fewer."""

    @pytest.fixture
    def at_risk(self, decisions):
        rows = decisions.dropna(subset=["srs34", "base"])
        return rows.assign(start=rows["session"] - 1, stop=rows["session"], left=rows["unplanned"])

    def test_proportional_hazards(self, at_risk, expected):
        table = pd.DataFrame(expected["cox_zph"]["table"])
        fitted = expected["cox_drop_efron"]["estimate"]
        said = {"estimate": list(fitted.values()), "var": np.eye(2), "ties": "efron"}
        found = held_against_time(risk_rows(at_risk, list(fitted), said), "km")
        same(found.statistic, table["chisq"], 1e-7)
        same(found.p, table["p"], 1e-7)

    def test_frailty(self, at_risk, expected):
        said = expected["cox_gaussian_frailty"]
        rows = risk_rows(
            at_risk, list(said["estimate"]), {"estimate": [0, 0], "var": [0], "ties": "efron"}
        )
        group, names = pd.factorize(at_risk["therapist"])
        model = SharedFrailty(
            rows.times, rows.x - rows.centre, group, len(names), "efron", "diagonal"
        )
        found = frailty_variance(model)
        same(found.theta, said["theta"], 1e-6)
        same(found.at.coefficients, list(said["estimate"].values()), 1e-6)
        same(np.sqrt(np.diag(found.at.covariance)), list(said["se"].values()), 1e-6)


REAL = {
    "addicts": (["clinic", "prison", "dose"], "", [[1, 0, 60], [2, 0, 60]]),
    "lung": (["age", "sex", "ph.ecog"], "", [[50, 1, 0], [70, 1, 2]]),
    "heart": (["age", "year", "surgery", "transplant"], "", [[-5, 3, 0, 0], [5, 3, 0, 1]]),
    "pbc": (
        ["age", "edema", "bili", "albumin", "protime"], "",
        [[40, 0, 0, 1.2, 2.3], [60, 0, 0, 1.2, 2.3]],
    ),
    "bladder2": (["rx", "size", "number"], "enum", [[1, 1, 2], [2, 1, 2]]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REAL))
def test_data_sets_of_survival(name):
    columns, stratum, new = REAL[name]
    said = SAID["real"][name]
    file = {"addicts": "addicts_methadone"}.get(name, f"cox_{name}")
    frame = extra_rows(f"{file}.csv").rename(columns={"status": "left", "survt": "stop"})
    frame["start"] = frame.get("start", 0)
    rows = risk_rows(frame, columns, said, stratum)
    same_tests(rows, said)
    same_concordance(rows, said["concordance"])
    same_curves(rows, said["curves"], new)


def test_the_clinics_of_the_methadone_study_differ_more_and_more():
    said = SAID["real"]["addicts"]["zph"]["km"]
    p = dict(zip(said["term"], said["p"]))
    assert p["clinic"] < 0.002  # Kleinbaum & Klein (2012), ch. 4: clinic violates the assumption
    assert min(p["prison"], p["dose"]) > 0.2
