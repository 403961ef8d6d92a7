"""A study names what counts as dropout, and what each kind of ending counts as."""

import tomllib
from pathlib import Path

import pytest

import sessionwise as sw
from sessionwise.errors import InvalidInput
from sessionwise.study.study import Study

CLINIC = Path(__file__).resolve().parents[2] / "studies" / "clinic.toml"


def of(**more: object) -> Study:
    """Give the study of the synthetic clinic with some keys changed."""
    content = {**tomllib.loads(CLINIC.read_text("utf-8")), **more}
    return Study.of({key: value for key, value in content.items() if value is not None}, CLINIC)


def test_without_a_word_endings_are_as_recorded():
    s = of().read()
    assert s.rule.definition == "declared"
    assert "ending_recorded" not in s.courses


def test_a_study_names_a_definition_and_every_model_follows():
    study = of(dropout={"definition": "ended before n sessions", "sessions": 4})
    s = study.read()
    assert s.rule.definition == "ended before n sessions"
    assert int(sw.episodes(s).frame["session"].max()) == 3
    assert "Dropout is ending therapy" in sw.show.ledger(s).note


def test_the_outcome_and_its_reliability_are_those_of_the_study():
    study = of(dropout={"definition": "before reliable improvement"})
    assert study.dropout_rule.outcome == "ors"
    assert study.dropout_rule.reliability == 0.85
    direct = sw.dropout(of().read(), "before reliable improvement", outcome="ors", reliability=0.85)
    assert study.read().courses["ending"].tolist() == direct.courses["ending"].tolist()


def test_another_outcome_takes_no_limits_from_the_first():
    study = of(dropout={"definition": "OpenFIT", "cutoff": 25})
    assert study.using(outcome="wai").dropout_rule.cutoff is None
    assert study.using(alliance="wai").dropout_rule.cutoff == 25


def test_endings_count_as_the_study_says():
    s = of(endings={"transferred": "unplanned"}).read()
    assert (s.courses["ending"] != "transferred").all()
    assert "Endings recorded as transferred count as unplanned" in sw.show.ledger(s).note


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"dropout": {"definition": "declard"}}, "Did you mean 'declared'"),
        ({"dropout": {"week": 4}}, "Did you mean 'weeks'"),
        ({"dropout": {"weeks": 0, "sessions": 1, "reliability": 2}}, "3 problems"),
        ({"dropout": "declared"}, "should be a table"),
        ({"endings": {"transfered": "planned", "external": "evnt"}}, "2 problems"),
        ({"endings": {"ongoing": "unplanned"}}, "a definition of dropout says"),
    ],
)
def test_keys_and_words_a_study_does_not_have_are_refused_all_at_once(more, said):
    with pytest.raises(InvalidInput, match=said):
        of(**more)


def test_a_definition_the_records_cannot_carry_is_a_problem_of_the_study():
    study = of(reliability=None, dropout={"definition": "before reliable improvement"})
    with pytest.raises(InvalidInput, match=r"cannot carry 'before reliable improvement'.*dropout"):
        study.read()
