"""Draws truth against estimate, and quotes it in LIMITATIONS: made of the committed recovery.

``make recovery`` runs it when all clinics are drawn.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from regimes import HONEST, PLAIN

from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, style

FOLDER = Path(__file__).parent
FIGURE = FOLDER.parents[1] / "docs" / "truth-against-estimate.png"
COLUMNS = {
    ("alliance_and_next_outcome", "srs_lag1_within"): "Alliance → next outcome,\nwithin clients",
    ("alliance_and_next_outcome", "srs_lag1_between"): "Alliance → next outcome,\nbetween clients",
    ("outcome_over_time", "session"): "Outcome per session\n(growth model)",
    ("alliance_and_leaving", "srs_to_date"): "Alliance to date →\nleaving",
    ("alliance_and_leaving", "srs_change"): "Change of alliance →\nleaving",
}
HELD = {
    ("alliance_and_next_outcome", "srs_lag1_within"): "Alliance → next outcome",
    ("alliance_and_next_outcome_given_previous", "srs_lag1_within"): (
        "Alliance → next outcome, previous outcome held"
    ),
    ("alliance_and_next_outcome_given_previous", "ors_lag1_within"): "the weight of that outcome",
    ("outcome_and_alliance", "ors_within"): "Outcome → alliance of the same session",
    ("outcome_and_alliance_given_previous", "ors_within"): (
        "Outcome → alliance of the same session, previous alliance held"
    ),
    ("outcome_and_alliance_given_previous", "srs_lag1_within"): "the weight of that alliance",
}
SOUND = 0.905
LIMITATIONS = FOLDER.parents[1] / "LIMITATIONS.md"
BEGIN, END = "<!-- truth against estimate: by make recovery -->", "<!-- end -->"


def tables() -> pd.DataFrame:
    """Give every regime's summary, the plain one first."""
    plain = pd.read_csv(FOLDER / "results" / "plain.csv")
    return pd.concat([plain, pd.read_csv(FOLDER / "results" / "honest.csv")], ignore_index=True)


def draw(table: pd.DataFrame) -> bytes:
    """Draw the mean estimate as a share of the truth, and the coverage beside it."""
    words = {"plain": PLAIN.words, **{name: one.words for name, one in HONEST.items()}}
    with style():
        drawing = canvas(height=4.9)
        drawing.set_size_inches(13.5, 4.9)
        axes = drawing.subplots(1, len(COLUMNS), sharey=True)
        for place, ((question, term), title) in enumerate(COLUMNS.items()):
            rows = table[(table["question"] == question) & (table["term"] == term)]
            _panel(axes[place], rows.set_index("regime"), list(words), title)
        axes[0].set_yticks(range(len(words)), list(words.values()))
        axes[0].invert_yaxis()
        drawing.supxlabel(
            "Mean estimate, as a share of the truth (bar: ± 2 Monte Carlo errors); "
            "beside it the coverage of the 95 % interval",
            fontsize=SMALL_SIZE,
        )
    title, alt = _words(table, words)
    figure = finished(drawing, "truth-against-estimate", title, (alt, alt), synthetic=False)
    return figure.png


