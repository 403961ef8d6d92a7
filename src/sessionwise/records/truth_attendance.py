"""How clients of a simulated clinic may come, change therapists and leave."""

from __future__ import annotations

from sessionwise.records.truth_features import Feature
from sessionwise.records.truth_sections import given


class Handovers(Feature):
    """Changes of therapist: administrative ones, and because the alliance failed."""

    equation = (
        "after session t: administrative with its probability; else, on the complementary log-log",
        "scale, failing + alliance·(srs_to_date_it − alliance.start). Another therapist of the",
        "team takes over with effects of their own, and d starts `cost` lower",
    )
    variable = "recorded srs"
    clock = "after session t → before session t+1"
    moves = ("within", "between")
    because = "some clients change therapist, and what the earlier one left behind is not modelled"

    administrative: float = given(0.008, "after each session", "probability", ge=0, lt=1)
    failing: float = given(-6.0, "at an average alliance", "log hazard")
    alliance: float = given(-0.35, "of the mean to date", "log hazard per SRS point")
    cost: float = given(1.5, "with somebody new", "SRS points")


class Attendance(Feature):
    """Waiting, never starting, appointments that were missed, and how leaving shows."""

    equation = (
        "logit P(an appointment for session t is missed) = missed + therapist_j + client_i",
        "  + motivation·motivation_i + alliance·(srs_i,t−1 − alliance.start); at most 3 in a row",
        "logit P(never started) = never + waiting·waiting_i",
        "who leaves is recorded as having left after `closed_after` days without a return",
    )
    variable = "recorded srs of the last session, 0 where it is missing"
    clock = "after session t−1 → the appointment for session t"

    missed: float = given(-2.0, "where all else is 0", "log odds",
                          "8.9 % not attended: Binnie & Boden 2016")  # fmt: skip
    no_show: float = given(0.6, "of missed appointments; the others were cancelled", "share")
    therapist_sd: float = given(0.3, "between therapists", "log odds, SD", ge=0)
    client_sd: float = given(0.6, "between clients", "log odds, SD", ge=0)
    motivation: float = given(-0.3, "of motivation", "log odds per SD")
    alliance: float = given(-0.06, "of the last alliance", "log odds per SRS point")
    waiting_weeks: float = given(5.0, "from referral to the first appointment", "weeks, mean")
    never: float = given(-3.6, "of never starting, without waiting", "log odds")
    waiting: float = given(0.10, "of waiting", "log odds per week")
    silent: float = given(0.7, "of those who leave miss one more appointment", "share")
    closed_after: int = given(28, "until who does not return has left", "days", ge=7)


class OtherEndings(Feature):
    """Endings that others decided."""

    equation = ("after each session, where the client neither left nor ended as planned",)
    clock = "after session t"

    transferred: float = given(0.004, "to another service", "probability", ge=0, lt=1)
    service_ended: float = given(0.003, "the service ended it", "probability", ge=0, lt=1)
    external: float = given(0.004, "moving away, illness", "probability", ge=0, lt=1)


class Frailty(Feature):
    """What makes therapists and clients differ in leaving beside what is recorded of them."""

    equation = ("log(−log(1 − h_it)) gains therapist_j + client_i",)
    variable = "latent"
    clock = "before therapy"
    moves = ("leaving",)
    because = "who is likely to leave for reasons nobody recorded leaves first"

    therapist_sd: float = given(0.49, "between therapists", "log hazard, SD",
                                "12.6 % of the variance: Saxon 2017", ge=0)  # fmt: skip
    client_sd: float = given(0.0, "between clients", "log hazard, SD", ge=0)


class InformativeLeaving(Feature):
    """Leaving that depends on how the client would have gone on."""

    equation = ("log(−log(1 − h_it)) gains slope·slope_i/outcome.slope_sd",)
    variable = "latent: the client's own slope of the outcome"
    clock = "before therapy"
    moves = ("session", "leaving")
    because = "those who would have improved less leave earlier"

    slope: float = given(-0.6, "of the client's slope", "log hazard per SD")
