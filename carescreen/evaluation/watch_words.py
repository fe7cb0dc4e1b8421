"""What `watch` found in words, Chinese or English: each alarm with its numbers and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from carescreen.errors import PackError
from carescreen.evaluation.watch import FORMAT, Alarm, Difference, Watch
from carescreen.evaluation.watch_measures import Measure
from carescreen.review.texts import LANGUAGES, text
from carescreen.rules import RulePack
from carescreen.yamlfile import read_yaml

_PLAIN = frozenset({"visits", "random", "rejected", "vanished", "appeared", "village_lost"})
_CHARACTERS = frozenset({"worker_length", "village_length", "length"})
_MOST_NAMES = 8
_MOST_LETTERS = {"zh": 24, "en": 48}


@dataclass(frozen=True)
class Titles:
    """Titles of rules, indicators and concepts by id; ids stand for what has none."""

    by_language: Mapping[str, Mapping[str, str]]

    @classmethod
    def of_pack(cls, pack: str | Path) -> Titles:
        """Titles of a pack, none where there is no such pack: what is named then is an id."""
        try:
            rules = RulePack.load(pack)
        except PackError:
            return cls({language: {} for language in LANGUAGES})
        every = {rule.id: rule.title for rule in rules.rules}
        every |= {name: one.title for name, one in rules.concepts.items()}
        every |= {name: one.title for name, one in rules.indicators.items()}
        return cls(
            {
                language: {name: str(title[language]) for name, title in every.items()}
                for language in LANGUAGES
            }
        )

    def of(self, name: str, language: str) -> str:
        """A title with its id; of something coded that it is sensitive."""
        if name.startswith("S-"):
            return say("sensitive_name", language, name=name)
        title = self.by_language[language].get(name)
        return f"{title} ({name})" if title else name

    def short(self, name: str, language: str) -> str:
        """A title alone, cut to fit a table; the id where there is none."""
        title = self.by_language[language].get(name, name)
        most = _MOST_LETTERS[language]
        return title if len(title) <= most else f"{title[: most - 1]}…"


def lines(found: Watch, titles: Titles, language: str) -> list[str]:
    """What the terminal shows."""
    days = (date.fromisoformat(found.new["as_of"]) - date.fromisoformat(found.old["as_of"])).days
    head = say(
        "head",
        language,
        old_day=found.old["as_of"],
        new_day=found.new["as_of"],
        days=days,
        old_children=f"{found.old['children']:,}",
        new_children=f"{found.new['children']:,}",
        pack=found.new["pack"],
    )
    said = [say("synthetic", language, head=head) if found.new["synthetic"] else head]
    if found.differences:
        said += [say("differs", language)]
        said += [f"  - {difference_words(one, language)}" for one in found.differences]
    said += list(_alarm_lines(found, titles, language))
    said += [f"- {notice_words(key, values, language)}" for key, values in found.notices]
    return said


def _alarm_lines(found: Watch, titles: Titles, language: str) -> Iterator[str]:
    compared = f"{len(found.measures):,}"
    new = [one for one in found.alarms if not one.is_standing and not one.is_expected]
    if new:
        form = "alarms_one" if len(new) == 1 else "alarms_other"
        yield say(form, language, count=len(new), compared=compared)
        yield from _numbered(new, titles, language)
    elif found.is_quiet:
        yield say("quiet", language, compared=compared)
    for key in ("expected", "standing"):
        others = [one for one in found.alarms if getattr(one, f"is_{key}") and one not in new]
        if key == "expected":
            others = [one for one in others if not one.is_standing]
        if others:
            yield say(key, language, count=len(others))
            yield from _numbered(others, titles, language)


def _numbered(alarms: Sequence[Alarm], titles: Titles, language: str) -> Iterator[str]:
    for number, alarm in enumerate(alarms, start=1):
        finding, how, act = alarm_words(alarm, titles, language)
        yield f"  {number}. {finding}"
        if how:
            yield f"     {how}"
        yield f"     {say('act', language, act=act)}"


def alarm_words(alarm: Alarm, titles: Titles, language: str) -> tuple[str, str, str]:
    """(what was found, compared how and how sure, what to do) of an alarm."""
    one = alarm.measure
    return (
        say(f"say_{one.kind}", language, **_values(one, titles, language)),
        _how(one, language),
        _act(one, language),
    )


def difference_words(one: Difference, language: str) -> str:
    """What differs between how the runs were made."""
    named = ""
    if one.what == "pack" and one.names:
        shown = ", ".join(one.names[:_MOST_NAMES])
        left = len(one.names) - _MOST_NAMES
        shown += say("more", language, count=left) if left > 0 else ""
        named = say("rules_named", language, names=shown)
    key = f"differs_{one.what}{'_silent' if one.is_alarm else ''}"
    return say(key, language, old=one.old, new=one.new, names=named)


def notice_words(key: str, values: Mapping[str, Any], language: str) -> str:
    """A notice; numbers with decimals are rounded to two."""
    said = {name: f"{one:.2f}" if isinstance(one, float) else one for name, one in values.items()}
    return say("calibration_said" if key == "calibration" else key, language, **said)


def to_json(found: Watch, titles: Titles) -> dict[str, Any]:
    """Everything, for programs: missing numbers are null. Stays in the office."""
    return {
        "format": FORMAT,
        "old": dict(found.old),
        "new": dict(found.new),
        "quiet": found.is_quiet,
        "differences": [
            {**asdict(one), "words": _both(lambda name, one=one: difference_words(one, name))}
            for one in found.differences
        ],
        "alarms": [_alarm_json(one, titles) for one in found.alarms],
        "notices": [
            {
                "key": key,
                **values,
                "words": _both(lambda name, k=key, v=values: notice_words(k, v, name)),
            }
            for key, values in found.notices
        ],
        "measures": [_plain(asdict(one)) for one in found.measures],
        "settings": found.settings.model_dump(mode="json"),
    }


def _alarm_json(alarm: Alarm, titles: Titles) -> dict[str, Any]:
    words = {language: alarm_words(alarm, titles, language) for language in LANGUAGES}
    parts = {"finding": 0, "how": 1, "act": 2}
    return {
        **_plain(asdict(alarm.measure)),
        "is_expected": alarm.is_expected,
        "is_standing": alarm.is_standing,
        **{
            name: {lang: said[place] for lang, said in words.items()}
            for name, place in parts.items()
        },
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(one, float) and not math.isfinite(one) else one
        for name, one in values.items()
    }


def _both(words: Any) -> dict[str, str]:
    return {language: words(language) for language in LANGUAGES}


@cache
def _texts(language: str) -> Mapping[str, str]:
    data = read_yaml(Path(__file__).parent / f"watch_texts.{language}.yaml").data
    return {str(key): str(value).strip() for key, value in data.items()}


def say(key: str, language: str, **values: object) -> str:
    """One text, its {names} filled in; a value is never read as a template."""
    return _texts(language)[key].format(**values)


def _values(one: Measure, titles: Titles, language: str) -> dict[str, str]:
    """What a text may name of a measure."""
    name = (
        text(f"tier_{one.name}", language) if one.kind == "tier" else titles.of(one.name, language)
    )
    part = text(f"status_{one.part}", language) if one.kind == "mention" else one.part
    if one.kind in ("values", "given", "language") and part:
        part = f"{part} "
    return {
        "name": name,
        "part": part,
        "old": _figure(one, one.old),
        "new": _figure(one, one.new),
        "of_old": _count(one.of_old),
        "of_new": _count(one.of_new),
        "weeks": str(one.weeks),
        "size": f"{one.size:.2f}",
        "apart": f"{one.apart:.2f}",
        "low": f"{one.low:.2f}",
        "high": f"{one.high:.2f}",
    }


def _figure(one: Measure, value: float) -> str:
    if one.kind in _PLAIN or one.kind in _CHARACTERS or one.kind.endswith("_silent"):
        return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
    if one.kind == "calibration" or (math.isfinite(one.size) and not one.part):
        return f"{value:.3g}"
    digits = 1 if min(one.old, one.new) < 0.1 else 0
    return f"{value * 100:.{digits}f} %"


def _count(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.0f}"


def _how(one: Measure, language: str) -> str:
    parts = []
    if one.weeks and not one.kind.endswith("_silent"):
        single, several = say("since", language, weeks=one.weeks).split("|")
        parts.append(single if one.weeks == 1 else several)
    if not math.isnan(one.chance):
        parts.append(say("sure", language, chance=_chance(one.chance, language)))
    return "; ".join(parts) if language == "en" else "；".join(parts)


def _chance(chance: float, language: str) -> str:
    if chance >= 0.01:
        return say("in_hundred", language, count=math.ceil(chance * 100))
    below = 10 ** min(int(-math.log10(max(chance, 1e-12))), 6)
    return say("less_than", language, count=f"{below:,}")


def _act(one: Measure, language: str) -> str:
    """What to do; where numbers are whole powers of ten larger or smaller, that a unit may differ."""
    if one.kind in ("values", "given") and not one.part and one.old > 0 and one.new > 0:
        power = math.log10(one.new / one.old)
        if abs(power) >= 1 and abs(power - round(power)) <= 0.2:
            way = say("larger" if power > 0 else "smaller", language)
            return say("unit", language, times=f"{10 ** abs(round(power)):,}", way=way)
    return say(f"do_{one.kind}", language)
