"""The evidence model: arithmetic from published effects to weights, and the shipped folder."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from carescreen.errors import ModelError
from carescreen.evidence import build, log_odds, main, read_evidence, weigh
from carescreen.model import RiskModel
from carescreen.modelfile import read_model
from carescreen.pack import shipped_folder

FOLDER = shipped_folder("models") / "evidence"
SOURCE = FOLDER / "evidence.yaml"
DOMAIN = Path(__file__).parents[2].parent / "shared" / "domain"


@pytest.mark.parametrize(
    ("conversion", "effect", "baseline", "expected"),
    [
        ("odds_ratio", 2.57, None, 0.944),
        ("risk_ratio_rare", 6.0, None, 1.792),
        ("risk_ratio", 1.5, 0.2, math.log((0.3 / 0.7) / (0.2 / 0.8))),
        ("hazard_ratio", 1.17, None, 0.157),
        ("rate_ratio", 1.3, None, 0.262),
        ("mean_difference", 0.41, None, 0.744),
        ("correlation", 0.372, None, 1.454),
        ("correlation", -0.372, None, -1.454),
    ],
)
def test_each_conversion_gives_the_known_log_odds(conversion, effect, baseline, expected):
    assert log_odds(conversion, effect, baseline) == pytest.approx(expected, abs=6e-4)


def test_a_study_that_reports_both_r_and_odds_ratio_agrees_with_the_conversion():
    # Assink 2018 reports r = .289 and OR = 2.990
    assert math.exp(log_odds("correlation", 0.289)) == pytest.approx(2.99, abs=0.01)


@pytest.mark.parametrize(
    ("conversion", "effect", "baseline"),
    [
        ("odds_ratio", 0.0, None),
        ("correlation", 1.0, None),
        ("risk_ratio", 2.0, None),
        ("risk_ratio", 2.0, 0.6),
    ],
)
def test_an_impossible_effect_is_refused(conversion, effect, baseline):
    with pytest.raises(ModelError):
        log_odds(conversion, effect, baseline)


def test_every_written_log_odds_is_what_its_conversion_gives():
    evidence, _ = read_evidence(SOURCE)
    for effect in evidence.effects:
        again = log_odds(effect.conversion, effect.effect, effect.baseline)
        assert round(again, 3) == pytest.approx(effect.log_odds, abs=1e-9), effect.id


def test_rebuilding_gives_the_shipped_bytes():
    for name, content in build(SOURCE).files().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run `make evidence`"


def test_a_factor_without_protected_or_sensitive_circumstance_has_the_stated_weight():
    weights = {w.factor.id: w.micro for w in weigh(read_evidence(SOURCE)[0])}
    assert weights == {
        "prior_maltreatment": 900_000,
        "intimate_partner_violence": 450_000,
        "caregiver_alcohol_drugs": 450_000,
        "parent_absent_any": 150_000,  # the absence block adds up to .8 and is scaled to its cap .6
        "mother_absent": 225_000,
        "seldom_contact_parents": 225_000,
        "caregiver_mental_illness": 0,
        "caregiver_criminal_or_jailed": 0,
        "caregiver_poor_health": 0,
        "low_income": 0,
        "single_parent": 0,
        "child_disability_chronic": 0,
    }


def test_no_block_passes_its_cap_even_with_every_factor_on():
    evidence, _ = read_evidence(SOURCE)
    everything = {f.id: "a test" for f in evidence.factors if f.status == "off_by_default"}
    weighed = weigh(evidence, everything)
    for block, cap in evidence.caps.items():
        assert sum(w.micro for w in weighed if w.factor.block == block) <= cap * 1_000_000
    assert all(w.micro > 0 for w in weighed)


def test_every_weight_names_its_effects_and_each_effect_a_page():
    evidence, _ = read_evidence(SOURCE)
    model = RiskModel.load("evidence")
    known = {effect.id for effect in evidence.effects}
    for table in model.tables_.features:
        assert table.sources
        assert set(table.sources) <= known
    assert all(effect.url.startswith("http") for effect in evidence.effects)
    assert {i for f in evidence.factors for i in f.effects} == known


def test_switching_a_factor_on_needs_a_reason_and_records_it():
    with pytest.raises(ModelError, match="needs a reason"):
        build(SOURCE, {"low_income": " "})
    with pytest.raises(ModelError, match="did you mean 'low_income'"):
        build(SOURCE, {"low_incom": "x"})
    built = build(SOURCE, {"low_income": "decided by the board on 3 May"})
    assert built.manifest.switched_on == {"low_income": "decided by the board on 3 May"}
    assert "decided by the board on 3 May" in built.card
    (table,) = [t for t in built.tables.features if t.name == "low_income"]
    assert table.weights == (0, 300_000)


def test_the_card_says_what_the_model_is_not_and_where_judgement_departs():
    card = build(SOURCE).card
    assert "No probability" in card
    assert "Not validated" in card
    assert "caregiver_criminal_or_jailed`: 0.35 instead of 0.727" in card


def test_the_command_builds_a_folder_that_loads(tmp_path):
    main([str(tmp_path / "mine"), "--source", str(SOURCE), "--on", "low_income=a reason"])
    assert read_model(tmp_path / "mine").manifest.switched_on == {"low_income": "a reason"}
    assert (tmp_path / "mine" / "evidence.yaml").read_bytes() == SOURCE.read_bytes()


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SOURCE.read_text("utf-8")
    assert old in text
    path = tmp_path / "evidence.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("log_odds: 1.792", "log_odds: 1.892", "correct one of the two"),
        ("effects: [hindley2006_prior]", "effects: [hindley2006_prio]", "did you mean"),
        ("- id: low_income", "- id: sex_male", "protected attribute"),
        ("- id: single_parent", "- id: low_income", "occurs twice"),
        ("    status: use", "    status: maybe", "status"),
        ("weight: 0.9", "weight: much", "weight"),
        ("shrink: 0.5", "shrunk: 0.5", "shrink"),
    ],
)
def test_a_wrong_source_is_refused_with_its_place(tmp_path, old, new, message):
    path = _changed(tmp_path, old, new)
    with pytest.raises(ModelError, match=message) as error:
        build(path)
    assert "evidence.yaml:" in str(error.value)


def test_weights_and_effects_agree_with_the_domain_files():
    if not DOMAIN.is_dir():
        pytest.skip("the shared domain folder is not beside this checkout")
    import yaml

    mapped = yaml.safe_load((DOMAIN / "evidence_map.yaml").read_text("utf-8"))["factors"]
    effects = yaml.safe_load((DOMAIN / "effects.yaml").read_text("utf-8"))["effects"]
    published = {effect["id"]: effect for effect in effects}
    evidence, _ = read_evidence(SOURCE)
    ours = {factor.id: factor for factor in evidence.factors}
    wanted = {entry["factor"]: entry for entry in mapped if entry["status"] != "dropped"}
    assert ours.keys() == wanted.keys()
    for name, entry in wanted.items():
        factor = ours[name]
        assert (factor.status, factor.weight, factor.block, factor.effects) == (
            entry["status"],
            entry["weight"],
            entry["block"],
            entry["evidence_ids"],
        )
        assert evidence.caps.get(factor.block) in (entry["cap"], None) or entry["cap"] is None
    for effect in evidence.effects:
        source = published[effect.id]
        assert (effect.effect, effect.log_odds, effect.verified) == (
            source["effect"],
            source["log_odds"],
            source["verified"],
        )


def test_the_rural_pack_names_every_feature_of_the_model():
    pack = shipped_folder("rules") / "cn-rural" / "pack.yaml"
    if not pack.is_file():
        pytest.skip("the pack cn-rural is not in this checkout")
    from carescreen.pack import Pack

    loaded = Pack.load("cn-rural")
    assert {feature["id"] for feature in loaded.features} >= set(
        RiskModel.load("evidence").feature_names
    )
    evidence, _ = read_evidence(SOURCE)
    for factor in evidence.factors:
        assert set(factor.indicators) <= loaded.indicators.keys(), factor.id
