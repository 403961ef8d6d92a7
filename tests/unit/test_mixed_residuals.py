"""Mixed models whose residuals go on from session to session, or differ in size by group."""

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.mixed_model import mixed
from sessionwise.models.residual_tests import residuals_needed

NESTED = "ors ~ session + (1 | client) + (1 | therapist)"


def going(
    phi=0.5, seed=1, clients=60, sessions=8, between=1.0, therapists=1.0, larger=1.0, missed=0.2
):
    """Clients of ten therapists whose residuals go on; some sessions are missed."""
    draw = np.random.default_rng(seed)
    client = np.repeat(np.arange(clients), sessions)
    session = np.tile(np.arange(1, sessions + 1), clients)
    residual = np.empty((clients, sessions))
    residual[:, 0] = draw.normal(size=clients)
    for t in range(1, sessions):
        new = np.sqrt(1 - phi**2) * draw.normal(size=clients)
        residual[:, t] = phi * residual[:, t - 1] + new
    modality = np.where(draw.random(client.size) < 0.4, "video", "in_person")
    size = np.where(modality == "video", larger, 1.0)
    ors = (
        20 + 0.3 * session + between * draw.normal(size=clients)[client]
        + therapists * draw.normal(size=10)[client % 10] + 2 * size * residual.ravel()
    )  # fmt: skip
    rows = pd.DataFrame(
        {"ors": ors, "session": session, "client": client, "therapist": client % 10,
         "modality": modality, "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(
             7 * session + draw.integers(0, 4, client.size), unit="D")}
    )  # fmt: skip
    return rows[draw.random(client.size) >= missed].reset_index(drop=True)


def parameter(fit, name="phi"):
    table = fit.further
    return table[table["parameter"] == name].set_index("of")


def same(one, other, scale=1.0):
    np.testing.assert_allclose(other.estimates["estimate"], scale * one.estimates["estimate"],
                               rtol=1e-6)  # fmt: skip
    np.testing.assert_allclose(
        other.further[["estimate", "low", "high"]],
        one.further[["estimate", "low", "high"]], rtol=1e-5,
    )  # fmt: skip


class TestWhatItBecomes:
    def test_with_phi_of_nothing_it_is_the_plain_model(self):
        rows = going()
        fit = mixed(NESTED, rows, residual="ar1")
        plain = mixed(NESTED, rows)
        without = residuals_needed(fit)["loglik"].item()
        assert without == pytest.approx(plain.loglik, abs=1e-6)
        assert fit.loglik > plain.loglik

    def test_continuous_time_on_whole_gaps_is_ar1(self):
        rows = going()
        steps = mixed(NESTED, rows, residual="ar1")
        time = mixed(NESTED, rows, residual="car1", order="session")
        assert time.loglik == pytest.approx(steps.loglik, abs=1e-8)
        phi = parameter(steps).loc["session", "estimate"]
        assert parameter(time).loc["session", "estimate"] == pytest.approx(phi, abs=1e-6)

    def test_a_client_with_two_courses_has_two_series(self):
        rows = going()
        courses = rows.assign(course=(rows["session"] > 4) + 1)
        courses["session"] = np.where(courses["course"] == 2, rows["session"] - 4, rows["session"])
        fit = mixed(NESTED, courses, residual="ar1")
        alone = courses.assign(id=courses["client"] * 10 + courses["course"]).drop(columns="client")
        alone = alone.rename(columns={"id": "client"}).assign(who=courses["client"])
        formula = NESTED.replace("client", "who")
        assert fit.loglik == pytest.approx(mixed(formula, alone, residual="ar1").loglik, abs=1e-9)
        assert "client and course" in fit.recipe.notes[-1]

    def test_a_gap_counts_as_many_steps_as_it_has_sessions(self):
        rows = going(missed=0.5)
        closed = rows.assign(session=rows.groupby("client").cumcount() + 1)
        formula = "ors ~ 1 + (1 | client)"
        apart = mixed(formula, rows, residual="ar1")
        assert abs(apart.loglik - mixed(formula, closed, residual="ar1").loglik) > 0.1

    def test_errors_of_clients_residuals_without_random_terms(self):
        """Where the only variance is none, what is left is generalised least squares."""
        rows = going(phi=0.7, between=0.0, therapists=0.0, seed=1)
        fit = mixed("ors ~ session + (1 | client)", rows, residual="ar1")
        assert fit.health.dropped == ("(1 | client): its variance was estimated as zero",)
        assert fit.recipe.formula == "ors ~ session"
        n, phi = len(rows), parameter(fit)["estimate"].item()
        apart = np.abs(np.subtract.outer(rows["session"].to_numpy(), rows["session"].to_numpy()))
        together = np.equal.outer(rows["client"].to_numpy(), rows["client"].to_numpy())
        R = np.where(together, phi**apart, 0.0)
        X = np.column_stack([np.ones(n), rows["session"]])
        bread = np.linalg.inv(X.T @ np.linalg.solve(R, X))
        estimate = bread @ X.T @ np.linalg.solve(R, rows["ors"])
        rest = rows["ors"] - X @ estimate
        variance = rest @ np.linalg.solve(R, rest) / (n - 2)
        np.testing.assert_allclose(fit.estimates["estimate"], estimate, rtol=1e-8)
        errors = np.sqrt(variance * np.diag(bread))
        np.testing.assert_allclose(fit.estimates["std_error"], errors, rtol=1e-8)


