"""Writes docs/speed.md and draws docs/mixed-model-cost.png from the committed results."""

import json
from pathlib import Path
from statistics import median

from sessionwise.records.writing import write_text
from sessionwise.show.theme import INK, PALETTE, QUIET, SMALL_SIZE, canvas, finished, style

DOCS = Path(__file__).parents[1] / "docs"
FIGURE = "mixed-model-cost.png"
PAIRED_HEAD = (
    "case", "rows", "against", "ours (s)", "theirs (s)", "ours / theirs, median (range)",
    "ours (MB)", "theirs (MB)", "our log-likelihood less theirs",
)  # fmt: skip
SECTIONS = {
    ("lme4 lmer", "lme4 bootMer"): (
        "Mixed models beside lme4",
        " by REML. A bootstrap is of 100 refits; of ours 1,000 are timed, and a tenth of the time"
        " stands here.",
    ),
    ("lme4 glmer",): (
        "Outcomes of 0 or 1 beside lme4's glmer",
        ' by Laplace\'s approximation (`family="binomial"`), logit.',
    ),
    ("nlme lme",): (
        "Residuals that correlate beside nlme",
        " by REML, with residuals that follow one another from session to session"
        ' (`residual="ar1"`; `corAR1(form = ~ session | therapist / client)`).',
    ),
    ("survival coxph", "survival coxph_unclustered"): (
        "Who leaves, beside survival's coxph",
        ", counting-process rows on the clock of sessions, Efron's ties, errors robust by"
        " therapist or (unclustered) of the model. coxph gives residuals and the concordance with"
        " the fit, `sw.cox` when asked for them; what coxph's climb alone takes stands below.",
    ),
}
"""Who the peers are, what their section is called, and what follows its formula."""
ONCE_HEAD = ("case", "run once", "seconds", "MB", "log-likelihood below ours by", "of what")
ONCE = {
    "without_derivatives": "lmer without its derivative checks",
    "other_blas": "lmer with another BLAS",
    "climb_alone": "agreg.fit(resid = FALSE), which coxph calls",
    "statsmodels": "statsmodels MixedLM (level and slope of a client independent)",
}


def write(results: Path) -> None:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]
    paired = sorted((one for one in found if "loglik" in one), key=lambda one: one["rows"])
    growth = next((one for one in found if "sizes" in one), None)
    others = [one for one in found if "ratios" in one and "loglik" not in one]
    simulated = [one for one in found if one["case"] == "simulation"]
    alone = [one for one in found if "alone" in one]
    parts = [
        "# How fast it is",
        "Made of `benchmarks/results/*.json` by `make bench`; each was measured on the machine and"
        " day given. Times are of the wall clock.",
        *(_paired(paired) if paired else []),
        *(_alone(alone) if alone else []),
        *(_growth(growth) if growth else []),
        *(_others(others) if others else []),
        *(_simulation(simulated[0]) if simulated else []),
    ]
    write_text(DOCS / "speed.md", "\n\n".join(parts) + "\n")


def _paired(cases: list[dict]) -> list[str]:
    """Give a section for each kind of model that was fitted by both."""
    parts = [
        "Cases are fitted to the same simulated rows (about 10 sessions a client, 250 a therapist),"
        " with the defaults of each, in turn, each time in a fresh process after a small untimed"
        " fit. Crossed: a tenth of the sessions is held by another therapist. Handovers: the next"
        " therapist takes over a fifth of the clients from session 6 on. Time is from the loaded"
        " data frame to the fit; memory is the peak above what the loaded data took (what fits into"
        " memory the process had free already is not seen). The BLAS of numpy has one thread, as"
        " `make` and the kernels of reports give it: with more, on a busy machine, its threads wait"
        " for each other and a small fit may take many times as long (`OPENBLAS_NUM_THREADS=1` in a"
        " shell of one's own).",
    ]
    for peers, (title, words) in SECTIONS.items():
        rows = [one for one in cases if one["peer"] in peers]
        parts += _section(f"## {title}", words, rows) if rows else []
    return parts


def _section(title: str, words: str, cases: list[dict]) -> list[str]:
    rows = []
    for one in cases:
        ratios = sorted(one["ratios"])
        pairs = f"{len(ratios)} pair{'s' * (len(ratios) > 1)}"
        ratio = f"{median(ratios):.3g} ({ratios[0]:.3g} to {ratios[-1]:.3g}, {pairs})"
        theirs = next(found for side, found in one["loglik"].items() if side != "ours")
        rows.append((
            one["case"], f"{one['rows']:,}", one["peer"], f"{one['ours_seconds']:.3g}",
            f"{one['peer_seconds']:.3g}", ratio, f"{one['ours_mb']:.0f}", f"{one['peer_mb']:.0f}",
            f"{one['loglik']['ours'] - theirs:+.1g}".replace("-", "−"),
        ))  # fmt: skip
    said = [
        f"- `{one['case']}`, {side}: {message}"
        for one in cases
        for side, messages in one["messages"].items()
        for message in messages
    ]
    return [
        title,
        f"`{cases[0]['formula']}`{words}",
        _table(PAIRED_HEAD, rows),
        *_once(cases),
        *(["What the fits warned of:", "\n".join(said)] if said else []),
        "\n".join(f"- `{one['case']}`: {_where(one)}" for one in cases),
    ]


