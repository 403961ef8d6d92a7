"""Kaplan–Meier and Aalen–Johansen agree with R's survfit, errors and limits included."""

import json
from pathlib import Path

import numpy as np
import pytest

from sessionwise.engine.incidence_curves import aalen_johansen, kaplan_meier
from sessionwise.errors import InvalidInput

DIGITS = 2e-12  # absolute: R's values are written with 13 significant digits
CLOSE = 1e-9  # relative, to values of expected.json written with about 11 digits

SAID = json.loads((Path(__file__).parent / "r/incidence_curves.json").read_text(encoding="utf-8"))


def numbers(values):
    return np.array(values, float)


class TestTheClinic:
    def test_one_row_per_course(self, courses, expected):
        rows = expected["curve_rows"]
        endings = courses["ending"].value_counts()
        assert len(courses) == rows["courses"] - rows["no_decided_row"]
        assert [endings[1], endings[2], endings[0]] == [
            rows["unplanned"], rows["planned"], rows["censored"],
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("entry", "endings"), [("km_still_in_therapy", [1, 2]), ("km_cause_specific", [1])]
    )
    def test_kaplan_meier(self, courses, expected, entry, endings):
        curve = kaplan_meier(courses["session"], courses["ending"].isin(endings))
        said = expected[entry]
        assert curve.times.tolist() == said["time"]
        assert curve.at_risk.tolist() == said["at_risk"]
        np.testing.assert_allclose(curve.estimate, said["surv"], rtol=CLOSE)
        np.testing.assert_allclose(curve.std_error_log, numbers(said["se_log_surv"]), rtol=CLOSE)

    def test_aalen_johansen(self, courses, expected):
        curves = aalen_johansen(courses["session"], courses["ending"])
        said = expected["aalen_johansen"]
        at = np.searchsorted(curves.times, said["time"])
        for k, cause in enumerate(("unplanned", "planned")):
            np.testing.assert_allclose(curves.estimate[at, k], said[cause], rtol=CLOSE)
            np.testing.assert_allclose(curves.std_error[at, k], said[f"se_{cause}"], rtol=CLOSE)


class TestRealTimesWithTies:
    said = SAID

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [("estimate", "surv"), ("std_error", "se"), ("low", "low"), ("high", "high"),
         ("times", "time"), ("at_risk", "at_risk")],
    )  # fmt: skip
    def test_kaplan_meier(self, ours, theirs):
        curve = kaplan_meier(self.said["time"], numbers(self.said["cause"]) > 0)
        np.testing.assert_allclose(
            getattr(curve, ours), numbers(self.said["km"][theirs]), atol=DIGITS, rtol=0
        )

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [("estimate", "estimate"), ("std_error", "se"), ("low", "low"), ("high", "high")],
    )
    def test_aalen_johansen(self, ours, theirs):
        curves = aalen_johansen(self.said["time"], self.said["cause"])
        np.testing.assert_allclose(
            getattr(curves, ours), numbers(self.said["aj"][theirs]), atol=DIGITS, rtol=0
        )


class TestWhatAlwaysHolds:
    def test_with_one_cause_aalen_johansen_is_kaplan_meier(self, courses):
        left = courses["ending"].eq(1)
        one, other = (
            kaplan_meier(courses["session"], left),
            aalen_johansen(courses["session"], left),
        )
        np.testing.assert_allclose(other.estimate[:, 0], 1 - one.estimate, rtol=1e-12)
        np.testing.assert_allclose(other.std_error[:, 0], one.std_error, rtol=1e-9)

    def test_endings_and_staying_sum_to_one(self, courses):
        curves = aalen_johansen(courses["session"], courses["ending"])
        stay = kaplan_meier(courses["session"], courses["ending"] > 0)
        np.testing.assert_allclose(curves.estimate.sum(axis=1) + stay.estimate, 1, rtol=1e-12)

    def test_without_censoring_the_curve_is_the_share_and_its_error_binomial(self):
        time, cause = np.repeat([1, 2, 3], [5, 3, 2]), np.array([1, 1, 2, 2, 2, 1, 2, 2, 1, 2])
        curves = aalen_johansen(time, cause)
        share = np.array([[0.2, 0.3], [0.3, 0.5], [0.4, 0.6]])
        np.testing.assert_allclose(curves.estimate, share, rtol=1e-12)
        np.testing.assert_allclose(curves.std_error, np.sqrt(share * (1 - share) / 10), rtol=1e-12)

    def test_the_order_of_courses_does_not_matter(self, courses):
        shuffled = courses.sample(frac=1, random_state=3)
        one = aalen_johansen(courses["session"], courses["ending"])
        other = aalen_johansen(shuffled["session"], shuffled["ending"])
        np.testing.assert_array_equal(one.std_error, other.std_error)

    def test_where_all_have_ended_nothing_is_left_to_rounding(self):
        """Shares of whole numbers need not sum to 1; bands and errors of such a 1 were nonsense."""
        rng = np.random.default_rng(8)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            for causes in (1, 2, 3):
                for _ in range(300):
                    n = int(rng.integers(1, 60))
                    time, cause = rng.integers(1, 6, n), rng.integers(1, causes + 1, n)
                    curves = aalen_johansen(time, cause)
                    assert curves.estimate[-1].sum() == pytest.approx(1, abs=1e-14)
                    whole = curves.estimate == 1
                    assert (np.isnan(curves.low) == (whole | (curves.estimate == 0))).all()
                    share = np.array([np.mean(cause == k + 1) for k in range(int(cause.max()))])
                    error = np.sqrt(share * (1 - share) / n)
                    np.testing.assert_allclose(curves.std_error[-1], error, atol=2e-7)
                    assert (curves.estimate <= 1).all()

    def test_nobody_left(self):
        curves = aalen_johansen([1, 2, 2], [0, 0, 0])
        assert curves.estimate.tolist() == [[0], [0]]
        assert curves.std_error.tolist() == [[0], [0]]
        assert kaplan_meier([1, 2, 2], [0, 0, 0]).estimate.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("time", "cause", "word"),
    [([1, np.nan], [0, 1], "missing"), ([], [], "at least one"),
     ([1, 2], [0, -1], "coded"), ([1, 2], [0, np.nan], "coded"),
     ([1, 2], [0, 0.5], "coded"), ([1, 2], [0], "one ending for each")],
)  # fmt: skip
def test_what_is_no_curve(time, cause, word):
    with pytest.raises(InvalidInput, match=word):
        aalen_johansen(np.array(time), np.array(cause))
