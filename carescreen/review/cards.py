"""One child as the page shows it: every text in both languages, ready for the template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carescreen.review import wording
from carescreen.review.reading import (
    Quote,
    Record,
    contributions,
    days_overdue,
    display_code,
    doorstep,
    entries,
    other_mentions,
    quote_of,
)
from carescreen.review.reasons import (
    closed_words,
    neutral_line,
    note_of,
    nothing_recorded,
    read_today,
    sensitive_questions,
)
from carescreen.review.texts import LANGUAGES, Texts, both, both_counted, day, pick, text

SHOWN_FACTORS = 8
SHOWN_MENTIONS = 12
BAR_HALF = 96  # half the width of a bar drawing of 200 units, less a margin
LONG_QUOTE = 400  # characters from which a quote gets its own scroll box


@dataclass(frozen=True)
class Evidence:
    """One recorded value (`value` set) or one mention in a note (`status` set)."""

    title: Texts
    when: Texts
    visit: str
    value: Texts | None = None
    status: Texts | None = None
    quote: Quote | None = None
    long: bool = False
    remarks: tuple[Texts, ...] = ()


@dataclass(frozen=True)
class Concern:
    """A concern, an entitlement or a piece of advice."""

    title: Texts
    code: str
    act: Texts | None
    read_today: Texts | None
    laws: tuple[Texts, ...]
    remarks: tuple[Texts, ...]
    evidence: tuple[Evidence, ...]
    withheld: bool


@dataclass(frozen=True)
class Factor:
    """One bar: signed points, drawn right of the middle if it raises, left of it if it lowers."""

    title: Texts
    value: Texts | None
    points: str
    raises: bool
    left: int
    width: int


@dataclass(frozen=True)
class Card:
    """One child of the list; `number` is its place in its group."""

    number: int
    child_id: str
    village: str
    household: str
    tier: str
    tier_words: Texts
    late: int
    due: Texts
    late_words: Texts | None
    facts: tuple[tuple[Texts, Texts], ...]
    summary: tuple[Texts, ...]
    tags: tuple[Texts, ...]
    same_household: str
    needs_data: tuple[Texts, ...]
    concerns: tuple[Concern, ...]
    score: str
    start: str
    chance: Texts | None
    factors: tuple[Factor, ...]
    questions: tuple[tuple[Texts, Texts | None], ...]
    question_notes: tuple[Texts, ...]
    mentions: tuple[Evidence, ...]
    mention_notes: tuple[Texts, ...]
    entitlements: tuple[Concern, ...]
    advice: tuple[Concern, ...]
    closed: tuple[Texts, ...]
    neutral: Texts


def card(record: Record, number: int, as_of: date | None, same_household: Sequence[str]) -> Card:
    """A card from a record that the list may show; `same_household` are ids also on this list."""
    late = days_overdue(record, as_of)
    asked, notes = _questions(record)
    mentions, mention_notes = _mentions(record)
    return Card(
        number=number,
        child_id=str(record["child_id"]),
        village=str(record.get("village_id") or ""),
        household=str(record.get("household_id") or ""),
        tier=str(record["tier"]),
        tier_words=both(f"tier_{record['tier']}"),
        late=late,
        due=_each(lambda language: wording.due(record, language)),
        late_words=both_counted("overdue_days", late) if late else None,
        facts=tuple(_facts(record)),
        summary=_summary(record),
        tags=tuple(_tags(record)),
        same_household="、".join(same_household),
        needs_data=_needs_data(record),
        concerns=tuple(_concern(entry) for entry in entries(record, "concerns")),
        score="" if record.get("score") is None else wording.score(record["score"]),
        start=wording.points(float(record.get("intercept") or 0.0)),
        chance=_optional(lambda language: wording.chance(record, language)),
        factors=tuple(_factors(contributions(record))),
        questions=asked,
        question_notes=notes,
        mentions=mentions,
        mention_notes=mention_notes,
        entitlements=tuple(_concern(entry) for entry in entries(record, "entitlements")),
        advice=tuple(_concern(entry) for entry in entries(record, "advice")),
        closed=tuple(_closed(entry) for entry in entries(record, "closed_concerns")),
        neutral=_each(lambda language: neutral_line(record, language)),
    )


def _each(write: Callable[[str], str]) -> Texts:
    return {language: write(language) for language in LANGUAGES}


def _optional(write: Callable[[str], str]) -> Texts | None:
    words = _each(write)
    return words if any(words.values()) else None


def _same(words: str) -> Texts:
    return dict.fromkeys(LANGUAGES, words)


def _picked(texts: Texts | str | None) -> Texts:
    return _each(lambda language: pick(texts, language))


def _facts(record: Record) -> Iterable[tuple[Texts, Texts]]:
    if record.get("village_id"):
        yield both("village"), _same(str(record["village_id"]))
    if record.get("household_id"):
        yield both("household"), _same(str(record["household_id"]))
    if record.get("age_years") is not None:
        yield both("age"), both_counted("age_years", int(record["age_years"]))
    yield both("last_seen"), _each(lambda language: wording.days_since_seen(record, language))
    if (record.get("state") or "new") != "new":
        yield both("state"), both(f"state_{record['state']}")


def _summary(record: Record) -> tuple[Texts, ...]:
    raised = _optional(lambda language: wording.raised(record, language))
    titles = [_picked(concern["title"]) for concern in entries(record, "concerns")]
    if raised:
        titles.insert(0, raised)
    if titles:
        return tuple({words["en"]: words for words in titles}.values())
    return (_each(lambda language: nothing_recorded(record, language)),)


def _tags(record: Record) -> Iterable[Texts]:
    if any(concern.get("note_alone") for concern in entries(record, "concerns")):
        yield both("read_today_tag")
    if record.get("needs_data"):
        yield both("needs_data_tag")
    if record.get("just_below"):
        yield both("just_below_tag")
    elif record.get("within_capacity") is False and record.get("state") != "backlog":
        yield both("outside_tag")


def _needs_data(record: Record) -> tuple[Texts, ...]:
    if not record.get("needs_data"):
        return ()
    columns = {language: wording.needs_data(record, language) for language in LANGUAGES}
    pairs = zip(*columns.values(), strict=True)
    return tuple(dict(zip(columns, pair, strict=True)) for pair in pairs)


def _concern(entry: Record) -> Concern:
    evidence = tuple(_evidence(item) for item in entries(entry, "evidence"))
    read = _optional(lambda language: read_today(entry, language))
    return Concern(
        title=_picked(entry["title"]),
        code=display_code(entry),
        act=_picked(entry["act"]) if entry.get("act") and read is None else None,
        read_today=read,
        laws=tuple(_laws(entry)),
        remarks=(both("threshold_ours"),) if entry.get("threshold_by") == "programme" else (),
        evidence=evidence,
        withheld="act" not in entry and not evidence,
    )


def _laws(entry: Record) -> Iterable[Texts]:
    for source in entries(entry, "source"):
        yield law_words(source)


def law_words(source: Record) -> Texts:
    """Law and article, and that nobody has checked the citation yet where that is so."""
    return _each(lambda language: _law(source, language))


def _law(source: Record, language: str) -> str:
    cited = wording.article(source, language)
    if source.get("verified"):
        return cited
    remark = text("unchecked_source", language)
    return f"{cited} ({remark})" if language == "en" else f"{cited}（{remark}）"


def _evidence(item: Record) -> Evidence:
    if not item.get("concept"):
        return Evidence(
            title=_picked(item.get("title")),
            when=_each(lambda language: _recorded(item, language)),
            visit=str(item.get("visit_id") or ""),
            value=_each(lambda language: wording.value_words(item, language)),
        )
    return Evidence(
        title=_picked(item.get("title")),
        when=_each(lambda language: note_of(item, language)),
        visit=str(item.get("visit_id") or ""),
        status=both(f"status_{item['status']}"),
        quote=quote_of(item),
        long=len(str(item.get("clause") or item.get("quote") or "")) > LONG_QUOTE,
        remarks=tuple(_mention_remarks(item)),
    )


def _recorded(item: Record, language: str) -> str:
    if not item.get("date"):
        return text("recorded_undated", language)
    key = "worked_out_on" if item.get("table") == "derived" else "recorded_on"
    return text(key, language, date=day(item["date"], language))


def _mention_remarks(item: Record) -> Iterable[Texts]:
    if item.get("found_by") == "learned":
        yield both("likely_match")
    if item.get("other_child"):
        yield both("from_other_child")
    if item.get("polarity") == "protective":
        yield both("polarity_protective")


def _factors(moved: Sequence[Record]) -> Iterable[Factor]:
    longest = max((abs(entry["points"]) for entry in moved), default=1.0)
    for entry in moved[:SHOWN_FACTORS]:
        yield _factor(_picked(entry["title"]), _factor_value(entry), entry["points"], longest)
    rest = moved[SHOWN_FACTORS:]
    if rest:
        total = sum(entry["points"] for entry in rest)
        yield _factor(both_counted("score_rest", len(rest)), None, total, longest)


def _factor_value(entry: Record) -> Texts | None:
    return _optional(lambda language: wording.plain_value(entry.get("value"), language))


def _factor(title: Texts, value: Texts | None, points: float, longest: float) -> Factor:
    width = max(min(round(BAR_HALF * abs(points) / longest), BAR_HALF), 1)
    left = 100 if points > 0 else 100 - width
    return Factor(title, value, wording.points(points), points > 0, left, width)


def _questions(
    record: Record,
) -> tuple[tuple[tuple[Texts, Texts | None], ...], tuple[Texts, ...]]:
    step = doorstep(record)
    asked = tuple(
        (_picked(q["question"]), both(f"why_{q['why']}") if q.get("why") else None)
        for q in step.asked
    )
    notes: list[Texts] = []
    if step.waiting:
        notes.append(both_counted("more_questions", step.waiting))
    if step.sensitive_codes:
        notes.append(_each(lambda language: sensitive_questions(step.sensitive_codes, language)))
    return asked, tuple(notes)


def _mentions(record: Record) -> tuple[tuple[Evidence, ...], tuple[Texts, ...]]:
    rest = other_mentions(record)
    notes: list[Texts] = []
    if len(rest) > SHOWN_MENTIONS:
        notes.append(both_counted("more_mentions", len(rest) - SHOWN_MENTIONS))
    if record.get("sensitive_mentions"):
        notes.append(both_counted("sensitive_mentions", int(record["sensitive_mentions"])))
    shown = []
    for item in rest[:SHOWN_MENTIONS]:
        found = _evidence(item)
        counts = both("counts_yes" if item.get("held") else "counts_no")
        shown.append(replace(found, remarks=(counts, *found.remarks)))
    return tuple(shown), tuple(notes)


def _closed(entry: Record) -> Texts:
    return _each(lambda language: closed_words(entry, language))


def laws_cited(records: Iterable[Record]) -> list[tuple[Texts, str]]:
    """Each law and article of the records' concerns once, with its address as text, by law."""
    found: dict[tuple[str, str], tuple[Texts, str]] = {}
    for record in records:
        for key in ("concerns", "entitlements", "advice"):
            for concern in entries(record, key):
                for source in entries(concern, "source"):
                    name = (pick(source.get("law"), "zh"), str(source.get("article") or ""))
                    found.setdefault(name, (law_words(source), str(source.get("url") or "")))
    return [found[name] for name in sorted(found)]
