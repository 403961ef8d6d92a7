"""The client's and the therapist's view: what is asked, of which sessions, on which scale."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from moving_records import moving, with_cards
from tables import records

import sessionwise as sw
from sessionwise.errors import Refused, Unanswerable
from sessionwise.models.rater_views import (
    AGREEMENT,
    DIFFERENCE,
    STANDARDISED,
    TRACKED,
    agreement,
    mean_views,
    two_views,
)

VIEWS = ("wai", "wai_therapist")


class TestWhatIsAsked:
    def test_by_default_the_therapists_score_has_the_alliances_name(self):
        one, other = two_views(moving(), "wai"), two_views(moving(), "srs", VIEWS)
        pd.testing.assert_frame_equal(one.estimates, other.estimates)
        assert one.estimates["term"].tolist() == ["Intercept", TRACKED]

    def test_bias_and_tracking_are_near_what_was_put_in(self):
        """Bias −4 on average over 12 therapists with SD 2, tracking 0.4 (moving_records.py)."""
        fit = two_views(moving(), "wai")
        assert fit.health.sound
        assert fit.term("Intercept")["low"] < -4 < fit.term("Intercept")["high"]
        assert fit.term(TRACKED)["low"] < 0.4 < fit.term(TRACKED)["high"]

    def test_the_bias_is_judged_by_therapists_and_tracking_by_dyads(self):
        s = moving()
        fit = two_views(s, "wai")
        both = s.table.dropna(subset=list(VIEWS))
        dyads = len(both[["client", "therapist"]].drop_duplicates())
        assert dyads > fit.rows.clients  # some change therapist
        bias, tracking = fit.estimates["df"]
        assert 5 < bias < 15 < tracking < 2 * dyads  # 12 therapists

    def test_only_sessions_both_rated_are_used_and_the_rest_is_counted(self):
        s = moving()
        fit = two_views(s, "wai")
        both = s.table[list(VIEWS)].notna().all(axis=1)
        assert fit.rows.used == both.sum()
        assert fit.rows.used + sum(many for _, many in fit.rows.left_out) == s.attended.sum()

    def test_a_client_who_changes_therapist_is_in_two_dyads(self):
        """Each therapist is compared with the client's mean at that therapist's own sessions."""
        s = moving()
        frame = s.frame[["client", "therapist", "session", *VIEWS]]
        frame = frame.assign(client=frame["client"] + "/" + frame["therapist"], session=None)
        frame["session"] = frame.groupby("client").cumcount() + 1
        parted = with_cards(sw.Sessions.of(frame), dict(zip(VIEWS, VIEWS)))
        pd.testing.assert_frame_equal(
            two_views(s, "wai").estimates, two_views(parted, "wai").estimates
        )
        assert "11 courses changed therapist" in " ".join(two_views(s, "wai").recipe.notes)

    def test_the_clients_mean_is_that_of_the_sessions_both_rated(self):
        """A client's score without the therapist's changes nothing."""
        s = moving()
        alone = s.table["wai_therapist"].isna()
        changed = s.table["wai"].mask(alone, 12.0)
        other = s.with_columns(pd.DataFrame({"wai": changed}), [s.columns["wai"]])
        pd.testing.assert_frame_equal(
            two_views(s, "wai").estimates, two_views(other, "wai").estimates
        )

    def test_a_shift_of_the_therapists_score_is_bias_alone(self):
        s = moving()
        other = s.with_columns(
            pd.DataFrame({"wai_therapist": s.table["wai_therapist"] + 2}),
            [s.columns["wai_therapist"]],
        )
        moved = (
            two_views(other, "wai").estimates["estimate"]
            - two_views(s, "wai").estimates["estimate"]
        )
        np.testing.assert_allclose(moved, [2, 0], atol=1e-6)


class TestWhatIsMissing:
    def test_a_study_without_alliance(self):
        with pytest.raises(Unanswerable, match="this study names no such score"):
            two_views(moving(), "")

    def test_a_second_rater(self):
        with pytest.raises(Unanswerable, match='views = \\["srs", "…"\\]'):
            two_views(moving(), "srs")

    def test_a_view_that_is_not_there(self):
        with pytest.raises(Unanswerable, match="needs `wai_t`"):
            two_views(moving(), "", ("wai", "wai_t"))

    def test_a_common_scale(self):
        with pytest.raises(Unanswerable, match="only on one scale: `srs` from 0 to 40 and `wai`"):
            two_views(moving(), "", ("srs", "wai"))

    def test_an_instrument(self):
        s = moving()
        bare = replace(
            s,
            instruments={"wai": s.instruments["wai"]},
            columns={
                **s.columns,
                "wai_therapist": replace(s.columns["wai_therapist"], instrument=""),
            },
        )
        with pytest.raises(Unanswerable, match="no instrument says what `wai_therapist` may be"):
            two_views(bare, "wai")


def dyads(client, therapist):
    """Dyads with one session each and these scores."""
    lines = [f"d{k} 1 {one} {other}" for k, (one, other) in enumerate(zip(client, therapist))]
    s = records("client session wai wai_therapist\n" + "\n".join(lines))
    return with_cards(s, {"wai": "WAI", "wai_therapist": "WAI, therapist"})


class TestAgreement:
    def test_by_hand(self):
        """30, 40, 50, 40, 40 and 28, 34, 46, 38, 34: deviations −10, 0, 10, 0, 0 of a mean of 40

        and −8, −2, 10, 2, −2 of 36: products 180, squares 200 and 176. They lie 4 points apart;
        variances 50 and 44, pooled 47.
        """
        found = agreement(dyads([30, 40, 50, 40, 40], [28, 34, 46, 38, 34]), "wai")
        found = found.set_index("measure")["estimate"]
        assert found[AGREEMENT] == pytest.approx(180 / np.sqrt(200 * 176))
        assert found[DIFFERENCE] == pytest.approx(-4)
        assert found[STANDARDISED] == pytest.approx(-4 / np.sqrt(47))

    def test_every_dyad_counts_once(self):
        s = moving()
        found = agreement(s, "wai").set_index("measure")
        both = s.table.dropna(subset=list(VIEWS))
        means = both.groupby(["client", "therapist"])[list(VIEWS)].mean()
        assert found.loc[AGREEMENT, "dyads"] == len(means)
        assert found.loc[AGREEMENT, "estimate"] == pytest.approx(means.corr().iloc[0, 1])
        assert found.loc[DIFFERENCE, "groups"] == 12

    def test_limits_of_a_correlation_stay_within_one(self):
        found = agreement(moving(), "wai").set_index("measure").loc[AGREEMENT]
        assert -1 < found["low"] < found["estimate"] < found["high"] < 1

    def test_dyads_that_are_all_alike_agree_in_nothing(self):
        with pytest.raises(Refused, match="same mean score"):
            agreement(dyads([40] * 6, [30, 31, 32, 33, 34, 35]), "wai")

    def test_fewer_than_five(self):
        with pytest.raises(Refused, match="Fewer than 5 clients"):
            agreement(dyads([30, 40, 50], [28, 34, 46]), "wai")


def test_the_two_means_are_of_the_same_sessions():
    found = mean_views(moving(), "wai")
    wide = found.pivot(index="time", columns="group", values="n")
    assert (wide["client's view"] == wide["therapist's view"]).all()
    assert set(found["score"]) == {"wai"}


def test_a_question_about_no_answer_has_the_same_reason():
    nothing = sw.answer(sw.alliance_levels, sw.example(), "wai")
    assert sw.answer(sw.variance_shares, nothing, sw.example()) is nothing
    assert sw.answer(sw.dependability, shares=nothing, fit=None) is nothing
