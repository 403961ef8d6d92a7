"""What may happen in a simulated clinic beside the plain course; each can be switched on alone."""

from __future__ import annotations

from typing import ClassVar

from pydantic import StrictBool

from sessionwise.records.truth_sections import Section, given


class Feature(Section):
    """A section with a switch.

    ``moves`` names the estimates it keeps from the truth (``"session"``, ``"within"``,
    ``"between"``, ``"leaving"``), and ``because`` says why.
    """

    moves: ClassVar[tuple[str, ...]] = ()
    because: ClassVar[str] = ""

    on: StrictBool = given(False, "whether this clinic has it")


class Ceiling(Feature):
    """Scales with ends."""

    equation = ("srs_it = A_it cut to low…high, and so for ors and every other form",)
    variable = "recorded scores"
    moves = ("within", "between")
    because = "the ceiling of the SRS hides how good the best sessions were"

    low: float = given(0.0, "of ORS and SRS", "points", "ORS and SRS manual")
    high: float = given(40.0, "of ORS and SRS", "points", "ORS and SRS manual")


class Phases(Feature):
    """Growth by phase, in place of the straight line of [alliance]."""

    equation = (
        "A_it rises by agreeing a session up to session agreeing_until, by working after it,",
        "and by ending once an end is agreed on (the phase is then `ending`)",
    )
    variable = "latent A"
    clock = "the phase of session t is known before it"
    moves = ("within", "session")
    because = "the alliance does not grow in a straight line"

    agreeing_until: int = given(3, "the last session of agreeing on goals and tasks", "session")
    agreeing: float = given(0.5, "rise", "SRS points per session")
    working: float = given(0.05, "rise", "SRS points per session")
    ending: float = given(0.3, "rise", "SRS points per session")


class TherapistFactors(Feature):
    """What therapists bring: empathy, countertransference, caseload. Of the session's therapist."""

    equation = (
        "T_it gains empathy·E_j + countertransference·C_ij + caseload·(caseload_j − its mean)",
        "ors_it gains empathy_slope·E_j·t; E_j is standard normal",
        "C_ij = √own_share·c_j + √(1 − own_share)·c_ij, with c_j and c_ij standard normal",
    )
    variable = "E and C are latent; CARE and the supervisor's rating record them with error"
    clock = "before therapy"
    moves = ("between",)
    because = "empathic therapists have the better alliance and the better outcome"

    empathy: float = given(0.5, "of true empathy", "SRS points per SD",
                           "sign: empathy–outcome r = .28, Elliott 2018")  # fmt: skip
    empathy_slope: float = given(0.06, "of true empathy", "ORS points per session per SD")
    countertransference: float = given(-0.4, "of countertransference", "SRS points per SD",
                                       "sign: r = −.16, Hayes 2018")  # fmt: skip
    own_share: float = given(0.3, "of C that is the therapist's with everyone", "share", ge=0, le=1)
    caseload: float = given(-0.03, "of one open client more", "SRS points per client")
    caseload_mean: float = given(22.0, "open clients of a therapist", "clients", ge=1)


class ClientFactors(Feature):
    """What clients bring beside severity: motivation, and their match with the therapist."""

    equation = ("T_it gains motivation·motivation_i + match·match_ij; both are standard normal",)
    variable = "recorded at intake; the match is that with the session's therapist"
    clock = "before therapy"

    motivation: float = given(0.4, "of motivation at intake", "SRS points per SD")
    match: float = given(0.5, "of the match with the therapist", "SRS points per SD")


class Ruptures(Feature):
    """Ruptures of the alliance at known sessions, and their repair."""

    equation = (
        "at a rupture A_it falls by drop; after `lasts` sessions it is repaired with probability",
        "repaired, and A is `gain` above what it was from then on; else half of the drop stays",
    )
    variable = "latent A; no therapist's or client's report of the rupture is in the records"
    clock = "in session t"

    onset: float = given(0.065, "a session, from the second on", "probability",
                         "46 % of clients had one: PMC3921691", ge=0, lt=1)  # fmt: skip
    drop: float = given(5.0, "at a rupture", "SRS points", ge=0)
    lasts: int = given(2, "until it is repaired, or not", "sessions", ge=1)
    repaired: float = given(0.7, "of ruptures", "share", "half of 44 cases: Stevens 2007",
                            ge=0, le=1)  # fmt: skip
    gain: float = given(0.6, "after a repair", "SRS points")


class Feedback(Feature):
    """The outcome of the week in the alliance of the session."""

    equation = ("d_it gains outcome·z_it",)
    variable = "latent z, how this week differs"
    clock = "outcome before session t → alliance after session t"
    moves = ("within",)
    because = "the outcome moves the later alliance (no strict exogeneity)"

    outcome: float = given(0.15, "of the week's swing", "SRS points per ORS point")


class SuddenGains(Feature):
    """Sudden gains at known sessions."""

    equation = ("ors_it gains size from one session on, drawn evenly from first…last",)
    variable = "latent and recorded outcome"
    clock = "between session t−1 and session t"
    moves = ("session",)
    because = "sudden gains come on top of the steady rise"

    share: float = given(0.25, "of clients", "share", "30.7 % in ENRICHD", ge=0, le=1)
    size: float = given(6.0, "of a gain", "ORS points", ge=0)
    first: int = given(3, "earliest", "session", ge=2)
    last: int = given(8, "latest", "session", ge=2)


class Homework(Feature):
    """Homework set and done."""

    equation = (
        "done_it of 4 tasks, each with logit P = done + motivation·motivation_i + client_i",
        "ors_it gains outcome·done_it/4 where homework was set",
    )
    variable = "recorded share done"
    clock = "set in session t−1, done before session t"

    set: float = given(0.7, "of sessions", "share", ge=0, le=1)
    done: float = given(0.4, "at average motivation", "log odds")
    motivation: float = given(0.5, "of motivation", "log odds per SD")
    client_sd: float = given(0.8, "between clients", "log odds, SD", ge=0)
    outcome: float = given(1.0, "of all done against none", "ORS points",
                           "sign: r = .26, Mausbach 2010")  # fmt: skip


class Modality(Feature):
    """In person, by video, by phone; some clients switch."""

    equation = ("A_it gains video or phone; before each session a client switches with `switch`",)
    variable = "latent A, as part of the state"
    clock = "known before session t"

    video_share: float = given(0.3, "of clients begin by video", "share", ge=0, le=1)
    phone_share: float = given(0.08, "of clients begin by phone", "share", ge=0, le=1)
    switch: float = given(0.03, "before each session", "probability", ge=0, le=1)
    video: float = given(0.0, "against in person", "SRS points",
                         "alliance–outcome r = .275 online against .278")  # fmt: skip
    phone: float = given(-0.4, "against in person", "SRS points")
