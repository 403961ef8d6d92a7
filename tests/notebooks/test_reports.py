"""The two reports that `make report` makes: whole, the same twice, and saying what R says."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from canonical import ROOT

from sessionwise.errors import InvalidInput
from sessionwise.reporting.report import make_report
from sessionwise.study.study import NOTEBOOKS, Study

STUDIES = ("clinic", "beat-the-blues")
SESSIONWISE = str(Path(sys.executable).parent / "sessionwise")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    out = tmp_path_factory.mktemp("reports")
    return {name: make_report(ROOT / "studies" / f"{name}.toml", out=out) for name in STUDIES}


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Both reports once more, by the command line, in a process of its own."""
    out = tmp_path_factory.mktemp("again")
    command = [SESSIONWISE, "report", "--out", str(out)]
    studies = [f"studies/{name}.toml" for name in STUDIES]
    subprocess.run([*command, *studies], cwd=ROOT, check=True, capture_output=True)
    return out


def result(report, notebook):
    return json.loads((report.folder / "results" / f"{notebook}.json").read_text("utf-8"))


def part(report, notebook, name):
    return next(p for p in result(report, notebook)["parts"] if p["name"] == name)


@pytest.mark.parametrize("name", STUDIES)
def test_two_runs_give_the_same_bytes(reports, again, name):
    first, second = reports[name].folder, again / name
    files = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    differ = [
        str(file) for file in files if (first / file).read_bytes() != (second / file).read_bytes()
    ]
    assert differ == ["manifest.json"]  # it says when


@pytest.mark.parametrize("name", STUDIES)
def test_a_page_needs_no_network_and_names_no_machine(reports, name):
    for page in reports[name].folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
        assert str(ROOT) not in text and str(Path.home()) not in text


def test_the_synthetic_report_is_stamped_on_every_page_and_figure(reports):
    folder = reports["clinic"].folder
    assert all("Synthetic data." in page.read_text("utf-8") for page in folder.glob("*.html"))
    titles = [re.search(r"<title>(.*?)</title>", page.read_text("utf-8"))[1]
              for page in folder.glob("*.html")]  # fmt: skip
    assert titles and all(title.startswith("SYNTHETIC · ") for title in titles)
    drawings = [figure.read_text("utf-8") for figure in folder.rglob("*.svg")]
    assert len(drawings) > 5 and all("<!-- SYNTHETIC DATA -->" in drawn for drawn in drawings)
    real = reports["beat-the-blues"].folder
    assert not any("SYNTHETIC" in page.read_text("utf-8") for page in real.glob("*.html"))
    assert not any("Synthetic data." in page.read_text("utf-8") for page in real.glob("*.html"))


def test_the_trial_says_what_r_says(reports):
    """lme4 by maximum likelihood on the same 280 rows; printed to six decimals."""
    growth = part(reports["beat-the-blues"], "03-alliance-and-outcome", "change")
    terms = {row["term"]: row for row in growth["estimates"]}
    assert growth["rows"]["used"] == 280 and growth["rows"]["clients"] == 97
    assert terms["time"]["estimate"] == pytest.approx(-0.704765, abs=1e-6)
    assert terms["time"]["std_error"] == pytest.approx(0.146392, abs=1e-6)
    assert terms["treatment[BtheB]"]["estimate"] == pytest.approx(-2.329083, abs=1e-6)
    assert terms["treatment[BtheB]"]["std_error"] == pytest.approx(1.670356, abs=1e-6)
    assert growth["loglik"] == pytest.approx(-935.746, abs=5e-4)


def test_the_trial_says_what_it_cannot_answer(reports):
    report = reports["beat-the-blues"]
    statuses = {
        p["name"]: p["status"]
        for notebook in NOTEBOOKS[2:]
        for p in result(report, notebook)["parts"]
    }
    assert statuses == {
        "early_alliance": "missing",
        "change": "answered",
        "difference": "answered",
        "next_outcome": "missing",
        "three_levels": "missing",
        "levels_compared": "missing",
        "next_outcome_detrended": "missing",
        "clients_apart": "missing",
        "next_outcome_given_previous": "missing",
        "reverse": "missing",
        "reverse_given_previous": "missing",
        "staying": "missing",
        "endings": "missing",
        "ever": "missing",
        "leaving": "missing",
        "missed": "missing",
        "answering": "answered",
        "changed": "missing",
    }
    page = (report.folder / "04-alliance-and-staying.html").read_text("utf-8")
    assert "It is <strong>not</strong> leaving therapy" in page
    reason = part(report, "05-who-changed", "changed")["reason"]
    assert "`reliability` in the study" in reason and "`cutoff` of `bdi2` is not verified" in reason


def test_the_trial_has_no_alliance_that_could_move(reports):
    report = reports["beat-the-blues"]
    parts = result(report, "02-how-alliance-moves")["parts"]
    assert {p["status"] for p in parts} == {"missing"}
    assert all(p["reason"].endswith("this study names no such score.") for p in parts)
    page = html.unescape((report.folder / "02-how-alliance-moves.html").read_text("utf-8"))
    assert page.count("this study names no such score") >= 5


