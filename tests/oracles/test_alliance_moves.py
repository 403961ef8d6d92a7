"""How the alliance moves agrees with lme4 (r/alliance_moves.R) and with exact identities.

lme4's bobyqa stops within about 1e-6 of the maximum in a variance (see test_mixed.py); with four
variances the error of the intercept is then 1.3e-6 off, and our log-likelihood no lower. Limits of
shares are roots found to 1e-7 here and 1e-10 there, on deviances that differ by 1e-9: 2e-6 at most.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sessionwise.instruments.catalogue import instrument
from sessionwise.models import fixed_effects
from sessionwise.models.alliance_phases import alliance_by_phase
from sessionwise.models.rater_views import TRACKED, agreement, two_views
from sessionwise.models.variance_levels import (
    CLIENTS,
    SESSIONS,
    THERAPISTS,
    alliance_levels,
    variance_shares,
)
from sessionwise.models.wald import contrast
from sessionwise.records.sessions import Sessions

HERE = Path(__file__).parent
SAID = json.loads((HERE / "r/alliance_moves.json").read_text(encoding="utf-8"))
TERMS, VARIANCES, LOGLIK, LIMITS = 2e-6, 5e-6, 1e-7, 2e-6


def records(clinic, **more):
    """The clinic as records; its therapists are those of the client's first session."""
    frame = clinic[["client", "session", "th1", "srs"]].rename(columns={"th1": "therapist"})
    return Sessions.of(frame.astype({"client": "str", "therapist": "str"}).assign(**more))


@pytest.fixture(autouse=True)
def errors_as_lme4_has_them(monkeypatch):
    """Errors before Kenward and Roger's correction, which lme4 has not got."""
    monkeypatch.setattr(fixed_effects, "MOST_ROWS", 0)


def agrees(fit, said):
    assert fit.rows.used == said["rows"]
    assert fit.loglik == pytest.approx(said["loglik"], abs=LOGLIK)
    assert fit.loglik > said["loglik"] - 1e-9
    for ours, theirs in (("estimate", "estimate"), ("std_error", "se")):
        np.testing.assert_allclose(fit.estimates[ours], list(said[theirs].values()), rtol=TERMS)
    found = [row["variance"] for row in said["variances"]]
    np.testing.assert_allclose(fit.variances["variance"], found, rtol=VARIANCES)


class TestAgainstLme4:
    def test_a_line_that_bends_at_session_3(self, clinic):
        agrees(alliance_by_phase(records(clinic), "srs"), SAID["bent"])

    def test_the_same_line_where_the_phases_are_recorded(self, clinic):
        phase = pd.Categorical(np.where(clinic["session"] <= 3, "agreeing", "working"))
        agrees(alliance_by_phase(records(clinic, phase=phase), "srs"), SAID["bent"])

    def test_by_how_much_it_bends(self, clinic):
        fit = alliance_by_phase(records(clinic), "srs")
        bend = contrast(fit.estimates, fit.covariance, "steps_working", "steps_agreeing")
        said, cov = SAID["bent"]["estimate"], np.array(SAID["bent"]["covariance"])
        assert bend["estimate"] == pytest.approx(
            said["steps_working"] - said["steps_agreeing"], rel=1e-5
        )
        variance = cov[1, 1] + cov[2, 2] - 2 * cov[1, 2]
        assert bend["std_error"] == pytest.approx(np.sqrt(variance), rel=TERMS)

    @pytest.mark.parametrize("name", ["levels", "levels_six"])
    def test_shares_of_variance_and_their_limits(self, clinic, name):
        rows = clinic[clinic["th1"] <= 6] if name == "levels_six" else clinic
        s = records(rows)
        fit = alliance_levels(s, "srs")
        agrees(fit, SAID[name]["model"])
        found = variance_shares(fit, s).set_index("level")
        for level, theirs in ((THERAPISTS, "th1"), (CLIENTS, "client"), (SESSIONS, "residual")):
            said = [SAID[name]["shares"][theirs], *SAID[name]["limits"][theirs]]
            ours = found.loc[level, ["share", "low", "high"]].to_numpy(float)
            np.testing.assert_allclose(ours, said, atol=LIMITS)

    def test_truth_and_bias(self, clinic):
        judged = 12 + 0.45 * clinic["srs"] + 0.25 * clinic["ors"]
        s = with_one_scale(records(clinic, judged=judged))
        agrees(two_views(s, views=("srs", "judged")), SAID["tracked"])


def with_one_scale(s):
    """The records with both scores on the scale of the SRS."""
    return replace(s, instruments={**s.instruments, "judged": instrument("srs")})


def balanced(clients, sessions, between, within, seed=5):
    draw = np.random.default_rng(seed)
    level = np.repeat(draw.normal(0, between, clients), sessions)
    return Sessions.of(
        pd.DataFrame(
            {
                "client": np.repeat(np.arange(clients), sessions).astype(str),
                "session": np.tile(np.arange(1, sessions + 1), clients),
                "srs": 25 + level + draw.normal(0, within, clients * sessions),
            }
        )
    )