class TestNothingIrrelevantMatters:
    def test_order_of_rows_names_and_units(self):
        rows = going(larger=1.5)
        asked = {"residual": "ar1", "residual_by": "modality"}
        fit = mixed(NESTED, rows, **asked)
        other = rows.sample(frac=1, random_state=1).assign(
            ors=lambda frame: 12 * frame["ors"], session=lambda frame: frame["session"] + 100,
            client=lambda frame: "c" + frame["client"].astype(str),
        )  # fmt: skip
        found = mixed(NESTED, other, **asked)
        estimate = fit.estimates["estimate"] * 12
        estimate[0] -= 100 * estimate[1]
        np.testing.assert_allclose(found.estimates["estimate"], estimate, rtol=1e-6)
        np.testing.assert_allclose(found.further[["estimate", "low", "high"]],
                                   fit.further[["estimate", "low", "high"]],
                                   rtol=1e-5)  # fmt: skip

    def test_dates_count_in_days(self):
        rows = going()
        dates = mixed(NESTED, rows, residual="car1", order="date")
        days = rows.assign(day=(rows["date"] - rows["date"].min()).dt.days)
        found = mixed(NESTED, days, residual="car1", order="day")
        same(dates, found)
        assert parameter(dates).index.tolist() == ["day"]

    def test_another_reference_turns_the_ratio_over(self):
        rows = going(larger=1.5)
        ratio = parameter(mixed(NESTED, rows, residual_by="modality"), "sd_ratio")
        kinds = pd.CategoricalDtype(["video", "in_person"])
        other = rows.assign(modality=rows["modality"].astype(kinds))
        found = parameter(mixed(NESTED, other, residual_by="modality"), "sd_ratio")
        assert found.index.tolist() == ["modality[in_person]"]
        turned = 1 / ratio.loc["modality[video]", ["estimate", "high", "low"]].astype(float)
        np.testing.assert_allclose(found[["estimate", "low", "high"]].iloc[0], turned, rtol=1e-5)


