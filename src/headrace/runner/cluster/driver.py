"""The process that speaks to Ray for one worker: Ray ends a process that has lost its head, so it is one of its own.

python -m headrace.runner.cluster.driver DESCRIPTOR ADDRESS: `link` starts it, and speaks with it over a socket.
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import ray
from ray import exceptions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from headrace.engine.results import SplitResult, StagedFile
from headrace.runner.cluster import node
from headrace.runner.cluster.failures import failure_of
from headrace.runner.cluster.messages import Beat, Cancel, Ended, Failure, Found, Look, Machine, Run
from headrace.version import version

# Its own annotations leave half of it unknown.
_RAY = cast("Any", ray)
BEAT_S = 2.0
# A split that does not heed its cancellation loses its process then.
_KILLED_AFTER_S = 10.0
# What comes back is written by so many at a time, each with a piece in memory.
_WRITERS = 4
_LOOKED_WITHIN_S = 60.0
_LOST = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.ObjectLostError,
    exceptions.ObjectFetchTimedOutError,
    exceptions.LocalRayletDiedError,
)


class Driver:
    """Does what the worker asks for, each ticket in a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._running: dict[int, Any] = {}
        self._writing = threading.Semaphore(_WRITERS)
        self._ended = threading.Event()

    def serve(self) -> None:
        """Until the worker is gone or hangs up."""
        self._beat()
        threading.Thread(target=self._keep_beating, name="beats", daemon=True).start()
        try:
            while True:
                self._take(self._connection.recv())
        except (EOFError, OSError):
            self._ended.set()

    def _take(self, asked: Run | Cancel | Look) -> None:
        match asked:
            case Run():
                self._begin(asked.ticket, partial(self._run, asked))
            case Look():
                self._begin(asked.ticket, partial(_looked, asked.folders))
            case Cancel():
                self._cancel(asked.ticket)

    def _begin(self, ticket: int, act: Callable[[], SplitResult | Failure | tuple[Found, ...]]) -> None:
        def work() -> None:
            try:
                answer = act()
            except Exception as error:  # Boundary: the worker decides what is to be done
                answer = _of_ray(error)
            self._running.pop(ticket, None)
            self._send(Ended(ticket, answer))

        threading.Thread(target=work, name=f"ticket-{ticket}", daemon=True).start()

    def _send(self, message: Beat | Ended) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            self._ended.set()

    def _keep_beating(self) -> None:
        while not self._ended.wait(BEAT_S):
            self._beat()

    def _beat(self) -> None:
        """Only an answer of the cluster makes one."""
        self._send(Beat(tuple(machine for _, machine in _machines())))

    # --- a split ------------------------------------------------------------------------------

    def _run(self, asked: Run) -> SplitResult | Failure:
        # Ray itself runs a task again whose process or node was lost, three times.
        remote = _RAY.remote(node.run_split).options(
            name="headrace split",
            num_cpus=asked.cpus,
            memory=asked.memory_bytes,
            max_retries=3,
            scheduling_strategy="SPREAD",
        )
        ref = self._running[asked.ticket] = remote.remote(version(), asked.order)
        made: node.Made | Failure = _RAY.get(ref)
        if isinstance(made, Failure):
            return made
        with self._writing:
            return self._brought(made, asked)

    def _brought(self, made: node.Made, asked: Run) -> SplitResult:
        """Write the files into the folder of this machine; the result that names them there."""
        for file in node.files_of(made.result):
            path = asked.folder / file.path
            # Not the folder itself: when it is gone, nobody wants the split any more.
            for above in reversed(path.relative_to(asked.folder).parents[:-1]):
                (asked.folder / above).mkdir(exist_ok=True)
            with path.open("wb") as stream:
                for piece in made.pieces[file.path]:
                    stream.write(_RAY.get(piece))
        outputs, rejects = (
            tuple(_at(asked.folder, file) for file in files) for files in (made.result.outputs, made.result.rejects)
        )
        return replace(made.result, outputs=outputs, rejects=rejects)

    def _cancel(self, ticket: int) -> None:
        ref = self._running.get(ticket)
        if ref is None:
            return
        _RAY.cancel(ref)

        def kill() -> None:
            if ticket in self._running:
                _RAY.cancel(ref, force=True)

        killer = threading.Timer(_KILLED_AFTER_S, kill)
        killer.daemon = True
        killer.start()


def _at(folder: Path, file: StagedFile) -> StagedFile:
    return replace(file, path=str(folder / file.path))


def _of_ray(error: Exception) -> Failure:
    """What Ray's error means to a split."""
    first = (str(error).strip().splitlines() or [""])[0][:500]
    if isinstance(error, exceptions.TaskCancelledError):
        return Failure("cancelled", "The run was cancelled.")
    if isinstance(error, exceptions.OutOfMemoryError):
        return Failure(
            "engine",
            "A node of the cluster ran out of memory and ended the split again and again. Lower HEADRACE_RAY_MEMORY, or"
            " raise it so that fewer splits run on a node at once",
        )
    if isinstance(error, _LOST):
        return Failure("retry", f"The cluster lost the split: {first}")
    if isinstance(error, exceptions.RayTaskError):
        # Our function answers all that happens in it: this one never began.
        return Failure("unusable", f"The nodes can't run headrace's splits: {_last(error)}")
    if isinstance(error, exceptions.RayError):
        return Failure("away", f"Ray failed: {first}")
    return failure_of(error, platform.node())


def _last(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[-1][:500]


# --- the nodes ------------------------------------------------------------------------------------


def _machines() -> list[tuple[str, Machine]]:
    """The ids of the living nodes, and what they have to give."""
    found = [each for each in cast("list[dict[str, Any]]", _RAY.nodes()) if each["Alive"]]
    return [(each["NodeID"], _machine(each)) for each in found]


def _machine(found: dict[str, Any]) -> Machine:
    given = found["Resources"]
    return Machine(found["NodeManagerHostname"], given.get("CPU", 0.0), given.get("memory", 0.0))


def _looked(folders: tuple[str, ...]) -> tuple[Found, ...]:
    asked = [(machine, _look_at(node_id, folders)) for node_id, machine in _machines()]
    return tuple(_found(machine, ref) for machine, ref in asked)


def _look_at(node_id: str, folders: tuple[str, ...]) -> Any:
    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    remote = _RAY.remote(node.look).options(
        name="headrace cluster check", num_cpus=0, max_retries=0, scheduling_strategy=there
    )
    return remote.remote(folders)


def _found(machine: Machine, ref: Any) -> Found:
    try:
        python, ray_, headrace, marks = _RAY.get(ref, timeout=_LOOKED_WITHIN_S)
    except exceptions.RayError as error:
        return Found(machine, fault=_last(error))
    return Found(machine, python, ray_, headrace, marks)


def main() -> None:
    """Connect, then serve; what goes wrong is said in the last line of standard error."""
    connection, address = Connection(int(sys.argv[1])), sys.argv[2]
    try:
        # With nothing printed that its processes print: a record may be in it.
        _RAY.init(address=address, log_to_driver=False, logging_level="ERROR", namespace="headrace")
    except Exception as error:  # Boundary: whoever started this process reads the line
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:1000]}")
    Driver(connection).serve()
    _RAY.shutdown()


if __name__ == "__main__":
    main()
