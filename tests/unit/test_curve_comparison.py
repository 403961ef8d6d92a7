"""Groups compared: by hand where nobody is censored, by the engine elsewhere."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import records

from sessionwise.engine.group_tests import gray, log_rank
from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.features.leaving import courses_at_risk, courses_followed
from sessionwise.models.curve_comparison import ATTENDED, LOST, groups_compared
from sessionwise.records.packaged import example
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.show.group_tables import group_tests, sessions_by_group
from sessionwise.show.sentences.groups import groups_apart


@pytest.fixture(scope="module")
def finished():
    """Everybody is seen to the end; two groups of twelve."""
    rng = np.random.default_rng(2)
    rows, length = [], {}
    for client in range(24):
        length[client] = int(rng.integers(1, 9)) + (client % 2)
        ending = "planned" if rng.uniform() < 0.4 else "unplanned"
        rows += [
            (client, t, "two" if client % 2 else "one", ending)
            for t in range(1, length[client] + 1)
        ]
    frame = pd.DataFrame(rows, columns=["client", "session", "arm", "ending"])
    return Sessions.of(frame, level={"arm": "course"})


def test_without_censoring_it_is_a_mean_and_its_error(finished):
    found = groups_compared(finished, "arm", 0, until=6)
    last = finished.table.groupby(COURSE_KEY, observed=True)["session"].max().astype(float)
    courses = finished.courses.set_index(COURSE_KEY).loc[last.index]
    for row in found.means.to_dict("records"):
        mine = (courses["arm"].astype(str) == row["group"]).to_numpy()
        if row["measure"] == ATTENDED:
            values = np.minimum(last[mine], 6)
        else:
            unplanned = (courses["ending"].astype(str) == "unplanned").to_numpy()[mine]
            values = np.maximum(6 - last[mine], 0) * unplanned
        assert row["estimate"] == pytest.approx(values.mean(), rel=1e-12)
        assert row["std_error"] == pytest.approx(values.std(ddof=0) / np.sqrt(mine.sum()), rel=1e-9)


def test_the_difference_is_that_of_the_means(finished):
    found = groups_compared(finished, "arm", 0, until=6)
    for measure in (ATTENDED, LOST):
        one, two = found.means[found.means["measure"] == measure].to_dict("records")
        gap = found.differences[found.differences["measure"] == measure].iloc[0]
        error = np.hypot(one["std_error"], two["std_error"])
        assert gap["estimate"] == pytest.approx(two["estimate"] - one["estimate"])
        assert gap["p"] == pytest.approx(2 * stats.norm.sf(abs(gap["estimate"]) / error))
        assert (gap["high"] - gap["low"]) == pytest.approx(2 * stats.norm.ppf(0.975) * error)


def test_the_tests_are_those_of_the_courses_at_the_landmark():
    s = example()
    found = groups_compared(s, "early_alliance", 2).tests.set_index("of")["statistic"]
    early = s.table[s.attended & (s.table["session"] <= 2)]
    mean = early.groupby(COURSE_KEY, observed=True)["srs"].mean()

    cut = mean.reindex(pd.MultiIndex.from_frame(courses_followed(s, 2)[0][COURSE_KEY])).median()

    def parted(courses):
        value = mean.reindex(pd.MultiIndex.from_frame(courses[COURSE_KEY])).to_numpy()
        return courses["time"], courses["cause"], value >= cut

    assert mean.notna().all()
    stay = log_rank(*parted(courses_followed(s, 2)[0]))
    leave = gray(*parted(courses_at_risk(s, 2)[0]), of=2)
    assert found["still in therapy"] == pytest.approx(stay.statistic)
    assert found["planned ending"] == pytest.approx(leave.statistic)


def test_groups_are_cut_once_for_all_tests():
    """A course in one test only may not move the cut of another, and so the names of groups."""
    lines = ["client session ending srs"]
    lines += [f"c{c} 1 {'planned' if c % 3 else 'unplanned'} {30 + c / 2}" for c in range(20)]
    lines += [f"x{c} 1 transferred {10 + c}" for c in range(6)]
    lines += [f"y{c} {t} unplanned {36 + c / 4}" for c in range(6) for t in (1, 2)]
    lines += [f"z{c} {t} planned {25 + c / 4}" for c in range(6) for t in (1, 2)]
    found = groups_compared(records("\n".join(lines)), "srs", 1)
    counts = found.means.groupby("measure")["courses"].sum()
    assert counts[ATTENDED] == 38
    assert counts[LOST] == 32
    assert found.means["group"].nunique() == 2


def test_where_it_ends():
    s = example()
    last = groups_compared(s).until
    with pytest.raises(InvalidInput, match="until"):
        groups_compared(s, until=last + 1)
    with pytest.raises(InvalidInput, match="until"):
        groups_compared(s, landmark=3, until=3)
    with pytest.raises(InvalidInput, match="by"):
        groups_compared(s, "")
    with pytest.raises(Unanswerable):
        groups_compared(s, "arm")


def test_what_a_reader_sees(finished):
    found = groups_compared(finished, "arm", 0, until=6)
    words = groups_apart(found).text
    assert words.startswith("Up to session 6 (24 clients), sessions attended on average: one, ")
    assert words.count("95 % CI") == 2
    assert "log-rank χ²(1)" in words
    table = sessions_by_group(found).frame
    assert table["difference"].isna().tolist() == [True, False, True, False]
    assert group_tests(found).frame["test"].tolist() == ["log-rank", "Gray", "Gray"]


def of_lengths(*groups: tuple[str, list[int], str]) -> Sessions:
    """Make courses of a group, its lengths in sessions, and how all of them ended."""
    lines = ["client session ending arm"]
    for name, lengths, ending in groups:
        for place, last in enumerate(lengths):
            lines += [f"{name}{place} {t} {ending} {name}" for t in range(1, last + 1)]
    return records("\n".join(lines), level={"arm": "course"})


def test_courses_of_groups_too_small_to_compare_are_counted():
    s = of_lengths(
        ("a", [3] * 6, "planned"), ("b", [2, 4] * 3, "planned"), ("c", [5, 6], "planned")
    )
    found = groups_compared(s, "arm", 0)
    assert found.rows.used == 12
    assert ("courses of groups with fewer than 5 of them", 2) in found.rows.left_out


def test_nobody_followed_past_the_landmark_is_no_answer_and_no_wrong_word_of_the_reader():
    s = of_lengths(("a", [2] * 6, "planned"), ("b", [2] * 6, "unplanned"))
    with pytest.raises(Unanswerable, match="past session 2"):
        groups_compared(s, "arm", 2)


def test_limits_lie_where_a_number_of_sessions_can():
    s = of_lengths(
        ("a", [4, 7, 8, 8, 8, 8, 8, 8], "unplanned"), ("b", [4, 5, 5, 5, 5, 5], "planned")
    )
    found = groups_compared(s, "arm", 4).means
    attended, lost = (found[found["measure"] == kind] for kind in (ATTENDED, LOST))
    assert attended["low"].min() >= 4
    assert attended["high"].max() <= 5
    assert lost["low"].dropna().min() >= 0
    assert lost["high"].dropna().max() <= 1


def test_a_group_in_which_nobody_left_gives_no_test_of_what_was_lost():
    """Its error is 0 for want of endings, not of doubt."""
    s = of_lengths(("a", [3, 4, 5, 6, 7, 8], "unplanned"), ("b", [3, 4, 5, 6, 7, 8], "planned"))
    found = groups_compared(s, "arm", 0)
    lost = found.differences.set_index("measure").loc[LOST]
    assert lost["estimate"] < 0
    assert lost[["std_error", "low", "high", "p"]].isna().all()
    assert "nan" not in groups_apart(found).text
    assert sessions_by_group(found).frame["p"].isna().sum() == 3
