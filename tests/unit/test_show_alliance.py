"""What is shown of how the alliance moves: every table, figure and sentence in its forms."""

import re

import numpy as np
import pandas as pd
import pytest
from moving_records import moving
from show_values import MIXED, SESSIONS, fit

import sessionwise as sw
from sessionwise.models.client_swings import FALLS, LARGE_FALLS, LASTING, SPREAD
from sessionwise.models.fit import Health, Unanswered
from sessionwise.models.rater_views import AGREEMENT, DIFFERENCE, STANDARDISED, TRACKED
from sessionwise.models.score_ceiling import ALWAYS, AT, NEAR
from sessionwise.show.display import Figure, Note, Nothing

NONE = Unanswered("How?", "No score.")
TWO_SLOPES = {
    "Intercept": (30.0, 29.0, 31.0),
    "steps_agreeing": (1.0, 0.8, 1.2),
    "steps_working": (0.01, -0.1, 0.12),
}
SLOPES = [
    ("client", "Intercept", "", 4.0, 2.0, np.nan),
    ("client", "steps_agreeing", "", 0.04, 0.2, np.nan),
]


def bent(terms=TWO_SLOPES, **more):
    return fit(terms, outcome="srs", variances=SLOPES, labels={"srs": "SRS"}, **more)


class TestShape:
    def test_each_phase_is_told_and_whether_the_line_bends(self):
        said = sw.show.shape(bent())
        assert said.headline == (
            "Over 2,981 sessions of 402 clients, alliance (SRS) rose by 1.00 points per session in "
            "the agreeing phase (95 % CI 0.80 to 1.20) and did not clearly move in the working "
            "phase (0.01 points per session, 95 % CI −0.10 to 0.12)."
        )
        # the covariance of show_values.fit is 1 for each term: −0.99 ± 2.05·√2
        assert (
            "The slope did not clearly change from the agreeing to the working phase" in said.text
        )
        assert (
            "Clients' own slopes differed by a standard deviation of 0.20 in the agreeing phase."
            in said.text
        )
        assert "No difference between clients' slopes was found in the working phase." in said.text

    def test_a_fall_is_a_fall_and_a_bend_a_bend(self):
        down = {**TWO_SLOPES, "steps_working": (-0.5, -0.6, -0.4)}
        said = sw.show.shape(bent(down).replace(covariance=np.eye(3) * 1e-4))
        assert "fell by 0.50 points per session in the working phase" in said.text
        assert "The slope fell by 1.50 points per session from the agreeing to the" in said.text

    def test_what_therapists_do_not_differ_in_is_said_in_words(self):
        gone = Health(True, dropped=("(1 | first_therapist): its variance was estimated as zero",))
        assert "No difference between therapists was found" in str(sw.show.shape(bent(health=gone)))

    def test_an_unsound_fit_is_no_finding_and_is_not_drawn(self):
        bad = bent(health=Health(False))
        assert "No finding on the shape" in str(sw.show.shape(bad))
        s = sw.example()
        means = sw.phase_means(sw.alliance_by_phase(s), s)
        assert isinstance(sw.show.phases(means, bad, s), Nothing)

    def test_the_figure_states_the_slopes_and_ends_where_fewer_than_five_are(self):
        s = moving()
        shape = sw.alliance_by_phase(s, "wai")
        means = sw.phase_means(shape, s)
        few = means.assign(n=np.where(means["time"] > 15, 4, means["n"]))
        figure = sw.show.phases(few, shape, s)
        assert figure.title.startswith("WAI-SR rose by 1.42 points a session in the agreeing phase")
        assert "at session 15" in figure.alt and "session 16" not in figure.alt
        assert "Phases as recorded" in figure.caption
        assert figure.png == sw.show.phases(few, shape, s).png
        assert isinstance(sw.show.phases(means.assign(n=4), shape, s), Nothing)

    def test_without_a_record_the_caption_says_what_the_phases_are(self):
        s = sw.example()
        shape = sw.alliance_by_phase(s)
        figure = sw.show.phases(sw.phase_means(shape, s), shape, s)
        assert "Sessions 1–3 are taken as agreeing" in figure.caption
        assert "mean of those who stay" in figure.caption


