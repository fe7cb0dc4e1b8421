"""Every word of the page that shows a pack, in Chinese and English, from document.<language>.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from carescreen.indicators import Texts
from carescreen.review.texts import LANGUAGES, items, pick
from carescreen.yamlfile import read_yaml


@cache
def texts_of(language: str) -> dict[str, str]:
    """All texts of one language by key."""
    data = read_yaml(Path(__file__).parent / f"document.{language}.yaml").data
    return {str(key): str(value).strip() for key, value in data.items()}


def words(key: str, **values: object) -> Texts:
    """One text in every language; a value with a text for each language gives each its own.

    A text with a form for one has it under `<key>_one`. A value is never read as a template.

    >>> words("hours", count=1)["en"], words("hours", count=24)["zh"]
    ('1 hour', '24 小时')
    """
    return {language: _text(key, language, values) for language in LANGUAGES}


def word_or(key: str, otherwise: str) -> Texts:
    """A text, or a word of the pack's own that there is no text for."""
    known = key in texts_of("en")
    return words(key) if known else dict.fromkeys(LANGUAGES, otherwise)


def listed(parts: Iterable[Texts]) -> Texts:
    """Short texts as one enumeration."""
    every = list(parts)
    return {language: items([part[language] for part in every], language) for language in LANGUAGES}


def _text(key: str, language: str, values: Mapping[str, object]) -> str:
    texts = texts_of(language)
    one = f"{key}_one"
    template = texts[one] if values.get("count") == 1 and one in texts else texts[key]
    if not values:
        return template
    return template.format(
        **{
            name: pick(value, language) if isinstance(value, Mapping) else value
            for name, value in values.items()
        }
    )
