"""The HTTP server, in a thread of its own."""

from __future__ import annotations

import errno
import socket
import sys
import threading

import uvicorn

from headrace.errors import HeadraceError, SettingsError
from headrace.wire.asgi import Application
from headrace.wire.heads import BoundedHeads

# How long a request that is being answered may hold up a stop.
DRAIN_S = 5
_BACKLOG = 2048
_WORDS = {
    errno.EADDRINUSE: "another program listens there. Stop it, or choose another port (0 takes any free one)",
    errno.EACCES: "this user may not listen there. Choose a port above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address. Listen on 127.0.0.1 or on an address it has",
}


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens at the address; SettingsError in words if it can't be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(f"headrace can't listen on {host}: {error.strerror or error}.") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        words = _WORDS.get(error.errno or 0, error.strerror)
        raise SettingsError(f"headrace can't listen on {host} port {port}: {words}.") from None
    return listening


class _Uvicorn(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


class HttpServer:
    """Serves an ASGI application on a listening socket, which its maker closes."""

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        host: str,
        *,
        protocol: type[BoundedHeads] = BoundedHeads,
    ) -> None:
        port: int = listening.getsockname()[1]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._listening = listening
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                http=protocol,
                loop="asyncio" if sys.platform == "win32" else "uvloop",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                date_header=True,
                timeout_keep_alive=65,
                timeout_graceful_shutdown=DRAIN_S,
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Return once requests are answered."""
        self._thread.start()
        self._server.answers.wait()
        if not self._server.started:
            raise HeadraceError("The HTTP server did not start; its log lines say why.")

    def stop(self) -> None:
        """Finish the requests that are being answered, at most DRAIN_S seconds of them."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listening])
        finally:
            self._server.answers.set()
