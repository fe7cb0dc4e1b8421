"""Families of a synthetic county: who lives where, who cares for whom, and each child's true risk.

Everything here is invented. Shares follow published counts where there are any (docs/synthetic.md
lists them with their sources) and are a judgement where there are none. No loop runs over children.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Words = NDArray[np.object_]
Days = NDArray[np.datetime64]

HOUSEHOLD_SIZES = {1: 0.60, 2: 0.30, 3: 0.08, 4: 0.02}  # children; mean 1.52
# Which parents work away; together 60% of families.
AWAY = {"both": 0.40, "father": 0.16, "mother": 0.04, "neither": 0.40}
FATHER_NOT_AWAY = {
    "at_home": 0.905,
    "deceased": 0.022,
    "divorced_absent": 0.030,
    "imprisoned": 0.008,
    "lost_contact": 0.010,
    "serious_illness": 0.012,
    "severe_disability": 0.010,
    "compulsory_detox": 0.003,
}
MOTHER_NOT_AWAY = {
    "at_home": 0.895,
    "deceased": 0.010,
    "divorced_absent": 0.045,
    "imprisoned": 0.001,
    "lost_contact": 0.027,
    "serious_illness": 0.012,
    "severe_disability": 0.010,
}
GONE = ("deceased", "divorced_absent", "imprisoned", "lost_contact", "compulsory_detox")
CAREGIVERS = {  # of left-behind children, 87% are with grandparents (counted 2016: 89%, 2018: 96%)
    "both": {
        "grandparent": 0.923,
        "other_kin": 0.045,
        "sibling_adult": 0.016,
        "non_kin": 0.010,
        "self": 0.004,
        "sibling_minor": 0.002,
    },
    "one": {"grandparent": 0.78, "parent": 0.21, "other_kin": 0.01},
    "neither": {"parent": 0.90, "grandparent": 0.09, "other_kin": 0.01},
    "gone": {"grandparent": 0.86, "other_kin": 0.115, "non_kin": 0.02, "self": 0.005},
}
INCOME = {"dibao": 0.08, "dibao_edge": 0.04, "tekun": 0.006, "none_eligible": 0.006, "none": 0.868}

# Log-odds added to the chance of a concern that needs action now. Signs and order of size follow
# published effects; the numbers themselves are a choice of this simulation, not estimates.
INTERCEPT = -3.86
RISK_WEIGHTS = {
    "both_parents_away": 0.20,
    "mother_away": 0.20,
    "contact_gap": 0.55,
    "parent_gone": 0.25,
    "carer_alcohol": 1.30,
    "carer_gambling": 1.40,
    "carer_violent": 2.40,
    "carer_unwell": 0.70,
    "carer_limited": 0.80,
    "no_adult": 5.50,
    "partner_violence": 2.30,
    "prior_concern": 0.90,
    "poor_supervision": 0.90,
    "untreated_illness": 0.70,
    "disability": 0.35,
    "poverty": 0.15,
    "out_of_school": 0.90,
    "under_four": 0.10,
    "adolescent": 0.15,
    "three_or_more_children": 0.20,
}
HOUSEHOLD_NOISE, CHILD_NOISE = 0.45, 0.35  # standard deviations, log-odds
NEWCOMERS_A_YEAR = 0.03  # of children, beside those born: families that move in
FIRST_ON_RECORD = 30  # days before the first month of visits by which all others are on record


@dataclass(frozen=True)
class CountyPlan:
    """What to build; `as_of` is the day the county is written, datetime64[D]."""

    children: int
    villages: int
    visits_per_child: float
    months: int
    seed: int
    as_of: np.datetime64
    language_mix: float

    @property
    def span(self) -> int:
        """Days of visits before the as-of date."""
        return int(self.months * 30.4)

    def rng(self, stage: int, part: int = 0) -> np.random.Generator:
        """An independent stream of a stage, so that a change in one stage leaves the others."""
        return np.random.default_rng([self.seed, stage, part])


@dataclass(frozen=True)
class Workers:
    """One worker a village; arrays by village. Shares are probabilities.

    `writes_chinese`, `hand` (random number that becomes a style), `notices` (a concern she sees),
    `blank` (a field she leaves empty), `late` (an entry made days after the visit).
    """

    writes_chinese: Bools
    hand: Ints
    notices: Floats
    blank: Floats
    late: Floats


@dataclass(frozen=True)
class Homes:
    """Households as they are, not as recorded; arrays by household."""

    village: Ints
    children: Ints
    away: Words
    father: Words
    mother: Words
    income: Words
    alcohol: Bools
    gambling: Bools
    violence: Bools
    noise: Floats

    @property
    def n(self) -> int:
        """Number of households."""
        return len(self.village)


@dataclass(frozen=True)
class Children:
    """Children as they are, not as recorded; arrays by child, parents and carers repeated.

    `on_record`: days before the as-of date on which a child was registered.
    """

    home: Ints
    village: Ints
    age: Floats
    birth: Days
    female: Bools
    away: Words
    father: Words
    mother: Words
    carer: Words
    carer_age: Floats
    capacity: Words
    carer_unwell: Bools
    carer_violent: Bools
    contact_gap: Floats
    disability: Bools
    illness: Bools
    treated: Bools
    registered: Bools
    in_school: Bools
    prior: Ints
    unsupervised: Bools
    on_record: Ints

    @property
    def n(self) -> int:
        """Number of children."""
        return len(self.home)

    @property
    def left_behind(self) -> Bools:
        """One or both parents work away."""
        return np.asarray(self.away != "neither")


def draw(rng: np.random.Generator, shares: Mapping[str, float], n: int) -> Words:
    """n words with the given shares, which need not sum to one."""
    words = np.array(list(shares), dtype=object)
    edges = np.cumsum(list(shares.values()))
    codes = np.searchsorted(edges / edges[-1], rng.random(n), side="right")
    return words[np.minimum(codes, len(words) - 1)]


def make_workers(plan: CountyPlan) -> Workers:
    """Workers who differ in language, hand, diligence and gaps."""
    rng, n = plan.rng(1), plan.villages
    chinese = round(n * plan.language_mix)
    if 0.0 < plan.language_mix < 1.0 and n > 1:
        chinese = min(max(chinese, 1), n - 1)
    return Workers(
        writes_chinese=rng.permutation(np.arange(n) < chinese),
        hand=rng.permutation(n),
        notices=rng.beta(10, 2.2, n),
        blank=rng.beta(2, 7, n),
        late=rng.beta(1.5, 9, n),
    )


def make_homes(plan: CountyPlan) -> Homes:
    """Households in villages of uneven size, each with the number of its children."""
    rng = plan.rng(2)
    sizes = _household_sizes(rng, plan.children)
    n = len(sizes)
    weights = rng.gamma(6.0, 1.0, plan.villages)
    village = np.sort(rng.choice(plan.villages, n, p=weights / weights.sum()))
    _show_example_village(sizes, village)
    away = draw(rng, AWAY, n)
    father = draw(rng, FATHER_NOT_AWAY, n)
    mother = draw(rng, MOTHER_NOT_AWAY, n)
    # Losses come together: a widow or widower dies too, or goes away and is not heard of again.
    spin, bereft = rng.random(n), np.isin(father, GONE)
    mother[bereft & (spin < 0.06)] = "deceased"
    mother[bereft & (spin > 0.88)] = "lost_contact"
    father[(away == "both") | (away == "father")] = "away_working"
    mother[(away == "both") | (away == "mother")] = "away_working"
    alcohol = rng.random(n) < 0.030
    violence = rng.random(n) < np.where(alcohol, 0.14, 0.020)
    _show_example_home(sizes, away, father, mother, violence)
    return Homes(
        village=village.astype(np.int64),
        children=sizes,
        away=away,
        father=father,
        mother=mother,
        income=draw(rng, INCOME, n),
        alcohol=alcohol,
        gambling=rng.random(n) < np.where(alcohol, 0.10, 0.006),
        violence=violence,
        noise=rng.normal(0.0, HOUSEHOLD_NOISE, n),
    )


EXAMPLE_CHILD = 11  # position of C0012, whom the documented commands use


def example_home(sizes: Ints) -> int | None:
    """Position of the household of C0012; None in a county too small to have that child."""
    if sizes.sum() <= EXAMPLE_CHILD:
        return None
    return int(np.searchsorted(np.cumsum(sizes), EXAMPLE_CHILD, side="right"))


def _show_example_village(sizes: Ints, village: Ints) -> None:
    """Put the example household, and all before it, into the first village."""
    home = example_home(sizes)
    if home is not None:
        village[: home + 1] = 0


def _show_example_home(
    sizes: Ints, away: Words, father: Words, mother: Words, violence: Bools
) -> None:
    """Make the household of C0012 one with both parents at home and violence between them.

    The documentation closes the concern cn_dv_household of C0012, so that child always has one.
    """
    home = example_home(sizes)
    if home is not None:
        away[home], father[home], mother[home] = "neither", "at_home", "at_home"
        violence[home] = True


def _household_sizes(rng: np.random.Generator, children: int) -> Ints:
    """Children per household, adding up to `children` exactly."""
    counts = np.array(list(HOUSEHOLD_SIZES))
    sizes = rng.choice(counts, children, p=list(HOUSEHOLD_SIZES.values()))
    ends = np.cumsum(sizes)
    last = int(np.searchsorted(ends, children))
    sizes = sizes[: last + 1]
    sizes[-1] -= ends[last] - children
    return np.asarray(sizes, dtype=np.int64)


def make_children(plan: CountyPlan, homes: Homes) -> Children:
    """Children of the households, with the facts that their risk depends on."""
    rng, n = plan.rng(3), plan.children
    home = np.repeat(np.arange(homes.n), homes.children)
    days_old = rng.integers(20, int(17.9 * 365.25), n)
    age = np.floor(days_old / 365.25)
    away, father, mother = homes.away[home], homes.father[home], homes.mother[home]
    carer = _carers(rng, homes)[home]
    carer_age = _carer_ages(rng, homes.n)[home]
    grand = np.isin(carer, ["grandparent"])
    carer_age = np.clip(np.where(grand, 64 + 6 * carer_age, 37 + 6 * carer_age), 21, 91).round()
    illness = rng.random(n) < 0.010
    out_of_school = (rng.random(n) < 0.010) & (age >= 7) & (age < 16)
    return Children(
        home=home,
        village=homes.village[home],
        age=age,
        birth=plan.as_of - days_old.astype("timedelta64[D]"),
        female=rng.random(n) < 0.46,
        away=away,
        father=father,
        mother=mother,
        carer=carer,
        carer_age=carer_age,
        capacity=_capacity(rng, homes.n, home, carer_age),
        carer_unwell=(rng.random(homes.n) < 0.008)[home],
        carer_violent=(rng.random(homes.n) < 0.004)[home],
        contact_gap=_contact_gap(rng, homes.n)[home],
        disability=rng.random(n) < 0.020,
        illness=illness,
        treated=~illness | (rng.random(n) < 0.88),
        registered=rng.random(n) >= 0.005,
        in_school=~out_of_school,
        prior=np.minimum(rng.geometric(0.93, n) - 1, 5).astype(np.int64),
        unsupervised=rng.random(n) < 0.03,
        on_record=_on_record(rng, plan, days_old),
    )


def _on_record(rng: np.random.Generator, plan: CountyPlan, days_old: Ints) -> Ints:
    """Days since each child was registered: before the first month of visits, but for newcomers."""
    n, span = len(days_old), plan.span
    earlier = span + rng.integers(FIRST_ON_RECORD, 1600, n)
    came = rng.random(n) < np.minimum(NEWCOMERS_A_YEAR * span / 365, 0.9)
    since = np.where(came, rng.integers(1, span + 1, n), earlier)
    return np.asarray(np.minimum(since, days_old - rng.integers(15, 20, n)), dtype=np.int64)


def _carers(rng: np.random.Generator, homes: Homes) -> Words:
    gone = np.isin(homes.father, GONE) & np.isin(homes.mother, GONE)
    one_away = (homes.away == "father") | (homes.away == "mother")
    other_gone = one_away & (np.isin(homes.father, GONE) | np.isin(homes.mother, GONE))
    carer = draw(rng, CAREGIVERS["neither"], homes.n)
    for rows, key in (
        (one_away, "one"),
        (homes.away == "both", "both"),
        (gone | other_gone, "gone"),
    ):
        carer[rows] = draw(rng, CAREGIVERS[key], homes.n)[rows]
    return carer


def _carer_ages(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(0.0, 1.0, n)


def _capacity(rng: np.random.Generator, n: int, home: Ints, carer_age: Floats) -> Words:
    """One capacity a household: chance of limited capacity grows with the carer's age."""
    first = np.unique(home, return_index=True)[1]
    age = carer_age[first]
    limited = 0.02 + 0.25 * np.clip((age - 62) / 28, 0, 1) ** 1.5
    spin = rng.random(n)
    capacity = np.full(n, "adequate", dtype=object)
    capacity[spin < limited] = "limited"
    return capacity[home]


