"""Where scores differ, and how many make a mean dependable."""

import numpy as np
import pandas as pd
import pytest
from moving_records import moving
from tables import records

import sessionwise as sw
from sessionwise.engine.variance_shares import share_limits, shares_of
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.variance_levels import (
    CLIENTS,
    SESSIONS,
    THERAPISTS,
    alliance_levels,
    dependability,
    variance_shares,
)

TABLE = pd.DataFrame(
    {
        "level": [THERAPISTS, CLIENTS, SESSIONS],
        "variance": [1.0, 4.0, 5.0],
        "share": [0.1, 0.4, 0.5],
        "low": [0.0, 0.3, 0.4],
        "high": [0.3, 0.5, 0.6],
    }
)


class Used:
    """A fit of 100 clients with eight sessions each, as far as dependability asks."""

    class rows:  # noqa: N801
        used, clients = 800, 100


def of(mean_of, number, table=TABLE):
    found = dependability(table, Used)
    one = found[(found["mean_of"] == mean_of) & (found["number"] == number)].iloc[0]
    return one[["dependability", "low", "high"]].to_numpy(float)


class TestShares:
    def test_they_add_up_and_lie_within_their_limits(self):
        s = moving()
        found = variance_shares(alliance_levels(s, "srs"), s)
        assert found["share"].sum() == pytest.approx(1)
        assert found["level"].tolist() == [THERAPISTS, CLIENTS, SESSIONS]
        assert ((found["low"] <= found["share"]) & (found["share"] <= found["high"])).all()

    def test_a_variance_of_zero_has_a_share_of_zero_and_an_upper_limit(self):
        s = moving()
        fit = alliance_levels(s, "wai")
        assert any("first_therapist" in term for term in fit.health.dropped)
        row = variance_shares(fit, s).set_index("level").loc[THERAPISTS]
        assert (row["share"], row["low"]) == (0, 0)
        assert 0.01 < row["high"] < 0.2

    def test_no_unit_changes_a_share(self):
        s = sw.example()
        half = sw.Sessions.of(
            s.frame[["client", "therapist", "session"]].assign(score=s.frame["srs"] / 8 + 3)
        )
        one = variance_shares(alliance_levels(s), s)
        other = variance_shares(alliance_levels(half, "score"), half)
        np.testing.assert_allclose(
            one[["share", "low", "high"]], other[["share", "low", "high"]], atol=2e-6
        )  # roots to 1e-7, and two searches for the same maximum

    def test_without_therapists_there_are_two_levels(self):
        s = sw.Sessions.of(sw.example().frame[["client", "session", "srs"]])
        found = variance_shares(alliance_levels(s), s)
        assert found["level"].tolist() == [CLIENTS, SESSIONS]
        mirrored = 1 - found.loc[0, ["high", "low"]].to_numpy(float)
        np.testing.assert_allclose(
            found.loc[1, ["low", "high"]].to_numpy(float), mirrored, atol=1e-6
        )

    def test_the_fit_says_that_it_holds_no_trend_and_which_rows_it_left_out(self):
        s = moving()
        fit = alliance_levels(s, "srs")
        assert "no trend" in fit.recipe.notes[0]
        assert "11 changed later" in " ".join(fit.recipe.notes)
        assert fit.rows.used + sum(many for _, many in fit.rows.left_out) == s.attended.sum()

    def test_of_three_clients_nothing_is_told(self):
        s = records("client session srs\n" + "\n".join(f"{c} {t} {20 + c + t % 2}"
                    for c in range(3) for t in (1, 2, 3)))  # fmt: skip
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            alliance_levels(s)

    def test_without_a_score(self):
        with pytest.raises(Unanswerable, match="Where the alliance varies"):
            alliance_levels(sw.example(), "wai")

    def test_three_random_levels_are_not_profiled(self):
        with pytest.raises(ValueError, match="one or two"):
            share_limits(None, np.ones(3), 0)

    def test_shares_of_ratios(self):
        assert shares_of(np.array([3.0])).tolist() == [0.75, 0.25]


class TestDependability:
    """By hand: half of the variance lies between clients, a tenth between therapists."""

    def test_of_a_client(self):
        np.testing.assert_allclose(of("sessions of a client", 1), [0.5, 0.4, 0.6])
        # .5 / (.5 + .5/4) = .8; the limits .4 / (.4 + .6/4) and .6 / (.6 + .4/4)
        np.testing.assert_allclose(of("sessions of a client", 4), [0.8, 0.4 / 0.55, 0.6 / 0.7])

    def test_of_a_therapist(self):
        # .1 / (.1 + .4/10 + .5/80) = .1 / .14625
        np.testing.assert_allclose(of("clients of a therapist", 10)[0], 0.1 / 0.14625)
        assert of("clients of a therapist", 10)[1] == 0

    def test_the_fewest_that_reach_what_is_wanted_do_and_one_less_does_not(self):
        found = dependability(TABLE, Used)
        client = found[found["wanted"] == 0.9].iloc[0]
        assert client["number"] == 9 and client["dependability"] == pytest.approx(0.9)
        assert (client["number_low"], client["number_high"]) == (6, 14)  # 9·.4/.6, 9·.6/.4
        therapist = found[found["wanted"] == 0.8].iloc[0]
        assert therapist["dependability"] >= 0.8 and np.isinf(therapist["number_high"])
        fewer = 0.1 / (0.1 + (0.4 + 0.5 / 8) / (therapist["number"] - 1))
        assert fewer < 0.8

    def test_therapists_who_do_not_differ_are_not_asked(self):
        alike = TABLE.assign(share=[0.0, 0.5, 0.5])
        assert set(dependability(alike, Used)["mean_of"]) == {"sessions of a client"}
