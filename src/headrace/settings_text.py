"""How the text of a setting becomes its value; ValueError says what is allowed and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

Word = TypeVar("Word", bound=str)

_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SIZE = re.compile(r"(\d{1,15})\s*([a-z]{0,3})", re.ASCII)
_BUCKET = re.compile(r"\S{3,63}")
_HOST = re.compile(r"[0-9A-Za-z:.\-_]{1,253}")
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


def _bucket_fault(name: str, url: str) -> str | None:
    parts = urlsplit(url)
    if name != "*" and not _BUCKET.fullmatch(name):
        return f"{name!r} is no bucket: allowed is a name of 3 to 63 characters, or * for every other bucket"
    if "://" not in url or parts.scheme not in _SCHEMES:
        schemes = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        return f"bucket {name!r} lies at {url!r}: allowed are URLs that begin with {schemes}"
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        return f"bucket {name!r} lies at {url!r}: a file URL holds an absolute path, such as file:///data/lake"
    return None
