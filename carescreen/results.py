"""The output folder of a run: written aside and renamed, so an interrupted run leaves the old one.

ranking.csv    every child, one row each          list.html   the list (long: one page a group)
ranking.jsonl  every child with its full reasons  list.xlsx   the same as a workbook
rejected.csv   fields and rows that were not used run.json    versions, hashes, settings, counts
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from carescreen.errors import OutputError, UsageError, did_you_mean
from carescreen.ranking import Ranking
from carescreen.review.html import write_html, write_pages
from carescreen.review.info import ListInfo
from carescreen.review.xlsx import write_xlsx
from carescreen.rules import RulePack

EXPIRES_AFTER_DAYS = 30  # a list with quotes says that it is to be deleted by then
RUN_FORMAT = "carescreen-run/1"
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
) -> None:
    """Write a run's folder; `inputs` are SHA-256 of the input files by name.

    An existing folder is replaced only if it holds an earlier run or nothing.
    """
    info = list_info(ranking, quotes=quotes, made_by=made_by, language=language)
    with replaced_folder(folder) as aside:
        step("ranking.csv")
        write_csv(ranking.export_frame(names=quotes), aside / "ranking.csv")
        step("ranking.jsonl")
        _write_jsonl(ranking, aside / "ranking.jsonl", quotes)
        step("list.html, list.xlsx")
        records = _records(ranking, quotes)
        write_pages(records, aside, info)
        write_xlsx(records, aside / "list.xlsx", info)
        write_csv(ranking.rejected, aside / "rejected.csv")
        summary = run_summary(ranking, quotes, inputs or {}, timings or {})
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (aside / "run.json").write_text(text + "\n", encoding="utf-8")


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
        language=language,
        tier_hours=ranking.run.settings["tier_hours"],
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
    read = ranking.records if quotes else ranking.public_records
    return read(ranking.listed())


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table as UTF-8 CSV that Excel opens as such; dates as 2026-11-01, scores to a millionth.

    A text cell that a spreadsheet would take for a formula gets a leading apostrophe.
    """
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
            text = column.astype("object")
            risky = text.str.match(r"[=+\-@\t\r]", na=False).astype(bool)
            ready[name] = text.where(~risky, "'" + text.astype(str))
    ready.to_csv(
        path, index=False, encoding="utf-8-sig", lineterminator="\n", quoting=csv.QUOTE_MINIMAL
    )


def _write_jsonl(ranking: Ranking, path: Path, quotes: bool) -> None:
    line = ranking.json_line if quotes else ranking.public_json_line
    with path.open("wb") as file:
        file.writelines(line(position) + b"\n" for position in range(len(ranking)))


def run_summary(
    ranking: Ranking, quotes: bool, inputs: Mapping[str, str], timings: Mapping[str, float]
) -> dict[str, Any]:
    """What run.json holds: enough to say later what made this list. No ids."""
    frame = ranking.to_frame()
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
            "children": len(frame),
            "tiers": ranking.tier_counts(),
            "within_capacity": int(frame["within_capacity"].sum()),
            "needs_data": int(frame["needs_data"].sum()),
            "rejected": len(ranking.rejected),
        },
        "timings_seconds": {name: round(value, 3) for name, value in timings.items()},
        "software": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of an input folder, by name."""
    digests = {}
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        with path.open("rb") as file:
            digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


@contextmanager
def replaced_folder(folder: Path, marker: str = "run.json") -> Iterator[Path]:
    """A fresh folder beside the wanted one that takes its place when the block ends without error.

    The old folder is kept until the new one stands. A folder without `marker` that is not empty is
    somebody's: it is left alone with an OutputError.
    """
    folder = Path(folder)
    previous = folder.with_name(f".{folder.name}.previous")
    _restore(folder, previous)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give a folder to write into")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).exists():
        raise OutputError(
            f"{folder} is not empty and holds no earlier result ({marker}); "
            "nothing was written, choose another folder"
        )
    aside: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.part-"))
        yield aside
        aside.chmod(0o755)
        if folder.exists():
            folder.rename(previous)
        aside.rename(folder)
        shutil.rmtree(previous, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}; the old one stands"
        ) from None
    finally:
        if aside is not None and aside.exists():
            shutil.rmtree(aside, ignore_errors=True)
        _restore(folder, previous)


def _restore(folder: Path, previous: Path) -> None:
    """Put back the old folder that a killed run had moved away."""
    if previous.is_dir() and not folder.exists():
        previous.rename(folder)


def listed_in(folder: Path, child_id: str, rule: str, rules: RulePack) -> dict[str, str]:
    """The row of a child in a written ranking whose concerns include a rule.

    UsageError says what is wrong without naming the child.
    """
    path = folder / "ranking.csv"
    if not path.is_file():
        raise UsageError(f"{folder} holds no ranking.csv; give the folder that `rank` wrote")
    known = {entry.id: entry for entry in rules.rules}
    if rule not in known:
        raise UsageError(f"pack '{rules.pack.id}' has no rule '{rule}'{did_you_mean(rule, known)}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        row = next((row for row in csv.DictReader(file) if row["child_id"] == child_id), None)
    if row is None:
        raise UsageError("no child with this id in the ranking; check the id in ranking.csv")
    concerns = row["concerns"].split(";")
    if rule not in concerns and known[rule].code not in concerns:
        raise UsageError(
            f"rule '{rule}' is not among this child's open concerns; "
            "ranking.csv lists them in the column concerns"
        )
    return row


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


def write_csv_aside(frame: pd.DataFrame, path: Path) -> None:
    """A table as CSV, written aside and renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        try:
            write_csv(frame, Path(aside))
            Path(aside).replace(path)
        finally:
            Path(aside).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
