"""Why a visit is in a week's plan, and what an alarm says, in words of one language a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from carescreen.review import wording
from carescreen.review.people import whose
from carescreen.review.texts import day, items, sentences, text

_REASONS = {
    "rule": "plan_rule",
    "overdue": "plan_overdue",
    "order": "plan_order",
    "random": "plan_random",
}
_HANDOVERS = {"moved": "plan_moved", "aged_out": "plan_aged_out"}
_ROUTES = {
    "village": "plan_village",
    "cover": "plan_cover",
    "conflict": "plan_conflict",
    "supervisor": "plan_supervisor",
    "left": "plan_left",
}


@dataclass(frozen=True)
class VisitReason:
    """What puts a visit on a list.

    why          rule, overdue, order or random
    route        own, village, cover, conflict, supervisor or left; `instead_of` names who does not go,
                 or whose the child was where she has no row any more
    probability  of having been on the list, where the visit was drawn
    handed       (caseworker, village, day) of a child that was another person's until that day
    is_twice     whether one child is recorded twice among those of the visit
    """

    why: str
    tier: str
    due_on: date | None
    children: int
    route: str = "own"
    instead_of: str = ""
    probability: float = 1.0
    handed: tuple[str, str, str] | None = None
    is_twice: bool = False

    def for_visitor(self, start: date) -> VisitReason:
        """The same without what is kept from the visitor: the draw, and a conflict of interest.

        `start` is the first day of the week: a drawn visit that is late by then reads like any other
        late one.
        """
        late = self.due_on is not None and self.due_on < start
        why = ("overdue" if late else "order") if self.why == "random" else self.why
        route = "own" if self.route == "conflict" else self.route
        shown = self.instead_of if route in ("cover", "left") else ""
        return replace(self, why=why, route=route, instead_of=shown, probability=1.0)


def visitor_reason(reason: VisitReason, language: str, as_of: date) -> str:
    """The same to the visitor herself; `reason` is as `for_visitor` leaves it."""
    if reason.route != "cover":
        return visit_reason(reason, language, as_of)
    rest = visit_reason(replace(reason, route="own"), language, as_of)
    cover = text("plan_cover_you", language, worker=worker_word(reason.instead_of, language))
    return sentences([rest, cover], language)


def visit_reason(reason: VisitReason, language: str, as_of: date) -> str:
    """Why a visit is made, by when, for how many children, and why by this person."""
    tier = wording.tier_word(reason.tier, language)
    per_thousand = max(round(reason.probability * 1000), 1)
    count = {"count": per_thousand} if reason.why == "random" else {}
    first = text(_REASONS[reason.why], language, tier=tier, **count)
    together = text("plan_together", language, count=reason.children) if reason.children > 1 else ""
    twice = text("plan_twice", language) if reason.is_twice else ""
    parts = [first, _by(reason, language, as_of), together, twice]
    return sentences([*parts, _who(reason, language), _handed(reason, language)], language)


def _by(reason: VisitReason, language: str, as_of: date) -> str:
    stop = "." if language == "en" else "。"
    return wording.due({"due_on": reason.due_on}, language, as_of) + stop


def _handed(reason: VisitReason, language: str) -> str:
    if reason.handed is None:
        return ""
    caseworker, village, on = reason.handed
    who = whose(caseworker, village, language)
    return text("plan_handed", language, who=who, date=day(on, language))


def _who(reason: VisitReason, language: str) -> str:
    if reason.route == "own":
        return ""
    if reason.route == "supervisor" and reason.instead_of:
        return text("plan_left_supervisor", language, worker=reason.instead_of)
    values = {"worker": worker_word(reason.instead_of, language)} if reason.instead_of else {}
    return text(_ROUTES[reason.route], language, **values)


def handover_reason(state: str, language: str) -> str:
    """Why a child is not visited but handed over: it moved away, or came of age."""
    return text(_HANDOVERS[state], language)


def below_reason(place: int, language: str) -> str:
    """That a visit is below the line, and at which place."""
    return text("plan_below", language, place=place)


def worker_word(name: str, language: str) -> str:
    """A worker's id, or that it is the supervisor whom no row names."""
    return name or text("plan_supervisor_list", language)


def alarm_words(
    worker: str,
    pressing: int,
    capacity: int,
    offers: Sequence[tuple[str, int, int]],
    language: str,
) -> str:
    """By how many a list is over; `offers` are neighbours with (id, seats, free seats among them)."""
    over = pressing - capacity
    named = worker_word(worker, language)
    head = text("plan_alarm", language, worker=named, count=pressing, capacity=capacity, over=over)
    offered = [_offer(name, seats, seats - free, language) for name, seats, free in offers]
    room = text("plan_alarm_offers", language, offers=items(offered, language)) if offers else ""
    left = over - sum(seats for _, seats, _ in offers)
    rest = text("plan_alarm_uncovered", language, count=left) if left else ""
    return sentences([head, room, rest], language)


def _offer(name: str, seats: int, moved: int, language: str) -> str:
    if not moved:
        return text("plan_offer", language, worker=name, seats=seats)
    return text("plan_offer_moves", language, worker=name, seats=seats, moved=moved)
