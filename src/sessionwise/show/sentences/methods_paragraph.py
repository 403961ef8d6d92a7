"""The methods paragraph, made from how the fits were made."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from sessionwise.models.association import Association
from sessionwise.models.classified import Classified
from sessionwise.models.curve_comparison import GroupsCompared
from sessionwise.models.fit import Curve, Fit, Unanswered
from sessionwise.show.display import Nothing, Sentence
from sessionwise.show.numbers import count, listed
from sessionwise.show.sources import references
from sessionwise.show.suppression import SMALLEST, WITHHELD, guarded, guarded_together
from sessionwise.show.words import capital, error_words, of_whom

Told = Fit | Curve | GroupsCompared | Classified | Association
BY_STATSMODELS = ("iteratively reweighted least squares", "estimating equations", "Wilson")
"""What statsmodels has a part in, as recipes call it."""


def methods(fits: Iterable[Told | Unanswered], name: str = "methods") -> Sentence | Nothing:
    """Write the methods paragraph of some fits, curves and classifications.

    Parameters
    ----------
    fits
        In the order they are reported; questions without an answer are passed over.
    name
        Anchor.

    Returns
    -------
    Sentence or Nothing
        Model, estimation, errors, reference distribution, clock, rows and what was left out,
        notes, versions and references. Nothing if no question was answered.
    """
    made = [fit for fit in fits if not isinstance(fit, Unanswered)]
    if not made:
        return Nothing()
    described = [_described(fit) for fit in made]
    how = " ".join(f"{fit.recipe.estimation} {fit.recipe.reference}" for fit in made)
    theirs = any(words in how for words in BY_STATSMODELS)
    packages = ("sessionwise", "numpy", "scipy", *(("statsmodels",) if theirs else ()))
    computed = listed([f"{package} {version(package)}" for package in packages])
    cited = references([key for fit in made for key in fit.recipe.sources])
    sources = [f"References: {' '.join(cited)}"] if cited else []
    return Sentence(name, " ".join([*described, f"Computed with {computed}.", *sources]))


def _described(fit: Told) -> str:
    """Describe how one of them was made."""
    recipe = fit.recipe
    formula = f" ({recipe.formula})" if recipe.formula else ""
    how = [f"estimated by {recipe.estimation}"] if recipe.estimation else []
    how += [f"with a {recipe.link} link"] if recipe.link not in ("", "identity") else []
    errors = [error_words(recipe)] + ([recipe.reference] if recipe.reference else [])
    if isinstance(fit, Classified):
        used = f"{capital(recipe.kind)} of {of_whom(fit.rows)}{_lost(fit)}."
        return " ".join([used, *recipe.notes])
    if isinstance(fit, Association):
        limits = (
            f"95 % bias-corrected and accelerated limits from {count(fit.draws)} resamples of "
            f"{recipe.cluster}s (seed {fit.seed})"
        )
        used = f"{capital(recipe.kind)} of {of_whom(fit.rows)}{_lost(fit)}; {limits}."
        return " ".join([used, *recipe.notes, recipe.caution]).strip()
    sentences = [
        f"{capital(recipe.kind)}{formula}{', ' if how else ''}{', '.join(how)}; "
        f"{', '.join(errors)}; clock: {recipe.clock}.",
        f"It used {of_whom(fit.rows, events='event')}{_lost(fit)}.",
        *_checked(fit),
        *(note if note.endswith(".") else f"{note}." for note in recipe.notes),
        *([recipe.caution] if recipe.caution else []),
    ]
    return " ".join(dict.fromkeys(sentences))


def _lost(fit: Told) -> str:
    """List what was left out; small numbers as such."""
    steps = [(reason, many) for reason, many in fit.rows.left_out if many]
    shown = guarded_together([many for _, many in steps])
    left = [f"{_many(number)} ({reason})" for (reason, _), number in zip(steps, shown)]
    lost = fit.rows.events_lost
    events = f", among them {_many(guarded(lost))} with an event" if left and lost else ""
    return f"; left out: {listed(left)}{events}" if left else ""


def _many(number: int | str) -> str:
    """Write a number that may have been suppressed."""
    if isinstance(number, str):
        return "a number not shown" if number == WITHHELD else f"fewer than {SMALLEST}"
    return count(number)


def _checked(fit: Told) -> list[str]:
    """Say how the fit was reached, and what it was refitted without."""
    if not isinstance(fit, Fit):
        return []
    optimiser = f" ({fit.health.optimiser})" if fit.health.optimiser else ""
    state = "converged" if fit.health.converged else "did not converge"
    said = [f"It {state}{optimiser}."]
    return said + [f"Left out of the model: {term}." for term in fit.health.dropped]
