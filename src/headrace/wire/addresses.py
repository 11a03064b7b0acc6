"""Who can reach the address that headrace listens on, and who may."""

from __future__ import annotations

import ipaddress
import socket

from headrace.errors import SettingsError
from headrace.settings import Settings


def local_url(listening: socket.socket) -> str:
    """Where processes of this machine reach the socket; one that listens everywhere, on the loopback address."""
    host, port = str(listening.getsockname()[0]), listening.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse_open_address(settings: Settings) -> None:
    """Raise SettingsError if anyone on the network could change flows without a key."""
    if settings.auth == "sigv4" or settings.allow_open or _is_loopback(settings.host):
        return
    raise SettingsError(
        f"HEADRACE_HOST={settings.host!r}: other machines can reach this address, and HEADRACE_AUTH=open accepts"
        " anyone's credentials. Listen on 127.0.0.1; or set HEADRACE_AUTH=sigv4 and make keys with"
        " `headrace keys create`; or, on a network where everyone may read and change every flow,"
        " set HEADRACE_ALLOW_OPEN=yes."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
