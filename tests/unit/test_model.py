"""RiskModel: fitting, scoring, saving, loading."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from carescreen.calibration import chance
from carescreen.errors import ModelError, NotCalibrated, OutputError
from carescreen.model import RiskModel
from carescreen.modelfile import sealed
from carescreen.ngrams import note_phrases
from carescreen.steps import AdditiveTables, StepTable


def table(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, flags and words with blanks, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(0, 18, n).astype(float),
            "gap": rng.exponential(30.0, n),
            "violence": rng.random(n) < 0.2,
            "place": rng.choice(["hill", "river", "town"], n),
        }
    )
    X.loc[rng.random(n) < 0.15, "gap"] = np.nan
    logit = -2.0 + 0.02 * X["gap"].fillna(30.0) + 1.2 * X["violence"] + (X["place"] == "river")
    y = (rng.random(n) < chance(logit.to_numpy(dtype=float))).astype(int)
    return X, y


def evidence_rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Random yes, no and blank for each feature of the evidence model."""
    rng = np.random.default_rng(seed)
    names = RiskModel.load("evidence").feature_names
    return pd.DataFrame(
        {name: rng.choice([0.0, 1.0, np.nan], n, p=[0.7, 0.2, 0.1]) for name in names}
    )


# --- scoring ---------------------------------------------------------------------------------


def test_the_evidence_model_scores_the_weights_of_what_is_present():
    X = evidence_rows(1).iloc[[0, 0, 0]].reset_index(drop=True) * 0.0
    X.loc[1, "intimate_partner_violence"] = 1.0
    X.loc[2] = np.nan
    model = RiskModel.load("evidence")
    assert model.score_micro(X).tolist() == [0, 450_000, 0]
    assert model.decision_function(X).tolist() == [0.0, 0.45, 0.0]
    assert model.contributions(X)["intimate_partner_violence"].tolist() == [0, 450_000, 0]


def test_the_evidence_model_refuses_a_probability_and_says_what_to_do():
    model = RiskModel.load("evidence")
    for ask in (model.predict_proba, model.predict, model.predict_interval):
        with pytest.raises(NotCalibrated, match=r"recalibrate\(X, y\) with at least 20 events"):
            ask(evidence_rows(3))
    assert not model.gives_probability


def test_a_missing_feature_is_named_with_the_nearest_column_and_extra_ones_are_ignored():
    model = RiskModel.load("evidence")
    X = evidence_rows(3)
    extra = X.assign(more=1)[["more", *reversed(X.columns)]]
    assert model.score_micro(extra).tolist() == model.score_micro(X).tolist()
    with pytest.raises(ModelError, match="did you mean 'low_incom'"):
        model.score_micro(X.rename(columns={"low_income": "low_incom"}))


@pytest.mark.parametrize(("weight", "kind"), [(50_000_000, np.int64), (40_000_000, np.int32)])
def test_many_rows_score_as_one_table_does_however_large_their_weights(weight, kind):
    """43 weights of 50 log-odds add up to more than 32 bits hold; 43 of 40 do not."""
    tables = tuple(
        StepTable(f"f{k}", "number", (-weight, 0, weight), (0.5, 1.5), missing=k) for k in range(43)
    )
    model = AdditiveTables(-7, tables)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.choice([0.0, 1.0, 2.0, np.nan], (50, 43)), columns=list(model.names))
    X.loc[0], X.loc[1] = 0.0, 2.0
    weights = model.weights_of({name: X[name].to_numpy() for name in X}, len(X))
    assert weights.dtype == kind
    assert weights.tolist() == model.contributions(X).to_numpy().tolist()
    assert model.score_of(weights).tolist() == model.score_micro(X).tolist()
    assert model.score_micro(X)[:2].tolist() == [-43 * weight - 7, 43 * weight - 7]


def test_an_empty_table_scores_to_nothing():
    model = RiskModel.load("evidence")
    X = evidence_rows(2).iloc[:0]
    assert model.score_micro(X).shape == (0,)
    assert model.contributions(X).shape == (0, 12)


def test_facts_that_the_ranking_needs_are_readable():
    model = RiskModel.load("evidence")
    assert model.name == "evidence"
    assert model.intercept_micro == 0
    assert model.titles["mother_absent"]["zh"] == "母亲外出务工"
    assert "intimate_partner_violence" in model.sensitive
    assert "parent_absent_any" not in model.sensitive
    assert len(model.digest) == 64


