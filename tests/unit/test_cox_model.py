"""The Cox model: what it becomes in simple cases, what changes nothing, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused


@pytest.fixture(scope="module")
def rows():
    """Three rows a client, scores that change, late entry, events with ties."""
    rng = np.random.default_rng(3)
    client = np.repeat(np.arange(60), 3)
    start = np.tile([0, 1, 2], 60) + np.repeat(rng.integers(0, 2, 60), 3)
    frame = pd.DataFrame(
        {
            "client": client,
            "therapist": client % 8,
            "start": start,
            "stop": start + 1,
            "srs": rng.normal(34, 3, 180).round(1),
            "severity": np.repeat(rng.normal(size=60), 3),
            "arm": np.repeat(rng.choice(["a", "b", "c"], 60), 3),
        }
    )
    frame["left"] = (rng.random(180) < 0.2).astype(int)
    return frame


def fitted(rows, formula="left ~ srs + severity", **given):
    return sw.cox(formula, rows, **{"start": "start", "stop": "stop", **given})


def same(one, other, close=1e-9):
    np.testing.assert_allclose(
        one.estimates[["estimate", "std_error"]], other.estimates[["estimate", "std_error"]], close
    )


def fitted_at(rows, fit, times):
    """Log partial likelihood (Efron) with the first coefficient so many times its estimate."""
    beta = fit.estimates["estimate"].to_numpy() * [times, 1]
    risk = np.exp(rows[list(fit.estimates["term"])].to_numpy() @ beta)
    loglik = 0.0
    for t in rows.loc[rows["left"] == 1, "stop"].unique():
        at_risk = (rows["start"] < t) & (t <= rows["stop"])
        die = ((rows["stop"] == t) & (rows["left"] == 1)).to_numpy()
        gone = np.arange(die.sum()) / die.sum()
        left = risk[at_risk].sum() - gone * risk[die].sum()
        loglik += np.log(risk[die]).sum() - np.log(left).sum()
    return loglik


class TestWhatItBecomes:
    def test_one_event_time_is_conditional_logistic_regression_by_hand(self):
        """One event among three: the partial likelihood is e^b/(2 + e^b) of who has x = 1."""
        frame = pd.DataFrame({"x": [1, 0, 0] * 2, "stop": 1, "set": [1] * 3 + [2] * 3})
        frame["left"] = [1, 0, 0, 0, 1, 0]
        fit = sw.cox("left ~ x", frame, stop="stop", strata="set")
        assert fit.term("x")["estimate"] == pytest.approx(np.log(2))
        assert fit.loglik == pytest.approx(2 * np.log(1 / 2) + np.log(1 / 2), abs=1e-12)

    def test_the_score_test_of_two_groups_is_the_log_rank_test(self):
        """Without ties, Rao's χ² is the log-rank statistic: by hand, (O − E)²/V."""
        stop, group = np.array([1, 2, 3, 4, 5, 6]), np.array([1, 0, 1, 1, 0, 0])
        frame = pd.DataFrame({"stop": stop, "group": group, "left": [1, 1, 1, 0, 1, 1]})
        fit = sw.cox("left ~ group", frame, stop="stop")
        share = np.array([group[stop >= t].mean() for t in (1, 2, 3, 5, 6)])
        value = (2 - share.sum()) ** 2 / (share * (1 - share)).sum()
        assert fit.test(by="score").statistic == pytest.approx(value)

    def test_efron_and_breslow_are_one_without_ties(self, rows):
        apart = rows.assign(stop=rows["stop"] + np.arange(len(rows)) / 1000)
        same(fitted(apart), fitted(apart, ties="breslow"))

    def test_clusters_of_one_row_give_the_sandwich_of_rows(self, rows):
        numbered = rows.assign(row=np.arange(len(rows)))
        fit = fitted(numbered, cluster="row")
        moved = fit.residuals("dfbeta")[["srs", "severity"]].to_numpy()
        np.testing.assert_allclose(fit.covariance, moved.T @ moved)


