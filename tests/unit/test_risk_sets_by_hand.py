"""Sums over risk sets, the test of proportional hazards and baselines against plain loops."""

import numpy as np
import pytest

from sessionwise.engine.at_event_times import event_times
from sessionwise.engine.baseline_curve import baseline_hazard, profile_hazard
from sessionwise.engine.efron_steps import tied_steps
from sessionwise.engine.natural_smooth import natural_basis, smooth
from sessionwise.engine.proportional_hazards import proportional_test, schoenfeld
from sessionwise.engine.score_parts import row_scores


def drawn(seed, n=60, strata=2):
    """Rows with ties, late entry and gaps; ``(x, start, stop, event, strata)``."""
    random = np.random.default_rng(seed)
    start = random.integers(0, 5, n)
    stop = start + random.integers(1, 5, n)
    x = random.normal(size=(n, 2)).round(1)
    return x, start, stop, random.random(n) < 0.5, random.integers(0, strata, n)


def steps_by_hand(x, start, stop, event, strata, beta, ties):
    """Go through strata, times and events one by one: (row at risk weights, stratum, time)."""
    risk = np.exp(x @ beta)
    for stratum in np.unique(strata):
        for time in np.unique(stop[event & (strata == stratum)]):
            here = (strata == stratum) & (start < time) & (stop >= time)
            dead = here & event & (stop == time)
            for place in range(dead.sum()):
                share = place / dead.sum() if ties == "efron" else 0.0
                yield risk * here * (1 - share * dead), stratum, time, np.flatnonzero(dead)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", [1, 2])
class TestAgainstLoops:
    beta = np.array([0.4, -0.3])

    def steps(self, seed, ties):
        x, start, stop, event, strata = drawn(seed)
        times = event_times(start, stop, event, strata)
        return tied_steps(times, x, np.exp(x @ self.beta), ties)

    def by_hand(self, seed, ties):
        return list(steps_by_hand(*drawn(seed), self.beta, ties))

    def test_totals_and_means(self, seed, ties):
        steps, x = self.steps(seed, ties), drawn(seed)[0]
        by_hand = [(w.sum(), *(w @ x / w.sum())) for w, *_ in self.by_hand(seed, ties)]
        np.testing.assert_allclose(np.column_stack([steps.total, steps.mean]), by_hand, rtol=1e-12)

    def test_expected_events(self, seed, ties):
        steps = self.steps(seed, ties)
        by_hand = sum(w / w.sum() for w, *_ in self.by_hand(seed, ties))
        np.testing.assert_allclose(steps.expected(), by_hand, rtol=1e-11, atol=1e-13)
        assert steps.expected().sum() == pytest.approx(drawn(seed)[3].sum())

    def test_information(self, seed, ties):
        x = drawn(seed)[0]
        weight = np.linspace(0, 1, drawn(seed)[3].sum())
        by_hand = sum(
            g * np.cov(x.T, aweights=w, ddof=0)
            for g, (w, *_) in zip(weight, self.by_hand(seed, ties))
        )
        np.testing.assert_allclose(self.steps(seed, ties).information(weight), by_hand, rtol=1e-9)

    def test_scores_are_slopes_for_each_row(self, seed, ties):
        steps, x = self.steps(seed, ties), drawn(seed)[0]
        by_hand = np.zeros_like(x)
        for weight, _, _, dead in self.by_hand(seed, ties):
            mean = weight @ x / weight.sum()
            by_hand -= (weight / weight.sum())[:, None] * (x - mean)
            by_hand[dead] += (x[dead] - mean) / len(dead)
        np.testing.assert_allclose(row_scores(steps), by_hand, atol=1e-12)
        np.testing.assert_allclose(
            row_scores(steps).sum(axis=0), schoenfeld(steps).sum(axis=0), atol=1e-11
        )

    def test_baseline(self, seed, ties):
        base = baseline_hazard(self.steps(seed, ties))
        x = np.array([0.5, -1.0])
        hazard, error = profile_hazard(base, x, self.beta, np.diag([0.04, 0.09]))
        ratio = np.exp(x @ self.beta)
        for stratum in (0, 1):
            total, alone, pull = 0.0, 0.0, np.zeros(2)
            rows = drawn(seed)[0]
            for weight, own, time, _ in self.by_hand(seed, ties):
                if own == stratum:
                    total += 1 / weight.sum()
                    alone += 1 / weight.sum() ** 2
                    pull += (x - weight @ rows / weight.sum()) / weight.sum()
                    last = time
            place = np.flatnonzero((base.stratum == stratum) & (base.time == last))[0]
            variance = alone + pull @ np.diag([0.04, 0.09]) @ pull
            assert hazard[place] == pytest.approx(total * ratio)
            assert error[place] == pytest.approx(np.sqrt(variance) * ratio)


