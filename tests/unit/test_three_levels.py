"""The alliance at three levels: what it is, whom it counts, and when it has no answer."""

import numpy as np
import pandas as pd
import pytest
from question_records import again, left_out

import sessionwise as sw
from sessionwise.errors import InvalidInput, Unanswerable
from sessionwise.models.three_levels import alliance_at_three_levels

LEVELS = ["srs_lag1_within", "srs_lag1_between_clients", "srs_lag1_between_therapists"]


@pytest.fixture(scope="module")
def moving(clinic):
    """Every fifth client goes over to another therapist at session 3."""
    frame = clinic.frame
    number = frame["client"].map({name: i for i, name in enumerate(frame["client"].unique())})
    new = "new" + (number % 4).astype("str")
    late = (number % 5 == 0) & (frame["session"] >= 3)
    return again(clinic, therapist=frame["therapist"].mask(late.astype(bool), new))


@pytest.fixture(scope="module")
def fit(clinic):
    return alliance_at_three_levels(clinic)


def test_the_long_form_gives_the_same_numbers(clinic, fit):
    s = sw.lagged(sw.first_therapist(clinic), "srs")
    s = sw.three_way_split(s, "srs_lag1", complete=["ors", "session"], by="first_therapist")
    long = sw.mixed(
        f"ors ~ session + {' + '.join(LEVELS)} + (1 + session || client) + (1 | first_therapist)",
        s.frame[s.frame["srs_lag1_within"].notna()],
    )
    np.testing.assert_allclose(
        fit.estimates["estimate"],
        long.estimates["estimate"],
        rtol=1e-6,  # two searches for the same maximum
    )


def test_where_nobody_changes_therapist_the_swings_are_those_of_the_hybrid(clinic, fit):
    """And what is between clients there lies between the two parts here."""
    hybrid = sw.alliance_and_next_outcome(clinic)
    within = fit.term(LEVELS[0])["estimate"]
    assert within == pytest.approx(hybrid.term(LEVELS[0])["estimate"], rel=1e-3)
    clients, therapists = (fit.term(term)["estimate"] for term in LEVELS[1:])
    one = hybrid.term("srs_lag1_between")["estimate"]
    assert min(clients, therapists) < one < max(clients, therapists)


def test_rows_clients_and_therapists_are_counted(clinic, fit):
    assert fit.rows.used + left_out(fit) == clinic.counts()["sessions"]
    assert fit.rows.therapists == clinic.table["therapist"].nunique()
    assert [fit.labels[term].rpartition(", ")[2] for term in LEVELS] == [
        "within clients",
        "between clients of a therapist",
        "between therapists",
    ]


class TestHandovers:
    def test_a_score_counts_with_the_therapist_it_was_rated_of(self, moving):
        fit = alliance_at_three_levels(moving)
        assert any("with the therapist of the session before" in note for note in fit.recipe.notes)

    def test_a_new_therapists_level_of_alliance_is_no_swing(self, moving):
        """9 points less with every new therapist, and no less outcome: the hybrid takes them for
        swings without effect, and its estimate falls by far; here it stays as it was."""
        frame = moving.frame
        late = frame["therapist"].str.startswith("new")
        lower = again(moving, srs=frame["srs"] - 9.0 * late)
        cells = [alliance_at_three_levels(s).term(LEVELS[0])["estimate"] for s in (moving, lower)]
        plain = [sw.alliance_and_next_outcome(s).term(LEVELS[0])["estimate"]
                 for s in (moving, lower)]  # fmt: skip
        assert cells[1] == pytest.approx(cells[0], abs=0.02)
        assert plain[1] < plain[0] - 0.1

    def test_left_out_they_are_counted(self, moving):
        fit = alliance_at_three_levels(moving, handovers="left out")
        left = dict(fit.rows.left_out)["therapist changed during the course"]
        rows = moving.table.groupby("client")["therapist"].transform("nunique") > 1
        assert left == int(rows.sum()) > 0
        assert any("none changed later" in note for note in fit.recipe.notes)
        assert fit.rows.used + left_out(fit) == moving.counts()["sessions"]


class TestTherapistsWithFewClients:
    @pytest.fixture
    def thin(self, clinic):
        """One client has a therapist of the client's own, another two share one."""
        frame = clinic.frame
        first = frame.loc[frame["session"] > 3, "client"].unique()[:3]
        own = frame["client"].map({first[0]: "solo", first[1]: "duo", first[2]: "duo"})
        return again(clinic, therapist=own.fillna(frame["therapist"]))

    def test_they_are_named_where_the_estimates_are(self, thin, fit):
        said = "Fewer than 5 of the"
        assert alliance_at_three_levels(thin).recipe.caution.startswith(said)
        assert said not in fit.recipe.caution

    def test_the_only_client_is_compared_with_nobody_else(self, thin):
        frame = thin.frame
        every = alliance_at_three_levels(thin)
        others = alliance_at_three_levels(thin, therapist_mean="other clients")
        alone = dict(others.rows.left_out)["the only client of the therapist"]
        assert every.rows.used - others.rows.used == alone > 0
        assert alone < (frame["therapist"] == "solo").sum()  # the first session has no lag
        assert others.rows.therapists == every.rows.therapists - 1


