"""What people made of it in a synthetic county: outcomes of visits, and decisions on concerns.

An earlier concern has mostly been followed up and closed by a supervisor, and so has a note that
could be mistaken for one (about another child, say) and a form ticked by mistake. What is new is
open, a part of it acknowledged; for what lasts (a frail grandmother, no parent left) the next
review is mostly planned. The example household is left open: the documentation closes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from carescreen.decisions import COLUMNS
from carescreen.synthetic_concerns import TYPE_NAMES, Concerns
from carescreen.synthetic_dates import DRAWN, drawn_chance
from carescreen.synthetic_people import (
    GONE,
    Bools,
    Children,
    CountyPlan,
    Homes,
    Ints,
    Words,
    Workers,
    draw,
    example_home,
)
from carescreen.synthetic_records import ORIGIN, iso_days
from carescreen.synthetic_visits import Visits

FOLLOWED_UP, ACKNOWLEDGED, PLANNED = 0.93, 0.25, 0.80
SETTLED_DAYS = (16, 56)  # from a visit to the closing of what it found
UNJUDGED_DAYS = 14
REVIEW_DAYS = 15  # a list is worked through within two weeks of a visit
VILLAGES_PER_SUPERVISOR = 6

# Rules of the pack cn-rural that a type of concern meets or that its note is easily taken for, so
# that a closing can name them.
_INJURED = "cn_multiple_injury_malnutrition_unconscious"
RULES: dict[str, tuple[str, ...]] = {
    "neglect": ("cn_guardianship_poor", "cn_hunger"),
    "left_alone": (
        "cn_under8_unattended_danger",
        "cn_under8_unattended",
        "cn_alone_overnight",
        "cn_under16_lives_alone",
    ),
    "physical_abuse": ("cn_family_violence", "cn_unexplained_injury", _INJURED),
    "injury_unexplained": ("cn_unexplained_injury", "cn_family_violence", _INJURED),
    "emotional_abuse": ("cn_family_violence", "cn_mood_abnormal"),
    "sexual_abuse": ("cn_sexual_harm_any_child", "cn_girl_under14_sexual"),
    "child_pregnancy": ("cn_child_pregnancy", "cn_girl_under14_sexual"),
    "abandonment": (
        "cn_abandoned_or_long_unattended",
        "cn_guardian_absent_or_refuses",
        "cn_guardianship_poor",
        "cn_under8_unattended",
        "cn_under8_unattended_danger",
    ),
    "trafficking_missing": ("cn_missing_or_trafficked",),
    "self_harm_suicide": ("cn_suicide_risk", "cn_suicide_recent", "cn_mental_screen_red"),
    "dv_exposure": (
        "cn_dv_household",
        "cn_family_violence",
        "cn_entrusted_care_weak",
        "cn_child_marriage",
    ),
    "guardian_incapacity": (
        "cn_entrusted_care_weak",
        "cn_carer_lost_capacity",
        "cn_guardianship_poor",
    ),
    "guardian_lost": (
        "cn_emergency_guardian_gap",
        "cn_under8_unattended",
        "cn_under8_unattended_danger",
    ),
    "guardian_substance": (
        "cn_entrusted_care_weak",
        "cn_unfit_entrusted_carer",
        "cn_guardianship_poor",
        "cn_runaway",
    ),
    "mental_distress": ("cn_mood_abnormal", "cn_mental_screen_red"),
    "bullying": ("cn_serious_bullying", "cn_repeated_bullying", "cn_family_violence"),
    "dropout_absence": (
        "cn_suspected_dropout",
        "cn_unseen_and_absent",
        "cn_out_of_school",
        "cn_runaway",
    ),
    "child_labour": ("cn_child_labour",),
    "child_marriage": ("cn_child_marriage",),
    "runaway_street": ("cn_runaway",),
    "malnutrition": ("cn_hunger", "cn_medical_emergency", "cn_severe_malnutrition_measured"),
    "illness_untreated": ("cn_disability_illness_unserved",),
    "disability_unmet": ("cn_disability_illness_unserved",),
    "water_hazard": ("cn_open_water",),
    "online_risk": ("cn_online_sexual",),
    "conduct_problem": (
        "cn_serious_behaviour_or_instigated",
        "cn_family_violence",
        "cn_suicide_risk",
    ),
    "unseen_child": ("cn_child_not_seen", "cn_unseen_and_absent"),
}
HOUSEHOLD_RULES = ("cn_dv_household", "cn_family_violence", "cn_unfit_entrusted_carer")
ALONE_RULES = (
    "cn_guardian_absent_or_refuses",
    "cn_boarder_home_empty",
    "cn_emergency_guardian_gap",
    "cn_under16_lives_alone",
)
# Why a concern was closed, in the language of the village: English, then Chinese.
SOLVED, MISREAD, MISTICKED, CARER_CHECKED = range(4)
REASONS: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    SOLVED: (
        (
            "visited again, the child is safe and the family has support",
            "followed up with the school, settled",
            "two later visits, nothing new; support continues",
        ),
        (
            "再次走访，情况已缓解，家里有人照应",
            "已会同妇联、学校处理，回访平稳",
            "连续两次回访未见新情况，转为日常关注",
        ),
    ),
    MISREAD: (
        ("note read again: not about this child, or not a concern", "misread note"),
        ("核对原话，说的不是这个孩子，或不是这个意思", "记录误读，已核实"),
    ),
    MISTICKED: (
        ("looked into with a second visit, nothing in it", "form corrected, ticked by mistake"),
        ("另约时间复核，没有这回事", "表格勾错，已更正"),
    ),
    CARER_CHECKED: (
        ("carer visited, another adult has taken over",),
        ("照料人情况已核查，改由家里其他大人照看",),
    ),
}


@dataclass(frozen=True)
class _Closings:
    """Closings to be written, one entry each: `day` in days before the as-of date, `reason` in REASONS."""

    child: Ints
    day: Ints
    rule: Words
    concept: Words
    visit_id: Words
    reason: Ints


SELECTED_BY = np.array(["", "", "random", "rule", "worker"], dtype=object)  # by synthetic_dates
CONFIRMED_THERE, CONFIRMED_NOT_THERE = 0.88, 0.008  # of judged visits, could_not_tell among them
COULD_NOT_TELL = 0.04


def make_outcomes(plan: CountyPlan, visits: Visits, table: pd.DataFrame) -> pd.DataFrame:
    """What a second person judged: each visit that a list, a worker's concern or chance chose.

    Whatever a visit raises is followed up, so those are chosen with certainty (probability 1);
    households drawn by chance have theirs (`drawn_chance`). Visits of the last days are not judged.
    """
    rng = plan.rng(10)
    rows = np.flatnonzero((visits.days_ago > UNJUDGED_DAYS) & (visits.why >= DRAWN))
    wait = np.minimum(rng.integers(0, 12, len(rows)), visits.days_ago[rows])
    day = plan.as_of - (visits.days_ago[rows] - wait).astype("timedelta64[D]")
    result = _results(rng, visits.kind[rows] >= 0, visits.seen[rows] == "no")
    concern = np.append(TYPE_NAMES, [None])[visits.kind[rows]]
    concern[result != "confirmed"] = None
    chance = np.where(visits.why[rows] == DRAWN, drawn_chance(plan), 1.0)
    return _frame(
        {
            "child_id": table["child_id"].to_numpy()[rows],
            "outcome_date": iso_days(day),
            "result": result,
            "visit_id": table["visit_id"].to_numpy()[rows],
            "concern": concern,
            "selected_by": SELECTED_BY[visits.why[rows]],
            "selection_probability": pd.Series(chance),
            "recorded_at": iso_days(day),
            "data_origin": np.full(len(rows), ORIGIN, dtype=object),
        }
    )


def _frame(columns: Mapping[str, Words | pd.Series]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if isinstance(values, np.ndarray) else values
            for name, values in columns.items()
        }
    )


def _results(rng: np.random.Generator, present: Bools, unseen: Bools) -> Words:
    n = len(present)
    there = draw(rng, _shares(CONFIRMED_THERE), n)
    absent = draw(rng, _shares(CONFIRMED_NOT_THERE), n)
    return np.where(unseen, "not_seen", np.where(present, there, absent))


def _shares(confirmed: float) -> dict[str, float]:
    told = 1.0 - confirmed - COULD_NOT_TELL
    return {"confirmed": confirmed, "not_confirmed": told, "could_not_tell": COULD_NOT_TELL}


def make_decisions(
    plan: CountyPlan,
    workers: Workers,
    homes: Homes,
    children: Children,
    concerns: Concerns,
    visits: Visits,
    traps: Words,
    ids: dict[str, Words],
) -> pd.DataFrame:
    """The decisions table, oldest first; `traps` is what each visit's note could be taken for."""
    rng = plan.rng(12)
    parts = [
        _solved(rng, homes, children, visits),
        _misread(rng, visits, traps, ids["visit"]),
        _misticked(rng, homes, children, visits),
        _carer_checked(rng, homes, children),
        _alone_looked_into(rng, visits),
    ]
    closings = _Closings(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(_Closings)
        )
    )
    closed = _closing_columns(rng, workers, children, closings)
    rows = [closed, _acknowledged(rng, children, visits, ids["worker"])]
    rows.append(_planned(rng, plan, homes, children, concerns, visits, ids["worker"]))
    columns = {name: np.concatenate([part[name] for part in rows]) for name in closed}
    example = example_home(homes.children)
    kept = np.flatnonzero(children.home[columns["child"]] != (-1 if example is None else example))
    order = kept[np.lexsort((columns["child"][kept], -columns["day"][kept]))]
    columns = {name: values[order] for name, values in columns.items()}
    return _decision_frame(plan, rng, columns, ids["child"])


