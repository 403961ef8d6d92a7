"""The whole path on the simulated clinic, from its CSV through a codebook, beside R's answers.

The engines alone are compared in the other files here; these tests say that reading, endings,
decisions, lags and splits hand them the same rows. Relative 1e-6, CR2 1e-5: R's values are printed
to ten digits, and clubSandwich and we take a matrix root by different routes.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import sessionwise as sw

HERE = Path(__file__).parent / "clinic"
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
CODEBOOK = """
schema = 1
ids_global = true  # some clients change to a therapist of another clinic
[columns.clinic]
from = "clinic"
[columns.therapist]
from = "therapist"
[columns.client]
from = "client"
[columns.session]
from = "session"
[columns.base]
from = "base"
level = "course"
[columns.ors]
from = "ors"
known = "before"  # no instrument: one simulated score is above 40
[columns.srs]
from = "srs"
instrument = "srs"
[columns.ending]
from = "ending"
codes = { 0 = "", 1 = "unplanned", 2 = "planned" }
[columns.decided]
from = "decided"
"""


@pytest.fixture(scope="module")
def s():
    return sw.read(HERE / "clinic.csv", sw.Codebook.parse(CODEBOOK))


def test_rows_clients_and_endings(s):
    said = EXPECTED["clinic"]
    endings = s.courses["ending"].value_counts()
    assert (len(s.table), len(s.courses)) == (said["rows"], said["clients"])
    assert endings["unplanned"] == said["dropouts"]
    assert endings["planned"] == said["planned"]
    assert endings["ongoing"] == said["ongoing"]


def test_decisions_and_the_events_among_them(s):
    said, rows = EXPECTED["hazard_rows"], sw.episodes(s).frame
    scored = rows[rows["srs"].notna()]
    assert len(scored) == said["rows"]
    assert scored["left_unplanned"].sum() == said["events_unplanned"]
    assert scored["left_planned"].sum() == said["events_planned"]
    assert rows["left_unplanned"].sum() == said["events_unplanned_all"]


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_hazard(s, link):
    said = EXPECTED[f"hazard_{link}"]
    fit = sw.hazard("left_unplanned ~ session + I(srs - 34) + base", s, link=link)
    model = sw.hazard("left_unplanned ~ session + I(srs - 34) + base", s, link, errors="model")
    cr0 = sw.hazard("left_unplanned ~ session + I(srs - 34) + base", s, link, errors="CR0")
    assert fit.rows.used == said["nobs"]
    assert fit.estimates["estimate"].tolist() == pytest.approx([*said["estimate"].values()], 1e-6)
    assert model.estimates["std_error"].tolist() == pytest.approx([*said["se"].values()], 1e-6)
    clustered = [*said["cluster_se_therapist"].values()]
    assert cr0.estimates["std_error"].tolist() == pytest.approx(clustered, 1e-6)
    corrected = [*said["cr2_se_therapist"].values()]
    assert fit.estimates["std_error"].tolist() == pytest.approx(corrected, 1e-5)
    assert fit.loglik == pytest.approx(said["loglik"], 1e-9)


def test_the_endings_lost_to_missing_scores_are_counted(s):
    said = EXPECTED["hazard_rows"]
    fit = sw.hazard("left_unplanned ~ session + srs", s)
    assert fit.rows.events_lost == said["events_unplanned_all"] - said["events_unplanned"]


def test_still_in_therapy(s):
    said = EXPECTED["km_still_in_therapy"]
    curve = sw.still_in_therapy(s).estimates
    assert curve["time"].tolist() == said["time"]
    assert curve["at_risk"].tolist() == said["at_risk"]
    assert curve["estimate"].tolist() == pytest.approx(said["surv"], 1e-6)
    log_error = (curve["std_error"] / curve["estimate"]).iloc[:-1]
    assert log_error.tolist() == pytest.approx(said["se_log_surv"][:-1], 1e-6)


def test_aalen_johansen(s):
    said = EXPECTED["aalen_johansen"]
    curve = sw.incidence(s).estimates
    for kind in ("unplanned", "planned"):
        state = curve[curve["state"] == f"{kind} ending"].set_index("time").loc[said["time"]]
        assert state["estimate"].tolist() == pytest.approx(said[kind], 1e-6, abs=1e-12)
        assert state["std_error"].tolist() == pytest.approx(said[f"se_{kind}"], 1e-6, abs=1e-12)


def test_courses_of_the_curves(s):
    said = EXPECTED["curve_rows"]
    curve = sw.still_in_therapy(s)
    assert curve.rows.used == said["courses"]
    assert curve.rows.events == said["unplanned"] + said["planned"]
    assert EXPECTED["landmark3"]["n"] == sw.incidence(s, landmark=3).rows.used


def test_events_from_the_landmark(s):
    from sessionwise.features.leaving import courses_at_risk

    each, _ = courses_at_risk(s, landmark=3)
    assert (each["cause"] == 1).sum() == EXPECTED["landmark3"]["unplanned"]
    assert (each["cause"] == 2).sum() == EXPECTED["landmark3"]["planned"]


def split_by_hand(s):
    lagged = sw.lagged(s, "srs")
    return sw.within_between(lagged, ["srs_lag1", "session"], complete=["ors", "base"])


def test_within_is_what_client_dummies_say(s):
    """Lag, then split, then a random intercept of the client: the identity R's dummies have."""
    fit = sw.mixed(
        "ors ~ session_within + session_between + srs_lag1_within + srs_lag1_between + base"
        " + (1 | client)",
        split_by_hand(s),
    )
    said = EXPECTED["client_dummies"]["estimate"]
    assert fit.term("srs_lag1_within")["estimate"] == pytest.approx(said["srs_lag1"], 1e-6)
    assert fit.term("session_within")["estimate"] == pytest.approx(said["session"], 1e-6)
    split = EXPECTED["lmm_hybrid_split"]
    assert fit.rows.used == split["nobs"]
    assert fit.loglik == pytest.approx(split["loglik"], 1e-9)
    assert fit.estimates["estimate"].tolist() == pytest.approx([*split["estimate"].values()], 1e-6)
    assert fit.estimates["std_error"].tolist() == pytest.approx([*split["se"].values()], 1e-5)


def test_the_named_question_uses_these_rows(s):
    fit = sw.alliance_and_next_outcome(s, adjust=["base"])
    assert fit.rows.used == EXPECTED["lmm_hybrid_reml"]["nobs"]
    assert "42 changed therapist" in " ".join(fit.recipe.notes)
    left = dict(fit.rows.left_out)
    assert left["SRS: first session"] == 600
    assert sum(left.values()) + fit.rows.used == EXPECTED["clinic"]["rows"]


def test_the_named_question_says_nearly_what_correlated_slopes_say(s):
    """Both let therapists cross; in R level and slope go together, in ours they are independent."""
    fit = sw.alliance_and_next_outcome(s, adjust=["base"])
    crossed = EXPECTED["lmm_hybrid_reml"]
    within, error = crossed["estimate"]["srs_lag1_within"], crossed["se"]["srs_lag1_within"]
    assert abs(fit.term("srs_lag1_within")["estimate"] - within) < 0.5 * error
    assert np.isclose(fit.term("srs_lag1_within")["std_error"], error, rtol=0.02)
