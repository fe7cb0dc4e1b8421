"""A pack: the rules, indicators, lexicon and settings of one jurisdiction, in one folder.

    <pack>/pack.yaml            id, title, parent, settings, thresholds, model features, note reader
    <pack>/rules/*.yaml         rules (rules.py)
    <pack>/indicators.yaml      indicators (indicators.py)
    <pack>/concepts.yaml        what a note can mention (lexicon.py)
    <pack>/lexicon.<lang>.yaml  phrases, patterns, cues (lexicon.py)

A pack has at most one parent (`extends:`). This module finds folders, follows the chain and merges
settings; each content module reads its own files along `Pack.chain`, parent first.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from carescreen.errors import PackError, did_you_mean
from carescreen.indicators import Indicator, load_indicators
from carescreen.thresholds import Threshold, read_thresholds
from carescreen.yamlfile import ID, YamlFile, read_if_there, read_yaml

FORMAT = "carescreen-pack/1"
TIERS = ("immediate", "urgent", "priority", "routine")
Tier = Literal["immediate", "urgent", "priority", "routine"]
MAX_CHAIN = 8
MAX_HOURS = 87_600  # ten years, and so are the days: a date plus either is still a date
MAX_DAYS = 3_650
MAX_MONTHS = 240

_PACKAGE = Path(__file__).parent
PACK_ID = re.compile(r"[a-z][a-z0-9_-]*\Z")
PACK_REQUIRED = frozenset({"format", "id", "version", "title"})
FEATURE_REQUIRED = frozenset({"id", "title"})
FEATURE_SOURCES = ("when", "indicator")  # a feature has one of them
PACK_KEYS = {
    "format",
    "id",
    "version",
    "title",
    "extends",
    "reviewed_by",
    "reader",
    "settings",
    "features",
    "thresholds",
    "properties",
    "rules",
}


class TierHours(BaseModel):
    """Hours within which a child of each tier is seen: a programme's setting, never law."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    immediate: int = Field(24, gt=0, le=MAX_HOURS)
    urgent: int = Field(72, gt=0, le=MAX_HOURS)
    priority: int = Field(168, gt=0, le=MAX_HOURS)
    routine: int = Field(720, gt=0, le=MAX_HOURS)

    @model_validator(mode="after")
    def _in_order(self) -> TierHours:
        hours = [self.immediate, self.urgent, self.priority, self.routine]
        if hours != sorted(hours):
            raise ValueError(f"a higher tier is seen sooner; came {', '.join(map(str, hours))}")
        return self


class Retention(BaseModel):
    """Months after which the text of a note is removed: a programme's setting; 0 or null is never.

    unflagged_note_months  of a note without an affirmed or suspected mention of a risk
    flagged_note_months    of a note with one, if no open matter needs it (retention_needed.py)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    unflagged_note_months: int | None = Field(12, ge=0, le=MAX_MONTHS)
    flagged_note_months: int | None = Field(24, ge=0, le=MAX_MONTHS)


class Settings(BaseModel):
    """A programme's settings; a pack gives the ones it changes, its parent the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tier_hours: TierHours = TierHours()  # type: ignore[call-arg]  # every field has a default
    event_window_days: int = Field(90, gt=0, le=MAX_DAYS)
    mention_window_days: int = Field(90, gt=0, le=MAX_DAYS)
    backlog_days: int = Field(14, ge=0, le=MAX_DAYS)
    capacity: int = Field(20, gt=0, le=1_000_000)
    random_share: float = Field(0.0, ge=0.0, le=0.5)
    lift_probability: float | None = Field(None, gt=0.0, lt=1.0)
    open_questions: int = Field(3, ge=0, le=10)
    retention: Retention = Retention()  # type: ignore[call-arg]  # every field has a default


