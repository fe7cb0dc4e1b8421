"""The output folder of a run: written aside and renamed, so an interrupted run leaves the old one.

ranking.csv    every child, one row each          list.html   the list (long: a table of contents)
ranking.jsonl  every child with its full reasons  list/       a page each caseworker, supervisor.html
rejected.csv   fields and rows that were not used list.xlsx   the list as a workbook
positions.csv  where children stood on this list and those before, and how each was chosen: stays in
               the office, since it says who was drawn
overview.csv   counts by village, of this run and those before it: stays in the office
changes.csv    what changed since the list before
handovers.csv  who has another caseworker or village than before; duplicates.csv  who may be there twice
run.json       versions, hashes, settings, counts
profile.json   counts over all children and the last weeks' visits, for `watch`: stays in the office
PRIVATE.txt    only with quotes: what the tables hold, who made them, and when they expire
waiting.csv    since when immediate follow-ups that nobody has taken on wait
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import io
import json
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from carescreen.cells import guarded, guarded_all
from carescreen.errors import UsageError, did_you_mean
from carescreen.overview_before import overview_with_history
from carescreen.processes import in_processes
from carescreen.profile import FILE as PROFILE
from carescreen.profile import profile_text
from carescreen.ranking import Ranking
from carescreen.rankingfiles import write_ranking
from carescreen.results_before import positions_table
from carescreen.results_changes import changes_since
from carescreen.results_handover import FILE as HANDOVERS
from carescreen.results_handover import frame_of
from carescreen.results_listed import Beside, beside_of, filed_records
from carescreen.results_people import DUPLICATES, people_of
from carescreen.results_place import replaced_file, replaced_folder, require_folder, require_own_csv
from carescreen.review.filed import LinesFile
from carescreen.review.html import Office, Pages, write_html, write_part
from carescreen.review.info import ListInfo
from carescreen.review.texts import LANGUAGES, day, text
from carescreen.review.xlsx import write_xlsx
from carescreen.rules import Rule, RulePack
from carescreen.waiting import FILE as WAITING
from carescreen.waiting import waiting_frame

EXPIRES_AFTER_DAYS = 30  # a list with quotes says that it is to be deleted by then
PRIVATE = "PRIVATE.txt"
RUN_FILES = (
    *("ranking.csv", "ranking.jsonl", "list.html", "list", "list.xlsx", "rejected.csv"),
    *("overview.csv", "changes.csv", "handovers.csv", "duplicates.csv", "waiting.csv"),
    *("positions.csv", "run.json", PROFILE, PRIVATE),
)
RUN_FORMAT = "carescreen-run/1"
OURS = (RUN_FILES, "run.json", '"carescreen-run/')
_LIBRARIES = ("carescreen", "numpy", "pandas", "scikit-learn")

Step = Callable[[str], None]


def write_results(
    ranking: Ranking,
    folder: Path,
    *,
    quotes: bool,
    made_by: str,
    language: str = "zh",
    inputs: Mapping[str, str] | None = None,
    timings: Mapping[str, float] | None = None,
    step: Step = lambda _name: None,
    read: Sequence[Path] = (),
    pages: bool = True,
    processes: int = 1,
) -> None:
    """Write a run's folder; `inputs` are SHA-256 of the input files by name.

    An existing folder is replaced only if it holds an earlier run, and nothing else, or nothing.
    `read` are files and folders of the input: none may lie in it. Without `pages` the tables stand
    alone: no pages, no workbook; `processes` write these. `timings` are of what was done before, in
    seconds: run.json has the writing of tables and lists after them.
    """
    laps = _Laps(timings or {})
    info = list_info(ranking, quotes=quotes, made_by=made_by, language=language)
    office, beside, tables = _of_the_office(ranking, folder, inputs or {})
    with replaced_folder(folder, *OURS, read) as aside:
        step("ranking.csv, ranking.jsonl")
        write_ranking(ranking, aside, quotes=quotes, processes=processes)
        for name, table in tables.items():
            write_csv(table, aside / name)
        profile = profile_text(ranking.profile, names=quotes)
        (aside / PROFILE).write_text(profile, encoding="utf-8")
        laps.lap("write tables")
        if pages:
            step("list.html, list.xlsx")
            write_lists(ranking, beside, aside, info, office, processes)
            laps.lap("write lists")
        summary = run_summary(ranking, quotes, inputs or {}, laps.seconds)
        if not pages:
            summary["tables_only"] = True
        if office.since:
            summary["since"] = asdict(office.since)
        if quotes:
            summary |= {"made_by": info.made_by, "expires": info.expires}
            words = private_words(info, [*aside.iterdir()])
            (aside / PRIVATE).write_text(words, encoding="utf-8-sig")
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (aside / "run.json").write_text(text + "\n", encoding="utf-8")


class _Laps:
    """Seconds of what was done before, and of each step since this was made."""

    def __init__(self, before: Mapping[str, float]) -> None:
        self.seconds = dict(before)
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.seconds[name] = now - self._last
        self._last = now


def write_lists(
    ranking: Ranking,
    beside: Beside,
    folder: Path,
    info: ListInfo,
    office: Office,
    processes: int = 1,
) -> None:
    """Write pages and workbook into a folder that holds the ranking.jsonl of a ranking.

    Each process reads the records that it writes, a few at a time: no list is ever held whole.
    """
    with LinesFile(folder / "ranking.jsonl") as lines:
        records, besides = filed_records(ranking, lines, beside)
        pages = Pages(records, info, replace(office, besides=besides))
        (folder / "list").mkdir()
        book = (lines, write_xlsx, records, folder / "list.xlsx", info)
        jobs = chain([book], ((lines, write_part, job, folder, info) for job in pages.jobs))
        for _ in in_processes(_with_open, None, jobs, processes):
            pass
        pages.write_first(folder)


def _with_open(
    _shared: None, lines: LinesFile, write: Callable[..., None], *arguments: Any
) -> None:
    """Write one thing in a process that reads the records from a file."""
    with lines:
        write(*arguments)


def _of_the_office(
    ranking: Ranking, folder: Path, inputs: Mapping[str, str]
) -> tuple[Office, Beside, dict[str, pd.DataFrame]]:
    """What the supervisor sees beside the children, what is said beside records, tables by file name.

    Much of it is known only beside the list that `folder` still holds.
    """
    positions = _positions(ranking, folder)
    people = people_of(ranking, folder)
    beside = beside_of(ranking, people, positions, folder)
    counts = overview_with_history(ranking.of_overview(), ranking.run.as_of, folder)
    changes = changes_since(folder, ranking, inputs, version("carescreen"))
    tables = {
        "rejected.csv": ranking.rejected,
        "overview.csv": counts,
        "changes.csv": changes.frame,
        HANDOVERS: frame_of(people.handovers),
        DUPLICATES: people.duplicate_frame(),
        WAITING: waiting_frame(beside.waiting),
        "positions.csv": positions,
    }
    return Office(counts, people.sections(), changes.since), beside, tables


def require_run_folder(folder: Path, read: Sequence[Path]) -> None:
    """OutputError where a run may not be written, before the work of ranking is done."""
    require_folder(folder, *OURS, read)


def list_info(ranking: Ranking, *, quotes: bool, made_by: str, language: str) -> ListInfo:
    """What the head of a list says about where it comes from."""
    expires = datetime.now(UTC).date() + timedelta(days=EXPIRES_AFTER_DAYS)
    return ListInfo(
        as_of=ranking.run.as_of,
        pack=ranking.run.pack["title"],
        pack_version=ranking.run.pack["version"],
        model=ranking.run.model["name"],
        run_id=ranking.run.run_id,
        capacity=ranking.capacity,
        quotes=quotes,
        made_by=made_by,
        expires=str(expires) if quotes else None,
        synthetic=ranking.run.synthetic,
        model_synthetic=ranking.run.model.get("data_origin") == "synthetic",
        language=language,
        tier_hours=ranking.run.settings["tier_hours"],
    )


def private_words(info: ListInfo, written: Collection[Path]) -> str:
    """What a folder with quotes says of its tables, which have no top to say it on."""
    there = {path.name for path in written}
    quoting = ("ranking.csv", "ranking.jsonl", "list.html", "list", "list.xlsx")
    files = (f"{name}/" if name == "list" else name for name in quoting if name in there)
    heads = (", ".join(files), f"run {info.run_id}")
    lines = [" · ".join(heads)]
    for language in LANGUAGES:
        made = f"{text('made_by', language)}: {' '.join(info.made_by.split())}"
        until = f"{text('expires', language)}: {day(info.expires, language)}"
        lines += ["", text("quotes_banner", language), text("quotes_care", language)]
        lines += [f"{made} · {until}"]
    return "\n".join(lines) + "\n"


def written_info(run: Mapping[str, Any], language: str) -> ListInfo:
    """What the head of a list says that is made of a written ranking, from its run.json.

    A list with quotes says who made the ranking and when that expires: nothing made of it later lasts
    longer. UsageError where run.json does not say it.
    """
    if run["quotes"] and not (run.get("made_by") and run.get("expires")):
        raise UsageError(
            "run.json does not say who made this ranking with quotes and when it expires; rank again"
        )
    return ListInfo(
        as_of=run["as_of"],
        pack=run["pack"]["title"],
        pack_version=run["pack"]["version"],
        model=run["model"]["name"],
        run_id=run["run_id"],
        quotes=bool(run["quotes"]),
        made_by=str(run.get("made_by") or ""),
        expires=run.get("expires"),
        synthetic=bool(run["synthetic"]),
        model_synthetic=run["model"].get("data_origin") == "synthetic",
        language=language,
        tier_hours=run["settings"]["tier_hours"],
    )


def write_list_html(ranking: Ranking, path: Path, *, quotes: bool, language: str) -> None:
    """The listed children as one page."""
    info = list_info(ranking, quotes=quotes, made_by=current_user(), language=language)
    write_html(_records(ranking, quotes), path, info)


def write_list_xlsx(ranking: Ranking, path: Path, *, quotes: bool, language: str) -> None:
    """The listed children as a workbook."""
    info = list_info(ranking, quotes=quotes, made_by=current_user(), language=language)
    write_xlsx(_records(ranking, quotes), path, info)


def current_user() -> str:
    """The name of this computer's user, for "made by" and "decided by"."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _records(ranking: Ranking, quotes: bool) -> list[dict[str, Any]]:
    """Records of the listed children."""
    read = ranking.records if quotes else ranking.public_records
    return read(ranking.listed())


