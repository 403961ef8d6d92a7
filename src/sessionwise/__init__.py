"""Session-by-session psychotherapy feedback as defensible science.

The public words; each is loaded when it is first used, so that importing costs nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

_WORDS = {
    "instruments.catalogue": ("instrument", "shipped"),
    "instruments.instrument": ("Instrument",),
    "instruments.scoring": ("score",),
    "records.codebook": ("Codebook",),
    "records.observation": ("Observation",),
    "records.reading": ("read",),
    "records.sessions": ("Column", "Sessions"),
    "records.simulation": ("simulate",),
    "records.packaged": ("example",),
    "records.truth": ("Truth",),
    "features.lags": ("lagged", "preceding"),
    "features.running_means": ("running",),
    "features.splits": ("within_between",),
    "features.own_lines": ("detrended",),
    "features.therapist_cells": ("three_way_split",),
    "features.attendance": ("attendance_flags",),
    "features.landmark_level": ("level_at_landmark",),
    "features.steps_and_slopes": ("since_last", "slope_to_date"),
    "features.others_ratings": ("rated_by_others",),
    "features.course_flow": ("attendance_flow",),
    "features.leaving": ("Episodes", "episodes", "early_mean"),
    "features.dropout_rule": ("DropoutRule",),
    "features.counted_endings": ("count_endings", "ending_roles"),
    "features.last_scores": ("last_given",),
    "features.long_silences": ("new_course_after", "silences"),
    "features.therapists": ("first_therapist",),
    "features.counts": ("attended_by", "endings", "filled_in", "who_came"),
    "models.fit": ("Curve", "Fit", "Health", "Unanswered"),
    "models.generalized_linear": ("glm",),
    "models.clustered_equations": ("gee",),
    "models.mixed_model": ("mixed",),
    "models.parametric_bootstrap": ("bootstrap",),
    "models.left_correlation": ("Semivariogram", "semivariogram"),
    "models.residual_tests": ("residuals_needed",),
    "models.cumulative_incidence": ("incidence", "still_in_therapy"),
    "models.alliance_leaving": ("alliance_and_leaving", "alliance_and_leaving_from_landmark"),
    "models.therapists_leaving": ("TherapistDifferences", "therapists_and_leaving"),
    "models.alliance_endings": ("EndingHazards", "alliance_and_endings"),
    "models.baseline_choice": ("leaving_baselines",),
    "models.hazard_curve": ("hazard_by_session",),
    "models.curve_comparison": ("groups_compared",),
    "models.empathy_staying": ("empathy_and_staying", "endings_by_empathy"),
    "models.early_alliance_ending": ("early_alliance_and_ending",),
    "models.alliance_attendance": ("alliance_and_attendance", "chance_of_missing"),
    "models.missed_again": ("alliance_and_missing_again",),
    "models.defined_endings": ("dropout",),
    "models.endings_at_levels": ("incidence_by_early_alliance",),
    "models.every_definition": (
        "EveryDefinition",
        "definitions_agree",
        "under_every_definition",
    ),
    "models.leaving_missing": ("leaving_with_missing_scores",),
    "models.discrete_hazard": ("hazard",),
    "models.cox_model": ("cox",),
    "models.next_outcome": ("alliance_and_next_outcome", "outcome_and_alliance"),
    "models.three_levels": ("alliance_at_three_levels",),
    "models.level_variants": ("three_levels_compared",),
    "models.association": ("Association",),
    "models.early_alliance": ("early_alliance_and_outcome",),
    "models.classified": ("Classified",),
    "models.clinical_change": ("reliable_change",),
    "models.alliance_phases": ("alliance_by_phase", "phase_means"),
    "models.variance_levels": ("alliance_levels", "dependability", "variance_shares"),
    "models.client_swings": ("alliance_swings",),
    "models.score_ceiling": ("at_ceiling", "ceiling_by_session"),
    "models.rater_views": ("agreement", "mean_views", "two_views"),
    "models.growth": ("mean_course", "outcome_over_time"),
    "models.loss_to_follow_up": ("still_answering",),
    "models.answers": ("answer",),
    "study.study": ("Study",),
    "study.result": ("Result", "results"),
}
_HOME = {word: module for module, words in _WORDS.items() for word in words}

__all__ = ["__version__", "show", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    """Load a public word when it is first used."""
    if name == "show":
        return import_module("sessionwise.show")
    if name not in _HOME:
        raise AttributeError(f"sessionwise has no word '{name}'; see sessionwise.__all__")
    return getattr(import_module(f"sessionwise.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
