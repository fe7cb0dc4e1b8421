"""CARD.md of a model trained on a caseload: what the program measured is filled in, the rest is blank.

Headings follow TRIPOD+AI (Collins et al., BMJ 2024;385:e078378).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from carescreen.cohort import HORIZON_DAYS, MISSING, Cohort
from carescreen.cohort_check import ForwardCheck
from carescreen.cohort_fit import Trained
from carescreen.cohort_words import checked, estimate, may_show, rests_on
from carescreen.outcomes import WRITTEN_DAYS
from carescreen.selection import LEAST_TOLD, MOST_FOR_CHANCE, MOST_FOR_TOLD
from carescreen.steps import MICRO, StepTable

BLANK = "_To be filled in by the programme that uses the model. 由使用模型的项目填写。_"
_SYNTHETIC = (
    "**SYNTHETIC. Learned from an invented county; not for use on real children.** It supports no claim "
    "about how well any model finds children at risk: the county's concerns, visits and outcomes were drawn "
    "by a program, so its figures say that training works, and nothing of real families. It gives a chance "
    "for children marked as invented only.",
    "",
    "**合成数据：用虚构的县训练，不能用于真实的孩子。** "
    "它不能说明任何模型能否找到处于风险中的孩子；"
    "只有标明为虚构的儿童才会显示可能性。",
    "",
)


def cohort_card(trained: Trained, name: str) -> str:
    """The card's text; `name` is that of the folder."""
    parts = [
        [f"# Risk model {name}", ""],
        _SYNTHETIC if trained.cohort.synthetic else [],
        ["## What may be shown 可以显示什么", ""],
        [line for language in ("en", "zh") for line in (may_show(trained, language), "")],
        ["## Purpose and users 用途与使用者", "", BLANK, ""],
        _data(trained),
        _outcome(trained),
        _predictors(trained),
        _analysis(trained),
        _performance(trained.check),
        ["## Fairness 公平性", "", BLANK, ""],
        _limits(),
        _weights(trained),
    ]
    return "\n".join(line for part in parts for line in part)


def _data(trained: Trained) -> list[str]:
    cohort = trained.cohort
    first, last = (str(cohort.as_of.min()), str(cohort.as_of.max())) if len(cohort) else ("", "")
    window = f"from {first} to {last}" if first else "none"
    return [
        "## Source of data and participants 数据与对象",
        "",
        f"- Known by: {trained.as_of}. Dates of the rows: {window}, every {trained.every_days} days; "
        "one row for each judged visit, at the last date before it.",
        *(f"- {line}" for language in ("en", "zh") for line in rests_on(trained, language)),
        "- Place, programme, period of recruitment, who was asked: " + BLANK,
        "",
        "| quarter | rows | confirmed | of known selection |",
        "| --- | --- | --- | --- |",
        *_by_quarter(cohort),
        "",
    ]


def _by_quarter(cohort: Cohort) -> Iterator[str]:
    month = cohort.as_of.astype("datetime64[M]").astype(np.int64)
    quarter = 1970 * 4 + month // 3
    for number in np.unique(quarter):
        own = quarter == number
        known = int(cohort.y[own & cohort.known].sum())
        name = f"{number // 4} Q{number % 4 + 1}"
        yield f"| {name} | {int(own.sum()):,} | {int(cohort.y[own].sum()):,} | {known:,} |"


def _outcome(trained: Trained) -> list[str]:
    cohort = trained.cohort
    told = len(cohort)
    missing = sum(cohort.left_out[name] for name in MISSING)
    drawn = int(cohort.at_random.sum())
    return [
        "## Outcome 结果",
        "",
        "- A new or worsened concern that needs action beyond routine, judged at the first visit that saw "
        f"the child within {HORIZON_DAYS} days. An outcome without a visit_id belongs to the newest visit "
        f"that saw the child in the {WRITTEN_DAYS} days before it.",
        "- Left out where the judge is recorded to have seen the rank (saw_rank); where nobody recorded "
        "that, it is taken, and such a judgement may follow the list instead of the child.",
        f"- Missing, never 0: {missing:,} visits that could not tell or saw nobody. Their weight went to the "
        f"{told:,} judged ones that are alike (third of the score, drawn at random or not; strata of under "
        f"{LEAST_TOLD} take the share of all), at most times {MOST_FOR_TOLD:g}.",
        f"- How children were chosen: {drawn:,} rows drawn at random, {int(cohort.known.sum()) - drawn:,} "
        f"otherwise with a recorded chance, {int((~cohort.known).sum()):,} without one. A row counts 1 / its "
        f"chance, at most {MOST_FOR_CHANCE:g}; without a recorded chance or reason (selected_by) 1.",
        "- Who judged, and how it was made sure that they judge alike: " + BLANK,
        "",
    ]


