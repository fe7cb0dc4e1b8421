"""What a check of words and annotated notes found, as lines of text in Chinese or English."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from carescreen.authoring.terminal import table_lines
from carescreen.corpus_check import CorpusCounts
from carescreen.indicators import Texts
from carescreen.lexicon import STATUSES, LanguageWords
from carescreen.note_findings import SEVERITIES, Finding

MOST_NOTES = 10  # of a kind, unless all are asked for

_HEADS: Mapping[str, Texts] = {
    "error": {"en": "errors", "zh": "错误"},
    "warning": {"en": "warnings", "zh": "警告"},
    "note": {"en": "notes", "zh": "提示"},
}
_TEXTS: Mapping[str, Texts] = {
    "more": {
        "en": "… and {count:,} more; --all lists them",
        "zh": "……另有 {count:,} 条，加 --all 全部列出",
    },
    "sum": {
        "en": "{error}, {warning}, {note}",
        "zh": "错误 {error} 条，警告 {warning} 条，提示 {note} 条",
    },
    "words": {
        "en": "{language}: {phrases:,} phrases, {patterns:,} patterns, {exclusions:,} exclusions, "
        "{cues:,} cues, {shields:,} shields",
        "zh": "{language}：短语 {phrases:,}，句式 {patterns:,}，排除词 {exclusions:,}，提示词 {cues:,}，"
        "遮蔽词 {shields:,}",
    },
    "corpus": {
        "en": "annotated notes: {notes:,}, of which {clean:,} mention nothing; mentions: "
        "{mentions:,}",
        "zh": "标注记录 {notes:,} 条，其中 {clean:,} 条无提及；提及 {mentions:,} 处",
    },
    "notes": {"en": "notes", "zh": "记录"},
    "clean": {"en": "clean", "zh": "无提及"},
    "all": {"en": "all", "zh": "合计"},
}


def words_line(words: LanguageWords, language: str) -> str:
    """How many words of each kind a language has."""
    concepts = words.concepts.values()
    return "  " + _TEXTS["words"][language].format(
        language=words.language,
        phrases=sum(len(entry.phrases) + len(entry.lasting) for entry in concepts),
        patterns=sum(len(entry.patterns) for entry in concepts),
        exclusions=sum(len(entry.exclusions) for entry in concepts),
        cues=sum(len(cues.words) + len(cues.patterns) for cues in words.cues),
        shields=len(words.shields),
    )


def finding_lines(
    findings: Sequence[Finding], language: str, width: int, most: int | None = None
) -> Iterator[str]:
    """Errors first; of each kind its advice once, then its findings, of notes at most `most`."""
    for severity in SEVERITIES:
        these = [finding for finding in findings if finding.kind.severity == severity]
        if these:
            yield _HEADS[severity][language]
        for kind in dict.fromkeys(finding.kind for finding in these):
            of_kind = [finding for finding in these if finding.kind is kind]
            yield from _kind_lines(of_kind, language, width, most if severity == "note" else None)


def _kind_lines(
    findings: Sequence[Finding], language: str, width: int, most: int | None
) -> Iterator[str]:
    kind = findings[0].kind
    head = f"{kind.id} ({len(findings):,}): {kind.advice[language]}"
    cells = width // 2 if language == "zh" else width  # a Chinese character takes two
    yield from textwrap.wrap(head, cells, initial_indent="  ", subsequent_indent="    ")
    shown = findings[:most]
    for finding in shown:
        yield f"    {finding.place}: {finding.says(language)}"
    if len(shown) < len(findings):
        yield "    " + _TEXTS["more"][language].format(count=len(findings) - len(shown))


def sum_line(findings: Sequence[Finding], language: str) -> str:
    """How many errors, warnings and notes there are."""
    severities = [finding.kind.severity for finding in findings]
    counts = {name: _counted(severities.count(name), name, language) for name in SEVERITIES}
    return _TEXTS["sum"][language].format(**counts)


def _counted(count: int, name: str, language: str) -> str:
    return f"{count:,}" if language == "zh" else f"{count:,} {name}{'' if count == 1 else 's'}"


def corpus_lines(counts: CorpusCounts, language: str) -> Iterator[str]:
    """Notes by language and writer, mentions by concept, language and status."""
    every, clean = (sum(pair[at] for pair in counts.languages.values()) for at in (0, 1))
    mentions = sum(counts.statuses.values())
    yield _TEXTS["corpus"][language].format(notes=every, clean=clean, mentions=mentions)
    head = ["", _TEXTS["notes"][language], _TEXTS["clean"][language]]
    rows = (*counts.languages.items(), *counts.writers.items())
    yield from table_lines(
        [head, *([name, f"{notes:,}", f"{none:,}"] for name, (notes, none) in rows)], 1
    )
    if mentions:
        yield from table_lines(_concept_rows(counts, language), 1)


def _concept_rows(counts: CorpusCounts, language: str) -> list[list[str]]:
    statuses = STATUSES[::-1]
    rows = [["", *counts.languages, *statuses]]
    for name, of_concept in counts.concepts.items():
        by_language = [
            sum(count for (spoken, _), count in of_concept.items() if spoken == asked)
            for asked in counts.languages
        ]
        by_status = [
            sum(count for (_, status), count in of_concept.items() if status == asked)
            for asked in statuses
        ]
        rows.append([name, *(f"{count:,}" for count in (*by_language, *by_status))])
    totals = [
        sum(int(row[at].replace(",", "")) for row in rows[1:]) for at in range(1, len(rows[0]))
    ]
    return [*rows, [_TEXTS["all"][language], *(f"{total:,}" for total in totals)]]
