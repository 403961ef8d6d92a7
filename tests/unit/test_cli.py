"""The command line: what is shown, what is written, and how it ends."""

import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from sessionwise.cli import app
from sessionwise.errors import Refused
from sessionwise.records.codebook import Codebook
from sessionwise.records.reading import read
from sessionwise.reporting import report as reporting
from sessionwise.study.study import Study

ENDINGS = ("regulär", "Abbruch", "läuft noch", "Abbruch")


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def clinic_export(folder: Path) -> Path:
    """Forty invented clients: semicolons, decimal commas, German headers, missed sessions."""
    lines = ["Klienten-Nr;Therapeut;Sitzung;Datum;Erschienen;SRS;ORS;Alter;Abschluss"]
    for client in range(40):
        day, session = date(2024, 1, 8) + timedelta(days=5 * client), 0
        for appointment in range(3 + client * 7 % 6):
            came = (appointment + client) % 5 > 0 or appointment == 0
            session += came
            srs = f"{24 + (client * 5 + appointment * 3) % 13},{appointment}" if came else ""
            ors = f"{15 + (client * 3 + appointment * 4) % 17},5" if came else ""
            srs = "99" if (client, appointment) == (7, 0) else srs
            cells = [f"KL-{9000 + client}", f"T{client % 5}", session if came else "",
                     f"{day:%d.%m.%Y}", "ja" if came else "nein", srs, ors, 20 + client,
                     ENDINGS[client % 4]]  # fmt: skip
            lines.append(";".join(str(cell) for cell in cells))
            day += timedelta(days=7)
    file = folder / "Export 2024.csv"
    file.write_bytes("\n".join(lines).encode("cp1252"))
    return file


class TestStart:
    def test_it_says_what_was_written_what_to_look_at_and_what_comes_next(self, tmp_path):
        result = run("start", clinic_export(tmp_path), "--folder", tmp_path)
        assert result.exit_code == 0
        assert f"Written: {tmp_path / 'Export 2024.codebook.toml'}" in result.stdout
        assert f"Written: {tmp_path / 'studies' / 'export-2024.toml'}" in result.stdout
        assert "srs: 99 taken as 'not answered' (1 cell)" in result.stdout
        assert result.stdout.endswith(
            f"Next: sessionwise report {tmp_path / 'studies' / 'export-2024.toml'}\n"
        )
        assert "KL-9" not in result.output

    def test_a_report_can_be_made_at_once(self, tmp_path):
        export = clinic_export(tmp_path)
        run("start", export, "--folder", tmp_path)
        study = tmp_path / "studies" / "export-2024.toml"
        result = run("report", study, "--out", tmp_path / "reports")
        assert result.exit_code == 0, result.output
        index = tmp_path / "reports" / "export-2024" / "index.html"
        assert result.stdout == f"Export 2024: {index}\n"
        pages = {
            path.stem: path.read_text(encoding="utf-8") for path in index.parent.glob("*.html")
        }
        assert set(pages) == {"index", *Study.load(study).notebooks}
        assert not re.search("KL-9[0-9]{3}", "".join(pages.values()))

    def test_twice_writes_nothing_the_second_time(self, tmp_path):
        export = clinic_export(tmp_path)
        run("start", export, "--folder", tmp_path)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*.toml")}
        result = run("start", export, "--folder", tmp_path)
        assert result.exit_code == 1
        assert result.stderr.count("is there already") == 2
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.toml")} == before

    def test_what_stops_a_report_is_said_before_anybody_makes_one(self, tmp_path):
        export = tmp_path / "visits.csv"
        export.write_text("client,session,ors\nKL-1,1,20\nKL-1,1,21\n", encoding="utf-8")
        result = run("start", export, "--folder", tmp_path, "--name", "mine")
        assert result.exit_code == 0
        assert "Before a report can be made:" in result.stdout
        assert "Within a course each session number stands once" in result.stdout
        assert f"then sessionwise check {export}" in result.stdout
        assert (tmp_path / "studies" / "mine.toml").is_file()


class TestCodebook:
    def test_it_is_written_beside_the_export(self, tmp_path):
        export = clinic_export(tmp_path)
        assert run("codebook", export).exit_code == 0
        book = Codebook.load(tmp_path / "Export 2024.codebook.toml")
        assert len(read(export, book).courses) == 40

    def test_it_writes_over_nothing_unless_forced(self, tmp_path):
        export, place = clinic_export(tmp_path), tmp_path / "mine.toml"
        place.write_text("mine", encoding="utf-8")
        refused = run("codebook", export, "--out", place)
        assert (refused.exit_code, place.read_text(encoding="utf-8")) == (1, "mine")
        assert "is there already. Move it away, or say --force" in refused.stderr
        assert run("codebook", export, "--out", place, "--force").exit_code == 0
        assert "client" in Codebook.load(place).columns


