"""The words the tables, figures and sentences share: terms, errors, ratios, verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from sessionwise.models.fit import Fit, Health, Recipe, Rows
from sessionwise.show.numbers import count, listed
from sessionwise.show.suppression import SMALLEST

RATIOS = {
    "cloglog": "hazard ratio",
    "logit": "odds ratio",
    "log": "rate ratio",
    "log hazard": "hazard ratio",
}
RISKS = {"cloglog": "hazard", "logit": "odds", "log": "rate", "log hazard": "hazard"}
SUBDISTRIBUTION = "subdistribution"
CLOCKS = frozenset({"session", "time", "date"})
SAID_WITH_A_Y = ("uni", "use", "usu", "eu")
LETTERS_SAID_WITH_A_VOWEL = frozenset("AEFHILMNORSX")


def term_words(term: str, labels: Mapping[str, str] | None = None) -> str:
    """Give the words for a model term; parts of an interaction are looked up one by one.

    Examples
    --------
    >>> term_words("session:arm[tau]", {"session": "Session", "arm[tau]": "TAU"})
    'Session × TAU'
    """
    labels = labels or {}
    if term in labels:
        return labels[term]
    return " × ".join(labels.get(part, part) for part in term.split(":"))


def called(fit: Fit, column: str, role: str) -> str:
    """Give what a score is called: its role, and its label if the fit knows one.

    Examples
    --------
    >>> import sessionwise as sw
    >>> called(sw.alliance_and_leaving(sw.example()), "srs", "alliance")
    'alliance (SRS)'
    """
    label = fit.labels.get(column, "")
    return f"{role} ({label})" if label else role


def capital(words: str) -> str:
    """Begin with a capital letter and leave the rest alone.

    Examples
    --------
    >>> capital("still in therapy")
    'Still in therapy'
    """
    return words[:1].upper() + words[1:]


def article(words: str) -> str:
    """Put "a" or "an" before a noun or an abbreviation spelt out in letters.

    Examples
    --------
    >>> article("ORS"), article("unplanned ending"), article("PHQ-9"), article("usual score")
    ('an ORS', 'an unplanned ending', 'a PHQ-9', 'a usual score')
    """
    if words[:2].isupper():
        vowel = words[0] in LETTERS_SAID_WITH_A_VOWEL
    else:
        low = words.lower()
        vowel = low.startswith(tuple("aeiou")) and not low.startswith(SAID_WITH_A_Y)
    return f"{'an' if vowel else 'a'} {words}"


def ratio_name(recipe: Recipe) -> str:
    """Give what ``exp(estimate)`` is called under the link of the model.

    Examples
    --------
    >>> ratio_name(Recipe("discrete-time hazard", "y ~ x", link="cloglog"))
    'hazard ratio'
    """
    if recipe.kind.startswith(SUBDISTRIBUTION):
        return f"{SUBDISTRIBUTION} hazard ratio"
    return RATIOS.get(recipe.link, "ratio")


def risk_name(recipe: Recipe) -> str:
    """Give what such a ratio multiplies: a hazard, odds or a rate."""
    if recipe.kind.startswith(SUBDISTRIBUTION):
        return f"{SUBDISTRIBUTION} hazard"
    return RISKS.get(recipe.link, "risk")


def error_words(recipe: Recipe) -> str:
    """Say what the standard errors are, and by what they are clustered.

    Examples
    --------
    >>> error_words(Recipe("discrete-time hazard", "y ~ x", errors="CR2", cluster="therapist"))
    'CR2 standard errors clustered by therapist'
    >>> error_words(Recipe("discrete-time hazard", "y ~ x", errors="wild", cluster="therapist"))
    'limits by the wild cluster bootstrap, clustered by therapist'
    >>> error_words(Recipe("linear mixed model", "y ~ x"))
    'model-based standard errors'
    """
    if recipe.errors == "wild":
        return f"limits by the wild cluster bootstrap, clustered by {recipe.cluster}"
    if recipe.errors in ("model", ""):
        kind = "model-based"
    elif recipe.errors == "GLS":
        kind = "generalised least squares"
    elif recipe.errors == "Hessian":
        kind = "observed-information"
    else:
        kind = recipe.errors
    clustered = f" clustered by {recipe.cluster}" if recipe.cluster else ""
    return f"{kind} standard errors{clustered}"


def verdict(health: Health) -> str:
    """Say why a fit is not a finding; empty if it may be one.

    Examples
    --------
    >>> verdict(Health(converged=False))
    'the model did not converge'
    >>> verdict(Health(converged=True))
    ''
    """
    if not health.converged:
        return "the model did not converge"
    if health.singular:
        return f"the model is singular in {listed(list(health.singular))}"
    return ""


def without(fit: Fit) -> str:
    """Say what was left out of a model and refitted, and what that shows; empty if nothing."""
    said = []
    for term in fit.health.dropped:
        if "therapist" in term:
            said.append(
                "These data show no difference between therapists, "
                "and the model was refitted without it."
            )
        elif "_within" in term or "_detrended" in term:
            said.append(
                "These data show no difference between clients in what their own swings preceded, "
                "and the model was refitted without it."
            )
        else:
            said.append(f"The model was refitted without a term these data cannot carry: {term}.")
    return " ".join(dict.fromkeys(said))


def counted(many: int, noun: str) -> str:
    """Write how many, or that there are fewer than five.

    Examples
    --------
    >>> counted(402, "client"), counted(3, "client")
    ('402 clients', 'fewer than 5 clients')
    """
    return f"fewer than {SMALLEST} {noun}s" if 0 < many < SMALLEST else count(many, noun)


def of_whom(rows: Rows, *, events: str = "") -> str:
    """Say on how many clients, rows and therapists a number rests.

    Parameters
    ----------
    rows
        Of the fit.
    events
        What an event is, in the singular, to count them too.

    Examples
    --------
    >>> of_whom(Rows(2981, clients=402, unit="sessions"))
    '402 clients, 2,981 sessions'
    """
    said = [counted(rows.clients, "client")] if rows.clients else []
    said.append(counted(rows.used, rows.unit.removesuffix("s")))
    if events and rows.events is not None:
        said.append(counted(rows.events, events))
    if events and rows.therapists:
        said.append(count(rows.therapists, "therapist"))
    return ", ".join(said)
