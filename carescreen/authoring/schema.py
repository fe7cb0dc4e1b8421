"""JSON Schemas of a pack's files, so that an editor checks them while they are typed.

    pack        pack.yaml                     concepts    concepts.yaml
    rules       rules/*.yaml                  lexicon     lexicon.<language>.yaml
    indicators  indicators.yaml

Built from the words, patterns and key sets that the loaders use; a test holds the two together. A
schema says what a file alone can show: names that must exist elsewhere, conditions and examples are
for `carescreen rules check`. YAML 1.2 is meant, in which yes and no are words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from carescreen.authoring import statements
from carescreen.errors import UsageError, did_you_mean
from carescreen.examples import LEARNED, MAX_VISITS, NOT_RAISED, RAISED
from carescreen.indicators import CHOICES, INDICATOR_REQUIRED, MAX_VALUES
from carescreen.lexicon import (
    ANSWERED_BY,
    CONCEPT_CHOICES,
    CONCEPT_REQUIRED,
    CUE_CHOICES,
    CUE_STATUSES,
    LANGUAGES,
    LEXICON_REQUIRED,
    MAX_REACH,
    MAX_WORD,
)
from carescreen.lexicon import FORMAT as LEXICON_FORMAT
from carescreen.pack import FEATURE_REQUIRED, MAX_HOURS, PACK_ID, PACK_REQUIRED, TIERS, Settings
from carescreen.pack import FORMAT as PACK_FORMAT
from carescreen.rulefile import (
    CODE,
    EXAMPLE_REQUIRED,
    EXPECTATIONS,
    LANES,
    RULE_REQUIRED,
    SOURCE_REQUIRED,
    URL,
)
from carescreen.yamlfile import ID

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(name: str) -> Schema:
    """The schema of one kind of file; UsageError lists the kinds."""
    if name not in SCHEMAS:
        hint = did_you_mean(name, SCHEMAS) or f"; there are {', '.join(SCHEMAS)}"
        raise UsageError(f"no schema '{name}'{hint}")
    schema = SCHEMAS[name]()
    definitions = {**SHARED, **schema.pop("$defs", {})}
    used = {
        key: part for key, part in definitions.items() if f"#/$defs/{key}" in json.dumps(schema)
    }
    return {"$schema": DRAFT, "title": f"carescreen: {name}", **schema, "$defs": used}


def schema_text(name: str) -> str:
    """The schema as it is published."""
    return json.dumps(schema_of(name), ensure_ascii=False, indent=2) + "\n"


# -- parts that several files share ---------------------------------------------------------------


def _mapping(properties: Mapping[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """A mapping of these keys and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(required),
        "additionalProperties": False,
        **more,
    }


