"""The alliance at three levels: a client's swings, the clients of one therapist, and therapists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Unanswerable, nearest
from sessionwise.features.splits import refuse_lost_rows
from sessionwise.features.therapist_cells import PARTS, TherapistMean, three_way_split
from sessionwise.features.therapists import without_handovers
from sessionwise.models.fit import Fit, Recipe
from sessionwise.models.grouping import grouped
from sessionwise.models.labels import term_labels
from sessionwise.models.mixed_model import mixed
from sessionwise.models.model_rows import refuse_few_clients
from sessionwise.models.score_pair import Asked, beside_each_other, called, deviations, rows_of
from sessionwise.records.sessions import Sessions
from sessionwise.records.small_counts import many

PURPOSE = "Alliance and outcome at three levels"
FEWEST_THERAPISTS = 3
FEWEST_CLIENTS = 3
"""Clients of a therapist below which the therapist's mean says as much of them."""

Handovers = Literal["kept", "left out"]


def alliance_at_three_levels(
    s: Sessions,
    alliance: str = "srs",
    outcome: str = "ors",
    adjust: Sequence[str] = (),
    therapist_mean: TherapistMean = "all clients",
    handovers: Handovers = "kept",
) -> Fit:
    """Is it the client's own swings, the clients of a therapist, or therapists that tell?

    Three estimates from one model: *within clients*, a session rated higher than this client rates
    this therapist; *between clients of a therapist*, a client who rates higher than the
    therapist's others; *between therapists*, a therapist whose clients rate higher. A model
    without the third holds the second and third in one number. A score belongs with the therapist
    it was rated of, so in a lagged pair that of the session before.

    Parameters
    ----------
    s
        The records, with ``therapist``.
    alliance, outcome
        Columns, in scale points.
    adjust
        Intake covariates.
    therapist_mean
        ``"other clients"`` leaves the client out of the therapist's mean; clients alone with a
        therapist are then left out, and counted.
    handovers
        ``"left out"`` leaves out the courses in which the therapist changed.

    Returns
    -------
    Fit
        Linear mixed model, REML; terms ``Intercept, session, X_within, X_between_clients,
        X_between_therapists`` and the covariates, in outcome points per alliance point.
        ``rows.therapists`` counts those in the model. Where their variance was estimated as zero it
        is out of ``variances``, and errors and degrees of freedom (Kenward & Roger) count it as
        estimated. ``recipe.caution`` says so, and where a mean rests on few clients.

    Raises
    ------
    Unanswerable
        A column is missing; fewer than three therapists are in the model.
    Refused
        The fit did not converge, or the rows cannot carry it.

    Notes
    -----
    Long form, where nobody changes therapist::

        s = sw.lagged(sw.first_therapist(s), "srs")
        s = sw.three_way_split(s, "srs_lag1", complete=["ors", "session"], by="first_therapist")
        sw.mixed("ors ~ session + srs_lag1_within + srs_lag1_between_clients"
                 " + srs_lag1_between_therapists + (1 + session || client)"
                 " + (1 | first_therapist)", s.frame[s.frame["srs_lag1_within"].notna()])

    Baldwin, Wampold & Imel 2007, J Consult Clin Psychol 75:842; Brincks et al. 2017, Multivar Behav
    Res 52:149. The parts between use whole courses: they compare, and predict nothing.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = alliance_at_three_levels(sw.example())
    >>> fit.estimates["term"].tolist()[2:]
    ['srs_lag1_within', 'srs_lag1_between_clients', 'srs_lag1_between_therapists']
    """
    _check(therapist_mean, handovers)
    asked = Asked(PURPOSE, alliance, outcome)
    s.need([alliance, outcome], PURPOSE)
    _need_therapists(s)
    kept = without_handovers(s) if handovers == "left out" else s
    beside, (earlier,) = beside_each_other(kept, asked, adjust)
    seen = "of the session before" if asked.lagged_in(s) else "of the session"
    group = grouped(beside, [earlier, outcome, *adjust], therapists=seen)
    by = group.columns[-1]
    if "therapist" not in by:
        _refuse_few_therapists(1)
    used = [outcome, "session", *adjust, *group.columns]
    split = three_way_split(group.s, earlier, used, by, therapist_mean)
    parts = [f"{earlier}_{part}" for part in PARTS]
    frame = split.frame[split.frame[parts].notna().all(axis=1)]
    refuse_few_clients(frame)
    _refuse_few_therapists(int(frame[by].nunique()))
    refuse_lost_rows(frame, [*parts, *used])
    formula = f"{outcome} ~ {' + '.join(['session', *parts, *adjust])} + {group.random}"
    fit = _judged(formula, frame)
    alone = {parts[-1]: "the only client of the therapist"}
    rows = rows_of(fit, split, asked, [earlier, *used, parts[-1]], alone)
    return fit.replace(
        question=_question(s, asked, group.notes),
        rows=replace(rows, therapists=int(frame[by].nunique())),
        recipe=_recipe(fit, asked.timing(s), group.notes, _clients(frame, by), therapist_mean),
        scales=_scales(frame, earlier, outcome),
        outcome=outcome,
        better=s.instruments[outcome].better if outcome in s.instruments else "",
        labels=term_labels(
            split.columns, [*fit.estimates["term"], alliance, outcome, *group.columns]
        ),
    )


