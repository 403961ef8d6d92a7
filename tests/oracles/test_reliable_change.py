"""Reliable and clinically significant change, beside numbers others published or computed.

- Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12–19, Table 1 and
  pp. 13–14: the worked example, printed to two decimals.
- The R package suddengains 0.4.4, tests of `define_crit1_cutoff`: printed to six decimals.
- The R package clinicalsignificance 2.1 (Claus et al. 2020, HAM-D and BDI-II of 43 inpatients;
  Jacobson et al. 1989, 30 couples), its snapshots and R 4.2.2 on its data: printed to six decimals.

The data are not ours to ship: their folder is named by SESSIONWISE_EXTRA_DATA.
"""

from dataclasses import replace

import pytest
from extra_rows import extra_rows

import sessionwise as sw
from sessionwise.engine.reliable_change import change_error
from sessionwise.instruments.catalogue import from_mapping
from sessionwise.records.sessions import Sessions

PRINTED = 5e-7  # half of the sixth decimal


def test_the_client_of_jacobson_and_truax_who_went_from_32_5_to_47_5():
    error = change_error(7.5, 0.80)
    assert round(error.measurement, 2) == 3.35
    assert round(error.difference, 2) == 4.74
    assert round((47.5 - 32.5) / error.difference, 2) == 3.16


@pytest.mark.parametrize(
    ("sd", "reliability", "measurement", "difference", "criterion"),
    [
        (10.5, 0.961, 2.073584, 2.93249, 5.747681),
        (6.396073, 0.931, 1.680111, 2.376036, 4.65703),
    ],
)
def test_the_errors_of_suddengains(sd, reliability, measurement, difference, criterion):
    """The second standard deviation is itself rounded to six decimals."""
    error = change_error(sd, reliability)
    assert error.measurement == pytest.approx(measurement, abs=PRINTED)
    assert error.difference == pytest.approx(difference, abs=PRINTED)
    assert error.criterion == pytest.approx(criterion, abs=PRINTED)


def instrument(name, better, items, most):
    return from_mapping(
        {
            "id": name,
            "name": name,
            "rater": "client",
            "better": better,
            "items": items,
            "item_min": 0,
            "item_max": most,
            "scoring": "total_only",
            "licence": "",
            "status": {"scoring": "secondary"},
            "sources": {"scoring": "this test"},
        }
    )


@pytest.fixture(scope="module")
def inpatients() -> Sessions:
    """Claus et al. (2020): the first and the fourth of four assessments."""
    frame = extra_rows("cs_claus_2020.csv", dtype={"id": str})
    frame = frame[frame["time"].isin([1, 4])].rename(columns={"id": "client"})
    frame = frame[["client", "time", "treatment", "bdi", "hamd"]]
    s = Sessions.of(frame, "time", level={"treatment": "course"}, time_unit="assessments")
    scales = {"hamd": instrument("hamd", "lower", 17, 4), "bdi": instrument("bdi", "lower", 21, 3)}
    return replace(s, instruments=scales)


def counted(changed) -> dict[str, int]:
    return dict(zip(changed.shares["verdict"], changed.shares["courses"], strict=True))


class TestInpatients:
    def test_who_changed_reliably(self, inpatients):
        """A cut-off below every score: everybody is clinical throughout, and nobody recovers."""
        changed = sw.reliable_change(inpatients, "hamd", reliability=0.80, cutoff=-1)
        assert changed.rows.used == 40
        assert changed.rows.left_out == (("HAMD: one score only", 3),)
        assert changed.sd == pytest.approx(3.340121, abs=PRINTED)
        assert changed.error.measurement == pytest.approx(1.493748, abs=PRINTED)
        assert changed.error.difference == pytest.approx(2.112478, abs=PRINTED)
        assert changed.criterion == pytest.approx(4.140457, abs=PRINTED)
        assert counted(changed) == {
            "recovered": 0,
            "improved": 29,
            "unchanged": 10,
            "deteriorated": 1,
        }

    def test_who_recovered(self, inpatients):
        """The cut-off is printed to three decimals."""
        changed = sw.reliable_change(inpatients, "hamd", reliability=0.80, cutoff=19.887)
        assert counted(changed) == {
            "recovered": 26,
            "improved": 3,
            "unchanged": 10,
            "deteriorated": 1,
        }

    def test_by_treatment_as_published(self, inpatients):
        """Seven points of the BDI-II: TAU 8, 7, 4 and PA 17, 4, 0; shares of 19 and of 21."""
        changed = sw.reliable_change(inpatients, "bdi", "treatment", criterion=7, cutoff=-1)
        shares = changed.shares.set_index(["group", "verdict"])
        three = ["improved", "unchanged", "deteriorated"]
        assert shares.loc["TAU"].loc[three, "courses"].tolist() == [8, 7, 4]
        assert shares.loc["PA"].loc[three, "courses"].tolist() == [17, 4, 0]
        assert shares.loc[("TAU", "improved"), "share"] == 8 / 19
        assert shares.loc[("PA", "improved"), "share"] == 17 / 21


@pytest.mark.parametrize(
    ("score", "better", "couples", "once", "sd", "first"),
    [("das", "higher", 30, 0, 11.825661, 81.58333), ("gds", "lower", 26, 4, None, None)],
)
def test_couples(score, better, couples, once, sd, first):
    """Jacobson et al. (1989): all have two DAS scores, 26 of 30 two GDS scores."""
    frame = extra_rows("cs_jacobson_1989.csv", dtype={"subject": str})
    frame["time"] = frame["time"].map({"pre": 0, "post": 1})
    s = Sessions.of(frame.rename(columns={"subject": "client"}), "time", time_unit="assessments")
    s = replace(s, instruments={score: instrument(score, better, 32, 5)})
    changed = sw.reliable_change(s, score, reliability=0.80, cutoff=97)
    assert changed.rows.used == couples
    assert sum(many for _, many in changed.rows.left_out) == once
    if sd is not None:
        assert changed.sd == pytest.approx(sd, abs=PRINTED)
        assert changed.frame["first"].mean() == pytest.approx(first, abs=5e-6)  # five decimals
        assert changed.frame["last"].mean() == pytest.approx(98.05, abs=5e-6)
