"""What an instrument says of itself, what it refuses to say, and what it refuses to be."""

import pytest
from pydantic import ValidationError

from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.instruments.catalogue import from_mapping, instrument
from sessionwise.instruments.instrument import Instrument
from sessionwise.instruments.parts import PARTS

FACTS = {
    "id": "mood",
    "name": "Mood today",
    "rater": "client",
    "better": "higher",
    "items": 4,
    "item_min": 0,
    "item_max": 10,
    "scoring": "sum",
    "reverse": (2,),
    "licence": "our own",
    "status": {"scoring": "verified", "reverse": "verified"},
    "sources": {"scoring": "our manual", "reverse": "our manual"},
}


def cited(part: str, value: object) -> dict:
    """State one more part, with a status and a source."""
    return {
        part: value,
        "status": FACTS["status"] | {part: "verified"},
        "sources": FACTS["sources"] | {part: "our manual"},
    }


# Status --------------------------------------------------------------------------------------


def test_a_secondary_part_works_and_its_card_says_so():
    phq9 = instrument("phq9")
    assert phq9.reliable_change_value() == 6
    row = next(row for row in phq9.card() if row["part"] == "reliable_change")
    assert (row["value"], row["status"]) == ("6 points", "secondary")


def test_an_unverified_part_refuses_says_why_and_what_to_supply():
    with pytest.raises(Unanswerable) as caught:
        instrument("ors").reliable_change_value()
    assert str(caught.value) == (
        "The `reliable_change` of `ors` is not verified, so none is used (sources disagree: "
        "5 points in the manual, 6 in later publications). Give it under `ors` in the codebook, "
        "with its `status` and `sources`."
    )


def test_a_part_that_is_absent_by_design_is_told_apart_from_one_that_is_unverified():
    with pytest.raises(Unanswerable, match=r"`wai_sr` has no `cutoff`, by design\. Leave it out"):
        instrument("wai_sr").cutoff_value()


def test_asking_for_a_subscale_where_there_is_none():
    with pytest.raises(Unanswerable, match="`phq9` has no `subscales`, by design"):
        instrument("phq9").items_of("somatic")


def test_asking_for_an_unknown_subscale_names_the_nearest():
    with pytest.raises(InvalidInput, match="no subscale 'bonds'. Did you mean 'bond'"):
        instrument("wai_sr").items_of("bonds")


def test_without_a_known_scoring_there_is_no_range():
    unsure = Instrument(**FACTS | {"scoring": None, "status": {"reverse": "verified"}})
    with pytest.raises(Unanswerable, match="The `scoring` of `mood` is not verified"):
        _ = unsure.low


# Words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part", "sentence"),
    [
        ("ors", "total", "between 0 and 40, higher is better, filled in before the session"),
        ("srs", "overall", "between 0 and 10, higher is better, filled in after the session"),
        ("wai_sr", "goal", "between 4 and 20, higher is better"),
        ("bdi2", "total", "between 0 and 63, lower is better"),
    ],
)
def test_the_sentence_for_the_data_dictionary(name, part, sentence):
    assert instrument(name).sentence(part) == sentence


def test_the_card_lists_every_part_in_words():
    rows = {row["part"]: row["value"] for row in instrument("core10").card()}
    assert tuple(rows) == PARTS
    assert rows == {
        "scoring": "sum of 10 items (0 to 4, in steps of 1); between 0 and 40, lower is better",
        "reverse": "items 2, 3",
        "subscales": "the instrument has none, by design",
        "prorating": "one missing item: the mean of the nine answered items times ten",
        "cutoff": "at or above 11 is clinical (adults; general psychological distress)",
        "bands": "not verified, so no value is given",
        "reliable_change": "6 points",
    }


def test_the_side_of_a_cutoff_follows_the_direction():
    rows = {row["part"]: row["value"] for row in instrument("ors").card()}
    assert rows["cutoff"].startswith("below 25 is clinical")
    assert rows["scoring"].startswith("sum of 4 items (0 to 10, any number)")
    assert rows["reverse"] == "no item is reversed"
    assert rows["subscales"] == "individual: 1; interpersonal: 2; social: 3; overall: 4"


def test_a_mean_has_the_range_of_an_item():
    mean = Instrument(**FACTS | {"scoring": "mean"})
    assert (mean.low, mean.high) == (0, 10)


def test_an_instrument_is_shown_in_one_line_and_cannot_be_changed():
    ors = instrument("ors")
    assert repr(ors) == "<Instrument ors: Outcome Rating Scale>"
    with pytest.raises(ValidationError):
        ors.better = "lower"


