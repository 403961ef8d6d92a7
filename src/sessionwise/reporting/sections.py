"""How a page is laid out: the cells of a notebook under the headings they stand under."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from sessionwise.reporting.collecting import Figure, Gap, Printed, Shown, Table, shown_by
from sessionwise.reporting.failure import NotebookFailed

HIDDEN = {"parameters", "injected-parameters", "hide"}
LINE = re.compile(r"^(#{1,2})\s+(.+?)\s*#*$")
FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass
class Section:
    """What stands under one heading.

    Attributes
    ----------
    heading
        Its heading; empty for what stands before the first one.
    anchor
        Its address inside the page.
    blocks
        Markdown (text) and displayed things, in the order of the notebook.
    code
        The source of its code cells.
    gaps
        What could not be answered here, each reason once.
    """

    heading: str = ""
    anchor: str = "top"
    blocks: list[str | Shown] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def unanswered(self) -> bool:
        """True if nothing was found here: only gaps were displayed."""
        shown = [block for block in self.blocks if not isinstance(block, str | Gap)]
        return bool(self.gaps) and not [block for block in shown if not _is_warning(block)]


@dataclass(frozen=True, eq=False)
class Layout:
    """A page: its title, and its sections from the top."""

    title: str
    sections: tuple[Section, ...]


def _is_warning(block: Shown) -> bool:
    return isinstance(block, Printed) and block.warning


def layout(notebook: NotebookNode, name: str) -> Layout:
    """Group the cells of an executed notebook by their headings.

    A section in which every question stayed open keeps its heading and says once why; the prose
    about a model that is not there, and its code, are left out.

    Parameters
    ----------
    notebook
        An executed notebook in published form.
    name
        Its name, used where it has no title of its own and in what errors say.

    Raises
    ------
    NotebookFailed
        A displayed thing lacks what a page needs of it (alternative text, say).
    """
    title, sections, before = "", [Section()], None
    for cell in notebook.cells:
        if cell.cell_type == "code" and not any(shown_by(cell, name)):
            _drop_introduction(sections[-1], before)
        if HIDDEN & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            for level, heading, text in _pieces(cell.source):
                if level == 1 and not title:
                    title = heading
                elif level:
                    sections.append(Section(heading, _anchor(heading, len(sections))))
                if text:
                    sections[-1].blocks.append(text)
        elif cell.cell_type == "code":
            _add_code(sections[-1], cell, name)
        before = cell
    for section in sections:
        if section.unanswered:
            section.blocks, section.code = list(section.gaps), []
    _pass_on_preparations(sections)
    _check_names(sections, name)
    return Layout(title or name, tuple(sections))


def _drop_introduction(section: Section, before: NotebookNode | None) -> None:
    """Take back prose that introduces a cell which shows nothing; prose with a heading stays."""
    said = before.source.strip() if before is not None else ""
    if section.blocks and section.blocks[-1] == said:
        section.blocks.pop()


def _check_names(sections: list[Section], notebook: str) -> None:
    """Refuse two figures or two tables of one name: one would overwrite the other's files."""
    seen: set[tuple[type, str]] = set()
    for block in (block for section in sections for block in section.blocks):
        if isinstance(block, Figure | Table):
            if (type(block), block.name) in seen:
                reason = f"two {type(block).__name__.lower()}s are called '{block.name}'"
                remedy = 'Give one of them another name, e.g. `name="health-of-leaving"`.'
                raise NotebookFailed(notebook, reason, remedy=remedy)
            seen.add((type(block), block.name))


def _pass_on_preparations(sections: list[Section]) -> None:
    """Show code above the first heading, if it displays nothing, where code is next shown."""
    first, *rest = sections
    if all(isinstance(block, str) for block in first.blocks):
        heir = next((section for section in rest if section.code), first)
        if heir is not first:
            heir.code, first.code = first.code + heir.code, []


def _add_code(section: Section, cell: NotebookNode, name: str) -> None:
    """Put a code cell's source and what it displayed into a section."""
    section.code.append(cell.source)
    said = {gap.reason for gap in section.gaps}
    for shown in shown_by(cell, name):
        if isinstance(shown, Gap):
            if shown.reason in said:
                continue
            said.add(shown.reason)
            section.gaps.append(shown)
        section.blocks.append(shown)


def _pieces(source: str) -> list[tuple[int, str, str]]:
    """Cut Markdown at its first- and second-level headings: (level, heading, text below)."""
    pieces: list[tuple[int, str, list[str]]] = [(0, "", [])]
    fenced = False
    for line in source.splitlines():
        fenced ^= bool(FENCE.match(line))
        found = None if fenced else LINE.match(line)
        if found:
            pieces.append((len(found[1]), _plain(found[2]), []))
        else:
            pieces[-1][2].append(line)
    cut = [(level, heading, "\n".join(lines).strip()) for level, heading, lines in pieces]
    return [piece for piece in cut if piece[0] or piece[2]]


def _plain(heading: str) -> str:
    """Give a heading without emphasis marks."""
    return re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", heading)


def _anchor(heading: str, number: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
    return f"{number}-{words}" if words else str(number)