class TestAtItsBounds:
    def test_a_variance_of_zero_kept_is_named(self):
        fit = mixed(NESTED, going(phi=0.8, between=0.0, seed=2), residual="ar1", zero="keep")
        assert fit.health.singular == ("the variance of (1 | client)",)

    def test_no_correlation_in_continuous_time_is_left_out(self):
        fit = mixed(NESTED, going(phi=-0.4), residual="car1", order="session")
        said = "the residuals' correlation: it was estimated as zero"
        assert fit.health.dropped == (said,)
        assert fit.further.empty
        assert fit.loglik == pytest.approx(mixed(NESTED, going(phi=-0.4)).loglik, abs=1e-9)

    def test_two_sessions_do_not_tell_phi_from_differences_between_clients(self):
        rows = going(sessions=2, missed=0.0)
        with pytest.raises(Refused, match="cannot tell residuals that go on"):
            mixed(NESTED, rows, residual="ar1")

    def test_residuals_that_only_turn_over_are_refused(self):
        rows = going(sessions=2, missed=0.0)
        first = rows.loc[rows["session"] == 1, "ors"].to_numpy()
        rows.loc[rows["session"] == 2, "ors"] = 40 - first
        with pytest.raises(Refused, match="goes to ±1"):
            mixed("ors ~ session + (1 | therapist)", rows, residual="ar1")

    def test_a_group_without_residuals_is_refused(self):
        rows = going()
        still = rows["client"] < 20
        rows.loc[still, "ors"] = 20 + 0.3 * rows["session"]
        rows["kind"] = np.where(still, "b", "a")
        with pytest.raises(Refused, match="no residual is left to vary"):
            mixed("ors ~ session + (1 | client)", rows, residual_by="kind")


class TestRefusals:
    def test_clients_who_change_therapist(self):
        rows = going()
        later = rows["session"] > 4
        rows["therapist"] = np.where(later, (rows["therapist"] + 1) % 10, rows["therapist"])
        with pytest.raises(Refused, match="lie in several levels of `therapist`.*first_therapist"):
            mixed(NESTED, rows, residual="ar1")
        assert mixed(NESTED, rows, residual_by="modality").further.shape[0] == 1

    def test_two_rows_of_one_session(self):
        rows = pd.concat([going(), going().head(3)])
        with pytest.raises(Refused, match="3 rows of one `client` have the same `session`"):
            mixed(NESTED, rows, residual="ar1")

    def test_nobody_with_two_rows(self):
        rows = going(sessions=1, clients=200, missed=0.0).assign(who=lambda f: f["client"] // 2)
        with pytest.raises(Refused, match="No two rows are of one `client`"):
            mixed("ors ~ 1 + (1 | who)", rows, residual="ar1")

    def test_steps_that_are_no_whole_numbers(self):
        rows = going().assign(session=lambda frame: frame["session"] / 2)
        with pytest.raises(InvalidInput, match='no whole number .* residual="car1"'):
            mixed(NESTED, rows, residual="ar1")

    def test_kenward_roger(self):
        with pytest.raises(Refused, match="Kenward–Roger is worked out for residuals"):
            mixed(NESTED, going(), residual="ar1", df="kenward-roger")

    def test_every_wrong_word_at_once(self):
        with pytest.raises(InvalidInput) as error:
            mixed(NESTED, going(), residual="ar2", residual_by="modalit")
        assert "'ar1'" in str(error.value) and "'modality'" in str(error.value)

    @pytest.mark.parametrize(
        ("asked", "said"),
        [({"residual": "car1"}, "needs a column of time"),
         ({"order": "date"}, "independent residuals have no order"),
         ({"residual": "car1", "order": "modality"}, "neither numbers nor dates")],
    )  # fmt: skip
    def test_an_order_that_is_none(self, asked, said):
        with pytest.raises(InvalidInput, match=said):
            mixed(NESTED, going(), **asked)

    @pytest.mark.parametrize(
        ("values", "said"), [(["a"], "one value"), (["a", "b"], "have one row")]
    )
    def test_groups_that_say_nothing(self, values, said):
        rows = going()
        rows["kind"] = [values[-1]] + [values[0]] * (len(rows) - 1)
        with pytest.raises(Refused, match=said):
            mixed(NESTED, rows, residual_by="kind")

    def test_independent_residuals_need_no_test(self):
        with pytest.raises(Refused, match="nothing to leave out"):
            residuals_needed(mixed(NESTED, going()))


def test_rows_without_a_date_are_left_out_and_counted():
    rows = going()
    rows.loc[[3, 9], "date"] = pd.NaT
    fit = mixed(NESTED, rows, residual="car1", order="date")
    assert ("date missing", 2) in fit.rows.left_out


def test_the_text_says_what_residuals_do():
    said = str(mixed(NESTED, going(larger=1.5), residual="ar1", residual_by="modality"))
    assert "correlation φ, one session apart" in said
    assert "SD in modality[video] over that in [in_person]" in said
    assert "Residuals of one client correlate by φ to the power of the gap in `session`" in said


def test_in_continuous_time_the_reference_of_the_test_is_a_mixture():
    rows = going(phi=0.15, seed=5)
    found = residuals_needed(mixed(NESTED, rows, residual="car1", order="session")).iloc[0]
    two = residuals_needed(mixed(NESTED, rows, residual="ar1")).iloc[0]
    assert found["statistic"] == pytest.approx(two["statistic"], abs=1e-6)
    assert found["p"] == pytest.approx(two["p"] / 2, rel=1e-3)


def test_records_give_their_own_clock():
    s = sw.example()
    fit = mixed("ors ~ session + (1 | client)", s, residual="ar1")
    assert parameter(fit).index.tolist() == ["session"]


def test_weeks_that_remember():
    """A clinic whose outcome carries over: φ within three standard errors of the truth."""
    truth = sw.Truth(
        clinic={"clients": 600, "therapists": 30},
        outcome={"carry_over": 0.27},
        alliance={"growth": 0},
    )
    s = sw.lagged(sw.simulate(truth, seed=3), "srs")
    s = sw.within_between(s, ["srs_lag1"], complete=["ors", "severity"])
    random = "(1 + session || client) + (1 | therapist)"
    fit = mixed(f"ors ~ session + srs_lag1_within + srs_lag1_between + severity + {random}", s,
                residual="ar1")  # fmt: skip
    low, estimate, high = parameter(fit).loc["session", ["low", "estimate", "high"]]
    error = (high - low) / (2 * 1.96)
    assert error < 0.02
    assert abs(estimate - 0.27) < 3 * error


def test_what_was_put_in_comes_out():
    """60 clinics: φ and the ratio without bias, their limits at 95 % but for Monte Carlo error."""
    found = []
    for seed in range(60):
        rows = going(phi=0.4, larger=1.4, seed=100 + seed, clients=50, missed=0.1)
        # the modality scales what goes on, as the model has it
        fit = mixed(NESTED, rows, residual="ar1", residual_by="modality", df="containment",
                    zero="keep")  # fmt: skip
        table = fit.further
        found.append(table[["estimate", "low", "high"]].to_numpy().ravel())
    found = np.array(found)
    for start, truth in ((0, 0.4), (3, 1.4)):
        estimate, low, high = found[:, start : start + 3].T
        error = estimate.std(ddof=1) / np.sqrt(len(found))
        assert abs(estimate.mean() - truth) < 3 * error
        covered = ((low < truth) & (truth < high)).mean()
        assert covered > 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(found))


