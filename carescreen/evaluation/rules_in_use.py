"""Rules in use: how often each rule fires, what visits then found, and what people did about it.

Read from folders of `rank` and the county's outcomes and decisions. An outcome belongs to the newest
list before it, if that is at most HORIZON_DAYS older, and a decision to the newest list by its day:
each counts once, however many lists there are. Shares have Wilson intervals (J Am Stat Assoc
1927;22:209-12), and none under LEAST_JUDGED: brothers and sisters are not independent, so they are
somewhat narrow. Outcomes are those of visits that the list chose: what a rule adds over chance is
only to be read beside the visits drawn at random (`misses`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]  # no stubs

from carescreen.errors import UsageError
from carescreen.evaluation.open_rules import OpenRules
from carescreen.evaluation.watch_runs import read_watched
from carescreen.pack import TIERS
from carescreen.profile import hidden_code
from carescreen.rules import Rule, RulePack

Dates = NDArray[np.datetime64]

HORIZON_DAYS = 90
LEAST_JUDGED = 20  # fewer children are not enough evidence of any share
EVERYONE = (
    0.5  # a rule that is open for more than half of all children tells nobody apart (judgement)
)
RAISED = ("affirmed", "suspected")
_PROFILE_DAYS = 91  # a profile counts the mentions of 13 weeks


@dataclass(frozen=True)
class RulesInUse:
    """What became of each rule.

    rules      one row a rule of the pack: rule, lane, tier, open and unknown (children of the newest
               list), share with low and high, verdict; fired (children on any list); judged and
               confirmed (first outcomes), confirmed_share with low and high; of those open on the list
               closed, closed as misread, lowered and raised by a person (children), closed_share
               with low and high. NaN: not enough
               evidence, or not on a list's table (advice).
    over_time  as_of, children, rule, open: one row a list and rule
    concepts   concept, raised and negated (visits of 13 weeks), misread (visits), misread_share, low, high
    overall    judged, confirmed, share, low, high of all children with an outcome after a list
    notices    words of `rules_in_use_words` that a reader must know
    """

    rules: pd.DataFrame
    over_time: pd.DataFrame
    concepts: pd.DataFrame
    overall: Mapping[str, float]
    notices: tuple[str, ...]


def wilson(count: float, of: float, least: int = LEAST_JUDGED) -> tuple[float, float, float]:
    """A share with its 95 % interval; NaN of fewer than `least`.

    >>> [round(value, 4) for value in wilson(8, 40)]
    [0.2, 0.105, 0.3476]
    >>> wilson(3, 5)
    (nan, nan, nan)
    """
    if of < least or not of:
        return (float("nan"),) * 3
    found = stats.binomtest(int(count), int(of)).proportion_ci(method="wilson")
    return count / of, float(found.low), float(found.high)


def rules_in_use(
    folders: Sequence[Path | str],
    rules: RulePack,
    outcomes: pd.DataFrame,
    decisions: pd.DataFrame,
) -> RulesInUse:
    """Count what became of each rule on lists of one county, in any order of folders.

    outcomes   child_id, outcome_date, result;  decisions  child_id, decided_at, decision, rule,
    concept, visit_id, tier, reason_code: as the checked caseload has them

    UsageError where a folder is no run, or no folder is given.
    """
    if not folders:
        raise UsageError("rules in use needs at least one folder of `rank`")
    lists = [RuleList.read(Path(folder), rules) for folder in folders]
    return count_rules(lists, rules, outcomes, decisions)


def count_rules(
    lists: Sequence[RuleList],
    rules: RulePack,
    outcomes: pd.DataFrame,
    decisions: pd.DataFrame,
) -> RulesInUse:
    """The same of what the rules said at several dates."""
    lists = sorted(lists, key=lambda one: one.day)
    days = [one.day for one in lists]
    if len(set(days)) < len(days):
        raise UsageError("two folders are lists of one day; give one of each day")
    opened = pd.concat([one.opened for one in lists], ignore_index=True)
    judged = _judged(outcomes, days).merge(_listed(lists), on=["child_id", "day"])
    decided = _decided(decisions, days)
    counts = _counts(rules, opened, judged, decided)
    newest = lists[-1]
    table = pd.DataFrame([_row(newest, rule, counts) for rule in rules.rules])
    share = wilson(judged["confirmed"].sum(), len(judged))
    overall = {
        "judged": float(len(judged)),
        "confirmed": float(judged["confirmed"].sum()),
        **dict(zip(("share", "low", "high"), share, strict=True)),
    }
    notices = ("chosen_by_list",) if len(judged) else ("no_outcomes",)
    concepts = _concepts(newest, decided)
    return RulesInUse(table, _over_time(lists, rules), concepts, overall, notices)


@dataclass(frozen=True, repr=False)  # its rows are records
class RuleList:
    """What the rules said at one date.

    children            child_id of everybody
    opened              child_id, day and rule of every open concern and entitlement
    open_count, unknown_count  children by rule id: also of advice, which stands on no list
    mentions            by concept and status, counts of visits by week
    """

    day: np.datetime64
    children: pd.Series
    opened: pd.DataFrame
    open_count: Mapping[str, int]
    unknown_count: Mapping[str, int]
    mentions: Mapping[str, Mapping[str, Sequence[int]]]

    @classmethod
    def read(cls, folder: Path, rules: RulePack) -> RuleList:
        """Those of a folder of `rank`."""
        side = read_watched(folder)
        day = np.datetime64(side.as_of, "D")
        names = {rule.code: rule.id for rule in rules.rules}
        texts = _concern_texts(folder)
        words = texts.str.split(";").explode()
        words = words[words != ""].map(lambda word: names.get(word, word))
        opened = pd.DataFrame(
            {
                "child_id": side.children["child_id"].loc[words.index].to_numpy(dtype=object),
                "day": day,
                "rule": words.to_numpy(dtype=object),
            }
        ).drop_duplicates()
        open_count = {str(rule): int(n) for rule, n in opened["rule"].value_counts().items()}
        open_count |= {
            rule.id: _count(side.profile, "rule_open", rule)
            for rule in rules.rules
            if rule.lane == "advice"  # it stands in the profile alone
        }
        unknown = {rule.id: _count(side.profile, "rule_unknown", rule) for rule in rules.rules}
        hidden = {hidden_code(name): name for name in rules.concepts}
        mentions = side.profile.get("mention", {})
        said = {hidden.get(concept, concept): counts for concept, counts in mentions.items()}
        return cls(day, side.children["child_id"], opened, open_count, unknown, said)

    @classmethod
    def of(cls, found: OpenRules) -> RuleList:
        """Those worked out for a date; without mentions."""
        children = pd.Series(found.children, dtype=object)
        counts = found.open_counts(), found.unknown_counts()
        return cls(found.day.astype("datetime64[D]"), children, found.to_frame(), *counts, {})


def _count(profile: Mapping[str, Any], part: str, rule: Rule) -> int:
    """Children of whom a profile says so."""
    counts = profile.get(part, {})
    return int(sum(counts.get(rule.id, counts.get(rule.code, [0]))))


def _concern_texts(folder: Path) -> pd.Series[str]:
    names = ["concerns", "entitlements"]
    try:
        rows = pd.read_csv(
            folder / "ranking.csv",
            encoding="utf-8-sig",
            usecols=names,
            dtype=str,
            keep_default_na=False,
        )
    except (OSError, ValueError):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None
    return rows["concerns"] + ";" + rows["entitlements"]


def _listed(lists: Sequence[RuleList]) -> pd.DataFrame:
    """Every child of every list: an outcome of a child that no list knew says nothing of rules."""
    return pd.concat(
        [pd.DataFrame({"child_id": one.children, "day": one.day}) for one in lists]
    ).drop_duplicates()


def _newest_before(on: Dates, days: Sequence[np.datetime64], *, same_day: bool) -> Dates:
    """The newest list before each date (or of that day), NaT where there is none; days are sorted."""
    lists: Dates = np.array(days, dtype="datetime64[D]")
    is_before = lists <= on[:, None] if same_day else lists < on[:, None]  # NaT is after none
    found: Dates = np.append(lists, np.datetime64("NaT", "D"))[is_before.sum(axis=1) - 1]
    return found


def _judged(outcomes: pd.DataFrame, days: Sequence[np.datetime64]) -> pd.DataFrame:
    """The first judged outcome of each child after each list: child_id, day, confirmed."""
    told = outcomes[outcomes["result"].isin(["confirmed", "not_confirmed"])]
    on = told["outcome_date"].to_numpy(dtype="datetime64[D]")
    day = _newest_before(on, days, same_day=False)
    inside = ~np.isnat(day) & (on - day <= np.timedelta64(HORIZON_DAYS, "D"))
    rows: pd.DataFrame = pd.DataFrame(
        {
            "child_id": told["child_id"].to_numpy(dtype=object),
            "day": day,
            "on": on,
            "confirmed": (told["result"] == "confirmed").to_numpy(dtype=bool),
        }
    )[inside]
    first = rows.sort_values(["on", "child_id", "confirmed"]).drop_duplicates(["child_id", "day"])
    return pd.DataFrame(first[["child_id", "day", "confirmed"]])


def _decided(decisions: pd.DataFrame, days: Sequence[np.datetime64]) -> pd.DataFrame:
    """Decisions with the list they were taken on; those before the first list are left out."""
    wanted = ("child_id", "decision", "rule", "concept", "visit_id", "tier", "reason_code")
    on = decisions["decided_at"].to_numpy(dtype="datetime64[D]")
    day = _newest_before(on, days, same_day=True)
    texts = {
        name: decisions[name].to_numpy(dtype=object)
        if name in decisions
        else np.full(len(decisions), None)
        for name in wanted
    }
    rows = pd.DataFrame({**texts, "on": on, "day": day})
    return pd.DataFrame(rows[~np.isnat(day)])


_Counts = Mapping[str, Mapping[Any, int]]  # children by rule, by what became of it


def _counts(
    rules: RulePack, opened: pd.DataFrame, judged: pd.DataFrame, decided: pd.DataFrame
) -> _Counts:
    tier = {rule.id: TIERS.index(rule.tier) for rule in rules.rules if rule.tier}
    found = opened.merge(judged, on=["child_id", "day"])
    acts = decided.drop(columns="rule").merge(opened, on=["child_id", "day"])
    places = {name: place for place, name in enumerate(TIERS)}
    own, other = (acts[key].map(of).astype(float) for key, of in (("rule", tier), ("tier", places)))
    closes = decided[decided["decision"] == "close"]
    of_rule = closes.merge(opened, on=["child_id", "day", "rule"])
    parts = {
        "fired": opened,
        "closed": of_rule,
        "misread": pd.concat([of_rule[of_rule["reason_code"] == "misread"], _misread(rules, acts)]),
        "lowered": acts[(acts["decision"] == "lower") & (other > own)],
        "raised": acts[(acts["decision"] == "override") & (other < own)],
    }
    counts = {
        name: rows.drop_duplicates(["child_id", "rule"])["rule"].value_counts().to_dict()
        for name, rows in parts.items()
    }
    counts["judged"] = found["rule"].value_counts().to_dict()
    counts["confirmed"] = found.loc[found["confirmed"], "rule"].value_counts().to_dict()
    return counts


def _misread(rules: RulePack, acts: pd.DataFrame) -> pd.DataFrame:
    """Closings of a concept as misread, for the rules that read it and were open for the child."""
    reads = {(rule.id, name) for rule in rules.rules for name in rule.condition.concepts}
    by_note = acts[_is_misread(acts)]
    pairs = zip(by_note["rule"], by_note["concept"], strict=True)
    return by_note[np.array([pair in reads for pair in pairs], dtype=bool)]


def _is_misread(rows: pd.DataFrame) -> pd.Series[bool]:
    of_note = (rows["decision"] == "close") & rows["concept"].notna()
    return of_note & (rows["visit_id"].notna() | (rows["reason_code"] == "misread"))


def _row(newest: RuleList, rule: Rule, counts: _Counts) -> dict[str, Any]:
    """One rule's row."""
    children = len(newest.children)
    is_listed = rule.lane != "advice"
    opened = int(newest.open_count.get(rule.id, 0))
    share = wilson(opened, children)
    n = {name: float(part.get(rule.id, 0)) for name, part in counts.items()}
    confirmed, closed = wilson(n["confirmed"], n["judged"]), wilson(n["closed"], n["fired"])
    row = {
        "rule": rule.id,
        "lane": rule.lane,
        "tier": rule.tier or "",
        "children": children,
        "open": opened,
        "unknown": int(newest.unknown_count.get(rule.id, 0)),
        **_named("share", share),
        "verdict": _verdict(n["fired"] if is_listed else opened, share),
    }
    of_lists = {
        **{name: n[name] for name in ("fired", "judged", "confirmed")},
        **_named("confirmed_share", confirmed),
        **{name: n[name] for name in ("closed", "misread", "lowered", "raised")},
        **_named("closed_share", closed),
    }
    return row | {name: value if is_listed else float("nan") for name, value in of_lists.items()}


