"""Looks after somebody's program: bounds its memory, ends it with headrace, removes its files. Standard library only.

Started by path. Standard input is a lifeline: when headrace is gone, however it went, the program is ended.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading

NOT_STARTED = 127


def main(arguments: list[str]) -> int:
    """Run the program; `arguments` are its memory in bytes, the folder to remove after it, and its command line."""
    memory_bytes, folder, *command = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    try:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_STARTED
    threading.Thread(target=_end_with_headrace, args=(folder,), daemon=True).start()
    code = program.wait()
    shutil.rmtree(folder, ignore_errors=True)
    if code < 0:
        # As it ended, so does its tender: whoever waits for this process sees the same signal.
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _end_with_headrace(folder: str) -> None:
    while os.read(0, 1):
        pass
    # It holds credentials.
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
