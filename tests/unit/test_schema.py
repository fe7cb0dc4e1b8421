"""The published schemas say of a file what the loaders say of it, and nothing else.

Whatever a loader refuses for its shape the schema refuses, and a file that loads fits its schema.
What only the loaders can see (names that must exist, conditions, words in both files) is listed.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from carescreen.authoring.schema import SCHEMAS, schema_of, schema_text
from carescreen.authoring.statements import PROPERTY_KEYS, read_statements
from carescreen.cli import group
from carescreen.errors import PackError
from carescreen.indicators import INDICATOR_KEYS
from carescreen.lexicon import CONCEPT_KEYS, CUE_KEYS, LEXICON_KEYS, WORD_LISTS, load_lexicon
from carescreen.pack import PACK_KEYS, Settings, TierHours
from carescreen.rulefile import RULE_OPTIONAL, RULE_REQUIRED, SOURCE_KEYS
from carescreen.rules import RulePack
from carescreen.thresholds import THRESHOLD_KEYS
from carescreen.yamlfile import parse_yaml
from tests.system.bad_packs import CHANGES, LOADED, SHIPPED, SOUND, mutate

ROOT = Path(__file__).parents[2]
VALIDATORS = {name: Draft202012Validator(schema_of(name)) for name in SCHEMAS}

# What no schema can say of one file by itself.
BEYOND = (
    "did you mean 'base'", "no pack 'aaa", "in a circle",  # another folder
    "stands twice", "is declared twice", "switched both on and off",  # two entries of one file
    "did you mean 'unattended'", "did you mean 'alone'", "did you mean 'left_alone'",  # names
    "no indicator 'unatended'", "value is 'never'", "did you mean 'yes'", "exactly",
    "needs a risk_order", "is a word of conditions", "did you mean 'adult'", "a gap is written",
    "in_force is [first day", "range is two numbers",  # dates and numbers by their worth
    "is not in the lang", "not a condition from", "unknown function", "a comprehension", "at most 2,000",
    "nested deeper than 24",  # conditions
)  # fmt: skip


def kind_of(name: str) -> str:
    """The schema of a file by its path in a pack."""
    path = Path(name)
    return "rules" if path.parent.name == "rules" else path.name.split(".")[0]


def fits(name: str, text: str) -> bool:
    return bool(VALIDATORS[kind_of(name)].is_valid(parse_yaml(text).data))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_published_schemas_are_those_that_the_code_has(name: str) -> None:
    published = ROOT / "docs" / "schema" / f"{name}.schema.json"
    printed = CliRunner().invoke(group, ["rules", "schema", name])
    assert printed.exit_code == 0
    assert printed.stdout == schema_text(name) == published.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(printed.stdout))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_file_fits_its_schema(name: str) -> None:
    problems = VALIDATORS[kind_of(name)].iter_errors(parse_yaml(SHIPPED[name]).data)
    assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "pack_elsewhere").rglob("*.yaml")))
def test_the_example_of_a_pack_fits(path: Path) -> None:
    assert fits(path.as_posix(), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(SOUND))
def test_the_sound_pack_fits(name: str) -> None:
    assert fits(name, SOUND[name])


def parses(text: str) -> bool:
    try:
        parse_yaml(text)
    except PackError:
        return False
    return True


WRONG_SHAPES = [
    (name, old, new)
    for name, old, new, _, says in CHANGES
    if parses(SOUND[name].replace(old, new)) and not any(part in says for part in BEYOND)
]


@pytest.mark.parametrize(("name", "old", "new"), WRONG_SHAPES)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses(
    name: str, old: str, new: str
) -> None:
    assert not fits(name, SOUND[name].replace(old, new))


def test_most_wrong_shapes_are_seen_by_a_schema() -> None:
    assert len(WRONG_SHAPES) > 60
    assert all(any(part in change[4] for change in CHANGES) for part in BEYOND)


def keys(name: str, *path: str) -> set[str]:
    """The keys that a schema allows at a path; `*` is an item of a list or a name of the author's."""
    schema = schema_of(name)
    node: Any = schema
    for step in path:
        inside = _mapping_or_list(node, schema)
        each = inside.get("items") or inside["additionalProperties"]
        node = each if step == "*" else inside["properties"][step]
    node = _mapping_or_list(node, schema)
    assert node["additionalProperties"] is False
    return set(node["properties"])


def _mapping_or_list(node: Any, schema: Any) -> Any:
    if "$ref" in node:
        return schema["$defs"][node["$ref"].rsplit("/")[-1]]
    for option in node.get("anyOf", []):
        if option.get("type") in ("object", "array"):
            return option
    return node


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (("pack",), PACK_KEYS),
        (("pack", "settings"), set(Settings.model_fields)),
        (("pack", "settings", "tier_hours"), set(TierHours.model_fields)),
        (("pack", "features", "*"), {"id", "title", "when", "indicator"}),
        (("pack", "thresholds", "*"), THRESHOLD_KEYS),
        (("pack", "properties", "*"), PROPERTY_KEYS),
        (("pack", "rules"), {"on", "off"}),
        (("rules", "rules", "*"), RULE_OPTIONAL | RULE_REQUIRED),
        (("rules", "rules", "*", "source", "*"), set(SOURCE_KEYS)),
        (("rules", "rules", "*", "examples", "*"), {"given", "expect", "en", "zh"}),
        (("indicators", "indicators", "*"), INDICATOR_KEYS),
        (("concepts", "concepts", "*"), CONCEPT_KEYS),
        (("concepts", "concepts", "*", "note_limit_when"), {"age_under", "visits"}),
        (("concepts", "concepts", "*", "answered_by"), {"indicator", "value"}),
        (("lexicon",), LEXICON_KEYS),
        (("lexicon", "concepts", "*"), WORD_LISTS),
        (("lexicon", "cues", "*"), CUE_KEYS),
    ],
)
def test_a_schema_knows_the_keys_that_the_loader_allows(
    path: tuple[str, ...], allowed: set[str]
) -> None:
    assert keys(*path) == allowed


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs")
    for name, text in SHIPPED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@given(st.sampled_from(LOADED), st.randoms(use_true_random=False))
@settings(max_examples=2 * settings.default.max_examples)
def test_a_file_that_loads_fits_its_schema(copy: Path, name: str, random: random.Random) -> None:
    text = mutate(SHIPPED[name], random)
    (copy / name).write_text(text, encoding="utf-8")
    try:
        pack = RulePack.load(copy / "cn-rural")
        load_lexicon(pack.pack)
        read_statements(pack.pack, pack.concepts)
        loads = not any("given:" in failure for failure in pack.check())
    except PackError:
        loads = False
    finally:
        (copy / name).write_text(SHIPPED[name], encoding="utf-8")
    if loads:
        problems = VALIDATORS[kind_of(name)].iter_errors(parse_yaml(text).data)
        assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


def test_a_kind_that_there_is_not_is_told_with_those_that_there_are() -> None:
    said = CliRunner().invoke(group, ["rules", "schema", "rule"])
    assert "no schema 'rule'; did you mean 'rules'?" in str(said.exception)
