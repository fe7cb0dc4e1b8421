"""What is wrong, for whom and since when, in a synthetic county: the truth behind its records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carescreen.synthetic_people import (
    GONE,
    Bools,
    Children,
    CountyPlan,
    Floats,
    Homes,
    Ints,
    Words,
    example_home,
)


@dataclass(frozen=True)
class ConcernType:
    """How common a type is among concerns, at which ages, and whether a person must report it."""

    share: float
    ages: tuple[int, int]
    mandatory: bool = False


CONCERN_TYPES: dict[str, ConcernType] = {
    "neglect": ConcernType(14, (0, 15)),
    "left_alone": ConcernType(9, (0, 12)),
    "physical_abuse": ConcernType(9.0, (0, 17), mandatory=True),
    "injury_unexplained": ConcernType(4, (0, 17)),
    "emotional_abuse": ConcernType(6, (2, 17)),
    "sexual_abuse": ConcernType(1.3, (3, 17), mandatory=True),
    "child_pregnancy": ConcernType(0.5, (12, 17), mandatory=True),
    "abandonment": ConcernType(0.9, (0, 13), mandatory=True),
    "trafficking_missing": ConcernType(0.6, (0, 17), mandatory=True),
    "self_harm_suicide": ConcernType(3.0, (10, 17), mandatory=True),
    "dv_exposure": ConcernType(140, (0, 17)),
    "guardian_incapacity": ConcernType(4, (0, 17)),
    "guardian_lost": ConcernType(1.5, (0, 17)),
    "guardian_substance": ConcernType(45, (0, 17)),
    "mental_distress": ConcernType(11, (6, 17)),
    "bullying": ConcernType(9, (6, 17)),
    "dropout_absence": ConcernType(9, (7, 15)),
    "child_labour": ConcernType(2, (10, 15)),
    "child_marriage": ConcernType(1.0, (14, 17)),
    "runaway_street": ConcernType(1.6, (10, 17)),
    "malnutrition": ConcernType(6, (0, 9)),
    "illness_untreated": ConcernType(6, (0, 17)),
    "disability_unmet": ConcernType(50, (1, 17)),
    "water_hazard": ConcernType(6, (4, 15)),
    "online_risk": ConcernType(1.2, (10, 17)),
    "conduct_problem": ConcernType(4, (10, 17)),
    "unseen_child": ConcernType(3, (0, 17)),
}
TYPE_NAMES = np.array(list(CONCERN_TYPES), dtype=object)
LASTS = 130.0  # days that a concern lasts on average; a gamma of shape 3, so mostly 1 to 8 months
STAYS = 0.6  # chance that the next concern of a child is of the same type: neglect comes again
MONTHS_A_SPELL = 18  # of a county; one spell more is kept for each, beside three
EXAMPLE_ONSET = 9


@dataclass(frozen=True)
class Concerns:
    """Each child's risk, and the spells in which something was wrong (children x spells).

    kind   type code of a spell, -1 none; column 0 is the concern that lasts until now
    begin  days before the as-of date on which it began, -1 none
    end    days before the as-of date on which it ended, 0 for one that lasts; -1 none
    """

    risk: Floats
    kind: Ints
    begin: Ints
    end: Ints

    @property
    def current(self) -> Ints:
        """Type code of what is wrong now, -1 none."""
        return np.asarray(self.kind[:, 0])

    @property
    def names(self) -> Words:
        """The current concern's type in words, None where there is none."""
        return np.append(TYPE_NAMES, None)[self.current]

    def spell_at(self, child: Ints, days_ago: Ints) -> Ints:
        """Which spell (column) each child was in on a day, -1 where nothing was wrong."""
        found = np.full(len(child), -1, dtype=np.int64)
        for column in range(self.kind.shape[1]):
            inside = (days_ago <= self.begin[child, column]) & (days_ago >= self.end[child, column])
            found[inside & (self.kind[child, column] >= 0)] = column
        return found


@dataclass(frozen=True)
class _Draws:
    """Random numbers by child; children share them where a concern is the household's.

    Each child's chance stays its own risk, but violence or drink in a household reaches all of
    its children together, and over the same weeks.
    """

    rng: np.random.Generator
    homes: Homes
    children: Children

    def uniform(self) -> Floats:
        """Between 0 and 1."""
        return self._shared(self.rng.random(self.children.n), self.rng.random(self.homes.n))

    def gamma(self, shape: float) -> Floats:
        """A gamma of this shape and scale 1."""
        own, ours = (
            self.rng.gamma(shape, 1.0, self.children.n),
            self.rng.gamma(shape, 1.0, self.homes.n),
        )
        return self._shared(own, ours)

    def alike(self, values: Floats) -> Floats:
        """The mean of the household where its children share their draws."""
        sums = np.bincount(self.children.home, values, self.homes.n)
        return self._shared(values, sums / self.homes.children)

    def _shared(self, own: Floats, ours: Floats) -> Floats:
        together = (self.homes.violence | self.homes.alcohol)[self.children.home]
        return np.asarray(np.where(together, ours[self.children.home], own))


