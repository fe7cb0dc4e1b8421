"""A small pack, written to a folder by the tests that need one. Nothing in it is law."""

from __future__ import annotations

from pathlib import Path

PACK = """
format: carescreen-pack/1
id: small
version: 0.1.0
title: {en: Small, zh: 小}
"""

INDICATORS = """
indicators:
  - id: age_years
    level: child
    type: number
    kind: derived
    range: [0, 18]
    title: {en: Age, zh: 年龄}
  - id: days_since_seen
    level: service
    type: integer
    kind: derived
    range: [0, 3650]
    title: {en: Days since seen, zh: 未见天数}
  - id: sex
    level: child
    type: enum
    kind: state
    values: [female, male, unknown]
    missing: [unknown]
    sensitivity: sensitive
    title: {en: Sex, zh: 性别}
  - id: boarding
    level: child
    type: enum
    kind: state
    values: [yes, no, unknown]
    missing: [unknown]
    title: {en: Boarding, zh: 寄宿}
  - id: unattended
    level: child
    type: enum
    kind: event
    values: [yes, no, unknown]
    missing: [unknown]
    risk_order: [no, yes]
    unrecorded: not_observed
    title: {en: Unattended, zh: 无人看护}
  - id: sexual_harm
    level: child
    type: enum
    kind: event
    values: [none, suspected, confirmed, unknown]
    missing: [unknown]
    risk_order: [none, suspected, confirmed]
    unrecorded: not_observed
    sensitivity: highly_sensitive
    title: {en: Sexual harm, zh: 性侵害}
  - id: contact_gap
    level: care
    type: integer
    kind: state
    range: [0, 3650]
    title: {en: Contact gap, zh: 联系间隔}
  - id: nights_away
    level: child
    type: integer
    kind: event
    range: [0, 90]
    risk_direction: up
    unrecorded: not_observed
    title: {en: Nights away, zh: 夜不归宿}
  - id: hazards
    level: home
    type: set
    kind: event
    values: [fire, fall, poison]
    risk_direction: up
    unrecorded: not_observed
    title: {en: Hazards, zh: 隐患}
  - id: registered_on
    level: service
    type: date
    kind: state
    title: {en: Registered on, zh: 登记日期}
  - id: scheme
    level: care
    type: string
    kind: state
    title: {en: Scheme, zh: 方案}
"""

CONCEPTS = """
concepts:
  - id: left_alone
    title: {en: Left alone, zh: 独自在家}
    polarity: risk
    severity: high
    subject: child
    note_limit: urgent
    note_limit_when: {age_under: 8}
  - id: sexual_abuse
    title: {en: Sexual abuse, zh: 性侵害}
    polarity: risk
    severity: critical
    subject: child
    sensitive: true
    note_limit: immediate
  - id: unseen_child
    title: {en: Not seen, zh: 未见到孩子}
    polarity: risk
    severity: high
    subject: child
    note_limit: urgent
    note_limit_when: {visits: 2}
  - id: school_absence
    title: {en: Absent from school, zh: 缺课}
    polarity: risk
    severity: medium
    subject: child
"""


def rule(id: str, when: str, code: str = "X1", tier: str = "tier: urgent", more: str = "") -> str:
    """One rule of a rules file; `more` is further keys, indented by four."""
    return f"""
  - id: {id}
    code: {code}
    title: {{en: A concern, zh: 关注事项}}
    {tier}
    when: >-
      {when}
    ask: {{en: Who looks after the child?, zh: 谁照看孩子?}}
    act: {{en: See the child, zh: 见到孩子}}
    source: [{{law: 某法, article: "21", url: "https://example.org/law", verified: true}}]
{more or EXAMPLES}"""


EXAMPLES = "    examples: [{given: {}, expect: not_met}]\n"


def write_pack(
    folder: Path,
    *rules: str,
    pack: str = PACK,
    indicators: str | None = INDICATORS,
    concepts: str | None = CONCEPTS,
) -> Path:
    """Write a pack of these rules; the folder."""
    (folder / "rules").mkdir(parents=True)
    (folder / "pack.yaml").write_text(pack, encoding="utf-8")
    if indicators:
        (folder / "indicators.yaml").write_text(indicators, encoding="utf-8")
    if concepts:
        (folder / "concepts.yaml").write_text(concepts, encoding="utf-8")
    (folder / "rules" / "all.yaml").write_text("rules:" + "".join(rules), encoding="utf-8")
    return folder