class TestWhatChangesNothing:
    def test_the_order_of_rows(self, rows):
        same(fitted(rows), fitted(rows.sample(frac=1, random_state=1)))

    def test_rows_cut_in_two(self, rows):
        """Nothing happens in the middle of a row."""
        half = rows.assign(stop=rows["start"] + 0.5, left=0)
        rest = rows.assign(start=rows["start"] + 0.5)
        same(fitted(rows), fitted(pd.concat([half, rest])))

    def test_the_names_of_clusters_and_strata(self, rows):
        named = rows.assign(therapist="t" + rows["therapist"].astype(str), arm=rows["arm"] + "!")
        same(
            fitted(rows, cluster="therapist", strata="arm"),
            fitted(named, cluster="therapist", strata="arm"),
        )

    def test_any_rising_change_of_time(self, rows):
        later = rows.assign(start=np.exp(rows["start"]), stop=np.exp(rows["stop"]))
        same(fitted(rows), fitted(later))

    def test_units_of_a_column(self, rows):
        one, other = fitted(rows), fitted(rows.assign(srs=rows["srs"] * 1e6 + 1e8))
        assert other.term("srs")["statistic"] == pytest.approx(one.term("srs")["statistic"])
        assert other.loglik == pytest.approx(one.loglik)

    def test_rows_never_at_risk_at_an_event(self, rows):
        """`start` itself is not at risk: a row that begins when all is over adds nothing."""
        late = rows.head(5).assign(start=rows["stop"].max(), stop=rows["stop"].max() + 1, left=0)
        same(fitted(rows), fitted(pd.concat([rows, late])))


class TestWhatIsSaid:
    def test_events_and_those_lost_to_a_missing_score(self, rows):
        holes = rows.assign(srs=rows["srs"].mask(rows["left"].eq(1) & rows["client"].lt(20)))
        fit = fitted(holes)
        lost = int(rows["left"][rows["client"] < 20].sum())
        assert (fit.rows.events, fit.rows.events_lost) == (rows["left"].sum() - lost, lost)

    def test_few_clusters_and_the_reference(self, rows):
        fit = fitted(rows, cluster="therapist")
        assert fit.recipe.reference == "t with G−1 = 7 df" and "8 clusters" in fit.recipe.notes[0]
        assert fit.test().df_denominator == 7

    def test_events_that_happen_again_want_a_cluster(self, rows):
        assert rows.loc[rows["left"] == 1, "client"].duplicated().any()
        assert "more than once" in " ".join(fitted(rows).recipe.notes)
        assert "more than once" not in " ".join(fitted(rows, cluster="client").recipe.notes)

    def test_it_reads_as_text_and_as_a_page(self, rows):
        fit = fitted(rows, "left ~ srs + arm", strata="therapist")
        assert "Cox model by partial likelihood (Efron's ties)" in repr(fit)
        assert "Hazard ratio" in sw.show.estimates(fit, exponentiate=True).html
        assert "Efron, B. (1977)" in fit._repr_mimebundle_()["text/html"]


class TestWhatIsFarButFinite:
    def test_a_column_that_nearly_orders_every_event(self, rows):
        """Events of one time compete with each other: the likelihood turns back in the end."""
        oracle = rows.assign(oracle=rows["left"] + rows["srs"] / 1000)
        fit = fitted(oracle, "left ~ oracle + severity")
        assert fit.health.sound and abs(fit.estimates["statistic"].iloc[0]) < 2
        lower, upper = (fitted_at(oracle, fit, by) for by in (0.99, 1.01))
        assert fit.loglik > max(lower, upper)

    @pytest.mark.parametrize("centre", [0, 1967, 1e4])
    def test_a_year_and_its_square(self, rows, centre):
        """Columns all but collinear say the same as those about their mean."""
        year = rows["srs"] - rows["srs"].mean()
        one = fitted(rows.assign(year=year, square=year**2), "left ~ year + square")
        year = year + centre
        other = fitted(rows.assign(year=year, square=year**2), "left ~ year + square")
        assert other.loglik == pytest.approx(one.loglik, abs=1e-6)
        square, again = one.term("square"), other.term("square")
        assert again["estimate"] == pytest.approx(square["estimate"], rel=1e-4)
        assert again["std_error"] == pytest.approx(square["std_error"], rel=1e-4)


