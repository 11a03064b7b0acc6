"""What object stores say when they fail, as Retry or Stop, without secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from obstore import exceptions

from headrace.errors import ConnectorError, Retry, Stop

_STATUS = re.compile(r"status code: (\d{3})(?: ([\w ]+))?")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_REQUEST = re.compile(r"[A-Z]+ (\w+://[^\s?]+)\S* in (\d+)(?:\.\d+)?(\w+)(?:, after (\d+) retries)?")
_KIND = re.compile(r"^Generic \w+ error: ")
# The client's own account of a connection that failed; the last one given is the innermost.
_REASON = re.compile(r'(?:message|error): "([^"]{1,200})"|kind: (Timeout)|(InvalidCertificate|InvalidContentType)')
_REASONS = {
    "Timeout": "no answer in time",
    "InvalidCertificate": "its certificate is not trusted (AWS_CA_BUNDLE names a file of those that are)",
    "InvalidContentType": "it does not speak TLS (is its URL http:// rather than https://?)",
}
_QUERY = re.compile(r"(\w+://[^\s?\"]+)\?[^\s\"]+")
_METADATA = ("169.254.169.254", "fd00:ec2::254", "metadata.google.internal", "/latest/api/token", "169.254.170.2")

_NO_CREDENTIALS = (
    "no credentials are set. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN too if temporary), or"
    " AWS_PROFILE to a profile of the shared credentials file that holds keys; for Google Cloud Storage"
    " GOOGLE_APPLICATION_CREDENTIALS; for Azure AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY."
    " Then start headrace again"
)
# Refusals that come with the status of a bad request.
_REFUSING_CODES = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})
# Statuses and codes after which the same call may succeed.
_PASSING_STATUSES = frozenset({408, 429})
_PASSING_CODES = frozenset({"RequestTimeout", "OperationAborted", "SlowDown", "Throttling", "ThrottlingException"})


@dataclass(frozen=True)
class StoreErrors:
    """The errors of one bucket's store; `secrets` never show in a message."""

    bucket: str
    secrets: Collection[str] = ()

    @contextmanager
    def of(self, key: str) -> Generator[None]:
        """Run calls about a key, or about the objects whose keys begin so, and raise Retry or Stop."""
        try:
            yield
        except (FileNotFoundError, exceptions.BaseError) as error:
            raise self._ours(f"s3://{self.bucket}/{key}", error) from None
        except ValueError as error:
            # How the client refuses a key that holds control characters.
            raise Stop(f"s3://{self.bucket}/{key} can't be a key: {self.said(error)}.") from None

    def said(self, error: Exception) -> str:
        """What the store said, on one line and without secrets."""
        text = str(error)
        front = _front_of(text)
        status = _STATUS.search(front)
        if status:
            words = _said_by_server(status, front)
        elif request := _REQUEST.search(front):
            words = _said_of_connection(request, text)
        else:
            words = _KIND.sub("", front)
        return self._clean(" ".join(words.split()))

    def _ours(self, place: str, error: Exception) -> ConnectorError:  # noqa: C901 (a list of cases)
        text, said = str(error), self.said(error)
        status, code = _status_and_code(text)
        if any(sign in text for sign in _METADATA):
            return Stop(f"{place} can't be reached: {_NO_CREDENTIALS}.")
        if isinstance(error, exceptions.PreconditionError) or status == 412:
            return Stop(f"{place} has changed since the run began. Start the flow again.")
        if code == "NoSuchBucket":
            return Stop(f"The bucket {self.bucket!r} does not exist: {said}. Make it, or name another.")
        if isinstance(error, FileNotFoundError) or status == 404:
            return Stop(f"{place} does not exist: {said}.")
        if _is_refusal(error, status, code):
            return Stop(f"Access to {place} was refused: {said}. Check the credentials and what they allow.")
        if "redirect" in _front_of(text).lower() or (status is not None and 300 <= status < 400):
            return Stop(f"{place} lies in another region: {said}. Set AWS_REGION to the bucket's region.")
        if isinstance(error, exceptions.InvalidPathError):
            return Stop(f"{place} can't be read: {said}. Rename that object, or choose a prefix that leaves it out.")
        if _may_pass(status, code):
            return Retry(f"The store of {place} failed: {said}.")
        return Stop(f"The store of {place} refused the request: {said}.")

    def _clean(self, text: str) -> str:
        # A shared access signature lies in the query of a URL.
        text = _QUERY.sub(r"\1", text)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text[:500]


def _front_of(text: str) -> str:
    """What the client says of an error, without the parts of the error as its program sees them."""
    return text.partition("\n\nDebug source")[0]


def _status_and_code(text: str) -> tuple[int | None, str | None]:
    status, code = _STATUS.search(_front_of(text)), _CODE.search(text)
    return (int(status[1]) if status else None), (code[1] if code else None)


def _is_refusal(error: Exception, status: int | None, code: str | None) -> bool:
    refusals = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
    return isinstance(error, refusals) or status in {401, 403} or code in _REFUSING_CODES


def _may_pass(status: int | None, code: str | None) -> bool:
    return status is None or status >= 500 or status in _PASSING_STATUSES or code in _PASSING_CODES


def _said_by_server(status: re.Match[str], front: str) -> str:
    code, message = _CODE.search(front), _MESSAGE.search(front)
    name = code[1] if code else (status[2] or "").strip()
    tries = _REQUEST.search(front)
    often = f", tried {int(tries[4]) + 1} times" if tries and tries[4] else ""
    return f"HTTP {status[1]} {name}" + (f", {message[1].strip().rstrip('.')}" if message else "") + often


def _said_of_connection(request: re.Match[str], text: str) -> str:
    reasons = [found[found.lastindex or 0] for found in _REASON.finditer(text)]
    reason = _REASONS.get(reasons[-1], reasons[-1]) if reasons else "the connection broke"
    times = int(request[4] or 0) + 1
    tried = "once" if times == 1 else f"{times} times"
    return f"{reason}; tried {tried} in {request[2]} {request[3]} at {request[1]}"
