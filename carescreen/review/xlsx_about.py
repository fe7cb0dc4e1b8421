"""The sheet `about` of the workbook: what the list is, how to fill it in, where it comes from."""

from __future__ import annotations

from carescreen.review import wording
from carescreen.review.info import ListInfo
from carescreen.review.texts import LANGUAGES, counted, day, pick, text

Rows = list[tuple[str, str]]


def about_rows(info: ListInfo, calibrated: bool) -> Rows:
    """Rows of (Chinese, English) that may stand on paper; `calibrated` where there are probabilities."""
    keys = ["sheet_about_title"]
    keys += ["synthetic_banner"] if info.synthetic else []
    keys += ["model_synthetic_banner"] if info.model_synthetic else []
    keys += ["quotes_banner", "quotes_care"] if info.quotes else ["no_quotes_note"]
    keys += ["standing_probability" if calibrated else "standing_score", "legend_words"]
    keys += [
        "legend_order",
        "sheet_paper",
        "sheet_decision_help",
        "sheet_decision_steps",
        "ask_care",
    ]
    return [*((text(key, "zh"), text(key, "en")) for key in keys), *_origin(info)]


def hour_rows(info: ListInfo) -> Rows:
    """The programme's hours by tier, as (Chinese, English); for the screen, they name the tiers."""
    if not info.tier_hours:
        return []
    rows = [(text("hours_note", "zh"), text("hours_note", "en"))]
    for tier, hours in info.tier_hours.items():
        zh, en = (
            counted("hours_tier", hours, language, tier=wording.tier_word(tier, language))
            for language in LANGUAGES
        )
        rows.append((zh, en))
    return rows


def _origin(info: ListInfo) -> Rows:
    facts: list[tuple[str, dict[str, str]]] = [
        ("as_of", {language: day(info.as_of, language) for language in LANGUAGES}),
        ("pack", {lang: f"{pick(info.pack, lang)} {info.pack_version}" for lang in LANGUAGES}),
        ("model", dict.fromkeys(LANGUAGES, info.model)),
        ("run", dict.fromkeys(LANGUAGES, info.run_id)),
        ("made_by", dict.fromkeys(LANGUAGES, info.made_by)),
    ]
    if info.expires:
        facts.append(("expires", {language: day(info.expires, language) for language in LANGUAGES}))
    return [
        (f"{text(key, 'zh')}：{words['zh']}", f"{text(key, 'en')}: {words['en']}")
        for key, words in facts
        if words["en"]
    ]