def _positions(ranking: Ranking, folder: Path) -> pd.DataFrame:
    names = ("child_id", "rank", "tier", "selected_by", "selection_probability")
    now = ranking.columns(*names).to_frame().assign(run_id=ranking.run.run_id)
    return positions_table(folder, ranking.run.as_of, now, ranking.listed())


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table as UTF-8 CSV that Excel opens as such; dates as 2026-11-01, scores to a millionth.

    A text cell that a spreadsheet would take for a formula gets a leading apostrophe.
    """
    ready = _csv_ready(frame)
    ready.to_csv(path, index=False, encoding="utf-8-sig", **_CSV)


def csv_lines(frame: pd.DataFrame) -> list[str]:
    """The rows of a table as `write_csv` writes them, each without its line's end."""
    lines = _Lines()
    _csv_ready(frame).to_csv(lines, index=False, header=False, **_CSV)
    return [line.removesuffix("\n") for line in lines.written]


class _Lines(io.StringIO):
    """Keeps what is written to it apart: a line may have the end of a line in a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str, /) -> int:
        self.written.append(text)
        return len(text)


_CSV: dict[str, Any] = {"lineterminator": "\n", "quoting": csv.QUOTE_MINIMAL}


def _csv_ready(frame: pd.DataFrame) -> pd.DataFrame:
    ready = frame.copy()
    for name in ready.columns:
        column = ready[name]
        if column.dtype.kind == "M":
            ready[name] = column.dt.strftime("%Y-%m-%d")
        elif name == "score":
            ready[name] = [f"{value:.6f}" for value in column]
        elif name == "days_since_seen":
            ready[name] = column.astype("Int64")
        elif column.dtype.kind == "O" or str(column.dtype) == "str":
            cells = guarded_all(column.astype("object").tolist())
            ready[name] = pd.Series(cells, column.index, dtype=object)
    return ready


def run_summary(
    ranking: Ranking, quotes: bool, inputs: Mapping[str, str], timings: Mapping[str, float]
) -> dict[str, Any]:
    """What run.json holds: enough to say later what made this list. No ids."""
    counted = ranking.columns("within_capacity", "needs_data")
    return {
        "format": RUN_FORMAT,
        "run_id": ranking.run.run_id,
        "as_of": ranking.run.as_of,
        "synthetic": ranking.run.synthetic,
        "quotes": quotes,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "pack": ranking.run.pack,
        "model": ranking.run.model,
        "settings": ranking.run.settings,
        "inputs": dict(inputs),
        "notices": list(ranking.notices),
        "counts": {
            "children": len(ranking),
            "tiers": ranking.tier_counts(),
            "within_capacity": int(counted["within_capacity"].sum()),
            "needs_data": int(counted["needs_data"].sum()),
            "rejected": len(ranking.rejected),
        },
        "timings_seconds": {name: round(value, 3) for name, value in timings.items()},
        "software": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of an input folder, by name; of those that can be read."""
    digests = {}
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        # What cannot be read is no table of the caseload, or was taken away: see require_unchanged.
        with suppress(OSError), path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


