"""The other end of a connector's process: imports the handler and answers requests. Standard library only.

Started by path, with whatever Python the connector wants: nothing of headrace is imported here.
Frames in both directions: eight bytes of length, then the body. Requests are a list of the event and the client
context. Answers begin with one letter: A an answer, R a handler that raised, S started. What is printed for a request
lies between two lines of _MARK.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import socket
import struct
import sys
import threading
import time
import traceback
import types
import uuid
from contextlib import suppress

_LENGTH = struct.Struct(">Q")
_MARK = b"\n\0\n"


class LambdaContext:
    """What a handler gets beside its event; the members that AWS Lambda gives."""

    def __init__(self, name: str, timeout_s: float, memory_bytes: int, client: dict[str, object] | None) -> None:
        self.function_name = name
        self.function_version = "$LATEST"
        self.invoked_function_arn = name
        self.memory_limit_in_mb = str(memory_bytes // (1024 * 1024))
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = self.log_stream_name = name
        self.identity = None
        self.client_context = None if client is None else types.SimpleNamespace(**client)
        self._until = time.monotonic() + timeout_s

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the call is given up."""
        return max(0, int((self._until - time.monotonic()) * 1000))


def main(arguments: list[str]) -> None:
    """Serve until the other end is gone."""
    descriptor, handler_name, timeout_s, memory_bytes = arguments
    channel = socket.socket(fileno=int(descriptor))
    _die_with_parent()
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    try:
        module, _, function = handler_name.partition(":")
        handler = getattr(importlib.import_module(module), function)
    except BaseException as error:  # Boundary: other people's code, told to the other end
        _send(channel, b"R", _raised(error))
        return
    _send(channel, b"S", b"{}")
    while (body := _receive(channel)) is not None:
        event, client = json.loads(body)
        context = LambdaContext(handler_name, float(timeout_s), int(memory_bytes), client)
        _mark()
        try:
            kind, answer = b"A", json.dumps(handler(event, context)).encode()
        except BaseException as error:  # Boundary: other people's code, told to the other end
            kind, answer = b"R", _raised(error)
        _mark()
        _send(channel, kind, answer)


def _die_with_parent() -> None:
    """End with the parent, however it ends: it holds the other end of our standard input."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        while os.read(lifeline, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _mark() -> None:
    with suppress(OSError, ValueError):  # a handler may have closed what it does not need
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(1, _MARK)


def _raised(error: BaseException) -> bytes:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    sys.stderr.write("".join(lines))
    sys.stderr.flush()
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()


def _send(channel: socket.socket, kind: bytes, body: bytes) -> None:
    channel.sendall(_LENGTH.pack(len(body) + 1) + kind)
    channel.sendall(body)


def _receive(channel: socket.socket) -> bytes | None:
    head = _exactly(channel, _LENGTH.size)
    return None if head is None else _exactly(channel, _LENGTH.unpack(head)[0])


def _exactly(channel: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = channel.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    # The folder of this file holds modules that are not the connector's.
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as Python itself does for `-m`
    main(sys.argv[1:])
