"""What a Cox fit can be asked afterwards, by the words a user has for it."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.cox_fit import CoxFit

PROFILES = pd.DataFrame({"srs": [26, 38], "severity": [0.0, 0.0]}, index=["low", "high"])


@cache
def fit():
    return sw.cox("left_unplanned ~ srs + severity", sw.example(), cluster="therapist")


def drawn(seed=3, groups=12, spread=0.9, each=40):
    """Clients of therapists who differ; one session after another until they leave."""
    random = np.random.default_rng(seed)
    rows = groups * each
    therapist = np.repeat(np.arange(groups), each)
    x = random.normal(size=rows)
    rate = np.exp(0.5 * x + spread * random.normal(size=groups)[therapist])
    stop = np.ceil(random.exponential(6 / rate)).clip(1, 12)
    frame = {"client": np.arange(rows), "therapist": therapist, "x": x, "stop": stop}
    return pd.DataFrame(frame | {"left": (stop < 12).astype(int)})


class TestResiduals:
    def test_events_less_expected(self):
        found = fit().residuals()
        assert found["martingale"].sum() == pytest.approx(0, abs=1e-9)
        assert found["event"].sum() == fit().rows.events
        assert found.index.equals(fit().risks.used.index)
        both = fit().residuals("cox-snell")["cox-snell"] + found["martingale"]
        np.testing.assert_allclose(both, found["event"], atol=1e-12)

    def test_by_client_nobody_is_named(self):
        by = fit().residuals("martingale", by="client")
        assert by.index.tolist() == list(range(fit().rows.clients))
        assert by["event"].sum() == fit().rows.events
        assert list(by) == ["martingale", "event"]

    def test_scores_sum_to_nothing(self):
        assert fit().residuals("score").sum().abs().max() < 1e-8

    def test_dfbeta_by_cluster_makes_the_robust_errors(self):
        moved = fit().residuals("dfbeta", by="therapist").to_numpy()
        np.testing.assert_allclose(moved.T @ moved, fit().covariance, rtol=1e-9)

    def test_influence_is_near_what_leaving_out_does(self):
        frame = drawn(groups=30, each=20)
        whole = sw.cox("left ~ x", frame, stop="stop")
        table = whole.influence("therapist")
        assert "therapist" not in table
        assert table["rows"].sum() == whole.rows.used
        without = [
            sw.cox("left ~ x", frame[frame["therapist"] != k], stop="stop").term("x")["estimate"]
            for k in range(30)
        ]
        moved = np.sort(whole.term("x")["estimate"] - np.array(without))
        np.testing.assert_allclose(np.sort(table["change[x]"]), moved, rtol=0.15, atol=5e-4)
        assert table["displacement"].is_monotonic_decreasing

    @pytest.mark.parametrize(
        ("words", "said"), [(("martingle",), "martingale"), (("martingale", "clent"), "client")]
    )
    def test_a_word_that_is_none(self, words, said):
        with pytest.raises(InvalidInput, match=said):
            fit().residuals(*words)


class TestCurves:
    def test_lower_alliance_lies_lower(self):
        table = (
            fit().curves(PROFILES).estimates.pivot(index="time", columns="group", values="estimate")
        )
        assert (table["low"] < table["high"]).all()

    def test_ratio_of_hazards_is_the_hazard_ratio(self):
        table = fit().curves(PROFILES).estimates.set_index(["group", "time"])["estimate"]
        hazards = -np.log(table)
        ratio = np.exp(fit().term("srs")["estimate"] * (26 - 38))
        np.testing.assert_allclose(hazards["low"] / hazards["high"], ratio, rtol=1e-9)

    def test_baseline_is_the_curve_at_zero(self):
        base = fit().baseline_hazard()
        zero = fit().curves(pd.DataFrame({"srs": [0], "severity": [0.0]})).estimates
        np.testing.assert_allclose(np.exp(-base["hazard"]), zero["estimate"], atol=1e-12)
        np.testing.assert_array_equal(base["at_risk"], zero["at_risk"])

    def test_a_path_that_stands_still_is_a_profile(self):
        still = pd.DataFrame({"who": "a", "start": [0, 4], "stop": [4, 99], "srs": 30.0,
                              "severity": 0.5})  # fmt: skip
        held = fit().curves(still.iloc[:1]).estimates.drop(columns="group")
        path = fit().curves(still, path="who").estimates.drop(columns="group")
        pd.testing.assert_frame_equal(held, path, rtol=1e-10)

    def test_a_path_that_changes(self):
        rows = {"who": "a", "start": [2, 6], "stop": [6, 11], "srs": [26.0, 38], "severity": 0.0}
        curve = fit().curves(pd.DataFrame(rows), path="who")
        found = curve.estimates.set_index("time")["estimate"]
        assert found.index.min() > 2
        assert found.index.max() <= 11
        both = (
            fit().curves(PROFILES).estimates.pivot(index="time", columns="group", values="estimate")
        )
        low, high = -np.log(both["low"]), -np.log(both["high"])
        last = found.index.max()
        hazard = low[low.index <= 6].iloc[-1] - low[low.index <= 2].iloc[-1]
        hazard += high[last] - high[high.index <= 6].iloc[-1]
        assert -np.log(found[last]) == pytest.approx(hazard)
        assert any("change as described" in note for note in curve.recipe.notes)

    def test_a_path_with_a_gap(self):
        rows = {"who": "a", "start": [0, 6], "stop": [5, 11], "srs": [26.0, 38], "severity": 0.0}
        with pytest.raises(Refused, match="follow one another"):
            fit().curves(pd.DataFrame(rows), path="who")
        with pytest.raises(InvalidInput, match="`stop`"):
            fit().curves(pd.DataFrame(rows).drop(columns="stop"), path="who")

    def test_it_is_said_not_to_be_staying(self):
        curve = fit().curves(PROFILES)
        assert any("not the probability of staying" in note for note in curve.recipe.notes)
        assert set(curve.estimates["state"]) == {"still without an unplanned ending"}

    def test_names_from_what_differs(self):
        groups = fit().curves(PROFILES.reset_index(drop=True)).estimates["group"].unique()
        assert groups.tolist() == ["srs 26", "srs 38"]

    @pytest.mark.parametrize(
        ("profiles", "error", "word"),
        [
            (PROFILES.drop(columns="srs"), InvalidInput, "srs"),
            (PROFILES.assign(severity=np.nan), Refused, "lack a value"),
            (PROFILES.iloc[:0], Refused, "nobody"),
            (PROFILES.iloc[[0] * 13], Refused, "one name|at most"),
        ],
    )
    def test_nobody_to_draw(self, profiles, error, word):
        with pytest.raises(error, match=word):
            fit().curves(profiles)

    def test_drawn_from_everybody_at_risk_once(self):
        figure = sw.show.curves(fit().curves(PROFILES))
        assert "would be without an unplanned ending" in figure.title
        assert "not the probability of staying" in figure.caption


class TestConcordance:
    def test_clusters_widen_or_narrow_the_error_only(self):
        alone, by = fit().concordance(), fit().concordance("therapist")
        assert alone["estimate"] == by["estimate"]
        assert alone["std_error"] != by["std_error"]
        assert alone["low"] < alone["estimate"] < alone["high"]


class TestTherapistsDiffer:
    def test_the_fit(self):
        found = sw.cox("left ~ x + (1 | therapist)", drawn(), stop="stop")
        assert found.variances["variance"].iloc[0] == pytest.approx(found.frailty.theta)
        modes = found.modes("therapist")
        assert modes["mode"].sum() == pytest.approx(0, abs=1e-8)
        assert len(modes) == 12
        test = found.test("(1 | therapist)")
        assert test.p < 0.001
        assert "zero" in test.null
        assert found.loglik > found.frailty.without.loglik
        ratio = found.median_ratios().iloc[0]
        assert 1 < ratio["low"] < ratio["estimate"] < ratio["high"]
        assert any("fixed at its estimate" in note for note in found.recipe.notes)

    def test_ratio_and_variance_say_the_same(self):
        found = sw.cox("left ~ x + (1 | therapist)", drawn(), stop="stop")
        spread = np.log(found.median_ratios()["estimate"].iloc[0]) / 0.9538726
        assert spread**2 == pytest.approx(found.frailty.theta, rel=1e-6)

    def test_a_curve_is_of_a_therapist_in_the_middle(self):
        found = sw.cox("left ~ x + (1 | therapist)", drawn(), stop="stop")
        notes = found.curves(pd.DataFrame({"x": [0.0]})).recipe.notes
        assert any("deviation is 0" in note for note in notes)
        assert "therapist" in found._repr_mimebundle_()["text/html"]

    def test_no_difference_is_fitted_without(self):
        frame = drawn(spread=0.0).sample(frac=1, random_state=2)
        frame["therapist"] = frame["stop"].rank(method="first").astype(int) % 12
        found = sw.cox("left ~ x + (1 | therapist)", frame, stop="stop")
        plain = sw.cox("left ~ x", frame, stop="stop")
        assert isinstance(found, CoxFit)
        assert found.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert found.recipe.formula == "left ~ x"
        pd.testing.assert_frame_equal(found.estimates, plain.estimates)

    def test_clients_leave_once(self):
        frame = drawn().assign(start=0.0)
        first = frame.assign(stop=frame["stop"] / 2, left=0)
        both = pd.concat([first, frame.assign(start=frame["stop"] / 2)])
        with pytest.raises(Refused, match="two events"):
            sw.cox("left ~ x + (1 | client)", both, start="start", stop="stop")

    @pytest.mark.parametrize("random", ["(x | therapist)", "(1 | therapist) + (1 | clinic)"])
    def test_one_term_only(self, random):
        frame = drawn().assign(clinic=lambda f: f["therapist"] % 3)
        with pytest.raises(Refused, match=r"sw\.hazard"):
            sw.cox(f"left ~ x + {random}", frame, stop="stop")

    def test_what_is_asked_of_rows_holds_the_deviations(self):
        found = sw.cox("left ~ x + (1 | therapist)", drawn(), stop="stop")
        by = found.residuals("martingale", by="therapist")["martingale"]
        modes = found.modes("therapist")["mode"]
        np.testing.assert_allclose(by, modes / found.frailty.theta, atol=1e-8)
        with pytest.raises(Refused, match="deviations"):
            found.influence("therapist")


class TestOverTime:
    def test_one_point_per_event_of_nobody(self):
        found = fit().effects_over_time()
        assert list(found.points) == ["term", "time", "estimate"]
        assert (found.points.groupby("term").size() == fit().rows.events).all()

    def test_points_lie_around_the_coefficient(self):
        found = fit().effects_over_time()
        means = found.points.groupby("term")["estimate"].mean()
        for term, coefficient in found.fitted.items():
            assert means[term] == pytest.approx(coefficient, abs=1e-6)

    def test_a_scale_that_is_none(self):
        with pytest.raises(InvalidInput, match="identity"):
            fit().proportional("identiy")

    def test_the_title_follows_the_numbers(self):
        random = np.random.default_rng(8)
        x = random.normal(size=900)
        early, late = (random.exponential(1, 900) / np.exp(b * x) for b in (1.0, -0.4))
        frame = pd.DataFrame({"x": x, "stop": np.where(early < 0.7, early, 0.7 + late)})
        found = sw.cox("left ~ x", frame.assign(left=1), stop="stop").effects_over_time()
        ends = found.early_late.iloc[0]
        assert ends["estimate_early"] > 0 > ends["estimate_late"]
        figure = sw.show.effects_over_time(found)
        assert "changes over" in figure.title
        assert f"{np.exp(ends['estimate_early']):.2f}" in figure.title
        assert figure.title in figure.alt + "."

    def test_what_holds_is_said_to_hold(self):
        frame = drawn(seed=5, spread=0.0, each=60)
        found = sw.cox("left ~ x", frame, stop="stop").effects_over_time()
        assert "not seen to change" in sw.show.effects_over_time(found).title

    def test_too_few_events_draw_nothing(self):
        frame = drawn(each=1).assign(left=[1, 1, 1, *[0] * 9], stop=range(1, 13))
        found = sw.cox("left ~ x", frame, stop="stop").effects_over_time()
        assert type(sw.show.effects_over_time(found)).__name__ == "Nothing"
