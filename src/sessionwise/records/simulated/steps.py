"""One session after the other: the equations of a truth, in the order in which things happen."""

from __future__ import annotations

import numpy as np

from sessionwise.records.simulated.ahead import another_therapist, drawn_ahead
from sessionwise.records.simulated.hazards import expit, hazard_planned, hazard_unplanned
from sessionwise.records.simulated.people import People, Streams
from sessionwise.records.truth import Truth

IN_A_ROW = 3
"""Appointments a client may miss before coming again, or not at all."""


class Steps:
    """The state of all clients between two sessions; every array has shape (clients,).

    Whether a course has ended does not matter here: everybody goes on to the limit, so that what a
    feature draws never depends on another's draws.
    """

    def __init__(self, truth: Truth, people: People, draws: Streams) -> None:
        self.truth, self.people, self.draws = truth, people, draws
        count = people.count
        self.drawn = drawn_ahead(truth, people, draws)
        self.who = people.therapist.copy()
        self.match, self.personal = self._dyad(0)
        self.swing = np.zeros(count)
        self.growth = np.zeros(count)
        self.week = np.zeros(count)
        self.rupture = np.zeros(count)
        self.resolves = np.full(count, -1)
        self.forms, self.total = np.zeros(count, int), np.zeros(count)
        self.first_ors = np.full(count, np.nan)
        self.last_srs = np.full(count, np.nan)
        self.agreed = np.full(count, -1)
        self.by = self.drawn["modality"].copy()
        self.state = self.level = np.zeros(count)
        self.handover = np.zeros(count, int)

    def take(self, t: int) -> dict[str, np.ndarray]:
        """Take session t (from 0): outcome, coming, alliance, then what the client decides."""
        ors, done = self._outcome(t)
        missed = self._missed(t)
        if t and self.truth.modality.on:
            self._switch(t)
        now = {
            "handover": self.handover,
            "therapist": self.who,
            "match": self.match,
            "countertransference": self._countertransference(),
            "missed": missed,
            "modality": self.by,
            "homework": done,
            "ors": ors,
            "ending_phase": self.agreed >= 0,
            "handover_administrative": self.handover == 1,
            "handover_alliance": self.handover == 2,
            "sudden_gain": self.drawn["gain_at"] == t,
        }
        now |= self._alliance(t)
        to_date, change = self._recorded(now["srs"])
        now["ended"] = self._ending(t, ors, to_date, change)
        self._hand_over(t, to_date)
        return now

    def _dyad(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the match and the countertransference of clients with the therapist they meet."""
        count = self.people.count
        match = np.round(self.draws["client_factors"].normal(size=count), 2)
        personal = self.draws["therapist_factors"].normal(size=count)
        on = self.truth
        return match * on.client_factors.on, personal * on.therapist_factors.on

    def _countertransference(self) -> np.ndarray:
        share = self.truth.therapist_factors.own_share
        own = self.people.therapists.countertransference[self.who]
        return np.sqrt(share) * own + np.sqrt(1 - share) * self.personal

    def _stable(self) -> np.ndarray:
        """The level of the alliance of each client with the therapist of now."""
        staff, bring, theirs = (
            self.people.therapists, self.truth.therapist_factors, self.truth.client_factors,
        )  # fmt: skip
        level = staff.alliance[self.who] + self.people.trait
        if bring.on:
            level = level + bring.empathy * staff.empathy[self.who]
            level += bring.countertransference * self._countertransference()
            level += bring.caseload * (staff.caseload[self.who] - bring.caseload_mean)
        if theirs.on:
            level = level + theirs.motivation * self.people.motivation + theirs.match * self.match
        return level

    def _outcome(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the outcome before session t as recorded, and the homework done before it."""
        truth, people, o = self.truth, self.people, self.truth.outcome
        by = self.before if t else self.who
        done, gained = self._homework(t)
        self.week = o.carry_over * self.week + self.drawn["week"][t]
        mean = o.start + o.session * (t + 1) + o.severity * people.severity
        if t:
            mean = mean + o.within * (self.state - truth.alliance.start - self.level)
            mean += o.between * self.level
        mean = mean + people.therapists.outcome[by] + people.outcome + people.slope * (t + 1)
        if truth.therapist_factors.on:
            drift = truth.therapist_factors.empathy_slope * people.therapists.empathy[by]
            mean += drift * (t + 1)
        mean += gained + truth.sudden_gains.size * (self.drawn["gain_at"] <= t)
        ors = self._on_scale(mean + self.week + self.drawn["error"][t])
        lost = self._lost("outcome", ors - o.start, self.drawn["lost_ors"][t])
        ors = np.where(lost, np.nan, ors)
        if not t:
            self.first_ors = ors
        return ors, done

    def _homework(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the share of the homework done, and what it brings in the outcome."""
        work = self.truth.homework
        if not (work.on and t):
            nothing = np.full(self.people.count, np.nan)
            return nothing, np.zeros(self.people.count)
        eta = work.done + work.motivation * self.people.motivation + self.drawn["diligence"]
        done = self.draws["homework"].binomial(4, expit(eta)) / 4
        given = self.draws["homework"].random(self.people.count) < work.set
        return np.where(given, done, np.nan), np.where(given, work.outcome * done, 0.0)

    def _missed(self, t: int) -> np.ndarray:
        """Count the appointments missed before session t; none before the first one attended."""
        miss = self.truth.attendance
        if not (miss.on and t):
            return np.zeros(self.people.count, int)
        last = np.nan_to_num(self.last_srs - self.truth.alliance.start)
        eta = miss.missed + self.people.therapists.missed[self.who] + self.drawn["unreliable"]
        eta += miss.motivation * self.people.motivation + miss.alliance * last
        chance, uniform = expit(eta), self.draws["attendance"].random(self.people.count)
        return sum((uniform < chance**k).astype(int) for k in range(1, IN_A_ROW + 1))

    def _switch(self, t: int) -> None:
        """Let some clients switch to another way of meeting."""
        draw = self.draws["modality"]
        switching = draw.random(self.people.count) < self.truth.modality.switch
        other = (self.by + draw.integers(1, 3, self.people.count)) % 3
        self.by = np.where(switching, other, self.by)

    def _alliance(self, t: int) -> dict[str, np.ndarray]:
        """Move the alliance to where it is after session t, and record it."""
        truth, a = self.truth, self.truth.alliance
        self.swing = a.carry_over * self.swing + self.drawn["swing"][t]
        if truth.feedback.on:
            self.swing = self.swing + truth.feedback.outcome * self.week
        self.growth = self._growth(t)
        happened = self._ruptures(t)
        self.level = self._stable()
        state = a.start + self.growth + self.level + self.swing + self.rupture
        if truth.modality.on:
            state = state + np.array([0, truth.modality.video, truth.modality.phone])[self.by]
        self.state = np.round(state, truth.decimals)
        srs = self._on_scale(self.state)
        lost = self._lost("alliance", self.state - a.start, self.drawn["lost_srs"][t])
        self.last_srs = np.where(lost, np.nan, srs)
        return {"state": self.state, "level": self.level, "srs": self.last_srs, **happened}

    def _growth(self, t: int) -> np.ndarray:
        """The rise up to session t: a straight line, or by phase."""
        phases = self.truth.phases
        if not phases.on:
            return np.full(self.people.count, self.truth.alliance.growth * t)
        if not t:
            return self.growth
        rise = phases.agreeing if t + 1 <= phases.agreeing_until else phases.working
        return self.growth + np.where(self.agreed >= 0, phases.ending, rise)

    def _ruptures(self, t: int) -> dict[str, np.ndarray]:
        """Begin ruptures, and end those whose time has come."""
        tear, draw = self.truth.ruptures, self.draws["ruptures"]
        if not (tear.on and t):
            return {}
        begins = (draw.random(self.people.count) < tear.onset) & (self.resolves < t)
        mended = draw.random(self.people.count) < tear.repaired
        ends = self.resolves == t
        begins &= ~ends
        change = np.where(mended, tear.drop + tear.gain, tear.drop / 2)
        self.rupture = self.rupture - tear.drop * begins + change * ends
        self.resolves = np.where(begins, t + tear.lasts, self.resolves)
        return {"rupture": begins, "repair": ends & mended}

    def _on_scale(self, score: np.ndarray) -> np.ndarray:
        """Round a score and cut it to the scale, if the scale has ends."""
        rounded = np.round(score, self.truth.decimals)
        ends = self.truth.ceiling
        return np.clip(rounded, ends.low, ends.high) if ends.on else rounded

    def _lost(self, form: str, deviation: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Say whose form was not filled in."""
        share, badly = getattr(self.truth.missing, form), self.truth.missing_badly
        if badly.on and share > 0:
            share = expit(np.log(share / (1 - share)) + getattr(badly, form) * deviation)
        return uniform < share

    def _recorded(self, srs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean of recorded scores to date, and the last one minus the mean of those before it.

        Where a client has no recorded score yet the mean is ``alliance.start``, and a change that
        cannot be computed is 0; those rows are in no model, as the score is missing there.
        """
        before = np.where(self.forms > 0, self.total / np.maximum(self.forms, 1), np.nan)
        self.forms = self.forms + ~np.isnan(srs)
        self.total = self.total + np.nan_to_num(srs)
        mean = self.total / np.maximum(self.forms, 1)
        to_date = np.where(self.forms > 0, mean, self.truth.alliance.start)
        return to_date, np.nan_to_num(srs - before)

    def _ending(
        self, t: int, ors: np.ndarray, to_date: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        """Say how the course ends after session t: 0 not, 1 unplanned, 2 planned, 3… others."""
        truth, uniform = self.truth, self.drawn["endings"]
        left = uniform[0, t] < hazard_unplanned(truth, self.people, self.who, t, (to_date, change))
        agrees = (
            (uniform[1, t] < hazard_planned(truth, self.people, t, ors - self.first_ors))
            & ~left
            & (self.agreed < 0)
        )
        self.agreed = np.where(agrees, t, self.agreed)
        planned = (self.agreed >= 0) & (self.agreed + truth.planned.notice <= t) & ~left
        ended = np.where(left, 1, np.where(planned, 2, 0))
        others = truth.other_endings
        if others.on:
            bounds = np.cumsum([others.transferred, others.service_ended, others.external])
            kind = np.searchsorted(bounds, self.draws["other_endings"].random(ors.size), "right")
            ended = np.where((ended == 0) & (kind < 3), 3 + kind, ended)
        return ended

    def _hand_over(self, t: int, to_date: np.ndarray) -> None:
        """Give some clients another therapist for the next session."""
        self.before = self.who
        change, draw = self.truth.handovers, self.draws["handovers"]
        if not change.on:
            return
        uniform = draw.random((2, self.people.count))
        eta = change.failing + change.alliance * (to_date - self.truth.alliance.start)
        failed = uniform[1] < -np.expm1(-np.exp(eta))
        reason = np.where(uniform[0] < change.administrative, 1, np.where(failed, 2, 0))
        new = another_therapist(self.who, self.people, draw)
        match, personal = self._dyad(t)
        moves = (reason > 0) & (new != self.who)
        self.handover = np.where(moves, reason, 0)
        self.who = np.where(moves, new, self.who)
        self.match = np.where(moves, match, self.match)
        self.personal = np.where(moves, personal, self.personal)
        self.swing = self.swing - change.cost * moves
