"""Tables of endings by definition: what counts as what, and what moves under every definition."""

from __future__ import annotations

import math

import pandas as pd

from sessionwise.features.dropout_rule import OUTCOME_CAUTION
from sessionwise.models.every_definition import EveryDefinition
from sessionwise.show.display import Note, Table, explained
from sessionwise.show.numbers import UNKNOWN, count, listed, number, percent
from sessionwise.show.ratios import ratio_cells
from sessionwise.show.suppression import SMALLEST, WITHHELD, suppress
from sessionwise.show.tables import cell_text, made, table
from sessionwise.show.words import capital

MARK = " *"
EFFECT_WORDS = {"to_date": "to date", "change": "last change"}


@explained
def every_definition(
    found: EveryDefinition, name: str = "every-definition", title: str = ""
) -> Table:
    """Show how the rate of dropout and what precedes it move with the definition.

    Parameters
    ----------
    found
        Of ``under_every_definition``.
    name, title
        HTML id; the title is made from the numbers if empty.

    Returns
    -------
    Table
        ``definition, courses, dropouts, share`` and, per effect, the hazard ratio per standard
        deviation with its limits; where there are fewer than five dropouts, none of it.
    """
    counts = suppress(found.rates[["definition", "courses", "dropouts", "share"]], ["dropouts"])
    frames, texts = [], []
    for row, rate in zip(counts.to_dict("records"), found.rates.to_dict("records")):
        marked = f"{capital(row['definition'])}{MARK * rate['uses_outcome']}"
        hidden = row["share"] == WITHHELD
        share = row["share"] if hidden else round(row["share"], 3)
        frame = {**row, "definition": marked, "share": share}
        text = {
            "definition": marked,
            "dropouts": f"{cell_text(row['dropouts'], 0)} of {cell_text(row['courses'], 0)}",
            "share": row["share"] if hidden else percent(row["share"]),
        }
        for effect in EFFECT_WORDS:
            numbers, written = _ratio(found, row["definition"], effect)
            frame |= {f"{effect}_{end}": value for end, value in numbers.items()}
            text[effect] = written
        frames.append(frame)
        texts.append(text)
    labels = {"share": "Share"}
    labels |= {effect: f"HR, {words}" for effect, words in EFFECT_WORDS.items()}
    words = (name, title or rate_finding(found), _note(found))
    return made(pd.DataFrame(frames), pd.DataFrame(texts), words, frozenset({"definition"}), labels)


@explained
def agreement_of_definitions(
    frame: pd.DataFrame, name: str = "agreement-of-definitions", title: str = ""
) -> Table:
    """Show on how many courses definitions of dropout agree, two at a time.

    Parameters
    ----------
    frame
        Of ``definitions_agree``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    counts = ["both", "first_only", "second_only", "neither"]
    hidden = suppress(frame, counts, keep=["courses"])
    hidden = hidden.drop(columns=["low", "high"]).assign(
        first=[capital(word) for word in frame["first"]],
        second=[capital(word) for word in frame["second"]],
    )
    known = frame.dropna(subset=["kappa"])
    heading = "Definitions of dropout beside each other"
    if len(known):
        low, high = number(known["kappa"].min()), number(known["kappa"].max())
        heading = f"Definitions of dropout agree with a kappa of {low} to {high}"
    return table(
        hidden,
        name,
        title or heading,
        "Courses judged by both definitions; agreement is the share on which they say the same, "
        "kappa Cohen's, which takes away what chance would give.",
        labels={"first_only": "First only", "second_only": "Second only"},
    )


@explained
def ending_roles(frame: pd.DataFrame, name: str = "ending-roles", title: str = "") -> Table:
    """Show how courses ended, what each kind counts as in models of leaving, and how many.

    Parameters
    ----------
    frame
        Of ``ending_roles``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    hidden = suppress(frame, ["courses", "decided"], together=[])
    hidden = hidden.assign(
        ending=[capital(str(word).replace("_", " ")) for word in frame["ending"]]
    )
    events = int(frame.loc[frame["counts_as"] == "unplanned", "decided"].sum())
    told = f": {count(events, 'event')}" if events >= SMALLEST else ""
    return table(
        hidden,
        name,
        title or f"What {count(frame['courses'].sum(), 'ending')} count as{told}",
        "Unplanned: the event. Planned: competes with it. Censored: the client decided nothing "
        "after the last session. Decided: courses whose last decision was seen, so that it is an "
        "event or competes.",
        labels={"ending": "Recorded as", "counts_as": "Counts as"},
    )


