"""What the owner of the data folder does beside the API: hosts of connectors, access keys, trials of connectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.clock import Clock, to_ms
from headrace.errors import ResourceNotFoundException, UnsupportedOperationException, ValidationException
from headrace.model.shapes import Document
from headrace.operations.connector_trial import Trial
from headrace.settings import Settings
from headrace.store import access_keys, connectors, shared_key
from headrace.store.secrets import Sealer
from headrace.store.store import Store

Json = dict[str, Any]


class Owner:
    """The actions by name, each from a document to a document; what they raise is a ServiceError.

    Whoever may read the data folder may do all of them. `trial` None: no connector can be tried here. `renew` is
    called with the ARN of a connector that is hosted again.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        trial: Trial | None = None,
        renew: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._renew = renew
        self._store = store
        self._settings = settings
        self._clock = clock
        self._trial = trial
        self._actions: Mapping[str, Callable[[Document], Json]] = {
            "host-connector": self._host,
            "list-hosted-connectors": self._hosted,
            "unhost-connector": self._unhost,
            "test-connector": self._test,
            "create-key": self._create_key,
            "list-keys": self._keys,
            "delete-key": self._delete_key,
        }

    def call(self, action: str, request: Document) -> Json:
        """Do it; may take minutes. Raises UnsupportedOperationException for an action that is none."""
        if action not in self._actions:
            raise UnsupportedOperationException(f"There is no action {action}: there are {', '.join(self._actions)}.")
        try:
            return self._actions[action](request)
        except KeyError as error:
            raise ValidationException(f"{action}: the member {error} is missing.") from None

    def _host(self, request: Document) -> Json:
        arn, place = request["lambdaArn"], request["place"]
        self._store.write(lambda tx: connectors.put_place(tx, arn, place)).result()
        self._renew(arn)
        return {}

    def _hosted(self, _: Document) -> Json:
        return {"places": self._store.read(connectors.places).result()}

    def _unhost(self, request: Document) -> Json:
        arn = request["lambdaArn"]
        if not self._store.write(lambda tx: connectors.remove_place(tx, arn)).result():
            raise ResourceNotFoundException(f"Nothing is hosted for {arn}. `headrace connectors list` shows what is.")
        return {}

    def _test(self, request: Document) -> Json:
        if self._trial is None:
            raise UnsupportedOperationException("No connector can be tried here.")
        return self._trial(self._settings.account, self._settings.region, request)

    def _create_key(self, request: Document) -> Json:
        sealer, now_ms = Sealer.of(self._settings), to_ms(self._clock.now())
        shared_key.check(self._store, sealer)
        arn, policy = f"arn:aws:iam::{self._settings.account}:user/{request['user']}", request.get("policy")
        key = self._store.write(
            lambda tx: access_keys.create(tx, sealer, arn=arn, policy=policy, now_ms=now_ms)
        ).result()
        return {"keyId": key.key_id, "secret": key.secret}

    def _keys(self, _: Document) -> Json:
        found = self._store.read(access_keys.list_all).result()
        return {
            "keys": [
                {"keyId": key.key_id, "arn": key.arn, "policy": key.policy, "createdMs": key.created_ms}
                for key in found
            ]
        }

    def _delete_key(self, request: Document) -> Json:
        key_id = request["keyId"]
        if not self._store.write(lambda tx: access_keys.delete_key(tx, key_id)).result():
            raise ResourceNotFoundException(f"There is no key {key_id}. `headrace keys list` shows those there are.")
        return {}
