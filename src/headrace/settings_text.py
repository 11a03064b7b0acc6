"""How the text of a setting becomes its value; ValueError says what is allowed and what to do."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import quote, urlsplit

Word = TypeVar("Word", bound=str)

_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SIZE = re.compile(r"(\d{1,15})\s*([a-z]{0,3})", re.ASCII)
_BUCKET = re.compile(r"\S{3,63}")
_HOST = re.compile(r"[0-9A-Za-z:.\-_]{1,253}")
_BUS = re.compile(r"[/.\-_A-Za-z0-9:]{1,1600}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/=]{16,512}", re.ASCII)
_SCHEMES = ("s3", "gs", "az", "file")


def folder(given: str) -> Path:
    """An absolute path; `~` is the home folder."""
    try:
        return Path(given).expanduser().absolute()
    except RuntimeError:
        raise ValueError("the home folder of this user is not known; give an absolute path") from None


def host(given: str) -> str:
    """An address or a host name, without scheme or port."""
    if not _HOST.fullmatch(given):
        raise ValueError("allowed is an address or a host name such as 127.0.0.1, ::1 or localhost, without a scheme")
    return given


def account(given: str) -> str:
    """An AWS account number."""
    if not re.fullmatch(r"\d{12}", given, re.ASCII):
        raise ValueError("allowed are exactly 12 digits, such as 000000000000")
    return given


def region(given: str) -> str:
    """An AWS region's name; any that looks like one."""
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}", given, re.ASCII):
        raise ValueError("allowed is the name of an AWS region, such as us-east-1")
    return given


def endpoint(given: str) -> str | None:
    """The http(s) URL of a server."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("allowed is an http or https URL with a host, such as http://127.0.0.1:9000")
    return given.rstrip("/")


def ray_address(given: str) -> str:
    """Where a Ray cluster is."""
    address = given.strip()
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        is_place = parts.scheme in {"", "ray"} and bool(parts.hostname and parts.port) and not parts.path.strip("/")
    except ValueError:
        is_place = False
    if address != "auto" and not is_place:
        raise ValueError(
            "allowed are auto (this machine is a node), host:port of a head whose cluster this machine belongs to, and"
            " ray://host:10001"
        )
    return address


def yes_or_no(given: str) -> bool:
    """A switch."""
    word = given.strip().lower()
    if word not in ("yes", "no", "true", "false", "1", "0"):
        raise ValueError("allowed are yes and no")
    return word in ("yes", "true", "1")


def one_of(*words: Word) -> Callable[[str], Word]:
    """One of some words, whatever their case."""
    allowed: Mapping[str, Word] = {word: word for word in words}

    def parse(given: str) -> Word:
        try:
            return allowed[given.strip().lower()]
        except KeyError:
            raise ValueError(f"allowed are {' and '.join(words)}") from None

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def parse(given: str) -> int:
        if not re.fullmatch(r"\s*-?\d{1,18}\s*", given, re.ASCII) or not least <= int(given) <= most:
            raise ValueError(f"allowed is a whole number from {least} to {most}")
        return int(given)

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A number of seconds from `least` to `most`."""

    def parse(given: str) -> float:
        if not re.fullmatch(r"\s*-?\d{1,9}(\.\d{1,9})?\s*", given, re.ASCII) or not least <= float(given) <= most:
            raise ValueError(f"allowed is a number of seconds from {least:g} to {most:g}, such as {most / 2:g}")
        return float(given)

    return parse


def size(least_bytes: int) -> Callable[[str], int]:
    """A number of bytes, at least `least_bytes`: `1048576`, `512MiB`, `2 GB`."""

    def parse(given: str) -> int:
        match = _SIZE.fullmatch(given.strip().lower())
        if match is None or match[2] not in _UNITS or int(match[1]) * _UNITS[match[2]] < least_bytes:
            raise ValueError(f"allowed is a size of at least {least_bytes} bytes, such as 512MiB, 2GB or 1073741824")
        return int(match[1]) * _UNITS[match[2]]

    return parse


def buckets(given: str) -> Mapping[str, str]:
    """`name=url,name=url`; the name `*` means every other bucket. Gathers all faults in one ValueError."""
    places: dict[str, str] = {}
    faults: list[str] = []
    for pair in filter(None, (part.strip() for part in given.split(","))):
        name, _, url = (part.strip() for part in pair.partition("="))
        if name in places:
            faults.append(f"bucket {name!r} is mapped twice; keep one")
        elif fault := _bucket_fault(name, url):
            faults.append(fault)
        else:
            places[name] = url
    if faults:
        raise ValueError("; ".join(faults))
    return MappingProxyType(places)