def _panel(axes: Axes, rows: pd.DataFrame, regimes: list[str], title: str) -> None:
    """Draw one estimate in every regime."""
    axes.axvline(1, color=QUIET, linewidth=1, zorder=1)
    for place, name in enumerate(regimes):
        if name not in rows.index:
            continue
        row = rows.loc[name]
        share, error = row["mean"] / row["true"], 2 * row["monte_carlo_error"] / abs(row["true"])
        color = PALETTE[0] if row["coverage"] >= SOUND else PALETTE[1]
        axes.hlines(place, share - error, share + error, color=color, linewidth=2.2)
        axes.plot(share, place, "o", color=color, markersize=5)
        axes.annotate(
            f"{100 * row['coverage']:.0f} %",
            (1, place),
            xytext=(4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK if color == PALETTE[0] else color,
        )
    axes.set_title(title, loc="left", fontsize=SMALL_SIZE)
    axes.grid(False)
    axes.tick_params(labelsize=SMALL_SIZE)
    axes.locator_params(axis="x", nbins=4)


def _words(table: pd.DataFrame, words: dict[str, str]) -> tuple[str, str]:
    """Say which regime hurts which estimate most."""
    shown = table.set_index(["question", "term"]).loc[list(COLUMNS)].reset_index()
    shown = shown.assign(off=(shown["mean"] / shown["true"] - 1), low=shown["coverage"] < SOUND)
    plain = shown.loc[shown["regime"] == "plain", "off"].abs().max()
    worst = shown.loc[shown["off"].abs().idxmax()]
    count, regimes = int(shown["low"].sum()), shown.loc[shown["low"], "regime"].nunique()
    title = (
        f"In the plain regime estimates are within {np.ceil(100 * plain):.0f} % of the truth; "
        f"intervals fail (coverage under 90.5 %) in {count} of {len(shown)} cases, in {regimes} "
        f"of {len(words)} regimes"
    )
    alt = (
        f"Ten kinds of clinic, five estimates. Furthest from the truth: {worst['term']} in "
        f"'{words[worst['regime']]}', {100 * worst['off']:+.0f} %."
    )
    return title, alt


def quoted(table: pd.DataFrame) -> str:
    """Give what LIMITATIONS quotes: bias in per cent of the truth and coverage, with the reason."""
    heads = [title.replace("\n", " ") for title in COLUMNS.values()]
    lines = [
        f"| Clinics with | {' | '.join(heads)} | Why it may matter |",
        "|" + "---|" * (len(heads) + 2),
    ]
    for name, regime in {"plain": PLAIN, **HONEST}.items():
        rows = table[table["regime"] == name].set_index(["question", "term"])
        cells = [cell(rows.loc[key]) if key in rows.index else "–" for key in COLUMNS]
        lines.append(f"| {regime.words} | {' | '.join(cells)} | {regime.reason} |")
    return "\n".join([*lines, "", *_held(table)])


def _held(table: pd.DataFrame) -> list[str]:
    """Quote the models that may hold a previous score: truth, mean estimate and coverage."""
    words = {"plain": PLAIN.words, **{name: HONEST[name].words for name in ("feedback", "ceiling")}}
    lines = [f"| Within clients | {' | '.join(words.values())} |", "|---" * (len(words) + 1) + "|"]
    for (question, term), said in HELD.items():
        rows = table[(table["question"] == question) & (table["term"] == term)].set_index("regime")
        cells = []
        for name in words:
            row = rows.loc[name]
            coverage = share(row["coverage"])
            cells.append(f"{row['true']:.2f} → {row['mean']:.2f}, {coverage}".replace("-", "−"))
        lines.append(f"| {said} | {' | '.join(cells)} |")
    return lines


def cell(row: pd.Series) -> str:
    """Write bias (below 0: nearer to none than the truth) and coverage."""
    bias = f"{100 * row['bias'] / row['true']:+.0f} %".replace("-", "−")
    return f"{bias}, {share(row['coverage'])}"


def share(coverage: float, sound: float = SOUND, places: int = 0) -> str:
    """Write a coverage; one that fails is bold."""
    written = f"{100 * coverage:.{places}f} %"
    return written if coverage >= sound else f"**{written}**"


def with_quote(text: str, table: pd.DataFrame) -> str:
    """Put the quoted tables between their marks."""
    return between_marks(text, BEGIN, quoted(table))


def between_marks(text: str, begin: str, quote: str) -> str:
    """Put a quote between the mark it begins with and the next end; there must be one of them."""
    if text.count(begin) != 1:
        raise ValueError(f"The page has {text.count(begin)} marks {begin}; it needs one.")
    before, _, rest = text.partition(begin)
    after = rest.partition(END)[2]
    return f"{before}{begin}\n{quote}\n{END}{after}"


def main() -> None:
    table = tables()
    FIGURE.write_bytes(draw(table))
    LIMITATIONS.write_text(with_quote(LIMITATIONS.read_text("utf-8"), table), "utf-8")


if __name__ == "__main__":
    main()