# --- fitting ---------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_score():
    X, y = table()
    model = RiskModel(monotone={"gap": 1}).fit(X, y)
    proba = model.predict_proba(X)
    assert proba.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert proba[:, 1] == pytest.approx(chance(model.decision_function(X)))
    low, high = model.predict_interval(X).T
    assert (low <= proba[:, 1]).all()
    assert (proba[:, 1] <= high).all()
    assert model.predict(X).tolist() == (proba[:, 1] >= 0.5).astype(int).tolist()


def test_training_twice_and_in_any_row_order_gives_the_same_bytes():
    X, y = table()
    groups = np.arange(len(X)) // 3
    time = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(X)) // 5, "D")
    weight = np.random.default_rng(5).integers(1, 3, len(X))
    order = np.random.default_rng(9).permutation(len(X))
    for kwargs in (
        {},
        {"groups": groups},
        {"groups": groups, "time": time, "sample_weight": weight},
    ):
        shuffled = {name: np.asarray(value)[order] for name, value in kwargs.items()}
        first = RiskModel(monotone={"gap": 1}).fit(X, y, **kwargs)
        again = RiskModel(monotone={"gap": 1}).fit(X, y, **kwargs)
        mixed = RiskModel(monotone={"gap": 1}).fit(X.iloc[order], y[order], **shuffled)
        assert first.saved_.files() == again.saved_.files() == mixed.saved_.files()


def test_declared_directions_hold_in_the_tables():
    X, y = table()
    for sign in (1, -1):
        model = RiskModel(monotone={"gap": sign, "age": sign}).fit(X, y)
        for feature in model.tables_.features[:2]:
            assert (np.diff(feature.weights) * sign >= 0).all()


@pytest.mark.parametrize("sign", [-1, 1])
def test_unknown_is_neither_safer_nor_worse_than_every_answer_where_there_is_a_direction(sign):
    X, y = table(2_000)
    rng = np.random.default_rng(3)
    X.loc[(rng.random(len(X)) < np.where(y == (sign > 0), 0.6, 0.05)), "gap"] = np.nan
    free = next(t for t in RiskModel().fit(X, y).tables_.features if t.name == "gap")
    assert not min(free.weights) <= free.missing <= max(free.weights)  # what the rows say
    held = RiskModel(monotone={"gap": 1}).fit(X, y)
    gap = next(t for t in held.tables_.features if t.name == "gap")
    assert gap.missing == (max(gap.weights) if sign > 0 else min(gap.weights))
    assert held.predict_proba(X)[:, 1].sum() == pytest.approx(y.sum(), rel=1e-3)


def test_words_have_a_weight_each_and_a_new_word_scores_as_missing_with_a_warning():
    X, y = table()
    model = RiskModel().fit(X, y)
    (place,) = [t for t in model.tables_.features if t.name == "place"]
    assert place.levels == ("hill", "river", "town")
    assert max(place.weights) == place.weights[1]
    with pytest.warns(UserWarning, match="column 'place' holds words that were rare or unseen"):
        score = model.contributions(X.iloc[:1].assign(place="moon"))["place"]
    assert score.tolist() == [place.missing]


def test_with_a_prior_few_events_stay_close_and_many_decide():
    prior = RiskModel.load("evidence")
    few, many = evidence_rows(150, 1), evidence_rows(6_000, 1)
    rng = np.random.default_rng(2)
    truth = np.where(many["mother_absent"] == 1, 0.5, 0.15)
    few_y = (rng.random(150) < 0.1).astype(int)
    many_y = (rng.random(6_000) < truth).astype(int)
    after_few = RiskModel(prior="evidence").fit(few, few_y)
    after_many = RiskModel(prior=prior).fit(many, many_y)

    def weight(model, name):
        return next(t.weights[1] for t in model.tables_.features if t.name == name) / 1e6

    assert few_y.sum() < 20
    assert abs(weight(after_few, "prior_maltreatment") - 0.9) < 0.15
    assert weight(after_many, "prior_maltreatment") < 0.25
    assert weight(after_many, "mother_absent") > 1.2
    assert all(t.sources for t in after_many.tables_.features)


def test_a_prior_keeps_its_directions_unless_told_otherwise():
    X = evidence_rows(2_000, 3)
    y = (np.random.default_rng(0).random(2_000) < np.where(X["mother_absent"] == 1, 0.05, 0.3)) * 1
    held = RiskModel(prior="evidence").fit(X, y)
    freed = RiskModel(prior="evidence", monotone={"mother_absent": 0}).fit(X, y)

    def step(model):
        return next(t.weights[1] for t in model.tables_.features if t.name == "mother_absent")

    assert step(held) == 0
    assert step(freed) < -500_000


