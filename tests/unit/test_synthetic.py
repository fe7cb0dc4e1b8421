"""The synthetic county: seeded, labelled, plausible, and written all or nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from carescreen.caseload import Caseload
from carescreen.decisions import COLUMNS
from carescreen.errors import OutputError, UsageError
from carescreen.pack import Pack, shipped_folder
from carescreen.rules import RulePack
from carescreen.synthetic import TABLES, County, make_county, write_county
from carescreen.synthetic_concerns import CONCERN_TYPES
from carescreen.synthetic_notes import ASIDES
from carescreen.synthetic_outcomes import RULES
from carescreen.synthetic_people import RISK_WEIGHTS
from carescreen.synthetic_phrases import GROUPS, LANGUAGES, Template, load_phrasebook
from carescreen.yamlfile import read_yaml
from tests.shipped import shipped_screener

CHINESE = r"[\u4e00-\u9fff]"


@pytest.fixture(scope="module")
def county() -> County:
    return make_county()


@pytest.fixture(scope="module")
def large() -> County:
    return make_county(children=30_000, seed=11)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others() -> None:
    first, second = make_county(children=300), make_county(children=300)
    for name in TABLES:
        assert_frame_equal(getattr(first, name), getattr(second, name))
    assert not make_county(children=300, seed=8).children.equals(first.children)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_county(make_county(children=120), tmp_path / folder)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_bytes_do_not_depend_on_the_process(hash_seed: str, tmp_path: Path) -> None:
    here, there = (tmp_path / name for name in ("here", "there"))
    write_county(make_county(children=120), here)
    code = "import sys; from carescreen.synthetic import *; "
    code += "write_county(make_county(children=120), sys.argv[1])"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, "-c", code, str(there)], check=True, env=environment)
    for path in sorted(here.iterdir()):
        assert path.read_bytes() == (there / path.name).read_bytes(), path.name


def test_sizes_are_what_was_asked_for(county: County) -> None:
    assert len(county.children) == 2000
    assert county.children["village_id"].nunique() == 12
    assert len(county.visits) == pytest.approx(6000, rel=0.05)
    assert 1.3 < len(county.children) / len(county.households) < 1.7
    assert county.children["child_id"].iloc[11] == "C0012"


def test_ids_are_unique_and_refer_to_rows_that_exist(county: County) -> None:
    children, visits, homes = county.children, county.visits, county.households
    for frame, key in ((children, "child_id"), (visits, "visit_id"), (homes, "household_id")):
        assert frame[key].is_unique
        assert frame[key].notna().all()
    assert set(children["household_id"]) == set(homes["household_id"])
    assert set(visits["child_id"]) <= set(children["child_id"])
    assert set(county.outcomes["visit_id"]) <= set(visits["visit_id"])
    assert list(county.truth["child_id"]) == list(children["child_id"])


def test_ids_grow_with_the_county_and_are_never_narrower_than_four_digits() -> None:
    ids = make_county(children=12_000, visits_per_child=0).children["child_id"]
    assert ids.iloc[0] == "C00001"
    assert ids.iloc[-1] == "C12000"
    assert make_county(children=3).children["child_id"].tolist() == ["C0001", "C0002", "C0003"]


def test_siblings_share_village_worker_and_parents(county: County) -> None:
    homes = county.children.groupby("household_id")
    assert (homes["village_id"].nunique() == 1).all()
    assert (homes["caseworker_id"].nunique() == 1).all()
    known = county.children[~county.children["father_status"].isin(["unknown", None])]
    assert (known.groupby("household_id")["father_status"].nunique() == 1).all()


def test_every_table_and_every_file_says_synthetic(county: County, tmp_path: Path) -> None:
    folder = write_county(county, tmp_path / "county")
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.txt", *(f"{name}.csv" for name in TABLES)}
    for name in TABLES:
        read = pd.read_csv(folder / f"{name}.csv", dtype=str)
        assert (read["data_origin"] == "synthetic").all()
        assert len(read) == len(getattr(county, name))
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    assert "Synthetic data" in readme
    assert "合成数据" in readme


def test_villages_lie_in_counties_and_counties_in_provinces(county: County) -> None:
    places = county.children[["province_id", "county_id", "village_id"]].drop_duplicates()
    assert places.nunique().to_dict() == {"province_id": 2, "county_id": 3, "village_id": 12}
    assert not places["village_id"].duplicated().any()
    assert (
        not places[["province_id", "county_id"]].drop_duplicates()["county_id"].duplicated().any()
    )
    alone = make_county(children=5).children
    assert set(zip(alone["province_id"], alone["county_id"], strict=True)) == {("PR01", "CO01")}


def test_every_column_and_word_is_one_that_the_base_pack_declares(large: County) -> None:
    declared = Pack.load("base").indicators
    ours = {"child_id", "visit_id", "household_id", "village_id", "caseworker_id", "birth_date"}
    ours |= {"county_id", "province_id"}
    ours |= {"recorded_at", "visit_date", "child_seen", "worker_concern", "note", "data_origin"}
    for frame in (large.children, large.visits, large.households):
        for column in set(frame) - ours:
            indicator = declared[column]
            cells = frame[column].dropna()
            if indicator.type in ("enum", "set"):
                words = {word for cell in cells.unique() for word in str(cell).split(";")}
                assert words <= {*indicator.values, *indicator.missing}, column
            elif indicator.range is not None:
                assert cells.astype(float).between(*indicator.range).all(), column


def test_dates_are_in_order_and_known_by_the_as_of_date(large: County) -> None:
    children, visits = large.children, large.visits
    assert (visits["visit_date"] <= visits["recorded_at"]).all()
    assert visits["recorded_at"].max() <= "2026-11-01"
    assert visits["visit_date"].min() >= "2025-04-01"
    born = visits["child_id"].map(children.set_index("child_id")["birth_date"])
    assert (visits["visit_date"] >= born).mean() > 0.95
    late = (visits["visit_date"] < visits["recorded_at"]).mean()
    assert 0.05 < late < 0.30


def test_most_children_are_fine_and_shares_are_those_documented(large: County) -> None:
    children, truth = large.children, large.truth
    assert 0.04 < truth["true_concern"].mean() < 0.06
    must_report = [name for name, kind in CONCERN_TYPES.items() if kind.mandatory]
    assert 0.004 < truth["concern_type"].isin(must_report).mean() < 0.009
    both = children[
        ~children[["father_status", "mother_status"]].isin(["unknown", None]).any(axis=1)
    ]
    away = (both[["father_status", "mother_status"]] == "away_working").any(axis=1)
    assert 0.55 < away.mean() < 0.65
    carer = both.loc[away, "primary_caregiver_type"]
    assert 0.83 < (carer[~carer.isin(["unknown", None])] == "grandparent").mean() < 0.91
    level = children["disability_level"]
    assert 0.015 < level[~level.isin(["unknown", None])].str.startswith("level").mean() < 0.027
    income = large.households["income_support"]
    assert 0.065 < (income[~income.isin(["unknown", None])] == "dibao").mean() < 0.095
    hukou = children["hukou_registered"]
    assert 0.002 < (hukou[hukou.isin(["yes", "no"])] == "no").mean() < 0.009


def test_a_true_concern_comes_from_the_true_risk(large: County) -> None:
    truth = large.truth
    assert truth["true_risk"].between(0, 1).all()
    assert 0.65 < roc_auc_score(truth["true_concern"], truth["true_risk"]) < 0.80
    tenth = pd.qcut(truth["true_risk"], 10, labels=False)
    expected, seen = (truth.groupby(tenth)[name].mean() for name in ("true_risk", "true_concern"))
    assert np.abs(expected - seen).max() < 0.02
    assert (truth["concern_type"].notna() == (truth["true_concern"] == 1)).all()


def test_every_documented_risk_factor_raises_the_risk() -> None:
    assert all(weight > 0 for weight in RISK_WEIGHTS.values())


def test_workers_notice_much_but_not_all_and_outcomes_know_more(large: County) -> None:
    worried = large.visits[large.visits["worker_concern"] == "yes"]["child_id"].unique()
    concern = large.truth.set_index("child_id")["true_concern"]
    noticed = concern.index[concern == 1].isin(worried).mean()
    assert 0.40 < noticed < 0.85
    outcomes = large.outcomes
    chosen = outcomes["selected_by"] == "random"
    assert set(outcomes.loc[chosen, "selection_probability"]) == {0.12}
    rate = (outcomes["result"] == "confirmed").groupby(chosen).mean()
    assert rate[False] > 5 * rate[True] > 0
    assert set(outcomes["result"]) == {
        "confirmed",
        "not_confirmed",
        "could_not_tell",
        "not_seen",
    }


def test_workers_leave_different_shares_of_fields_blank(large: County) -> None:
    blank = large.children["hukou_registered"].isin(["unknown", None])
    by_worker = blank.groupby(large.children["caseworker_id"]).mean()
    assert by_worker.min() < 0.10
    assert by_worker.max() > 0.40


def test_notes_are_in_both_languages_and_each_worker_writes_one(county: County) -> None:
    visits = county.visits.dropna(subset="note")
    long = visits[visits["note"].str.len() > 40]
    chinese = long["note"].str.contains(CHINESE)
    assert 0.25 < chinese.mean() < 0.75
    assert (chinese.groupby(long["caseworker_id"]).nunique() == 1).all()
    only = make_county(children=400, language_mix=0.0).visits["note"].dropna()
    assert not only.str.contains(CHINESE).any()


def test_notes_differ_and_have_the_length_of_real_ones(large: County) -> None:
    notes = large.visits["note"].dropna()
    long = notes[notes.str.len() > 40]
    assert long.iloc[:6000].duplicated(keep=False).mean() < 0.05
    chinese = notes.str.contains(CHINESE)
    assert 25 < notes[chinese].str.len().mean() < 60
    assert 65 < notes[~chinese].str.len().mean() < 140
    assert notes.str.len().max() < 420
    short = (large.visits["note"].isna() | (large.visits["note"].str.len() < 12)).mean()
    assert 0.10 < short < 0.40
    assert not notes.str.contains(r"[{}@!](?:\w+_|\w*})", regex=True).any()


def test_a_note_has_at_most_five_sentences(large: County) -> None:
    listed = large.visits["note"].dropna()
    listed = listed[listed.str.startswith("- ")]
    assert len(listed) > 1000
    assert set(listed.str.count("\n") + 1) <= {1, 2, 3, 4, 5}


def test_notes_keep_to_who_is_at_home(large: County) -> None:
    children = large.children.set_index("child_id")
    notes = large.visits.dropna(subset="note").set_index("child_id")["note"]
    both = (children[["father_status", "mother_status"]] == "at_home").all(axis=1)
    at_home = notes[notes.index.isin(children.index[both])]
    away = "打视频来|年前还接电话|rings most evenings|rang during|from the factory"
    assert len(at_home) > 5000
    assert not at_home.str.contains(away).any()
    both_away = (children[["father_status", "mother_status"]] == "away_working").all(axis=1)
    gone = notes[notes.index.isin(children.index[both_away])]
    assert len(gone) > 5000
    present = "两口子都在家|修三轮车|both parents live here|fixing the tricycle"
    assert not gone.str.contains(present).any()


def test_a_girl_is_she_and_a_boy_is_he(large: County) -> None:
    sex = large.children.set_index("child_id")["sex"]
    notes = large.visits.dropna(subset="note").set_index("child_id")["note"]
    girls = notes[(notes.index.map(sex) == "female") & ~notes.str.contains(CHINESE)]
    own = girls[girls.str.contains(r"\b(?:her|she)\b")]
    assert len(own) > 1000
    assert not own.str.contains(r"\bhis (?:hand|head|bed|money|shoes)\b").any()


def test_notes_hold_what_a_reader_must_not_take_for_a_concern(large: County) -> None:
    text = "\n".join(large.visits["note"].dropna())
    for words in ("没有", "防溺水", "邻居家孩子", "打针", "累死了", "去年"):
        assert words in text
    for words in ("no sign of", "neighbour's grandson", "water safety", "used to"):
        assert words in text.lower()


def test_every_concern_has_eight_ways_of_being_told_in_each_language() -> None:
    for language in LANGUAGES:
        book = load_phrasebook(language)
        for name in CONCERN_TYPES:
            assert len(book.kinds[f"concerns/{name}"]) >= 8, (language, name)
        assert sum(len(book.kinds[kind]) for kind in book.ordinary) >= 120
        assert len(book.hands) >= 8


def test_every_everyday_kind_but_school_has_a_sentence_for_every_family() -> None:
    for language in LANGUAGES:
        book, rng = load_phrasebook(language), np.random.default_rng(0)
        for kind in set(book.ordinary) - {"ordinary/school", "ordinary/parents"}:
            assert (book.pick(rng, kind, np.arange(GROUPS)) >= 0).all(), (language, kind)


@pytest.mark.parametrize("seed", [7, 8, 9])
@pytest.mark.parametrize(
    ("children", "villages"), [(12, None), (60, 20), (300, None), (2000, None)]
)
def test_the_example_child_lives_with_recorded_violence_in_the_first_village(
    seed: int, children: int, villages: int | None
) -> None:
    county = make_county(children=children, villages=villages, seed=seed)
    table = county.children.set_index("child_id")
    child = table.loc["C0012"]
    home = county.households.set_index("household_id").loc[child["household_id"]]
    assert child["village_id"] == sorted(table["village_id"])[0]
    assert home["household_dv"] == "disclosed"
    assert home["recorded_at"] > "2026-10-01"
    family = table.index[table["household_id"] == child["household_id"]]
    assert not set(family) & set(county.decisions["child_id"])
    truth = county.truth.set_index("child_id").loc[family, "concern_type"]
    assert set(truth) == {"dv_exposure"}


@pytest.mark.parametrize(("children", "seed"), [(12, 1), (60, 2), (300, 7)])
def test_the_concern_that_the_documentation_closes_is_open(
    children: int, seed: int, tmp_path: Path
) -> None:
    folder = write_county(make_county(children=children, seed=seed), tmp_path / "county")
    ranked = _ranked(folder).set_index("child_id")
    assert "cn_dv_household" in ranked.loc["C0012", "concerns"].split(";")
    assert "C0012" in (folder / "README.txt").read_text(encoding="utf-8")


def _ranked(folder: Path) -> pd.DataFrame:
    screener = shipped_screener()
    return screener.rank(Caseload.read(folder), as_of="2026-11-01", capacity=20).to_frame()


@pytest.fixture(scope="module")
def ranked(county: County, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = write_county(county, tmp_path_factory.mktemp("ranked") / "county")
    return _ranked(folder).merge(county.truth[["child_id", "true_concern"]], on="child_id")


def test_most_of_the_list_is_true_and_much_of_what_is_true_is_on_it(ranked: pd.DataFrame) -> None:
    """Margins are wide: rules and lexicon change, and a county of 2,000 has few at the top.

    A concern lasts for months, so that most were followed up already: the list has what is new.
    """
    right = ranked.groupby("tier")["true_concern"].mean()
    assert 0.50 <= right["immediate"] < 1
    assert 0.33 <= right["urgent"] < 1
    assert right["routine"] < 0.06
    share = ranked["tier"].value_counts(normalize=True)
    assert 0.004 < share["immediate"] < 0.025
    assert 0.004 < share["urgent"] < 0.04
    listed = ranked["tier"] != "routine"
    assert listed[ranked["true_concern"] == 1].mean() > 4 * listed.mean()


def test_what_is_open_is_mostly_recent(ranked: pd.DataFrame) -> None:
    due = pd.to_datetime(ranked["due_on"])
    overdue = (pd.Timestamp("2026-11-01") - due).dt.days.groupby(ranked["tier"]).median()
    assert overdue["immediate"] < 45
    assert overdue["urgent"] < 45
    assert overdue["routine"] < 120  # a visit each half year, where the pack wants one a month


def test_decisions_are_those_that_the_rules_accept(large: County) -> None:
    decisions = large.decisions
    rules = {rule.id for rule in RulePack.load("cn-rural").rules}
    assert list(decisions.columns) == [*COLUMNS, "data_origin"]
    assert set(decisions["decision"]) == {"close", "plan", "acknowledge"}
    assert set(decisions["child_id"]) <= set(large.children["child_id"])
    assert set(decisions["rule"].dropna()) <= rules
    assert {rule for names in RULES.values() for rule in names} <= rules
    closed = decisions[decisions["decision"] == "close"]
    assert (closed["rule"].notna() != closed["concept"].notna()).all()
    assert set(closed["concept"].dropna()) <= set(CONCERN_TYPES)
    assert closed["reason"].notna().all()
    assert closed["confirmed_by"].notna().all()
    assert (closed["confirmed_by"] != closed["decided_by"]).all()
    assert decisions["decided_at"].is_monotonic_increasing or (
        decisions["decided_at"].str[:10].is_monotonic_increasing
    )
    assert decisions["decided_at"].max() < "2026-11-02"
    visits = large.visits.set_index("visit_id")
    named = closed.dropna(subset="visit_id")
    of = visits.loc[named["visit_id"]]
    assert (of["child_id"].to_numpy() == named["child_id"].to_numpy()).all()
    assert (of["visit_date"].to_numpy() < named["decided_at"].str[:10].to_numpy()).all()


@pytest.mark.parametrize(
    ("concern", "field", "words"),
    [
        ("physical_abuse", "violence_by_caregiver", ("suspected", "disclosed", "confirmed")),
        ("dv_exposure", "household_dv", ("suspected", "disclosed", "confirmed")),
        ("bullying", "bullying", ("repeated", "serious")),
        ("self_harm_suicide", "suicide_thoughts", ("past", "past_month", "current")),
        ("injury_unexplained", "injury_level", ("single_unexplained", "multiple")),
    ],
)
def test_fields_carry_most_true_concerns_and_few_others(
    large: County, concern: str, field: str, words: tuple[str, ...]
) -> None:
    types = large.truth.set_index("child_id")["concern_type"]
    began = _lasting(large).reindex(large.visits["child_id"]).to_numpy()
    ticked_ever = large.visits[field].isin(words)
    since = large.visits[ticked_ever & (large.visits["visit_date"] >= began)]["child_id"]
    recent = large.visits[ticked_ever & (large.visits["visit_date"] > "2026-08-18")]
    ticked = recent["child_id"].unique()
    true = types.index[types == concern]
    assert 0.30 < true.isin(since).mean() < 0.98
    assert types.loc[ticked].isna().mean() < 0.75  # some were true, and are over
    assert (types.loc[ticked].isna().sum() / len(types)) < 0.006


def _lasting(county: County) -> pd.Series:
    """When each concern that lasts began, by child."""
    spells = county.truth_spells
    lasting = spells[spells["lasts_until"] == str(county.plan.as_of)]
    return lasting.set_index("child_id")["begins_on"]


def test_an_earlier_concern_has_mostly_been_closed(large: County) -> None:
    outcomes = large.outcomes[large.outcomes["result"] == "confirmed"]
    old = outcomes[(outcomes["outcome_date"] < "2026-07-15") & outcomes["concern"].notna()]
    closed = large.decisions[large.decisions["rule"].notna()]
    assert len(old) > 300
    assert old["child_id"].isin(closed["child_id"]).mean() > 0.85


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_are_seldom_the_lexicons_own_phrases(language: str) -> None:
    """A reader that only looks its phrases up must miss most of what the notes say."""
    book = load_phrasebook(language)
    lexicon = _phrases(language)
    found = total = 0
    for name in CONCERN_TYPES:
        for number in book.kinds[f"concerns/{name}"]:
            total += 1
            found += any(_has(language, book.templates[number], p) for p in lexicon[name])
    assert found / total < 0.10


def _phrases(language: str) -> dict[str, list[str]]:
    file = shipped_folder("rules") / "base" / f"lexicon.{language}.yaml"
    concepts = cast("dict[str, Any]", read_yaml(file).data)["concepts"]
    return {name: list(map(str, entry.get("phrases", []))) for name, entry in concepts.items()}


def _has(language: str, template: Template, phrase: str) -> bool:
    for words in (("he", "his", "him", "他"), ("she", "her", "her", "她")):
        fill = dict(zip(("he", "his", "him", "ta"), words, strict=True))
        text = "".join(
            fill.get(piece, "孩子") if place % 2 else piece
            for place, piece in enumerate(template.pieces)
        ).lower()
        edge = "" if language == "zh" else r"\b"
        if re.search(edge + re.escape(phrase.lower()) + edge, text):
            return True
    return False


def test_near_misses_are_rare_and_varied_and_name_known_concepts() -> None:
    concepts = {str(entry["id"]) for entry in _concepts()}
    assert ASIDES["near_miss"] <= 0.05
    for language in LANGUAGES:
        book = load_phrasebook(language)
        assert len(book.kinds["near_miss"]) >= 35
        assert {trap for trap in book.traps if trap} <= concepts


def _concepts() -> list[dict[str, Any]]:
    file = shipped_folder("rules") / "base" / "concepts.yaml"
    return cast("dict[str, Any]", read_yaml(file).data)["concepts"]


def test_dirty_rows_are_there_only_when_asked_for() -> None:
    clean, dirty = make_county(children=80), make_county(children=80, dirty=True)
    assert clean.children["child_id"].is_unique
    assert dirty.children["child_id"].duplicated().any()
    assert dirty.children["child_id"].isna().any()
    assert not set(dirty.visits["child_id"].dropna()) <= set(dirty.children["child_id"].dropna())
    assert len(dirty.visits) > len(clean.visits)
    assert (dirty.visits["data_origin"] == "synthetic").all()


def test_small_and_empty_counties_are_whole() -> None:
    assert len(make_county(children=1, visits_per_child=4).children) == 1
    empty = make_county(children=5, visits_per_child=0)
    assert empty.visits.empty
    assert "note" in empty.visits
    assert empty.outcomes.empty


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("children", 0),
        ("villages", 0),
        ("villages", 51),
        ("visits_per_child", -1),
        ("months", 0),
        ("seed", -1),
        ("language_mix", 1.5),
        ("as_of", "soon"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(option: str, value: object) -> None:
    with pytest.raises(UsageError, match=option):
        make_county(**({"children": 50} | {option: value}))  # type: ignore[arg-type]


def test_progress_ends_at_the_total() -> None:
    seen: list[tuple[str, int, int]] = []
    county = make_county(children=60, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("notes", len(county.visits), len(county.visits))


def test_an_earlier_county_is_replaced_and_anything_else_refused(tmp_path: Path) -> None:
    target = tmp_path / "county"
    write_county(make_county(children=20), target)
    write_county(make_county(children=30), target)
    assert len(pd.read_csv(target / "children.csv")) == 30
    (target / "mine.txt").write_text("keep me")
    with pytest.raises(OutputError, match="not a synthetic county"):
        write_county(make_county(children=20), target)
    assert (target / "mine.txt").read_text() == "keep me"
    assert len(pd.read_csv(target / "children.csv")) == 30


def test_a_real_caseload_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "children.csv").write_text("child_id\nreal\n")
    with pytest.raises(OutputError):
        write_county(make_county(children=20), tmp_path)
    assert (tmp_path / "children.csv").read_text() == "child_id\nreal\n"


def test_an_interrupted_writing_leaves_the_old_county_and_no_half_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "county"
    write_county(make_county(children=20), target)
    before = (target / "visits.csv").read_bytes()

    def stops(stage: str, done: int, total: int) -> None:
        if stage == "files" and done == 2:
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        write_county(make_county(children=30), target, progress=stops)
    assert (target / "visits.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["county"]
    with pytest.raises(OutputError):
        write_county(make_county(children=30), tmp_path / "new", progress=stops)
    assert [path.name for path in tmp_path.iterdir()] == ["county"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        write_county(make_county(children=20), tmp_path / "file" / "county")
