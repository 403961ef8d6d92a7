"""The flow of courses from session to session: who came, who missed and returned, who left."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sessionwise.features.course_flow import CAME, LEFT, RETURNED, SCHEDULED, STATES
from sessionwise.show.axes import spread
from sessionwise.show.display import Figure, Note, Nothing, explained
from sessionwise.show.numbers import count, listed, percent
from sessionwise.show.suppression import SMALLEST, guarded_together
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, style

ORDER = (SCHEDULED, *STATES)
COLOURS = {
    SCHEDULED: QUIET,
    CAME: PALETTE[0],
    RETURNED: PALETTE[4],
    LEFT: PALETTE[1],
    "ended as planned": PALETTE[2],
    "ended otherwise": PALETTE[3],
    "still open": "#8f979d",
    "never came": INK,
}
Places = dict[tuple[int, str], tuple[float, float]]
WIDTH = 0.13  # of a bar, one session being 1
FEWEST_COURSES = 20
ROOM = 1.9  # to the right, for names


@explained
def flow(
    found: pd.DataFrame, title: str = "", name: str = "flow", synthetic: bool = False
) -> Figure | Note | Nothing:
    """Draw where all courses are at each session, and where they go.

    The height of a stream says how many courses move; it is rounded to the nearest five, and those
    of one to four are all equally thin, so that no stream can be counted.

    Parameters
    ----------
    found
        From ``attendance_flow``.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.

    Returns
    -------
    Figure, Note or Nothing
        Nothing of fewer than twenty courses, or where one session was all there was.
    """
    last = int(found["session"].max())
    total = int(found.loc[found["session"] == 1, "courses"].sum())
    if total < FEWEST_COURSES or last < 2:
        return Nothing()
    with style():
        drawing = canvas(4.6)
        axes = drawing.subplots()
        places = _bars(axes, found, last)
        _streams(axes, found, places)
        _names(axes, found, places, last)
        _frame(axes, places, last)
        words = (_caption(found, total, last), _alt(found, total, last))
        return finished(drawing, name, title or _finding(found, total, last), words, synthetic)


def rounded(courses: np.ndarray) -> np.ndarray:
    """Round numbers of courses to five; one to four are all half of that.

    Examples
    --------
    >>> rounded(np.array([0, 1, 4, 5, 12, 13])).tolist()
    [0.0, 2.5, 2.5, 5.0, 10.0, 15.0]
    """
    courses = np.asarray(courses, float)
    near = SMALLEST * np.round(courses / SMALLEST)
    return np.where((courses > 0) & (courses < SMALLEST), SMALLEST / 2, near)


def _bars(axes: Axes, found: pd.DataFrame, last: int) -> Places:
    """Draw one bar for each state at each session; give their tops and heights."""
    there = found.groupby(["session", "state"])["courses"].sum()
    there[0, SCHEDULED] = found.loc[found["session"] == 1, "courses"].sum()
    gap = 0.012 * there[0, SCHEDULED]
    places: Places = {}
    for session in range(last + 1):
        top = 0.0
        for state in ORDER:
            if (session, state) not in there.index:
                continue
            height = float(rounded(there[session, state]))
            places[session, state] = (top, height)
            bar = (session - WIDTH / 2, top - height)
            axes.add_patch(
                Rectangle(bar, WIDTH, height, facecolor=COLOURS[state], linewidth=0, zorder=3)
            )
            top -= height + gap
    return places


def _streams(axes: Axes, found: pd.DataFrame, places: Places) -> None:
    """Draw the moves between sessions, from top to bottom in the order of the states.

    At either end the streams of a bar fill it, so that their heights need not add up by themselves.
    """
    bend = np.linspace(0, 1, 40)
    shape = bend**2 * (3 - 2 * bend)
    ranks = {state: place for place, state in enumerate(ORDER)}
    drawn = found.assign(height=rounded(found["courses"].to_numpy()))
    drawn["one"], drawn["two"] = drawn["before"].map(ranks), drawn["state"].map(ranks)
    drawn = drawn.sort_values(["session", "one", "two"])
    out = drawn.groupby(["session", "before"])["height"].sum()
    into = drawn.groupby(["session", "state"])["height"].sum()
    starts = {place: top for place, (top, _) in places.items()}
    ends = dict(starts)
    for row in drawn.itertuples():
        source, target = (row.session - 1, row.before), (row.session, row.state)
        left = row.height * places[source][1] / out[row.session, row.before]
        right = row.height * places[target][1] / into[target]
        x = row.session - 1 + WIDTH / 2 + bend * (1 - WIDTH)
        high = starts[source] + (ends[target] - starts[source]) * shape
        over = row.before == row.state and row.before not in (CAME, RETURNED)
        axes.fill_between(
            x,
            high - left - (right - left) * shape,
            high,
            color=COLOURS[row.state],
            alpha=0.16 if over else 0.38,
            linewidth=0,
            zorder=1 if over else 2,
        )
        starts[source] -= left
        ends[target] -= right


def _names(axes: Axes, found: pd.DataFrame, places: Places, last: int) -> None:
    """Write the name and number of each state beside its last bar."""
    shown = _shown(found, last)
    states = list(shown)
    middles = [places[last, state][0] - places[last, state][1] / 2 for state in states]
    low = min(top - height for top, height in places.values())
    apart = spread(middles, -low * 0.062, low, 0.0)
    for state, place, middle in zip(states, apart, middles):
        many = shown[state]
        axes.annotate(
            f"{state}, {count(many) if isinstance(many, int) else many}",
            (last + WIDTH / 2, middle),
            (last + WIDTH / 2 + 0.14, place),
            va="center",
            color=COLOURS[state],
            fontsize=SMALL_SIZE,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": COLOURS[state], "lw": 0.5},
        )


def _frame(axes: Axes, places: Places, last: int) -> None:
    low = min(top - height for top, height in places.values())
    axes.set_xlim(-0.35, last + ROOM * last / 7)
    axes.set_ylim(low * 1.01, -low * 0.01)
    axes.set_xticks(range(last + 1), ["Scheduled", *(str(place) for place in range(1, last + 1))])
    axes.set_xlabel("Session", x=last / 2 / (last + ROOM * last / 7 + 0.35))
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False)


def _shown(found: pd.DataFrame, session: int) -> dict[str, int | str]:
    """Give how many courses are in each state, small numbers and those that tell them withheld."""
    there = found[found["session"] == session].groupby("state")["courses"].sum()
    states = [state for state in ORDER if state in there.index]
    return dict(zip(states, guarded_together([int(there[state]) for state in states])))


def _finding(found: pd.DataFrame, total: int, last: int) -> str:
    """State who came to the last session drawn, and who had left, where neither is withheld."""
    told = _shown(found, last)
    came = [told.get(state, 0) for state in (CAME, RETURNED)]
    left = told.get(LEFT, 0)
    if any(isinstance(many, str) for many in came):
        return f"Where {count(total, 'course')} are from session to session"
    said = f"{percent(sum(came) / total)} of courses came to session {last}"
    return said if isinstance(left, str) else f"{said}; {percent(left / total)} had left unplanned"


def _caption(found: pd.DataFrame, total: int, last: int) -> str:
    later = found[found["session"] > 1]
    back = int(later.loc[later["state"] == RETURNED, "courses"].sum())
    visits = back + int(later.loc[later["state"] == CAME, "courses"].sum())
    missed = (
        f" Of the sessions after the first, {percent(back / visits)} were attended after one or "
        "more missed or cancelled appointments."
        if back >= SMALLEST
        else ""
    )
    return (
        f"Each of {count(total, 'course')} at sessions 1 to {last}: came straight from the session "
        "before, came after a miss, or was over. Open courses are those without a later session "
        f"in the records; nothing is estimated for them.{missed} Streams are rounded to the "
        f"nearest {SMALLEST} courses; those of fewer are equally thin."
    )


def _alt(found: pd.DataFrame, total: int, last: int) -> str:
    """Give the figure in words: the states at the last session, the others could be told from."""
    each = listed([f"{many} {state}" for state, many in _shown(found, last).items()])
    return (
        f"Streams of {count(total, 'course')} from session to session; at session {last}, {each}."
    )