@dataclass(frozen=True)
class Pack:
    """A pack's folder, read along its chain of parents.

    `files` holds pack.yaml of each folder, parent first; `settings` and `features` are merged
    (a child's feature replaces its parent's by id); `rules_on` and `rules_off` are the switches.
    """

    id: str
    version: str
    title: dict[str, str]
    settings: Settings
    features: tuple[dict[str, Any], ...]
    rules_on: frozenset[str]
    rules_off: frozenset[str]
    reader: str | None
    files: tuple[YamlFile, ...]

    @property
    def chain(self) -> tuple[Path, ...]:
        """The folders, root parent first."""
        return tuple(file.path.parent for file in self.files)

    @classmethod
    def load(cls, name: str | Path) -> Pack:
        """Load a shipped pack by name, or any pack by the path of its folder."""
        files = _chain(find_folder("rules", name, "pack.yaml"))
        return _merge(files)

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Declared indicators by id, parents' first; a child pack replaces by id."""
        merged: dict[str, Indicator] = {}
        for folder in self.chain:
            file = read_if_there(folder / "indicators.yaml")
            if file is not None:
                merged.update(load_indicators(file))
        return merged

    @cached_property
    def thresholds(self) -> dict[str, Threshold]:
        """Named thresholds by id, with the numbers that this pack gives them."""
        return self.thresholds_in(self.chain[-1])

    def thresholds_in(self, folder: Path) -> dict[str, Threshold]:
        """Named thresholds as they stand in a folder of the chain, before its child packs."""
        return self._thresholds[self.chain.index(folder)]

    @cached_property
    def _thresholds(self) -> list[dict[str, Threshold]]:
        stages: list[dict[str, Threshold]] = [{}]
        for file in self.files:
            stages.append(read_thresholds(file, stages[-1], self.indicators))
        return stages[1:]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every YAML file of the chain, by relative name."""
        total = hashlib.sha256()
        for folder in self.chain:
            for path in sorted(path for path in folder.rglob("*.yaml") if path.is_file()):
                total.update(path.relative_to(folder).as_posix().encode() + b"\0")
                total.update(path.read_bytes() + b"\0")
        return total.hexdigest()


def shipped_folder(kind: Literal["rules", "models", "corpus"]) -> Path:
    """Where what is shipped is: in the wheel, or in the checkout of an editable install."""
    inside = _PACKAGE / "_shipped" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def find_folder(kind: Literal["rules", "models"], name: str | Path, must_have: str) -> Path:
    """The folder that a shipped name or a path means; PackError lists what is shipped."""
    text = str(name)
    as_path = Path(text)
    if _is_file(as_path / must_have):
        return as_path
    shipped = shipped_folder(kind)
    if text == as_path.name and _is_file(shipped / text / must_have):
        return shipped / text
    names = sorted(path.parent.name for path in shipped.glob(f"*/{must_have}"))
    what = "pack" if kind == "rules" else "model"
    hint = did_you_mean(text, names) or f"; shipped: {', '.join(names)}"
    raise PackError(
        f"no {what} '{text}': neither a shipped name nor a folder with {must_have}{hint}"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _chain(folder: Path) -> tuple[YamlFile, ...]:
    files: list[YamlFile] = []
    seen: list[Path] = []
    next_folder: Path | None = folder
    while next_folder is not None:
        resolved = next_folder.resolve()
        if len(seen) >= MAX_CHAIN:
            raise files[-1].error(f"at most {MAX_CHAIN} packs extend each other", "extends")
        if resolved in seen:
            names = " -> ".join(path.name for path in [*seen, resolved])
            raise files[-1].error(f"packs extend each other in a circle: {names}", "extends")
        seen.append(resolved)
        file = _read_pack_file(next_folder / "pack.yaml")
        files.append(file)
        parent = file.data.get("extends")
        next_folder = _parent_folder(file, parent) if parent else None
    return tuple(reversed(files))


def _read_pack_file(path: Path) -> YamlFile:
    file = read_yaml(path)
    file.require_keys((), PACK_KEYS, PACK_REQUIRED)
    if file.data["format"] != FORMAT:
        raise file.error(
            f"format is '{file.data['format']}'; this version reads '{FORMAT}'", "format"
        )
    if not PACK_ID.match(file.text_at("id")):
        raise file.error("id is small letters, digits, - and _, beginning with a letter", "id")
    file.text_at("version")
    file.texts_at("title")
    for name in ("extends", "reader", "reviewed_by"):
        file.text_if_given_at(name)
    return file


def _parent_folder(file: YamlFile, parent: str) -> Path:
    beside = file.path.parent.parent / str(parent)
    if _is_file(beside / "pack.yaml"):
        return beside
    try:
        return find_folder("rules", str(parent), "pack.yaml")
    except PackError as error:
        raise file.error(f"extends: {error}", "extends") from None


def _merge(files: tuple[YamlFile, ...]) -> Pack:
    settings: dict[str, Any] = {}
    features: dict[str, dict[str, Any]] = {}
    rules_on: set[str] = set()
    rules_off: set[str] = set()
    reader: str | None = None
    for file in files:
        _merge_settings(settings, _settings(file))
        features.update(_features(file))
        switches = _switches(file)
        rules_on = (rules_on | switches["on"]) - switches["off"]
        rules_off = (rules_off | switches["off"]) - switches["on"]
        reader = file.data.get("reader") or reader
    last = files[-1].data
    return Pack(
        id=last["id"],
        version=last["version"],
        title=last["title"],
        settings=Settings.model_validate(settings),
        features=tuple(features.values()),
        rules_on=frozenset(rules_on),
        rules_off=frozenset(rules_off),
        reader=reader,
        files=files,
    )


def _merge_settings(into: dict[str, Any], new: dict[str, Any]) -> None:
    for name, value in new.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            into[name] = {**into[name], **value}
        else:
            into[name] = value


def _features(file: YamlFile) -> dict[str, dict[str, Any]]:
    found = {}
    for index, entry in enumerate(file.list_at("features")):
        key = ("features", index)
        file.require_keys(key, {*FEATURE_REQUIRED, *FEATURE_SOURCES}, FEATURE_REQUIRED)
        if ("when" in entry) == ("indicator" in entry):
            raise file.error("a feature has either 'when' or 'indicator'", *key)
        if not ID.match(file.text_at(*key, "id")):
            raise file.error("id is small letters, digits and _", *key, "id")
        if entry["id"] in found:
            raise file.error(f"feature '{entry['id']}' is declared twice", *key)
        file.texts_at(*key, "title")
        file.text_at(*key, "when" if "when" in entry else "indicator")
        found[entry["id"]] = dict(entry)
    return found


def _switches(file: YamlFile) -> dict[str, set[str]]:
    if file.data.get("rules") is None:
        return {"on": set(), "off": set()}
    file.require_keys(("rules",), {"on", "off"})
    switches = {side: set(file.words_at("rules", side)) for side in ("on", "off")}
    both = sorted(switches["on"] & switches["off"])
    if both:
        raise file.error(f"'{both[0]}' is switched both on and off", "rules")
    return switches


def _settings(file: YamlFile) -> dict[str, Any]:
    """The settings that a file gives, each checked by itself."""
    settings = file.data.get("settings")
    if settings is None:
        return {}
    file.require_keys(("settings",), set(Settings.model_fields))
    for name, part in (("tier_hours", TierHours), ("retention", Retention)):
        if isinstance(settings.get(name), dict):
            file.require_keys(("settings", name), set(part.model_fields))
    try:
        Settings.model_validate(settings, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise file.error(
            f"setting '{where}': {first['msg'].removeprefix('Value error, ')}",
            "settings",
            *first["loc"],
        ) from None
    return dict(settings)
