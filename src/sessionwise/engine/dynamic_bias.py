"""How far off a model within clients is that holds the previous outcome, in short courses."""

from __future__ import annotations


def nickell_bias(weight: float, rows: float) -> float:
    """Give the approximate bias of the weight of the previous outcome within clients.

    −(1 + ρ) / (T − 1): a client's own mean holds the outcomes still to come, so the deviation of
    the previous outcome from it goes with this session's residual. More clients do not help, longer
    courses do. For independent residuals and clients who differ in level only (Nickell 1981,
    Econometrica 49:1417, the approximation for T not very small).

    Parameters
    ----------
    weight
        ρ, outcome points per point of the previous outcome, between −1 and 1.
    rows
        T, rows of a course that are in the model, more than 1.

    Examples
    --------
    >>> round(nickell_bias(0.3, 14), 2)
    -0.1
    """
    return -(1 + weight) / (rows - 1)