def _once(cases: list[dict]) -> list[str]:
    """What else was fitted once to the same rows."""
    rows = []
    for one in cases:
        for way, found in one.get("once", {}).items():
            below = one["loglik"]["ours"] - found["loglik"]
            of_what = ", ".join(f"{name} {which}" for name, which in found["versions"].items())
            rows.append((
                one["case"], ONCE[way], f"{found['seconds']:.3g}", f"{found['mb']:.0f}",
                f"{below:.1g}", "; ".join([of_what.replace("_", " "), *found["messages"]]),
            ))  # fmt: skip
    return [_table(ONCE_HEAD, rows)] if rows else []


def _alone(cases: list[dict]) -> list[str]:
    rows = [
        (one["case"], f"`{one['formula']}`", f"{one['rows']:,}", str(one["alone"]),
         f"{one['ours_seconds']:.3g}", f"{one['ours_mb']:.0f}", _where(one))
        for one in cases
    ]  # fmt: skip
    head = ("case", "model", "rows", "times fitted", "seconds (median)", "MB above the data",
            "where")  # fmt: skip
    return [
        "## Mixed models, ours alone",
        "The models above, not run in R; scores that cross with every core for numpy's BLAS.",
        _table(head, rows),
    ]


def _growth(one: dict) -> list[str]:
    draw(one)
    rows = [
        (f"{s['rows']:,}", str(s["times"]), f"{s['ours_seconds']:.3g}", f"{s['ours_mb']:.0f}")
        for s in one["sizes"]
    ]
    return [
        "## How the cost of a mixed model grows",
        f"![Seconds against rows]({FIGURE})",
        _table(("rows", "times fitted", "seconds (median)", "MB above the data"), rows),
        f"Nested design, the model of scores above. {_where(one)}",
    ]


def _others(cases: list[dict]) -> list[str]:
    rows = [
        (one["case"], f"{one['rows']:,}", one["peer"], f"{one['ours_seconds']:.3g}",
         f"{one['peer_seconds']:.3g}", f"{median(one['ratios']):.3g}", _where(one))
        for one in cases
    ]  # fmt: skip
    head = ("case", "rows", "against", "ours (s)", "theirs (s)", "ours / theirs", "where")
    return ["## Other work", _table(head, rows)]


def _simulation(one: dict) -> list[str]:
    rows = [
        (name, f"{clinic['rows']:,}", f"{clinic['seconds']:.3g}")
        for name, clinic in one.items()
        if isinstance(clinic, dict)
    ]
    head = ("clinic", "appointments", "seconds")
    return ["## Simulated clinics", _table(head, rows), _where(one)]


def _where(one: dict) -> str:
    said = [one["machine"], one["day"]]
    said += [f"{name.replace('_', ' ')} {found}" for name, found in one.get("versions", {}).items()]
    if "load" in one:
        said.append(f"load of the machine at most {one['load']} before a pair")
    return ", ".join(said) + "."


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw(one: dict) -> None:
    """Draw seconds against rows on log axes, with a line of slope 1 through the first size."""
    rows = [size["rows"] for size in one["sizes"]]
    seconds = [size["ours_seconds"] for size in one["sizes"]]
    straight = [seconds[0] * n / rows[0] for n in rows]
    with style():
        drawing = canvas()
        axes = drawing.subplots()
        axes.loglog(rows, straight, color=QUIET, linestyle="--", linewidth=1)
        words = "in proportion to the rows"
        quiet = {"ha": "right", "fontsize": SMALL_SIZE, "color": QUIET}
        axes.annotate(words, (rows[-1], straight[-1]), (-6, 6), "data", "offset points", **quiet)
        axes.loglog(rows, seconds, marker="o", color=PALETTE[0])
        for n, took in zip(rows, seconds, strict=True):
            axes.annotate(f"{took:.2g} s", (n, took), (6, -12), textcoords="offset points",
                          fontsize=SMALL_SIZE, color=INK)  # fmt: skip
        axes.set_xticks(rows, [f"{n:,}" for n in rows])
        axes.minorticks_off()
        axes.margins(0.1)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("Rows (sessions)")
        axes.set_ylabel("Seconds for one fit")
        caption = "Seconds for one mixed model of clients in therapists, against sessions."
        more, longer = rows[-1] / rows[0], seconds[-1] / seconds[0]
        title = f"A mixed model of {more:,.3g} times the sessions takes {longer:,.3g} times as long"
        figure = finished(drawing, "mixed-model-cost", title, (caption, caption), synthetic=True)
    (DOCS / FIGURE).write_bytes(figure.png)


if __name__ == "__main__":
    write(Path(__file__).parent / "results")
