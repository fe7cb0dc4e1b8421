"""Why a child stands where it stands: a paragraph, a neutral line, a code, a terminal block.

All four read one follow-up record. The paragraph and the block name what the record names: redact a
record first where it leaves the office.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from carescreen.review import wording
from carescreen.review.earlier import past_sentence
from carescreen.review.reading import (
    Record,
    codes,
    days_overdue,
    display_code,
    doorstep,
    entries,
    short_quote,
    shown_concerns,
)
from carescreen.review.scoring import Factor, Score, folded, shown_score
from carescreen.review.texts import clauses, counted, day, items, pick, sentences, text

LINE_WIDTH = 100
TOP_FACTORS = 3
SHORTEST_PART = 10  # columns: the points of a factor and the beginning of its name

_ELLIPSIS = "…"
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # would move the cursor, or turn the reading direction


def paragraph(record: Record, language: str, as_of: date | None = None) -> str:
    """One paragraph a person can read: place, concerns with law and evidence, score, questions.

    Quotes are the exact characters of the note. With `as_of` it says by how many days a visit is
    overdue. UsageError for a language that is neither 'zh' nor 'en'.
    """
    parts = [
        _place(record, language, as_of),
        past_sentence(record, language),
        _seen(record, language),
        _state(record, language),
        _needs_data(record, language),
        *_concerns(record, language),
        *_score(record, language),
        *_unknown(record, language),
        _closed(record, language),
        text("para_end", language),
    ]
    return sentences(parts, language)


def neutral_line(record: Record, language: str) -> str:
    """A line that says nothing about the family: codes, and whether records need putting right.

    It names no tier, since it is printed. The same for a record and for its redacted copy.
    """
    found = codes(record)
    named = counted("neutral_codes", len(found), language, codes=items(found, language))
    records = text("neutral_records", language) if record.get("needs_data") else ""
    said = sentences([named if found else "", records], language)
    return said or text("neutral_visit", language)


def terminal_block(record: Record, language: str, as_of: date | None = None) -> str:
    """Two to six lines for the terminal, each at most LINE_WIDTH columns wide.

    Control characters and marks that turn the reading direction are left out: a note may hold them.
    """
    lines = [
        _headline(record, language, as_of),
        _why_line(record, language),
        _note_line(record, language),
        _data_line(record, language),
        _score_line(record, language),
        _ask_line(record, language),
    ]
    shown = [printable(line) for line in lines if line]
    rest = ("    " + shorten(line, LINE_WIDTH - 4) for line in shown[1:])
    return "\n".join([shorten(shown[0], LINE_WIDTH), *rest])


def printable(line: str) -> str:
    """A text on one line, without control characters and direction marks.

    >>> printable("a\\x1b[31mb\\nc")
    'a [31mb c'
    """
    spaced = (" " if unicodedata.category(char) == "Cc" else char for char in line)
    kept = "".join(char for char in spaced if unicodedata.category(char) not in _INVISIBLE)
    return kept.rstrip()


def columns(line: str) -> int:
    """How many terminal columns a text takes: Chinese characters take two."""
    return len(line) if line.isascii() else sum(map(_columns_of, line))


def shorten(line: str, width: int) -> str:
    """A text cut to a width in columns, with an ellipsis where something is missing.

    >>> shorten("一个人在家", 7)
    '一个人…'
    """
    if columns(line) <= width:
        return line
    taken, end = 1, 0
    for end, char in enumerate(line):  # noqa: B007  `end` is read after the loop
        taken += _columns_of(char)
        if taken > width:
            break
    return line[:end].rstrip() + _ELLIPSIS


@lru_cache(maxsize=10_000)
def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _place(record: Record, language: str, as_of: date | None) -> str:
    due = _due_clause(record, language, as_of)
    tier = wording.tier_word(record["tier"], language)
    if record.get("rank") is None:
        return text("para_place_unranked", language, child=record["child_id"], tier=tier, due=due)
    return text(
        "para_place", language, child=record["child_id"], rank=record["rank"], tier=tier, due=due
    )


def _due_clause(record: Record, language: str, as_of: date | None) -> str:
    if not record.get("due_on"):
        return text("para_no_due", language)
    due = text("para_due", language, date=day(record["due_on"], language))
    late = days_overdue(record, as_of)
    if not late:
        return due
    return text("para_overdue", language, due=due, days=counted("overdue_days", late, language))


def _seen(record: Record, language: str) -> str:
    if not record.get("last_seen_on"):
        return text("para_never", language)
    return text("para_seen", language, date=day(record["last_seen_on"], language))


def _state(record: Record, language: str) -> str:
    state = record.get("state") or "new"
    if state == "new":
        return ""
    return text("para_state", language, state=text(f"state_{state}", language))


def _needs_data(record: Record, language: str) -> str:
    if not record.get("needs_data"):
        return ""
    intro = text("needs_data_intro", language).rstrip(".。")
    reasons = clauses(wording.needs_data(record, language), language)
    stop = "." if language == "en" else "。"
    return text("para_needs_data", language, intro=intro, reasons=reasons) + stop


def _concerns(record: Record, language: str) -> list[str]:
    parts = [_concern(concern, language) for concern in shown_concerns(record)]
    return [wording.raised(record, language), *(parts or [nothing_recorded(record, language)])]


def nothing_recorded(record: Record, language: str) -> str:
    """That no concern is recorded, and that the visit is a routine one where it is."""
    routine = record["tier"] == "routine" and not record.get("needs_data")
    first = text("why_nothing", language)
    return sentences([first, text("why_routine", language) if routine else ""], language)


def _concern(concern: Record, language: str) -> str:
    title, code = pick(concern["title"], language), display_code(concern)
    laws = [wording.article(source, language) for source in entries(concern, "source")]
    head = (
        text("para_concern", language, title=title, code=code, laws=clauses(laws, language))
        if laws
        else text("para_concern_lawless", language, title=title, code=code)
    )
    found = [evidence_words(item, language) for item in entries(concern, "evidence")]
    body = text("para_evidence", language, items=clauses(found, language)) if found else ""
    ours = text("threshold_ours", language) if concern.get("threshold_by") == "programme" else ""
    return sentences([head, body, ours, read_today(concern, language)], language)


def read_today(concern: Record, language: str) -> str:
    """What to do with a concern that a note alone reached; empty for any other concern."""
    if not concern.get("note_alone"):
        return ""
    noted = [item for item in entries(concern, "evidence") if item.get("concept")]
    if any(item.get("quote") for item in noted):
        return text("read_today", language)
    newest = _newest(noted) or {"date": concern.get("last_on")}
    return text("read_today_elsewhere", language, note=note_of(newest, language))


def read_today_tag(record: Record, language: str) -> str:
    """Which sentence or note to read today, in a few words; empty where no tier rests on one."""
    alone = [concern for concern in entries(record, "concerns") if concern.get("note_alone")]
    if not alone:
        return ""
    items_found = [item for concern in alone for item in entries(concern, "evidence")]
    noted = [item for item in items_found if item.get("concept")]
    if any(item.get("quote") for item in noted):
        return text("read_today_tag", language)
    dates = [str(item.get("date") or "") for item in noted]
    newest = max([*dates, *(str(concern.get("last_on") or "") for concern in alone)])
    if not newest:
        return text("read_note_tag_undated", language)
    return text("read_note_tag", language, date=day(newest, language))


def _newest(noted: Sequence[Record]) -> Record:
    return max(noted, key=lambda item: str(item.get("date") or ""), default={})


def evidence_words(item: Record, language: str) -> str:
    """One piece of evidence: a value with its date, or a note's words with what they mention."""
    title = pick(item.get("title"), language)
    if not item.get("concept"):
        return _value(item, title, language)
    status = text(f"status_{item['status']}", language)
    if not item.get("quote"):
        when = note_of(item, language)
        return text("para_mention", language, title=title, status=status, date=when)
    return text(
        "para_quote",
        language,
        date=note_of(item, language),
        quote=short_quote(item),
        title=title,
        status=status,
    )


