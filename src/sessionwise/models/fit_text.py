"""A fit as plain text: whether it may be believed, how it was made, on whom, and what it says."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sessionwise.records.small_counts import FEWEST, many

if TYPE_CHECKING:
    from sessionwise.models.fit import Fit, Rows

WIDTH, MARGIN = 100, 11


def plain_text(fit: Fit) -> str:
    """Write a fit as a methods and a results section would have it, health first.

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    str
        Lines of at most 100 characters but for the tables: question, health, model, rows, errors,
        notes, then estimates and variances.

    Examples
    --------
    >>> import sessionwise as sw
    >>> print(plain_text(sw.alliance_and_next_outcome(sw.example())).splitlines()[3])
    Health     converged; not singular; largest scaled gradient 2.4e-07; by newton in 13 evaluations
    """
    recipe, health = fit.recipe, fit.health
    how = [f" by {recipe.estimation}"] if recipe.estimation else []
    how += [f", {recipe.link} link"] if recipe.link not in ("", "identity") else []
    errors = f"{'CR2' if recipe.errors == 'wild' else recipe.errors} standard errors"
    errors += f" clustered by {recipe.cluster}" if recipe.cluster else ""
    parts = [
        ("Health", str(replace(health, dropped=()))),
        *(("", f"fitted without {term}") for term in health.dropped),
        ("Model", f"{recipe.kind}{''.join(how)}: {recipe.formula}"),
        *([("", f"log-likelihood {fit.loglik:.3f}")] if math.isfinite(fit.loglik) else []),
        ("Rows", _rows(fit.rows)),
        ("Errors", ", ".join(part for part in (errors, recipe.reference) if part)),
        *(("Compared", f"`{name}` with {level}") for name, level in recipe.references),
        *(("Note", note) for note in (*recipe.notes, recipe.caution) if note),
    ]
    lines = [*textwrap.wrap(fit.question, WIDTH), ""]
    for name, text in parts:
        indent = " " * MARGIN
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=name.ljust(MARGIN), subsequent_indent=indent
        )
    unit = f", in units of {fit.outcome}" if recipe.link == "identity" and fit.outcome else ""
    lines += ["", f"Fixed effects{unit}", *_estimates(fit)]
    if len(fit.variances):
        lines += ["", "What varies, and between whom", *_variances(fit)]
    if len(fit.further):
        lines += ["", "Also estimated", *_further(fit)]
    return "\n".join(lines)


def _rows(rows: Rows) -> str:
    """Say on whom it rests and what was left out; a small count would follow from the sum."""
    said = [many(rows.used, rows.unit)]
    said += [many(rows.clients, "clients")] if rows.clients else []
    said += [f"{rows.therapists} therapists"] if rows.therapists else []
    said += [many(rows.events, "events")] if rows.events is not None else []
    lost = [(reason, number) for reason, number in rows.left_out if number]
    if any(number < FEWEST for _, number in lost):
        return f"{', '.join(said)}; left out: {many(sum(number for _, number in lost))}"
    each = ", ".join(f"{number:,} ({reason})" for reason, number in lost)
    return ", ".join(said) + (f"; left out: {each}" if each else "")


def _estimates(fit: Fit) -> list[str]:
    statistic = "z" if fit.estimates["df"].map(math.isinf).all() else "t"
    rows = [["", "estimate", "SE", "df", statistic, "p", "95 % limits"]]
    for row in fit.estimates.itertuples():
        df = "∞" if not math.isfinite(row.df) else f"{row.df:.1f}"
        p = "<.001" if row.p < 0.001 else f"{row.p:.3f}"
        limits = f"{_short(row.low)} to {_short(row.high)}"
        size = (_short(row.estimate), _short(row.std_error), df, f"{row.statistic:.2f}", p, limits)
        rows.append([row.term, *size])
    return _columns(rows)


def _variances(fit: Fit) -> list[str]:
    rows = [["", "", "variance", "SD", "correlation"]]
    for row in fit.variances.itertuples():
        if row.term2:
            both = f"{row.term1}, {row.term2}"
            rows.append([row.group, both, _short(row.variance), "", f"{row.correlation:.2f}"])
        else:
            rows.append([row.group, row.term1, _short(row.variance), _short(row.sd), ""])
    return _columns(rows)


def _further(fit: Fit) -> list[str]:
    rows = [["", "estimate", "SE", "95 % limits"]]
    for row in fit.further.to_dict("records"):
        limits = f"{_short(row['low'])} to {_short(row['high'])}"
        cells = (_short(row["estimate"]), _short(row["std_error"]), limits)
        shown = ["" if "nan" in cell else cell for cell in cells]
        rows.append([further_words(row, row["of"]), *shown])
    return _columns(rows)


def further_words(row: Mapping[str, Any], of: str) -> str:
    """Name a row of ``Fit.further``, what it is of given in words.

    Examples
    --------
    >>> further_words({"parameter": "phi", "reference": ""}, "session")
    'residual correlation φ, one session apart'
    """
    return {
        "phi": f"residual correlation φ, one {of} apart",
        "sd_ratio": f"residual SD in {of} over that in [{row['reference']}]",
        "alpha": f"working correlation α ({row['reference']}, by {of})",
        "threshold": f"threshold {of}",
        "theta": "theta",
    }[row["parameter"]]


def _short(number: float) -> str:
    return f"{number:.4g}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Put cells under one another: words to the left, numbers to the right."""
    words = 2 if rows[0][:2] == ["", ""] else 1
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
