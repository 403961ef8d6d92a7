"""Mixed models: what they collapse to, what must not matter to them, and what they refuse."""

import numpy as np
import pandas as pd
import pytest

from sessionwise.errors import InvalidInput, Refused
from sessionwise.models import mixed_solution
from sessionwise.models.mixed_model import mixed

NESTED = "ors ~ session + srs + (1 + session || client) + (1 | therapist)"
TOGETHER = "ors ~ session + srs + (session | client) + (1 | therapist)"


def clinic(seed=1, therapists=8, clients=9, sessions=6, between_therapists=2.0, slope=0.5):
    """Therapists with clients with sessions; differences between therapists can be switched off."""
    draw = np.random.default_rng(seed)
    count = therapists * clients
    client = np.repeat(np.arange(count), sessions)
    therapist = client // clients
    session = np.tile(np.arange(1.0, sessions + 1), count)
    srs = draw.normal(34, 3, client.size)
    deviation = draw.normal(0, 1, therapists)
    ors = (
        20 + 0.5 * session + 0.3 * (srs - 34) + draw.normal(0, 2, client.size)
        + draw.normal(0, 2.5, count)[client] + slope * draw.normal(0, 1, count)[client] * session
        + between_therapists * deviation[therapist]
    )  # fmt: skip
    return pd.DataFrame(
        {"ors": ors, "session": session, "srs": srs, "client": client, "therapist": therapist}
    )


def level_out(rows, group):
    """Take the differences between groups out of the outcome: their variance must come out 0."""
    means = rows.groupby(group)["ors"].transform("mean")
    return rows.assign(ors=rows["ors"] - means + rows["ors"].mean())


class TestWhatItBecomes:
    def test_balanced_reml_is_the_analysis_of_variance(self):
        rows = clinic(slope=0.0)
        means = rows.groupby("client")["ors"].mean()
        within = (rows["ors"] - rows.groupby("client")["ors"].transform("mean")) ** 2
        residual = within.sum() / (len(rows) - len(means))
        fit = mixed("ors ~ 1 + (1 | client)", rows)
        said = [means.var(ddof=1) - residual / 6, residual]
        # an optimiser in a log variance, stopped at a slope of 1e-8
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-8)
        assert fit.term("Intercept")["estimate"] == pytest.approx(rows["ors"].mean(), rel=1e-12)
        assert fit.term("Intercept")["std_error"] == pytest.approx(
            np.sqrt(means.var(ddof=1) / len(means)), rel=1e-8
        )

    def test_the_within_coefficient_is_that_of_client_dummies(self):
        rows = clinic().sample(frac=0.7, random_state=2)  # unbalanced
        by_client = rows.groupby("client")
        for name in ("srs", "session"):
            rows[f"{name}_between"] = by_client[name].transform("mean")
            rows[f"{name}_within"] = rows[name] - rows[f"{name}_between"]
        fit = mixed(
            "ors ~ srs_within + session_within + srs_between + session_between + (1 | client)", rows
        )
        dummies = pd.get_dummies(rows["client"]).to_numpy(float)
        X = np.column_stack([rows[["srs", "session"]], dummies])
        said = np.linalg.lstsq(X, rows["ors"], rcond=None)[0][:2]
        np.testing.assert_allclose(fit.estimates["estimate"].iloc[1:3], said, rtol=1e-10)

    def test_two_terms_of_one_factor_are_one_with_two_bars(self):
        rows = clinic()
        one = mixed("ors ~ session + (1 + session || client)", rows)
        two = mixed("ors ~ session + (1 | client) + (0 + session | client)", rows)
        assert one.loglik == two.loglik
        assert one.recipe.formula == two.recipe.formula

    def test_balanced_growth_is_the_spread_of_clients_own_lines(self):
        """Each client's least-squares line has the covariance of the lines plus that of its error.

        For one set of times, REML is that equation solved (Laird & Ware 1982, section 3), as long
        as what it gives is a covariance.
        """
        rows = clinic(therapists=6, clients=10, slope=0.8)
        times = np.column_stack([np.ones(6), np.arange(1.0, 7)])
        scores = rows["ors"].to_numpy().reshape(-1, 6).T
        lines, left = np.linalg.lstsq(times, scores, rcond=None)[:2]
        residual = left.sum() / (left.size * 4)
        spread = np.cov(lines) - residual * np.linalg.inv(times.T @ times)
        fit = mixed("ors ~ session + (session | client)", rows)
        said = [spread[0, 0], spread[1, 1], spread[0, 1], residual]
        # Newton stops at a slope of 1e-8 of a likelihood whose curvature is tens
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-7)
        np.testing.assert_allclose(fit.estimates["estimate"], lines.mean(axis=1), rtol=1e-9)
        errors = np.sqrt(np.diag(np.cov(lines)) / left.size)
        np.testing.assert_allclose(fit.estimates["std_error"], errors, rtol=1e-7)

    def test_a_slope_with_one_bar_brings_its_intercept(self):
        rows = clinic()
        one = mixed("ors ~ session + (session | client)", rows)
        other = mixed("ors ~ session + (1 + session | client)", rows)
        pd.testing.assert_frame_equal(one.variances, other.variances)
        assert one.recipe.formula == "ors ~ session + (1 + session | client)"
        assert one.recipe.notes == ("Differences in level and in slope may go together.",)

    def test_what_may_go_together_fits_no_worse(self):
        rows = clinic()
        free, held = mixed(TOGETHER, rows), mixed(NESTED, rows)
        assert free.loglik >= held.loglik
        correlation = free.variances["correlation"].dropna()
        assert len(correlation) == 1 and correlation.abs().max() < 1
        assert held.variances["correlation"].isna().all()


