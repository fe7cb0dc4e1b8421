"""What proving a pack gives: each property, whether it holds, and what shows that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carescreen.indicators import Texts


@dataclass(frozen=True)
class Counterexample:
    """A child, as an example of a rule gives one, at a tier; where a change breaks a property also
    what changes and the tier after it. A smallest one: nothing in it can be left out.
    """

    given: Mapping[str, Any]
    tier: str
    change: Mapping[str, Any] | None = None
    tier_after: str | None = None


@dataclass(frozen=True)
class Failure:
    """One way in which a property does not hold; `subject` is a rule, indicator or concept."""

    subject: str
    text: Texts
    counterexample: Counterexample | None = None


@dataclass(frozen=True)
class Proof:
    """One property of a pack, over `checked` rules, indicators or concepts."""

    title: Texts
    checked: int
    failures: tuple[Failure, ...]
    remarks: tuple[Texts, ...] = ()


@dataclass(frozen=True)
class Proofs:
    """All properties of a pack with the rules in force on a day."""

    pack: str
    version: str
    day: str
    rules: int
    proofs: tuple[Proof, ...]

    @property
    def failed(self) -> int:
        """How many properties do not hold."""
        return sum(bool(proof.failures) for proof in self.proofs)
