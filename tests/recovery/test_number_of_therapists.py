"""What 10, 30 and 100 therapists do to models of 0/1 outcomes: as committed, and as quoted."""

import numpy as np
import pandas as pd
import pytest
from few_therapists import (
    BEGIN,
    CLINICS,
    FILE,
    FIRST,
    OUTCOMES,
    PAGE,
    SIZES,
    SOUND,
    drawn,
    recovered,
    table_of,
    with_quote,
)
from recover import SEED


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(FILE)


def row(table, outcome, therapists, term):
    here = table["question"].eq(outcome) & table["therapists"].eq(therapists)
    return table[here & table["term"].eq(term)].iloc[0]


def test_the_committed_recovery_is_whole_and_of_the_truth_there_is_now(table):
    expected = [
        (name, size, term, true)
        for name, outcome in OUTCOMES.items()
        for size in SIZES
        for term, true in {
            **outcome.effects,
            **{f"sd({factor})": sd for factor, sd in outcome.sds.items()},
        }.items()
    ]
    found = zip(table["question"], table["therapists"], table["term"], table["true"])
    assert list(found) == expected
    assert (table["seed"] == SEED).all() and (table["refused"] <= 0.05).all()
    assert (table["clinics"] == ((1 - table["refused"]) * CLINICS).round()).all()


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("therapists", SIZES)
def test_the_first_clinics_drawn_anew_are_those_that_were_committed(table, outcome, therapists):
    """The same seeds give the same clinics; another machine may round the summit otherwise."""
    again = table_of(recovered(outcome, therapists, range(FIRST)), therapists)
    for _, one in again.iterrows():
        kept = row(table, outcome, therapists, one["term"])
        assert one["first"] == pytest.approx(kept["first"], abs=1e-4)
        off = abs(one["mean"] - kept["mean"])
        assert off < 6 * kept["sd"] / np.sqrt(FIRST)


def test_what_happens_once_ends_the_rows_of_a_client():
    frame = drawn(OUTCOMES["leaving"], 10, 0)
    by = frame.groupby("client")["happens"]
    assert by.sum().max() == 1
    ended = by.sum() == 1
    assert (by.last()[ended] == 1).all() and (by.size()[~ended] == 8).all()


def test_effects_have_the_limits_they_promise_where_there_are_many_therapists(table):
    """Sixteen coverages of 300: each lies above the bound 99.9 times in 100."""
    many = table[(table["therapists"] == 100) & table["coverage"].notna()]
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / CLINICS)
    assert len(many) == 8 and (many["coverage"] > least).all()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_ten_therapists_are_too_few_for_what_is_between_them(table, outcome):
    """What the page says fails, fails; t with eight degrees of freedom does better."""
    between = row(table, outcome, 10, "experience")
    assert between["coverage"] < SOUND
    assert between["coverage_by_t"] > between["coverage"]
    sds = [row(table, outcome, size, "sd(therapist)") for size in SIZES]
    assert all(a["bias"] < b["bias"] for a, b in zip(sds, sds[1:])) and sds[0]["bias"] < 0


def test_the_page_quotes_what_was_recovered(table):
    text = PAGE.read_text("utf-8")
    assert BEGIN in text and with_quote(text, table) == text
