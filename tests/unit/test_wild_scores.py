"""The wild cluster bootstrap: against every sign written out, and what must not matter to it."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import sessionwise as sw
from sessionwise.engine.outcome_families import Cloglog, Logit
from sessionwise.engine.score_bootstrap import LEVEL, ScoreBootstrap
from sessionwise.engine.wild_scores import WEBB, cluster_weights
from sessionwise.errors import InvalidInput
from sessionwise.models.generalized_linear import glm

LINKS = {"logit": (Logit, sm.families.links.Logit), "cloglog": (Cloglog, sm.families.links.CLogLog)}


def drawn(clusters, seed=1, each=30):
    """Rows of a few therapists: a predictor of rows, one of therapists, and who left."""
    rng = np.random.default_rng(seed)
    therapist = np.repeat(np.arange(clusters), rng.integers(each // 2, each + 1, clusters))
    x = rng.normal(size=therapist.size)
    z = rng.normal(size=clusters)[therapist]
    eta = -1.2 + 0.5 * x + rng.normal(0, 0.4, clusters)[therapist]
    y = (rng.random(therapist.size) < 1 / (1 + np.exp(-eta))).astype(float)
    return np.column_stack([np.ones_like(x), x, z]), y, therapist


def by_every_sign(design, y, therapist, tested, value, link):
    """The p-value with all 2ᴳ signs, in plain loops; the null model by statsmodels.

    Scores and observed information of each row by differences of its log-likelihood.
    """
    inverse = link().inverse
    others = [k for k in range(design.shape[1]) if k != tested]
    family = sm.families.Binomial(link())
    null = sm.GLM(y, design[:, others], family, offset=design[:, tested] * value)
    beta = np.zeros(design.shape[1])
    beta[others] = null.fit(tol=1e-14, maxiter=200).params
    beta[tested] = value

    def loglik(eta):
        return np.where(y == 1, np.log(inverse(eta)), np.log(1 - inverse(eta)))

    eta, h = design @ beta, 1e-4
    slope = (loglik(eta + h) - loglik(eta - h)) / (2 * h)
    weight = -(loglik(eta + h) - 2 * loglik(eta) + loglik(eta - h)) / h**2
    names = np.unique(therapist)
    scores = [design[therapist == g].T @ slope[therapist == g] for g in names]
    blocks = [
        design[therapist == g].T @ (weight[therapist == g][:, None] * design[therapist == g])
        for g in names
    ]
    inverse_information = np.linalg.inv(sum(blocks))

    def statistic(signs):
        step = inverse_information @ sum(w * s for w, s in zip(signs, scores))
        left = [
            (inverse_information @ (w * s - block @ step))[tested]
            for w, s, block in zip(signs, scores, blocks)
        ]
        return abs(step[tested]) / np.sqrt(sum(one**2 for one in left))

    observed = statistic(np.ones(names.size))
    every = [statistic(signs) for signs in product((-1, 1), repeat=names.size)]
    return sum(one >= observed * (1 - 1e-7) for one in every), len(every)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("clusters", [5, 6])
@pytest.mark.parametrize(("tested", "value"), [(1, 0.0), (1, 0.3), (2, 0.0), (0, -1.0)])
def test_it_is_the_bootstrap_of_every_sign(link, clusters, tested, value):
    family, as_statsmodels = LINKS[link]
    design, y, therapist = drawn(clusters)
    far, of = by_every_sign(design, y, therapist, tested, value, as_statsmodels)
    signs = np.array(list(product((-1.0, 1.0), repeat=clusters)))
    bootstrap = ScoreBootstrap(design, family(y, np.ones_like(y)), therapist, signs)
    scale = bootstrap.scale[tested]
    p = bootstrap.p_value(tested, value * scale, np.zeros(design.shape[1]))
    assert p == pytest.approx((far + 1) / (of + 1), abs=1e-12)


class TestWeights:
    def test_webb_has_six_points_of_mean_square_one(self):
        assert WEBB.size == 6
        assert WEBB.mean() == pytest.approx(0) and (WEBB**2).mean() == pytest.approx(1)
        assert set(np.unique(cluster_weights(12, 500, np.random.default_rng(1)))) == set(WEBB)

    def test_signs_from_thirteen_clusters_on(self):
        assert set(np.unique(cluster_weights(13, 500, np.random.default_rng(1)))) == {-1.0, 1.0}


@pytest.fixture(scope="module")
def frame():
    design, y, therapist = drawn(6, seed=4)
    return pd.DataFrame({"x": design[:, 1], "z": design[:, 2], "y": y, "therapist": therapist})


def wild(frame, **more):
    more = {"link": "logit", "cluster": "therapist", "errors": "wild", **more}
    return glm("y ~ x + z", frame, "binomial", **more)


class TestInAFit:
    def test_estimates_and_errors_are_those_of_cr2(self, frame):
        fit, cr2 = wild(frame), wild(frame, errors="CR2")
        same = ["term", "estimate", "std_error", "df", "statistic"]
        pd.testing.assert_frame_equal(fit.estimates[same], cr2.estimates[same])
        assert fit.recipe.errors == "wild"
        assert fit.recipe.reference == "wild cluster bootstrap of the scores, 9,999 draws"
        assert "CR2 standard errors clustered by therapist, wild cluster bootstrap" in (
            " ".join(repr(fit).split())
        )

    def test_twice_the_same(self, frame):
        pd.testing.assert_frame_equal(wild(frame).estimates, wild(frame).estimates)

    def test_limits_are_where_p_falls_below_five_per_cent(self, frame):
        """A value inside is not rejected, one a little further out is."""
        fit = wild(frame)
        row = fit.term("x")
        design = np.column_stack([np.ones(len(frame)), frame["x"], frame["z"]])
        y = frame["y"].to_numpy()
        seeds = np.random.default_rng(np.random.SeedSequence(20_120_101))
        weights = cluster_weights(6, 9_999, seeds)
        bootstrap = ScoreBootstrap(design, Logit(y, np.ones_like(y)), frame["therapist"], weights)
        best = fit.estimates["estimate"].to_numpy() * bootstrap.scale
        for side, limit in ((-1, row["low"]), (1, row["high"])):
            for step, rejected in ((-0.01, False), (0.01, True)):
                value = limit + side * step * row["std_error"]
                p = bootstrap.p_value(1, value * bootstrap.scale[1], best)
                assert (p < LEVEL) == rejected

    def test_p_below_five_per_cent_goes_with_limits_that_leave_out_nought(self, frame):
        for _, row in wild(frame).estimates.iterrows():
            assert (row["p"] < LEVEL) == (row["low"] > 0 or row["high"] < 0)

    def test_order_of_rows_and_units_do_not_matter(self, frame):
        fit = wild(frame)
        shuffled = wild(frame.sample(frac=1, random_state=1))
        pd.testing.assert_frame_equal(fit.estimates, shuffled.estimates, rtol=1e-6)
        hundredfold = wild(frame.assign(x=100 * frame["x"])).term("x")
        for name in ("estimate", "low", "high"):
            assert 100 * hundredfold[name] == pytest.approx(fit.term("x")[name], rel=1e-6)
        assert hundredfold["p"] == fit.term("x")["p"]

    def test_turned_round_limits_change_places(self, frame):
        row, turned = wild(frame).term("x"), wild(frame.assign(x=-frame["x"])).term("x")
        assert (turned["low"], turned["high"]) == pytest.approx((-row["high"], -row["low"]))
        assert turned["p"] == row["p"]

    def test_two_clusters_reject_nothing(self, frame):
        """Whatever the value, so no value can be ruled out."""
        two = frame.assign(therapist=frame["therapist"] % 2)
        assert not np.isfinite(wild(two).term("z")[["low", "high"]].to_numpy(float)).any()

    def test_it_is_for_outcomes_of_0_and_1(self, frame):
        with pytest.raises(InvalidInput, match="the wild bootstrap is for 0/1 outcomes"):
            glm("x ~ z", frame, "gaussian", cluster="therapist", errors="wild")

    def test_a_hazard_has_it(self):
        clinic = sw.simulate(sw.Truth(clinic={"clients": 80, "therapists": 5}), seed=3)
        fit = sw.hazard("left_unplanned ~ session + severity", clinic, errors="wild")
        assert (fit.recipe.errors, fit.recipe.cluster) == ("wild", "therapist")
        assert "wild_bootstrap" in fit.recipe.sources
        plain = sw.hazard("left_unplanned ~ session + severity", clinic)
        assert fit.term("severity")["std_error"] == plain.term("severity")["std_error"]
        assert fit.term("severity")["p"] != plain.term("severity")["p"]

    @pytest.mark.parametrize("change", [lambda z: z * 1e8, lambda z: z + 1e8, lambda z: z / 1e8])
    def test_a_column_with_its_zero_far_off(self, frame, change):
        """The p of another column stays to the draw, its limits to the fineness of the search."""
        one, other = wild(frame), wild(frame.assign(z=change(frame["z"])))
        for term in ("x", "z"):
            assert other.term(term)["p"] == one.term(term)["p"]
        limits = [fit.term("x")[["low", "high"]].to_numpy(float) for fit in (one, other)]
        np.testing.assert_allclose(limits[1], limits[0], atol=0.005 * one.term("x")["std_error"])
