"""CARD.md of the evidence model: what it is and is not, every weight, and how it came about.

A supervisor reads its main statements in either language; the effects and their conversions, for
whoever checks the arithmetic, stand in the language of their publications.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from carescreen.evidence_source import Effect, Evidence, Weighed
from carescreen.steps import MICRO

DEPARTURE = 0.1  # log-odds between a weight and shrink * mean that the card points out


def evidence_card(
    evidence: Evidence, weighed: Sequence[Weighed], switched_on: Mapping[str, str]
) -> str:
    """The card's text."""
    parts = (
        _HEAD,
        _weights(evidence, weighed, switched_on),
        _off(weighed, switched_on),
        _switches(switched_on),
        _reasons(weighed),
        _left_out(evidence),
        _LIMITS,
        _arithmetic(evidence, weighed, switched_on),
        _effects(evidence),
        _conversions(evidence),
    )
    return "\n".join(line for part in parts for line in part)


_HEAD = (
    "# Evidence model · 证据模型",
    "",
    "Orders children by what published studies say goes with maltreatment and neglect, before a "
    "programme has outcomes of its own.",
    "",
    "在项目还没有自己的结果数据之前，依据已发表研究中与虐待、忽视相关的因素给出排序分数。",
    "",
    "## What it is not · 它不是什么",
    "",
    "- No probability: it gives a score, and `predict_proba` refuses until local outcomes exist.  ",
    "  分数不是概率，不能说成“有百分之几的可能”。有了本地结果数据以后才能算概率。",
    "- Not validated: no child's outcome was used to make it; nobody has tried it in the field.  ",
    "  没有经过验证：制作时没有用任何儿童的结果数据，也没有在实地试用过。",
    "- Not about one family: it carries averages of other populations, most of them in "
    "high-income countries, into rural China.  ",
    "  它说的不是某一个家庭：它把其他人群（多为高收入国家）的平均情况搬到中国农村。",
    "- No proof: a high score is no finding that harm was done, and a low one no sign that a "
    "child is safe.  ",
    "  不是证据：分数高不等于发生了伤害，分数低也不等于孩子安全。",
    "- No substitute for the rules: they stand above it, and it never lowers a tier. A person "
    "decides.  ",
    "  不能代替规则：规则在它之上，它从不降低等级。最后由人决定。",
    "",
    "## How to read a score · 分数怎么看",
    "",
    "The score is the sum of the weights of what is known to be so. What is not known adds 0: it "
    "counts neither as safe nor against the family. It only orders children of one tier.",
    "",
    "分数等于已知存在的各项因素的权重之和。不知道的加0分：既不当作安全，也不算作问题。"
    "分数只用来排列同一等级内的儿童。",
    "",
    "Sex, ethnicity and religion have no weight. Illness, disability, imprisonment, poverty and "
    "single parenthood weigh 0 unless a programme turns one on and records why.",
    "",
    "性别、民族、宗教没有权重。疾病、残疾、服刑、贫困和单亲默认为0分，除非项目启用并写明理由。",
    "",
)


def _weights(
    evidence: Evidence, weighed: Sequence[Weighed], switched_on: Mapping[str, str]
) -> list[str]:
    used = [entry for entry in weighed if entry.micro]
    return [
        "## What weighs · 计分的因素",
        "",
        "| factor · 因素 | weight · 权重 | odds multiplied by · 几率乘以 |",
        "| --- | --- | --- |",
        *(
            f"| {_title(entry)}{_mark(entry, switched_on)} | {entry.micro / MICRO:g} "
            f"| {math.exp(entry.micro / MICRO):.2f} |"
            for entry in used
        ),
        "",
        *_caps(evidence, weighed),
        "",
    ]


def _title(entry: Weighed) -> str:
    title = entry.factor.title
    return f"{title.en} · {title.zh} (`{entry.factor.id}`)"


def _mark(entry: Weighed, switched_on: Mapping[str, str]) -> str:
    return ", switched on · 已启用" if entry.factor.id in switched_on else ""


def _caps(evidence: Evidence, weighed: Sequence[Weighed]) -> list[str]:
    scaled = {entry.factor.block: entry.scale for entry in weighed if 0 < entry.scale < 1}
    return [
        f"- Block `{block}`: its weights add up to more than {evidence.caps[block]:g} and are "
        f"multiplied by {scale:.4g}. `{block}`组的权重合计超过{evidence.caps[block]:g}，"
        f"各乘以{scale:.4g}。"
        for block, scale in scaled.items()
    ] or ["- No block passes its cap. 没有一组超过上限。"]


def _off(weighed: Sequence[Weighed], switched_on: Mapping[str, str]) -> list[str]:
    off = [
        entry
        for entry in weighed
        if entry.factor.status == "off_by_default" and entry.factor.id not in switched_on
    ]
    return [
        "## Off by default · 默认不计分的因素",
        "",
        *(f"- {_title(entry)}" for entry in off),
        "",
        'A programme turns one on with `--on FACTOR="why"`; the reason then stands here and in the '
        'manifest. 项目可用 `--on 因素="理由"` 启用；理由会写在这里和 manifest.json 中。',
        "",
    ]


def _switches(switched_on: Mapping[str, str]) -> list[str]:
    if not switched_on:
        return []
    lines = [f"- `{name}`: {reason}" for name, reason in switched_on.items()]
    return ["## Switched on by the programme · 项目启用的因素", "", *lines, ""]


