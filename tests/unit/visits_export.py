"""An export of three visits, the codebook that reads it, and what it says."""

from datetime import datetime

import openpyxl

from sessionwise.records.codebook import Codebook
from sessionwise.records.sessions import Sessions

BOOK = """
schema = 1
[columns.client]
from = "ID"
[columns.session]
from = "visit"
[columns.date]
from = "day"
[columns.srs]
from = "SRS"
instrument = "srs"
missing = [99]
"""
PLAIN = "ID,visit,day,SRS\n7,1,2024-01-08,34.5\n7,2,2024-01-15,99\n8,1,2024-01-09,36\n"


def book(text: str = BOOK, **keys: object) -> Codebook:
    return Codebook.parse({**Codebook.parse(text).model_dump(by_alias=True), **keys})


def written(folder, content: str | bytes, name: str = "visits.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def assert_plain(s: Sessions) -> None:
    """Hold records to what the plain export says."""
    assert s.table["client"].tolist() == ["7", "7", "8"]
    assert s.table["session"].tolist() == [1, 2, 1]
    assert s.table["date"].dt.strftime("%d %b").tolist() == ["08 Jan", "15 Jan", "09 Jan"]
    assert s.table["srs"].fillna(-1).tolist() == [34.5, -1, 36]
    assert s.columns["srs"].known == "after"
    assert s.columns["srs"].label == "SRS"


def workbook(path, rows: list[list[object]], sheet: str = "Sheet1") -> None:
    content = openpyxl.Workbook()
    content.active.title = sheet
    for row in rows:
        content.active.append(row)
    content.save(path)


ROWS = [
    ["ID", "visit", "day", "SRS"],
    [7, 1, datetime(2024, 1, 8), 34.5],
    [7, 2, datetime(2024, 1, 15), 99],
    [8, 1, datetime(2024, 1, 9), 36],
]
