"""Every sentence in each of its forms; the numbers are those of the values in show_values."""

import re

import pytest
from show_values import (
    HAZARD,
    curve,
    endings_curve,
    fit,
    growth_fit,
    hybrid,
    leaving_fit,
    trial_fit,
)
from tables import records

from sessionwise.errors import InvalidInput
from sessionwise.models.fit import Health, Recipe, Rows, Unanswered
from sessionwise.show.display import Nothing
from sessionwise.show.sentences.endings import incidence, leaving, loss, still_in_therapy
from sessionwise.show.sentences.methods_paragraph import methods
from sessionwise.show.sentences.outcomes import difference, growth, next_outcome
from sessionwise.show.sentences.people import came
from sessionwise.show.sources import SOURCES, references

DROPPED = Health(True, dropped=("(1 | first_therapist): its variance was estimated as zero",))


def test_a_better_alliance_preceded_a_better_outcome():
    assert str(next_outcome(hybrid())) == (
        "A session rated one point higher in alliance than the client's own average preceded an "
        "outcome 0.29 points higher (better) at the next session (95 % CI 0.25 to 0.34; 402 "
        "clients, 2,981 sessions). Per within-client standard deviation of alliance (2.9 points) "
        "that is 0.84 points, 0.21 of the within-client standard deviation of outcome. Between "
        "clients, an average alliance one point higher went with an outcome 0.40 points higher "
        "(better) (95 % CI 0.25 to 0.55). Per between-client standard deviation of alliance (3.0 "
        "points) that is 1.20 points, 0.24 of the between-client standard deviation of outcome."
    )


def test_a_negative_estimate_is_lower_and_worse_or_better_as_the_instrument_says():
    down = hybrid(within=(-0.29, -0.34, -0.25))
    assert "an ORS 0.29 points lower (worse) at the next" in str(next_outcome(down, outcome="ORS"))
    said = str(next_outcome(down.replace(better="lower"), outcome="PHQ-9"))
    assert "a PHQ-9 0.29 points lower (better) at the next session (95 % CI −0.34 to −0.25" in said
    no_instrument = str(next_outcome(down.replace(better="")))
    assert "an outcome 0.29 points lower at the next session (95 % CI" in no_instrument


def test_scores_are_called_by_their_labels_unless_a_name_is_given():
    labelled = hybrid(labels={"srs": "SRS", "ors": "ORS"})
    said = str(next_outcome(labelled))
    assert said.startswith(
        "A session rated one point higher in alliance (SRS) than the client's own average preceded "
        "an outcome (ORS) 0.29 points higher (better)"
    )
    assert "an average alliance (SRS) one point higher" in said
    assert "preceded a CORE-10 0.29" in str(next_outcome(labelled, outcome="CORE-10"))
    assert "higher in bond than" in str(next_outcome(labelled, alliance="bond"))
    assert str(leaving(leaving_fit(labels={"srs": "SRS"}))).startswith(
        "An average alliance (SRS) to date one between-client standard deviation"
    )
    grown = growth_fit("session", (0.5, 0.4, 0.6), labels={"ors": "ORS"})
    assert str(growth(grown)).startswith("Outcome (ORS) rose by 0.50 points per session")
    arms = trial_fit((-4.1, -7.0, -1.2), labels={"ors": "BDI-II"})
    assert str(difference(arms, "arm")).startswith("Outcome (BDI-II) was 4.10 points lower")


def test_a_headline_is_the_finding_without_its_scales():
    headline = next_outcome(hybrid()).headline
    assert headline == (
        "A session rated one point higher in alliance than the client's own average preceded an "
        "outcome 0.29 points higher (better) at the next session (95 % CI 0.25 to 0.34; 402 "
        "clients, 2,981 sessions). Between clients, an average alliance one point higher went with "
        "an outcome 0.40 points higher (better) (95 % CI 0.25 to 0.55)."
    )
    left = leaving(leaving_fit())
    assert "those before it" in left.text and "those before it" not in left.headline
    assert left.headline.endswith("with CR2 standard errors clustered by therapist.")