def _value(item: Record, title: str, language: str) -> str:
    """A value with its date; one worked out from others has none of its own."""
    value = wording.value_words(item, language)
    if item.get("table") == "derived":
        return text("para_value_derived", language, title=title, value=value)
    on = item.get("date")
    when = amended_since(
        item, day(on, language) if on else text("date_unknown", language), language
    )
    return text("para_value", language, title=title, value=value, date=when)


def note_of(item: Record, language: str) -> str:
    """Which note something was read in."""
    if not item.get("date"):
        return amended_since(item, text("from_note_undated", language), language)
    note = text("from_note", language, date=day(item["date"], language))
    return amended_since(item, note, language)


def amended_since(item: Record, where: str, language: str) -> str:
    """Where something was recorded, and that the record was amended since where it was."""
    if not item.get("earlier_wording"):
        return where
    return text("earlier_wording", language, where=where)


def _score(record: Record, language: str) -> list[str]:
    shown = shown_score(record)
    if shown is None:
        return []
    chance = wording.chance(record, language)
    first = (
        text("para_chance", language, chance=text("chance", language), value=chance)
        if chance
        else text("para_score", language, score=wording.score(shown.total))
    )
    start = text("para_start", language, points=wording.points(shown.start)) if shown.start else ""
    return [first, start, *_moves(shown, language)]


def _moves(shown: Score, language: str) -> list[str]:
    sides = (
        ("para_raised", [factor for factor in shown.factors if factor.points > 0]),
        ("para_lowered", [factor for factor in shown.factors if factor.points < 0]),
    )
    return [
        text(key, language, items=items(_named(side, "para_factor", language), language))
        for key, side in sides
        if side
    ]


