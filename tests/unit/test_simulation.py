"""The simulated clinic: drawn as its truth says, and the same again from the same seed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clinic import files

from sessionwise.records.observation import Observation
from sessionwise.records.packaged import example
from sessionwise.records.reading import read
from sessionwise.records.sessions import Sessions
from sessionwise.records.simulation import clinic_codebook, simulate
from sessionwise.records.truth import Truth
from sessionwise.records.writing import simulated_export

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"therapists": 5, "clients": 60}
NOBODY = {"baseline": -50, "first_session": 0, "session": 0, "severity": 0}
STAYING = {"leaving": {**NOBODY, "to_date": 0, "change": 0}, "planned": {"baseline": -50}}


def everything(truth: Truth) -> Truth:
    """Switch every feature on."""
    return truth.switched_on(*(n for n, part in truth.sections.items() if hasattr(part, "on")))


NONE_LOST = {"missing": {"alliance": 0, "outcome": 0}}


def shared(one: Sessions, other: Sessions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the sessions two clinics have in common."""
    key = ["client", "session"]
    both = one.table.merge(other.table, on=key, suffixes=("", "_other"))
    assert len(both) > 100
    ours = both[[name for name in one.table if name not in key]]
    return ours, both[[f"{name}_other" for name in ours]].set_axis(ours.columns, axis=1)


def test_the_same_seed_gives_the_same_clinic():
    one, two = (simulate(Truth(clinic=SMALL), seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.courses, two.courses)


def test_another_seed_gives_another():
    one, two = (simulate(Truth(clinic=SMALL), seed=seed) for seed in (3, 4))
    assert not one.courses["severity"].equals(two.courses["severity"])


def test_losing_more_forms_changes_none_of_those_that_are_left():
    truth = Truth(clinic=SMALL)
    full = simulate(truth.model_copy(update={"missing": Truth(**NONE_LOST).missing}), seed=3)
    half = simulate(
        Truth(clinic=SMALL, missing={"alliance": 0.5, "outcome": 0.5}),
        seed=3,
    )
    before, after = shared(full, half)
    for score in ("ors", "srs"):
        left = after[score].notna()
        assert 0.3 < left.mean() < 0.7
        assert before.loc[left, score].tolist() == after.loc[left, score].tolist()
    assert before["date"].tolist() == after["date"].tolist()
    assert full.courses["severity"].tolist() == half.courses["severity"].tolist()


@pytest.mark.parametrize(
    ("change", "untouched"),
    [
        ({"leaving": {"baseline": -2.0}}, ["ors", "srs", "date", "therapist"]),
        ({"planned": {"baseline": -3.0}}, ["ors", "srs", "date", "therapist"]),
        ({"outcome": {"within": 0.9}}, ["srs", "date", "therapist"]),
        ({"outcome": {"session_sd": 9.0}}, ["srs", "date", "therapist"]),
        ({"clinic": {**SMALL, "intake_days": 90}}, ["ors", "srs", "therapist"]),
        ({"clinic": {**SMALL, "session_limit": 9}}, ["srs", "date", "therapist"]),
    ],
)
def test_each_purpose_has_a_stream_of_its_own(change, untouched):
    plain = {"clinic": SMALL, **NONE_LOST}
    one, two = simulate(Truth(**plain), seed=3), simulate(Truth(**{**plain, **change}), seed=3)
    before, after = shared(one, two)
    pd.testing.assert_frame_equal(before[untouched], after[untouched])


N, J = 20_000, 2_000
ERRORS = 4
"""Tolerances below are 4 Monte Carlo standard errors of a seed fixed beforehand: a right program
fails one such comparison in 16,000."""


@pytest.fixture(scope="module")
def big() -> tuple[Truth, pd.DataFrame]:
    clinic = {"therapists": J, "clients": N, "session_limit": 4, "intake_days": 0}
    truth = Truth(clinic=clinic, decimals=6, **STAYING, **NONE_LOST)
    return truth, simulate(truth, seed=11).frame


def near(got: float, expected: float, error: float) -> None:
    assert abs(got - expected) < ERRORS * error, f"{got} is not within 4 × {error} of {expected}"


def test_alliance_has_the_mean_the_spread_and_the_carry_over_of_its_equation(big):
    truth, frame = big
    a = truth.alliance
    wide = frame.pivot(index="client", columns="session", values="srs")
    swing = a.session_sd**2 / (1 - a.carry_over**2)
    total = a.therapist_sd**2 + a.trait_sd**2 + swing
    for t in (1, 4):
        near(
            wide[t].mean(), a.start + a.growth * (t - 1), np.sqrt(total / N + a.therapist_sd**2 / J)
        )
        near(wide[t].var(), total, total * np.sqrt(2 / N + 2 / J))
    steady = a.therapist_sd**2 + a.trait_sd**2
    near(wide[1].cov(wide[2]), steady + a.carry_over * swing, total * np.sqrt(2 / N + 2 / J))
    near(wide[1].cov(wide[4]), steady + a.carry_over**3 * swing, total * np.sqrt(2 / N + 2 / J))


def test_outcome_follows_the_alliance_of_the_session_before_as_its_equation_says(big):
    """Least squares is unbiased here: nothing that moves the alliance moves the client's level."""
    truth, frame = big
    o = truth.outcome
    wide = frame.pivot(index="client", columns="session", values=["srs", "ors"])
    severity = frame.groupby("client")["severity"].first()
    x = np.column_stack([np.ones(N), wide["srs", 2] - truth.alliance.start, severity])
    slopes, *_ = np.linalg.lstsq(x, wide["ors", 3].to_numpy(), rcond=None)
    level = o.therapist_sd**2 + o.client_sd**2 + 9 * o.slope_sd**2 + o.session_sd**2
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * level + [o.therapist_sd**2 / J, 0, 0])
    expected = [o.start + 3 * o.session, o.within, o.severity]
    for got, true, error in zip(slopes, expected, errors, strict=True):
        near(got, true, error)


