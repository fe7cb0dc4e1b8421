"""What training says of itself, in plain words and both languages: on the terminal and in the card."""

from __future__ import annotations

from collections.abc import Iterator

from carescreen.cohort import REASONS
from carescreen.cohort_check import ForwardCheck
from carescreen.cohort_fit import Trained
from carescreen.evaluation.metrics import Estimate
from carescreen.modelfile import PROBABILITY_EVENTS
from carescreen.review.texts import text


def rests_on(trained: Trained, language: str) -> list[str]:
    """What was read, what became of it, and what the model rests on, a sentence each."""
    cohort = trained.cohort
    lines = [
        text(
            "train_rows",
            language,
            outcomes=f"{cohort.outcomes:,}",
            rows=f"{len(cohort):,}",
            children=f"{len(set(cohort.child_id.tolist())):,}",
            dates=len(set(cohort.as_of.tolist())),
            events=f"{cohort.events:,}",
            known=f"{cohort.known_events:,}",
        )
    ]
    left_out = list(_left_out(trained, language))
    if left_out:
        lines.append(text("train_left_out", language, reasons=_joined(left_out, language)))
    if trained.cohort.synthetic:
        lines.append(text("train_synthetic", language))
    return [*lines, text(f"train_fit_{_fit_of(trained)}", language, events=cohort.events)]


def _fit_of(trained: Trained) -> str:
    """How the weights came about: from the prior alone, moved from it, or from the data alone."""
    if trained.report is None:
        return "prior"
    return "moved" if trained.prior == "evidence" else "alone"


def _left_out(trained: Trained, language: str) -> Iterator[str]:
    for reason in REASONS:
        count = trained.cohort.left_out[reason]
        if count:
            words = text(f"train_out_{reason}", language)
            yield f"{words} {count:,}" if language == "en" else f"{words} {count:,} 条"


def _joined(parts: list[str], language: str) -> str:
    return ("; " if language == "en" else "；").join(parts)


def may_show(trained: Trained, language: str) -> str:
    """Whether lists may show a probability, and why not yet."""
    cohort = trained.cohort
    wanted = f"{PROBABILITY_EVENTS}"
    known = f"{cohort.known_events:,}"
    sentence = text(f"train_show_{trained.stage}", language, known=known, wanted=wanted)
    if trained.stage == "probability" and cohort.synthetic:
        between = " " if language == "en" else ""
        sentence += between + text("train_show_synthetic", language)
    return sentence


def checked(check: ForwardCheck | None, language: str) -> str:
    """How it did on later months and other families."""
    if check is None:
        return text("train_check_none", language)
    if check.figures is None:
        return text("train_check_few", language, events=check.events, rows=f"{check.rows:,}")
    figures = {name: estimate(found) for name, found in check.figures.items()}
    return text("train_check", language, events=check.events, rows=f"{check.rows:,}", **figures)


def estimate(found: Estimate) -> str:
    """A figure and its interval.

    >>> estimate(Estimate(0.68, 0.61, 0.742))
    '0.680 (0.610–0.742)'
    """
    return f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})"
