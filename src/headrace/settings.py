"""What whoever starts headrace may choose, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

from headrace import settings_text as text
from headrace.errors import SettingsError

MIB = 1024 * 1024
T = TypeVar("T")


def _default_memory_limit_bytes() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(total // 2, 448 * MIB)


def _default_threads() -> int:
    """The processors that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Ray:
    """The Ray cluster that runs which read `from_bytes` or more are split over; `address` None: there is none.

    Each split has `cpus` processors and `memory_bytes` there.
    """

    address: str | None = None
    from_bytes: int = 1024 * MIB
    cpus: int = 1
    memory_bytes: int = 512 * MIB


@dataclass(frozen=True)
class Settings:
    """Every setting of a headrace process; `docs/settings.md` describes each.

    `buckets` maps a bucket's name, or `*`, to a URL; a bucket that it doesn't name is a folder
    under `data`. `s3_endpoint` None means AWS's own. `connector_urls` maps a connector type to the
    URL of a server that stands for the application's own. `rejects` is the URL of the place for rejected records,
    None: a folder under `data`. `key` seals stored secrets, or what
    `key_command` prints; without either the key file in `data` does, made on the first start. `database_url` None:
    the store is a file in `data`. `flow_concurrency` None means `concurrent_executions`. `notify` says who is told of
    runs, and `notify_secret` signs what webhooks get. Who bears `metrics_token` may read the metrics, of
    `metrics_flows` flows each by itself. `port` 0 means any free port.
    """

    data: Path
    database_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    account: str = "000000000000"
    region: str = "us-east-1"
    auth: Literal["open", "sigv4"] = "open"
    allow_open: bool = False
    limits: Literal["none", "aws"] = "none"
    body_limit_bytes: int = 10 * MIB
    parallel_runs: bool = False
    executions_kept: int = 10_000
    keep_days: int | None = None
    concurrent_executions: int = 4
    flow_concurrency: int | None = None
    memory_limit_bytes: int = field(default_factory=_default_memory_limit_bytes)
    threads: int = field(default_factory=_default_threads)
    ray: Ray = field(default_factory=Ray)
    lease_s: float = 30.0
    drain_s: float = 8.0
    rejects: str | None = None
    buckets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    s3_endpoint: str | None = None
    lambda_endpoint: str | None = None
    connector_urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    connector_timeout_s: float = 300.0
    connector_memory_bytes: int = 1024 * MIB
    notify: tuple[str, ...] = field(default=(), repr=False)
    notify_secret: bytes | None = field(default=None, repr=False)
    events_endpoint: str | None = None
    metrics_token: str | None = field(default=None, repr=False)
    metrics_flows: int = 1000
    key: str | None = field(default=None, repr=False)
    key_command: str | None = field(default=None, repr=False)
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def flow_limit(self) -> int:
        """How many executions of one flow may run at once."""
        return self.flow_concurrency or self.concurrent_executions

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str],
        *,
        data: Path | None = None,
        host: str | None = None,
        port: int | None = None,
        database_url: str | None = None,
        is_terminal: bool = True,
    ) -> Settings:
        """Read all settings; the keyword arguments (the command line) win over the environment.

        A variable that is set to nothing counts as not set. `is_terminal` says whether log lines
        are read by people: without HEADRACE_LOG they are text there and JSON elsewhere.

        Raises SettingsError with one line for each value that can't be used.
        """
        given = dict(environment)
        chosen = {
            "HEADRACE_DATA": data,
            "HEADRACE_HOST": host,
            "HEADRACE_PORT": port,
            "HEADRACE_DATABASE_URL": database_url,
        }
        given.update({name: str(value) for name, value in chosen.items() if value is not None})
        read = _Reader(given)
        settings = cls._read(read, log_format="text" if is_terminal else "json")
        read.finish()
        return settings

    @classmethod
    def _read(cls, read: _Reader, *, log_format: Literal["text", "json"]) -> Settings:
        return cls(
            data=read("HEADRACE_DATA", text.folder, Path.home() / ".headrace"),
            database_url=read("HEADRACE_DATABASE_URL", text.database_url, None, is_shown=False),
            host=read("HEADRACE_HOST", text.host, cls.host),
            port=read("HEADRACE_PORT", text.whole(0, 65_535), cls.port),
            account=read("HEADRACE_ACCOUNT", text.account, cls.account),
            region=_region(read),
            auth=read("HEADRACE_AUTH", text.one_of("open", "sigv4"), cls.auth),
            allow_open=read("HEADRACE_ALLOW_OPEN", text.yes_or_no, cls.allow_open),
            limits=read("HEADRACE_LIMITS", text.one_of("none", "aws"), cls.limits),
            body_limit_bytes=read("HEADRACE_BODY_LIMIT", text.size(1024), cls.body_limit_bytes),
            parallel_runs=read("HEADRACE_PARALLEL_RUNS", text.yes_or_no, cls.parallel_runs),
            executions_kept=read("HEADRACE_EXECUTIONS_KEPT", text.whole(1, 10_000_000), cls.executions_kept),
            keep_days=read("HEADRACE_KEEP_DAYS", text.whole(1, 36_500), None),
            concurrent_executions=read("HEADRACE_CONCURRENT_EXECUTIONS", text.whole(1, 256), cls.concurrent_executions),
            flow_concurrency=read("HEADRACE_FLOW_CONCURRENCY", text.whole(1, 10_000), None),
            memory_limit_bytes=read("HEADRACE_MEMORY_LIMIT", text.size(64 * MIB), _default_memory_limit_bytes()),
            threads=read("HEADRACE_THREADS", text.whole(1, 1024), _default_threads()),
            ray=_ray(read),
            lease_s=read("HEADRACE_LEASE", text.seconds(3, 3600), cls.lease_s),
            drain_s=read("HEADRACE_DRAIN", text.seconds(0, 3600), cls.drain_s),
            rejects=read("HEADRACE_REJECTS", text.place, None),
            buckets=read("HEADRACE_BUCKETS", text.buckets, MappingProxyType({})),
            s3_endpoint=read("AWS_ENDPOINT_URL_S3", text.endpoint, None),
            lambda_endpoint=read("AWS_ENDPOINT_URL_LAMBDA", text.endpoint, None),
            connector_urls=read("HEADRACE_CONNECTOR_URLS", text.connector_urls, MappingProxyType({})),
            connector_timeout_s=read("HEADRACE_CONNECTOR_TIMEOUT", text.seconds(1, 900), cls.connector_timeout_s),
            connector_memory_bytes=read("HEADRACE_CONNECTOR_MEMORY", text.size(128 * MIB), cls.connector_memory_bytes),
            notify=read("HEADRACE_NOTIFY", text.receivers, (), is_shown=False),
            notify_secret=read("HEADRACE_NOTIFY_SECRET", text.webhook_secret, None, is_shown=False),
            events_endpoint=read("AWS_ENDPOINT_URL_EVENTS", text.endpoint, None),
            metrics_token=read("HEADRACE_METRICS_TOKEN", text.bearer_token, None, is_shown=False),
            metrics_flows=read("HEADRACE_METRICS_FLOWS", text.whole(0, 1_000_000), cls.metrics_flows),
            key=read("HEADRACE_KEY", str, None),
            key_command=read("HEADRACE_KEY_COMMAND", str, None),
            log_format=read("HEADRACE_LOG", text.one_of("text", "json"), log_format),
            log_level=read("HEADRACE_LOG_LEVEL", text.one_of("debug", "info", "warning", "error"), cls.log_level),
        )


class _Reader:
    """Reads one variable after another and gathers what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._faults: list[str] = []

    def __call__(self, name: str, parse: Callable[[str], T], default: T, *, is_shown: bool = True) -> T:
        given = self._environment.get(name, "")
        if not given:
            return default
        try:
            return parse(given)
        except ValueError as fault:
            self._faults.append(f"{name}={given!r}: {fault}" if is_shown else f"{name}: {fault}")
            return default

    def finish(self) -> None:
        if self._faults:
            raise SettingsError("\n".join(self._faults))


def _ray(read: _Reader) -> Ray:
    return Ray(
        address=read("HEADRACE_RAY_ADDRESS", text.ray_address, None),
        from_bytes=read("HEADRACE_RAY_FROM", text.size(0), Ray.from_bytes),
        cpus=read("HEADRACE_RAY_CPUS", text.whole(1, 1024), Ray.cpus),
        memory_bytes=read("HEADRACE_RAY_MEMORY", text.size(64 * MIB), Ray.memory_bytes),
    )


def _region(read: _Reader) -> str:
    region = Settings.region
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "HEADRACE_REGION"):
        region = read(name, text.region, region)
    return region