def test_at_the_first_session_there_is_no_alliance_before(big):
    truth, frame = big
    o, first = truth.outcome, frame[frame["session"] == 1]
    variance = o.therapist_sd**2 + o.client_sd**2 + o.slope_sd**2 + o.session_sd**2 + o.severity**2
    error = np.sqrt(variance / N + o.therapist_sd**2 / J)
    near(first["ors"].mean(), o.start + o.session, error)
    near(first["ors"].var(), variance, variance * np.sqrt(2 / N + 2 / J))


def test_endings_come_with_the_hazards_of_their_equations():
    """Constant hazards: of all, h leave unplanned after session 1; of the others, g as planned."""
    constant = {"first_session": 0, "session": 0, "severity": 0}
    truth = Truth(
        clinic={"therapists": 10, "clients": N, "session_limit": 6, "intake_days": 0},
        leaving={"baseline": -2.0, "to_date": 0, "change": 0, **constant},
        planned={"baseline": -1.5, "session": 0, "severity": 0},
    )
    h, g = (1 - np.exp(-np.exp(eta)) for eta in (-2.0, -1.5))
    s = simulate(truth, seed=12)
    length = s.table.groupby("client")["session"].max()
    ended = s.courses.set_index("client")["ending"].astype("str")
    for kind, share in (("unplanned", h), ("planned", (1 - h) * g)):
        near((ended[length == 1] == kind).sum() / N, share, np.sqrt(share * (1 - share) / N))
    stayed = ((1 - h) * (1 - g)) ** 5
    near((length == 6).mean(), stayed, np.sqrt(stayed * (1 - stayed) / N))
    assert set(ended[length == 6]) == {"limit_reached"}


def test_forms_are_lost_at_the_rate_said():
    truth = Truth(
        clinic={"therapists": 2, "clients": 2000, "session_limit": 5, "intake_days": 0},
        missing={"alliance": 0.2, "outcome": 0.1},
        **STAYING,
    )
    table = simulate(truth, seed=13).table
    for score, share in (("srs", 0.2), ("ors", 0.1)):
        near(table[score].isna().mean(), share, np.sqrt(share * (1 - share) / len(table)))


def test_records_end_when_the_truth_says_and_open_courses_are_undecided():
    truth = Truth(clinic={**SMALL, "clients": 300})
    s = simulate(truth, seed=5)
    until = pd.Timestamp(truth.clinic.observed_until)
    assert s.table["date"].max() <= until
    last = s.frame.drop_duplicates("client", keep="last")
    open_ = last["ending"].astype("str") == "ongoing"
    assert open_.sum() > 5
    assert (last.loc[open_, "date"] + pd.Timedelta(days=7) > until).all()
    assert not last.loc[open_, "decided"].any()
    theirs = last["ending"].isin(["planned", "unplanned"])
    assert last.loc[theirs, "decided"].all()


def test_a_clinic_is_stamped_as_simulated():
    s = simulate(Truth(clinic=SMALL), seed=3)
    assert s.synthetic
    assert repr(s).startswith("SYNTHETIC ")
    export = simulated_export(s).splitlines()
    assert all(line.startswith("SYNTHETIC,") for line in export[1:])


def test_the_export_of_a_simulation_is_read_back_as_the_same_records(tmp_path):
    truth = everything(Truth(clinic={**SMALL, "therapists": 12}, children={"clients": 20}))
    s = simulate(truth, seed=3)
    (tmp_path / "sessions.csv").write_text(simulated_export(s))
    observation = Observation(pd.Timestamp(truth.clinic.observed_until), 28, 20)
    back = read(tmp_path / "sessions.csv", clinic_codebook(), observation=observation)
    pd.testing.assert_frame_equal(back.table, s.table, check_like=True)
    pd.testing.assert_frame_equal(back.courses, s.courses, check_like=True)
    assert back.columns == s.columns


@pytest.mark.parametrize("name", files())
def test_the_committed_clinic_is_what_its_truth_and_seed_give(name):
    assert (ROOT / "data" / "clinic" / name).read_bytes() == files()[name].encode("utf-8")


def test_the_example_is_small_and_always_the_same_value():
    assert example() is example()
    assert example().counts()["clients"] == 120


def test_clinics_whose_records_were_taken_on_different_days():
    size = {"clinics": 3, "stagger_days": 60, "clients": 600, "intake_days": 440}
    s = simulate(Truth(clinic=size), seed=5)
    last = s.table.groupby("clinic")["date"].max()
    end = pd.Timestamp(Truth().clinic.observed_until)
    for k, clinic in enumerate(("clinic 1", "clinic 2", "clinic 3")):
        until = end - pd.Timedelta(days=60 * k)
        assert last[clinic] <= until
        rows = s.table[s.table["clinic"] == clinic]
        assert (rows.loc[rows["decided"], "date"] + pd.Timedelta(days=7) <= until).all()
    assert s.counts()["clients"] == 600


def test_staggered_days_leave_what_happened_before_them_as_it_was():
    one = simulate(Truth(clinic={"clinics": 2}), seed=5).table
    other = simulate(Truth(clinic={"clinics": 2, "stagger_days": 30}), seed=5).table
    both = one.merge(other, on=["client", "session"], suffixes=("", "_late"))
    assert len(both) == len(other) < len(one)
    assert (both["srs"].fillna(-1) == both["srs_late"].fillna(-1)).all()