class TestWhatMustNotMatter:
    @pytest.fixture(params=[NESTED, "ors ~ session + srs + (1 + session || client)", TOGETHER])
    def formula(self, request):
        return request.param

    @pytest.mark.parametrize("factor", [0.05, 1e4])
    def test_the_scale_of_the_outcome(self, formula, factor):
        rows = clinic()
        one, other = mixed(formula, rows), mixed(formula, rows.assign(ors=rows["ors"] * factor))
        for column in ("estimate", "std_error", "low", "high"):
            np.testing.assert_allclose(
                other.estimates[column], factor * one.estimates[column], rtol=1e-7
            )
        np.testing.assert_allclose(
            other.variances["variance"], factor**2 * one.variances["variance"], rtol=1e-6
        )
        for what in ("converged", "singular", "dropped", "optimiser", "warnings"):
            assert getattr(other.health, what) == getattr(one.health, what)

    def test_a_small_share_of_variance_is_no_boundary_at_any_scale(self):
        rows = clinic(seed=5, therapists=30, clients=20, between_therapists=0.4)
        for factor in (1, 0.05):
            fit = mixed(NESTED, rows.assign(ors=rows["ors"] * factor))
            shares = fit.variances["variance"] / fit.variances["variance"].sum()
            assert shares.iloc[2] < 0.03
            assert fit.health.sound
            assert fit.health.warnings == ()

    def test_the_scale_and_place_of_a_predictor(self, formula):
        rows = clinic()
        one = mixed(formula, rows)
        other = mixed(formula, rows.assign(srs=1e5 + 1e-3 * rows["srs"]))
        assert other.term("srs")["estimate"] == pytest.approx(
            1e3 * one.term("srs")["estimate"], rel=1e-7
        )
        assert other.term("srs")["statistic"] == pytest.approx(
            one.term("srs")["statistic"], rel=1e-7
        )

    def test_the_unit_of_the_slope(self):
        rows = clinic()
        one = mixed(NESTED, rows)
        other = mixed(NESTED, rows.assign(session=rows["session"] * 7))  # days for weeks
        np.testing.assert_allclose(
            other.variances["variance"], one.variances["variance"] / [1, 49, 1, 1], rtol=1e-6
        )

    @pytest.mark.parametrize(("per", "zero"), [(7, 0), (1, 2000), (1 / 30, -5)])
    def test_where_and_in_what_a_slope_is_counted(self, per, zero):
        """A line at another zero has another level: b₀ + c b₁, whose variance follows."""
        rows = clinic()
        one = mixed(TOGETHER, rows)
        other = mixed(TOGETHER, rows.assign(session=rows["session"] * per + zero))
        assert other.loglik == pytest.approx(one.loglik - np.log(per), abs=1e-6)
        np.testing.assert_allclose(
            other.estimates["std_error"].iloc[1:], one.estimates["std_error"].iloc[1:] / [per, 1],
            rtol=1e-6,
        )  # fmt: skip
        level, slope, both = one.variances["variance"].iloc[:3]
        slope, both = slope / per**2, both / per
        level, both = level - 2 * zero * both + zero**2 * slope, both - zero * slope
        # counted from 2000 sessions away a level is six digits larger than what is known of it
        np.testing.assert_allclose(
            other.variances["variance"].iloc[:3], [level, slope, both], rtol=1e-5
        )

    def test_the_order_of_rows_and_the_names_of_clients(self, formula):
        rows = clinic()
        renamed = rows.assign(
            client=("c" + (997 * rows["client"] % 1009).astype(str)).astype("str"),
            therapist=-rows["therapist"],
        ).sample(frac=1, random_state=4)
        one, other = mixed(formula, rows), mixed(formula, renamed)
        np.testing.assert_allclose(
            other.estimates["std_error"], one.estimates["std_error"], rtol=1e-9
        )
        assert other.loglik == pytest.approx(one.loglik, abs=1e-8)

    def test_the_frame_is_left_as_it_was(self):
        rows = clinic()
        before = rows.copy()
        mixed(NESTED, rows)
        pd.testing.assert_frame_equal(rows, before)


