"""Tables of a fit: its health first, then its estimates and variances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from sessionwise.models.association import Association
from sessionwise.models.curve_comparison import GroupsCompared
from sessionwise.models.fit import Curve, Fit, Health, Rows, Unanswered
from sessionwise.models.therapists_leaving import TherapistDifferences
from sessionwise.show.display import Note, Nothing, Table, answered, explained
from sessionwise.show.numbers import UNKNOWN, decimals, number, p_digits
from sessionwise.show.ratios import ratio, ratio_of, rounded_ratio
from sessionwise.show.suppression import guarded
from sessionwise.show.tables import cell_text, made, table
from sessionwise.show.words import error_words, of_whom, ratio_name, term_words, verdict

Judged = Fit | Curve | GroupsCompared | TherapistDifferences | Association | Unanswered


@explained
def health(fit: Judged, name: str = "health") -> Table | Note:
    """Show whether a fit may be believed, before anything it says.

    Parameters
    ----------
    fit
        A fit, a curve, groups or therapists compared, or a correlation; a question without an
        answer gives a note with the reason.
    name
        HTML id and file name.

    Returns
    -------
    Table or Note
        ``check, result``.

    Examples
    --------
    >>> print(health(Unanswered("Does alliance precede outcome?", "There is no alliance score.")))
    Does alliance precede outcome? — not answered: There is no alliance score.
    """
    if isinstance(fit, TherapistDifferences):
        fit = fit.fit
    checks = _checks(fit.health) if isinstance(fit, Fit) else []
    kinds = {Curve: "curve", GroupsCompared: "comparison"}
    title = f"What the {kinds.get(type(fit), 'correlation')} rests on"
    if isinstance(fit, Fit):
        reason = verdict(fit.health)
        title = f"Model health: {reason}" if reason else "Model health: converged, not singular"
    counts = _counts(fit.rows)
    if isinstance(fit, Association):
        counts.append((f"Resamples of {fit.recipe.cluster}s", fit.draws))
    frame = pd.DataFrame([*checks, *counts], columns=["check", "result"], dtype=object)
    texts = pd.DataFrame(
        {"check": frame["check"], "result": [_result_text(cell) for cell in frame["result"]]}
    )
    note = " ".join([*fit.recipe.notes, fit.recipe.caution]).strip()
    return made(frame, texts, (name, title, note), frozenset(frame), None)


@answered
def estimates(
    fit: Fit,
    exponentiate: bool = False,
    name: str = "estimates",
    title: str = "",
) -> Table:
    """Show the fixed effects with their errors, intervals and tests.

    Parameters
    ----------
    fit
        The fit.
    exponentiate
        Show ratios (hazard, odds) instead of differences on the scale of the linear predictor. The
        intercept, which is no ratio, is then left out; standard errors stay those of the logarithm.
    name, title
        HTML id; what stands above.

    Returns
    -------
    Table
        ``term, estimate, std_error, df, low, high, p``; ``df`` is null for a normal reference.
    """
    found = fit.estimates
    if exponentiate:
        found = found[found["term"] != "Intercept"].assign(
            **{column: found[column].map(ratio_of) for column in ("estimate", "low", "high")}
        )
    null = 1.0 if exponentiate else 0.0
    frames, texts = [], []
    for row in found.to_dict("records"):
        places = decimals(row["low"], row["high"], null)
        term = term_words(row["term"], fit.labels)
        frames.append({"term": term, **_rounded(row, places, exponentiate)})
        texts.append({"term": term, **_written(row, places, exponentiate)})
    columns = ["term", "estimate", "std_error", "df", "low", "high", "p"]
    shown = ["term", "estimate", "std_error", "df", "interval", "p"]
    return made(
        pd.DataFrame(frames, columns=columns),
        pd.DataFrame(texts, columns=shown),
        (name, title or _estimates_title(fit), _estimates_note(fit, exponentiate)),
        frozenset({"term"}),
        _estimate_headings(fit, exponentiate),
    )


@answered
def variances(fit: Fit, name: str = "variances", title: str = "") -> Table | Nothing:
    """Show what differs between clients, between therapists, and from session to session.

    Parameters
    ----------
    fit
        The fit; one without random terms shows nothing.
    name, title
        HTML id; what stands above.

    Returns
    -------
    Table or Nothing
        ``group, term, variance, sd, correlation``; a row of two terms holds their covariance.
    """
    if fit.variances.empty:
        return Nothing()
    found = fit.variances
    terms = [
        term_words(one, fit.labels)
        if pd.isna(two) or two in ("", one)
        else f"{term_words(one, fit.labels)} with {term_words(two, fit.labels)}"
        for one, two in zip(found["term1"], found["term2"])
    ]
    frame = pd.DataFrame(
        {
            "group": [term_words(str(g), fit.labels).replace("_", " ") for g in found["group"]],
            "term": terms,
            "variance": found["variance"].to_numpy(float),
            "sd": found["sd"].to_numpy(float),
            "correlation": found["correlation"].to_numpy(float),
        }
    )
    least = frame["variance"].abs().replace(0, np.nan).min()
    places = 2 if not least > 0 else min(max(2, 1 - math.floor(math.log10(least))), 5)
    return table(
        frame,
        name,
        title or "What varies, and between whom",
        note=finding_note(fit),
        labels={"sd": "SD"},
        digits={"variance": places, "sd": places},
    )


def _checks(state: Health) -> list[tuple[str, Any]]:
    """List the checks of a fit, the ones that decide first."""
    lines: list[tuple[str, Any]] = [
        ("Converged", "yes" if state.converged else "NO"),
        ("Singular", ", ".join(state.singular) or "no"),
    ]
    if math.isfinite(state.gradient):
        lines.append(("Largest scaled gradient", float(f"{state.gradient:.1e}")))
    if state.optimiser:
        lines.append(("Optimiser", state.optimiser))
    lines += [("Left out of the model", term) for term in state.dropped]
    lines += [("Warning", warning) for warning in state.warnings]
    return lines


def _counts(rows: Rows) -> list[tuple[str, Any]]:
    """List what a model rests on; small counts suppressed."""
    lines: list[tuple[str, Any]] = [(f"{rows.unit.capitalize()} used", guarded(rows.used))]
    if rows.clients:
        lines.append(("Clients", guarded(rows.clients)))
    if rows.therapists:
        lines.append(("Therapists", rows.therapists))
    if rows.events is not None:
        lines.append(("Events", guarded(rows.events)))
    if rows.events_lost is not None:
        lines.append(("Events lost to missing values", guarded(rows.events_lost)))
    lost = sum(many for _, many in rows.left_out)
    return [*lines, (f"{rows.unit.capitalize()} left out", guarded(lost))]


def _result_text(cell: Any) -> str:
    """Write a result of the health table; a gradient as 1.2 × 10⁻⁵."""
    if not isinstance(cell, float):
        return cell_text(cell, 0)
    if cell == 0:
        return "0"
    mantissa, power = f"{cell:.1e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}".replace("-", "−")


def _rounded(row: dict[str, Any], places: int, ratios: bool) -> dict[str, Any]:
    """Round one row of estimates as it is printed; a tiny p, or ratio, keeps its size."""
    p, each = row["p"], rounded_ratio if ratios else round
    return {
        "estimate": each(row["estimate"], places),
        "std_error": round(row["std_error"], places),
        "low": each(row["low"], places),
        "high": each(row["high"], places),
        "df": round(row["df"], 1) if math.isfinite(row["df"]) else math.nan,
        "p": round(p, 3) if p >= 0.001 else float(f"{p:.1g}"),
    }


def _written(row: dict[str, Any], places: int, ratios: bool) -> dict[str, str]:
    """Write one row of estimates."""
    each = ratio if ratios else number
    return {
        "estimate": each(row["estimate"], places),
        "std_error": number(row["std_error"], places),
        "df": UNKNOWN if not math.isfinite(row["df"]) else number(row["df"], 1).removesuffix(".0"),
        "interval": f"{each(row['low'], places)} to {each(row['high'], places)}",
        "p": p_digits(row["p"]),
    }


def _estimate_headings(fit: Fit, exponentiate: bool) -> dict[str, str]:
    return {
        "estimate": ratio_name(fit.recipe).capitalize() if exponentiate else "Estimate",
        "std_error": "SE (log)" if exponentiate else "SE",
        "df": "df",
        "interval": "95 % CI",
        "p": "p",
    }


def _estimates_title(fit: Fit) -> str:
    of = f" of {term_words(fit.outcome, fit.labels)}" if fit.outcome else ""
    return f"Estimates: {fit.recipe.kind}{of}"


def finding_note(fit: Fit) -> str:
    """Say why a fit is no finding, if it is none."""
    reason = verdict(fit.health)
    return f"Not a finding: {reason}." if reason else ""


def _estimates_note(fit: Fit, exponentiate: bool) -> str:
    """Say how many, of whom, with which errors and against what."""
    reference = f"; {fit.recipe.reference}" if fit.recipe.reference else ""
    errors = error_words(fit.recipe)
    scale = " Standard errors are those of the logarithm." if exponentiate else ""
    said = (
        f"{of_whom(fit.rows, events='event')}. {errors[:1].upper()}{errors[1:]}{reference}.{scale}"
    )
    return f"{finding_note(fit)} {said} {fit.recipe.caution}".strip()
