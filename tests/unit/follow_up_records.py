"""Follow-up records written by hand, for tests of what people see. Every child here is made up."""

from __future__ import annotations

import copy
from typing import Any

Record = dict[str, Any]

HOSTILE = "<script>alert('x')</script>\"&'\u202egnp.exe\u2066 =HYPERLINK(\"http://evil.example\")"

LAW = {
    "law": "未成年人保护法",
    "title": {"en": "Law on the Protection of Minors"},
    "article": "21",
    "url": "https://example.org/law-on-minors",
    "verified": True,
}
VIOLENCE_LAW = {
    "law": "反家庭暴力法",
    "title": {"en": "Anti-Domestic Violence Law"},
    "article": "14",
    "url": None,
    "verified": False,
}


def texts(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def record(**changes: Any) -> Record:
    """A routine child with nothing recorded against a quiet month; `changes` replace fields."""
    plain: Record = {
        "rank": 9,
        "child_id": "C0090",
        "household_id": "H90",
        "village_id": "V1",
        "caseworker_id": "W1",
        "tier": "routine",
        "state": "new",
        "due_on": "2026-12-01",
        "score": 0.0,
        "probability": None,
        "probability_low": None,
        "probability_high": None,
        "age_years": 9,
        "days_since_seen": 20,
        "last_seen_on": "2026-10-12",
        "within_capacity": True,
        "just_below": False,
        "needs_data": False,
        "needs_data_reasons": [],
        "selected_by": "score",
        "selection_probability": 1.0,
        "concerns": [],
        "closed_concerns": [],
        "open_questions": [],
        "entitlements": [],
        "advice": [],
        "intercept": 0.0,
        "contributions": [],
        "mentions": [],
        "synthetic": True,
    }
    return {**plain, **copy.deepcopy(changes)}


def mention(concept: str, title: dict[str, str], quote: str, **changes: Any) -> Record:
    """A raised mention of an ordinary concept whose clause is the quote alone."""
    plain: Record = {
        "concept": concept,
        "title": title,
        "status": "affirmed",
        "quote": quote,
        "start": 0,
        "clause": quote,
        "clause_start": 0,
        "visit_id": "V7",
        "date": "2026-10-20",
        "found_by": "phrase",
        "polarity": "risk",
        "severity": "high",
        "sensitive": False,
        "held": True,
        "other_child": False,
    }
    return {**plain, **changes}


ALONE = mention(
    "left_alone",
    texts("Left without care", "无人照看"),
    "一个人在家",
    start=10,
    clause="奶奶不在，一个人在家",
    clause_start=5,
)
SCHOOL = mention(
    "school_absence",
    texts("Missing school", "缺课"),
    "没去上学",
    status="negated",
    clause="没有发现没去上学的情况",
    held=False,
    date="2026-09-02",
    visit_id="V5",
)
COUSIN = mention(
    "bullying",
    texts("Bullying", "欺凌"),
    "gets hit at school",
    status="other",
    clause="her cousin in town gets hit at school",
    held=False,
    date="2026-08-11",
    visit_id="V4",
)
FIGHT = mention(
    "dv_exposure",
    texts("Violence at home", "家庭暴力"),
    "动手打了妈妈",
    status="suspected",
    clause="邻居说爸爸喝酒后动手打了妈妈",
    start=25,
    clause_start=14,
    sensitive=True,
    visit_id="V8",
    date="2026-10-28",
)

UNATTENDED: Record = {
    "rule": "cn_under8_unattended",
    "code": "G03",
    "tier": "urgent",
    "title": texts("Child under 8 left without care", "未满八周岁儿童无人照看"),
    "act": texts(
        "Agree with the family who is with the child on each day",
        "与家人商定每天由谁陪着孩子",
    ),
    "source": [LAW],
    "mandatory": None,
    "sensitive": False,
    "note_alone": False,
    "first_on": "2026-09-01",
    "last_on": "2026-10-20",
    "threshold_by": "programme",
    "evidence": [
        {
            "indicator": "age_years",
            "title": texts("Age in years", "年龄"),
            "value": "7",
            "value_title": None,
            "unit": "years",
            "date": "2026-11-01",
            "table": "derived",
            "visit_id": None,
        },
        {
            "indicator": "left_alone_days_week",
            "title": texts("Days left alone in a week", "每周独自在家天数"),
            "value": "3",
            "value_title": None,
            "unit": "days",
            "date": "2026-10-20",
            "table": "visits",
            "visit_id": "V7",
        },
        ALONE,
    ],
}
VIOLENCE: Record = {
    "rule": "cn_dv_household",
    "code": "G11",
    "tier": "immediate",
    "title": texts("Violence in the household", "家中有暴力"),
    "act": texts("Report together with your supervisor", "与督导一起报告"),
    "source": [VIOLENCE_LAW],
    "mandatory": None,
    "sensitive": True,
    "note_alone": True,
    "first_on": "2026-10-28",
    "last_on": "2026-10-28",
    "threshold_by": None,
    "evidence": [FIGHT],
}


def question(code: str, tier: str, en: str, zh: str, **changes: Any) -> Record:
    """An open question of an ordinary rule whose state nobody has recorded."""
    plain: Record = {
        "rule": f"cn_{code.lower()}",
        "code": code,
        "tier": tier,
        "question": texts(en, zh),
        "why": "state_unknown",
        "sensitive": False,
    }
    return {**plain, **changes}


CARER = question(
    "G07", "urgent", "Who looks after the child on a normal weekday?", "平日里谁照看孩子？"
)
SCHOOLING = question("G19", "priority", "Is the child going to school?", "孩子现在上学吗？")
WATER = question("G31", "routine", "Is there open water near the home?", "家附近有没有水塘？")
HARM = question(
    "G21",
    "immediate",
    "Is there anything that worries you about an adult?",
    "有没有让您担心的大人？",
    sensitive=True,
)

CONTRIBUTIONS = [
    {
        "feature": "intimate_partner_violence",
        "title": texts("Violence between partners", "伴侣间暴力"),
        "points": 0.45,
        "value": "yes",
        "sensitive": True,
    },
    {
        "feature": "carer_overload",
        "title": texts("One carer for four children", "一人照看四个孩子"),
        "points": 0.31,
        "value": "yes",
        "sensitive": False,
    },
    {
        "feature": "support_network",
        "title": texts("Neighbours who help", "有邻里帮忙"),
        "points": -0.26,
        "value": "yes",
        "sensitive": False,
    },
]

CLOSED: Record = {
    "rule": "cn_out_of_school",
    "code": "G19",
    "title": texts("Out of school", "失学"),
    "sensitive": False,
    "decided_at": "2026-06-30",
    "decision": "close",
    "reason_given": True,
}
ALLOWANCE: Record = {
    "rule": "cn_allowance",
    "code": "E02",
    "tier": None,
    "title": texts("May have a right to the allowance", "可能符合补贴条件"),
    "act": texts("Help the family with the form", "帮助家庭填写申请表"),
    "source": [LAW],
    "sensitive": False,
    "note_alone": False,
    "evidence": [],
}


def busy_child() -> Record:
    """An immediate child with an ordinary and a sensitive concern and everything else."""
    return record(
        rank=1,
        child_id="C0012",
        household_id="H4",
        tier="immediate",
        due_on="2026-10-29",
        score=0.5,
        age_years=7,
        days_since_seen=4,
        last_seen_on="2026-10-28",
        selected_by="rule",
        concerns=[VIOLENCE, UNATTENDED],
        closed_concerns=[CLOSED],
        open_questions=[CARER, SCHOOLING, WATER, HARM],
        entitlements=[ALLOWANCE],
        contributions=CONTRIBUTIONS,
        mentions=[FIGHT, ALONE, SCHOOL, COUSIN],
    )


def note_alone_child() -> Record:
    """An urgent child whose only concern rests on one sentence."""
    concern = {**UNATTENDED, "note_alone": True, "evidence": [ALONE], "threshold_by": None}
    return record(
        rank=2,
        child_id="C0013",
        household_id="H4",
        tier="urgent",
        due_on="2026-11-03",
        score=0.31,
        age_years=5,
        concerns=[concern],
        contributions=[CONTRIBUTIONS[1]],
        mentions=[ALONE],
        days_since_seen=12,
        last_seen_on="2026-10-20",
    )


def needs_data_child() -> Record:
    """A child whose rows could not be used."""
    return record(
        rank=3,
        child_id="C0044",
        household_id=None,
        caseworker_id=None,
        village_id="V2",
        tier="priority",
        due_on=None,
        age_years=None,
        days_since_seen=None,
        last_seen_on=None,
        needs_data=True,
        needs_data_reasons=["unknown_child", "visit_row_rejected"],
        selected_by="needs_data",
    )


def hostile_child() -> Record:
    """A child whose notes and ids try to run, to turn the text around, and to be very long."""
    long = "很长的记录 and a long note " * 480
    quoted = mention(
        "neglect",
        texts("Neglect", "疏于照料"),
        HOSTILE,
        clause=f"before {HOSTILE} after",
        visit_id="<b>V9</b>",
    )
    lengthy = mention("other", texts("Other", "其他"), long, visit_id="V10", date=None)
    concern = {**UNATTENDED, "evidence": [quoted], "title": texts("A <b>bold</b> title", "标题<i>")}
    return record(
        rank=4,
        child_id="=1+1<img src=x onerror=alert(1)>",
        village_id="\u202eV1",
        tier="priority",
        state="planned",
        due_on="2026-11-08",
        just_below=True,
        within_capacity=False,
        concerns=[concern],
        mentions=[quoted, lengthy],
    )


def county() -> list[Record]:
    """One of each, in rank order."""
    return [
        busy_child(),
        note_alone_child(),
        needs_data_child(),
        hostile_child(),
        record(),
    ]


def strings(value: Any) -> list[str]:
    """Every text inside a value, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in strings(part)]
    return []