def make_concerns(plan: CountyPlan, homes: Homes, children: Children, risk: Floats) -> Concerns:
    """When something was wrong with each child, and what.

    A child's risk is the chance that something is wrong with it on a day, and persists: spells of
    some months alternate with quiet times, which are the shorter the higher the risk is, so that on
    any day of the county's months (but for what growing up changes) the risk is as true as now.
    """
    draws, fits = _Draws(plan.rng(5), homes, children), _fit(homes, children)
    columns = 3 + -(-plan.months // MONTHS_A_SPELL)
    kind, begin, end = np.full((3, children.n, columns), -1, dtype=np.int64)
    type_spin = draws.uniform()
    lasting = draws.uniform() < risk
    # A spell that one happens upon is longer than most, and any part of it may be over.
    so_far = draws.uniform() * draws.gamma(4.0) * LASTS / 3
    kind[:, 0] = np.where(lasting, _choose(type_spin, fits), -1)
    begin[:, 0] = np.where(lasting, 1 + so_far.astype(np.int64), -1)
    end[:, 0] = np.where(lasting, 0, -1)
    quiet = LASTS * (1.0 / draws.alike(risk) - 1.0)
    back = np.maximum(begin[:, 0], 0)
    for column in range(1, columns):
        ended = back + 1 + (-np.log1p(-draws.uniform()) * quiet).astype(np.int64).clip(0, 1 << 20)
        back = ended + 1 + (draws.gamma(3.0) * LASTS / 3).astype(np.int64)
        type_spin = np.where(draws.uniform() < STAYS, type_spin, draws.uniform())
        kind[:, column] = _choose(type_spin, fits)
        begin[:, column], end[:, column] = back, ended
    _forget_unlived(plan, children, kind, begin, end)
    _show_example(homes, children, kind, begin, end)
    return Concerns(risk, kind, begin, end)


def _forget_unlived(
    plan: CountyPlan, children: Children, kind: Ints, begin: Ints, end: Ints
) -> None:
    """Leave out spells before the county's months or before birth; others begin at birth at most."""
    lived = (plan.as_of - children.birth).astype(np.int64)[:, None]
    gone = (kind < 0) | (end >= np.minimum(lived, plan.span))
    np.minimum(begin, lived, out=begin)
    for table in (kind, begin, end):
        table[gone] = -1


def _show_example(homes: Homes, children: Children, kind: Ints, begin: Ints, end: Ints) -> None:
    """The example household (see synthetic_people): its children live with violence now."""
    home = example_home(homes.children)
    if home is not None:
        here = children.home == home
        for table, value in (
            (kind, list(CONCERN_TYPES).index("dv_exposure")),
            (begin, EXAMPLE_ONSET),
            (end, 0),
        ):
            table[here] = -1
            table[here, 0] = value


def _choose(spin: Floats, weights: Floats) -> Ints:
    """One column of each row, with probability in proportion to its weight."""
    edges = np.cumsum(weights, axis=1)
    spin = spin * edges[:, -1]
    return np.asarray((edges <= spin[:, None]).sum(axis=1), dtype=np.int64)


def _fit(homes: Homes, children: Children) -> Floats:
    """Weight of each concern type (columns) for each child (rows)."""
    table = np.empty((children.n, len(CONCERN_TYPES)), dtype=np.float32)
    for column, (name, kind) in enumerate(CONCERN_TYPES.items()):
        fits = (children.age >= kind.ages[0]) & (children.age <= kind.ages[1])
        table[:, column] = kind.share * fits * _boost(name, homes, children)
    return np.asarray(table)


def _boost(name: str, homes: Homes, children: Children) -> Floats | Bools | float:
    """How much more a type fits a child than children at large; 0 where it cannot be."""
    home = children.home
    if name == "dv_exposure":
        return homes.violence[home]
    if name == "guardian_substance":
        return homes.alcohol[home]
    if name == "disability_unmet":
        return children.disability
    if name == "child_pregnancy":
        return children.female
    if name == "guardian_incapacity":
        return 1.0 + 5.0 * (children.capacity != "adequate")
    if name == "left_alone":
        return 1.0 + 3.0 * children.unsupervised + 40.0 * _no_adult(children)
    if name == "dropout_absence":
        return 1.0 + 8.0 * ~children.in_school
    if name == "illness_untreated":
        return 1.0 + 6.0 * ~children.treated
    if name == "physical_abuse":
        return 1.0 + 2.0 * children.carer_violent + 1.0 * homes.violence[home]
    if name == "guardian_lost":
        gone = np.isin(children.father, GONE) | np.isin(children.mother, GONE)
        return 1.0 + 2.0 * (children.contact_gap > 30) + 3.0 * gone + 60.0 * _no_adult(children)
    return 1.0


def _no_adult(children: Children) -> Bools:
    return np.isin(children.carer, ["self", "sibling_minor"])
