"""Commands for people who write rules: check, test, prove."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from carescreen.cli_options import LANGUAGE, day_of
from carescreen.errors import PackError

if TYPE_CHECKING:
    from carescreen.rulefile import Rule
    from carescreen.trials import Failure


@click.group()
def rules() -> None:
    """Check rule packs, and see what they say."""


@rules.command("check")
@click.argument("pack")
@click.option("--strict", is_flag=True, help="notices fail as well")
def rules_check(pack: str, strict: bool) -> None:
    """Check a pack: files, types, note limits, every example, and what nobody reads.

    Errors must be mended: exit code 4. Notices are for the author to judge.

    Example: carescreen rules check cn-rural
    """
    from carescreen.authoring.checking import check_pack
    from carescreen.authoring.layout import report_lines
    from carescreen.rules import RulePack

    report = check_pack(RulePack.load(pack))
    for line in report_lines(report, shutil.get_terminal_size((100, 24)).columns):
        click.echo(line)
    if report.errors or (strict and report.notices):
        sys.exit(PackError.exit_code)


@rules.command("test")
@click.argument("pack")
@click.option("--verbose", is_flag=True, help="a line for each rule whose examples pass")
def rules_test(pack: str, verbose: bool) -> None:
    """Run the examples of every rule, switched on or off. Exit code 4 if one fails.

    Example: carescreen rules test cn-rural --verbose
    """
    from carescreen.rules import RulePack
    from carescreen.trials import failed_examples

    loaded = RulePack.load(pack)
    every = (*loaded.rules, *loaded.rules_off)
    failures: list[Failure] = []
    for rule in every:
        failed = failed_examples(rule, loaded.indicators, loaded.concepts)
        failures += failed
        if verbose and not failed:
            click.echo(_passed(rule))
    for failure in failures:
        click.echo(str(failure))
    examples = sum(len(rule.examples) for rule in every)
    click.echo(
        f"{loaded.pack.id} {loaded.pack.version}: {len(every)} rules, {examples} examples, "
        f"{len(failures)} failed"
    )
    if failures:
        sys.exit(PackError.exit_code)


@rules.command("prove")
@click.argument("pack")
@click.option("--as-of", help="the day whose rules are proved [default: today]")
@LANGUAGE
def rules_prove(pack: str, as_of: str | None, language: str) -> None:
    """Prove properties of a whole pack, over every child there can be. Exit code 4 if one fails.

    No rule is unreachable or in another's shadow; more evidence of harm never lowers the tier;
    completing what is unknown ends nothing; a note alone reaches no more than it may; and what the
    pack states under `properties:`. Needs the extra: pip install 'carescreen[prove]'

    Example: carescreen rules prove cn-rural --language en
    """
    from carescreen.rules import RulePack

    day = day_of("--as-of", as_of) or date.today()
    loaded = RulePack.load(pack)
    from carescreen.authoring.proofs_layout import proofs_lines
    from carescreen.authoring.proving import prove

    proofs = prove(loaded, day)
    width = shutil.get_terminal_size((100, 24)).columns
    for line in proofs_lines(proofs, loaded, language, width):
        click.echo(line)
    if proofs.failed:
        sys.exit(PackError.exit_code)


def _passed(rule: Rule) -> str:
    count = len(rule.examples)
    return f"{rule.id}: {count} example{'' if count == 1 else 's'} passed"
