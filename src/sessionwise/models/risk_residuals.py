"""What a Cox fit leaves unexplained of its rows, and who moves its estimates."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from sessionwise.engine.proportional_hazards import schoenfeld
from sessionwise.engine.score_parts import row_scores
from sessionwise.errors import InvalidInput, Problem, Refused, nearest
from sessionwise.models.risk_rows import RiskRows, levels_of

Kind = Literal["martingale", "deviance", "cox-snell", "score", "dfbeta", "schoenfeld"]


def residuals_of(rows: RiskRows, kind: Kind, by: str = "") -> pd.DataFrame:
    """Tabulate residuals; see `CoxFit.residuals`."""
    if kind not in get_args(Kind):
        found = nearest(kind, get_args(Kind))
        raise InvalidInput([Problem(f"'{kind}' is no kind of residual", "", found)], "residuals")
    index = rows.used.index
    if kind == "schoenfeld":
        order = rows.times.of_event
        values = schoenfeld(rows.steps)
        frame = pd.DataFrame(values, columns=list(rows.columns), index=index[order])
        frame.insert(0, "time", rows.times.time[rows.times.at])
        return frame
    if kind in ("score", "dfbeta"):
        frame = pd.DataFrame(_scores(rows, kind), columns=list(rows.columns), index=index)
        return frame.groupby(levels_of(rows, by)).sum() if by else frame
    expected, event = rows.steps.expected(), rows.event.astype(float)
    if by:
        level = levels_of(rows, by)
        expected, event = np.bincount(level, expected), np.bincount(level, event)
        index = pd.RangeIndex(len(event))
    values = expected if kind == "cox-snell" else event - expected
    if kind == "deviance":
        values = _deviance(values, event)
    return pd.DataFrame({kind: values, "event": event.astype(int)}, index=index)


def _scores(rows: RiskRows, kind: Kind) -> np.ndarray:
    """Give score residuals, or what each row moves the coefficients by, to first order."""
    if rows.shift.any():
        raise Refused(
            "Scores and dfbeta are not given of a model with deviations: without a client the "
            "therapists' deviations change too. Ask the model without the random term."
        )
    score = row_scores(rows.steps)
    return score if kind == "score" else score @ np.linalg.inv(rows.steps.information())


def _deviance(martingale: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Make martingale residuals more symmetric (Therneau, Grambsch & Fleming 1990, eq. 3)."""
    expected = np.maximum(event - martingale, 0)
    log = np.log(np.where(event > 0, expected / np.maximum(event, 1), 1.0))
    inside = -2 * (martingale + event * log)
    return np.sign(martingale) * np.sqrt(np.maximum(inside, 0))


def influence_of(rows: RiskRows, by: str) -> pd.DataFrame:
    """Tabulate who moves the estimates; see `CoxFit.influence`."""
    level = levels_of(rows, by)
    moved = np.stack([np.bincount(level, column) for column in _scores(rows, "dfbeta").T], axis=1)
    information = rows.steps.information()
    distance = np.einsum("lp,pq,lq->l", moved, information, moved)
    table = {
        "rows": np.bincount(level),
        "events": np.bincount(level, rows.event).astype(int),
        "expected": np.bincount(level, rows.steps.expected()),
        "displacement": distance,
    }
    table |= {f"change[{name}]": column for name, column in zip(rows.columns, moved.T)}
    frame = pd.DataFrame(table).sort_values("displacement", ascending=False, kind="stable")
    return frame.reset_index(drop=True)
