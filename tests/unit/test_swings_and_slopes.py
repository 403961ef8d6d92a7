"""The alliance about the client's own line, and effects that differ between clients."""

from statistics import NormalDist

import numpy as np
import pytest
from question_records import again, left_out
from tables import records

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.next_outcome import alliance_and_next_outcome

SWING, LINED = "srs_lag1_within", "srs_lag1_detrended"
DIFFER = "of time and alliance"
DIFFERING = f"(0 + {SWING} | client)"


@pytest.fixture(scope="module")
def alike(clinic):
    return alliance_and_next_outcome(clinic)


class TestAboutTheClientsOwnLine:
    @pytest.fixture(scope="class")
    @classmethod
    def flat(cls, clinic):
        return alliance_and_next_outcome(clinic, trend="removed")

    def test_the_estimate_is_that_of_a_line_for_every_client(self, clinic, flat):
        """What is left about a line is at right angles to the client's level and slope, so no
        variance weighs in: least squares with an intercept and a slope of every client's own."""
        s = sw.detrended(sw.lagged(clinic, "srs"), "srs_lag1", complete=["ors"])
        rows = s.frame[s.frame[LINED].notna()]
        clients = rows["client"].astype("category").cat.codes.to_numpy()
        own = np.eye(clients.max() + 1)[clients]
        lines = own * rows["session"].to_numpy(float)[:, None]
        columns = np.column_stack([rows["srs_lag1"].to_numpy(float), own, lines])
        expected = np.linalg.lstsq(columns, rows["ors"].to_numpy(float), rcond=None)[0][0]
        assert flat.term(LINED)["estimate"] == pytest.approx(expected, rel=1e-7)
        assert flat.rows.used == len(rows)

    def test_courses_too_short_for_a_line_are_left_out_and_counted(self, clinic, flat):
        lag = sw.lagged(clinic, "srs").frame
        rows = lag[lag["srs_lag1"].notna() & lag["ors"].notna()].groupby("client").size()
        short = rows[rows < 3]
        reason = "fewer than 3 such sessions in the course, so no line of its own"
        assert dict(flat.rows.left_out)[reason] == short.sum() > 0
        assert f"{len(short)} courses with fewer than 3 sessions" in " ".join(flat.recipe.notes)
        assert flat.rows.clients == (rows >= 3).sum()
        assert flat.rows.used + left_out(flat) == clinic.counts()["sessions"]

    def test_a_rise_that_both_scores_share_is_no_effect(self):
        """Each client's two scores rise at a pace of the client's own and swing apart from one
        another; about the mean they go together, about the line they don't."""
        rng = np.random.default_rng(5)
        lines = ["client session srs ors"]
        for client in range(40):
            pace = rng.normal(0, 0.6)
            for session in range(1, 11):
                srs = 20 + pace * session + rng.normal(0, 1)
                ors = 20 + pace * session + rng.normal(0, 1)
                lines.append(f"{client} {session} {np.clip(srs, 0, 40):.3f} {ors:.3f}")
        s = records("\n".join(lines), known={"ors": "before"})
        about_mean = _without_slopes(s, "srs_lag1_within")
        flat = alliance_and_next_outcome(s, trend="removed").term(LINED)
        assert about_mean > 0.5
        assert flat["low"] < 0 < flat["high"]

    def test_with_the_previous_outcome_held_it_is_refused(self, clinic):
        with pytest.raises(Refused, match="previous outcome held and the trend removed"):
            alliance_and_next_outcome(clinic, given="previous outcome", trend="removed")

    def test_words_that_are_none_are_refused_together(self, clinic):
        with pytest.raises(InvalidInput, match=r"trend = 'gone'(.|\n)*slopes = 'all'"):
            alliance_and_next_outcome(clinic, trend="gone", slopes="all")


