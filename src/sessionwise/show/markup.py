"""A table as HTML: great-tables draws it, and nothing in it is random or unescaped."""

from __future__ import annotations

import re
from html import escape

import great_tables
import pandas as pd

OPTIONS = {
    "table_font_size": "0.94em",
    "table_font_names": "inherit",
    "table_font_color": "#22272b",
    "table_background_color": "transparent",
    "table_margin_left": "0",
    "heading_align": "left",
    "heading_title_font_size": "1.05em",
    "heading_title_font_weight": "600",
    "heading_background_color": "transparent",
    "heading_padding_horizontal": "0",
    "heading_border_bottom_style": "none",
    "heading_border_bottom_color": "transparent",
    "column_labels_font_weight": "600",
    "column_labels_background_color": "transparent",
    "column_labels_border_top_width": "1.5px",
    "column_labels_border_top_color": "#22272b",
    "column_labels_border_bottom_width": "1px",
    "column_labels_border_bottom_color": "#22272b",
    "table_border_top_style": "none",
    "table_border_bottom_style": "none",
    "table_body_hlines_style": "none",
    "table_body_border_top_style": "none",
    "table_body_border_bottom_width": "1.5px",
    "table_body_border_bottom_color": "#22272b",
    "data_row_padding": "4px",
    "data_row_padding_horizontal": "10px",
    "column_labels_padding_horizontal": "10px",
    "source_notes_font_size": "0.88em",
    "source_notes_padding": "6px",
    "source_notes_padding_horizontal": "0",
}


def html_table(cells: pd.DataFrame, name: str, title: str, note: str, left: frozenset[str]) -> str:
    """Draw a table of texts.

    Parameters
    ----------
    cells
        Text in every cell; the columns are the headings. Nothing in either is taken as markup.
    name
        The HTML id; great-tables would draw a random one.
    title, note
        Above and below.
    left
        Columns aligned to the left; the others to the right.
    """
    ids = {f"c{place}": str(column) for place, column in enumerate(cells.columns)}
    body = cells.set_axis(list(ids), axis=1)
    drawn = (
        great_tables.GT(body, id=name, auto_align=False)
        .tab_header(title)
        .cols_label(**{key: great_tables.html(_verbatim(text)) for key, text in ids.items()})
        .cols_align("left", [key for key, text in ids.items() if text in left])
        .cols_align("right", [key for key, text in ids.items() if text not in left])
        .tab_options(**OPTIONS)
    )
    if note:
        drawn = drawn.tab_source_note(great_tables.html(_verbatim(note)))
    return _scoped(drawn.as_raw_html(), name)


def _verbatim(text: str) -> str:
    """Escape text, braces too: great-tables reads units between double braces."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _scoped(html: str, name: str) -> str:
    """Keep the style rules this table uses, and let none of them reach the rest of the page."""
    head, rest = html.split("<style>", 1)
    css, body = rest.split("</style>", 1)
    used = set(re.findall(r"gt_[a-z_]+", body))
    rules = []
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        classes = set(re.findall(r"gt_[a-z_]+", selectors))
        if classes <= used:
            scoped = [
                part.strip() if part.strip().startswith("#") else f"#{name} {part.strip()}"
                for part in selectors.split(",")
            ]
            rules.append(f"{', '.join(scoped)} {{ {' '.join(declarations.split())} }}")
    return f"{head}<style>\n" + "\n".join(rules) + f"\n</style>{body}"
