"""A comparison, a spread and an overlap as sentences for a programme manager, English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Mapping

from carescreen.evaluation.places import Overlap, PlaceSpread
from carescreen.evaluation.verdicts import FAIR, NOT_ENOUGH, UNFAIR, Comparison, Language

SHARES: dict[str, dict[Language, str]] = {
    "missed_need": {
        "en": "of 100 children who needed a visit, {a} were not on the list; of the others, {b}",
        "zh": "每 100 个确实需要上门的孩子，有 {a} 个没排进名单；其他孩子是 {b} 个",
    },
    "selection_rate": {
        "en": "of 100 children, {a} were on the list; of the others, {b}",
        "zh": "每 100 个孩子，有 {a} 个排进名单；其他孩子是 {b} 个",
    },
    "observed_expected": {
        "en": "for 100 confirmed cases foretold, {a} came; among the others, {b}",
        "zh": "每预计 100 例，实际核实 {a} 例；其他孩子是 {b} 例",
    },
    "calibration_slope": {
        "en": "slope of the predictions {a} (in hundredths; 100 is right); among the others, {b}",
        "zh": "预测的校准斜率为 {a}（以百分之一计，100 为正好）；其他孩子是 {b}",
    },
    "mention_rate": {
        "en": "the reader found a mention in the notes of {a} of 100 children; of the others, {b}",
        "zh": "每 100 个孩子，有 {a} 个的走访记录里读出了情况；其他孩子是 {b} 个",
    },
    "question_rate": {
        "en": "of 100 children, {a} have an open question; of the others, {b}",
        "zh": "每 100 个孩子，有 {a} 个还有待问清的问题；其他孩子是 {b} 个",
    },
}

MEANINGS: dict[str, dict[Language, str]] = {
    "alike": {
        "en": "The difference is {d} points ({low} to {high}): within {m} points",
        "zh": "相差 {d} 个百分点（{low} 至 {high}），在 {m} 个百分点以内",
    },
    "apart": {
        "en": "The difference is {d} points ({low} to {high}): more than {m}, and more than chance "
        "explains after allowing for all comparisons",
        "zh": "相差 {d} 个百分点（{low} 至 {high}），超过 {m} 个百分点；"
        "把所有比较一并考虑之后，也不是偶然能解释的",
    },
    "unknown": {
        "en": "The difference is {d} points ({low} to {high}): this does not tell whether it is "
        "within {m} points",
        "zh": "相差 {d} 个百分点（{low} 至 {high}），还看不出是不是在 {m} 个百分点以内",
    },
    "few": {
        "en": "Too few to compare: {have} events in this group, {others} among the others",
        "zh": "数量太少，无法比较：这一组 {have} 例，其他孩子 {others} 例",
    },
}

VERDICTS: dict[str, dict[Language, str]] = {
    FAIR: {"en": "fair", "zh": "没有明显差别"},
    UNFAIR: {"en": "unfair", "zh": "有差别，不公平"},
    NOT_ENOUGH: {"en": "not enough evidence", "zh": "证据不足"},
}

FAMILIES: dict[str, dict[Language, str]] = {
    "primary": {"en": "declared beforehand", "zh": "事先定好的比较"},
    "exploratory": {
        "en": "exploratory: look into it before acting on it",
        "zh": "探索性比较，先查清再据此行动",
    },
}

CAUTIONS: dict[str, dict[Language, str]] = {
    "selection_rate": {
        "en": "A group in greater need should be on the list more often: read this with missed need",
        "zh": "需要更大的一组本来就该更多排进名单，请与漏掉的情况一起看",
    },
    "mention_rate": {
        "en": "Notes may say more about a group because more is wrong, or less because less is "
        "written: read some of them",
        "zh": "读出得多，可能是情况确实多；读出得少，可能只是写得少，请抽几份记录看看",
    },
}


def sentence(
    comparison: Comparison, language: Language = "en", names: Mapping[str, str] | None = None
) -> str:
    """What a comparison found, what its verdict means and how many more events would tell.

    names: words to show for attributes and groups; without one, the name in the table.
    """
    shown = dict(names or {})
    attribute = shown.get(comparison.attribute, comparison.attribute)
    group = shown.get(comparison.group, comparison.group)
    colon, stop = (": ", ". ") if language == "en" else ("：", "。")
    opening = f"{attribute} = {group} ({MEASURES_EN[comparison.measure]})"
    if language == "zh":
        opening = f"{attribute}={group}（{MEASURES_ZH[comparison.measure]}）"
    verdict = VERDICTS[comparison.verdict][language]
    family = FAMILIES[comparison.family][language]
    head = f"{opening}{colon}{verdict}" + (f" ({family})" if language == "en" else f"（{family}）")
    parts = [head, *_figures(comparison, language), *_more(comparison, language)]
    if comparison.verdict == UNFAIR and comparison.measure in CAUTIONS:
        parts.append(CAUTIONS[comparison.measure][language])
    return stop.join(_capital(part) for part in parts) + stop.strip()


MEASURES_EN: dict[str, str] = {
    "missed_need": "missed need",
    "selection_rate": "share on the list",
    "observed_expected": "confirmed over foretold",
    "calibration_slope": "slope of the predictions",
    "mention_rate": "mentions read in notes",
    "question_rate": "open questions",
}
MEASURES_ZH: dict[str, str] = {
    "missed_need": "漏掉的情况",
    "selection_rate": "排进名单的比例",
    "observed_expected": "实际与预计之比",
    "calibration_slope": "校准斜率",
    "mention_rate": "记录读出的情况",
    "question_rate": "待问清的问题",
}


def spread_sentence(spread: PlaceSpread, language: Language = "en") -> str:
    """How much villages or workers differ, and that none is called unfair on noise."""
    what = spread.attribute == "village_id"
    places = {"en": "villages" if what else "workers", "zh": "村" if what else "工作人员"}[language]
    if math.isnan(spread.spread):
        if language == "en":
            return f"Differences between {places}: not enough evidence ({spread.reason})."
        return f"各{places}之间的差别：证据不足（{spread.events} 例）。"
    s, low, high = (_points(x) for x in (spread.spread, spread.low, spread.high))
    outside = sum(place.verdict == UNFAIR for place in spread.places)
    verdict = VERDICTS[spread.verdict][language]
    if language == "en":
        return (
            f"Differences between {places} ({MEASURES_EN[spread.measure]}): {verdict}. Their true rates lie "
            f"around {_points(spread.rate)} of 100 with a standard deviation of {s} points "
            f"({low} to {high}); most of what the raw rates show may be chance. "
            f"{_capital(places)} that stand out beyond chance: {outside} of {len(spread.places)}."
        )
    return (
        f"各{places}之间的差别（{MEASURES_ZH[spread.measure]}）：{verdict}。"
        f"真实比例约为每 100 个 {_points(spread.rate)} 个，标准差 {s} 个百分点（{low} 至 {high}）；"
        f"直接算出的比例高低不一，多半可能只是偶然。"
        f"超出偶然的：{len(spread.places)} 个里有 {outside} 个。"
    )


def overlap_sentence(found: Overlap, language: Language = "en") -> str:
    """Whether worker and village can be told apart, with the shares that were counted."""
    if math.isnan(found.workers_with_one_village):
        return {
            "en": "No record names both worker and village, so neither can be told from the other.",
            "zh": "没有记录同时写明工作人员和村，两者的影响无法分开。",
        }[language]
    one = _points(found.workers_with_one_village)
    if language == "en":
        end = (
            "so a worker, her village and her style of writing cannot be told apart here"
            if found.is_inseparable
            else "so a worker and her village can be told apart only where workers share a village "
            "or serve several"
        )
        return f"{one} of 100 workers serve one village only, {end}."
    end = (
        "工作人员、村和写法的影响在这里无法分开"
        if found.is_inseparable
        else "只有几个人共管一村、或一人管几个村的地方，才分得开工作人员和村的影响"
    )
    return f"每 100 个工作人员有 {one} 个只管一个村，{end}。"


def _figures(comparison: Comparison, language: Language) -> list[str]:
    figures = {
        "m": _points(comparison.margin),
        "have": f"{comparison.events:.0f}",
        "others": f"{comparison.events_others:.0f}",
    }
    if math.isnan(comparison.difference):
        return [MEANINGS["few"][language].format(**figures)]
    figures |= {
        "a": _points(comparison.value),
        "b": _points(comparison.value_others),
        "d": _points(comparison.difference),
        "low": _points(comparison.low),
        "high": _points(comparison.high),
    }
    kind = {FAIR: "alike", UNFAIR: "apart", NOT_ENOUGH: "unknown"}[comparison.verdict]
    return [
        SHARES[comparison.measure][language].format(**figures),
        MEANINGS[kind][language].format(**figures),
    ]


def _more(comparison: Comparison, language: Language) -> list[str]:
    more = comparison.more_events
    is_told = not math.isnan(comparison.difference)
    if comparison.verdict != NOT_ENOUGH or math.isnan(more) or (more == 0.0 and not is_told):
        return []
    if more == 0.0:
        return [
            {
                "en": "The numbers would do if the groups were alike; the difference lies near the "
                "limit, so look again after the next window",
                "zh": "数量本身已够，只是差别正好在界限附近，请下一期再看",
            }[language]
        ]
    rates = comparison.measure in ("selection_rate", "mention_rate", "question_rate")
    if language == "en":
        unit = "records of children" if rates else "confirmed events"
        return [f"About {more:,.0f} more {unit} in this group would tell, if the groups are alike"]
    unit = "条孩子的记录" if rates else "例经核实的情况"
    return [f"如果两边其实没有差别，这一组大约再有 {more:,.0f} {unit}就能看出来"]


def _points(value: float) -> str:
    return f"{100.0 * value:.0f}".replace("-0", "0") if abs(value) < 0.005 else f"{100 * value:.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1].isascii() and "=" not in text else text
