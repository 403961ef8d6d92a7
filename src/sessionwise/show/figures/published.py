"""A correlation beside what the field has published."""

from __future__ import annotations

import numpy as np

from sessionwise.models.association import Association
from sessionwise.models.benchmarks import Benchmark
from sessionwise.show.display import Figure, answered
from sessionwise.show.figures.rows import Row, drawn_rows
from sessionwise.show.numbers import correlation
from sessionwise.show.sentences.associations import effect, relation
from sessionwise.show.theme import canvas, finished, style
from sessionwise.show.words import counted


@answered
def beside_published(
    found: Association, title: str = "", name: str = "beside-published", synthetic: bool = False
) -> Figure:
    """Draw a correlation with its interval above the published averages.

    Parameters
    ----------
    found
        Of ``early_alliance_and_outcome``.
    title
        Made from the numbers if empty.
    name
        File name and anchor.
    synthetic
        Stamp the figure.
    """
    own = Row(
        f"here, given the first outcome ({counted(found.rows.used, 'course')})",
        (found.estimate, found.low, found.high),
        _written((found.estimate, found.low, found.high), 3),
        main=True,
    )
    rows = [own, *(_row(one) for one in found.published)]
    with style():
        drawing = canvas(1.75 + 0.5 * len(rows))
        label = "Correlation of alliance and outcome (r)"
        drawn_rows(drawing.subplots(), rows, label, lambda r: correlation(r, 2))
        first = found.published[0]
        caption = (
            f"Partial correlation of the mean alliance of sessions 1 to {found.early} with the "
            "last outcome, given the first, with a 95 % bias-corrected and accelerated interval "
            f"({found.draws:,} resamples of {found.recipe.cluster}s), and averages of "
            "published correlations with 95 % confidence intervals where they were printed "
            f"({'; '.join(dict.fromkeys(one.cited for one in found.published))}). Positive is a "
            f"better alliance with a better outcome. {found.recipe.caution} The published studies "
            "rated alliance early or late, and not all held the first outcome; the interval of an "
            "average is not the range in which single services lie."
        )
        said = "; ".join(f"{row.label}: {row.text}" for row in rows)
        finding = (
            f"Early alliance and last outcome: {', '.join(effect(found))}; the published average "
            f"of {correlation(first.estimate, first.places)} {relation(found, first)}"
        )
        words = (caption, f"Dots with intervals on one axis of correlations. {said}.")
        return finished(drawing, name, title or finding, words, synthetic)


def _row(one: Benchmark) -> Row:
    """Give the row of a published average."""
    numbers = (one.estimate, one.low, one.high)
    return Row(f"{one.of} ({one.studies} studies)", numbers, _written(numbers, one.places))


def _written(numbers: tuple[float, float, float], places: int) -> str:
    """Write an estimate and its limits, if there are any."""
    middle, low, high = numbers
    if not np.isfinite(low):
        return f"{correlation(middle, places)}  (no interval)"
    limits = f"{correlation(low, places)} to {correlation(high, places)}"
    return f"{correlation(middle, places)}  ({limits})"