class TestBalancedClientsAreAnAnalysisOfVariance:
    """One way, equal numbers: REML variances are those of mean squares (Searle et al. 1992)."""

    @staticmethod
    def squares(s):
        score = s.table["srs"].to_numpy().reshape(-1, 6)
        within = score.var(axis=1, ddof=1).mean()
        return 6 * score.mean(axis=1).var(ddof=1), within, len(score)

    def test_shares(self):
        s = balanced(60, 6, 2.0, 1.5)
        between, within, _ = self.squares(s)
        found = variance_shares(alliance_levels(s, "srs"), s).set_index("level")
        client = (between - within) / 6
        assert found.loc[CLIENTS, "share"] == pytest.approx(client / (client + within), rel=1e-6)

    def test_limits_are_near_those_of_the_f_distribution(self):
        """Exact limits of an intraclass correlation; the profile's differ by the order of 1/60."""
        s = balanced(60, 6, 2.0, 1.5)
        between, within, clients = self.squares(s)
        ratio, df = between / within, (clients - 1, clients * 5)
        exact = [
            (ratio / stats.f.ppf(p, *df) - 1) / (ratio / stats.f.ppf(p, *df) + 5)
            for p in (0.975, 0.025)
        ]
        found = variance_shares(alliance_levels(s, "srs"), s).set_index("level")
        np.testing.assert_allclose(found.loc[CLIENTS, ["low", "high"]], exact, atol=0.01)


class TestTruthComesBack:
    """Twenty small clinics drawn here; mean estimates lie within 3 Monte Carlo errors."""

    BIAS, TRACKING, DYADS, SESSIONS, CLINICS = -3.0, 0.4, 60, 8, 20

    def clinic(self, seed):
        draw = np.random.default_rng([20261124, seed])
        many = self.DYADS * self.SESSIONS
        dyad = np.repeat(np.arange(self.DYADS), self.SESSIONS)
        client = 44 + draw.normal(0, 4, self.DYADS)[dyad] + draw.normal(0, 2, many)
        own = pd.Series(client).groupby(dyad).transform("mean").to_numpy()
        bias = draw.normal(0, 1.5, self.DYADS // 5)[dyad // 5] + draw.normal(0, 1, self.DYADS)[dyad]
        slope = self.TRACKING + draw.normal(0, 0.2, self.DYADS)[dyad]
        judged = own + self.BIAS + bias + slope * (client - own) + draw.normal(0, 1.5, many)
        frame = pd.DataFrame(
            {
                "client": dyad.astype(str),
                "therapist": (dyad // 5).astype(str),
                "session": np.tile(np.arange(1, self.SESSIONS + 1), self.DYADS),
                "srs": client,
                "judged": judged,
            }
        )
        scaled = frame.assign(srs=frame["srs"] / 2, judged=frame["judged"] / 2)
        return with_one_scale(Sessions.of(scaled))

    def test_bias_tracking_and_shares(self):
        found = []
        for seed in range(self.CLINICS):
            s = self.clinic(seed)
            fit = two_views(s, views=("srs", "judged"))
            levels = variance_shares(alliance_levels(s, "srs"), s).set_index("level")
            found.append(
                [
                    2 * fit.term("Intercept")["estimate"],
                    fit.term(TRACKED)["estimate"],
                    levels.loc[SESSIONS, "share"],
                    *(levels.loc[SESSIONS, ["low", "high"]]),
                    *(2 * fit.term("Intercept")[["low", "high"]]),
                    *fit.term(TRACKED)[["low", "high"]],
                ]
            )
        found = np.array(found)
        truth = np.array([self.BIAS, self.TRACKING, 4 / 20])
        error = found[:, :3].std(axis=0, ddof=1) / np.sqrt(self.CLINICS)
        assert (np.abs(found[:, :3].mean(axis=0) - truth) < 3 * error).all()
        # 95 % limits hold the truth in 16 of 20 at least: fewer has a probability below 0.3 %
        for low, high, true in ((5, 6, self.BIAS), (7, 8, self.TRACKING), (3, 4, 4 / 20)):
            assert ((found[:, low] < true) & (true < found[:, high])).sum() >= 16


def test_tracking_is_the_slope_beside_dyad_dummies_where_dyads_do_not_differ_in_it():
    """With no random slope the within slope is that of dummies, exactly."""
    draw = np.random.default_rng(3)
    dyad = np.repeat(np.arange(20), 5)
    client = 20 + draw.normal(0, 3, 20)[dyad] + draw.normal(0, 1, 100)
    frame = pd.DataFrame(
        {
            "client": dyad.astype(str),
            "session": np.tile(np.arange(1, 6), 20),
            "srs": client,
            "judged": 5 + 0.5 * client + draw.normal(0, 2, 100),
        }
    )
    fit = two_views(with_one_scale(Sessions.of(frame)), views=("srs", "judged"))
    assert any(f"(0 + {TRACKED} |" in term for term in fit.health.dropped)
    own = frame.groupby("client")["srs"].transform("mean")
    dummies = np.column_stack([pd.get_dummies(dyad).to_numpy(float), frame["srs"] - own])
    slope = np.linalg.lstsq(dummies, frame["judged"], rcond=None)[0][-1]
    assert fit.term(TRACKED)["estimate"] == pytest.approx(slope, rel=1e-9)


def test_the_mean_difference_has_the_error_of_a_mean():
    """Leaving out one dyad at a time gives sd/√n, exactly; limits are t with n − 1 df."""
    draw = np.random.default_rng(8)
    dyad = np.repeat(np.arange(15), 3)
    frame = pd.DataFrame(
        {"client": dyad.astype(str), "session": np.tile([1, 2, 3], 15),
         "srs": 20 + draw.normal(0, 3, 45), "judged": 18 + draw.normal(0, 3, 45)}
    )  # fmt: skip
    means = frame.groupby("client")[["srs", "judged"]].mean()
    gap = means["judged"] - means["srs"]
    low, high = stats.t.interval(0.95, 14, gap.mean(), gap.std() / np.sqrt(15))
    found = agreement(with_one_scale(Sessions.of(frame)), views=("srs", "judged"))
    row = found[found["measure"] == "therapist minus client, points"].iloc[0]
    np.testing.assert_allclose(row[["estimate", "low", "high"]].to_numpy(float),
                               [gap.mean(), low, high], rtol=1e-12)  # fmt: skip