def _reasons(weighed: Sequence[Weighed]) -> list[str]:
    lines = ["## Why · 理由", ""]
    for entry in weighed:
        why = entry.factor.why
        lines += [f"- **{_title(entry)}** {why.en}  ", f"  {why.zh}{_aside(entry)}"]
    return [*lines, ""]


def _aside(entry: Weighed) -> str:
    aside = entry.factor.set_aside
    if not aside:
        return ""
    listed = "; ".join(f"`{name}` ({outcome})" for name, outcome in aside.items())
    return f"  \n  Not counted, being on something else · 结局不是虐待或忽视，不计: {listed}."


def _left_out(evidence: Evidence) -> list[str]:
    if not evidence.left_out:
        return []
    return [
        "## Left out · 未采用的因素",
        "",
        "| factor · 因素 | why · 理由 |",
        "| --- | --- |",
        *(
            f"| {out.title.en} · {out.title.zh} (`{out.id}`) | {out.why.en} {out.why.zh} |"
            for out in evidence.left_out
        ),
        "",
    ]


_LIMITS = (
    "## Known limits · 已知局限",
    "",
    "- Effects were measured one at a time and overlap; smaller weights and caps answer that "
    "roughly.  ",
    "  各项效应是分别测得的，彼此重叠；减小权重和设上限只能大致弥补。",
    "- Among 94 nationally representative studies of low- and middle-income countries no factor "
    "was significant for physical violence (Cerna-Turoff et al., Trauma Violence Abuse "
    "2021;22:219-232).  ",
    "  在94项中低收入国家的全国代表性研究中，没有一个因素与躯体暴力显著相关。",
    "- Instruments of this kind reach an AUC near .68 (van der Put et al., Child Abuse Negl "
    "2017;73:71-88); it has not been measured for this one.  ",
    "  这类工具的AUC（区分能力）在0.68左右；本模型尚未测过。",
    "",
)


def _arithmetic(
    evidence: Evidence, weighed: Sequence[Weighed], switched_on: Mapping[str, str]
) -> list[str]:
    return [
        "## Arithmetic · 计算",
        "",
        "All in log-odds. `mean`: of the effects, each counted once. `share`: "
        f"{evidence.shrink:g} x mean. `chosen`: the value chosen before shrinking. `weight`: what "
        f"the source states, already shrunk. `in model`: what the block's cap leaves of it. "
        f"`spread`: standard deviation by which a later fit expects the weight to be off. "
        f"{evidence.shrink_source}",
        "",
        "| factor | block | status | mean | share | chosen | weight | in model | spread |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_row(evidence, entry, switched_on) for entry in weighed),
        "",
        f"Where the weight is more than {DEPARTURE:g} off the share, it is a judgement; the reason "
        "stands under Why:",
        "",
        *_departures(evidence, weighed),
        "",
    ]


def _row(evidence: Evidence, entry: Weighed, switched_on: Mapping[str, str]) -> str:
    factor = entry.factor
    status = "switched on" if factor.id in switched_on else factor.status.replace("_", " ")
    return (
        f"| `{factor.id}` | {factor.block} | {status} | {entry.mean:.3f} "
        f"| {evidence.shrink * entry.mean:.3f} | {factor.chosen:g} | {factor.weight:g} "
        f"| {entry.micro / MICRO:g} | {factor.spread:g} |"
    )


def _departures(evidence: Evidence, weighed: Sequence[Weighed]) -> Iterable[str]:
    return (
        f"- `{entry.factor.id}`: {entry.factor.weight:g} instead of "
        f"{evidence.shrink * entry.mean:.3f} ({entry.departure:+.3f})."
        for entry in weighed
        if abs(entry.departure) > DEPARTURE
    )


def _effects(evidence: Evidence) -> list[str]:
    read = sum(effect.verified for effect in evidence.effects)
    return [
        "## Effects · 所依据的研究",
        "",
        f"{len(evidence.effects)} published effects on maltreatment or neglect, those of factors "
        f"off by default among them. {read} of these figures were read in a stored page of the "
        "publication, mostly its abstract; authors, volumes and pages may be recalled.",
        "",
        *(_effect(effect) for effect in evidence.effects),
        "",
    ]


def _effect(effect: Effect) -> str:
    note = "" if effect.note is None else f" Note: {effect.note}."
    return (
        f"- `{effect.id}`: {effect.type} {effect.effect:g}{_interval(effect)} -> "
        f"{effect.log_odds:g} log-odds ({effect.conversion}); {effect.exposure} -> "
        f"{effect.outcome}; {_population(effect)}; adjusted: {effect.adjusted}.{note} "
        f"{effect.citation} <{effect.url}>"
        f"{'' if effect.verified else ' (figure recalled, not read)'}"
    )


def _interval(effect: Effect) -> str:
    low_high = effect.interval
    return "" if low_high is None else f" (95% interval {low_high[0]:g} to {low_high[1]:g})"


def _population(effect: Effect) -> str:
    if effect.people is None:
        return effect.population
    return f"{effect.population}, n = {effect.people:,}"


def _conversions(evidence: Evidence) -> list[str]:
    used = {effect.conversion for effect in evidence.effects}
    return [
        "## Conversions · 换算",
        "",
        *(
            f"- {name}: `{formula.formula}` ({formula.source})"
            f"{'' if name in used else '; not used here'}"
            for name, formula in evidence.conversions.items()
        ),
        "",
        "Generated from `evidence.yaml` by `python -m carescreen.evidence`; do not edit. "
        "本页由程序生成，请勿手工修改。",
        "",
    ]
