"""What ``sw.show`` holds: every table, figure and sentence, by its name."""

from sessionwise.show.alliance_tables import agreement, ceiling, dependability, shares, swings
from sessionwise.show.change_tables import change_criteria, who_changed
from sessionwise.show.definition_tables import (
    agreement_of_definitions,
    ending_roles,
    every_definition,
    missing_scores,
    silences,
)
from sessionwise.show.display import Figure, Note, Nothing, Sentence, Table
from sessionwise.show.figures.alluvial import flow
from sessionwise.show.figures.both_endings import ending_effects
from sessionwise.show.figures.caterpillar import therapists_apart
from sessionwise.show.figures.change_plot import first_and_last
from sessionwise.show.figures.courses import attended, course
from sessionwise.show.figures.definition_rows import definitions
from sessionwise.show.figures.hazard_ratio_lines import effects_over_time
from sessionwise.show.figures.intervals import effects
from sessionwise.show.figures.phase_lines import phases
from sessionwise.show.figures.predictions import probability
from sessionwise.show.figures.published import beside_published
from sessionwise.show.figures.semivariogram_points import semivariogram
from sessionwise.show.figures.step_curves import curves
from sessionwise.show.figures.two_views import views_over_sessions
from sessionwise.show.figures.variants import side_by_side
from sessionwise.show.fit_tables import estimates, health, variances
from sessionwise.show.further_tables import further
from sessionwise.show.group_tables import group_tests, sessions_by_group
from sessionwise.show.leaving_tables import baselines, ending_hazards, therapist_hazards
from sessionwise.show.sentences.appointments import missed
from sessionwise.show.sentences.associations import early_alliance
from sessionwise.show.sentences.changes import changed
from sessionwise.show.sentences.definitions import by_definition, endings_kept
from sessionwise.show.sentences.endings import incidence, leaving, loss, still_in_therapy
from sessionwise.show.sentences.groups import early_ending, groups_apart
from sessionwise.show.sentences.level_effects import clients_apart, three_levels
from sessionwise.show.sentences.levels_and_views import levels, views
from sessionwise.show.sentences.methods_paragraph import methods
from sessionwise.show.sentences.movement import at_the_top, shape, swinging
from sessionwise.show.sentences.outcomes import (
    difference,
    following_alliance,
    growth,
    next_outcome,
)
from sessionwise.show.sentences.people import came
from sessionwise.show.sentences.therapists_and_both import both_endings, therapists_leaving
from sessionwise.show.sources import references
from sessionwise.show.suppression import suppress
from sessionwise.show.tables import ledger, left_out, table
from sessionwise.show.truth_tables import against_truth
from sessionwise.show.variant_tables import level_variants
from sessionwise.show.who_tables import endings, forms, who_came

__all__ = [
    "Figure",
    "Note",
    "Nothing",
    "Sentence",
    "Table",
    "against_truth",
    "agreement",
    "agreement_of_definitions",
    "at_the_top",
    "attended",
    "baselines",
    "beside_published",
    "both_endings",
    "by_definition",
    "came",
    "ceiling",
    "change_criteria",
    "changed",
    "clients_apart",
    "course",
    "curves",
    "definitions",
    "dependability",
    "difference",
    "early_alliance",
    "early_ending",
    "effects",
    "effects_over_time",
    "ending_effects",
    "ending_hazards",
    "ending_roles",
    "endings",
    "endings_kept",
    "estimates",
    "every_definition",
    "first_and_last",
    "flow",
    "following_alliance",
    "forms",
    "further",
    "group_tests",
    "groups_apart",
    "growth",
    "health",
    "incidence",
    "leaving",
    "ledger",
    "left_out",
    "level_variants",
    "levels",
    "loss",
    "methods",
    "missed",
    "missing_scores",
    "next_outcome",
    "phases",
    "probability",
    "references",
    "semivariogram",
    "sessions_by_group",
    "shape",
    "shares",
    "side_by_side",
    "silences",
    "still_in_therapy",
    "suppress",
    "swinging",
    "swings",
    "table",
    "therapist_hazards",
    "therapists_apart",
    "therapists_leaving",
    "three_levels",
    "variances",
    "views",
    "views_over_sessions",
    "who_came",
    "who_changed",
]
