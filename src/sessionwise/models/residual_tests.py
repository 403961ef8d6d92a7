"""Whether residuals need what a model gives them: likelihood-ratio tests against simpler ones."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from sessionwise.engine.profiled_likelihood import LinearMixedModel
from sessionwise.engine.residual_search import MarkedModel, best_residuals
from sessionwise.engine.variance_search import highest
from sessionwise.errors import Refused
from sessionwise.models.mixed_fit import MixedFit
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.residual_structure import ResidualStructure

CORRELATION, SIZES = "the correlation", "the differences in size"
COLUMNS = ("without", "loglik", "statistic", "df", "p")


def residuals_needed(fit: MixedFit) -> pd.DataFrame:
    """Are the residuals' correlation and differences in size needed, or would less be enough?

    Each is left out in turn, and both, and the model fitted again with the same random terms and
    the same kind of likelihood: two REML likelihoods may be compared here, for their fixed terms
    are the same. φ = 0 lies within AR(1), which knows negative φ too: χ² on 1. In continuous time
    φ = 0 is a boundary, and the reference is half of χ² with and half without that degree of
    freedom. g groups differ in g − 1 ratios.

    Parameters
    ----------
    fit
        From `mixed`, with ``residual`` or ``residual_by``.

    Returns
    -------
    DataFrame
        ``without, loglik, statistic, df, p``: what was left out, the log-likelihood without, twice
        what that loses, and its test.

    Raises
    ------
    Refused
        Residuals of the fit are independent and alike.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, section 2.4.1. The boundary: Self
    & Liang (1987), J Am Stat Assoc 82:605–610, case 5.

    Examples
    --------
    >>> import sessionwise as sw
    >>> fit = sw.mixed("ors ~ session + (1 | client)", sw.example(), residual="ar1")
    >>> sw.residuals_needed(fit)["without"].tolist()
    ['the correlation']
    """
    residual = fit.solution.residual
    if residual is None:
        raise Refused(
            "The residuals of this fit are independent and alike, so there is nothing to leave "
            "out. Fit it with residual='ar1' or residual_by=… first."
        )
    structure, rows = residual.structure, residual.structure.rows
    ratios = rows.strata - 1
    tried: list[tuple[str, ResidualStructure | None, int, bool]] = []
    if rows.correlated:
        tried.append((CORRELATION, structure.without_correlation(), 1, rows.continuous))
    if ratios:
        tried.append((SIZES, structure.of_one_size(), ratios, False))
    if rows.correlated and ratios:
        both = f"{CORRELATION} and {SIZES}"
        tried.append((both, None, 1 + ratios, rows.continuous))
    lines = []
    for without, simpler, df, edge in tried:
        lost = residual.found.loglik - _loglik(fit.solution, simpler)
        statistic = max(2 * lost, 0.0)
        p = stats.chi2.sf(statistic, df)
        if edge:
            fewer = stats.chi2.sf(statistic, df - 1) if df > 1 else float(statistic <= 0)
            p = (p + fewer) / 2
        lines.append((without, fit.loglik - lost, statistic, df, float(p)))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _loglik(solution: MixedSolution, structure: ResidualStructure | None) -> float:
    """Fit with simpler residuals, all random terms as asked; in the units of the scaled model."""
    residual, scaled = solution.residual, solution.scaled
    factors, _ = residual.asked.factors()
    if structure is None:
        model = LinearMixedModel.of(scaled.basis, scaled.response, factors, reml=solution.reml)
        return highest(model).loglik
    marked = MarkedModel(
        scaled.basis, scaled.response, tuple(factors), structure.rows, solution.reml
    )
    return best_residuals(marked).loglik
