"""`headrace migrate`: the database, or the file, with this version's schema."""

from __future__ import annotations

from pathlib import Path

import click

from headrace.cli.common import data_option, database_option, settings_of
from headrace.cli.main import DONE, RUN_FAILED
from headrace.store.opening import migrate
from headrace.store.schema import Schema


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Change nothing; exit code 1 if there is anything to change.")
@data_option
@database_option
def command(data: Path | None, database_url: str | None, *, is_check: bool) -> int:
    """Bring the database to this version's schema, all at once or not at all.

    Run it before nodes of a new version start; those of the last version may go on meanwhile. The file of a data
    folder needs it not: whoever opens it does that.
    """
    schema = migrate(settings_of(data=data, database_url=database_url), is_check=is_check)
    click.echo(f"{schema.place}: {_said(schema, is_check=is_check)}.")
    return RUN_FAILED if is_check and _is_older(schema) else DONE


def _said(schema: Schema, *, is_check: bool) -> str:
    found, newest = schema.found or "none", schema.newest
    if schema.is_newest:
        return f"the schema is {newest}, as this version of headrace has it"
    if not _is_older(schema):
        return f"the schema is {found}, of a newer headrace that this version goes with"
    return f"the schema is {found}, this version needs {newest}" if is_check else f"from schema {found} to {newest}"


def _is_older(schema: Schema) -> bool:
    return (schema.found or "") < schema.newest