def swings(large=40, pairs=900, lasting=(0.3, 0.2, 0.4), line=(0.1, 0.0, 0.2)):
    rows = [
        (SPREAD, "left in", 1.5, 1.4, 1.6, np.nan, 1000, 100, pd.NA),
        (SPREAD, "taken out", 1.2, 1.1, 1.3, np.nan, 1000, 100, pd.NA),
        (LASTING, "left in", *lasting, -0.1, 900, 100, pd.NA),
        (LASTING, "taken out", *line, -0.2, 900, 100, pd.NA),
        (FALLS, "left in", 0.25, 0.2, 0.3, np.nan, pairs, 100, 225),
        (LARGE_FALLS, "left in", large / pairs, 0.03, 0.06, np.nan, pairs, 100, large),
    ]
    names = ["measure", "trend", "estimate", "low", "high", "expected", "n", "clients", "count"]
    return pd.DataFrame(rows, columns=names).astype({"count": "Int64"})


class TestSwings:
    S = sw.example()

    def test_the_sentence(self):
        said = sw.show.swinging(swings(), self.S, "srs")
        assert said.text == (
            "A client's SRS swung about the client's own mean by a standard deviation of 1.50 "
            "points (95 % CI 1.40 to 1.60), and about the client's own straight line by 1.20 (1.10 "
            "to 1.30; 100 clients). Swings lasted into the next session. The lag-1 autocorrelation "
            "was 0.30 (0.20 to 0.40) about the mean and 0.10 (0.00 to 0.20) about the line; in "
            "courses as long as these (10 scores on average) it would be −0.10 and −0.20 if "
            "nothing lasted. Of 900 steps from one session to the next, 25.0 % fell by a point or "
            "more and 4.4 % by two standard deviations (3.0 points) or more."
        )

    @pytest.mark.parametrize(
        ("lasting", "line", "verdict"),
        [
            ((0.3, 0.2, 0.4), (-0.2, -0.3, -0.1), "Swings about the mean lasted; those about the"),
            ((-0.1, -0.2, 0.0), (-0.2, -0.3, -0.1), "Swings did not clearly last"),
            ((-0.1, -0.2, 0.0), (0.1, 0.0, 0.2), "Swings about the line lasted"),
        ],
    )
    def test_whether_swings_last_is_judged_by_what_nothing_would_give(self, lasting, line, verdict):
        assert verdict in str(sw.show.swinging(swings(lasting=lasting, line=line), self.S, "srs"))

    def test_one_to_four_falls_are_not_told(self):
        few = swings(large=3)
        assert "fewer than 5 by two standard deviations" in str(
            sw.show.swinging(few, self.S, "srs")
        )
        shown = sw.show.swings(few)
        assert shown.frame.iloc[-1]["count"] == "< 5"
        assert shown.frame.iloc[-1][["estimate", "low", "high"]].tolist() == ["withheld"] * 3
        assert "0.3 %" not in shown.html

    def test_the_table_is_of_numbers_and_says_what_none_would_be(self):
        shown = sw.show.swings(swings())
        assert shown.title == "Swings of 1.5 points about the client's mean, 1.2 about the line"
        assert shown.frame["estimate"].tolist()[:2] == [1.5, 1.2]
        assert "−0.20" in shown.html and "Nickell 1981" in shown.note


def ceiling(top=120, near=300, always=9):
    rows = [(AT, top, 1000, top / 1000, 0.1, 0.14), (NEAR, near, 1000, near / 1000, 0.27, 0.33),
            (ALWAYS, always, 90, always / 90, 0.05, 0.18)]  # fmt: skip
    names = ["measure", "count", "n", "share", "low", "high"]
    return pd.DataFrame(rows, columns=names).assign(maximum=40.0)