@dataclass(frozen=True)
class ListedConcern:
    """A concern of a written ranking: whose it is, its rule's id, and when its evidence is of.

    last_on  the newest evidence; None where it has no date, or the list leaves the dates out
    from_on  a day before which none of its evidence can be; None where the list does not show one
    """

    child_id: str
    rule: str
    tier: str | None
    last_on: date | None
    from_on: date | None
    has_dates: bool


def listed_in(folder: Path, child_id: str, rule: str, rules: RulePack) -> ListedConcern:
    """The concern of a child in a written ranking; `rule` is an id or the neutral code.

    UsageError says what is wrong without naming the child.
    """
    known = {entry.code: entry for entry in rules.rules} | {
        entry.id: entry for entry in rules.rules
    }
    if rule not in known:
        raise UsageError(f"pack '{rules.pack.id}' has no rule '{rule}'{did_you_mean(rule, known)}")
    record = _written_record(folder, child_id)
    chosen = known[rule]
    names = {chosen.id, chosen.code}
    concern = next((c for c in record["concerns"] if names & {c.get("rule"), c["code"]}), None)
    if concern is None:
        raise UsageError(
            f"rule '{rule}' is not among this child's open concerns; "
            "ranking.csv lists them in the column concerns"
        )
    return ListedConcern(
        child_id=str(record["child_id"]),
        rule=chosen.id,
        tier=chosen.tier,
        last_on=_day_or_none(concern.get("last_on")),
        from_on=_day_or_none(concern.get("first_on")) or _first_possible(record, chosen),
        has_dates="last_on" in concern,
    )


