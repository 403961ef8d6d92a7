"""How the endings of a study count: the tables `[endings]` and `[dropout]` of its file."""

from __future__ import annotations

from collections.abc import Mapping

from sessionwise.errors import InvalidInput, Problem, Refused, Unanswerable
from sessionwise.features.counted_endings import count_endings, role_problems
from sessionwise.features.dropout_rule import MEANINGS, DropoutRule
from sessionwise.models.defined_endings import defined
from sessionwise.records.sessions import Sessions

LIMITS = ("reliability", "criterion", "cutoff")


def refuse_strange_roles(endings: Mapping[str, str], name: str) -> None:
    """Refuse a study whose `[endings]` names kinds or roles that are none; all of them at once."""
    if problems := role_problems(endings, "[endings]"):
        raise InvalidInput(problems, name)


def settings(rule: DropoutRule, outcome: str, reliability: float | None) -> DropoutRule:
    """Give a rule with the study's outcome and its reliability, where it names none itself.

    Examples
    --------
    >>> settings(DropoutRule(weeks=6), "ors", 0.85).reliability
    0.85
    """
    if rule.outcome not in ("", outcome):
        return rule
    given = rule.reliability if rule.reliability or rule.criterion else reliability
    return rule.model_copy(update={"outcome": outcome, "reliability": given})


def for_another_outcome(rule: DropoutRule) -> DropoutRule:
    """Give a rule without the limits of a score it did not name: the study is on another one."""
    return rule if rule.outcome else rule.model_copy(update=dict.fromkeys(LIMITS))


def counted(s: Sessions, endings: Mapping[str, str], rule: DropoutRule, name: str) -> Sessions:
    """Let the endings of the records count as a study says.

    Raises
    ------
    InvalidInput
        The records cannot carry the definition the study names.
    """
    if endings:
        s = count_endings(s, **endings)
    try:
        return defined(s, rule)
    except (Unanswerable, Refused) as why:
        used = ", ".join(MEANINGS[rule.definition].options)
        found = f"These records cannot carry '{rule.definition}': {str(why).rstrip('.')}"
        remedy = f"Name another definition, or see to its {used or 'endings'}."
        raise InvalidInput([Problem(found, "[dropout]", remedy)], name) from why
