"""AWS's Signature Version 4, for the requests that headrace itself sends.

Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from headrace.connector_sdk.aws_credentials import AwsKeys

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed(
    keys: AwsKeys,
    *,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    now: datetime,
    method: str = "POST",
) -> dict[str, str]:
    """The headers of a request with its signature. Path and query of `url` are encoded; `now` is aware, UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    given = {name.lower(): value.strip() for name, value in headers.items()}
    given |= {"host": parts.netloc, "x-amz-date": stamp}
    if keys.token is not None:
        given["x-amz-security-token"] = keys.token
    names = ";".join(sorted(given))
    lines = [
        method,
        # Encoded once more than in the URL, as all services but S3 want it.
        quote(parts.path or "/", safe="/-_.~"),
        "&".join(sorted(parts.query.split("&"), key=lambda pair: pair.partition("="))),
        *(f"{name}:{given[name]}" for name in sorted(given)),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    ]
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
    authorization = (
        f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**given, "authorization": authorization}