def test_a_cloned_prior_says_how_to_give_it():
    with pytest.raises(ModelError, match="not fitted"):
        clone(RiskModel(prior=RiskModel.load("evidence"))).fit(*table())
    tables = RiskModel.load("evidence").tables_
    X = evidence_rows(200)
    y = (np.arange(200) % 4 == 0).astype(int)
    clone(RiskModel(prior=tables)).fit(X, y)


def test_the_report_says_what_was_calibrated():
    X, y = table()
    model = RiskModel().fit(X.assign(same=1.0, blank=np.nan), y)
    assert model.report_.constant == ("same", "blank")
    assert "set both the intercept and the slope" in model.report_.statement
    few = RiskModel().fit(X[:60], np.r_[np.ones(8), np.zeros(52)].astype(int))
    assert "too few to calibrate" in few.report_.statement


def test_only_events_of_known_selection_make_it_a_probability():
    X, y = table(1_500)
    assert y.sum() > 250
    model = RiskModel().fit(X, y)
    assert not model.gives_probability
    events = np.flatnonzero(y == 1)
    for count, expected in ((99, False), (100, True)):
        known = np.zeros(len(y), dtype=bool)
        known[events[:count]] = True
        known[y == 0] = True
        model = RiskModel().fit(X, y, known_selection=known)
        assert model.manifest_.events_of_known_selection == count
        assert model.gives_probability is expected


def test_copies_of_rows_in_their_own_groups_make_no_interval_narrower():
    X, y = _notes(400)
    once = RiskModel(note_column="note").fit(X, y)
    rows = np.repeat(np.arange(400), 5)
    copied = RiskModel(note_column="note").fit(X.iloc[rows], y[rows], groups=rows)
    width = [np.ptp(model.predict_interval(X), axis=1).mean() for model in (once, copied)]
    assert width[1] > 0.85 * width[0]
    assert copied.tables_.phrases.error > 0.85 * once.tables_.phrases.error


# --- recalibration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "method", "says"),
    [
        (19, "none", "Nothing was changed"),
        (20, "intercept", "from 45 on the slope"),
        (45, "intercept+slope", "both the intercept and the slope"),
    ],
)
def test_recalibrating_the_evidence_model_follows_the_number_of_events(events, method, says):
    model = RiskModel.load("evidence")
    X = evidence_rows(400)
    before = model.score_micro(X)
    y = np.zeros(400, dtype=int)
    y[np.argsort(-before, kind="stable")[: 2 * events : 2]] = 1
    change = model.recalibrate(X, y, known_selection=np.ones(400, dtype=bool))
    assert (change.method, change.events) == (method, events)
    assert says in change.statement
    assert model.score_micro(X).tolist() == before.tolist()
    if method == "none":
        with pytest.raises(NotCalibrated):
            model.predict_proba(X)
    else:
        assert model.predict_proba(X)[:, 1].mean() == pytest.approx(events / 400, abs=1e-5)
        assert not model.gives_probability


def _sample(known_events: int, seed: int, events: int = 0):
    """Rows of the evidence model's columns; some of the events are of known selection."""
    rng = np.random.default_rng(seed)
    X = evidence_rows(400, seed)
    y = np.zeros(400, dtype=int)
    places = rng.permutation(400)[: max(events, known_events)]
    y[places] = 1
    known = y == 0
    known[places[:known_events]] = True
    return X, y, known


def _recalibrated(model: RiskModel, known_events: int, seed: int, events: int = 0):
    X, y, known = _sample(known_events, seed, events)
    return model.recalibrate(X, y, known_selection=known)


def test_the_same_outcomes_given_twice_count_once():
    model = RiskModel.load("evidence")
    for _ in range(3):
        change = _recalibrated(model, 60, seed=1)
        assert model.manifest_.events_of_known_selection == 60
        assert not model.gives_probability
    assert "60 of them are of known selection, so lists show a score (100 are" in change.statement
    assert "lists show a chance" in _recalibrated(model, 100, seed=2).statement


def test_outcomes_that_overlap_count_once_where_they_are_given_together():
    model = RiskModel.load("evidence")
    X, y, known = _sample(120, seed=3)
    for first, last in ((0, 300), (100, 400)):
        model.recalibrate(X[first:last], y[first:last], known_selection=known[first:last])
        assert model.manifest_.events_of_known_selection == y[first:last].sum() < 100
        assert not model.gives_probability
    model.recalibrate(X, y, known_selection=known)
    assert model.manifest_.events_of_known_selection == 120
    assert model.gives_probability


