"""How far off a model within clients is that holds the previous outcome, in short courses."""

from __future__ import annotations


def nickell_bias(weight: float, rows: float) -> float:
    """Give the bias of the weight of the previous outcome within clients, however many they are.

    A client's own mean holds the outcomes still to come, so the deviation of the previous outcome
    from it goes with this session's residual. About −(1 + ρ) / (T − 1); exactly, for independent
    residuals, clients who differ in level only, and no other term (Nickell 1981, Econometrica
    49:1417, eq. 18)::

        −(1 + ρ) / (T − 1) · a / (1 − 2ρ a / ((1 − ρ)(T − 1))),   a = 1 − (1 − ρ^T) / (T (1 − ρ))

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
    rest = 1 - (1 - _power(weight, rows)) / (rows * (1 - weight))
    return -(1 + weight) / (rows - 1) * rest / (1 - 2 * weight * rest / ((1 - weight) * (rows - 1)))


def _power(weight: float, rows: float) -> float:
    """Give ρ^T; a mean number of rows is no whole number, and a negative ρ has no such power."""
    return abs(weight) ** rows * (-1 if weight < 0 and round(rows) % 2 else 1)