def test_an_interval_with_nought_in_it_is_no_clear_difference():
    said = str(next_outcome(hybrid(within=(0.02, -0.03, 0.07), between=(-0.1, -0.3, 0.1))))
    assert "preceded no clear difference in outcome at the next session: 0.02 points" in said
    assert "went with no clear difference in outcome: −0.10 points (95 % CI −0.30 to 0.10)" in said
    assert "better" not in said and "worse" not in said


def test_a_term_left_out_is_told():
    said = str(next_outcome(hybrid(health=DROPPED)))
    assert said.endswith(
        "These data show no difference between therapists, and the model was refitted without it."
    )
    slope = Health(True, dropped=("(0 + session | client): its variance was estimated as zero",))
    assert "refitted without a term these data cannot carry: (0 + session | client)" in str(
        next_outcome(hybrid(health=slope))
    )


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (Health(False), "the model did not converge"),
        (Health(True, singular=("client",)), "the model is singular in client"),
    ],
)
def test_an_unsound_fit_is_never_a_finding(state, why):
    said = [
        next_outcome(hybrid(health=state)),
        leaving(leaving_fit(health=state)),
        growth(growth_fit("time", (1.0, 0.5, 1.5), health=state)),
        difference(trial_fit((1.0, 0.5, 1.5), health=state), "arm"),
    ]
    for sentence in said:
        assert sentence.text.startswith("No finding on ") and sentence.text.endswith(f": {why}.")
        assert not re.search(r"\d", sentence.text + sentence.headline)


def test_without_standard_deviations_the_sentence_speaks_of_points_only():
    assert "standard deviation" not in str(next_outcome(hybrid(scales={})))
    said = str(leaving(leaving_fit(scales={})))
    assert said.startswith(
        "An average alliance to date one point higher preceded a lower hazard of an unplanned "
        "ending (hazard ratio 0.90, 95 % CI 0.86 to 0.95)."
    )


def test_a_fit_without_a_split_score_is_refused_with_what_it_has():
    with pytest.raises(InvalidInput, match="terms Intercept, time"):
        next_outcome(fit({"Intercept": (1, 0, 2), "time": (1, 0, 2)}))
    with pytest.raises(InvalidInput, match="no term X_to_date or X_change"):
        leaving(fit({"time": (1, 0, 2)}, recipe=HAZARD))


def test_leaving_is_told_in_hazard_ratios_per_deviation_and_per_point():
    # exp(-.10 × 3.0) = .7408, exp(-.15 × 3.0) = .6376, exp(-.05 × 3.0) = .8607;
    # exp(-.02 × 2.9) = .9437, exp(-.06 × 2.9) = .8403, exp(.02 × 2.9) = 1.0597.
    assert str(leaving(leaving_fit(), "SRS")) == (
        "An average SRS to date one between-client standard deviation (3.0 points) higher preceded "
        "a lower hazard of an unplanned ending (hazard ratio 0.74, 95 % CI 0.64 to 0.86; per point "
        "0.90, 0.86 to 0.95). A session one standard deviation (2.9 points) higher in SRS than "
        "those before it preceded no clear difference in the hazard of an unplanned ending (hazard "
        "ratio 0.94, 95 % CI 0.84 to 1.06; per point 0.98, 0.94 to 1.02). These rest on 402 "
        "clients, 2,981 sessions, 120 unplanned endings, 30 therapists, with CR2 standard errors "
        "clustered by therapist."
    )


def test_under_the_logit_leaving_is_told_in_odds():
    odds = Recipe("discrete-time hazard", "", link="logit")
    said = str(leaving(leaving_fit(to_date=(0.10, 0.05, 0.15), recipe=odds)))
    assert "preceded higher odds of an unplanned ending (odds ratio 1.35" in said
    assert "model-based standard errors" in said


