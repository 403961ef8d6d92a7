"""A real trial from its codebook to its report: ENRICHD, 557 clients in cognitive therapy.

Berkman et al. (2003), JAMA 289:3106–3116, in the excerpt of the R package npmlda. The figures were
computed beforehand from the file by others, and are compared to the digits they were given in;
none is published. What they leave open is said where it matters.

The data are not ours to ship: their folder is named by SESSIONWISE_EXTRA_DATA.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_rows import extra_file

import sessionwise as sw
from sessionwise.errors import Unanswerable
from sessionwise.reporting.report import make_report

HERE = Path(__file__).parent
LME4 = json.loads((HERE.parents[1] / "oracles/r/correlated.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The study beside its codebook and a link to the export."""
    folder = tmp_path_factory.mktemp("enrichd")
    for name in ("study.toml", "codebook.toml"):
        shutil.copy(HERE / name, folder)
    export = extra_file("enrichd_cbt_bdi.csv")
    (folder / export.name).symlink_to(export)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def s(study):
    return sw.Study.load(study).read()


def rounded(values, digits):
    return [round(float(value), digits) for value in values]


class TestTheRecords:
    def test_who_is_in_them(self, s):
        counts = s.counts()
        assert (counts["clients"], counts["courses"], len(s.table)) == (557, 557, 7117)
        assert s.origin.ledger == ()
        each = s.table.groupby("client").size()
        assert (each.min(), each.max(), round(each.mean(), 1)) == (5, 36, 12.8)

    def test_time_counts_weeks_and_two_forms_on_one_day_keep_their_order(self, s):
        assert s.time_unit == "weeks" and s.table["time"].max() == pytest.approx(183 / 7)
        np.testing.assert_allclose(s.table["month"] * 30, s.table["time"] * 7, atol=1e-9)
        assert s.table.duplicated(["client", "time"]).sum() == 153

    def test_the_original_inventory_with_its_own_cutoff(self, s):
        card = s.instruments["bdi"]
        assert (card.short, card.cutoff.value, card.bands[1].low) == ("BDI", 10, 10)

    def test_a_medicine_begun_later_is_no_intake_covariate(self, s):
        assert s.columns["antidepressant_start"].known == "course"
        assert "start of the antidepressant" not in set(sw.who_came(s)["characteristic"])
        with pytest.raises(Unanswerable):
            sw.outcome_over_time(s, "bdi", adjust=["antidepressant_start"])


class TestThePlainNumbers:
    @pytest.mark.parametrize(
        ("number", "mean", "sd"), [(1, 18.36, 7.32), (4, 11.12, 7.94), (8, 9.16, 7.49)]
    )
    def test_by_number_of_the_assessment(self, s, number, mean, sd):
        scores = s.table.loc[s.table["appointment"] == number, "bdi"]
        assert rounded([scores.mean(), scores.std()], 2) == [mean, sd]

    def test_by_week(self, s):
        """A week is the nearest one: days 0–3 are week 0, 4–10 week 1. Means are of scores."""
        means = sw.mean_course(s, "bdi").set_index("time")["mean"]
        assert rounded(means.loc[[0, 1, 2, 4, 8, 12, 20]], 1) == (
            [18.3, 16.2, 14.0, 12.2, 9.9, 8.9, 8.7]
        )
        assert means.index.tolist() == list(range(27))

    def test_how_much_of_the_variance_lies_between_clients(self, s):
        null = sw.mixed("bdi ~ 1 + (1 | client)", s).variances
        between, residual = null["variance"]
        assert round(between / (between + residual), 3) == 0.470
        assert round(null["sd"].iloc[-1], 2) == 5.83

    def test_what_carries_over_is_mostly_the_trend(self, s):
        """Deviations from the client's own mean, or from the client's own straight line in time.

        A line through five scores leaves little to carry over; the .27 is that of clients with six
        or more. Of all it is .26.
        """
        split = sw.within_between(s, ["bdi", "time"])
        deviation, time = split.table["bdi_within"], split.table["time_within"]
        by_client = split.table["client"]
        slope = (deviation * time).groupby(by_client).sum() / (time**2).groupby(by_client).sum()
        detrended = deviation - by_client.map(slope).astype(float) * time
        column = sw.Column("bdi_detrended", "number", "course")
        made = split.with_columns(pd.DataFrame({"bdi_detrended": detrended}), [column])
        rows = sw.lagged(sw.lagged(made, "bdi_within"), "bdi_detrended").table
        often = rows[rows.groupby("client")["bdi"].transform("size") >= 6]
        assert round(rows["bdi_within"].corr(rows["bdi_within_lag1"]), 2) == 0.59
        assert round(often["bdi_detrended"].corr(often["bdi_detrended_lag1"]), 2) == 0.27
        assert round(rows["bdi_detrended"].corr(rows["bdi_detrended_lag1"]), 2) == 0.26


