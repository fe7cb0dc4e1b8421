"""Watch: is a list still made of the same kind of records, by the same rules, as it was?

`watch` compares two folders of `rank` of one county. An alarm is large enough to act on (`is_large`)
and, where a difference can be chance, hardly chance: adjusted for all comparisons made. Differing
versions of pack, model or reader come first, since then differences are expected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carescreen.errors import UsageError
from carescreen.evaluation.drift import holm
from carescreen.evaluation.watch_calibration import of_outcomes
from carescreen.evaluation.watch_lists import of_lists
from carescreen.evaluation.watch_measures import Measure, of_children
from carescreen.evaluation.watch_runs import WatchedRun, read_pair
from carescreen.evaluation.watch_settings import DEFAULTS, WatchSettings
from carescreen.evaluation.watch_weeks import Window, of_visits, windows

FORMAT = "carescreen-watch/1"
ALARM = 3  # exit code of `carescreen watch` where there is an alarm

# Kinds of comparison that share one part of the chance of a false alarm.
FAMILIES: tuple[tuple[str, ...], ...] = (
    ("unlisted", "needs_data", "question", "tier"),
    ("rule_open", "rule_unknown"),
    ("missing",),
    ("values", "score"),
    ("filled", "given"),
    ("seen", "noted", "length", "language", "visits"),
    ("mention",),
    tuple(
        f"{who}_{what}" for who in ("worker", "village") for what in ("noted", "length", "silent")
    ),
    ("drawn_seen",),
)
# What another version of these may change by itself.
HANGS_ON: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("rule_open", "rule_unknown", "question"), frozenset({"pack", "reader"})),
    "tier": frozenset({"pack", "reader", "model", "settings"}),
    "score": frozenset({"pack", "model"}),
    "calibration": frozenset({"pack", "model"}),
    "mention": frozenset({"pack", "reader"}),
    "random": frozenset({"settings"}),
    **dict.fromkeys(("values", "missing", "rejected"), frozenset({"pack"})),
}


@dataclass(frozen=True)
class Difference:
    """Something that the runs were made with and that differs: pack, model, reader, settings, carescreen.

    `names` are the rules or settings that differ, where they are known; `is_alarm` where nothing
    says that it was meant: a pack was edited and its version is the same.
    """

    what: str
    old: str
    new: str
    names: tuple[str, ...] = ()
    is_alarm: bool = False


@dataclass(frozen=True)
class Alarm:
    """A measure to act on.

    is_expected  a version that differs may explain it alone
    is_standing  the old run showed it already, by its own weeks: said again, but no new alarm
    """

    measure: Measure
    is_expected: bool
    is_standing: bool = False


@dataclass(frozen=True)
class Watch:
    """What comparing two runs gave.

    differences  of versions, said first
    alarms       the surest first
    measures     everything that was compared, its chance adjusted for the number of comparisons
    notices      what could not be compared, or a reader must know: keys of `watch_words`, with values
    """

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    differences: tuple[Difference, ...]
    alarms: tuple[Alarm, ...]
    measures: tuple[Measure, ...]
    notices: tuple[tuple[str, Mapping[str, Any]], ...]
    settings: WatchSettings

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to act on."""
        is_new = any(not one.is_standing for one in self.alarms)
        return not is_new and not any(one.is_alarm for one in self.differences)

    @property
    def exit_code(self) -> int:
        """0 where there is nothing to act on, else 3."""
        return 0 if self.is_quiet else ALARM

    def frame(self) -> pd.DataFrame:
        """Everything that was compared, one row a measure, with the fields of `Measure`."""
        return pd.DataFrame([asdict(measure) for measure in self.measures])


def watch(
    old: Path | str,
    new: Path | str,
    outcomes: pd.DataFrame | None = None,
    settings: WatchSettings = DEFAULTS,
) -> Watch:
    """Compare two folders of `rank` of one county, the older first.

    outcomes  the county's outcomes table (child_id, outcome_date, result), for calibration

    UsageError where a folder is no run, the order is wrong, or they are of different counties.
    """
    before, after = read_pair(Path(old), Path(new))
    days = (after.as_of - before.as_of).days
    differences = tuple(_differences(before, after))
    weekly, enough = of_visits(before.profile, after.profile, windows(days), settings)
    found = [*of_children(before.profile, after.profile, settings), *weekly]
    found = _adjusted([*found, *of_lists(before, after, settings)])
    notices = list(_notices(before, after, enough))
    if outcomes is not None:
        measures, notice = _calibration(before, after, outcomes, settings)
        found += measures
        notices += notice
    alarms = _alarms(found, differences, settings)
    standing = _standing(before, settings)
    return Watch(
        _head(before),
        _head(after),
        differences,
        tuple(replace(one, is_standing=_what(one.measure) in standing) for one in alarms),
        tuple(found),
        tuple(notices),
        settings,
    )


def _standing(old: WatchedRun, settings: WatchSettings) -> set[tuple[str, str, str]]:
    """What the old run's newest weeks showed already against the weeks before them."""
    alone = [Window(window.newest, window.newest) for window in windows(7)]
    weekly, _ = of_visits(old.profile, old.profile, alone, settings)
    return {_what(one.measure) for one in _alarms(_adjusted(weekly), (), settings)}


