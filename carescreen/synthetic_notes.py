"""Notes of a synthetic county: which sentences a visit's note has, and in which order.

A note is about one visit: one to five sentences on a matter or two, for some notes one that a
reader must not mistake for a concern (denied, past, someone else's, advice, a near miss) and, where
the worker noticed one, the concern itself. Who is at home and where a parent works stay the same
from note to note.
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
    FAMILIES,
    GROUPS,
    LANGUAGES,
    STAGES,
    Phrasebook,
    load_phrasebook,
)
from carescreen.synthetic_visits import Visits

CHUNK = 100_000  # notes at a time: bounds memory, and is part of what a seed means
# What a visit was about: everyday matters that go together, in the order in which they are told.
THEMES = (
    ("growth", "school", "play"),
    ("school", "play", "carer"),
    ("carer", "school", "parents"),
    ("carer", "parents", "money"),
    ("parents", "school", "worker"),
    ("growth", "food", "play"),
    ("growth", "play", "carer"),
    ("home", "food", "carer"),
    ("home", "parents", "growth"),
    ("carer", "farm", "food"),
    ("carer", "money", "worker"),
    ("growth", "school", "worker"),
)
# Share of notes of a visit that found the family with one such sentence; at most one a note.
ASIDES = {
    "negated": 0.10,
    "prevention": 0.06,
    "sibling": 0.05,
    "past": 0.025,
    "other_person": 0.03,
    "near_miss": 0.04,
}
MISLEADING = ("past", "other_person", "near_miss")  # asides that a supervisor reads again
CIRCUMSTANCE, SECOND_SENTENCE, OPENING, CLOSING = 0.20, 0.25, 0.40, 0.15
CONCERN_FIRST, NAMED, BY_NAME = 0.5, 0.5, 0.6
# Everyday matters that would contradict a concern, or a lasting circumstance, in the same note.
ALL_IS_WELL = ("food", "growth", "carer", "parents", "play")
CONTRADICTED = {
    "parents": ("parent_contact_gap", "guardianship_absent"),
    "home": ("housing_poor",),
    "money": ("economic_hardship",),
}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Written:
    """Notes by visit, None where nothing was written, and the concept each could be taken for."""

    text: Words
    traps: Words


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
) -> Written:
    """One note a visit, None where the worker wrote nothing."""
    notes = Written(*np.full((2, visits.n), None, dtype=object))
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
            text, traps = _write(sheet, homes, children, visits, background, chunk)
            notes.text[chunk], notes.traps[chunk] = text, traps
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
    group = (stage * len(FAMILIES) + _family(children)[child]) * 2
    group += children.carer[child] == "grandparent"
    assert group.max(initial=0) < GROUPS
    return _Sheet(
        book=book,
        rng=rng,
        hand=hand,
        group=group.astype(np.int64),
        met=visits.seen[rows] != "no",
        brief=rng.random(len(rows)) < brief[hand],
        known=_known(book, rng, children, child),
    )


def _family(children: Children) -> Ints:
    """Position in FAMILIES for each child: which sentences about parents can be true."""
    father, mother = children.father, children.mother
    home = [status == "at_home" for status in (father, mother)]
    gone = np.isin(father, GONE) & np.isin(mother, GONE)
    died = (father == "deceased") ^ (mother == "deceased")
    order = ("home", "both", "dad_away", "mum_away", "one_away", "bereft")
    families = np.select(
        [
            home[0] & home[1],
            children.away == "both",
            (children.away == "father") & home[1],
            (children.away == "mother") & home[0],
            children.left_behind,
            gone & died,
        ],
        [FAMILIES.index(name) for name in order],
        FAMILIES.index("other"),
    )
    return np.asarray(families, dtype=np.int64)


def _known(
    book: Phrasebook, rng: np.random.Generator, children: Children, child: Ints
) -> dict[str, Ints]:
    """Codes of the words that stay the same for a child: its name, its carer, he or she.

    How the child is called, and the crop, stay the same within a note.
    """
    n, home, sizes = len(child), children.home[child], {k: len(v) for k, v in book.words.items()}
    female = children.female[child].astype(np.int64)
    half = sizes["name"] // 2
    name = female * half + child * 7 % half
    generic = sizes["child"] - sizes["name"]
    called = np.where(rng.random(n) < BY_NAME, generic + name, rng.integers(0, generic, n))
    known = {"name": name, "child": called, "crop": rng.integers(0, sizes["crop"], n)}
    known |= {slot: home * 5 % sizes[slot] for slot in ("place", "job", "animal")}
    known |= {"teacher": child * 5 % sizes["teacher"], **_grown_ups(children, child, sizes)}
    return known | {slot: female for slot in ("ta", "he", "his", "him") if slot in book.words}


def _grown_ups(children: Children, child: Ints, sizes: dict[str, int]) -> dict[str, Ints]:
    """Word codes of who cares for each child, the parent spoken of and the adult at home."""
    parent = _parent_spoken_of(children)[child]
    kind = np.select([children.carer == "grandparent", children.carer == "parent"], [0, 1], 2)[
        child
    ]
    # Words of a carer who is a parent are mother, father, …: the one who is not away.
    carer = kind * 4 + np.where(kind == 1, 1 - parent[:, 1], children.home[child] % 4)
    # A child looked after by a brother or sister, or by itself: an older sister, an aunt who looks in.
    for word, place in (("sibling_minor", 3), ("self", 0)):
        carer = np.where(children.carer[child] == word, 8 + place, carer)
    family = _family(children)[child]
    at_home = [FAMILIES.index(name) for name in ("home", "mum_away", "dad_away")]
    # At home the parent spoken of; where one is away, the other; otherwise whoever is the carer.
    adult = np.select([family == place for place in at_home], [parent[:, 0], 0, 1], -sizes["carer"])
    adult = np.where(adult < 0, carer, sizes["carer"] + adult)
    return {"carer": carer, "parent": parent[:, 0], "adult": adult}


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
    return {  # the rarest first: a note tells at most one
        "no_registration": ~children.registered,
        "housing_poor": (rng.random(homes.n) < 0.02)[home],
        "internet_addiction": (children.age >= 9) & (rng.random(n) < 0.02),
        "preventive_care_missed": (children.age < 6) & (rng.random(n) < 0.025),
        "economic_hardship": poor & (rng.random(n) < 0.5),
        "home_hazard": (rng.random(homes.n) < 0.04)[home],
        "parent_contact_gap": children.left_behind & (children.contact_gap > 30),
        "guardianship_absent": children.away == "both",
    }


def _write(
    sheet: _Sheet,
    homes: Homes,
    children: Children,
    visits: Visits,
    background: dict[str, Bools],
    rows: Ints,
) -> tuple[Words, Words]:
    """Texts and traps of a chunk of notes."""
    child = visits.child[rows]
    concern, more = _concern_sentences(sheet, visits, rows)
    wordy = ~sheet.brief
    # A worker who writes little still names half of the concerns she means to write down.
    named = wordy | (sheet.rng.random(sheet.n) < NAMED)
    concern, more = (np.where(named, text, None) for text in (concern, more))
    worried = ~np.equal(concern, None)
    circumstance, of = _circumstance(sheet, wordy & ~worried, background, child)
    everyday = _everyday(sheet, wordy, worried, of)
    siblings = homes.children[children.home[child]] > 1
    aside, traps = _aside(
        sheet, wordy & sheet.met & np.equal(circumstance, None), worried, siblings
    )
    opening, closing = _edges(sheet, wordy & ~worried)
    nothing = np.full(sheet.n, None, dtype=object)
    first = sheet.rng.random(sheet.n) < CONCERN_FIRST
    columns = [opening, sheet.sentence("nobody_home", ~sheet.met)]
    columns += [np.where(first, concern, nothing), np.where(first, more, nothing), *everyday]
    columns += [aside, circumstance]
    columns += [np.where(first, nothing, concern), np.where(first, nothing, more), closing]
    text = _joined(sheet, columns)
    bare = np.equal(text, None) & sheet.met
    short = sheet.sentence("brief", bare & (sheet.rng.random(sheet.n) < 0.65))
    return np.where(bare, short, text), traps


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


def _everyday(sheet: _Sheet, wordy: Bools, worried: Bools, of: Words) -> list[Words]:
    """Everyday sentences of the visit's theme, as many as the hand writes, none to three."""
    parts = np.array([one.parts for one in sheet.book.hands])[sheet.hand]
    count = sheet.rng.integers(parts[:, 0], parts[:, 1] + 1)
    count = np.where(wordy & sheet.met, np.where(worried, np.minimum(count - 1, 1), count), 0)
    theme = sheet.rng.integers(0, len(THEMES), sheet.n)
    # Which matter is left out first where a note has fewer sentences than its theme has matters.
    rank = np.argsort(sheet.rng.random((sheet.n, len(THEMES[0]))), axis=1)
    columns = []
    for place in range(len(THEMES[0])):
        numbers = np.full(sheet.n, -1, dtype=np.int64)
        for kind in sorted({one[place] for one in THEMES}):
            fits = np.array([one[place] == kind for one in THEMES])[theme]
            fits &= ~np.isin(of, CONTRADICTED.get(kind, ()))
            fits &= ~(worried & (kind in ALL_IS_WELL))
            picked = sheet.book.pick(sheet.rng, f"ordinary/{kind}", sheet.group)
            numbers = np.where(fits, picked, numbers)
        here = rank[:, place] < count
        columns.append(sheet.fill(np.where(here, numbers, -1)))
    return columns


