"""Profile limits of generalised mixed models: what they are by definition, and at the boundary."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused

WANTED = stats.chi2.ppf(0.95, 1)


def drawn(sd, clients=40, rows=6, seed=1, slope=0.0):
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(clients), rows)
    x = rng.normal(size=client.size)
    deviations = rng.normal(0, 1, (2, clients))
    eta = -0.2 + 0.5 * x + sd * deviations[0][client] + slope * deviations[1][client] * x
    return pd.DataFrame(
        {
            "x": x,
            "client": client,
            "came": rng.binomial(1, 1 / (1 + np.exp(-eta))),
            "count": rng.poisson(np.exp(eta)),
        }
    )


def limits(fit, **asked):
    return fit.intervals(**asked).set_index("term")


class TestByDefinition:
    def test_of_a_fixed_effect_by_brute_force(self):
        """The likelihood is integrated on a fixed grid and climbed by a routine of SciPy's."""
        rows = drawn(0.8)
        fit = sw.mixed("count ~ x + (1 | client)", rows, family="poisson", quadrature=40)
        node = np.linspace(-8, 8, 1001)
        weight = stats.norm.pdf(node) * (node[1] - node[0])

        def deviance(a, b, sd):
            eta = a + b * rows["x"].to_numpy() + sd * node[:, None]
            logs = stats.poisson.logpmf(rows["count"].to_numpy(), np.exp(eta))
            each = np.array([np.bincount(rows["client"], one) for one in logs])
            return -2 * np.log(weight @ np.exp(each)).sum()

        def at(b):
            best = optimize.minimize(
                lambda p: deviance(p[0], b, np.exp(p[1])), [0.0, -0.2], method="BFGS"
            )
            return best.fun

        found = limits(fit)
        for end in ("low", "high"):
            assert at(found.loc["x", end]) + 2 * fit.loglik == pytest.approx(WANTED, abs=1e-4)

        def at_sd(sd):
            best = optimize.minimize(lambda p: deviance(p[0], p[1], sd), [0.0, 0.5], method="BFGS")
            return best.fun

        for end in ("low", "high"):
            fall = at_sd(found.loc["sd(Intercept | client)", end]) + 2 * fit.loglik
            assert fall == pytest.approx(WANTED, abs=1e-4)

    def test_wider_levels_hold_narrower_ones(self):
        fit = sw.mixed("came ~ x + (1 | client)", drawn(0.8), family="binomial")
        half, most = limits(fit, level=0.5), limits(fit, level=0.99)
        assert (most["low"] < half["low"]).all() and (half["high"] < most["high"]).all()
        assert (half["low"] < half["estimate"]).all() and (half["estimate"] < half["high"]).all()

    def test_the_lower_limit_is_zero_exactly_where_the_test_does_not_contradict_it(self):
        """At the level at which the likelihood ratio ends, the lower limit leaves zero."""
        fit = sw.mixed("came ~ x + (1 | client)", drawn(0.6, seed=4), family="binomial")
        ratio = fit.test("(1 | client)").statistic
        level = stats.chi2.cdf(ratio, 1)
        name = "sd(Intercept | client)"
        assert limits(fit, level=level + 0.002).loc[name, "low"] == 0
        assert limits(fit, level=level - 0.002).loc[name, "low"] > 0


class TestInvariance:
    def test_units_and_zero_points_of_a_column_carry_over(self):
        rows = drawn(0.8, slope=0.6, rows=9, seed=2)
        plain = sw.mixed("count ~ x + (1 + x | client)", rows, family="poisson")
        other = sw.mixed(
            "count ~ x + (1 + x | client)", rows.assign(x=1000 * rows["x"]), family="poisson"
        )
        one, same = limits(plain), limits(other)
        for term in ("x", "sd(x | client)"):
            np.testing.assert_allclose(1000 * same.loc[term], one.loc[term], rtol=1e-5)
        kept = ["Intercept", "sd(Intercept | client)"]
        np.testing.assert_allclose(same.loc[kept], one.loc[kept], rtol=1e-5)

    def test_the_order_of_rows_and_the_side_of_the_outcome(self):
        rows = drawn(0.8)
        one = limits(sw.mixed("came ~ x + (1 | client)", rows, family="binomial"))
        turned = rows.sample(frac=1, random_state=3).assign(came=lambda d: 1 - d["came"])
        other = limits(sw.mixed("came ~ x + (1 | client)", turned, family="binomial"))
        np.testing.assert_allclose(other.loc["x", "low"], -one.loc["x", "high"], rtol=1e-6)
        spread = "sd(Intercept | client)"
        np.testing.assert_allclose(other.loc[spread], one.loc[spread], rtol=1e-6)


class TestAtTheEnds:
    def test_a_variance_of_zero_that_is_kept_has_an_upper_limit(self):
        rows = drawn(0.0, seed=3)
        fit = sw.mixed("came ~ x + (1 | client)", rows, family="binomial", zero="keep")
        own = limits(fit).loc["sd(Intercept | client)"]
        assert own["estimate"] < 1e-6 and own["low"] == 0 and 0.1 < own["high"] < 2

    def test_dispersion_without_end_has_no_upper_limit(self):
        rows = drawn(0.4, seed=6)
        for seed in range(20):
            own = np.random.default_rng(seed)
            rows["count"] = own.poisson(2.0, len(rows))
            try:
                fit = sw.mixed(
                    "count ~ x + (1 | client)", rows, family="negative-binomial", zero="keep"
                )
            except Refused:
                continue
            theta = limits(fit).loc["theta"]
            if np.isinf(theta["high"]):
                break
        assert np.isinf(theta["high"]) and 0 < theta["low"] < theta["estimate"]

    def test_a_model_whose_term_was_left_out_has_limits_of_what_is_left(self):
        fit = sw.mixed("came ~ x + (1 | client)", drawn(0.0, seed=3), family="binomial")
        found = limits(fit)
        plain = sw.glm("came ~ x", drawn(0.0, seed=3), "binomial")
        assert list(found.index) == ["Intercept", "x"]
        np.testing.assert_allclose(found["estimate"], plain.estimates["estimate"], rtol=1e-6)

    def test_thresholds(self):
        rows = drawn(0.8).assign(rating=lambda d: np.minimum(d["count"], 2))
        found = limits(sw.mixed("rating ~ x + (1 | client)", rows, family="ordinal"))
        assert found.index.tolist()[1:3] == ["threshold 0|1", "threshold 1|2"]
        assert (found["low"] < found["estimate"]).all() and (
            found["estimate"] < found["high"]
        ).all()


class TestRefusals:
    def test_a_prior_a_bootstrap_and_words_that_are_none(self):
        rows = drawn(0.8)
        held = sw.mixed("came ~ x + (1 | client)", rows, family="binomial", prior="weak")
        with pytest.raises(Refused, match="With a prior"):
            held.intervals()
        assert len(held.intervals(by="wald")) == 2
        fit = sw.mixed("came ~ x + (1 | client)", rows, family="binomial")
        with pytest.raises(Refused, match="bootstrap"):
            fit.intervals(by="bootstrap")
        with pytest.raises(InvalidInput, match="level"):
            fit.intervals(level=1.5)

    def test_wald_limits_are_those_of_the_estimates(self):
        fit = sw.mixed("came ~ x + (1 | client)", drawn(0.8), family="binomial")
        wald = fit.intervals(by="wald")
        np.testing.assert_allclose(wald[["low", "high"]], fit.estimates[["low", "high"]])
