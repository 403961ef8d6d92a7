"""Which rows a model is given, and the count of them that goes into its `Fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Refused
from sessionwise.models.fit import Rows

FEWEST_CLIENTS = 5


def model_frame(data: Any) -> pd.DataFrame:
    """Give the rows of a data frame, or of anything with a ``frame`` of its own (`Sessions`).

    Raises
    ------
    InvalidInput
        Neither; or two columns of one name.
    """
    frame = data if isinstance(data, pd.DataFrame) else getattr(data, "frame", None)
    if not isinstance(frame, pd.DataFrame):
        raise InvalidInput(
            [Problem(f"{type(data).__name__} holds no rows", remedy="Give a DataFrame.")],
            "the data of the model",
        )
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise InvalidInput(
            [Problem(f"two columns are called `{name}`", remedy="Rename one.") for name in twice],
            "the data of the model",
        )
    return frame


def left_out_before(data: Any) -> tuple[tuple[str, int], ...]:
    """Give what was left out before a model saw its rows, if the data say (`Sessions`)."""
    lines = getattr(data, "left_out", ())
    pairs = [one if isinstance(one, tuple) else (one.reason, one.rows) for one in lines]
    return tuple((reason, rows) for reason, rows in pairs if rows)


def counted(used: pd.DataFrame, left_out: tuple[tuple[str, int], ...], client: str = "") -> Rows:
    """Count rows, clients and therapists of a model.

    Parameters
    ----------
    used
        The rows in the model.
    left_out
        As :func:`~sessionwise.models.formulas.complete_rows` gives it.
    client
        The column that tells clients apart where none is called ``client``.
    """

    def distinct(name: str) -> int:
        return int(used[name].nunique()) if name in used.columns else 0

    return Rows(
        used=len(used),
        clients=distinct("client") or distinct(client),
        therapists=distinct("therapist"),
        left_out=left_out,
    )


def standard_deviations(used: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, float]:
    """Standard deviation (n − 1) over the rows of the model, of each column that is a number."""
    return {
        name: float(np.std(used[name].to_numpy(float), ddof=1))
        for name in columns
        if pd.api.types.is_numeric_dtype(used[name]) and len(used) > 1
    }


def refuse_few_clients(frame: pd.DataFrame) -> None:
    """Refuse a model of so few clients that its estimates would speak of persons.

    Raises
    ------
    Refused
        Fewer than five clients are in the rows.
    """
    clients = len(frame[["clinic", "client"]].drop_duplicates())
    if clients < FEWEST_CLIENTS:
        raise Refused(
            f"Fewer than {FEWEST_CLIENTS} clients have what this model needs; a model of so few "
            "would speak of persons. Ask a larger cohort, or fill in what is missing."
        )
