"""`sw.mixed` of other outcomes than scores: what it becomes, what does not matter, what it says."""

import numpy as np
import pandas as pd
import pytest
from outcome_rows import alike, clinic

from sessionwise.models.generalized_linear import glm
from sessionwise.models.mixed_model import mixed

NESTED = "came ~ session + modality + (1 | client) + (1 | therapist)"
SAME = {"rtol": 1e-5, "atol": 1e-7}


def numbers(fit):
    return fit.estimates[["estimate", "std_error"]].to_numpy()


class TestWhatItBecomes:
    def test_without_a_variance_it_is_glm(self):
        rows = alike(clinic())
        fit = mixed(NESTED, rows, family="binomial")
        plain = glm("came ~ session + modality", rows)
        assert len(fit.health.dropped) == 2
        assert all("its variance was estimated as zero" in said for said in fit.health.dropped)
        assert fit.recipe.formula == "came ~ session + modality"
        assert fit.recipe.kind == "binomial model"
        np.testing.assert_allclose(numbers(fit), numbers(plain), rtol=1e-6)
        assert fit.loglik == pytest.approx(plain.loglik, abs=1e-9)
        assert fit.variances.empty
        assert fit.latent_shares().empty

    def test_a_variance_of_zero_may_be_kept(self):
        rows = clinic(of_therapists=0.0, sd=1.5, seed=5)
        kept = mixed(NESTED, rows, family="binomial", zero="keep")
        refitted = mixed(NESTED, rows, family="binomial")
        assert kept.health.singular == ("the variance of (1 | therapist)",)
        assert not kept.health.sound
        assert refitted.health.sound
        assert kept.loglik == pytest.approx(refitted.loglik, abs=1e-7)
        np.testing.assert_allclose(numbers(kept), numbers(refitted), **SAME)

    def test_successes_of_trials_are_rows_of_their_own(self):
        rows = clinic(clients=20)
        each = rows.loc[rows.index.repeat(rows["trials"])].copy()
        before = each.groupby(level=0).cumcount()
        each["done"] = (before < each["tasks"]).astype(int)
        text = "{} ~ session + (1 | client)"
        many = mixed(text.format("tasks"), rows, family="binomial", trials="trials")
        single = mixed(text.format("done"), each, family="binomial")
        np.testing.assert_allclose(numbers(many), numbers(single), **SAME)
        assert many.loglik > single.loglik  # the ways to so many successes

    def test_two_ordered_categories_are_zero_and_one(self):
        rows = clinic()
        two = rows.assign(better=np.where(rows["came"] == 1, "b", "a"))
        two["better"] = pd.Categorical(two["better"], ["a", "b"], ordered=True)
        text = "{} ~ session + (1 | client)"
        logit = mixed(text.format("came"), rows, family="binomial")
        ordinal = mixed(text.format("better"), two, family="ordinal")
        assert ordinal.loglik == pytest.approx(logit.loglik, abs=1e-8)
        np.testing.assert_allclose(numbers(ordinal), numbers(logit)[1:], **SAME)
        threshold = ordinal.further.iloc[0]
        assert threshold["of"] == "a|b"
        intercept = logit.term("Intercept")
        assert threshold["estimate"] == pytest.approx(-intercept["estimate"], rel=1e-5)
        assert threshold["std_error"] == pytest.approx(intercept["std_error"], rel=1e-5)

    def test_much_dispersion_less_is_poisson(self):
        rows = clinic()
        poisson = mixed("crises ~ session + (1 | client)", rows, family="poisson")
        negative = mixed("crises ~ session + (1 | client)", rows, family="negative-binomial")
        assert negative.loglik > poisson.loglik
        assert len(negative.further) == 1
        assert poisson.further.empty

    def test_more_nodes_come_nearer_to_the_same(self):
        said = [
            mixed("came ~ session + (1 | client)", clinic(), family="binomial", quadrature=q).loglik
            for q in (1, 5, 15, 40)
        ]
        gaps = np.abs(np.array(said[:3]) - said[3])
        assert gaps[0] > 10 * gaps[1] > 10 * gaps[2]

    def test_gaussian_is_the_linear_model(self):
        rows = clinic()
        one = mixed("rating ~ session + (1 | client)", rows)
        other = mixed("rating ~ session + (1 | client)", rows, family="gaussian", link="identity")
        pd.testing.assert_frame_equal(one.estimates, other.estimates)


