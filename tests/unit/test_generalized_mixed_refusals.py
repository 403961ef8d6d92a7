"""What `sw.mixed` refuses of other outcomes than scores, and what a weak prior makes of it."""

import numpy as np
import pytest
from outcome_rows import clinic
from scipy import optimize

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed
from sessionwise.models.parametric_bootstrap import bootstrap
from sessionwise.models.weak_prior import EFFECT, LEVEL

PLAIN = "came ~ session + (1 | client)"


class TestWords:
    def test_all_problems_at_once(self):
        with pytest.raises(InvalidInput) as error:
            mixed(PLAIN, clinic(), family="poisson", link="logit", quadrature=0, trials="trials",
                  prior="strong")  # fmt: skip
        assert len(error.value.problems) == 4

    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ({"family": "binomal"}, "Did you mean 'binomial'"),
            ({"family": "binomial", "df": "satterthwaite"}, "is for scores"),
            ({"family": "binomial", "trials": "trails"}, "Did you mean 'trials'"),
            ({"quadrature": 5}, "needs no quadrature"),
            ({"prior": "weak"}, "has no prior"),
        ],
    )
    def test_one_by_one(self, how, said):
        with pytest.raises(InvalidInput, match=said):
            mixed(PLAIN, clinic(), **how)

    def test_quadrature_is_for_one_deviation(self):
        for random in ("(1 | client) + (1 | therapist)", "(1 + session | client)"):
            with pytest.raises(Refused, match="one factor with one deviation"):
                mixed(f"came ~ session + {random}", clinic(), family="binomial", quadrature=7)


class TestOutcomes:
    @pytest.mark.parametrize(
        ("family", "values", "said"),
        [
            ("binomial", lambda d: d["crises"], "does not count successes"),
            ("binomial", lambda d: 0 * d["came"], "nothing to explain"),
            ("binomial", lambda d: 0 * d["came"] + 1, "nothing to explain"),
            ("poisson", lambda d: d["crises"] + 0.5, "not a count"),
            ("negative-binomial", lambda d: d["crises"] - 1, "not a count"),
            ("ordinal", lambda d: d["modality"], "no order"),
            ("ordinal", lambda d: np.arange(len(d)) / 7, "320 categories"),
        ],
    )
    def test_that_are_none_of_the_family(self, family, values, said):
        rows = clinic()
        with pytest.raises(Refused, match=said):
            mixed("y ~ session + (1 | client)", rows.assign(y=values(rows)), family=family)

    def test_more_successes_than_trials(self):
        rows = clinic().assign(trials=1)
        with pytest.raises(Refused, match="at least one trial"):
            mixed("tasks ~ session + (1 | client)", rows, family="binomial", trials="trials")

    def test_counts_that_vary_no_more_than_poisson(self):
        rows = clinic().assign(crises=lambda d: 2 + d["session"] % 2)
        with pytest.raises(Refused, match="family='poisson'"):
            mixed("crises ~ session + (1 | client)", rows, family="negative-binomial")

    def test_an_ordinal_outcome_has_thresholds_for_an_intercept(self):
        with pytest.raises(Refused, match="stand for the intercept"):
            mixed("rating ~ 0 + session + (1 | client)", clinic(), family="ordinal")


class TestGroups:
    def test_one_row_each(self):
        rows = clinic().assign(row=lambda d: d.index)
        with pytest.raises(Refused, match="a `row` of its own"):
            mixed("came ~ session + (1 | row)", rows, family="binomial")

    def test_the_same_in_all_rows(self):
        rows = clinic().assign(came=lambda d: d["client"] % 2)
        with pytest.raises(Refused, match="the same in all rows of each `client`"):
            mixed(PLAIN, rows, family="binomial")

    @pytest.mark.parametrize("nodes", [1, 15])
    def test_nearly_the_same_in_all_rows(self, nodes):
        rows = clinic(sessions=3).assign(came=lambda d: d["client"] % 2)
        rows.loc[rows.index[:1], "came"] = 1
        with pytest.raises(Refused, match="endless"):
            mixed("came ~ 1 + (1 | client)", rows, family="binomial", quadrature=nodes)

    def test_one_level(self):
        with pytest.raises(Refused, match="There is one `clinic`"):
            mixed("came ~ session + (1 | clinic)", clinic().assign(clinic=1), family="binomial")


