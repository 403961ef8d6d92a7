"""Whether curves of groups differ: log-rank tests, and Gray's test of cumulative incidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sessionwise.errors import InvalidInput, Problem


@dataclass(frozen=True, eq=False)
class GroupTest:
    """A test of whether k groups share one curve.

    Attributes
    ----------
    statistic, df, p
        Chi-squared statistic, its degrees of freedom (groups that can differ, less one), p-value.
        nan, 0 and nan where fewer than two groups can be compared.
    scores
        Observed less expected (log-rank) or Gray's scores, shape (groups,): above 0, more or
        earlier events than if all groups were alike. They sum to 0.
    covariance
        Of the scores, shape (groups, groups).
    """

    statistic: float
    df: int
    p: float
    scores: np.ndarray
    covariance: np.ndarray


def log_rank(
    time: np.ndarray,
    event: np.ndarray,
    group: np.ndarray,
    strata: np.ndarray | None = None,
    rho: float = 0.0,
) -> GroupTest:
    """Say whether the rate of the event, among those still there, differs between groups.

    Parameters
    ----------
    time, event
        As in :func:`~sessionwise.engine.incidence_curves.kaplan_meier`, shape (n,).
    group
        Any labels, shape (n,); groups are taken in the order of ``numpy.unique``.
    strata
        Groups are compared within each stratum only; ``None``: one stratum.
    rho
        Each time is weighted by S(t−)^rho, S the curve of all groups together: 0 is the log-rank
        test, 1 Peto & Peto's form of Wilcoxon's, which looks at early sessions more.

    Raises
    ------
    InvalidInput
        Unequal lengths, a missing time, or an event other than 0 or 1.

    References
    ----------
    Harrington & Fleming (1982), Biometrika 69:553–566 (the family); Mantel (1966), Cancer
    Chemotherapy Reports 50:163–170 (hypergeometric variance, which allows for ties). R's
    ``survdiff`` gives the same.

    Examples
    --------
    >>> test = log_rank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "a", "b", "b"])
    >>> round(test.statistic, 4), test.df
    (2.8824, 1)
    """
    time, event, codes, blocks, k = _laid_out(time, event, group, strata, causes=1)
    scores, covariance = np.zeros(k), np.zeros((k, k))
    for block in blocks:
        _, at_risk, ended = _table(time[block], event[block], codes[block], k, causes=1)
        deaths = ended[:, 0, :]
        n, d = at_risk.sum(axis=1), deaths.sum(axis=1)
        weight = np.concatenate([[1.0], np.cumprod(1 - d / n)[:-1]]) ** rho
        share = at_risk / n[:, None]
        scores += weight @ (deaths - d[:, None] * share)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.where(n > 1, weight**2 * d * (n - d) / (n - 1), 0.0)
        covariance += np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return _judged(scores, covariance)


def gray(
    time: np.ndarray,
    cause: np.ndarray,
    group: np.ndarray,
    of: int = 1,
    strata: np.ndarray | None = None,
    rho: float = 0.0,
) -> GroupTest:
    """Say whether the cumulative incidence of one cause differs between groups.

    A log-rank test compares rates among those still there. Two groups may share the rate of
    unplanned endings and differ in how many ever leave, as planned endings take more of one of
    them away; that is what this test is of.

    Parameters
    ----------
    time, cause
        As in :func:`~sessionwise.engine.incidence_curves.aalen_johansen`, shape (n,).
    group, strata
        As in :func:`log_rank`.
    of
        The cause whose incidence is compared.
    rho
        Weights (1 − F(t−))^rho, F the incidence of all groups together.

    References
    ----------
    Gray (1988), Ann Stat 16:1141–1154: scores eq. 2.4, with R_k of section 2; variance eq. 2.7 and
    section 3, here as a sum over the martingales of both kinds of ending. ``cuminc`` of R's
    ``cmprsk`` gives the same, its correction for ties included.

    Examples
    --------
    >>> test = gray([1, 2, 2, 3, 4, 4], [1, 2, 1, 1, 2, 0], list("aaabbb"))
    >>> test.df
    1
    """
    time, cause, codes, blocks, k = _laid_out(time, cause, group, strata, causes=None)
    cause = np.where(cause == of, 1, np.where(cause == 0, 0, 2))
    scores, covariance = np.zeros(k), np.zeros((k, k))
    for block in blocks:
        one, other = _gray_scores(time[block], cause[block], codes[block], k, rho)
        scores += one
        covariance += other
    return _judged(scores, covariance)


def _gray_scores(
    time: np.ndarray, cause: np.ndarray, codes: np.ndarray, k: int, rho: float
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (k,) and their covariance (k, k) in one stratum.

    Symbols as in Gray (1988): Y_k at risk, S_k Kaplan–Meier curve of any ending, F_k incidence of
    the cause, h_k = Y_k / S_k(t−), F⁰ the incidence of all groups, if they are alike.
    """
    _, at_risk, ended = _table(time, cause, codes, k, causes=2)
    keep = ended.sum(axis=(1, 2)) > 0
    y, d1, d2 = at_risk[keep].astype(float), ended[keep, 0], ended[keep, 1]
    there = y > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        stay = np.where(there, 1 - (d1 + d2) / y, 1.0)
        s = np.cumprod(stay, axis=0)
        s_before = np.vstack([np.ones(k), s[:-1]])
        f = np.cumsum(np.where(there, s_before * d1 / y, 0.0), axis=0)
        f_before = np.vstack([np.zeros(k), f[:-1]])
        h = np.where(there, y / s_before, 0.0)
        total, events = h.sum(axis=1), d1.sum(axis=1).astype(float)
        f0 = np.cumsum(events / total)
        f0_before = np.concatenate([[0.0], f0[:-1]])
        weight = (1 - f0_before) ** rho
        r = h * (1 - f_before)
        scores = weight @ (d1 - events[:, None] * r / r.sum(axis=1, keepdims=True))
        share = h / total[:, None]
        a = weight[:, None, None] * h[:, :, None] * (np.eye(k) - share[:, None, :])
        c = np.cumsum(a * (events / (total * (1 - f0_before)))[:, None, None], axis=0)
        left = 1 - f0[:, None]
        t4 = np.where(s > 0, 1 - left / s, 1.0)
        ties = np.where(events > 1, 1, 0)[:, None]
        t5 = 1 - ties * (events[:, None] - 1) / (total[:, None] * s_before - 1)
        own = np.where(there, t5 * s_before * events[:, None] / (total[:, None] * y), 0.0)
        t6 = np.where(d2 > 1, 1 - (d2 - 1) / (y - 1), 1.0)
        rival = np.where((s > 0) & (d2 > 0), t6 * s_before**2 * d2 / y**2, 0.0)
        pull = np.where(s > 0, left / s, 0.0)
    later = c[-1] - c
    one, two = a + t4[:, None, :] * later, pull[:, None, :] * later
    covariance = np.einsum("tik,tjk,tk->ij", one, one, own)
    return scores, covariance + np.einsum("tik,tjk,tk->ij", two, two, rival)