class TestSimulate:
    TRUTH = "schema = 1\n[clinic]\ntherapists = 3\nclients = 20\n"

    def test_the_export_is_stamped_and_can_be_started_from(self, tmp_path):
        truth, out = tmp_path / "truth.toml", tmp_path / "made.csv"
        truth.write_text(self.TRUTH, encoding="utf-8")
        result = run("simulate", truth, "--seed", 7, "--out", out)
        assert result.exit_code == 0
        lines = out.read_text(encoding="utf-8").splitlines()
        assert all(line.startswith("SYNTHETIC,") for line in lines[1:])
        run("start", out, "--folder", tmp_path)
        study = tmp_path / "studies" / "made.toml"
        assert len(Study.load(study).read().courses) == 20
        assert "every row says SYNTHETIC" in study.read_text(encoding="utf-8")

    def test_the_same_seed_makes_the_same_file_and_another_does_not(self, tmp_path):
        truth = tmp_path / "truth.toml"
        truth.write_text(self.TRUTH, encoding="utf-8")
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            run("simulate", truth, "--seed", seed, "--out", tmp_path / f"{name}.csv")
        made = [(tmp_path / f"{name}.csv").read_bytes() for name in "abc"]
        assert made[0] == made[1] != made[2]


@pytest.fixture
def studies(tmp_path):
    """Two studies; the first has the nearest folder of notebooks."""
    for name in ("north", "south"):
        (tmp_path / f"{name}.toml").write_text(
            f'schema = 1\nname = "{name}"\ntitle = "{name.title()} [clinic]"\n'
            'data = "x.csv"\ncodebook = "x.toml"\n', encoding="utf-8"
        )  # fmt: skip
    return tmp_path / "north.toml", tmp_path / "south.toml"


@pytest.fixture
def asked(monkeypatch):
    """What `make_report` was asked for; no notebook runs."""
    calls = []

    def make_report(study, parameters, out, progress):
        calls.append((study.name, parameters, out))
        progress("01-who-came", 1, 2)
        if parameters.get("cohort") == study.name:
            raise Refused("There is nobody in it.")
        return SimpleNamespace(folder=out / study.name)

    monkeypatch.setattr(reporting, "make_report", make_report)
    return calls


class TestReport:
    def test_every_study_is_reported_with_the_parameters(self, studies, asked, tmp_path):
        given = ("-p", "cohort", "severe", "-p", "outcome=ors")
        result = run("report", *studies, *given, "--out", tmp_path / "out")
        assert result.exit_code == 0
        wanted = {"cohort": "severe", "outcome": "ors"}
        assert asked == [(name, wanted, tmp_path / "out") for name in ("north", "south")]
        assert f"North [clinic]: {tmp_path / 'out' / 'north' / 'index.html'}" in result.stdout

    def test_one_that_fails_does_not_keep_the_others_from_theirs(self, studies, asked):
        result = run("report", *studies, "-p", "cohort", "north")
        assert result.exit_code == 1
        assert "north: There is nobody in it." in result.stderr
        assert "South [clinic]:" in result.stdout

    def test_an_unknown_parameter_is_refused_with_the_nearest_name(self, studies, tmp_path):
        result = run("report", studies[0], "-p", "cohrt", "severe", "--out", tmp_path / "out")
        assert result.exit_code == 1
        assert "no parameter 'cohrt'" in result.stderr
        assert "Did you mean 'cohort'?" in result.stderr
        assert not (tmp_path / "out" / "north").exists()

    def test_a_study_that_is_not_there_stops_everything(self, studies, asked, tmp_path):
        result = run("report", studies[0], tmp_path / "nowhere.toml")
        assert (result.exit_code, asked) == (1, [])
        assert "There is no file nowhere.toml" in result.stderr

    @pytest.mark.parametrize(
        "given",
        [("-p", "cohort"), ("-p",), ("-p", "cohort", "a", "-p", "cohort", "b"), ("--nothing",)],
    )
    def test_a_mistake_of_usage_ends_with_2(self, studies, asked, given):
        result = run("report", studies[0], *given)
        assert (result.exit_code, asked) == (2, [])

    def test_an_interruption_ends_with_130(self, studies, monkeypatch):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(reporting, "make_report", interrupted)
        result = run("report", studies[0])
        assert (result.exit_code, result.stderr) == (130, "Stopped.\n")


def test_a_name_with_brackets_is_shown_as_it_is(tmp_path):
    result = run("check", tmp_path / "[bold]x.csv", "--codebook", tmp_path / "[red]c.toml")
    assert "[bold]x.csv is not there" in result.stderr


def test_help_loads_nothing_heavy():
    heavy = ["pandas", "numpy", "scipy", "statsmodels", "matplotlib", "papermill", "pydantic"]
    code = (
        "import sys\nfrom sessionwise.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('loaded:', *[name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "start" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"
