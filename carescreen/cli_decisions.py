"""Commands that record what people decided, take in what comes back, and count it."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, PACK, moment_of, read_caseload, tell_note
from carescreen.errors import EntryConflict, UsageError

if TYPE_CHECKING:
    from carescreen.entries_import import ImportReport
    from carescreen.results import ListedConcern


@click.group()
def decisions() -> None:
    """Record what people decided, import what comes back, and report it."""


@decisions.command("close")
@click.argument("lists", type=FOLDER)
@click.option("--child", required=True, help="child_id")
@click.option(
    "--rule",
    required=True,
    help="the rule whose concern is closed: its id, or the code in ranking.csv",
)
@click.option("--reason", required=True, help="why; kept with the decision")
@click.option("--by", default=None, help="who decides  [default: the user of this computer]")
@click.option("--confirmed-by", default="", help="second person; required at tier immediate")
@click.option(
    "--at",
    default=None,
    help="date, or date and time, of the decision  [default: now; not before the list's date]",
)
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
    """Close one concern of a child for the evidence dated up to the decision; newer reopens it.

    Example: carescreen decisions close lists --child C0012 --rule cn_dv_household
    --reason "visited; adults live apart now" --at 2026-11-01 --out county/decisions.csv
    """
    from carescreen.decisions import Decision, append
    from carescreen.results import current_user, listed_in, read_run
    from carescreen.rules import RulePack

    run = read_run(lists)
    pack = RulePack.load(run["pack"]["id"])
    concern = listed_in(lists, child, rule, pack)
    if concern.tier == "immediate" and not confirmed_by:
        raise UsageError(
            "closing a concern at tier immediate needs a second person: add --confirmed-by NAME"
        )
    as_of = date.fromisoformat(str(run["as_of"]))
    decided_at = _decided_at(at, as_of)
    _require_covered(concern, decided_at.date(), as_of)
    decision = Decision(
        child_id=concern.child_id,
        decided_by=by or current_user(),
        decision="close",
        decided_at=decided_at,
        reason=reason,
        rule=concern.rule,
        confirmed_by=confirmed_by,
        run_id=str(run["run_id"]),
    )
    count = append(decision, out)
    click.echo(f"Closed. {out} now holds {count} decision{'s' if count != 1 else ''}.")
    click.echo(_effect(concern, decided_at.date(), as_of))


@decisions.command("import")
@click.argument("files", type=FOLDER, nargs=-1, required=True)
@click.option("--into", "county", type=FOLDER, required=True, help="the county's folder of tables")
@click.option(
    "--list",
    "lists",
    type=FOLDER,
    multiple=True,
    help="folder that `rank` or `plan` wrote, for how each child was chosen; a plan goes before its "
    "list; may be given several times",
)
@click.option(
    "--pack", default=None, help="shipped name or folder  [default: that of the list, or cn-rural]"
)
@click.option("--at", default=None, help="date and time of the import  [default: now]")
def decisions_import(
    files: tuple[Path, ...], county: Path, lists: tuple[Path, ...], pack: str | None, at: str | None
) -> None:
    """Add what comes back to decisions.csv and outcomes.csv: files of a page, returned workbooks.

    Nothing is overwritten, and importing a file again adds nothing. What contradicts or cannot be
    used is kept beside them, in decisions_conflicts.csv and decisions_rejected.csv. Exit code 8:
    an entry came again with other content; the others are imported.

    Where a week's plan was worked from, give its folder with every import of its list: how the
    child of an outcome was chosen is filled in once and not changed later.

    Example: carescreen decisions import decisions-*.json list.xlsx --into county --list lists
    --list plan
    """
    from carescreen.entries_import import import_entries

    now = None if at is None else moment_of("--at", at)
    report = import_entries(files, county, lists=lists, pack=pack, now=now)
    _tell_import(report, len(files), county, bool(lists))


def _tell_import(report: ImportReport, files: int, county: Path, has_list: bool) -> None:
    from carescreen.entries_import import CONFLICTS, REJECTED

    click.echo(
        f"Entries read: {report.read:,} (files: {files:,}). Added: {report.added:,}; there already: "
        f"{report.known:,}; in conflict: {report.conflicts:,}; rejected: {report.rejected:,}."
    )
    click.echo(
        f"{county / 'decisions.csv'} now holds {report.total:,} decisions. Outcomes added: "
        f"{report.outcomes:,}."
    )
    if report.misread:
        click.echo(
            f"Notes cleared as misread: {report.misread:,}; for somebody else to look at (about one "
            f"in ten): {report.sampled:,}."
        )
    if report.differs:
        click.echo(
            f"Differs: {report.differs:,} (two people decided differently about the same child and "
            f"rule in one run; both are kept, see {county / CONFLICTS})."
        )
    if report.problems:
        tell_note(f"rejected entries are kept, with the reason, in {county / REJECTED}:")
        for problem, count in sorted(report.problems.items(), key=lambda item: (-item[1], item[0])):
            click.echo(f"  {count:>5,}  {problem}", err=True)
    if report.unlisted and has_list:
        tell_note(
            f"entries that answer another list than those given: {report.unlisted:,}. Their child's "
            "tier or how it was chosen is not known here: give the folder of that list (and of its "
            "plan) with --list; keep it until its pages are back"
        )
    if report.conflicts:
        raise EntryConflict(
            f"{report.conflicts:,} of the entries came again with other content: what is recorded "
            f"stands, the others are in {county / CONFLICTS}"
        )


@decisions.command("report")
@click.argument("county", type=FOLDER)
@click.option(
    "--export",
    type=FOLDER,
    default=None,
    help="write the counts by rule as CSV, 1 to 7 as '7 or fewer'",
)
@click.option(
    "--list",
    "lists",
    type=FOLDER,
    multiple=True,
    help="folder that `rank` wrote, to see what was taken on in time; may be given several times",
)
@PACK
def decisions_report(county: Path, export: Path | None, lists: tuple[Path, ...], pack: str) -> None:
    """Count what people changed: tiers raised, held lower, concerns closed, notes misread.

    By rule, to see which rules are often wrong; by worker, for a supervisor to talk about. With
    the lists, also how many immediate follow-ups were taken on within a day. An export has the
    codes of sensitive rules, which the pack says.

    Example: carescreen decisions report county --list lists
    """
    from carescreen.entries_acknowledged import acknowledged_of, acknowledged_words
    from carescreen.entries_report import counts_of, export_counts, table_of
    from carescreen.results import write_csv_aside
    from carescreen.rules import RulePack

    caseload = read_caseload(county, None)
    counts = counts_of(caseload.decisions)
    if export is not None:
        write_csv_aside(export_counts(counts, RulePack.load(pack)), export, caseload.files)
        click.echo(f"{export}: counts by rule, 1 to 7 as '7 or fewer'.")
        return
    click.echo(table_of(counts))
    click.echo()
    click.echo(acknowledged_words(acknowledged_of(caseload.decisions, lists, date.today())))


def _decided_at(text: str | None, as_of: date) -> datetime:
    """When it was decided; who decides on a list made for a later date decides as of that date."""
    if text is not None:
        return moment_of("--at", text)
    now = datetime.now()
    return now if now.date() >= as_of else datetime.combine(as_of, time())


def _require_covered(concern: ListedConcern, decided: date, as_of: date) -> None:
    """A decision older than the evidence would close nothing."""
    newest, known = concern.last_on, "the newest evidence of this concern is dated"
    if not concern.has_dates and concern.from_on is not None and concern.from_on < as_of:
        newest, known = concern.from_on, "no evidence of this concern is dated before"
    if newest is not None and newest > decided:
        raise UsageError(
            f"{known} {newest}, and the decision {decided}: that would close nothing. Give --at "
            f"{newest} or later, if it was decided then"
        )


def _effect(concern: ListedConcern, decided: date, as_of: date) -> str:
    effect = (
        f"It counts in lists as of {decided} or later, once it is the table decisions of the "
        "caseload, for evidence dated and entered up to the decision; newer evidence reopens it."
    )
    if as_of < decided:
        effect += f"\nA list as of {as_of}, as this one is, shows the concern as open."
    if not concern.has_dates and decided < as_of:
        effect += (
            "\nThis list leaves out the dates of sensitive concerns: newer evidence is possible."
        )
    return effect
