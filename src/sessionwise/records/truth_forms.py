"""What else may be recorded in a simulated clinic, and what may be missing."""

from __future__ import annotations

from sessionwise.records.truth_features import Feature
from sessionwise.records.truth_sections import given


class MissingBadly(Feature):
    """More forms missing where things go badly."""

    equation = (
        "logit P(form lost) gains alliance·(A_it − alliance.start) for forms after the session,",
        "and outcome·(ors_it − outcome.start) for the ORS",
    )
    variable = "latent: the score that is then missing"
    clock = "at the time of the form"
    moves = ("within", "between", "session")
    because = "forms are missing where alliance or outcome are low"

    alliance: float = given(-0.2, "of the alliance", "log odds per SRS point")
    outcome: float = given(-0.04, "of the outcome", "log odds per ORS point")


class Forms(Feature):
    """The other forms: what they record of the latent state, the trait and the therapist."""

    equation = (
        "wai_k = wai_mean + wai_slope·(A_it − alliance.start) + client_ik + error for k = bond,",
        "  goal, task (whole numbers, 4–20); wai is their sum",
        "wai_therapist = wai_mean·3 − therapist_lower + tracking·(wai's latent part − its mean)",
        "  + therapist_j + client_i + error (SD 2): the therapist's own rating of the session",
        "care = 40 + care·E_j + 0.8·T_it + error (SD 3), 10–50, every third session",
        "rri = 4 + rri·(T_it + client_i (SD 1.5)) + error (SD 0.25), 1–5, every third session",
        "countertransference = 2.5 + 0.8·C_ij + error (SD 0.5), 1–5, a supervisor's, every third",
        "disclosure = 7 + disclosure·(A_it − start) + client_i (SD 1.2) + error (SD 1), 0–10",
    )
    variable = "recorded forms of latent A, T, E, C"
    clock = "after session t"

    wai_mean: float = given(15.5, "of each part of the WAI-SR", "points of 4–20")
    wai_slope: float = given(0.55, "of the alliance, in each part", "points per SRS point")
    wai_client_sd: float = given(0.9, "between clients, in each part", "points, SD", ge=0)
    wai_error_sd: float = given(0.9, "in each part", "points, SD", ge=0)
    therapist_lower: float = given(1.9, "the therapist's rating lies below, at an average start",
                                   "WAI-SR points", "d = −.46: Igra 2020")  # fmt: skip
    tracking: float = given(0.4, "of the client's rating in the therapist's",
                            "points per latent point")  # fmt: skip
    therapist_view_sd: float = given(2.0, "between therapists and between clients", "points, SD")
    care: float = given(3.0, "of true empathy in the CARE", "points per SD")
    rri: float = given(0.12, "of the stable alliance in the real relationship",
                       "points per SRS point", "sign: r = .66, Gelso 2018")  # fmt: skip
    disclosure: float = given(0.25, "of the alliance", "points per SRS point")


class Children(Feature):
    """A children's team: other forms, and a caregiver who sees it another way."""

    equation = (
        "cors and csrs are ors and srs of the child; no adult forms are given",
        "tasc_r = tasc_mean + tasc_slope·(A_it − alliance.start) + error (child, 12–48)",
        "tasc_r_caregiver = tasc_r's latent part + higher + caregiver_i + error",
    )
    variable = "recorded forms of latent A"
    clock = "after session t"

    therapists: int = given(5, "of all therapists", ge=1)
    clients: int = given(60, "of all clients", ge=1)
    tasc_mean: float = given(38.0, "of the child's TASC-r", "points of 12–48")
    tasc_slope: float = given(1.0, "of the alliance", "points per SRS point")
    error_sd: float = given(2.0, "of either rating", "points, SD", ge=0)
    higher: float = given(2.5, "the caregiver's rating lies above", "TASC-r points")
    caregiver_sd: float = given(3.0, "between caregivers", "points, SD", ge=0)


class Interviews(Feature):
    """Interviews after therapy, coded: a small table of segments."""

    equation = (
        "a rupture of the course is spoken of with probability told, and so is its repair;",
        "a segment on a rupture that never was comes with probability untrue",
    )
    variable = "latent ruptures and repairs"
    clock = "after the course"

    clients: int = given(24, "interviewed", ge=1)
    told: float = given(0.8, "of ruptures, of repairs", "share", ge=0, le=1)
    untrue: float = given(0.1, "of interviews", "share", ge=0, le=1)
