"""The secrets of profiles, for the custom connectors whose profiles they are, and for nobody else."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from headrace.connector_sdk.hosts.handed import Handed
from headrace.connector_sdk.records import Connection
from headrace.connector_sdk.secret_text import secret_text
from headrace.operations.connections import connection_of
from headrace.store import profiles
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from headrace.store.tx import Tx

# The lambdaArn of a registered connector, by account, region and label; None: there is no such.
Owner = Callable[[Tx, str, str, str], str | None]


@dataclass(frozen=True, slots=True)
class ProcessKey:
    """The access key of one connector's processes; it lives as long as this process of headrace."""

    access_key_id: str
    lambda_arn: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A secret as Secrets Manager answers it; `changed_ms` names its version."""

    arn: str
    changed_ms: int
    text: str = field(repr=False)


class ConnectorSecrets:
    """Gives each custom connector a key of its own, and for that key the secrets of its own profiles."""

    def __init__(self, store: Store, sealer: Sealer, owner: Owner, url: Callable[[], str]) -> None:
        """`url` is where headrace answers."""
        self._store = store
        self._sealer = sealer
        self._owner = owner
        self._url = url
        self._lock = threading.Lock()
        self._keys: dict[str, ProcessKey] = {}
        self._tried: dict[str, Connection] = {}
        # What connectors know of credentials: all that they must not say aloud.
        self.handed = Handed()

    def environment(self, lambda_arn: str) -> dict[str, str]:
        """What the processes of the connector find in their environment; the AWS SDKs read it."""
        key, region = self._key_of(lambda_arn), lambda_arn.split(":")[3]
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self._url(),
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }

    def signing_secret(self, access_key_id: str) -> str | None:
        """What requests with the key are signed with; None for a key that was given to no connector."""
        with self._lock:
            known = self._keys.get(access_key_id)
        return None if known is None else known.secret

    @contextmanager
    def trying(self, connection: Connection) -> Generator[None]:
        """Let the connector read the secret of a connection that is not stored, or not like this, in the block."""
        with self._lock:
            before = self._tried.get(connection.secret_arn)
            self._tried[connection.secret_arn] = connection
        try:
            yield
        finally:
            with self._lock:
                if before is None:
                    self._tried.pop(connection.secret_arn, None)
                else:
                    self._tried[connection.secret_arn] = before

    def read_as_connector(self, access_key_id: str, secret_arn: str) -> Future[SecretValue | None]:
        """The secret, if the key is that of the connector whose profile it belongs to; else None."""
        with self._lock:
            key, tried = self._keys.get(access_key_id), self._tried.get(secret_arn)

        def read(tx: Tx) -> SecretValue | None:
            found = self._found(tx, secret_arn, tried)
            if key is None or found is None or self._owner_of(tx, found[0]) != key.lambda_arn:
                return None
            return self._handed_out(found)

        return self._store.read(read)

    def text_for(self, lambda_arn: str, secret_arn: str) -> str | None:
        """The secret's text for the connector itself, where it runs under headrace's eyes; None as above."""
        found = self.read_as_connector(self._key_of(lambda_arn).access_key_id, secret_arn).result()
        return None if found is None else found.text

    def read_in_account(self, account: str, secret_arn: str) -> Future[SecretValue | None]:
        """The secret of a custom connector's profile in the account; None if there is none."""

        def read(tx: Tx) -> SecretValue | None:
            found = self._found(tx, secret_arn, None)
            if found is None or found[0].account != account or found[0].connector_label is None:
                return None
            return self._handed_out(found)

        return self._store.read(read)

    def _key_of(self, lambda_arn: str) -> ProcessKey:
        with self._lock:
            known = next((key for key in self._keys.values() if key.lambda_arn == lambda_arn), None)
            if known is None:
                known = ProcessKey(f"HRCP{secrets.token_hex(8).upper()}", lambda_arn, secrets.token_urlsafe(30))
                self._keys[known.access_key_id] = known
            return known

    def handed_to(self, connection: Connection) -> None:
        """Hide the secrets of the connection from now on: its connector knows them."""
        self.handed.add(connection.credentials.secrets.values(), connection.secret_arn)

    def _handed_out(self, found: tuple[Connection, int]) -> SecretValue:
        connection, changed_ms = found
        self.handed_to(connection)
        return SecretValue(connection.secret_arn, changed_ms, secret_text(connection))

    def _found(self, tx: Tx, secret_arn: str, tried: Connection | None) -> tuple[Connection, int] | None:
        if tried is not None:
            return tried, 0
        found = profiles.get_by_secret(tx, self._sealer, secret_arn)
        return None if found is None else (connection_of(*found), found[0].updated_ms)

    def _owner_of(self, tx: Tx, connection: Connection) -> str | None:
        label = connection.connector_label
        return None if label is None else self._owner(tx, connection.account, connection.region, label)
