"""The command line: arguments and printing only; the work is done by the modules it calls."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carescreen import __version__
from carescreen.errors import CarescreenError, CaseloadError, UsageError

if TYPE_CHECKING:
    from carescreen.caseload import Caseload
    from carescreen.model import RiskModel
    from carescreen.ranking import Ranking

UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
FOLDER = click.Path(path_type=Path)
LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True
)
PACK = click.option("--pack", default="cn-rural", show_default=True, help="shipped name or folder")
MODEL = click.option(
    "--model", default="evidence", show_default=True, help="shipped name or folder"
)


def main() -> None:
    """Run the command; a user's mistake is one line and an exit code, never a traceback."""
    try:
        group(prog_name="carescreen", standalone_mode=False)
    except CarescreenError as error:
        click.echo(f"carescreen: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("carescreen: stopped; nothing was half-written", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        click.echo(_without_values(error), err=True)
        sys.exit(UNEXPECTED)


def _without_values(error: Exception) -> str:
    """An unexpected error as its type and places in the code: its message may hold a record."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-6:]))
    return (
        f"carescreen: an error in carescreen itself, {type(error).__name__} at {places}. "
        "Nothing was half-written. Please report this line; it holds no record."
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def group() -> None:
    """Rank children for follow-up visits from visit notes and household indicators, and say why.

    A person always decides. Example:

        carescreen synth --children 2000 --visits-per-child 3 --seed 7 --out county
        carescreen rank county --as-of 2026-11-01 --out lists
    """


@group.command()
@click.option("--children", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--villages", type=click.IntRange(1), help="[default: one per 170 children]")
@click.option("--visits-per-child", type=float, default=3.0, show_default=True)
@click.option("--months", type=click.IntRange(1), default=18, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--as-of", default="2026-11-01", show_default=True, help="last day of the records")
@click.option("--out", type=FOLDER, required=True, help="folder to write")
def synth(
    children: int,
    villages: int | None,
    visits_per_child: float,
    months: int,
    seed: int,
    as_of: str,
    out: Path,
) -> None:
    """Make a synthetic county with known risks, for demos and tests.

    Example: carescreen synth --children 2000 --visits-per-child 3 --seed 7 --out county
    """
    from carescreen.synthetic import make_county, write_county

    with _progress("synthetic county") as tell:
        county = make_county(
            children=children,
            villages=villages,
            visits_per_child=visits_per_child,
            months=months,
            seed=seed,
            as_of=as_of,
            progress=tell,
        )
        write_county(county, out)
    click.echo(
        f"Wrote a SYNTHETIC county to {out}: {len(county.children):,} children, "
        f"{len(county.visits):,} visits. None of them is a real person."
    )


@group.command()
@click.argument("folder", type=FOLDER)
@PACK
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--rejected", type=FOLDER, help="CSV to write what cannot be used to")
def check(folder: Path, pack: str, mapping: Path | None, rejected: Path | None) -> None:
    """Say what is wrong with the tables of FOLDER, without ranking.

    Exit code 3 if a row or value could not be used; --rejected writes each of them to a CSV file.

    Example: carescreen check county
    """
    from carescreen.results import write_csv_aside
    from carescreen.rules import RulePack

    indicators = RulePack.load(pack).indicators
    checked = _read(folder, mapping).check(indicators)
    click.echo(_check_report(checked.summary()))
    if rejected is not None:
        write_csv_aside(checked.rejected, rejected)
    if not len(checked.rejected):
        click.echo("everything can be used")
        return
    where = rejected or "add --rejected FILE to write file, row, field and expectation of each"
    click.echo(f"{len(checked.rejected):,} rows or values cannot be used: {where}")
    sys.exit(CaseloadError.exit_code)


def _check_report(summary: dict[str, Any]) -> str:
    lines = [
        f"{table['file']}: {table['rows_read']:,} rows read, {table['rows_used']:,} used"
        for table in summary["tables"].values()
        if table["rows_read"]
    ]
    lines += [f"note: {notice}" for notice in summary["notices"]]
    lines += [
        f"{entry['file']}: {entry['field']}: {entry['count']:,} values not as expected"
        for entry in summary["rejected"]
    ]
    lines += [
        f"needs data: {n:,} children, {reason}" for reason, n in summary["needs_data"].items()
    ]
    return "\n".join(lines)


@group.command()
@click.argument("folder", type=FOLDER)
@click.option("--as-of", default=None, help="what was known by this date  [default: today]")
@PACK
@MODEL
@click.option("--capacity", type=int, help="visits per caseworker and week  [default: the pack's]")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--out", type=FOLDER, required=True, help="folder to write")
@click.option("--quotes", is_flag=True, help="put note quotes and sensitive names into the files")
@click.option("--first-run", is_flag=True, help="old concerns go to the supervisor's backlog")
@click.option("--processes", type=int, default=0, help="worker processes  [default: all cores]")
@click.option("--show", type=click.IntRange(0), default=0, help="print the first N with reasons")
@LANGUAGE
def rank(
    folder: Path,
    as_of: str | None,
    pack: str,
    model: str,
    capacity: int | None,
    mapping: Path | None,
    out: Path,
    quotes: bool,
    first_run: bool,
    processes: int,
    show: int,
    language: str,
) -> None:
    """Rank the children of FOLDER and write the follow-up list with reasons.

    Example: carescreen rank county --as-of 2026-11-01 --capacity 20 --out lists
    """
    from joblib import cpu_count

    from carescreen.results import current_user, file_digests, write_results
    from carescreen.screener import Screener

    clock = _Clock()
    screener = Screener.load(pack=pack, model=model)
    clock.lap("load pack and model")
    caseload = _read(folder, mapping)
    clock.lap("read tables")
    with _progress("ranking") as tell:
        ranking = screener.rank(
            caseload,
            as_of or date.today().isoformat(),
            capacity,
            first_run=first_run,
            processes=processes or cpu_count(),
            progress=tell,
        )
    clock.lap("rank")
    write_results(
        ranking,
        out,
        quotes=quotes,
        made_by=current_user(),
        language=language,
        inputs=file_digests(folder),
        timings=clock.laps,
    )
    _print_ranking(ranking, out, show, language)


def _print_ranking(ranking: Ranking, out: Path, show: int, language: str) -> None:
    from carescreen.review.reasons import terminal_block

    as_of = date.fromisoformat(ranking.run.as_of)
    for record in ranking.records(range(min(show, len(ranking)))):
        click.echo(terminal_block(record, language, as_of) + "\n")
    for notice in ranking.notices:
        click.echo(f"note: {notice}")
    counts = ", ".join(f"{name} {count:,}" for name, count in ranking.tier_counts().items())
    label = "SYNTHETIC: " if ranking.run.synthetic else ""
    click.echo(f"{label}{len(ranking):,} children as of {ranking.run.as_of}: {counts}.")
    if len(ranking.rejected):
        click.echo(
            f"{len(ranking.rejected):,} fields or rows could not be used: {out}/rejected.csv"
        )
    click.echo(f"The list: {out / 'list.html'}")


@group.command()
@click.argument("case_file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--as-of", default=None, help="date of the assessment  [default: the case's, or today]"
)
@PACK
@MODEL
@click.option("--schema", is_flag=True, help="print the JSON schemas of case and assessment")
def assess(case_file: Path | None, as_of: str | None, pack: str, model: str, schema: bool) -> None:
    """Assess one child from a JSON file and print the assessment as JSON.

    Example: carescreen assess examples/case.json
    """
    from carescreen.assessment import Assessment, Case
    from carescreen.screener import Screener

    if schema:
        both = {"case": Case.model_json_schema(), "assessment": Assessment.model_json_schema()}
        click.echo(json.dumps(both, ensure_ascii=False, indent=2))
        return
    if case_file is None:
        raise UsageError("give a case file, for example examples/case.json, or --schema")
    case = _read_case(case_file)
    screener = Screener.load(pack=pack, model=model)
    day = as_of or case.as_of or date.today().isoformat()
    assessment = screener.assess(case, as_of=day)
    click.echo(assessment.model_dump_json(indent=2))


def _read_case(path: Path) -> Any:
    from pydantic import ValidationError

    from carescreen.assessment import Case

    try:
        return Case.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{path}: {where}: {first['msg']}") from None


@group.command()
@click.argument("folder", type=FOLDER)
@PACK
@MODEL
@click.option("--from", "start", default=None, help="first as-of date  [default: what is covered]")
@click.option("--to", "end", default=None, help="last day of the last window")
@click.option("--every", type=click.IntRange(1), default=90, show_default=True, help="days")
@click.option("--horizon", type=click.IntRange(1), default=90, show_default=True, help="days")
@click.option("--capacity", type=click.IntRange(1), help="visits per caseworker and week")
@click.option("--mapping", type=FOLDER, help="mapping.yaml of a foreign export")
@click.option("--out", type=FOLDER, help="CSV to write the figures to")
def evaluate(
    folder: Path,
    pack: str,
    model: str,
    start: str | None,
    end: str | None,
    every: int,
    horizon: int,
    capacity: int | None,
    mapping: Path | None,
    out: Path | None,
) -> None:
    """Rank at past dates with what was known then, and compare with what visits found later.

    Example: carescreen evaluate county --from 2025-11-01 --to 2026-11-01 --capacity 20
    """
    from carescreen.evaluation import backtest
    from carescreen.results import write_csv_aside
    from carescreen.screener import Screener

    with _progress("backtest") as tell:
        found = backtest(
            Screener.load(pack=pack, model=model),
            _read(folder, mapping),
            start,
            end,
            every_days=every,
            horizon_days=horizon,
            capacity=capacity,
            progress=tell,
        )
    click.echo(found.windows.to_string(index=False))
    click.echo(f"\nat {found.capacity} visits per caseworker:")
    click.echo(found.metrics.to_string(index=False, float_format="{:.3f}".format))
    for notice in found.notices:
        click.echo(f"note: {notice}")
    if out is not None:
        write_csv_aside(found.metrics, out)


@group.group()
def notes() -> None:
    """Read visit notes into mentions."""


@notes.command("read")
@click.argument("file", type=FOLDER)
@click.option("--text-column", required=True)
@click.option("--id-column", required=True)
@PACK
@click.option("--out", type=FOLDER, required=True, help="CSV to write")
def notes_read(file: Path, text_column: str, id_column: str, pack: str, out: Path) -> None:
    """Read the notes of FILE (CSV, JSONL, XLSX or Parquet) and write what they mention.

    Example: carescreen notes read visits.csv --text-column note --id-column visit_id --out m.csv
    """
    from carescreen.notes import NoteReader, read_file
    from carescreen.results import write_csv_aside

    mentions = read_file(file, text_column, id_column, NoteReader.load(pack))
    write_csv_aside(mentions, out)
    click.echo(f"{len(mentions):,} mentions written to {out}; it holds words of the notes.")


@notes.command("show")
@click.argument("text")
@PACK
@LANGUAGE
def notes_show(text: str, pack: str, language: str) -> None:
    """Print one note with its mentions marked.

    Example: carescreen notes show "奶奶说没有人打他，邻居家孩子溺水"
    """
    from carescreen.notes import NoteReader, mark

    reader = NoteReader.load(pack)
    found = reader.read([text])
    click.echo("".join(_marked(piece, mention) for piece, mention in mark(text, found)))
    for row in found.to_dict("records"):
        title = click.style(reader.concepts[row["concept"]].title[language], bold=True)
        words = text[row["start"] : row["end"]]
        because = f"  <- {text[row['cue_start'] : row['cue_end']]}" if row["cue_start"] >= 0 else ""
        click.echo(
            f"  {title} ({row['concept']}): {row['status']}  [{words}] {row['found_by']}{because}"
        )
    if not len(found):
        click.echo("  no mention found")


def _marked(piece: str, mention: Any) -> str:
    return piece if mention is None else click.style(f"[{piece}]", bold=True, underline=True)


@group.group()
def rules() -> None:
    """Check rule packs."""


@rules.command("check")
@click.argument("pack")
def rules_check(pack: str) -> None:
    """Check a pack: schema, types, note limits and every example. Exit code 4 if something fails.

    Example: carescreen rules check cn-rural
    """
    from carescreen.rules import RulePack

    loaded = RulePack.load(pack)
    failures = loaded.check()
    for failure in failures:
        click.echo(str(failure))
    examples = sum(len(rule.examples) for rule in loaded.rules)
    click.echo(
        f"{loaded.pack.id} {loaded.pack.version}: {len(loaded.rules)} rules, {examples} examples, "
        f"{len(failures)} failed"
    )
    if failures:
        sys.exit(4)


@group.group()
def decisions() -> None:
    """Record what people decided."""


@decisions.command("close")
@click.argument("lists", type=FOLDER)
@click.option("--child", required=True, help="child_id")
@click.option("--rule", required=True, help="id of the rule whose concern is closed")
@click.option("--reason", required=True, help="why; kept with the decision")
@click.option("--by", default=None, help="who decides  [default: the user of this computer]")
@click.option("--confirmed-by", default="", help="second person; required at tier immediate")
@click.option("--at", default=None, help="date and time of the decision  [default: now]")
@click.option("--out", type=FOLDER, required=True, help="decisions.csv to add to")
def decisions_close(
    lists: Path,
    child: str,
    rule: str,
    reason: str,
    by: str | None,
    confirmed_by: str,
    at: str | None,
    out: Path,
) -> None:
    """Close one concern of a child for the evidence dated up to now; newer evidence reopens it.

    Example: carescreen decisions close lists --child C0012 --rule cn_dv_household
    --reason "visited; adults live apart now" --out county/decisions.csv
    """
    from carescreen.decisions import Decision, append
    from carescreen.results import current_user, listed_in, read_run
    from carescreen.rules import RulePack

    run = read_run(lists)
    pack = RulePack.load(run["pack"]["id"])
    listed_in(lists, child, rule, pack)
    tier = next(entry.tier for entry in pack.rules if entry.id == rule)
    if tier == "immediate" and not confirmed_by:
        raise UsageError(
            "closing a concern at tier immediate needs a second person: add --confirmed-by NAME"
        )
    decision = Decision(
        child_id=child,
        decided_by=by or current_user(),
        decision="close",
        decided_at=_moment(at),
        reason=reason,
        rule=rule,
        confirmed_by=confirmed_by,
        run_id=str(run["run_id"]),
    )
    count = append(decision, out)
    click.echo(f"Closed. {out} now holds {count} decision{'s' if count != 1 else ''}.")
    click.echo("It counts from the next run on, as the table decisions of the caseload.")


@group.group()
def model() -> None:
    """Look at models."""


@model.command("show")
@click.argument("name", default="evidence")
@LANGUAGE
def model_show(name: str, language: str) -> None:
    """Print what each feature of a model can add to the score, in log-odds.

    Example: carescreen model show evidence --language en
    """
    from carescreen.model import RiskModel

    loaded = RiskModel.load(name)
    click.echo(f"{loaded.name}: intercept {loaded.intercept_micro / 1e6:+.3f}")
    for feature in loaded.feature_names:
        click.echo("\n".join(_feature_lines(loaded, feature, language)))


def _feature_lines(loaded: RiskModel, feature: str, language: str) -> list[str]:
    title = loaded.titles.get(feature, {}).get(language, feature)
    steps = ", ".join(f"{name} {points:+.3f}" for name, points in loaded.steps(feature))
    return [f"{title} ({feature})", f"    {steps}"]


def _read(folder: Path, mapping: Path | None) -> Caseload:
    from carescreen.caseload import Caseload

    return Caseload.read(folder, mapping=mapping)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--at wants a date such as 2026-11-01 or 2026-11-01 09:30, got '{text}'"
        ) from None


class _Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


class _progress:  # noqa: N801  # used like a function: with _progress("ranking") as tell
    """A progress bar on stderr that appears only for steps that take a while."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar: Any = None

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self.tell

    def tell(self, what: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self.bar is None:
            self.bar = tqdm(total=total, desc=self.name, delay=1.0, leave=False, disable=None)
        self.bar.set_postfix_str(what, refresh=False)
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