class TestProportional:
    def test_the_score_test_is_that_of_the_longer_model(self):
        """χ² is U'I⁻¹U of the likelihood with x·g(t) in it, by differences of that likelihood."""
        x, start, stop, event, strata = drawn(5, n=80)
        g = {time: np.sqrt(time) for time in range(1, 12)}

        def loglik(both):
            total = 0.0
            for stratum in np.unique(strata):
                for time in np.unique(stop[event & (strata == stratum)]):
                    here = (strata == stratum) & (start < time) & (stop >= time)
                    dead = here & event & (stop == time)
                    eta = x @ both[:2] + g[time] * (x @ both[2:])
                    total += eta[dead].sum() - dead.sum() * np.log(np.exp(eta[here]).sum())
            return total

        beta = np.zeros(2)
        for _ in range(30):
            slope, curve = _differences(loglik, np.r_[beta, 0, 0])
            beta = beta - np.linalg.solve(curve[:2, :2], slope[:2])
        slope, curve = _differences(loglik, np.r_[beta, 0, 0])
        times = event_times(start, stop, event, strata)
        steps = tied_steps(times, x, np.exp(x @ beta), "breslow")
        moment = np.sqrt(stop)  # tested on the scale of the end as it is given
        found = proportional_test(
            steps, beta, [[0], [1]], (np.sqrt(start), moment, event), "identity"
        )
        statistic = -slope @ np.linalg.solve(curve, slope)
        assert found.statistic[-1] == pytest.approx(statistic, rel=1e-4)
        assert found.df.tolist() == [1, 1, 2]

    def test_where_g_begins_does_not_matter(self):
        x, start, stop, event, strata = drawn(6)
        later = []
        for shift in (0, 100):
            times = event_times(start + shift, stop + shift, event, strata)
            steps = tied_steps(times, x, np.ones(len(x)), "efron")
            rows = (start + shift, stop + shift, event)
            later.append(proportional_test(steps, np.zeros(2), [[0], [1]], rows, "identity"))
        np.testing.assert_allclose(later[0].statistic, later[1].statistic, rtol=1e-8)

    def test_a_column_that_stands_still_in_a_stratum(self):
        x, start, stop, event, strata = drawn(7)
        x[strata == 1, 1] = 3.0
        times = event_times(start, stop, event, strata)
        steps = tied_steps(times, x - x.mean(axis=0), np.ones(len(x)), "efron")
        found = proportional_test(steps, np.zeros(2), [[0], [1]], (start, stop, event))
        in_second = times.stratum[times.at] == 1
        assert np.isnan(found.scaled[in_second, 1]).all()
        assert np.isfinite(found.scaled[in_second, 0]).all()
        assert np.isfinite(found.scaled[~in_second]).all()


def _differences(function, at, h=1e-4):
    """Give slopes and curvature by central differences."""
    k = len(at)
    unit = h * np.eye(k)
    slope = np.array([(function(at + d) - function(at - d)) / (2 * h) for d in unit])
    curve = np.array(
        [
            [
                function(at + a + b) - function(at + a - b) - function(at - a + b)
                + function(at - a - b)
                for b in unit
            ]
            for a in unit
        ]
    )  # fmt: skip
    return slope, curve / (4 * h * h)


class TestSmooth:
    def test_what_is_natural_is_reproduced(self):
        from scipy.interpolate import CubicSpline

        x = np.linspace(0, 9, 50)
        knots = np.unique(np.quantile(x, [0, 1 / 3, 2 / 3, 1]))
        curve = CubicSpline(knots, [1.0, -2.0, 0.5, 3.0], bc_type="natural")
        line, _ = smooth(x, curve(x), np.array([0.3, 4.4, 8.8]))
        np.testing.assert_allclose(line, curve([0.3, 4.4, 8.8]), rtol=1e-9)

    def test_leverages_sum_to_the_columns(self):
        x = np.random.default_rng(3).normal(size=40)
        assert smooth(x, x, x)[1].sum() == pytest.approx(4)

    def test_few_places(self):
        line, leverage = smooth(np.array([2.0, 2.0]), np.array([1.0, 3.0]), np.array([2.0, 5.0]))
        assert line.tolist() == [2.0, 2.0]
        assert leverage.tolist() == [0.5, 0.5]

    def test_straight_beyond_the_knots(self):
        beyond = natural_basis(np.array([5.0, 6, 7]), np.array([0.0, 1, 2, 4]))
        np.testing.assert_allclose(np.diff(beyond, n=2, axis=0), 0, atol=1e-12)
