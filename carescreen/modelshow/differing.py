"""The difference of two models as lines of text, the largest change first."""

from __future__ import annotations

from collections.abc import Iterator

from carescreen.modeldiff import (
    Fact,
    FactChange,
    FeatureChange,
    Kind,
    LevelChange,
    ModelDifference,
    PhraseChange,
)
from carescreen.modelshow.lines import padded, wrapped
from carescreen.modelshow.texts import say, texts_of
from carescreen.modelshow.words import (
    cut_words,
    direction_words,
    level_words,
    title_words,
    weight_words,
)
from carescreen.review.reasons import columns, printable, shorten
from carescreen.steps import MICRO

NARROWEST, WIDEST = 60, 120
MOST_LEVELS = 24
MOST_PHRASES = 20
_SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
_DIGESTS = ("source_sha256", "card")
_CODED = ("number", "made_by")  # facts whose values are words of our own
_DIGEST_SHOWN = 12


def difference_lines(
    found: ModelDifference, language: str, width: int, everything: bool = False
) -> Iterator[str]:
    """What changed, in words; `everything` also prints every phrase that changed."""
    width = min(max(width, NARROWEST), WIDEST)
    yield say("diff_head", language, old=printable(found.old), new=printable(found.new))
    if found.same:
        yield say("diff_same", language)
        return
    yield from _summary(found, language, width)
    if not found.same_intercept:
        yield _change(say("intercept", language), *found.intercept, language)
    for feature in found.features:
        yield from _feature(feature, language, width, everything)
    yield from _phrases(found.phrases, language, width, everything)
    for fact in found.facts:
        yield from wrapped(f"~ {_fact(fact, language)}", width, "", "    ")


def _summary(found: ModelDifference, language: str, width: int) -> Iterator[str]:
    if found.same_scores:
        yield say("diff_same_scores", language)
        return
    if found.largest:
        feature = found.largest
        levels = [one for one in feature.levels if one.change == feature.most]
        most = {
            "change": weight_words(feature.most),
            "title": title_words(feature.name, feature.title, language),
            "level": level_words([one.level for one in levels], feature.cuts, language)[0],
        }
        yield from wrapped(say("diff_largest", language, **most), width)
    low, high = map(weight_words, found.reach)
    key = "diff_reach_phrases" if found.phrases else "diff_reach"
    yield from wrapped(say(key, language, low=low, high=high), width)


def _change(what: str, old: int, new: int, language: str) -> str:
    figures = {"old": old, "new": new, "change": new - old}
    words = {name: weight_words(value) for name, value in figures.items()}
    return "~ " + say("diff_change", language, what=what, **words)


def _feature(feature: FeatureChange, language: str, width: int, everything: bool) -> Iterator[str]:
    title = title_words(feature.name, feature.title, language)
    key = f"diff_feature_{feature.kind}"
    if feature.kind == "changed" and not feature.moved:
        key = "diff_feature_facts"
    most = weight_words(feature.most)
    yield from wrapped(say(key, language, title=title, most=most), width, "", "    ")
    yield from _levels(feature, language, width, everything)
    for fact in feature.facts:
        yield from wrapped(_fact(fact, language), width, "    ", "  ")


def _levels(feature: FeatureChange, language: str, width: int, everything: bool) -> Iterator[str]:
    moved = _moved(feature, language)
    shown = moved if everything else moved[:MOST_LEVELS]
    rows = [
        (words, weight_words(one.old), weight_words(one.new), f"({weight_words(one.change)})")
        for words, one in shown
    ]
    if not rows:
        return
    sizes = [max(len(row[place]) for row in rows) for place in (1, 2, 3)]
    room = max(width - 4 - sum(sizes) - 12, 12)
    most = min(max(columns(row[0]) for row in rows), room)
    for words, *figures in rows:
        old, new, change = (f.rjust(size) for f, size in zip(figures, sizes, strict=True))
        yield f"    {padded(shorten(words, most), most)}  {old} -> {new}  {change}"
    if len(shown) < len(moved):
        rest = say("levels_rest", language, count=f"{len(moved) - len(shown):,}")
        yield from wrapped(rest, width, "    ")


def _moved(feature: FeatureChange, language: str) -> list[tuple[str, LevelChange]]:
    """The levels that changed, in words: ranges in their order, words the largest change first."""
    # All are worded, since a category's unknown level is worded by its other levels.
    said = level_words([one.level for one in feature.levels], feature.cuts, language)
    moved = [pair for pair in zip(said, feature.levels, strict=True) if pair[1].change]
    if any(one.level.kind == "word" for one in feature.levels):
        moved.sort(key=lambda pair: -abs(pair[1].change))
    return moved


def _phrases(
    phrases: tuple[PhraseChange, ...], language: str, width: int, everything: bool
) -> Iterator[str]:
    if not phrases:
        return
    kinds = [one.kind for one in phrases]
    counts = {str(kind): f"{kinds.count(kind):,}" for kind in _SIGNS}
    yield say("diff_phrases", language, **counts)
    shown = phrases if everything else phrases[:MOST_PHRASES]
    texts = [shorten(printable(one.text), width // 3) for one in shown]
    most = max(map(columns, texts))
    for text, one in zip(texts, shown, strict=True):
        values = {
            "sign": _SIGNS[one.kind],
            "text": padded(text, most),
            "old": _or_none(one.old, language),
            "new": _or_none(one.new, language),
            "change": weight_words(one.change),
        }
        yield f"    {say('diff_phrase', language, **values)}"
    if len(shown) < len(phrases):
        more = say("phrases_more", language, count=f"{len(phrases) - len(shown):,}")
        yield from wrapped(say("phrases_all", language, more=more), width, "    ")


def _or_none(weight: int | None, language: str) -> str:
    return say("diff_none", language) if weight is None else weight_words(weight)


def _fact(fact: FactChange, language: str) -> str:
    stem, _, part = fact.what.partition(".")
    key = f"fact_{fact.what.replace('.', '_')}"
    name = {} if key in texts_of(language) or not part else {"name": printable(part)}
    known = f"fact_{stem}" if name else key
    what = say(known, language, **name) if known in texts_of(language) else printable(fact.what)
    old, new = (_value(fact.what, value, language) for value in (fact.old, fact.new))
    return say("diff_fact", language, what=what, old=old, new=new)


def _value(what: str, value: Fact, language: str) -> str:
    if value is None:
        return say("diff_none", language)
    if what == "monotone":
        return direction_words(int(value), language)
    if what in _CODED:
        return say(f"fact_{value}", language)
    if what in _DIGESTS:
        return str(value)[:_DIGEST_SHOWN]
    if what == "calibration.method":
        return say(f"method_{str(value).replace('+', '_')}", language)
    if what in ("spread", "phrase_cap"):
        return f"{float(value) / MICRO:.3f}"
    if isinstance(value, bool):
        return say("fact_yes" if value else "fact_no", language)
    if isinstance(value, int):
        return f"{value:,}"
    return cut_words([value])[0] if isinstance(value, float) else printable(value)