def _named(factors: Sequence[Factor], key: str, language: str) -> list[str]:
    """Factors as words with their points; the smaller ones together."""
    return [
        text(
            key,
            language,
            title=pick(factor.title, language),
            points=wording.points(factor.points),
        )
        for factor in folded(factors, TOP_FACTORS)
    ]


def _unknown(record: Record, language: str) -> list[str]:
    step = doorstep(record)
    parts = [
        text(
            "para_ask",
            language,
            question=pick(question["question"], language),
            why=text(f"why_{question.get('why') or 'state_unknown'}", language),
        )
        for question in step.asked
    ]
    if step.sensitive_codes:
        parts.append(sensitive_questions(step.sensitive_codes, language))
    return parts


def sensitive_questions(found: tuple[str, ...], language: str) -> str:
    """That matters are open which are for the supervisor, by code."""
    named = items(list(found), language)
    return counted("sensitive_questions", len(found), language, codes=named)


def _closed(record: Record, language: str) -> str:
    closed = [closed_words(entry, language) for entry in entries(record, "closed_concerns")]
    return text("para_closed", language, items=clauses(closed, language)) if closed else ""


def closed_words(entry: Record, language: str) -> str:
    """A concern that a person closed, with the day and whether a reason is recorded."""
    parts = [text("closed_on", language, date=day(entry.get("decided_at"), language))]
    if "reason_given" in entry:
        parts.append(
            text("closed_reason" if entry["reason_given"] else "closed_no_reason", language)
        )
    title, inner = pick(entry["title"], language), clauses(parts, language)
    return f"{title} ({inner})" if language == "en" else f"{title}（{inner}）"


def _headline(record: Record, language: str, as_of: date | None) -> str:
    rank = record.get("rank")
    parts = [f"{rank:>2}. " if rank is not None else "", str(record["child_id"])]
    facts = [
        wording.tier_word(record["tier"], language),
        wording.due(record, language, as_of),
        text("term_village", language, id=record["village_id"]) if record.get("village_id") else "",
        (
            text("term_caseworker", language, id=record["caseworker_id"])
            if record.get("caseworker_id")
            else ""
        ),
        (
            text("term_age", language, count=int(record["age_years"]))
            if record.get("age_years") is not None
            else ""
        ),
    ]
    return "  ".join(["".join(parts), *(fact for fact in facts if fact)])


def _why_line(record: Record, language: str) -> str:
    found = [
        f"{pick(concern['title'], language)} [{display_code(concern)}]"
        for concern in shown_concerns(record)
    ]
    words = clauses(found, language) if found else nothing_recorded(record, language)
    whole = sentences([wording.raised(record, language), words], language)
    return text("term_why", language, items=whole)


def _note_line(record: Record, language: str) -> str:
    for concern in sorted(entries(record, "concerns"), key=lambda c: not c.get("note_alone")):
        for item in entries(concern, "evidence"):
            if item.get("quote"):
                date_words = day(item.get("date"), language)
                quote = shorten(printable(short_quote(item)), 60)
                line = text("term_note", language, quote=quote, date=date_words)
                read = text("term_read", language) if concern.get("note_alone") else ""
                return clauses([line, read], language) if read else line
    return ""


def _data_line(record: Record, language: str) -> str:
    if not record.get("needs_data"):
        return ""
    reasons = clauses(wording.needs_data(record, language), language)
    return text("term_data", language, items=reasons)


def _score_line(record: Record, language: str) -> str:
    """The score and all that adds up to it; names are cut rather than points."""
    shown = shown_score(record)
    if shown is None:
        return ""
    score = wording.score(shown.total)
    if not shown.factors and not shown.start:
        return text("term_score", language, score=score, items=text("score_none", language))
    start = [text("term_start", language, points=wording.points(shown.start))] * bool(shown.start)
    parts = [*start, *_named(shown.factors, "term_factor", language)]
    room = LINE_WIDTH - 4 - columns(text("term_score", language, score=score, items=""))
    fitted = _fitted([printable(part) for part in parts], room, language)
    return text("term_score", language, score=score, items=items(fitted, language))


def _fitted(parts: list[str], room: int, language: str) -> list[str]:
    """Parts cut to a width that they share, the longest ones first."""
    widest = max(map(columns, parts))
    for most in range(widest, SHORTEST_PART, -1):
        cut = [shorten(part, most) for part in parts]
        if columns(items(cut, language)) <= room:
            return cut
    return [shorten(part, SHORTEST_PART) for part in parts]


def _ask_line(record: Record, language: str) -> str:
    step = doorstep(record)
    questions = [pick(question["question"], language) for question in step.asked]
    if not questions:
        return sensitive_questions(step.sensitive_codes, language) if step.sensitive_codes else ""
    return text("term_ask", language, items=sentences(questions, language))
