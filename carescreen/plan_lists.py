"""A week's plan list by list: which visits, on which day, in which order, and why each is in."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from carescreen.pack import TIERS
from carescreen.plan_alarms import Alarm
from carescreen.plan_routes import NOBODY, ROUTES
from carescreen.plan_week import WHY, WeekPlan
from carescreen.results_handover import Handover
from carescreen.review.visit_words import VisitReason, alarm_words
from carescreen.sheet import Ints

UNNAMED = "supervisor"  # the list of the supervisor whom no row names
_PLAIN = re.compile(r"[^\W_][\w-]{0,39}")
_STRANGE = re.compile(r"[^\w-]+")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|supervisor", re.I)  # names of Windows, ours


class WeekLists:
    """The planned visits by their place: list after list, each in the order in which it is made.

    children  of each visit the places of its children in the ranking
    visit     rows of the visits
    person    of each visit whose list it is on; `starts[person]` is the place of her first
    due       of each visit its due date as text; "" where it has none
    days      of each visit its day as text
    order     of each visit its number on its list
    why       of each visit why it is in, with all that is kept from the visitor
    written   whoever has a file: every worker, and supervisors who have visits

    `same` are pairs of child_ids of one child, `handed` handovers by child_id.
    """

    def __init__(
        self,
        plan: WeekPlan,
        same: Sequence[tuple[str, str]] = (),
        handed: Mapping[str, Handover] | None = None,
    ) -> None:
        self.plan, self.people = plan, plan.routes.people
        self._twice = {child for pair in same for child in pair}
        self._handed = handed or {}
        planned, count = plan.planned, len(self.people.ids)
        self.children = plan.visits.children(planned)
        self.visit = plan.visits.rows.take(planned)
        self.person = plan.routes.person[planned]
        self.due = day_texts(self.visit["due_on"])
        days = [str(day) for day in plan.week.days]
        self.days = [days[number] for number in plan.day.tolist()]
        self.order = running(self.person)
        self.starts = np.searchsorted(self.person, np.arange(count + 1))
        has = np.bincount(self.person, minlength=count) > 0
        has[: self.people.workers] = True
        self.written: list[int] = np.flatnonzero(has).tolist()
        self.why = [self._reason(place) for place in range(len(planned))]

    def kind(self, person: int) -> str:
        """Whose list it is."""
        return "caseworker" if person < self.people.workers else "supervisor"

    def name(self, person: int) -> str:
        """The id of a list; the supervisor's whom no row names is called so."""
        return self.people.ids[person] or UNNAMED

    def _reason(self, place: int) -> VisitReason:
        row = self.plan.planned[place]
        children = self.plan.heads["child_id"][self.children[place]].tolist()
        handed = [self._handed[child] for child in children if child in self._handed]
        return VisitReason(
            why=WHY[self.plan.why[row]],
            tier=TIERS[self.visit["tier_code"][place]],
            due_on=date.fromisoformat(self.due[place]) if self.due[place] else None,
            children=len(self.children[place]),
            route=ROUTES[self.plan.routes.route[row]],
            instead_of=self._instead_of(place),
            probability=round(float(self.plan.seats.selection_probability[row]), 6),
            handed=(*handed[0].before, handed[0].noticed_on) if handed else None,
            is_twice=len(self._twice.intersection(children)) > 1,
        )

    def _instead_of(self, place: int) -> str:
        """Who does not make the visit at a place of the plan, or whose the child was."""
        row = self.plan.planned[place]
        instead = int(self.plan.routes.instead_of[row])
        if instead != NOBODY:
            return self.name(instead)
        whose = str(self.visit["caseworker_id"][place] or "")
        has_left = ROUTES[self.plan.routes.route[row]] in ("left", "supervisor")
        return whose if has_left and whose not in self.people.ids else ""


def alarm_sentence(plan: WeekPlan, alarm: Alarm, language: str) -> str:
    """An alarm in words."""
    ids = plan.routes.people.ids
    offers = [(ids[offer.person], offer.seats, offer.free) for offer in alarm.offers]
    return alarm_words(ids[alarm.person], alarm.pressing, alarm.capacity, offers, language)


def file_names(lists: Sequence[str]) -> list[str]:
    """Names of lists as file names: an id where that is plain, else with what tells it apart.

    Letter case tells no two files apart on some systems.

    >>> file_names(["W01", "W/1", "w7", "W7", ""])
    ['W01', 'W_1-cadd4e1d', 'w7-c43a2fc9', 'W7-ecd4e1a1', 'supervisor']
    """
    times = Counter(name.casefold() for name in lists)
    return [
        name if _is_plain(name) and times[name.casefold()] == 1 else _told_apart(name)
        for name in lists
    ]


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _told_apart(name: str) -> str:
    if not name:
        return UNNAMED
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return _STRANGE.sub("_", name)[:40] + f"-{digest}"


def running(person: Ints) -> Ints:
    """1, 2, 3 … within each person, where persons come one after the other."""
    return np.arange(1, len(person) + 1) - np.searchsorted(person, person)


def day_text(day: np.datetime64) -> str:
    """A day as text; "" where there is none."""
    return "" if np.isnat(day) else str(day)


def day_texts(days: np.ndarray) -> list[str]:
    """Days as text."""
    known, number = np.unique(days, return_inverse=True)
    texts = [day_text(day) for day in known]
    return [texts[one] for one in number.tolist()]
