"""`headrace keys`: the access keys of callers, for HEADRACE_AUTH=sigv4."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import click

from headrace.cli.common import data_option, settings_of
from headrace.cli.main import BAD_USAGE, DONE
from headrace.cli.owner import owner
from headrace.clock import from_ms
from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store import access_keys, profiles, shared_key
from headrace.store.opening import open_store
from headrace.store.secrets import KeyFile, Sealer
from headrace.store.store import Store
from headrace.store.tx import Tx
from headrace.wire.policy import parse_policy

# IAM's rule for user names: an ARN with a blank in it is no createdBy of the API.
_USER_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


def _user_name(_context: click.Context, _option: click.Parameter, given: str) -> str:
    if _USER_NAME.fullmatch(given):
        return given
    raise click.BadParameter(f"{given!r}: allowed are 1 to 64 letters, digits and characters of +=,.@_-")


@click.group()
def command() -> None:
    """Make, list and delete the access keys of callers; change the key that seals stored secrets.

    `headrace serve` asks for them with HEADRACE_AUTH=sigv4. Stop it before `rotate`; all else works beside it.
    """


@command.command()
@click.option(
    "--user", default="headrace", show_default=True, callback=_user_name, help="The user name in the caller's ARN."
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A JSON file with an IAM policy: what the key may do.  [default: everything]",
)
@data_option
def create(user: str, policy: Path | None, data: Path | None) -> int:
    """Make a key and print it; its secret can't be seen again."""
    settings = settings_of(data=data)
    try:
        rules = None if policy is None else _policy(policy)
    except ValueError as error:
        click.echo(str(error), err=True)
        return BAD_USAGE
    with owner(settings) as act:
        key = act("create-key", {"user": user, "policy": rules})
    click.echo(f"export AWS_ACCESS_KEY_ID={key['keyId']}\nexport AWS_SECRET_ACCESS_KEY={key['secret']}")
    return DONE


@command.command(name="list")
@data_option
def list_keys(data: Path | None) -> int:
    """List the keys, oldest first, without their secrets."""
    with owner(settings_of(data=data)) as act:
        for key in act("list-keys", {})["keys"]:
            rules = "everything" if key["policy"] is None else json.dumps(key["policy"], separators=(",", ":"))
            click.echo(f"{key['keyId']}  {from_ms(key['createdMs']):%Y-%m-%dT%H:%M:%SZ}  {key['arn']}  {rules}")
    return DONE


@command.command()
@click.argument("key_id", metavar="ACCESS_KEY_ID")
@data_option
def delete(key_id: str, data: Path | None) -> int:
    """Delete a key; requests signed with it are refused from then on."""
    with owner(settings_of(data=data)) as act:
        act("delete-key", {"keyId": key_id})
    return DONE


@command.command()
@data_option
def rotate(data: Path | None) -> int:
    """Seal every stored secret with a new key, so that the old one opens nothing any more.

    The key file gets a new key. Keys that HEADRACE_KEY or HEADRACE_KEY_COMMAND gives are yours to change: put the
    new one before the old ones, rotate, and take the old ones away.
    """
    settings = settings_of(data=data)
    is_given = settings.key is not None or settings.key_command is not None
    if settings.database_url is not None and not is_given:
        raise SettingsError(
            "Other processes share the database and have the key in files of their own. Set HEADRACE_KEY of all to the"
            " new key, a comma and the old one, start them again, rotate, and take the old one away."
        )
    with _store(settings) as store:
        count = _resealed(store, settings) if is_given else _rotated(store, settings)
    click.echo(f"{count} secrets are sealed with the new key.")
    if is_given:
        click.echo("They open with the first of the keys that were given; the others are no longer needed.")
    return DONE


def _rotated(store: Store, settings: Settings) -> int:
    # Both keys lie in the file until nothing is sealed with the old one: killed in between, nothing is lost.
    key_file = KeyFile(settings.data)
    key_file.add()
    count = _resealed(store, settings)
    key_file.keep_first()
    return count


def _resealed(store: Store, settings: Settings) -> int:
    sealer = Sealer.of(settings)

    def reseal(tx: Tx) -> int:
        shared_key.seal(tx, sealer)
        return access_keys.reseal(tx, sealer) + profiles.reseal(tx, sealer)

    return store.write(reseal).result()


@contextmanager
def _store(settings: Settings) -> Generator[Store]:
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def _policy(path: Path) -> dict[str, Any]:
    """The policy in the file; ValueError with every fault of it."""
    try:
        document = json.loads(path.read_bytes())
        parse_policy(document)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: this is no JSON: {error}") from None
    except SettingsError as error:
        raise ValueError(error.message) from None
    return cast("dict[str, Any]", document)
