"""A service that is told to stop, whichever of its threads the system tells."""

from __future__ import annotations

import ctypes
import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.standins.processes import Program, plain_environment
from tests.standins.service import HEADRACE


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc tells of threads here")
def test_a_service_stops_whichever_of_its_threads_gets_the_signal(tmp_path: Path) -> None:
    command = [*HEADRACE, "serve", "--port", "0", "--data", tmp_path]
    with closing(Program(command, env=plain_environment(HOME=str(tmp_path)))) as program:
        program.find(r'"event":"serving"')
        threads = (int(task.name) for task in Path(f"/proc/{program.pid}/task").iterdir())
        others = [thread for thread in threads if thread != program.pid]
        ctypes.CDLL(None).tgkill(program.pid, others[-1], signal.SIGTERM)
        assert program.wait() == 0
