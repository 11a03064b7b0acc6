from __future__ import annotations

import pytest
from obstore import exceptions

from headrace.connector_sdk.store_errors import StoreErrors
from headrace.errors import ConnectorError, Retry, Stop

ERRORS = StoreErrors("raw", ["the-secret-key", "the-session-token"])
PLACE = "s3://raw/in/a.csv"


def answered(status: str, code: str = "", message: str = "", after: str = "") -> str:
    """As the client words a server's answer."""
    body = f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>' if code else ""
    return (
        f"Generic S3 error: Error performing list request: Error performing GET http://h:1/raw?list-type=2"
        f" in 5.191158ms{after} - Server returned non-2xx status code: {status}: {body}\n\nDebug source:\nGeneric"
    )


def raised(error: Exception) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught, ERRORS.of("in/a.csv"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    "text, kind, said",
    [
        (answered("404 Not Found", "NoSuchBucket", "Not there."), Stop, "The bucket 'raw' does not exist: HTTP 404"),
        (
            answered("404 Not Found", "NoSuchKey", "No key."),
            Stop,
            f"{PLACE} does not exist: HTTP 404 NoSuchKey, No key.",
        ),
        (
            answered("403 Forbidden", "AccessDenied", "No"),
            Stop,
            f"Access to {PLACE} was refused: HTTP 403 AccessDenied",
        ),
        (answered("403 Forbidden"), Stop, f"Access to {PLACE} was refused: HTTP 403 Forbidden."),
        (
            answered("400 Bad Request", "ExpiredToken", "Old"),
            Stop,
            f"Access to {PLACE} was refused: HTTP 400 ExpiredToken",
        ),
        (
            answered("400 Bad Request", "InvalidRequest", "Odd"),
            Stop,
            "refused the request: HTTP 400 InvalidRequest, Odd.",
        ),
        (answered("400 Bad Request", "RequestTimeout", "Slow"), Retry, f"The store of {PLACE} failed: HTTP 400 Req"),
        (answered("409 Conflict", "OperationAborted", "x"), Retry, "HTTP 409 OperationAborted"),
        (answered("412 Precondition Failed"), Stop, f"{PLACE} has changed since the run began"),
        (answered("429 Too Many Requests"), Retry, "HTTP 429 Too Many Requests"),
        (answered("500 Internal Server Error", after=", after 3 retries"), Retry, "Server Error, tried 4 times."),
        (answered("503 Slow Down", "SlowDown", "Less"), Retry, "HTTP 503 SlowDown, Less."),
        (answered("301 Moved", "PermanentRedirect", "x"), Stop, "lies in another region: HTTP 301 PermanentRedirect"),
        (
            "Received redirect without LOCATION, this normally indicates an incorrectly configured region",
            Stop,
            "AWS_REGION",
        ),
        ("Error performing PUT http://169.254.169.254/latest/api/token in 1ms - HTTP error", Stop, "AWS_ACCESS_KEY_ID"),
        ("error decoding response body", Retry, "error decoding response body"),
    ],
)
def test_what_a_store_answers_ends_the_run_or_is_tried_again(text: str, kind: type[ConnectorError], said: str) -> None:
    error = raised(exceptions.GenericError(text))
    assert isinstance(error, kind)
    assert said in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "error, said",
    [
        (
            FileNotFoundError("Object at location a not found"),
            f"{PLACE} does not exist: Object at location a not found.",
        ),
        (exceptions.PreconditionError("x"), f"{PLACE} has changed since the run began."),
        (exceptions.PermissionDeniedError("no"), f"Access to {PLACE} was refused: no."),
        (exceptions.UnauthenticatedError("no"), f"Access to {PLACE} was refused: no."),
        (exceptions.InvalidPathError('Path "a//b" contained empty path segment'), 'Path "a//b" contained empty'),
        (ValueError("Could not parse path"), f"{PLACE} can't be a key: Could not parse path."),
    ],
)
def test_what_the_client_refuses_ends_the_run(error: Exception, said: str) -> None:
    assert isinstance(raised(error), Stop)
    assert said in raised(error).message


@pytest.mark.parametrize(
    "text",
    [
        answered("400 Bad Request", "InvalidToken", "The token the-session-token is no token"),
        "Generic: the-secret-key",
        "Error performing GET https://a.blob.core.windows.net/c?sv=1&sig=c2lnbmF0dXJl in 5ms - HTTP error",
        "Got https://a.blob.core.windows.net/c?sig=c2lnbmF0dXJl",
    ],
)
def test_no_secret_shows(text: str) -> None:
    error = raised(exceptions.GenericError(text))
    assert "the-se" not in error.message
    assert "c2lnbmF0dXJl" not in error.message
    # Nor in a traceback.
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(Stop, match="mine"), ERRORS.of("x"):
        raise Stop("mine")
    with pytest.raises(KeyError), ERRORS.of("x"):
        raise KeyError("mine")
