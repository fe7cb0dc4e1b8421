"""The evidence model: weights from published effect sizes, made without a single local outcome.

    python -m carescreen.evidence models/evidence
    python -m carescreen.evidence mine --source models/evidence/evidence.yaml --on low_income="..."

Reads evidence.yaml, converts each published effect to log-odds again, checks it against the figure
written there, scales each block down to its cap and writes the model folder. The same source gives
the same bytes. What it yields is a score; only local outcomes make a probability.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carescreen.errors import ModelError, UsageError, did_you_mean
from carescreen.modelfile import Manifest, SavedModel, write_model
from carescreen.steps import MICRO, AdditiveTables, StepTable
from carescreen.yamlfile import YamlFile, read_yaml

FORMAT = "carescreen-evidence/1"
SOURCE = "evidence.yaml"
PROTECTED = frozenset({"sex", "gender", "ethnicity", "religion"})  # law 9: never a weight
TOLERANCE = 0.0005 + 1e-9  # effects are written to three decimals
DEPARTURE = 0.1  # log-odds between a weight and shrink * mean that the card points out

Conversion = Literal[
    "odds_ratio",
    "risk_ratio",
    "risk_ratio_rare",
    "hazard_ratio",
    "rate_ratio",
    "mean_difference",
    "correlation",
]


def log_odds(conversion: Conversion, effect: float, baseline: float | None = None) -> float:
    """Log-odds of a published effect; `baseline` is the risk of the unexposed (risk_ratio only).

    Sources of the formulas stand in evidence.yaml under `conversions`.

    >>> round(log_odds("odds_ratio", 2.0), 3)
    0.693
    >>> round(math.exp(log_odds("correlation", 0.289)), 2)  # Assink 2018 reports r .289, OR 2.990
    2.99
    >>> round(log_odds("risk_ratio", 2.0, baseline=0.1), 3)
    0.811
    """
    if conversion == "mean_difference":
        return effect * math.pi / math.sqrt(3)
    if conversion == "correlation":
        if not -1 < effect < 1:
            raise ModelError(f"a correlation lies between -1 and 1; {effect} came")
        return log_odds("mean_difference", 2 * effect / math.sqrt(1 - effect**2))
    if effect <= 0:
        raise ModelError(f"a ratio is above 0; {effect} came")
    if conversion == "risk_ratio":
        return math.log(effect * (1 - _baseline(baseline, effect)) / (1 - effect * (baseline or 0)))
    return math.log(effect)


def _baseline(baseline: float | None, ratio: float) -> float:
    if baseline is None or not 0 < baseline < 1 or ratio * baseline >= 1:
        raise ModelError(
            "a risk ratio needs the risk of the unexposed (baseline), small enough that the risk "
            "of the exposed stays under 1; without it use risk_ratio_rare"
        )
    return baseline


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Effect(_Source):
    """One published effect size."""

    id: str
    type: str
    effect: float
    interval: tuple[float, float] | None = None
    conversion: Conversion
    baseline: float | None = None
    log_odds: float
    exposure: str
    outcome: str
    adjusted: str
    population: str
    people: int | None = None
    citation: str
    url: str
    verified: bool


class Factor(_Source):
    """One factor: what it weighs, why, and on which effects that rests."""

    id: str
    title: dict[str, str]
    status: Literal["use", "off_by_default"]
    block: str
    weight: float = Field(ge=0, le=2)
    chosen: float
    spread: float = Field(gt=0)
    sensitive: bool
    indicators: list[str] = Field(min_length=1)
    why: str
    effects: list[str] = Field(min_length=1)
    counted_against: list[str] = []


class Formula(_Source):
    """A conversion's formula and where it comes from."""

    formula: str
    source: str


