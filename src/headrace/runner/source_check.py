"""What CreateFlow and UpdateFlow ask of a source before they accept a flow."""

from __future__ import annotations

from headrace.connector_sdk.registry import Registry
from headrace.errors import ConnectorError, ConnectorServerException
from headrace.flow.plan import Plan


class SourceCheck:
    """Looks whether the connectors of a plan are there and its source holds anything."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def missing(self, plan: Plan) -> str | None:
        """A sentence that names which connector of the plan is not available; None: all are."""
        return self._registry.missing(plan)

    def check(self, plan: Plan) -> None:
        """Raise ConnectorServerException if there is nothing to read. Slow: it lists the source."""
        source = self._registry.source(plan.source.connector_type)
        try:
            files = source.files(plan.source.properties)
        except ConnectorError as error:
            raise ConnectorServerException(f"Error while communicating to connector: {error.message}") from error
        if not files:
            raise ConnectorServerException(
                f"Error while communicating to connector: nothing lies at {_place(plan)}."
                " Put an object there, or name the prefix under which there is one."
            )


def _place(plan: Plan) -> str:
    properties = plan.source.properties
    return f"{plan.source.connector_type} {properties.get('bucketName', '')}/{properties.get('bucketPrefix', '')}"
