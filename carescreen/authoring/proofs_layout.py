"""What was proved of a pack, as lines of text in Chinese or English."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from carescreen.authoring.findings import Counterexample, Failure, Proof, Proofs
from carescreen.authoring.terminal import place_word
from carescreen.authoring.words import Wording
from carescreen.indicators import Texts
from carescreen.rules import RulePack

_TEXTS: dict[str, Texts] = {
    "head": {
        "en": "{pack} {version}: {rules} rules in force on {day}",
        "zh": "{pack} {version}：{day} 有效规则 {rules} 条",
    },
    "holds": {"en": "holds", "zh": "成立"},
    "fails": {"en": "FAILS", "zh": "不成立"},
    "child": {"en": "a child: {}", "zh": "举例：{}"},
    "no_record": {"en": "nothing recorded", "zh": "没有任何记录"},
    "then": {"en": "then: {}", "zh": "之后：{}"},
    "tier": {"en": " -> {}", "zh": " → {}"},
    "sum": {
        "en": "{total} properties, {failed} do not hold",
        "zh": "共 {total} 项，{failed} 项不成立",
    },
}


def proofs_lines(proofs: Proofs, pack: RulePack, language: str, width: int) -> Iterator[str]:
    """One line for each property; below it, remarks and what shows that it does not hold."""
    layout = _Layout(Wording(pack.indicators, pack.concepts, language), language, width)
    yield layout.text("head").format(
        pack=proofs.pack, version=proofs.version, rules=proofs.rules, day=proofs.day
    )
    for proof in proofs.proofs:
        yield from layout.proof(proof)
    yield layout.text("sum").format(total=len(proofs.proofs), failed=proofs.failed)


class _Layout:
    def __init__(self, wording: Wording, language: str, width: int) -> None:
        self.wording, self.language, self.width = wording, language, width

    def text(self, key: str) -> str:
        return _TEXTS[key][self.language]

    def proof(self, proof: Proof) -> Iterator[str]:
        mark = self.text("fails" if proof.failures else "holds")
        count = f" ({proof.checked})" if proof.checked > 1 else ""
        yield f"  {mark}  {proof.title[self.language]}{count}"
        for remark in proof.remarks:
            yield from self._wrapped(remark[self.language])
        for failure in proof.failures:
            yield from self._failure(failure)

    def _failure(self, failure: Failure) -> Iterator[str]:
        yield from self._wrapped(f"{failure.subject}: {failure.text[self.language]}")
        if failure.counterexample is not None:
            yield from self._counterexample(failure.counterexample)

    def _counterexample(self, found: Counterexample) -> Iterator[str]:
        before = self._child(found.given) + self._tier(found.tier)
        yield from self._wrapped(self.text("child").format(before), 4)
        if found.change is not None:
            after = self._child(found.change) + self._tier(found.tier_after)
            yield from self._wrapped(self.text("then").format(after), 4)

    def _child(self, given: object) -> str:
        assert isinstance(given, dict)
        return "; ".join(self.wording.child(given)) or self.text("no_record")

    def _tier(self, tier: str | None) -> str:
        if tier is None:
            return ""
        return self.text("tier").format(place_word(tier, self.language))

    def _wrapped(self, text: str, deeper: int = 0) -> Iterator[str]:
        indent = " " * (9 + deeper)
        yield from textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent + "  "
        )