class TestCeiling:
    S = sw.example()

    def test_many(self):
        said = sw.show.at_the_top(ceiling(), self.S, "srs")
        assert said.headline == (
            "12 % (95 % CI 10 to 14) of 1,000 SRS scores were at the maximum of 40, and 30 % (95 % "
            "CI 27 to 33) within one usual swing of it."
        )
        assert (
            "10 % (95 % CI 5 to 18) of 90 clients with two scores or more gave the max" in said.text
        )
        assert "means and straight lines are approximate" in said.text

    def test_none_within_reach(self):
        said = str(sw.show.at_the_top(ceiling(0, 0, 0), self.S, "srs"))
        assert said.startswith("None of 1,000 SRS scores is at the maximum of 40, and none within")

    def test_none_at_it_and_many_near(self):
        said = str(sw.show.at_the_top(ceiling(0, 50, 0), self.S, "srs"))
        assert said.startswith("None of 1,000 SRS scores were at the maximum of 40, and 5 %")

    def test_small_counts(self):
        said = str(sw.show.at_the_top(ceiling(3, 50, 2), self.S, "srs"))
        assert said.startswith("Fewer than 5 of 1,000 SRS scores were at the maximum")
        assert "Fewer than 5 of 90 clients" in said
        shown = sw.show.ceiling(ceiling(3, 50, 2))
        assert shown.title == "Fewer than 5 scores are at the maximum of 40"
        assert shown.frame["count"].tolist() == ["< 5", 50, "< 5"]
        assert not re.search(r"0\.3|2 %", shown.html.split("<tbody")[1].split("Scores within")[0])

    def test_the_curve_counts_scores_and_is_not_drawn_where_there_is_nothing(self):
        assert isinstance(sw.show.curves(sw.ceiling_by_session(self.S)), Nothing)
        figure = sw.show.curves(sw.ceiling_by_session(moving(), "srs"))
        assert re.search(r"At session 10, \d+ % of the scores were at the maximum", figure.title)
        assert "the number of scores" in figure.caption and "put together" in figure.caption


class TestLevels:
    S = sw.example()

    def of(self, s, alliance="srs"):
        levels = sw.alliance_levels(s, alliance)
        shares = sw.variance_shares(levels, s)
        return shares, sw.dependability(shares, levels), levels

    def test_shares_and_what_follows(self):
        shares, dependable, levels = self.of(moving())
        said = sw.show.levels(shares, dependable, levels)
        assert said.headline.startswith("Of the variance of single alliance (srs) scores 1 % (95 %")
        assert "A therapist's mean reaches 0.80 with" in said.text
        assert "by the limits of the share, and perhaps no number would do" in said.text
        assert "Crits-Christoph" in said.text

    def test_where_therapists_do_not_differ(self):
        said = str(sw.show.levels(*self.of(moving(), "wai")))
        assert "0 % (95 % CI 0 to 7) lay between therapists" in said
        assert "no difference between therapists, whose means tell nothing apart" in said

    def test_without_therapists(self):
        s = sw.Sessions.of(self.S.frame[["client", "session", "srs"]])
        said = str(sw.show.levels(*self.of(s)))
        assert "lay between clients and" in said and "therapist's mean" not in said

    def test_tables(self):
        shares, dependable, _ = self.of(self.S)
        shown = sw.show.shares(shares)
        assert shown.title.endswith("of the variance lies within clients")
        assert shown.frame["share"].sum() == pytest.approx(1, abs=0.002)
        rows = sw.show.dependability(dependable).frame
        of_client = rows[rows["mean_of"] == "sessions of a client"]["number"].tolist()
        assert of_client == sorted(of_client)


def views(bias=(-4.0, -5.0, -3.0), tracking=(0.4, 0.3, 0.5), **more):
    spread = [("dyad", "Intercept", "", 4.0, 2.0, np.nan),
              ("dyad", TRACKED, "", 0.01, 0.1, np.nan),
              ("therapist", "Intercept", "", 1.0, 1.0, np.nan),
              ("Residual", "", "", 9.0, 3.0, np.nan)]  # fmt: skip
    return fit({"Intercept": bias, TRACKED: tracking}, MIXED, SESSIONS, variances=spread, **more)