def test_the_bootstrap_draws_scores():
    fit = mixed(PLAIN, clinic(), family="binomial")
    with pytest.raises(Refused, match="is for scores"):
        bootstrap(fit, draws=2)


def separated(kind):
    rows = clinic()
    video = rows["modality"] == "video"
    outcome = {
        "binomial": np.where(video, 1, rows["came"]),
        "poisson": np.where(video, 0, rows["crises"]),
        "negative-binomial": np.where(video, 0, rows["contacts"]),
        "ordinal": np.where(video, 4, np.minimum(rows["rating"], 3)),
    }[kind]
    return rows.assign(y=outcome)


@pytest.mark.parametrize("kind", ["binomial", "poisson", "negative-binomial", "ordinal"])
class TestSeparation:
    def test_is_refused_by_name(self, kind):
        with pytest.raises(Refused, match=r"`modality\[video\]` gives `y` away"):
            mixed("y ~ session + modality + (1 | client)", separated(kind), family=kind)

    def test_a_weak_prior_keeps_it_finite(self, kind):
        fit = mixed(
            "y ~ session + modality + (1 | client)", separated(kind), family=kind, prior="weak"
        )
        found = fit.term("modality[video]")
        assert 1 < abs(found["estimate"]) < 10
        assert 0 < found["std_error"] < 5
        assert "weak normal prior" in " ".join(fit.recipe.notes)
        assert "penalised" in fit.recipe.estimation
        assert fit.health.sound

    def test_elsewhere_nothing_is_separated(self, kind):
        rows = separated(kind)
        rows.loc[rows.index[:80], "y"] = {"ordinal": 2}.get(kind, rows["came"].iloc[:80])
        fit = mixed("y ~ session + modality + (1 | client)", rows, family=kind)
        assert fit.health.sound


def test_the_weak_prior_is_the_one_the_recipe_names():
    rows = clinic()
    fit = mixed("came ~ session + modality + (1 | client)", rows, family="binomial", prior="weak")
    root = fit.variances["sd"].iloc[0]
    video = (rows["modality"] == "video").to_numpy(float)
    session = rows["session"].to_numpy(float)
    node, weight = np.polynomial.hermite.hermgauss(60)
    groups = rows.groupby("client").indices.values()
    y = rows["came"].to_numpy()

    def minus(effect):  # Laplace's approximation, level by level
        eta = effect[0] + effect[1] * session + effect[2] * video
        total = 0.0
        for own in groups:
            u = 0.0
            for _ in range(60):
                share = 1 / (1 + np.exp(-(eta[own] + root * u)))
                told = 1 + root**2 * (share * (1 - share)).sum()
                u += (root * (y[own] - share).sum() - u) / told
            share = 1 / (1 + np.exp(-(eta[own] + root * u)))
            told = 1 + root**2 * (share * (1 - share)).sum()
            ell = np.log(np.where(y[own] == 1, share, 1 - share)).sum()
            total += ell - u**2 / 2 - np.log(told) / 2
        prior = (effect[0] + effect[1] * session.mean() + effect[2] * video.mean()) / LEVEL
        prior = prior**2 + (effect[1] * 2 * session.std() / EFFECT) ** 2 + (effect[2] / EFFECT) ** 2
        return -(total - prior / 2)

    start = fit.estimates["estimate"].to_numpy()
    found = optimize.minimize(minus, start, method="BFGS", options={"gtol": 1e-6})
    np.testing.assert_allclose(found.x, start, atol=2e-4)
    assert -minus(start) + found.fun <= 1e-8