def _what(measure: Measure) -> tuple[str, str, str]:
    return measure.kind, measure.name, "" if math.isfinite(measure.size) else measure.part


def _adjusted(measures: Sequence[Measure]) -> list[Measure]:
    """Chances adjusted: by Holm within a family, and for the number of families."""
    found = list(measures)
    for family in FAMILIES:
        own = [place for place, one in enumerate(found) if one.kind in family]
        if own:
            chances = holm(np.array([found[place].chance for place in own])) * len(FAMILIES)
            for place, chance in zip(own, chances.tolist(), strict=True):
                found[place] = replace(found[place], chance=min(chance, 1.0))
    return found


def _alarms(
    measures: Sequence[Measure], differences: Sequence[Difference], settings: WatchSettings
) -> list[Alarm]:
    """Large ones that are hardly chance or need no chance, unexpected and surest first."""
    changed = {one.what for one in differences}
    alarms = [
        Alarm(one, bool(HANGS_ON.get(one.kind, frozenset()) & changed))
        for one in measures
        if one.is_large
        and one.name not in settings.ignore
        and (math.isnan(one.chance) or one.chance <= settings.false_alarms)
    ]
    return sorted(
        _told_once(alarms),
        key=lambda one: (
            one.is_expected,
            0.0 if math.isnan(one.measure.chance) else one.measure.chance,
            one.measure.kind,
            one.measure.name,
            one.measure.part,
        ),
    )


def _told_once(alarms: Sequence[Alarm]) -> Iterator[Alarm]:
    """Without what another alarm already says of the same village, worker or column."""
    silent = {one.measure.name for one in alarms if one.measure.kind.endswith("_silent")}
    lost = {one.measure.name for one in alarms if one.measure.kind == "filled"}
    for one in alarms:
        of_silent = one.measure.kind.endswith(("_noted", "_length")) and one.measure.name in silent
        of_lost = one.measure.kind == "given" and one.measure.name in lost
        if not (of_silent or of_lost):
            yield one


def _differences(old: WatchedRun, new: WatchedRun) -> Iterator[Difference]:
    pack, other = old.run["pack"], new.run["pack"]
    if pack["digest"] != other["digest"]:
        silent = (pack["id"], pack["version"]) == (other["id"], other["version"])
        rules = _rules_changed(old, new)
        yield Difference("pack", _pack_words(pack), _pack_words(other), rules, is_alarm=silent)
    model, second = old.run["model"], new.run["model"]
    if model["digest"] != second["digest"]:
        yield Difference("model", _model_words(model), _model_words(second))
    if model["reader"] != second["reader"]:
        yield Difference("reader", str(model["reader"])[:8], str(second["reader"])[:8])
    settings, others = old.run["settings"], new.run["settings"]
    every = sorted({*settings, *others})
    names = tuple(name for name in every if settings.get(name) != others.get(name))
    if names:
        said, now = (_settings_words(one, names) for one in (settings, others))
        yield Difference("settings", said, now, names)
    before, after = (str(side.run.get("software", {}).get("carescreen")) for side in (old, new))
    if before != after:
        yield Difference("carescreen", before, after)


def _pack_words(pack: Mapping[str, Any]) -> str:
    return f"{pack['id']} {pack['version']} ({pack['digest'][:8]})"


def _model_words(model: Mapping[str, Any]) -> str:
    return f"{model['name']} ({model['digest'][:8]})"


def _settings_words(settings: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name}={settings.get(name)}" for name in names)


def _rules_changed(old: WatchedRun, new: WatchedRun) -> tuple[str, ...]:
    """+ added, - removed, ~ edited."""
    before, after = old.profile["rules"], new.profile["rules"]
    added = [f"+{name}" for name in after if name not in before]
    gone = [f"-{name}" for name in before if name not in after]
    edited = [
        f"~{name}"
        for name in after
        if name in before and before[name]["digest"] != after[name]["digest"]
    ]
    return (*sorted(edited), *sorted(added), *sorted(gone))


def _notices(
    old: WatchedRun, new: WatchedRun, enough: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if old.run.get("inputs") and old.run["inputs"] == new.run.get("inputs"):
        yield "same_tables", {}
    if not enough:
        yield "few_weeks", {}


def _calibration(
    old: WatchedRun, new: WatchedRun, outcomes: pd.DataFrame, settings: WatchSettings
) -> tuple[list[Measure], list[tuple[str, Mapping[str, Any]]]]:
    lacking = [name for name in ("child_id", "outcome_date", "result") if name not in outcomes]
    if lacking:
        raise UsageError(f"outcomes have no column {lacking[0]}")
    if old.children["probability"].isna().all():
        return [], [("not_calibrated", {})]
    found, events = of_outcomes(old, new, outcomes, settings)
    if found:
        values = {"ratio": found[0].new, "low": found[0].low, "high": found[0].high}
        return found, [("calibration", {**values, "events": events})]
    return [], [("few_events", {"events": events, "least": settings.least_events})]


def _head(side: WatchedRun) -> dict[str, Any]:
    return {
        "as_of": str(side.as_of),
        "run_id": side.run["run_id"],
        "children": len(side.children),
        "pack": side.run["pack"]["id"],
        "synthetic": bool(side.run["synthetic"]),
    }
