"""A real PostgreSQL on loopback, whose databases cost little."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.standins.certificates import certificate
from tests.standins.processes import Program, free_ports, plain_environment, until

USER, PASSWORD = "shop", "planted-password"
MISSING = "no PostgreSQL here: apt-get install postgresql"
# PostgreSQL refuses to run as root.
_NOBODY = 65534
# Debian keeps them off the PATH, in a folder for each version.
_DEBIAN = Path("/usr/lib/postgresql")
_TEMPLATE = "headrace_template"


@dataclass(frozen=True)
class Postgres:
    """A server that runs; `port` is where."""

    port: int
    _numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    def url(self, database: str = "postgres") -> str:
        """Where a database is, password included."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements; the rows of the last."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            while cursor.nextset():
                pass
            return [] if cursor.description is None else cursor.fetchall()

    def new_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of another; its URL."""
        name = f"headrace_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def copy_of(self, fill: Callable[[str], None]) -> str:
        """Make a database as `fill` leaves an empty one, which it is given the URL of the first time; its URL."""
        if not self.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            fill(self.url(_TEMPLATE))
        return self.new_database(_TEMPLATE)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def answers(self) -> bool:
        """Whether statements can be run."""
        try:
            return bool(self.run("SELECT 1"))
        except psycopg.Error:
            return False


class Server:
    """A PostgreSQL that can be stopped and started again on the same data."""

    def __init__(self, folder: Path, *, is_durable: bool = False, has_tls: bool = False) -> None:
        """Make its data in the folder, which must be empty, and start it. `is_durable`: it waits for the disk.

        `has_tls`: it takes connections with TLS too, under `certificate`.
        """
        self._folder, self._is_durable = folder, is_durable
        self._tls = certificate(folder, "server") if has_tls else None
        (port,) = free_ports(1)
        self.postgres = Postgres(port)
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, password, *(self._tls or ())):
                os.chown(path, _NOBODY, _NOBODY)
        self._environment = plain_environment(LC_ALL="C.UTF-8")
        # A language's order of letters is not that of their codes, which is what answers are sorted by.
        order = ["--locale-provider=icu", "--icu-locale=en-US", "--encoding=UTF8"]
        making = [_program("initdb"), "-D", self._data, "-U", USER, f"--pwfile={password}", "--no-sync", *order]
        subprocess.run(
            _as_nobody([*making, "--auth=scram-sha-256"]),
            env=self._environment,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )
        self.start()

    @property
    def certificate(self) -> Path:
        """What whoever checks the server trusts."""
        assert self._tls is not None
        return self._tls.certificate

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Serve; returns when it answers."""
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"]
        settings += [] if self._is_durable else ["fsync=off"]
        if self._tls is not None:
            settings += ["ssl=on", f"ssl_cert_file={self._tls.certificate}", f"ssl_key_file={self._tls.key}"]
        options = [word for setting in settings for word in ("-c", setting)]
        serving = [_program("postgres"), "-D", self._data, "-p", str(self.postgres.port), *options]
        self._running = Program(_as_nobody(serving), env=self._environment, cwd=self._folder)
        until(self.postgres.answers)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `fast` ends what is under way, `immediate` is as if it had crashed."""
        stopping = [_program("pg_ctl"), "stop", "-D", self._data, "-m", mode, "-w"]
        subprocess.run(_as_nobody(stopping), env=self._environment, check=True, capture_output=True, timeout=120)
        self._running.wait()
        self._running.close()

    def close(self) -> None:
        """End it for good."""
        self._running.close()


def is_installed() -> bool:
    """Whether there is a PostgreSQL, and a way to run it."""
    is_runnable = os.geteuid() != 0 or shutil.which("setpriv") is not None
    return is_runnable and all(_found(program) for program in ("initdb", "postgres", "pg_ctl"))


@contextmanager
def server(*, is_durable: bool = False, has_tls: bool = False) -> Generator[Server]:
    """Make a server with data of its own, and remove both in the end. See Server on `is_durable` and `has_tls`."""
    with (
        tempfile.TemporaryDirectory(prefix="headrace-postgres-") as name,
        closing(Server(Path(name), is_durable=is_durable, has_tls=has_tls)) as made,
    ):
        yield made


@contextmanager
def postgres() -> Generator[Postgres]:
    """The same, for those who never stop it."""
    with server() as made:
        yield made.postgres


def _program(name: str) -> str:
    found = _found(name)
    assert found, f"there is no {name} here"
    return found


def _found(name: str) -> str | None:
    newest = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return shutil.which(name) or (str(newest[-1]) if newest else None)


def _as_nobody(command: Sequence[str | Path]) -> list[str | Path]:
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]
