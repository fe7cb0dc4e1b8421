"""Circumstances of a family that need support and are no sign of harm (law 9): off unless turned on.

Disability, parental illness or offending, poverty and single parenthood: a feature that reads one of
them weighs 0 in every model until a programme turns it on and records why. Need goes through rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from carescreen.conditions import Condition
from carescreen.features import Feature, FeatureSet
from carescreen.syntax import Atom, SetTest, WordTest, atoms_of

_OF_A_PARENT = frozenset(
    [
        *("imprisoned", "compulsory_detox", "other_custody"),
        *("severe_disability", "serious_illness", "deceased", "divorced_absent"),
    ]
)
# Which words of an indicator say so; None: whatever it says.
CIRCUMSTANCES: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "father_status": _OF_A_PARENT,
        "mother_status": _OF_A_PARENT,
        "child_categories": frozenset({"orphan", "poverty", "disability", "serious_illness"}),
        "caregiver_mental_illness": None,
        "income_support": None,
        "child_benefit_status": None,
        "economic_shock_90d": None,
        "housing_unsafe": None,
        "serious_illness": None,
        "disability_level": None,
        "disability_certificate": None,
        "rehab_received": None,
        "needs_special_care": None,
    }
)
NOTED = frozenset(
    {"guardian_incarcerated", "disability_unmet", "economic_hardship", "housing_poor"}
)


def off_by_default(features: FeatureSet) -> frozenset[str]:
    """Ids of the features that read such a circumstance."""
    return frozenset(feature.id for feature in features.features if _is_circumstance(feature))


def _is_circumstance(feature: Feature) -> bool:
    if isinstance(feature.source, Condition):
        return any(_says_so(atom) for atom in atoms_of(feature.source.root))
    return feature.source.id in CIRCUMSTANCES


def _says_so(atom: Atom) -> bool:
    if atom.concept:
        return atom.concept in NOTED
    for name in atom.indicators:
        if name in CIRCUMSTANCES:
            words = CIRCUMSTANCES[name]
            return words is None or not _names_other_words(atom, words)
    return False


def _names_other_words(atom: Atom, words: frozenset[str]) -> bool:
    """Whether an atom asks for other words only, and does so in words: `!=` asks for all the rest."""
    if not isinstance(atom, WordTest | SetTest) or atom.operator in ("!=", "not in"):
        return False
    return not words & set(atom.words)
