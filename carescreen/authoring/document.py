"""A pack as one page to read, search and print: for a lawyer, or for whoever answers for it.

The page loads nothing and runs nothing; its policy allows its own style by its hash. Every word of a
pack is escaped by the template engine. The same pack on the same day gives the same bytes.

    document_pack        the pack as of a day, and who wrote what
    document_facts       counts, settings, thresholds, laws
    document_rules       one rule
    document_properties  what the pack promises, and what was proved
    document_glossary    indicators, and what notes can mention
    document_texts       every word of the page itself, from document.<language>.yaml
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from carescreen.authoring import document_facts as facts
from carescreen.authoring import document_glossary as glossary
from carescreen.authoring.document_pack import ShownPack, review_words
from carescreen.authoring.document_properties import promises
from carescreen.authoring.document_rules import RuleEntry, rule_entry
from carescreen.authoring.document_texts import words
from carescreen.authoring.findings import Proofs
from carescreen.indicators import Texts
from carescreen.pack import TIERS
from carescreen.results_place import replaced_file, require_own_page
from carescreen.review.pages import HTML_LANGUAGE, page_environment
from carescreen.review.texts import LANGUAGES, day
from carescreen.rulefile import LANES
from carescreen.rules import RulePack

PageLanguage = Literal["zh", "en", "both"]

GENERATOR = "carescreen rules doc"
DIGEST_SHOWN = 12  # characters; enough to tell two versions of a pack apart

_TEMPLATES = Path(__file__).parent / "templates"


def write_document(
    pack: RulePack,
    path: Path,
    as_of: date,
    language: PageLanguage = "both",
    proofs: Proofs | None = None,
) -> None:
    """Write the page of a pack; over nothing but an earlier one, whole or not at all.

    OutputError where it cannot be written, or where another file stands.
    """
    require_place(pack, path)
    page = document(pack, as_of, language, proofs)
    with replaced_file(path) as aside:
        aside.write_text(page, encoding="utf-8", errors="replace", newline="\n")
        aside.chmod(0o644)  # rules are for everybody to read; no child's record is in them


def require_place(pack: RulePack, path: Path) -> None:
    """OutputError unless the page may be written there: new, or an earlier one, and no source."""
    sources = [file for folder in pack.pack.chain for file in folder.rglob("*.yaml")]
    require_own_page(path, GENERATOR, sources)


def document(
    pack: RulePack,
    as_of: date,
    language: PageLanguage = "both",
    proofs: Proofs | None = None,
) -> str:
    """The page of a pack as HTML."""
    shown = ShownPack(pack, as_of)
    languages = LANGUAGES if language == "both" else (language,)
    template = _environment().get_template("rules.html.j2")
    return template.render(_frame(shown, languages) | _parts(shown, proofs))


def _frame(shown: ShownPack, languages: Sequence[str]) -> dict[str, Any]:
    style = "\n" + (_TEMPLATES / "rules.css").read_text(encoding="utf-8")
    pack = shown.rules.pack
    return {
        "languages": languages,
        "style": Markup(style),  # noqa: S704  our own file, not data
        "policy": _policy(style),
        "generator": GENERATOR,
        "pack": pack,
        "digest": pack.digest[:DIGEST_SHOWN],
        "day": {language: day(shown.day, language) for language in LANGUAGES},
        "review": review_words(shown),
    }


def _parts(shown: ShownPack, proofs: Proofs | None) -> dict[str, Any]:
    rows = facts.counts(shown)
    return {
        "chain": facts.chain(shown),
        "counts": (*rows, facts.counts_total(rows)),
        "verified": facts.verified_words(shown),
        "settings": list(facts.settings(shown)),
        "thresholds": facts.thresholds(shown),
        "groups": _groups(shown),
        "promises": promises(shown, proofs),
        "indicators": glossary.indicators(shown),
        "concepts": (found := glossary.concepts(shown)),
        "concepts_others": len(shown.rules.concepts) - len(found),
        "laws": facts.laws(shown),
    }


def _groups(shown: ShownPack) -> list[tuple[str, Texts, Texts | None, list[RuleEntry]]]:
    """Each tier and lane that has rules: its name, its title, the hours, its rules."""
    found = []
    for name in (*TIERS, *LANES):
        rules = [rule for rule in shown.every if (rule.tier or rule.lane) == name]
        hours = getattr(shown.rules.settings.tier_hours, name) if name in TIERS else None
        within = None if hours is None else words("within", count=hours)
        if rules:
            entries = [rule_entry(rule, shown) for rule in rules]
            found.append((name, facts.group_title(name), within, entries))
    return found


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment(_TEMPLATES)
    environment.filters["say"] = _say
    environment.globals.update(t=words, tag=HTML_LANGUAGE)
    return environment


@pass_context
def _say(context: Context, texts: Mapping[str, str]) -> Markup:
    """A text in the languages of the page, each marked as such; once where they are the same."""
    languages = [language for language in context["languages"] if language in texts]
    if len({texts[language] for language in languages}) == 1 < len(languages):
        return Markup("<span>{}</span>").format(texts[languages[0]])
    return Markup(" ").join(
        Markup('<span lang="{}">{}</span>').format(HTML_LANGUAGE[language], texts[language])
        for language in languages
    )


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
