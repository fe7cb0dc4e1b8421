"""The command evaluate: past lists against what visits found later, as a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen.cli_options import (
    FOLDER,
    LANGUAGE,
    MODEL,
    PACK,
    day_of,
    progress,
    read_caseload,
    require_caseload,
)
from carescreen.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from carescreen.caseload import Caseload
    from carescreen.evaluation.backtest import Backtest
    from carescreen.evaluation.evaluated import Evaluation
    from carescreen.evaluation.notices import Notice
    from carescreen.evaluation.verdicts import Language
    from carescreen.screener import Screener

_DAYS = re.compile(r"(\d{1,4})d?", re.ASCII)
MOST_DAYS = 3_650


def _days(text: str) -> int:
    """A number of days: 90d, or 90."""
    found = _DAYS.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= MOST_DAYS:
        raise click.BadParameter(
            f"wanted a number of days such as 90d, from 1d to {MOST_DAYS}d; got '{text}'"
        )
    return int(found[1])


@click.command()
@click.argument("folder", type=FOLDER)
@PACK
@MODEL
@click.option("--from", "start", help="first as-of date  [default: the first outcome]")
@click.option("--to", "end", help="last day of the last window  [default: the last outcome]")
@click.option("--every", type=_days, default="90d", show_default=True, help="between as-of dates")
@click.option("--horizon", type=_days, default="90d", show_default=True, help="to an outcome")
@click.option(
    "--capacity", type=click.IntRange(1), help="seats of a list in a window  [default: the pack's]"
)
@click.option(
    "--groups", help="indicators to compare groups by, such as sex,disability=disability_level!none"
)
@click.option(
    "--groups-file",
    type=FOLDER,
    help="CSV of further groups by child_id, household_id or village_id, such as remoteness",
)
@click.option(
    "--reference",
    default="evidence",
    show_default=True,
    help="a model never fitted again, to stand beside; none for none",
)
@click.option("--refit", is_flag=True, help="fit a model anew at each date, on what was known then")
@click.option(
    "--folds",
    type=click.Choice(["county", "village"]),
    help="with --refit: score each child by a model of other counties, or other villages",
)
@click.option("--lists", type=FOLDER, help="folder of rank: the lists that there were before")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--out", type=FOLDER, help="folder to write the report to")
@click.option(
    "--leaves-office", is_flag=True, help="a report without small cells, villages and workers"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="of intervals")
@LANGUAGE
def evaluate(
    folder: Path,
    pack: str,
    model: str,
    start: str | None,
    end: str | None,
    every: int,
    horizon: int,
    capacity: int | None,
    groups: str | None,
    groups_file: Path | None,
    reference: str,
    refit: bool,
    folds: str | None,
    lists: Path | None,
    mapping: Path | None,
    out: Path | None,
    leaves_office: bool,
    seed: int,
    language: Language,
) -> None:
    """Rank at past dates with what was known then, and compare with what visits found later.

    Says whether the list finds the children who need a visit, better than what was done before, for
    whom it fails and how many it misses. Outcomes exist only of children who were visited.

    Example: carescreen evaluate county --from 2025-06-01 --to 2026-06-01 --capacity 20 --out report
    """
    first, last = day_of("--from", start), day_of("--to", end)
    if folds is not None and not refit:
        raise UsageError(
            "--folds needs --refit: a model that is not fitted here has no outcome of here to be "
            "kept from"
        )
    require_caseload(folder, mapping)
    from carescreen.evaluation.earlier_lists import read_lists
    from carescreen.evaluation.report import require_report_folder, write_report
    from carescreen.model import RiskModel
    from carescreen.screener import Screener

    caseload = read_caseload(folder, mapping)
    read = [*caseload.files, *(path for path in (groups_file, lists) if path is not None)]
    if out is not None:
        require_report_folder(out, read)
    asked = {
        "start": first,
        "end": last,
        "every_days": every,
        "horizon_days": horizon,
        "capacity": capacity,
        "attributes": None if groups is None else _names(groups),
        "groups": None if groups_file is None else _read_groups(groups_file),
        "lists": None if lists is None else read_lists(lists),
        "reference": None if reference == "none" else RiskModel.load(reference),
        "refit": _refit(folds) if refit else None,
    }
    found = _measured(Screener.load(pack=pack, model=model), caseload, asked, seed)
    for line in _lines(found, language):
        click.echo(line)
    if out is not None:
        paths = write_report(found, out, language=language, for_office=not leaves_office, read=read)
        click.echo(f"{paths[0]}")


def _measured(
    screener: Screener, caseload: Caseload, asked: Mapping[str, Any], seed: int
) -> Evaluation:
    """The backtest that is asked for, with its leak test, measured; with a bar of how far it is."""
    from carescreen.evaluation.backtest import backtest
    from carescreen.evaluation.evaluated import evaluate as measure

    with progress("evaluation") as tell:
        checked = caseload.check(screener.rules.indicators)
        found = backtest(screener, checked, progress=tell, **asked)
        leaks = _leaks(screener, caseload, found, asked)
        return measure(
            found,
            screener.rules,
            checked.outcomes,
            checked.decisions,
            more=[leaks],
            random_state=seed,
            progress=tell,
        )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _read_groups(path: Path) -> pd.DataFrame:
    """A CSV of groups, every cell as the text that stands there."""
    import pandas as pd

    try:
        rows = pd.read_csv(
            path, dtype=str, encoding="utf-8-sig", keep_default_na=False, na_values=[""]
        )
    except OSError as error:
        raise UsageError(f"--groups-file {path} cannot be read: {error.strerror}") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise UsageError(
            f"--groups-file {path} is no CSV in UTF-8 with a line of column names"
        ) from error
    return rows.rename(columns=str.strip)


def _refit(folds: str | None) -> Any:
    from carescreen.cohort_refit import Refit

    return Refit(folds="county" if folds == "county" else "village" if folds else None)


def _leaks(
    screener: Screener, caseload: Caseload, found: Backtest, asked: Mapping[str, Any]
) -> Notice:
    """What the leak test says of the window in the middle."""
    from carescreen.evaluation.leaks import find_leaks
    from carescreen.evaluation.notices import Notice

    days = found.windows["as_of"].tolist()
    day = days[len(days) // 2]
    columns = find_leaks(
        screener,
        caseload,
        day,
        attributes=asked["attributes"],
        reference=asked["reference"],
        refit=asked["refit"],
    )
    if columns:
        return Notice("leak", {"day": day, "columns": ", ".join(columns)})
    return Notice("leak_free", {"day": day})


def _lines(found: Evaluation, language: Language) -> Iterator[str]:
    """What was measured, for a terminal."""
    from carescreen.evaluation.report import summary_lines

    yield found.backtest.windows.to_string(index=False)
    yield ""
    yield from summary_lines(found, language)
    for notice in found.notices:
        yield ("注意：" if language == "zh" else "note: ") + notice.sentence(
            "zh" if language == "zh" else "en"
        )
