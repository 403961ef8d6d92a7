"""Predictions of a mixed model are those of the full matrices, and what must not matter doesn't."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from full_matrices import FORMULAS, Full, clinic_rows
from scipy import stats

import sessionwise
from sessionwise.errors import InvalidInput
from sessionwise.models import predictions
from sessionwise.models.mixed_model import mixed

ROUNDING = {"rtol": 1e-7, "atol": 1e-9}


@cache
def full(name):
    return Full(mixed(FORMULAS[name], clinic_rows(), zero="keep", df="satterthwaite"))


def others(rows, number=40, seed=8):
    """Rows in which clients and therapists meet who never did, within their clinics."""
    draw = np.random.default_rng(seed)
    made = rows.iloc[draw.integers(0, len(rows), number)].reset_index(drop=True)
    inside = rows.groupby("clinic")["therapist"].unique()
    made["therapist"] = [draw.choice(inside[clinic]) for clinic in made["clinic"]]
    made["time"] = draw.uniform(0, 4, number)
    made["x"] = draw.normal(0, 1, number)
    return made.set_index(pd.Index(range(100, 100 + number)))


def design_of(full, rows):
    """x of other rows, written out from the formula (no polynomial)."""
    columns = {"Intercept": np.ones(len(rows)), "time": rows["time"], "x": rows["x"]}
    for kind in "bc":
        columns[f"kind[{kind}]"] = (rows["kind"] == kind).astype(float)
        columns[f"time:kind[{kind}]"] = rows["time"] * columns[f"kind[{kind}]"]
    return np.column_stack([columns[term] for term in full.fit.estimates["term"]])


@pytest.mark.parametrize("name", FORMULAS)
class TestOwnRows:
    def test_levels(self, name):
        said = full(name)
        A = np.hstack([said.X, said.Z])
        found = said.fit.predict(of="levels")
        mean = said.X @ said.beta + said.Z @ said.b
        np.testing.assert_allclose(found["estimate"], mean, **ROUNDING)
        error = np.sqrt(np.diag(A @ said.joint() @ A.T))
        np.testing.assert_allclose(found["std_error"], error, **ROUNDING)
        if np.linalg.cond(said.G) < 1e8:
            error = np.sqrt(np.diag(A @ said.henderson() @ A.T))
            np.testing.assert_allclose(found["std_error"], error, rtol=1e-6)

    def test_population_and_new_levels(self, name):
        said = full(name)
        found = said.fit.predict()
        error = np.sqrt(np.diag(said.X @ said.C @ said.X.T))
        np.testing.assert_allclose(found["estimate"], said.X @ said.beta, **ROUNDING)
        np.testing.assert_allclose(found["std_error"], error, **ROUNDING)
        wide = np.sqrt(error**2 + np.diag(said.V) - said.s2)
        new = said.fit.predict(of="new levels")
        np.testing.assert_allclose(new["std_error"], wide, **ROUNDING)
        np.testing.assert_array_equal(new["estimate"], found["estimate"])

    def test_an_observation_has_the_residual_variance_too(self, name):
        for of in ("population", "levels", "new levels"):
            mean = full(name).fit.predict(of=of)
            one = full(name).fit.predict(of=of, interval="observation")
            added = one["std_error"] ** 2 - mean["std_error"] ** 2
            np.testing.assert_allclose(added, full(name).s2, rtol=1e-9)

    def test_the_own_rows_given_again_say_the_same(self, name):
        fit = full(name).fit
        rows = fit.solution.used.sample(frac=0.4, random_state=1).drop(columns="y")
        for of in ("population", "levels", "new levels"):
            again = fit.predict(rows, of=of, interval="observation")
            own = fit.predict(of=of, interval="observation").loc[rows.index]
            pd.testing.assert_frame_equal(again, own, rtol=1e-7)


@pytest.mark.parametrize("name", ["one level", "nested", "crossed slopes", "no correlation"])
def test_rows_in_which_levels_meet_that_never_did(name):
    said = full(name)
    rows = others(said.fit.solution.used)
    X, Z = design_of(said, rows), said.incidence(rows)
    A = np.hstack([X, Z])
    found = said.fit.predict(rows, of="levels")
    assert found.index.equals(rows.index)
    np.testing.assert_allclose(found["estimate"], X @ said.beta + Z @ said.b, **ROUNDING)
    error = np.sqrt(np.diag(A @ said.joint() @ A.T))
    np.testing.assert_allclose(found["std_error"], error, **ROUNDING)


def test_a_client_may_meet_another_clinic():
    """A level nested in another when the model was fitted need not be in the rows predicted."""
    said = full("nested")
    rows = others(said.fit.solution.used).assign(clinic="s0")
    A = np.hstack([design_of(said, rows), said.incidence(rows)])
    error = np.sqrt(np.diag(A @ said.joint() @ A.T))
    found = said.fit.predict(rows, of="levels")
    np.testing.assert_allclose(found["std_error"], error, **ROUNDING)


class TestDegreesOfFreedom:
    @pytest.mark.parametrize("rule", ["satterthwaite", "kenward-roger"])
    def test_the_intercept_comes_out_as_itself(self, rule):
        fit = mixed(FORMULAS["crossed slopes"], clinic_rows(), df=rule)
        said = fit.predict(pd.DataFrame({"time": [0.0], "x": [0.0]})).iloc[0]
        for name in ("estimate", "std_error", "df", "low", "high"):
            assert said[name] == pytest.approx(fit.term("Intercept")[name], rel=1e-6)

    def test_containment_takes_the_fewest_of_its_terms(self):
        rows = clinic_rows()
        fit = mixed(FORMULAS["nested"], rows, df="containment")
        said = fit.predict(pd.DataFrame({"time": [0.0, 1.0], "x": [0.0, 2.0]}))
        of_terms = fit.estimates["df"]
        np.testing.assert_array_equal(said["df"], [of_terms[0], of_terms.min()])

    def test_a_balanced_new_client_is_judged_on_as_many_as_there_are_clients(self):
        """Var(x̄) + σ_b² + σ²/m is (1 + 1/k) of the mean square between over m: k − 1 df exactly."""
        rows = pd.DataFrame({"client": np.repeat(np.arange(9), 4)})
        draw = np.random.default_rng(3)
        rows["y"] = draw.normal(0, 2, 9)[rows["client"]] + draw.normal(0, 1, 36)
        fit = mixed("y ~ 1 + (1 | client)", rows, df="satterthwaite")
        between = 4 * rows.groupby("client")["y"].mean().var()
        within = rows.groupby("client")["y"].var().mean()
        one = fit.predict(rows.iloc[:1], of="new levels", interval="observation").iloc[0]
        # (1/k + 1) (between − within)/m + within (1 + 1/(km)): its df by Satterthwaite's own rule
        parts = np.array([(1 + 1 / 9) / 4 * between, (1 - 1 / 4) * within])
        df = parts.sum() ** 2 / (parts**2 / [8, 27]).sum()
        assert one["std_error"] ** 2 == pytest.approx(parts.sum(), rel=1e-6)
        assert one["df"] == pytest.approx(df, rel=1e-4)

    def test_limits_are_those_of_t(self):
        fit = full("crossed").fit
        said = fit.predict(of="levels", level=0.8)
        half = stats.t.ppf(0.9, said["df"]) * said["std_error"]
        np.testing.assert_allclose(said["high"], said["estimate"] + half)
        np.testing.assert_allclose(said["low"], said["estimate"] - half)


@pytest.mark.slow
def test_limits_hold_what_they_should():
    """Six therapists with five clients each, 300 times: 95 % within three Monte Carlo errors.

    Limits of known levels take the variances as known, and may be a little narrow: from 92 %.
    """
    draw = np.random.default_rng(11)
    client = np.repeat(np.arange(30), 5)
    rows = pd.DataFrame({"client": client, "therapist": client // 5, "time": np.tile(range(5), 30)})
    next_rows = pd.DataFrame({"client": [0, 5], "therapist": [0, 1], "time": 5})
    hit = {"population": [], "levels": [], "new levels": []}
    for _ in range(300):
        u, b, c = draw.normal(0, 1.2, 6), draw.normal(0, 2, 30), draw.normal(0, 0.4, 30)
        own = u[rows["therapist"]] + b[client] + c[client] * rows["time"]
        rows["y"] = 20 - 0.5 * rows["time"] + own + draw.normal(0, 1.5, len(rows))
        fit = mixed("y ~ time + (1 + time | client) + (1 | therapist)", rows, zero="keep")
        of_levels = 17.5 + u[:2] + b[[0, 5]] + 5 * c[[0, 5]] + draw.normal(0, 1.5, 2)
        one_new = 17.5 + draw.normal(0, np.sqrt(1.2**2 + 2**2 + (5 * 0.4) ** 2 + 1.5**2))
        for of, truth in (
            ("population", 17.5), ("levels", of_levels), ("new levels", one_new)
        ):  # fmt: skip
            interval = "mean" if of == "population" else "observation"
            said = fit.predict(next_rows, of=of, interval=interval)
            held = (said["low"] <= truth) & (truth <= said["high"])
            hit[of] += held.tolist() if of == "levels" else [held.iloc[0]]
    error = np.sqrt(0.95 * 0.05 / 300)
    shares = {of: float(np.mean(held)) for of, held in hit.items()}
    assert abs(shares["population"] - 0.95) < 3 * error
    assert abs(shares["new levels"] - 0.95) < 3 * error
    assert 0.92 < shares["levels"] < 0.95 + 3 * error


class TestDesignOfNewRows:
    FORMULA = (
        "y ~ scale(time) + poly(x, 2) + bs(time, df=4) + ns(x, df=3) + center(x):C(kind)"
        " + C(half) + I(x**2) + (1 | client)"
    )

    def rows(self):
        rows = clinic_rows(clients=60)
        return rows.assign(half=(rows["x"] > 0) * 1.5, twice=2 * rows["x"])

    def test_functions_remember_the_rows_they_were_fitted_to(self):
        rows = self.rows()
        fit = mixed(self.FORMULA, rows)
        every = fit.predict()
        for few in ([3], [10, 11], list(range(20, 50))):
            pd.testing.assert_frame_equal(
                fit.predict(rows.iloc[few]), every.iloc[few], rtol=1e-8, check_freq=False
            )

    def test_a_term_that_was_dropped_stays_so(self):
        rows = self.rows()
        fit = mixed("y ~ x + twice + kind + (1 | client)", rows)
        assert "twice" not in set(fit.estimates["term"])
        pd.testing.assert_frame_equal(
            fit.predict(rows.iloc[:5]), fit.predict().iloc[:5], rtol=1e-8, check_freq=False
        )

    def test_categories_of_a_categorical_column(self):
        rows = self.rows()
        ordered = rows.assign(kind=rows["kind"].astype(pd.CategoricalDtype(["c", "a", "b"])))
        fit = mixed("y ~ kind + (1 | client)", ordered)
        said = fit.predict(pd.DataFrame({"kind": ["c", "b"]}))["estimate"]
        assert said[0] == pytest.approx(fit.term("Intercept")["estimate"])
        assert said[1] - said[0] == pytest.approx(fit.term("kind[b]")["estimate"])

    def test_a_row_that_lacks_something_holds_nothing(self):
        rows = self.rows().iloc[:4].copy()
        fit = mixed("y ~ x + kind + (1 | client)", self.rows())
        rows.loc[rows.index[1], "x"] = np.nan
        rows.loc[rows.index[2], "kind"] = None
        rows.loc[rows.index[3], "client"] = None
        assert fit.predict(rows).isna().all(axis=1).tolist() == [False, True, True, False]
        assert fit.predict(rows, of="levels").isna().all(axis=1).tolist() == [False] + [True] * 3
        assert fit.predict(rows.iloc[:0]).empty

    def test_without_random_terms_left(self):
        rows = clinic_rows()
        rows["y"] = rows["x"] + np.random.default_rng(2).normal(0, 1, len(rows))
        rows["y"] -= rows.groupby("client")["y"].transform("mean")
        fit = mixed("y ~ x + (1 | client)", rows)
        assert fit.recipe.kind == "linear model"
        X = np.column_stack([np.ones(len(rows)), rows["x"]])
        said = fit.predict(rows, of="new levels", interval="observation")
        left = rows["y"] - X @ np.linalg.lstsq(X, rows["y"], rcond=None)[0]
        s2 = float(left @ left) / (len(rows) - 2)
        hat = np.diag(X @ np.linalg.inv(X.T @ X) @ X.T)
        np.testing.assert_allclose(said["std_error"], np.sqrt(s2 * (1 + hat)))
        np.testing.assert_allclose(said["df"], len(rows) - 2)


class TestRefusals:
    FIT = staticmethod(lambda: mixed("y ~ x + kind + (1 + x | client)", clinic_rows()))

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"x": "much"}, "`x` holds no numbers"),
            ({"x": np.inf}, "`x` is infinite in 30 rows"),
            ({"kind": "d"}, "`kind` holds a category the model has not seen in 30 rows"),
            ({"client": "secret"}, "`client` has a level that is not in the model in 30 rows"),
        ],
    )
    def test_values_the_model_has_not_seen(self, change, said):
        with pytest.raises(InvalidInput, match=said) as refused:
            self.FIT().predict(clinic_rows().iloc[:30].assign(**change), of="levels")
        assert "secret" not in str(refused.value)

    def test_every_problem_at_once(self):
        rows = clinic_rows().iloc[:3].assign(kind=["a", "d", "e"], client=["c0", "q", "c1"])
        with pytest.raises(InvalidInput, match="2 problems") as refused:
            self.FIT().predict(rows, of="levels")
        assert "in 2 rows. It knows 'a', 'b', 'c'." in str(refused.value)
        assert 'in 1 row. Of levels the model has not seen, ask of="new levels".' in str(
            refused.value
        )

    def test_columns_that_are_not_there(self):
        with pytest.raises(InvalidInput, match="there is no column `kind`"):
            self.FIT().predict(clinic_rows().drop(columns="kind"))
        with pytest.raises(InvalidInput, match="there is no column `client`"):
            self.FIT().predict(clinic_rows().drop(columns="client"), of="levels")
        assert len(self.FIT().predict(clinic_rows().drop(columns=["client", "y"]))) > 30

    def test_random_slopes_need_their_column(self):
        fit = mixed("y ~ kind + (1 + x | client)", clinic_rows())
        rows = clinic_rows().drop(columns="x")
        assert len(fit.predict(rows)) == len(rows)
        with pytest.raises(InvalidInput, match="there is no column `x`"):
            fit.predict(rows, of="new levels")

    def test_a_spline_ends_where_its_rows_do(self):
        fit = mixed("y ~ bs(x, df=4) + (1 | client)", clinic_rows())
        with pytest.raises(InvalidInput, match="A spline `bs` ends where"):
            fit.predict(pd.DataFrame({"x": [99.0]}))

    def test_rows_in_which_everybody_meets_everybody(self, monkeypatch):
        fit = full("crossed slopes").fit
        rows = clinic_rows()
        grid = rows.assign(therapist="t1")
        assert len(fit.predict(grid, of="levels")) == len(rows)
        monkeypatch.setattr(predictions, "MOST_PLACES", 100)
        with pytest.raises(InvalidInput, match="a `client` meets up to . deviations"):
            fit.predict(grid, of="levels")

    def test_words(self):
        with pytest.raises(InvalidInput, match="Did you mean 'levels'"):
            self.FIT().predict(of="level")
        with pytest.raises(InvalidInput, match="2 problems"):
            self.FIT().predict(interval="man", level=95)


def test_sessions_can_be_given():
    s = sessionwise.example()
    fit = mixed("ors ~ session + (1 | client)", s)
    said = fit.predict(s, of="levels")
    assert len(said) == len(s.frame)
    known = s.frame[["session", "client"]].notna().all(axis=1)
    assert said["estimate"].notna().tolist() == known.tolist()


def test_units_and_order_do_not_matter():
    rows = clinic_rows()
    formula = FORMULAS["crossed slopes"]
    fit = mixed(formula, rows, df="satterthwaite")
    moved = rows.assign(y=1000 * rows["y"] + 5, time=rows["time"] / 7 + 300).sample(
        frac=1, random_state=3
    )
    other = mixed(formula, moved, df="satterthwaite").predict(of="levels").loc[rows.index]
    one = fit.predict(of="levels")
    np.testing.assert_allclose((other["estimate"] - 5) / 1000, one["estimate"], rtol=1e-6)
    np.testing.assert_allclose(other["std_error"] / 1000, one["std_error"], rtol=1e-4)
    np.testing.assert_allclose(other["df"], one["df"], rtol=1e-3)
