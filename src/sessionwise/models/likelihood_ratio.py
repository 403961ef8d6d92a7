"""Whether a variance can be told from zero: two fits that differ in one random term."""

from __future__ import annotations

from scipy.stats import chi2

from sessionwise.errors import InvalidInput, Problem
from sessionwise.models.fit import Fit


def variance_against_none(fit: Fit, without: Fit) -> float:
    """Say how often a variance of none would look at least as large as this one.

    Twice the difference of the log-likelihoods, by REML as both have the same fixed terms on the
    same rows. A variance cannot be below zero, so with no variance the statistic is 0 half of the
    time and a χ² with 1 degree of freedom otherwise.

    Parameters
    ----------
    fit, without
        With one independent random slope, and without it.

    Returns
    -------
    float
        The p value; 1 where the variance was estimated as zero.

    Raises
    ------
    InvalidInput
        The fits differ in more.

    Notes
    -----
    Self & Liang 1987, J Am Stat Assoc 82:605, case 5; Stram & Lee 1994, Biometrics 50:1171.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s, alike = sw.example(), sw.alliance_and_next_outcome(sw.example())
    >>> fit = sw.alliance_and_next_outcome(s, slopes="of time and alliance")
    >>> variance_against_none(fit, alike) > 0.05
    True
    """
    same = fit.rows.used == without.rows.used and fit.recipe.estimation == without.recipe.estimation
    terms = fit.estimates["term"].tolist() == without.estimates["term"].tolist()
    more = _named(fit) - _named(without)
    if not (same and terms) or len(more) > 1:
        problem = Problem(
            "the two fits differ in more than one random slope",
            f"{fit.recipe.formula}; {without.recipe.formula}",
            "Give two fits of one question on the same records, one with slopes that differ.",
        )
        raise InvalidInput([problem], "a likelihood ratio")
    if not more:
        return 1.0
    return float(chi2.sf(max(2 * (fit.loglik - without.loglik), 0.0), 1)) / 2


def _named(fit: Fit) -> set[tuple[str, ...]]:
    """Name the variances; one that was estimated as zero is not among them, and changes nothing."""
    return set(fit.variances[["group", "term1", "term2"]].itertuples(index=False, name=None))
