"""Whether groups stay equally long: tests between curves, and sessions attended and lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.group_tests import gray, log_rank
from sessionwise.engine.restricted_means import Area, apart, lost_until, mean_until
from sessionwise.errors import InvalidInput, Problem, Unanswerable
from sessionwise.features.leaving import CAUSES, courses_at_risk, courses_followed
from sessionwise.models.cumulative_incidence import curve_rows
from sessionwise.models.curve_groups import Cut, grouped
from sessionwise.models.ending_notes import as_counted
from sessionwise.models.fit import Recipe, Rows
from sessionwise.records.ledger import Left
from sessionwise.records.sessions import COURSE_KEY, Sessions
from sessionwise.records.small_counts import FEWEST, many

ATTENDED, LOST = "sessions attended", "sessions lost to unplanned endings"
MOST_GROUPS = 4
"""With more groups, none is set beside another one by one."""


@dataclass(frozen=True, eq=False)
class GroupsCompared:
    """How groups differ in staying and in leaving; numbers only.

    Attributes
    ----------
    question
        One sentence.
    tests
        ``of, test, statistic, df, p``: log-rank for still being in therapy, Gray's for each kind of
        ending.
    means
        ``group, courses, measure, estimate, std_error, low, high``: sessions attended up to
        ``until``, and sessions lost to unplanned endings by then, per course; without limits where
        nobody ended, and with none outside what is possible.
    differences
        ``group, reference, measure, estimate, std_error, low, high, p``: every group less the
        first, without an error where one of the two has none; empty with more than four groups.
    until
        The session counted up to.
    rows, recipe
        Counted in courses; how it was made.
    """

    question: str
    tests: pd.DataFrame
    means: pd.DataFrame
    differences: pd.DataFrame
    until: int
    rows: Rows
    recipe: Recipe = field(repr=False)

    def __repr__(self) -> str:
        tests = self.tests.to_string(index=False, float_format=lambda x: f"{x:.4g}")
        means = self.means.to_string(index=False, float_format=lambda x: f"{x:.4g}")
        return f"{self.question}\n{tests}\nUp to session {self.until}:\n{means}"


def groups_compared(
    s: Sessions,
    by: str = "early_alliance",
    landmark: int = 3,
    alliance: str = "srs",
    cut: Cut = "median",
    *,
    until: int | None = None,
) -> GroupsCompared:
    """Do the groups stay equally long, and do as many of each ever leave?

    The log-rank test is of *any* ending; Gray's tests are of how many end unplanned, and as
    planned. A difference in sessions says how much: the area between the curves up to one session.

    Parameters
    ----------
    s, by, landmark, alliance, cut
        As in :func:`incidence`; ``by`` may not be empty.
    until
        The session counted up to. By default the last one at which five courses of every group are
        still followed, and the landmark is over.

    Returns
    -------
    GroupsCompared

    Raises
    ------
    InvalidInput
        No ``by``, or an ``until`` that the landmark has passed, or later than a group is followed.
    Unanswerable
        As :func:`incidence`; fewer than two groups of five courses followed past the landmark.

    Notes
    -----
    A course that ends after session t has attended t sessions; those attended up to session u are
    the area under the curve from 0 to u, E[min(T, u)], the sessions up to the landmark included, as
    everybody attended them. Groups are cut once, among the courses followed from the landmark on;
    of these, those without a decision that was seen are in no test of a kind of ending. Courses are
    taken for independent: clients of one therapist are alike and p is then too small. Royston &
    Parmar 2013, BMC Med Res Methodol 13:152.

    Examples
    --------
    >>> import sessionwise as sw
    >>> groups_compared(sw.example()).tests["test"].tolist()
    ['log-rank', 'Gray', 'Gray']
    """
    if not by:
        problem = Problem("`by` is empty", "", 'Name the groups, e.g. by="early_alliance".')
        raise InvalidInput([problem], "comparing groups")
    at = (landmark, alliance, cut)
    followed = courses_followed(s, landmark)
    stay, left = grouped(s, followed, by, at)
    leave = _same_groups(stay, courses_at_risk(s, landmark)[0])
    stay, leave, names, small = _large_enough(stay, leave)
    last = _followed_until((stay, leave))
    if last <= landmark:
        raise Unanswerable(
            f"Of one group fewer than {FEWEST} courses are followed past session {landmark}: there "
            "is nothing to compare from then on. Take an earlier landmark."
        )
    until = last if until is None else until
    if not landmark < until <= last:
        problem = Problem(
            f"until = {until}", "", f"Name a session after {landmark}, {last} at the latest."
        )
        raise InvalidInput([problem], "comparing groups")
    means = _means(stay, leave, names, (landmark, until))
    rows = curve_rows(stay, (*left, *small), followed[0])
    return GroupsCompared(
        question="Do the groups stay equally long, and do as many of each ever leave?",
        tests=_tests(stay, leave),
        means=means,
        differences=_differences(means, names),
        until=until,
        rows=rows,
        recipe=as_counted(_recipe(landmark, len(stay) - len(leave)), s),
    )


def _same_groups(stay: pd.DataFrame, leave: pd.DataFrame) -> pd.DataFrame:
    """Give courses at risk the groups they have in the curve of staying, cut at the same values."""
    group = stay.set_index(COURSE_KEY)["group"]
    theirs = group.reindex(pd.MultiIndex.from_frame(leave[COURSE_KEY])).array
    return leave.assign(group=theirs).dropna(subset=["group"]).reset_index(drop=True)


def _large_enough(
    stay: pd.DataFrame, leave: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str], tuple[Left, ...]]:
    """Keep groups of five courses on both clocks, in their order; count the courses of others."""
    both = [frame["group"].astype("str").value_counts() for frame in (stay, leave)]
    order = sorted(leave["group"].dropna().unique(), key=_place(leave["group"]))
    names = [str(one) for one in order if all(n.get(str(one), 0) >= FEWEST for n in both)]
    if len(names) < 2:
        raise Unanswerable(
            f"Two groups of at least {FEWEST} courses are needed, and there "
            f"{'is one' if names else 'is none'}."
        )
    named = [frame.assign(group=frame["group"].astype("str")) for frame in (stay, leave)]
    kept = [frame[frame["group"].isin(names)] for frame in named]
    reason = f"courses of groups with fewer than {FEWEST} of them"
    few = len(stay) - len(kept[0])
    return kept[0], kept[1], names, (Left(reason, 0, few),) if few else ()


def _place(group: pd.Series) -> object:
    """Give the order of groups: that of the category, or of the values."""
    categories = list(group.cat.categories) if hasattr(group, "cat") else sorted(group.unique())
    return categories.index


def _followed_until(frames: tuple[pd.DataFrame, ...]) -> int:
    """Give the last session at which five courses of every group are still followed."""
    by_group = (times for frame in frames for _, times in frame.groupby("group")["time"])
    return min(int(np.sort(times.to_numpy())[-FEWEST]) for times in by_group)


def _tests(stay: pd.DataFrame, leave: pd.DataFrame) -> pd.DataFrame:
    """Test the curves between groups."""
    found = [("still in therapy", "log-rank", log_rank(stay["time"], stay["cause"], stay["group"]))]
    for kind, cause in CAUSES.items():
        test = gray(leave["time"], leave["cause"], leave["group"], of=cause)
        found.append((f"{kind} ending", "Gray", test))
    lines = [(of, name, test.statistic, test.df, test.p) for of, name, test in found]
    return pd.DataFrame(lines, columns=["of", "test", "statistic", "df", "p"])


def _means(
    stay: pd.DataFrame, leave: pd.DataFrame, names: list[str], window: tuple[int, int]
) -> pd.DataFrame:
    """Give the sessions attended, and lost, up to one session; all attended the landmark."""
    landmark, until = window
    possible = {ATTENDED: (landmark, until), LOST: (0, until - landmark)}
    lines = []
    for measure, frame in ((ATTENDED, stay), (LOST, leave)):
        for name in names:
            part = frame[frame["group"] == name]
            time, cause = part["time"].to_numpy(), part["cause"].to_numpy()
            area = (
                mean_until(time, cause, until)
                if measure == ATTENDED
                else lost_until(time, cause, until, CAUSES["unplanned"])
            )
            half = stats.norm.ppf(0.975) * area.std_error
            low, high = np.clip([area.estimate - half, area.estimate + half], *possible[measure])
            if area.std_error == 0:  # nobody ended, or everybody at once: no spread to judge by
                low = high = float("nan")
            lines.append((name, len(part), measure, area.estimate, area.std_error, low, high))
    columns = ["group", "courses", "measure", "estimate", "std_error", "low", "high"]
    return pd.DataFrame(lines, columns=columns)


def _differences(means: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Set every group beside the first."""
    columns = [
        "group", "reference", "measure", "estimate", "std_error", "low", "high", "p",
    ]  # fmt: skip
    lines = []
    for measure in (ATTENDED, LOST) if len(names) <= MOST_GROUPS else ():
        rows = means[means["measure"] == measure].set_index("group")
        areas = {name: Area(*rows.loc[name, ["estimate", "std_error"]]) for name in names}
        for name in names[1:]:
            gap = apart(areas[name], areas[names[0]])
            numbers = (gap.estimate, gap.std_error, gap.low, gap.high, gap.p)
            if not (areas[name].std_error and areas[names[0]].std_error):
                numbers = (gap.estimate, *[float("nan")] * 4)  # no spread to judge one of them by
            lines.append((name, names[0], measure, *numbers))
    return pd.DataFrame(lines, columns=columns)


def _recipe(landmark: int, unseen: int) -> Recipe:
    of_one_kind = (
        f"{many(unseen, 'courses')} without a decision that was seen are in no test of one kind of "
        "ending, and in no sessions lost.",
    )
    return Recipe(
        kind="log-rank and Gray's tests, and restricted mean numbers of sessions"
        + (f", among courses that attended session {landmark}" if landmark else ""),
        formula="",
        estimation="product limit",
        errors="Greenwood",
        reference="chi-squared; normal for differences",
        notes=(
            "Courses are taken for independent; clients of one therapist are alike, so that true "
            "errors are larger.",
            *(of_one_kind if unseen else ()),
        ),
        sources=("log_rank", "gray", "restricted_mean", *(("landmark",) if landmark else ())),
    )
