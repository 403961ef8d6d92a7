"""What a mixed model leaves unexplained of each of its rows, and how far each row pulls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sessionwise.engine.row_errors import leverages
from sessionwise.models.mixed_solution import MixedSolution
from sessionwise.models.predictions import fitted_means


def residual_table(found: MixedSolution) -> pd.DataFrame:
    """Tabulate residuals and leverage; see `FitOnRows.residuals`."""
    response = found.made.response
    marginal = response - fitted_means(found, of="population")
    conditional = response - fitted_means(found, of="levels")
    leverage = leverages(found.model, found.summit.roots, found.scaled.basis)
    spread = np.sqrt(found.residual_variance * np.clip(1 - leverage, 0, None))
    standardised = np.divide(
        conditional, spread, out=np.full(len(spread), np.nan), where=leverage < 1 - 1e-10
    )
    return pd.DataFrame(
        {
            "marginal": marginal,
            "conditional": conditional,
            "standardised": standardised,
            "leverage": leverage,
        },
        index=found.used.index,
    )