def _named(values: Schema, names: Schema | None = None) -> Schema:
    """A mapping of names that the author chooses."""
    return {
        "type": "object",
        "propertyNames": names or {"type": "string"},
        "additionalProperties": values,
    }


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _one_of(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def _matching(pattern: re.Pattern[str]) -> Schema:
    return {"type": "string", "pattern": f"^{pattern.pattern.removesuffix(chr(92) + 'Z')}$"}


def _or_null(schema: Schema) -> Schema:
    """Where nothing may be said in so many words."""
    return {"anyOf": [schema, {"type": "null"}]}


def _told(description: str, schema: Schema) -> Schema:
    """With what an editor shows beside the key."""
    return {"description": description, **schema}


def _choices(of: Mapping[str, Iterable[str]]) -> dict[str, Schema]:
    return {name: _one_of(words) for name, words in of.items()}


def _shared(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


LETTERS: Schema = {"type": "string", "pattern": r"\S"}
SHARED: Mapping[str, Schema] = {
    "text": LETTERS,
    "texts": _told(
        "In both languages: {en: …, zh: …}.", _mapping({"en": LETTERS, "zh": LETTERS}, ["en", "zh"])
    ),
    "name": _matching(ID),
    "names": _or_null(_list({"type": "string"})),
    "tier": _one_of(TIERS),
    "condition": _told("A condition: age_years < 8 and sex == 'female'.", LETTERS),
}
TEXT, TEXTS, NAME, NAMES, TIER, CONDITION = map(_shared, SHARED)
DAY: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


# -- pack.yaml ------------------------------------------------------------------------------------


def _pack() -> Schema:
    settings = Settings.model_json_schema()
    definitions = settings.pop("$defs")
    properties = {
        "format": _told("The format of this file.", {"const": PACK_FORMAT}),
        "id": _told("The pack's name, as in its folder's name.", _matching(PACK_ID)),
        "version": _told('A text such as "1.0"; quote what looks like a number.', TEXT),
        "title": TEXTS,
        "extends": _told(
            "The one parent: a folder beside this one, or a shipped pack.", _or_null(TEXT)
        ),
        "reviewed_by": _told("Who with a legal qualification has read it.", _or_null(TEXT)),
        "reader": _told("The note reader, by its folder's name.", _or_null(TEXT)),
        "settings": _or_null(settings),
        "features": _told("What the model reads.", _or_null(_list(_feature()))),
        "thresholds": _told(
            "Numbers that no source gives, by name.", _or_null(_named(_threshold(), NAME))
        ),
        "properties": _told("What must hold of the rules together.", _or_null(_list(_property()))),
        "rules": _told(
            "Rules of this pack or its parent, switched on and off.",
            _or_null(_mapping({"on": NAMES, "off": NAMES})),
        ),
    }
    return {**_mapping(properties, PACK_REQUIRED), "$defs": definitions}


def _feature() -> Schema:
    properties = {
        "id": NAME,
        "title": TEXTS,
        "when": CONDITION,
        "indicator": _told("An indicator whose value is the feature.", TEXT),
    }
    either = [{"required": ["when"]}, {"required": ["indicator"]}]
    return _mapping(properties, FEATURE_REQUIRED, oneOf=either)


def _threshold() -> Schema:
    """A child pack changes a number and says why; its title stays the parent's."""
    number: Schema = {"type": "number"}
    return _mapping({"value": number, "title": TEXTS, "reason": TEXTS}, ["value", "reason"])


def _property() -> Schema:
    fields: Schema = {"type": "object"}
    properties = {
        "id": NAME,
        "title": TEXTS,
        "when": _or_null(CONDITION),
        "only": _told("The only indicators that may be recorded.", NAMES),
        "reaches": _told("The tier that every such child reaches.", TIER),
        "at_most": _told("The tier that no such child exceeds.", TIER),
        "same_tier_whatever": _told("Indicators whose value never changes the tier.", NAMES),
        "worsens": _mapping({"from": fields, "to": fields}, ["from", "to"]),
    }
    claims = [{"required": [claim]} for claim in statements.CLAIMS]
    return _mapping(properties, ["id", "title"], oneOf=claims)


# -- rules/*.yaml ---------------------------------------------------------------------------------


def _rules() -> Schema:
    return _mapping({"rules": _or_null(_list(_rule()))}, ["rules"])


def _rule() -> Schema:
    properties = {
        "id": NAME,
        "code": _told(
            "Up to 8 letters and digits, for where a title tells too much.", _matching(CODE)
        ),
        "title": TEXTS,
        "tier": _told("How soon.", TIER),
        "lane": _told(
            "What has no tier: a benefit to help with, something to mention.", _one_of(LANES)
        ),
        "when": CONDITION,
        "ask": _told("The question that would settle it, in both languages.", TEXTS),
        "act": _told("What to do, in both languages.", TEXTS),
        "source": _told("What the rule rests on.", _list(_source(), minItems=1)),
        "examples": _told("Situations, each with its outcome.", _list(_example(), minItems=1)),
        "sensitive": _told("Kept out of what leaves the house.", {"type": ["boolean", "null"]}),
        "default": _told("off: shipped, and off until switched on.", _one_of(["on", "off"])),
        "mandatory": _told('The item of mandatory reporting, such as "4(1)".', _or_null(TEXT)),
        "hours": _told(
            "Hours within which the child is seen, where the tier's do not fit.",
            {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_HOURS},
        ),
        "how_soon": _told("What the source itself says, such as at once.", TEXTS),
        "threshold_by": _told(
            "Whose the numbers are that no source gives.", _one_of(["programme"])
        ),
        "threshold_reason": _told("Why these numbers, in both languages.", TEXTS),
        "in_force": _told(
            "[first day, last day], null where open.",
            _list(_or_null(DAY), minItems=2, maxItems=2),
        ),
        "replaces": _told("The rule that this one takes the place of.", _or_null(TEXT)),
        "covered_by": _told("Met only where this other rule is met too.", _or_null(TEXT)),
    }
    return _mapping(
        properties,
        RULE_REQUIRED,
        oneOf=[{"required": ["tier"]}, {"required": ["lane"]}],
        dependentRequired={
            "threshold_by": ["threshold_reason"],
            "threshold_reason": ["threshold_by"],
            "hours": ["tier"],
        },
    )


def _source() -> Schema:
    one_language = {**_mapping({"en": TEXT, "zh": TEXT}), "minProperties": 1}
    number_or_text = {"anyOf": [TEXT, {"type": ["integer", "null"]}]}
    properties = {
        "law": _told("The text, in its own language.", TEXT),
        "title": {"anyOf": [TEXT, one_language, {"type": "null"}]},
        "number": number_or_text,
        "article": number_or_text,
        "url": _or_null(_matching(URL)),
        "verified": _told("Whether the text itself was read.", {"type": "boolean"}),
    }
    return _mapping(properties, SOURCE_REQUIRED)


def _example() -> Schema:
    properties = {
        "given": _told("What is known of the child.", _given()),
        "expect": _told("What the rule must say.", _one_of(EXPECTATIONS)),
        "en": _told("The situation in a sentence.", TEXT),
        "zh": _told("The situation in a sentence, in Chinese.", TEXT),
    }
    return _mapping(properties, EXAMPLE_REQUIRED)


def _given() -> Schema:
    status = _one_of([*RAISED, LEARNED, *NOT_RAISED])
    visits: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_VISITS}
    mention = {"anyOf": [status, _mapping({"status": status, "visits": visits}, ["status"])]}
    properties = {
        "month": {"type": ["integer", "null"], "minimum": 1, "maximum": 12},
        "as_of": DAY,
        "noted": _or_null(_named(mention, NAME)),
    }
    value: Schema = {"type": ["string", "number", "null", "array"], "items": {"type": "string"}}
    return {
        "type": "object",
        "properties": properties,
        "propertyNames": NAME,
        "additionalProperties": value,
    }


# -- indicators.yaml ------------------------------------------------------------------------------


def _indicators() -> Schema:
    return _mapping({"indicators": _or_null(_list(_indicator()))}, ["indicators"])


def _indicator() -> Schema:
    bounds = _list({"type": "number"}, minItems=2, maxItems=2)
    properties = {
        **_choices(CHOICES),
        "id": NAME,
        "level": _told("What it is about: child, household, care …", TEXT),
        "title": TEXTS,
        "values": _told(
            "The words of an enum or set, with those in `missing`.",
            _or_null(_list({"type": "string"}, uniqueItems=True, maxItems=MAX_VALUES)),
        ),
        "missing": _told("Words that mean: not known.", NAMES),
        "range": _told("[lowest, highest] of a number.", _or_null(bounds)),
        "unit": _or_null(TEXT),
        "risk_order": _told("Known values, from least to most concerning.", NAMES),
        "value_titles": _told("The values in words.", _or_null(_named(TEXTS))),
        "why": _told("What it is collected for.", _or_null(TEXT)),
        "source": NAMES,
    }
    words = {"type": "array", "minItems": 1}
    conditions = [
        _where("type", ["enum", "set"], {"required": ["values"], "properties": {"values": words}}),
        _where("unrecorded", ["not_observed"], {"properties": {"kind": {"const": "event"}}}),
        _where(
            "hold", ["until_closed", "until_seen"], {"properties": {"kind": {"const": "event"}}}
        ),
        _where("sensitivity", ["highly_sensitive"], {"properties": {"family": {"const": "hide"}}}),
        _where("type", ["string"], {"properties": {"family": {"const": "hide"}}}),
    ]
    return _mapping(properties, INDICATOR_REQUIRED, allOf=conditions)


def _where(key: str, words: list[str], then: Schema) -> Schema:
    return {"if": {"required": [key], "properties": {key: {"enum": words}}}, "then": then}


# -- concepts.yaml --------------------------------------------------------------------------------


def _concepts() -> Schema:
    return _mapping({"concepts": _or_null(_list(_concept()))}, ["concepts"])


def _concept() -> Schema:
    count: Schema = {"type": "integer", "minimum": 1}
    properties = {
        **_choices(CONCEPT_CHOICES),
        "id": NAME,
        "title": TEXTS,
        "sensitive": {"type": "boolean"},
        "note_limit_when": _told(
            "When a note alone may reach `note_limit`.",
            _or_null(_mapping({"age_under": count, "visits": count})),
        ),
        "answered_by": _told(
            "The recorded answer that stands against a mention.",
            _or_null(_mapping({key: {"type": "string"} for key in ANSWERED_BY}, ANSWERED_BY)),
        ),
    }
    needs = {"note_limit_when": ["note_limit"]}
    return _mapping(properties, CONCEPT_REQUIRED, dependentRequired=needs)


# -- lexicon.<language>.yaml ----------------------------------------------------------------------


def _lexicon() -> Schema:
    word = {**LETTERS, "maxLength": MAX_WORD}
    words, patterns = _laid(word), _laid(_pattern())
    lists = {"phrases": words, "lasting": words, "patterns": patterns, "exclusions": words}
    reach = {"type": "integer", "minimum": 1, "maximum": MAX_REACH}
    concepts = _or_null(_list({"type": "string"}))
    cue = {**_choices(CUE_CHOICES), "reach": reach, "words": words, "patterns": patterns}
    properties = {
        "format": {"const": LEXICON_FORMAT},
        "language": _one_of(LANGUAGES),
        "classes": _told("Words that patterns name: {class}.", _or_null(_named(words))),
        "shields": _told("Longer words that only look like a phrase.", words),
        "concepts": _told("The words of each concept.", _or_null(_named(_mapping(lists), NAME))),
        "cues": _or_null(_named(_mapping({**cue, "concepts": concepts}))),
        "stops": _told(
            "Words that end a cue's reach.",
            _or_null(_named(words, _one_of(["all", *CUE_STATUSES]))),
        ),
    }
    return _mapping(properties, LEXICON_REQUIRED)


def _laid(item: Schema) -> Schema:
    """A list, or what a child pack adds to its parent's list and removes from it."""
    change = _mapping(dict.fromkeys(("add", "remove"), _or_null(_list(item))))
    return {"anyOf": [_list(item), change, {"type": "null"}]}


def _pattern() -> Schema:
    """Parts and the gaps between them; that the two take turns is checked on load."""
    part: Schema = {"type": "string", "minLength": 1}
    gap: Schema = {"type": "string", "pattern": r"^[0-9]{1,4}-[0-9]{1,4}$"}
    return _list(part, prefixItems=[part, gap, part], minItems=3)


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "pack": _pack,
    "rules": _rules,
    "indicators": _indicators,
    "concepts": _concepts,
    "lexicon": _lexicon,
}
