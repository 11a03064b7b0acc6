"""A real PostgreSQL on loopback, with one database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.standins.processes import Program, free_ports, plain_environment, until

USER, PASSWORD = "shop", "planted-password"
# PostgreSQL refuses to run as root.
_NOBODY = 65534
_QUERY = """
import sys, psycopg2
_, port, user, password = sys.argv
connection = psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="postgres")
connection.autocommit = True
connection.cursor().execute(sys.stdin.read())
"""


@dataclass(frozen=True)
class Postgres:
    """Where it is, and a Python that can speak to it."""

    port: int
    python: Path

    def run(self, sql: str) -> None:
        """Run statements."""
        arguments = [str(self.port), USER, PASSWORD]
        subprocess.run([self.python, "-c", _QUERY, *arguments], input=sql, text=True, check=True, timeout=120)

    def answers(self) -> bool:
        """Whether statements can be run."""
        command = [self.python, "-c", _QUERY, str(self.port), USER, PASSWORD]
        return subprocess.run(command, input="select 1", text=True, capture_output=True, check=False).returncode == 0


def is_installed() -> bool:
    """Whether there is a PostgreSQL, and a way to run it."""
    needed = ("initdb", "postgres", *(("setpriv",) if os.geteuid() == 0 else ()))
    return all(shutil.which(program) is not None for program in needed)


@contextmanager
def postgres(python: Path) -> Generator[Postgres]:
    """Make a database, serve it, and remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="headrace-postgres-") as name:
        folder, (port,) = Path(name), free_ports(1)
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, password):
                os.chown(path, _NOBODY, _NOBODY)
        data, environment = folder / "data", plain_environment(LC_ALL="C")
        making = ["initdb", "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
        subprocess.run(_as_nobody(making), env=environment, cwd=folder, check=True, capture_output=True, timeout=120)
        serving = ["postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        program = Program(_as_nobody([*serving, "-c", "unix_socket_directories="]), env=environment, cwd=folder)
        with closing(program):
            made = Postgres(port, python)
            until(made.answers)
            yield made


def _as_nobody(command: Sequence[str | Path]) -> list[str | Path]:
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]
