"""Commands that record what people decided."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import FOLDER, moment_of
from carescreen.errors import UsageError

if TYPE_CHECKING:
    from carescreen.results import ListedConcern


@click.group()
def decisions() -> None:
    """Record what people decided."""


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