class TestTherapistsWhoLookAlike:
    """A client with a high outcome shares a therapist with one with a low one, and so on."""

    @pytest.fixture
    def alike(self, clinic):
        means = clinic.table.groupby("client")["ors"].mean().sort_values()
        place = pd.Series(np.arange(len(means)), means.index)
        pair = np.minimum(place, len(means) - 1 - place) % 6
        return again(clinic, therapist=clinic.table["client"].map(pair.map("T{}".format)))

    def test_six_therapists_do_not_count_as_all_their_clients(self, alike):
        """Six means and a line leave four degrees of freedom, not those of a hundred clients."""
        fit = alliance_at_three_levels(alike)
        assert any("first_therapist" in term for term in fit.health.dropped)
        assert "first_therapist" not in set(fit.variances["group"])
        row = fit.term(LEVELS[2])
        assert row["df"] < 10
        bare = sw.mixed(
            fit.recipe.formula,
            _rows(alike),
        ).term(LEVELS[2])
        assert bare["df"] > 50
        assert row["estimate"] == pytest.approx(bare["estimate"], abs=1e-6)
        assert row["std_error"] >= bare["std_error"]
        assert "count it as estimated all the same" in fit.recipe.caution


def _rows(s):
    s = sw.lagged(sw.first_therapist(s), "srs")
    s = sw.three_way_split(s, "srs_lag1", complete=["ors", "session"], by="first_therapist")
    return s.frame[s.frame["srs_lag1_within"].notna()]


class TestWithoutAnAnswer:
    @pytest.mark.parametrize(
        ("therapists", "said"),
        [
            (None, "these records name none"),
            (1, "are of one therapist"),
            (2, "are of two therapists"),
        ],
    )
    def test_too_few_therapists(self, clinic, therapists, said):
        number = clinic.table["client"].astype("category").cat.codes
        by = None if therapists is None else "T" + (number % therapists).astype("str")
        s = again(clinic, therapist=by)
        with pytest.raises(Unanswerable, match=said):
            alliance_at_three_levels(s)
        assert sw.answer(sw.three_levels_compared, s).kind == "missing"

    def test_what_is_missing_first_is_said_first(self, clinic):
        s = again(clinic, therapist=None)
        with pytest.raises(Unanswerable, match="needs `wai`"):
            alliance_at_three_levels(s, alliance="wai")
        with pytest.raises(Unanswerable, match="this study names no such score"):
            alliance_at_three_levels(s, alliance="")

    def test_assessments_are_no_sessions(self, clinic):
        frame = clinic.frame[["client", "therapist", "session", "ors", "srs"]]
        s = sw.Sessions.of(frame.rename(columns={"session": "time"}), clock="time")
        with pytest.raises(Unanswerable, match="followed from session to session"):
            alliance_at_three_levels(s)

    def test_nobody_named_the_therapist(self, clinic):
        s = again(clinic, therapist=pd.Series(pd.NA, clinic.table.index, dtype="str"))
        with pytest.raises(Unanswerable, match="these records name none"):
            alliance_at_three_levels(s)

    def test_a_word_that_is_none_is_refused(self, clinic):
        with pytest.raises(InvalidInput, match=r"therapist_mean = 'all'(.|\n)*handovers = 'gone'"):
            alliance_at_three_levels(clinic, therapist_mean="all", handovers="gone")


def test_counted_otherwise_each_number_is_that_of_its_fit(moving):
    found = sw.three_levels_compared(moving).set_index(["level", "counted"])
    fit = alliance_at_three_levels(moving, handovers="left out")
    row = found.loc[("between therapists", "handovers left out")]
    numbers = ["estimate", "std_error", "df", "low", "high"]
    assert row[numbers].tolist() == pytest.approx(fit.term(LEVELS[2])[numbers].tolist())
    assert len(found) == 9 and (found["reason"] == "").all()


def test_a_way_of_counting_without_an_answer_says_why(clinic):
    """Everybody changes therapist at session 3, so that without handovers nobody is left."""
    late = (clinic.table["session"] >= 3).astype(bool)
    stayed = clinic.table.groupby("client")["session"].transform("max") < 3
    s = again(
        clinic,
        therapist=clinic.table["therapist"].mask(late, "new").mask(stayed.astype(bool), "new"),
    )
    found = sw.three_levels_compared(s).set_index("counted")
    gone = found.loc["handovers left out"]
    assert gone["estimate"].isna().all()
    assert gone["reason"].str.contains("are of one therapist").all()
    assert found.loc["all clients", "estimate"].notna().all()
