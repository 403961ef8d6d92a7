"""Three levels, effects that differ and trends removed, as a reader sees them."""

from dataclasses import dataclass, fields

import pandas as pd
import pytest
from show_values import SCALES, SESSIONS, fit, hybrid

from sessionwise.errors import InvalidInput
from sessionwise.models.fit import Fit, Health, Unanswered
from sessionwise.models.hypothesis import Test
from sessionwise.show.display import Nothing
from sessionwise.show.figures.intervals import effects
from sessionwise.show.figures.variants import side_by_side
from sessionwise.show.sentences.level_effects import clients_apart, three_levels
from sessionwise.show.sentences.outcomes import next_outcome
from sessionwise.show.variant_tables import level_variants

LABELS = {"srs": "SRS", "ors": "ORS"}
ZERO = ("(0 + srs_lag1_within | client): its variance was estimated as zero",)


def three(within=(0.5, 0.4, 0.6), clients=(1.2, 0.9, 1.5), therapists=(2.0, -0.1, 4.1), **more):
    terms = {
        "Intercept": (20.0, 19.0, 21.0),
        "srs_lag1_within": within,
        "srs_lag1_between_clients": clients,
        "srs_lag1_between_therapists": therapists,
    }
    return fit(terms, **{"better": "higher", "labels": LABELS, **more})


def test_the_sentence_gives_all_three_with_errors_and_the_therapists():
    assert str(three_levels(three())) == (
        "Within clients, a session rated one point higher in alliance (SRS) than the client's "
        "average with that therapist preceded an outcome (ORS) 0.50 points higher (better) at the "
        "next session (95 % CI 0.40 to 0.60; 402 clients, 2,981 sessions). Between clients of one "
        "therapist, an average alliance (SRS) one point higher went with an outcome (ORS) 1.20 "
        "points higher (better) (95 % CI 0.90 to 1.50). Between therapists, clients' "
        "averages one point higher went with no clear difference in outcome (ORS): 2.00 "
        "points (95 % CI −0.10 to 4.10; 30 therapists)."
    )


def test_the_first_page_gets_what_the_other_model_does_not_say():
    headline = three_levels(three()).headline
    assert headline.startswith("Between clients of one therapist")
    assert headline.endswith("30 therapists).") and "Within clients" not in headline


def test_an_unsound_fit_is_no_finding_and_another_fit_no_three_levels():
    unsound = three(health=Health(converged=False))
    assert "No finding on outcome (ORS) at three levels" in str(three_levels(unsound))
    with pytest.raises(InvalidInput, match="no part between therapists"):
        three_levels(hybrid())
    assert str(three_levels(Unanswered("Asked?", "There are no sessions."))) == str(Nothing())


def test_the_figure_states_all_three_and_counts_the_therapists():
    drawn = effects(three())
    assert drawn.title == (
        "One SRS point more preceded 0.50 ORS points within clients, and went with 1.20 between "
        "clients of a therapist and with no clear difference (2.00) between therapists"
    )
    assert "402 clients, 2,981 sessions, 30 therapists" in drawn.caption
    assert drawn.alt.count("95 % CI") == 3
    assert "therapists" not in effects(hybrid()).caption