class Evidence(_Source):
    """evidence.yaml."""

    format: Literal["carescreen-evidence/1"]
    title: dict[str, str]
    reading: list[str]
    shrink: float = Field(gt=0, le=1)
    shrink_source: str
    caps: dict[str, float]
    conversions: dict[Conversion, Formula]
    factors: list[Factor] = Field(min_length=1)
    effects: list[Effect]


@dataclass(frozen=True)
class Weighed:
    """A factor's way from its effects to its weight; log-odds, `micro` in millionths.

    mean: of the effects, each counted once, those against the factor with a minus sign.
    departure: weight - shrink * mean, the part that is judgement. scale: share left by the cap.
    """

    factor: Factor
    mean: float
    departure: float
    scale: float
    micro: int


def read_evidence(path: str | Path) -> tuple[Evidence, str]:
    """Read and check evidence.yaml; returns it and the SHA-256 of its bytes."""
    file = read_yaml(Path(path))
    try:
        evidence = Evidence.model_validate(file.data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _error(file, f"{place}: {first['msg']}", *first["loc"]) from None
    _check_effects(evidence, file)
    _check_factors(evidence, file)
    return evidence, hashlib.sha256(file.path.read_bytes()).hexdigest()


def _error(file: YamlFile, message: str, *key: str | int) -> ModelError:
    return ModelError(str(file.error(message, *key)))


def _check_effects(evidence: Evidence, file: YamlFile) -> None:
    seen: set[str] = set()
    for index, effect in enumerate(evidence.effects):
        if effect.id in seen:
            raise _error(file, f"effect '{effect.id}' occurs twice", "effects", index)
        seen.add(effect.id)
        again = log_odds(effect.conversion, effect.effect, effect.baseline)
        if abs(again - effect.log_odds) > TOLERANCE:
            raise _error(
                file,
                f"effect '{effect.id}': {effect.conversion} of {effect.effect} is {again:.3f} "
                f"log-odds, written is {effect.log_odds}; correct one of the two",
                "effects",
                index,
                "log_odds",
            )


def _check_factors(evidence: Evidence, file: YamlFile) -> None:
    known = {effect.id for effect in evidence.effects}
    seen: set[str] = set()
    for index, factor in enumerate(evidence.factors):
        if factor.id in seen:
            raise _error(file, f"factor '{factor.id}' occurs twice", "factors", index)
        seen.add(factor.id)
        if PROTECTED & set(factor.id.split("_")) or PROTECTED & set(factor.indicators):
            raise _error(
                file,
                f"factor '{factor.id}' is a protected attribute; those serve audits only",
                "factors",
                index,
            )
        for effect in (*factor.effects, *factor.counted_against):
            if effect not in known:
                hint = did_you_mean(effect, known)
                raise _error(
                    file,
                    f"factor '{factor.id}' names effect '{effect}', which is not listed{hint}",
                    "factors",
                    index,
                    "effects",
                )


def weigh(evidence: Evidence, switched_on: Mapping[str, str] | None = None) -> list[Weighed]:
    """Each factor's weight: its own if it is on, scaled down where its block passes the cap."""
    switched_on = switched_on or {}
    _check_switches(evidence, switched_on)
    on = [f for f in evidence.factors if f.status == "use" or f.id in switched_on]
    sums: dict[str, int] = {}
    for factor in on:
        sums[factor.block] = sums.get(factor.block, 0) + round(factor.weight * MICRO)
    return [
        _weighed(evidence, factor, sums if factor in on else None) for factor in evidence.factors
    ]


def _check_switches(evidence: Evidence, switched_on: Mapping[str, str]) -> None:
    names = {factor.id for factor in evidence.factors}
    for name, reason in switched_on.items():
        if name not in names:
            raise ModelError(f"no factor '{name}' in the evidence{did_you_mean(name, names)}")
        if not reason.strip():
            raise ModelError(
                f"factor '{name}' is off by default; turning it on needs a reason, which is "
                f"recorded in the model's manifest and card"
            )


def _weighed(evidence: Evidence, factor: Factor, sums: Mapping[str, int] | None) -> Weighed:
    values = {effect.id: effect.log_odds for effect in evidence.effects}
    signed = [values[i] * (-1 if i in factor.counted_against else 1) for i in factor.effects]
    mean = sum(signed) / len(signed)
    own = round(factor.weight * MICRO)
    departure = factor.weight - evidence.shrink * mean
    if sums is None:
        return Weighed(factor, mean, departure, 0.0, 0)
    cap = evidence.caps.get(factor.block)
    total = sums[factor.block]
    limit = total if cap is None else min(total, round(cap * MICRO))
    return Weighed(factor, mean, departure, limit / total, own * limit // total)


def build(source: str | Path, switched_on: Mapping[str, str] | None = None) -> SavedModel:
    """The evidence model of a source file; `switched_on` maps off-by-default factors to reasons."""
    evidence, digest = read_evidence(source)
    weighed = weigh(evidence, switched_on)
    tables = AdditiveTables(intercept=0, features=tuple(_table(entry) for entry in weighed))
    manifest = Manifest(
        name="evidence",
        made_by="evidence",
        source_sha256=digest,
        switched_on=dict(switched_on or {}),
        software={"format": FORMAT},
    )
    return SavedModel(tables, manifest, None, evidence_card(evidence, weighed, switched_on or {}))


def _table(entry: Weighed) -> StepTable:
    return StepTable(
        name=entry.factor.id,
        type="number",
        edges=(0.5,),
        weights=(0, entry.micro),
        missing=0,
        monotone=1,
        title=entry.factor.title,
        sensitive=entry.factor.sensitive,
        spread=round(entry.factor.spread * MICRO),
        sources=tuple(entry.factor.effects),
    )


def evidence_card(
    evidence: Evidence, weighed: Sequence[Weighed], switched_on: Mapping[str, str]
) -> str:
    """CARD.md: what the model is and is not, every weight, and how it came about."""
    verified = sum(effect.verified for effect in evidence.effects)
    return "\n".join(
        [
            *_CARD_HEAD,
            f"It rests on {len(evidence.effects)} published effects. The figure of {verified} of "
            f"them was read in a stored page of the publication, mostly its abstract; authors, "
            f"volumes and pages may be recalled. Generated from `{SOURCE}`; do not edit.",
            "",
            "## Weights",
            "",
            "log-odds; a factor that is not known contributes 0. `mean` is the mean of the "
            f"effects, `halved` is {evidence.shrink:g} x mean, `chosen` the value chosen before "
            "shrinking, `weight` what the source states, `in model` what is left after the "
            "block's cap.",
            "",
            "| factor | block | status | mean | halved | chosen | weight | in model | spread |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(_weight_row(evidence, entry, switched_on) for entry in weighed),
            "",
            *_cap_lines(evidence, weighed),
            "",
            "## Where judgement departs from arithmetic",
            "",
            f"{evidence.shrink_source}",
            "",
            *_departure_lines(evidence, weighed),
            "",
            *_switch_lines(switched_on),
            "## Effects",
            "",
            *_effect_lines(evidence),
            "",
            "## Conversions",
            "",
            *(f"- {name}: `{c.formula}` ({c.source})" for name, c in evidence.conversions.items()),
            "",
        ]
    )


_CARD_HEAD = (
    "# Evidence model",
    "",
    "Orders children by what published studies say goes with maltreatment and neglect, before a "
    "programme has outcomes of its own. 在项目尚无本地结果数据之前，依据已发表研究给出排序分数。",
    "",
    "## What it is not",
    "",
    "- No probability: it gives a score, and `predict_proba` refuses until local outcomes exist. "
    "分数不是概率。",
    "- Not validated: no child's outcome was used to make it; nobody has tried it in the field.",
    "- Not about one family: it carries averages of other populations, most of them in "
    "high-income countries, into rural China.",
    "- No substitute for the rules: they stand above it, and it never lowers a tier.",
    "",
    "## Known limits",
    "",
    "- Effects were measured one at a time and overlap; halving and caps answer that roughly.",
    "- Among 94 nationally representative studies of low- and middle-income countries no factor "
    "was significant for physical violence (Cerna-Turoff et al., Trauma Violence Abuse "
    "2021;22:219-232).",
    "- Instruments of this kind reach an AUC near .68 (van der Put et al., Child Abuse Negl "
    "2017;73:71-88).",
    "- Sex, ethnicity and religion have no weight. Illness, disability, imprisonment, poverty and "
    "single parenthood weigh 0 unless a programme turns one on and records why.",
    "",
)


def _weight_row(evidence: Evidence, entry: Weighed, switched_on: Mapping[str, str]) -> str:
    factor = entry.factor
    status = "switched on" if factor.id in switched_on else factor.status.replace("_", " ")
    return (
        f"| {factor.title['en']} / {factor.title['zh']} (`{factor.id}`) | {factor.block} "
        f"| {status} | {entry.mean:.3f} | {evidence.shrink * entry.mean:.3f} | {factor.chosen:g} "
        f"| {factor.weight:g} | {entry.micro / MICRO:g} | {factor.spread:g} |"
    )


def _cap_lines(evidence: Evidence, weighed: Sequence[Weighed]) -> list[str]:
    scaled = {entry.factor.block: entry.scale for entry in weighed if 0 < entry.scale < 1}
    return [
        f"- Block `{block}`: its weights add up to more than {evidence.caps[block]:g} and are "
        f"multiplied by {scale:.4g}."
        for block, scale in scaled.items()
    ] or ["- No block passes its cap."]


def _departure_lines(evidence: Evidence, weighed: Sequence[Weighed]) -> list[str]:
    return [
        f"- `{entry.factor.id}`: {entry.factor.weight:g} instead of "
        f"{evidence.shrink * entry.mean:.3f} ({entry.departure:+.3f}). {entry.factor.why}"
        for entry in weighed
        if abs(entry.departure) > DEPARTURE
    ]


def _switch_lines(switched_on: Mapping[str, str]) -> list[str]:
    if not switched_on:
        return []
    lines = [f"- `{name}`: {reason}" for name, reason in switched_on.items()]
    return ["## Switched on by the programme", "", *lines, ""]


def _effect_lines(evidence: Evidence) -> list[str]:
    return [
        f"- `{effect.id}`: {effect.type} {effect.effect:g}{_interval(effect)} -> "
        f"{effect.log_odds:g} log-odds ({effect.conversion}); {effect.exposure} -> "
        f"{effect.outcome}; {effect.population}; adjusted: {effect.adjusted}. {effect.citation} "
        f"<{effect.url}>{'' if effect.verified else ' (figure recalled, not read)'}"
        for effect in evidence.effects
    ]


def _interval(effect: Effect) -> str:
    return "" if effect.interval is None else f" ({effect.interval[0]:g} to {effect.interval[1]:g})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m carescreen.evidence", description=__doc__)
    parser.add_argument("folder", type=Path, help="the model folder to write")
    parser.add_argument("--source", type=Path, help=f"evidence file (default: FOLDER/{SOURCE})")
    parser.add_argument("--on", action="append", default=[], metavar="FACTOR=REASON")
    options = parser.parse_args(arguments)
    source = options.source or options.folder / SOURCE
    write_model(options.folder, build(source, dict(_switch(text) for text in options.on)))
    if source.resolve() != (options.folder / SOURCE).resolve():
        shutil.copyfile(source, options.folder / SOURCE)


def _switch(text: str) -> tuple[str, str]:
    factor, equals, reason = text.partition("=")
    if not equals:
        raise UsageError(f"--on wants FACTOR=REASON, '{text}' came")
    return factor.strip(), reason.strip()


if __name__ == "__main__":
    main()
