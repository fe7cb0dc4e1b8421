"""The questions of a programme manager, answered in plain sentences from what was measured.

Each sentence has its interval, or says that there is not enough evidence and how much more is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.group_words import sentence
from carescreen.evaluation.groupings import NO_NOTES, NOTE_LENGTH, THIRDS
from carescreen.evaluation.groups import PRIMARY
from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.report.amounts import Amount, count, decimal, hundredths, number
from carescreen.evaluation.report.content import BEFORE, Content, content_of_figures
from carescreen.evaluation.report.texts import name_of, say
from carescreen.evaluation.verdicts import FAIR, NOT_ENOUGH, UNFAIR, Comparison, Language

ALIKE = 0.05  # judgement: methods that find within 5 of 100 of each other are called about the same
FIT = (0.8, 1.25)  # judgement: slopes in which a list by probability changes little (4/5 to 5/4)
MOST_UNFAIR = 8  # further groups that the summary names; the table has all
_QUESTIONS = ("find", "better", "fair", "missed", "right", "next", "limits")

Row = Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """A question and the sentences that answer it."""

    key: str
    question: str
    sentences: tuple[str, ...]


def summary(content: Content, language: Language) -> tuple[Answer, ...]:
    """Every question with its answer."""
    answers = {
        "find": _find(content, language),
        "better": _better(content, language),
        "fair": _fair(content, language),
        "missed": _missed(content, language),
        "right": _right(content, language),
        "next": _next(content, language),
        "limits": _limits(content, language),
    }
    return tuple(
        Answer(key, say(f"ask_{key}", language), tuple(answers[key])) for key in _QUESTIONS
    )


def summary_lines(found: Evaluation, language: Language) -> Iterator[str]:
    """The answers for a terminal, inside the office."""
    content = content_of_figures(found)
    if content.leak[language]:
        yield content.leak[language]
    for answer in summary(content, language):
        yield answer.question
        yield from (f"  - {one}" for one in answer.sentences)


def lacking(row: Row, content: Content, language: Language) -> str:
    """Why a figure over all windows is not there, and how much more is needed.

    A figure can rest on fewer outcomes than there are: not every child has a probability.
    """
    if not row:
        return say("not_measured", language)
    if row.get("hidden"):
        return say("hidden", language)
    events = number(row.get("events"))
    values: dict[str, object] = {"events": count(events), "least": LEAST_EVENTS}
    if events < LEAST_EVENTS:
        return say("not_enough_events", language, more=count(LEAST_EVENTS - events), **values)
    more = missing_events(content)
    if more > 0:
        told = count(math.floor(content.effective_events))
        return say("not_enough_weight", language, told=told, more=count(more), **values)
    if math.isnan(more):
        return say("not_enough_shown", language, least=LEAST_EVENTS)
    return say("not_enough_others", language, least=LEAST_EVENTS)


def missing_events(content: Content) -> float:
    """How many more confirmed outcomes would do, if they count as those there are; NaN: not shown."""
    events, told = content.events, content.effective_events
    if events < LEAST_EVENTS:
        return LEAST_EVENTS - events
    return float(max(math.ceil(events * (LEAST_EVENTS / told - 1.0)), 0)) if told > 0 else math.nan


def interval_values(amount: Amount, signed: bool = False) -> dict[str, str]:
    """The values of a text about a share: value, low and high as so many of 100."""
    return {
        "value": hundredths(amount.value, signed),
        "low": hundredths(amount.low, signed),
        "high": hundredths(amount.high, signed),
    }


def _find(content: Content, language: Language) -> Iterator[str]:
    recall = content.figure("carescreen", "recall")
    amount = Amount.of(recall)
    if not amount.is_known:
        yield lacking(recall, content, language)
        return
    weighted = "_weighted" if content.is_weighted else ""
    rests = {name: count(number(recall[name])) for name in ("events", "judged")}
    values = {**interval_values(amount), **(rests if weighted else {})}
    yield say(f"find_recall{weighted}", language, capacity=content.capacity, **values)
    ends = number(recall.get("worst")), number(recall.get("best"))
    if ends[1] - ends[0] >= 0.005:
        yield say("find_ties", language, worst=hundredths(ends[0]), best=hundredths(ends[1]))
    for measure in ("precision", "auroc"):
        row = content.figure("carescreen", measure)
        own = Amount.of(row)
        if own.is_known:
            is_estimate = weighted and measure == "precision"
            values = {**interval_values(own), **(rests if is_estimate else {})}
            yield say(f"find_{measure}{weighted if is_estimate else ''}", language, **values)
        else:
            what = name_of("measure", measure, language)
            yield say("named", language, name=what, words=lacking(row, content, language))
    yield say("find_rests", language, **rests)


def _better(content: Content, language: Language) -> Iterator[str]:
    others = [name for name in content.methods if name != "carescreen"]
    before = [name for name in BEFORE[:2] if name in others and content.previous.is_before(name)]
    if content.previous.is_own:
        yield say("better_own", language, days=content.previous.own_days)
    if not before and (content.previous.is_own or not set(BEFORE[:2]) & set(others)):
        yield say("better_none", language)
    own = content.figure("carescreen", "recall")
    if not Amount.of(own).is_known:
        yield lacking(own, content, language)
        return
    if content.is_weighted:
        yield say("better_weighted", language)
    for against in sorted(others, key=lambda name: name not in before):
        row = content.difference(against, "recall")
        name = content.previous.name(against, language)
        words = content.previous.not_compared(against, language) or _beside(row, content, language)
        yield say("named", language, name=name, words=words)


def _beside(row: Row, content: Content, language: Language) -> str:
    amount = Amount.of(row)
    if not amount.is_known:
        return lacking(row, content, language)
    found = standing(amount)
    if found == "worse":
        amount = Amount(-amount.value, -amount.high, -amount.low)
    values = interval_values(amount, signed=found in ("alike", "unknown"))
    said = say(f"beside_{found}", language, **values)
    more = more_for(amount, number(row.get("events")))
    if found == "unknown":
        key = "beside_more" if more > 0 else "beside_near"
        said += say(key, language, more=count(more), points=hundredths(ALIKE))
    return said


def standing(difference: Amount) -> str:
    """better, worse, alike (within ALIKE) or unknown."""
    if not difference.has_interval:
        return "unknown"
    if difference.low > 0.0 or difference.high < 0.0:
        return "better" if difference.value > 0.0 else "worse"
    return "alike" if difference.low > -ALIKE and difference.high < ALIKE else "unknown"


def more_for(difference: Amount, events: float) -> float:
    """About how many more events bring the interval to ALIKE on either side.

    Its width goes with the square root of the number of events. 0: it is as narrow already.

    >>> more_for(Amount(0.02, -0.08, 0.12), 100.0)
    300.0
    """
    half = (difference.high - difference.low) / 2.0
    if math.isnan(half) or math.isnan(events):
        return 0.0
    return float(max(math.ceil(events * ((half / ALIKE) ** 2 - 1.0) - 1e-9), 0))


def comparisons_of(content: Content) -> list[Comparison]:
    """The comparisons of groups of which nothing was blanked."""
    if content.groups is None:
        return []
    names = [field.name for field in fields(Comparison)]
    shown = content.groups[~content.groups["hidden"].astype(bool)]
    return [
        Comparison(**{str(k): v for k, v in row.items()}) for row in shown[names].to_dict("records")
    ]


def names_in(language: Language, found: Comparison) -> dict[str, str]:
    """What the attribute and group of a comparison are called."""
    return {
        name: name_of(kind, name, language)
        for kind, name in (("attribute", found.attribute), ("group", found.group))
    }


def _fair(content: Content, language: Language) -> Iterator[str]:
    if content.groups is None:
        yield say("fair_none", language)
        return
    compared = comparisons_of(content)
    asked = [c for c in compared if _is_asked(c)]
    told = [c for c in asked if not math.isnan(c.difference)]
    for comparison in told:
        yield sentence(comparison, language, names_in(language, comparison))
    yield from _too_few([c for c in asked if c not in told], language)
    yield from _not_compared(content, {c.attribute for c in asked}, language)
    others = [c for c in compared if c not in asked]
    verdicts = {v: sum(c.verdict == v for c in others) for v in (FAIR, UNFAIR, NOT_ENOUGH)}
    yield say(
        "fair_others",
        language,
        total=count(len(others)),
        fair=count(verdicts[FAIR]),
        unfair=count(verdicts[UNFAIR]),
        unknown=count(verdicts[NOT_ENOUGH]),
    )
    for comparison in [c for c in others if c.verdict == UNFAIR][:MOST_UNFAIR]:
        yield sentence(comparison, language, names_in(language, comparison))


def _too_few(found: list[Comparison], language: Language) -> Iterator[str]:
    """Groups of which there are too few to compare, in one sentence with how many there are."""
    named = [
        say(
            "few_one",
            language,
            attribute=name_of("attribute", one.attribute, language),
            group=name_of("group", one.group, language),
            events=count(one.events),
            others=count(one.events_others),
        )
        for one in found
    ]
    if named:
        names = say("separator", language).join(named)
        yield say("few_to_compare", language, least=LEAST_EVENTS, names=names)


def _is_asked(found: Comparison) -> bool:
    """Whether the summary speaks of a group whatever was found."""
    if found.measure != "missed_need":
        return False
    writes_little = found.attribute == NOTE_LENGTH and found.group in (THIRDS[0], NO_NOTES)
    return found.family == "primary" or found.attribute in PRIMARY or writes_little


def _not_compared(content: Content, there: set[str], language: Language) -> Iterator[str]:
    """Attributes that the question asks about and that no sentence was about."""
    assert content.groups is not None
    every = set(content.groups["attribute"])
    for attribute in (*PRIMARY, NOTE_LENGTH):
        if attribute not in there:
            words = say(_why_not(attribute, attribute in every, content), language)
            name = name_of("attribute", attribute, language)
            yield say("named", language, name=name, words=words)


def _why_not(attribute: str, is_there: bool, content: Content) -> str:
    if attribute in content.left_out:
        return "fair_left_out"
    return "hidden" if is_there else "fair_unrecorded"


def _missed(content: Content, language: Language) -> Iterator[str]:
    if content.misses is None:
        yield say("missed_none", language)
        return
    yield from content.miss_words.get(language, ())


def _right(content: Content, language: Language) -> Iterator[str]:
    if not len(content.calibration):
        yield say("right_none", language)
        return
    row = content.calibrated("observed_over_expected")
    amount = Amount.of(row)
    if not amount.is_known:
        yield lacking(row, content, language)
        return
    key = "right_high" if amount.high < 1.0 else "right_low" if amount.low > 1.0 else "right_fit"
    yield say(key, language, **interval_values(amount))
    slope_row = content.calibrated("slope")
    slope = Amount.of(slope_row)
    if slope.is_known:
        ends = {name: decimal(getattr(slope, name)) for name in ("value", "low", "high")}
        yield say(f"right_slope_{slope_fit(slope)}", language, **ends)


def slope_fit(slope: Amount) -> str:
    """wide, narrow, fit (the whole interval is near 1) or unknown: not to exclude 1 is no fit."""
    if slope.high < 1.0:
        return "wide"
    if slope.low > 1.0:
        return "narrow"
    return "fit" if slope.low >= FIT[0] and slope.high <= FIT[1] else "unknown"


def _next(content: Content, language: Language) -> Iterator[str]:
    if content.is_synthetic:
        yield say("next_synthetic", language)
    more = missing_events(content)
    if more > 0:
        yield say("next_events", language, more=count(more))
    worse = [name for name in content.methods[1:] if _is_worse(content, name)]
    if worse:
        names = say("comma", language).join(content.previous.name(name, language) for name in worse)
        yield say("next_worse", language, names=names)
    compared = comparisons_of(content)
    if any(c.verdict == UNFAIR for c in compared):
        yield say("next_unfair", language)
    if any(c.verdict == NOT_ENOUGH and _is_asked(c) for c in compared):
        yield say("next_unknown", language)
    if content.misses is None:
        yield say("next_random", language)
    off = Amount.of(content.calibrated("observed_over_expected"))
    if off.low > 1.0 or off.high < 1.0:
        yield say("next_recalibrate", language)
    if len(content.rules) and content.rules["verdict"].isin(["never", "everyone"]).any():
        yield say("next_rules", language)
    yield say("next_blanks", language)
    yield say("next_watch", language)


def _is_worse(content: Content, against: str) -> bool:
    if content.previous.not_compared(against, "en"):
        return False
    return standing(Amount.of(content.difference(against, "recall"))) == "worse"


def _limits(content: Content, language: Language) -> Iterator[str]:
    for key in ("judged", "chosen", "outcome", "help", "elsewhere", "groups", "person"):
        yield say(f"limit_{key}", language)
    if content.is_synthetic:
        yield say("limit_synthetic", language)
