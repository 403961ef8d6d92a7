"""The truth of a simulated clinic: read from TOML, held to its limits."""

import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.truth import Truth


def refused(tmp_path, text: str) -> str:
    (tmp_path / "truth.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        Truth.load(tmp_path / "truth.toml")
    return str(told.value)


def test_what_is_not_said_is_the_plain_regime(tmp_path):
    (tmp_path / "truth.toml").write_text("schema = 1\n[outcome]\nalliance = 0.5\n")
    truth = Truth.load(tmp_path / "truth.toml")
    assert truth.outcome.alliance == 0.5
    assert truth.model_copy(update={"outcome": Truth().outcome}) == Truth()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("schema = 2", "Use a newer sessionwise"),
        ("regime = 'honest'", "`regime` is 'honest'"),
        ("[outcom]\nalliance = 0.5", "no key `outcom`. Did you mean 'outcome'?"),
        ("[outcome]\naliance = 0.5", "Did you mean 'alliance'?"),
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
        outcome={"session": 1, "alliance": 2, "severity": 3},
        leaving={"first_session": 4, "session": 5, "to_date": 6, "change": 7, "severity": 8},
    )
    values = {
        question: {term: effect.value for term, effect in terms.items()}
        for question, terms in truth.estimands().items()
    }
    assert values == {
        "alliance_and_next_outcome": {
            "session": 1,
            "srs_lag1_within": 2,
            "srs_lag1_between": 2,
            "severity": 3,
        },
        "alliance_and_leaving": {
            "first_session": 4,
            "session": 5,
            "srs_to_date": 6,
            "srs_change": 7,
            "severity": 8,
        },
    }


def test_the_carry_over_has_to_die_out(tmp_path):
    assert "carry_over" in refused(tmp_path, "[alliance]\ncarry_over = -1.0")