# What cannot be ------------------------------------------------------------------------------

IMPOSSIBLE = {
    "range upside down": ({"item_min": 10, "item_max": 0}, "`item_min` (10) is not below"),
    "range of nothing": ({"item_min": 10}, "`item_min` (10) is not below `item_max` (10)"),
    "step that misses the end": ({"item_step": 3}, "Steps of 3 do not lead from 0 to 10"),
    "reversed item that is none": ({"reverse": (2, 5)}, "`reverse` names item 5"),
    "item zero": ({"reverse": (0,)}, "`reverse` names item 0"),
    "item named twice": ({"reverse": (2, 2)}, "`reverse` names an item twice"),
    "subscale item that is none": (
        cited("subscales", {"calm": (3, 9)}),
        "`subscales.calm` names item 9",
    ),
    "empty subscale": (cited("subscales", {"calm": ()}), "`subscales.calm` names no item"),
    "subscale called total": (cited("subscales", {"total": (1,)}), "A subscale is called `total`"),
    "prorating of nothing": (
        cited("prorating", {"max_missing": {"totl": 1}, "words": "one"}),
        "`prorating.max_missing` names no part of the instrument: 'totl'",
    ),
    "prorating of everything": (
        cited("prorating", {"max_missing": {"total": 4}, "words": "all"}),
        "`prorating.max_missing.total` is 4",
    ),
    "cutoff outside": (cited("cutoff", {"value": 41, "population": "adults"}), "`cutoff` is 41"),
    "cutoff below everything": (
        cited("cutoff", {"value": 0, "population": "adults"}),
        "`cutoff` is 0",
    ),
    "change larger than the scale": (cited("reliable_change", 41), "`reliable_change` is 41"),
    "bands that go down": (
        cited("bands", [{"name": "a", "low": 0}, {"name": "b", "low": 9}, {"name": "c", "low": 5}]),
        "`bands` start at 0, 9, 5",
    ),
    "bands that start together": (
        cited("bands", [{"name": "a", "low": 0}, {"name": "b", "low": 5}, {"name": "c", "low": 5}]),
        "`bands` start at 0, 5, 5",
    ),
    "bands that leave out the lowest": (
        cited("bands", [{"name": "a", "low": 1}]),
        "`bands` start at 1",
    ),
    "value without status": (
        cited("reliable_change", 5) | {"status": FACTS["status"]},
        '`reliable_change` is given, but `status.reliable_change` is "unverified"',
    ),
    "value without source": (
        cited("reliable_change", 5) | {"sources": FACTS["sources"]},
        "`reliable_change` is given without a source",
    ),
    "status without value": (
        {"status": FACTS["status"] | {"cutoff": "verified"}},
        '`status.cutoff` is "verified", but `cutoff` is not given',
    ),
    "timing without source": (
        {"administered": "before"},
        "`administered` is given without a source",
    ),
    "key without items": (
        {"scoring": "total_only"},
        '`reverse` is given, but `scoring` is "total_only"',
    ),
    "no scoring by design": (
        {"scoring": None, "status": FACTS["status"] | {"scoring": "none"}},
        '`status.scoring` is "none"',
    ),
}


def test_the_facts_these_cases_start_from_are_possible():
    assert Instrument(**FACTS).high == 40


@pytest.mark.parametrize(("change", "found"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_instrument_is_refused(change, found):
    with pytest.raises(InvalidInput) as caught:
        Instrument(**FACTS | change)
    (problem,) = caught.value.problems
    assert problem.found.startswith(found)
    assert problem.remedy


def test_an_instrument_that_says_nothing_of_its_sources_is_refused():
    facts = {key: value for key, value in FACTS.items() if key not in ("status", "sources")}
    with pytest.raises(InvalidInput) as caught:
        Instrument(**facts)
    assert [problem.found for problem in caught.value.problems] == [
        '`scoring` is given, but `status.scoring` is "unverified"',
        "`scoring` is given without a source",
        '`reverse` is given, but `status.reverse` is "unverified"',
        "`reverse` is given without a source",
    ]


def test_all_contradictions_are_told_at_once():
    with pytest.raises(InvalidInput) as caught:
        from_mapping(FACTS | {"reverse": [5, 5], "administered": "after"}, "codebook.toml")
    assert [problem.found for problem in caught.value.problems] == [
        "`reverse` names item 5",
        "`reverse` names an item twice",
        "`administered` is given without a source",
    ]
