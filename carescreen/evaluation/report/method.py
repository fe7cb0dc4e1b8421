"""How it was measured, as rows of what and how: from the facts of a backtest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from carescreen.evaluation.report.amounts import count, hundredths, number
from carescreen.evaluation.report.content import Content
from carescreen.evaluation.report.texts import name_of, say

_DIGEST_SHOWN = 12


def fact_rows(content: Content, language: str) -> list[tuple[str, str]]:
    """(what, how) of everything that is known; what is not known is said to be blank."""
    facts = content.facts
    rows = {
        "data": data_words(content, language),
        "dates": _between(facts.get("start"), facts.get("end"), language),
        "windows": windows_words(content, language),
        "judged": judged_words(content, language),
        "pack": _versioned(facts, "pack"),
        "model": _versioned(facts, "model"),
        "reference": str(facts.get("reference") or ""),
        "refit": _named(facts, "refit", language),
        "folds": _named(facts, "folds", language),
        "capacity": say("fact_of_capacity", language, capacity=content.capacity),
        "methods": joined([content.previous.name(n, language) for n in content.methods], language),
        "tables": _tables(facts.get("tables"), language),
        "carescreen": str(facts.get("carescreen") or facts.get("carescreen_version") or ""),
    }
    if not facts.get("reference"):
        del rows["reference"]  # an option: nobody has to fill it in
    blank = say("blank", language)
    return [(say(f"fact_{key}", language), words or blank) for key, words in rows.items()]


def data_words(content: Content, language: str) -> str:
    """Whether the data are real; blank where nobody said."""
    origin = content.facts.get("data_origin")
    return say(f"origin_{origin}", language) if origin in ("synthetic", "real") else ""


def windows_words(content: Content, language: str) -> str:
    """How many windows of how many days, and how far apart they begin."""
    facts = content.facts
    every, horizon = facts.get("every_days"), facts.get("horizon_days")
    if every is None or horizon is None:
        return ""
    number_of = count(len(content.windows))
    return say("fact_of_windows", language, count=number_of, horizon=horizon, every=every)


def judged_words(content: Content, language: str) -> str:
    """How many child-windows were judged, and how many of those confirmed."""
    if not len(content.windows):
        return ""
    children, judged, events = (content.totals[n] for n in ("children", "judged", "events"))
    if not children > 0:
        return say("hidden", language)
    return say(
        "fact_of_judged",
        language,
        children=count(children),
        judged=count(judged),
        events=count(events),
        share=hundredths(judged / children),
    )


def joined(words: Sequence[str], language: str) -> str:
    """Words with the language's commas."""
    return say("comma", language).join(words)


def _between(start: object, end: object, language: str) -> str:
    if start is None or end is None:
        return ""
    return say("fact_of_dates", language, start=str(start)[:10], end=str(end)[:10])


def _versioned(facts: Mapping[str, object], name: str) -> str:
    """Name, version and the beginning of the digest, as far as they are known."""
    parts = [str(facts[key]) for key in (name, f"{name}_version") if facts.get(key)]
    digest = str(facts.get(f"{name}_digest") or "")
    return " ".join([*parts, *([f"({digest[:_DIGEST_SHOWN]})"] if digest else [])])


def _named(facts: Mapping[str, object], name: str, language: str) -> str:
    """The words of a choice, also of one that was not made."""
    if name not in facts:
        return ""
    return name_of(name, facts[name] or "no", language)


def _tables(tables: object, language: str) -> str:
    return joined(list(_counted(tables, language)), language)


def _counted(tables: object, language: str) -> Iterator[str]:
    if isinstance(tables, Mapping):
        for name, rows in tables.items():
            known = number(rows)
            words = say("hidden", language) if known != known else count(known)
            yield f"{name_of('table', name, language)} {words}"
