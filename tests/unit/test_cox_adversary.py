"""Cox models of odd rows: numbers that stay right far out, and refusals where there are none."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.engine.span_sums import SpanSums
from sessionwise.errors import InvalidInput, Refused


@pytest.fixture(scope="module")
def rows():
    """A row per session of 100 clients until they leave; a score that changes."""
    rng = np.random.default_rng(4)
    client, stop = np.repeat(np.arange(100), 20), np.tile(np.arange(1, 21), 100)
    frame = pd.DataFrame({"client": client, "stop": stop, "x": rng.normal(size=2000)})
    frame["left"] = (rng.random(2000) < 0.06 * np.exp(0.4 * frame["x"])).astype(int)
    frame["start"] = frame["stop"] - 1
    frame["arm"] = np.where(frame["client"] % 2 == 0, "a", "b")
    gone = frame.groupby("client")["left"].cumsum() - frame["left"]
    return frame[gone == 0].reset_index(drop=True)


def fitted(frame, formula="left ~ x", **given):
    return sw.cox(formula, frame, **{"start": "start", "stop": "stop", **given})


def answers(fit):
    """All that is asked of a fit and does not depend on where its columns have their zero."""
    table = fit.estimates.iloc[0]
    return [
        table["estimate"],
        table["std_error"],
        fit.loglik,
        fit.proportional().loc[0, "statistic"],
        fit.residuals("dfbeta")["x"].abs().max(),
        fit.baseline_hazard("means")["events"].sum(),
    ]


class TestColumnsThatGoWithTime:
    """What all rows of one time share changes nothing, however large it grows."""

    @pytest.mark.parametrize("each", [-30, -3, 1, 7, 30])
    def test_days_since_intake(self, rows, each):
        trend = rows.assign(x=rows["x"] + each * rows["stop"])
        np.testing.assert_allclose(answers(fitted(trend)), answers(fitted(rows)), rtol=1e-9)

    def test_strata_far_apart(self, rows):
        far = rows.assign(x=rows["x"] + np.where(rows["arm"] == "a", 90.0, 0.0))
        one, other = (fitted(frame, strata="arm", cluster="client") for frame in (rows, far))
        np.testing.assert_allclose(answers(other), answers(one), rtol=1e-9)

    def test_further_than_can_be_added_up(self, rows):
        trend = rows.assign(x=rows["x"] + 1000 * rows["stop"])
        with pytest.raises(Refused, match="`x` would put log hazards of rows more than 650 apart"):
            fitted(trend)


def test_spans_add_up_as_loops_do():
    rng = np.random.default_rng(1)
    for places in (0, 1, 2, 5, 16, 17):
        first = rng.integers(0, places + 1, 30)
        beyond = np.maximum(first, rng.integers(0, places + 1, 30))
        spans, values = SpanSums(first, beyond, places), rng.normal(size=(30, 2))
        inside = (first[:, None] <= np.arange(places)) & (np.arange(places) < beyond[:, None])
        np.testing.assert_allclose(spans.to_places(values), inside.T @ values, atol=1e-12)
        back = rng.normal(size=places)
        np.testing.assert_allclose(spans.to_rows(back), inside @ back, atol=1e-12)


def test_a_row_far_out_that_leaves_first_says_little(rows):
    """Nobody doubts who goes first; the others are judged as without it, but for its event."""
    outside = rows.head(1).assign(start=0, stop=0.5, left=1, x=1e3)
    found = fitted(pd.concat([rows, outside])).term("x")["estimate"]
    assert found == pytest.approx(fitted(rows).term("x")["estimate"], rel=1e-3)


class TestWhatHasNoAnswer:
    def test_the_time_itself(self, rows):
        """Who has the earliest end has the event: no finite estimate, and no traceback."""
        ends = rows.groupby("client").tail(1).assign(start=0)
        ends["days"] = ends["stop"] * 30 + np.arange(len(ends)) / 50
        with pytest.raises(Refused, match="`days`"):
            sw.cox("left ~ days", ends, stop="days")
        with pytest.raises(Refused, match="`days`"):
            sw.cox("left ~ days + x", ends, stop="days")

    def test_one_cluster(self, rows):
        with pytest.raises(Refused, match="`one` has one value .* robust errors"):
            fitted(rows.assign(one="T1"), cluster="one")

    def test_more_terms_together_than_clusters_can_judge(self, rows):
        fit = fitted(rows.assign(g=rows["client"] % 3), "left ~ poly(x, 3)", cluster="g")
        with pytest.raises(Refused, match="3 clusters cannot judge 3 terms together: at most 2"):
            fit.test()
        assert 0 < fit.test(*fit.estimates["term"][:2]).p < 1

    def test_terms_that_say_the_same_together(self, rows):
        near = rows["x"] + 1e-7 * np.random.default_rng(1).normal(size=len(rows))
        fit = fitted(rows.assign(near=near), "left ~ x + near")
        assert fit.baseline_hazard()["std_error"].notna().all()
        with pytest.raises(Refused, match="cannot be tested together"):
            fit.test()

    def test_one_time_of_events_says_nothing_of_change(self, rows):
        first = rows[rows["stop"] == 1]
        with pytest.raises(Refused, match="at one time"):
            fitted(first).proportional()

    @pytest.mark.parametrize("transform", ["km", "identity", "rank", "log"])
    def test_a_column_that_differs_at_one_time_only(self, rows, transform):
        once = np.where(rows["stop"] == 3, np.sin(np.arange(len(rows))), 0.0)
        fit = fitted(rows.assign(once=once), "left ~ x + once")
        table = fit.proportional(transform).set_index("term")
        assert np.isnan(table.loc["once", "p"])
        alone = table.loc[["x", "all terms"]]
        assert alone["df"].tolist() == [1, 1]
        assert alone["statistic"].nunique() == 1
        assert "p = " in sw.show.effects_over_time(fit.effects_over_time(transform)).title


class TestWhatIsTakenAsItIs:
    @pytest.mark.parametrize("kind", ["bool", "boolean", "Int64", "float", "category"])
    def test_outcomes_of_any_kind(self, rows, kind):
        fit = fitted(rows.assign(left=rows["left"].astype(kind)))
        assert fit.estimates.equals(fitted(rows).estimates)
        assert (fit.rows.events, fit.rows.events_lost) == (rows["left"].sum(), 0)

    def test_no_intercept_is_none_to_take_out(self, rows):
        fit = fitted(rows, "left ~ 0 + arm + x")
        assert fit.estimates["term"].tolist() == ["arm[b]", "x"]
        assert fit.estimates.equals(fitted(rows, "left ~ arm + x").estimates)

    def test_profiles_that_differ_far_behind_the_point(self, rows):
        near = pd.DataFrame({"x": [1000.001, 1000.002]})
        curves = fitted(rows.assign(x=rows["x"] / 1e4 + 1000)).curves(near).estimates
        assert curves["group"].unique().tolist() == ["x 1000.001", "x 1000.002"]


@pytest.mark.parametrize(
    ("stop", "said"),
    [([np.inf], "endless in 1 rows"), ([-np.inf], "endless"), (True, "no numbers")],
)
def test_times_that_are_none(rows, stop, said):
    odd = rows.assign(stop=[*stop, *rows["stop"][1:]] if isinstance(stop, list) else stop)
    with pytest.raises(InvalidInput, match=said):
        sw.cox("left ~ x", odd, stop="stop")


class TestFarOut:
    def test_curves_beyond_the_rows_are_numbers_and_are_said_to_be(self, rows):
        far = pd.DataFrame({"x": [-1e5, 0.0, 1e5]}, index=["low", "middle", "high"])
        curve = fitted(rows).curves(far)
        ends = curve.estimates.groupby("group").last()
        assert np.isfinite(curve.estimates[["estimate", "std_error", "low", "high"]]).all(axis=None)
        assert (ends.loc["low", "estimate"], ends.loc["high", "estimate"]) == (1, 0)
        low, high = rows["x"].min(), rows["x"].max()
        assert curve.recipe.notes[1].startswith(
            f"Somebody lies beyond what the rows of the model hold of `x` (−{-low:.10g} to "
            f"{high:.10g})"
        )
        within = fitted(rows).curves(far.loc[["middle"]])
        assert not any("beyond what the rows" in note for note in within.recipe.notes)

    @pytest.mark.parametrize("unit", [1e-3, 1e-8])
    def test_ratios_per_tiny_unit_are_bounds(self, rows, unit):
        fit = fitted(rows.assign(x=rows["x"] * -unit))
        text = sw.show.estimates(fit, exponentiate=True).html
        assert "&lt; 0.0" in text
        assert "0.00 to" not in text
        table = sw.show.estimates(fit, exponentiate=True).frame
        assert (table[["estimate", "low"]] > 0).all(axis=None)
        title = sw.show.effects_over_time(fit.effects_over_time()).title
        assert "0.00" not in title


def test_therapists_who_each_have_a_stratum_are_never_compared(rows):
    frame = rows.assign(therapist=rows["client"] % 6, site=rows["client"] % 3)
    formula = "left ~ x + (1 | therapist)"
    with pytest.raises(Refused, match="Each `therapist` holds one `therapist` only"):
        fitted(frame, formula, strata="therapist")
    with pytest.raises(Refused, match="Each `client` holds one `therapist` only"):
        fitted(frame, formula, strata="client")
    assert fitted(frame, formula, strata="site").health.sound


class TestCurvesAskedForWrongly:
    def test_a_place_that_is_none_is_not_taken_for_zero(self, rows):
        with pytest.raises(InvalidInput, match="'median' is no place of the columns"):
            fitted(rows).baseline_hazard("median")

    def test_profiles_that_are_no_table(self, rows):
        with pytest.raises(InvalidInput, match="the profiles are a dict"):
            fitted(rows).curves({"x": 1.0})

    def test_times_of_a_path_that_are_text(self, rows):
        path = pd.DataFrame({"x": [0.0], "who": ["a"], "start": ["0"], "stop": ["3"]})
        with pytest.raises(InvalidInput, match="`start` holds no numbers") as caught:
            fitted(rows).curves(path, path="who")
        assert len(caught.value.problems) == 2
