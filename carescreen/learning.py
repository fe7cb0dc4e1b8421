"""Learning a reader's weights from annotated notes: `carescreen notes train`.

One ridge logistic regression a concept over the grams of a clause and its neighbours, one a status
over the grams of the mention's clause and those beside it. A clause beside one that mentions the
concept, and does not itself, teaches nothing about it. Grams weigh by the root of how rare they are.
Thresholds come from scores of writers that were left out, so that they hold for a new hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    LearnedTable,
    neighbours,
)
from carescreen.lexicon import STATUSES
from carescreen.mentions import BY_LEARNED, BY_PHRASE, Found, Mentions, find_mentions
from carescreen.normalise import Text, is_word, join
from carescreen.notes import NoteReader
from carescreen.status import decide
from carescreen.vocabulary import Vocabulary

BoolArray = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_CLAUSES = 2  # a gram of one clause tells about that clause
STRENGTH = 50.0  # inverse of the ridge penalty; chosen on writers left out
STATUS_STRENGTH = 20.0
ANY_STRENGTH = 10.0
ANY_SHARE = 0.4  # of the shared score; halves the false mentions in ordinary notes at the same F1
PHRASE_SCALE = 0.3  # a phrase is one more gram, of about the weight of a whole clause
CUE_SCALE = 0.5
CONCEPT_SCALE = 0.3
CAUTION = 1000  # thousandths, above the best threshold of the corpus
FEW = 10  # notes that mention a concept, under which its own best threshold says little
CRITICAL_PRECISION = 0.65  # any status; about 0.60 of what is then raised is right
SLACK = 300  # thousandths, how much what stands around a phrase may speak against it
SMALLEST = 600  # thousandths; lighter entries are left out: a sixth of them reads as well as all
FOLDS = 4
TRUSTED = 1 / 3  # of the mentions of a phrase; where fewer mean its concept, it is doubtful
TRUSTED_CRITICAL = 0.2  # the same where a missed child is the worse mistake
OVERLAP = 0.5  # of the tag or of the clause, from which a clause mentions what the tag says


@dataclass(frozen=True)
class Spoken:
    """What the pack's words mention in some notes: `clause`, `concept`, and which word, -1 a pattern.

    `words` are (concept, word) as folded for search. Words of a lasting state count as patterns do.
    """

    clause: Ints
    concept: Ints
    word: Ints
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lesson:
    """Notes of one language, prepared for learning; rows are clauses, columns grams."""

    language: str
    concepts: tuple[str, ...]
    critical: BoolArray  # which concepts are of critical severity
    writer: NDArray[np.object_]  # of each clause
    note: Ints
    clauses: Clauses
    grams: tuple[str, ...]
    counts: Any  # (clauses, grams), sparse
    mixed: Any  # with the clauses around, by the root of the number
    own: Any  # a clause's own grams, by the root of the number
    mentions: BoolArray  # (clauses, concepts)
    beside: BoolArray  # next to one that mentions it, and does not itself
    spoken: Spoken  # where the pack's words say so
    tag_clause: Ints  # of each annotation
    tag_concept: Ints
    tag_status: Ints
    text: Text
    found: Found  # what the pack's words and cues say
    vocabulary: Vocabulary


def prepare(notes: Sequence[AnnotatedNote], language: str, reader: NoteReader) -> Lesson:
    """The clauses, grams and labels of the notes of a language."""
    from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]  # no stubs

    own_notes = [note for note in notes if note.language == language]
    concepts = tuple(reader.concepts)
    text = join([note.text for note in own_notes])
    clauses = find_clauses(text)
    every = find_grams(text.codes, clauses)
    _, first, gram = np.unique(every.key, return_index=True, return_inverse=True)
    counts = csr_matrix(
        (np.ones(gram.size, np.float32), (every.clause, gram)), shape=(clauses.size, first.size)
    )
    number = np.bincount(every.clause, minlength=clauses.size)
    often = np.asarray((counts > 0).sum(axis=0)).ravel() >= LEAST_CLAUSES
    counts = counts[:, often].tocsr()
    first = first[often]
    spans = zip(every.start[first].tolist(), every.end[first].tolist(), strict=True)
    names = [_written(text.codes, start, end) for start, end in spans]
    same = keys_of(names) == every.key[first]  # a cut at an apostrophe cannot be written
    names = [name for name, is_same in zip(names, same.tolist(), strict=True) if is_same]
    counts = counts[:, np.flatnonzero(same)].tocsr()
    around = _around(clauses)
    size = np.maximum(around.multiply(around) @ number, LEAST)
    mixed = diags((1 / np.sqrt(size)).astype(np.float32)) @ (around @ counts)
    own = diags((1 / np.sqrt(np.maximum(number, 1))).astype(np.float32)) @ counts
    found = find_mentions(text, reader.vocabulary)
    labels = _labels(own_notes, text.starts, clauses, concepts)
    near = (around - csr_matrix(diags(around.diagonal()))) > 0
    near = near.multiply(_same_sentence(clauses))
    mentions = labels[0]
    beside = ((near @ mentions.astype(np.float32)) > 0) & ~mentions
    return Lesson(
        language=language,
        concepts=concepts,
        critical=np.array([reader.concepts[name].severity == "critical" for name in concepts]),
        writer=np.array([note.writer for note in own_notes], object)[clauses.note],
        note=clauses.note,
        clauses=clauses,
        grams=tuple(names),
        counts=counts,
        mixed=mixed.tocsr(),
        own=own.tocsr(),
        mentions=mentions,
        beside=np.asarray(beside),
        spoken=_spoken(text, clauses, found, reader.vocabulary),
        tag_clause=labels[1],
        tag_concept=labels[2],
        tag_status=labels[3],
        text=text,
        found=found,
        vocabulary=reader.vocabulary,
    )


@dataclass(frozen=True)
class Weights:
    """What a fit gives, in log-odds: `concepts` (grams, concepts), `statuses` (grams, sides x statuses).

    `any` (grams,) counts for every concept; `bias` and `phrase` have its share in them. `by_concept`
    (concepts, statuses) and `by_cue` (what the cues say, statuses) count for a mention's status.
    `phrases` (clauses, concepts) is where the pack's words stand that are not `doubtful`.
    """

    concepts: Floats
    any: Floats
    bias: Floats
    phrase: Floats
    statuses: Floats
    status_bias: Floats
    by_cue: Floats
    by_concept: Floats
    phrases: BoolArray
    doubtful: tuple[tuple[str, str], ...]


def fit(lesson: Lesson, rows: BoolArray, jobs: int = 2) -> Weights:
    """Fit on the clauses in `rows`."""
    from scipy.sparse import csr_matrix, diags, hstack

    seen = np.asarray((lesson.counts[rows] > 0).sum(axis=0)).ravel()
    rarity = np.sqrt(np.log((rows.sum() + 1) / np.maximum(seen, 1)))
    rarity = np.where(seen >= LEAST_CLAUSES, rarity / rarity.mean(), 0)
    scaled = (lesson.mixed @ diags(rarity.astype(np.float32))).tocsr()
    doubtful = doubtful_words(lesson, rows)
    phrases = spoken_of(lesson, rows)

    def one(column: int) -> tuple[Floats, float, float]:
        used = np.flatnonzero(rows & ~lesson.beside[:, column])
        wanted = lesson.mentions[used, column]
        if wanted.sum() < 2:
            return np.zeros(len(lesson.grams)), -10.0, 0.0
        phrase = csr_matrix(phrases[used, column][:, None] * np.float32(PHRASE_SCALE))
        weights, bias = _logistic(hstack([scaled[used], phrase]).tocsr(), wanted, STRENGTH)
        return weights[:-1] * rarity, bias, float(weights[-1] * PHRASE_SCALE)

    def some() -> tuple[Floats, float, float]:
        """Whether a clause mentions anything at all; shared, because each concept is rare."""
        wanted = np.asarray(lesson.mentions.any(axis=1))
        used = np.flatnonzero(rows & ~(lesson.beside.any(axis=1) & ~wanted))
        spoken = np.asarray(phrases[used].any(axis=1), dtype=np.float32)
        phrase = csr_matrix(spoken[:, None] * np.float32(PHRASE_SCALE))
        design = hstack([scaled[used], phrase]).tocsr()
        weights, bias = _logistic(design, wanted[used], ANY_STRENGTH)
        return weights[:-1] * rarity, bias, float(weights[-1] * PHRASE_SCALE)

    jobs_to_do = [delayed(some)(), *(delayed(one)(at) for at in range(len(lesson.concepts)))]
    shared, *fitted = Parallel(jobs, prefer="threads")(jobs_to_do)
    found = Weights(
        concepts=_heavy(np.stack([weights for weights, _, _ in fitted], axis=1)),
        any=_heavy(shared[0] * ANY_SHARE),
        bias=np.array([bias for _, bias, _ in fitted]) + shared[1] * ANY_SHARE,
        phrase=np.array([phrase for _, _, phrase in fitted]) + shared[2] * ANY_SHARE,
        statuses=np.zeros((len(lesson.grams), len(SIDES) * len(STATUSES))),
        status_bias=np.zeros(len(STATUSES)),
        by_cue=np.zeros((len(STATUSES), len(STATUSES))),
        by_concept=np.zeros((len(lesson.concepts), len(STATUSES))),
        phrases=phrases,
        doubtful=tuple(sorted(lesson.spoken.words[at] for at in np.flatnonzero(doubtful).tolist())),
    )
    return _with_statuses(lesson, found, rows, jobs)


def _with_statuses(lesson: Lesson, found: Weights, rows: BoolArray, jobs: int) -> Weights:
    from scipy.sparse import csr_matrix, hstack

    used = np.flatnonzero(rows[lesson.tag_clause])
    clause, concept = lesson.tag_clause[used], lesson.tag_concept[used]
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
    said = _said_by_cues(lesson, found, clause, concept)
    cue = np.eye(len(STATUSES), dtype=np.float32)[said] * np.float32(CUE_SCALE)
    about = np.eye(len(lesson.concepts), dtype=np.float32)[concept] * np.float32(CONCEPT_SCALE)
    design = hstack([*parts, csr_matrix(cue), csr_matrix(about)]).tocsr()

    def one(status: int) -> tuple[Floats, float]:
        return _logistic(design, lesson.tag_status[used] == status, STATUS_STRENGTH)

    fitted = Parallel(jobs, prefer="threads")(delayed(one)(at) for at in range(len(STATUSES)))
    weights = np.stack([weights for weights, _ in fitted], axis=1)  # (features, statuses)
    grams = len(lesson.grams)
    by_side = [weights[side * grams : (side + 1) * grams] for side in range(len(SIDES))]
    rest = weights[len(SIDES) * grams :]
    return replace(
        found,
        statuses=_heavy(np.concatenate(by_side, axis=1)),
        status_bias=np.array([bias for _, bias in fitted]),
        by_cue=rest[: len(STATUSES)] * CUE_SCALE,
        by_concept=rest[len(STATUSES) :] * CONCEPT_SCALE,
    )


def _said_by_cues(lesson: Lesson, found: Weights, clause: Ints, concept: Ints) -> Ints:
    """What the cues say of a concept in a clause, of the words that the reader will find it by.

    Cues act on a phrase, else on the heaviest grams, which are not just the words of the tag.
    """
    table = as_table(lesson, found, np.zeros(len(lesson.concepts), np.int64), SLACK)
    learned = LearnedTable("", lesson.concepts, [table])
    start, end = learned.core(learned.read(lesson.text), clause, concept)
    start = np.where(start < 0, lesson.clauses.start[clause], start)
    end = np.where(end < 0, lesson.clauses.end[clause], end)
    anchor, spoken = start.copy(), lesson.found.mentions
    number = np.full((lesson.clauses.size, len(lesson.concepts)), -1)
    number[lesson.spoken.clause[::-1], spoken.concept[::-1]] = np.arange(spoken.start.size)[::-1]
    at = np.where(found.phrases[clause, concept], number[clause, concept], -1)
    by = np.flatnonzero(at >= 0)
    start[by], end[by] = spoken.start[at[by]], spoken.end[at[by]]
    anchor[by] = spoken.anchor[at[by]]
    lasting = np.zeros(start.size, np.bool_)
    lasting[by] = spoken.lasting[at[by]]
    order = np.argsort(start, kind="stable")
    mentions = Mentions(
        start, end, anchor, concept, np.full(start.size, BY_LEARNED, np.int8), lasting
    ).take(order)
    status = decide(lesson.found, mentions, lesson.text.codes, lesson.vocabulary).status
    said = np.empty(start.size, np.int64)
    said[order] = np.where(status < 0, STATUSES.index("affirmed"), status)
    return said


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
        by_concept=_milli(weights.by_concept),
        doubtful=weights.doubtful,
    )


def scores_of(lesson: Lesson, weights: Weights, rows: BoolArray) -> Floats:
    """The score of each clause in `rows` for each concept, thousandths of a log-odds."""
    total = lesson.mixed[rows] @ (weights.concepts + weights.any[:, None]) + weights.bias
    return np.asarray((total + weights.phrases[rows] * weights.phrase) * MILLI)


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


def choose_thresholds(lesson: Lesson, scores: Floats, rows: BoolArray | None = None) -> Ints:
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
    critical = lesson.critical
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
    threshold = choose_thresholds(lesson, scores)
    return as_table(
        lesson, fit(lesson, np.ones(lesson.clauses.size, np.bool_), jobs), threshold, SLACK
    )


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
) -> tuple[BoolArray, Ints, Ints, Ints]:
    """Which clause mentions what; of each annotation its clause, concept and status."""
    number = {name: at for at, name in enumerate(concepts)}
    mentions = np.zeros((clauses.size, len(concepts)), np.bool_)
    first = clauses.note.searchsorted(np.arange(len(notes) + 1))
    tag_clause, tag_concept, tag_status = [], [], []
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
            tag_concept.append(number[tag.concept])
            tag_status.append(STATUSES.index(tag.status))
    tags = [np.array(values, np.int64) for values in (tag_clause, tag_concept, tag_status)]
    return mentions, tags[0], tags[1], tags[2]


def _spoken(text: Text, clauses: Clauses, every: Found, vocabulary: Vocabulary) -> Spoken:
    found = every.mentions
    clause = np.minimum(clauses.end.searchsorted(found.start, side="right"), clauses.size - 1)
    number: dict[tuple[str, str], int] = {}
    word = np.full(clause.size, -1, np.int64)
    for at in np.flatnonzero((found.found_by == BY_PHRASE) & ~found.lasting).tolist():
        letters = text.codes[found.start[at] : found.end[at]]
        key = vocabulary.concepts[found.concept[at]], "".join(map(chr, letters.tolist()))
        word[at] = number.setdefault(key, len(number))
    return Spoken(clause, found.concept, word, tuple(number))


def doubtful_words(lesson: Lesson, rows: BoolArray) -> BoolArray:
    """Which of the pack's words, in the notes of `rows`, mostly mean something else."""
    spoken = lesson.spoken
    used = np.flatnonzero(rows[spoken.clause] & (spoken.word >= 0))
    word, concept = spoken.word[used], spoken.concept[used]
    said = np.zeros((int(lesson.note.max()) + 1, len(lesson.concepts)), np.bool_)
    np.logical_or.at(said, lesson.note, lesson.mentions)
    right = said[lesson.note[spoken.clause[used]], concept]
    number = len(spoken.words)
    times = np.bincount(word, minlength=number)
    share = (np.bincount(word, right, minlength=number) + 1) / (times + 2)
    critical = {name for name, is_so in zip(lesson.concepts, lesson.critical, strict=True) if is_so}
    of = [TRUSTED_CRITICAL if concept in critical else TRUSTED for concept, _ in spoken.words]
    return np.asarray(share < np.array(of))


def spoken_of(lesson: Lesson, rows: BoolArray) -> BoolArray:
    """Where a phrase or pattern stands, (clauses, concepts), but for words doubtful in `rows`."""
    spoken = lesson.spoken
    doubtful = np.append(doubtful_words(lesson, rows), False)
    used = np.flatnonzero(~doubtful[spoken.word])
    found = np.zeros((lesson.clauses.size, len(lesson.concepts)), np.bool_)
    found[spoken.clause[used], spoken.concept[used]] = True
    return found


def _written(codes: NDArray[np.uint16], start: int, end: int) -> str:
    """A gram as a table writes it: digits as 0, a cut word with a star, one blank between words."""
    text = "".join(map(chr, codes[start:end].tolist()))
    text = "".join("0" if "0" <= letter <= "9" else letter for letter in text)
    is_cut = end < codes.size and bool(is_word(codes[end - 1 : end + 1]).all())
    return " ".join(text.split()) + ("*" if is_cut else "")
