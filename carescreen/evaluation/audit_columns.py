"""The attributes that groups are made by: of the pack's indicators, or of a table from elsewhere.

Law 9 keeps such attributes out of the model; a programme may also keep them out of its caseload, and
bring them for an audit alone, by child, household or village.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from carescreen.errors import UsageError, did_you_mean
from carescreen.indicators import Indicator

KEYS = ("child_id", "household_id", "village_id")
CALLED = {
    "偏远": "remoteness",
    "偏远程度": "remoteness",
}  # what the declared attribute may be called
RESERVED = ("all", "window")  # what figures of everybody and of one date are called
DEFAULT = ("sex", "disability=disability_level!none")  # where the pack has them


@dataclass(frozen=True)
class Attribute:
    """What an audit attribute is read from: the words of an indicator, or where `other_than` is one
    of them, "no" for that word and "yes" for any other."""

    indicator: Indicator
    other_than: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The attribute's word for each value of the indicator."""
        if not self.other_than:
            return tuple(self.indicator.values)
        return tuple("no" if word == self.other_than else "yes" for word in self.indicator.values)


def audit_attributes(
    indicators: Mapping[str, Indicator], wanted: Sequence[str]
) -> dict[str, Attribute]:
    """Audit attributes by name.

    An entry is an indicator's id, "name=id", or "name=id!value" for yes and no: whether it is anything
    else than that value. UsageError for one that the pack does not have, or whose values are no words.
    """
    found = {}
    for entry in wanted:
        name, _, source = entry.partition("=")
        own, _, other_than = (source or name).partition("!")
        indicator = indicators.get(own)
        if indicator is None:
            raise UsageError(
                f"no indicator of the pack is called '{own}', so groups cannot be made by it"
                f"{did_you_mean(own, list(indicators))}"
            )
        if indicator.type != "enum":
            raise UsageError(
                f"groups are made by indicators whose values are words; '{own}' holds values of "
                f"type {indicator.type}: put them into a table of groups first"
            )
        if other_than and other_than not in indicator.values:
            raise UsageError(
                f"'{own}' has no value '{other_than}'; it has {', '.join(indicator.values)}"
            )
        found[name.partition("!")[0]] = Attribute(indicator, other_than)
    return found


def default_attributes(indicators: Mapping[str, Indicator]) -> tuple[str, ...]:
    """The entries of DEFAULT that a pack can give."""
    return tuple(entry for entry in DEFAULT if _indicator_of(entry) in indicators)


def _indicator_of(entry: str) -> str:
    return entry.partition("=")[2].partition("!")[0] or entry


def joined_groups(
    windows: pd.DataFrame, groups: pd.DataFrame | None, taken: Collection[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The windows with the columns of a table of groups, and the names of these columns.

    UsageError where the table has no key, a key twice, or no column that is free.
    """
    if groups is None:
        return windows, ()
    groups = groups.rename(columns=CALLED)
    key = next((name for name in KEYS if name in groups), None)
    names = tuple(str(name) for name in groups.columns if name not in KEYS)
    if key is None or not names:
        raise UsageError(
            f"the table of groups has the columns {', '.join(map(str, groups.columns)) or 'none'}; "
            f"wanted one of {', '.join(KEYS)} and at least one attribute, such as remoteness"
        )
    both = [name for name in names if name in windows or name in taken or name in RESERVED]
    if both:
        raise UsageError(
            f"the table of groups has a column '{both[0]}', which the evaluation has already; "
            "give it another name"
        )
    own = groups[[key, *names]].astype(object).where(groups[[key, *names]].notna(), None)
    own = own[own[key].notna()].assign(**{key: lambda rows: rows[key].map(str)})
    if own[key].duplicated().any():
        raise UsageError(f"the table of groups has a {key} twice; wanted one row each")
    found = windows.merge(own, on=key, how="left", validate="many_to_one")
    if len(windows) and not found[list(names)].notna().any(axis=None):
        raise UsageError(
            f"no {key} of the table of groups is one of the caseload; check that it is the same "
            "county, and that leading zeros were kept"
        )
    for name in names:
        found[name] = found[name].map(str, na_action="ignore").astype(object)
        found[name] = found[name].where(found[name].notna(), None)
    return found, names
