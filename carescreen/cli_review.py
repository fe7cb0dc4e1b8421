"""The group of commands around a programme's lists, pages and records."""

from __future__ import annotations

import click


@click.group()
def review() -> None:
    """Lists, pages and records of a programme."""


from carescreen.cli_review_expire import review_expire  # noqa: E402  # the group comes first

review.add_command(review_expire)