class TestAVarianceOfZero:
    def test_is_taken_out_named_and_refitted(self):
        rows = level_out(clinic(), "therapist")
        fit = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows)
        assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert fit.health.sound
        assert fit.recipe.formula == "ors ~ session + (1 | client)"
        assert fit.variances["group"].tolist() == ["client", "Residual"]

    def test_the_fit_is_that_of_the_model_without_it(self):
        rows = level_out(clinic(), "therapist")
        with_it = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows)
        without = mixed("ors ~ session + (1 | client)", rows)
        pd.testing.assert_frame_equal(with_it.estimates, without.estimates)
        assert with_it.loglik == without.loglik

    @pytest.mark.parametrize("factor", [0.05, 1, 1e4])
    def test_at_any_scale(self, factor):
        rows = level_out(clinic(), "therapist")
        fit = mixed(NESTED, rows.assign(ors=rows["ors"] * factor))
        assert len(fit.health.dropped) == 1

    def test_a_slope(self):
        rows = clinic(slope=0.0, seed=8)
        trend = rows.groupby("client")[["session", "ors"]].transform(lambda x: x - x.mean())
        own = (trend["session"] * trend["ors"]).groupby(rows["client"]).transform("sum") / 17.5
        rows["ors"] -= own * trend["session"]  # no client changes at all
        fit = mixed("ors ~ 1 + (1 + session || client)", rows)
        assert fit.health.dropped == ("(0 + session | client): its variance was estimated as zero",)
        assert fit.recipe.formula == "ors ~ 1 + (1 | client)"

    def test_of_every_term_leaves_ordinary_regression(self):
        rows = level_out(clinic(slope=0.0), "client")
        fit = mixed("ors ~ srs + (1 | client)", rows)
        X = np.column_stack([np.ones(len(rows)), rows["srs"]])
        beta, rss, _, _ = np.linalg.lstsq(X, rows["ors"], rcond=None)
        df = len(rows) - 2
        np.testing.assert_allclose(fit.estimates["estimate"], beta, rtol=1e-10)
        np.testing.assert_allclose(
            fit.estimates["std_error"],
            np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * rss[0] / df),
            rtol=1e-10,
        )
        assert fit.estimates["df"].tolist() == [df, df]
        assert fit.recipe.kind == "linear model"
        assert fit.rows.clients == 72

    def test_of_a_slope_that_might_have_gone_with_the_level(self):
        rows = clinic(slope=0.0, seed=8)
        trend = rows.groupby("client")[["session", "ors"]].transform(lambda x: x - x.mean())
        own = (trend["session"] * trend["ors"]).groupby(rows["client"]).transform("sum") / 17.5
        rows["ors"] -= own * trend["session"]
        fit = mixed("ors ~ 1 + (session | client)", rows)
        assert fit.health.dropped == ("(0 + session | client): its variance was estimated as zero",)
        assert fit.health.sound
        assert fit.loglik == mixed("ors ~ 1 + (1 | client)", rows).loglik

    def test_of_a_therapist_beside_clients_whose_level_and_slope_go_together(self):
        fit = mixed(TOGETHER, level_out(clinic(), "therapist"))
        assert fit.health.dropped == ("(1 | therapist): its variance was estimated as zero",)
        assert fit.recipe.formula == "ors ~ session + srs + (1 + session | client)"
        assert fit.variances["term2"].tolist() == ["", "", "session", ""]


