"""The command line: one entry, the groups of commands, and how every error reaches a person.

Arguments and printing only; the work is done by the modules that the commands call.
"""

from __future__ import annotations

import io
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import click

from carescreen import __version__
from carescreen.cli_case import assess
from carescreen.cli_caseload import check, synth
from carescreen.cli_decisions import decisions
from carescreen.cli_evaluate import evaluate
from carescreen.cli_model import model
from carescreen.cli_notes import notes
from carescreen.cli_plan import plan
from carescreen.cli_rank import rank
from carescreen.cli_review import review
from carescreen.cli_rules import rules
from carescreen.cli_watch import rules_use, watch
from carescreen.errors import CarescreenError, OutputError, TooLittleMemory

UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
_OUT_OF_MEMORY = (
    "the memory of this computer is not enough; nothing was half-written. Close other programs, use "
    "--processes 1 where the command has it, or a computer with more memory"
)


def main() -> None:
    """Run the command; a user's mistake is one line and an exit code, never a traceback."""
    _never_fail_to_print()
    _unwind_when_told_to_stop()
    try:
        group(prog_name="carescreen", standalone_mode=False)
    except CarescreenError as error:
        click.echo(f"carescreen: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # a name alone asks what there is
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(_in_one_line(error), err=True)
        sys.exit(error.exit_code)
    except _Terminated:
        click.echo("carescreen: stopped; nothing was half-written", err=True)
        sys.exit(TERMINATED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("carescreen: stopped; nothing was half-written", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    except MemoryError:
        click.echo(f"carescreen: {_OUT_OF_MEMORY}", err=True)
        sys.exit(TooLittleMemory.exit_code)
    except OSError as error:
        click.echo(_refused(error), err=True)
        sys.exit(OutputError.exit_code)
    except Exception as error:
        click.echo(_without_values(error), err=True)
        sys.exit(UNEXPECTED)


class _Terminated(BaseException):
    """The system asks the program to stop: unwind, so that what is half-written goes."""


def _unwind_when_told_to_stop() -> None:
    signal.signal(signal.SIGTERM, _stop)
    # A terminal that is closed, or a line that breaks, ends what runs in it, except under nohup.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    signal.signal(number, signal.SIG_IGN)  # once is enough; cleaning up is not cut short
    raise _Terminated


def _never_fail_to_print() -> None:
    """A terminal that has no Chinese characters gets question marks in their place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _in_one_line(error: click.ClickException) -> str:
    """A mistake in the command's own words, and where its help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "carescreen"
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"carescreen: {message} (see: {command} --help)"


def _refused(error: OSError) -> str:
    """What the system refused and no command foresaw; without the file's name, which may be a child's."""
    return (
        f"carescreen: the system refused to read or write a file ({error.strerror or 'no reason'}, "
        f"{_places(error)}); nothing was half-written. Look whether disks and the temporary folder have "
        "room and files may be read, and run this again"
    )


def _places(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-6:]))


def _without_values(error: Exception) -> str:
    """An unexpected error as its type and places in the code: its message may hold a record."""
    return (
        f"carescreen: an error in carescreen itself, {type(error).__name__} at {_places(error)}. "
        "Nothing was half-written. Please report this line; it holds no record."
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def group() -> None:
    """Rank children for follow-up visits from visit notes and household indicators, and say why.

    A person always decides. Example:

    \b
        carescreen synth --children 2000 --visits-per-child 3 --seed 7 --out county
        carescreen rank county --as-of 2026-11-01 --out lists
    """


_COMMANDS = (
    synth,
    check,
    rank,
    plan,
    assess,
    evaluate,
    notes,
    rules,
    decisions,
    review,
    model,
    watch,
)
rules.add_command(rules_use)
for _command in _COMMANDS:
    group.add_command(_command)