@explained
def silences(frame: pd.DataFrame, name: str = "silences", title: str = "") -> Table:
    """Show which silences are gaps, new courses, or the end of the records.

    Parameters
    ----------
    frame
        Of ``silences``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    hidden = suppress(frame, ["courses"])
    hidden = hidden.assign(kind=[capital(word) for word in frame["kind"]])
    still = int(frame.loc[frame["kind"].str.startswith("open"), "courses"].sum())
    told = f": {count(still, 'course')} still open" if still >= SMALLEST else ""
    heading = title or f"Silences told apart{told}"
    return table(
        hidden,
        name,
        heading,
        "One course may be in several rows.",
        labels={"kind": "Silence", "treated": "In every model of leaving"},
    )


@explained
def missing_scores(
    frame: pd.DataFrame, name: str = "missing-scores", title: str = ""
) -> Table | Note:
    """Show what complete cases lose, and what the models that keep those endings say.

    Parameters
    ----------
    frame
        Of ``leaving_with_missing_scores``.
    name, title
        HTML id; the title is made from the numbers if empty.
    """
    frames, texts = [], []
    for row in frame.to_dict("records"):
        shared = {key: row[key] for key in ("version", "effect")}
        keys = ("sessions", "events", "events_lost")
        counts = {key: int(row[key]) if row["sessions"] else None for key in keys}
        ratio, written = _written_ratio(row)
        frames.append({**shared, **ratio, **counts})
        texts.append(
            {
                "version": capital(row["version"]),
                "effect": EFFECT_WORDS[row["effect"]],
                "ratio": written,
                **{
                    key: UNKNOWN if value is None else number(value, 0)
                    for key, value in counts.items()
                },
            }
        )
    numbers, written = pd.DataFrame(frames), pd.DataFrame(texts)
    few = frame["events_lost"].between(1, SMALLEST - 1).to_numpy()
    for key, word in (("events_lost", f"< {SMALLEST}"), ("events", WITHHELD)):
        numbers[key] = numbers[key].astype(object).mask(few, word)
        written[key] = written[key].mask(few, word)
    lost = int(frame["events_lost"].max())
    heading = (
        f"Complete cases lose {count(lost, 'ending')}" if lost >= SMALLEST else "Missing scores"
    )
    reasons = frame.loc[frame["reason"] != "", ["version", "reason"]].drop_duplicates()
    note = "Hazard ratios per point, with 95 % confidence intervals. " + " ".join(
        [f"{capital(row.version)}: {row.reason}" for row in reasons.itertuples()]
    )
    labels = {"ratio": "HR (95 % CI)", "events_lost": "Events lost"}
    return made(numbers, written, (name, title or heading, note.strip()),
                frozenset({"version", "effect"}), labels)  # fmt: skip


def rate_finding(found: EveryDefinition) -> str:
    """Say between which shares the rate moves, over definitions with five dropouts or more."""
    told = found.rates[found.rates["dropouts"] >= SMALLEST]
    if told.empty:
        return "Dropout under every definition"
    low, high = percent(told["share"].min()), percent(told["share"].max())
    if len(told) == 1:
        return f"Dropout is {low} of courses under the one definition there is"
    return f"Dropout is {low} to {high} of courses, by {len(told)} definitions"


def effect_row(found: EveryDefinition, definition: str, effect: str) -> pd.Series:
    """Give the row of one effect under one definition."""
    rows = found.effects
    return rows[(rows["definition"] == definition) & (rows["effect"] == effect)].iloc[0]


def _ratio(found: EveryDefinition, definition: str, effect: str) -> tuple[dict[str, float], str]:
    """Give one hazard ratio with its limits, and the same in words; none of few endings."""
    row = effect_row(found, definition, effect).to_dict()
    if 0 < row["events"] < SMALLEST:
        row |= {"estimate": math.nan, "low": math.nan, "high": math.nan}
    return _written_ratio(row)


def _written_ratio(row: dict) -> tuple[dict[str, float], str]:
    values, written = ratio_cells(row)
    return dict(zip(("ratio", "low", "high"), values)), written


def _note(found: EveryDefinition) -> str:
    """Say what the columns are, which definitions use the outcome, and which cannot be used."""
    spreads = [number(found.scales[key], 1) for key in ("alliance_between", "alliance_within")
               if key in found.scales]  # fmt: skip
    said = ["Shares are of courses of which it is known whether they ended in dropout."]
    if spreads:
        said.append(
            f"HR: hazard ratio per standard deviation of the {found.label} "
            f"({listed(spreads)} points), with 95 % confidence intervals."
        )
    if found.rates["uses_outcome"].any():
        said.append(f"{MARK.strip()} {OUTCOME_CAUTION}")
    said += [f"{capital(name)} cannot be used: {why}" for name, why in found.unanswered.items()]
    empty = found.effects[found.effects["reason"] != ""]
    said += [
        f"{capital(row.definition)}, {EFFECT_WORDS[row.effect]}: {row.reason}"
        for row in empty.itertuples()
    ]
    return " ".join(said)
