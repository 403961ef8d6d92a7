"""Generalised linear models: what they collapse to, and what they refuse."""

import numpy as np
import pandas as pd
import pytest

from sessionwise.engine.sandwich import cluster_covariance
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models import likelihood_maximum
from sessionwise.models.generalized_linear import glm


def decisions(seed=3, rows=400):
    draw = np.random.default_rng(seed)
    srs, therapist = draw.normal(34, 4, rows), draw.integers(1, 13, rows)
    chance = 1 / (1 + np.exp(1.5 + 0.15 * (srs - 34)))
    return pd.DataFrame(
        {
            "left": (draw.random(rows) < chance).astype(int),
            "srs": srs,
            "session": draw.integers(1, 10, rows),
            "modality": draw.choice(["in_person", "phone", "video"], rows),
            "client": np.arange(rows) // 4,
            "therapist": therapist,
        }
    )


class TestWhatItBecomes:
    @pytest.mark.parametrize(
        ("link", "of_share"),
        [("logit", lambda p: np.log(p / (1 - p))), ("cloglog", lambda p: np.log(-np.log(1 - p)))],
    )
    def test_an_intercept_alone_is_the_share(self, link, of_share):
        rows = decisions()
        fit = glm("left ~ 1", rows, link=link)
        assert fit.term("Intercept")["estimate"] == pytest.approx(
            of_share(rows["left"].mean()), rel=1e-12
        )

    def test_one_category_is_the_odds_ratio_of_the_table(self):
        rows = decisions()
        rows["phone"] = rows["modality"] == "phone"
        (a, b), (c, d) = pd.crosstab(rows["phone"], rows["left"]).to_numpy()
        term = glm("left ~ phone", rows).term("phone")
        assert term["estimate"] == pytest.approx(np.log(a * d / (b * c)), rel=1e-10)
        assert term["std_error"] == pytest.approx(np.sqrt(1 / a + 1 / b + 1 / c + 1 / d), rel=1e-10)

    def test_gaussian_is_least_squares_with_t(self):
        rows = decisions()
        fit = glm("srs ~ session + left", rows, "gaussian")
        X = np.column_stack([np.ones(400), rows["session"], rows["left"]])
        beta, rss, _, _ = np.linalg.lstsq(X, rows["srs"], rcond=None)
        covariance = np.linalg.inv(X.T @ X) * rss[0] / 397
        np.testing.assert_allclose(fit.estimates["estimate"], beta, rtol=1e-10)
        np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-9)
        assert fit.estimates["df"].tolist() == [397.0] * 3
        said = -200 * (np.log(2 * np.pi * rss[0] / 400) + 1)
        assert fit.loglik == pytest.approx(said, rel=1e-12)

    def test_every_row_its_own_cluster_is_white_and_mackinnon(self):
        """CR0 is then HC0, and CR2 is HC2: residuals over the root of one minus the leverage."""
        rows = decisions().assign(row=range(400))
        X = np.column_stack([np.ones(400), rows["session"]])
        bread = np.linalg.inv(X.T @ X)
        residual = rows["srs"] - X @ (bread @ X.T @ rows["srs"])
        leverage = np.einsum("ij,jk,ik->i", X, bread, X)
        for errors, squares in (("CR0", residual**2), ("CR2", residual**2 / (1 - leverage))):
            fit = glm("srs ~ session", rows, "gaussian", cluster="row", errors=errors)
            said = bread @ (X.T * squares.to_numpy()) @ X @ bread
            np.testing.assert_allclose(fit.covariance, said, rtol=1e-10)


class TestWhatMustNotMatter:
    @pytest.mark.parametrize("errors", ["model", "CR2"])
    def test_units_order_and_names(self, errors):
        rows = decisions()
        changed = rows.assign(
            srs=1e6 + rows["srs"] * 1e-2, therapist=rows["therapist"].map("t{}".format)
        )
        changed = changed.sample(frac=1, random_state=1)
        cluster = None if errors == "model" else "therapist"
        one = glm("left ~ srs + modality", rows, cluster=cluster, errors=errors)
        other = glm("left ~ srs + modality", changed, cluster=cluster, errors=errors)
        kept = ["modality[phone]", "modality[video]", "srs"]
        for term in kept:
            assert other.term(term)["statistic"] == pytest.approx(
                one.term(term)["statistic"], rel=1e-6
            )
        # a number near a million keeps 10 decimals, 9 digits of what srs varies there
        assert other.loglik == pytest.approx(one.loglik, rel=1e-8)

    def test_the_maximum_is_flat(self):
        fit = glm("left ~ srs*modality + session", decisions(), link="cloglog")
        assert fit.health.sound
        assert fit.health.gradient < 1e-10
        assert fit.health.warnings == ()


class TestWhatIsReported:
    def test_rows_and_events_lost(self):
        rows = decisions()
        rows.loc[rows.index[:40], "srs"] = np.nan
        rows.loc[rows.index[30:50], "therapist"] = np.nan
        lost = rows["left"].iloc[:50].sum()
        fit = glm("left ~ srs", rows, cluster="therapist", errors="CR1")
        assert fit.rows.left_out == (("srs missing", 40), ("therapist missing", 10))
        assert (fit.rows.used, fit.rows.events_lost) == (350, lost)
        assert fit.rows.events == rows["left"].sum() - lost

    def test_recipe(self):
        recipe = glm("left ~ srs + modality", decisions(), link="cloglog").recipe
        assert (recipe.link, recipe.errors, recipe.reference) == ("cloglog", "model", "normal")
        assert recipe.references == (("modality", "in_person"),)
        assert recipe.notes == ()

    def test_few_clusters_are_said(self):
        rows = decisions().assign(therapist=lambda one: one["therapist"] % 3)
        fit = glm("left ~ srs + session", rows, cluster="therapist", errors="CR2")
        assert "3 clusters and 3 terms" in fit.recipe.notes[-1]
        assert fit.recipe.reference == "t with G−1 = 2 df"


