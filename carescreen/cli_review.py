"""The group of commands around a programme's lists, pages and records."""

from __future__ import annotations

import click

from carescreen.cli_review_expire import review_expire
from carescreen.cli_review_family import family
from carescreen.cli_review_list import review_list
from carescreen.cli_review_log import verify_log
from carescreen.cli_review_overview import overview


@click.group()
def review() -> None:
    """Lists, pages and records of a programme."""


for _command in (review_list, family, overview, review_expire, verify_log):
    review.add_command(_command)
