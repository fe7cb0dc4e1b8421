"""Gates that look at no outcome: which candidate phrases are not even tested.

A phrase that a person struck, that few workers or children have, that names somebody or somewhere or
speaks of what the model may not read, whose notes nearly all come from few villages, or that stands
in the same notes as a longer one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.calibration import Floats, Rows
from carescreen.ngrams import note_phrases
from carescreen.phrase_names import KeptOut, language_of
from carescreen.phrasefit import PhraseRows
from carescreen.within import Codes, indicator

MIN_WORKERS, MIN_CHILDREN = 20, 50  # DESIGN "Model"
MIN_VILLAGES = 10  # villages that would hold a phrase's notes if they were spread evenly
SPREAD_SHARE = 1 / 2  # of the villages that as many notes, drawn by chance, would come from
SAME_NOTES = 0.9  # notes that two phrases share, of those that hold either
THIRDS = 3
CHUNK = 256  # phrases that are compared with all others at a time

_TOKENS = re.compile(r"[\u3400-\u9fff]|[A-Za-z]+")


@dataclass(frozen=True, repr=False)
class UsedRows:
    """Rows that can be used, in an order that depends on their contents alone; ids as numbers."""

    notes: NDArray[np.object_]
    y: Floats
    weight: Floats
    offset: Floats
    worker: Codes
    child: Codes
    village: Codes
    household: Codes
    worker_ids: NDArray[np.object_]
    village_ids: NDArray[np.object_]
    folds: list[tuple[Rows, Rows]] | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def lengths(self) -> Floats:
        """Words and Chinese characters of each text; 0 where there is none."""
        texts = (note if isinstance(note, str) else "" for note in self.notes)
        return np.array([len(_TOKENS.findall(text)) for text in texts], dtype=np.float64)

    @cached_property
    def alike(self) -> Codes:
        """Rows of one worker about which she wrote about as much: thirds of her texts by length.

        Who writes more where she is worried uses more of every word; that is no effect of a word.
        """
        if not self.n:
            return self.worker
        rank = pd.Series(self.lengths).groupby(self.worker).rank(pct=True).to_numpy()
        third = np.ceil(rank * THIRDS).astype(np.int64) - 1
        return np.asarray(self.worker * THIRDS + third)

    def ids(self) -> set[str]:
        """Ids of workers and villages."""
        return {str(name) for name in (*self.worker_ids, *self.village_ids)}


@dataclass
class Gates:
    """What keeps a candidate out before any test, and how many each gate kept out."""

    used: UsedRows
    found: PhraseRows
    struck: Collection[str]
    rules: KeptOut
    left_out: dict[str, int] = field(default_factory=dict)

    def kept(self) -> Rows:
        """Positions of the candidates that are tested."""
        phrases = self.found.phrases
        left = np.arange(len(phrases))
        words = {phrase.strip().lower() for phrase in self.struck}
        struck = ["struck" if note_phrases(phrase) & words else "" for phrase in phrases]
        left = self._pass_with_likes(left, struck)
        few = (self.workers < MIN_WORKERS) | (self.children < MIN_CHILDREN)
        left = self._pass(left, ["few" if few[place] else "" for place in left])
        named = [self.rules.reason(phrases[place]) or "" for place in left]
        left = self._pass_with_likes(left, named)
        narrow = self._narrow(left)
        left = self._pass(left, ["few_villages" if is_out else "" for is_out in narrow])
        same = self._same_notes(left)
        return self._pass(left, ["same_notes" if is_out else "" for is_out in same])

    def __post_init__(self) -> None:
        self.rows = np.asarray(self.found.matrix.sum(axis=0)).ravel().astype(np.int64)
        self.workers = self._distinct(self.used.worker)
        self.children = self._distinct(self.used.child)
        self.villages = self._distinct(self.used.village)

    def _pass(self, left: Rows, reasons: list[str]) -> Rows:
        for reason in reasons:
            if reason:
                self.left_out[reason] = self.left_out.get(reason, 0) + 1
        return left[[not reason for reason in reasons]] if len(left) else left

    def _distinct(self, codes: Codes) -> NDArray[np.int64]:
        """How many workers, children or villages hold each candidate."""
        held = (indicator(codes) @ self.found.matrix).tocsc()
        counts: NDArray[np.int64] = np.diff(held.indptr).astype(np.int64)
        return counts

    def _pass_with_likes(self, left: Rows, reasons: list[str]) -> Rows:
        """Keep out what has a reason, and what is the same thing under another name.

        Such is any that stands in nearly the same notes, and a part that hardly stands elsewhere:
        of 低保户 also 保户.
        """
        out = np.flatnonzero([bool(reason) for reason in reasons])
        matrix, size = self.found.matrix[:, left], self.rows[left]
        number = {self.found.phrases[place]: at for at, place in enumerate(left.tolist())}
        likes = list(reasons)
        for start in range(0, len(out), CHUNK):
            part = out[start : start + CHUNK]
            shared = (matrix.T @ matrix[:, part]).tocoo()
            like, place = shared.coords[0], part[shared.coords[1]]
            near = shared.data >= SAME_NOTES * (size[like] + size[place] - shared.data)
            for one, other in zip(like[near].tolist(), place[near].tolist(), strict=True):
                likes[one] = likes[one] or reasons[other]
            for other in part.tolist():
                for text in note_phrases(self.found.phrases[left[other]]):
                    inner = number.get(text)
                    if inner is not None and size[other] >= SAME_NOTES * size[inner]:
                        likes[inner] = likes[inner] or reasons[other]
        return self._pass(left, likes)

    def _narrow(self, left: Rows) -> NDArray[np.bool_]:
        """Whether nearly all notes with a phrase come from few villages.

        Evenly held villages are counted (inverse Simpson index), and compared with those that as
        many notes drawn by chance among notes of the phrase's language would come from.
        """
        if not len(left):
            return np.zeros(0, dtype=bool)
        village = indicator(self.used.village)
        counts = village @ self.found.matrix[:, left]
        count = np.asarray(counts.sum(axis=0)).ravel()
        even = count**2 / np.asarray(counts.multiply(counts).sum(axis=0)).ravel()
        zh = np.array([language_of(phrase) == "zh" for phrase in self.found.phrases])
        alike = np.zeros(len(self.found.phrases))
        for of_language in (zh, ~zh):
            written = self.found.matrix[:, np.flatnonzero(of_language)].sum(axis=1)
            shares = village @ (np.asarray(written).ravel() > 0).astype(np.float64)
            alike[of_language] = ((shares / max(shares.sum(), 1.0)) ** 2).sum()
        expected = count / (1.0 + (count - 1.0) * alike[left])
        narrow: NDArray[np.bool_] = even < np.maximum(MIN_VILLAGES, SPREAD_SHARE * expected)
        return narrow

    def _same_notes(self, left: Rows) -> NDArray[np.bool_]:
        """Whether a longer candidate stands in nearly the same notes; of equals the first stays."""
        phrases, matrix = self.found.phrases, self.found.matrix[:, left]
        shared = (matrix.T @ matrix).tocoo()
        size = self.rows[left]
        one, other = shared.coords
        union = size[one] + size[other] - shared.data
        alike = (one != other) & (shared.data >= SAME_NOTES * union)
        near: dict[int, list[int]] = {}
        for a, b in zip(one[alike].tolist(), other[alike].tolist(), strict=True):
            near.setdefault(a, []).append(b)
        out = np.zeros(len(left), dtype=bool)
        longest_first = sorted(near, key=lambda place: (-len(phrases[left[place]]), place))
        for place in longest_first:
            if not out[place]:
                out[near[place]] = True
        return out