def _solved(
    rng: np.random.Generator, homes: Homes, children: Children, visits: Visits
) -> _Closings:
    """What visits put on file, closed weeks after the last of them: followed up, and help agreed.

    Where it goes on, the next visit that sees it opens it again.
    """
    row = np.flatnonzero(visits.on_file)
    row = row[np.lexsort((-visits.days_ago[row], visits.kind[row], visits.child[row]))]
    day = _looked_into(rng, visits.entered[row], SETTLED_DAYS)
    next_on_file = np.full(len(row), -1, dtype=np.int64)
    same = (np.diff(visits.child[row]) == 0) & (np.diff(visits.kind[row]) == 0)
    next_on_file[:-1][same] = visits.days_ago[row[1:]][same]
    kept = (day >= 0) & (day > next_on_file)
    row, day = row[kept], day[kept]
    return _for_all(homes, children, _by_rule(visits.child[row], day, visits.kind[row], SOLVED))


def _looked_into(rng: np.random.Generator, days_ago: Ints, wait: tuple[int, int]) -> Ints:
    """The day of a closing, mostly after this wait, else at one of the next reviews; under 0: open."""
    late = rng.random(len(days_ago)) >= FOLLOWED_UP
    return np.asarray(
        days_ago - rng.integers(*wait, len(days_ago)) - late * rng.integers(30, 90, len(days_ago))
    )


