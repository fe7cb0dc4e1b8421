"""Published effects and what is made of them: evidence.yaml, read, checked and weighed.

Each effect is converted to log-odds again and checked against the figure written beside it; each
block's weights are scaled down to its cap, once. The weights are written already shrunk.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carescreen.errors import ModelError, did_you_mean
from carescreen.protected import protected_word
from carescreen.steps import MICRO
from carescreen.yamlfile import YamlFile, read_yaml

TOLERANCE = 0.0005 + 1e-9  # effects are written to three decimals
_HARM = re.compile(r"maltreat|neglect|abuse|violence", re.IGNORECASE)

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
    note: str | None = None


class Words(_Source):
    """The same in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Factor(_Source):
    """One factor: what it weighs, why, and on which effects that rests.

    set_aside: suggested effects that do not count, with the outcome they are on.
    """

    id: str
    title: Words
    status: Literal["use", "off_by_default"]
    block: str
    weight: float = Field(ge=0, le=2)
    chosen: float
    spread: float = Field(gt=0)
    sensitive: bool
    indicators: list[str] = Field(min_length=1)
    why: Words
    effects: list[str] = Field(min_length=1)
    counted_against: list[str] = []
    set_aside: dict[str, str] = {}


class LeftOut(_Source):
    """A factor that weighs nothing in any setting, and why."""

    id: str
    title: Words
    why: Words


class Formula(_Source):
    """A conversion's formula and where it comes from."""

    formula: str
    source: str


class Evidence(_Source):
    """evidence.yaml."""

    format: Literal["carescreen-evidence/1"]
    title: Words
    reading: list[str]
    shrink: float = Field(gt=0, le=1)
    shrink_source: str
    caps: dict[str, float]
    conversions: dict[Conversion, Formula]
    factors: list[Factor] = Field(min_length=1)
    left_out: list[LeftOut] = []
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
        if not _HARM.search(effect.outcome):
            raise _error(
                file,
                f"effect '{effect.id}' is on '{effect.outcome}'; weights rest on effects on "
                f"maltreatment or neglect only, so set it aside",
                "effects",
                index,
                "outcome",
            )
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
        named = (factor.id, *factor.indicators, factor.title.en, factor.title.zh)
        if word := next(filter(None, map(protected_word, named)), None):
            raise _error(
                file,
                f"factor '{factor.id}' ({word}) is a protected attribute; those serve audits only",
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
    status = {factor.id: factor.status for factor in evidence.factors}
    for name, reason in switched_on.items():
        if name not in status:
            raise ModelError(f"no factor '{name}' in the evidence{did_you_mean(name, status)}")
        if status[name] == "use":
            raise ModelError(
                f"factor '{name}' is on already; only those off by default are turned on"
            )
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
