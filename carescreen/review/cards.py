"""One child as the page shows it: every text in both languages, ready for the template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carescreen.review import wording
from carescreen.review.disputes import (
    Said,
    conflict_words,
    dispute_tags,
    has_open_dispute,
    said_otherwise,
    waiting_words,
)
from carescreen.review.earlier import past_places
from carescreen.review.listing import SUPERVISORS
from carescreen.review.people import lines_of, tags_of
from carescreen.review.reading import (
    Quote,
    Record,
    days_overdue,
    display_code,
    doorstep,
    entries,
    is_hidden,
    other_mentions,
    quote_of,
    shown_concerns,
)
from carescreen.review.reasons import (
    amended_since,
    closed_words,
    neutral_line,
    note_of,
    nothing_recorded,
    read_today,
    read_today_tag,
    sensitive_questions,
)
from carescreen.review.scoring import Factor, folded, shown_score
from carescreen.review.texts import LANGUAGES, Texts, both, both_counted, day, pick, text
from carescreen.review.told import Line, has_visits, lines_told

SHOWN_FACTORS = 8
SHOWN_MENTIONS = 12
BAR_HALF = 96  # half the width of a bar drawing of 200 units, less a margin
LONG_QUOTE = 400  # characters from which a quote gets its own scroll box


SourceKey = tuple[str, str]


@dataclass(frozen=True)
class Setting:
    """What the cards of a page share: its date, its households' children.

    for_supervisor  lets in what a visitor's page never shows: conflicts of interest
    """

    as_of: date | None
    households: Mapping[str, Sequence[str]]
    for_supervisor: bool = False


@dataclass(frozen=True)
class Evidence:
    """One recorded value (`value` set) or one mention in a note (`status` set).

    `concept` is set where the mention counts, so that whoever knows better can say it was misread.
    """

    title: Texts
    when: Texts
    visit: str
    value: Texts | None = None
    status: Texts | None = None
    quote: Quote | None = None
    long: bool = False
    remarks: tuple[Texts, ...] = ()
    concept: str = ""


@dataclass(frozen=True)
class Concern:
    """A concern, an entitlement or a piece of advice; `sources` are numbers of the page's list.

    `closes` names what a person can close here, each as "rule/code/tier" (the code for the rule
    where the file may not name it), with blanks between; empty for what is no concern.
    """

    title: Texts
    code: str
    act: Texts | None
    read_today: Texts | None
    sources: tuple[str, ...]
    remarks: tuple[Texts, ...]
    evidence: tuple[Evidence, ...]
    withheld: bool
    closes: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar: signed points, drawn right of the middle if it raises, left of it if it lowers."""

    title: Texts
    value: Texts | None
    points: str
    raises: bool
    left: int
    width: int


@dataclass(frozen=True)
class Card:
    """One child of the list; `place` is its place in its group, as "1/25"."""

    place: str
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
    factors: tuple[Bar, ...]
    questions: tuple[tuple[Texts, Texts | None], ...]
    question_notes: tuple[Texts, ...]
    mentions: tuple[Evidence, ...]
    mention_notes: tuple[Texts, ...]
    entitlements: tuple[Concern, ...]
    advice: tuple[Concern, ...]
    closed: tuple[Texts, ...]
    visits: tuple[tuple[Texts, Texts, str], ...]
    neutral: Texts
    waiting: Texts | None
    disputes: tuple[Said, ...]
    conflicts: tuple[Texts, ...]
    has: str  # what some choices of the form are offered for: "dispute", "conflict"
    people: tuple[Texts, ...] = ()
    told: tuple[Line, ...] = ()
    told_visits: bool = False  # whether a visit is among what was told


def card(record: Record, place: str, setting: Setting, sources: Mapping[SourceKey, str]) -> Card:
    """A card from a record that the list may show; `sources` is what stands for each source there."""
    late = days_overdue(record, setting.as_of)
    asked, notes = _questions(record)
    mentions, mention_notes = _mentions(record)
    score, start, bars = _score(record)
    concerns, help_, advice = (
        tuple(_concern(entry, sources) for entry in shown_concerns(record, key))
        for key in _WITH_SOURCES
    )
    concerns = tuple(
        replace(shown, closes=_closes(record, entry))
        for shown, entry in zip(concerns, shown_concerns(record), strict=True)
    )
    conflicts = conflict_words(record) if setting.for_supervisor else ()
    return Card(
        place=place,
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
        same_household=same_household(record, setting.households),
        needs_data=_needs_data(record),
        concerns=concerns,
        score=score,
        start=start,
        chance=_optional(lambda language: wording.chance(record, language)),
        factors=bars,
        questions=asked,
        question_notes=notes,
        mentions=mentions,
        mention_notes=mention_notes,
        entitlements=help_,
        advice=advice,
        closed=tuple(_closed(entry) for entry in entries(record, "closed_concerns")),
        visits=tuple(_visits(record)),
        neutral=_each(lambda language: neutral_line(record, language)),
        people=tuple(lines_of(record, setting.as_of)),
        waiting=waiting_words(record),
        disputes=said_otherwise(record),
        conflicts=conflicts,
        has=_has(record, bool(conflicts)),
        told=lines_told(record),
        told_visits=has_visits(record),
    )


def _has(record: Record, conflict: bool) -> str:
    return " ".join(["dispute"] * has_open_dispute(record) + ["conflict"] * conflict)


