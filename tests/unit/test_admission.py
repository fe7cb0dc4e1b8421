"""Which phrases are admitted, on simulated caseloads whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from carescreen.admission import LearnedPhrases, NoteRows, learn_phrases
from carescreen.calibration import chance
from carescreen.errors import UsageError
from carescreen.phrase_report import FEW_TERSE, NO_PHRASE, TERSE_LOSE
from carescreen.steps import AdditiveTables
from carescreen.within import effects_within

WORKERS, EACH = 40, 40
N = WORKERS * EACH
FILLER = ("今天走访", "家里整洁", "地里收玉米", "visited today", "all is fine", "it rained")
ARRAYS = ("notes", "y", "weight", "offset", "worker", "child", "village", "household")


def objects(values) -> np.ndarray:
    values = list(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@dataclass
class County:
    """A programme that is being made up: a village a worker, two children a household."""

    rng: np.random.Generator
    worker: np.ndarray
    logit: np.ndarray
    notes: list[list[str]]

    @classmethod
    def new(cls, seed: int) -> County:
        rng = np.random.default_rng(seed)
        words = [[str(word) for word in rng.choice(FILLER, 2)] for _ in range(N)]
        return cls(rng, np.repeat(np.arange(WORKERS), EACH), np.full(N, -1.6), words)

    def write(self, phrase: str, where: np.ndarray, share: float = 1.0) -> None:
        for row in np.flatnonzero(where & (self.rng.random(N) < share)):
            self.notes[row].append(phrase)

    def rows(self) -> NoteRows:
        ids, y = np.arange(N), (self.rng.random(N) < chance(self.logit)).astype(float)
        mean = np.log(y.mean() / (1.0 - y.mean()))
        return NoteRows(
            notes=objects("。".join(parts) if parts else None for parts in self.notes),
            y=y,
            weight=np.ones(N),
            offset=np.full(N, mean),
            worker=objects(f"W{number:03d}" for number in self.worker),
            child=objects(f"C{number}" for number in ids),
            village=objects(f"village {number}" for number in self.worker),
            household=objects(f"H{number // 2}" for number in ids),
        )


def texts(learned: LearnedPhrases) -> set[str]:
    return set(learned.table.weights)


def planted() -> NoteRows:
    """Phrases that tell a risk in both languages, one that is a style, names and protected words
    with an effect of their own, and a place."""
    county = County.new(1)
    rng, worker = county.rng, county.worker
    risk, named, sex = (rng.random((3, N)) < np.array([[0.25], [0.25], [0.25]])).tolist()
    risk, named, sex = np.array(risk), np.array(named), np.array(sex)
    strict = worker % 2 == 0  # writes her own way, and records more concerns
    county.logit += 1.3 * risk + 0.8 * named + 0.8 * sex + np.where(strict, 0.8, -0.8)
    chinese = rng.random(N) < 0.6
    county.write("夜里没人管", risk & chinese)
    county.write("hungry again", risk & ~chinese)
    county.write("详见附表", strict, 0.6)
    for name in ("张伟", "李老师", "小明", "met Maria there"):
        county.write(name, named)
    for word in ("女孩", "去教堂", "低保户", "they pray", "his"):
        county.write(word, sex)
    county.write("石桥边", (worker < 28) & (rng.random(N) < np.where(worker < 4, 0.6, 0.04)))
    return county.rows()


@pytest.fixture(scope="module")
def learned() -> LearnedPhrases:
    return learn_phrases(planted(), struck=())


def test_a_phrase_with_an_effect_within_workers_is_admitted_in_both_languages(learned) -> None:
    assert texts(learned) == {"夜里没人", "hungry again"}
    assert not learned.report.rejected
    for phrase in learned.report.phrases:
        assert phrase.low < 1.3 < phrase.high
        assert phrase.held_out > 0.5
        assert (phrase.workers, phrase.villages) == (WORKERS, WORKERS)
    assert {phrase.language for phrase in learned.report.phrases} == {"zh", "en"}


def test_a_phrase_that_is_only_a_workers_style_is_not(learned) -> None:
    """Though it predicts: without an intercept for each worker it looks like a strong effect."""
    rows = planted()
    held = np.array([["详见附表" in (note or "")] for note in rows.notes], dtype=float)
    from scipy.sparse import csr_array

    everyone = np.zeros(N, dtype=np.int64)
    plain = effects_within(
        csr_array(held), rows.offset, rows.y, rows.weight, everyone, np.arange(N)
    )
    assert plain.z[0] > 4
    assert not any("附表" in phrase for phrase in texts(learned))
    assert learned.report.tested > 2


def test_names_places_and_protected_words_are_kept_out_by_rule_and_by_villages(learned) -> None:
    gates = learned.report.left_out
    for gate in ("names", "sex", "religion", "circumstances", "few_villages", "same_notes"):
        assert gates[gate] > 0, gate


def test_phrases_are_held_to_half_a_log_odds_and_only_raise(learned) -> None:
    notes = pd.Series([*planted().notes, "夜里没人管 hungry again"], dtype=object)
    score = learned.table.score_micro(notes)
    assert learned.table.cap == 500_000
    assert score.min() == 0
    assert score.max() == 500_000
    assert sum(learned.table.weights.values()) > 500_000


def test_the_report_says_what_phrases_change_where_they_did_not_learn(learned) -> None:
    report = learned.report
    assert report.auroc.low > 0
    assert report.terse.difference >= -report.tolerance
    assert report.log_loss[1] < report.log_loss[0]
    for language, words in (("en", "AUROC within worker"), ("zh", "同一工作人员内部的 AUROC")):
        assert any(words in line for line in report.facts(language))


def test_scores_out_of_fold_stand_in_the_order_given_and_keep_the_mean_risk(learned) -> None:
    rows = planted()
    known = learned.out_of_fold
    assert chance(known).sum() == pytest.approx(rows.y.sum(), rel=0.02)
    assert (known[rows.y == 1].mean() - known[rows.y == 0].mean()) > 0.1
    points = learned.table.score_micro(pd.Series(rows.notes, dtype=object)) / 1e6
    assert -0.5 < learned.intercept < 0
    assert np.corrcoef(points, known)[0, 1] > 0.95


def test_phrases_are_added_to_step_tables_as_the_column_note(learned) -> None:
    tables = AdditiveTables(-1_000_000, ())
    both = learned.added_to(tables)
    notes = pd.DataFrame({"note": ["夜里没人管", None]})
    shift = round(learned.intercept * 1_000_000)
    weight = learned.table.weights["夜里没人"]
    assert both.score_micro(notes).tolist() == [shift + weight - 1_000_000, shift - 1_000_000]
    none = replace(learned, table=learned.table.without(texts(learned)))
    assert none.added_to(tables) is tables


def test_the_same_rows_in_another_order_give_the_same_phrases(learned) -> None:
    rows = planted()
    order = np.random.default_rng(0).permutation(N)
    mixed = replace(rows, **{name: getattr(rows, name)[order] for name in ARRAYS})
    again = learn_phrases(mixed)
    assert list(again.table.weights.items()) == list(learned.table.weights.items())
    assert again.report == learned.report
    assert again.intercept == learned.intercept
    assert again.out_of_fold.tolist() == learned.out_of_fold[order].tolist()


def test_an_example_holds_only_what_many_workers_write(learned) -> None:
    contexts = {phrase.text: phrase.context for phrase in learned.report.phrases}
    assert contexts["夜里没人"] == "…夜里没人管…"
    assert contexts["hungry again"] == ""


def test_what_a_person_struck_stays_out_under_any_name() -> None:
    again = learn_phrases(planted(), struck=["没人", "Hungry "])
    assert not any("没人" in phrase or "hungry" in phrase for phrase in texts(again))
    assert not texts(again) & {"人管", "夜里", "again"}  # they stand in the same notes
    assert again.report.left_out["struck"] > 2
    assert again.report.struck == ("Hungry ", "没人")


def test_the_caseloads_own_names_are_kept_out() -> None:
    again = learn_phrases(planted(), names=["夜里坪村", "H. Hungry"])
    assert texts(again) == set()
    assert again.report.rejected == NO_PHRASE


def test_where_nothing_holds_within_workers_nothing_is_admitted() -> None:
    for seed in range(4):
        county = County.new(seed)
        county.logit += 1.5 * (county.worker % 2) - 0.75
        for phrase in ("详见附表", "夜里没人管", "常饿肚子", "came home late", "no answer"):
            county.write(phrase, county.rng.random(N) < 0.1 + 0.3 * (county.worker % 2))
        found = learn_phrases(county.rows())
        assert texts(found) == set()
        assert found.report.rejected == NO_PHRASE
        assert found.intercept == 0.0


def test_a_word_that_only_tells_how_much_was_written_is_not_admitted() -> None:
    """Each worker writes more where she is worried, in any words."""
    county = County.new(11)
    worried = county.rng.random(N) < 0.25
    county.logit += 1.5 * worried
    for row in np.flatnonzero(worried):
        county.notes[row] += county.rng.choice(FILLER, 2).tolist()
    found = learn_phrases(county.rows())
    assert texts(found) == set()
    assert found.report.tested >= len(FILLER) // 2


def test_phrases_are_rejected_where_children_of_terse_workers_would_lose_recall() -> None:
    """As many of their children are at risk; they do not write it down."""
    county = County.new(3)
    risk = county.rng.random(N) < 0.25
    terse = county.worker < WORKERS // 3
    county.logit += 1.3 * risk
    county.notes = [
        [] if short else parts for short, parts in zip(terse, county.notes, strict=True)
    ]
    county.write("夜里没人管", risk & ~terse)
    rows = county.rows()
    rows = replace(rows, offset=rows.offset + county.rng.normal(0.0, 0.1, N))
    found = learn_phrases(rows)
    assert found.report.rejected == TERSE_LOSE
    assert texts(found) == set()
    assert found.out_of_fold.tolist() == rows.offset.tolist()
    assert found.report.terse.difference < -found.report.tolerance
    assert any("lose recall" in fact for fact in found.report.facts().values())


def test_too_few_events_among_terse_workers_tell_nothing() -> None:
    rows = planted()
    terse = county_of(rows) < WORKERS // 2
    quiet = objects(None if short else note for short, note in zip(terse, rows.notes, strict=True))
    few = replace(rows, notes=quiet, y=np.where(terse & (np.arange(N) % EACH > 2), 0.0, rows.y))
    found = learn_phrases(few)
    assert found.report.terse_events < 20
    assert found.report.rejected in (FEW_TERSE, NO_PHRASE)


def county_of(rows: NoteRows) -> np.ndarray:
    return np.array([int(name[1:]) for name in rows.worker])


def test_too_few_workers_admit_nothing() -> None:
    rows = planted()
    few = county_of(rows) < 19
    found = learn_phrases(replace(rows, **{name: getattr(rows, name)[few] for name in ARRAYS}))
    assert texts(found) == set()
    assert found.report.tested == 0


def test_rows_without_an_out_of_sample_score_are_not_used_and_few_rows_are_no_error() -> None:
    rows = planted()
    offset = np.where(np.arange(N) < N - 7, np.nan, rows.offset)
    found = learn_phrases(replace(rows, offset=offset))
    assert np.isnan(found.out_of_fold).sum() == N - 7
    assert texts(found) == set()


def test_a_fold_that_splits_a_household_is_refused_and_so_are_arrays_of_two_lengths() -> None:
    rows = planted()
    odd = np.arange(N) % 2 == 1
    folds = [(np.flatnonzero(odd), np.flatnonzero(~odd))]
    with pytest.raises(UsageError, match="one household on both sides"):
        learn_phrases(replace(rows, folds=folds))
    with pytest.raises(UsageError, match="arrays of one length"):
        learn_phrases(replace(rows, y=rows.y[1:]))
