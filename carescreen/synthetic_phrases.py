"""Sentence templates of the synthetic notes: read from data/notes.<language>.yaml, filled in bulk.

A template is literal text with {slots}; a hand is one writer's way of joining, spelling and
shortening. Filling loops over templates (some hundreds), never over notes.

Tags before a template say for whom it can be true: ages (@0-5), who lives at home (see HOUSEHOLDS)
and @old, a grandparent as carer. `!concept` says which concern a reader could take it for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from carescreen.errors import PackError
from carescreen.synthetic_people import Bools, Ints, Words
from carescreen.yamlfile import read_yaml

FORMAT = "carescreen-note-templates/1"
LANGUAGES = ("zh", "en")
STAGES = ((0, 2), (3, 5), (6, 11), (12, 17))  # ages that templates may be limited to
# Where the parents are. one_away: the other is not at home either. bereft: one has died and the
# other is gone. other: any other family, as one with a parent who is ill or has left.
FAMILIES = ("home", "both", "dad_away", "mum_away", "one_away", "bereft", "other")
HOUSEHOLDS = {  # tags and the families that they fit
    "@home": ("home",),
    "@away": ("both", "dad_away", "mum_away", "one_away"),
    "@both": ("both",),
    "@dad_away": ("dad_away",),
    "@mum": ("home", "dad_away"),
    "@gone": ("bereft",),
}
GROUPS = len(STAGES) * len(FAMILIES) * 2  # the last: whether a grandparent is the carer
JOINS = 24  # a note has fewer sentences
_SLOT = re.compile(r"\{(\w+)\}")
_AGES = re.compile(r"(\d+)-(\d+)\Z")


@dataclass(frozen=True)
class Hand:
    """One writer's way: between and after sentences, how much, which spelling."""

    id: str
    start: str
    joins: tuple[str, ...]
    end: str
    parts: tuple[int, int]
    brief: float
    openings: bool
    capital: bool
    lower: bool
    replace: tuple[tuple[str, str], ...]

    def spell(self, text: str, opens: bool = False) -> str:
        """The text as this hand writes it; `opens` where it opens a sentence."""
        for old, new in self.replace:
            text = text.replace(old, new)
        if self.lower:
            return text.lower()
        return text[:1].upper() + text[1:] if opens and self.capital else text


@dataclass(frozen=True)
class Template:
    """Literal and slot pieces in turn: even places are text, odd ones slot names."""

    pieces: tuple[str, ...]
    fits: Bools
    trap: str | None = None


@dataclass(frozen=True)
class Phrasebook:
    """The templates of one language, by kind: brief, ordinary/home, concerns/neglect …"""

    language: str
    hands: tuple[Hand, ...]
    words: Mapping[str, tuple[str, ...]]
    templates: tuple[Template, ...]
    kinds: Mapping[str, Ints]
    _tables: dict[tuple[str, bool], Words] = field(default_factory=dict, repr=False)
    _fits: dict[str, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)

    @cached_property
    def ordinary(self) -> tuple[str, ...]:
        """Kinds of everyday sentences."""
        return tuple(kind for kind in self.kinds if kind.startswith("ordinary/"))

    @cached_property
    def traps(self) -> Words:
        """The concept that each template could be mistaken for, None for most; the last is None."""
        return np.array([*(template.trap for template in self.templates), None], dtype=object)

    def pick(self, rng: np.random.Generator, kind: str, group: Ints) -> Ints:
        """A template of a kind for each row that fits its group, -1 where none fits."""
        table, count = self._fitting(kind)
        spin = rng.random(len(group)) * count[group]
        return np.where(count[group] > 0, table[group, spin.astype(np.int64)], -1)

    def _fitting(self, kind: str) -> tuple[Ints, Ints]:
        """Templates of a kind by group, those that fit first, and how many do."""
        if kind not in self._fits:
            numbers = self.kinds[kind]
            fits = np.array([self.templates[number].fits for number in numbers]).T
            order = np.argsort(~fits, axis=1, kind="stable")
            self._fits[kind] = numbers[order], fits.sum(axis=1)
        return self._fits[kind]

    def fill(
        self,
        rng: np.random.Generator,
        numbers: Ints,
        hand: Ints,
        known: Mapping[str, Ints],
        quoted: Words | None = None,
        inside: bool = False,
    ) -> Words:
        """A sentence for each row; None where its template number is -1.

        `known` gives word codes of slots that belong to the child; other slots are drawn. `quoted`
        holds the text of the slot {x}; `inside` text is to be quoted, so it opens no sentence.
        """
        text = np.full(len(numbers), None, dtype=object)
        order = np.argsort(numbers, kind="stable")
        used, starts = np.unique(numbers[order], return_index=True)
        for number, rows in zip(used, np.split(order, starts[1:]), strict=True):
            if number >= 0:
                text[rows] = self._fill_one(
                    rng, self.templates[number], rows, hand[rows], known, quoted, inside
                )
        return text

    def _fill_one(
        self,
        rng: np.random.Generator,
        template: Template,
        rows: Ints,
        hand: Ints,
        known: Mapping[str, Ints],
        quoted: Words | None,
        inside: bool,
    ) -> Words:
        text: Words | None = None
        for place, piece in enumerate(template.pieces):
            if not piece:
                continue
            opens = text is None and not inside
            if place % 2 == 0:
                part = self._spelled((piece,), f"text:{piece}", opens)[hand, 0]
            elif piece == "x":
                assert quoted is not None
                part = quoted[rows]
            else:
                part = self._slot(rng, piece, opens, rows, hand, known)
            text = part if text is None else text + part
        assert text is not None
        return text

    def _slot(
        self,
        rng: np.random.Generator,
        slot: str,
        opens: bool,
        rows: Ints,
        hand: Ints,
        known: Mapping[str, Ints],
    ) -> Words:
        table = self._spelled(self.words[slot], slot, opens)
        if slot in known:
            return table[hand, known[slot][rows]]
        return table[hand, rng.integers(0, table.shape[1], len(rows))]

    def _spelled(self, words: tuple[str, ...], name: str, opens: bool) -> Words:
        """Words (columns) as each hand (rows) spells them."""
        key = (name, opens)
        if key not in self._tables:
            table = np.array([[h.spell(w, opens) for w in words] for h in self.hands], dtype=object)
            self._tables[key] = table
        return self._tables[key]

    def joins(self) -> Words:
        """What stands before the n-th further sentence (columns) of each hand (rows)."""
        rows = [[h.joins[min(n, len(h.joins) - 1)] for n in range(JOINS)] for h in self.hands]
        return np.array(rows, dtype=object)


