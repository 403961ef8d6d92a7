"""Appointments missed, and leaving once: the recovery as committed, and as quoted."""

import numpy as np
import pandas as pd
import pytest
from attendance import (
    BEGIN,
    CLINICS,
    FILE,
    FIRST,
    METHODS,
    ONCE_BEGIN,
    ONCE_FILE,
    PAGE,
    QUESTION,
    SETTINGS,
    SPREADS,
    TERMS,
    attendance_table,
    attended,
    left_once,
    once_table,
    with_quotes,
)
from recover import SEED


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(FILE)


@pytest.fixture(scope="module")
def once():
    return pd.read_csv(ONCE_FILE)


def rows_of(one, given):
    return pd.DataFrame([row for number in range(FIRST) for row in one(given, number)])


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_committed_recovery_is_whole_and_of_the_truth_there_is_now(table, setting):
    here = table[table["setting"] == setting].set_index("term")
    truth = SETTINGS[setting].truth
    known = {term: one.value for term, one in truth.estimands()[QUESTION].items()}
    known |= {"sd(client)": truth.attendance.client_sd}
    known |= {"sd(therapist)": truth.attendance.therapist_sd}
    assert here.loc[list(known), "true"].to_dict() == known
    drawn = SETTINGS[setting].clinics - here["refused"]
    assert (here.loc[list(known), "clinics"] == drawn[list(known)]).all()
    assert (here["seed"] == SEED).all() and (here["refused"] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_first_clinics_drawn_anew_are_those_that_were_committed(table, setting):
    kept = table[table["setting"] == setting].set_index("term")["first"]
    again = attendance_table(rows_of(attended, setting), setting).set_index("term")["first"]
    pd.testing.assert_series_equal(again, kept, atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("spread", SPREADS)
def test_the_first_clinics_that_clients_leave_are_those_that_were_committed(once, spread):
    keys = ["terms", "method"]
    kept = once[once["true"] == spread].set_index(keys)
    assert (kept["clinics"] == CLINICS).all() and len(kept) == len(TERMS) * len(METHODS)
    again = once_table(rows_of(left_once, spread), spread).set_index(keys)
    pd.testing.assert_series_equal(again["first"], kept["first"], atol=1e-3, rtol=0)


def test_nothing_else_on_the_effects_come_back_and_have_the_limits_they_promise(table):
    plain = table[(table["setting"] == "plain") & table["coverage"].notna()]
    assert len(plain) == 3
    assert (plain["bias"].abs() < 3 * plain["monte_carlo_error"]).all()
    assert (plain["coverage"] > 0.95 - 3 * np.sqrt(0.95 * 0.05 / plain["clinics"])).all()


def test_of_what_happens_once_laplace_says_the_same_whatever_the_truth(once):
    """What the page says of the two: neither tells no difference from one of 1."""
    by = once.set_index(["true", "terms", "method"])["median"]
    laplace = by.xs("Laplace", level="method")
    assert laplace.between(1.4, 1.9).all()
    zeros = once[(once["method"] == "quadrature") & (once["terms"] == "truth")]
    assert (zeros["most"] > 2).all() and (zeros["least"] == 0).all()
    assert by[0, "less", "quadrature"] > 1


def test_the_page_quotes_what_was_recovered(table, once):
    text = PAGE.read_text("utf-8")
    assert BEGIN in text and ONCE_BEGIN in text and with_quotes(text, table, once) == text
