"""Whether correlation is left in the residuals of a mixed model, in numbers and as a figure."""

import re

import numpy as np
import pandas as pd
import pytest
from test_mixed_residuals import NESTED, going

import sessionwise as sw
from sessionwise.errors import InvalidInput, Refused
from sessionwise.models.left_correlation import semivariogram
from sessionwise.models.mixed_model import mixed
from sessionwise.show.display import Nothing
from sessionwise.show.figures.semivariogram_points import semivariogram as drawn
from sessionwise.show.fit_page import page
from sessionwise.show.further_tables import further


def test_the_numbers_are_those_of_all_pairs_one_by_one():
    rows = going(clients=20, missed=0.4)
    fit = mixed("ors ~ session + (1 | client)", rows)
    modes = fit.modes("client").set_index("level")["mode"]
    line = fit.estimates["estimate"]
    rest = rows["ors"] - line[0] - line[1] * rows["session"] - rows["client"].map(modes)
    rest = rest / fit.variances["sd"].iloc[-1]
    by_lag: dict[int, list[tuple[float, int]]] = {}
    for client, own in rows.groupby("client").groups.items():
        for i in own:
            for j in own:
                lag = rows["session"][j] - rows["session"][i]
                if lag > 0:
                    by_lag.setdefault(lag, []).append(((rest[i] - rest[j]) ** 2 / 2, client))
    found = semivariogram(fit).estimates.set_index("lag")
    assert sorted(by_lag) == found.index.tolist()
    for lag, pairs in by_lag.items():
        halves, clients = zip(*pairs)
        assert found.loc[lag, "semivariance"] == pytest.approx(np.mean(halves), rel=1e-9)
        assert found.loc[lag, "pairs"] == len(pairs)
        assert found.loc[lag, "series"] == len(set(clients))


def test_what_goes_on_is_seen_and_gone_where_the_model_has_it():
    rows = going(phi=0.6, clients=100)
    before = semivariogram(mixed(NESTED, rows))
    fit = mixed(NESTED, rows, residual="ar1")
    assert before.nearest["high"] < 0
    left = semivariogram(fit).nearest
    assert left["low"] < 0 < left["high"]
    assert semivariogram(fit, "standardised").nearest["high"] < 0


def test_limits_hold_where_there_is_no_correlation():
    """100 clinics of 40 clients: the nearest lag differs from the rest in some 5 of them."""
    wrong = 0
    for seed in range(100):
        rows = going(phi=0.0, clients=40, sessions=6, seed=seed)
        near = semivariogram(mixed("ors ~ session + (1 | client)", rows, df="containment")).nearest
        wrong += not near["low"] < 0 < near["high"]
    assert wrong <= 12  # 5 and three standard deviations of such a count, rounded up


def test_many_different_gaps_are_put_together():
    rows = going(sessions=15, missed=0.1)
    found = semivariogram(mixed(NESTED, rows), order="date")
    assert found.unit == "day"
    assert len(found.estimates) <= 12
    assert found.estimates["lag"].is_monotonic_increasing
    every = sum(n * (n - 1) // 2 for n in rows.groupby("client").size())
    assert found.estimates["pairs"].sum() == every


def test_a_slope_of_clients_is_no_part_of_the_residuals():
    rows = going(sessions=10, clients=80)
    tilted = rows.assign(ors=rows["ors"] + (rows["client"] % 7 - 3) * rows["session"])
    level = semivariogram(mixed("ors ~ session + (1 | client)", tilted)).nearest["estimate"]
    slopes = semivariogram(mixed("ors ~ session + (session | client)", tilted)).nearest["estimate"]
    assert slopes > level + 0.1


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"scale": "plain"}, "'normalised'"), ({"order": "sesion"}, "'session'")],
)
def test_a_word_that_is_none(asked, said):
    with pytest.raises(InvalidInput, match=said):
        semivariogram(mixed(NESTED, going()), **asked)


def test_one_lag_says_nothing():
    rows = going(sessions=2, missed=0.0)
    with pytest.raises(Refused, match="as far apart in time"):
        semivariogram(mixed("ors ~ session + (1 | therapist)", rows))


class TestTheFigure:
    def test_its_title_states_the_finding(self):
        rows = going(phi=0.6, clients=100)
        assert drawn(semivariogram(mixed(NESTED, rows))).title.endswith("correlation is left")
        fit = mixed(NESTED, rows, residual="ar1")
        assert "no more alike" in drawn(semivariogram(fit)).title
        assert drawn(semivariogram(fit, "standardised")).title.endswith("they go on")
        back = mixed(NESTED, going(phi=-0.5, clients=100))
        assert drawn(semivariogram(back)).title.endswith("they turn over")

    def test_it_says_the_same_in_words(self):
        found = semivariogram(mixed(NESTED, going(phi=0.6, clients=100)))
        figure = sw.show.semivariogram(found)
        first = found.estimates.iloc[0]
        assert f"{first['semivariance']:.2f} at 1 (n = {first['pairs']:.0f})" in figure.alt
        assert len(re.findall("95 % CI", figure.caption)) == 1
        assert figure.png == sw.show.semivariogram(found).png

    def test_lags_of_fewer_than_five_are_not_drawn(self):
        few = going(clients=4)
        found = semivariogram(mixed("ors ~ session + (1 | client)", few))
        assert isinstance(drawn(found), Nothing)


class TestTheTable:
    def test_it_has_a_line_for_each_parameter(self):
        fit = mixed(NESTED, going(larger=1.5), residual="ar1", residual_by="modality")
        shown = further(fit)
        assert shown.frame["parameter"].tolist() == [
            "Residual correlation φ, one session apart",
            "Residual SD in modality[video] over that in [in_person]",
        ]
        np.testing.assert_allclose(shown.frame["estimate"], fit.further["estimate"], atol=0.006)
        assert "Also estimated" in page(fit)

    def test_a_working_correlation_has_no_limits(self):
        shown = sw.show.further(sw.gee("ors ~ session", going(), "client"))
        assert pd.isna(shown.frame.loc[0, "low"])
        assert "nan" not in shown.html

    def test_independent_residuals_have_none(self):
        assert isinstance(further(mixed(NESTED, going())), Nothing)
