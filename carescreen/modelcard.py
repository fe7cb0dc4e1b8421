"""CARD.md of a fitted model: what the program knows is filled in, what it cannot know is blank."""

from __future__ import annotations

from collections.abc import Mapping

from carescreen.steps import MICRO, AdditiveTables, StepTable

RECALIBRATED = "## Recalibrated 重新校准"
_BLANK = "_To be filled in by the programme that uses the model._"


def fitted_card(tables: AdditiveTables, facts: Mapping[str, str]) -> str:
    """The card's text; headings follow TRIPOD+AI (Collins et al., BMJ 2024;385:e078378)."""
    return "\n".join(
        [
            "# Risk model",
            "",
            "An additive model: score = intercept + one weight per feature, in log-odds.",
            "",
            "## Purpose and users",
            "",
            _BLANK,
            "",
            "## Data, participants and outcome",
            "",
            _BLANK,
            "",
            "## What the fit rests on",
            "",
            *(f"- {name}: {fact}" for name, fact in facts.items()),
            "",
            "## What it is not",
            "",
            "- Its probabilities were calibrated on rows of the same table, not in another place "
            "or year; check them there before use, and recalibrate.",
            "- An interval says how well a probability is known, not how children with it differ.",
            "- Outcomes exist only for visited children; without a random share of visits with a "
            "recorded probability they say little about the others.",
            "",
            "## Fairness",
            "",
            _BLANK,
            "",
            "## Weights",
            "",
            f"Intercept {tables.intercept / MICRO:+.3f}.",
            "",
            "| feature | lowest | highest | missing |",
            "| --- | --- | --- | --- |",
            *(_row(table) for table in tables.features),
            "",
            f"Learned phrases: {len(tables.phrases.weights)}; each stands in model.json.",
            "",
        ]
    )


def recalibrated_card(card: str, rests_on: str, known: int, wanted: int) -> str:
    """The card with what its probabilities rest on since a recalibration, in place of an earlier one.

    rests_on: rows, groups and events in words. known: events of known selection among them; below
    `wanted` lists show a score.
    """
    kept, _, rest = card.partition(RECALIBRATED)
    later = rest.find("\n## ")
    shows = ("a chance", "可能性") if known >= wanted else ("a score", "分数")
    section = [
        RECALIBRATED,
        "",
        f"- What sets the probability is now {rests_on}, {known:,} of known selection. What this card "
        "says elsewhere of probabilities was so before.",
        f"- Lists show {shows[0]}: a chance needs {wanted} events of known selection in the newest "
        "recalibration; earlier outcomes are not added to them.",
        f"- 名单显示{shows[1]}：最近一次重新校准中，选取方式已知的事件有{known:,}例，"
        f"达到{wanted}例才显示可能性；以前的结果不累加。",
        "",
    ]
    after = rest[later + 1 :] if later >= 0 else ""
    return "\n".join([kept.rstrip(), "", *section, after]).rstrip() + "\n"


def _row(table: StepTable) -> str:
    weights = table.weights or (0,)
    low, high, missing = min(weights) / MICRO, max(weights) / MICRO, table.missing / MICRO
    return f"| {table.name.replace('|', '/')} | {low:+.3f} | {high:+.3f} | {missing:+.3f} |"