def _judged(scores: np.ndarray, covariance: np.ndarray) -> GroupTest:
    """Give the chi-squared test of all scores being 0, groups without any spread left out."""
    spread = np.diag(covariance)
    moved = np.flatnonzero(spread > 1e-12 * max(spread.max(initial=0.0), 1e-300))
    if len(moved) < 2:
        return GroupTest(float("nan"), 0, float("nan"), scores, covariance)
    kept = moved[:-1]
    inverse = np.linalg.pinv(covariance[np.ix_(kept, kept)])
    statistic = float(scores[kept] @ inverse @ scores[kept])
    return GroupTest(
        statistic, len(kept), float(stats.chi2.sf(statistic, len(kept))), scores, covariance
    )


def _table(
    time: np.ndarray, cause: np.ndarray, codes: np.ndarray, k: int, causes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct times (T,), at risk (T, k) and endings (T, causes, k)."""
    times, place = np.unique(time, return_inverse=True)
    cell = (place * (causes + 1) + cause.astype(int)) * k + codes
    counts = np.bincount(cell, minlength=times.size * (causes + 1) * k)
    counts = counts.reshape(times.size, causes + 1, k)
    at_risk = counts.sum(axis=1)[::-1].cumsum(axis=0)[::-1]
    return times, at_risk, counts[:, 1:, :]


def _laid_out(
    time: np.ndarray,
    cause: np.ndarray,
    group: np.ndarray,
    strata: np.ndarray | None,
    causes: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray], int]:
    """Check what was given; times, causes, codes of the groups, rows of each stratum, groups."""
    time, cause = np.asarray(time, float), np.asarray(cause, float)
    group = np.asarray(group)
    strata = np.zeros(time.shape, int) if strata is None else np.asarray(strata)
    problems = []
    if not time.size or not time.shape == cause.shape == group.shape == strata.shape:
        problems.append(
            Problem(
                f"{time.size} times, {cause.size} endings, {group.size} groups and "
                f"{strata.size} strata were given",
                remedy="Give one of each for every course, at least one course.",
            )
        )
    if not np.isfinite(time).all():
        problems.append(
            Problem("times are missing or infinite", remedy="Leave these courses out, count them.")
        )
    whole = np.isfinite(cause).all() and (cause == np.round(cause)).all() and (cause >= 0).all()
    if not whole or (causes is not None and cause.max(initial=0) > causes):
        said = "0 or 1" if causes == 1 else "whole numbers, 0 for censored"
        problems.append(Problem("an ending has another code", remedy=f"Code endings as {said}."))
    if problems:
        raise InvalidInput(problems, "the courses of a test between groups")
    names, codes = np.unique(group, return_inverse=True)
    blocks = [np.flatnonzero(strata == one) for one in np.unique(strata)]
    return time, cause, codes, blocks, len(names)
