"""What a model is and what it rests on, in words: what its number may be called, data, calibration."""

from __future__ import annotations

from math import sqrt

from carescreen.calibration import CalibrationMap
from carescreen.modelfile import PROBABILITY_EVENTS, Manifest, Recalibrated, SavedModel
from carescreen.modelshow.texts import say
from carescreen.modelshow.words import error_words, weight_words
from carescreen.ngrams import SHORT
from carescreen.review.reasons import printable

Row = tuple[str, str]
DIGEST_SHOWN = 12  # characters; enough to tell two models apart


def standing(model: SavedModel, language: str) -> tuple[str, str]:
    """Two sentences: how the model was made, and whether its number is a score or a probability."""
    made = say(f"made_{model.manifest.made_by}", language)
    events = f"{model.manifest.events_of_known_selection:,}"
    if getattr(model.manifest, "data_origin", None) == "synthetic":
        return made, say("is_synthetic", language)
    if model.gives_probability:
        return made, say("is_probability", language, events=events)
    if model.manifest.events_of_known_selection >= PROBABILITY_EVENTS:
        return made, say("is_score_uncalibrated", language)
    return made, say("is_score", language, events=events, wanted=PROBABILITY_EVENTS)


def fact_rows(model: SavedModel, language: str) -> list[Row]:
    """(what, in words): intercept, calibration, data, what was switched on, software, digest."""
    return [
        (say("intercept", language), weight_words(model.tables.intercept)),
        (say("calibration", language), _calibration(model.calibration, language)),
        (say("window", language), _window(model, language)),
        (say("rows", language), _rows(model, language)),
        *_recalibrated(model, language),
        *_switched(model, language),
        (say("phrases", language), _phrases(model, language)),
        *_made_with(model, language),
    ]


def _calibration(found: CalibrationMap | None, language: str) -> str:
    if found is None:
        return say("calibration_none", language)
    in_intercept, _, in_slope = found.covariance
    return say(
        "calibration_fact",
        language,
        intercept=f"{found.intercept:+.3f}",
        intercept_error=f"{sqrt(max(in_intercept, 0.0)):.3f}",
        slope=f"{found.slope:.3f}",
        slope_error=f"{sqrt(max(in_slope, 0.0)):.3f}",
        events=f"{found.events:,}",
        method=say(f"method_{found.method.replace('+', '_')}", language),
    )


def _window(model: SavedModel, language: str) -> str:
    window = model.manifest.data_window
    if window is None:
        return say("window_none", language)
    first, last = printable(window.first), printable(window.last)
    return say("window_between", language, first=first, last=last)


def _rows(model: SavedModel, language: str) -> str:
    manifest = model.manifest
    if not manifest.rows:
        return say("rows_none", language)
    if manifest.recalibrated_on:
        return say("rows_learned", language, **_counts(manifest))
    known = f"{manifest.events_of_known_selection:,}"
    return say("rows_fact", language, **_counts(manifest), known=known)


def _recalibrated(model: SavedModel, language: str) -> list[Row]:
    manifest = model.manifest
    if manifest.recalibrated_on is None:
        return []
    known = f"{manifest.events_of_known_selection:,}"
    counts = _counts(manifest.recalibrated_on)
    return [(say("recalibrated", language), say("rows_fact", language, **counts, known=known))]


def _counts(of: Manifest | Recalibrated) -> dict[str, str]:
    return {"rows": f"{of.rows:,}", "groups": f"{of.groups:,}", "events": f"{of.events:,}"}


def _switched(model: SavedModel, language: str) -> list[Row]:
    facts = [
        say("switched_fact", language, name=printable(name), reason=printable(reason))
        for name, reason in model.manifest.switched_on.items()
    ]
    return [(say("switched", language), say("separator", language).join(facts))] if facts else []


def _phrases(model: SavedModel, language: str) -> str:
    count = len(model.tables.phrases.weights)
    return f"{count:,}" if count else say("phrases_none", language)


def _made_with(model: SavedModel, language: str) -> list[Row]:
    software = [
        say("software_fact", language, name=printable(name), version=printable(version))
        for name, version in model.manifest.software.items()
    ]
    named = say("comma", language).join(software) or say("nothing", language)
    digest = model.manifest.model_sha256[:DIGEST_SHOWN] or say("nothing", language)
    return [(say("software", language), named), (say("digest", language), digest)]


def cap_words(model: SavedModel) -> str:
    """The most that all phrases together can add, in log-odds; "" where there is no such cap."""
    cap = model.tables.phrases.cap
    return f"±{weight_words(cap)[1:]}" if cap else ""


def shared_words(model: SavedModel, language: str) -> str:
    """How the phrases of one note share what they add; "" where each adds its whole weight."""
    phrases = model.tables.phrases
    if not phrases.shared:
        return ""
    error = error_words(phrases.error)
    return say("phrases_shared", language, short=str(SHORT), error=error)
