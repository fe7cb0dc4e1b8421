"""What stands at the top of a follow-up list: where it comes from and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from carescreen.errors import UsageError
from carescreen.review.texts import Language, Texts

GroupBy = Literal["caseworker", "village"]


@dataclass(frozen=True)
class ListInfo:
    """The head of a list.

    as_of, expires  calendar days, as dates or as ISO text
    pack            title of the pack, in words or in both languages
    quotes          lets note quotes and names of sensitive concerns in; needs made_by and expires
    capacity        visits a caseworker and week; 0 leaves it out
    language        the one a page opens in; both are always inside
    model_synthetic the model was learned from invented children
    tier_hours      the programme's hours by tier; shown as settings where they are given
    """

    as_of: date | str
    pack: Texts | str
    run_id: str
    pack_version: str = ""
    model: str = ""
    capacity: int = 0
    made_by: str = ""
    expires: date | str | None = None
    quotes: bool = False
    synthetic: bool = False
    model_synthetic: bool = False
    group: GroupBy = "caseworker"
    language: Language | str = "zh"
    tier_hours: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.quotes and not (self.made_by and self.expires):
            raise UsageError(
                "a list with quotes must say who made it and when it expires; "
                "give both, or make the list without quotes"
            )
