"""What a reader of an evaluation must know, as sentences in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from carescreen.evaluation.judged import LEAST_EVENTS

Language = Literal["en", "zh"]

TEXTS: Mapping[str, tuple[str, str]] = {
    "judged_only": (
        "{judged:,} of {children:,} child-windows have a judged outcome, and the figures rest on those: "
        "visits drawn at random speak for all children who were not sure to be visited",
        "{children:,}个儿童×时段中，有{judged:,}个有核实结果，各项数字以此为据："
        "随机抽取的走访代表所有未必会走访到的孩子",
    ),
    "no_chance": (
        "{bare:,} of {judged:,} judged child-windows have no recorded chance of having been chosen and "
        "count once; visits that a list chose misstate how well it does",
        "{judged:,}个有核实结果的儿童×时段中，有{bare:,}个没有记录被选中的概率，按1个计；"
        "由名单选出的走访会错估名单的效果",
    ),
    "windows_left_out": (
        "windows without any judged outcome, left out: {count}",
        "没有任何核实结果的时段未计入：{count}个",
    ),
    "too_few_events": (
        "not enough evidence: {events} confirmed outcomes, at least {least} are needed",
        "证据不足：已核实属实的有{events}例，至少需要{least}例",
    ),
    "beyond_the_data": (
        "the last outcome is of {last}: a window that ends later may lack outcomes that are still "
        "to be entered",
        "最后一条结果的日期是{last}：在此之后才结束的时段，可能还有结果未录入",
    ),
    "no_probability": (
        "the model gives scores, not probabilities, so calibration and net benefit are not measured",
        "模型给出的是分数而不是概率，因此没有测量校准程度和净收益",
    ),
    "one_class": (
        "every judged outcome says the same ({result}): nothing can be told of the order",
        "所有核实结果都相同（{result}）：无法判断排序的好坏",
    ),
    "refitted": (
        "the model was fitted anew at {fitted} of {windows} as-of dates, on what was known by then; at "
        "the others too little was known, and the published weights stood",
        "{windows}个截止日中，有{fitted}个用当时已知的资料重新训练了模型；其余的资料太少，"
        "沿用公开文献的权重",
    ),
    "folds": (
        "each child was scored by a model that saw no outcome from its own {place}",
        "每个孩子的分数都来自没有用过其所在{place}任何结果的模型",
    ),
    "previous_is_own": (
        "previous_list is the order of {days} days earlier: no earlier list was given",
        "previous_list（上一份名单）是{days}天前的排序：没有提供以前的名单",
    ),
    "previous_missing": (
        "{count} windows have no earlier list before them; there previous_list puts nobody first",
        "有{count}个时段之前没有名单；在这些时段previous_list不分先后",
    ),
    "same_reference": (
        "the reference model is the model itself, so it is not shown apart",
        "参照模型就是当前模型，不另列",
    ),
    "no_groups": (
        "no group is declared (--groups, --groups-file): the list may fail some children and nobody "
        "would see it",
        "没有指定分组（--groups、--groups-file）：名单若对某些孩子不起作用，也无从看出",
    ),
    "no_random_share": (
        "no visit of the windows was drawn at random with a recorded chance, so what the list misses "
        "cannot be estimated: set random_share, and record selected_by and selection_probability",
        "各时段内没有一次走访是按记录的概率随机抽取的，因此无法估计名单漏掉了多少："
        "请设置random_share，并记录selected_by与selection_probability",
    ),
    "in_sample": (
        "IN-SAMPLE: the model '{model}' learned from outcomes up to {last}, and the windows begin on "
        "{first}. Unless it learned elsewhere it is judged on what it learned from: its order and its "
        "probabilities look better than they are. Use --refit, or windows after {last}",
        "样本内评估：模型“{model}”学习了截至{last}的结果，而时段从{first}开始。除非它是在别处学的，"
        "否则就是用学过的结果来考核它，排序和概率都会显得比实际好。请使用--refit，或选用{last}之后的时段",
    ),
    "undated": (
        "no row has an entry date (recorded_at) in: {tables}. What was put in or changed later cannot be "
        "told from what was there, and no leak test can see it",
        "以下表格没有录入时间（recorded_at）：{tables}。之后补录或改动的内容无法与当时已有的区分，"
        "泄漏检查也看不出来",
    ),
    "one_list": (
        "neither caseworkers nor villages are recorded, so all children stand on one list",
        "没有记录走访员和村，所有孩子排在同一份名单上",
    ),
    "in_groups_file": (
        "{found:,} of {children:,} children are in the table of groups",
        "分组表中有{children:,}个孩子中的{found:,}个",
    ),
    "leak_free": (
        "leak test at {day}: changing and adding what was dated or recorded later changed nothing",
        "泄漏检查（{day}）：修改和添加日期或录入时间在此之后的内容，没有改变任何结果",
    ),
    "leak": (
        "LEAK at {day}: what was recorded later changes {columns}; no figure of this evaluation can "
        "be trusted",
        "{day}存在泄漏：之后才记录的内容改变了{columns}；本次评估的任何数字都不可信",
    ),
    "synthetic": (
        "these children are invented: no figure says anything about real ones",
        "这些孩子是合成的：任何数字都不能说明真实的孩子",
    ),
}
_PLACES = {"county": {"zh": "县"}, "village": {"zh": "村"}}
_RESULTS = {"confirmed": {"zh": "属实"}, "not_confirmed": {"zh": "不属实"}}


@dataclass(frozen=True)
class Notice:
    """One thing to know: its name in TEXTS, and the numbers in it."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)

    def sentence(self, language: Language = "en") -> str:
        """The notice as a sentence, without a full stop."""
        words = {**_PLACES, **_RESULTS}
        values = {
            key: words.get(str(value), {}).get(language, value)
            for key, value in self.values.items()
        }
        return TEXTS[self.name][language == "zh"].format(**values)

    def __str__(self) -> str:
        return self.sentence()


def too_few(events: int) -> Notice:
    """That there are fewer events than any figure needs."""
    return Notice("too_few_events", {"events": events, "least": LEAST_EVENTS})
