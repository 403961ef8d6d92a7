"""The example clinic, as every page of this folder may use it."""

import pytest
from question_records import again

import sessionwise as sw
from sessionwise.records.sessions import Sessions


@pytest.fixture(scope="session")
def clinic() -> Sessions:
    return sw.example()


@pytest.fixture(scope="session")
def paired(clinic) -> Sessions:
    """The clients of the clinic in pairs: the course of the second becomes one of the first."""
    names = clinic.table["client"]
    place = names.map({name: i for i, name in enumerate(sorted(names.unique()))})
    return again(clinic, client="p" + (place // 2).astype("str"), course=place % 2 + 1)
