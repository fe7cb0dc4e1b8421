"""One case in, one assessment out: the typed edge for services (JSON schema published).

A Case is one child with its visits, as JSON. Fields beyond the fixed ones are indicators of the
pack, by id; they are checked against the pack like the cells of a table. null is a blank cell: the
field is collected and not known, so that its question may be asked; a field that is left out is one
that the programme does not collect.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carescreen.caseload import Caseload
from carescreen.errors import UsageError, did_you_mean
from carescreen.fields import TABLES
from carescreen.pack import Tier
from carescreen.review.redaction import redact

Scalar = str | int | float | bool | list[str] | None

_PLAIN = frozenset([str, int, float, bool, type(None)])
_LONGEST_NAME = 60
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z_]|[0-9](?![0-9]{2})){0,59}")  # not of an id: C0012
_DATES = ("birth_date", "recorded_at", "visit_date", "as_of")
_CAME = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
    type(None): "nothing",
}


class _Quiet(BaseModel):
    """Shown without its values: a record must not reach a log or a traceback."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __str__(self) -> str:
        return repr(self)


class _Open(_Quiet):
    """Fixed fields are typed; every other field is an indicator, checked against the pack."""

    model_config = ConfigDict(extra="allow")

    def cells(self, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """Field values as table cells, null as a blank cell: lists of words become 'a;b'."""
        values = {**self.__dict__, **(self.model_extra or {})}
        for name in leave_out:
            del values[name]
        return _cells(values)


class Visit(_Open):
    """One visit: what was seen on that day, and the note as it was typed."""

    visit_id: str
    visit_date: str = Field(description="ISO date of the visit, e.g. 2026-10-20")
    recorded_at: str | None = Field(None, description="when it was entered; blank: the same day")
    child_seen: Literal["yes", "no"] | None = None
    note: str | None = None


class Case(_Open):
    """One child with all that is recorded about it."""

    child_id: str
    village_id: str = ""
    birth_date: str | None = Field(None, description="ISO date; or give age_years + recorded_at")
    age_years: float | None = None
    recorded_at: str | None = None
    household_id: str | None = None
    caseworker_id: str | None = None
    as_of: str | None = Field(None, description="the date of the assessment, unless given apart")
    household: dict[str, Scalar] = Field(default_factory=dict, description="household indicators")
    visits: list[Visit] = Field(default_factory=list)
    outcomes: list[dict[str, Scalar]] = Field(default_factory=list)
    decisions: list[dict[str, Scalar]] = Field(default_factory=list)

    @classmethod
    def read(cls, case: Case | Mapping[str, Any] | bytes | str) -> Case:
        """A case from JSON or from plain values; UsageError says what is wrong in plain words."""
        try:
            if isinstance(case, Case):
                return case
            if isinstance(case, bytes | str):
                return cls.model_validate_json(case)
            if isinstance(case, Mapping):
                return cls.model_validate(dict(case))
        except ValidationError as error:
            raise UsageError(_problem(error)) from None
        raise UsageError(
            f"an assessment wants a Case, or its values by name; came a {type(case).__name__}"
        )

    def require_known(self, indicators: Collection[str]) -> None:
        """UsageError for a key that is neither a field nor an indicator, or a value of no use.

        A slip of the pen in a key would otherwise leave out what it names without a word.
        """
        child, fields = _known_keys()
        _require_known("the case", self.model_extra or {}, child, indicators)
        _require_known("household", self.household, TABLES["households"].names, indicators)
        for number, visit in enumerate(self.visits):
            _require_known(f"visits[{number}]", visit.model_extra or {}, fields, indicators)
        self._require_one_child()

    def _require_one_child(self) -> None:
        parts = {
            "visits": [visit.model_extra or {} for visit in self.visits],
            "outcomes": self.outcomes,
            "decisions": self.decisions,
        }
        for name, rows in parts.items():
            for number, row in enumerate(rows):
                if row.get("child_id") not in (None, self.child_id):
                    raise UsageError(
                        f"{name}[{number}] has another child_id than the case: a case is one child "
                        "with its own records; leave it out, or assess the other child apart"
                    )
        if self.household.get("household_id") not in (None, self.household_id):
            raise UsageError("household has another household_id than the case; leave it out there")

    def to_caseload(self) -> Caseload:
        """The case as a caseload of one child."""
        child = self.cells(leave_out=("household", "visits", "outcomes", "decisions", "as_of"))
        house_id = self.household_id or f"H-{self.child_id}"
        child["household_id"] = house_id
        return Caseload.of_rows(
            [child],
            visits=[{"child_id": self.child_id, **visit.cells()} for visit in self.visits],
            households=[{"household_id": house_id, **_cells(self.household)}],
            outcomes=self._rows(self.outcomes),
            decisions=self._rows(self.decisions),
        )

    def _rows(self, rows: Sequence[Mapping[str, Scalar]]) -> list[dict[str, Any]]:
        return [{"child_id": self.child_id, **_cells(row)} for row in rows]


@cache
def _known_keys() -> tuple[frozenset[str], frozenset[str]]:
    """The keys of a case and of a visit that are no indicators."""
    return (
        frozenset({*Case.model_fields, *TABLES["children"].names}),
        frozenset({*Visit.model_fields, *TABLES["visits"].names}),
    )


def _require_known(
    place: str, values: Mapping[str, Any], fields: Collection[str], indicators: Collection[str]
) -> None:
    for key, value in values.items():
        if key not in fields and key not in indicators:
            raise UsageError(_unknown_key(place, key, [*fields, *indicators]))
        if type(value) in _PLAIN:
            continue
        parts = value if isinstance(value, list) else [value]
        if not all(part is None or isinstance(part, str | int | float) for part in parts):
            where = _shown(key) if place == "the case" else f"{place}.{_shown(key)}"
            raise UsageError(
                f"{where}: wanted a word, a number or a list of words, came "
                f"{'a list of something else' if isinstance(value, list) else _came(value)}"
            )


def _unknown_key(place: str, key: str, known: Sequence[str]) -> str:
    """What to say of a key that means nothing; one that may be a person's id or name is not shown."""
    shown = f"the key '{key}'" if _shown(key) == key else "a key"
    hint = did_you_mean(key, known) if len(key) <= _LONGEST_NAME else ""
    return (
        f"{place} has {shown}, which is neither a field nor an indicator of the pack"
        f"{hint or '; see --schema and the indicators of the pack'}"
    )


def _shown(key: str) -> str:
    return key if _NAME.fullmatch(key) else "(a key)"


def _problem(error: ValidationError) -> str:
    """The first thing wrong, as its place, what was wanted and the kind of what came."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        place = re.search(r"at (line \d+ column \d+)", first["msg"])
        return f"not valid JSON{', ' + place[1] if place else ''}; wanted one object with child_id"
    where, names = "", [part for part in first["loc"] if part not in _UNION_PARTS]
    for part in names:
        where += f"[{part}]" if isinstance(part, int) else f"{'.' * bool(where)}{_shown(part)}"
    if first["type"] == "missing":
        return f"{where} is missing: wanted {_wanted(names, 'string_type')}"
    came = _came(first["input"])
    return f"{where or 'the case'}: wanted {_wanted(names, first['type'])}, came {came}"


_UNION_PARTS = ("str", "int", "float", "bool", "list[str]")


def _wanted(names: Sequence[str | int], kind: str) -> str:
    if names and names[-1] in _DATES:
        return "a date such as 2026-11-01"
    if names and names[-1] == "child_seen":
        return "yes or no"
    kinds = {"string": "a text", "float": "a number", "list": "a list", "dict": "an object"}
    return kinds.get(kind.partition("_")[0], "an object")


def _came(value: object) -> str:
    return _CAME.get(type(value), "something else")


def _cells(values: Mapping[str, Scalar]) -> dict[str, Any]:
    lists = {
        name: ";".join(map(str, value)) for name, value in values.items() if type(value) is list
    }
    return {**values, **lists}


class Concern(_Quiet):
    """A met rule, with the values and the words of notes that it rests on."""

    rule: str
    code: str
    tier: Tier | None
    title: dict[str, str]
    act: dict[str, str]
    source: list[dict[str, Any]]
    mandatory: str | None = Field(description="item of the law on mandatory reporting, if any")
    threshold_by: str | None = Field(description="'programme' where no source gives the threshold")
    sensitive: bool
    note_alone: bool = Field(description="reached by a note alone: read that sentence today")
    first_on: date | None
    last_on: date | None
    evidence: list[dict[str, Any]]


class ClosedConcern(_Quiet):
    """A met rule that a person closed for the evidence known by then."""

    rule: str
    code: str
    title: dict[str, str]
    sensitive: bool
    decided_at: date | None


class RaisedByPerson(_Quiet):
    """A tier that a person raised the child to, and when."""

    tier: Tier
    date: date


class OpenQuestion(_Quiet):
    """A rule that cannot be told, and the question that would settle it."""

    rule: str | None
    code: str
    tier: Tier | None
    question: dict[str, str]
    why: Literal["state_unknown", "please_confirm", "sibling_mention", "withheld"]


class WordsInNotes(_Quiet):
    """A learned phrase, where it stands in the newest note that holds it, and what it adds."""

    phrase: str
    points: float
    quote: str
    start: int
    visit_id: str | None
    date: date | None


class Contribution(_Quiet):
    """What one feature adds to the score, in log-odds; with the intercept they add up to it."""

    feature: str
    title: dict[str, str]
    points: float
    value: str
    words: list[WordsInNotes] = Field(
        default=[], description="of the notes: each learned phrase, adding up to the points"
    )


class Assessment(_Quiet):
    """Why one child is where it is; a person decides.

    `score` is a log-odds, not a probability; `probability` stays empty until the model's manifest
    records 100 outcome events of known selection.
    """

    child_id: str
    as_of: date
    pack: str
    model: str
    tier: Tier
    state: str
    due_on: date | None
    score: float
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    needs_data: bool
    needs_data_reasons: list[str]
    age_years: int | None
    days_since_seen: int | None
    last_seen_on: date | None
    taken_on: date | None = Field(description="when the follow-up was taken on, where that stands")
    moved_on: date | None = Field(description="when it was recorded that the child moved away")
    moved_to: str | None
    turns_18_on: date | None = Field(description="shown from 90 days before; past: came of age")
    raised_by_person: RaisedByPerson | None
    concerns: list[Concern]
    closed_concerns: list[ClosedConcern]
    open_questions: list[OpenQuestion]
    entitlements: list[Concern]
    advice: list[Concern]
    intercept: float
    contributions: list[Contribution]
    mentions: list[dict[str, Any]]
    rejected: list[dict[str, Any]] = Field(
        description="fields that were not usable: file, row, field, what was expected"
    )
    explanation: dict[str, str] = Field(description="one paragraph in each language")
    redacted: bool = Field(
        default=False, description="without words of notes; sensitive matters as a code and a tier"
    )


_WITHHELD: dict[str, Any] = {"act": {}, "source": [], "mandatory": None, "threshold_by": None}


def without_quotes(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it may leave the office (see carescreen.review.redaction), with an assessment's fields.

    What is withheld of a sensitive matter is empty; its code, tier and points stay.
    """
    kept = {**redact(record), "moved_to": None}
    for lane in ("concerns", "entitlements", "advice"):
        kept[lane] = [{**_WITHHELD, **entry} for entry in kept[lane]]
    for question in kept["open_questions"]:
        question["why"] = question["why"] or "withheld"
    for contribution in kept["contributions"]:
        contribution["value"] = contribution["value"] or ""
    return kept
