"""What a check of words or of annotated notes finds: a sentence with its place, in both languages.

    error    cannot be so: a word that is never found, one note with two annotations
    warning  most likely a slip; whoever wrote it decides
    note     as it should be, or not: to be looked through once

A finding never holds words of a note, only words of a pack and names of concepts and statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from carescreen.indicators import Texts

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of finding: what it says of one, with gaps for its values, and what to do about it.

    `advice` says why it matters and what to do; it is the same for all of a kind.
    """

    id: str
    severity: Severity
    says: Texts
    advice: Texts


@dataclass(frozen=True)
class Finding:
    """One thing found, at `place` (file:line); `values` fill what its kind says."""

    kind: Kind
    place: str
    values: Mapping[str, str] = field(default_factory=dict)

    def says(self, language: str) -> str:
        """What is found."""
        return self.kind.says[language].format(**self.values)

    def sentence(self, language: str) -> str:
        """Where it is, what is found, why it matters and what to do."""
        return f"{self.place}: {self.says(language)} {self.kind.advice[language]}"
