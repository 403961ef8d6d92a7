"""Therapists and leaving: their share of dropout, with limits, and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from sessionwise.engine.boundary_mixture import boundary_p
from sessionwise.engine.spread_profile import SpreadProfile
from sessionwise.errors import Refused, Unanswerable
from sessionwise.features.given import need_given
from sessionwise.features.intake import as_names, need_intake
from sessionwise.features.leaving import Episodes, episodes, need_endings
from sessionwise.models.benchmarks import THERAPISTS_AND_DROPOUT, Benchmark
from sessionwise.models.discrete_hazard import Link, hazard
from sessionwise.models.generalized_mixed_fit import GeneralizedMixedFit
from sessionwise.models.hazard_curve import probability_of
from sessionwise.models.latent_scale import QUARTER, RESIDUALS
from sessionwise.models.leaving_baseline import (
    Baseline,
    baseline_values,
    flagged_first,
    with_baseline,
)
from sessionwise.models.mixed_model import mixed
from sessionwise.records.sessions import Sessions

PURPOSE = "Therapists and leaving"
NODES = 15
"""Of quadrature: therapists with few endings are beyond Laplace's approximation."""

FEWEST_THERAPISTS = 5
FEWEST_CLIENTS = 5
"""Clients of a therapist who is shown; the others are in the model, and counted."""


@dataclass(frozen=True, eq=False, repr=False)
class TherapistDifferences:
    """How much therapists differ in the hazard that their clients leave.

    Attributes
    ----------
    fit
        The hazard with a random therapist, kept in where its variance is zero.
    share, share_low, share_high
        Therapists' share of the latent variance, with 95 % limits by the profile of the likelihood;
        the lower one is 0 where zero cannot be told from what was found.
    ratio, ratio_low, ratio_high
        Median hazard (odds) ratio of two therapists drawn at random, with the limits that go with
        those of the share.
    p
        Of the likelihood ratio that therapists do not differ, judged on its boundary.
    sessions
        Over how many sessions chances are given.
    therapists
        One row per therapist with at least five clients, from the least to the most likely to lose
        them, and none where they are alike: ``rank, clients, mode, std_error, low, high, estimate,
        estimate_low, estimate_high``; the mode is the most likely deviation in the linear
        predictor, the estimate the chance of an unplanned ending within ``sessions`` sessions of a
        client of average make-up, no other ending coming first.
    spread
        ``group, therapists, estimate, low, high``: that chance with the lowest tenth, a middling
        therapist and the highest tenth; then at the 10th and 90th percentile of therapists at large
        as the model has them, without limits.
    few
        Therapists with fewer than five clients, who are not in ``therapists``.
    published
        What the field has printed.
    """

    fit: GeneralizedMixedFit
    share: float
    share_low: float
    share_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p: float
    sessions: int
    therapists: pd.DataFrame = field(repr=False)
    spread: pd.DataFrame = field(repr=False)
    few: int
    published: Benchmark = THERAPISTS_AND_DROPOUT

    def __repr__(self) -> str:
        share = f"{self.share:.3f} (95 % {self.share_low:.3f} to {self.share_high:.3f})"
        ratio = f"{self.ratio:.2f} ({self.ratio_low:.2f} to {self.ratio_high:.2f})"
        chances = self.spread.to_string(index=False, float_format=lambda x: f"{x:.3f}")
        said = f"Latent share {share}, median ratio {ratio}, p = {self.p:.3g} on the boundary"
        return f"{self.fit}\n\n{said}\nUnplanned within {self.sessions} sessions\n{chances}"


def therapists_and_leaving(
    s: Sessions,
    adjust: Sequence[str] = (),
    link: Link = "cloglog",
    baseline: Baseline = "linear",
    by: int = 10,
) -> TherapistDifferences:
    """How much of who leaves goes with the therapist, and how far apart are therapists?

    The alliance is left out: where therapists differ in it, it is part of what they differ by.
    What clients brought with them is held, as far as it is recorded.

    Parameters
    ----------
    s
        The records.
    adjust
        Intake covariates, the case-mix.
    link
        ``"cloglog"`` (residual variance π²/6) or ``"logit"`` (π²/3); shares of one are not those of
        the other.
    baseline
        As in :func:`alliance_and_leaving`.
    by
        Over how many sessions chances are given, fewer if nobody came to so many.

    Returns
    -------
    TherapistDifferences

    Raises
    ------
    Unanswerable, Refused
        No therapist is recorded, or fewer than five; as for :func:`hazard`.

    References
    ----------
    Latent share and median ratio: Goldstein, Browne & Rasbash (2002), Understanding Statistics
    1:223–231; Austin, Wagner & Merlo (2017), Stat Med 36:928–938. Limits: Venzon & Moolgavkar
    (1988), J R Stat Soc C 37:87–94. Test: Self & Liang (1987), J Am Stat Assoc 82:605–610.

    Examples
    --------
    >>> import sessionwise as sw
    >>> found = therapists_and_leaving(sw.example(), ["severity"])
    >>> bool(found.share_low <= found.share <= found.share_high)
    True
    """
    adjust = as_names(adjust)
    need_endings(s)
    s.need(["therapist"], PURPOSE)
    need_intake(s, adjust, PURPOSE)
    need_given(s, ["therapist", *adjust], PURPOSE)
    used = [*adjust, "therapist"]
    at_risk, terms, notes = with_baseline(flagged_first(episodes(s)), used, baseline)
    _need_therapists(at_risk, used)
    formula = f"left_unplanned ~ {' + '.join([*terms, *adjust])} + (1 | therapist)"
    described = hazard(formula, at_risk, link)
    rows = at_risk.frame[at_risk.frame[used].notna().all(axis=1)].reset_index(drop=True)
    kept = mixed(formula, rows, family="binomial", link=link, zero="keep", quadrature=NODES)
    rule = (at_risk.source,) if at_risk.source else ()
    sources = (
        *("discrete_hazard", *kept.recipe.sources, "profile", "median_ratio", "zimmermann"),
        *rule,
    )
    said = tuple(one for one in described.recipe.notes if one not in kept.recipe.notes)
    fit = kept.replace(
        question="How much of who leaves unplanned goes with the therapist?",
        rows=described.rows,
        labels=described.labels,
        recipe=replace(
            kept.recipe,
            kind="discrete-time hazard with a random therapist",
            notes=(*(note for note in notes if "change" not in note), *said, *kept.recipe.notes),
            caution=described.recipe.caution,
            sources=tuple(dict.fromkeys(sources)),
        ),
    )
    return _found(fit, rows, by)


