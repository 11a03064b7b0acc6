"""The conformance suite over a connector of this headrace: what `headrace connectors test` asks for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from headrace.connector_sdk import lambda_shapes
from headrace.connector_sdk.catalog import Declared
from headrace.connector_sdk.connections import CUSTOM
from headrace.connector_sdk.records import Connection, Credentials
from headrace.errors import ResourceNotFoundException, ValidationException
from headrace.later import Later
from headrace.model.check import check
from headrace.model.shapes import Document
from headrace.operations import profile_kinds
from headrace.operations.connections import connection_of
from headrace.operations.connector_calls import Connectors, Opening
from headrace.operations.connector_secrets import ConnectorSecrets
from headrace.operations.heard import Heard
from headrace.store import connectors
from headrace.store.connectors import Connector
from headrace.store.profiles import Profile, Secret
from headrace.store.store import Store

if TYPE_CHECKING:
    from headrace.connector_sdk import conformance
else:
    conformance = Later("headrace.connector_sdk.conformance")

Json = dict[str, Any]

_WAYS = {
    "isBasicAuthSupported": "BASIC",
    "isApiKeyAuthSupported": "APIKEY",
    "isOAuth2Supported": "OAUTH2",
    "isCustomAuthSupported": "CUSTOM",
}


@dataclass(frozen=True)
class ConnectorTrial:
    """Checks one connector with one connection.

    `connectors` are reached without anything that hides what they say; `secrets` hides it in what is answered.
    `heard` has what they print.
    """

    store: Store
    connectors: Connectors
    opening: Opening
    secrets: ConnectorSecrets
    catalog: Mapping[str, Declared]
    heard: Heard

    def run(self, account: str, region: str, request: Document) -> Json:
        """What the connector can do, and the result of every check.

        `name` is a connector profile's, or the label of a registered connector, for which `profile` is a
        CreateConnectorProfile request that is kept nowhere. Raises ResourceNotFoundException, ValidationException.
        """
        name: str = request["name"]
        stored = self.opening.open(account, region, name) if request.get("profile") is None else None
        connection = stored or self._unstored(account, region, name, request.get("profile"))
        found = self._registered(connection)
        shown = self._shown(connection, found)
        self.secrets.handed_to(connection)
        trying = nullcontext() if stored is not None else self.secrets.trying(connection)
        with trying, self.heard.listening(None if found is None else found.lambda_arn) as lines:
            subject = replace(self._subject(connection, found, shown, request), lines=lambda: tuple(lines))
            results = [
                {
                    "check": each.check.name,
                    "meaning": each.check.meaning,
                    "outcome": each.outcome,
                    "reason": self.secrets.handed.hide(each.reason),
                }
                for each in conformance.conformance(subject)
            ]
        return {"name": name, "connector": shown, "results": results}

    def _unstored(self, account: str, region: str, label: str, document: Document | None) -> Connection:
        found = self._labelled(account, region, label)
        if document is None:
            return _connection(account, region, label, Credentials("CustomAuth", _no_credentials(label, found)))
        return _given(account, region, label, document)

    def _labelled(self, account: str, region: str, label: str) -> Connector:
        found = self.store.read(lambda tx: connectors.get(tx, account, region, label)).result()
        if found is None:
            raise ResourceNotFoundException(
                f"There is neither a connector profile nor a registered connector {label} in {region}. Host the"
                " connector, register it (`aws appflow register-connector`), then test it by its label, or by the name"
                " of a profile."
            )
        return found

    def _registered(self, connection: Connection) -> Connector | None:
        label = connection.connector_label
        return None if label is None else self._labelled(connection.account, connection.region, label)

    def _shown(self, connection: Connection, found: Connector | None) -> Json:
        """What the connector says that it can do."""
        if found is None:
            return _declared(self.catalog[connection.connector_type])
        said = lambda_shapes.configuration(found.configuration)
        ways: Mapping[str, Any] = said["authenticationConfig"]
        return {
            "name": said.get("connectorName") or found.label,
            "version": said.get("connectorVersion"),
            "modes": said["connectorModes"],
            "operations": said["supportedWriteOperations"],
            "operators": said["supportedOperators"],
            "authentication": [shown for way, shown in _WAYS.items() if ways.get(way)],
            "triggers": said["supportedTriggerTypes"],
            "frequencies": said["supportedSchedulingFrequencies"],
        }

    def _subject(
        self, connection: Connection, found: Connector | None, shown: Json, request: Document
    ) -> conformance.Subject:
        host = None if found is None else self.connectors.hosts.host(found.lambda_arn)
        return conformance.Subject(
            name=request["name"],
            open=lambda held: self.connectors.connections.afresh().connect(held),
            connection=connection,
            abilities=conformance.Abilities(
                reads="SOURCE" in shown["modes"],
                writes="DESTINATION" in shown["modes"],
                operations=tuple(shown["operations"]),
                # AppFlow's description has no word for it.
                keeps_batches_once=request.get("keepsBatchesOnce", False),
            ),
            tried=self._try,
            configuration=None if found is None else found.configuration,
            ask=None if host is None else host.invoke,
            settings=request.get("settings") or {},
            entities=tuple(request.get("entities") or ()),
            writings=tuple(_writing(each) for each in request.get("write") or ()),
        )

    def _try(self, connection: Connection) -> None:
        with self.secrets.trying(connection):
            self.connectors.connections.afresh().check(connection)


def _given(account: str, region: str, label: str, document: Document) -> Connection:
    """The connection of a CreateConnectorProfile request. Raises ValidationException with every fault."""
    whole: Json = {
        "connectorProfileName": "conformance",
        "connectionMode": "Public",
        **document,
        "connectorType": CUSTOM,
        "connectorLabel": label,
    }
    check("CreateConnectorProfile", whole)
    given = profile_kinds.given(CUSTOM, label, whole)
    if faults := profile_kinds.faults(given, whole["connectorProfileConfig"]):
        raise ValidationException("; ".join(faults))
    profile = Profile(
        arn="",
        account=account,
        region=region,
        name="conformance",
        connector_type=CUSTOM,
        connector_label=label,
        connection_mode="Public",
        kms_arn=None,
        properties=given.properties,
        secret_arn=_secret_arn(account, region),
        revision=1,
        created_ms=0,
        updated_ms=0,
    )
    return connection_of(profile, Secret(given.credentials))


def _connection(account: str, region: str, label: str, credentials: Credentials) -> Connection:
    return Connection(
        account=account,
        region=region,
        profile_name="conformance",
        connector_type=CUSTOM,
        connector_label=label,
        properties={},
        credentials=credentials,
        secret_arn=_secret_arn(account, region),
    )


def _no_credentials(label: str, found: Connector) -> dict[str, str]:
    """The credentials of a connector that needs none. Raises ValidationException for one that does."""
    ways: Mapping[str, Any] = lambda_shapes.configuration(found.configuration)["authenticationConfig"]
    custom: list[Json] = ways.get("customAuthConfigs") or []
    free = next((each for each in custom if not each.get("authParameters")), None)
    if free is None:
        raise ValidationException(
            f"The connector {label} needs credentials: give a CreateConnectorProfile request with --profile FILE, or"
            " the name of a connector profile."
        )
    return {"customAuthenticationType": str(free.get("customAuthenticationType"))}


def _secret_arn(account: str, region: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:conformance-{uuid.uuid4().hex}"


def _declared(said: Declared) -> Json:
    modes = (("SOURCE", said.is_source), ("DESTINATION", said.is_destination))
    return {
        "name": said.name,
        "version": None,
        "modes": [mode for mode, is_so in modes if is_so],
        "operations": list(said.writes),
        "operators": [],
        "authentication": list(said.authentication),
        "triggers": ["Scheduled", "OnDemand", *(["Event"] if said.has_events else [])],
        "frequencies": list(said.frequencies),
    }


def _writing(given: Any) -> conformance.Writing:
    document = cast("Mapping[str, Any]", given)
    return conformance.Writing(
        document["entity"],
        record=document.get("record") or {},
        refused=document.get("refused"),
        id_fields=tuple(document.get("idFields") or ()),
    )


Trial = Callable[[str, str, Document], Json]