def load_phrasebook(language: str) -> Phrasebook:
    """Read one language's templates from the package data."""
    file = read_yaml(Path(__file__).parent / "data" / f"notes.{language}.yaml")
    data = cast("dict[str, Any]", file.data)
    if data["format"] != FORMAT:
        raise PackError(f"format is '{data['format']}'; this version reads '{FORMAT}'", file.path)
    words = {name: tuple(map(str, values)) for name, values in data["slots"].items()}
    words["name"] = words.pop("names_male") + words.pop("names_female")
    words["carer"] = tuple(word for kind in CARERS for word in data["carers"][kind])
    words["parent"] = tuple(data["parents"])
    words["adult"] = words["carer"] + words["parent"]
    words["child"] += words["name"]
    templates: list[Template] = []
    kinds: dict[str, Ints] = {}
    for kind, lines in _kinds(data):
        numbers = range(len(templates), len(templates) + len(lines))
        kinds[kind] = np.array(numbers, dtype=np.int64)
        templates.extend(_template(line, words, file.path) for line in lines)
    hands = tuple(_hand(entry) for entry in data["styles"])
    return Phrasebook(language, hands, words, tuple(templates), kinds)


CARERS = ("grandparent", "parent", "other")
_PLAIN = ("brief", "openings", "closings", "nobody_home", "near_miss", "sibling")
_PLAIN += ("negated", "other_person", "prevention", "past", "hedges")


def _kinds(data: Mapping[str, Any]) -> Iterable[tuple[str, list[str]]]:
    for kind in _PLAIN:
        yield kind, data[kind].splitlines()
    for section in ("ordinary", "concerns", "background"):
        for name, lines in data[section].items():
            yield f"{section}/{name}", lines.splitlines()


def _hand(entry: Mapping[str, Any]) -> Hand:
    joins = entry["join"]
    return Hand(
        id=str(entry["id"]),
        start=str(entry.get("start", "")),
        joins=(joins,) if isinstance(joins, str) else tuple(joins),
        end=str(entry["end"]),
        parts=(int(entry["parts"][0]), int(entry["parts"][1])),
        brief=float(entry["brief"]),
        openings=entry["openings"] in (True, "true"),
        capital=entry.get("capital") in (True, "true"),
        lower=entry.get("lower") in (True, "true"),
        replace=tuple((str(old), str(new)) for old, new in entry["replace"]),
    )


def _template(line: str, words: Mapping[str, Any], path: Path) -> Template:
    fits = np.ones((len(STAGES), len(FAMILIES), 2), dtype=bool)
    trap = None
    while line.startswith(("@", "!")):
        tag, _, line = line.partition(" ")
        if tag.startswith("!"):
            trap = tag[1:]
        else:
            fits &= _fits(tag, path)
    pieces = tuple(_SLOT.split(line))
    for slot in pieces[1::2]:
        if slot not in words and slot != "x":
            raise PackError(f"unknown slot '{{{slot}}}' in a note template", path)
    return Template(pieces, fits.ravel(), trap)


def _fits(tag: str, path: Path) -> Bools:
    """Stages, families and carers that a tag fits, to be broadcast together."""
    if tag == "@old":
        return np.array([False, True])
    if tag in HOUSEHOLDS:
        return np.array([[family in HOUSEHOLDS[tag]] for family in FAMILIES])
    if ages := _AGES.match(tag[1:]):
        low, high = int(ages[1]), int(ages[2])
        return np.array([[[low <= start and end <= high]] for start, end in STAGES])
    allowed = ", ".join([*HOUSEHOLDS, "@old", "@0-5 (ages)"])
    raise PackError(f"unknown tag '{tag}'; allowed: {allowed}", path)
