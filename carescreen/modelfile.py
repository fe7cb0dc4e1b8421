"""A model's folder: model.json, manifest.json and CARD.md, written whole and read strictly.

Everything in it is text that a person can read; nothing in it can run (law 10). Reading checks
the format, every type, length, order and size, and that the hashes in the manifest are model.json's
and its own: what a model may claim (law 12) stands in the manifest, so an edited one is refused.
The hashes find damage and careless edits; they are no signature and cannot prove who wrote a folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from carescreen.calibration import CalibrationMap, Method
from carescreen.errors import ModelError, OutputError, PackError
from carescreen.ngrams import MAX_PHRASES, PhraseTable
from carescreen.pack import find_folder
from carescreen.steps import MAX_ERROR, MAX_WEIGHT, MICRO, AdditiveTables, StepTable

FORMAT = "carescreen-model/1"
MANIFEST_FORMAT = "carescreen-manifest/2"
SEAL = "manifest_sha256"  # the key of the manifest's hash of its other facts
MAX_BYTES = 20_000_000
PROBABILITY_EVENTS = 100  # events of known selection before a number is called a probability

Weight = Annotated[int, Field(ge=-MAX_WEIGHT, le=MAX_WEIGHT)]
Error = Annotated[int, Field(ge=0, le=MAX_ERROR)]
Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
File = TypeVar("File", bound="_Strict")
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FeatureFile(_Strict):
    """One feature of model.json."""

    name: Name
    title: dict[str, str]
    type: Literal["number", "category"]
    edges: list[Finite] = []
    levels: list[str] = []
    weights: Annotated[list[Weight], Field(min_length=1, max_length=10_000)]
    missing: Weight
    monotone: Literal[-1, 0, 1] = 0
    spread: Annotated[int, Field(gt=0, le=MAX_WEIGHT)] | None = None
    sensitive: bool
    sources: list[str]
    errors: list[Error] = []

    @model_validator(mode="after")
    def _lengths_and_order(self) -> FeatureFile:
        wanted = len(self.levels) if self.type == "category" else len(self.edges) + 1
        if len(self.weights) != wanted or (self.edges if self.type == "category" else self.levels):
            raise ValueError(f"'{self.name}' wants {wanted} weights and has {len(self.weights)}")
        if self.errors and len(self.errors) != wanted + 1:
            raise ValueError(f"'{self.name}' wants {wanted + 1} errors and has {len(self.errors)}")
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"the edges of '{self.name}' must ascend")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError(f"'{self.name}' has a level twice")
        steps = [b - a for a, b in zip(self.weights, self.weights[1:], strict=False)]
        if self.type == "number" and any(step * self.monotone < 0 for step in steps):
            raise ValueError(f"the weights of '{self.name}' break its declared direction")
        return self


class PhraseFile(_Strict):
    """One learned phrase of model.json."""

    text: Name
    weight: Weight


class CalibrationFile(_Strict):
    """The calibration of model.json: intercept and slope in millionths, covariance in log-odds."""

    intercept: Weight
    slope: Annotated[int, Field(gt=0, le=1_000 * MICRO)]
    covariance: Annotated[list[Finite], Field(min_length=3, max_length=3)]
    events: Count
    method: Method


class ModelFile(_Strict):
    """model.json."""

    format: Literal["carescreen-model/1"]
    kind: Literal["additive"]
    link: Literal["logit"]
    intercept: Weight
    features: Annotated[list[FeatureFile], Field(max_length=5_000)]
    note_column: Name | None = None
    phrases: Annotated[list[PhraseFile], Field(max_length=MAX_PHRASES)]
    phrases_shared: bool = False
    phrases_error: Error = 0
    phrase_cap: Annotated[int, Field(gt=0, le=MAX_WEIGHT)] | None = None
    calibration: CalibrationFile | None

    @model_validator(mode="after")
    def _no_name_twice(self) -> ModelFile:
        names = [*(feature.name for feature in self.features), self.note_column]
        places = _first_twice(names)
        if places:
            raise ValueError(f"a feature occurs twice: '{names[places[0] - 1]}'")
        places = _first_twice([phrase.text for phrase in self.phrases])
        if places:  # by its place: a phrase is words of somebody's note
            raise ValueError(f"a phrase occurs twice: numbers {places[0]} and {places[1]}")
        if self.phrases and self.note_column is None:
            raise ValueError("phrases need a note_column")
        return self


def _first_twice(names: Sequence[object]) -> tuple[int, int] | None:
    """Places, from 1, of the first name that stands there a second time."""
    seen: dict[object, int] = {}
    for place, name in enumerate(names, 1):
        if name in seen:
            return seen[name], place
        seen[name] = place
    return None


class Window(_Strict):
    """First and last date of the rows a model learned from."""

    first: str
    last: str


class Recalibrated(_Strict):
    """What the newest recalibration was given; the weights did not learn from it."""

    rows: Count
    groups: Count
    events: Count


class Manifest(_Strict):
    """manifest.json: what the model is, what it was made from, and how much it rests on.

    rows, groups, events, data_window: what the weights learned from. recalibrated_on: what set the
    probability since. events_of_known_selection: those that the calibration in force was estimated
    from, so of the newest recalibration if there was one. Earlier outcomes are not added: they may
    be the same ones, or of another place, and no child's key need be kept to tell (law 12).
    struck_phrases: what a person struck from the learned phrases, for every later training.
    declared: what each feature read when the model was made, in the pack's words.
    data_origin "synthetic": made from invented children; it gives no probability of others.
    """

    format: Literal["carescreen-manifest/2"] = "carescreen-manifest/2"
    name: Name
    made_by: Literal["evidence", "fit"]
    model_sha256: str = ""
    source_sha256: str | None = None
    features: list[str] = []
    note_column: str | None = None
    declared: dict[str, str] = {}
    switched_on: dict[str, str] = {}
    held: list[str] = []  # circumstances that weigh 0 until a programme turns them on (law 9)
    struck_phrases: list[Name] = []
    data_origin: Literal["synthetic"] | None = None
    data_window: Window | None = None
    rows: Count = 0
    groups: Count = 0
    events: Count = 0
    events_of_known_selection: Count = 0
    recalibrated_on: Recalibrated | None = None
    software: dict[str, str] = {}


@dataclass(frozen=True)
class SavedModel:
    """What a model folder holds, in memory; `card` is the text of CARD.md."""

    tables: AdditiveTables
    manifest: Manifest
    calibration: CalibrationMap | None = None
    card: str = field(default="", repr=False)

    @property
    def gives_probability(self) -> bool:
        """Whether its number may be called a probability (law 12): events enough, and rows that
        were scored out of sample to calibrate on (where all are of one household there are none)."""
        enough = self.manifest.events_of_known_selection >= PROBABILITY_EVENTS
        return enough and self.calibration is not None and self.calibration.method != "none"

    def files(self) -> dict[str, bytes]:
        """Each file's name and bytes; the same model gives the same bytes."""
        model = json_bytes(_model_data(self.tables, self.calibration))
        manifest = self.manifest.model_copy(
            update={
                "model_sha256": hashlib.sha256(model).hexdigest(),
                "features": [table.name for table in self.tables.features],
                "note_column": self.tables.note_column,
            }
        )
        return {
            "model.json": model,
            "manifest.json": json_bytes(sealed(_manifest_data(manifest))),
            "CARD.md": self.card.encode(),
        }


