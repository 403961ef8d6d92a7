"""One look for every figure, and the same bytes from the same numbers."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

import matplotlib
import seaborn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from matplotlib.font_manager import FontProperties

from sessionwise.show.display import Figure

INK = "#22272b"
QUIET = "#6b7278"
GRID = "#e4e7ea"
# Okabe and Ito's colours, the light ones darkened until they can be read as text on white.
PALETTE = ("#0067a5", "#b84a00", "#00785a", "#9b4480", "#7a6000", "#2f7fa8")
DASHES = ("-", (0, (5, 1.6)), (0, (6, 1.5, 1.2, 1.5)), (0, (1.4, 1.4)))
WIDTH, HEIGHT, DPI = 6.8, 4.2, 160
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.5, 11, 9.5
RULES = {
    "svg.fonttype": "path",
    "svg.hashsalt": "sessionwise",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_SIZE,
    "axes.titlesize": TEXT_SIZE,
    "axes.labelsize": TEXT_SIZE,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.bottom": True,
    "xtick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.left": False,
    "lines.linewidth": 1.9,
    "lines.solid_capstyle": "butt",
    "axes.unicode_minus": True,
    "text.parse_math": False,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside the block; nothing outside it is touched."""
    with matplotlib.rc_context(), seaborn.axes_style("ticks"):
        matplotlib.rcParams.update(RULES)
        yield


def canvas(height: float = HEIGHT) -> Drawing:
    """Give an empty drawing that no state of pyplot knows of, 6.8 inches wide."""
    drawing = Drawing(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(drawing)
    drawing.get_layout_engine().set(w_pad=0.08, h_pad=0.08, wspace=0.03)
    return drawing


def finished(
    drawing: Drawing, name: str, title: str, words: tuple[str, str], synthetic: bool
) -> Figure:
    """Put the title over a drawing, stamp it if its data are synthetic, and write it down.

    Parameters
    ----------
    drawing
        From :func:`canvas`, drawn inside :func:`style`.
    name, title
        Of the figure; the title states the finding.
    words
        Caption and alternative text.
    synthetic
        Whether to stamp it.
    """
    caption, alt = words
    drawing.suptitle(
        wrapped(drawing, title),
        x=0.012,
        ha="left",
        fontsize=TITLE_SIZE,
        fontweight="bold",
        linespacing=1.25,
    )
    if synthetic:
        drawing.supxlabel("SYNTHETIC DATA", x=0.988, ha="right", fontsize=7.5, color=QUIET)
    png, svg = io.BytesIO(), io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": f"sessionwise {name}"}):
        drawing.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        drawing.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    described = svg.getvalue().replace(
        "<svg ", f'<svg role="img" aria-label="{escape(alt, quote=True)}" ', 1
    )
    return Figure(name, title, caption, alt, png.getvalue(), described)


def wrapped(drawing: Drawing, title: str) -> str:
    """Break a title into as few lines as fit the drawing, of about the same length."""
    font = FontProperties(family=["DejaVu Sans"], size=TITLE_SIZE, weight="bold")
    measure = drawing.canvas.get_renderer().get_text_width_height_descent

    def lines(room: float) -> list[str]:
        broken = [""]
        for word in title.replace(" %", "\u00a0%").split(" "):
            longer = f"{broken[-1]} {word}".strip()
            if broken[-1] and measure(longer, font, False)[0] > room:
                broken.append(word)
            else:
                broken[-1] = longer
        return broken

    return "\n".join(_balanced(lines, 0.96 * drawing.get_figwidth() * DPI, 0.02))


def folded(text: str, width: int) -> str:
    """Break a label into lines of at most ``width`` letters, of about the same length.

    Examples
    --------
    >>> folded("Alliance to date, per point", 24).splitlines()
    ['Alliance to', 'date, per point']
    """
    return "\n".join(_balanced(lambda room: textwrap.wrap(text, max(int(room), 1)), width, 0.04))


def _balanced(lines: Callable[[float], list[str]], room: float, step: float) -> list[str]:
    """Narrow the room as long as the number of lines stays the same."""
    best = lines(room)
    narrower = room
    while narrower > room / 2:
        narrower -= room * step
        tried = lines(narrower)
        if len(tried) > len(best):
            break
        best = tried
    return best


def looks(groups: list[str]) -> dict[str, dict[str, object]]:
    """Give each group a colour and a dash, so that print in grey can still be read."""
    return {
        group: {
            "color": PALETTE[place % len(PALETTE)],
            "linestyle": DASHES[place % len(DASHES)],
        }
        for place, group in enumerate(groups)
    }
