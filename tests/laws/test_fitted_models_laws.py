"""Laws 3, 8, 9, 10 and 12 on fitted models, whatever rows they score."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fitted import (
    DIRECTIONS,
    MODELS,
    VALUES,
    from_evidence,
    rows,
    table,
    with_fields,
    with_notes,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law_10_data_never_executes import payloads

from carescreen.errors import ModelError
from carescreen.model import RiskModel
from carescreen.modelfile import PROBABILITY_EVENTS, sealed

# --- law 3: more evidence of harm never lowers -------------------------------------------------


@given(X=rows(), model=st.sampled_from(MODELS), data=st.data())
def test_moving_a_feature_in_its_direction_never_lowers_score_or_probability(X, model, data):
    name = data.draw(st.sampled_from(sorted(DIRECTIONS)))
    X = X[X[name].notna()]
    further = data.draw(st.floats(0.0, 1e6)) * DIRECTIONS[name]
    more = X.assign(**{name: X[name] + further})
    assert (model().score_micro(more) >= model().score_micro(X)).all()
    assert (model().predict_proba(more)[:, 1] >= model().predict_proba(X)[:, 1]).all()


SMALL = st.tuples(st.integers(0, 1), st.sampled_from([None, -1.0, 0.0, 0.5, 1.0, 2.0, 1e300]))


@settings(max_examples=15)
@given(found=st.lists(SMALL, min_size=5, max_size=40), sign=st.sampled_from([-1, 1]))
def test_a_declared_direction_holds_in_a_fit_to_any_rows(found, sign):
    labels = [1, 1, 0, 0, *(label for label, _ in found)]
    values = [1.0, 2.0, 1.0, 2.0, *(value for _, value in found)]
    X = pd.DataFrame({"a": np.array(values, dtype=float), "b": np.arange(len(labels)) % 3})
    model = RiskModel(monotone={"a": sign}).fit(X, labels)
    (table,) = (t for t in model.tables_.features if t.name == "a")
    assert (np.diff(table.weights) * sign >= 0).all()
    assert min(table.weights) <= table.missing <= max(table.weights)  # unknown is neither


# --- law 8: reasons are exact ------------------------------------------------------------------


@given(X=rows(), model=st.sampled_from(MODELS))
def test_contributions_and_intercept_add_up_to_the_score_exactly(X, model):
    fitted = model()
    parts = fitted.contributions(X)
    assert all(kind == np.int64 for kind in parts.dtypes)
    score = fitted.intercept_micro + parts.sum(axis=1)
    assert score.tolist() == fitted.score_micro(X).tolist()
    assert (fitted.decision_function(X) * 1_000_000).round().astype(int).tolist() == score.tolist()


@given(X=rows(), model=st.sampled_from([m for m in MODELS if "notes" in m.__name__]))
def test_the_phrases_of_a_note_add_up_to_what_the_note_adds(X, model):
    phrases, parts = model().phrase_contributions(X), model().contributions(X)
    summed = phrases.groupby("row")["micro"].sum().reindex(X.index, fill_value=0)
    assert summed.tolist() == parts["note"].tolist()
    cap = model().tables_.phrases.cap
    assert cap is None or parts["note"].abs().max() <= cap


# --- law 9: no protected attribute in the model ------------------------------------------------


@given(data=st.data())
def test_what_a_prior_holds_at_0_moves_no_score_probability_or_interval(data):
    model, X = from_evidence()
    some = X.iloc[data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=5))]
    other = some.assign(**{name: data.draw(VALUES) for name in model.manifest_.held})
    other = other.astype(float)
    assert "low_income" in model.manifest_.held
    assert not model.contributions(other)[model.manifest_.held].to_numpy().any()
    for ask in ("score_micro", "predict_proba", "predict_interval"):
        assert getattr(model, ask)(other).tobytes() == getattr(model, ask)(some).tobytes()


@given(X=rows(), model=st.sampled_from(MODELS), sex=st.sampled_from(["female", "male", None]))
def test_a_column_the_model_has_not_learned_moves_nothing(X, model, sex):
    assert model().predict_proba(X.assign(sex=sex)).tobytes() == model().predict_proba(X).tobytes()


# --- law 10: data never executes ---------------------------------------------------------------

FILES = ("model.json", "manifest.json", "CARD.md")


def _folder_of(files: dict[str, bytes]) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory()
    for name, raw in files.items():
        (Path(folder.name) / name).write_bytes(raw)
    return folder


@settings(max_examples=100)
@given(data=st.data(), name=st.sampled_from(FILES))
def test_a_folder_with_one_byte_changed_is_refused_or_scores_the_same(data, name):
    saved, X = with_notes().saved_.files(), table(20)[0]
    raw = saved[name]
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    with _folder_of(saved | {name: changed}) as folder:
        if name == "model.json":
            with pytest.raises(ModelError, match="SHA-256"):
                RiskModel.load(folder)
            return
        with contextlib.suppress(ModelError):
            loaded = RiskModel.load(folder)
            for ask in ("score_micro", "predict_proba", "predict_interval"):
                assert getattr(loaded, ask)(X).tobytes() == getattr(with_notes(), ask)(X).tobytes()


def _places(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of a JSON text stand; of a long list the first two."""
    items = node.items() if isinstance(node, dict) else enumerate(node[:2])
    found = []
    for key, value in items:
        found.append((*here, key))
        if isinstance(value, dict | list):
            found += _places(value, (*here, key))
    return found


