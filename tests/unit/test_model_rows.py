"""Which rows a model is given; one of very few clients would speak of persons."""

import pytest
from tables import frame_of

from sessionwise.errors import Refused
from sessionwise.models.model_rows import refuse_few_clients


def rows(clients: int, each: int = 1) -> str:
    return "clinic client\n" + "\n".join(f"all {c}" for c in range(clients) for _ in range(each))


@pytest.mark.parametrize(("clients", "each"), [(0, 0), (1, 90), (4, 1), (4, 25)])
def test_fewer_than_five_clients_are_refused_however_many_rows_they_have(clients, each):
    with pytest.raises(Refused, match="Fewer than 5 clients have what this model needs"):
        refuse_few_clients(frame_of(rows(clients, each)))


def test_five_are_not():
    refuse_few_clients(frame_of(rows(5)))  # raises nothing


def test_a_number_two_clinics_give_is_two_clients():
    page = "clinic client\n" + "\n".join(f"{k} {c}" for k in ("north", "south") for c in range(3))
    refuse_few_clients(frame_of(page))  # raises nothing
