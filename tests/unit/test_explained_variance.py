"""Where the variance lies and what a mixed model explains: the formulae written out."""

import numpy as np
import pandas as pd
import pytest
from full_matrices import FORMULAS, Full, clinic_rows

from sessionwise.errors import InvalidInput
from sessionwise.models.mixed_model import mixed


@pytest.mark.parametrize("name", FORMULAS)
def test_average_variances_are_the_traces(name):
    fit = mixed(FORMULAS[name], clinic_rows(), zero="keep", df="satterthwaite")
    said = Full(fit)
    table = fit.shares().set_index("group")
    n, end, of = len(said.y), 0, {}
    for group, levels, terms, spread in said.groups():
        own = slice(end, end + len(levels) * len(terms))
        part = said.Z[:, own] @ np.kron(spread, np.eye(len(levels))) @ said.Z[:, own].T
        of[group], end = np.trace(part) / n, own.stop
    total = sum(of.values()) + said.s2
    for group, variance in of.items():
        assert table.loc[group, "variance"] == pytest.approx(variance, rel=1e-7, abs=1e-12)
        assert table.loc[group, "share"] == pytest.approx(variance / total, rel=1e-7, abs=1e-12)
    assert table["share"].sum() == pytest.approx(1)
    fixed = np.var(said.X @ said.beta, ddof=1)
    explained = fit.r_squared()
    assert explained["marginal"] == pytest.approx(fixed / (fixed + total))
    assert explained["conditional"] == pytest.approx((fixed + total - said.s2) / (fixed + total))


def test_shares_at_a_value_of_the_slope():
    fit = mixed("y ~ time + (1 + time | client)", clinic_rows())
    v = fit.variances.set_index(["term1", "term2"])["variance"]
    for time in (0.0, 2.5):
        there = v["Intercept", ""] + 2 * time * v["Intercept", "time"] + time**2 * v["time", ""]
        share = fit.shares({"time": time})["share_at"][0]
        assert share == pytest.approx(there / (there + fit.variances["variance"].iloc[-1]))
    mean = clinic_rows()["time"].mean()
    at_mean = fit.shares({"time": mean})
    pd.testing.assert_frame_equal(fit.shares(), at_mean)


def test_design_effect_is_the_variance_of_a_mean_over_that_of_independent_rows():
    """For clients of unlike size, each in one therapist: Var(ȳ) = σ²_total/n · design effects."""
    rows = clinic_rows(moving=0)
    table = mixed("y ~ 1 + (1 | client)", rows).shares()
    sizes = rows.groupby("client").size()
    n, variance, residual = len(rows), table["variance"][0], table["variance"][1]
    of_mean = (sizes**2).sum() / n**2 * variance + residual / n
    assert table["design_effect"][0] == pytest.approx(of_mean / ((variance + residual) / n))


def test_two_rows_of_a_client_share_their_therapist():
    rows = clinic_rows(moving=0)
    nested = mixed("y ~ 1 + (1 | client) + (1 | therapist)", rows, zero="keep").shares()
    by = nested.set_index("group")
    both = by.loc[["client", "therapist"], "share"].sum()
    assert by.loc["client", "icc"] == pytest.approx(both)
    assert by.loc["therapist", "icc"] == by.loc["therapist", "share"]
    crossed = mixed("y ~ 1 + (1 | client) + (1 | therapist)", clinic_rows(), zero="keep").shares()
    assert (crossed["icc"] == crossed["share"])[:2].all()


class TestLimits:
    def test_one_or_two_levels(self):
        for formula, factors in (("(1 | client)", 1), ("(1 | client) + (1 | clinic)", 2)):
            table = mixed(f"y ~ time + {formula}", clinic_rows(), zero="keep").shares()
            assert (table["low"] <= table["share"]).all() and (
                table["share"] <= table["high"]
            ).all()
            assert len(table) == factors + 1
        narrow = mixed("y ~ time + (1 | client)", clinic_rows()).shares(level=0.5)
        wide = mixed("y ~ time + (1 | client)", clinic_rows()).shares()
        assert (narrow["low"] > wide["low"]).all() and (narrow["high"] < wide["high"]).all()
        assert wide["low"][0] == pytest.approx(1 - wide["high"][1], abs=1e-6)

    def test_a_balanced_share_lies_about_where_the_f_distribution_puts_it(self):
        """ML-profile limits and Searle's exact ones agree to 0.03 with 60 clients of 4."""
        draw = np.random.default_rng(4)
        client = np.repeat(np.arange(60), 4)
        rows = pd.DataFrame({"client": client, "y": draw.normal(0, 1, 60)[client]})
        rows["y"] += draw.normal(0, 1, len(rows))
        between = 4 * rows.groupby("client")["y"].mean().var()
        ratio = between / rows.groupby("client")["y"].var().mean()
        from scipy import stats

        exact = [ratio / stats.f.ppf(p, 59, 180) for p in (0.975, 0.025)]
        exact = [(f - 1) / (f + 3) for f in exact]
        found = mixed("y ~ 1 + (1 | client)", rows).shares().iloc[0]
        np.testing.assert_allclose([found["low"], found["high"]], exact, atol=0.03)

    def test_none_with_slopes_or_three_factors(self):
        table = mixed(FORMULAS["nested"], clinic_rows(), zero="keep").shares()
        assert table[["low", "high"]].isna().all(axis=None)
        table = mixed(FORMULAS["three nested"], clinic_rows(), zero="keep").shares()
        assert table[["low", "high"]].isna().all(axis=None)


def test_nothing_varies_but_the_residual():
    rows = clinic_rows()
    rows["y"] = rows["x"] + np.random.default_rng(2).normal(0, 1, len(rows))
    rows["y"] -= rows.groupby("client")["y"].transform("mean")
    fit = mixed("y ~ x + (1 | client)", rows)
    assert fit.shares()["share"].tolist() == [1.0]
    assert fit.r_squared()["marginal"] == fit.r_squared()["conditional"]


def test_refusals():
    fit = mixed("y ~ time + (1 + time | client)", clinic_rows())
    with pytest.raises(InvalidInput, match="`tim` has no random slope.*Did you mean 'time'"):
        fit.shares({"tim": 1.0})
    with pytest.raises(InvalidInput, match="level is 95"):
        fit.shares(level=95)