def test_growth_falls_rises_or_shows_no_clear_change():
    rows = Rows(280, clients=97, unit="assessments")
    fell = growth_fit("time", (-0.7048, -0.9917, -0.4178), step="month", rows=rows)
    assert str(growth(fell, "BDI-II")) == (
        "BDI-II fell by 0.70 points per month (95 % CI −0.99 to −0.42; 97 clients, "
        "280 assessments)."
    )
    assert "ORS rose by 0.50 points per session" in str(
        growth(growth_fit("session", (0.5, 0.4, 0.6)), outcome="ORS")
    )
    flat = str(growth(growth_fit("session", (-0.05, -0.2, 0.1))))
    assert flat.startswith(
        "Outcome showed no clear change: −0.05 points per session (95 % CI −0.20"
    )


def test_the_clock_is_found_among_the_other_terms_and_its_absence_is_said():
    terms = {"Intercept": (20, 19, 21), "severity": (9, 8, 10), "session": (0.5, 0.4, 0.6)}
    assert "rose by 0.50 points per session" in str(growth(fit(terms)))
    with pytest.raises(InvalidInput, match="no term of a clock.*terms Intercept, severity"):
        growth(fit({"Intercept": (20, 19, 21), "severity": (9, 8, 10)}))


def test_groups_differ_or_show_no_clear_difference():
    named = {"level": "Beat the Blues", "other": "treatment as usual"}
    clear = trial_fit((-4.1, -7.0, -1.2), **named)
    assert str(difference(clear, "arm")).startswith(
        "Outcome was 4.10 points lower in Beat the Blues than in treatment as usual (95 % CI −7.00"
    )
    unclear = trial_fit((-2.33, -5.6, 0.95), **named)
    assert str(difference(unclear, "arm")).startswith(
        "Outcome showed no clear difference between Beat the Blues and treatment as usual: −2.33"
    )


def test_each_level_is_compared_with_the_reference():
    recipe = Recipe("linear mixed model", "", references=(("sex", "f"), ("arm", "TAU")))
    terms = {"sex[m]": (9, 8, 10), "arm[CBT]": (-3, -5, -1), "arm[IPT]": (1, -1, 3)}
    said = str(difference(fit(terms, recipe=recipe), "arm"))
    assert "3.00 points lower in CBT than in TAU" in said
    assert "no clear difference between IPT and TAU: 1.00 points" in said
    assert "9.00" not in said


def test_without_groups_there_is_no_sentence_on_a_difference():
    assert isinstance(difference(trial_fit((-4.1, -7.0, -1.2)), ""), Nothing)
    assert isinstance(difference(trial_fit((-4.1, -7.0, -1.2)), "sex"), Nothing)


def test_endings_by_session_ten_planned_beside_unplanned():
    # unplanned .02 × 10, planned .01 × 10; limits five points aside
    assert str(incidence(endings_curve())) == (
        "By session 10, 20 % (95 % CI 15 to 25) had ended unplanned and 10 % (5 to 15) as planned "
        "(402 clients)."
    )


def test_groups_are_named_and_another_session_may_be_asked_for():
    assert str(incidence(endings_curve(("low", "high")), by=5)) == (
        "By session 5 (402 clients): low, 10 % (95 % CI 5 to 15) had ended unplanned and 5 % (0 to "
        "10) as planned; high, 20 % (15 to 25) had ended unplanned and 10 % (5 to 15) as planned."
    )


def test_no_sentence_speaks_of_a_time_where_fewer_than_five_are_at_risk():
    short = curve([("all", "still in therapy", time, 9 - time, 0.5) for time in range(1, 8)])
    assert str(still_in_therapy(short, by=7)).startswith("After session 4, 50 %")
    nobody = curve([("all", "still in therapy", 1, 4, 0.5)])
    assert str(still_in_therapy(nobody)) == (
        "Fewer than 5 were at risk at any time, and no proportion is reported."
    )
    assert "follow-up" not in str(loss(nobody))


def test_loss_to_follow_up_is_not_called_leaving():
    asked = curve(
        [
            (arm, "gave the questionnaire", month, 50, share)
            for arm, shares in (("TAU", (0.9, 0.5)), ("BtheB", (0.95, 0.55)))
            for month, share in zip((2, 8), shares)
        ],
        unit="months",
        estimation="",
        clients=100,
    )
    assert str(loss(asked)) == (
        "At 8 months (due from 100): TAU, 50 % (95 % CI 45 to 55) gave the questionnaire; BtheB, "
        "55 % (50 to 60) gave the questionnaire. This is loss to follow-up, not leaving therapy."
    )


