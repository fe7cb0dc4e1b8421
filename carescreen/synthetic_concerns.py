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
HOUSEHOLD_TYPES = ("dv_exposure", "guardian_substance")  # one for all children of a household
ONSET_DAYS = (2, 75)  # a current concern began lately: those that began earlier are followed up
EARLIER_DAYS = (25, 90)  # how long an earlier concern lasted
EXAMPLE_ONSET = 9


@dataclass(frozen=True)
class Concerns:
    """The true concerns of each child, as type codes (-1 none) and days before the as-of date.

    `current` lasts from `onset` to now; `earlier` from `earlier_from` to `earlier_to`.
    """

    risk: Floats
    current: Ints
    onset: Ints
    earlier: Ints
    earlier_from: Ints
    earlier_to: Ints

    def type_at(self, child: Ints, days_ago: Ints) -> Ints:
        """Type code of the concern of each child on a day, -1 where there is none."""
        earlier = (days_ago <= self.earlier_from[child]) & (days_ago >= self.earlier_to[child])
        past = np.where(earlier, self.earlier[child], -1)
        return np.where(days_ago <= self.onset[child], self.current[child], past)

    @property
    def names(self) -> Words:
        """The current concern's type in words, None where there is none."""
        return np.append(TYPE_NAMES, None)[self.current]


def make_concerns(plan: CountyPlan, homes: Homes, children: Children, risk: Floats) -> Concerns:
    """Who has a concern (a coin with the child's true risk), which one, and since when."""
    rng, n = plan.rng(5), children.n
    fits = _fit(homes, children)
    spins = _shared_spins(rng, homes, children)
    current = np.where(spins[:, 0] < risk, _choose(spins[:, 1], fits), -1)
    was = rng.random(n) < np.minimum(1.2 * risk, 0.6) * (plan.months / 18)
    earlier = np.where(was, _choose(rng.random(n), fits), -1)
    low, high = ONSET_DAYS
    onset = np.minimum(low + rng.gamma(1.5, 11.0, homes.n).astype(np.int64), high)[children.home]
    span = max(int(plan.months * 30.4), high + 60)
    ended = rng.integers(high + 10, span, n)
    _show_example(homes, children, current, onset, earlier)
    return Concerns(
        risk=risk,
        current=current,
        onset=np.where(current >= 0, onset, -1),
        earlier=earlier,
        earlier_from=np.where(earlier >= 0, ended + rng.integers(*EARLIER_DAYS, n), -2),
        earlier_to=ended,
    )


def _shared_spins(rng: np.random.Generator, homes: Homes, children: Children) -> Floats:
    """Two uniform numbers a child; children share them where a concern is the household's.

    Each child's chance stays its own risk, but violence or drink in a household reaches all of
    its children together.
    """
    own, shared = rng.random((children.n, 2)), rng.random((homes.n, 2))
    together = homes.violence | homes.alcohol
    return np.asarray(np.where(together[children.home, None], shared[children.home], own))


def _show_example(
    homes: Homes, children: Children, current: Ints, onset: Ints, earlier: Ints
) -> None:
    """The example household (see synthetic_people): its children live with violence now."""
    home = example_home(homes.children)
    if home is not None:
        here = children.home == home
        current[here] = list(CONCERN_TYPES).index("dv_exposure")
        onset[here] = EXAMPLE_ONSET
        earlier[here] = -1


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