def _aside(sheet: _Sheet, where: Bools, worried: Bools, siblings: Bools) -> tuple[Words, Words]:
    """At most one sentence that is not about a concern of this child, and what it may seem."""
    edges = np.cumsum(list(ASIDES.values()))
    drawn = np.searchsorted(edges, sheet.rng.random(sheet.n), side="right")
    numbers = np.full(sheet.n, -1, dtype=np.int64)
    for place, kind in enumerate(ASIDES):
        fits = where & (drawn == place)
        if kind == "sibling":
            fits &= siblings
        if kind in ("negated", "past", "near_miss"):
            fits &= ~worried
        numbers = np.where(fits, sheet.book.pick(sheet.rng, kind, sheet.group), numbers)
    misleading = np.isin(drawn, [list(ASIDES).index(kind) for kind in MISLEADING])
    traps = sheet.book.traps[np.where(misleading, numbers, -1)]
    return sheet.fill(numbers), np.where(np.isin(traps, TYPE_NAMES), traps, None)


def _circumstance(
    sheet: _Sheet, wordy: Bools, background: dict[str, Bools], child: Ints
) -> tuple[Words, Words]:
    """At most one sentence on a lasting circumstance, and the child's first one (told or not)."""
    of = np.full(sheet.n, None, dtype=object)
    numbers = np.full(sheet.n, -1, dtype=np.int64)
    told = wordy & sheet.met & (sheet.rng.random(sheet.n) < CIRCUMSTANCE)
    for name, true in background.items():
        new = true[child] & np.equal(of, None)
        of[new] = name
        numbers = np.where(
            new & told, sheet.book.pick(sheet.rng, f"background/{name}", sheet.group), numbers
        )
    of[(of == "guardianship_absent") & (numbers < 0)] = None  # only a contradiction when told
    return sheet.fill(numbers), of


def _edges(sheet: _Sheet, wordy: Bools) -> tuple[Words, Words]:
    """An opening, or else a closing, of some notes."""
    opens = np.array([one.openings for one in sheet.book.hands])[sheet.hand]
    opens &= wordy & (sheet.rng.random(sheet.n) < OPENING)
    closes = wordy & ~opens & (sheet.rng.random(sheet.n) < CLOSING)
    return sheet.sentence("openings", opens), sheet.sentence("closings", closes)


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