def same_household(record: Record, households: Mapping[str, Sequence[str]]) -> str:
    """The other children of a record's household that stand on the page."""
    child, found = str(record["child_id"]), households.get(str(record.get("household_id")), ())
    return ", ".join(other for other in found if other != child)


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
    yield both("last_seen"), _each(lambda language: wording.last_seen(record, language))
    if record.get("rank") is not None:
        yield both("place_overall"), _same(str(record["rank"]))
    if entries(record, "past_positions"):
        yield both("past_label"), _each(lambda language: past_places(record, language))
    if (record.get("state") or "new") != "new":
        yield both("state"), both(f"state_{record['state']}")


def _summary(record: Record) -> tuple[Texts, ...]:
    raised = _optional(lambda language: wording.raised(record, language))
    titles = [_title(concern) for concern in shown_concerns(record)]
    if raised:
        titles.insert(0, raised)
    if titles:
        return tuple({words["en"]: words for words in titles}.values())
    return (_each(lambda language: nothing_recorded(record, language)),)


def _title(concern: Record) -> Texts:
    return _each(lambda language: wording.concern_words(concern, language))


def _tags(record: Record) -> Iterable[Texts]:
    read = _optional(lambda language: read_today_tag(record, language))
    if read:
        yield read
    if record.get("needs_data"):
        yield both("needs_data_tag")
    yield from tags_of(record)
    yield from dispute_tags(record)
    if record.get("just_below"):
        yield both("just_below_tag")
    elif record.get("within_capacity") is False and record.get("state") not in SUPERVISORS:
        yield both("outside_tag")


def _needs_data(record: Record) -> tuple[Texts, ...]:
    if not record.get("needs_data"):
        return ()
    columns = {language: wording.needs_data(record, language) for language in LANGUAGES}
    pairs = zip(*columns.values(), strict=True)
    return tuple(dict(zip(columns, pair, strict=True)) for pair in pairs)


def _concern(entry: Record, sources: Mapping[SourceKey, str]) -> Concern:
    evidence = tuple(_evidence(item) for item in entries(entry, "evidence"))
    read = _optional(lambda language: read_today(entry, language))
    cited = sorted({source_key(source) for source in entries(entry, "source")})
    return Concern(
        title=_picked(entry["title"]),
        code=display_code(entry),
        act=_picked(entry["act"]) if entry.get("act") and read is None else None,
        read_today=read,
        sources=tuple(sources[key] for key in cited),
        remarks=(both("threshold_mark"),) if entry.get("threshold_by") == "programme" else (),
        evidence=evidence,
        withheld="act" not in entry and not evidence,
    )


def _closes(record: Record, entry: Record) -> str:
    """What can be closed at a shown concern; the hidden ones stand there as one."""
    hidden = [found for found in entries(record, "concerns") if is_hidden(found)]
    closed = hidden if is_hidden(entry) else [entry]
    named = dict.fromkeys(
        f"{found.get('rule') or display_code(found)}/{display_code(found)}/{found.get('tier')}"
        for found in closed
    )
    return " ".join(named)


def source_key(source: Record) -> SourceKey:
    """What tells a source of a concern from others."""
    return pick(source.get("law"), "zh"), str(source.get("article") or "")


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
        concept=str(item["concept"]) if item.get("held") and item.get("visit_id") else "",
    )


def _recorded(item: Record, language: str) -> str:
    if item.get("table") == "derived" and not item.get("date"):
        return ""
    if not item.get("date"):
        return text("recorded_undated", language)
    key = "worked_out_on" if item.get("table") == "derived" else "recorded_on"
    return amended_since(item, text(key, language, date=day(item["date"], language)), language)


def _mention_remarks(item: Record) -> Iterable[Texts]:
    if item.get("found_by") == "learned":
        yield both("likely_match")
    if item.get("other_child"):
        yield both("from_other_child")
    if item.get("polarity") == "protective":
        yield both("polarity_protective")


def _score(record: Record) -> tuple[str, str, tuple[Bar, ...]]:
    """The score, its starting point, and a bar for each factor; blank where there is no score."""
    shown = shown_score(record)
    if shown is None:
        return "", "", ()
    longest = max((abs(factor.points) for factor in shown.factors), default=1)
    bars = tuple(_bar(factor, longest) for factor in folded(shown.factors, SHOWN_FACTORS))
    return wording.score(shown.total), wording.points(shown.start), bars


def _bar(factor: Factor, longest: int) -> Bar:
    value = _optional(lambda language: wording.plain_value(factor.value, language))
    width = max(min(round(BAR_HALF * abs(factor.points) / longest), BAR_HALF), 1)
    left = 100 if factor.points > 0 else 100 - width
    points = wording.points(factor.points)
    return Bar(_picked(factor.title), value, points, factor.points > 0, left, width)


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


def _visits(record: Record) -> Iterable[tuple[Texts, Texts, str]]:
    """The day of each recent visit, whether the child was seen, and the visit's id."""
    for visit in entries(record, "recent_visits"):
        seen = both(f"visit_seen_{visit.get('seen') or 'unsaid'}")
        yield _dated(visit["date"]), seen, str(visit.get("visit_id") or "")


def _dated(value: object) -> Texts:
    return _each(lambda language: day(value, language))


def _closed(entry: Record) -> Texts:
    return _each(lambda language: closed_words(entry, language))


_WITH_SOURCES = ("concerns", "entitlements", "advice")


@dataclass(frozen=True)
class Source:
    """A source of the page's list: its name and place in words, and its address as text."""

    words: Texts
    address: str


def add_sources(found: dict[SourceKey, Source], record: Record) -> None:
    """Add the sources of a record's concerns that were not found before."""
    for key in _WITH_SOURCES:
        for concern in entries(record, key):
            for source in entries(concern, "source"):
                if (cited := source_key(source)) not in found:
                    found[cited] = Source(law_words(source), str(source.get("url") or ""))