def json_bytes(data: Any) -> bytes:
    """Readable JSON with one fixed layout, in the order given, ending in a newline."""
    return (json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest's facts with their hash as the last key; a hash that was there is replaced."""
    return {**{key: facts[key] for key in facts if key != SEAL}, SEAL: _seal_of(facts)}


def _seal_of(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the facts as JSON without spaces, keys in order: a new layout changes nothing."""
    others = {key: facts[key] for key in facts if key != SEAL}
    text = json.dumps(others, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# Stand in a manifest only where there is something to say.
_IF_ANY = ("struck_phrases", "declared", "data_origin", "recalibrated_on")


def _manifest_data(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(exclude={name for name in _IF_ANY if not getattr(manifest, name)})


def _model_data(tables: AdditiveTables, calibration: CalibrationMap | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": "additive",
        "link": "logit",
        "intercept": tables.intercept,
        "features": [_feature_data(table) for table in tables.features],
        "note_column": tables.note_column,
        "phrases": [
            {"text": text, "weight": weight} for text, weight in tables.phrases.weights.items()
        ],
        "phrases_shared": tables.phrases.shared,
        "phrases_error": tables.phrases.error,
        **({} if tables.phrases.cap is None else {"phrase_cap": tables.phrases.cap}),
        "calibration": _calibration_data(calibration),
    }


def _feature_data(table: StepTable) -> dict[str, Any]:
    shape = {"edges": list(table.edges)} if table.type == "number" else {"levels": table.levels}
    return {
        "name": table.name,
        "title": dict(table.title),
        "type": table.type,
        **shape,
        "weights": list(table.weights),
        "missing": table.missing,
        "monotone": table.monotone,
        "spread": table.spread,
        "sensitive": table.sensitive,
        "sources": list(table.sources),
        "errors": list(table.errors),
    }


def _calibration_data(calibration: CalibrationMap | None) -> dict[str, Any] | None:
    if calibration is None:
        return None
    return {
        "intercept": round(calibration.intercept * MICRO),
        "slope": round(calibration.slope * MICRO),
        "covariance": list(calibration.covariance),
        "events": calibration.events,
        "method": calibration.method,
    }


def write_model(folder: str | Path, model: SavedModel) -> None:
    """Write a model's folder aside and rename it, so that an interruption leaves the old one whole.

    A folder that exists is replaced only if it is empty or a model folder.
    """
    write_folder(folder, model.files(), ("manifest.json", "evidence.yaml"))


def write_folder(folder: str | Path, files: Mapping[str, bytes], known_by: Sequence[str]) -> None:
    """Write a model's folder whole, aside and then in its place; other files in it stay.

    OutputError where the folder holds something else, none of `known_by`, or cannot be written.
    """
    target = _real_place(Path(folder))
    _may_replace(target, known_by)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            for name, content in files.items():
                (aside / name).write_bytes(content)
            for path in _other_files(target, files):
                shutil.copy2(path, aside / path.name)
            aside.chmod(0o755)
            _swap(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from None


def _real_place(folder: Path) -> Path:
    """Where a link leads, so that it stays and what it leads to is replaced."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # RuntimeError: a circle of links, before Python 3.13
        raise OutputError(f"{folder}: a link that leads nowhere; choose another name") from None


def _may_replace(target: Path, known_by: Sequence[str]) -> None:
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target}: wanted a folder for the model, found a file")
    known = any((target / name).is_file() for name in known_by)
    if target.is_dir() and any(target.iterdir()) and not known:
        raise OutputError(
            f"{target}: this folder holds something else than a model; choose another folder"
        )


def _other_files(target: Path, ours: Collection[str]) -> list[Path]:
    """What a person keeps beside a model, such as the evidence source, stays with it."""
    if not target.is_dir():
        return []
    return [path for path in sorted(target.iterdir()) if path.is_file() and path.name not in ours]


def _swap(aside: Path, target: Path) -> None:
    if not target.exists():
        aside.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.rename(old / "model")
    try:
        aside.rename(target)
    except OSError:
        (old / "model").rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def read_model(name: str | Path) -> SavedModel:
    """Read a shipped model by name, or any model by the path of its folder."""
    try:
        folder = find_folder("models", name, "model.json")
    except PackError as error:
        raise ModelError(str(error)) from None
    raw = _bytes_of(folder / "model.json")
    manifest_path = folder / "manifest.json"
    manifest = _manifest(manifest_path)
    if hashlib.sha256(raw).hexdigest() != manifest.model_sha256:
        raise ModelError(
            f"{folder / 'model.json'}: its SHA-256 is not the one in manifest.json, so the model "
            f"was damaged or changed after it was made. Make it again, or take a fresh copy."
        )
    file = _parsed(ModelFile, _of_format(raw, folder / "model.json", FORMAT), folder / "model.json")
    tables = _tables(file)
    _require_same_columns(manifest, tables, manifest_path)
    return SavedModel(tables, manifest, _calibration(file.calibration), _card(folder / "CARD.md"))


def _manifest(path: Path) -> Manifest:
    facts = _of_format(_bytes_of(path), path, MANIFEST_FORMAT)
    if facts.pop(SEAL, None) != _seal_of(facts):
        raise ModelError(
            f"{path}: its facts are not those the model was saved with ({SEAL} does not match), so "
            f"it was damaged or edited by hand, and nothing tells what the model rests on. Take a "
            f"fresh copy, or make the model again: `carescreen model train` into another folder."
        )
    return _parsed(Manifest, facts, path)


def _require_same_columns(manifest: Manifest, tables: AdditiveTables, path: Path) -> None:
    names = [table.name for table in tables.features]
    if names != manifest.features:
        pairs = zip_longest(manifest.features, names, fillvalue="nothing")
        place, (found, wanted) = next(
            (n, two) for n, two in enumerate(pairs, 1) if two[0] != two[1]
        )
        raise ModelError(
            f"{path}: its features are not those of model.json: number {place} is '{found}', and "
            f"'{wanted}' there. The two files are of different models; take both from one."
        )
    if tables.note_column != manifest.note_column:
        raise ModelError(
            f"{path}: its note_column is {manifest.note_column!r}, and {tables.note_column!r} in "
            "model.json. The two files are of different models; take both from one."
        )


def _card(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return _bytes_of(path).decode("utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"{path}: is not UTF-8 text; save it as UTF-8, or take it away") from None


def _bytes_of(path: Path) -> bytes:
    """A file whole; a device or a pipe would never end, and a link to one is as bad."""
    try:
        if path.exists() and not path.is_file():
            raise ModelError(
                f"{path}: wanted an ordinary file; a folder, device or pipe stands there"
            )
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise ModelError(f"{path}: larger than {MAX_BYTES:,} bytes; no model is that large")
    return raw


def _of_format(raw: bytes, path: Path, wanted: str) -> dict[str, Any]:
    data = _json(raw, path)
    found = data.get("format")
    if found != wanted:
        raise ModelError(
            f"{path}: format is {found!r}; this version reads '{wanted}'. If the model is newer, "
            f"update carescreen; if it is older, make it again: `carescreen model train`, into "
            f"another folder."
        )
    return data


def _parsed(kind: type[File], data: dict[str, Any], path: Path) -> File:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"{path}: {where}: {first['msg']}") from None


def _json(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        data = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_a_number
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelError(f"{path}: not valid JSON, perhaps cut short: {reason}") from None
    if not isinstance(data, dict):
        raise ModelError(f"{path}: wanted a JSON object with a 'format'")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key occurs twice: {next(k for k in keys if keys.count(k) > 1)}")
    return dict(pairs)


def _not_a_number(word: str) -> float:
    raise ValueError(f"{word} is not a number JSON allows")


def _tables(file: ModelFile) -> AdditiveTables:
    return AdditiveTables(
        intercept=file.intercept,
        features=tuple(_table(feature) for feature in file.features),
        note_column=file.note_column,
        phrases=PhraseTable(
            {phrase.text: phrase.weight for phrase in file.phrases},
            shared=file.phrases_shared,
            error=file.phrases_error,
            cap=file.phrase_cap,
        ),
    )


def _table(feature: FeatureFile) -> StepTable:
    return StepTable(
        name=feature.name,
        type=feature.type,
        weights=tuple(feature.weights),
        edges=tuple(float(edge) for edge in feature.edges),
        levels=tuple(feature.levels),
        missing=feature.missing,
        monotone=feature.monotone,
        title=feature.title,
        sensitive=feature.sensitive,
        spread=feature.spread,
        sources=tuple(feature.sources),
        errors=tuple(feature.errors),
    )


def _calibration(file: CalibrationFile | None) -> CalibrationMap | None:
    if file is None:
        return None
    a, b, c = file.covariance
    return CalibrationMap(
        file.intercept / MICRO, file.slope / MICRO, (a, b, c), file.events, file.method
    )


def software_versions() -> Mapping[str, str]:
    """Versions that decide a fitted model's bytes."""
    import platform
    from importlib.metadata import version

    import carescreen

    libraries = {name: version(name) for name in ("numpy", "scipy", "pandas", "scikit-learn")}
    own = {"carescreen": carescreen.__version__, "python": platform.python_version()}
    return own | libraries
