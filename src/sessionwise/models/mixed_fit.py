"""What a mixed model said, and all it can be asked afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from sessionwise.models.fit_on_rows import FitOnRows
from sessionwise.models.mixed_solution import MixedSolution


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MixedFit(FitOnRows):
    """A `Fit` of a linear mixed model.

    Attributes
    ----------
    solution
        The rows, matrices and variances behind it.
    """

    solution: MixedSolution = field(repr=False)

    def modes(self, group: str) -> pd.DataFrame:
        """Give how far each level of a factor lies from what the fixed effects say.

        Parameters
        ----------
        group
            The factor, as ``variances`` names it.

        Returns
        -------
        DataFrame
            ``level, term, mode, std_error``: the conditional mode (shrunken towards 0) in units of
            the outcome per unit of the column, and its standard error given the variances.

        Raises
        ------
        KeyError
            The fit has no such factor; the message lists those there are.
        """
        known = list(self.solution.part.by_factor)
        if group not in known:
            raise KeyError(f"no factor '{group}'; factors: {', '.join(known) or 'none'}")
        return self.solution.modes(group)