@pytest.mark.parametrize(
    ("events", "known", "gives"), [(20, 0, False), (150, 99, False), (150, 100, True)]
)
def test_a_probability_that_moves_elsewhere_rests_on_what_was_seen_there(events, known, gives):
    model = RiskModel.load("evidence")
    _recalibrated(model, 150, seed=1)
    assert model.gives_probability
    _recalibrated(model, known, seed=2, events=events)
    assert model.manifest_.events_of_known_selection == known
    assert model.gives_probability is gives
    word = "a chance" if gives else "a score"
    assert model.saved_.card.count(f"Lists show {word}") == 1


def test_too_few_outcomes_elsewhere_change_nothing_and_so_no_claim_either():
    model = RiskModel.load("evidence")
    _recalibrated(model, 150, seed=1)
    before = model.digest
    _recalibrated(model, 0, seed=2, events=19)
    assert model.digest == before


def test_what_set_the_probability_stands_in_manifest_and_card(tmp_path):
    X, y = table()
    model = RiskModel().fit(X, y)
    learned_from, card = model.manifest_, model.saved_.card
    X, y = table(300, seed=5)
    model.recalibrate(X, y, groups=np.arange(300) // 2)
    model.recalibrate(X, y, groups=np.arange(300) // 3)
    model.save(tmp_path / "m")
    manifest = RiskModel.load(tmp_path / "m").manifest_
    assert (manifest.rows, manifest.events) == (learned_from.rows, learned_from.events)
    on = manifest.recalibrated_on
    assert (on.rows, on.groups, on.events) == (300, 100, y.sum())
    card_now = (tmp_path / "m" / "CARD.md").read_text("utf-8")
    assert card_now.startswith(card.rstrip())
    assert card_now.count("## Recalibrated") == 1
    assert f"now 300 rows in 100 groups with {y.sum()} events, 0 of known" in card_now


# --- note column -----------------------------------------------------------------------------


def _notes(n: int = 500) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    harm = rng.random(n) < 0.3
    english = rng.random(n) < 0.5
    filler = rng.choice(["visit went fine", "house tidy", "grandma was in"], n)
    chinese = rng.choice(["家里很干净", "奶奶在家", "今天下雨"], n)
    note = np.where(
        english,
        np.where(harm, np.char.add(filler, ", child hungry again"), filler),
        np.where(harm, np.char.add(chinese, "，孩子说没饭吃"), chinese),
    )
    y = (rng.random(n) < np.where(harm, 0.7, 0.08)).astype(int)
    X = pd.DataFrame({"age": rng.integers(0, 18, n), "note": note})
    X.loc[:9, "note"] = None
    return X, y


def test_phrases_of_both_languages_are_learned_and_add_up_exactly():
    X, y = _notes()
    model = RiskModel(note_column="note").fit(X, y)
    weights = model.tables_.phrases.weights
    assert weights["hungry"] > 0
    assert weights["没饭"] > 0
    parts = model.phrase_contributions(X)
    summed = parts.groupby("row")["micro"].sum().reindex(X.index, fill_value=0)
    assert summed.tolist() == model.contributions(X)["note"].tolist()
    assert model.contributions(X)["note"].iloc[:10].tolist() == [0] * 10


def test_notes_without_any_signal_leave_no_phrase():
    X, _ = _notes()
    y = (np.random.default_rng(7).random(len(X)) < 0.2).astype(int)
    assert len(RiskModel(note_column="note").fit(X, y).tables_.phrases.weights) == 0


def test_phrases_round_trip_through_the_folder(tmp_path):
    X, y = _notes()
    model = RiskModel(note_column="note").fit(X, y)
    model.save(tmp_path / "m")
    loaded = RiskModel.load(tmp_path / "m")
    assert loaded.score_micro(X).tolist() == model.score_micro(X).tolist()
    assert loaded.note_column == "note"


def test_phrases_never_join_words_across_a_chinese_run():
    assert "left alone" not in note_phrases("left 没人 alone")
    assert note_phrases("") == set()


# --- saving and loading ----------------------------------------------------------------------


def test_a_saved_model_is_the_same_to_the_last_bit(tmp_path):
    X, y = table()
    model = RiskModel(monotone={"gap": 1}).fit(X, y, groups=np.arange(len(X)) // 2)
    model.recalibrate(*table(400, seed=3))
    model.save(tmp_path / "mine")
    loaded = RiskModel.load(tmp_path / "mine")
    assert loaded.tables_ == model.tables_
    assert loaded.name == "mine"
    for ask in ("predict_proba", "predict_interval", "decision_function"):
        assert getattr(loaded, ask)(X).tobytes() == getattr(model, ask)(X).tobytes()
    loaded.save(tmp_path / "again" / "mine")
    for name in ("model.json", "manifest.json", "CARD.md"):
        saved = (tmp_path / "mine" / name).read_bytes()
        assert saved == (tmp_path / "again" / "mine" / name).read_bytes()


def test_saving_replaces_a_model_whole_and_refuses_any_other_folder(tmp_path):
    X, y = table(200)
    model = RiskModel().fit(X, y)
    model.save(tmp_path / "m")
    model.save(tmp_path / "m")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("x")
    with pytest.raises(OutputError, match="something else"):
        model.save(tmp_path / "photos")
    assert (tmp_path / "photos" / "a.txt").read_text() == "x"
    with pytest.raises(OutputError, match="found a file"):
        model.save(tmp_path / "photos" / "a.txt")


def _saved(tmp_path: Path) -> Path:
    X, y = table(200)
    RiskModel(monotone={"gap": 1}).fit(X, y).save(tmp_path / "m")
    return tmp_path / "m"


def _rewrite(folder: Path, change) -> None:
    """Change model.json and give the manifest its new hash, as a careful forger would."""
    import hashlib

    data = json.loads((folder / "model.json").read_text("utf-8"))
    change(data)
    raw = json.dumps(data).encode()
    (folder / "model.json").write_bytes(raw)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["model_sha256"] = hashlib.sha256(raw).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest)), "utf-8")


