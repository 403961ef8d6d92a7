"""Under every definition: the rate, what precedes dropout, and whether definitions agree."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.features.dropout_rule import OUTCOME_CAUTION
from sessionwise.models.every_definition import EveryDefinition
from sessionwise.models.fit import Unanswered
from sessionwise.show.display import Note, Nothing

OF_OUTCOME = {
    "before reliable improvement",
    "before clinically significant change",
    "never reached the cut-off",
    "OpenFIT",
}


@cache
def found() -> EveryDefinition:
    return sw.under_every_definition(sw.example(), settings=sw.DropoutRule(reliability=0.85))


def test_what_is_said_of_each_is_what_its_own_records_say():
    s = sw.example()
    of = sw.dropout(s, "ended before n sessions")
    rate = found().rates.set_index("definition").loc["ended before n sessions"]
    verdict = of.courses["dropout"].value_counts()
    assert rate["dropouts"] == verdict["dropout"]
    assert rate["courses"] == verdict["dropout"] + verdict["no dropout"]
    fit = sw.alliance_and_leaving(of, "srs").term("srs_to_date")
    rows = found().effects.set_index(["definition", "effect"])
    row = rows.loc[("ended before n sessions", "to_date")]
    spread = found().scales["alliance_between"]
    np.testing.assert_allclose(row["estimate"], fit["estimate"] * spread, rtol=1e-10)
    np.testing.assert_allclose(row["high"], fit["high"] * spread, rtol=1e-10)


def test_definitions_made_of_the_outcome_are_marked_and_so_is_every_fit_and_curve_of_them():
    marked = found().rates.set_index("definition")["uses_outcome"]
    assert set(marked.index[marked]) == OF_OUTCOME
    for definition in marked.index:
        cautious = OUTCOME_CAUTION in found().fits[definition].recipe.caution
        assert cautious == (definition in OF_OUTCOME)
    of = sw.dropout(sw.example(), "OpenFIT", outcome="ors")
    by_therapist = sw.hazard("left_unplanned ~ session + (1 | therapist)", of)
    for told in (sw.incidence(of), sw.still_in_therapy(of), by_therapist):
        assert OUTCOME_CAUTION in told.recipe.caution
        assert any(note.startswith("Dropout is ") for note in told.recipe.notes)
        assert "openfit" in told.recipe.sources


def test_every_source_named_has_a_reference():
    keys = {key for fit in found().fits.values() for key in fit.recipe.sources}
    assert any("Hatchett" in text for text in sw.show.references(sorted(keys)))


def test_after_a_first_session_there_is_a_level_and_no_change():
    rows = found().effects.set_index(["definition", "effect"])
    assert np.isfinite(rows.loc[("no return after intake", "to_date"), "estimate"])
    assert "no change" in rows.loc[("no return after intake", "change"), "reason"]


def test_a_definition_the_records_cannot_carry_has_its_reason():
    without = sw.under_every_definition(sw.example(), settings=sw.DropoutRule())
    assert "reliability" in without.unanswered["before reliable improvement"]
    assert "before reliable improvement" not in set(without.rates["definition"])
    assert "cannot be used" in sw.show.every_definition(without).note


def test_assessments_carry_no_definition_at_all():
    frame = pd.DataFrame({"client": ["a", "a"], "time": [0.0, 1.0], "srs": [30.0, 31.0]})
    with pytest.raises(Unanswerable, match="assessments, not"):
        sw.under_every_definition(sw.Sessions.of(frame, "time"))


def test_agreement_counts_each_course_once():
    table = sw.definitions_agree(sw.example())
    counts = table[["both", "first_only", "second_only", "neither"]].sum(axis=1)
    assert (counts == table["courses"]).all()
    same = sw.definitions_agree(sw.example(), definitions=("declared", "declared", "OpenFIT"),
                                settings=sw.DropoutRule(outcome="ors"))  # fmt: skip
    assert (same["second"] == "OpenFIT").all()
    assert (same["second_only"] == 0).all()  # OpenFIT's are unplanned endings all


def test_kappa_is_cohens():
    """Written out: observed agreement, less what the margins would give by chance."""
    row = sw.definitions_agree(sw.example()).iloc[1]
    n = row["courses"]
    first = (row["both"] + row["first_only"]) / n
    second = (row["both"] + row["second_only"]) / n
    chance = first * second + (1 - first) * (1 - second)
    np.testing.assert_allclose(row["kappa"], (row["agreement"] - chance) / (1 - chance))


def test_the_table_the_figure_and_the_sentence_are_made_of_the_numbers():
    table = sw.show.every_definition(found())
    assert len(table.frame) == len(found().rates)
    openfit = table.frame[table.frame["definition"].str.startswith("OpenFIT")].iloc[0]
    assert openfit["definition"].endswith("*")
    assert OUTCOME_CAUTION in table.note
    effects = found().effects.set_index(["definition", "effect"])["estimate"]
    ratio = np.exp(effects[("declared", "to_date")])
    assert table.frame.iloc[0]["to_date_ratio"] == pytest.approx(ratio, abs=0.01)
    figure = sw.show.definitions(found(), synthetic=True)
    assert figure.title.startswith("Dropout is ")
    assert "OpenFIT *" in figure.alt
    said = str(sw.show.by_definition(found()))
    told = found().rates[found().rates["dropouts"] >= 5]["share"]
    assert f"{100 * told.min():.0f} %" in said
    assert f"{100 * told.max():.0f} %" in said


def test_few_dropouts_are_neither_counted_nor_drawn_nor_told():
    few = found().rates.assign(dropouts=3)
    small = EveryDefinition("?", few, found().effects, {}, {}, {}, {}, "SRS")
    table = sw.show.every_definition(small)
    assert set(table.frame["dropouts"]) == {"< 5"}
    assert set(table.frame["share"]) == {"withheld"}
    assert isinstance(sw.show.definitions(small), Nothing)
    assert "five" in str(sw.show.by_definition(small))


def test_a_question_without_an_answer_shows_its_reason_once():
    nothing = Unanswered("?", "There are no endings.")
    assert isinstance(sw.show.every_definition(nothing), Note)
    assert isinstance(sw.show.definitions(nothing), Nothing)
    assert isinstance(sw.show.by_definition(nothing), Nothing)
    for show in (sw.show.ending_roles, sw.show.silences, sw.show.agreement_of_definitions):
        assert isinstance(show(nothing), Note)


def test_tables_of_endings_and_silences_withhold_small_counts():
    s = sw.example()
    few = sw.ending_roles(s).assign(courses=[54, 40, 3, 2])
    assert sw.show.ending_roles(few).frame["courses"].tolist() == [54, 40, "< 5", "< 5"]
    assert len(sw.show.silences(sw.silences(s)).frame) == 5
    assert "kappa" in sw.show.agreement_of_definitions(sw.definitions_agree(s)).title


def test_every_model_of_leaving_says_what_dropout_was_made_of():
    s = sw.dropout(sw.example(), "OpenFIT", outcome="ors")
    fits = (
        sw.cox("left_unplanned ~ severity", s),
        sw.groups_compared(s),
        sw.early_alliance_and_ending(s),
        sw.alliance_and_leaving(s),
        sw.incidence(s),
        sw.still_in_therapy(s),
    )
    assert all("not independent evidence" in fit.recipe.caution for fit in fits)
