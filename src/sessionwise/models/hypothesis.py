"""What a test of a hypothesis said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Test:
    """A test of a null hypothesis.

    Attributes
    ----------
    name
        Which test: ``"Wald F (Kenward–Roger)"``, ``"likelihood ratio (REML)"``.
    statistic
        F, or twice the difference of the log-likelihoods (≥ 0).
    df
        How many parameters the null hypothesis takes away.
    df_denominator
        Denominator degrees of freedom of F; ``None`` for a likelihood ratio.
    p
        Probability, under the null hypothesis, of a statistic at least as large.
    null
        The null hypothesis in words.
    note
        What a reader must know of the reference distribution.
    """

    __test__: ClassVar[bool] = False  # pytest, this is no class of tests

    name: str
    statistic: float
    df: int
    df_denominator: float | None
    p: float
    null: str
    note: str = ""

    def __str__(self) -> str:
        if self.df_denominator is None:
            found = f"χ² = {self.statistic:.4g} on {self.df} df"
        else:
            found = f"F({self.df}, {self.df_denominator:.4g}) = {self.statistic:.4g}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: {found}, p = {self.p:.3g}; null: {self.null}{note}"
