"""What became of every candidate phrase, and what the admitted ones do: facts for a card and a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from carescreen.steps import MICRO
from carescreen.within import Change

# Why no phrase is used though some were looked at.
NO_PHRASE, NO_GAIN, FEW_TERSE, TERSE_LOSE = "no_phrase", "no_gain", "few_terse", "terse_lose"


@dataclass(frozen=True)
class PhraseFacts:
    """One admitted phrase. weight: millionths of a log-odds; effect: log-odds within workers.

    `low` and `high` are the effect's 95% interval, over all rows; `held_out` is the effect on rows
    that did not choose it. `context`: the phrase with what many workers write around it.
    """

    text: str
    language: str
    weight: int
    rows: int
    children: int
    workers: int
    villages: int
    effect: float
    low: float
    high: float
    held_out: float
    context: str = ""


@dataclass(frozen=True)
class PhraseReport:
    """How phrases were admitted, and what they change on rows that did not choose or weigh them.

    left_out: how many candidates each gate kept out, in the order of the gates. tested: those whose
    effect was tested. lowering: those that only lower, which are never used. spread: standard
    deviation of the weights that cross-fitting chose, 0 for none. terse: recall among children of
    workers who write little, of the best `share` of all children. `rejected` says why phrases are
    not used, "" where they are.
    """

    candidates: int
    left_out: Mapping[str, int]
    tested: int
    lowering: int
    phrases: tuple[PhraseFacts, ...]
    spread: float
    log_loss: tuple[float, float]
    auroc: Change | None
    terse: Change | None
    terse_workers: int
    terse_events: int
    tolerance: float
    share: float
    rejected: str = ""
    struck: tuple[str, ...] = field(default=())

    def facts(self, language: str = "en") -> dict[str, str]:
        """The report line by line, for a card or a terminal ("en" or "zh")."""
        words = _WORDS[language]
        gates = words["join"].join(
            f"{words.get(name, name)} {count:,}" for name, count in self.left_out.items() if count
        )
        lines = {
            words["used"]: words[self.rejected] if self.rejected else f"{len(self.phrases):,}",
            words["candidates"]: f"{self.candidates:,}",
            words["left_out"]: gates or words["none"],
            words["tested"]: f"{self.tested:,}",
            words["lowering"]: f"{self.lowering:,}",
        }
        for key, change in (("auroc", self.auroc), ("terse", self.terse)):
            if change is not None:
                lines[words[key].format(share=self.share)] = _changed(change, words)
        lines[words["who"]] = words["terse_count"].format(
            workers=self.terse_workers, events=self.terse_events, tolerance=self.tolerance
        )
        return lines

    @property
    def largest(self) -> float:
        """The largest weight, log-odds; 0 where no phrase is used."""
        return max((phrase.weight for phrase in self.phrases), default=0) / MICRO


def _changed(change: Change, words: Mapping[str, str]) -> str:
    return words["change"].format(
        without=change.without,
        with_phrases=change.with_phrases,
        difference=change.difference,
        low=change.low,
        high=change.high,
    )


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "join": "; ",
        "none": "none",
        "used": "Learned phrases",
        "candidates": "Candidate phrases (of at least 5 notes)",
        "left_out": "Kept out before any test",
        "tested": "Tested within workers",
        "lowering": "Only lower the score (never used)",
        "auroc": "AUROC within worker, without and with phrases, held out",
        "terse": "Recall among children of workers who write little (best {share:.0%} of all)",
        "who": "Workers who write little",
        "terse_count": "{workers:,}, with {events:,} events; the recall may fall by {tolerance:.3f}",
        "change": "{without:.3f}, {with_phrases:.3f} ({difference:+.3f}, 95% {low:+.3f} to {high:+.3f})",
        "struck": "struck by a person",
        "few": "fewer than 20 workers or 50 children",
        "sex": "sex",
        "ethnicity": "ethnicity",
        "religion": "religion",
        "circumstances": "sensitive circumstances",
        "names": "names",
        "places": "places",
        "few_villages": "nearly all from few villages",
        "same_notes": "in the same notes as a longer phrase",
        NO_PHRASE: "none: no phrase has an effect that holds within workers",
        NO_GAIN: "none: they do not lower the log loss of rows that did not choose them",
        FEW_TERSE: "none: too few events among workers who write little to see what they lose",
        TERSE_LOSE: "none: children of workers who write little would lose recall",
    },
    "zh": {
        "join": "；",
        "none": "无",
        "used": "学得的用语",
        "candidates": "候选用语（至少出现在 5 份记录中）",
        "left_out": "检验之前已排除",
        "tested": "在同一工作人员内部检验",
        "lowering": "只会降低分数（一律不用）",
        "auroc": "同一工作人员内部的 AUROC，不用与使用用语，样本外",
        "terse": "记录简短的工作人员所负责儿童的召回率（全部儿童的前 {share:.0%}）",
        "who": "记录简短的工作人员",
        "terse_count": "{workers:,} 名，{events:,} 个事件；召回率最多可下降 {tolerance:.3f}",
        "change": "{without:.3f}，{with_phrases:.3f}（{difference:+.3f}，95%：{low:+.3f} 至 {high:+.3f}）",
        "struck": "由人划去",
        "few": "不足 20 名工作人员或 50 名儿童",
        "sex": "性别",
        "ethnicity": "民族",
        "religion": "宗教信仰",
        "circumstances": "敏感处境",
        "names": "姓名",
        "places": "地名",
        "few_villages": "几乎都来自少数村",
        "same_notes": "与更长的用语出现在同样的记录中",
        NO_PHRASE: "不用：没有用语在同一工作人员内部有作用",
        NO_GAIN: "不用：在未参与选择的记录上没有降低对数损失",
        FEW_TERSE: "不用：记录简短的工作人员事件太少，看不出他们负责的儿童会失去什么",
        TERSE_LOSE: "不用：记录简短的工作人员所负责的儿童召回率会下降",
    },
}
