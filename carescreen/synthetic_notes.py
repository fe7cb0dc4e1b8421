"""Notes of a synthetic county: which sentences a visit's note has, and in which order.

Everyday sentences first; then, for some notes, what a reader must not mistake for a concern
(denied, past, someone else's, advice) and, where the worker noticed one, the concern itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from carescreen.synthetic_concerns import TYPE_NAMES
from carescreen.synthetic_people import (
    GONE,
    Bools,
    Children,
    CountyPlan,
    Homes,
    Ints,
    Words,
    Workers,
)
from carescreen.synthetic_phrases import (
    AWAY,
    GROUPS,
    HOME,
    LANGUAGES,
    NEITHER,
    STAGES,
    Phrasebook,
    load_phrasebook,
)
from carescreen.synthetic_visits import Visits

CHUNK = 100_000  # notes at a time: bounds memory, and is part of what a seed means
# Share of notes of a visit that found the family in which such a sentence stands.
ASIDES = {
    "negated": 0.30,
    "prevention": 0.16,
    "other_person": 0.06,
    "past": 0.06,
    "near_miss": 0.12,
}
SIBLING_SHARE, SECOND_SENTENCE, OPENING, CLOSING = 0.20, 0.25, 0.55, 0.30
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Sheet:
    """A chunk of notes being written by hands of one language: arrays by note."""

    book: Phrasebook
    rng: np.random.Generator
    hand: Ints
    group: Ints
    met: Bools
    brief: Bools
    known: dict[str, Ints]

    @property
    def n(self) -> int:
        return len(self.hand)

    def sentence(self, kind: str, where: Bools) -> Words:
        """A filled sentence of a kind in these rows, None elsewhere."""
        numbers = self.book.pick(self.rng, kind, self.group)
        return self.fill(np.where(where, numbers, -1))

    def fill(self, numbers: Ints, quoted: Words | None = None, inside: bool = False) -> Words:
        return self.book.fill(self.rng, numbers, self.hand, self.known, quoted, inside)


def write_notes(
    plan: CountyPlan,
    workers: Workers,
    homes: Homes,
    children: Children,
    visits: Visits,
    progress: Progress | None = None,
) -> Words:
    """One note a visit, None where the worker wrote nothing."""
    notes = np.full(visits.n, None, dtype=object)
    worker = children.village[visits.child]
    background = _background(plan, homes, children)
    done = 0
    for number, language in enumerate(LANGUAGES):
        book = load_phrasebook(language)
        rows = np.flatnonzero(workers.writes_chinese[worker] == (language == "zh"))
        for part, start in enumerate(range(0, len(rows), CHUNK)):
            chunk = rows[start : start + CHUNK]
            rng = plan.rng(20 + number, part)
            sheet = _sheet(book, rng, workers, children, visits, chunk)
            notes[chunk] = _write(sheet, homes, children, visits, background, chunk)
            done += len(chunk)
            if progress is not None:
                progress("notes", done, visits.n)
    return notes


def _sheet(
    book: Phrasebook,
    rng: np.random.Generator,
    workers: Workers,
    children: Children,
    visits: Visits,
    rows: Ints,
) -> _Sheet:
    child = visits.child[rows]
    hand = workers.hand[children.village[child]] % len(book.hands)
    brief = np.array([one.brief for one in book.hands])
    stage = np.searchsorted([low for low, _ in STAGES], children.age[child], side="right") - 1
    group = stage * 3 + _family(children)[child]
    assert group.max(initial=0) < GROUPS
    return _Sheet(
        book=book,
        rng=rng,
        hand=hand,
        group=group.astype(np.int64),
        met=visits.seen[rows] != "no",
        brief=rng.random(len(rows)) < brief[hand],
        known=_known(book, children, child),
    )


def _family(children: Children) -> Ints:
    """HOME, AWAY or NEITHER for each child: which sentences about parents can be true."""
    both_home = (children.father == "at_home") & (children.mother == "at_home")
    return np.asarray(np.where(children.left_behind, AWAY, np.where(both_home, HOME, NEITHER)))


def _known(book: Phrasebook, children: Children, child: Ints) -> dict[str, Ints]:
    """Codes of the words that stay the same for a child: its name, its carer, he or she."""
    female = children.female[child].astype(np.int64)
    half = len(book.words["name"]) // 2
    parent = _parent_spoken_of(children)
    kind = np.select([children.carer == "grandparent", children.carer == "parent"], [0, 1], 2)
    # Words of a carer who is a parent are mother, father, …: the one who is not away.
    carer = kind * 4 + np.where(kind == 1, 1 - parent[:, 1], children.home % 4)
    known = {
        "name": female * half + child * 7 % half,
        "carer": carer[child].astype(np.int64),
        "parent": parent[child, 0].astype(np.int64),
    }
    return known | {slot: female for slot in ("ta", "he", "his", "him") if slot in book.words}


def _parent_spoken_of(children: Children) -> Ints:
    """For each child the parent that notes mention, and the one who cares: 0 father, 1 mother."""
    father, mother = (~np.isin(status, GONE) for status in (children.father, children.mother))
    only = np.select([father & ~mother, mother & ~father], [0, 1], children.home // 4 % 2)
    spoken = np.select([children.away == "father", children.away == "mother"], [0, 1], only)
    return np.stack([spoken, np.where(father & mother, 1 - spoken, spoken)], axis=1)


def _background(plan: CountyPlan, homes: Homes, children: Children) -> dict[str, Bools]:
    """Lasting circumstances that a worker may mention, by child."""
    rng, n, home = plan.rng(11), children.n, children.home
    poor = np.isin(homes.income[home], ["dibao", "tekun", "none_eligible"])
    return {
        "guardianship_absent": children.away == "both",
        "parent_contact_gap": children.left_behind & (children.contact_gap > 30),
        "economic_hardship": poor & (rng.random(n) < 0.5),
        "housing_poor": (rng.random(homes.n) < 0.02)[home],
        "home_hazard": (rng.random(homes.n) < 0.05)[home],
        "no_registration": ~children.registered,
        "preventive_care_missed": (children.age < 6) & (rng.random(n) < 0.025),
        "internet_addiction": (children.age >= 9) & (rng.random(n) < 0.02),
    }


def _write(
    sheet: _Sheet,
    homes: Homes,
    children: Children,
    visits: Visits,
    background: dict[str, Bools],
    rows: Ints,
) -> Words:
    concerns = _concern_sentences(sheet, visits, rows)
    wordy = ~sheet.brief
    # A worker who writes little still names half of the concerns she means to write down.
    named = wordy | (sheet.rng.random(sheet.n) < 0.5)
    concerns = [np.where(named, text, None) for text in concerns]
    siblings = homes.children[children.home[visits.child[rows]]] > 1
    worried = ~np.equal(concerns[0], None)
    columns = _everyday(sheet, wordy, worried) + _asides(sheet, wordy, worried, siblings)
    columns += _circumstances(sheet, wordy, background, visits.child[rows])
    columns += concerns
    opening, closing = _edges(sheet, wordy)
    text = _joined(sheet, [opening, *_shuffled(sheet, columns), closing])
    bare = np.equal(text, None) & sheet.met
    short = sheet.sentence("brief", bare & (sheet.rng.random(sheet.n) < 0.65))
    return np.where(bare, short, text)


def _concern_sentences(sheet: _Sheet, visits: Visits, rows: Ints) -> list[Words]:
    """One sentence, or two, about what was noticed; a part of them hedged."""
    kind = np.where(visits.written[rows], visits.kind[rows], -1)
    first = np.full(sheet.n, -1, dtype=np.int64)
    second = np.full(sheet.n, -1, dtype=np.int64)
    for code in np.unique(kind[kind >= 0]):
        here = np.flatnonzero(kind == code)
        name = f"concerns/{TYPE_NAMES[code]}"
        first[here] = sheet.book.pick(sheet.rng, name, sheet.group[here])
        second[here] = sheet.book.pick(sheet.rng, name, sheet.group[here])
    # Hedged, and hearsay where the child was not met (except where that is the concern itself).
    unmet = ~sheet.met & (visits.seen[rows] == "no")
    hedged = (first >= 0) & (visits.hedged[rows] | unmet)
    hedge = np.where(hedged, sheet.book.pick(sheet.rng, "hedges", sheet.group), -1)
    quoted = sheet.fill(np.where(hedged, first, -1), inside=True)
    plain = sheet.fill(np.where(hedged, -1, first))
    text = np.where(hedged, sheet.fill(hedge, quoted), plain)
    twice = (second != first) & ~hedged & (sheet.rng.random(sheet.n) < SECOND_SENTENCE)
    return [text, sheet.fill(np.where(twice, second, -1))]


# What would contradict a concern in the same note: she washes her feet every day, eats well.
_SAYS_ALL_IS_WELL = ("ordinary/food", "ordinary/growth", "ordinary/carer")


def _everyday(sheet: _Sheet, wordy: Bools, worried: Bools) -> list[Words]:
    """Everyday sentences on different matters, as many as the hand writes."""
    kinds = sheet.book.ordinary
    parts = np.array([one.parts for one in sheet.book.hands])[sheet.hand]
    count = sheet.rng.integers(parts[:, 0], parts[:, 1] + 1)
    count = np.where(wordy, np.where(sheet.met, count, np.minimum(count, 1)), 0)
    place = np.argsort(sheet.rng.random((sheet.n, len(kinds))), axis=1)
    rank = np.argsort(place, axis=1)
    only_outside = np.array([kind in ("ordinary/worker", "ordinary/farm") for kind in kinds])
    columns = []
    for column, kind in enumerate(kinds):
        fits = (sheet.met | only_outside[column]) & ~(worried & (kind in _SAYS_ALL_IS_WELL))
        columns.append(sheet.sentence(kind, (rank[:, column] < count) & fits))
    return columns


def _asides(sheet: _Sheet, wordy: Bools, worried: Bools, siblings: Bools) -> list[Words]:
    spin = sheet.rng.random
    columns = [sheet.sentence("nobody_home", ~sheet.met)]
    met = wordy & sheet.met
    for kind, share in ASIDES.items():
        calm = met & ~worried if kind == "negated" else met
        columns.append(sheet.sentence(kind, calm & (spin(sheet.n) < share)))
    columns.append(sheet.sentence("sibling", met & siblings & (spin(sheet.n) < SIBLING_SHARE)))
    return columns


def _circumstances(
    sheet: _Sheet, wordy: Bools, background: dict[str, Bools], child: Ints
) -> list[Words]:
    met = wordy & sheet.met
    return [
        sheet.sentence(f"background/{name}", met & true[child] & (sheet.rng.random(sheet.n) < 0.30))
        for name, true in background.items()
    ]


def _edges(sheet: _Sheet, wordy: Bools) -> tuple[Words, Words]:
    opens = np.array([one.openings for one in sheet.book.hands])[sheet.hand]
    opening = sheet.sentence("openings", wordy & opens & (sheet.rng.random(sheet.n) < OPENING))
    closes = wordy & (sheet.rng.random(sheet.n) < CLOSING)
    return opening, sheet.sentence("closings", closes)


def _shuffled(sheet: _Sheet, columns: list[Words]) -> list[Words]:
    """The same sentences of each note, in an order of its own, gaps last."""
    table = np.stack(columns, axis=1)
    keys = sheet.rng.random(table.shape)
    keys[np.equal(table, None)] = 2.0
    order = np.argsort(keys, axis=1)
    most = int((keys < 2.0).sum(axis=1).max(initial=0))
    rows = np.arange(sheet.n)
    return [table[rows, order[:, place]] for place in range(most)]


def _joined(sheet: _Sheet, columns: list[Words]) -> Words:
    """Sentences of each note as its hand joins them; None where there are none."""
    hands = sheet.book.hands
    start = np.array([one.start for one in hands], dtype=object)
    end = np.array([one.end for one in hands], dtype=object)
    joins = sheet.book.joins()
    text = np.full(sheet.n, None, dtype=object)
    count = np.zeros(sheet.n, dtype=np.int64)
    for column in columns:
        present = ~np.equal(column, None)
        new, more = np.flatnonzero(present & (count == 0)), np.flatnonzero(present & (count > 0))
        text[new] = start[sheet.hand[new]] + column[new]
        text[more] = text[more] + joins[sheet.hand[more], count[more] - 1] + column[more]
        count += present
    written = np.flatnonzero(count > 0)
    text[written] = text[written] + end[sheet.hand[written]]
    return text