AGREED = pd.DataFrame(
    [(AGREEMENT, 0.5, 0.3, 0.7, 80, 12), (DIFFERENCE, -4.2, -5.0, -3.4, 80, 12),
     (STANDARDISED, -0.8, -1.0, -0.6, 80, 12)],
    columns=["measure", "estimate", "low", "high", "dyads", "groups"],
)  # fmt: skip


class TestViews:
    def test_the_sentence(self):
        said = str(sw.show.views(views(), AGREED))
        assert said.startswith(
            "At a session the client rated as usual, the therapist's score was 4.00 points lower "
            "than the client's (directional bias, 95 % CI −5.00 to −3.00; 402 clients, 2,981 "
            "sessions). Where the client's score was one point above the client's mean, the "
            "therapist's was 0.40 points higher (tracking, 95 % CI 0.30 to 0.50): it followed, by "
            "less than point for point. Standard deviations: 2.00 between dyads in bias, 0.10 "
            "between dyads in tracking and 1.00 between therapists in bias. Between 80 dyads, mean "
            "scores of clients and therapists correlated by 0.50 (95 % CI 0.30 to 0.70), and "
            "therapists' scores lay 0.80 standard deviations below clients' (d = −0.80, 95 % CI "
            "−1.00 to −0.60)."
        )
        assert "severe disorders" in said

    @pytest.mark.parametrize(
        ("bias", "tracking", "words"),
        [
            ((0.5, -1, 2), (0.1, -0.1, 0.3), "not clearly another (0.50 points)"),
            ((3.0, 2, 4), (0.1, -0.1, 0.3), "3.00 points higher than the client's"),
            ((3.0, 2, 4), (0.1, -0.1, 0.3), "was not clearly another: 0.10 points"),
            ((3.0, 2, 4), (-0.3, -0.5, -0.1), "was 0.30 points lower (tracking"),
            ((3.0, 2, 4), (0.9, 0.7, 1.1), "point for point cannot be ruled out"),
            ((3.0, 2, 4), (1.4, 1.2, 1.6), "by more than point for point"),
        ],
    )
    def test_its_other_forms(self, bias, tracking, words):
        assert words in str(sw.show.views(views(bias, tracking), AGREED))

    def test_agreement_that_was_refused_is_left_out(self):
        assert "dyads, mean scores" not in str(sw.show.views(views(), NONE))

    def test_an_unsound_fit(self):
        bad = views(health=Health(True, singular=("client",)))
        assert "No finding on the two views" in str(sw.show.views(bad, AGREED))

    def test_the_table_and_the_figure(self):
        assert sw.show.agreement(AGREED).title == (
            "On average therapists rate 4.2 points lower than their clients"
        )
        figure = sw.show.views_over_sessions(sw.mean_views(moving(), "wai"), moving())
        assert isinstance(figure, Figure)
        assert figure.title.startswith("Therapists' means lay below clients' at 20 of 20 sessions")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("swings", ()), ("ceiling", ()), ("phases", (NONE, sw.example())), ("shares", ()),
        ("dependability", ()), ("agreement", ()), ("views_over_sessions", (sw.example(),)),
    ],
)  # fmt: skip
def test_the_first_display_of_an_answer_says_why_there_is_none(name, more):
    assert isinstance(getattr(sw.show, name)(NONE, *more), Note)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("shape", ()), ("levels", (NONE, NONE)), ("swinging", (sw.example(), "srs")),
        ("views", (NONE,)), ("at_the_top", (sw.example(), "srs")),
    ],
)  # fmt: skip
def test_and_nothing_else_says_it_again(name, more):
    assert isinstance(getattr(sw.show, name)(NONE, *more), Nothing)
