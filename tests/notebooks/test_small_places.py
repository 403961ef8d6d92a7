"""Small, silent and hostile places: each gets a whole report that says what it cannot answer."""

import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "spec"))
from exports import run, study_of
from test_odd_dress import PLACE_BOOK, WHOLE

SCRIPT = '<script>alert("x")</script>'
HOSTILE = (SCRIPT, "</title></svg><img src=x onerror=alert(1)>&amp;'\"")
ARM = '[columns.arm]\nfrom = "arm"\ntype = "category"\nlevel = "course"\n'
SITE = '[columns.clinic]\nfrom = "site"\n'
FEW = "Fewer than 5 clients have what this model needs"
VIEWS = "view needs the therapist's own score beside the client's SRS"
PLACES = {
    "one-client": (WHOLE[WHOLE["client"] == WHOLE["client"].iloc[0]], [FEW]),
    "one-session": (WHOLE.head(1), [FEW, "No course attended session 3 and was decided after it"]),
    "one-therapist": (WHOLE.assign(therapist="T1"), [VIEWS]),
    "alliance-missing": (
        WHOLE.assign(srs=np.nan),
        ["Alliance and the next outcome needs `srs`, and no row holds a value of it: nobody",
         "Alliance and leaving needs `srs`", "Early alliance needs `srs`"],
    ),
    "outcome-constant": (
        WHOLE.assign(ors=20.0),
        ["`ors` is 20 in all", "All first scores of `ors` are the same"],
    ),
}  # fmt: skip


def reported(folder: Path, name: str, rows, *lines: str, book: str = PLACE_BOOK) -> Path:
    """Make the report of a place by the command; give its folder."""
    file = folder / f"{name}.csv"
    rows.to_csv(file, index=False)
    before = file.read_bytes()
    (folder / "codebook.toml").write_text(book, encoding="utf-8")
    told = ['outcome = "ors"', "reliability = 0.85", 'adjust = ["severity"]', *lines]
    made = run("report", study_of(file, *told), "--out", folder / "reports")
    assert made.exit_code == 0, made.output
    assert file.read_bytes() == before
    return folder / "reports" / "place"


def text_of(page: Path) -> str:
    whole = re.sub(r"<(style|svg|script).*?</\1>", " ", page.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", whole)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "place"), PLACES.items(), ids=PLACES)
def test_a_small_or_silent_place_has_a_report_that_says_why(tmp_path, name, place):
    rows, why = place
    folder = reported(tmp_path, name, rows)
    told = text_of(folder / "index.html")
    for words in why:
        assert words in told
    assert "What was not answered, and why" in told
    for page in folder.glob("*.html"):
        assert not [client for client in rows["client"].unique() if client in text_of(page)]
        assert "Traceback" not in text_of(page)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    results = [json.loads(one.read_text("utf-8")) for one in folder.glob("results/*.json")]
    assert {one["data"] for one in results} == {manifest["inputs"]["data"]}
    parts = [part for one in results for part in one["parts"]]
    assert all(part["reason"].endswith(".") for part in parts if part["status"] != "answered")


class Elements(HTMLParser):
    """Notes what a page would run or fetch."""

    def __init__(self):
        super().__init__()
        self.runs = []

    def handle_starttag(self, tag, attrs):
        """Keep scripts, handlers, and pictures from nowhere."""
        self.runs += [tag] * (tag in ("script", "iframe", "object"))
        self.runs += [name for name, value in attrs if name.startswith("on") or value == "x"]


def test_a_clinic_called_script_is_a_name_on_every_page_figure_and_table(tmp_path):
    """As a clinic, a therapist, a group that is compared, and the title of the study."""
    clients = WHOLE["client"].astype("str").str[-1].astype(int) % 2
    rows = WHOLE.assign(site=HOSTILE[0], therapist=HOSTILE[1], arm=[HOSTILE[n] for n in clients])
    title = f"title = '{SCRIPT}'"
    folder = reported(
        tmp_path, "hostile", rows, 'by = "arm"', title, book=PLACE_BOOK + ARM + SITE
    )
    for page in folder.glob("*.html"):
        elements = Elements()
        elements.feed(page.read_text("utf-8"))
        assert elements.runs == [], page.name
    assert SCRIPT in text_of(folder / "01-who-came.html")
    for figure in folder.glob("figures/*.svg"):
        drawn = ElementTree.parse(figure)
        assert not [one for one in drawn.iter() if one.tag.endswith(("script", "image"))]
    results = [json.loads(one.read_text("utf-8")) for one in folder.glob("results/*.json")]
    assert any(SCRIPT in str(one) for one in results)
    assert "<script" not in (folder / "methods.md").read_text("utf-8")


def test_a_study_may_hold_missed_appointments_and_courses_that_never_began(tmp_path):
    """Courses nobody came to are counted, described, and in no curve."""
    rows = WHOLE.assign(came="attended").astype({"ending": "str"})
    never = rows[rows["session"] == 1].head(9)
    never = never.assign(client=[f"N{n}" for n in range(9)], came="no_show", session=np.nan,
                         ors=np.nan, srs=np.nan, ending="never_started")  # fmt: skip
    book = PLACE_BOOK + '[columns.attendance]\nfrom = "came"\n'
    folder = reported(tmp_path, "missed", pd.concat([rows, never]), book=book)
    told = text_of(folder / "01-who-came.html")
    assert "Who was expected, and who came: 129 courses of therapy" in told
    assert "In 9 courses no session was attended." in told
    assert "courses in which no session was attended" in str(
        json.loads((folder / "results" / "04-alliance-and-staying.json").read_text("utf-8"))
    )
