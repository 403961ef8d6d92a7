"""Events that happen once, and appointments missed: as committed, and as the page quotes them."""

import numpy as np
import pandas as pd
import pytest
from once_and_missed import (
    CLINICS_MISSED,
    CLINICS_ONCE,
    MISSED,
    MISSING,
    ONCE,
    PAGE,
    SPREADS,
    appointments,
    misses,
    spreads,
    with_quotes,
)
from recover import SEED


@pytest.fixture(scope="module")
def once():
    return pd.read_csv(ONCE)


@pytest.fixture(scope="module")
def missed():
    return pd.read_csv(MISSED)


def test_the_page_quotes_what_is_committed(once, missed):
    page = PAGE.read_text("utf-8")
    assert with_quotes(page, once, missed) == page


def test_the_committed_tables_are_whole_and_of_the_truth_there_is_now(once, missed):
    assert once.groupby(["true", "way"]).size().tolist() == [CLINICS_ONCE] * 2 * len(SPREADS)
    assert (missed["seed"] == SEED).all() and (missed["refused"] <= 0.05).all()
    for kind in MISSING:
        truth = appointments(**MISSING[kind])
        known = truth.estimands()["alliance_and_attendance"]
        rows = missed[missed["question"] == kind].set_index("term")
        assert rows.loc[list(known), "true"].tolist() == [one.value for one in known.values()]
        assert (rows["clinics"] >= 0.95 * CLINICS_MISSED).all()


def test_effects_of_the_alliance_come_back_where_nothing_else_is_on(missed):
    """Three terms: bias under 3 Monte Carlo errors; of 120 intervals of coverage 95 % a share
    outside 90 to 99.2 % comes once in 80."""
    rows = missed[(missed["question"] == next(iter(MISSING))) & missed["coverage"].notna()]
    assert len(rows) == 3
    assert (rows["bias"].abs() < 3 * rows["monte_carlo_error"]).all()
    assert rows["coverage"].between(0.9, 0.992).all()


def test_the_first_clinic_drawn_anew_is_the_one_committed(once):
    """To three decimals: another machine may round the summit otherwise."""
    for spread in SPREADS:
        kept = once[(once["true"] == spread) & (once["clinic"] == 0)]["sd"]
        found = [line["sd"] for line in spreads(spread, 0)]
        np.testing.assert_allclose(found, kept, atol=2e-3)


def test_a_clinic_with_appointments_is_asked_every_term():
    rows = misses(next(iter(MISSING)), 0)
    assert len(rows) == 5 and all(row["term"] for row in rows)
