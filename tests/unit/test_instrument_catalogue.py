"""The shipped cards against what is published, and tables that describe an instrument."""

import pandas as pd
import pytest

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.instruments.catalogue import from_mapping, instrument, shipped
from sessionwise.instruments.parts import PARTS
from sessionwise.instruments.scoring import score

# As published: items, lowest and highest total, better end, when it is filled in.
PUBLISHED = {
    "ors": (4, 0, 40, "higher", "before"),
    "srs": (4, 0, 40, "higher", "after"),
    "wai_sr": (12, 12, 60, "higher", None),
    "phq9": (9, 0, 27, "lower", None),
    "gad7": (7, 0, 21, "lower", None),
    "core10": (10, 0, 40, "lower", None),
    "care": (10, 10, 50, "higher", "after"),
    "bdi2": (21, 0, 63, "lower", None),
    "cors": (4, 0, 40, "higher", "before"),
    "csrs": (4, 0, 40, "higher", "after"),
    "tasc_r": (12, 12, 48, "higher", None),
}
CHILDREN = {"cors", "csrs", "tasc_r"}


def test_the_catalogue_holds_these_and_no_others():
    assert set(shipped()) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_card_agrees_with_what_is_published(name):
    card = instrument(name)
    found = (card.items, card.low, card.high, card.better, card.administered)
    assert (card.id, card.rater) == (name, "child" if name in CHILDREN else "client")
    assert found == PUBLISHED[name]


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"bdi2"}))
def test_the_worst_and_the_best_form_score_the_ends_of_the_published_range(name):
    card = instrument(name)
    _, low, high, *_ = PUBLISHED[name]
    forms = pd.DataFrame(
        {
            item: ends[::-1] if item in card.reversed_items() else ends
            for item in range(1, card.items + 1)
            for ends in [[card.item_min, card.item_max]]
        }
    )
    assert score(forms, card).tolist() == [low, high]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_card_is_complete(name):
    card = instrument(name)
    assert card.licence
    assert tuple(card.status) == PARTS
    cited = [row for row in card.card() if row["status"] in ("verified", "secondary")]
    assert cited
    assert all(row["source"] for row in cited)


def test_only_public_domain_wording_is_called_free():
    assert [name for name in shipped() if instrument(name).wording_free] == ["gad7", "phq9"]


@pytest.mark.parametrize(
    ("name", "cutoff"),
    [("ors", 25), ("srs", 36), ("phq9", 10), ("gad7", 10), ("core10", 11), ("cors", 32)],
)
def test_published_cutoffs(name, cutoff):
    assert instrument(name).cutoff_value() == cutoff


@pytest.mark.parametrize(
    ("name", "starts"),
    [("phq9", [0, 5, 10, 15, 20]), ("gad7", [0, 5, 10, 15]), ("bdi2", [0, 14, 20, 29])],
)
def test_published_bands(name, starts):
    assert [band.low for band in instrument(name).bands] == starts


def test_subscales_of_the_wai_sr_share_its_items_out():
    card = instrument("wai_sr")
    assert card.subscales == {"task": (1, 2, 10, 12), "bond": (3, 5, 7, 9), "goal": (4, 6, 8, 11)}
    assert sorted(sum(card.subscales.values(), ())) == list(range(1, 13))
    assert card.range_of("goal") == (4, 20)


def test_disputed_or_unverified_numbers_are_not_shipped():
    for name in ("ors", "srs", "wai_sr", "care", "bdi2"):
        with pytest.raises(Unanswerable, match="not verified"):
            instrument(name).reliable_change_value()


def test_an_unknown_instrument_is_answered_with_the_nearest():
    with pytest.raises(InvalidInput, match="Did you mean 'phq9'") as caught:
        instrument("PHQ-9")
    assert "Or describe it in the codebook." in str(caught.value)


# A table of one's own ------------------------------------------------------------------------

OWN = {
    "id": "mood",
    "name": "Mood today",
    "rater": "client",
    "better": "higher",
    "items": 2,
    "item_min": 0,
    "item_max": 10,
    "scoring": "sum",
    "reverse": [2],
    "licence": "our own",
    "status": {"scoring": "verified", "reverse": "verified"},
    "sources": {"scoring": "our manual, p. 2", "reverse": "our manual, p. 2"},
}


def test_a_table_makes_an_instrument_and_what_it_leaves_out_is_unverified():
    card = from_mapping(OWN)
    assert score(pd.DataFrame([[7, 2]]), card).tolist() == [15.0]
    assert card.status["cutoff"] == "unverified"


def test_every_problem_of_a_table_is_told_at_once_with_the_nearest_word():
    table = OWN | {
        "beter": "higher",
        "better": "hihger",
        "items": "two",
        "cutoff": {"valu": 10, "value": 10, "population": "adults"},
        "status": {"scorin": "verified", "reverse": "verifed"},
    }
    del table["rater"]
    with pytest.raises(InvalidInput) as caught:
        from_mapping(table, "[instruments.mood] of codebook.toml")
    lines = str(caught.value).splitlines()
    assert lines[0] == "7 problems in [instruments.mood] of codebook.toml:"
    assert sorted(line[5:] for line in lines[1:]) == [
        "There is no key `beter`. Did you mean 'better'?",
        "There is no key `cutoff.valu`. Did you mean 'value'?",
        "There is no key `status.scorin`. Did you mean 'scoring'?",
        "`better` is 'hihger'. Did you mean 'higher'?",
        "`items` is not as it should be. Input should be a valid integer, unable to parse string "
        "as an integer.",
        "`rater` is missing. Add it.",
        "`status.reverse` is 'verifed'. Did you mean 'verified'?",
    ]


def test_contradictions_are_told_together_with_unknown_keys():
    with pytest.raises(InvalidInput) as caught:
        from_mapping(OWN | {"colour": "red", "reverse": [3]})
    assert [problem.found for problem in caught.value.problems] == [
        "There is no key `colour`",
        "`reverse` names item 3",
    ]


def test_like_starts_from_a_shipped_card():
    card = from_mapping({"like": "wai_sr", "id": "wai_therapist", "rater": "therapist"})
    assert (card.rater, card.subscales) == ("therapist", instrument("wai_sr").subscales)


def test_a_number_of_ones_own_does_not_wear_the_manuals_citation():
    with pytest.raises(InvalidInput) as caught:
        from_mapping({"like": "ors", "cutoff": {"value": 28, "population": "adolescents"}})
    assert [problem.found for problem in caught.value.problems] == [
        '`cutoff` is given, but `status.cutoff` is "unverified"',
        "`cutoff` is given without a source",
    ]


def test_a_range_of_ones_own_needs_its_own_source_for_scoring():
    with pytest.raises(InvalidInput, match="`scoring` is given without a source"):
        from_mapping({"like": "wai_sr", "item_max": 7})


def test_an_unverified_part_can_be_supplied():
    card = from_mapping(
        {
            "like": "ors",
            "reliable_change": 6,
            "status": {"reliable_change": "secondary"},
            "sources": {"reliable_change": "our service's manual, p. 3"},
        }
    )
    assert card.reliable_change_value() == 6
    assert card.cutoff_value() == instrument("ors").cutoff_value()


def test_a_shipped_part_can_be_withdrawn():
    card = from_mapping({"like": "ors", "status": {"cutoff": "unverified"}})
    with pytest.raises(Unanswerable):
        card.cutoff_value()


@pytest.mark.parametrize("table", [{"like": "orz"}, {"like": 7}, {"like": "ors", "status": "all"}])
def test_a_broken_like_is_refused_in_words(table):
    with pytest.raises(InvalidInput):
        from_mapping(table)