@pytest.fixture(scope="module")
def lines_through_one_point():
    """Who starts higher rises more, and by as much as the level says: at session −5 all are one."""
    rows = clinic(slope=0.0, between_therapists=0.0)
    level = rows.groupby("client")["ors"].transform("mean") - rows["ors"].mean()
    return rows.assign(ors=rows["ors"] + 0.2 * level * rows["session"])


class TestAPerfectCorrelation:
    @pytest.mark.parametrize("factor", [0.05, 1, 1e4])
    def test_is_singular_and_named_at_any_scale(self, lines_through_one_point, factor):
        rows = lines_through_one_point
        fit = mixed("ors ~ session + (session | client)", rows.assign(ors=rows["ors"] * factor))
        assert fit.health.singular == ("the correlation of (1 + session | client)",)
        assert fit.health.converged and not fit.health.sound
        assert fit.health.dropped == ()
        assert fit.variances["correlation"].dropna().tolist() == pytest.approx([1], abs=1e-6)

    def test_from_wherever_it_is_counted(self, lines_through_one_point):
        rows = lines_through_one_point
        moved = rows.assign(session=rows["session"] - 3.5)
        fit = mixed("ors ~ session + (session | client)", moved)
        assert fit.health.singular == ("the correlation of (1 + session | client)",)

    def test_is_far_more_likely_than_independence(self, lines_through_one_point):
        """The boundary is where the likelihood leads, not where a search got stuck."""
        rows = lines_through_one_point
        fit = mixed("ors ~ session + (session | client)", rows)
        apart = mixed("ors ~ session + (1 + session || client)", rows)
        assert fit.loglik > apart.loglik + 1


