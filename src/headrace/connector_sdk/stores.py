"""The clients of object stores: how long they wait, how often they try, with which credentials."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore import exceptions
from obstore.store import ObjectStore, S3Store, from_url

from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.connector_sdk.store_bucket import StoreBucket
from headrace.connector_sdk.store_errors import StoreErrors
from headrace.errors import Stop

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

# Variables whose values never show in a message.
_SECRET_WORDS = ("SECRET", "TOKEN", "SAS", "PASSWORD", "ACCOUNT_KEY", "MASTER_KEY", "CLIENT_KEY")
_SECRET_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_")


@dataclass(frozen=True)
class Patience:
    """How long a store may take.

    A call fails when the store was silent for `silence_s`, was not reached within `connect_s`, or,
    tried again up to `retries` times, has not succeeded within `together_s` (what is under way then
    may still take `silence_s`). `part_s` is for sending one part of a large file, which is silence too.
    """

    connect_s: float = 5.0
    silence_s: float = 20.0
    part_s: float = 180.0
    retries: int = 3
    together_s: float = 30.0

    def reading(self) -> ClientConfig:
        """For requests with small bodies and answers of any size."""
        return self._client() | {"read_timeout": timedelta(seconds=self.silence_s), "timeout": timedelta(days=7)}

    def sending(self) -> ClientConfig:
        """For requests with large bodies."""
        return self._client() | {"timeout": timedelta(seconds=self.part_s)}

    def retry(self) -> RetryConfig:
        """The client's own repetitions; the runner has more of them, further apart."""
        backoff_s = self.together_s / 150
        return {
            "max_retries": self.retries,
            "retry_timeout": timedelta(seconds=self.together_s),
            "backoff": {
                "init_backoff": timedelta(seconds=backoff_s),
                "max_backoff": timedelta(seconds=10 * backoff_s),
                "base": 2,
            },
        }

    def _client(self) -> ClientConfig:
        return {"connect_timeout": timedelta(seconds=self.connect_s), "user_agent": "headrace"}


class Stores:
    """Makes the client of each bucket once, so that connections are used again; from any thread."""

    def __init__(
        self, *, region: str, s3_endpoint: str | None, environment: Mapping[str, str], patience: Patience
    ) -> None:
        self._region = region
        self._s3_endpoint = s3_endpoint
        self._environment = environment
        self._patience = patience
        self._credentials = AwsCredentials(environment)
        self._known: dict[tuple[str, str], StoreBucket] = {}
        self._lock = threading.Lock()

    def bucket(self, name: str, url: str) -> StoreBucket:
        """The bucket at that URL, under the name that flows have for it.

        Raises Stop if a client for that URL can't be made, for want of a credential or setting.
        """
        with self._lock:
            if (name, url) not in self._known:
                self._known[name, url] = self._made(name, url)
            return self._known[name, url]

    def _made(self, name: str, url: str) -> StoreBucket:
        keys = self._credentials.find() if url.startswith("s3://") else None
        secrets = [*_secrets(self._environment, self._s3_endpoint), *(keys.secrets if keys else ())]
        errors = StoreErrors(name, secrets)
        provider = self._credentials if keys else None
        try:
            reading = self._client(url, self._patience.reading(), provider)
            sending = self._client(url, self._patience.sending(), provider)
        except (exceptions.BaseError, ValueError) as error:
            raise Stop(f"Bucket {name!r} can't be opened at {url!r}: {errors.said(error)}") from None
        return StoreBucket(name, reading, sending, errors)

    def _client(self, url: str, options: ClientConfig, credentials: AwsCredentials | None) -> ObjectStore:
        options = options | self._trust()
        if not url.startswith("s3://"):
            return from_url(url, client_options=options, retry_config=self._patience.retry())
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=self._s3_config(),
            client_options=options | {"allow_http": (self._s3_endpoint or "").startswith("http://")},
            retry_config=self._patience.retry(),
            credential_provider=credentials,
        )

    def _s3_config(self) -> S3Config:
        config: S3Config = {"region": self._region}
        if self._s3_endpoint:
            config["endpoint"] = self._s3_endpoint
        if self._environment.get("AWS_METADATA_ENDPOINT"):
            config["metadata_endpoint"] = self._environment["AWS_METADATA_ENDPOINT"]
        if self._environment.get("AWS_SKIP_SIGNATURE"):
            config["skip_signature"] = self._environment["AWS_SKIP_SIGNATURE"].lower() in {"true", "1", "yes"}
        return config

    def _trust(self) -> ClientConfig:
        """The certificates that AWS's own tools trust as well."""
        bundle = self._environment.get("AWS_CA_BUNDLE")
        if not bundle:
            return {}
        try:
            return {"root_certificate": Path(bundle).read_bytes()}
        except OSError as error:
            raise Stop(f"AWS_CA_BUNDLE={bundle!r} can't be read: {error.strerror}") from error


def _secrets(environment: Mapping[str, str], endpoint: str | None) -> list[str]:
    found = [
        value
        for name, value in environment.items()
        if name.startswith(_SECRET_PREFIXES) and any(word in name for word in _SECRET_WORDS)
    ]
    # Shorter ones would blot out ordinary words.
    return [secret for secret in (*found, urlsplit(endpoint or "").password) if secret and len(secret) >= 4]
