"""Generalised mixed models against what records hold and nobody meant: units, gaps, odd columns."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.population_average import INVERSE, _integrated

PLAIN = "came ~ x + (1 | client)"


@pytest.fixture(autouse=True)
def _no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn(seed=7):
    rng = np.random.default_rng(seed)
    client = np.repeat(np.arange(50), 8)
    n = client.size
    x = rng.normal(size=n)
    eta = -0.3 + 0.5 * x + rng.normal(0, 1, 50)[client]
    return pd.DataFrame(
        {
            "x": x,
            "kind": rng.choice(list("abc"), n),
            "client": client,
            "came": rng.binomial(1, special.expit(eta)),
            "count": rng.poisson(np.exp(eta + rng.normal(0, 0.8, n))),
            "rating": np.digitize(eta + rng.logistic(size=n), [-1, 0.5, 1.5]),
        }
    )


@pytest.fixture(scope="module")
def rows():
    return drawn()


@pytest.fixture(scope="module")
def plain(rows):
    return sw.mixed(PLAIN, rows, family="binomial")


def same(one, other, rtol=1e-6):
    assert one.loglik == pytest.approx(other.loglik, abs=1e-7)
    np.testing.assert_allclose(one.variances["sd"], other.variances["sd"], rtol=rtol)


class TestUnits:
    @pytest.mark.parametrize(("unit", "zero"), [(1e8, 0), (1e-8, 0), (1.0, 1e6), (1e8, 1e9)])
    def test_of_a_column(self, rows, plain, unit, zero):
        moved = sw.mixed(PLAIN, rows.assign(x=unit * rows["x"] + zero), family="binomial")
        same(moved, plain)
        assert moved.term("x")["estimate"] * unit == pytest.approx(plain.term("x")["estimate"])
        assert moved.term("x")["p"] == pytest.approx(plain.term("x")["p"], rel=1e-4)
        np.testing.assert_allclose(
            moved.predict()["estimate"], plain.predict()["estimate"], rtol=1e-6
        )

    @pytest.mark.parametrize("family", ["binomial", "poisson", "ordinal"])
    def test_of_a_slope_that_differs(self, rows, family):
        left = {"binomial": "came", "poisson": "count", "ordinal": "rating"}[family]
        formula = f"{left} ~ x + (1 + x | client)"
        one = sw.mixed(formula, rows, family=family)
        other = sw.mixed(formula, rows.assign(x=100 * rows["x"] + 500), family=family)
        assert one.loglik == pytest.approx(other.loglik, abs=1e-7)
        for what in ("predict", "population_average"):
            mine, theirs = getattr(one, what)(), getattr(other, what)()
            np.testing.assert_allclose(mine["estimate"], theirs["estimate"], rtol=1e-5)
            np.testing.assert_allclose(mine["std_error"], theirs["std_error"], rtol=1e-3)

    def test_names_and_order_of_levels(self, rows, plain):
        named = rows.assign(client=rows["client"].map(lambda one: f"c{one * 37 % 53}"))
        same(sw.mixed(PLAIN, named.sample(frac=1, random_state=3), family="binomial"), plain)

    @pytest.mark.parametrize("link", ["logit", "probit"])
    def test_the_other_side_of_the_outcome(self, rows, link):
        one = sw.mixed(PLAIN, rows, family="binomial", link=link)
        turned = rows.assign(came=1 - rows["came"])
        other = sw.mixed(PLAIN, turned, family="binomial", link=link)
        same(one, other)
        np.testing.assert_allclose(other.estimates["estimate"], -one.estimates["estimate"])
        np.testing.assert_allclose(other.predict()["estimate"], 1 - one.predict()["estimate"])

    def test_two_categories_are_a_0_1_outcome(self, rows, plain):
        other = sw.mixed("came ~ x + (1 | client)", rows, family="ordinal")
        same(other, plain)
        level = plain.term("Intercept")["estimate"]
        assert other.further["estimate"].item() == pytest.approx(-level, rel=1e-6)

    def test_a_trial_a_row_is_a_0_1_outcome(self, rows, plain):
        same(sw.mixed(PLAIN, rows.assign(of=1), family="binomial", trials="of"), plain)


class TestColumns:
    def test_all_equal_and_aliased(self, rows, plain):
        both = rows.assign(twice=2 * rows["x"] + 1, same=3.0)
        found = sw.mixed("came ~ x + twice + same + (1 | client)", both, family="binomial")
        same(found, plain)
        assert len(found.health.dropped) == 2
        nodes = sw.mixed("came ~ x + twice + (1 | client)", both, family="binomial", quadrature=9)
        same(nodes, sw.mixed(PLAIN, rows, family="binomial", quadrature=9))

    def test_a_category_nobody_is_in(self, rows):
        kinds = pd.CategoricalDtype([0, 1, 2, 3, 9], ordered=True)
        formula = "rating ~ x + (1 | client)"
        same(
            sw.mixed(formula, rows.assign(rating=rows["rating"].astype(kinds)), family="ordinal"),
            sw.mixed(formula, rows, family="ordinal"),
        )

    @pytest.mark.parametrize("kind", [bool, "Int64", "float32"])
    def test_types_of_the_outcome(self, rows, plain, kind):
        same(sw.mixed(PLAIN, rows.assign(came=rows["came"].astype(kind)), family="binomial"), plain)

    def test_missing_values_leave_the_row_out_wherever_they_stand(self, rows):
        gone = rows.index < 20
        left = sw.mixed(PLAIN, rows[~gone], family="binomial")
        for column in ("came", "x", "client"):
            other = rows.assign(**{column: rows[column].astype(float).mask(gone)})
            same(sw.mixed(PLAIN, other, family="binomial"), left)

    @pytest.mark.parametrize("of", [0, -1, 1.5, np.inf])
    def test_trials_that_are_none(self, rows, of):
        own = rows.assign(of=np.where(rows.index == 3, of, 2))
        with pytest.raises(Refused, match="in 1 of 400 rows"):
            sw.mixed(PLAIN, own, family="binomial", trials="of")

    def test_trials_in_words(self, rows):
        with pytest.raises(InvalidInput, match="`of` holds no numbers"):
            sw.mixed(PLAIN, rows.assign(of="two"), family="binomial", trials="of")

    @pytest.mark.parametrize("family", ["poisson", "negative-binomial"])
    def test_counts_of_nothing(self, rows, family):
        with pytest.raises(Refused, match="nothing to explain"):
            sw.mixed("count ~ x + (1 | client)", rows.assign(count=0), family=family)


class TestRowsOfTheirOwn:
    def test_counts_tell_rows_apart(self, rows):
        own = rows.assign(row=rows.index)
        found = sw.mixed("count ~ x + (1 | client) + (1 | row)", own, family="poisson")
        sd = found.variances.set_index("group")["sd"]
        assert sd["row"] == pytest.approx(0.8, abs=0.2)
        assert found.loglik > sw.mixed("count ~ x + (1 | client)", rows, family="poisson").loglik

    @pytest.mark.parametrize(
        ("family", "left"),
        [("binomial", "came"), ("negative-binomial", "count"), ("ordinal", "rating")],
    )
    def test_no_other_outcome_does(self, rows, family, left):
        with pytest.raises(Refused, match="a `row` of its own"):
            sw.mixed(f"{left} ~ x + (1 | row)", rows.assign(row=rows.index), family=family)


class TestNumbers:
    @pytest.mark.parametrize("link", INVERSE)
    @pytest.mark.parametrize("sd", [0.01, 0.7, 3.0, 6.0, 12.0])
    def test_means_over_deviations_however_large(self, link, sd):
        inverse = INVERSE[link]
        for eta in (-6.0, -1.0, 2.0):

            def at(u, eta=eta):
                return float(inverse(np.float64(eta + sd * u)) * stats.norm.pdf(u))

            middle = float(np.clip(-eta / sd, -8, 8))
            true = integrate.quad(
                at, -12, 12, epsabs=1e-13, epsrel=1e-12, limit=500, points=[middle]
            )[0]
            found = _integrated(inverse, np.array([eta]), np.array([sd**2]))[0]
            assert found == pytest.approx(true, abs=1e-11)

    def test_a_variance_of_zero_has_a_share_of_zero_without_limits(self, rows):
        mixed_up = rows.assign(client=np.random.default_rng(1).permutation(rows["client"]))
        kept = sw.mixed(PLAIN, mixed_up, family="binomial", zero="keep")
        assert kept.variances["sd"].item() < 1e-5
        share, ratio = kept.latent_shares().iloc[0], kept.median_ratios().iloc[0]
        assert share["share"] == 0 and ratio["estimate"] == 1
        assert share[["std_error", "low", "high"]].isna().all()
        assert ratio[["std_error", "low", "high"]].isna().all()
        left = sw.mixed(PLAIN, mixed_up, family="binomial")
        assert left.latent_shares().empty and left.median_ratios().empty
        assert left.predict()["estimate"].between(0, 1).all()

    def test_zero_beside_another_factor(self, rows):
        both = rows.assign(therapist=rows.index % 5)
        formula = "came ~ x + (1 | client) + (1 | therapist)"
        kept = sw.mixed(formula, both, family="binomial", zero="keep")
        shares = kept.latent_shares().set_index("group")
        assert kept.variances.set_index("group").loc["therapist", "sd"] < 1e-5
        alone = sw.mixed(PLAIN, rows, family="binomial").latent_shares().iloc[0]
        for column in ("share", "std_error", "low", "high"):
            assert shares.loc["client", column] == pytest.approx(alone[column], rel=1e-4)
