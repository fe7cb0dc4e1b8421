"""How pages are made of templates: escaped, strict about what a template names, loading nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from carescreen.review.bilingual import Bilingual
from carescreen.review.texts import Texts, both

HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}


def page_environment(folder: Path) -> Environment:
    """The templates of a folder; whatever goes into them is escaped, and nothing may be missing."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@pass_context
def spans(context: Context, texts: Texts) -> Markup:
    """A filter: a text that the page's language switch can change."""
    bilingual: Bilingual = context["bilingual"]
    return bilingual.mark(texts)


def labels_in(shown: str) -> Callable[[str], Markup]:
    """A function that writes an accessible name in every language, the shown one in force."""

    def labels(key: str) -> Markup:
        words = both(key)
        return Markup('aria-label="{}" data-label-zh="{}" data-label-en="{}"').format(
            words[shown], words["zh"], words["en"]
        )

    return labels


def policy_of(style: str, script: str) -> str:
    """A page's policy: its own inline style and script, by their hashes, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def plain_page(style: str, generator: str, language: str) -> dict[str, str]:
    """What the head of a page in one language without a script names: `tag`, `style`, `policy` and
    `generator`. `style` is a style sheet of our own, never data; the policy allows it and nothing else.
    """
    policy = f"default-src 'none'; style-src '{_digest(style)}'"
    return {
        "tag": HTML_LANGUAGE[language],
        "style": Markup(style),  # noqa: S704  our own file, not data
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "generator": generator,
    }


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
