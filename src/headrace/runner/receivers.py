"""Who is told of runs: a file, a webhook, a bus of EventBridge."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from headrace.connector_sdk.aws_credentials import AwsCredentials, AwsKeys
from headrace.connector_sdk.signing import signed
from headrace.durable import flush
from headrace.errors import Retry, Stop
from headrace.later import Later
from headrace.settings import Settings
from headrace.store.outbox import Report

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

# AWS lets nobody else send events of `aws.appflow`.
BUS_SOURCE = "headrace.appflow"
_TIMEOUT_S = 10.0
# Statuses of a server that would answer so to any report: the others are about this one, or say that it failed.
_BUSY = frozenset({401, 403, 404, 408, 425, 429})


class Receiver(Protocol):
    """`key` tells its reports in the outbox from others' and holds no secret; `name` is for the log."""

    key: str
    name: str
    most_together: int

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        """Hand over at most `most_together` reports: those it refused, by event id, with the reason.

        Invariant 1: the receiver has all others, durably. Raises Retry, Stop or OSError if it may have none of them.
        """
        ...

    def close(self) -> None:
        """Be asked no more."""
        ...


class FileReceiver:
    """Appends a line of JSON an event. The file is opened each time: it may be moved away at any moment."""

    most_together = 100

    def __init__(self, url: str) -> None:
        self.key, self.name = _key(url), url
        self._path = Path(unquote(urlsplit(url).path))

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        """See Receiver."""
        text = "".join(json.dumps(report.event) + "\n" for report in reports).encode()
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                _append(file.fileno(), _ends_a_line(file.fileno(), size) + text)
            except OSError:
                # Not half a line of what is sent again.
                file.truncate(size)
                raise
        if is_new:
            flush(self._path.parent)
        return {}

    def close(self) -> None:
        """See Receiver."""


class Webhook:
    """Posts each event by itself, as a CloudEvent, signed as Standard Webhooks says if there is a `secret`."""

    most_together = 1

    def __init__(
        self,
        url: str,
        secret: bytes | None,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # The URL itself is the secret of many a webhook.
        self.key, self.name = _key(url), f"webhook at {urlsplit(url).hostname}"
        self._url, self._secret, self._now = url, secret, now
        self._client = _client(transport)

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        """See Receiver."""
        (report,) = reports
        body = json.dumps(cloud_event(report.event)).encode()
        status, _ = _post(self._client, self.name, self._url, body, self._headers(report.event_id, body))
        if 200 <= status < 300:
            return {}
        if status in _BUSY or status >= 500:
            raise Retry(f"The {self.name} answered {status}.")
        return {report.event_id: f"answered {status}"}

    def close(self) -> None:
        """See Receiver."""
        self._client.close()

    def _headers(self, event_id: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self._now().timestamp()))
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": event_id,
            "webhook-timestamp": stamp,
        }
        if self._secret is None:
            return headers
        digest = hmac.digest(self._secret, f"{event_id}.{stamp}.".encode() + body, "sha256")
        return {**headers, "webhook-signature": f"v1,{b64encode(digest).decode()}"}


class EventBus:
    """Puts events on a bus of EventBridge, or of a server that speaks PutEvents; `bus` is its name or ARN."""

    most_together = 10

    def __init__(
        self,
        bus: str,
        *,
        endpoint: str,
        region: str,
        keys: Callable[[], AwsKeys | None],
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = f"event bus {bus}"
        self.key = _key(self.name)
        self._bus, self._url, self._region = bus, f"{endpoint.rstrip('/')}/", region
        self._keys, self._now = keys, now
        self._client = _client(transport)

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        """See Receiver."""
        body = json.dumps({"Entries": [self._entry(report.event) for report in reports]}).encode()
        status, answer = _post(self._client, self.name, self._url, body, self._headers(body))
        if status != 200:
            raise Retry(f"The {self.name} answered {status}: {_said(answer)}.")
        entries: list[dict[str, Any]] = _object(answer).get("Entries") or []
        if len(entries) != len(reports):
            raise Retry(f"The {self.name} did not say what became of the events.")
        codes = [entry.get("ErrorCode") for entry in entries]
        return {report.event_id: str(code) for report, code in zip(reports, codes, strict=True) if code}

    def close(self) -> None:
        """See Receiver."""
        self._client.close()

    def _entry(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Time": datetime.fromisoformat(event["time"]).timestamp(),
            "Source": BUS_SOURCE,
            "Resources": event["resources"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": self._bus,
        }

    def _headers(self, body: bytes) -> dict[str, str]:
        keys = self._keys()
        if keys is None:
            raise Stop(
                f"There are no AWS keys for the {self.name}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
                " AWS_PROFILE."
            )
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents"}
        return signed(
            keys,
            url=self._url,
            headers=headers,
            body=body,
            region=self._region,
            service="events",
            now=self._now(),
        )


def receivers_of(
    settings: Settings, environment: Mapping[str, str], now: Callable[[], datetime]
) -> tuple[Receiver, ...]:
    """One for each place that the settings name."""
    keys = AwsCredentials(environment).find
    endpoint = settings.events_endpoint or f"https://events.{settings.region}.amazonaws.com"

    def receiver(place: str) -> Receiver:
        scheme, _, rest = place.partition(":")
        if scheme == "file":
            return FileReceiver(place)
        if scheme == "eventbridge":
            return EventBus(rest, endpoint=endpoint, region=settings.region, keys=keys, now=now)
        return Webhook(place, settings.notify_secret, now)

    return tuple(receiver(place) for place in settings.notify)


def cloud_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as a CloudEvent 1.0, whose data it is."""
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": event["resources"][0],
        "type": event["detail-type"],
        "subject": event["detail"]["flow-name"],
        "time": event["time"],
        "datacontenttype": "application/json",
        "data": event,
    }


def _key(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _client(transport: httpx.BaseTransport | None) -> httpx.Client:
    # Redirects would carry the report elsewhere.
    return httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, transport=transport)


def _post(client: httpx.Client, name: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """The status and the beginning of the answer."""
    try:
        with client.stream("POST", url, content=body, headers=dict(headers)) as response:
            return response.status_code, next(response.iter_bytes(64 * 1024), b"")
    except httpx.HTTPError as error:
        # Not the library's own words: they may hold the URL.
        raise Retry(f"The {name} can't be reached or did not answer: {type(error).__name__}.") from None


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found: object = json.loads(answer)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _said(answer: bytes) -> str:
    return str(_object(answer).get("__type") or "without a reason").rpartition("#")[2][:100]


def _ends_a_line(file: int, size: int) -> bytes:
    """What ends a line that a machine wrote by half as it lost its power."""
    return b"\n" if size and os.pread(file, 1, size - 1) != b"\n" else b""


def _append(file: int, text: bytes) -> None:
    while text:
        text = text[os.write(file, text) :]
    os.fsync(file)
