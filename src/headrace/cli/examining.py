"""What `headrace doctor` looks at, one thing after another; nothing is changed by it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

import httpx

from headrace.cli.places import bucket_places
from headrace.connector_sdk.registry import Registry
from headrace.errors import HeadraceError
from headrace.log import redacted
from headrace.settings import Settings
from headrace.store import health
from headrace.store.opening import migrate
from headrace.store.secrets import KEY_NAME
from headrace.store.sqlite import FILE_NAME
from headrace.version import version
from headrace.wire.addresses import refuse_open_address
from headrace.wire.owner import Serving
from headrace.wire.server import bind

State = Literal["ok", "note", "fault"]
MARKS: Mapping[State, str] = MappingProxyType({"ok": " ", "note": "!", "fault": "x"})
_LIBRARIES = ("duckdb", "sqlalchemy", "uvicorn", "obstore", "cryptography", "httpx", "psycopg", "ray")
_LITTLE_BYTES, _TOO_LITTLE_BYTES = 5 * 2**30, 200 * 2**20
# What differs by less is the time that the question took.
_CLOCKS_DIFFER_S = 1.0
_REACHED_WITHIN_S = 3.0


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, and what about it. A fault keeps headrace from working, a note does not."""

    about: str
    state: State
    said: str


def examined(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that a stranger asks first, in the order in which a start needs it."""
    yield from _versions()
    yield from _settings(settings, environment)
    serving = _serving(settings.data)
    yield from _data(settings.data)
    yield from _database(settings, is_served=serving is not None)
    yield from _key(settings)
    yield from _buckets(settings)
    yield from connectors(settings)
    yield from _port(settings, serving)


def _versions() -> Iterator[Finding]:
    system = f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}"
    yield Finding("headrace", "ok", f"{version()}, {system}, {os.cpu_count()} processors")
    yield Finding("libraries", "ok", ", ".join(f"{name} {_version_of(name)}" for name in _LIBRARIES))


def _version_of(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "is not installed"


def _settings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Those that are set; of those that `Settings` does not show, not the value."""
    hidden = {f"HEADRACE_{field.name.upper()}" for field in fields(settings) if not field.repr}
    given = sorted(name for name, value in environment.items() if value and _is_ours(name))
    for name in given:
        is_hidden = name in hidden or (name.startswith("AWS_") and not name.startswith(_SHOWN_OF_AWS))
        yield Finding(name, "ok", "set, not shown" if is_hidden else redacted(environment[name]))
    if not given:
        yield Finding("settings", "ok", "none is set: all have their defaults")


_SHOWN_OF_AWS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")


def _is_ours(name: str) -> bool:
    return name.startswith(("HEADRACE_", "AWS_"))


def _data(data: Path) -> Iterator[Finding]:
    nearest = next(folder for folder in (data, *data.parents) if folder.is_dir())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("data folder", "fault", f"{nearest} can't be written: allow it, or choose another with --data")
        return
    yield Finding("data folder", "ok", f"{data}{'' if nearest == data else ', made at the first start'}")
    free_bytes = shutil.disk_usage(nearest).free
    state: State = "fault" if free_bytes < _TOO_LITTLE_BYTES else "note" if free_bytes < _LITTLE_BYTES else "ok"
    yield Finding("free space", state, f"{free_bytes / 2**30:,.1f} GiB for staged files, spilled data and rejects")


def _database(settings: Settings, *, is_served: bool) -> Iterator[Finding]:
    if settings.database_url is None:
        yield _sqlite()
        file = settings.data / FILE_NAME
        if is_served or not file.exists():
            yield Finding("database", "ok", f"{file}, {'in use' if is_served else 'made at the first start'}")
            return
    else:
        yield from _tried("database", lambda: _clock(str(settings.database_url)))
    yield from _tried("schema", lambda: _schema(settings))


def _sqlite() -> Finding:
    found = health.sqlite_version()
    said = ".".join(map(str, found))
    if found >= health.SOUND_SQLITE:
        return Finding("SQLite", "ok", said)
    sound = ".".join(map(str, health.SOUND_SQLITE))
    return Finding("SQLite", "note", f"{said}: before {sound} two processes may break a file; headrace opens it in one")


def _clock(url: str) -> Finding:
    found = health.database_facts(url)
    apart_s = abs((datetime.now(UTC) - found.now).total_seconds())
    said = f"PostgreSQL {found.version} answers; its clock and this one are {apart_s:.1f} s apart"
    if apart_s < _CLOCKS_DIFFER_S:
        return Finding("database", "ok", said)
    return Finding("database", "note", f"{said}: leases and schedules go by each node's own; set the clocks by NTP")


def _schema(settings: Settings) -> Finding:
    schema = migrate(settings, is_check=True)
    if schema.is_newest:
        return Finding("schema", "ok", f"{schema.found}, as this version has it")
    if schema.found is None:
        return Finding("schema", "ok", "none yet: the first start makes it")
    what = "run `headrace migrate`" if settings.database_url else "the next start brings it up"
    return Finding("schema", "note", f"{schema.found}, this version has {schema.newest}: {what}")


def _key(settings: Settings) -> Iterator[Finding]:
    path = settings.data / KEY_NAME
    if settings.key is not None or settings.key_command is not None:
        yield Finding("key", "ok", "of HEADRACE_KEY" if settings.key is not None else "of HEADRACE_KEY_COMMAND")
    elif not path.exists():
        yield Finding("key", "ok", f"{path}, made at the first start; keep a copy, credentials are sealed with it")
    elif path.stat().st_mode & 0o077:
        yield Finding("key", "note", f"{path} can be read by other users: chmod 600 {path}")
    else:
        yield Finding("key", "ok", str(path))


def _buckets(settings: Settings) -> Iterator[Finding]:
    for place in bucket_places(settings):
        yield Finding("buckets", "ok", place)
    for name, url in settings.buckets.items():
        path = Path(urlsplit(url).path)
        if urlsplit(url).scheme == "file" and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield Finding("buckets", "fault", f"{name}: {path} is no folder that can be read and written")
    for endpoint in filter(None, (settings.s3_endpoint, settings.lambda_endpoint, settings.events_endpoint)):
        yield _reached(endpoint)


def _reached(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        with closing(socket.create_connection(place, _REACHED_WITHIN_S)):
            return Finding("endpoint", "ok", f"{parts.hostname}:{place[1]} is listened on")
    except OSError as error:
        return Finding("endpoint", "fault", f"{parts.hostname} can't be reached: {error.strerror or error}")


def connectors(settings: Settings, entries: Iterable[EntryPoint] | None = None) -> Iterator[Finding]:
    """Those that are installed, or `entries`."""
    try:
        registry = Registry.load(settings, entries=entries)
    except HeadraceError as error:
        yield Finding("connectors", "fault", error.message)
        return
    yield Finding("connectors", "ok", ", ".join(sorted({"S3", *registry.record_types})))
    for name, reason in sorted(registry.faults.items()):
        yield Finding("connectors", "fault", f"{name} could not be loaded: {reason}")


def _serving(data: Path) -> Serving | None:
    """The headrace that answers for the data folder."""
    serving = Serving.read(data)
    try:
        is_there = serving is not None and httpx.get(f"{serving.url}/healthz", trust_env=False).is_success
    except httpx.HTTPError:
        return None
    return serving if is_there else None


def _port(settings: Settings, serving: Serving | None) -> Iterator[Finding]:
    if serving is not None:
        yield Finding("server", "ok", f"headrace answers at {serving.url}")
        return
    yield from _tried("address", lambda: _listened(settings))


def _listened(settings: Settings) -> Finding:
    refuse_open_address(settings)
    with closing(bind(settings.host, settings.port)):
        return Finding("address", "ok", f"{settings.host} port {settings.port} is free")


def _tried(about: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except HeadraceError as error:
        yield Finding(about, "fault", error.message)