def compared(**verdicts):
    """A table of comparisons; each way of counting with its limits between therapists."""
    rows = []
    for level in ("within clients", "between clients of a therapist", "between therapists"):
        for counted, (low, high) in verdicts.items():
            limits = (low, high) if level == "between therapists" else (0.2, 0.4)
            rows.append((level, counted, sum(limits) / 2, 0.1, 27.9, *limits, 30.0, ""))
    names = ["level", "counted", "estimate", "std_error", "df", "low", "high", "therapists",
             "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


class TestTheTableOfWaysOfCounting:
    def test_the_title_says_whether_they_agree(self):
        agreed = level_variants(compared(all=(0.1, 3.0), others=(0.2, 2.0)))
        assert agreed.title == "Each level has the same verdict in all 2 ways of counting"
        moved = level_variants(compared(all=(0.1, 3.0), others=(-0.2, 2.0)))
        assert moved.title == "The verdict between therapists depends on the way of counting"
        turned = level_variants(compared(all=(0.1, 3.0), others=(-3.0, -0.1)))
        assert turned.title == moved.title

    def test_numbers_are_numbers_and_printed_as_such(self):
        shown = level_variants(compared(all=(0.1, 3.0)))
        assert shown.frame.iloc[-1].tolist() == [
            *("Between therapists", "all", 1.55, 0.1, 0.1, 3.0, 27.9, 30)
        ]
        assert "0.10 to 3.00" in shown.html and "27.9" in shown.html
        assert shown.title.endswith("counted in the one way there is")

    def test_a_way_without_an_answer_says_why_and_has_no_numbers(self):
        found = compared(all=(0.1, 3.0), stayed=(0.1, 3.0))
        gone = found["counted"] == "stayed"
        numbers = ["estimate", "std_error", "df", "low", "high", "therapists"]
        found.loc[gone, numbers] = float("nan")
        found.loc[gone, "reason"] = "All clients changed."
        shown = level_variants(found)
        assert "Stayed: All clients changed." in shown.note
        assert "nan" not in shown.html.lower()
        assert shown.frame.loc[shown.frame["counted"] == "stayed", "low"].isna().all()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Judged(Fit):
    """A fit that has its rows behind it: what it answers when asked is given here."""

    p: float
    limits: tuple[float, float]

    def test(self, what: str) -> Test:
        assert what == "(0 + srs_lag1_within | client)"
        return Test("likelihood ratio (REML)", 9.0, 1, None, self.p, "none")

    def intervals(self) -> pd.DataFrame:
        low, high = self.limits
        named = {"term": ["sd(srs_lag1_within | client)"], "low": [low], "high": [high]}
        return pd.DataFrame(named)


def differing(sd=0.2, p=0.00135, limits=(0.08, 0.31), mean=(0.2, 0.1, 0.3), **more):
    variances = [
        ("client", "srs_lag1_within", "", sd**2, sd, float("nan")),
        ("Residual", "", "", 1.0, 1.0, float("nan")),
    ]
    made = hybrid(within=mean, variances=variances, labels=LABELS, **more)
    given = {one.name: getattr(made, one.name) for one in fields(made)}
    return Judged(**given, p=p, limits=limits)


class TestHowFarClientsDiffer:
    def test_average_spread_and_the_share_below_zero(self):
        """0.2 is one standard deviation above 0: 15.9 % of a normal distribution lie below."""
        assert str(clients_apart(differing())) == (
            "On average over clients, a session rated one point higher in alliance (SRS) than the "
            "client's own average preceded an outcome (ORS) 0.20 points higher (better) (95 % CI "
            "0.10 to 0.30; 402 clients, 2,981 sessions). Between clients this effect has a "
            "standard deviation of 0.20 points (95 % CI 0.08 to 0.31; likelihood ratio, p = .001). "
            "If it differs normally, it is between −0.19 and 0.59 in 95 % of clients and below "
            "zero in 16 %."
        )

    def test_a_spread_that_may_be_none_is_said_to_be_that(self):
        said = str(clients_apart(differing(p=0.16, limits=(0.0, 0.31))))
        assert (
            "0.20 points, which these data cannot tell from none (95 % CI 0.00 to 0.31; "
            "likelihood ratio, p = .160)" in said
        )
        assert "If it differs by that, and normally, it is between" in said

    def test_a_variance_of_zero_shows_no_difference(self):
        gone = hybrid(labels=LABELS, health=Health(True, dropped=ZERO))
        said = str(clients_apart(gone))
        assert said.endswith(
            "These data show no difference between clients in what their own swings preceded, and "
            "the model was refitted without it."
        )
        assert "standard deviation" not in said

    def test_without_an_answer_nothing_is_said(self):
        unanswered = Unanswered("Asked?", "There are no sessions.")
        assert isinstance(clients_apart(unanswered), Nothing)

    def test_a_fit_in_which_none_could_differ_is_refused(self):
        with pytest.raises(InvalidInput, match="holds `srs_lag1_within` to be the same"):
            clients_apart(hybrid())


class TestWithTheTrendRemoved:
    lined = fit(
        {
            "Intercept": (20.0, 19.0, 21.0),
            "srs_lag1_detrended": (0.20, 0.10, 0.30),
            "srs_lag1_between": (0.4, 0.25, 0.55),
        },
        labels=LABELS,
        better="higher",
        scales=SCALES,
        rows=SESSIONS,
    )

    def test_the_sentence_names_the_line_and_leaves_clients_to_the_other_model(self):
        said = next_outcome(self.lined)
        assert str(said).startswith(
            "A session rated one point higher in alliance (SRS) than the client's own straight "
            "line preceded an outcome (ORS) 0.20 points higher (better) at the next session"
        )
        assert "Between clients" not in str(said) and "Between clients" not in said.headline

    def test_it_stands_beside_the_swings_about_the_mean_in_one_unit(self):
        """0.29 and 0.20 points a point, 2.9 points a deviation, 4 points of outcome."""
        drawn = side_by_side(hybrid(labels=LABELS), self.lined)
        assert drawn.title == (
            "Within clients, one SD more SRS preceded 0.21 SD of ORS, 0.14 SD with the trend of "
            "SRS removed"
        )
        assert "deviations from the client's own line" in drawn.caption
        assert "own line" not in side_by_side(hybrid(labels=LABELS)).caption
