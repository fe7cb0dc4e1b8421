"""A week's plan as pages: one for each list, the supervisor's of all, and a table of contents.

Whose page and in which file is decided here; carescreen.review draws. The lists as visitors see them
are also in one workbook, unless they are too long for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from carescreen.plan_beside import Beside, beside
from carescreen.plan_lists import WeekLists, alarm_sentence, file_names
from carescreen.plan_ranking import WrittenRanking
from carescreen.plan_records import ListedRecords, written_records
from carescreen.results import written_info
from carescreen.review.html import SUPERVISOR_CHILDREN
from carescreen.review.info import ListInfo
from carescreen.review.reading import Record
from carescreen.review.texts import LANGUAGES, Texts
from carescreen.review.week import (
    Part,
    Row,
    WeekList,
    write_contents,
    write_own_pages,
    write_supervisor_pages,
)
from carescreen.review.xlsx import write_visits_xlsx

Tell = Callable[[str, int, int], None]
BOOK = "list.xlsx"
BOOK_CHILDREN = 20_000  # some 15 seconds, and more rows than anybody looks through


def write_plan_pages(
    lists: WeekLists,
    ranking: WrittenRanking,
    folder: Path,
    language: str,
    tell: Tell = lambda _what, _done, _total: None,
) -> None:
    """Write list.html, the folder `list` and list.xlsx of a plan; `language` is the one they open in.

    `tell` hears of progress: what is written, how many lists are done and how many there are.

    Quotes are in the pages where they are in the ranking, which then says who made it and when it
    expires. A plan of more than BOOK_CHILDREN children has no list.xlsx. UsageError where the ranking is
    not as `rank` writes it.
    """
    info = written_info(ranking.run, language)
    (folder / "list").mkdir()
    with written_records(ranking) as records:
        listed = ListedRecords(lists, records)
        also = beside(ranking, records, listed.everyone())
        writer = _Writer(lists, listed, also, folder, info)
        rows, parts = writer.write(tell)
        write_contents(rows, parts, folder, info, writer.week)
    if writer.book is not None:
        tell(BOOK, len(lists.written), len(lists.written))
        write_visits_xlsx(writer.book, folder / BOOK, info)


class _Writer:
    """Writes the pages part by part, so that no more records than a part has are held at a time.

    `book` are the lists as visitors see them, for a workbook; None where they are too long for one.
    """

    def __init__(
        self, lists: WeekLists, listed: ListedRecords, also: Beside, folder: Path, info: ListInfo
    ) -> None:
        self.lists, self.listed, self.folder, self.info = lists, listed, folder, info
        self.also, self.office = also, also.office()
        is_short = sum(map(listed.count_own, lists.written)) <= BOOK_CHILDREN
        self.book: list[tuple[str, Sequence[Record]]] | None = [] if is_short else None
        self.week = lists.plan.week
        self.names = file_names(lists.people.ids)
        self.number = {person: place for place, person in enumerate(lists.written, start=1)}
        self.alarms: dict[int, Texts] = {
            alarm.person: {
                language: alarm_sentence(lists.plan, alarm, language) for language in LANGUAGES
            }
            for alarm in lists.plan.alarms
        }

    def write(self, tell: Tell) -> tuple[list[Row], list[Part]]:
        """Write every page: the supervisor's one after the other, each with its lists' own pages."""
        rows: list[Row] = []
        parts: list[Part] = []
        cut = list(self._cut())
        done, total = 0, sum(map(len, cut))
        for people in cut:
            shown, own = self._pages_of(people)
            done += len(people)
            tell("pages", done, total)
            rows += own
            number = len(parts) + 1 if len(cut) > 1 or self._is_long(people) else 0
            parts += write_supervisor_pages(
                shown, number, self.folder, self.info, self.week, self.office
            )
        return rows, parts

    def _is_long(self, people: list[int]) -> bool:
        return sum(map(self.listed.count, people)) > SUPERVISOR_CHILDREN

    def _cut(self) -> Iterator[list[int]]:
        """Whose lists are together on a page of the supervisor."""
        part: list[int] = []
        for person in self._on_a_page():
            if part and self._is_long([*part, person]):
                yield part
                part = []
            part.append(person)
        yield part

    def _on_a_page(self) -> list[int]:
        """Whoever has a file, and whose list has nothing but what is below its line or old."""
        count = len(self.lists.people.ids)
        some = [person for person in range(count) if self.listed.count(person)]
        return sorted({*self.lists.written, *some})

    def _pages_of(self, people: list[int]) -> tuple[list[WeekList], list[Row]]:
        """Write the own pages of some lists; the same lists as the supervisor sees them."""
        rows: list[Row] = []
        shown = []
        for person in people:
            records = self.listed.of(person)
            self.also.annotate(records.records)
            shown.append(self._list(person, records.for_supervisor()))
            if person in self.number:
                own = self._list(person, records.for_visitor())
                number, name = self.number[person], self.names[person]
                rows += write_own_pages(own, number, name, self.folder, self.info, self.week)
                if self.book is not None:
                    self.book.append((own.name, own.records))
        return shown, rows

    def _list(self, person: int, records: tuple[dict[str, object], ...]) -> WeekList:
        return WeekList(
            "caseworker" if self.lists.kind(person) == "caseworker" else "supervisor",
            self.lists.name(person),
            records,
            int(self.lists.people.capacity[person]),
            self.alarms.get(person),
        )
