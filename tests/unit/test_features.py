"""The features that a pack names for its model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carescreen.errors import ConditionError, PackError
from carescreen.features import FeatureSet
from carescreen.pack import Pack
from tests.unit.plain_conditions import children_data
from tests.unit.small_pack import PACK, write_pack

TITLE = "title: {en: A feature, zh: 特征}"

CHILDREN = [
    {"age_years": 6, "boarding": "yes", "nights_away": 3, "unattended": "yes", "contact_gap": 4},
    {"age_years": 9, "boarding": "unknown", "noted": {"sexual_abuse": "affirmed"}},
    {},
]


def features(tmp_path: Path, *entries: str) -> FeatureSet:
    pack = PACK + "features:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
    return FeatureSet.load(Pack.load(write_pack(tmp_path / "small", pack=pack)))


def test_a_condition_is_one_zero_or_missing(tmp_path: Path) -> None:
    found = features(tmp_path, f"id: young, when: age_years < 8, {TITLE}")
    frame = found.frame(children_data(CHILDREN, Pack.load(tmp_path / "small").indicators))
    assert frame["young"].dtype == np.float64
    assert frame["young"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(frame["young"][2])


def test_an_indicator_is_its_number_or_its_word_and_an_unrecorded_event_its_baseline(
    tmp_path: Path,
) -> None:
    found = features(
        tmp_path,
        f"id: boarding, indicator: boarding, {TITLE}",
        f"id: gap, indicator: contact_gap, {TITLE}",
        f"id: nights, indicator: nights_away, {TITLE}",
        f"id: unattended, indicator: unattended, {TITLE}",
    )
    frame = found.frame(children_data(CHILDREN, Pack.load(tmp_path / "small").indicators))
    assert frame["boarding"][0] == "yes"
    assert frame["boarding"].isna().tolist() == [False, True, True]
    assert frame["gap"].dtype == np.float64
    assert frame["gap"].isna().tolist() == [False, True, True]
    assert frame["nights"].tolist() == [3.0, 0.0, 0.0]
    assert frame["unattended"].tolist() == ["yes", "no", "no"]


def test_a_frame_has_the_packs_order_and_a_row_a_child(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        f"id: b, when: \"boarding == 'yes'\", {TITLE}",
        f"id: a, indicator: age_years, {TITLE}",
    )
    data = children_data(CHILDREN, Pack.load(tmp_path / "small").indicators)
    frame = found.frame(data)
    assert found.names == ("b", "a")
    assert list(frame.columns) == ["b", "a"]
    assert frame.index.equals(pd.RangeIndex(3))
    assert found.titles["a"] == {"en": "A feature", "zh": "特征"}
    none = type(data)(0, data.as_of, {}, {})
    assert found.frame(none).shape == (0, 2)


def test_columns_that_nobody_recorded_are_missing_or_baseline(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        f"id: boarding, indicator: boarding, {TITLE}",
        f"id: nights, indicator: nights_away, {TITLE}",
        f"id: away, when: nights_away >= 1, {TITLE}",
    )
    frame = found.frame(children_data([{}, {}], Pack.load(tmp_path / "small").indicators))
    assert frame["boarding"].isna().all()
    assert frame["nights"].tolist() == [0.0, 0.0]
    assert frame["away"].tolist() == [0.0, 0.0]


def test_a_pack_without_features_gives_an_empty_frame_with_a_row_a_child(tmp_path: Path) -> None:
    found = FeatureSet.load(Pack.load(write_pack(tmp_path / "small")))
    data = children_data(CHILDREN, Pack.load(tmp_path / "small").indicators)
    assert found.frame(data).shape == (3, 0)


def test_a_feature_is_sensitive_where_what_it_reads_is(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        f"id: harm, when: \"sexual_harm != 'none'\", {TITLE}",
        f"id: noted, when: noted(sexual_abuse), {TITLE}",
        f"id: young, when: age_years < 8, {TITLE}",
    )
    assert found.sensitive == {"harm", "noted"}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (f"id: girl, when: \"sex == 'female'\", {TITLE}", "'sex' is for audits only"),
        (f"id: sex, indicator: sex, {TITLE}", "'sex' is for audits only"),
        (f"id: away, indicator: nights_awya, {TITLE}", "unknown indicator 'nights_awya'; did you"),
        (f"id: hazards, indicator: hazards, {TITLE}", "'hazards' is a set; a feature takes"),
        (f"id: day, indicator: registered_on, {TITLE}", "'registered_on' is a date"),
        ("id: young, when: age_years < 8, title: Young", "title needs both languages"),
    ],
)
def test_a_bad_feature_is_refused_with_its_line(tmp_path: Path, entry: str, says: str) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml:7:") as caught:
        features(tmp_path, entry)
    assert says in str(caught.value)


def test_a_bad_condition_of_a_feature_is_refused_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(ConditionError, match=r"pack\.yaml:7:.*feature 'young': unknown indicator"):
        features(tmp_path, f"id: young, when: age_yeras < 8, {TITLE}")


def test_a_feature_that_a_child_pack_changes_is_refused_in_the_child_pack(tmp_path: Path) -> None:
    features(tmp_path, f"id: young, when: age_years < 8, {TITLE}")
    pack = PACK.replace("id: small", "id: child") + "extends: small\nfeatures:\n"
    pack += f"  - {{id: young, when: age_years < 80, {TITLE}}}\n"
    folder = write_pack(tmp_path / "child", pack=pack, indicators=None, concepts=None)
    with pytest.raises(PackError, match=r"child.pack\.yaml:8:"):
        FeatureSet.load(Pack.load(folder))