class TestWhatIsRefused:
    @pytest.mark.parametrize("value", [0, 1])
    def test_an_outcome_that_never_or_always_happens(self, value):
        with pytest.raises(Refused, match=f"`left` is {value} in all 400 rows"):
            glm("left ~ srs", decisions().assign(left=value))

    def test_an_outcome_that_is_not_0_or_1(self):
        with pytest.raises(Refused, match="neither 0 nor 1 in 400 of 400 rows"):
            glm("left ~ session", decisions().assign(left=lambda rows: 2 + rows["left"]))

    def test_a_count_that_is_none(self):
        with pytest.raises(Refused, match="not a count"):
            glm("srs ~ session", decisions(), "poisson")

    @pytest.mark.parametrize("link", ["logit", "cloglog", "probit"])
    def test_separation_is_named(self, link):
        rows = decisions()
        rows["told"] = rows["left"] * 2.0 + (rows["srs"] > 34)
        with pytest.raises(Refused, match="`told` tells the ones .*separation"):
            glm("left ~ session + told", rows, link=link)

    @pytest.mark.parametrize("link", ["logit", "cloglog", "probit"])
    def test_a_category_in_which_nothing_happened(self, link):
        rows = decisions()
        rows.loc[rows["modality"] == "video", "left"] = 0
        with pytest.raises(Refused, match=r"`modality\[video\]` tells"):
            glm("left ~ session + modality", rows, link=link)

    def test_a_strong_effect_is_not_separation(self):
        rows = decisions()
        rows["strong"] = rows["left"] * 5.0 + np.random.default_rng(1).normal(0, 1, 400)
        rows.loc[0, "strong"], rows.loc[0, "left"] = 9.0, 0  # one row on the wrong side
        assert glm("left ~ strong", rows).health.sound

    def test_a_row_far_out_is_not_separation(self):
        rows = decisions()
        rows.loc[0, ["srs", "left"]] = [-400.0, 1]
        fit = glm("left ~ srs", rows)
        assert fit.health.sound

    def test_a_constant_column(self):
        with pytest.raises(Refused, match="`one` has one value only"):
            glm("left ~ one", decisions().assign(one=1))

    def test_one_cluster(self):
        with pytest.raises(Refused, match="at least two clusters; there is 1"):
            glm("left ~ srs", decisions().assign(therapist=1), cluster="therapist", errors="CR2")

    def test_as_many_terms_as_rows(self):
        with pytest.raises(Refused, match="2 terms leave nothing of 2 rows"):
            glm("srs ~ session", decisions().iloc[[0, 3]].assign(session=[1, 2]), "gaussian")

    def test_a_maximum_that_is_not_flat(self, monkeypatch):
        monkeypatch.setattr(likelihood_maximum, "FLAT", 0.0)
        with pytest.raises(Refused, match="did not converge"):
            glm("left ~ srs", decisions())

    @pytest.mark.parametrize(
        ("given", "word"),
        [
            ({"family": "binomal"}, "Did you mean 'binomial'"),
            ({"link": "cloglg"}, "Did you mean 'cloglog'"),
            ({"errors": "CR3"}, "there are no errors 'CR3'"),
            ({"errors": "CR2"}, "CR2 needs clusters"),
            ({"cluster": "therapist"}, "model errors do not use it"),
            ({"cluster": "therapst", "errors": "CR2"}, "Did you mean 'therapist'"),
        ],
    )
    def test_words_that_are_not_known(self, given, word):
        with pytest.raises(InvalidInput, match=word):
            glm("left ~ srs", decisions(), **given)

    def test_a_random_term(self):
        with pytest.raises(InvalidInput, match="cluster the errors, or use mixed"):
            glm("left ~ srs + (1 | client)", decisions())


class TestTheSandwichItself:
    def test_the_scale_of_the_working_variance_does_not_matter(self):
        draw = np.random.default_rng(0)
        D, r, groups = draw.normal(size=(30, 2)), draw.normal(size=30), np.arange(30) % 5
        phi = draw.uniform(0.5, 2, 30)
        for kind in ("CR0", "CR1", "CR2"):
            one = cluster_covariance(D, phi, r, groups, kind)
            np.testing.assert_allclose(
                cluster_covariance(D, 1e6 * phi, r, groups, kind), one, rtol=1e-9
            )

    def test_cr2_is_right_on_average_under_its_working_model(self):
        """With Φ true, the mean of CR2 over outcomes is the true covariance M, exactly.

        The sandwich is a quadratic form in r; its mean is had by putting the covariance of the
        residuals, (I − H)Φ(I − H)′, in for r r′, one eigenvector at a time.
        """
        draw = np.random.default_rng(7)
        D, phi = draw.normal(size=(24, 3)), draw.uniform(0.2, 3, 24)
        groups = np.repeat([0, 1, 2, 3, 4], [2, 3, 5, 6, 8])
        bread = np.linalg.inv(D.T @ (D / phi[:, None]))
        residual_maker = np.eye(24) - D @ bread @ (D / phi[:, None]).T
        covariance = residual_maker @ np.diag(phi) @ residual_maker.T
        values, vectors = np.linalg.eigh(covariance)
        mean = sum(
            cluster_covariance(D, phi, np.sqrt(max(value, 0)) * vector, groups, "CR2")
            for value, vector in zip(values, vectors.T)
        )
        np.testing.assert_allclose(mean, bread, rtol=1e-8, atol=1e-10)
