"""Who still answered, by hand; a time at which few did is not told."""

from math import sqrt

import pytest
from scipy import stats
from tables import records

from sessionwise.models.loss_to_follow_up import still_answering


def due(*times: tuple[int, int, int]) -> str:
    """A page of (time, due, answered): from how many it was due, and how many gave it."""
    lines = ["client time bdi"]
    for time, many, answered in times:
        lines += [f"{c} {time} {29 if c < answered else '.'}" for c in range(many)]
    return "\n".join(lines)


def test_wilson_limits_by_hand():
    """Six of eight: centre (6 + z²/2) / (8 + z²), half z √(8 × 3/16 + z²/4) / (8 + z²)."""
    z = stats.norm.ppf(0.975)
    centre = (6 + z**2 / 2) / (8 + z**2)
    half = z * sqrt(3 / 2 + z**2 / 4) / (8 + z**2)
    row = still_answering(records(due((0, 8, 6)), clock="time"), "bdi").estimates.iloc[0]
    assert (row["at_risk"], row["estimate"]) == (8, 0.75)
    assert row["std_error"] == pytest.approx(sqrt(0.75 * 0.25 / 8), rel=1e-12)
    assert (row["low"], row["high"]) == pytest.approx((centre - half, centre + half), rel=1e-9)


def test_each_time_stands_alone():
    """Who misses one may give the next: the share may rise."""
    curve = still_answering(records(due((0, 10, 10), (2, 10, 5), (5, 10, 10)), clock="time"), "bdi")
    assert curve.estimates["estimate"].tolist() == [1, 0.5, 1]
    assert (curve.rows.used, curve.rows.clients, curve.rows.left_out) == (30, 10, ())
    assert curve.recipe.estimation == "" and "leaving" not in curve.question


@pytest.mark.parametrize(
    ("answered", "told"), [(0, True), (1, False), (4, False), (5, True), (10, True)]
)
def test_a_time_at_which_one_to_four_answered_is_left_out_and_counted(answered, told):
    """Nobody at all points to nobody."""
    curve = still_answering(records(due((0, 10, 9), (2, 10, answered)), clock="time"), "bdi")
    assert curve.estimates["time"].tolist() == ([0, 2] if told else [0])
    assert curve.rows.used == (20 if told else 10)
    few = (("times with fewer than five answers", 10),)
    assert curve.rows.left_out == (() if told else few)
