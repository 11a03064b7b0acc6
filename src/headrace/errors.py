"""The exception tree: a class says what its consequence is.

HeadraceError
  ServiceError      what a caller of the API sees; the class name is the wire name
    StoreAway       told to callers as InternalServerException; an execution goes on once the database is back
  ConnectorError    what a connector raises, grouped by what the runner does next
    Retry           the same page, file or batch again
    StartOver       the same records again, from the first one on
    Stop            the execution ends with status Error
      Refused       the application refused the credentials: other ones, or a fresh token, may do
      Denied        the credentials are good, but not for this
      NotThere      what was asked for does not exist
      Mismatch      a profile is of another connector than the flow says
  SettingsError     what whoever starts headrace got wrong
"""

from __future__ import annotations

from typing import ClassVar


class HeadraceError(Exception):
    """Every error that headrace raises on purpose."""

    @property
    def message(self) -> str:
        """The text, as a caller reads it."""
        return str(self)


class ServiceError(HeadraceError):
    """An error modelled by the API; `status` is its HTTP status.

    `is_retryable`: the same request may be answered well a little later. What the client raises has the service's
    name for the call as `request_id`, and `retry_after_s` where the service asked for so much patience.
    """

    status: ClassVar[int] = 500
    is_retryable: ClassVar[bool] = False
    request_id: str | None = None
    retry_after_s: float | None = None


class ValidationException(ServiceError):
    """The request breaks a constraint or a rule of its meaning."""

    status: ClassVar[int] = 400


class UnsupportedOperationException(ServiceError):
    """The operation does not apply to this resource."""

    status: ClassVar[int] = 400


class ConnectorServerException(ServiceError):
    """The connector could not reach its application, or got no usable answer."""

    status: ClassVar[int] = 400


class ConnectorAuthenticationException(ServiceError):
    """The application refused the connector's credentials."""

    status: ClassVar[int] = 401


class ServiceQuotaExceededException(ServiceError):
    """A quota is used up."""

    status: ClassVar[int] = 402


class AccessDeniedException(ServiceError):
    """The caller may not do this."""

    status: ClassVar[int] = 403


class ResourceNotFoundException(ServiceError):
    """What the request names does not exist."""

    status: ClassVar[int] = 404


class ConflictException(ServiceError):
    """The request conflicts with the state of the resource."""

    status: ClassVar[int] = 409


class ThrottlingException(ServiceError):
    """Too many requests at once."""

    status: ClassVar[int] = 429
    is_retryable: ClassVar[bool] = True


class InternalServerException(ServiceError):
    """headrace failed; the request may be fine."""

    status: ClassVar[int] = 500
    is_retryable: ClassVar[bool] = True


class StoreAway(InternalServerException):
    """The database can't be used now, or broke off before it said whether a change was kept.

    Nothing that was to be recorded is known to be there, nor not to be: whoever goes on looks first.
    """


class ConnectorError(HeadraceError):
    """What a connector raises."""


class Retry(ConnectorError):
    """The same call may succeed later: time-out, rate limit, a server that is busy or failing.

    `after_s` is how long to wait, in seconds, where the application said so.
    """

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class StartOver(ConnectorError):
    """What a source was giving out is lost half-way, and can only be given out again from its start."""


class Stop(ConnectorError):
    """The execution can't succeed: bad argument, bad credentials, no access, no such thing."""


class Refused(Stop):
    """The application refused the credentials."""


class Denied(Stop):
    """The application took the credentials, but does not let them do this."""


class NotThere(Stop):
    """The application has no such entity, or the profile or its connector is gone."""


class Mismatch(Stop):
    """A connector profile is of another connector than the flow that names it."""


class SettingsError(HeadraceError):
    """A setting, a command line or a data folder that headrace can't start with."""
