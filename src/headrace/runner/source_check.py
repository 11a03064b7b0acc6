"""What CreateFlow and UpdateFlow ask of a source before they accept a flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.listening import EventSource, Posted
from headrace.connector_sdk.records import Connections, Side
from headrace.connector_sdk.registry import Registry
from headrace.errors import (
    ConnectorAuthenticationException,
    ConnectorError,
    ConnectorServerException,
    Mismatch,
    NotThere,
    Refused,
    ResourceNotFoundException,
    ServiceError,
    Stop,
    ValidationException,
)
from headrace.flow.plan import Plan, Reading, Writing
from headrace.flow.schedule import TriggerType
from headrace.runner.bookmarks import keeps_place
from headrace.runner.connections import NoConnections
from headrace.runner.windows import timestamp_field

Fields = Sequence[Mapping[str, Any]]


class SourceCheck:
    """Looks whether the connectors and profiles of a plan are there and its source holds anything.

    `connections` None: no connector profile can be opened.
    """

    def __init__(self, registry: Registry, connections: Connections | None = None) -> None:
        self._registry = registry
        self._connections = connections or NoConnections()

    def missing(self, plan: Plan) -> str | None:
        """A sentence that names which connector of the plan is not available; None: all are."""
        return self._registry.missing(plan)

    def check(self, plan: Plan, account: str, region: str) -> None:
        """Look at the settings and entities that the plan names, and list a source of files. Slow.

        Raises ResourceNotFoundException if a connector profile is gone, ConnectorAuthenticationException if the
        application refuses its credentials, ConnectorServerException if settings or an entity won't do, or there
        is nothing to read, ValidationException if a profile is of another connector, or an incremental flow has no
        field to go by.
        """
        for scope, side in sides(plan):
            fields, keeps = self.check_side(scope, side, account, region, plan.trigger.trigger_type)
            if scope == "SOURCE" and not keeps:
                check_timestamps(plan, fields)
        if plan.reading is None:
            self.check_files(plan)

    def check_window(self, plan: Plan, account: str, region: str) -> None:
        """Look for the field that says when a record changed; files say it themselves. Raises as `check` does."""
        if plan.reading is not None:
            _check_window_field(plan, self.check_side("SOURCE", plan.reading, account, region)[0])

    def keeps_place(self, plan: Plan, account: str, region: str) -> bool:
        """Whether the source says by bookmarks where an incremental run goes on. Raises as `check` does."""
        return plan.reading is not None and self.check_side("SOURCE", plan.reading, account, region)[1]

    def check_side(
        self, scope: Side, side: Reading | Writing, account: str, region: str, trigger_type: TriggerType | None = None
    ) -> tuple[Fields, bool]:
        """The fields of the entity, and whether the connector keeps the place in it. Raises as `check` does."""
        try:
            connector = self._connections.open(account, region, side.profile, side.connector_type)
        except NotThere as error:
            raise ResourceNotFoundException(error.message) from error
        except Mismatch as error:
            part = "Source" if scope == "SOURCE" else "Destination"
            raise ValidationException(f"{part} Validation Error: {error.message}") from error
        except ConnectorError as error:
            raise failed(error) from error
        if isinstance(side, Reading):
            _check_trigger(side, connector, trigger_type)
        try:
            connector.check_settings(scope, side.settings)
            fields = connector.describe(side.entity, api_version=side.api_version)
            return fields, isinstance(side, Reading) and keeps_place(connector, side)
        except ConnectorError as error:
            raise failed(error) from error

    def check_files(self, plan: Plan) -> tuple[SourceFile, ...]:
        """The files of the source. Raises ConnectorServerException where there must be one and none is."""
        source = self._registry.source(plan.source.connector_type)
        try:
            files = source.files(plan.source.properties)
        except ConnectorError as error:
            raise failed(error) from error
        if not files and plan.trigger.trigger_type != "Event":
            raise ConnectorServerException(
                f"Error while communicating to connector: nothing lies at {place_of(plan)}."
                " Put an object there, or name the prefix under which there is one."
            )
        return files


def _check_trigger(reading: Reading, connector: object, trigger_type: TriggerType | None) -> None:
    """Raise ValidationException where the connector has no events, or nothing else. None: no flow asks."""
    if trigger_type is None:
        return
    is_posted, is_event = isinstance(connector, Posted), trigger_type == "Event"
    if is_posted and not is_event:
        raise ValidationException(
            f"Source Validation Error: triggerType {trigger_type} is not supported by the connector of the profile"
            f" {reading.profile}, to which records are posted; write Event."
        )
    if is_event and not is_posted and not isinstance(connector, EventSource):
        raise ValidationException(
            f"Source Validation Error: triggerType Event is not supported by the connector of the profile"
            f" {reading.profile}; write OnDemand or Scheduled, or name a profile of the connector Webhook."
        )


def check_timestamps(plan: Plan, fields: Fields) -> None:
    """Raise ValidationException where the flow is incremental and no field says when a record changed."""
    if plan.trigger.pull_mode == "Incremental":
        _check_window_field(plan, fields)


def _check_window_field(plan: Plan, fields: Fields) -> None:
    try:
        timestamp_field(plan, fields)
    except Stop as fault:
        raise ValidationException(f"Source Validation Error: {fault.message}.") from fault


def sides(plan: Plan) -> Iterator[tuple[Side, Reading | Writing]]:
    """The sides of a plan that are of records."""
    if plan.reading is not None:
        yield "SOURCE", plan.reading
    if plan.writing is not None:
        yield "DESTINATION", plan.writing


def failed(error: ConnectorError) -> ServiceError:
    """What a caller of the API is told of it."""
    kind = ConnectorAuthenticationException if isinstance(error, Refused) else ConnectorServerException
    return kind(f"Error while communicating to connector: {error.message}")


def place_of(plan: Plan) -> str:
    """Where the files of a source lie, as people know it."""
    properties = plan.source.properties
    return f"{plan.source.connector_type} {properties.get('bucketName', '')}/{properties.get('bucketPrefix', '')}"
