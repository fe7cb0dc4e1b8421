"""A list as a table for the terminal: aligned also where Chinese characters are twice as wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carescreen.review import wording
from carescreen.review.reading import Record, is_hidden
from carescreen.review.reasons import columns, printable, shorten
from carescreen.review.texts import clauses, counted, day, pick, text

REASONS = 2  # that a row names; the others are counted
LEAST_WHY = 20  # columns for the reasons, however narrow the terminal is
_GAP = "  "


@dataclass(frozen=True, repr=False)  # its values are records
class Listing:
    """What is shown of a ranking or of a week's plan.

    rows       child_id, village_id, caseworker_id (of a plan: whose list), tier, state, due_on,
               days_overdue, concerns (codes), rank; of a plan also day and order
    concerns   of each row, as a record has them; those of a plan have a code alone
    found      how many children match what was asked for, of `total`
    week       first and last day of a plan; None for a ranking
    below      how many children a plan has below its lines
    """

    as_of: str
    rows: Sequence[dict[str, Any]]
    concerns: Sequence[Sequence[Record]]
    found: int
    total: int
    synthetic: bool = False
    week: tuple[str, str] | None = None
    below: int = 0


def table_lines(listing: Listing, language: str, width: int | None = None) -> list[str]:
    """The lines of the table: what it is, a row a child, and how many are not shown.

    `width` is that of the terminal, to which reasons are cut; None cuts nothing.
    """
    title = _title(listing, language)
    if not listing.rows:
        return [title, text("table_none", language)]
    keys = ["visit", "caseworker"] if listing.week else ["place"]
    keys += ["child", "tier", "due", "state", "why"]
    heads = [_head(key, language) for key in keys]
    pairs = zip(listing.rows, listing.concerns, strict=True)
    rows = [[_cell(key, row, found, language) for key in keys] for row, found in pairs]
    rest = listing.found - len(listing.rows)
    more = [text("table_rest", language, count=f"{rest:,}")] if rest else []
    return [title, *_aligned([heads, *rows], width), *more]


def _title(listing: Listing, language: str) -> str:
    counts = {
        "shown": f"{len(listing.rows):,}",
        "found": f"{listing.found:,}",
        "total": f"{listing.total:,}",
    }
    if listing.week:
        first, last = (day(one, language) for one in listing.week)
        below = f"{listing.below:,}"
        words = text("table_title_plan", language, first=first, last=last, below=below, **counts)
    else:
        words = text("table_title", language, date=day(listing.as_of, language), **counts)
    label = text("table_synthetic", language)
    colon = ": " if language == "en" else "："
    return f"{label}{colon}{words}" if listing.synthetic else words


def _head(key: str, language: str) -> str:
    return text("caseworker" if key == "caseworker" else f"table_{key}", language)


def _cell(key: str, row: Record, concerns: Sequence[Record], language: str) -> str:
    if key == "place":
        return str(row["rank"])
    if key == "visit":
        return f"{row['day']} {row['order']:>2}"
    if key == "child":
        return printable(str(row["child_id"]))
    if key == "caseworker":
        return printable(str(row["caseworker_id"]))
    if key == "tier":
        return wording.tier_word(row["tier"], language)
    if key == "state":
        return text(f"table_state_{row['state']}", language)
    return _due(row, language) if key == "due" else printable(_why(concerns, language))


def _due(row: Record, language: str) -> str:
    late = int(row["days_overdue"])
    if late:
        return counted("table_late", late, language)
    return str(row["due_on"] or text("table_no_date", language))


def _why(concerns: Sequence[Record], language: str) -> str:
    """The first reasons: in words, or as a code where the file holds no words for it."""
    named = [_reason(concern, language) for concern in concerns]
    shown = list(dict.fromkeys(named))
    more = len(shown) - REASONS
    rest = [text("table_more", language, count=more)] if more > 0 else []
    return clauses([*shown[:REASONS], *rest], language)


def _reason(concern: Record, language: str) -> str:
    title = "" if is_hidden(concern) else pick(concern.get("title"), language)
    return title or str(concern["code"])


def _aligned(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    widths = [max(map(columns, cells)) for cells in zip(*rows, strict=True)][:-1]
    room = None if width is None else width - sum(widths) - len(_GAP) * len(widths)
    lines = []
    for *cells, why in rows:
        padded = (
            cell + " " * (most - columns(cell)) for cell, most in zip(cells, widths, strict=True)
        )
        last = why if room is None else shorten(why, max(room, LEAST_WHY))
        lines.append(_GAP.join([*padded, last]).rstrip())
    return lines