def _first_possible(record: Mapping[str, Any], rule: Rule) -> date | None:
    """A child is due at the latest when the hours of a concern are over since its evidence began.

    A plan moves that date, and says nothing then. A list without quotes shows no more of a
    sensitive concern.
    """
    due = _day_or_none(record["due_on"])
    if due is None or record["state"] == "planned":
        return None
    return due - timedelta(days=-(-(rule.hours or 0) // 24))


def _day_or_none(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _written_record(folder: Path, child_id: str) -> dict[str, Any]:
    """A child's line of ranking.jsonl, found by its place in ranking.csv."""
    path = folder / "ranking.csv"
    if not path.is_file():
        raise UsageError(f"{folder} holds no ranking.csv; give the folder that `rank` wrote")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            ids = [row["child_id"] for row in csv.DictReader(file)]
        # Of this child, or else as somebody copied the cell.
        written = next((text for text in (guarded(child_id), child_id) if text in ids), None)
        if written is None:
            raise UsageError("no child with this id in the ranking; check the id in ranking.csv")
        with (folder / "ranking.jsonl").open("rb") as lines:
            line = next(islice(lines, ids.index(written), None), b"")
        return dict(json.loads(line.decode("utf-8", "surrogatepass")))
    except (OSError, KeyError, ValueError):
        raise UsageError(f"{folder} is not as `rank` wrote it; rank again") from None


def read_run(folder: Path) -> dict[str, Any]:
    """The run.json of a written ranking."""
    path = folder / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"{folder} holds no run.json; give the folder that `rank` wrote") from None
    except ValueError:
        raise UsageError(f"{path} is not valid JSON; rank again") from None
    if not isinstance(run, dict) or run.get("format") != RUN_FORMAT:
        raise UsageError(f"{path} is not of the format {RUN_FORMAT}; rank again")
    return run


def write_csv_aside(frame: pd.DataFrame, path: Path, inputs: Sequence[Path] = ()) -> None:
    """A table as CSV, written aside and renamed, over nothing but an earlier one of the same kind.

    OutputError for a file of other columns and for one of `inputs`.
    """
    require_own_csv(path, [str(name) for name in frame], inputs)
    with replaced_file(path) as aside:
        write_csv(frame, aside)