def _contact_gap(rng: np.random.Generator, n: int) -> Floats:
    """Days since a parent who works away last talked with the children."""
    return np.floor(np.clip(rng.lognormal(np.log(4.0), 1.05, n), 0, 900))


def risk_factors(homes: Homes, children: Children) -> dict[str, Bools]:
    """The known factors of each child's true risk, by name of RISK_WEIGHTS."""
    home, age = children.home, children.age
    return {
        "both_parents_away": children.away == "both",
        "mother_away": children.mother == "away_working",
        "contact_gap": children.left_behind & (children.contact_gap > 30),
        "parent_gone": np.isin(children.father, GONE) | np.isin(children.mother, GONE),
        "carer_alcohol": homes.alcohol[home],
        "carer_gambling": homes.gambling[home],
        "carer_violent": children.carer_violent,
        "carer_unwell": children.carer_unwell,
        "carer_limited": children.capacity != "adequate",
        "no_adult": np.isin(children.carer, ["self", "sibling_minor"]),
        "partner_violence": homes.violence[home],
        "prior_concern": children.prior > 0,
        "poor_supervision": children.unsupervised,
        "untreated_illness": ~children.treated,
        "disability": children.disability,
        "poverty": np.isin(homes.income[home], ["dibao", "tekun"]),
        "out_of_school": ~children.in_school,
        "under_four": age < 4,
        "adolescent": age >= 12,
        "three_or_more_children": homes.children[home] >= 3,
    }


def true_risk(plan: CountyPlan, homes: Homes, children: Children) -> Floats:
    """Each child's probability of a concern that needs action as of now."""
    rng = plan.rng(4)
    score = INTERCEPT + homes.noise[children.home] + rng.normal(0.0, CHILD_NOISE, children.n)
    for name, present in risk_factors(homes, children).items():
        score = score + RISK_WEIGHTS[name] * present
    return np.asarray(1.0 / (1.0 + np.exp(-score)))