class TestWhatIsRefused:
    def test_one_therapist(self):
        with pytest.raises(Refused, match="one `therapist` only in the 432 rows"):
            mixed(NESTED, clinic().assign(therapist=1))

    def test_as_many_clients_as_rows(self):
        rows = clinic().assign(client=range(432))
        with pytest.raises(Refused, match="Every row of the model is a `client` of its own"):
            mixed("ors ~ session + (1 | client)", rows)

    def test_one_client_for_each_therapist(self):
        with pytest.raises(Refused, match="so the two cannot be told apart"):
            mixed(NESTED, clinic().assign(therapist=lambda rows: rows["client"]))

    def test_a_slope_that_no_client_has(self):
        with pytest.raises(Refused, match="No `client` has two different values of `session`"):
            mixed("ors ~ srs + (1 + session || client)", clinic().assign(session=1.0))

    def test_a_deviation_in_two_terms(self):
        with pytest.raises(Refused, match="`Intercept` of `client` stands in two random terms"):
            mixed("ors ~ session + (1 | client) + (session | client)", clinic())

    def test_slopes_in_columns_made_of_one_another(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] - 3)
        with pytest.raises(Refused, match="made of one another"):
            mixed("ors ~ session + (session + days | client)", rows)

    def test_as_many_deviations_as_rows(self):
        rows = clinic()
        with pytest.raises(Refused, match="144 deviations and the model 144 rows"):
            mixed("ors ~ session + (session | client)", rows[rows["session"] <= 2])

    def test_no_random_term(self):
        with pytest.raises(Refused, match=r"Add \(1 \| client\)"):
            mixed("ors ~ session", clinic())

    def test_a_constant_outcome(self):
        with pytest.raises(Refused, match="nothing to explain"):
            mixed(NESTED, clinic().assign(ors=20.0))

    def test_an_infinite_outcome(self):
        rows = clinic()
        rows.loc[3, "ors"] = np.inf
        with pytest.raises(Refused, match="infinite in 1 rows"):
            mixed(NESTED, rows)

    def test_an_outcome_that_its_terms_give_exactly(self):
        rows = clinic()
        with pytest.raises(Refused, match="exactly"):
            mixed("ors ~ session + (1 | client)", rows.assign(ors=3 + 0.1 * rows["session"]))

    def test_no_residual(self):
        rows = clinic()
        rows["ors"] = rows.groupby("client")["ors"].transform("mean")
        with pytest.raises(Refused, match="residual variance is zero"):
            mixed("ors ~ srs + (1 | client)", rows)

    def test_a_term_with_nothing_to_judge_it_by(self):
        rows = clinic(therapists=3)
        rows["room"], rows["floor"] = rows["therapist"] == 1, rows["therapist"] == 2
        with pytest.raises(Refused, match="Too few groups differ in .*`room`, `floor`"):
            mixed("ors ~ room + floor + (1 | client) + (1 | therapist)", rows)

    def test_a_fit_that_is_not_flat(self, monkeypatch):
        monkeypatch.setattr(mixed_solution, "FLAT", 0.0)
        with pytest.raises(Refused, match="did not converge.*Newton steps"):
            mixed(NESTED, clinic())

    def test_rows_that_are_none(self):
        with pytest.raises(InvalidInput, match="list holds no rows"):
            mixed(NESTED, [1, 2])

    def test_two_columns_of_one_name(self):
        rows = clinic()
        with pytest.raises(InvalidInput, match="two columns are called `srs`"):
            mixed(NESTED, pd.concat([rows, rows[["srs"]]], axis=1))