@pytest.fixture(scope="module")
def fit(s):
    return sw.mixed("bdi ~ month + (month | client)", s)


class TestTheGrowthModel:
    def test_as_computed_beforehand(self, fit):
        assert rounded([fit.term("Intercept")["estimate"]], 2) == [14.82]
        assert rounded([fit.term("month")["estimate"]], 3) == [-1.889]
        level, slope, both, residual = fit.variances["variance"]
        assert rounded([level], 1) == [46.4]
        assert rounded([both, slope, residual], 2) == [-4.25, 1.67, 19.67]
        assert fit.health.sound and fit.health.gradient < 1e-6

    def test_in_weeks_it_is_the_same_model(self, s, fit):
        weeks = sw.mixed("bdi ~ I(time * 7 / 30) + (time | client)", s)
        # months are 30/7 weeks; the likelihood does not know it, as only slopes are rescaled
        assert weeks.loglik == pytest.approx(fit.loglik, abs=1e-6)
        np.testing.assert_allclose(
            weeks.estimates["std_error"], fit.estimates["std_error"], rtol=1e-6
        )
        per = np.array([1, 30 / 7, 30 / 7, 1]) ** [1, 2, 1, 1]
        np.testing.assert_allclose(
            weeks.variances["variance"] * per, fit.variances["variance"], rtol=1e-5
        )

    def test_the_report_lets_clients_differ_in_slope(self, s):
        """As lme4 has it; without slopes the error would be half as large: 0.0085 a week."""
        fit, said = sw.outcome_over_time(s, "bdi"), LME4["enrichd_weeks"]
        assert fit.recipe.formula == "bdi ~ time + (1 + time | client)"
        np.testing.assert_allclose(fit.estimates["estimate"], said["estimate"], rtol=1e-6)
        np.testing.assert_allclose(fit.estimates["std_error"], said["se"], rtol=1e-5)
        assert fit.loglik == pytest.approx(said["loglik"], abs=1e-6)
        level = sw.mixed("bdi ~ time + (1 | client)", s.frame[s.frame["time"] > 0], reml=False)
        assert fit.term("time")["std_error"] > 1.9 * level.term("time")["std_error"]
        assert "go together" in " ".join(fit.recipe.notes)


@pytest.fixture(scope="module")
def report(study, tmp_path_factory):
    return make_report(study, out=tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def parts(report):
    results = sorted((report.folder / "results").glob("*.json"))
    made = [json.loads(path.read_text("utf-8")) for path in results]
    return {part["name"]: part for result in made for part in result["parts"]}


class TestTheReport:
    def test_what_is_answered(self, parts):
        answered = {name for name, part in parts.items() if part["status"] == "answered"}
        assert {"came", "change", "changed"} <= answered
        slope = -LME4["enrichd_weeks"]["estimate"][1]
        assert f"fell by {slope:.2f} points per week" in parts["change"]["sentence"]
        assert parts["changed"]["rows"]["used"] == 557

    def test_what_is_not_is_said_in_sentences(self, parts):
        reasons = {
            "length": "assessments, not sessions",
            "ended": "How courses ended is not in these records",
            "forms": "Every row of these records holds BDI",
            "next_outcome": "names no such score",
            "staying": "assessments, not sessions",
            "leaving": "names no such score",
            "answering": "did not answer has no row",
        }
        for name, reason in reasons.items():
            assert parts[name]["status"] == "missing"
            assert reason in parts[name]["reason"], name

    def test_every_notebook_has_its_page_and_no_page_a_traceback(self, study, report):
        pages = {page.stem for page in report.folder.glob("*.html")}
        assert pages == {"index", *sw.Study.load(study).notebooks}
        for page in report.folder.glob("*.html"):
            assert "Traceback" not in page.read_text("utf-8")

    def test_means_are_drawn_by_week(self, report):
        page = (report.folder / "03-alliance-and-outcome.html").read_text("utf-8")
        assert "nearest of times 1 week apart" in page.replace("\u00a0", " ")
