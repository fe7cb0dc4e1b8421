"""Mentions of few, short notes, as `together` and `notes` find those of many: the same, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from carescreen.few_learned import FewLearned, FewRead
from carescreen.few_mentions import FewFound, FewMention, FewMentions, Said, clause_before
from carescreen.few_words import Page
from carescreen.learned import LearnedTable
from carescreen.lexicon import STATUSES
from carescreen.mentions import BY_LEARNED
from carescreen.status import STATUS_CODE
from carescreen.together import OVERRULED
from carescreen.vocabulary import Vocabulary

FEW, SHORT = 8, 500  # notes, and their characters together: more are read faster as arrays
_AFFIRMED = STATUS_CODE["affirmed"]
_RAISED = tuple(status in ("affirmed", "suspected") for status in STATUSES)
_RAISED_CODES = tuple(code for code, raised in enumerate(_RAISED) if raised)
_OTHER_CODES = tuple(code for code, raised in enumerate(_RAISED) if not raised)


class FewRow(NamedTuple):
    """One mention, by position in its note: a row of `notes.FoundMentions`."""

    note: int
    concept: int
    status: int
    start: int
    end: int
    found_by: int
    cue_start: int
    cue_end: int


def are_few(texts: Sequence[str]) -> bool:
    """Whether notes are read faster one word at a time."""
    return 0 < len(texts) <= FEW and sum(map(len, texts)) <= SHORT


class FewNotes:
    """Reads few notes with a vocabulary and learned weights, over plain values."""

    def __init__(self, vocabulary: Vocabulary, learned: LearnedTable | None) -> None:
        self._mentions = FewMentions(vocabulary)
        self._learned = FewLearned(learned) if learned else None
        self._columns: list[int] = []
        if learned:
            self._columns = learned.columns_of(vocabulary.concepts).tolist()
        self._concept = {column: at for at, column in enumerate(self._columns) if column >= 0}

    def read(self, texts: Sequence[str]) -> list[FewRow]:
        """The mentions, sorted by note, start, end and concept."""
        page = Page.of(texts)
        found = self._mentions.find(page)
        read = self._learned.read(page) if self._learned else None
        if self._learned and read:
            said = self._together(self._learned, page, found, read)
        else:
            said = [
                (mention, self._mentions.decide(page, found, mention)) for mention in found.mentions
            ]
        rows, note = [], 0
        for mention, of in sorted(said, key=_by_place):
            if of.status < 0:
                continue
            while mention.start >= page.starts[note + 1]:
                note += 1
            first = page.starts[note]
            cue = (of.cue_start - first, of.cue_end - first) if of.cue_start >= 0 else (-1, -1)
            rows.append(
                FewRow(
                    note,
                    mention.concept,
                    of.status,
                    mention.start - first,
                    mention.end - first,
                    mention.found_by,
                    *cue,
                )
            )
        return rows

    def _together(
        self, learned: FewLearned, page: Page, found: FewFound, read: FewRead
    ) -> list[tuple[FewMention, Said]]:
        """Phrases that stand and learned mentions, each with what is said of it."""
        spoken: dict[tuple[int, int], bool] = {}  # column, clause: whether a phrase stands
        sums: dict[int, list[float]] = {}
        said = []
        for mention in found.mentions:
            clause = clause_before(read.ends, mention.start)
            column = self._columns[mention.concept]
            stands = column < 0 or not _spoken_against(learned, read, mention, clause, column)
            if column >= 0:
                spoken[column, clause] = spoken.get((column, clause), False) or stands
            if stands:
                said.append(
                    (mention, self._said(learned, page, found, read, mention, clause, sums))
                )
        for column, clause in _learned_places(learned, read, spoken):
            concept = self._concept.get(column)
            if concept is None:
                continue
            whole = read.clauses[clause]
            start, end = learned.core(read, clause, column) or (whole.start, whole.end)
            core = FewMention(start, end, start, concept, BY_LEARNED, False)
            what = self._said(learned, page, found, read, core, clause, sums)
            said.append((core._replace(start=whole.start, end=whole.end), what))
        return said

    def _said(
        self,
        learned: FewLearned,
        page: Page,
        found: FewFound,
        read: FewRead,
        mention: FewMention,
        clause: int,
        sums: dict[int, list[float]],
    ) -> Said:
        """What the cues and the learned weights together say of a mention."""
        by_cue = self._mentions.decide(page, found, mention)
        if by_cue.status < 0:
            return by_cue
        said = by_cue.status
        totals = learned.totals(read, clause, self._columns[mention.concept], said, sums)
        if totals is None:
            return by_cue
        status = totals.index(max(totals))
        if (
            _RAISED[said]
            and not _RAISED[status]
            and mention.found_by != BY_LEARNED
            and self._mentions.is_risk[mention.concept]
        ):
            own = learned.own_words(read, clause, mention.start, mention.end)
            around = [total - of for total, of in zip(totals, own, strict=True)]
            raised = max(around[code] for code in _RAISED_CODES)
            if raised + OVERRULED > max(around[code] for code in _OTHER_CODES):
                status = said
        if status == said:
            return by_cue
        core = None if status == _AFFIRMED else learned.core_of_status(read, clause, status)
        return Said(status, *(core or (-1, -1)))


def _by_place(said: tuple[FewMention, Said]) -> tuple[int, int, int]:
    mention = said[0]
    return mention.start, mention.end, mention.concept


def _spoken_against(
    learned: FewLearned, read: FewRead, mention: FewMention, clause: int, column: int
) -> bool:
    """A phrase below the threshold because of what stands around it, not because it is short."""
    language = read.clauses[clause].language
    if language < 0 or learned.margin_with_phrase(read, clause, column) >= 0:
        return False
    own = learned.alone(read, clause, column, mention.start, mention.end)
    return learned.score(read, clause, column) - own < -learned.slack[language]


def _learned_places(
    learned: FewLearned, read: FewRead, spoken: dict[tuple[int, int], bool]
) -> list[tuple[int, int]]:
    """Columns and clauses over the threshold without a phrase; of neighbours the highest one."""
    height = {(column, clause): over for column, clause, over in learned.over(read)}
    for (column, clause), stands in spoken.items():
        margin = float("inf") if stands else learned.margin_with_phrase(read, clause, column)
        if margin >= 0:
            height[column, clause] = margin
        else:
            height.pop((column, clause), None)
    best: list[tuple[int, int]] = []
    last: tuple[int, int] | None = None
    for place in sorted(height):
        column, clause = place
        beside = (
            last is not None
            and last == (column, clause - 1)
            and read.clauses[clause - 1].note == read.clauses[clause].note
        )
        if not beside:
            best.append(place)
        elif height[place] > height[best[-1]]:
            best[-1] = place
        last = place
    return [place for place in best if height[place] < float("inf")]
