"""Learning a reader's weights from annotated notes: `carescreen notes train`.

One ridge logistic regression a concept over the grams of a clause and its neighbours, one a status
over the grams of the mention's clause and those beside it. A clause beside one that mentions the
concept, and does not itself, teaches nothing about it. Grams weigh by the root of how rare they are.
Thresholds come from scores of writers that were left out, so that they hold for a new hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from carescreen.corpus import AnnotatedNote
from carescreen.grams import Clauses, find_clauses, find_grams, keys_of
from carescreen.learned import (
    LEAST,
    MILLI,
    OWN,
    SIDE_WEIGHT,
    SIDES,
    LanguageTable,
    neighbours,
)
from carescreen.lexicon import STATUSES
from carescreen.mentions import find_mentions
from carescreen.normalise import is_word, join
from carescreen.notes import NoteReader

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_CLAUSES = 2  # a gram of one clause tells about that clause
STRENGTH = 50.0  # inverse of the ridge penalty; chosen on writers left out
STATUS_STRENGTH = 10.0
ANY_STRENGTH = 10.0
ANY_SHARE = 0.4  # of the shared score; halves the false mentions in ordinary notes at the same F1
PHRASE_SCALE = 0.3  # a phrase is one more gram, of about the weight of a whole clause
CUE_SCALE = 0.5
CAUTION = 1000  # thousandths, above the best threshold of the corpus
FEW = 10  # notes that mention a concept, under which its own best threshold says little
CRITICAL_PRECISION = 0.65  # any status; about 0.60 of what is then raised is right
SLACK = 300  # thousandths, how much what stands around a phrase may speak against it
SMALLEST = 600  # thousandths; lighter entries are left out: a sixth of them reads as well as all
FOLDS = 6
OVERLAP = 0.5  # of the tag or of the clause, from which a clause mentions what the tag says


@dataclass(frozen=True)
class Lesson:
    """Notes of one language, prepared for learning; rows are clauses, columns grams."""

    language: str
    concepts: tuple[str, ...]
    writer: NDArray[np.object_]  # of each clause
    note: Ints
    clauses: Clauses
    grams: tuple[str, ...]
    counts: Any  # (clauses, grams), sparse
    mixed: Any  # with the clauses around, by the root of the number
    own: Any  # a clause's own grams, by the root of the number
    mentions: BoolArray  # (clauses, concepts)
    beside: BoolArray  # next to one that mentions it, and does not itself
    phrases: BoolArray  # where the pack's words say so
    tag_clause: Ints  # of each annotation
    tag_status: Ints
    tag_cue: Ints  # what the pack's cues say of it


def prepare(notes: Sequence[AnnotatedNote], language: str, reader: NoteReader) -> Lesson:
    """The clauses, grams and labels of the notes of a language."""
    from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]  # no stubs

    own_notes = [note for note in notes if note.language == language]
    concepts = tuple(reader.concepts)
    text = join([note.text for note in own_notes])
    clauses = find_clauses(text)
    found = find_grams(text.codes, clauses)
    _, first, gram = np.unique(found.key, return_index=True, return_inverse=True)
    counts = csr_matrix(
        (np.ones(gram.size, np.float32), (found.clause, gram)), shape=(clauses.size, first.size)
    )
    number = np.bincount(found.clause, minlength=clauses.size)
    often = np.asarray((counts > 0).sum(axis=0)).ravel() >= LEAST_CLAUSES
    counts = counts[:, often].tocsr()
    first = first[often]
    spans = zip(found.start[first].tolist(), found.end[first].tolist(), strict=True)
    names = [_written(text.codes, start, end) for start, end in spans]
    same = keys_of(names) == found.key[first]  # a cut at an apostrophe cannot be written
    names = [name for name, is_same in zip(names, same.tolist(), strict=True) if is_same]
    counts = counts[:, np.flatnonzero(same)].tocsr()
    around = _around(clauses)
    size = np.maximum(around.multiply(around) @ number, LEAST)
    mixed = diags((1 / np.sqrt(size)).astype(np.float32)) @ (around @ counts)
    own = diags((1 / np.sqrt(np.maximum(number, 1))).astype(np.float32)) @ counts
    labels = _labels(own_notes, text.starts, clauses, concepts)
    near = (around - csr_matrix(diags(around.diagonal()))) > 0
    near = near.multiply(_same_sentence(clauses))
    mentions = labels[0]
    beside = ((near @ mentions.astype(np.float32)) > 0) & ~mentions
    return Lesson(
        language=language,
        concepts=concepts,
        writer=np.array([note.writer for note in own_notes], object)[clauses.note],
        note=clauses.note,
        clauses=clauses,
        grams=tuple(names),
        counts=counts,
        mixed=mixed.tocsr(),
        own=own.tocsr(),
        mentions=mentions,
        beside=np.asarray(beside),
        phrases=_phrases(text, clauses, reader),
        tag_clause=labels[1],
        tag_status=labels[2],
        tag_cue=_by_cue(own_notes, reader),
    )


@dataclass(frozen=True)
class Weights:
    """What a fit gives, in log-odds: `concepts` (grams, concepts), `statuses` (grams, sides x statuses).

    `any` (grams,) counts for every concept; `bias` and `phrase` have its share in them.
    """

    concepts: Floats
    any: Floats
    bias: Floats
    phrase: Floats
    statuses: Floats
    status_bias: Floats
    by_cue: Floats


def fit(lesson: Lesson, rows: BoolArray, jobs: int = 2) -> Weights:
    """Fit on the clauses in `rows`."""
    from scipy.sparse import csr_matrix, diags, hstack

    seen = np.asarray((lesson.counts[rows] > 0).sum(axis=0)).ravel()
    rarity = np.sqrt(np.log((rows.sum() + 1) / np.maximum(seen, 1)))
    rarity = np.where(seen >= LEAST_CLAUSES, rarity / rarity.mean(), 0)
    scaled = (lesson.mixed @ diags(rarity.astype(np.float32))).tocsr()

    def one(column: int) -> tuple[Floats, float, float]:
        used = np.flatnonzero(rows & ~lesson.beside[:, column])
        wanted = lesson.mentions[used, column]
        if wanted.sum() < 2:
            return np.zeros(len(lesson.grams)), -10.0, 0.0
        phrase = csr_matrix(lesson.phrases[used, column][:, None] * np.float32(PHRASE_SCALE))
        weights, bias = _logistic(hstack([scaled[used], phrase]).tocsr(), wanted, STRENGTH)
        return weights[:-1] * rarity, bias, float(weights[-1] * PHRASE_SCALE)

    def some() -> tuple[Floats, float, float]:
        """Whether a clause mentions anything at all; shared, because each concept is rare."""
        wanted = np.asarray(lesson.mentions.any(axis=1))
        used = np.flatnonzero(rows & ~(lesson.beside.any(axis=1) & ~wanted))
        spoken = np.asarray(lesson.phrases[used].any(axis=1), dtype=np.float32)
        phrase = csr_matrix(spoken[:, None] * np.float32(PHRASE_SCALE))
        design = hstack([scaled[used], phrase]).tocsr()
        weights, bias = _logistic(design, wanted[used], ANY_STRENGTH)
        return weights[:-1] * rarity, bias, float(weights[-1] * PHRASE_SCALE)

    jobs_to_do = [delayed(some)(), *(delayed(one)(at) for at in range(len(lesson.concepts)))]
    shared, *fitted = Parallel(jobs, prefer="threads")(jobs_to_do)
    status = _fit_statuses(lesson, rows, jobs)
    return Weights(
        _heavy(np.stack([weights for weights, _, _ in fitted], axis=1)),
        _heavy(shared[0] * ANY_SHARE),
        np.array([bias for _, bias, _ in fitted]) + shared[1] * ANY_SHARE,
        np.array([phrase for _, _, phrase in fitted]) + shared[2] * ANY_SHARE,
        *status,
    )


def _fit_statuses(lesson: Lesson, rows: BoolArray, jobs: int) -> tuple[Floats, Floats, Floats]:
    from scipy.sparse import csr_matrix, hstack

    used = np.flatnonzero(rows[lesson.tag_clause])
    clause = lesson.tag_clause[used]
    parts = []
    for step, share in zip((0, -1, 1), SIDE_WEIGHT, strict=True):
        other = np.clip(clause + step, 0, lesson.clauses.size - 1)
        same = lesson.note[other] == lesson.note[clause]
        same &= (other != clause) | (step == 0)
        picked = csr_matrix(
            (same * np.float32(share), (np.arange(used.size), other)),
            shape=(used.size, lesson.clauses.size),
        )
        parts.append(picked @ lesson.own)
    cue = np.eye(len(STATUSES), dtype=np.float32)[lesson.tag_cue[used]] * np.float32(CUE_SCALE)
    design = hstack([*parts, csr_matrix(cue)]).tocsr()

    def one(status: int) -> tuple[Floats, float]:
        return _logistic(design, lesson.tag_status[used] == status, STATUS_STRENGTH)

    fitted = Parallel(jobs, prefer="threads")(delayed(one)(at) for at in range(len(STATUSES)))
    weights = np.stack([weights for weights, _ in fitted], axis=1)  # (features, statuses)
    grams = len(lesson.grams)
    by_side = [weights[side * grams : (side + 1) * grams] for side in range(len(SIDES))]
    return (
        _heavy(np.concatenate(by_side, axis=1)),
        np.array([bias for _, bias in fitted]),
        weights[len(SIDES) * grams :] * CUE_SCALE,
    )


def _heavy(weights: Floats) -> Floats:
    """Without the weights that decide little: a table of a sixth of the entries reads as well."""
    return np.where(np.abs(weights) * MILLI < SMALLEST, 0.0, weights)


def _logistic(design: Any, wanted: BoolArray, strength: float) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    if wanted.all() or not wanted.any():
        return np.zeros(design.shape[1]), -10.0 if not wanted.any() else 10.0
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    model.fit(design, wanted)
    return model.coef_[0], float(model.intercept_[0])


def as_table(lesson: Lesson, weights: Weights, threshold: Ints, slack: int) -> LanguageTable:
    """Weights in thousandths of a log-odds, grams in the order of their letters."""
    every = np.concatenate([weights.concepts, weights.any[:, None], weights.statuses], axis=1)
    milli = np.rint(every * MILLI).astype(np.int64)
    kept = np.flatnonzero(milli.any(axis=1))
    kept = kept[np.argsort(np.array(lesson.grams, dtype=object)[kept], kind="stable")]
    row, column = milli[kept].nonzero()
    return LanguageTable(
        language=lesson.language,
        grams=tuple(lesson.grams[at] for at in kept.tolist()),
        count=np.bincount(row, minlength=kept.size).astype(np.int64),
        column=column.astype(np.int64),
        weight=milli[kept][row, column],
        bias=_milli(weights.bias),
        phrase=_milli(weights.phrase),
        threshold=threshold,
        slack=slack,
        status_bias=_milli(weights.status_bias),
        by_cue=_milli(weights.by_cue),
    )


def scores_of(lesson: Lesson, weights: Weights, rows: BoolArray) -> Floats:
    """The score of each clause in `rows` for each concept, thousandths of a log-odds."""
    total = lesson.mixed[rows] @ (weights.concepts + weights.any[:, None]) + weights.bias
    return np.asarray((total + lesson.phrases[rows] * weights.phrase) * MILLI)


def left_out_scores(
    lesson: Lesson, folds: Sequence[Sequence[str]], jobs: int = 2
) -> tuple[Floats, list[Weights]]:
    """Scores of each clause by a fit that did not see its writer, and the fits, one a fold."""
    scores = np.full((lesson.clauses.size, len(lesson.concepts)), -np.inf)
    fits = []
    for fold in folds:
        out = np.isin(lesson.writer, list(fold))
        fits.append(fit(lesson, ~out, jobs))
        scores[out] = scores_of(lesson, fits[-1], out)
    return scores, fits


def writer_folds(lesson: Lesson, folds: int = FOLDS) -> list[list[str]]:
    """The writers in groups of about as many clauses, the same every time."""
    writers, clauses = np.unique(lesson.writer.astype(str), return_counts=True)
    groups: list[list[str]] = [[] for _ in range(min(folds, len(writers)))]
    size = np.zeros(len(groups))
    for at in np.lexsort((writers, -clauses)):
        group = int(size.argmin())
        groups[group].append(str(writers[at]))
        size[group] += clauses[at]
    return groups


def choose_thresholds(
    lesson: Lesson, scores: Floats, critical: BoolArray, rows: BoolArray | None = None
) -> Ints:
    """The score from which a clause mentions each concept, by the best F1 over notes.

    Each concept's own best counts half, the best for all together half: few notes mention one. Then
    CAUTION is added: two thirds of the notes learned from mention something, of a county's few do.
    Critical concepts are found sooner, because a child not seen is the worse mistake: not above
    where CRITICAL_PRECISION of the notes in which they are found mention them, and half the caution.
    """
    used = np.ones(lesson.clauses.size, np.bool_) if rows is None else rows
    notes, number = np.unique(lesson.note[used], return_inverse=True)
    highest = np.full((notes.size, len(lesson.concepts)), -np.inf)
    np.maximum.at(highest, number, scores[used])
    truth = np.zeros(highest.shape, np.bool_)
    np.logical_or.at(truth, number, lesson.mentions[used])
    steps = np.arange(-6000, 2001, 125)
    hits = np.array([((highest >= at) & truth).sum(axis=0) for at in steps])
    found = np.array([(highest >= at).sum(axis=0) for at in steps])
    wanted = truth.sum(axis=0)
    f1 = 2 * hits / np.maximum(found + wanted, 1)
    best = int((hits.sum(axis=1) / (found.sum(axis=1) + wanted.sum())).argmax())
    own = steps[f1.argmax(axis=0)]
    chosen = np.where(wanted >= FEW, (own + steps[best]) // 2, steps[best]) + CAUTION
    if critical.any():
        precision = hits[:, critical].sum(axis=1) / np.maximum(found[:, critical].sum(axis=1), 1)
        enough = steps[int((precision >= CRITICAL_PRECISION).argmax())]
        chosen = np.where(critical, np.minimum(chosen, enough + CAUTION // 2), chosen)
    return np.asarray(chosen, dtype=np.int64)


def learn(
    notes: Sequence[AnnotatedNote], language: str, reader: NoteReader, jobs: int = 2
) -> LanguageTable:
    """The table of a language: thresholds by writers left out, weights by all of them."""
    lesson = prepare(notes, language, reader)
    scores, _ = left_out_scores(lesson, writer_folds(lesson), jobs)
    threshold = choose_thresholds(lesson, scores, critical_of(lesson, reader))
    return as_table(
        lesson, fit(lesson, np.ones(lesson.clauses.size, np.bool_), jobs), threshold, SLACK
    )


def critical_of(lesson: Lesson, reader: NoteReader) -> BoolArray:
    """Which concepts are of critical severity."""
    return np.array([reader.concepts[c].severity == "critical" for c in lesson.concepts])


def _milli(values: Floats) -> Ints:
    return np.asarray(np.rint(values * MILLI), dtype=np.int64)


def _around(clauses: Clauses) -> Any:
    from scipy.sparse import csr_matrix, identity

    total = identity(clauses.size, dtype=np.float32, format="csr") * np.float32(OWN)
    for earlier, step, share in neighbours(clauses):
        pair = csr_matrix(
            (np.full(earlier.size, share, np.float32), (earlier, earlier + step)),
            shape=(clauses.size, clauses.size),
        )
        total = total + pair + pair.T
    return total.tocsr()


def _same_sentence(clauses: Clauses) -> Any:
    from scipy.sparse import csr_matrix

    rows, columns = [], []
    for step in (1, 2):
        at = np.flatnonzero(
            (clauses.sentence[step:] == clauses.sentence[:-step])
            & (clauses.note[step:] == clauses.note[:-step])
        )
        rows += [at, at + step]
        columns += [at + step, at]
    places = np.concatenate(rows), np.concatenate(columns)
    return csr_matrix(
        (np.ones(places[0].size, np.float32), places), shape=(clauses.size, clauses.size)
    )


def _labels(
    notes: Sequence[AnnotatedNote], starts: Ints, clauses: Clauses, concepts: Sequence[str]
) -> tuple[BoolArray, Ints, Ints]:
    """Which clause mentions what; of each annotation its clause and status."""
    number = {name: at for at, name in enumerate(concepts)}
    mentions = np.zeros((clauses.size, len(concepts)), np.bool_)
    first = clauses.note.searchsorted(np.arange(len(notes) + 1))
    tag_clause, tag_status = [], []
    for at, note in enumerate(notes):
        low, high = first[at], first[at + 1]
        begin = clauses.start[low:high] - starts[at]
        end = clauses.end[low:high] - starts[at]
        for tag in note.mentions:
            shared = np.minimum(end, tag.end) - np.maximum(begin, tag.start)
            enough = shared >= OVERLAP * np.minimum(end - begin, tag.end - tag.start)
            enough &= shared > 0
            if not enough.any() and shared.size:
                enough[shared.argmax()] = True
            mentions[low:high][enough, number[tag.concept]] = True
            tag_clause.append(low + int(shared.argmax()) if shared.size else 0)
            tag_status.append(STATUSES.index(tag.status))
    return mentions, np.array(tag_clause, np.int64), np.array(tag_status, np.int64)


def _phrases(text: Any, clauses: Clauses, reader: NoteReader) -> BoolArray:
    spoken = find_mentions(text, reader.vocabulary).mentions
    at = np.minimum(clauses.end.searchsorted(spoken.start, side="right"), clauses.size - 1)
    found = np.zeros((clauses.size, len(reader.concepts)), np.bool_)
    found[at, spoken.concept] = True
    return found


def _by_cue(notes: Sequence[AnnotatedNote], reader: NoteReader) -> Ints:
    tags = [(note, tag) for note in notes for tag in note.mentions]
    said = reader.status(
        [note.text for note, _ in tags],
        [tag.start for _, tag in tags],
        [tag.end for _, tag in tags],
        [tag.concept for _, tag in tags],
    )
    code = {status: at for at, status in enumerate(STATUSES)}
    return np.array([code[word] for word in said.tolist()], np.int64)


def _written(codes: NDArray[np.uint16], start: int, end: int) -> str:
    """A gram as a table writes it: digits as 0, a cut word with a star, one blank between words."""
    text = "".join(map(chr, codes[start:end].tolist()))
    text = "".join("0" if "0" <= letter <= "9" else letter for letter in text)
    is_cut = end < codes.size and bool(is_word(codes[end - 1 : end + 1]).all())
    return " ".join(text.split()) + ("*" if is_cut else "")