def _set(*path_and_value):
    *path, key, value = path_and_value

    def change(data):
        node = data
        for part in path:
            node = node[part]
        node[key] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("format", "carescreen-model/2"), "If the model is newer, update"),
        (_set("format", None), "format is None"),
        (_set("kind", "forest"), "kind"),
        (_set("intercept", 0.5), "intercept"),
        (_set("intercept", True), "intercept"),
        (_set("intercept", 10**12), "intercept"),
        (_set("features", 0, "weights", [1]), "weights"),
        (_set("features", 0, "weights", 0, "1"), "weights"),
        (_set("features", 0, "edges", 0, 1e9), "ascend"),
        (_set("features", 1, "weights", 0, 49_000_000), "declared direction"),
        (_set("features", 0, "name", "gap"), "occurs twice"),
        (_set("features", 0, "run", "import os"), "Extra inputs"),
        (_set("features", 0, "title", ["x"]), "title"),
        (_set("features", {}), "features"),
        (_set("phrases", [{"text": "x", "weight": 1}]), "note_column"),
        (_set("calibration", "slope", 0), "slope"),
        (_set("calibration", "covariance", [1.0]), "covariance"),
    ],
)
def test_a_model_file_that_is_not_right_is_refused_with_its_reason(tmp_path, change, message):
    folder = _saved(tmp_path)
    _rewrite(folder, change)
    with pytest.raises(ModelError, match=message):
        RiskModel.load(folder)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("model.json", b"{}", "SHA-256"),
        ("manifest.json", b"", "cut short"),
        ("manifest.json", b'{"format": "carescreen-manifest/2", "format": 1}', "occurs twice"),
        ("manifest.json", b'{"rows": NaN}', "not a number"),
        ("manifest.json", b"[" * 100_000, "JSON"),
        ("manifest.json", b"\xff\xfe", "JSON"),
        ("manifest.json", b"[]", "wanted a JSON object"),
        ("manifest.json", b'{"format": "carescreen-manifest/9"}', "newer"),
        ("manifest.json", b'{"format": "carescreen-manifest/1"}', "older, make it again"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(tmp_path, name, raw, message):
    folder = _saved(tmp_path)
    (folder / name).write_bytes(raw)
    with pytest.raises(ModelError, match=message):
        RiskModel.load(folder)


def test_a_cut_model_file_and_a_missing_manifest_are_refused(tmp_path):
    folder = _saved(tmp_path)
    raw = (folder / "model.json").read_bytes()
    (folder / "model.json").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ModelError, match="damaged or changed"):
        RiskModel.load(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        RiskModel.load(folder)


def test_a_manifest_of_other_features_is_refused(tmp_path):
    folder = _saved(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["features"] = ["other"]
    (folder / "manifest.json").write_text(json.dumps(sealed(manifest)), "utf-8")
    with pytest.raises(ModelError, match="not those of model"):
        RiskModel.load(folder)


def test_an_unknown_name_lists_what_ships():
    with pytest.raises(ModelError, match="did you mean 'evidence'"):
        RiskModel.load("evidense")
