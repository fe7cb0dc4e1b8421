"""Statistics of an order and of its seats, as totals that a draw can be made of."""

from __future__ import annotations

import numpy as np

from carescreen.evaluation.cluster_draws import Statistic, summed
from carescreen.evaluation.metrics import Codes, Flags, Floats, missing_last


def rank_statistic(
    score: Floats, event: Flags, weight: Floats, stratum: Codes | None = None
) -> Statistic:
    """AUROC and average precision, compared inside strata (a window, a caseworker's window).

    AUROC counts the pairs of an event and a non-event of one stratum. Average precision is the mean
    over events of the precision inside the event's own stratum. Without strata both are those of
    `metrics`. Non-events between two events are counted together, so a draw costs little.
    """
    stratum = np.zeros(len(score), dtype=np.intp) if stratum is None else stratum
    place, starts, size = _places(score, event, stratum)
    with_event = np.unique(place[event])
    part = np.searchsorted(starts, with_event, "right") - 1

    def of(positive: Floats, negative: Floats) -> Floats:
        found, passed = _within(positive, starts), _within(negative, starts)
        events = np.add.reduceat(positive, starts)
        others = np.add.reduceat(negative, starts)
        own, ties = positive[with_event], negative[with_event]
        passed, found = passed[with_event], found[with_event]
        outranked = (own * (others[part] - passed + ties / 2.0)).sum(axis=0)
        precise = (own * _share(found, found + passed, 0.0)).sum(axis=0)
        return np.stack(
            [
                _share(outranked, (events * others).sum(axis=0)),
                _share(precise, events.sum(axis=0)),
            ]
        )

    if not len(with_event):
        return Statistic(
            (np.zeros((1, len(score))),), lambda sums: np.full((2, sums.shape[1]), np.nan)
        )
    return Statistic(
        (summed(place, weight * event, size), summed(place, weight * ~event, size)), of
    )


def _places(score: Floats, event: Flags, stratum: Codes) -> tuple[Codes, Codes, int]:
    """A place for each row, best first inside its stratum: a score that an event has is a place of
    its own, and what lies between two of them is one. With the first place of each stratum."""
    score = missing_last(score)
    order = np.lexsort((-score, stratum))
    s, g = score[order], stratum[order]
    new_stratum = np.append(True, g[1:] != g[:-1])[: len(g)]
    new_tie = new_stratum | np.append(True, s[1:] != s[:-1])[: len(g)]
    tie = np.cumsum(new_tie) - 1
    has_event = np.bincount(tie, event[order]) > 0
    new_place = has_event | np.append(True, has_event[:-1])[: len(has_event)] | new_stratum[new_tie]
    place_of_tie = np.cumsum(new_place) - 1
    place = np.empty(len(score), dtype=np.intp)
    place[order] = place_of_tie[tie]
    starts = np.unique(place_of_tie[tie[new_stratum]])
    return place, starts.astype(np.intp), int(new_place.sum())


def _within(values: Floats, starts: Codes) -> Floats:
    """Cumulated sums along the first axis, beginning anew at each start."""
    total = np.cumsum(values, axis=0)
    before = np.zeros((len(starts), values.shape[1]))
    before[1:] = total[starts[1:] - 1]
    lengths = np.diff(np.append(starts, len(values)))
    return np.asarray(total - np.repeat(before, lengths, axis=0))


def seat_statistic(chosen: Floats, event: Flags, weight: Floats) -> Statistic:
    """Recall and precision of seats: chosen[n] is each row's chance of a seat."""
    rows = np.stack([weight * chosen * event, weight * event, weight * chosen])

    def of(sums: Floats) -> Floats:
        return np.stack([_share(sums[0], sums[1]), _share(sums[0], sums[2])])

    return Statistic((rows,), of)


def _share(top: Floats, bottom: Floats, otherwise: float = np.nan) -> Floats:
    blank = np.full(np.shape(bottom), otherwise)
    return np.asarray(np.divide(top, bottom, out=blank, where=bottom > 0.0))
