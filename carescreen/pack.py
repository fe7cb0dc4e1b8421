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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carescreen.errors import PackError, did_you_mean
from carescreen.indicators import Indicator, load_indicators
from carescreen.thresholds import Threshold, read_thresholds
from carescreen.yamlfile import YamlFile, read_yaml

FORMAT = "carescreen-pack/1"
TIERS = ("immediate", "urgent", "priority", "routine")
Tier = Literal["immediate", "urgent", "priority", "routine"]
MAX_CHAIN = 8

_PACKAGE = Path(__file__).parent
_KEYS = {
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
    immediate: int = Field(24, gt=0)
    urgent: int = Field(72, gt=0)
    priority: int = Field(168, gt=0)
    routine: int = Field(720, gt=0)


class Settings(BaseModel):
    """A programme's settings; a pack gives the ones it changes, its parent the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tier_hours: TierHours = TierHours()  # type: ignore[call-arg]  # every field has a default
    event_window_days: int = Field(90, gt=0)
    mention_window_days: int = Field(90, gt=0)
    backlog_days: int = Field(14, ge=0)
    capacity: int = Field(20, gt=0)
    random_share: float = Field(0.0, ge=0.0, le=0.5)
    lift_probability: float | None = Field(None, gt=0.0, lt=1.0)
    open_questions: int = Field(3, ge=0, le=10)


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
            path = folder / "indicators.yaml"
            if path.exists():
                merged.update(load_indicators(read_yaml(path)))
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
            for path in sorted(folder.rglob("*.yaml")):
                total.update(path.relative_to(folder).as_posix().encode() + b"\0")
                total.update(path.read_bytes() + b"\0")
        return total.hexdigest()


def shipped_folder(kind: Literal["rules", "models"]) -> Path:
    """Where shipped packs or models are: in the wheel, or in the checkout of an editable install."""
    inside = _PACKAGE / "_shipped" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def find_folder(kind: Literal["rules", "models"], name: str | Path, must_have: str) -> Path:
    """The folder that a shipped name or a path means; PackError lists what is shipped."""
    text = str(name)
    as_path = Path(text)
    if (as_path / must_have).is_file():
        return as_path
    shipped = shipped_folder(kind)
    if text == as_path.name and (shipped / text / must_have).is_file():
        return shipped / text
    names = sorted(path.parent.name for path in shipped.glob(f"*/{must_have}"))
    what = "pack" if kind == "rules" else "model"
    hint = did_you_mean(text, names) or f"; shipped: {', '.join(names)}"
    raise PackError(
        f"no {what} '{text}': neither a shipped name nor a folder with {must_have}{hint}"
    )


def _chain(folder: Path) -> tuple[YamlFile, ...]:
    files: list[YamlFile] = []
    seen: list[Path] = []
    next_folder: Path | None = folder
    while next_folder is not None:
        resolved = next_folder.resolve()
        if resolved in seen or len(seen) >= MAX_CHAIN:
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
    file.require_keys((), _KEYS, frozenset({"format", "id", "version", "title"}))
    if file.data["format"] != FORMAT:
        raise file.error(
            f"format is '{file.data['format']}'; this version reads '{FORMAT}'", "format"
        )
    return file


def _parent_folder(file: YamlFile, parent: str) -> Path:
    beside = file.path.parent.parent / str(parent)
    if (beside / "pack.yaml").is_file():
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
        _merge_settings(settings, file.data.get("settings") or {})
        features.update(_features(file))
        switches = _switches(file)
        rules_on = (rules_on | switches["on"]) - switches["off"]
        rules_off = (rules_off | switches["off"]) - switches["on"]
        reader = file.data.get("reader") or reader
    last = files[-1].data
    return Pack(
        id=str(last["id"]),
        version=str(last["version"]),
        title=dict(last["title"]),
        settings=_validated(settings, files[-1]),
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
    for index, entry in enumerate(file.data.get("features") or []):
        file.require_keys(
            ("features", index), {"id", "when", "indicator", "title"}, frozenset({"id", "title"})
        )
        if ("when" in entry) == ("indicator" in entry):
            raise file.error("a feature has either 'when' or 'indicator'", "features", index)
        found[str(entry["id"])] = dict(entry)
    return found


def _switches(file: YamlFile) -> dict[str, set[str]]:
    if file.data.get("rules") is None:
        return {"on": set(), "off": set()}
    file.require_keys(("rules",), {"on", "off"})
    return {side: set(file.data["rules"].get(side) or []) for side in ("on", "off")}


def _validated(settings: dict[str, Any], file: YamlFile) -> Settings:
    try:
        return Settings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(str(first["loc"][-1]), Settings.model_fields)
        raise file.error(
            f"setting '{where}': {first['msg']}{hint}", "settings", *first["loc"]
        ) from None