class TestCrossedFactors:
    """What R says of them stands in tests/oracles/test_crossed.py; here, what they collapse to."""

    def test_an_exact_balance_is_the_analysis_of_variance(self):
        """Every client sees every room once: three mean squares give three variances."""
        draw = np.random.default_rng(4)
        client, room = (code.ravel() for code in np.indices((12, 7)))
        y = draw.normal(0, 2, 12)[client] + draw.normal(0, 1.5, 7)[room] + draw.normal(size=84)
        grid = y.reshape(12, 7)
        between, across = grid.mean(axis=1), grid.mean(axis=0)
        left = grid - between[:, None] - across + grid.mean()
        residual = (left**2).sum() / (11 * 6)
        said = [between.var(ddof=1) - residual / 7, across.var(ddof=1) - residual / 12, residual]
        rows = pd.DataFrame({"y": y, "client": client, "room": room})
        fit = mixed("y ~ 1 + (1 | client) + (1 | room)", rows)
        np.testing.assert_allclose(fit.variances["variance"], said, rtol=1e-6)
        assert fit.loglik == pytest.approx(
            mixed("y ~ 1 + (1 | room) + (1 | client)", rows).loglik, abs=1e-9
        )

    def test_what_lies_in_what_may_be_written_short(self):
        rows = clinic().assign(room=lambda rows: rows["therapist"] // 2)
        rows["ors"] += rows["room"]
        short = mixed("ors ~ session + (1 | room/therapist)", rows)
        long = mixed("ors ~ session + (1 | room) + (1 | therapist)", rows)
        assert short.loglik == pytest.approx(long.loglik, abs=1e-9)
        assert short.variances["group"].tolist() == ["room", "room:therapist", "Residual"]


class TestModes:
    @pytest.mark.parametrize("crossed", [False, True])
    def test_as_henderson_wrote_them(self, crossed):
        """u = G Z′V⁻¹(y − Xβ), and Var(b − u | β) = G − G Z′V⁻¹Z G, on the full matrices."""
        rows = clinic(therapists=4, clients=5, sessions=4)
        if crossed:
            rows.loc[::7, "therapist"] = 3 - rows["therapist"].iloc[::7]
        fit = mixed("ors ~ session + (session | client) + (1 | therapist)", rows, zero="keep")
        by = fit.variances.set_index(["group", "term1", "term2"])["variance"]
        level, slope, both = (
            by["client", "Intercept", ""], by["client", "session", ""],
            by["client", "Intercept", "session"],
        )  # fmt: skip
        clients = pd.get_dummies(rows["client"]).to_numpy(float)
        session = rows["session"].to_numpy()[:, None]
        Z = np.hstack([clients, clients * session, pd.get_dummies(rows["therapist"])]).astype(float)
        G = np.kron([[level, both], [both, slope]], np.eye(20))
        G = np.block(
            [[G, np.zeros((40, 4))], [np.zeros((4, 40)), np.eye(4) * by["therapist"].sum()]]
        )
        V = Z @ G @ Z.T + by["Residual"].sum() * np.eye(len(rows))
        X = np.column_stack([np.ones(len(rows)), session])
        rest = rows["ors"].to_numpy() - X @ fit.estimates["estimate"].to_numpy()
        said = G @ Z.T @ np.linalg.solve(V, rest)
        spread = np.sqrt(np.diag(G - G @ Z.T @ np.linalg.solve(V, Z) @ G).clip(0))
        for group, start in (("client", 0), ("therapist", 40)):
            ours = fit.modes(group).pivot(index="level", columns="term")
            count = ours.shape[0] * ours["mode"].shape[1]
            np.testing.assert_allclose(
                ours["mode"].to_numpy().T.ravel(), said[start : start + count], atol=1e-8
            )
            np.testing.assert_allclose(
                ours["std_error"].to_numpy().T.ravel(), spread[start : start + count], atol=1e-7
            )

    def test_of_a_factor_there_is_none(self):
        with pytest.raises(KeyError, match="factors: client, therapist"):
            mixed(NESTED, clinic()).modes("room")


class TestWhatIsLeftOut:
    def test_a_term_made_of_others_by_name(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] + 2, one=1.0)
        fit = mixed("ors ~ session + days + one + srs + (1 | client)", rows)
        assert fit.estimates["term"].tolist() == ["Intercept", "session", "srs"]
        assert fit.health.dropped == (
            "`days`: a combination of the terms before it",
            "`one`: a combination of the terms before it",
        )
        plain = mixed("ors ~ session + srs + (1 | client)", rows)
        assert fit.loglik == plain.loglik

    def test_unless_it_is_to_be_refused(self):
        rows = clinic().assign(days=lambda rows: 7 * rows["session"] + 2)
        with pytest.raises(Refused, match="`days` cannot be told from the terms before"):
            mixed("ors ~ session + days + (1 | client)", rows, aliased="refuse")

    def test_a_variance_of_zero_may_be_kept(self):
        rows = level_out(clinic(), "therapist")
        fit = mixed("ors ~ session + (1 | client) + (1 | therapist)", rows, zero="keep")
        assert fit.health.singular == ("the variance of (1 | therapist)",)
        assert fit.variances["variance"].iloc[1] == 0
        assert not fit.health.sound

    def test_a_choice_there_is_none(self):
        with pytest.raises(InvalidInput, match="satterthwaite"):
            mixed(NESTED, clinic(), df="saterthwaite")


class TestWhatIsReported:
    def test_rows_left_out_are_counted(self):
        rows = clinic()
        rows.loc[:9, "srs"] = np.nan
        rows.loc[5:14, "ors"] = np.nan
        fit = mixed(NESTED, rows)
        assert fit.rows.left_out == (("ors missing", 10), ("srs missing", 5))
        assert fit.rows.used == 432 - 15
        assert (fit.rows.clients, fit.rows.therapists) == (70, 8)

    def test_anything_with_a_frame_is_taken(self):
        class Holder:
            frame = clinic()

        assert mixed(NESTED, Holder()).rows.used == 432

    def test_variances_and_standard_deviations(self):
        fit = mixed(NESTED, clinic())
        assert fit.variances["group"].tolist() == ["client", "client", "therapist", "Residual"]
        assert fit.variances["term1"].tolist() == ["Intercept", "session", "Intercept", ""]
        np.testing.assert_allclose(fit.variances["sd"] ** 2, fit.variances["variance"])
        assert set(fit.scales) == {"ors", "session", "srs"}