def six_courses(ending="unplanned", last="unplanned"):
    """Six clients of two therapists; the n-th came to n sessions."""
    lines = [
        f"{client} t{client % 2} {session} {last if client == 6 else ending}"
        for client in range(1, 7)
        for session in range(1, client + 1)
    ]
    return records("\n".join(["client therapist session ending", *lines]))


def test_who_came_is_told_with_sessions_and_endings():
    # 1 + 2 + … + 6 = 21 sessions, in the middle of them 3 and 4
    assert str(came(six_courses())) == (
        "The records hold 6 clients of 2 therapists, 6 courses of therapy and 21 attended sessions "
        "(median 3.5 a course). When they were taken, 100 % ended unplanned, 0 % as planned, 0 % "
        "were still open."
    )


def test_endings_of_fewer_than_five_courses_are_not_told():
    assert str(came(six_courses(last="planned"))).endswith("(median 3.5 a course).")
    assert str(came(six_courses(last="transferred"))).endswith("(median 3.5 a course).")
    assert str(came(six_courses(ending=".", last="."))).endswith("(median 3.5 a course).")


def test_fewer_than_five_who_came_are_not_counted_in_any_way():
    said = str(came(records("client session srs\na 1 30\na 2 31\nb 1 29")))
    assert said == (
        "The records hold fewer than 5 clients, fewer than 5 courses of therapy and fewer than 5 "
        "attended sessions (median 1.5 a course)."
    )


def test_assessments_at_fixed_times_are_no_sessions():
    page = "client time bdi\n" + "\n".join(f"{c} {t} 20" for c in range(5) for t in (0, 2, 8))
    assert str(came(records(page, clock="time"))) == (
        "The records hold 5 clients, each due to be assessed at 3 times."
    )


def test_no_sentence_claims_a_cause():
    said = " ".join(
        map(str, [next_outcome(hybrid()), leaving(leaving_fit()), incidence(endings_curve())])
    )
    assert not re.search(r"lead|led to|cause|effect|improves|reduces|predict", said)


def test_a_question_without_an_answer_has_no_sentence():
    missing = Unanswered("Q?", "No column.")
    for function in (next_outcome, growth, difference, leaving, incidence, still_in_therapy, loss):
        assert isinstance(function(missing), Nothing)
    assert isinstance(methods([missing]), Nothing)


def test_the_methods_paragraph_tells_how_each_fit_was_made():
    said = str(methods([hybrid(), Unanswered("Q?", "No."), leaving_fit()]))
    for part in (
        "Linear mixed model (ors ~ session",
        "estimated by REML; model-based standard errors, t with containment df; clock: session.",
        "with a cloglog link; CR2 standard errors clustered by therapist, t with G−1 = 29 df",
        "402 clients, 2,981 sessions, 120 events, 30 therapists; left out: 31 (srs missing) and 44 "
        "(no decision), among them fewer than 5 with an event.",
        "It converged (lbfgs).",
        "Computed with sessionwise ",
        " and statsmodels ",
        "Bell, R. M., & McCaffrey, D. F. (2002).",
        "Neuhaus, J. M., & Kalbfleisch, J. D. (1998).",
    ):
        assert part in said


def test_statsmodels_is_named_only_where_it_computed_something():
    assert "statsmodels" not in str(methods([endings_curve(), hybrid()]))
    assert "statsmodels" in str(methods([endings_curve(), leaving_fit()]))


def test_references_are_whole_sorted_and_known():
    assert references(["wilson", "kaplan_meier", "wilson"]) == [
        *SOURCES["kaplan_meier"],
        *SOURCES["wilson"],
    ]
    with pytest.raises(InvalidInput, match="Did you mean 'wilson'"):
        references(["wilsen"])
    assert all(
        re.search(r"\(((19|20)\d\d|n\.d\.)\)", one) for group in SOURCES.values() for one in group
    )
