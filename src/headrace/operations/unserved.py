"""The operations that headrace does not serve, and what they answer instead."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.errors import ResourceNotFoundException, ServiceError, ValidationException

_NO_CATALOGUE = "The connector that works is S3."

# Of the errors that the model allows each of them, the one that a client doesn't retry and that says the most:
# where a request names a thing that can't exist here, that it is not found.
_ERRORS: Mapping[str, type[ServiceError]] = {
    "DescribeConnector": ValidationException,
    "DescribeConnectorEntity": ValidationException,
    "DescribeConnectors": ValidationException,
    "ListConnectorEntities": ValidationException,
    "ListConnectors": ValidationException,
    "RegisterConnector": ValidationException,
    "ResetConnectorMetadataCache": ValidationException,
    "UnregisterConnector": ResourceNotFoundException,
    "UpdateConnectorRegistration": ValidationException,
}
UNSERVED = frozenset(_ERRORS)


def refusal(operation: str) -> ServiceError:
    """The error that the operation answers; `operation` is one of UNSERVED."""
    return _ERRORS[operation](f"{operation} is not served by this version of headrace. {_NO_CATALOGUE}")
