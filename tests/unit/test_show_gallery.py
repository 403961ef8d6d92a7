"""`sw.show` is one flat page of names, each where a reader of notebooks expects it."""

import inspect
import re
from pathlib import Path

import sessionwise
from sessionwise.show import gallery
from sessionwise.show.sources import SOURCES


def test_every_name_is_there_and_explains_itself():
    assert sorted(gallery.__all__) == gallery.__all__
    for name in gallery.__all__:
        assert inspect.getdoc(getattr(gallery, name))


def test_every_source_a_model_cites_has_a_reference():
    models = Path(sessionwise.__file__).parent / "models"
    cited = set()
    for file in models.glob("*.py"):
        for tuple_ in re.findall(r"sources\s*=\s*\(([^)]*)\)", file.read_text(encoding="utf-8")):
            cited |= set(re.findall(r'"(\w+)"', tuple_))
    assert cited and cited <= set(SOURCES)
