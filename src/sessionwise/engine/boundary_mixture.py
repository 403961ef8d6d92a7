"""How a likelihood ratio is judged when the null hypothesis lies on a boundary."""

from __future__ import annotations

from scipy import stats


def boundary_p(statistic: float, parameters: int) -> float:
    """Give P(½ χ²_{m−1} + ½ χ²_m ≥ statistic), the null hypothesis taking m parameters away.

    With one variance of 0 among them (and its m − 1 covariances) the mixture is exact for many
    levels. With several it is an upper limit: whatever the cone the parameters may lie in, the
    weights of the χ² with odd and with even degrees of freedom are each ½, and no degrees of
    freedom exceed m, so that nothing has heavier tails than the mixture of the last two.

    Parameters
    ----------
    statistic
        Twice the difference of the log-likelihoods.
    parameters
        m ≥ 1.

    References
    ----------
    Self & Liang (1987), J Am Stat Assoc 82:605–610, cases 5 and 6; Stram & Lee (1994), Biometrics
    50:1171–1177, cases 1 to 3. The limit: Silvapulle & Sen (2005), Constrained Statistical
    Inference, section 3.6.

    Examples
    --------
    >>> [round(boundary_p(2.7055, m), 4) for m in (1, 2)]
    [0.05, 0.1793]
    >>> boundary_p(0.0, 1)
    1.0
    """
    if statistic <= 0:
        return 1.0
    fewer = float(stats.chi2.sf(statistic, parameters - 1)) if parameters > 1 else 0.0
    return (fewer + float(stats.chi2.sf(statistic, parameters))) / 2
