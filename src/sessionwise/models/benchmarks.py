"""What the field has published, to be set beside an estimate: the only place such numbers stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Benchmark:
    """An average of published studies.

    Attributes
    ----------
    of
        Which studies, in words.
    estimate, low, high
        The average and its 95 % confidence limits; limits are not a number where none were printed.
    studies
        How many.
    places
        Decimals as printed.
    cited
        As a text cites it.
    source
        Citation key.
    """

    of: str
    estimate: float
    low: float
    high: float
    studies: int
    places: int
    cited: str
    source: str


ALLIANCE_AND_OUTCOME = (
    Benchmark(
        "adults, face to face", 0.278, 0.256, 0.299, 295, 3, "Flückiger et al., 2018", "flueckiger"
    ),
    Benchmark(
        "adults, internet", 0.275, np.nan, np.nan, 23, 3, "Flückiger et al., 2018", "flueckiger"
    ),
    Benchmark("children and adolescents", 0.19, 0.13, 0.25, 28, 2, "Karver et al., 2018", "karver"),
)
"""Correlations of alliance and outcome, positive where a better alliance went with a better one.

Flückiger, Del Re, Wampold & Horvath 2018, Psychotherapy 55:316, abstract: r = .278 [.256, .299],
k = 295; internet r = .275, k = 23, no limits printed there. Karver, De Nadai, Monahan & Shirk 2018,
Psychotherapy 55:341: r = .19 [.13, .25], k = 28. An estimate is compared with the first of them.
"""

THERAPISTS_AND_DROPOUT = Benchmark(
    "dropout, 707 clients of 66 therapists", 0.057, np.nan, np.nan, 1, 3,
    "Zimmermann et al., 2017", "zimmermann",
)  # fmt: skip
"""Therapists' share of the variance of dropout, of a course, on the logistic scale.

Zimmermann, Rubel, Page & Lutz 2017, Clin Psychol Psychother 24:312, abstract: 5.7 %,
without limits.
"""

YOUTH = "children and adolescents"


def published_for(rater: str) -> tuple[Benchmark, ...]:
    """Order the averages for who rates the alliance: for children their own comes first.

    Examples
    --------
    >>> published_for("child")[0].of, published_for("client")[0].of
    ('children and adolescents', 'adults, face to face')
    """
    young = rater in ("child", "caregiver")
    return tuple(sorted(ALLIANCE_AND_OUTCOME, key=lambda one: young and one.of != YOUTH))
