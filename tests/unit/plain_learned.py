"""Grams and learned weights once more, slow and plain: what the fast ones must agree with.

One note at a time, with regular expressions, dicts and loops. It shares with the fast reader the
numbers of the formula and the form of a table, and with the plain reader of phrases that one.

1. Cut the folded note into clauses, and write down the grams of each.
2. Score each clause for each concept: its grams, those of the clauses around it, a phrase's points.
3. Drop the phrases that score too low; add the clauses that score high enough without one.
4. Status: what the cues say, and the grams of the clause, of the one before and the one after.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from carescreen.learned import LanguageTable, LearnedTable, column_names
from carescreen.lexicon import STATUSES, ConceptWords, Lexicon
from tests.unit.plain_notes import Candidate, Cues, Page, PlainReader, Said, Span, fold

LETTER, HAN = "a-z0-9ß-Ɏ", "㐀-鿿"
BREAK = re.compile(f"[。!?;\n,():]|\\.(?![{LETTER}.])|(?<=[{HAN}]) (?=[{HAN}])")
SENTENCE_ENDS = "。!?;\n."
SOLID = f"[{LETTER}{HAN}\ud800-\uffff]"
CORE = re.compile(f"{SOLID}(?:.*{SOLID})?", re.DOTALL)
WORD = re.compile(f"[{LETTER}]+(?:'[{LETTER}]+)*")
HAN_RUN = re.compile(f"[{HAN}0]+")
MOST = {True: 40, False: 200}  # characters of a clause that begins with a Chinese one, or not
SHARES = {(1, True): 14, (2, True): 5, (1, False): 4}  # clauses apart, in one sentence or not
OWN = 20
LEAST = 12 * 20 * 20
RAISED = ("affirmed", "suspected")
OVERRULED = 1000
SIDES = {"here": (0, 1.0), "before": (-1, 0.5), "after": (1, 0.5)}


# -- grams --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gram:
    """A gram as a table writes it, and where it stands in the note."""

    text: str
    start: int
    end: int

    @property
    def can_be_written(self) -> bool:
        """A stem that is cut at an apostrophe (don'*) is no gram of a table."""
        return not self.text.endswith("'*")


@dataclass(frozen=True)
class Clause:
    """A part of a note between commas, colons, brackets, sentence ends."""

    start: int
    end: int
    sentence: int
    is_han: bool
    grams: tuple[Gram, ...] = field(default=(), repr=False)


def clauses_of(note: str) -> list[Clause]:
    """The clauses of a note, with their grams."""
    text = fold(note)
    found: list[Clause] = []
    sentence, at = 0, 0
    for start, end in [match.span() for match in BREAK.finditer(text)] + [(len(text), len(text))]:
        found += _pieces(text, at, start, sentence)
        sentence += text[start:end] in SENTENCE_ENDS
        at = end
    words = [match.span() for match in WORD.finditer(text)]
    return [replace(clause, grams=tuple(_grams(text, clause, words))) for clause in found]


def _pieces(text: str, start: int, end: int, sentence: int) -> list[Clause]:
    """What stands between two breaks, without the blanks and signs around it; cut where too long."""
    core = CORE.search(text, start, end)
    if core is None:
        return []
    most = MOST[_is_han(text[core.start()])]
    cuts = [*range(core.start(), core.end(), most), core.end()]
    spans = [CORE.search(text, *span) for span in pairwise(cuts)]
    return [
        Clause(*span.span(), sentence, any(map(_is_han, span[0])))
        for span in spans
        if span is not None
    ]


def _grams(text: str, clause: Clause, words: Sequence[tuple[int, int]]) -> list[Gram]:
    zeros = re.sub("[0-9]", "0", text)
    found = [
        Gram(zeros[at : at + length], at, at + length)
        for run in HAN_RUN.finditer(zeros, clause.start, clause.end)
        for length in (1, 2, 3)
        for at in range(run.start(), run.end() - length + 1)
        if any(map(_is_han, zeros[at : at + length]))
    ]
    # A word that a cut divides counts where it begins.
    own = [span for span in words if clause.start <= span[0] < clause.end]
    for length in (1,) if clause.is_han else (1, 2, 3):
        for at in range(len(own) - length + 1):
            several = own[at : at + length]
            written = " ".join(zeros[start:end] for start, end in several)
            found.append(Gram(written, several[0][0], several[-1][1]))
    for letters in () if clause.is_han else (4, 6):
        found += [
            Gram(zeros[start : start + letters] + "*", start, start + letters)
            for start, end in own
            if end - start > letters
        ]
    return found


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


# -- tables -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlainTable:
    """One language's weights, as dicts.

    `grams` has the weights of each gram by column name; `concepts` bias, phrase points and threshold
    of each; `statuses` the bias of each, `by_cue` what weighs for a status where cues say one, and
    `by_concept` for a status of a concept. `doubtful` phrases, by concept, are none to this reader.
    """

    grams: Mapping[str, Mapping[str, int]]
    concepts: Mapping[str, tuple[int, int, int]]
    statuses: Mapping[str, int]
    by_cue: Mapping[tuple[str, str], int]
    slack: int
    by_concept: Mapping[tuple[str, str], int] = field(default_factory=dict)
    doubtful: frozenset[tuple[str, str]] = frozenset()


def as_learned(tables: Mapping[str, PlainTable], concepts: Sequence[str]) -> LearnedTable:
    """The same weights as the fast reader wants them."""
    made = [as_language(name, table, concepts) for name, table in tables.items()]
    return LearnedTable("small", concepts, made)


def as_language(language: str, table: PlainTable, concepts: Sequence[str]) -> LanguageTable:
    number = {name: at for at, name in enumerate(column_names(concepts))}
    entries = [entry for weights in table.grams.values() for entry in weights.items()]
    bias, phrase, threshold = (
        np.array([table.concepts[name][at] for name in concepts], np.int64) for at in range(3)
    )
    return LanguageTable(
        language,
        tuple(table.grams),
        np.array([len(weights) for weights in table.grams.values()], np.int64),
        np.array([number[name] for name, _ in entries], np.int64),
        np.array([weight for _, weight in entries], np.int64),
        bias,
        phrase,
        threshold,
        table.slack,
        np.array([table.statuses[name] for name in STATUSES], np.int64),
        np.array(
            [[table.by_cue.get((said, name), 0) for name in STATUSES] for said in STATUSES],
            np.int64,
        ),
        np.array(
            [[table.by_concept.get((name, status), 0) for status in STATUSES] for name in concepts],
            np.int64,
        ),
        tuple(sorted(table.doubtful)),
    )


def without_doubtful(lexicon: Lexicon, tables: Mapping[str, PlainTable]) -> Lexicon:
    """A lexicon without the phrases that the tables find doubtful."""

    def words(language: str, concept: str, own: ConceptWords) -> ConceptWords:
        out = tables[language].doubtful if language in tables else ()
        kept = tuple(phrase for phrase in own.phrases if (concept, fold(phrase)) not in out)
        return replace(own, phrases=kept)

    return replace(
        lexicon,
        languages=tuple(
            replace(
                each,
                concepts={
                    name: words(each.language, name, own) for name, own in each.concepts.items()
                },
            )
            for each in lexicon.languages
        ),
    )


# -- reading ------------------------------------------------------------------------------------


class PlainLearnedReader(PlainReader):
    """Reads one note after the other, by phrases, patterns and learned weights."""

    def __init__(
        self, lexicon: Lexicon, tables: Mapping[str, PlainTable], known: Sequence[str]
    ) -> None:
        super().__init__(without_doubtful(lexicon, tables))
        self.tables = tables
        self.known = [name for name in self.concepts if name in known]

    def read(self, note: str) -> list[Said]:
        """The mentions of a note, by start, end and the concepts' order."""
        page = self._page(note)
        candidates, cues = self._candidates_and_cues(page)
        clauses = clauses_of(note)
        stand = [each for each in candidates if self._stands(each, candidates, clauses)]
        said = [self._said_of(page, each, cues, clauses) for each in stand]
        said += self._learned(page, candidates, stand, cues, clauses)
        order = {name: number for number, name in enumerate(self.concepts)}
        kept = [mention for mention in said if mention.status != "adult"]
        return sorted(kept, key=lambda m: (m.start, m.end, order[m.concept]))

    # -- scores -----------------------------------------------------------------------------------

    def _table(self, clause: Clause) -> PlainTable | None:
        return self.tables.get("zh" if clause.is_han else "en")

    def _weight(self, clause: Clause, gram: Gram, column: str) -> int:
        table = self._table(clause)
        return table.grams.get(gram.text, {}).get(column, 0) if table else 0

    def _sum(self, clause: Clause, column: str) -> int:
        return sum(self._weight(clause, gram, column) for gram in clause.grams)

    def _margin(
        self, clauses: Sequence[Clause], at: int, concept: str, candidates: Sequence[Candidate]
    ) -> float:
        """How far a clause's score is above the concept's threshold."""
        table = self._table(clauses[at])
        if table is None:
            return -math.inf
        total = size = 0
        for other, clause in enumerate(clauses):
            same = clause.sentence == clauses[at].sentence
            share = OWN if other == at else SHARES.get((abs(other - at), same), 0)
            total += share * (self._sum(clause, concept) + self._sum(clause, "any"))
            size += share**2 * len(clause.grams)
        bias, phrase, threshold = table.concepts[concept]
        score = total / math.sqrt(max(size, LEAST)) + bias
        if any(each.concept == concept and clause_at(clauses, each) == at for each in candidates):
            score += phrase
        return score - threshold

    def _stands(
        self, each: Candidate, candidates: Sequence[Candidate], clauses: Sequence[Clause]
    ) -> bool:
        """Whether a phrase is meant. Where the table cannot tell, it is."""
        if each.concept not in self.known or not clauses:
            return True
        at = clause_at(clauses, each)
        table = self._table(clauses[at])
        if table is None:
            return True
        margin = self._margin(clauses, at, each.concept, candidates)
        if margin >= 0:
            return True
        # Short or plain words stand; what stands around them must speak against them.
        bias, phrase, threshold = table.concepts[each.concept]
        own = [
            gram
            for gram in clauses[at].grams
            if gram.start >= each.span.start and gram.end <= each.span.end
        ]
        total = sum(
            self._weight(clauses[at], gram, each.concept) + self._weight(clauses[at], gram, "any")
            for gram in own
        )
        alone = total * OWN / math.sqrt(max(len(own) * OWN**2, LEAST)) + bias
        return margin - phrase + threshold - alone >= -table.slack

    def _learned(
        self,
        page: Page,
        candidates: Sequence[Candidate],
        stand: Sequence[Candidate],
        cues: Cues,
        clauses: Sequence[Clause],
    ) -> list[Said]:
        """The highest of neighbouring clauses that mention a concept, unless a phrase is there."""
        found: list[Said] = []
        for concept in self.known:
            margins = [self._margin(clauses, at, concept, candidates) for at in range(len(clauses))]
            spoken = {clause_at(clauses, each) for each in stand if each.concept == concept}
            for run in _runs([margin >= 0 or at in spoken for at, margin in enumerate(margins)]):
                if spoken.isdisjoint(run):
                    best = max(run, key=lambda at: (margins[at], -at))
                    found.append(self._learned_at(page, concept, best, cues, clauses))
        return found

    def _learned_at(
        self, page: Page, concept: str, at: int, cues: Cues, clauses: Sequence[Clause]
    ) -> Said:
        """A mention of a whole clause; cues act on the words that carry it."""
        clause = clauses[at]
        core = self._core(clause, concept, 0.7) or Span(clause.start, clause.end)
        candidate = Candidate(concept, core, core.start, "learned")
        said = self._said_of(page, candidate, cues, clauses)
        return replace(said, start=clause.start, end=clause.end)

    def _core(self, clause: Clause, column: str, share: float) -> Span | None:
        weights = [(self._weight(clause, gram, column), gram) for gram in clause.grams]
        most = max((weight for weight, _ in weights), default=0)
        strong = [gram for weight, gram in weights if weight > 0 and weight >= share * most]
        if not strong:
            return None
        return Span(min(gram.start for gram in strong), max(gram.end for gram in strong))

    # -- status -----------------------------------------------------------------------------------

    def _said_of(
        self, page: Page, candidate: Candidate, cues: Cues, clauses: Sequence[Clause]
    ) -> Said:
        said = self._said(page, candidate, cues)
        if said.status == "adult" or not clauses:
            return said
        at = clause_at(clauses, candidate)
        table = self._table(clauses[at])
        if table is None:
            return said
        totals = [
            self._status_total(table, clauses, at, said.status, status)
            + self._of_concept(table, candidate.concept, status)
            for status in STATUSES
        ]
        status = STATUSES[totals.index(max(totals))]
        if self._may_not_deny(candidate) and said.status in RAISED and status not in RAISED:
            around = {
                name: total - self._own_words(clauses[at], candidate.span, name)
                for total, name in zip(totals, STATUSES, strict=True)
            }
            raised = max(around[name] for name in RAISED)
            if raised + OVERRULED > max(around[name] for name in STATUSES if name not in RAISED):
                status = said.status
        if status == said.status:
            return said
        core = self._core(clauses[at], f"here:{status}", 0.99)
        if status == "affirmed" or core is None:
            core = Span(-1, -1)
        return replace(said, status=status, cue_start=core.start, cue_end=core.end)

    def _may_not_deny(self, candidate: Candidate) -> bool:
        """Whether the plain words of a mention are no denial by themselves."""
        is_risk = self.concepts[candidate.concept].polarity == "risk"
        return is_risk and candidate.found_by != "learned"

    def _own_words(self, clause: Clause, span: Span, status: str) -> float:
        """What the grams that share characters with a phrase weigh for a status."""
        own = [
            self._weight(clause, gram, f"here:{status}")
            for gram in clause.grams
            if gram.start < span.end and gram.end > span.start
        ]
        return sum(own) / math.sqrt(max(len(clause.grams), 1))

    def _of_concept(self, table: PlainTable, concept: str, status: str) -> int:
        return table.by_concept.get((concept, status), 0) if concept in self.known else 0

    def _status_total(
        self, table: PlainTable, clauses: Sequence[Clause], at: int, said: str, status: str
    ) -> float:
        total = float(table.statuses[status] + table.by_cue.get((said, status), 0))
        for side, (step, share) in SIDES.items():
            if 0 <= at + step < len(clauses):
                clause = clauses[at + step]
                weight = self._sum(clause, f"{side}:{status}")
                total += share / math.sqrt(max(len(clause.grams), 1)) * weight
        return total


def clause_at(clauses: Sequence[Clause], candidate: Candidate) -> int:
    """The clause in which a candidate begins, or the next one; the last one behind all of them."""
    behind = sum(clause.end <= candidate.span.start for clause in clauses)
    return min(behind, len(clauses) - 1)


def _runs(marks: Sequence[bool]) -> list[list[int]]:
    """The places of marks that stand side by side."""
    runs: list[list[int]] = []
    for at, marked in enumerate(marks):
        if marked and at and marks[at - 1]:
            runs[-1].append(at)
        elif marked:
            runs.append([at])
    return runs
