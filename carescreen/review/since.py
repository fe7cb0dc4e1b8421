"""What changed since the list before, as the supervisor's page says it in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from carescreen.review.texts import LANGUAGES, Texts, both, day, text


def reasons_words(reasons: Sequence[str], language: str) -> str:
    """Why a child changed, as sentences.

    >>> reasons_words(["decision", "older"], "en")
    'A person made a decision. Time passed.'
    """
    between = "" if language == "zh" else " "
    return between.join(text(f"change_{reason}", language) for reason in reasons)


@dataclass(frozen=True)
class Since:
    """How many children came new, rose, fell, changed otherwise or are gone, and why.

    counts   children by kind: new, rose, fell, same (another state, day or concern), gone
    reasons  by kind, how often each reason stands there; one child may have several
    """

    as_of: str
    counts: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]

    @property
    def heading(self) -> Texts:
        """Which list this one is compared with."""
        return {
            language: text("since_heading", language, date=day(self.as_of, language))
            for language in LANGUAGES
        }

    def lines(self) -> Iterator[Texts]:
        """A sentence for each kind; one where nothing changed."""
        if not self.counts:
            yield both("since_nothing")
        for kind, count in self.counts.items():
            yield {language: self._line(kind, count, language) for language in LANGUAGES}

    def _line(self, kind: str, count: int, language: str) -> str:
        reasons = [
            text("since_reason", language, reason=text(f"since_{word}", language), count=f"{n:,}")
            for word, n in self.reasons[kind].items()
        ]
        mark = "，" if language == "zh" else ", "
        return text(
            "since_line",
            language,
            what=text(f"since_kind_{kind}", language),
            count=f"{count:,}",
            reasons=mark.join(reasons),
        )
