"""How often the row with the higher risk has its event first: concordance of (start, stop] rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Concordance:
    """How well a risk orders the events.

    Attributes
    ----------
    estimate
        Share of comparable pairs in which the row with the higher risk had its event first; pairs
        of equal risk count one half. 0.5: no better than chance.
    concordant, discordant, tied
        Pairs with the higher risk first, the lower risk first, and with equal risks.
    influence
        How much each row moves the estimate per unit of its weight, shape (n,).
    """

    estimate: float
    concordant: int
    discordant: int
    tied: int
    influence: np.ndarray

    def std_error(self, groups: np.ndarray | None = None) -> float:
        """Give the infinitesimal-jackknife error; rows of one group move together."""
        moved = self.influence if groups is None else np.bincount(groups, self.influence)
        return float(np.sqrt(moved @ moved))


def concordance_pairs(
    risk: np.ndarray, start: np.ndarray, stop: np.ndarray, event: np.ndarray, strata: np.ndarray
) -> Concordance:
    """Compare every event with all rows at risk then whose event is not at the same time.

    Rows censored at the time of an event outlast it. Rows of different strata, and events of one
    time, are not compared. Counted for all rows at once by bits of the risk's rank, in
    O(n log n).

    Parameters
    ----------
    risk
        Higher: the event is expected sooner, shape (n,).
    start, stop, event
        Each row is seen from after ``start`` to ``stop``; whether its event happens then.
    strata
        Whole numbers, shape (n,).

    Returns
    -------
    Concordance
        nan if no pair can be compared.

    References
    ----------
    Harrell, Califf, Pryor, Lee & Rosati (1982), JAMA 247:2543–2546; Therneau & Watson (2017), The
    concordance statistic and the Cox model, Mayo Clinic technical report 85 (late entry, the
    jackknife). As ``concordance`` of R's survival with its ``timewt = "n"``.

    Examples
    --------
    >>> none = np.zeros(3, int)
    >>> found = concordance_pairs(np.array([3, 1, 2]), none, np.array([1, 2, 3]), none + 1, none)
    >>> found.concordant, found.discordant, round(found.estimate, 3)
    (2, 1, 0.667)
    """
    event = np.asarray(event, bool)
    rank = np.unique(risk, return_inverse=True)[1].reshape(-1)
    begins, ends, wide = _keys(start, stop, event, strata)
    codes = ends // wide
    lives = _Ordered(ends, rank)
    enters = _Ordered(begins, rank)
    events = np.flatnonzero(event)
    after, none_left = ends[events] + 1, (codes[events] + 1) * wide
    lost_first = np.array(lives.split(after, none_left, rank[events])) - np.array(
        enters.split(ends[events], none_left, rank[events])
    )
    firsts = _Ordered(ends[events], rank[events])
    outlived = np.array(firsts.split(begins + 1, ends, rank))
    pairs = lost_first.sum(axis=1)
    lower, same, higher = (int(one) for one in pairs)
    each = outlived[::-1].astype(float)  # a lower rank among the events is a discordant pair
    each[:, events] += lost_first
    total = lower + same + higher
    if not total:
        return Concordance(float("nan"), 0, 0, 0, np.full(rank.size, np.nan))
    lead = (lower - higher) / total
    influence = ((each[0] - each[2]) - lead * each.sum(axis=0)) / (2 * total)
    return Concordance((lead + 1) / 2, lower, higher, same, influence)


def _keys(
    start: np.ndarray, stop: np.ndarray, event: np.ndarray, strata: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Number starts and ends by stratum and time; at one time events come before censoring."""
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    moments = np.unique(np.concatenate([start, stop]))
    wide = 2 * moments.size + 2
    base = np.unique(strata, return_inverse=True)[1].reshape(-1).astype(np.int64) * wide
    begins = base + 2 * np.searchsorted(moments, start)
    return begins, base + 2 * np.searchsorted(moments, stop) + ~event, wide


class _Ordered:
    """Rows in the order of a key, among which ranks below, at and above a value are counted."""

    def __init__(self, keys: np.ndarray, rank: np.ndarray) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.rank = keys[order], rank[order]

    def split(
        self, low: np.ndarray, high: np.ndarray, rank: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count rows with ``low ≤ key < high`` whose rank is below, at and above that given."""
        a, b = np.searchsorted(self.keys, low), np.searchsorted(self.keys, high)
        b = np.maximum(a, b)
        below, up_to = self._below(a, b, rank), self._below(a, b, rank + 1)
        return below, up_to - below, b - a - up_to

    def _below(self, low: np.ndarray, high: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Count ranks below a value in places low to high − 1, from the highest bit down.

        Ranks are parted by one bit at a time, zeros first, and the places followed through: a
        wavelet matrix.
        """
        most = int(max(self.rank.max(initial=0), value.max(initial=0)))
        rank, found = self.rank, np.zeros(low.size, np.int64)
        for bit in reversed(range(most.bit_length())):
            ones = (rank >> bit) & 1
            zeros = np.concatenate([[0], np.cumsum(1 - ones)])
            taken, low_zeros, high_zeros = (value >> bit) & 1, zeros[low], zeros[high]
            found += taken * (high_zeros - low_zeros)
            low = np.where(taken, zeros[-1] + low - low_zeros, low_zeros)
            high = np.where(taken, zeros[-1] + high - high_zeros, high_zeros)
            rank = np.concatenate([rank[ones == 0], rank[ones == 1]])
        return found
