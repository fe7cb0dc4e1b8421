"""A report as lines of text: the summary, each error with its place, the notices by kind."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from carescreen.authoring.checking import Finding, Report


def report_lines(report: Report, width: int = 100) -> Iterator[str]:
    """The whole report; names are wrapped to the width of the terminal."""
    yield (
        f"{report.pack} {report.version}: {_counted(sum(report.on.values()), 'rule')} on, "
        f"{sum(report.off.values())} off, {_counted(report.examples, 'example')}, "
        f"{_counted(len(report.errors), 'error')}, {_counted(len(report.notices), 'notice')}"
    )
    for name, counts in (("on", report.on), ("off", report.off)):
        if counts:
            yield f"  {name + ':':<5}{_counts(counts)}"
    if report.errors:
        yield "errors"
    for finding in report.errors:
        yield f"  {error_line(finding)}"
    if report.notices:
        yield "notices"
    for kind in dict.fromkeys(finding.message for finding in report.notices):
        names = [finding.subject for finding in report.notices if finding.message == kind]
        yield from _wrapped(f"{kind} ({len(names)}): ", names, width)


def error_line(finding: Finding) -> str:
    """An error with its place, as editors and compilers write it."""
    return f"{finding.place}: {finding.subject} {finding.message}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _wrapped(head: str, names: list[str], width: int) -> list[str]:
    return textwrap.wrap(
        head + ", ".join(names),
        width,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