def place(given: str) -> str:
    """A URL of a folder or an object store, or the path of a folder."""
    scheme, separator, path = given.partition("://")
    url = f"file://{quote(given)}" if given.startswith("/") else f"{scheme}{separator}{path.rstrip('/')}"
    fault = _url_fault(url)
    host = urlsplit(url).netloc
    if fault is None and "@" in host:
        fault = "credentials come from AWS_… variables, not from a URL"
    if fault is None and not host and not url.startswith("file://"):
        fault = "an object store's URL names a bucket: s3://mine/rejects"
    if fault is not None:
        raise ValueError(fault)
    return url


def connector_urls(given: str) -> Mapping[str, str]:
    """`type=url,type=url`. Gathers all faults in one ValueError."""
    places: dict[str, str] = {}
    faults: list[str] = []
    for pair in filter(None, (part.strip() for part in given.split(","))):
        name, _, url = (part.strip() for part in pair.partition("="))
        parts = urlsplit(url)
        if name in places:
            faults.append(f"{name!r} is mapped twice; keep one")
        elif not name.isalnum() or parts.scheme not in {"http", "https"} or not parts.netloc:
            faults.append(f"{pair!r}: allowed is a connectorType and a URL, such as Slack=http://127.0.0.1:8081")
        else:
            places[name] = url.rstrip("/")
    if faults:
        raise ValueError("; ".join(faults))
    return MappingProxyType(places)


def receivers(given: str) -> tuple[str, ...]:
    """`place,place`: who is told of runs. The faults don't show what was given: a webhook's URL may be its secret."""
    places = tuple(filter(None, (part.strip() for part in given.split(","))))
    faults = [f"place {number} {fault}" for number, place in enumerate(places, 1) if (fault := _receiver_fault(place))]
    if len(set(places)) < len(places):
        faults.append("a place is named twice; keep one")
    if faults:
        raise ValueError("; ".join(faults))
    return places


def webhook_secret(given: str) -> bytes:
    """The bytes of a secret in the form of Standard Webhooks."""
    try:
        secret = b64decode(given.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret = b""
    if not given.startswith("whsec_") or not 24 <= len(secret) <= 64:
        raise ValueError("allowed is whsec_ with the base64 of 24 to 64 bytes: whsec_$(openssl rand -base64 32)")
    return secret


def bearer_token(given: str) -> str:
    """A token that is sent in a header."""
    if not _TOKEN.fullmatch(given):
        raise ValueError("allowed are 16 to 512 letters, digits and any of -._~+/=: openssl rand -hex 32")
    return given


def database_url(given: str) -> str:
    """The URL of a PostgreSQL database. The fault doesn't show what was given: it may hold a password."""
    scheme, _, rest = given.strip().partition("://")
    if scheme not in {"postgresql", "postgres"} or not rest:
        raise ValueError(
            "allowed is the URL of a PostgreSQL database, such as postgresql://user:password@db.example.com/headrace."
            " Without one the store is a SQLite file in the data folder"
        )
    return given.strip()


def _receiver_fault(place: str) -> str | None:
    if place.startswith("eventbridge:"):
        is_bus = _BUS.fullmatch(place.partition(":")[2])
        return None if is_bus else "names no event bus: allowed are its name and its ARN, such as eventbridge:default"
    parts = urlsplit(place)
    if parts.scheme == "file":
        is_file = not parts.netloc and parts.path.strip("/") and not parts.path.endswith("/")
        return None if is_file else "is no file: allowed is an absolute path, such as file:///var/log/flows.jsonl"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "is none that is known: allowed are URLs that begin with file://, https:// and http://, and eventbridge:"
    return "holds a user or a password; webhooks are signed with HEADRACE_NOTIFY_SECRET" if parts.username else None


def _bucket_fault(name: str, url: str) -> str | None:
    if name != "*" and not _BUCKET.fullmatch(name):
        return f"{name!r} is no bucket: allowed is a name of 3 to 63 characters, or * for every other bucket"
    fault = _url_fault(url)
    return None if fault is None else f"bucket {name!r} lies at {url!r}: {fault}"


def _url_fault(url: str) -> str | None:
    parts = urlsplit(url)
    if "://" not in url or parts.scheme not in _SCHEMES:
        schemes = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        return f"allowed are URLs that begin with {schemes}"
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        return "a file URL holds an absolute path, such as file:///data/lake"
    return None
