"""Markup that is let through to a page: prose without HTML in it, and tables cleaned to a list."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

ALLOWED = frozenset(
    {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "div"}
    | {"span", "p", "em", "strong", "b", "i", "sup", "sub", "br", "small"}
)
EMPTY = frozenset({"br", "col"})
ATTRIBUTES = frozenset({"class", "colspan", "rowspan", "scope"})
STYLES = frozenset({"text-align", "font-weight", "font-style", "padding-left"})
SILENT = frozenset({"style", "script", "template", "iframe", "object", "svg", "math"})
REPEATED = frozenset({"gt_heading", "gt_title", "gt_subtitle", "gt_sourcenotes", "gt_sourcenote"})
DOI = re.compile(r"^https?://(?:dx\.)?doi\.org/(.+)$")


class Prose(IPythonRenderer):
    """Markdown without HTML in it and without links that leave the report."""

    def __init__(self) -> None:
        super().__init__(escape=True, exclude_anchor_links=True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Keep a link inside the report; write one that leaves it as words."""
        if "://" not in url and not url.startswith(("//", "mailto:", "javascript:", "data:")):
            return super().link(text, url, title)
        address = DOI.sub(r"doi:\1", url)
        address = escape(re.sub(r"^\w+:/*", "", address) if address == url else address)
        return text if text in (url, escape(url)) and not address else _beside(text, address, url)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Write a picture in prose as its words: figures come from cells."""
        return f"<em>{text}</em>"


def _beside(text: str, address: str, url: str) -> str:
    """Write the words of a link with its address after them, once."""
    same = text in (url, escape(url))
    return f"<span>{address}</span>" if same else f"{text} (<span>{address}</span>)"


def prose_markup(markdown: str) -> str:
    """Turn Markdown into HTML; HTML written in it is shown as text.

    Examples
    --------
    >>> prose_markup("*Who* came <script>").strip()
    '<p><em>Who</em> came &lt;script&gt;</p>'
    >>> prose_markup("See [Bates](https://doi.org/10.18637/jss.v067.i01).").strip()
    '<p>See Bates (<span>doi:10.18637/jss.v067.i01</span>).</p>'
    """
    return MarkdownWithMath(renderer=Prose()).render(markdown)


class TableCleaner(HTMLParser):
    """Reads a table and writes only what a table needs.

    The table library brings a style sheet of its own with every table, part of which reaches the
    rest of the page, and repeats the title and the note. Both are left out: pages have one style,
    and title and note are the caption and the line below.
    """

    def __init__(self, *, note_given: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.note_given = note_given
        self.written: list[str] = []
        self.open: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write an allowed tag with its allowed attributes."""
        if self.silent or self._left_out(tag, dict(attrs)):
            self.silent += tag not in EMPTY
            return
        if tag not in ALLOWED or (tag == "div" and "table" not in self.open):
            return
        self.written.append(f"<{tag}{_attributes(attrs)}>")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag that was written."""
        if self.silent:
            self.silent -= tag not in EMPTY
        elif tag in self.open:
            while self.open:
                last = self.open.pop()
                self.written.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        """Write text, escaped."""
        if not self.silent and "table" in self.open:
            self.written.append(escape(data, quote=False))

    def _left_out(self, tag: str, attributes: dict[str, str | None]) -> bool:
        """Say whether a tag is left out with all that is in it."""
        classes = set((attributes.get("class") or "").split())
        repeated = REPEATED if self.note_given else REPEATED - {"gt_sourcenotes", "gt_sourcenote"}
        return tag in SILENT or bool(tag in ("tr", "tfoot") and classes & repeated)

    def text(self) -> str:
        """Give what was written, with every tag closed."""
        closing = "".join(f"</{tag}>" for tag in reversed(self.open))
        return "".join(self.written) + closing


def _attributes(attrs: list[tuple[str, str | None]]) -> str:
    kept = [(name, value or "") for name, value in attrs if name in ATTRIBUTES]
    style = "; ".join(
        declaration.strip()
        for name, value in attrs
        if name == "style"
        for declaration in (value or "").split(";")
        if declaration.split(":")[0].strip() in STYLES and "(" not in declaration
    )
    kept += [("style", style)] if style else []
    return "".join(f' {name}="{escape(value)}"' for name, value in kept)


def table_markup(html: str, title: str, note: str = "") -> str:
    """Give the table of some HTML, cleaned, with its title as a caption.

    Parameters
    ----------
    html
        HTML that holds a table, as the table library writes it.
    title
        The caption, plain text.
    note
        The note that stands below the table; notes inside are then left out.

    Examples
    --------
    >>> table_markup("<style>td{}</style><table><tr onclick=x><td>&lt;1</td></tr></table>", "A & B")
    '<table><caption>A &amp; B</caption><tr><td>&lt;1</td></tr></table>'
    """
    cleaner = TableCleaner(note_given=bool(note))
    cleaner.feed(html)
    cleaner.close()
    caption = f"<caption>{escape(title, quote=False)}</caption>"
    return re.sub(r"(<table[^>]*>)", lambda found: found.group() + caption, cleaner.text(), count=1)
