"""What changed since the list that a run replaces, child by child, and why as far as can be told.

    new_record        something was put down about the child or its home since
    amended_record    a visit to the home was amended since
    decision          a person decided about the child or its home since
    settings_changed  pack, model, reader, settings or carescreen itself are others
    window_over       none of these: time passed, and something counts no longer
    older             none of these: time passed, and something counts now, or is due on another day
    not_known         none of these that the two runs can tell

Time alone is given as a reason only where every row about the home says when it was recorded, or the
table has not changed. The earlier list is read from its folder; one that cannot be read is no history.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.cells import unguarded_all
from carescreen.columns import BoolArray
from carescreen.pack import TIERS
from carescreen.ranking import Ranking
from carescreen.recency import TABLES
from carescreen.review.since import Since, reasons_words
from carescreen.review.texts import LANGUAGES
from carescreen.sheet import objects, places

COLUMNS = (
    *("child_id", "caseworker_id", "tier_before", "tier", "state_before", "state"),
    *("due_before", "due_on", "opened", "closed", "why", "why_zh", "why_en"),
)
REASONS = ("new_record", "amended_record", "decision", "settings_changed")
WINDOW_OVER, OLDER, NOT_KNOWN = "window_over", "older", "not_known"
NOT_IN_PACK = "not_in_pack"
_WORDS = (*REASONS, WINDOW_OVER, OLDER, NOT_KNOWN)
KINDS = ("new", "rose", "fell", "same", "gone")

_READ = ("child_id", "caseworker_id", "tier", "state", "due_on", "concerns")
_SETTINGS = ("pack", "model", "settings")


@dataclass(frozen=True, repr=False)  # its values are records
class Changes:
    """`frame` has COLUMNS, one row a child that changed; `since` counts it, None without history."""

    frame: pd.DataFrame
    since: Since | None = None


@dataclass(frozen=True, repr=False)
class _Before:
    """The earlier list: its run.json, and the columns of its ranking.csv as texts."""

    run: Mapping[str, Any]
    rows: pd.DataFrame

    @property
    def as_of(self) -> str:
        return str(self.run["as_of"])


def changes_since(
    folder: Path, ranking: Ranking, inputs: Mapping[str, str], software: str
) -> Changes:
    """What changed since the list in `folder`; nothing where it holds none, or a later one.

    `inputs` are SHA-256 of the input files by name, `software` the version of carescreen.
    """
    nothing = Changes(pd.DataFrame({name: objects([]) for name in COLUMNS}))
    try:
        before = _read(folder)
        if before.as_of > ranking.run.as_of:
            return nothing
        return _changes(before, ranking, inputs, software)
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return nothing


def since_of(run: Mapping[str, Any]) -> Since | None:
    """What a written run.json says of its changes; None where it says nothing that can be read."""
    try:
        said = run["since"]
        as_of = str(date.fromisoformat(said["as_of"]))
        counts = {kind: int(said["counts"][kind]) for kind in KINDS if kind in said["counts"]}
        reasons = {
            kind: {word: int(n) for word, n in said["reasons"][kind].items() if word in _WORDS}
            for kind in counts
        }
        return Since(as_of, counts, reasons)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(folder: Path) -> _Before:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    np.datetime64(str(run["as_of"]), "D")  # a list without a day is none
    rows = pd.read_csv(
        folder / "ranking.csv",
        usecols=list(_READ),
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
    )
    for name in ("child_id", "caseworker_id"):
        rows[name] = unguarded_all(rows[name].to_numpy(dtype=object))
    if rows["child_id"].duplicated().any():
        raise ValueError("a child stands twice")
    return _Before(run, rows)


def _changes(
    before: _Before, ranking: Ranking, inputs: Mapping[str, str], software: str
) -> Changes:
    now, old = _now(ranking), before.rows
    place = places(old["child_id"].to_numpy(dtype=object), now["child_id"].to_numpy(dtype=object))
    is_gone = np.ones(len(old), dtype=bool)
    is_gone[place[place >= 0]] = False
    gone = np.flatnonzero(is_gone)
    both = {
        name: np.concatenate([now[name].to_numpy(dtype=object), _blanks(len(gone))])
        for name in _READ
    }
    was = {
        name: np.concatenate([_taken(old[name], place), old[name].to_numpy(dtype=object)[gone]])
        for name in _READ
    }
    for name in ("child_id", "caseworker_id"):
        both[name][len(now) :] = was[name][len(now) :]
    opened, closed = _opened_and_closed(was["concerns"], both["concerns"], ranking.codes)
    changed = (opened != "") | (closed != "")
    for name in ("tier", "state", "due_on"):
        changed |= both[name] != was[name]
    moved = _moved(was["tier"], both["tier"])
    reasons = _reasons(before, ranking, software)
    reasons = [np.append(found, np.zeros(len(gone), bool)) for found in reasons]
    reasons[0] |= moved == "new"
    time_only = _time_alone(before, ranking, inputs)
    time_only = np.append(time_only, np.zeros(len(gone), bool))
    ended = (moved == "fell") | ((moved == "same") & (closed != "") & (opened == ""))
    why = _why(reasons, time_only, ended)
    frame = pd.DataFrame(
        {
            "child_id": both["child_id"],
            "caseworker_id": both["caseworker_id"],
            "tier_before": was["tier"],
            "tier": both["tier"],
            "state_before": was["state"],
            "state": both["state"],
            "due_before": was["due_on"],
            "due_on": both["due_on"],
            "opened": opened,
            "closed": closed,
            "why": why,
        },
        dtype=object,
    )[changed]
    for language in LANGUAGES:
        frame[f"why_{language}"] = _sentences(frame["why"].to_numpy(dtype=object), language)
    return Changes(frame[list(COLUMNS)], _since(before.as_of, moved[changed], frame["why"]))


def _now(ranking: Ranking) -> pd.DataFrame:
    frame = ranking.columns(*_READ).to_frame()
    number, days = pd.factorize(frame["due_on"].to_numpy(dtype="datetime64[s]"))  # they are few
    texts = days.astype("datetime64[D]").astype(str).tolist()
    frame["due_on"] = objects([*texts, ""])[number]
    return frame.astype(object).where(frame.notna(), "")


def _blanks(count: int) -> NDArray[np.object_]:
    return np.full(count, "", dtype=object)


def _taken(column: pd.Series, place: NDArray[np.int64]) -> NDArray[np.object_]:
    """The earlier value of each child of the new list, "" for one that is new."""
    values = np.append(column.to_numpy(dtype=object), "")
    return np.asarray(values[place], dtype=object)  # -1 takes the blank at the end


def _opened_and_closed(
    was: NDArray[np.object_], now: NDArray[np.object_], codes: Mapping[str, str]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Codes of concerns that only the new and only the earlier list has; few pairs are distinct."""
    (before_code, before_texts), (code, texts) = pd.factorize(was), pd.factorize(now)
    number, pairs = pd.factorize(before_code * len(texts) + code)
    known = {**{code: code for code in codes.values()}, **codes}
    found = []
    for place in pairs.tolist():
        sides = before_texts[place // len(texts)], texts[place % len(texts)]
        before, after = (
            {known.get(word, NOT_IN_PACK) for word in side.split(";") if word} for side in sides
        )
        found.append((";".join(sorted(after - before)), ";".join(sorted(before - after))))
    return (
        objects([one for one, _ in found])[number],
        objects([other for _, other in found])[number],
    )


def _moved(was: NDArray[np.object_], now: NDArray[np.object_]) -> NDArray[np.object_]:
    """new, gone, rose, fell or same."""
    order = {"": -1, **{tier: place for place, tier in enumerate(TIERS)}}
    before, after = (np.array([order.get(tier, -1) for tier in side]) for side in (was, now))
    moved = np.where(after < before, "rose", np.where(after > before, "fell", "same"))
    return np.where(before < 0, "new", np.where(after < 0, "gone", moved)).astype(object)


def _reasons(before: _Before, ranking: Ranking, software: str) -> list[BoolArray]:
    """Of each of REASONS the children of the new list whom it may have moved."""
    since = _listed_until(before.run)
    named = ("entered_at", "amended_at", "decided_at")
    found = [np.asarray(ranking.recency[name] > since, dtype=bool) for name in named]
    run = json.loads(json.dumps(vars(ranking.run)))  # as a file holds it
    same = all(run[name] == before.run.get(name) for name in _SETTINGS)
    same &= before.run.get("software", {}).get("carescreen") == software
    return [*found, np.full(len(ranking), not same)]


def _listed_until(run: Mapping[str, Any]) -> np.datetime64:
    """Up to when the earlier list can have known a thing: the end of its day, or when it was made."""
    end = np.datetime64(str(run["as_of"]), "D") + np.timedelta64(1, "D") - np.timedelta64(1, "s")
    try:
        made = datetime.fromisoformat(str(run.get("made_at"))).astimezone().replace(tzinfo=None)
    except ValueError:
        return end
    return min(end, np.datetime64(made, "s"))


def _time_alone(before: _Before, ranking: Ranking, inputs: Mapping[str, str]) -> BoolArray:
    """Children about whom nothing can have come in unseen, while a day or more passed."""
    if before.as_of == ranking.run.as_of:
        return np.zeros(len(ranking), dtype=bool)
    bits = sum(1 << bit for bit, name in enumerate(TABLES) if _differs(name, before.run, inputs))
    return np.asarray(ranking.recency["undated"] & bits == 0, dtype=bool)


def _differs(table: str, run: Mapping[str, Any], inputs: Mapping[str, str]) -> bool:
    """Whether a table's file is another than the earlier run's, or that cannot be told."""
    then, now = (
        {name: digest for name, digest in files.items() if Path(name).stem.casefold() == table}
        for files in (run.get("inputs") or {}, inputs)
    )
    if not then and not now:
        return run.get("inputs") != dict(inputs) or not inputs
    return then != now


def _why(reasons: list[BoolArray], time_only: BoolArray, ended: BoolArray) -> NDArray[np.object_]:
    number = sum(found.astype(np.int64) << bit for bit, found in enumerate(reasons))
    words = [
        ";".join(name for bit, name in enumerate(REASONS) if mask >> bit & 1)
        for mask in range(1 << len(REASONS))
    ]
    by_time = np.where(time_only, np.where(ended, WINDOW_OVER, OLDER), NOT_KNOWN)
    return np.where(number == 0, by_time, objects(words)[number]).astype(object)


def _sentences(why: NDArray[np.object_], language: str) -> NDArray[np.object_]:
    known = {words: reasons_words(words.split(";"), language) for words in set(why)}
    return objects([known[words] for words in why])


def _since(as_of: str, moved: NDArray[np.object_], why: pd.Series) -> Since:
    counts: dict[str, dict[str, int]] = {}
    for kind in KINDS:
        words = why[moved == kind].str.split(";").explode()
        if len(words):
            counts[kind] = {str(word): int(count) for word, count in words.value_counts().items()}
    return Since(as_of, {kind: int((moved == kind).sum()) for kind in counts}, counts)