class TestWhatDoesNotMatter:
    def test_the_order_of_rows_and_the_names_of_clients(self):
        rows = clinic(seed=5)
        moved = rows.sample(frac=1, random_state=1).assign(
            client=lambda d: "c" + (997 - d["client"]).astype(str)
        )
        one, other = (mixed(NESTED, data, family="binomial") for data in (rows, moved))
        assert one.loglik == pytest.approx(other.loglik, abs=1e-9)
        np.testing.assert_allclose(numbers(one), numbers(other), **SAME)

    @pytest.mark.parametrize("family", ["binomial", "ordinal", "poisson"])
    def test_units_and_zero_points(self, family):
        outcome = {"binomial": "came", "ordinal": "rating", "poisson": "crises"}[family]
        rows = clinic()
        text = f"{outcome} ~ session + (1 + session | client)"
        one = mixed(text, rows, family=family, zero="keep")
        days = rows.assign(session=7 * rows["session"] + 40_000)
        other = mixed(text, days, family=family, zero="keep")
        assert other.loglik == pytest.approx(one.loglik, abs=1e-6)
        slope, in_days = one.term("session"), other.term("session")
        for name in ("estimate", "std_error"):
            assert 7 * in_days[name] == pytest.approx(slope[name], rel=1e-4)

    @pytest.mark.parametrize("link", ["logit", "probit"])
    def test_which_of_the_two_is_called_one(self, link):
        rows = clinic()
        one = mixed(NESTED, rows, family="binomial", link=link)
        other = mixed(NESTED, rows.assign(came=1 - rows["came"]), family="binomial", link=link)
        np.testing.assert_allclose(
            one.estimates["estimate"], -other.estimates["estimate"], atol=1e-6
        )
        np.testing.assert_allclose(
            one.variances["variance"], other.variances["variance"], rtol=1e-5
        )

    def test_the_direction_of_categories(self):
        rows = clinic()
        text = "rating ~ session + modality + (1 | client)"
        one = mixed(text, rows, family="ordinal")
        other = mixed(text, rows.assign(rating=5 - rows["rating"]), family="ordinal")
        assert one.loglik == pytest.approx(other.loglik, abs=1e-8)
        np.testing.assert_allclose(
            one.estimates["estimate"], -other.estimates["estimate"], atol=1e-6
        )
        np.testing.assert_allclose(
            one.further["estimate"], -other.further["estimate"][::-1], atol=1e-5
        )


class TestWhatItSays:
    def test_in_a_recipe(self):
        fit = mixed("came ~ session + (1 | client)", clinic(), family="binomial", quadrature=9)
        assert fit.recipe.kind == "binomial mixed model"
        assert fit.recipe.link == "logit"
        assert "9 nodes" in fit.recipe.estimation
        assert fit.estimates["df"].map(np.isinf).all()
        assert fit.health.gradient < 1e-5

    def test_that_few_rows_per_client_are_little_to_go_by(self):
        few, many = clinic(clients=80, sessions=3), clinic(sessions=8)
        text = "came ~ session + (1 | client)"
        said = {
            (len(rows), nodes): mixed(text, rows, family="binomial", quadrature=nodes).recipe.notes
            for rows in (few, many)
            for nodes in (1, 9)
        }
        assert "3.0 rows for each `client`" in " ".join(said[240, 1])
        assert "Compare quadrature=15" in " ".join(said[240, 1])
        assert said[240, 9] == said[320, 1] == said[320, 9] == ()

    def test_events_and_those_lost(self):
        rows = clinic()
        rows["session"] = rows["session"].astype(float)
        rows.loc[rows.index[:8], "session"] = np.nan
        fit = mixed("came ~ session + (1 | client)", rows, family="binomial")
        assert fit.rows.events == rows["came"].iloc[8:].sum()
        assert fit.rows.events_lost == rows["came"].iloc[:8].sum()
        assert fit.rows.left_out == (("session missing", 8),)

    def test_modes_are_where_the_joint_likelihood_is_flat(self):
        rows = clinic()
        fit = mixed("came ~ session + (1 | client)", rows, family="binomial")
        modes, variance = fit.modes("client"), fit.variances["variance"].iloc[0]
        mode = modes.set_index("level")["mode"]
        eta = fit.estimates["estimate"].to_numpy() @ [np.ones(len(rows)), rows["session"]]
        share = 1 / (1 + np.exp(-(eta + rows["client"].map(mode))))
        pull = (rows["came"] - share).groupby(rows["client"]).sum()
        np.testing.assert_allclose(pull, mode.loc[pull.index] / variance, atol=1e-6)
        told = (share * (1 - share)).groupby(rows["client"]).sum()
        error = (told + 1 / variance) ** -0.5
        np.testing.assert_allclose(
            modes.set_index("level")["std_error"].loc[error.index], error, rtol=1e-6
        )
        with pytest.raises(KeyError, match="factors: client"):
            fit.modes("therapist")
