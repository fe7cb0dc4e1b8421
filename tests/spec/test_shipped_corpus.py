"""The annotated notes that are shipped: how many, of how many voices, and that they check clean.

No assertion shows words of a note: findings and counts hold none.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from carescreen.corpus import Corpus, read_corpus
from carescreen.corpus_check import check_corpus, count_corpus
from carescreen.lexicon import LANGUAGES, STATUSES, load_lexicon
from carescreen.note_findings import Finding
from carescreen.pack import Pack

FOLDER = Path(__file__).parents[2] / "corpus"
CONCEPTS = tuple(load_lexicon(Pack.load("base")).concepts)
FEWEST_NOTES = {"zh": 6_000, "en": 4_000}
FEWEST_VOICES = 12  # of both languages together; and of each some
FEWEST_VOICES_EACH = 5
FEWEST_CLEAN = 0.2  # of a language's notes mention nothing: ordinary visits
MOST_COPIES = 20  # notes of over 30,000 that share more than half of another one's wording
COPIES = ("same_note", "near_copy", "name_changed", "status_changed")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_corpus(FOLDER, CONCEPTS)


@pytest.fixture(scope="module")
def findings(corpus: Corpus) -> tuple[Finding, ...]:
    return check_corpus(corpus)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_notes_of_enough_voices(corpus: Corpus, language: str) -> None:
    counts = count_corpus(corpus)
    notes, clean = counts.languages[language]
    assert notes >= FEWEST_NOTES[language]
    assert clean / notes >= FEWEST_CLEAN
    voices = [name for name in counts.writers if name.startswith(f"{language}-")]
    assert len(voices) >= FEWEST_VOICES_EACH
    assert len(counts.writers) >= FEWEST_VOICES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_concept_and_every_status_is_mentioned(corpus: Corpus, language: str) -> None:
    mentions: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for concept, counts in count_corpus(corpus).concepts.items():
        for (of, status), count in counts.items():
            if of == language:
                mentions[concept] += count
                statuses[status] += count
    assert set(CONCEPTS) - set(mentions) == set()
    assert set(STATUSES) - set(statuses) == set()


def test_each_voice_has_all_statuses_and_notes_that_mention_nothing(corpus: Corpus) -> None:
    counts = count_corpus(corpus)
    statuses: dict[str, set[str]] = {writer: set() for writer in counts.writers}
    for note in corpus.notes:
        statuses[note.writer].update(mention.status for mention in note.mentions)
    assert [name for name, found in statuses.items() if found != set(STATUSES)] == []
    assert [name for name, (_, clean) in counts.writers.items() if not clean] == []


def test_the_check_finds_no_error(findings: tuple[Finding, ...]) -> None:
    errors = [
        (finding.kind.id, Path(finding.place).name)
        for finding in findings
        if finding.kind.severity == "error"
    ]
    assert errors == []


def test_hardly_a_note_is_a_copy_of_another(findings: tuple[Finding, ...]) -> None:
    copies = [
        (finding.kind.id, Path(finding.place).name)
        for finding in findings
        if finding.kind.id in COPIES
    ]
    assert len(copies) <= MOST_COPIES, copies


def test_each_file_says_who_writes_so(corpus: Corpus) -> None:
    silent = [path.name for path in files() if not corpus.about.get(path.stem)]
    assert silent == []


def test_the_card_names_every_file() -> None:
    card = (FOLDER / "CARD.md").read_text(encoding="utf-8")
    unnamed = [path.name for path in files() if path.stem not in card]
    assert unnamed == []


def files() -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".tsv", ".jsonl"))
