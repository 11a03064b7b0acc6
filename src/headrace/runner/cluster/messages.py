"""What a worker, its driver process and the nodes of a cluster tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.engine.results import Naming, SplitResult
from headrace.errors import HeadraceError, Retry, Stop
from headrace.flow.plan import Plan
from headrace.runner.sources import SplitWork
from headrace.settings import Settings

# What clients of object stores read from the environment.
_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_")
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class ClusterUnusable(HeadraceError):
    """The cluster can't run a split that this machine may well run."""


class ClusterAway(Retry):
    """The cluster can't be reached, or was lost; it may be back soon."""


@dataclass(frozen=True, repr=False)
class Surroundings:
    """What a node needs of the settings and the environment to read buckets; the latter may hold secrets."""

    data: Path
    region: str
    s3_endpoint: str | None
    buckets: Mapping[str, str]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str]) -> Surroundings:
        """Those of this process; keys of a profile on this machine are looked up now."""
        given = {name: value for name, value in environment.items() if name.startswith(_PREFIXES)}
        try:
            keys = AwsCredentials(environment).find()
        except Stop:
            # Whoever opens a bucket of AWS says so; others need none.
            keys = None
        if keys is not None:
            given.pop("AWS_PROFILE", None)
            values = (keys.access_key_id, keys.secret_access_key, keys.token or "")
            given |= dict(zip(_KEYS, values, strict=True))
        return cls(settings.data, settings.region, settings.s3_endpoint, dict(settings.buckets), given)

    @property
    def settings(self) -> Settings:
        """Enough of them to open a bucket."""
        return Settings(data=self.data, region=self.region, s3_endpoint=self.s3_endpoint, buckets=dict(self.buckets))

    def within(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment of a node with that of the sender over it."""
        # Keys belong together: a session's token beside other keys would be refused.
        theirs = _KEYS if self.environment.get("AWS_ACCESS_KEY_ID") else ()
        return {name: value for name, value in environment.items() if name not in theirs} | dict(self.environment)


@dataclass(frozen=True)
class Order:
    """One split, as a node needs it. `memory_limit_bytes` and `threads` are its engine's."""

    plan: Plan
    work: SplitWork
    naming: Naming
    surroundings: Surroundings
    memory_limit_bytes: int
    threads: int


Kind = Literal["retry", "stop", "unreadable", "dropped", "engine", "cancelled", "away", "unusable", "fault"]


@dataclass(frozen=True)
class Failure:
    """Why a split was not done, in a form that any process can read. `detail` is the file, or the traceback."""

    kind: Kind
    message: str
    detail: str = ""
    after_s: float | None = None


# --- from a worker to its driver process --------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """Run the packed order somewhere; its files go to the folder of this machine, which is there."""

    ticket: int
    order: bytes
    folder: Path
    cpus: int
    memory_bytes: int


@dataclass(frozen=True)
class Cancel:
    """Let go of what was asked for with the ticket."""

    ticket: int


@dataclass(frozen=True)
class Look:
    """Ask every node what it has, and how it sees the folders."""

    ticket: int
    folders: tuple[str, ...]


# --- from the driver process to its worker --------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """A node of the cluster. `memory_bytes` is what Ray may give away there."""

    name: str
    cpus: float
    memory_bytes: float


@dataclass(frozen=True)
class Beat:
    """The cluster answers, and has these nodes; the first one says that the driver is connected."""

    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Found:
    """What a node said of itself: versions, and the marks of the folders (see `marks`), None: not there."""

    machine: Machine
    python: str = ""
    ray: str = ""
    headrace: str = ""
    marks: tuple[str | None, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Ended:
    """What came of a ticket."""

    ticket: int
    answer: SplitResult | Failure | tuple[Found, ...]


def mark(folder: str) -> str | None:
    """What tells whether two machines see the same folder there; None: there is none."""
    try:
        found = Path(folder).stat()
    except OSError:
        return None
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}"
