"""A program whose data folder is a disk of a few megabytes, which can really be filled."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.standins.processes import PATIENCE_S, Program, plain_environment

# Mounted in a namespace that the program has for itself: nobody else sees it, and it goes with the program.
_MOUNTING = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
_PIECE = b"\0" * 4096


def can_mount(folder: Path) -> bool:
    """Whether this user may mount a disk in a namespace."""
    command = _in_namespace("1m", folder, ["true"])
    try:
        done = subprocess.run(command, env=plain_environment(), capture_output=True, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


class SmallDisk:
    """A disk of `size` (`16m`) at `folder`, as only `program` sees it; everybody reaches it through `inside`."""

    def __init__(self, size: str, folder: Path, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        self.program = Program(_in_namespace(size, folder, command), env=environment)
        self.inside = Path(f"/proc/{self.program.pid}/root{folder}")

    def fill(self, leave_bytes: int = 0) -> None:
        """Leave no room but for so many bytes."""
        filler = self.inside / "filler"
        with filler.open("ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(_PIECE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            stream.truncate(max(stream.tell() - leave_bytes, 0))

    def try_to_fill(self) -> None:
        """The same for a program that may end at any moment, and take the disk with it."""
        with suppress(OSError):
            self.fill()

    def make_room(self) -> None:
        (self.inside / "filler").unlink()

    def close(self) -> None:
        self.program.close()


def _in_namespace(size: str, folder: Path, command: Sequence[str | Path]) -> list[str | Path]:
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNTING, "sh", size, folder, *command]
