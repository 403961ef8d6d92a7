"""Therapists' share of leaving: what its numbers are made of, and where there is none."""

import numpy as np
import pandas as pd
import pytest
from question_records import again
from scipy import stats

import sessionwise as sw
from sessionwise.engine.spread_profile import SpreadProfile
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.latent_scale import RESIDUALS
from sessionwise.models.therapists_leaving import therapists_and_leaving


@pytest.fixture(scope="module")
def clinic():
    """Forty therapists who differ by .6; the first of them has three clients."""
    frailty = {"on": True, "therapist_sd": 0.6, "client_sd": 0.0}
    s = sw.simulate(sw.Truth(clinic={"clients": 500, "therapists": 40}, frailty=frailty), seed=5)
    theirs = s.table.loc[s.table["therapist"] == "T01", "client"].unique()
    return s.keep_courses(~s.courses["client"].isin(theirs[3:]).to_numpy(), "left out")


@pytest.fixture(scope="module")
def found(clinic):
    return therapists_and_leaving(clinic, ["severity"])


class TestTheShare:
    def test_it_is_the_variance_over_that_and_the_residual_of_the_link(self, found):
        variance = found.fit.variances["variance"].item()
        assert found.share == pytest.approx(variance / (variance + np.pi**2 / 6))
        assert found.ratio == pytest.approx(found.fit.median_ratios()["estimate"].item())
        assert found.share == pytest.approx(found.fit.latent_shares()["share"].item())

    @pytest.mark.parametrize("link", ["cloglog", "logit"])
    def test_at_its_limits_the_best_likelihood_has_fallen_by_1_92(self, clinic, link):
        found = therapists_and_leaving(clinic, ["severity"], link)
        profile = SpreadProfile(found.fit.solution.likelihood, found.fit.solution.summit)
        for share in (found.share_low, found.share_high):
            sd = np.sqrt(share * RESIDUALS[link] / (1 - share))
            assert profile.highest - profile.at(sd) == pytest.approx(1.920729, rel=1e-5)
        assert profile.at(profile.best) == pytest.approx(found.fit.loglik, abs=1e-8)

    def test_at_no_spread_the_profile_is_the_model_without_therapists(self, found):
        rows = found.fit.solution.used
        profile = SpreadProfile(found.fit.solution.likelihood, found.fit.solution.summit)
        terms = "left_unplanned ~ first_session + session + severity"
        plain = sw.glm(terms, rows, "binomial", "cloglog")
        assert profile.at(0.0) == pytest.approx(plain.loglik, abs=1e-7)
        statistic = 2 * (found.fit.loglik - plain.loglik)
        assert found.p == pytest.approx(stats.chi2.sf(statistic, 1) / 2, rel=1e-5)

    def test_limits_hold_the_share_and_that_of_the_truth(self, found):
        assert found.share_low < found.share < found.share_high
        true = 0.36 / (0.36 + np.pi**2 / 6)
        assert found.share_low < true < found.share_high


class TestWhereTherapistsAreAlike:
    @pytest.fixture(scope="class")
    @classmethod
    def alike(cls):
        return therapists_and_leaving(sw.example())

    def test_the_share_is_nought_with_an_upper_limit_and_p_is_one(self, alike):
        assert (alike.share, alike.share_low, alike.ratio, alike.p) == (0, 0, 1, 1)
        assert 0 < alike.share_high < 0.5

    def test_nobody_is_ranked(self, alike):
        assert alike.therapists.empty
        assert alike.spread["group"].tolist() == ["middle"]


class TestTheRange:
    def test_chances_are_one_less_the_product_of_staying(self, found):
        """For the therapist in the middle, written out session by session."""
        b = found.fit.estimates.set_index("term")["estimate"]
        severity = found.fit.solution.used["severity"].mean()
        stay = 1.0
        for session in range(1, 11):
            eta = b["Intercept"] + b["session"] * session + b["severity"] * severity
            eta += b["first_session"] * (session == 1)
            stay *= np.exp(-np.exp(eta))
        middle = found.spread.set_index("group").loc["middle", "estimate"]
        assert middle == pytest.approx(1 - stay, rel=1e-9)
        one = found.therapists.iloc[3]
        assert one["estimate"] == pytest.approx(1 - stay ** np.exp(one["mode"]), rel=1e-9)

    def test_tenths_are_means_of_the_modes_at_the_ends(self, found):
        shown, spread = found.therapists, found.spread.set_index("group")
        many = round(len(shown) / 10)
        assert spread.loc["highest tenth", "therapists"] == many
        middle = 1 - spread.loc["middle", "estimate"]
        for group, part in (("lowest", shown.head(many)), ("highest", shown.tail(many))):
            chance = 1 - middle ** np.exp(part["mode"].mean())
            row = spread.loc[f"{group} tenth"]
            assert row["estimate"] == pytest.approx(chance, rel=1e-9)
            assert row["low"] < row["estimate"] < row["high"]

    def test_they_are_in_order_and_unnamed(self, found):
        assert (found.therapists["mode"].diff().dropna() >= 0).all()
        assert "therapist" not in found.therapists and "level" not in found.therapists

    def test_those_with_fewer_than_five_clients_are_counted_not_shown(self, clinic, found):
        rows = found.fit.solution.used
        each = rows[["client", "therapist"]].drop_duplicates().groupby("therapist").size()
        assert found.few == (each < 5).sum() == 1
        assert len(found.therapists) == (each >= 5).sum()
        assert found.fit.rows.therapists == len(each)
        assert found.therapists["clients"].min() >= 5

    def test_fewer_sessions_have_smaller_chances_and_too_many_are_cut(self, clinic, found):
        five = therapists_and_leaving(clinic, ["severity"], by=5)
        assert five.sessions == 5
        assert five.spread["estimate"].iloc[0] < found.spread["estimate"].iloc[0]
        all_of_them = therapists_and_leaving(clinic, ["severity"], by=1000)
        assert all_of_them.sessions == found.fit.solution.used["session"].max()

    @pytest.mark.parametrize("baseline", ["polynomial", "spline", "steps"])
    def test_the_baseline_hardly_moves_the_share(self, clinic, found, baseline):
        other = therapists_and_leaving(clinic, ["severity"], baseline=baseline)
        assert other.share == pytest.approx(found.share, abs=0.02)


class TestRefusals:
    def test_no_therapist_or_too_few(self):
        nobody = again(sw.example(), therapist=None)
        with pytest.raises(Unanswerable, match="therapist"):
            therapists_and_leaving(nobody)
        table = sw.example().table
        four = pd.Series(np.arange(len(table)) % 4, table.index).astype(str)
        few = again(sw.example(), therapist=four)
        with pytest.raises(Unanswerable, match="cannot be told from 4: at least 5"):
            therapists_and_leaving(few)

    def test_chances_over_no_session(self, clinic):
        with pytest.raises(Refused, match="whole number, 1 or more"):
            therapists_and_leaving(clinic, by=0)

    def test_what_was_not_known_at_intake(self, clinic):
        with pytest.raises(Unanswerable, match="takes what was known at intake"):
            therapists_and_leaving(clinic, ["srs"])