def _named(name: str, share: tuple[float, float, float]) -> dict[str, float]:
    """A share and its interval as columns; `share` itself has the short names low and high."""
    stem = "" if name == "share" else f"{name.removesuffix('_share')}_"
    return dict(zip((name, f"{stem}low", f"{stem}high"), share, strict=True))


def _verdict(fired: float, share: tuple[float, float, float]) -> str:
    """never, everyone, or "" of a rule; not_enough where a share is open to both."""
    if np.isnan(share[0]):
        return "not_enough"
    if not fired:
        return "never"
    if share[1] > EVERYONE:
        return "everyone"
    return "not_enough" if share[2] > EVERYONE else ""


def _over_time(lists: Sequence[RuleList], rules: RulePack) -> pd.DataFrame:
    rows = [
        (str(one.day), len(one.children), rule.id, int(one.open_count.get(rule.id, 0)))
        for one in lists
        for rule in rules.rules
    ]
    return pd.DataFrame(rows, columns=["as_of", "children", "rule", "open"])


def _concepts(newest: RuleList, decided: pd.DataFrame) -> pd.DataFrame:
    """Mentions of the newest list's 13 weeks, and of those weeks' closings the ones as misread."""
    since = newest.day - np.timedelta64(_PROFILE_DAYS, "D")
    misread = decided[_is_misread(decided) & (decided["on"] > since)]
    wrong = misread.drop_duplicates(["concept", "child_id", "visit_id"])["concept"].value_counts()
    return pd.DataFrame(list(_concept_rows(newest.mentions, wrong.to_dict())))


def _concept_rows(
    mentions: Mapping[str, Mapping[str, Sequence[int]]], wrong: Mapping[Any, int]
) -> Iterator[dict[str, Any]]:
    for concept in sorted(mentions):
        counts = {status: sum(weeks) for status, weeks in mentions[concept].items()}
        raised = sum(counts.get(status, 0) for status in RAISED)
        closed = min(int(wrong.get(concept, 0)), raised)
        share = wilson(closed, raised)
        yield {
            "concept": concept,
            "raised": raised,
            "negated": counts.get("negated", 0),
            "misread": int(wrong.get(concept, 0)),
            **dict(zip(("misread_share", "low", "high"), share, strict=True)),
        }
