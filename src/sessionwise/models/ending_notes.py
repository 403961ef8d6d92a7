"""What every model of leaving says of how endings count: the one place it is put into recipes."""

from __future__ import annotations

from dataclasses import replace

from sessionwise.features.leaving import Episodes, said_of_endings
from sessionwise.models.fit import Recipe
from sessionwise.records.sessions import Sessions


def as_counted(recipe: Recipe, of: Sessions | Episodes) -> Recipe:
    """Add to a recipe how endings count, and the caution that goes wherever the estimates go.

    Every model and curve of leaving passes its recipe through here.

    Parameters
    ----------
    recipe
        How the model was made.
    of
        The records, or their episodes, that it was fitted to.

    Examples
    --------
    >>> import sessionwise as sw
    >>> s = sw.dropout(sw.example(), "OpenFIT", outcome="ors")
    >>> as_counted(Recipe("a curve", ""), s).caution[:38]
    'Dropout is defined by the outcome here'
    """
    if isinstance(of, Episodes):
        notes, caution, source = of.notes, of.caution, of.source
    else:
        notes, caution, source = said_of_endings(of), of.rule.caution, of.rule.source
    both = " ".join(part for part in (recipe.caution, caution) if part)
    sources = (*recipe.sources, *([source] if source else []))
    return replace(recipe, notes=(*recipe.notes, *notes), caution=both, sources=sources)