class TestWhatIsRefused:
    def test_columns_and_words_all_at_once(self, rows):
        with pytest.raises(InvalidInput) as told:
            fitted(rows, stop="ends", strata="site", ties="exact")
        for word in ("`ends`", "`site`", "'exact'"):
            assert word in str(told.value)

    def test_rows_that_end_before_they_begin(self, rows):
        with pytest.raises(InvalidInput, match="180 rows end when they begin"):
            fitted(rows, start="stop", stop="start")

    def test_a_column_that_orders_every_event(self, rows):
        oracle = rows.assign(oracle=rows["left"])
        with pytest.raises(Refused, match="`oracle` has no finite estimate"):
            fitted(oracle, "left ~ oracle + severity")

    def test_terms_that_go_to_infinity_together(self, rows):
        """Neither alone orders the events; their sum does."""
        noise = rows["srs"] - 34
        halves = rows.assign(one=rows["left"] + noise, other=rows["left"] - noise)
        with pytest.raises(Refused, match="`one`, `other` has no finite estimate"):
            fitted(halves, "left ~ severity + one + other")

    def test_columns_in_which_nobody_is_compared(self, rows):
        site = rows.assign(site=rows["therapist"] % 2)
        with pytest.raises(Refused, match="of one `therapist` at risk .* do not differ in `site`"):
            fitted(site, "left ~ srs + site", strata="therapist")
        with pytest.raises(Refused, match="do not differ in `site`"):
            fitted(site, "left ~ site", strata="therapist")
        late = rows.head(6).assign(start=50, stop=51, left=0, late=[0, 1, 0, 1, 0, 1])
        with pytest.raises(Refused, match="do not differ in `late`"):
            fitted(pd.concat([rows.assign(late=0), late]), "left ~ srs + late")

    def test_a_category_without_events(self, rows):
        none = rows.assign(left=rows["left"].where(rows["arm"] != "c", 0))
        with pytest.raises(Refused, match=r"`arm\[c\]` has no finite estimate"):
            fitted(none, "left ~ arm + severity")

    def test_no_events_no_terms_no_zeros_and_ones(self, rows):
        for changed, formula, found in (
            (rows.assign(left=0), "left ~ srs", "never happens"),
            (rows, "left ~ 1", "no terms"),
            (rows.assign(left=2 * rows["left"]), "left ~ srs", "neither 0 nor 1"),
        ):
            with pytest.raises(Refused, match=found):
                fitted(changed, formula)

    def test_what_was_not_known_when_the_client_decided(self):
        s = sw.within_between(sw.example(), ["srs"])
        with pytest.raises(Refused, match="not known when the client decides"):
            sw.cox("left_unplanned ~ srs_between", s)
        with pytest.raises(Refused, match="`ending` is not known when the client decides"):
            sw.cox("left_unplanned ~ severity", s, strata="ending")
        with pytest.raises(Refused, match="`srs` is not known when a planned ending"):
            sw.cox("left_planned ~ srs", s)

    def test_two_answers_to_one_question(self, rows):
        with pytest.raises(InvalidInput, match="two answers"):
            fitted(rows, "left ~ srs + (1 | therapist)", cluster="therapist")


def test_hazard_ratios_come_back_with_intervals_that_hold():
    """200 draws, 80 clients with a score that changes: bias under 3 Monte Carlo errors; of 200
    intervals of coverage 95 %, fewer than 181 hold the truth once in 300."""
    true, found = np.array([-0.3, 0.5]), []
    for seed in range(200):
        rng = np.random.default_rng([11, seed])
        client = np.repeat(np.arange(80), 10)
        frame = pd.DataFrame({"client": client, "start": np.tile(np.arange(10), 80)})
        frame["stop"] = frame["start"] + rng.uniform(0.01, 1, 800)  # no ties
        frame["srs"], frame["severity"] = rng.normal(size=800), rng.normal(size=80)[client]
        eta = frame[["srs", "severity"]].to_numpy() @ true
        frame["left"] = (rng.random(800) < -np.expm1(-0.1 * np.exp(eta))).astype(int)
        gone = frame.groupby("client")["left"].cumsum() - frame["left"]
        frame = frame[gone == 0]
        frame["stop"] = frame["stop"].where(frame["left"] == 1, frame["start"] + 1)
        found.append(sw.cox("left ~ srs + severity", frame, start="start", stop="stop").estimates)
    estimate = np.array([one["estimate"] for one in found])
    off = (estimate.mean(axis=0) - true) / (estimate.std(axis=0) / np.sqrt(200))
    assert (np.abs(off) < 3).all(), off
    held = np.array([(one["low"] <= true) & (true <= one["high"]) for one in found]).sum(axis=0)
    assert (held >= 181).all(), held