def _without_slopes(s, term):
    """The estimate with clients who differ in level only."""
    s = sw.within_between(sw.lagged(s, "srs"), ["srs_lag1"], complete=["ors"])
    rows = s.frame[s.frame[term].notna()]
    fit = sw.mixed(f"ors ~ session + {term} + srs_lag1_between + (1 | client)", rows)
    return fit.term(term)["estimate"]


@pytest.fixture(scope="module")
def apart(clinic):
    """Each client's effect is moved by a draw with standard deviation 0.6."""
    s = sw.within_between(sw.lagged(clinic, "srs"), ["srs_lag1"], complete=["ors"])
    frame = s.frame
    clients = frame["client"].unique()
    drawn = dict(zip(clients, np.random.default_rng(3).normal(0, 0.6, len(clients))))
    moved = frame["client"].map(drawn) * frame[SWING].fillna(0)
    return again(clinic, ors=np.clip(frame["ors"] + moved, 0, 40))


class TestEffectsThatDifferBetweenClients:
    def test_the_spread_that_was_put_in_comes_back(self, apart):
        """120 clients with ten sessions: its standard error is near .07."""
        fit = alliance_and_next_outcome(apart, slopes=DIFFER)
        found = fit.variances.set_index("term1").loc[SWING, "sd"]
        assert found == pytest.approx(0.6, abs=0.2)
        bare = alliance_and_next_outcome(apart)
        assert fit.test(DIFFERING).p < 0.001
        assert fit.term(SWING)["std_error"] > 1.2 * bare.term(SWING)["std_error"]

    def test_the_formula_and_what_is_said_of_it(self, apart):
        fit = alliance_and_next_outcome(apart, slopes=DIFFER)
        assert f"(1 + session + {SWING} || client)" in fit.recipe.formula
        assert any("Clients differ in what the alliance precedes" in n for n in fit.recipe.notes)
        assert "random_slopes" in fit.recipe.sources

    def test_where_all_clients_have_the_same_it_is_refitted_without(self, clinic, alike):
        """Each client's own least-squares slope is moved onto the average one."""
        s = sw.within_between(sw.lagged(clinic, "srs"), ["srs_lag1"], complete=["ors"])
        frame = s.frame
        slope = alike.term(SWING)["estimate"]
        ors = frame["ors"].astype(float).copy()
        for _, own in frame[frame[SWING].notna()].groupby("client"):
            time = own["session"].to_numpy(float)
            columns = np.column_stack([np.ones(len(own)), time, own[SWING].to_numpy(float)])
            if len(own) < 4 or np.linalg.matrix_rank(columns) < 3:
                continue
            found = np.linalg.lstsq(columns, own["ors"].to_numpy(float), rcond=None)[0][2]
            ors.loc[own.index] += (slope - found) * own[SWING]
        fit = alliance_and_next_outcome(again(clinic, ors=np.clip(ors, 0, 40)), slopes=DIFFER)
        assert any(SWING in gone for gone in fit.health.dropped)
        assert SWING not in fit.variances["term1"].tolist()
        assert fit.health.sound


class TestAgainstNone:
    def test_the_sentence_has_p_and_limits_of_the_fit_itself(self, apart):
        fit = alliance_and_next_outcome(apart, slopes=DIFFER)
        limits = fit.intervals().set_index("term").loc[f"sd({SWING} | client)"]
        said = str(sw.show.clients_apart(fit))
        assert f"(95 % CI {limits['low']:.2f} to {limits['high']:.2f}; likelihood ratio" in said
        assert limits["low"] < fit.variances.set_index("term1").loc[SWING, "sd"] < limits["high"]

    def test_half_of_the_time_nothing_looks_like_more(self, clinic, alike):
        fit = alliance_and_next_outcome(clinic, slopes=DIFFER)
        twice = 2 * (fit.loglik - alike.loglik)
        p = 1 - NormalDist().cdf(np.sqrt(twice))
        assert fit.test(DIFFERING).p == pytest.approx(p, rel=1e-6)
        assert fit.test(alike).p == pytest.approx(p, rel=1e-6)
