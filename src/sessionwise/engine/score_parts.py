"""What each row of a Cox model adds to the slope of the likelihood: score residuals."""

from __future__ import annotations

import numpy as np

from sessionwise.engine.efron_steps import TiedSteps


def row_scores(steps: TiedSteps) -> np.ndarray:
    """Give each row's part of the slope in β, its share of every risk set counted, (n, p).

    They sum to 0 at the estimates; summed by client or therapist and put between two inverses of
    the information they give clustered errors, times one inverse the dfbeta.

    References
    ----------
    Lin & Wei (1989), J Am Stat Assoc 84:1074–1078, eq. 2.3; with Efron's ties the mean over the
    steps of a time, as R's survival.

    Examples
    --------
    >>> from sessionwise.engine.at_event_times import event_times
    >>> from sessionwise.engine.efron_steps import tied_steps
    >>> x, none = np.array([[0.0], [1.0]]), np.zeros(2, int)
    >>> times = event_times(none, np.array([1, 2]), np.array([1, 0]), none)
    >>> row_scores(tied_steps(times, x, np.ones(2), "efron")).ravel().tolist()
    [-0.25, -0.25]
    """
    whole = steps.x * steps.expected()[:, None] - steps.expected(steps.mean)
    event = steps.times.of_event
    scores = -whole
    scores[event] += steps.x[event] - steps.at_time(steps.mean)
    return scores
