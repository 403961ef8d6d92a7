"""How numbers are printed."""

import pytest

from sessionwise.show.numbers import count, decimals, interval, number, p_value, percent
from sessionwise.show.words import article, counted, term_words


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (0.294, 2, "0.29"),
        (-2.329, 2, "−2.33"),
        (-0.0004, 2, "0.00"),
        (12345.6, 0, "12,346"),
        (float("nan"), 2, "–"),
        (float("inf"), 2, "∞"),
        (float("-inf"), 2, "−∞"),
    ],
)
def test_a_number_has_a_real_minus_sign_and_commas(value, places, written):
    assert number(value, places) == written


@pytest.mark.parametrize(
    ("p", "written"),
    [(0.0432, "p = .043"), (0.001, "p = .001"), (0.00099, "p < .001"), (0.9999, "p > .999")],
)
def test_a_p_value_is_never_nought_nor_one(p, written):
    assert p_value(p) == written


def test_an_interval_that_excludes_nought_is_not_printed_as_touching_it():
    assert interval(0.002, 0.31) == "95 % CI 0.002 to 0.310"
    assert interval(0.91, 0.998, null=1.0) == "95 % CI 0.910 to 0.998"


def test_a_narrow_interval_gets_the_decimals_it_needs():
    assert decimals(0.00041, 0.00052) > decimals(0.41, 0.52) == 2


def test_counts_have_their_nouns_and_small_ones_are_not_told():
    assert count(1, "client") == "1 client"
    assert counted(4, "client") == "fewer than 5 clients"
    assert counted(5, "client") == "5 clients"


def test_percentages():
    assert percent(0.415) == "42 %"


@pytest.mark.parametrize(
    ("noun", "said"),
    [("outcome", "an outcome"), ("BDI-II", "a BDI-II"), ("ORS", "an ORS"), ("", "a ")],
)
def test_the_article_follows_the_sound(noun, said):
    assert article(noun) == said


def test_an_interaction_is_worded_by_its_parts():
    assert term_words("session:arm", {"session": "Session"}) == "Session × arm"