@cache
def _model_places() -> list[tuple[Any, ...]]:
    return _places(json.loads(with_notes().saved_.files()["model.json"]))


CANARY = Path(tempfile.gettempdir()) / "carescreen-fitted-canary"
WRONG = st.one_of(
    st.sampled_from([*payloads(CANARY), None, True, [], {}, [[]], "", "note", "age", "0"]),
    st.sampled_from([0, 1, -1, 10**7, 5 * 10**7, 10**12, -(10**30), 0.5, 1e308, -1e308, 5e-324]),
)


@settings(max_examples=150)
@given(data=st.data(), value=WRONG, hashed=st.booleans())
def test_a_folder_with_one_field_changed_is_refused_or_still_adds_up(data, value, hashed):
    """With the old hash it is refused; with a new one, as a forger makes it, its numbers are others,
    but they are numbers, and nothing runs."""
    saved, X = with_notes().saved_.files(), table(20)[0]
    model = json.loads(saved["model.json"])
    *path, key = data.draw(st.sampled_from(_model_places()))
    node = model
    for part in path:
        node = node[part]
    if type(node[key]) is type(value) and node[key] == value:
        return
    node[key] = value
    raw = json.dumps(model).encode()
    manifest = json.loads(saved["manifest.json"])
    if hashed:
        manifest["model_sha256"] = hashlib.sha256(raw).hexdigest()
    files = {"model.json": raw, "manifest.json": json.dumps(sealed(manifest)).encode()}
    with _folder_of(files) as folder:
        if not hashed:
            with pytest.raises(ModelError, match="SHA-256"):
                RiskModel.load(folder)
        else:
            with contextlib.suppress(ModelError):
                _assert_numbers(RiskModel.load(folder), X)
    assert not CANARY.exists()


def _assert_numbers(model: RiskModel, X: pd.DataFrame) -> None:
    X = X.assign(place="hill" if "hill" in model.tables_.features[3].levels else None)
    total = model.intercept_micro + model.contributions(X).sum(axis=1)
    assert total.tolist() == model.score_micro(X).tolist()
    risk = model.predict_proba(X)[:, 1]
    low, high = model.predict_interval(X).T
    assert ((low >= 0) & (low <= risk) & (risk <= high) & (high <= 1)).all()


# --- law 12: a number is called a probability only if it is one --------------------------------


@cache
def _with_60() -> RiskModel:
    """A fit to 100 events, 60 of them of known selection."""
    X, y = _with_events(100)
    return RiskModel().fit(X, y, known_selection=_known(y, 60))


@cache
def _many_rows(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = table(500, seed)
    return X.drop(columns="note"), y


def _with_events(events: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = _many_rows(seed)
    chosen = np.concatenate([np.flatnonzero(y)[:events], np.flatnonzero(y == 0)[:200]])
    assert y[chosen].sum() == events
    return X.iloc[chosen], y[chosen]


def _known(y: np.ndarray, events: int) -> np.ndarray:
    known = y == 0
    known[np.flatnonzero(y)[:events]] = True
    return known


EVENTS = [(0, 0), (19, 19), (20, 20), (44, 39), (44, 40), (120, 0), (120, 99), (120, 100)]


@settings(max_examples=40)
@given(fitted=st.booleans(), events=st.sampled_from(EVENTS))
def test_it_is_a_probability_from_100_known_events_on_that_were_used(fitted, events):
    """After a fit or the evidence model, a recalibration, and once through the folder."""
    count, known = events
    model = copy.copy(_with_60() if fitted else with_evidence())
    X, y = _with_events(count, seed=1)
    if not fitted:
        debts = X["debts"] > 20
        X = X.assign(**dict.fromkeys(model.feature_names, 0.0)).assign(mother_absent=debts * 1.0)
    model.recalibrate(X, y, known_selection=_known(y, known))
    recorded = known if count >= 20 else 60 * fitted  # never both: they may be the same outcomes
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m")
        loaded = RiskModel.load(Path(folder) / "m")
    for one in (model, loaded):
        assert one.manifest_.events_of_known_selection == recorded
        assert one.gives_probability is (recorded >= PROBABILITY_EVENTS)


@settings(max_examples=20)
@given(calls=st.lists(st.sampled_from(EVENTS), max_size=4), same=st.booleans())
def test_whatever_was_given_before_the_newest_recalibration_alone_is_counted(calls, same):
    """The same outcomes again, others, or those of another place: none are added up."""
    model = copy.copy(_with_60())
    for turn, (count, known) in enumerate(calls):
        X, y = _with_events(count, seed=1 if same else turn)
        model.recalibrate(X, y, known_selection=_known(y, known))
    counted = [known for count, known in calls if count >= 20]
    expected = counted[-1] if counted else 60
    assert model.manifest_.events_of_known_selection == expected
    assert model.gives_probability is (expected >= PROBABILITY_EVENTS)


@cache
def with_evidence() -> RiskModel:
    return RiskModel.load("evidence")


def test_the_models_here_have_what_the_laws_speak_of():
    for name, sign in DIRECTIONS.items():
        (one,) = (t for t in with_fields().tables_.features if t.name == name)
        assert one.monotone == sign
        assert len(set(one.weights)) > 1
