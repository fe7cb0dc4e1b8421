"""A sound pack, what can be wrong with one, and slips of a hand: for tests of loading and of schemas."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path

from carescreen.pack import shipped_folder

SOUND = {
    "pack.yaml": """\
format: carescreen-pack/1
id: small
version: 0.1.0
title: {en: Small, zh: 小}
reader: null
reviewed_by: nobody
settings:
  tier_hours: {urgent: 48}
  capacity: 20
features:
  - id: alone
    title: {en: Alone, zh: 独处}
    when: unattended == 'yes'
thresholds:
  small_child: {value: 8, title: {en: Age, zh: 年龄}, reason: {en: Ours, zh: 自定}}
rules: {on: [alone], off: []}
""",
    "indicators.yaml": """\
indicators:
  - id: age_years
    level: child
    type: number
    kind: derived
    unit: years
    range: [0, 18]
    title: {en: Age, zh: 年龄}
  - id: unattended
    level: child
    type: enum
    kind: event
    values: [no, yes, unknown]
    missing: [unknown]
    value_titles: {yes: {en: Yes, zh: 是}}
    risk_order: [no, yes]
    unrecorded: not_observed
    title: {en: Unattended, zh: 无人看护}
    source: [law]
""",
    "concepts.yaml": """\
concepts:
  - id: left_alone
    title: {en: Left alone, zh: 独自在家}
    polarity: risk
    severity: high
    subject: child
    note_limit: urgent
    note_limit_when: {age_under: 8}
    answered_by: {indicator: unattended, value: no}
""",
    "lexicon.en.yaml": """\
format: carescreen-lexicon/1
language: en
classes:
  adult: [mum, dad]
concepts:
  left_alone:
    phrases: [left alone]
    patterns:
      - ["{adult}", 0-8, "away"]
cues:
  no:
    status: negated
    side: before
    reach: 20
    commas: stop
    words: [never]
stops:
  all: [but]
""",
    "rules/all.yaml": """\
rules:
  - id: alone
    code: X1
    title: {en: Child left alone, zh: 儿童独处}
    tier: urgent
    when: age_years < 8 and unattended == 'yes'
    ask: {en: Who looks after the child?, zh: 谁照看孩子?}
    act: {en: See the child, zh: 见到孩子}
    source: [{law: 某法, title: {en: Law}, article: "21", url: "https://example.org", verified: true}]
    in_force: [2021-06-01, null]
    examples:
      - {given: {age_years: 6, unattended: yes}, expect: met, en: Six, zh: 六岁}
      - {given: {age_years: 12, unattended: yes}, expect: not_met, en: Twelve, zh: 十二岁}
      - {given: {unattended: yes}, expect: cannot_tell, en: No age, zh: 年龄不详}
