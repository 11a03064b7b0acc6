"""What the client raises beside the service's own errors, which are those of `headrace.errors`.

HeadraceError
  ServiceError            the ten errors of the model: the service refused, and named the reason
  CallError               everything else that can come of a call
    InvalidInput          before anything is sent: a member that is missing, unknown or of the wrong type
    NoCredentials         AWS is addressed, and there are no credentials
    NoEndpoint            neither an endpoint nor a region
    ConnectionFailed      no answer: nothing listens, the name is unknown, the connection broke
      TimedOut            no answer in time
    UnreadableAnswer      an answer that is none of the API's: HTML, half a document
    UnmodelledError       an error that the model does not name; `code` is the service's word for it
      CredentialsRefused  the service does not know the key, or its signature does not match
        CredentialsExpired
        ClockSkewed       the clocks of the two machines are too far apart, even after one correction
    ExecutionFailed       what was waited for ended, but not well
    WaitTimedOut          what was waited for did not end in time
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from headrace.client.structures import ExecutionRecord


class CallError(HeadraceError):
    """A call that came to nothing; `request_id` and `status` are None where there was no answer."""

    request_id: str | None = None
    status: int | None = None
    is_retryable: bool = False
    retry_after_s: float | None = None


class InvalidInput(CallError):
    """What was given can't be sent; the message names every fault, and what to write instead."""


class NoCredentials(CallError):
    """There are no credentials to sign with."""


class NoEndpoint(CallError):
    """Nobody said where the service is."""


class ConnectionFailed(CallError):
    """No answer came; with `was_sent` the service may have got the request, or a part of it."""

    is_retryable = True

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class TimedOut(ConnectionFailed):
    """No answer came in time."""


class UnreadableAnswer(CallError):
    """What answered does not speak the API; a status of 500 and more may pass."""

    def __init__(self, message: str, *, status: int, request_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        self.is_retryable = status >= 500


class UnmodelledError(CallError):
    """An error that the API's model does not name; `code` is what the service calls it."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class CredentialsRefused(UnmodelledError):
    """The service does not take the credentials."""


class CredentialsExpired(CredentialsRefused):
    """The session token is past its time."""


class ClockSkewed(CredentialsRefused):
    """The signature is not of the service's time."""


class ExecutionFailed(CallError):
    """An execution ended as Error or Canceled; `record` is what the service tells of it."""

    def __init__(self, message: str, record: ExecutionRecord) -> None:
        super().__init__(message)
        self.record = record


class WaitTimedOut(CallError):
    """An execution did not end in the time given; it goes on."""