@pytest.fixture(scope="module")
def fit():
    return mixed("ors ~ session + (1 | client)", sw.example(), residual="ar1")


class TestWhatIsNotWorkedOutForThem:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda fit: fit.simulate(),
            lambda fit: fit.refit(fit.solution.made.response),
            lambda fit: fit.intervals(),
            lambda fit: fit.intervals(by="bootstrap", draws=2),
            lambda fit: sw.bootstrap(fit, draws=2),
        ],
    )
    def test_is_refused_and_what_can_be_had_is_said(self, fit, ask):
        with pytest.raises(Refused, match="independent and alike.*by='wald'"):
            ask(fit)

    def test_limits_by_wald_can_be_had(self, fit):
        assert fit.intervals(by="wald")["term"].tolist() == ["Intercept", "session"]

    def test_a_random_term_is_tested_with_the_residuals_as_they_are(self, fit):
        less = mixed("ors ~ session + (0 + session | client)", sw.example(), residual="ar1")
        more = mixed("ors ~ session + (1 + session || client)", sw.example(), residual="ar1")
        test = more.test("(1 | client)")
        assert test.statistic == pytest.approx(2 * (more.loglik - less.loglik), rel=1e-6)

    def test_fits_whose_residuals_differ_are_not_compared(self, fit):
        more = mixed("ors ~ session + (1 + session || client)", sw.example())
        with pytest.raises(InvalidInput, match="residuals are not modelled alike"):
            more.test(fit)
