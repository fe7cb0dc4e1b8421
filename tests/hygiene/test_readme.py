"""What the README shows exists: commands with their options, files, and the five lines of Python."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

from carescreen.cli import group

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    carescreen (.+)$", TEXT, re.M)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_line_names_a_command_and_its_options(line: str) -> None:
    command: click.Command = group
    words = shlex.split(line)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_command_has_help_with_an_example() -> None:
    pending: list[click.Command] = list(group.commands.values())
    while pending:
        command = pending.pop()
        if isinstance(command, click.Group):
            pending.extend(command.commands.values())
        else:
            assert "Example: carescreen" in (command.help or ""), command.name


def test_the_python_lines_use_public_names() -> None:
    code = re.search(r"```python\n(.*?)```", TEXT, re.S)
    assert code is not None
    assert "Screener" in {
        node.id for node in ast.walk(ast.parse(code[1])) if isinstance(node, ast.Name)
    }


def test_files_that_the_readme_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
