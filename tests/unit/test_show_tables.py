"""Tables: health first, numbers kept as numbers, words of users never taken as markup."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from show_values import fit, hybrid, leaving_fit
from tables import records

from sessionwise.models.fit import Health, Rows, Unanswered
from sessionwise.records.ledger import Left, Origin
from sessionwise.show.display import Note, Nothing
from sessionwise.show.fit_tables import estimates, health, variances
from sessionwise.show.tables import ledger, left_out, table
from sessionwise.show.who_tables import endings, forms, who_came

LABELS = {"srs_lag1_within": "Alliance, within clients", "ors": "outcome"}


def text(html):
    """What a reader sees of a table, cell by cell."""
    body = html.split("</style>")[1]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", body, flags=re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def typed(shown):
    return shown._repr_mimebundle_()["application/vnd.sessionwise.table+json"]


def test_health_tells_what_decides_first():
    shown = health(hybrid())
    assert shown.title == "Model health: converged, not singular"
    assert typed(shown)["rows"] == [
        ["Converged", "yes"],
        ["Singular", "no"],
        ["Largest scaled gradient", 1.2e-05],
        ["Optimiser", "lbfgs"],
        ["Sessions used", 2981],
        ["Clients", 402],
        ["Therapists", 30],
        ["Sessions left out", 0],
    ]
    assert "1.2 × 10⁻⁵" in text(shown.html) and "2,981" in text(shown.html)


def test_health_of_a_model_of_leaving_counts_events_and_suppresses_few():
    rows = dict(typed(health(leaving_fit()))["rows"])
    assert rows["Events"] == 120
    assert rows["Events lost to missing values"] == "< 5"
    assert rows["Sessions left out"] == 75


def test_a_model_that_did_not_converge_says_so_in_the_title_and_below_its_estimates():
    bad = hybrid(health=Health(False))
    assert health(bad).title == "Model health: the model did not converge"
    assert estimates(bad).note.startswith("Not a finding: the model did not converge.")


def test_the_reason_for_no_answer_is_shown_once_where_health_would_stand():
    missing = Unanswered("Q?", "No column.")
    assert isinstance(health(missing), Note)
    for function in (estimates, variances, left_out):
        assert isinstance(function(missing), Nothing)


def test_estimates_are_numbers_rounded_as_printed():
    shown = estimates(hybrid(labels=LABELS))
    assert typed(shown)["columns"] == ["term", "estimate", "std_error", "df", "low", "high", "p"]
    assert typed(shown)["rows"][3] == [
        "Alliance, within clients",
        0.29,
        0.02,
        29.0,
        0.25,
        0.34,
        0.0004,
    ]
    assert text(shown.html)[1:7] == ["Term", "Estimate", "SE", "df", "95 % CI", "p"]
    row = text(shown.html).index("Alliance, within clients")
    assert text(shown.html)[row + 1 : row + 6] == [
        "0.29",
        "0.02",
        "29",
        "0.25 to 0.34",
        "&lt; .001",
    ]
    assert shown.note.startswith("402 clients, 2,981 sessions, 30 therapists. Model-based standard")


def test_a_normal_reference_has_no_degrees_of_freedom():
    one = fit({"x": (0.5, 0.1, 0.9)})
    normal = one.replace(estimates=one.estimates.assign(df=np.inf))
    assert typed(estimates(normal))["rows"][0][3] is None


def test_ratios_leave_out_the_intercept_and_keep_the_error_of_the_logarithm():
    shown = estimates(leaving_fit(), exponentiate=True)
    # exp(-.10), exp(-.15), exp(-.05); SE .10 / 3.92
    assert typed(shown)["rows"][0][:3] == ["srs_to_date", 0.90, 0.03]
    assert typed(shown)["rows"][0][4:6] == [0.86, 0.95]
    assert len(shown.frame) == 2
    assert "Hazard ratio" in text(shown.html) and "SE (log)" in text(shown.html)


def test_variances_tell_covariances_apart():
    lines = [
        ("client", "Intercept", "Intercept", 20.1, 4.483, np.nan),
        ("client", "Intercept", "session", -0.82, np.nan, -0.3),
        ("Residual", "", "", 12.0, 3.464, np.nan),
    ]
    assert typed(variances(hybrid(variances=lines)))["rows"] == [
        ["client", "Intercept", 20.1, 4.48, None],
        ["client", "Intercept with session", -0.82, None, -0.3],
        ["Residual", "", 12.0, 3.46, None],
    ]
    assert isinstance(variances(hybrid()), Nothing)


def test_words_for_terms_come_from_the_fit():
    lines = [("first_therapist", "Intercept", "", 1.2, 1.0954, np.nan)]
    labels = {"session": "session number", "Intercept": "level"}
    assert typed(variances(hybrid(variances=lines, labels=labels)))["rows"] == [
        ["first therapist", "level", 1.2, 1.1, None]
    ]
    assert estimates(hybrid(labels=LABELS)).title == "Estimates: linear mixed model of outcome"


def test_what_was_left_out_is_shown_with_small_steps_suppressed():
    rows = Rows(
        900, left_out=(("first session", 402), ("gap", 31), ("no score", 3)), unit="sessions"
    )
    assert typed(left_out(rows))["rows"] == [
        ["first session", 402],
        ["gap", "withheld"],
        ["no score", "< 5"],
        ["in the model", 900],
    ]


def test_the_title_tells_what_was_used_unless_the_table_withholds_it():
    """The lone step of 3 takes the smallest other number with it: here those used."""
    open_to_all = Rows(900, left_out=(("gap", 31),), unit="sessions")
    assert left_out(open_to_all).title == "What the model used: 900 sessions"
    beside = left_out(Rows(12, left_out=(("no score", 3),), unit="sessions"))
    assert typed(beside)["rows"] == [["no score", "< 5"], ["in the model", "withheld"]]
    few = left_out(Rows(4, unit="sessions"))
    assert typed(few)["rows"] == [["in the model", "< 5"]]
    for shown in (beside, few):
        assert shown.title == "What the model used"


def test_the_title_of_the_ledger_tells_no_number_the_table_withholds():
    """Of 12 rows 3 were left out: kept is 9, and with what was read it would give them away."""
    page = records("client session\n" + "\n".join(f"{c} 1" for c in range(9)))
    closed = replace(page, origin=Origin("a.csv", rows_read=12, ledger=(Left("no client", 3, 0),)))
    shown = ledger(closed)
    assert typed(shown)["rows"][1][:2] == ["no client", "< 5"]
    assert typed(shown)["rows"][2][:2] == ["kept", "withheld"]
    assert shown.title == "From a.csv"
    told = replace(page, origin=Origin("a.csv", rows_read=19, ledger=(Left("no client", 10, 0),)))
    assert ledger(told).title == "From a.csv: 9 appointments in 9 courses"


def test_a_lone_small_ending_takes_the_next_smallest_with_it():
    frame = pd.DataFrame(
        {
            "ending": ["planned", "unplanned", "service_ended"],
            "courses": [60, 30, 2],
            "share": [0.652, 0.326, 0.022],
            "median_sessions": [12.0, 4.5, 3.0],
        }
    )
    shown = endings(frame)
    assert typed(shown)["rows"] == [
        ["Planned", 60, 0.652, 12.0],
        ["Unplanned", "withheld", "withheld", "withheld"],
        ["Service ended", "< 5", "withheld", "withheld"],
    ]
    assert "65 %" in text(shown.html)


def test_the_first_table_of_a_question_says_why_it_has_no_answer():
    for function in (who_came, endings, forms):
        note = function(Unanswered("Q?", "No column."))
        assert isinstance(note, Note) and "No column." in str(note)


def filled(*counts):
    """Forms of two scores in two arms: what was due, and what was filled in."""
    frame = pd.DataFrame(counts, columns=["due", "filled"])
    frame.insert(0, "group", ["TAU", "BtheB", "TAU", "BtheB"][: len(frame)])
    frame.insert(0, "score", ["SRS", "SRS", "ORS", "ORS"][: len(frame)])
    return frame.assign(share=frame["filled"] / frame["due"])


def test_forms_are_told_by_the_score_and_group_with_the_fewest():
    shown = forms(filled((100, 90), (80, 40), (100, 95), (80, 60)))
    assert shown.title == "Forms filled in: at least 50 % of those due, SRS (BtheB) the fewest"
    assert typed(shown)["rows"][1] == ["SRS", "BtheB", 80, 40, 0.5]
    assert "50 %" in text(shown.html)


def test_forms_of_everybody_name_no_group():
    shown = forms(filled((100, 90), (80, 40)).assign(group="all", score=["SRS", "ORS"]))
    assert typed(shown)["columns"] == ["score", "due", "filled", "share"]
    assert shown.title == "Forms filled in: at least 50 % of those due, ORS the fewest"


def test_the_title_does_not_tell_a_share_the_table_withholds():
    """3 of 80 is 4 %: from the share and what was due the number could be found."""
    shown = forms(filled((100, 90), (80, 3), (100, 95), (80, 60)))
    # the lone "< 5" takes the next smallest number of its column with it
    assert typed(shown)["rows"][1] == ["SRS", "BtheB", 80, "< 5", "withheld"]
    assert typed(shown)["rows"][3] == ["ORS", "BtheB", 80, "withheld", "withheld"]
    assert shown.title == (
        "Forms filled in: at least 90 % of those due, SRS (TAU) the fewest of those shown"
    )
    assert forms(filled((3, 2), (3, 1))).title == "Forms filled in"


def test_titles_count_no_fewer_than_five():
    came = pd.DataFrame(
        {"characteristic": ["courses"], "level": "", "group": "all", "courses": [3], "mean": np.nan}
    )
    assert who_came(came).title == "Who came: fewer than 5 courses of therapy"
    ended = pd.DataFrame({"ending": ["planned"], "courses": [3], "share": [1.0]})
    assert endings(ended).title == "How fewer than 5 courses ended"


def test_levels_are_suppressed_within_their_characteristic():
    frame = pd.DataFrame(
        {
            "characteristic": ["courses", "sex", "sex", "age"],
            "level": ["", "f", "m", ""],
            "group": "all",
            "courses": [50, 47, 3, 50],
            "mean": [np.nan, np.nan, np.nan, 41.26],
            "sd": [np.nan, np.nan, np.nan, 11.0],
            "share": [np.nan, 0.94, 0.06, np.nan],
        }
    )
    assert typed(who_came(frame))["rows"] == [
        ["Courses", "", 50, None, None, None],
        ["Sex", "f", "withheld", None, None, "withheld"],
        ["Sex", "m", "< 5", None, None, "withheld"],
        ["Age", "", 50, 41.3, 11.0, None],
    ]


def test_markup_and_units_in_the_words_of_users_stay_text():
    frame = pd.DataFrame({"<script>alert(1)</script>": ["<script>", "{{m^2}}"], "n {{x}}": [1, 2]})
    html = table(frame, "evil", "<script>t</script>", "<b>note</b> {{y}}").html
    assert "<script" not in html and "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&#123;&#123;x&#125;&#125;" in html


def test_the_id_is_the_name_and_no_style_leaves_the_table():
    frame = pd.DataFrame({"a": ["x"], "b": [1.234]})
    first, second = (table(frame, "small", "Small", digits=1) for _ in range(2))
    assert first.html == second.html
    assert first.html.startswith('<div id="small"')
    style = first.html.split("<style>")[1].split("</style>")[0]
    selectors = [
        one.strip() for rule in re.findall(r"([^{}]+)\{", style) for one in rule.split(",")
    ]
    assert selectors and all(one.startswith("#small") for one in selectors)
    assert "http" not in first.html


@pytest.mark.parametrize(("cell", "printed"), [(np.nan, "–"), (True, "yes"), (1234, "1,234")])
def test_cells_are_printed_by_what_they_are(cell, printed):
    shown = table(pd.DataFrame({"a": ["x"], "b": pd.Series([cell], dtype=object)}), "t", "T")
    assert text(shown.html)[-1] == printed


def test_an_empty_table_has_headings_only():
    assert (
        typed(table(pd.DataFrame({"a": [], "n": []}), "none", "None", counts=["n"]))["rows"] == []
    )
