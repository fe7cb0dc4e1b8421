"""Watch: silence where nothing changed, and one alarm for each planted change."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from carescreen.errors import UsageError
from carescreen.evaluation.watch import Alarm, Watch, watch
from carescreen.evaluation.watch_settings import DEFAULTS, WatchSettings
from carescreen.evaluation.watch_words import Titles, alarm_words, lines, to_json
from carescreen.pack import shipped_folder
from carescreen.screener import Screener
from carescreen.synthetic import County, make_county
from tests.unit.watched_county import (
    Export,
    exported,
    newer_than,
    with_visits,
    write_run,
)

OLD, NEW = "2026-06-14", "2026-06-21"
FOUR_WEEKS_AGO = "2026-05-24"


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener.load()


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(children=800, villages=6, visits_per_child=12, seed=11)


@pytest.fixture(scope="module")
def runs(
    screener: Screener, county: County, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("runs")
    return (
        write_run(screener, exported(county, OLD), OLD, place / "old"),
        write_run(screener, exported(county, NEW), NEW, place / "new"),
    )


def kinds(found: Watch) -> set[tuple[str, str]]:
    """Kind and name of each new alarm."""
    return {(one.measure.kind, one.measure.name) for one in found.alarms if not one.is_standing}


class Planted:
    """Ranks a changed export of the newer day, and compares it with the older run."""

    def __init__(self, screener: Screener, old: Path, county: County, place: Path) -> None:
        self.screener, self.old, self.county, self.place = screener, old, county, place

    def export(self) -> Export:
        return exported(self.county, NEW)

    def watch(self, export: Export, screener: Screener | None = None) -> Watch:
        return watch(
            self.old, write_run(screener or self.screener, export, NEW, self.place / "new")
        )


@pytest.fixture
def planted(screener: Screener, runs: tuple[Path, Path], county: County, tmp_path: Path) -> Planted:
    return Planted(screener, runs[0], county, tmp_path)


def test_two_runs_a_week_apart_raise_nothing(runs: tuple[Path, Path]) -> None:
    found = watch(*runs)
    assert (kinds(found), found.exit_code, found.differences) == (set(), 0, ())
    assert len(found.measures) > 300
    assert lines(found, Titles.of_pack("cn-rural"), "en")[1].startswith("No alarms: ")


def test_a_column_of_visits_that_stops_being_filled(planted: Planted) -> None:
    export = planted.export()
    newest = newer_than(export, OLD)
    column = export.visits["left_alone_days_week"].mask(newest)
    assert kinds(planted.watch(with_visits(export, left_alone_days_week=column))) == {
        ("filled", "left_alone_days_week")
    }


def test_a_column_of_children_that_an_export_has_lost(planted: Planted) -> None:
    export = planted.export()
    found = planted.watch(replace(export, children=export.children.drop(columns="father_status")))
    assert ("missing", "father_status") in kinds(found)
    others = {name for kind, name in kinds(found) if kind in ("missing", "values")}
    assert others == {"father_status"}
    assert not {kind for kind, _ in kinds(found)} & {"filled", "mention", "noted", "vanished"}


def test_notes_of_half_the_length_in_one_village(planted: Planted) -> None:
    export = planted.export()  # V05 has 144 visits in four weeks; half of that would be too few
    village = export.visits["child_id"].map(export.children.set_index("child_id")["village_id"])
    short = (village == "V05") & newer_than(export, FOUR_WEEKS_AGO)
    notes = export.visits["note"]
    halved = notes.where(~short, notes.str.slice(0, 1) + notes.str.slice(1).str[::2])
    found = kinds(planted.watch(with_visits(export, note=halved)))
    assert ("village_length", "V05") in found
    assert {kind for kind, _ in found} <= {"village_length", "worker_length"}
    assert {name for _, name in found} <= {"V05", "W05"}


def test_a_village_whose_visits_have_half_as_many_notes(planted: Planted) -> None:
    export = planted.export()
    village = export.visits["child_id"].map(export.children.set_index("child_id")["village_id"])
    rows = (village == "V02") & newer_than(export, FOUR_WEEKS_AGO)
    gone = rows & (rows.cumsum() % 2 == 0)
    found = kinds(planted.watch(with_visits(export, note=export.visits["note"].mask(gone))))
    assert ("village_noted", "V02") in found
    assert found <= {("village_noted", "V02"), ("worker_noted", "W02"), ("noted", "")}


def test_a_caseworker_who_writes_no_more(planted: Planted) -> None:
    export = planted.export()
    silent = (export.visits["caseworker_id"] == "W04") & newer_than(export, FOUR_WEEKS_AGO)
    found = planted.watch(replace(export, visits=export.visits[~silent]))
    assert kinds(found) == {("worker_silent", "W04")}


def test_metres_where_there_were_centimetres(
    screener: Screener, county: County, tmp_path: Path
) -> None:
    """The column says metres: an export that was in metres, and now is in centimetres."""
    distances = [exported(county, day) for day in (OLD, NEW)]
    far = pd.Series(range(20, 20 + len(county.households)), dtype=float) % 45 + 3
    old, new = (
        replace(one, households=one.households.assign(open_water_near_m=far.to_numpy() * factor))
        for one, factor in zip(distances, (1.0, 100.0), strict=True)
    )
    found = watch(
        write_run(screener, old, OLD, tmp_path / "old"),
        write_run(screener, new, NEW, tmp_path / "new"),
    )
    assert ("values", "open_water_near_m") in kinds(found)
    assert {kind for kind, _ in kinds(found)} <= {"values", "rule_open", "rule_unknown", "tier"}
    said = "\n".join(lines(found, Titles.of_pack("cn-rural"), "en"))
    assert "about 100 times larger: ask whether the unit changed" in said


def test_values_outside_their_range_are_missing_and_rejected(planted: Planted) -> None:
    export = planted.export()
    age = pd.to_numeric(export.children["primary_caregiver_age"]) * 100
    found = planted.watch(
        replace(export, children=export.children.assign(primary_caregiver_age=age))
    )
    assert ("missing", "primary_caregiver_age") in kinds(found)
    assert any(kind == "rejected" for kind, _ in kinds(found))
    assert not {kind for kind, _ in kinds(found)} & {"filled", "mention", "noted", "vanished"}


def test_children_of_a_village_that_was_not_exported(planted: Planted) -> None:
    export = planted.export()
    gone = export.children.loc[export.children["village_id"] == "V05", "child_id"]
    kept = {
        name: getattr(export, name)[~getattr(export, name)["child_id"].isin(gone)]
        for name in ("children", "visits", "outcomes", "decisions")
    }
    found = kinds(planted.watch(replace(export, **kept)))
    assert {("vanished", ""), ("village_lost", "V05")} <= found
    # All its notes were in one language: of those that are left, more are in the other.
    gone_too = {"vanished", "village_lost", "worker_silent", "language"}
    assert {kind for kind, _ in found} <= gone_too


def edited_pack(place: Path, edit: dict[str, str], version: str | None = None) -> Path:
    """A copy of the pack cn-rural with texts of its rules replaced."""
    for name in ("base", "cn-rural"):
        shutil.copytree(shipped_folder("rules") / name, place / name)
    for path in (place / "cn-rural").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for old, new in edit.items():
            text = text.replace(old, new)
        if version and path.name == "pack.yaml":
            text = text.replace("version: 0.1.0", f"version: {version}")
        path.write_text(text, encoding="utf-8")
    return place / "cn-rural"


def test_a_score_that_shifted_says_first_that_the_model_is_another(
    planted: Planted, tmp_path: Path
) -> None:
    other = Screener.load()
    tables = other.model.saved_.tables
    object.__setattr__(tables, "intercept", tables.intercept + 600_000)
    found = planted.watch(planted.export(), other)
    assert kinds(found) == {("score", "")}
    assert [one.what for one in found.differences] == ["model"]
    assert (found.alarms[0].is_expected, found.exit_code) == (True, 3)
    assert "May come from what is listed first (1):" in lines(found, Titles({"en": {}}), "en")


EDIT = {"days_since_seen > visit_days_others or": "days_since_seen > 6 or"}


def test_a_rule_that_somebody_edited_without_a_new_version(
    planted: Planted, tmp_path: Path
) -> None:
    pack = edited_pack(tmp_path / "packs", EDIT)
    found = planted.watch(planted.export(), Screener.load(pack))
    [difference] = found.differences
    assert (difference.what, difference.is_alarm, found.exit_code) == ("pack", True, 3)
    assert difference.names
    assert all(name.startswith("~") for name in difference.names)
    assert all(one.is_expected for one in found.alarms if one.measure.kind == "rule_open")
    said = lines(found, Titles.of_pack("cn-rural"), "zh")
    assert "规则包的文件改了，版本号却没改" in said[2]


def test_a_pack_with_a_new_version_is_said_and_is_no_alarm(
    planted: Planted, tmp_path: Path
) -> None:
    pack = edited_pack(tmp_path / "packs", {}, version="0.2.0")
    found = planted.watch(planted.export(), Screener.load(pack))
    assert [(one.what, one.is_alarm, one.names) for one in found.differences] == [
        ("pack", False, ())
    ]
    assert found.exit_code == 0


def changed_list(run: Path, place: Path, edit: dict[str, tuple[str, str]]) -> Path:
    """A copy of a run with words of columns of its ranking.csv replaced."""
    shutil.copytree(run, place)
    path = place / "ranking.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    for name, (old, new) in edit.items():
        rows[name] = rows[name].replace(old, new)
    rows.to_csv(path, index=False, encoding="utf-8-sig")
    return place


def test_a_random_share_that_nobody_keeps(runs: tuple[Path, Path], tmp_path: Path) -> None:
    new = changed_list(runs[1], tmp_path / "new", {"selected_by": ("random", "score")})
    assert kinds(watch(runs[0], new)) == {("random", "")}


def outcomes_of(run: Path, confirmed: float, count: int = 120) -> pd.DataFrame:
    """Outcomes of the first children of a list, on the day after it."""
    ids = pd.read_csv(run / "ranking.csv", encoding="utf-8-sig")["child_id"].head(count)
    results = [
        "confirmed" if k * 7 % 10 < confirmed * 10 else "not_confirmed" for k in range(count)
    ]
    day = pd.Timestamp(OLD) + pd.Timedelta(days=1)
    return pd.DataFrame({"child_id": ids, "outcome_date": day, "result": results})


@pytest.mark.parametrize(("confirmed", "alarms"), [(0.3, set()), (0.6, {("calibration", "")})])
def test_calibration_where_outcomes_and_probabilities_are_there(
    runs: tuple[Path, Path], tmp_path: Path, confirmed: float, alarms: set[tuple[str, str]]
) -> None:
    old = changed_list(runs[0], tmp_path / "old", {"probability": ("", "0.3")})
    found = watch(old, runs[1], outcomes_of(old, confirmed))
    assert kinds(found) == alarms
    assert [key for key, _ in found.notices] == ["calibration"]


def test_calibration_says_why_it_says_nothing(runs: tuple[Path, Path], tmp_path: Path) -> None:
    few = outcomes_of(runs[0], 0.1)
    assert [key for key, _ in watch(*runs, few).notices] == ["not_calibrated"]
    old = changed_list(runs[0], tmp_path / "old", {"probability": ("", "0.3")})
    found = watch(old, runs[1], few)
    assert found.notices == (("few_events", {"events": 12, "least": 20}),)
    assert found.is_quiet


def test_what_was_so_already_is_no_new_alarm(planted: Planted, screener: Screener) -> None:
    """A column that stopped five weeks ago stands in the older run as well."""
    export, before = planted.export(), exported(planted.county, OLD)
    stopped = [
        with_visits(
            one,
            left_alone_days_week=one.visits["left_alone_days_week"].mask(
                newer_than(one, "2026-05-17")
            ),
        )
        for one in (before, export)
    ]
    old = write_run(screener, stopped[0], OLD, planted.place / "old")
    found = watch(old, write_run(screener, stopped[1], NEW, planted.place / "new"))
    assert [one.measure.name for one in found.alarms if one.is_standing] == ["left_alone_days_week"]
    assert found.is_quiet


def test_a_name_to_ignore_is_no_alarm(planted: Planted, tmp_path: Path) -> None:
    export = planted.export()
    found = planted.watch(replace(export, children=export.children.drop(columns="father_status")))
    path = tmp_path / "watch.yaml"
    path.write_text("ignore: [father_status]\npoints: 0.04\n", encoding="utf-8")
    settings = WatchSettings.read(path)
    assert settings.points == 0.04
    again = watch(planted.old, planted.place / "new", settings=settings)
    assert ("missing", "father_status") in kinds(found)
    assert not {name for _, name in kinds(again)} & {"father_status"}


def test_settings_that_cannot_be_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text("point: 0.04\n", encoding="utf-8")
    with pytest.raises(UsageError, match="point: Extra inputs are not permitted"):
        WatchSettings.read(path)


def test_what_goes_to_programs_is_json_without_a_child(planted: Planted) -> None:
    export = planted.export()
    silent = (export.visits["caseworker_id"] == "W04") & newer_than(export, FOUR_WEEKS_AGO)
    found = planted.watch(replace(export, visits=export.visits[~silent]))
    said = json.dumps(to_json(found, Titles.of_pack("cn-rural")), allow_nan=False)
    data = json.loads(said)
    assert data["format"] == "carescreen-watch/1"
    [alarm] = data["alarms"]
    assert (alarm["kind"], alarm["name"], alarm["new"]) == ("worker_silent", "W04", 0.0)
    assert set(alarm["finding"]) == set(alarm["act"]) == {"zh", "en"}
    assert not [one for one in export.children["child_id"] if f'"{one}"' in said]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_measure_has_its_words(runs: tuple[Path, Path], language: str) -> None:
    found = watch(*runs, settings=DEFAULTS)
    titles = Titles.of_pack("cn-rural")
    for measure in found.measures:
        finding, _, act = alarm_words(Alarm(measure, is_expected=False), titles, language)
        assert finding
        assert act
        assert "{" not in finding + act
        assert "nan" not in finding


def test_a_mistake_is_said_in_one_line(runs: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = runs
    with pytest.raises(UsageError, match=r"holds no run\.json"):
        watch(tmp_path, new)
    with pytest.raises(UsageError, match="give the older run first"):
        watch(new, old)
    with pytest.raises(UsageError, match="both runs are as of 2026-06-21"):
        watch(new, new)
    other = tmp_path / "other"
    shutil.copytree(new, other)
    path = other / "ranking.csv"
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",C0", ",X0"), encoding="utf-8")
    with pytest.raises(UsageError, match="children in common: they are of different counties"):
        watch(old, other)


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"format": "carescreen-profile/1"}', "\x00", '{"format": 3}']
)
def test_a_profile_that_is_broken_is_one_line(
    runs: tuple[Path, Path], tmp_path: Path, broken: str
) -> None:
    shutil.copytree(runs[1], tmp_path / "new")
    (tmp_path / "new" / "profile.json").write_text(broken, encoding="utf-8")
    with pytest.raises(UsageError, match="rank again"):
        watch(runs[0], tmp_path / "new")
    (tmp_path / "new" / "profile.json").unlink()
    with pytest.raises(UsageError, match=r"holds no profile\.json"):
        watch(runs[0], tmp_path / "new")
