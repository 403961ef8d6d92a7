"""`Result`: what one notebook found, as the report reads it; nothing in it points to a person."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from show_values import MIXED, curve, fit, hybrid, leaving_fit
from tables import records

from sessionwise.errors import InvalidInput
from sessionwise.features.counts import attended_by
from sessionwise.models.fit import Health, Rows, Unanswered
from sessionwise.records.ledger import Left, Origin
from sessionwise.show.display import Note, Nothing, Sentence
from sessionwise.show.sentences.outcomes import next_outcome
from sessionwise.show.tables import table
from sessionwise.study.result import MIME, Result, results
from sessionwise.study.study import Study

STUDY = Study.of(
    {"name": "ours", "title": "Our clinic", "data": "a.csv", "codebook": "a.toml", "outcome": "ors"}
)
PAGE = "client session srs\n" + "\n".join(f"{c} {t} 30" for c in range(6) for t in (1, 2))


def found(s=None, **answers) -> Result:
    s = s or records(PAGE)
    return results("03-alliance-and-outcome", "Does it?", STUDY, s, **answers)


def part(answer):
    return found(asked=answer).parts[0]


def carried(result: Result) -> dict:
    """What the runner takes from the executed notebook: JSON, as strict as JSON is."""
    return json.loads(json.dumps(result._repr_mimebundle_()[MIME], allow_nan=False))


class TestWhatIsRecorded:
    def test_of_which_study_and_records(self):
        s = replace(records(PAGE), synthetic=True)
        result = found(s, asked=hybrid())
        assert (result.study, result.title, result.cohort) == ("ours", "Our clinic", "")
        assert (result.notebook, result.question) == ("03-alliance-and-outcome", "Does it?")
        assert result.synthetic
        assert result.rows["clients"] == 6 and result.rows["sessions"] == 12

    def test_of_a_fit(self):
        one = part(hybrid())
        assert (one.name, one.status) == ("asked", "answered")
        assert one.question == "Does a better alliance precede a better outcome?"
        assert [row["term"] for row in one.estimates][-1] == "srs_lag1_between"
        assert one.estimates[3]["low"] == 0.25 and one.loglik == -1234.5
        assert one.health["converged"] is True and one.health["gradient"] == 1.2e-5
        assert one.rows["used"] == 2981 and one.recipe["estimation"] == "REML"

    def test_of_a_table_shown_and_of_counts(self):
        frame = pd.DataFrame({"arm": ["a", "b"], "clients": [31, 32], "bdi": [12.345, 9.0]})
        shown = part(table(frame, "arms", "Arms", digits=1))
        assert shown.table[0] == {"arm": "a", "clients": 31, "bdi": 12.3}
        assert part(attended_by(records(PAGE))).table == [
            {"session": 1, "courses": 6},
            {"session": 2, "courses": 6},
        ]

    @pytest.mark.parametrize("kind", ["missing", "refused"])
    def test_of_a_question_without_an_answer(self, kind):
        unanswered = Unanswered("Q?", "No column.", kind)
        for given in (unanswered, Note(unanswered), (unanswered, Nothing())):
            one = part(given)
            assert (one.status, one.question, one.reason) == (kind, "Q?", "No column.")
            assert one.sentence == one.headline == ""

    def test_the_methods_and_sources_of_each_fit_once(self):
        model = hybrid()
        result = found(first=model, again=(model, "Said."), other=leaving_fit())
        assert result.sources == ["containment", "cr2", "discrete_hazard", "hybrid"]
        assert result.methods.count("Linear mixed model") == 1
        assert found(counts=attended_by(records(PAGE))).methods == ""


class TestWhatIsTold:
    def test_the_sentence_and_its_headline(self):
        said = next_outcome(hybrid())
        one = part((hybrid(), said))
        assert (one.sentence, one.headline) == (said.text, said.headline)
        assert one.headline != one.sentence

    def test_a_sentence_without_a_headline_is_one_itself(self):
        assert part((hybrid(), Sentence("said", "All of it."))).headline == "All of it."

    def test_without_a_sentence_nothing_is_told(self):
        for given in (hybrid(), (hybrid(), Nothing())):
            assert part(given).sentence == part(given).headline == ""


class TestWhatIsHidden:
    def test_few_events(self):
        """Three events were lost with 75 rows, and 120 seen."""
        rows = part(leaving_fit()).rows
        assert (rows["events"], rows["events_lost"]) == (120, "< 5")
        assert rows["left_out"] == [["srs missing", 31], ["no decision", 44]]
        assert part(hybrid()).rows["events"] is None

    def test_a_step_that_left_few_out_takes_a_second_with_it(self):
        """What was left out in all may be known from another table."""
        left = (("first session", 402), ("gap", 31), ("no score", 3))
        rows = part(hybrid(rows=Rows(900, 100, left_out=left))).rows
        assert rows["left_out"] == [
            ["first session", 402],
            ["gap", "withheld"],
            ["no score", "< 5"],
        ]

    def test_few_in_the_ledger(self):
        ledger = (Left("no client", 3, 0), Left("not in the cohort", 40, 4))
        s = replace(records(PAGE), origin=Origin("a.csv", ledger=ledger, notes=("A note.",)))
        result = found(s)
        assert result.ledger == [("no client", "< 5", 0), ("not in the cohort", 40, "< 5")]
        assert result.notes == ["A note."]

    def test_a_curve_where_few_are_at_risk(self):
        many = [("all", "still in therapy", time, 8 - time, 0.9) for time in range(1, 7)]
        one = part(curve(many))
        assert [row["time"] for row in one.curve] == [1, 2, 3]
        assert min(row["at_risk"] for row in one.curve) == 5

    def test_few_in_a_table_of_counts_with_what_would_give_them_away(self):
        counts = pd.DataFrame(
            {
                "ending": ["planned", "unplanned", "transferred"],
                "courses": [60, 30, 2],
                "share": [60 / 92, 30 / 92, 2 / 92],
            }
        )
        shown = part(counts).table
        assert [row["courses"] for row in shown] == [60, "withheld", "< 5"]
        assert [row["share"] for row in shown] == [0.652173913043, "withheld", "withheld"]
        assert counts["courses"].tolist() == [60, 30, 2]

    @pytest.mark.parametrize("many", [1, 4])
    def test_a_model_of_few(self, many):
        rows = part(hybrid(rows=Rows(many, clients=many))).rows
        assert (rows["used"], rows["clients"]) == ("< 5", "< 5")
        assert part(hybrid(rows=Rows(5, clients=5))).rows["used"] == 5

    def test_few_at_one_level_within_their_group(self):
        """3 of the 50 in TAU are men: 47 would tell it. The women of BtheB are no part of that."""
        lines = [("f", "TAU", 47), ("m", "TAU", 3), ("f", "BtheB", 30), ("m", "BtheB", 20)]
        frame = pd.DataFrame(lines, columns=["level", "group", "courses"])
        frame.insert(0, "characteristic", "sex")
        shown = part(frame.assign(share=[0.94, 0.06, 0.6, 0.4])).table
        assert [row["courses"] for row in shown] == ["withheld", "< 5", 30, 20]
        assert [row["share"] for row in shown] == ["withheld", "withheld", 0.6, 0.4]

    def test_forms_that_few_filled_in_at_a_time(self):
        frame = pd.DataFrame({"time": [0, 2], "due": [40, 40], "filled": [38, 3], "share": 0.5})
        assert part(frame).table[1] == {
            "time": 2,
            "due": 40,
            "filled": "< 5",
            "share": "withheld",
        }

    def test_a_session_is_a_label_and_stays(self):
        shown = part(pd.DataFrame({"session": [1, 2], "courses": [3, 2]})).table
        assert shown == [{"session": 1, "courses": "< 5"}, {"session": 2, "courses": "< 5"}]


class TestHowItTravels:
    def test_it_is_read_back_as_it_was(self):
        ledger = (Left("no client", 3, 0),)
        s = replace(records(PAGE), origin=Origin("a.csv", ledger=ledger))
        result = found(
            s,
            asked=(hybrid(), next_outcome(hybrid())),
            left=leaving_fit(),
            curve=curve([("all", "still in therapy", 1, 9, 0.9)]),
            counts=attended_by(s),
            none=Unanswered("Q?", "No column."),
        )
        assert Result.model_validate(carried(result)) == result
        assert result._repr_mimebundle_()["text/plain"] == (
            "03-alliance-and-outcome: 4 of 5 questions answered"
        )

    def test_its_form_has_a_version_and_a_newer_one_is_refused(self):
        bundle = carried(found())
        assert bundle["schema"] == 1
        with pytest.raises(ValidationError):
            Result.model_validate({**bundle, "schema": 2})

    def test_numbers_have_twelve_significant_digits(self):
        model = fit({"x": (1 / 3, 1e-20 / 3, 200000 / 3)}).replace(loglik=-1234.56789012345)
        one = part(model)
        row = one.estimates[0]
        assert row["estimate"] == 0.333333333333
        assert (row["low"], row["high"]) == (3.33333333333e-21, 66666.6666667)
        assert one.loglik == -1234.56789012

    def test_what_is_no_number_is_null(self):
        model = fit({"x": (0.5, 0.1, 0.9)}, health=Health(True))
        frame = model.estimates.assign(df=np.inf, p=np.nan)
        one = part(model.replace(estimates=frame, loglik=float("nan")))
        assert one.estimates[0]["df"] is None and one.estimates[0]["p"] is None
        assert one.loglik is None
        assert one.health["gradient"] is None  # not known, as nothing was said of it
        carried(found(asked=model.replace(estimates=frame)))

    def test_numbers_of_pandas_and_numpy_are_plain_ones(self):
        frame = pd.DataFrame(
            {
                "level": ["a", "b"],
                "n": pd.array([12, pd.NA], dtype="Int64"),
                "open": np.array([True, False]),
            }
        )
        assert part(frame).table == [
            {"level": "a", "n": 12, "open": True},
            {"level": "b", "n": None, "open": False},
        ]

    def test_names_of_references_travel_in_the_recipe(self):
        recipe = replace(MIXED, references=(("arm", "TAU"),))
        assert part(hybrid(recipe=recipe)).recipe["references"] == [["arm", "TAU"]]


@pytest.mark.parametrize("given", [3, "a sentence", Sentence("said", "Alone."), Nothing(), None])
def test_an_answer_that_is_none_is_refused_by_its_name(given):
    with pytest.raises(InvalidInput, match="`asked` is neither a Fit, a Curve, .*a table"):
        found(asked=given)
