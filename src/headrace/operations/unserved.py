"""The operations that headrace does not serve, and what they answer instead."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.errors import ResourceNotFoundException, ServiceError, ValidationException

_NO_PROFILES = "Flows whose connectors need no connector profile, such as S3, work without it."
_NO_CATALOGUE = "The connector that works is S3."
_PROFILES = ("ConnectorProfile", "ConnectorProfiles")

# Of the errors that the model allows each of them, the one that a client doesn't retry and that says the most:
# where a request names a thing that can't exist here, that it is not found.
_ERRORS: Mapping[str, type[ServiceError]] = {
    "CreateConnectorProfile": ValidationException,
    "DeleteConnectorProfile": ResourceNotFoundException,
    "DescribeConnector": ValidationException,
    "DescribeConnectorEntity": ValidationException,
    "DescribeConnectorProfiles": ValidationException,
    "DescribeConnectors": ValidationException,
    "ListConnectorEntities": ValidationException,
    "ListConnectors": ValidationException,
    "RegisterConnector": ValidationException,
    "ResetConnectorMetadataCache": ValidationException,
    "UnregisterConnector": ResourceNotFoundException,
    "UpdateConnectorProfile": ValidationException,
    "UpdateConnectorRegistration": ValidationException,
}
UNSERVED = frozenset(_ERRORS)


def refusal(operation: str) -> ServiceError:
    """The error that the operation answers; `operation` is one of UNSERVED."""
    hint = _NO_PROFILES if operation.endswith(_PROFILES) else _NO_CATALOGUE
    return _ERRORS[operation](f"{operation} is not served by this version of headrace. {hint}")