def _need_therapists(at_risk: Episodes, used: Sequence[str]) -> None:
    """Refuse too few therapists for a share of theirs to mean anything."""
    frame = at_risk.frame
    many = int(frame.loc[frame[list(used)].notna().all(axis=1), "therapist"].nunique())
    if many < FEWEST_THERAPISTS:
        raise Unanswerable(
            f"How much therapists differ cannot be told from {many}: at least {FEWEST_THERAPISTS} "
            "are needed."
        )


def _found(fit: GeneralizedMixedFit, rows: pd.DataFrame, by: int) -> TherapistDifferences:
    """Put together what a fit says of its therapists."""
    if not isinstance(by, int | np.integer) or by < 1:
        raise Refused(
            f"Chances over {by} sessions cannot be given. Give a whole number, 1 or more."
        )
    link, solution = fit.recipe.link, fit.solution
    profile = SpreadProfile(solution.likelihood, solution.summit)
    best = 0.0 if solution.singular else profile.best
    spreads = np.array([best, *profile.limits()])
    shares = spreads**2 / (spreads**2 + RESIDUALS[link])
    ratios = np.exp(QUARTER * spreads)
    sessions = np.arange(int(rows["session"].min()), min(by, int(rows["session"].max())) + 1)
    line = _average_line(fit, rows, sessions)
    modes = fit.modes("therapist")
    pairs = rows[["clinic", "client", "therapist"]].drop_duplicates()
    clients = pairs.groupby("therapist").size()
    each = pd.DataFrame(
        {
            "clients": clients.reindex(modes["level"]).to_numpy(int),
            "mode": modes["mode"].to_numpy(float),
            "std_error": modes["std_error"].to_numpy(float),
        }
    )
    apart = bool(spreads[0] > 0)
    shown = each[(each["clients"] >= FEWEST_CLIENTS) & apart].sort_values("mode", kind="stable")
    shown = shown.reset_index(drop=True)
    half = stats.norm.ppf(0.975) * shown["std_error"]
    shown = shown.assign(low=shown["mode"] - half, high=shown["mode"] + half)
    for name, of in (("estimate", "mode"), ("estimate_low", "low"), ("estimate_high", "high")):
        shown[name] = _chance(line, shown[of].to_numpy(), link)
    shown.insert(0, "rank", np.arange(1, len(shown) + 1))
    return TherapistDifferences(
        fit,
        *shares,
        *ratios,
        p=boundary_p(profile.fall(0.0), 1),
        sessions=int(sessions.max()),
        therapists=shown,
        spread=_spread(shown, line, link, float(spreads[0])),
        few=int((each["clients"] < FEWEST_CLIENTS).sum()),
    )


def _average_line(fit: GeneralizedMixedFit, rows: pd.DataFrame, sessions: np.ndarray) -> np.ndarray:
    """Linear predictor at each session, covariates at their means over the rows."""
    made = fit.solution.made
    curve = baseline_values(made, rows, sessions)
    means = dict(zip(made.terms, made.matrix.mean(axis=0)))
    columns = [curve.get(term, np.full(sessions.size, means[term])) for term in made.terms]
    return np.column_stack(columns) @ fit.estimates["estimate"].to_numpy(float)


def _chance(line: np.ndarray, deviation: np.ndarray, link: str) -> np.ndarray:
    """Chance of an unplanned ending by the last session, for each deviation."""
    each = probability_of(line[None, :] + np.atleast_1d(deviation)[:, None], link)
    return -np.expm1(np.log1p(-each).sum(axis=1))


def _spread(shown: pd.DataFrame, line: np.ndarray, link: str, sd: float) -> pd.DataFrame:
    """Give the chances with the lowest and the highest tenth of therapists, and in the middle.

    The deviation of a tenth is the mean of its modes; its error takes them for independent.
    """
    tenth = max(1, round(len(shown) / 10)) if len(shown) else 0
    parts = {"lowest tenth": shown.head(tenth), "highest tenth": shown.tail(tenth)}
    lines = []
    for group, part in parts.items():
        if not tenth:
            continue
        middle = float(part["mode"].mean())
        half = stats.norm.ppf(0.975) * np.sqrt((part["std_error"] ** 2).sum()) / tenth
        chances = _chance(line, np.array([middle, middle - half, middle + half]), link)
        lines.append((group, tenth, *chances))
    middle = float(_chance(line, np.zeros(1), link)[0])
    lines.insert(len(lines) // 2, ("middle", 0, middle, np.nan, np.nan))
    reach = stats.norm.ppf(0.9) * sd
    if not reach:
        return pd.DataFrame(lines[-1:], columns=["group", "therapists", "estimate", "low", "high"])
    for group, at in (("10th percentile", -reach), ("90th percentile", reach)):
        lines.append((group, 0, float(_chance(line, np.array([at]), link)[0]), np.nan, np.nan))
    return pd.DataFrame(lines, columns=["group", "therapists", "estimate", "low", "high"])