def test_who_still_answered_by_arm(reports):
    """Counted by hand from the file: 97, 73, 58 and 52 of 100 gave the form."""
    curve = part(reports["beat-the-blues"], "04-alliance-and-staying", "answering")["curve"]
    given = {time: 0 for time in (2, 3, 5, 8)}
    for row in curve:
        if row["time"] in given:
            given[row["time"]] += round(row["estimate"] * row["at_risk"])
    assert given == {2: 97, 3: 73, 5: 58, 8: 52}


def test_the_clinic_answers_everything(reports):
    statuses = {
        p["name"]: p["status"]
        for notebook in NOTEBOOKS
        for p in result(reports["clinic"], notebook)["parts"]
    }
    assert len(statuses) > 15 and set(statuses.values()) == {"answered"}


def test_the_truth_stands_beside_each_estimate_of_the_clinic_and_beside_none_of_the_trial(reports):
    tables = {path.name for path in (reports["clinic"].folder / "tables").glob("*truth*.csv")}
    assert {name.partition("--")[2] for name in tables} >= {
        "against-truth.csv", "held-truth.csv", "reverse-truth.csv", "reverse-held-truth.csv",
    }  # fmt: skip
    assert not list((reports["beat-the-blues"].folder / "tables").glob("*truth*.csv"))


def test_the_alliance_of_the_clinic_moves_as_its_results_say(reports):
    """What the sentence and the tables say is what the result holds; shares add up."""
    shape = part(reports["clinic"], "02-how-alliance-moves", "shape")
    terms = {row["term"]: row for row in shape["estimates"]}
    assert f"{terms['steps_working']['estimate']:.2f} points per session" in shape["sentence"]
    assert shape["recipe"]["clock"] == "session" and shape["health"]["converged"]
    shares = part(reports["clinic"], "02-how-alliance-moves", "shares")["table"]
    assert sum(row["share"] for row in shares) == pytest.approx(1)
    ceiling = part(reports["clinic"], "02-how-alliance-moves", "ceiling")["table"]
    assert {row["maximum"] for row in ceiling} == {40}
    assert not [row for row in ceiling if row["count"] in (1, 2, 3, 4)]


def test_the_clinic_says_who_changed_of_those_with_two_scores(reports):
    """Of 420 courses; what is judged and what is left out, for a reason each, are all there are."""
    found = part(reports["clinic"], "05-who-changed", "changed")
    left = dict(found["rows"]["left_out"])
    assert found["rows"]["used"] + sum(left.values()) == 420
    assert left["not in the study, which is of “the adults' team”"] == 60
    assert found["numbers"]["reliability"] == 0.85 and found["numbers"]["cutoff"] == 25
    assert [row["verdict"] for row in found["table"]][0] == "recovered"
    assert "as it was simulated" in (ROOT / "studies" / "clinic.toml").read_text("utf-8")


def test_the_first_page_tells_the_findings_from_the_results(reports):
    page = html.unescape((reports["clinic"].folder / "index.html").read_text(encoding="utf-8"))
    page = page.replace("\u00a0", " ")
    said = part(reports["clinic"], "03-alliance-and-outcome", "next_outcome")
    within = next(r for r in said["estimates"] if r["term"] == "srs_lag1_within")
    assert f"{within['estimate']:.2f} points higher" in page
    assert said["headline"] and said["headline"] in page


def test_the_manifest_vouches_for_every_file(reports):
    import hashlib

    folder = reports["clinic"].folder
    outputs = json.loads((folder / "manifest.json").read_text("utf-8"))["outputs"]
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert files - {"manifest.json"} == set(outputs)
    for name, digest in outputs.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_cohort_is_counted_in_the_ledger(tmp_path):
    report = make_report(ROOT / "studies" / "clinic.toml", {"cohort": "severe"}, out=tmp_path)
    found = result(report, "01-who-came")
    assert found["cohort"] == "severe"
    left = {reason: courses for reason, _, courses in found["ledger"]}
    assert list(left) == [
        "not in the study, which is of “the adults' team”",
        "not in cohort “severity at intake of 1 SD or more”",
    ]
    assert found["rows"]["courses"] + sum(left.values()) == 420


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cohrt": "severe"}, "Did you mean 'cohort'?"),
        ({"cohort": "sever"}, "Did you mean 'severe'?"),
        ({"alliance": "sr"}, "Did you mean 'srs'?"),
        ({"outcome": "orss"}, "Did you mean 'ors'?"),
    ],
)
def test_a_typo_in_a_parameter_never_runs_the_default(tmp_path, given, said):
    with pytest.raises(InvalidInput, match=re.escape(said)):
        make_report(ROOT / "studies" / "clinic.toml", given, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_invented_export_goes_from_start_to_report(tmp_path):
    export = tmp_path / "our export 2025.csv"
    rows = ["Patient;Datum;Sitzung;Therapeut;ORS;SRS;Abschluss"]
    for person in range(40):
        for session in range(1, 5 + person % 4):
            last = session == 4 + person % 4
            ending = ("abgebrochen" if person % 3 == 0 else "regulär") if last else ""
            ors = f"{18 + session + person % 7 / 2:.1f}".replace(".", ",")
            srs = f"{30 + (person * session) % 9 / 2:.1f}".replace(".", ",")
            date = (
                f"{1 + 7 * ((session - 1) % 4):02d}.{1 + (session - 1) // 4 + person % 6:02d}.2024"
            )
            rows.append(f"P{person:03d};{date};{session};T{person % 8};{ors};{srs};{ending}")
    export.write_text("\n".join(rows) + "\n", encoding="utf-8")
    subprocess.run(
        [SESSIONWISE, "start", str(export)], cwd=tmp_path, check=True, capture_output=True
    )
    (study,) = (tmp_path / "studies").glob("*.toml")
    ran = subprocess.run(
        [SESSIONWISE, "report", str(study), "--out", "made"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (index,) = (tmp_path / "made").glob("*/index.html")
    assert "40 clients" in index.read_text(encoding="utf-8")


def test_the_trial_is_in_neither_wheel_nor_sdist(tmp_path):
    source = tmp_path / "source"
    ignore = shutil.ignore_patterns(".venv", ".git", "reports", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, source, ignore=ignore)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path / "dist")],
        cwd=source, check=True, capture_output=True,
    )  # fmt: skip
    import tarfile
    import zipfile

    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    inside = zipfile.ZipFile(wheel).namelist() + tarfile.open(sdist).getnames()
    assert not [name for name in inside if "beat" in name]
    assert any(name.endswith("cards/srs.toml") for name in inside)


