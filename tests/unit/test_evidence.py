"""The evidence model: arithmetic from published effects to weights, and the shipped folder."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from carescreen.conditions import parse
from carescreen.errors import ModelError
from carescreen.evidence import build, main
from carescreen.evidence_source import log_odds, read_evidence, weigh
from carescreen.features import FeatureSet
from carescreen.model import RiskModel
from carescreen.modelfile import read_model
from carescreen.pack import shipped_folder
from carescreen.rules import RulePack

FOLDER = shipped_folder("models") / "evidence"
SOURCE = FOLDER / "evidence.yaml"
OFF_BY_DEFAULT = (
    "caregiver_mental_illness",
    "caregiver_criminal_or_jailed",
    "caregiver_poor_health",
    "low_income",
    "single_parent",
    "child_disability_chronic",
)
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


def test_the_shipped_folder_is_exactly_what_the_source_builds():
    built = build(SOURCE).files()
    for name, content in built.items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run `make evidence`"
    assert {path.name for path in FOLDER.iterdir()} == {*built, "evidence.yaml"}


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


def test_a_block_is_scaled_once_and_keeps_the_proportions_of_its_weights():
    evidence, _ = read_evidence(SOURCE)
    everything = {f.id: "a test" for f in evidence.factors if f.status == "off_by_default"}
    for weighed in (weigh(evidence), weigh(evidence, everything)):
        on = [w for w in weighed if w.micro]
        for block in {w.factor.block for w in on}:
            total = sum(w.factor.weight for w in on if w.factor.block == block)
            share = min(1.0, evidence.caps.get(block, math.inf) / total)
            for w in on:
                if w.factor.block == block:
                    assert w.micro == pytest.approx(w.factor.weight * share * 1e6, abs=1)


@pytest.mark.parametrize("factor", OFF_BY_DEFAULT)
def test_switching_a_factor_on_needs_a_reason_and_records_it(factor):
    with pytest.raises(ModelError, match="needs a reason"):
        build(SOURCE, {factor: " \n"})
    built = build(SOURCE, {factor: "decided by the\n## board on 3 May"})
    assert built.manifest.switched_on == {factor: "decided by the ## board on 3 May"}
    assert f"- `{factor}`: decided by the ## board on 3 May" in built.card
    on = [t.name for t in built.tables.features if any(t.weights)]
    off = [t.name for t in build(SOURCE).tables.features if any(t.weights)]
    assert set(on) - set(off) == {factor}


def test_only_a_known_factor_that_is_off_can_be_switched_on():
    with pytest.raises(ModelError, match="did you mean 'low_income'"):
        build(SOURCE, {"low_incom": "x"})
    with pytest.raises(ModelError, match="'mother_absent' is on already"):
        build(SOURCE, {"mother_absent": "x"})


def test_a_value_that_is_not_known_adds_nothing():
    for table in build(SOURCE, dict.fromkeys(OFF_BY_DEFAULT, "a test")).tables.features:
        assert table.missing == 0
        assert table.weights[0] == 0 < table.weights[1]


def test_the_card_says_in_both_languages_what_the_model_is_not():
    card = build(SOURCE).card
    for said in ("No probability", "分数不是概率", "Not validated", "没有经过验证"):
        assert said in card
    for said in ("no sign that a child is safe", "分数低也不等于孩子安全"):
        assert said in card
    for said in ("没有权重", "默认为0分", "counts neither as safe nor against the family"):
        assert said in card


def test_the_card_gives_every_factor_with_its_reason_and_the_arithmetic_it_departs_from():
    evidence, _ = read_evidence(SOURCE)
    card = build(SOURCE).card
    assert "`caregiver_criminal_or_jailed`: 0.35 instead of 0.727" in card
    for entry in (*evidence.factors, *evidence.left_out):
        for text in (entry.title.en, entry.title.zh, entry.why.en, entry.why.zh):
            assert text in card


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
        ("- id: low_income", "- id: child_is_boy", "protected attribute"),
        ("家庭享受低保等救助", "少数民族家庭", "protected attribute"),
        ("[income_support]", "[religion_of_household]", "protected attribute"),
        ('outcome: "neglect"', 'outcome: "injury"', "maltreatment or neglect only"),
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


def _domain(name: str) -> dict:
    if not DOMAIN.is_dir():
        pytest.skip("the shared domain folder is not beside this checkout")
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((DOMAIN / name).read_text("utf-8"), loader)  # a safe loader


def test_factors_agree_with_the_map_and_the_suggested_prior():
    mapped = {entry["factor"]: entry for entry in _domain("evidence_map.yaml")["factors"]}
    prior = {entry["indicator"]: entry for entry in _domain("suggested_prior.yaml")["prior"]}
    evidence, _ = read_evidence(SOURCE)
    ours = {factor.id: factor for factor in evidence.factors}
    dropped = [name for name, entry in mapped.items() if entry["status"] == "dropped"]
    assert ours.keys() == mapped.keys() - set(dropped)
    assert [out.id for out in evidence.left_out] == dropped
    for name, factor in ours.items():
        entry, suggested = mapped[name], prior[name]
        assert (factor.status, factor.weight, factor.block, factor.effects) == (
            entry["status"],
            entry["weight"],
            entry["block"],
            entry["evidence_ids"],
        )
        assert evidence.caps.get(factor.block) == entry["cap"]
        assert (factor.chosen, factor.spread) == (
            suggested["chosen_before_shrink"],
            suggested["prior_sd"],
        )
        assert sorted([*factor.effects, *factor.set_aside]) == sorted(suggested["evidence_ids"])


def test_effects_agree_with_the_published_ones():
    published = {effect["id"]: effect for effect in _domain("effects.yaml")["effects"]}
    evidence, _ = read_evidence(SOURCE)
    said = {True: "yes", False: "no"}
    for effect in evidence.effects:
        source = published[effect.id]
        assert source["contrast"] == "binary"
        assert source["ci_level"] in (0.95, None)
        bounds = None if source["ci_low"] is None else (source["ci_low"], source["ci_high"])
        wanted = {
            "type": source["effect_type"],
            "effect": source["effect"],
            "interval": bounds,
            "log_odds": source["log_odds"],
            "exposure": source["definition"],
            "outcome": source["outcome"],
            "adjusted": said.get(source["adjusted"], source["adjusted"]),
            "population": source["population"],
            "people": source["n"],
            "citation": source["citation"],
            "url": source["url"],
            "verified": source["verified"],
        }
        assert {name: getattr(effect, name) for name in wanted} == wanted
    for factor in evidence.factors:
        for name, outcome in factor.set_aside.items():
            assert outcome == published[name]["outcome"]
            assert not re.search("maltreat|neglect|abuse", outcome)


def test_each_feature_of_the_packs_is_the_test_of_its_factor_in_the_same_words():
    evidence, _ = read_evidence(SOURCE)
    mapped = {entry["factor"]: entry for entry in _domain("evidence_map.yaml")["factors"]}
    for pack in ("base", "cn-rural", "international"):
        rules = RulePack.load(pack)
        features = {f.id: f for f in FeatureSet.load(rules.pack, rules.indicators).features}
        for factor in evidence.factors:
            feature = features[factor.id]
            wanted = parse(mapped[factor.id]["test"], rules.indicators, {}, ModelError)
            assert feature.source.root == wanted.root, factor.id
            assert set(factor.indicators) == feature.source.indicators
            assert feature.title == factor.title.model_dump()
