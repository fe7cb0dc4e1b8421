"""What a model's CARD.md says, as plain text: what the model is not, and what its sources are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEADING = re.compile(r"#+\s+(?P<title>.*?)\s*$")
_NOT = re.compile(r"what it is not|.*不是什么", re.I)
_SOURCE = re.compile(r"- `(?P<id>[^`]+)`: (?P<text>.+)")


@dataclass(frozen=True)
class Card:
    """not_it: each point or paragraph of the section "What it is not". sources: text by id."""

    not_it: tuple[str, ...]
    sources: Mapping[str, str]


def read_card(text: str) -> Card:
    """The parts of a card that are shown with a model; both are empty where the card lacks them."""
    not_it: list[str] = []
    sources: dict[str, str] = {}
    inside = fresh = False
    for line in text.splitlines():
        heading, source = _HEADING.match(line), _SOURCE.match(line)
        if heading:
            inside, fresh = bool(_NOT.fullmatch(heading["title"])), True
        elif inside and not line.strip():
            fresh = True
        elif inside and (fresh or line.startswith("- ")):
            not_it.append(_plain(line.removeprefix("- ")))
            fresh = False
        elif inside:
            not_it[-1] += " " + _plain(line)
        elif source:
            sources.setdefault(source["id"], _plain(source["text"]))
    return Card(tuple(not_it), sources)


def _plain(text: str) -> str:
    return text.replace("`", "").replace("**", "").strip().strip("_")