def test_the_readme_says_what_the_clinic_says(reports):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = part(reports["clinic"], "03-alliance-and-outcome", "next_outcome")
    quoted = " ".join(re.findall(r"^> ?(.*)$", readme, re.MULTILINE)).removesuffix(" …")
    assert said["sentence"].startswith(quoted)
    figure = reports["clinic"].folder / "figures" / "03-alliance-and-outcome--side-by-side.png"
    assert (ROOT / "docs" / "side-by-side.png").read_bytes() == figure.read_bytes()


def test_the_manifest_knows_seed_and_commit(reports):
    manifest = json.loads((reports["clinic"].folder / "manifest.json").read_text("utf-8"))
    assert manifest["seed"] == 20261124
    if (ROOT / ".git").exists():
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        assert head in json.dumps(manifest["git"])


def test_the_first_page_says_how_far_the_instruments_are_known(reports):
    page = html.unescape((reports["clinic"].folder / "index.html").read_text(encoding="utf-8"))
    assert "ORS (Outcome Rating Scale)" in page and "not verified, and not used" in page


def test_early_alliance_stands_beside_the_published_figure_in_the_clinic(reports):
    found = part(reports["clinic"], "03-alliance-and-outcome", "early_alliance")
    assert found["table"][0]["estimate"] == 0.278 and found["numbers"]["draws"] == 5000
    assert ".278, 95 % CI .256 to .299; Flückiger" in found["headline"].replace("r = ", "")
    gap = part(reports["beat-the-blues"], "03-alliance-and-outcome", "early_alliance")
    assert (gap["status"], "names no such score" in gap["reason"]) == ("missing", True)


def test_what_is_biased_says_so_on_the_first_page(reports):
    """The reverse direction is told with the previous alliance held, and only so."""
    for name in ("next_outcome_given_previous", "reverse_given_previous"):
        found = part(reports["clinic"], "03-alliance-and-outcome", name)
        assert "Biased in short courses" in found["headline"]
        assert "Biased in short courses" in found["recipe"]["caution"]
    assert part(reports["clinic"], "03-alliance-and-outcome", "reverse")["headline"] == ""


def test_the_clinic_tells_clients_from_their_therapists(reports):
    """All three with the number of therapists on the first page; each way of counting in a row."""
    found = part(reports["clinic"], "03-alliance-and-outcome", "three_levels")
    rows = {row["term"]: row for row in found["estimates"]}
    assert rows["srs_lag1_between_therapists"]["df"] < 30 < rows["srs_lag1_between_clients"]["df"]
    assert f"{found['rows']['therapists']} therapists" in found["headline"]
    table = part(reports["clinic"], "03-alliance-and-outcome", "levels_compared")["table"]
    assert len(table) == 9 and {row["reason"] for row in table} == {""}
    same = next(r for r in table if (r["level"], r["counted"]) == ("within clients", "all clients"))
    assert same["estimate"] == pytest.approx(rows["srs_lag1_within"]["estimate"], rel=1e-9)


def test_truths_stand_beside_estimates_where_a_study_knows_them(reports):
    tables = reports["clinic"].folder / "tables"
    for notebook in ("03-alliance-and-outcome", "04-alliance-and-staying"):
        table = (tables / f"{notebook}--against-truth.csv").read_text("utf-8")
        assert "truth" in table.splitlines()[0] and "yes" in table
    real = reports["beat-the-blues"].folder / "tables"
    assert not list(real.glob("*against-truth*"))
