"""The truth of a simulated clinic: read from TOML, held to its limits."""

import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.truth import Truth
from sessionwise.records.truth_toml import truth_in_toml


def refused(tmp_path, text: str) -> str:
    (tmp_path / "truth.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        Truth.load(tmp_path / "truth.toml")
    return str(told.value)


def test_what_is_not_said_is_the_plain_regime(tmp_path):
    (tmp_path / "truth.toml").write_text("schema = 1\n[outcome]\nwithin = 0.5\n")
    truth = Truth.load(tmp_path / "truth.toml")
    assert truth.outcome.within == 0.5
    assert truth.model_copy(update={"outcome": Truth().outcome}) == Truth()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("schema = 2", "Use a newer sessionwise"),
        ("regime = 'plain'", "no key `regime`"),
        ("[ceiling]\non = 'yes'", "`ceiling.on`"),
        ("[ceilling]\non = true", "Did you mean 'ceiling'?"),
        ("[outcom]\nwithin = 0.5", "no key `outcom`. Did you mean 'outcome'?"),
        ("[outcome]\nwithn = 0.5", "Did you mean 'within'?"),
        ("[missing]\nalliance = 1.0", "`missing.alliance` is not as it should be"),
        ("[alliance]\ncarry_over = 1", "`alliance.carry_over` is not as it should be"),
        ("[clinic]\ntherapists = 0", "`clinic.therapists` is not as it should be"),
        ("[outcome]\nclient_sd = -1", "`outcome.client_sd` is not as it should be"),
    ],
)
def test_what_cannot_be_true_is_refused(tmp_path, text, found):
    assert found in refused(tmp_path, text)


def test_the_estimands_are_the_numbers_the_clinic_is_made_of():
    truth = Truth(
        outcome={"session": 1, "within": 2, "between": 9, "severity": 3, "carry_over": 0.4},
        leaving={"first_session": 4, "session": 5, "to_date": 6, "change": 7, "severity": 8},
        feedback={"outcome": 0.25},
    ).switched_on("feedback")
    values = {
        question: {term: effect.value for term, effect in terms.items()}
        for question, terms in truth.estimands().items()
    }
    assert values == {
        "alliance_and_next_outcome": {
            "session": 1,
            "srs_lag1_within": 2,
            "srs_lag1_between": 9,
            "severity": 3,
        },
        "alliance_and_next_outcome_given_previous": {
            "session": 1,
            "srs_lag1_within": 2,
            "srs_lag1_between": 9,
            "severity": 3,
            "ors_lag1_within": 0.4,
        },
        "alliance_and_next_outcome_detrended": {
            "session": pytest.approx(1 + 2 * 0.1),
            "srs_lag1_detrended": 2,
            "srs_lag1_between": 9,
            "severity": 3,
        },
        "alliance_at_three_levels": {
            "session": 1,
            "srs_lag1_within": 2,
            "srs_lag1_between_clients": 9,
            "srs_lag1_between_therapists": 9,
            "severity": 3,
        },
        "outcome_and_alliance": {"ors_within": 0.25},
        "outcome_and_alliance_given_previous": {"ors_within": 0.25, "srs_lag1_within": 0.4},
        "alliance_and_leaving": {
            "first_session": 4,
            "session": 5,
            "srs_to_date": 6,
            "srs_change": 7,
            "severity": 8,
        },
        "alliance_and_endings": {
            "session": 0.18,
            "srs_so_far": 0,
            "srs_last_change": 0,
            "severity": -0.2,
        },
        "alliance_and_attendance": {},
        "outcome_over_time": {"session": pytest.approx(1 + 2 * 0.1), "severity": 3},
    }


def test_nothing_moves_the_estimates_of_the_plain_regime():
    known = Truth().estimands()
    for question in ("alliance_and_next_outcome", "alliance_and_leaving"):
        assert [e.moved_by for e in known[question].values()] == [()] * len(known[question])


@pytest.mark.parametrize("name", [n for n, part in Truth().sections.items() if hasattr(part, "on")])
def test_a_feature_says_which_estimates_it_moves_and_why(name):
    part = getattr(Truth(), name)
    assert set(part.moves) <= {"session", "within", "between", "leaving"}
    assert bool(part.moves) == bool(part.because)
    assert part.equation
    known = Truth().switched_on(name).estimands()["alliance_and_next_outcome"]
    for family, term in {"within": "srs_lag1_within", "between": "srs_lag1_between"}.items():
        assert (part.because in known[term].moved_by) == (family in part.moves)


def test_therapists_who_differ_are_in_their_random_term_and_clients_who_differ_are_not():
    """So only the latter move the estimates of leaving."""
    for sd, moved in ((0.0, ()), (0.5, (Truth().frailty.because,))):
        truth = Truth(frailty={"on": True, "therapist_sd": 0.5, "client_sd": sd})
        assert truth.estimands()["alliance_and_leaving"]["srs_to_date"].moved_by == moved


def test_what_moves_planned_endings_is_said():
    truth = Truth(planned={"progress": 0.1, "notice": 2})
    said = truth.estimands()["alliance_and_endings"]["srs_so_far"].moved_by
    assert [reason.split(",")[0] for reason in said] == [
        "those who progress end sooner",
        "the end is agreed on some sessions before the last one",
    ]


def test_a_feature_is_switched_on_alone_and_one_that_is_none_is_refused():
    truth = Truth(ceiling={"high": 30}).switched_on("ceiling")
    assert truth.features_on == ("ceiling",) and truth.ceiling.high == 30
    with pytest.raises(InvalidInput, match="Did you mean 'ceiling'"):
        Truth().switched_on("cieling")


def test_a_truth_is_written_so_that_it_is_read_back(tmp_path):
    truth = Truth(outcome={"within": 0.123}).switched_on("phases", "children")
    (tmp_path / "truth.toml").write_text(truth_in_toml(truth), encoding="utf-8")
    assert Truth.load(tmp_path / "truth.toml") == truth


def test_the_written_truth_states_equation_scale_and_source_of_every_effect():
    text = truth_in_toml(Truth())
    for name, section in Truth().sections.items():
        table = text.split(f"[{name}]\n")[1].split("\n[")[0]
        assert all(line in table for line in section.equation)
        assert section.clock in table and section.variable in table
        for key, about in type(section).model_fields.items():
            extra = about.json_schema_extra
            line = next(line for line in table.splitlines() if line.startswith(f"{key} ="))
            assert about.description in line and extra["scale"] in line
            assert key == "on" or extra["source"] in line


def test_the_carry_over_has_to_die_out(tmp_path):
    assert "carry_over" in refused(tmp_path, "[alliance]\ncarry_over = -1.0")
