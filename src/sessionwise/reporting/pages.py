"""The pages of a report: one self-contained HTML file each, readable without a network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment
from nbconvert.exporters import HTMLExporter

from sessionwise.reporting.collecting import Figure, Gap, Printed, Sentence, Table
from sessionwise.reporting.first_page import Front
from sessionwise.reporting.markup import prose_markup, table_markup
from sessionwise.reporting.running import Executed
from sessionwise.reporting.sections import Layout, layout

TEMPLATES = Path(__file__).parent / "template"
KINDS = {Figure: "figure", Table: "table", Sentence: "sentence", Gap: "gap", Printed: "printed"}


@dataclass(frozen=True)
class Frame:
    """What every page of a report carries.

    Attributes
    ----------
    study, title
        Name and title of the study.
    synthetic
        Whether its clients are simulated; every page then says so.
    digest
        The input digest, 12 hexadecimal digits.
    version
        Version of the package.
    pages
        Name and title of each notebook's page, in reading order.
    """

    study: str
    title: str
    synthetic: bool
    digest: str
    version: str
    pages: tuple[tuple[str, str], ...]


def notebook_page(executed: Executed, frame: Frame, laid_out: Layout) -> str:
    """Make the page of one notebook.

    Parameters
    ----------
    executed
        The notebook as it ran.
    frame
        What every page carries.
    laid_out
        Its sections, from :func:`~sessionwise.reporting.sections.layout`.

    Returns
    -------
    str
        HTML that needs no other file, no script and no network.
    """
    names = [name for name, _ in frame.pages]
    here = names.index(executed.name)
    page = {
        "frame": frame,
        "here": executed.name,
        "title": laid_out.title,
        "sections": laid_out.sections,
        "before": frame.pages[here - 1] if here else None,
        "after": frame.pages[here + 1] if here + 1 < len(names) else None,
    }
    html, _ = _exporter().from_notebook_node(executed.notebook, {"page": page})
    return html.strip() + "\n"


def front_page(front: Front, frame: Frame) -> str:
    """Make the first page: what was found, what was not, and where everything is."""
    template = _exporter().environment.get_template("front.html.j2")
    page = {"frame": frame, "here": "", "title": frame.title, "front": front}
    return template.render(resources={"page": page}).strip() + "\n"


def layouts(executed: tuple[Executed, ...]) -> Mapping[str, Layout]:
    """Lay out every notebook; the first thing that a page cannot show is a failure."""
    return {one.name: layout(one.notebook, one.name) for one in executed}


@cache
def _exporter() -> HTMLExporter:
    """Make nbconvert's exporter with our template; everything is escaped unless it is ours."""
    exporter = HTMLExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="sessionwise",
        embed_images=True,
    )
    environment: Environment = exporter.environment
    environment.autoescape = True
    environment.filters["prose"] = prose_markup
    environment.filters["table"] = table_markup
    environment.filters["picture"] = picture
    environment.tests["text"] = lambda block: isinstance(block, str)
    environment.globals["kind_of"] = lambda block: KINDS[type(block)]
    environment.globals["style"] = (TEMPLATES / "sessionwise" / "style.css").read_text("utf-8")
    return exporter


def picture(svg: str) -> str:
    """Give a drawing as the address of an image inside the page.

    As an image a drawing cannot run anything or reach the network, and its ids cannot clash with
    another's.
    """
    coded = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    return f"data:image/svg+xml;base64,{coded}"
