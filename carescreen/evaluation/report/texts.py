"""Every word of a report, in Chinese and English, from texts.<language>.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from carescreen.yamlfile import read_yaml


@cache
def texts_of(language: str) -> dict[str, str]:
    """All texts of one language by key."""
    data = read_yaml(Path(__file__).parent / f"texts.{language}.yaml").data
    return {str(key): str(value) for key, value in data.items()}


def say(key: str, language: str, **values: object) -> str:
    """One text, its {names} filled in; a value is never read as a template.

    A text with a form for one has it under `<key>_one`, used where `count` is "1".
    """
    texts = texts_of(language)
    one = f"{key}_one"
    template = texts[one] if values.get("count") == "1" and one in texts else texts[key]
    return template.format(**values) if values else template


def name_of(kind: str, name: object, language: str) -> str:
    """What a method, measure, group or the like is called; its own name where no text has one."""
    return texts_of(language).get(f"{kind}_{str(name).replace(' ', '_')}", str(name))
