"""Requests that a web page lets its visitor's browser send."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from headrace.errors import AccessDeniedException


def refuse_strange_page(headers: Sequence[tuple[bytes, bytes]], *, may_be_own_host: bool) -> None:
    """Raise AccessDeniedException if a page that this machine did not serve sent the request.

    Where everybody's credentials are good, being reachable is all that protects the service, and a
    browser here reaches it for any site that is open in it. Browsers say so in the Origin header;
    AWS clients never send one. `may_be_own_host` also lets in pages of the host that was called. Any
    site can point its name at this machine, so that is for services that are open to others anyway.
    """
    origin = next((value for name, value in headers if name == b"origin"), None)
    if origin is None:
        return
    host = next((value for name, value in headers if name == b"host"), b"")
    if is_of_this_machine(origin) or (may_be_own_host and origin.partition(b"://")[2] == host):
        return
    raise AccessDeniedException(
        "A web page of another site sent this request. Pages may be served from localhost; from elsewhere set"
        " HEADRACE_AUTH=sigv4 and sign with a key of `headrace keys create`."
    )


def is_of_this_machine(origin: bytes) -> bool:
    try:
        name = urlsplit(origin.decode("latin-1")).hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
