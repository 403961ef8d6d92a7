"""Studies: found by name, held to what they may say, read with their cohort."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sessionwise.errors import InvalidInput
from sessionwise.records.truth import Truth
from sessionwise.study.study import Study

ROOT = Path(__file__).resolve().parents[2]

STUDY = """
schema = 1
name = "ours"
title = "Our clinic"
data = "../data/visits.csv"
codebook = "../data/codebook.toml"
alliance = "srs"
outcome = "ors"
adjust = ["severity"]
[cohorts.severe]
label = "severe at intake"
where = { severity = { low = 1 } }
"""
BOOK = """
[columns.client]
from = "ID"
[columns.session]
from = "visit"
[columns.ors]
from = "ORS"
instrument = "ors"
[columns.srs]
from = "SRS"
instrument = "srs"
[columns.severity]
from = "severity"
level = "course"
[columns.ending]
from = "end"
"""
VISITS = "ID,visit,ORS,SRS,severity,end\na,1,18,30,0.5,\na,2,20,31,0.5,planned\nb,1,15,25,1.5,\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("studies", "data", "studies/deep/er"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "studies" / "ours.toml").write_text(STUDY)
    (tmp_path / "data" / "codebook.toml").write_text(BOOK)
    (tmp_path / "data" / "visits.csv").write_text(VISITS)
    return tmp_path


def study_of(folder: Path, more: str = "", **instead: str) -> Study:
    text = STUDY
    for old, new in instead.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "studies" / "other.toml").write_text(more + text)
    return Study.load(folder / "studies" / "other.toml")


def test_a_bare_name_is_found_in_the_nearest_folder_upwards(folder, monkeypatch):
    for here in (folder, folder / "data", folder / "studies" / "deep" / "er"):
        monkeypatch.chdir(here)
        assert Study.load("ours").path == folder / "studies" / "ours.toml"


def test_a_name_with_a_slash_or_an_ending_is_a_path(folder, monkeypatch):
    monkeypatch.chdir(folder / "studies")
    assert Study.load("ours.toml").name == "ours"
    assert Study.load("../studies/ours.toml").name == "ours"
    assert Study.load(folder / "studies" / "ours.toml").name == "ours"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("our", "There is no study 'our'.*Did you mean 'ours'"),
        ("none.toml", "no file none.toml"),
        ("ours; rm", "is no name of a study"),
        ("", "is no name of a study"),
    ],
)
def test_a_study_that_is_not_there_is_named_with_the_nearest(folder, monkeypatch, name, found):
    monkeypatch.chdir(folder)
    with pytest.raises(InvalidInput, match=found):
        Study.load(name)


def test_without_any_folder_of_studies_it_says_how_to_begin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="no folder `studies` here"):
        Study.load("clinic")


def test_paths_in_a_study_are_relative_to_its_file(folder, monkeypatch):
    monkeypatch.chdir("/")
    study = Study.load(folder / "studies" / "ours.toml")
    assert study.data_path == folder / "data" / "visits.csv"
    assert study.codebook_path == folder / "data" / "codebook.toml"
    assert study.truth_path is None
    assert study.known_truth() is None


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("landmrk = 3\n", "no key `landmrk`. Did you mean 'landmark'?"),
        ("clock = 'sesion'\n", "Did you mean 'session'?"),
        ("landmark = 0\n", "`landmark` is not as it should be"),
        ("observed_until = 'soon'\n", "`observed_until"),
    ],
)
def test_unknown_keys_and_values_are_named_with_the_nearest(folder, more, found):
    with pytest.raises(InvalidInput) as told:
        study_of(folder, more)
    assert found in str(told.value)


def test_a_newer_form_is_refused(folder):
    with pytest.raises(InvalidInput, match="schema = 2, and this version reads 1"):
        study_of(folder, **{"schema = 1": "schema = 2"})


@pytest.mark.parametrize(
    ("key", "given", "found"),
    [
        ("alliance", "severity", "alliance = 'severity' is no score of sessions"),
        ("alliance", "client", "alliance = 'client' is no score of sessions"),
    ],
)
def test_a_score_that_is_none_is_refused_when_the_records_are_read(folder, key, given, found):
    study = study_of(folder).using(**{key: given})
    with pytest.raises(InvalidInput, match=found):
        study.read()


def test_an_unknown_score_is_refused_before_anything_is_read(folder):
    with pytest.raises(InvalidInput) as told:
        study_of(folder).using(alliance="sr", outcome="orss", cohort="x")
    assert len(told.value.problems) == 3
    assert "There is no score 'sr'" in str(told.value)
    assert "Did you mean 'srs'?" in str(told.value) and "Did you mean 'ors'?" in str(told.value)


def test_a_score_made_of_items_is_known_before_anything_is_read(folder):
    items = "\n".join(
        f'[columns.wai_{n}]\nfrom = "q{n}"\ninstrument = "wai_sr"\nitem = {n}\nknown = "after"'
        for n in range(1, 13)
    )
    (folder / "data" / "codebook.toml").write_text(BOOK + items)
    (folder / "data" / "visits.csv").unlink()
    for name in ("wai", "wai_bond"):
        assert study_of(folder).using(alliance=name).alliance == name


@pytest.mark.parametrize("late", ["srs", "ending", "date"])
def test_what_was_not_known_at_intake_neither_groups_nor_adjusts(folder, late):
    (folder / "data" / "codebook.toml").write_text(BOOK + '[columns.date]\nfrom = "day"\n')
    (folder / "data" / "visits.csv").write_text(
        "ID,visit,ORS,SRS,severity,end,day\na,1,18,30,0.5,planned,2024-01-08\n"
    )
    study = study_of(folder, f'by = "{late}"\n', **{'["severity"]': f'["severity", "{late}"]'})
    with pytest.raises(InvalidInput) as told:
        study.read()
    assert [problem.found for problem in told.value.problems] == [
        f"by = '{late}' was not known at intake",
        f"adjust 2 = '{late}' was not known at intake",
    ]


def test_every_unknown_column_is_said_at_once(folder):
    study = study_of(folder, **{'"srs"': '"sr"', '"ors"': '"or"', '"severity"': '"severty"'})
    with pytest.raises(InvalidInput) as told:
        study.read()
    assert len(told.value.problems) == 3


class TestTwoViews:
    """`views`: the client's alliance score and the therapist's."""

    BOTH = '[columns.srs_t]\nfrom = "SRS_T"\ninstrument = "srs"\nknown = "after"\n'

    def of(self, folder, given):
        (folder / "data" / "codebook.toml").write_text(BOOK + self.BOTH)
        rows = VISITS.replace(",end\n", ",end,SRS_T\n").replace(",\n", ",,28\n")
        (folder / "data" / "visits.csv").write_text(rows.replace("planned\n", "planned,27\n"))
        return study_of(folder, f"views = {given}\n")

    def test_none_by_default(self, folder):
        assert study_of(folder).views == ()

    def test_two_scores_of_sessions(self, folder):
        study = self.of(folder, '["srs", "srs_t"]')
        assert study.views == ("srs", "srs_t")
        assert study.read().columns["srs_t"].known == "after"
        assert study.using(alliance="srs_t").views == ("srs", "srs_t")

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ('["srs", "srs_x"]', "views 2 = 'srs_x' is no column of the records"),
            ('["severity", "srs_t"]', "views 1 = 'severity' is no score of sessions"),
            ('["srs", "srs"]', "views names 'srs' twice"),
        ],
    )
    def test_what_they_cannot_be(self, folder, given, found):
        with pytest.raises(InvalidInput, match=found):
            self.of(folder, given).read()

    @pytest.mark.parametrize("given", ['["srs"]', '["srs", "srs_t", "ors"]', '"srs"'])
    def test_there_are_two_or_none(self, folder, given):
        with pytest.raises(InvalidInput, match="views"):
            self.of(folder, given)


def test_an_unknown_cohort_is_refused_not_ignored(folder):
    study = study_of(folder)
    with pytest.raises(InvalidInput, match="no cohort 'sever'.*Did you mean 'severe'"):
        study.using(cohort="sever")


def test_using_gives_a_copy_and_empty_means_as_the_study_says(folder):
    study = study_of(folder)
    other = study.using(alliance="ors", cohort="severe")
    assert (other.alliance, other.outcome, other.cohort) == ("ors", "ors", "severe")
    assert (study.alliance, study.cohort) == ("srs", "")
    assert study.using() == study
    assert other.using().cohort == "severe"
    assert other.data_path == study.data_path


def test_a_cohort_is_kept_and_the_ledger_says_who_was_left_out(folder):
    s = study_of(folder).using(cohort="severe").read()
    assert s.courses["client"].tolist() == ["b"]
    left = s.origin.ledger[-1]
    assert (left.reason, left.rows, left.courses) == ("not in cohort “severe at intake”", 2, 1)


def test_a_cohort_by_what_came_later_is_refused(folder):
    late = 'where = { ending = "planned" }'
    study = study_of(folder, **{"where = { severity = { low = 1 } }": late})
    with pytest.raises(InvalidInput, match="`ending` is no column of the course known at intake"):
        study.using(cohort="severe").read()


def test_the_study_says_until_when_the_records_were_kept(folder):
    (folder / "data" / "codebook.toml").write_text(
        BOOK + '[columns.date]\nfrom = "day"\n[columns.clinic]\nfrom = "site"\n'
    )
    (folder / "data" / "visits.csv").write_text(
        "ID,visit,ORS,SRS,severity,end,day,site\n"
        "a,1,18,30,0.5,,2024-01-08,north\nb,1,15,25,1.5,,2024-01-08,south\n"
    )
    kept = "observed_until = { north = 2024-01-15, south = 2024-01-14 }\ninterval_days = 7\n"
    assert study_of(folder, kept).read().table["due"].tolist() == [True, False]
    one = study_of(folder, "observed_until = 2024-01-15\ninterval_days = 7\n")
    assert one.observed_until == date(2024, 1, 15)
    assert one.read().table["due"].tolist() == [True, True]
    assert one.read().origin.notes == ()


def test_a_study_cannot_be_changed(folder):
    with pytest.raises(ValueError, match="frozen"):
        study_of(folder).alliance = "ors"


def test_the_synthetic_clinic_is_stamped_and_knows_its_truth():
    study = Study.load(ROOT / "studies" / "clinic.toml")
    s = study.read()
    assert s.synthetic
    assert s.counts()["clients"] == 360
    assert set(s.courses["team"]) == {"adults"}
    assert s.origin.ledger[-1].courses == 60  # the children's team is counted, not forgotten
    assert study.known_truth() == Truth.load(ROOT / "data" / "clinic" / "truth.toml")
    severe = study.using(cohort="severe").read()
    assert severe.courses["severity"].min() >= 1
    assert 0 < len(severe.courses) < 360


def test_a_study_of_nobody_is_refused(tmp_path):
    text = (ROOT / "studies" / "clinic.toml").read_text("utf-8")
    text = text.replace('"../data', f'"{ROOT}/data').replace('team = "adults"', 'team = "elders"')
    (tmp_path / "nobody.toml").write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match="Nobody is in “the adults' team”"):
        Study.load(tmp_path / "nobody.toml").read()


def test_the_real_trial_is_read_as_it_was_published():
    """100 clients, five assessments each, 280 scores after intake: as in Everitt & Hothorn."""
    s = Study.load(ROOT / "studies" / "beat-the-blues.toml").read()
    assert s.counts()["clients"] == 100
    assert len(s.table) == 500
    after = s.table[s.table["time"] > 0]
    assert after["bdi"].notna().sum() == 280
    assert (s.clock, s.time_unit, s.synthetic) == ("time", "months", False)
    assert sorted(s.table["time"].unique()) == [0, 2, 3, 5, 8]
    assert s.courses["treatment"].value_counts().to_dict() == {"BtheB": 52, "TAU": 48}
    assert s.courses["treatment"].cat.categories[0] == "TAU"
    intake = s.frame[s.frame["time"] == 0]
    pd.testing.assert_series_equal(intake["bdi"], intake["bdi_pre"], check_names=False)
