"""Named thresholds of a pack: numbers that no source gives, so that the programme answers for them.

    thresholds:
      left_alone_days:
        value: 2
        title: {en: Days a week alone from which it counts, zh: 每周独处达到几天计入}
        reason: {en: Two days keep out a single errand., zh: 两天用于排除偶然一次。}

A condition writes the name where a number stands: `left_alone_days_week >= left_alone_days`. A child
pack changes the number, and says why, without copying a rule: `left_alone_days: {value: 3, reason:
…}`. A number that a law or guideline gives stays in the condition, where its source is.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.errors import did_you_mean
from carescreen.indicators import RESERVED, Texts
from carescreen.yamlfile import ID, YamlFile

THRESHOLD_KEYS = frozenset({"value", "title", "reason"})


@dataclass(frozen=True)
class Threshold:
    """A number of the programme's; `place` is the file and line that gave it last."""

    id: str
    value: float
    title: Texts
    reason: Texts
    place: str


def read_thresholds(
    file: YamlFile, inherited: Mapping[str, Threshold], taken: Collection[str]
) -> dict[str, Threshold]:
    """The thresholds of a pack's file over its parent's; PackError names what is wrong.

    `taken` are names that a threshold may not have, as a condition reads them otherwise.
    """
    declared = file.data.get("thresholds")
    if declared is None:
        return dict(inherited)
    if not isinstance(declared, dict):
        raise file.error(
            "thresholds is a mapping: {id: {value: 2, title: …, reason: …}}", "thresholds"
        )
    found = dict(inherited)
    for name in declared:
        found[name] = _read_one(file, name, inherited, taken)
    return found


def _read_one(
    file: YamlFile, name: str, inherited: Mapping[str, Threshold], taken: Collection[str]
) -> Threshold:
    key = ("thresholds", name)
    old = inherited.get(name)
    if name in taken or name in RESERVED or keyword.iskeyword(name) or not ID.match(name):
        why = "it means something else in a condition" if ID.match(name) else "small letters only"
        raise file.key_error(f"threshold '{name}' cannot have this name: {why}", *key)
    if old is None and isinstance(declared := file.at(key), dict) and "title" not in declared:
        hint = did_you_mean(name, inherited)
        raise file.key_error(f"threshold '{name}' is new here, so it needs a title{hint}", *key)
    file.require_keys(key, set(THRESHOLD_KEYS), frozenset({"value", "reason"}))
    values = file.at(key)
    title = file.texts_at(*key, "title") if "title" in values or old is None else old.title
    line, _ = file.keys[key]
    return Threshold(
        name,
        _number(file, key, values["value"]),
        title,
        file.texts_at(*key, "reason"),
        f"{file.path}:{line}",
    )


def _number(file: YamlFile, key: tuple[str, ...], value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise file.error("value is a number", *key, "value")
    return float(value)
