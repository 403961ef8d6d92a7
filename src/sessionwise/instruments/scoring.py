"""From the answers to a questionnaire to its score."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from sessionwise.errors import InvalidInput, Problem, Unanswerable, rows_of
from sessionwise.instruments.instrument import Instrument


def score(
    items: pd.DataFrame,
    instrument: Instrument,
    part: str = "total",
    *,
    source: str = "the items",
) -> pd.Series:
    """Say what each row scored on the total or a subscale.

    One missing answer makes the score missing, unless a pro-rating rule is cited on the
    instrument's card: a rule of thumb applied to every questionnaire would give scores that its
    authors do not call scores. With a rule, the sum is multiplied by items over items answered
    (the CORE System Trust words it as ten times the mean item, which is the same).

    Parameters
    ----------
    items
        One row per filled-in form, one column per item. Columns are known by the number they end
        in (``1`` or ``srs_1``), in any order; a frame without column names is taken in order.
    instrument
        The questionnaire.
    part
        ``"total"`` or the name of a subscale.
    source
        What the rows are rows of, for messages; rows are numbered as in a file with a header.

    Returns
    -------
    Series
        float64, shape ``(rows,)``, index of ``items``, in points of the instrument and in its own
        direction (``instrument.better``).

    Raises
    ------
    InvalidInput
        Columns or answers that cannot be; every problem at once, with row numbers.
    Unanswerable
        The instrument may be given as a total only, or a part that is needed is unverified.

    Examples
    --------
    >>> from sessionwise.instruments.catalogue import instrument
    >>> answers = pd.DataFrame({"srs_1": [9, 8], "srs_2": [9, 7], "srs_3": [8, None], "srs_4": 9})
    >>> score(answers, instrument("srs")).tolist()
    [35.0, nan]
    """
    _require_key(instrument)
    numbers = list(instrument.items_of(part))
    answers = reflected(_answers(items, instrument, numbers, source), instrument)[numbers]
    answered = answers.count(axis=1)
    answered = answered.where(answered >= len(numbers) - instrument.max_missing(part))
    points = answers.sum(axis=1) * (len(numbers) / answered)
    if instrument.scoring == "mean":
        points = points / len(numbers)
    name = instrument.id if part == "total" else f"{instrument.id}_{part}"
    return points.astype("float64").rename(name)


def reflected(answers: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Turn the reversed items, so that every item points the same way.

    An answer x to a reversed item becomes ``item_min + item_max − x``; doing it twice gives the
    answers back.

    Parameters
    ----------
    answers
        One column per item, named by its number.
    instrument
        The questionnaire.

    Examples
    --------
    >>> from sessionwise.instruments.catalogue import instrument
    >>> reflected(pd.DataFrame({1: [0], 2: [0], 3: [3]}), instrument("core10")).values.tolist()
    [[0.0, 4.0, 1.0]]
    """
    turned = [number for number in instrument.reversed_items() if number in answers]
    straight = answers.copy()
    straight[turned] = instrument.item_min + instrument.item_max - answers[turned]
    return straight


def _require_key(instrument: Instrument) -> None:
    if instrument.stated("scoring") == "total_only":
        problem = Problem(
            f"`{instrument.id}` cannot be scored from its items: no item key is given for it",
            instrument.licence,
            f"Supply a column with its total, {instrument.sentence()}.",
        )
        raise Unanswerable(str(problem))


def _answers(
    items: pd.DataFrame, instrument: Instrument, needed: list[int], source: str
) -> pd.DataFrame:
    """Give the answers as float64, one column per item number, or say all that is wrong."""
    labels = _item_labels(items, instrument)
    problems = list(_column_problems(labels, instrument, needed))
    columns = {}
    for position, (number, label) in enumerate(labels):
        if number not in instrument.items_of():
            continue
        given = items.iloc[:, position]
        columns[number] = pd.to_numeric(given, errors="coerce").astype("float64")
        wrong = (given.notna() & columns[number].isna()).to_numpy()
        problems += _answer_problems(columns[number].to_numpy(), wrong, label, instrument, source)
    if problems:
        raise InvalidInput(problems, source)
    return pd.DataFrame(columns, columns=sorted(columns), index=items.index)


def _item_labels(items: pd.DataFrame, instrument: Instrument) -> list[tuple[int | None, str]]:
    """Pair each column with the item number it ends in; unnamed columns count from 1."""
    if items.columns.equals(pd.RangeIndex(instrument.items)):
        return [(number, f"item {number}") for number in range(1, instrument.items + 1)]
    endings = [(re.search(r"\d+$", str(label)), str(label)) for label in items.columns]
    return [(int(found.group()) if found else None, label) for found, label in endings]


def _column_problems(
    labels: list[tuple[int | None, str]], instrument: Instrument, needed: list[int]
) -> Iterator[Problem]:
    own = f"Give one column per item, {instrument.id}_1 to {instrument.id}_{instrument.items}."
    numbers = [number for number, _ in labels]
    for number, label in labels:
        if number is None or not 1 <= number <= instrument.items:
            yield Problem(f"Column `{label}` is no item of `{instrument.id}`", remedy=own)
    for number in sorted({n for n in numbers if n is not None and numbers.count(n) > 1}):
        yield Problem(f"More than one column is item {number}", remedy=own)
    missing = [number for number in needed if number not in numbers]
    if missing:
        yield Problem(f"No column for item {', '.join(map(str, missing))}", remedy=own)


def _answer_problems(
    answers: np.ndarray, unreadable: np.ndarray, label: str, instrument: Instrument, source: str
) -> Iterator[Problem]:
    low, high, step = instrument.item_min, instrument.item_max, instrument.item_step
    outside = (answers < low) | (answers > high)
    # No step means that any number may be given: then nothing is between two steps.
    steps = (np.where(outside, low, answers) - low) / (step or np.inf)
    between = np.abs(steps - np.round(steps)) > 1e-9
    for wrong, should in (
        (unreadable, "hold numbers"),
        (outside, f"lie between {low:g} and {high:g}"),
        (between, f"go up from {low:g} in steps of {step or 0:g}"),
    ):
        if wrong.any():
            rows = np.flatnonzero(wrong) + 2
            found = f"{len(rows)} {'row does' if len(rows) == 1 else 'rows do'} not"
            codes = np.unique(answers[wrong & outside])
            yield Problem(
                f"`{label}` should {should}; {found}",
                rows_of(rows, source),
                _remedy(codes, label, instrument),
            )


def _remedy(codes: np.ndarray, label: str, instrument: Instrument) -> str:
    meaning = '"not answered"' + ' or "does not apply"' * instrument.not_applicable
    where = f"to `missing` for `{label}` in the codebook."
    if len(codes) == 1:
        return f"If {codes[0]:g} means {meaning}, add it {where}"
    return f"Correct them, or add the codes for {meaning} {where}"