def _predictors(trained: Trained) -> list[str]:
    cohort = trained.cohort
    absent = cohort.X.isna().mean() if len(cohort) else None
    tables = {table.name: table for table in trained.saved.tables.features}
    rows = []
    for name, reads in trained.saved.manifest.declared.items():
        share = "" if absent is None else f"{absent[name]:.2f}"
        rows.append(f"| `{name}` | {tables[name].title.get('zh', '')} | `{reads}` | {share} |")
    on = trained.saved.manifest.switched_on
    return [
        "## Predictors 特征",
        "",
        "As known on the date of the row; nothing dated or recorded later. Blank is its own level, never 0.",
        "",
        "| feature | 名称 | reads | share missing |",
        "| --- | --- | --- | --- |",
        *(row.replace("\n", " ") for row in rows),
        "",
        "- Sex, ethnicity and religion are never features. 性别、民族、宗教不是特征。",
        f"- Held at 0 until a programme turns them on and says why: {_names(trained.held)}.",
        *[f"- Turned on: `{name}`: {reason}" for name, reason in on.items()],
        *[
            f"- Held at 0, since no direction keeps 'more evidence never lowers': `{name}`."
            for name in trained.undirected
        ],
        "",
    ]


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _analysis(trained: Trained) -> list[str]:
    facts = trained.report.facts() if trained.report else {}
    start = {
        "evidence": "the evidence model (models/evidence/CARD.md)",
        "none": "no prior",
    }[trained.prior]
    return [
        "## Sample size, missing data and analysis 样本量与分析",
        "",
        f"- Start: {start}. Score = intercept + one weight per feature; directions are kept (a risk that "
        "goes up never lowers a score).",
        "- Families stay together: rows of children who ever shared a household are never split.",
        "- Weights add up to the number of rows that they are worth (Kish).",
        *(f"- {name}: {fact}" for name, fact in facts.items()),
        *_phrases(trained),
        "- Why this sample size is enough for the use above: " + BLANK,
        "",
    ]


def _phrases(trained: Trained) -> list[str]:
    """What became of the notes' phrases; the check on later months below is without them."""
    if trained.phrases is None:
        return []
    english, chinese = (trained.phrases.facts(language) for language in ("en", "zh"))
    return [
        *(f"- Phrases, {name}: {fact}" for name, fact in english.items()),
        *(f"- 用语，{name}：{fact}" for name, fact in chinese.items()),
    ]


def _performance(check: ForwardCheck | None) -> list[str]:
    lines = ["## Performance on later months and other families 检验", ""]
    for language in ("en", "zh"):
        lines += [checked(check, language), ""]
    if check and check.figures:
        lines += [
            "| figure | estimate and interval by family |",
            "| --- | --- |",
            *(f"| {name} | {estimate(found)} |" for name, found in check.figures.items()),
            "",
            f"Rows dated {check.first} to {check.last}. The models checked learned from fewer rows "
            "than the model of this folder.",
            "",
        ]
    return [*lines, "- In another place, or by somebody else: " + BLANK, ""]


def _limits() -> list[str]:
    return [
        "## What it is not 它不是什么",
        "",
        "- No finding about a family and no proof; the rules stand above it, and it never lowers a tier.",
        "- An interval says how well a probability is known, not how children with it differ.",
        "- Outcomes exist only for visited children. Without a random share of visits with a recorded "
        "chance they say little about the others.",
        "- Its probabilities hold where and when it was trained. Elsewhere: check them, and recalibrate.",
        "- 不是对家庭的结论，也不是证据；规则优先，模型从不降低等级。换了地方或时间，先检验再用。",
        "",
    ]


def _weights(trained: Trained) -> list[str]:
    tables = trained.saved.tables
    return [
        "## Weights 权重",
        "",
        f"Intercept {tables.intercept / MICRO:+.3f}. `carescreen model show FOLDER` draws each one.",
        "",
        "| feature | lowest | highest | missing |",
        "| --- | --- | --- | --- |",
        *(_row(table) for table in tables.features),
        "",
    ]


def _row(table: StepTable) -> str:
    low, high = min(table.weights) / MICRO, max(table.weights) / MICRO
    return f"| `{table.name}` | {low:+.3f} | {high:+.3f} | {table.missing / MICRO:+.3f} |"
