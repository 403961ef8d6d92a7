"""What pydantic found wrong with a table, in the words of the house."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from sessionwise.errors import Problem, nearest


def problems_in(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Say every problem of a validation error: what was found, under which key, what to do.

    Parameters
    ----------
    error
        As raised when ``model`` was made from a mapping.
    model
        The model; its fields are the keys that an unknown one is compared with.

    Examples
    --------
    >>> from sessionwise.instruments.parts import Cutoff
    >>> try:
    ...     Cutoff.model_validate({"valu": 25, "value": 25, "population": "adults"})
    ... except ValidationError as error:
    ...     print(*problems_in(error, Cutoff))
    There is no key `valu`. Did you mean 'value'?
    """
    return [_problem(details, model) for details in error.errors(include_url=False)]


def _problem(details: dict[str, Any], model: type[BaseModel]) -> Problem:
    keys = [key for key in details["loc"] if key != "[key]"]
    path = ".".join(str(key) for key in keys)
    match details["type"]:
        case "extra_forbidden":
            fields = _model_at(model, keys[:-1]).model_fields
            known = [field.alias or name for name, field in fields.items()]
            return Problem(f"There is no key `{path}`", remedy=nearest(str(keys[-1]), known))
        case "missing":
            return Problem(f"`{path}` is missing", remedy="Add it.")
        case "literal_error" if details["loc"][-1] == "[key]":
            return Problem(
                f"There is no key `{path}`", remedy=nearest(str(keys[-1]), _options(details))
            )
        case "literal_error":
            word, known = str(details["input"]), _options(details)
            remedy = nearest(word, known) if known else f"Write {details['ctx']['expected']}."
            return Problem(f"`{path}` is '{word}'", remedy=remedy)
        case "model_type" | "model_attributes_type" | "dict_type":
            return Problem(f"`{path}` should be a table", remedy=f"Begin it with [{path}].")
        case _:
            return Problem(f"`{path}` is not as it should be", remedy=f"{details['msg']}.")


def _options(details: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", details["ctx"]["expected"])


def _model_at(model: type[BaseModel], keys: list[Any]) -> type[BaseModel]:
    for key in keys:
        if field := model.model_fields.get(str(key)):  # else it names an entry of a table
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