def _by_rule(child: Ints, day: Ints, kind: Ints, reason: int) -> _Closings:
    """One closing for each rule of each concern."""
    count = np.array([len(RULES[name]) for name in TYPE_NAMES])
    first = np.cumsum(count) - count
    flat = np.array([rule for name in TYPE_NAMES for rule in RULES[name]], dtype=object)
    repeat = count[kind]
    row = np.repeat(np.arange(len(child)), repeat)
    place = np.arange(len(row)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    empty = np.full(len(row), "", dtype=object)
    return _Closings(
        child[row],
        day[row],
        flat[first[kind[row]] + place],
        empty,
        empty,
        np.full(len(row), reason),
    )


def _misread(rng: np.random.Generator, visits: Visits, traps: Words, visit_ids: Words) -> _Closings:
    """Notes that could be taken for a concern, read again by a supervisor."""
    row = np.flatnonzero(pd.notna(traps))
    day = _looked_into(rng, visits.entered[row], (3, REVIEW_DAYS))
    row, day = row[day >= 0], day[day >= 0]
    return _Closings(
        child=visits.child[row],
        day=day,
        rule=np.full(len(row), "", dtype=object),
        concept=traps[row],
        visit_id=visit_ids[row],
        reason=np.full(len(row), MISREAD),
    )


def _misticked(
    rng: np.random.Generator, homes: Homes, children: Children, visits: Visits
) -> _Closings:
    """Suspicions on a form that came to nothing."""
    row = np.flatnonzero(visits.mistaken)
    day = _looked_into(rng, visits.entered[row], (3, REVIEW_DAYS))
    row, day = row[day >= 0], day[day >= 0]
    return _for_all(
        homes, children, _by_rule(visits.child[row], day, visits.ticked[row], MISTICKED)
    )


def _for_all(homes: Homes, children: Children, closings: _Closings) -> _Closings:
    """What is the household's, closed for each of its children: it was open for all of them."""
    home = children.home[closings.child]
    shared = np.isin(closings.rule, HOUSEHOLD_RULES)
    count = np.where(shared, homes.children[home], 1)
    first = (np.cumsum(homes.children) - homes.children)[home]
    row = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    columns = {field.name: getattr(closings, field.name)[row] for field in fields(_Closings)}
    child = np.where(shared[row], first[row] + place, closings.child[row])
    return _Closings(**columns | {"child": child})


def _carer_checked(rng: np.random.Generator, homes: Homes, children: Children) -> _Closings:
    """What was on file when a child was registered (an unfit carer, a parent's death)."""
    home = children.home
    unfit = homes.alcohol[home] | homes.gambling[home] | children.carer_violent
    bereft = (children.father == "deceased") | (children.mother == "deceased")
    bereft &= rng.random(children.n) < FOLLOWED_UP
    parts = (
        (np.flatnonzero(unfit), "cn_unfit_entrusted_carer"),
        (np.flatnonzero(bereft), "cn_parent_died"),
    )
    child = np.concatenate([rows for rows, _ in parts])
    day = np.maximum(children.on_record[child] - rng.integers(3, 40, len(child)), 0)
    rule = np.repeat(np.array([r for _, r in parts], dtype=object), [len(c) for c, _ in parts])
    return _checked(child, day, rule)


def _alone_looked_into(rng: np.random.Generator, visits: Visits) -> _Closings:
    """Children found to live without an adult, where relatives took over some weeks later."""
    row = np.flatnonzero(visits.alone)
    day = _looked_into(rng, visits.entered[row], SETTLED_DAYS)
    child, day = visits.child[row][day >= 0], day[day >= 0]
    rules = np.tile(np.array(ALONE_RULES, dtype=object), len(child))
    return _checked(np.repeat(child, len(ALONE_RULES)), np.repeat(day, len(ALONE_RULES)), rules)


def _checked(child: Ints, day: Ints, rule: Words) -> _Closings:
    empty = np.full(len(child), "", dtype=object)
    return _Closings(child, day, rule, empty, empty, np.full(len(child), CARER_CHECKED))


def _in_words(rng: np.random.Generator, reason: Ints, chinese: Bools) -> Words:
    """A wording of each reason, in the language of the village."""
    words = np.full(len(reason), None, dtype=object)
    for number, pair in REASONS.items():
        for spoken, wordings in enumerate(pair):
            rows = np.flatnonzero((reason == number) & (chinese == bool(spoken)))
            words[rows] = draw(rng, dict.fromkeys(wordings, 1.0), len(rows))
    return words


def _closing_columns(
    rng: np.random.Generator, workers: Workers, children: Children, closings: _Closings
) -> dict[str, Words]:
    n = len(closings.child)
    village = children.village[closings.child]
    decider = np.char.mod("S%02d", village // VILLAGES_PER_SUPERVISOR + 1)
    return {
        "child": closings.child,
        "day": closings.day,
        "decided_by": decider.astype(object),
        "decision": np.full(n, "close", dtype=object),
        "review_on": np.full(n, "", dtype=object),
        "rule": closings.rule,
        "concept": closings.concept,
        "visit_id": closings.visit_id,
        "reason": _in_words(rng, closings.reason, workers.writes_chinese[village]),
        # Somebody else than the supervisor confirms each closing; for immediate rules it is needed.
        "confirmed_by": draw(rng, {"M01": 0.6, "M02": 0.4}, n),
    }


def _acknowledged(
    rng: np.random.Generator, children: Children, visits: Visits, workers: Words
) -> dict[str, Words]:
    """New concerns that the caseworker has taken on."""
    new = visits.on_file & (visits.days_ago >= 1) & (visits.days_ago <= REVIEW_DAYS)
    row = np.flatnonzero(new & (rng.random(visits.n) < ACKNOWLEDGED))
    child = np.unique(visits.child[row])
    day = np.zeros(len(child), dtype=np.int64)
    return _taken_on(children, child, day, "acknowledge", workers)


def _taken_on(
    children: Children, child: Ints, day: Ints, decision: str, workers: Words
) -> dict[str, Words]:
    """Decisions of the caseworkers themselves, which name no rule."""
    empty = np.full(len(child), "", dtype=object)
    names = ("rule", "concept", "visit_id", "review_on", "reason", "confirmed_by")
    return dict.fromkeys(names, empty) | {
        "child": child,
        "day": day,
        "decided_by": workers[children.village[child]],
        "decision": np.full(len(child), decision, dtype=object),
    }


def _planned(
    rng: np.random.Generator,
    plan: CountyPlan,
    homes: Homes,
    children: Children,
    concerns: Concerns,
    visits: Visits,
    workers: Words,
) -> dict[str, Words]:
    """A review planned after the last visit for circumstances that last, with no new concern."""
    last = np.full(children.n, REVIEW_DAYS, dtype=np.int64)
    np.minimum.at(last, visits.child, visits.days_ago)
    lasting = _lasting(homes, children) & (concerns.current < 0)
    child = np.flatnonzero(lasting & (rng.random(children.n) < PLANNED))
    rows = _taken_on(children, child, np.maximum(last[child] - 1, 0), "plan", workers)
    review = plan.as_of + rng.integers(5, 80, len(child)).astype("timedelta64[D]")
    return rows | {"review_on": iso_days(review)}


def _lasting(homes: Homes, children: Children) -> Bools:
    """Circumstances that call for a plan rather than a visit this week."""
    unheard = children.left_behind & (children.contact_gap > 25)
    no_parent = np.isin(children.father, GONE) & np.isin(children.mother, GONE)
    frail = (children.capacity != "adequate") | children.carer_unwell
    unmet = ~children.in_school | ~children.treated
    return np.asarray(unheard | no_parent | frail | unmet | homes.alcohol[children.home])


def _decision_frame(
    plan: CountyPlan, rng: np.random.Generator, columns: dict[str, Words], ids: Words
) -> pd.DataFrame:
    """Rows in the columns of carescreen.decisions, then data_origin; blanks are None."""
    n = len(columns["child"])
    hour = draw(rng, {" 09:30:00": 1, " 11:00:00": 1, " 15:20:00": 1, " 17:05:00": 1}, n)
    stamp = iso_days(plan.as_of - columns["day"].astype("timedelta64[D]")) + hour
    filled = {"child_id": ids[columns["child"]], "decided_at": stamp, "recorded_at": stamp}
    blank = np.full(n, None, dtype=object)
    frame = {}
    for name in COLUMNS:
        frame[name] = filled.get(name, columns.get(name, blank)).copy()
        frame[name][frame[name] == ""] = None
    return _frame(frame | {"data_origin": np.full(n, ORIGIN, dtype=object)})