def _check(therapist_mean: str, handovers: str) -> None:
    given = {"therapist_mean": (therapist_mean, TherapistMean), "handovers": (handovers, Handovers)}
    problems = [
        Problem(f"{name} = '{word}'", "", nearest(str(word), get_args(known)))
        for name, (word, known) in given.items()
        if word not in get_args(known)
    ]
    if problems:
        raise InvalidInput(problems, PURPOSE)


def _need_therapists(s: Sessions) -> None:
    """Say that records which name no therapist hold nothing between therapists."""
    if "therapist" not in s.columns or s.table["therapist"].isna().all():
        raise Unanswerable(
            f"{PURPOSE} needs to know who was whose therapist, and these records name none. If the "
            "export has a column of therapists, add it to the codebook."
        )


def _refuse_few_therapists(found: int) -> None:
    """Say that one or two therapists are no sample of therapists."""
    if found < FEWEST_THERAPISTS:
        said = "one therapist" if found == 1 else "two therapists"
        raise Unanswerable(
            f"{PURPOSE} compares therapists, and the sessions the model can use are of {said}. It "
            f"takes at least {FEWEST_THERAPISTS}: between two there is one difference, and nothing "
            "to tell it from chance."
        )


def _judged(formula: str, frame: pd.DataFrame) -> Fit:
    """Fit, and count a variance between therapists as estimated where it came out as zero.

    Few therapists often look alike though they are not. Without the term, their clients would make
    up the degrees of freedom of a comparison of therapists. The estimates are the same either way.
    """
    fit = mixed(formula, frame, aliased="refuse")
    if not _alike(fit):
        return fit
    kept = mixed(formula, frame, aliased="refuse", zero="keep")
    if kept.recipe.errors == "GLS":
        return fit
    recipe = replace(kept.recipe, formula=fit.recipe.formula)
    return fit.replace(estimates=kept.estimates, covariance=kept.covariance, recipe=recipe)


def _alike(fit: Fit) -> bool:
    """Whether the variance between therapists was estimated as zero."""
    return any("therapist" in term for term in fit.health.dropped)


def _question(s: Sessions, asked: Asked, notes: tuple[str, ...]) -> str:
    next_one = "next " if asked.lagged_in(s) else ""
    return (
        f"Is it the client's own swings of {called(s, asked.predictor)}, the differences between "
        f"the clients of a therapist, or those between therapists, that go with the "
        f"{next_one}{called(s, asked.outcome)}? {' '.join(notes)}"
    ).strip()


def _clients(frame: pd.DataFrame, by: str) -> pd.Series:
    """Count the clients of each therapist in the model."""
    return frame.groupby([by, "clinic"], observed=True)["client"].nunique().groupby(by).sum()


def _recipe(
    fit: Fit, timing: str, notes: tuple[str, ...], clients: pd.Series, whose: TherapistMean
) -> Recipe:
    """Add what a methods section must say of this model, and what goes with its estimates."""
    few, of = int((clients < FEWEST_CLIENTS).sum()), len(clients)
    own = [
        timing,
        "The alliance score was split, on the rows of the model, into the deviation from the mean "
        "of the client with that therapist, the deviation of that mean from the therapist's, and "
        "the therapist's mean: that of the means of "
        + (
            "all clients, each once." if whose == "all clients" else "the other clients, each once."
        ),
    ]
    said = []
    if few:
        said.append(
            f"{many(few).capitalize()} of the {of} therapists have fewer than {FEWEST_CLIENTS} "
            "clients here, whose means say as much of those clients as of them."
        )
    if _alike(fit):
        said.append(
            "These data show no other difference between therapists: its variance was estimated as "
            "zero. "
            + (
                "Errors and degrees of freedom count it as estimated all the same, as therapists "
                "can look alike by chance."
                if fit.recipe.errors != "GLS"
                else "So the error of the estimate between therapists takes their clients as no "
                "more alike than others; it may be too small."
            )
        )
    return replace(
        fit.recipe,
        notes=(*own, *notes, *fit.recipe.notes),
        sources=("three_levels", "hybrid", "timing", *fit.recipe.sources),
        caution=" ".join(said),
    )


def _scales(frame: pd.DataFrame, earlier: str, outcome: str) -> dict[str, float]:
    """Standard deviations of the three parts over cells and therapists, in points."""
    found = deviations(frame, (earlier, outcome))
    cells = frame.drop_duplicates([f"{earlier}_between_clients", f"{earlier}_between_therapists"])
    for part in ("between_clients", "between_therapists"):
        column = f"{earlier}_{part}"
        values = cells if part == "between_clients" else cells.drop_duplicates(column)
        found[column] = float(values[column].std())
    return found
