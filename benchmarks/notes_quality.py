"""How well notes are read: by writers left out, and on notes of another hand.

python benchmarks/notes_quality.py                       one writer left out at a time (an hour's half)
python benchmarks/notes_quality.py --folds 6 --gold F    writers left out in six groups, and F
                                                         (JSON Lines: text, lang, mentions)

The corpus is invented and written for this project: the figures say how the reader does on writers it
has not seen, not how well it does in the field.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from carescreen.corpus import AnnotatedNote, read_corpus
from carescreen.learned import LearnedTable
from carescreen.learning import (
    SLACK,
    Lesson,
    Weights,
    as_table,
    choose_thresholds,
    fit,
    left_out_scores,
    prepare,
    writer_folds,
)
from carescreen.lexicon import STATUSES
from carescreen.notes import NoteReader

RAISED = ("affirmed", "suspected")
WORST = (
    "physical_abuse", "sexual_abuse", "self_harm_suicide", "abandonment", "trafficking_missing",
    "child_pregnancy",
)  # fmt: skip


@dataclass
class Tally:
    """Counts over some notes: of found, wanted and both, by what is counted."""

    both: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    clean_raised: int = 0
    clean_severe: int = 0

    def add(self, kind: str, found: set, wanted: set) -> None:
        self.both[kind] += len(found & wanted)
        self.found[kind] += len(found)
        self.wanted[kind] += len(wanted)

    def figures(self, kind: str) -> tuple[float, float, float]:
        """Precision, recall and F1."""
        both, found, wanted = self.both[kind], self.found[kind], self.wanted[kind]
        return both / max(found, 1), both / max(wanted, 1), 2 * both / max(found + wanted, 1)

    def merge(self, other: Tally) -> None:
        for name in ("both", "found", "wanted"):
            getattr(self, name).update(getattr(other, name))
        self.clean += other.clean
        self.clean_raised += other.clean_raised
        self.clean_severe += other.clean_severe

    def __str__(self) -> str:
        said = []
        for kind in ("concept", "raised", "status", "worst"):
            said.append("{} {:.3f}/{:.3f}/{:.3f}".format(kind, *self.figures(kind)))
        clean = max(self.clean, 1)
        return (
            "  ".join(said) + f"  clean {self.clean}: raised {self.clean_raised / clean:.3f}, "
            f"high or critical {self.clean_severe / clean:.4f}"
        )


def tally(reader: NoteReader, notes: Sequence[AnnotatedNote]) -> Tally:
    found = reader.find([note.text for note in notes])
    severe = {c.id for c in reader.concepts.values() if c.severity in ("high", "critical")}
    got: list[set[tuple[str, str]]] = [set() for _ in notes]
    for note, concept, status in zip(found.note, found.concept, found.status, strict=True):
        got[note].add((found.concepts[concept], STATUSES[status]))
    total = Tally()
    for note, mine in zip(notes, got, strict=True):
        gold = {(tag.concept, tag.status) for tag in note.mentions}
        raised = {c for c, s in mine if s in RAISED}
        wanted = {c for c, s in gold if s in RAISED}
        total.add("concept", {c for c, _ in mine}, {c for c, _ in gold})
        total.add("status", mine, gold)
        total.add("raised", raised, wanted)
        total.add("worst", raised & set(WORST), wanted & set(WORST))
        if not gold:
            total.clean += 1
            total.clean_raised += bool(raised)
            total.clean_severe += bool(raised & severe)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parents[1] / "corpus")
    parser.add_argument(
        "--gold",
        type=Path,
        default=Path(__file__).parents[2] / "shared/gold/dev_notes.jsonl",
        help="annotated notes of another hand, JSON Lines",
    )
    parser.add_argument("--folds", type=int, default=0, help="groups of writers; 0: one by one")
    parser.add_argument("--curve", action="store_true", help="also with parts of the corpus")
    parser.add_argument("--language", choices=("zh", "en"), action="append")
    options = parser.parse_args()
    plain = NoteReader.load("base")
    corpus = read_corpus(options.corpus, plain.concepts)
    gold = read_corpus(options.gold, plain.concepts).notes if options.gold.is_file() else ()
    if not gold:
        print(f"no notes of another hand at {options.gold}: those rows are left out")
    print(
        "precision/recall/F1; worst: abuse, sexual abuse, self-harm, abandonment, missing, pregnancy"
    )
    for language in options.language or ("zh", "en"):
        notes = [note for note in corpus.notes if note.language == language]
        by_writer(
            plain, notes, language, options.folds, [n for n in gold if n.language == language]
        )
        if options.curve:
            curve(plain, notes, language)


def reader_of(
    plain: NoteReader,
    lesson: Lesson,
    scores: np.ndarray,
    weights: Weights,
    rows: np.ndarray | None = None,
) -> NoteReader:
    """A reader of some weights; its thresholds are chosen on the clauses in `rows`."""
    threshold = choose_thresholds(lesson, scores, rows)
    table = as_table(lesson, weights, threshold, SLACK)
    return NoteReader(plain.lexicon, learned=LearnedTable("", lesson.concepts, [table]))


def by_writer(
    plain: NoteReader,
    notes: Sequence[AnnotatedNote],
    language: str,
    folds: int,
    gold: Sequence[AnnotatedNote],
) -> None:
    begin = time.perf_counter()
    lesson = prepare(notes, language, plain)
    groups = writer_folds(lesson, folds or len(set(lesson.writer)))
    scores, fits = left_out_scores(lesson, groups)
    total, phrases = Tally(), Tally()
    for group, weights in zip(groups, fits, strict=True):
        others = ~np.isin(lesson.writer, group)
        reader = reader_of(plain, lesson, scores, weights, others)
        for writer in group:
            own = [note for note in notes if note.writer == writer]
            one = tally(reader, own)
            print(f"{writer:28} {one}", flush=True)
            total.merge(one)
            phrases.merge(tally(plain, own))
    print(f"{language} writers left out       {total}")
    print(f"{language} phrases alone          {phrases}  ({time.perf_counter() - begin:.0f} s)")
    if gold:
        weights = fit(lesson, np.ones(lesson.clauses.size, np.bool_))
        reader = reader_of(plain, lesson, scores, weights)
        (table,) = reader.learned.languages
        print(
            f"{language} another hand           {tally(reader, gold)}  ({len(table.grams):,} grams, "
            f"{table.weight.size:,} weights)"
        )


def curve(plain: NoteReader, notes: Sequence[AnnotatedNote], language: str) -> None:
    """F1 of raised concepts by writers left out, with an eighth, a quarter, a half of the notes."""
    for part in (8, 4, 2, 1):
        some = list(notes[::part])
        lesson: Lesson = prepare(some, language, plain)
        groups = writer_folds(lesson)
        scores, fits = left_out_scores(lesson, groups)
        total = Tally()
        for group, weights in zip(groups, fits, strict=True):
            others = ~np.isin(lesson.writer, group)
            reader = reader_of(plain, lesson, scores, weights, others)
            total.merge(tally(reader, [note for note in some if note.writer in group]))
        print(f"{language} {len(some):>6,} notes          {total}", flush=True)


if __name__ == "__main__":
    main()