""",
}
WHEN = "age_years < 8 and unattended == 'yes'"
RULE = SOUND["rules/all.yaml"].removeprefix("rules:\n")


CHANGES: list[tuple[str, str, str, str, str]] = [
    # file, what stands there, what stands there instead, the place, what is said
    # -- how a file is written
    ("pack.yaml", "id: small", "id: &x small", ":2:5", "anchors and aliases are not allowed"),
    ("pack.yaml", "reader: null", "reader: *x", ":5:9", "anchors and aliases are not allowed"),
    ("pack.yaml", "id: small", "id: !!python/name:os.system small", ":2:5", "tags are not allowed"),
    ("pack.yaml", "id: small", "id: small\nid: other", ":3:1", "duplicate key 'id'"),
    ("rules/all.yaml", "code: X1", "code: X1\n    code: X2", ":4:5", "duplicate key 'code'"),
    ("rules/all.yaml", "    code: X1", "\tcode: X1", ":3:1", "a tab where spaces are wanted"),
    ("rules/all.yaml", "rules:", "---\nrules: []\n---\nrules:", ":3:1", "one document a file"),
    ("rules/all.yaml", "{en: Child left alone, zh: 儿童独处}", "[" * 60, ":4:", "nested deeper than"),
    ("rules/all.yaml", "{en: Child left alone, zh: 儿童独处}", "{a: " * 60, ":4:", "nested deeper"),
    ("rules/all.yaml", "code: X1", "code: \x07", ":3:11", "a character that YAML does not allow"),
    ("rules/all.yaml", "code: X1", "code: 'X1", ":6:44", "did not find expected key"),
    # -- pack.yaml
    ("pack.yaml", "id: small", "ids: small", ":2:1", "unknown key 'ids'; did you mean 'id'?"),
    ("pack.yaml", "id: small\n", "", ":1:1", "missing key 'id'"),
    ("pack.yaml", "id: small", "id: [small]", ":2:5", "id is a text; found a list"),
    ("pack.yaml", "id: small", "id: A small one", ":2:5", "id is small letters"),
    ("pack.yaml", "pack/1", "pack/9", ":1:9", "this version reads 'carescreen-pack/1'"),
    ("pack.yaml", "carescreen-pack/1", "[]", ":1:9", "this version reads 'carescreen-pack/1'"),
    ("pack.yaml", "version: 0.1.0", "version: [0, 1]", ":3:10", "version is a text; found a list"),
    ("pack.yaml", "version: 0.1.0", "version: 0.10", ":3:10", "version is a text; found a number"),
    ("pack.yaml", "{en: Small, zh: 小}", "Small", ":4:8", "title needs both languages"),
    ("pack.yaml", "{en: Small, zh: 小}", "{en: Small}", ":4:8", "title needs both languages"),
    ("pack.yaml", "{en: Small, zh: 小}", "{en: 1, zh: 2}", ":4:8", "title needs both languages"),
    ("pack.yaml", "{en: Small, zh: 小}", "7", ":4:8", "title needs both languages"),
    ("pack.yaml", "reader: null", "reader: [a]", ":5:9", "reader is a text; found a list"),
    ("pack.yaml", "reviewed_by: nobody", "reviewed_by: {a: b}", ":6:14", "reviewed_by is a text"),
    ("pack.yaml", "id: small", "id: small\nextends: 3", ":3:10", "extends is a text"),
    ("pack.yaml", "id: small", "id: small\nextends: []", ":3:10", "extends is a text"),
    ("pack.yaml", "id: small", "id: small\nextends: bse", ":3:10", "did you mean 'base'?"),
    ("pack.yaml", "id: small", f"id: small\nextends: {'a' * 999}", ":3:10", "no pack 'aaa"),
    ("pack.yaml", "id: small", "id: small\nextends: small", ":3:10", "in a circle: small -> small"),
    # -- settings
    ("pack.yaml", "  capacity: 20", "  capcity: 20", ":9:3", "did you mean 'capacity'?"),
    ("pack.yaml", "{urgent: 48}", "{urgnt: 48}", ":8:16", "did you mean 'urgent'?"),
    ("pack.yaml", "{urgent: 48}", "{urgent: 0}", ":8:24", "greater than 0"),
    ("pack.yaml", "{urgent: 48}", "{urgent: soon}", ":8:24", "a valid integer"),
    ("pack.yaml", "{urgent: 48}", "[48]", ":8:15", "a valid dictionary"),
    ("pack.yaml", "capacity: 20", "capacity: '20'", ":9:13", "a valid integer"),
    ("pack.yaml", "capacity: 20", "capacity: 999999999999", ":9:13", "less than or equal"),
    ("pack.yaml", "capacity: 20", "random_share: 2", ":9:17", "less than or equal to 0.5"),
    ("pack.yaml", "settings:\n  tier_hours: {urgent: 48}\n  capacity: 20", "settings: [a]",
     ":7:11", "wanted a mapping, found a list"),
    ("pack.yaml", "settings:\n  tier_hours: {urgent: 48}\n  capacity: 20", "settings: []",
     ":7:11", "wanted a mapping, found a list"),
    # -- features
    ("pack.yaml", "  - id: alone\n    title: {en: Alone, zh: 独处}\n    when: unattended == 'yes'",
     "  alone: unattended == 'yes'", ":11:3", "features is a list; found a mapping"),
    ("pack.yaml", "  - id: alone", "  - alone\n  - id: alone", ":11:5", "wanted a mapping"),
    ("pack.yaml", "  - id: alone", "  - id: 3", ":11:9", "id is a text; found a number"),
    ("pack.yaml", "{en: Alone, zh: 独处}", "Alone", ":12:12", "title needs both languages"),
    ("pack.yaml", "    when: un", "    wen: un", ":13:5", "did you mean 'when'?"),
    ("pack.yaml", "when: unattended == 'yes'", "when: [a]", ":13:11", "when is a text; found a list"),
    ("pack.yaml", "when: unattended == 'yes'", "when: unatended == 'yes'", ":13:11",
     "did you mean 'unattended'?"),
    ("pack.yaml", "when: unattended == 'yes'", "indicator: unatended", ":13:16",
     "did you mean 'unattended'?"),
    ("pack.yaml", "thresholds:", "  - {id: alone, indicator: age_years, title: {en: A, zh: 年}}\nthresholds:",
     ":14:5", "feature 'alone' is declared twice"),
    # -- thresholds
    ("pack.yaml", "{value: 8,", "{valu: 8,", ":15:17", "did you mean 'value'?"),
    ("pack.yaml", "{value: 8,", "{value: eight,", ":15:24", "value is a number"),
    # -- switches
    ("pack.yaml", "{on: [alone], off: []}", "[alone]", ":16:8", "wanted a mapping, found a list"),
    ("pack.yaml", "on: [alone]", "on: alone", ":16:13", "on is a list; found text"),
    ("pack.yaml", "on: [alone]", "on: [[alone]]", ":16:14", "wanted a word, found a list"),
    ("pack.yaml", "on: [alone]", "on: [aloen]", ":16:14", "did you mean 'alone'?"),
    ("pack.yaml", "on: [alone]", "onn: [alone]", ":16:9", "did you mean 'on'?"),
    ("pack.yaml", "off: []", "off: [alone]", ":16:8", "'alone' is switched both on and off"),
    # -- indicators
    ("indicators.yaml", "indicators:", "indicator:", ":1:1", "did you mean 'indicators'?"),
    ("indicators.yaml", "    level: child\n    type: number", "    levle: child\n    type: number",
     ":3:5", "did you mean 'level'?"),
    ("indicators.yaml", "id: age_years", "id: age years", ":2:9", "id is small letters"),
    ("indicators.yaml", "id: age_years", "id: 7", ":2:9", "id is small letters"),
    ("indicators.yaml", "id: age_years", "id: month", ":2:9", "is a word of conditions"),
    ("indicators.yaml", "id: age_years", "id: in", ":2:9", "is a word of conditions"),
    ("indicators.yaml", "id: unattended", "id: age_years", ":9:5", "'age_years' is declared twice"),
    ("indicators.yaml", "type: number", "type: numbr", ":4:11", "type is 'numbr'; allowed: enum"),
    ("indicators.yaml", "type: number", "type: [number]", ":4:11", "allowed: enum"),
    ("indicators.yaml", "kind: event", "kind: state", ":17:17", "only an event can count as not"),
    ("indicators.yaml", "[0, 18]", "[18]", ":7:12", "range is two numbers"),
    ("indicators.yaml", "[0, 18]", "[0, many]", ":7:12", "range is two numbers"),
    ("indicators.yaml", "[0, 18]", "[18, 0]", ":7:12", "range is two numbers"),
    ("indicators.yaml", "[0, 18]", "[0, 1e999]", ":7:12", "range is two numbers"),
    ("indicators.yaml", "[0, 18]", "18", ":7:12", "range is a list; found a number"),
    ("indicators.yaml", "unit: years", "unit: [years]", ":6:11", "unit is a text; found a list"),
    ("indicators.yaml", "title: {en: Age, zh: 年龄}", "title: Age", ":8:12", "title needs both"),
    ("indicators.yaml", "values: [no, yes, unknown]", "values: no", ":13:13", "values is a list"),
    ("indicators.yaml", "values: [no, yes, unknown]", "values: [0, 1]", ":13:14", "wanted a word"),
    ("indicators.yaml", "values: [no, yes, unknown]", "values: [no, no]", ":13:18", "stands twice"),
    ("indicators.yaml", "missing: [unknown]", "missing: unknown", ":14:14", "missing is a list"),
    ("indicators.yaml", "{yes: {en", "{yse: {en", ":15:20", "did you mean 'yes'?"),
    ("indicators.yaml", "{yes: {en: Yes, zh: 是}}", "[yes]", ":15:19", "wanted a mapping"),
    ("indicators.yaml", "risk_order: [no, yes]", "risk_order: no", ":16:17", "risk_order is a list"),
    ("indicators.yaml", "risk_order: [no, yes]", "risk_order: [no, no, yes]", ":16:17", "exactly"),
    ("indicators.yaml", "    risk_order: [no, yes]\n", "", ":11:11", "needs a risk_order"),
    ("indicators.yaml", "source: [law]", "source: law", ":19:13", "source is a list; found text"),
    # -- concepts
    ("concepts.yaml", "severity", "severty", ":5:5", "did you mean 'severity'?"),
    ("concepts.yaml", "id: left_alone", "id: left alone", ":2:9", "id wants a word"),
    ("concepts.yaml", "polarity: risk", "polarity: bad", ":4:15", "allowed: risk, protective"),
    ("concepts.yaml", "title: {en: Left alone, zh: 独自在家}", "title: 3", ":3:12", "needs both"),
    ("concepts.yaml", "{age_under: 8}", "{age_undr: 8}", ":8:23", "did you mean 'age_under'?"),
    ("concepts.yaml", "{age_under: 8}", "{age_under: eight}", ":8:34", "a whole number above 0"),
    ("concepts.yaml", "indicator: unattended", "indicator: unatended", ":9:18",
     "no indicator 'unatended'; did you mean 'unattended'?"),
    ("concepts.yaml", "value: no}", "value: never}", ":9:18", "value is 'never'; allowed: no, yes"),
    ("concepts.yaml", "concepts:", "concepts: 3\nconcept:", ":2:1", "did you mean 'concepts'?"),
    # -- lexicon
    ("lexicon.en.yaml", "    phrases", "    phrase", ":7:5", "did you mean 'phrases'?"),
    ("lexicon.en.yaml", "  left_alone:", "  left_aloen:", ":6:3", "did you mean 'left_alone'?"),
    ("lexicon.en.yaml", "[left alone]", "left alone", ":7:14", "wanted a list"),
    ("lexicon.en.yaml", "[left alone]", "[7]", ":7:15", "wanted a word or phrase"),
    ("lexicon.en.yaml", "0-8", "0-888888888888", ":9:", "a gap is written 0-8"),
    ("lexicon.en.yaml", "{adult}", "{adlut}", ":9:", "did you mean 'adult'?"),
    ("lexicon.en.yaml", "reach: 20", "reach: 1e9", ":14:12", "reach wants a number"),
    ("lexicon.en.yaml", "  all: [but]", "  al: [but]", ":18:3", "stops are by status or 'all'"),
    # -- rules
    ("rules/all.yaml", "rules:", "ruels:", ":1:1", "did you mean 'rules'?"),
    ("rules/all.yaml", "    tier:", "    teir:", ":5:5", "did you mean 'tier'?"),
    ("rules/all.yaml", "id: alone", "id: [alone]", ":2:9", "id is small letters"),
    ("rules/all.yaml", "code: X1", "code: 12", ":3:11", "code is up to 8 letters"),
    ("rules/all.yaml", "title: {en: Child left alone, zh: 儿童独处}", "title: 7", ":4:12", "needs both"),
    ("rules/all.yaml", "tier: urgent", "tier: [urgent]", ":5:11", "allowed: immediate, urgent"),
    ("rules/all.yaml", "source: [{law", "source: [{lwa", ":9:15", "did you mean 'law'?"),
    ("rules/all.yaml", "law: 某法", "law: 3", ":9:20", "law is a text; found a number"),
    ("rules/all.yaml", "title: {en: Law}", "title: {fr: Loi}", ":9:", "title is a text, or {en"),
    ("rules/all.yaml", '"21"', "[21]", ":9:", "article is a text; found a list"),
    ("rules/all.yaml", '"https://example.org"', "file:///etc/passwd", ":9:", "url starts with https"),
    ("rules/all.yaml", "[2021-06-01, null]", "[2021, null]", ":10:15", "in_force is [first day"),
    ("rules/all.yaml", "[2021-06-01, null]", "[2021-06-31, null]", ":10:15", "in_force is [first day"),
    ("rules/all.yaml", "    tier: urgent", "    tier: urgent\n    hours: 99999999", ":6:12", "hours is"),
    ("rules/all.yaml", "    tier: urgent", "    tier: urgent\n    replaces: [a]", ":6:15", "is a text"),
    ("rules/all.yaml", "{given: {unattended", "{gifen: {unattended", ":14:10", "did you mean 'given'?"),
    ("rules/all.yaml", "en: Six", "en: 6", ":12:67", "en is a text; found a number"),
    ("rules/all.yaml", "en: Six", "en: null", ":12:67", "en is a text; found nothing"),
    # -- conditions: data, never code
    ("rules/all.yaml", WHEN, '"__import__(\'os\').system(\'touch x\')"', ":6:11", "is not in the lang"),
    ("rules/all.yaml", WHEN, "age_years.real < 8", ":6:11", "a dot is not in the language"),
    ("rules/all.yaml", WHEN, "(lambda age_years < 8)", ":6:11", "not a condition from"),
    ("rules/all.yaml", WHEN, '"(lambda: 1)() < 8"', ":6:11", "a lambda is not in the language"),
    ("rules/all.yaml", WHEN, "f'{age_years}' == '8'", ":6:11", "an f-string is not in the language"),
    ("rules/all.yaml", WHEN, "eval('1') < 8", ":6:11", "unknown function 'eval'"),
    ("rules/all.yaml", WHEN, "'[age_years for x in y] < 8'", ":6:11", "a comprehension is not in"),
    ("rules/all.yaml", WHEN, "age_years < 8 " + "or age_years < 8 " * 60_000, ":6:11", "at most 2,000"),
    ("rules/all.yaml", WHEN, "(" * 300 + WHEN + ")" * 300, ":6:11", "nested deeper than 24"),
    ("rules/all.yaml", WHEN, "not " * 480 + WHEN, ":6:11", "nested deeper than 24"),
    ("rules/all.yaml", WHEN, "not (" * 190 + WHEN + ")" * 190, ":6:11", "nested deeper than 24"),
    ("rules/all.yaml", WHEN, '"age_years < 8 and \\0"', ":6:11", "U+0000' is not in the language"),
    ("rules/all.yaml", WHEN, "age_years < 8 and noted(left_aloen)", ":6:11", "did you mean 'left_alone'?"),
]  # fmt: skip


def write(folder: Path, changed: Mapping[str, str | bytes] | None = None) -> Path:
    """Write the sound pack with some of its files replaced; the folder."""
    for name, content in {**SOUND, **(changed or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return folder


SHIPPED = {
    path.relative_to(shipped_folder("rules")).as_posix(): path.read_text("utf-8")
    for path in sorted(shipped_folder("rules").rglob("*.yaml"))
}
LOADED = [name for name in SHIPPED if name.split("/")[0] in ("base", "cn-rural")]  # with cn-rural
VALUES = ["null", "true", "7", "-1.5", "1e999", "yes", "''", "[]", "[a, [b]]", "{}", "{a: b}", "中"]


def mutate(text: str, random: random.Random) -> str:
    """One of the slips of a person who edits YAML: a line lost, moved or doubled, a value of another kind."""
    lines = text.splitlines()
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    kind = random.choice(["delete", "swap", "double", "indent", "value", "value", "value", "key"])
    if kind == "delete":
        del lines[at]
    elif kind == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "double":
        lines.insert(at, lines[at])
    elif kind == "indent":
        lines[at] = random.choice(["  ", "\t", "- "]) + lines[at]
    elif kind == "value":
        head, colon, _ = lines[at].partition(": ")
        lines[at] = head + colon + random.choice(VALUES)
    else:
        words = re.findall(r"\w+(?=:)", text)
        lines[at] = re.sub(r"\w+(?=:)", random.choice(words), lines[at], count=1)
    return "\n".join(lines)
